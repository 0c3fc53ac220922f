//! When a specialty closes: how long something that was asked for during its hours may go on.

use jiff::{Timestamp, ToSpan};

use crate::plan::{Plan, Specialty};

/// A specialty that never closes is taken to close after so long: what waits for it must end.
const LONGEST_HOURS: i64 = 24;
/// Looked at first in steps of so many minutes, the last of them minute by minute. A break that is
/// shorter is none.
const STEP_MINUTES: i64 = 5;

impl Plan {
    /// When the opening hours end that cover `now`, to the minute, but at most a day ahead; `now`
    /// itself if the specialty is closed.
    pub fn closes_at(&self, specialty: &Specialty, now: Timestamp) -> Timestamp {
        let after = |from: Timestamp, minutes: i64| from.checked_add(minutes.minutes()).ok();
        let open = |at: &Timestamp| self.open_at(specialty, *at);
        let (mut last_open, mut left) = (now, LONGEST_HOURS * 60);
        if !open(&now) {
            return now;
        }
        while left > 0 {
            match after(last_open, STEP_MINUTES).filter(open) {
                Some(at) => last_open = at,
                None => break,
            }
            left -= STEP_MINUTES;
        }
        // Hours begin and end on whole minutes.
        let whole = last_open.as_second().div_euclid(60) * 60;
        let minute = Timestamp::from_second(whole).unwrap_or(last_open);
        let minutes = (1..=STEP_MINUTES).filter_map(|minutes| after(minute, minutes));
        let closed = minutes.into_iter().find(|at| !open(at));
        closed.unwrap_or(last_open)
    }
}
