//! Time, as it is passed in: a monotonic instant for timers, a wall-clock one for hours and expiry.

use std::ops::{Add, AddAssign, Sub};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A monotonic instant: nanoseconds since an origin that the driver chose (process start, or the
/// start of a simulation).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Mono(u64);

impl Mono {
    /// The origin.
    pub const ZERO: Mono = Mono(0);

    /// The instant `nanoseconds` after the origin.
    pub const fn from_nanos(nanoseconds: u64) -> Self {
        Mono(nanoseconds)
    }

    /// Nanoseconds since the origin.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Whole milliseconds since the origin.
    pub const fn as_millis(self) -> u64 {
        self.0 / 1_000_000
    }

    /// The instant `by` earlier; the origin at the earliest.
    pub fn before(self, by: Duration) -> Mono {
        let nanoseconds = u64::try_from(by.as_nanos()).unwrap_or(u64::MAX);
        Mono(self.0.saturating_sub(nanoseconds))
    }

    /// The time from `earlier` to `self`; zero if `earlier` is later.
    pub const fn since(self, earlier: Mono) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl std::fmt::Debug for Mono {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}.{:06}s",
            self.0 / 1_000_000_000,
            self.0 % 1_000_000_000 / 1_000
        )
    }
}

impl Add<Duration> for Mono {
    type Output = Mono;
    fn add(self, by: Duration) -> Mono {
        let nanoseconds = u64::try_from(by.as_nanos()).unwrap_or(u64::MAX);
        Mono(self.0.saturating_add(nanoseconds))
    }
}

impl AddAssign<Duration> for Mono {
    fn add_assign(&mut self, by: Duration) {
        *self = *self + by;
    }
}

impl Sub for Mono {
    type Output = Duration;
    fn sub(self, earlier: Mono) -> Duration {
        self.since(earlier)
    }
}

/// The present, on both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// For timers and intervals.
    pub mono: Mono,
    /// For opening hours, expiry and records.
    pub wall: Timestamp,
}

impl Now {
    /// The present `by` later, on both clocks.
    pub fn plus(self, by: Duration) -> Now {
        let wall = self.wall.checked_add(by).unwrap_or(Timestamp::MAX);
        Now {
            mono: self.mono + by,
            wall,
        }
    }
}
