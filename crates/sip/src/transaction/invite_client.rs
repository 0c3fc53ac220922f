//! The INVITE client transaction: RFC 3261 section 17.1.1, RFC 6026 section 7.2, and the time limit
//! that RFC 3261 section 9.1 sets once a CANCEL is out.
//!
//! ```text
//!            INVITE sent
//!                │        timer A: INVITE again
//!            ┌───▼───┐    timer B: Failed
//!            │Calling├──────────────────────────────┐
//!            └┬──┬──┬┘                              │
//!         1xx │  │  │ 300-699: ACK                  │
//!     ┌───────▼┐ │ ┌▼─────────┐ 300-699: ACK again  │
//!     │Proceed-├─┼─►Completed │ timer D: Over       │
//!     │ing     │ │ └────────┬─┘                     │
//!     └─────┬──┘ │ 2xx      │                       │
//!       2xx │ ┌──▼─────┐    │                  ┌────▼─────┐
//!           └─►Accepted│────┴──────────────────►Terminated│
//!             └────────┘ timer M: Over         └──────────┘
//! ```
//!
//! An ACK for a 2xx is the core's business, not the transaction's. A 2xx after a failure is passed
//! up as well: a proxy may let it through (section 16.7 step 5), and it wants an ACK and a BYE.

use std::time::Duration;

use bytes::Bytes;
use rotaline_model::Mono;

use super::{Expired, Received, earlier};
use crate::boundary::TimerConfig;

/// One INVITE of ours.
#[cfg_attr(test, derive(Debug))]
pub(crate) enum InviteClient {
    /// No response yet.
    Calling {
        invite: Bytes,
        interval: Duration,
        timer_a: Mono,
        timer_b: Mono,
    },
    /// A provisional response came; none is awaited for ever once a CANCEL is out.
    Proceeding { cancelled_until: Option<Mono> },
    /// A failure came and was acknowledged.
    Completed { ack: Bytes, timer_d: Mono },
    /// A 2xx came; more may, from other forks.
    Accepted { timer_m: Mono },
    /// Over.
    Terminated,
}

/// Whether a CANCEL may go out.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Cancel {
    /// Now.
    Send,
    /// Not before the first provisional response: ask again then.
    Wait,
    /// There is nothing left to cancel, or it is being cancelled.
    TooLate,
}

impl InviteClient {
    /// The INVITE is being sent.
    pub(crate) fn new(now: Mono, invite: Bytes, timers: &TimerConfig) -> Self {
        Self::Calling {
            invite,
            interval: timers.t1,
            timer_a: now + timers.t1,
            timer_b: now + timers.timeout(),
        }
    }

    /// A response came; `ack` writes the ACK for a failure.
    pub(crate) fn response(
        &mut self,
        now: Mono,
        status: u16,
        timers: &TimerConfig,
        ack: impl FnOnce() -> Bytes,
    ) -> Received {
        match self {
            Self::Calling { .. } if status < 200 => {
                *self = Self::Proceeding {
                    cancelled_until: None,
                };
                Received::Pass
            }
            Self::Proceeding { .. } if status < 200 => Received::Pass,
            Self::Calling { .. } | Self::Proceeding { .. } if status < 300 => {
                *self = Self::Accepted {
                    timer_m: now + timers.timeout(),
                };
                Received::Pass
            }
            //= RFC 3261 section 17.1.1.2
            //# the client transaction MUST be transitioned to "Completed" ... and the
            //# client transaction MUST generate an ACK request
            Self::Calling { .. } | Self::Proceeding { .. } => {
                let ack = ack();
                *self = Self::Completed {
                    ack: ack.clone(),
                    timer_d: now + timers.timeout(),
                };
                Received::PassAfter(ack)
            }
            Self::Completed { .. } | Self::Accepted { .. } if status < 200 => Received::Copy,
            Self::Completed { .. } if status < 300 => Received::Pass,
            Self::Completed { ack, .. } => Received::Again(ack.clone()),
            // RFC 6026 section 7.2: so that copies, and 2xx of other forks, still find their way.
            Self::Accepted { .. } if status < 300 => Received::Pass,
            Self::Accepted { .. } | Self::Terminated => Received::Stray,
        }
    }

    /// The call is to be given up.
    pub(crate) fn cancel(&mut self, now: Mono, timers: &TimerConfig) -> Cancel {
        match self {
            //= RFC 3261 section 9.1
            //# If no provisional response has been received, the CANCEL request MUST
            //# NOT be sent; rather, the client MUST wait
            Self::Calling { .. } => Cancel::Wait,
            //= RFC 3261 section 9.1
            //# If there is no final response for the original request in 64*T1
            //# seconds ..., the client SHOULD then consider the original transaction cancelled
            Self::Proceeding {
                cancelled_until: until @ None,
            } => {
                *until = Some(now + timers.timeout());
                Cancel::Send
            }
            Self::Proceeding {
                cancelled_until: Some(_),
            }
            | Self::Completed { .. }
            | Self::Accepted { .. }
            | Self::Terminated => Cancel::TooLate,
        }
    }

    /// When something is due.
    pub(crate) fn deadline(&self) -> Option<Mono> {
        match self {
            Self::Calling {
                timer_a, timer_b, ..
            } => earlier(*timer_a, *timer_b),
            Self::Proceeding { cancelled_until } => *cancelled_until,
            Self::Completed { timer_d, .. } => Some(*timer_d),
            Self::Accepted { timer_m } => Some(*timer_m),
            Self::Terminated => None,
        }
    }

    /// Time has passed.
    pub(crate) fn timeout(&mut self, now: Mono) -> Expired {
        if self.deadline().is_none_or(|at| at > now) {
            return Expired::NotDue;
        }
        match self {
            Self::Calling {
                invite,
                interval,
                timer_a,
                timer_b,
            } if *timer_b > now => {
                //= RFC 3261 section 17.1.1.2
                //# When timer A fires, the client transaction MUST retransmit the request ...
                //# and MUST reset the timer with a value of 2*T1
                *interval *= 2;
                *timer_a = now + *interval;
                Expired::Again(invite.clone())
            }
            Self::Calling { .. } | Self::Proceeding { .. } => {
                *self = Self::Terminated;
                Expired::Failed
            }
            Self::Completed { .. } | Self::Accepted { .. } => {
                *self = Self::Terminated;
                Expired::Over
            }
            Self::Terminated => Expired::NotDue,
        }
    }
}
