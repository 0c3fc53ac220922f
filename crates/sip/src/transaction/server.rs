//! The server transaction of requests other than INVITE and ACK: RFC 3261 section 17.2.2.
//!
//! ```text
//!      request came
//!           │
//!       ┌───▼──┐ request again: absorbed
//!       │Trying│
//!       └───┬──┘
//!           │ 200-699
//!      ┌────▼────┐ request again: response again
//!      │Completed│
//!      └────┬────┘
//!           │ timer J: Over
//!     ┌─────▼────┐
//!     │Terminated│
//!     └──────────┘
//! ```
//!
//! "Proceeding" is not there: RFC 4320 section 4.1 forbids provisional responses other than a late
//! 100, and we answer at once.

use bytes::Bytes;
use rotaline_model::Mono;

use super::{Expired, Repeated, Sending};
use crate::boundary::TimerConfig;

/// One request of theirs.
#[cfg_attr(test, derive(Debug))]
pub(crate) enum Server {
    /// No response yet.
    Trying,
    /// The final response went out.
    Completed { response: Bytes, timer_j: Mono },
    /// Over.
    Terminated,
}

impl Server {
    /// The request has come.
    pub(crate) fn new() -> Self {
        Self::Trying
    }

    /// A copy of the request came.
    pub(crate) fn request(&self) -> Repeated {
        match self {
            //= RFC 3261 section 17.2.2
            //# Once in the "Trying" state, any further request retransmissions are discarded.
            Self::Trying => Repeated::Absorbed,
            //= RFC 3261 section 17.2.2
            //# While in the "Completed" state, the server transaction MUST pass the final response
            //# to the transport layer for retransmission whenever a retransmission of the request
            //# is received.
            Self::Completed { response, .. } => Repeated::Again(response.clone()),
            Self::Terminated => Repeated::Stray,
        }
    }

    /// The user has the final response.
    pub(crate) fn response(&mut self, now: Mono, response: Bytes, timers: &TimerConfig) -> Sending {
        match self {
            Self::Trying => {
                let timer_j = now + timers.timeout();
                *self = Self::Completed { response, timer_j };
                Sending::Send
            }
            //= RFC 3261 section 17.2.2
            //# Any other final responses passed by the TU to the server transaction MUST be
            //# discarded while in the "Completed" state.
            Self::Completed { .. } | Self::Terminated => Sending::TooLate,
        }
    }

    /// When something is due.
    pub(crate) fn deadline(&self) -> Option<Mono> {
        match self {
            Self::Completed { timer_j, .. } => Some(*timer_j),
            Self::Trying | Self::Terminated => None,
        }
    }

    /// Time has passed.
    pub(crate) fn timeout(&mut self, now: Mono) -> Expired {
        if self.deadline().is_none_or(|at| at > now) {
            return Expired::NotDue;
        }
        *self = Self::Terminated;
        Expired::Over
    }
}
