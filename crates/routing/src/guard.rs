//! Who may have a code or PIN evaluated now: guessing is hopeless, and nobody's guessing keeps an
//! honest other number out (SERVICE 3).
//!
//! ```text
//! 3 tries a call  ──▶  30 evaluations a number and hour  ──▶  3,600 an hour in all  ──▶  asked
//!                          │ beyond: locked out for an hour
//! ```
//!
//! It lives beside [`crate::Presence`] on the one signalling thread. It knows numbers and times,
//! never what was keyed. Calls that withhold their number share one place. A number is remembered
//! for an hour after its last evaluation, or for its lock-out, so the rate in all bounds the
//! memory too: twice [`EVALUATIONS_IN_ALL`] numbers.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use rotaline_model::Mono;

/// "Three tries per call".
pub const TRIES_A_CALL: u8 = 3;
/// Evaluations of one caller number in any hour.
pub const EVALUATIONS_A_NUMBER: usize = 30;
/// Evaluations of everybody in any hour: one a second. More are refused without a lock-out.
pub const EVALUATIONS_IN_ALL: usize = 3_600;
/// How long an evaluation counts, and how long a number is locked out.
const HOUR: Duration = Duration::from_secs(3_600);
/// Characters of a caller's number that tell it from others.
const MAX_NUMBER: usize = 32;

/// What the guard says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// What was keyed may be evaluated; it counts.
    Evaluate,
    /// This number has had all evaluations of an hour.
    LockedOut,
    /// Everybody together has: it can be tried again later.
    Overloaded,
}

/// Counts evaluations.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    numbers: BTreeMap<Box<str>, Number>,
    in_all: VecDeque<Mono>,
}

#[derive(Clone, Debug, Default)]
struct Number {
    /// Evaluations of the last hour, the oldest first; at most [`EVALUATIONS_A_NUMBER`].
    evaluations: VecDeque<Mono>,
    locked_until: Option<Mono>,
}

impl Guard {
    /// Whether a caller may have something evaluated now; `caller` is the number, or what stands
    /// in its place, that the call presents; none: withheld.
    #[must_use]
    pub fn admit(&mut self, caller: Option<&str>, now: Mono) -> Verdict {
        self.forget(now);
        let caller = caller.unwrap_or_default();
        let caller: Box<str> = caller.chars().take(MAX_NUMBER).collect();
        if let Some(number) = self.numbers.get_mut(&caller) {
            if number.locked_until.is_some() {
                return Verdict::LockedOut;
            }
            if number.evaluations.len() >= EVALUATIONS_A_NUMBER {
                number.locked_until = Some(now + HOUR);
                return Verdict::LockedOut;
            }
        }
        if self.in_all.len() >= EVALUATIONS_IN_ALL {
            return Verdict::Overloaded;
        }
        self.in_all.push_back(now);
        let number = self.numbers.entry(caller).or_default();
        number.evaluations.push_back(now);
        Verdict::Evaluate
    }

    /// How many numbers are remembered.
    pub fn remembered(&self) -> usize {
        self.numbers.len()
    }

    /// What is older than an hour counts no more.
    fn forget(&mut self, now: Mono) {
        let before = self.in_all.len();
        forget_older(&mut self.in_all, now);
        let locked = |number: &Number| number.locked_until.is_some_and(|until| until <= now);
        if before == self.in_all.len() && !self.numbers.values().any(locked) {
            return;
        }
        self.numbers.retain(|_, number| {
            forget_older(&mut number.evaluations, now);
            if locked(number) {
                number.locked_until = None;
            }
            number.locked_until.is_some() || !number.evaluations.is_empty()
        });
    }
}

fn forget_older(evaluations: &mut VecDeque<Mono>, now: Mono) {
    while evaluations.front().is_some_and(|at| *at + HOUR <= now) {
        evaluations.pop_front();
    }
}

#[cfg(test)]
mod tests;
