//! What happened, as data: facts in the order in which they came about, the case that they fold
//! into, and the commands that people give on it.
//!
//! A [`Record`] is the only thing that leaves a call for the journal; a [`Case`] is the only view
//! of it that the store and the API know. No SIP, RTP, SQL or HTTP here.

mod case;
mod fact;

pub use case::*;
pub use fact::{
    AttemptResult, CallerId, EndedBy, Evidence, Fact, Heard, LadderDirection, LadderEntry, Origin,
    OutcomeHow, PhoneKind, Quality, Record, RecordingPart,
};
