//! The tapes of a thread by place, so that a packet finds its leg's tape by index.

use std::collections::BTreeMap;
use std::time::Duration;

use rotaline_model::Mono;

use crate::tape::Tape;
use crate::{Io, TapeId};

/// A key that sounds when a mask is lifted keeps it for so long at most: nobody presses for longer,
/// and a source that has fallen silent ends no key.
const LONGEST_KEY: Duration = Duration::from_secs(5);

/// All tapes that run.
#[derive(Debug, Default)]
pub(crate) struct Recordings {
    tapes: Vec<Option<Recording>>,
    places: BTreeMap<TapeId, u32>,
    limit: usize,
}

/// One tape, and the slot of the leg that it records; none once that leg is gone.
#[derive(Debug)]
pub(crate) struct Recording {
    pub(crate) tape: Tape,
    pub(crate) leg: Option<u32>,
    /// The mask is to be lifted once the key that sounds is over, at this instant at the latest.
    lifts_by: Option<Mono>,
}

/// Whether a key sounds in a leg's audio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InAudio {
    /// A key: it is told when it is recognised, and pressed for longer.
    Key,
    /// None.
    NoKey,
}

impl Recording {
    /// Masks, or lifts the mask; but the last key of what was masked, which has told all of it, is
    /// masked to its end.
    pub(crate) fn mask(&mut self, now: Mono, masked: bool, audio: InAudio) {
        self.lifts_by = (!masked && audio == InAudio::Key).then(|| now + LONGEST_KEY);
        if self.lifts_by.is_none() {
            self.tape.mask(now, masked);
        }
    }

    /// What its leg says was heard.
    #[inline]
    pub(crate) fn follow(&mut self, now: Mono, audio: InAudio) {
        if self.lifts_by.is_some() && audio == InAudio::NoKey {
            self.lifts_by = None;
            self.tape.mask(now, false);
        }
    }
}

/// Why a tape was not started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotStarted {
    /// It runs already.
    Runs,
    /// There are as many as may be.
    Full,
}

impl Recordings {
    pub(crate) fn new(limit: usize) -> Self {
        Recordings {
            limit,
            ..Recordings::default()
        }
    }

    pub(crate) fn start(
        &mut self,
        now: Mono,
        id: TapeId,
        io: &mut impl Io,
    ) -> Result<u32, NotStarted> {
        if self.places.contains_key(&id) {
            return Err(NotStarted::Runs);
        }
        let free = self.tapes.iter().position(Option::is_none);
        let place = free.unwrap_or(self.tapes.len());
        if place >= self.limit {
            return Err(NotStarted::Full);
        }
        let recording = Recording {
            tape: Tape::start(id, now, io),
            leg: None,
            lifts_by: None,
        };
        match self.tapes.get_mut(place) {
            Some(free) => *free = Some(recording),
            None => self.tapes.push(Some(recording)),
        }
        // The limit is far below 2^32.
        let place = place as u32;
        self.places.insert(id, place);
        Ok(place)
    }

    /// Ends a tape; answers with the leg that it recorded.
    pub(crate) fn stop(&mut self, now: Mono, id: TapeId, io: &mut impl Io) -> Option<u32> {
        let place = self.places.remove(&id)?;
        let recording = self.tapes.get_mut(place as usize)?.take()?;
        recording.tape.finish(now, io);
        recording.leg
    }

    pub(crate) fn place_of(&self, id: TapeId) -> Option<u32> {
        self.places.get(&id).copied()
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, place: u32) -> Option<&mut Recording> {
        self.tapes.get_mut(place as usize)?.as_mut()
    }

    pub(crate) fn advance(&mut self, now: Mono, io: &mut impl Io) {
        for recording in self.tapes.iter_mut().flatten() {
            if recording.lifts_by.is_some_and(|by| by <= now) {
                recording.follow(now, InAudio::NoKey);
            }
            recording.tape.advance(now, io);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }
}
