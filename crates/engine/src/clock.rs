//! The real clock: the one place where time comes from.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use rotaline_model::{Mono, Now};

/// A monotonic clock with an origin of its own, and the wall clock beside it.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    origin: Instant,
}

impl Clock {
    /// A clock whose origin is now.
    pub fn start() -> Self {
        Clock {
            origin: Instant::now(),
        }
    }

    /// The present on the monotonic clock.
    pub fn mono(&self) -> Mono {
        Mono::ZERO + self.origin.elapsed()
    }

    /// The present on both clocks.
    pub fn now(&self) -> Now {
        Now {
            mono: self.mono(),
            wall: Timestamp::now(),
        }
    }

    /// How long until `at`; zero if it is past.
    pub fn until(&self, at: Mono) -> Duration {
        at.since(self.mono())
    }
}
