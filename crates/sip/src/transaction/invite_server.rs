//! The INVITE server transaction: RFC 3261 section 17.2.1 with RFC 6026 section 7.1.
//!
//! ```text
//!              INVITE came
//!                  │       INVITE again: last provisional again
//!            ┌─────▼────┐
//!            │Proceeding│
//!            └──┬────┬──┘
//!     300-699   │    │ 2xx
//!       ┌───────▼─┐ ┌▼───────┐ INVITE again: absorbed
//!       │Completed│ │Accepted│ ACK: for the core, which repeats the 2xx until then
//!       └──┬────┬─┘ └───┬────┘
//!      ACK │    │ H     │ L
//!    ┌─────▼───┐│  ┌────▼─────┐   timer G in Completed: failure again
//!    │Confirmed├┴──►Terminated│   timer I in Confirmed: Over
//!    └─────────┘ I └──────────┘
//! ```

use std::time::Duration;

use bytes::Bytes;
use rotaline_model::Mono;

use super::{Expired, Repeated, Sending, earlier};
use crate::boundary::TimerConfig;

/// One INVITE of theirs.
#[cfg_attr(test, derive(Debug))]
pub(crate) enum InviteServer {
    /// No final response yet.
    Proceeding { last: Option<Bytes> },
    /// A 2xx went out; its copies are the core's business.
    Accepted { timer_l: Mono },
    /// A failure went out.
    Completed {
        response: Bytes,
        interval: Duration,
        timer_g: Mono,
        timer_h: Mono,
    },
    /// Its ACK came.
    Confirmed { timer_i: Mono },
    /// Over.
    Terminated,
}

impl InviteServer {
    /// The INVITE has come.
    pub(crate) fn new() -> Self {
        Self::Proceeding { last: None }
    }

    /// A copy of the INVITE came.
    pub(crate) fn request(&self) -> Repeated {
        match self {
            //= RFC 3261 section 17.2.1
            //# If a request retransmission is received while in the "Proceeding" state, the most
            //# recent provisional response that was received from the TU MUST be passed to the
            //# transport layer
            Self::Proceeding { last: Some(last) } => Repeated::Again(last.clone()),
            Self::Completed { response, .. } => Repeated::Again(response.clone()),
            // RFC 6026 section 7.1: copies of the INVITE are absorbed while the ACK is awaited.
            Self::Proceeding { last: None } | Self::Accepted { .. } | Self::Confirmed { .. } => {
                Repeated::Absorbed
            }
            Self::Terminated => Repeated::Stray,
        }
    }

    /// An ACK with the INVITE's branch came.
    pub(crate) fn ack(&mut self, now: Mono, timers: &TimerConfig) -> Repeated {
        match self {
            Self::Completed { .. } => {
                *self = Self::Confirmed {
                    timer_i: now + timers.t4,
                };
                Repeated::Absorbed
            }
            Self::Confirmed { .. } => Repeated::Absorbed,
            Self::Accepted { .. } => Repeated::Pass,
            Self::Proceeding { .. } | Self::Terminated => Repeated::Stray,
        }
    }

    /// The user has a provisional response.
    pub(crate) fn provisional(&mut self, response: Bytes) -> Sending {
        match self {
            Self::Proceeding { last } => {
                *last = Some(response);
                Sending::Send
            }
            Self::Accepted { .. }
            | Self::Completed { .. }
            | Self::Confirmed { .. }
            | Self::Terminated => Sending::TooLate,
        }
    }

    /// The user has a 2xx.
    pub(crate) fn success(&mut self, now: Mono, timers: &TimerConfig) -> Sending {
        match self {
            Self::Proceeding { .. } => {
                *self = Self::Accepted {
                    timer_l: now + timers.timeout(),
                };
                Sending::Send
            }
            // RFC 6026 section 7.1: copies of the 2xx, which the core sends, go out.
            Self::Accepted { .. } => Sending::Send,
            Self::Completed { .. } | Self::Confirmed { .. } | Self::Terminated => Sending::TooLate,
        }
    }

    /// The user has a final failure.
    pub(crate) fn failure(&mut self, now: Mono, response: Bytes, timers: &TimerConfig) -> Sending {
        match self {
            Self::Proceeding { .. } => {
                *self = Self::Completed {
                    response,
                    interval: timers.t1,
                    timer_g: now + timers.t1,
                    timer_h: now + timers.timeout(),
                };
                Sending::Send
            }
            Self::Accepted { .. }
            | Self::Completed { .. }
            | Self::Confirmed { .. }
            | Self::Terminated => Sending::TooLate,
        }
    }

    /// When something is due.
    pub(crate) fn deadline(&self) -> Option<Mono> {
        match self {
            Self::Completed {
                timer_g, timer_h, ..
            } => earlier(*timer_g, *timer_h),
            Self::Accepted { timer_l } => Some(*timer_l),
            Self::Confirmed { timer_i } => Some(*timer_i),
            Self::Proceeding { .. } | Self::Terminated => None,
        }
    }

    /// Time has passed.
    pub(crate) fn timeout(&mut self, now: Mono, timers: &TimerConfig) -> Expired {
        if self.deadline().is_none_or(|at| at > now) {
            return Expired::NotDue;
        }
        match self {
            Self::Completed {
                response,
                interval,
                timer_g,
                timer_h,
            } if *timer_h > now => {
                //= RFC 3261 section 17.2.1
                //# If timer G fires, the response is passed to the transport layer once more for
                //# retransmission, and timer G is set to fire in MIN(2*T1, T2) seconds
                *interval = timers.doubled(*interval);
                *timer_g = now + *interval;
                Expired::Again(response.clone())
            }
            Self::Completed { .. } => {
                *self = Self::Terminated;
                Expired::Failed
            }
            Self::Accepted { .. } | Self::Confirmed { .. } => {
                *self = Self::Terminated;
                Expired::Over
            }
            Self::Proceeding { .. } | Self::Terminated => Expired::NotDue,
        }
    }
}
