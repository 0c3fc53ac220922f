//! What can be played to a leg.

use crate::PromptId;

/// One piece of what a leg hears; pieces are played one after another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sound {
    /// Rendered speech.
    Prompt(PromptId),
    /// Nothing audible, in milliseconds.
    Silence {
        /// Length in milliseconds.
        ms: u32,
    },
    /// UK ring tone (400 + 450 Hz, 0.4 s on, 0.2 off, 0.4 on, 2.0 off), beginning with its
    /// on-phase, until it is stopped.
    RingTone,
    /// The short beep before a specialist is joined.
    Beep,
}
