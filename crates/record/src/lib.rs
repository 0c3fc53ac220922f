//! What happened, as data: facts in the order in which they came about, the case that they fold
//! into, and the commands that people give on it.
//!
//! A [`Record`] is the only thing that leaves a call for the journal; a [`Case`] is the only view
//! of it that the store and the API know. No SIP, RTP, SQL or HTTP here.

mod case;
mod command;
mod errand;
mod fact;
mod fold;
mod live;
mod question;
#[cfg(test)]
mod tests;

pub use case::{
    Assigned, Attempt, Call, CallLadder, Case, ClaimedErrand, Gender, GivenGender, HangUp, Job,
    LegPrompts, LegQuality, Mp3, Outcome, Recording, Request, SpokenName, Wav,
};
pub use command::{Command, CommandSink, LiveCalls, SubmitError, Submitted};
pub use errand::{
    Answerphone, CallBackRequest, Callee, Errand, ErrandKind, Intent, KeepTrying, KeepTryingEnd,
    Opening, RequestReason, RequestState, Undertaking,
};
pub use fact::{
    AnswerphoneEvidence, AttemptResult, CallKind, CallerId, EndedBy, Evidence, Fact, Heard,
    LadderDirection, LadderEntry, Origin, OutcomeHow, PhoneKind, Quality, Record, RecordingPart,
};
pub use fold::{
    Applied, Ignored, MAX_ATTEMPTS, MAX_CALLS, MAX_HEARD, MAX_LADDER, MAX_OUTCOMES, OpenError,
};
pub use live::{LiveCall, LiveLeg, LiveState, Role};
pub use question::{Answer, MissedCall, Question};
