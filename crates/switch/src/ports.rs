//! Media slots: bound socket pairs that wait for a leg.
//!
//! A slot is taken when an offer or answer needs a port, and comes back when its media thread says
//! that the leg is closed. The slot that has rested longest is taken first, so that a late packet
//! of its former leg has had time to die; the generation tells the two uses apart in any case.

use std::collections::VecDeque;

use rotaline_media::MediaLeg;
use rotaline_model::LegId;

use crate::boundary::MediaSlot;
use crate::live_call::CallKey;

/// A slot in use.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Port {
    /// Its name for the media thread.
    pub media: MediaLeg,
    /// The port that goes into SDP.
    pub rtp_port: u16,
}

/// All slots of all media threads.
#[derive(Debug, Default)]
pub(crate) struct Ports {
    threads: Vec<Thread>,
}

#[derive(Debug, Default)]
struct Thread {
    slots: Vec<Slot>,
    resting: VecDeque<u32>,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    rtp_port: u16,
    generation: u32,
    owner: Option<(CallKey, LegId)>,
}

impl Ports {
    /// Takes over slots; a thread's must come in the order of their indices.
    pub fn new(slots: &[MediaSlot]) -> Self {
        let mut ports = Ports::default();
        for slot in slots {
            let index = usize::from(slot.thread);
            if ports.threads.len() <= index {
                ports.threads.resize_with(index + 1, Thread::default);
            }
            let thread = &mut ports.threads[index];
            assert_eq!(
                thread.slots.len(),
                slot.slot as usize,
                "slots come in order"
            );
            thread.slots.push(Slot {
                rtp_port: slot.rtp_port,
                generation: 0,
                owner: None,
            });
            thread.resting.push_back(slot.slot);
        }
        ports
    }

    /// The thread with the most free slots: where a new call is placed.
    pub fn roomiest_thread(&self) -> Option<u16> {
        let (index, thread) = self
            .threads
            .iter()
            .enumerate()
            .max_by_key(|(_, thread)| thread.resting.len())?;
        (!thread.resting.is_empty())
            .then(|| u16::try_from(index).ok())
            .flatten()
    }

    /// Takes a slot of `thread` into use for a leg.
    pub fn take(&mut self, thread: u16, call: CallKey, leg: LegId) -> Option<Port> {
        let place = self.threads.get_mut(usize::from(thread))?;
        let index = place.resting.pop_front()?;
        let slot = &mut place.slots[index as usize];
        slot.generation = slot.generation.wrapping_add(1);
        slot.owner = Some((call, leg));
        let media = MediaLeg {
            thread,
            slot: index,
            generation: slot.generation,
        };
        Some(Port {
            media,
            rtp_port: slot.rtp_port,
        })
    }

    /// Gives a slot back; one that was given back already is left alone.
    pub fn give_back(&mut self, media: MediaLeg) {
        let Some(thread) = self.threads.get_mut(usize::from(media.thread)) else {
            return;
        };
        let Some(slot) = thread.slots.get_mut(media.slot as usize) else {
            return;
        };
        if slot.generation == media.generation {
            slot.generation = slot.generation.wrapping_add(1);
            slot.owner = None;
            thread.resting.push_back(media.slot);
        }
    }

    /// Whose slot it is; none if that use of it is over.
    pub fn owner(&self, media: MediaLeg) -> Option<(CallKey, LegId)> {
        let slot = self
            .threads
            .get(usize::from(media.thread))?
            .slots
            .get(media.slot as usize)?;
        if slot.generation == media.generation {
            slot.owner
        } else {
            None
        }
    }

    /// How many slots are free.
    pub fn free(&self) -> usize {
        self.threads.iter().map(|thread| thread.resting.len()).sum()
    }
}
