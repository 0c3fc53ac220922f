//! SIP statuses to what a flow understands, and back (RFC 3261 section 21, RFC 3326).

use rotaline_call::{Refusal, RejectCause};
use rotaline_model::HangupCause;
use rotaline_sip::RejectWith;

use crate::config::RETRY_AFTER_S;

/// What a final failure of an outgoing INVITE means for the attempt.
pub(crate) fn refusal(status: u16, timed_out: bool) -> Refusal {
    if timed_out {
        return Refusal::Unreachable;
    }
    match status {
        404 | 410 | 484 | 485 | 604 => Refusal::NoSuchNumber,
        408 | 480 | 487 => Refusal::NoAnswer,
        482 | 483 => Refusal::DivertedToUs,
        486 | 600 => Refusal::Busy,
        488 | 500..=599 => Refusal::Unreachable,
        _ => Refusal::Refused,
    }
}

/// How an inbound leg that was not answered is refused.
pub(crate) fn reject_with(cause: RejectCause) -> RejectWith {
    let (status, retry_after_s) = match cause {
        RejectCause::NoSuchNumber => (404, None),
        RejectCause::Unavailable => (480, None),
        RejectCause::Busy => (486, None),
        RejectCause::Overloaded => (503, Some(RETRY_AFTER_S)),
        RejectCause::Fault => (500, None),
    };
    RejectWith {
        status,
        retry_after_s,
    }
}

/// The Reason header of a CANCEL or BYE.
pub(crate) fn reason(cause: HangupCause) -> Option<&'static str> {
    match cause {
        HangupCause::Normal => None,
        HangupCause::NoAnswer => Some("Q.850;cause=19;text=\"No answer\""),
        HangupCause::NotNeeded => Some("SIP;cause=200;text=\"Call completed elsewhere\""),
        HangupCause::NoSuchNumber => Some("Q.850;cause=1;text=\"Unallocated number\""),
        HangupCause::Loop => Some("SIP;cause=482;text=\"Loop detected\""),
        HangupCause::Overloaded => Some("Q.850;cause=42;text=\"Congestion\""),
        HangupCause::Incompatible => Some("SIP;cause=488;text=\"Not acceptable here\""),
        HangupCause::Stopping => Some("Q.850;cause=41;text=\"Service stopping\""),
        HangupCause::EndedByAdministrator => {
            Some("Q.850;cause=16;text=\"Ended by an administrator\"")
        }
        HangupCause::Fault => Some("Q.850;cause=41;text=\"Temporary failure\""),
    }
}
