//! The words that stand in labels.

use rotaline_model::EndCause;
use rotaline_record::{AttemptResult, CallKind, ErrandKind};

/// Kinds of calls.
pub(super) const CALL_KINDS: [CallKind; 4] = [
    CallKind::Inbound,
    CallKind::OnScreen,
    CallKind::ClickToCall,
    CallKind::KeepTrying,
];

/// Ends that are no caller's and no specialist's doing: somebody should look.
pub(super) const FAILURES: [EndCause; 5] = [
    EndCause::CodesUnavailable,
    EndCause::Fault,
    EndCause::Interrupted,
    EndCause::LineDead,
    EndCause::Overloaded,
];

pub(super) fn of_kind(kind: CallKind) -> &'static str {
    match kind {
        CallKind::Inbound => "inbound",
        CallKind::OnScreen => "on screen",
        CallKind::ClickToCall => "click to call",
        CallKind::KeepTrying => "keep trying",
    }
}

pub(super) fn of_errand(kind: ErrandKind) -> &'static str {
    match kind {
        ErrandKind::CallBack => "call back",
        ErrandKind::PatientCall => "patient call",
    }
}

pub(super) fn of_result(result: AttemptResult) -> &'static str {
    match result {
        AttemptResult::Accepted => "accepted",
        AttemptResult::NoAnswer => "no answer",
        AttemptResult::Busy => "busy",
        AttemptResult::Refused => "refused",
        AttemptResult::NoSuchNumber => "no such number",
        AttemptResult::Unreachable => "unreachable",
        AttemptResult::PassedOn => "passed on",
        AttemptResult::NotAccepted => "not accepted",
        AttemptResult::HungUp => "hung up",
        AttemptResult::DivertedToUs => "diverted to us",
        AttemptResult::Paused => "paused",
        AttemptResult::Abandoned => "abandoned",
        AttemptResult::Fault => "fault",
    }
}
