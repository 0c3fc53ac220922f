//! The client transaction of requests other than INVITE and ACK: RFC 3261 section 17.1.2.
//!
//! ```text
//!       request sent
//!            │      timer E: request again
//!        ┌───▼──┐   timer F: Failed
//!        │Trying├───────────────────────┐
//!        └┬────┬┘                       │
//!     1xx │    │ 200-699                │
//!  ┌──────▼───┐│  timer E: again (T2)   │
//!  │Proceeding├┼────────────────────────┤
//!  └──────┬───┘│  timer F: Failed       │
//! 200-699 │    │                        │
//!       ┌─▼────▼──┐ copies absorbed ┌───▼──────┐
//!       │Completed├─────────────────►Terminated│
//!       └─────────┘  timer K: Over  └──────────┘
//! ```

use std::time::Duration;

use bytes::Bytes;
use rotaline_model::Mono;

use super::{Expired, Received, earlier};
use crate::boundary::TimerConfig;

/// One request of ours.
#[cfg_attr(test, derive(Debug))]
pub(crate) enum Client {
    /// No response yet.
    Trying {
        request: Bytes,
        interval: Duration,
        timer_e: Mono,
        timer_f: Mono,
    },
    /// A provisional response came.
    Proceeding {
        request: Bytes,
        timer_e: Mono,
        timer_f: Mono,
    },
    /// The final response came.
    Completed { timer_k: Mono },
    /// Over.
    Terminated,
}

impl Client {
    /// The request is being sent.
    pub(crate) fn new(now: Mono, request: Bytes, timers: &TimerConfig) -> Self {
        Self::Trying {
            request,
            interval: timers.t1,
            timer_e: now + timers.t1,
            timer_f: now + timers.timeout(),
        }
    }

    /// A response came.
    pub(crate) fn response(&mut self, now: Mono, status: u16, timers: &TimerConfig) -> Received {
        match self {
            Self::Trying {
                request,
                timer_e,
                timer_f,
                ..
            } if status < 200 => {
                *self = Self::Proceeding {
                    request: std::mem::take(request),
                    timer_e: *timer_e,
                    timer_f: *timer_f,
                };
                Received::Pass
            }
            Self::Proceeding { .. } if status < 200 => Received::Pass,
            Self::Trying { .. } | Self::Proceeding { .. } => {
                *self = Self::Completed {
                    timer_k: now + timers.t4,
                };
                Received::Pass
            }
            Self::Completed { .. } => Received::Copy,
            Self::Terminated => Received::Stray,
        }
    }

    /// When something is due.
    pub(crate) fn deadline(&self) -> Option<Mono> {
        match self {
            Self::Trying {
                timer_e, timer_f, ..
            }
            | Self::Proceeding {
                timer_e, timer_f, ..
            } => earlier(*timer_e, *timer_f),
            Self::Completed { timer_k } => Some(*timer_k),
            Self::Terminated => None,
        }
    }

    /// Time has passed.
    pub(crate) fn timeout(&mut self, now: Mono, timers: &TimerConfig) -> Expired {
        if self.deadline().is_none_or(|at| at > now) {
            return Expired::NotDue;
        }
        match self {
            Self::Trying {
                request,
                interval,
                timer_e,
                timer_f,
            } if *timer_f > now => {
                //= RFC 3261 section 17.1.2.2
                //# When the timer fires, it is reset to a value of MIN(2*T1, T2)
                *interval = timers.doubled(*interval);
                *timer_e = now + *interval;
                Expired::Again(request.clone())
            }
            Self::Proceeding {
                request,
                timer_e,
                timer_f,
            } if *timer_f > now => {
                //= RFC 3261 section 17.1.2.2
                //# If Timer E fires while in the "Proceeding" state, the request MUST be
                //# passed to the transport layer for retransmission, and Timer E MUST be
                //# reset with a value of T2 seconds
                *timer_e = now + timers.t2;
                Expired::Again(request.clone())
            }
            Self::Trying { .. } | Self::Proceeding { .. } => {
                *self = Self::Terminated;
                Expired::Failed
            }
            Self::Completed { .. } => {
                *self = Self::Terminated;
                Expired::Over
            }
            Self::Terminated => Expired::NotDue,
        }
    }
}
