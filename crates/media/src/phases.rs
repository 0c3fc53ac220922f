//! When legs are served: each every 20 ms, in two phases 10 ms apart. The second phase is used
//! once the first has many legs, so that a thread with few of them wakes 50 times a second, and
//! one with many 100 times.

use std::time::Duration;

use rotaline_model::Mono;

const PHASES: usize = 2;
const STEP_NS: u64 = 10_000_000;
/// The time between two packets of a leg.
pub(crate) const PERIOD: Duration = Duration::from_nanos(STEP_NS * PHASES as u64);
/// Legs of the first phase from which on the second is used too.
const MANY: usize = 64;
/// A thread that comes late makes up for this many steps (100 ms); the rest is left out.
const MAX_STEPS_BEHIND: u64 = 5 * PHASES as u64;

/// The slots by phase, and which step is next.
#[derive(Debug, Default)]
pub(crate) struct Phases {
    slots: [Vec<u32>; PHASES],
    next_step: u64,
}

/// One step that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) phase: u8,
    pub(crate) at: Mono,
}

impl Phases {
    /// The step that `now` falls into.
    pub(crate) fn step_of(now: Mono) -> Step {
        let number = now.as_nanos() / STEP_NS;
        Step {
            phase: (number % PHASES as u64) as u8,
            at: Mono::from_nanos(number * STEP_NS),
        }
    }

    /// The step that a leg which opens `now` belongs to.
    pub(crate) fn for_a_leg(&self, now: Mono) -> Step {
        let step = Phases::step_of(now);
        if self.slots[0].len() >= MANY || step.phase == 0 {
            return step;
        }
        let back = u64::from(step.phase) * STEP_NS;
        Step {
            phase: 0,
            at: Mono::from_nanos(step.at.as_nanos().saturating_sub(back)),
        }
    }

    pub(crate) fn add(&mut self, phase: u8, slot: u32) {
        if let Some(slots) = self.slots.get_mut(usize::from(phase)) {
            slots.push(slot);
        }
    }

    pub(crate) fn remove(&mut self, phase: u8, slot: u32) {
        if let Some(slots) = self.slots.get_mut(usize::from(phase))
            && let Some(place) = slots.iter().position(|other| *other == slot)
        {
            slots.swap_remove(place);
        }
    }

    /// The nth slot of a phase.
    pub(crate) fn slot(&self, phase: u8, n: usize) -> Option<u32> {
        self.slots.get(usize::from(phase))?.get(n).copied()
    }

    /// The next step up to `now`.
    pub(crate) fn next(&mut self, now: Mono) -> Option<Step> {
        let newest = now.as_nanos() / STEP_NS;
        let oldest = (newest + 1).saturating_sub(MAX_STEPS_BEHIND);
        let number = self.next_step.max(oldest);
        if number > newest {
            return None;
        }
        self.next_step = number + 1;
        Some(Phases::step_of(Mono::from_nanos(number * STEP_NS)))
    }

    /// When the next step with a slot in it is; with `always`, at the latest the next of phase 0.
    pub(crate) fn deadline(&self, always: bool) -> Option<Mono> {
        (self.next_step..self.next_step + PHASES as u64)
            .find(|number| {
                let phase = (number % PHASES as u64) as usize;
                !self.slots[phase].is_empty() || (always && phase == 0)
            })
            .map(|number| Mono::from_nanos(number * STEP_NS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_ms(ms: u64) -> Mono {
        Mono::from_nanos(ms * 1_000_000)
    }

    #[test]
    fn only_steps_with_a_slot_wake_the_thread() {
        let mut phases = Phases::default();
        while phases.next(at_ms(1000)).is_some() {}
        assert_eq!(phases.deadline(false), None);
        phases.add(1, 77);
        assert_eq!(phases.deadline(false), Some(at_ms(1010)));
        assert_eq!(phases.deadline(true), Some(at_ms(1010)));
        phases.remove(1, 77);
        assert_eq!(phases.deadline(true), Some(at_ms(1020)));
    }

    #[test]
    fn the_second_phase_is_used_once_the_first_has_many_legs() {
        let mut phases = Phases::default();
        let step = |phase, ms| Step {
            phase,
            at: at_ms(ms),
        };
        assert_eq!(phases.for_a_leg(at_ms(1_003)), step(0, 1_000));
        assert_eq!(phases.for_a_leg(at_ms(1_013)), step(0, 1_000));
        for slot in 0..64 {
            phases.add(0, slot);
        }
        assert_eq!(phases.for_a_leg(at_ms(1_003)), step(0, 1_000));
        assert_eq!(phases.for_a_leg(at_ms(1_013)), step(1, 1_010));
    }

    #[test]
    fn each_phase_comes_every_20_ms() {
        let mut phases = Phases::default();
        let mut times = Vec::new();
        for ms in 0..200 {
            while let Some(step) = phases.next(at_ms(ms)) {
                if step.phase == 1 {
                    times.push(step.at.as_millis());
                }
            }
        }
        assert_eq!(times, [10, 30, 50, 70, 90, 110, 130, 150, 170, 190]);
    }

    #[test]
    fn a_thread_that_slept_makes_up_for_100_ms_at_most() {
        let mut phases = Phases::default();
        while phases.next(at_ms(0)).is_some() {}
        let made_up: Vec<_> = std::iter::from_fn(|| phases.next(at_ms(10_000))).collect();
        assert_eq!(made_up.len(), 10);
        assert_eq!(made_up.last().unwrap().at, at_ms(10_000));
    }
}
