//! What a phone does when it is rung, and what its owner does once it is answered.

use std::time::Duration;

use rotaline_model::Digit;

use crate::boundary::Hearing;

/// What a phone does when it is rung.
#[derive(Clone, Debug)]
pub enum Manner {
    /// Rings for a while, answers, and does what its owner does.
    Answer {
        /// How long it rings.
        after: Duration,
        /// What its owner does then.
        then: Vec<Step>,
    },
    /// Rings until the caller gives up.
    RingOut,
    /// Refuses with a final status, e.g. 486.
    Refuse(u16),
}

/// One thing that somebody at a phone does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Waits until that is heard, for so long at a stretch.
    WaitFor {
        /// What.
        hearing: Hearing,
        /// How long, unbroken.
        lasting: Duration,
    },
    /// Does nothing for a while.
    Pause(Duration),
    /// Presses a key.
    Key(Digit),
    /// Hangs up.
    HangUp,
}
