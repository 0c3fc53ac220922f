//! The tapes of a thread by place, so that a packet finds its leg's tape by index.

use std::collections::BTreeMap;

use rotaline_model::Mono;

use crate::tape::Tape;
use crate::{Io, TapeId};

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
            recording.tape.advance(now, io);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }
}
