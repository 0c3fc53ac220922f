//! Why a call from a screen was not started, in the words of a problem.

use std::borrow::Cow;

use axum::http::StatusCode;
use rotaline_routing::{DialOutLimits, Fault};

/// Why a call was not started.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotStarted {
    #[error("the wish has {} fault(s)", .0.len())]
    Faults(Vec<Fault>),
    #[error("the idempotency key was used for something else")]
    KeyReused,
    #[error("no room for another call")]
    NoRoom,
    #[error("too many calls to named numbers")]
    TooManyCallsOut { at_once: u32, an_hour: u32 },
    #[error("the own phone is taken")]
    CallerBusy,
}

impl NotStarted {
    /// As many calls as an organisation may have to named numbers, there are.
    pub(crate) fn too_many(limits: DialOutLimits<'_>) -> NotStarted {
        NotStarted::TooManyCallsOut {
            at_once: limits.at_once,
            an_hour: limits.an_hour,
        }
    }

    /// One fault of what was wished for a call.
    pub(crate) fn fault(field: &str, problem: &str, remedy: &str) -> NotStarted {
        NotStarted::Faults(vec![Fault {
            file: "call".to_owned(),
            key: field.to_owned(),
            problem: problem.to_owned(),
            remedy: remedy.to_owned(),
        }])
    }

    pub(crate) fn status(&self) -> StatusCode {
        match self {
            NotStarted::Faults(_) | NotStarted::KeyReused => StatusCode::UNPROCESSABLE_ENTITY,
            NotStarted::NoRoom => StatusCode::SERVICE_UNAVAILABLE,
            NotStarted::TooManyCallsOut { .. } => StatusCode::TOO_MANY_REQUESTS,
            NotStarted::CallerBusy => StatusCode::CONFLICT,
        }
    }

    pub(crate) fn code_and_title(&self) -> (&'static str, &'static str) {
        match self {
            NotStarted::Faults(_) => ("not-possible", "Not possible as sent"),
            NotStarted::KeyReused => ("idempotency-key-reused", "Idempotency key reused"),
            NotStarted::NoRoom => ("no-room", "No room for another call"),
            NotStarted::TooManyCallsOut { .. } => ("too-many-calls-out", "Too many calls out"),
            NotStarted::CallerBusy => ("caller-busy", "Caller busy"),
        }
    }

    pub(crate) fn detail(&self) -> Cow<'static, str> {
        let detail = match self {
            NotStarted::Faults(_) => "nothing was done; `errors` says what would be right",
            NotStarted::KeyReused => {
                "this Idempotency-Key came with something else before; a new call needs a new one"
            }
            NotStarted::NoRoom => "as many calls are up as may be; try again in some seconds",
            NotStarted::TooManyCallsOut { at_once, an_hour } => {
                return Cow::Owned(format!(
                    "calls of this organisation to numbers that people named: at most {at_once} \
                     at once and {an_hour} an hour; that many there are"
                ));
            }
            NotStarted::CallerBusy => {
                "whoever is to be rung first is in a call of this service; try again after it"
            }
        };
        Cow::Borrowed(detail)
    }
}
