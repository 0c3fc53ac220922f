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

/// Legs that a media thread takes before the next one gets any: a tenth of a core, and a packet
/// that comes last in a burst waits for half a millisecond at most.
const COMFORTABLE_LEGS: usize = 512;

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

impl Thread {
    /// Whether it has as many legs as it serves without any of them noticing the others, or only
    /// so many free slots that they are kept for the further legs of its calls.
    fn is_busy(&self) -> bool {
        let legs = self.slots.len() - self.resting.len();
        legs >= COMFORTABLE_LEGS.min(self.slots.len() / 2)
    }
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

    /// Where a new call is placed: the first thread that is not busy; if all are, the one with the
    /// most free slots.
    ///
    /// A thread that is awake for one leg serves the others that are due at little more cost, so a
    /// few calls on one thread take half the wake-ups that they take on two.
    pub fn thread_for_call(&self) -> Option<u16> {
        let unoccupied = self.threads.iter().position(|thread| !thread.is_busy());
        let index = unoccupied.or_else(|| {
            let threads = self.threads.iter().enumerate();
            let (index, thread) = threads.max_by_key(|(_, thread)| thread.resting.len())?;
            (!thread.resting.is_empty()).then_some(index)
        })?;
        u16::try_from(index).ok()
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

#[cfg(test)]
mod tests {
    use super::*;

    fn ports(threads: u16, slots: u32) -> Ports {
        let slots: Vec<MediaSlot> = (0..threads)
            .flat_map(|thread| {
                (0..slots).map(move |slot| MediaSlot {
                    thread,
                    slot,
                    rtp_port: 40_000,
                })
            })
            .collect();
        Ports::new(&slots)
    }

    fn place(ports: &mut Ports) -> Option<Port> {
        let thread = ports.thread_for_call()?;
        ports.take(thread, CallKey(1), LegId(1))
    }

    #[test]
    fn calls_share_one_thread_until_it_is_busy_and_then_are_spread() {
        let mut ports = ports(2, 2000);
        let threads: Vec<u16> = (0..1200)
            .map(|_| place(&mut ports).unwrap().media.thread)
            .collect();
        assert!(threads[..512].iter().all(|thread| *thread == 0));
        assert!(threads[512..1024].iter().all(|thread| *thread == 1));
        let on_first = threads[1024..].iter().filter(|thread| **thread == 0);
        assert_eq!(on_first.count(), 88);
    }

    #[test]
    fn half_the_slots_of_a_thread_are_kept_for_further_legs_while_another_has_room() {
        let mut ports = ports(2, 10);
        let threads: Vec<u16> = (0..10)
            .map(|_| place(&mut ports).unwrap().media.thread)
            .collect();
        assert_eq!(threads, [0, 0, 0, 0, 0, 1, 1, 1, 1, 1]);
    }

    #[test]
    fn a_thread_whose_calls_are_over_is_the_first_again() {
        let mut ports = ports(2, 4);
        let first = place(&mut ports).unwrap();
        place(&mut ports).unwrap();
        assert_eq!(ports.thread_for_call(), Some(1));
        ports.give_back(first.media);
        assert_eq!(ports.thread_for_call(), Some(0));
    }

    #[test]
    fn without_a_free_slot_there_is_no_thread() {
        let mut ports = ports(2, 1);
        assert!(place(&mut ports).is_some());
        assert!(place(&mut ports).is_some());
        assert!(place(&mut ports).is_none());
    }
}
