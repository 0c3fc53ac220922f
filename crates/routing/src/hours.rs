//! Weekly spans of time in a zone: opening hours and rota sessions, both clock changes included.
//!
//! A span's civil times become instants before anything is compared, so that a span lasts an hour
//! longer or shorter on the day of a clock change instead of opening twice. A time that happens
//! twice means its first occurrence; one that is skipped means the instant of the change. The
//! mapping never goes backwards, so spans that meet on paper meet on that day too.

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan};

/// Minutes of a day on paper; 24:00 is the end of one.
pub(crate) const DAY_MINUTES: u16 = 24 * 60;

/// How far ahead an opening is looked for: a week, and the day that it began on.
const DAYS_AHEAD: i32 = 8;

/// A span of one weekday, e.g. Monday 09:00 to 13:00.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WeeklySpan {
    /// The weekday.
    pub day: Weekday,
    /// First minute, from 0 at midnight.
    pub start_minute: u16,
    /// The minute after the last one; 1440 is the end of the day.
    pub end_minute: u16,
}

/// A moment in a zone, as a caller is told it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opening {
    /// The instant.
    pub at: Timestamp,
    /// What the clock on the wall shows then.
    pub local: DateTime,
    /// 0 today, 1 tomorrow, and so on.
    pub days_ahead: u8,
}

impl WeeklySpan {
    /// Whether the span covers `now` in `zone`.
    pub fn covers(&self, zone: &TimeZone, now: Timestamp) -> bool {
        let today = zone.to_datetime(now).date();
        // A clock change around midnight moves a span's end or start across it.
        [today, day_after(today, -1), day_after(today, 1)]
            .into_iter()
            .filter(|date| date.weekday() == self.day)
            .any(|date| {
                instant(zone, date, self.start_minute) <= now
                    && now < instant(zone, date, self.end_minute)
            })
    }

    /// When it next begins after `now`.
    fn next_start(&self, zone: &TimeZone, now: Timestamp) -> Option<Opening> {
        let today = zone.to_datetime(now).date();
        (0..=DAYS_AHEAD)
            .map(|days| (days, day_after(today, days)))
            .filter(|(_, date)| date.weekday() == self.day)
            .map(|(days, date)| (days, instant(zone, date, self.start_minute), date))
            .find(|(_, at, date)| *at > now && *at < instant(zone, *date, self.end_minute))
            .map(|(days, at, _)| Opening {
                at,
                local: zone.to_datetime(at),
                days_ahead: u8::try_from(days).unwrap_or(0),
            })
    }
}

/// Whether any of `spans` covers `now`.
pub(crate) fn covered(spans: &[WeeklySpan], zone: &TimeZone, now: Timestamp) -> bool {
    spans.iter().any(|span| span.covers(zone, now))
}

/// When the first of `spans` begins after `now`.
pub(crate) fn next_opening(
    spans: &[WeeklySpan],
    zone: &TimeZone,
    now: Timestamp,
) -> Option<Opening> {
    spans
        .iter()
        .filter_map(|span| span.next_start(zone, now))
        .min_by_key(|opening| opening.at)
}

fn day_after(date: Date, days: i32) -> Date {
    date.checked_add(days.days()).unwrap_or(date)
}

/// The instant of a time on the wall, as the module's head says.
fn instant(zone: &TimeZone, date: Date, minute: u16) -> Timestamp {
    let (date, minute) = if minute < DAY_MINUTES {
        (date, minute)
    } else {
        (day_after(date, 1), 0)
    };
    let hour = i8::try_from(minute / 60).unwrap_or(0);
    let minute = i8::try_from(minute % 60).unwrap_or(0);
    let time = Time::new(hour, minute, 0, 0).unwrap_or(Time::midnight());
    let ambiguous = zone.to_ambiguous_timestamp(DateTime::from_parts(date, time));
    match ambiguous.offset() {
        AmbiguousOffset::Unambiguous { offset } | AmbiguousOffset::Fold { before: offset, .. } => {
            offset
                .to_timestamp(ambiguous.datetime())
                .unwrap_or(Timestamp::MAX)
        }
        AmbiguousOffset::Gap { before, .. } => {
            // Read by the clock that ends at the change, a skipped time lies after the change.
            let after = before
                .to_timestamp(ambiguous.datetime())
                .unwrap_or(Timestamp::MAX);
            let just_after = after.checked_add(1.nanosecond()).unwrap_or(after);
            zone.preceding(just_after)
                .next()
                .map_or(after, |change| change.timestamp())
        }
    }
}
