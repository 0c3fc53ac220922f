//! Spans of time in a zone, from times on the wall to instants, both clock changes included.
//!
//! A span's civil times become instants before anything is compared, so that a span lasts an hour
//! longer or shorter on the day of a clock change instead of opening twice. A time that happens
//! twice means its first occurrence; one that is skipped means the instant of the change. The
//! mapping never goes backwards, so spans that meet on paper meet on that day too.
//!
//! Which spans a date has is the rule of `day.rs`.

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan};

/// Minutes of a day on paper; 24:00 is the end of one.
pub(crate) const DAY_MINUTES: u16 = 24 * 60;

/// A span of one day, which may run into the next, e.g. 09:00 to 13:00, or 20:00 to 08:00.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DaySpan {
    /// First minute, from 0 at midnight.
    pub start_minute: u16,
    /// The minute after the last one; 1440 is the end of the day, more is in the next one.
    pub end_minute: u16,
}

/// A span of one weekday, e.g. Monday 09:00 to 13:00.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WeeklySpan {
    /// The weekday that it begins on.
    pub day: Weekday,
    /// When on that day.
    pub span: DaySpan,
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
    /// Weekly times as a plan writes them, e.g. `mon-fri 09:00-13:00`: a span for each day.
    pub fn parse(text: &str) -> Option<Vec<WeeklySpan>> {
        crate::parse::weekly(text).ok()
    }
}

impl DaySpan {
    /// Times of a day as a plan writes them, e.g. `09:00-13:00`.
    pub fn parse(text: &str) -> Option<DaySpan> {
        crate::parse::day_span(text).ok()
    }

    /// When it begins and ends on a date, in `zone`.
    pub fn on(self, date: Date, zone: &TimeZone) -> (Timestamp, Timestamp) {
        let minute = |minute| instant_of_minute(zone, date, minute);
        (minute(self.start_minute), minute(self.end_minute))
    }

    /// Whether it covers `now` on a date, in `zone`.
    pub fn covers(self, date: Date, zone: &TimeZone, now: Timestamp) -> bool {
        let (start, end) = self.on(date, zone);
        start <= now && now < end
    }
}

/// The dates whose spans may cover `now`: spans run over midnight, and a clock change there moves
/// their ends across it.
pub(crate) fn dates_around(zone: &TimeZone, now: Timestamp) -> [Date; 3] {
    let today = zone.to_datetime(now).date();
    [today, day_after(today, -1), day_after(today, 1)]
}

pub(crate) fn day_after(date: Date, days: i32) -> Date {
    date.checked_add(days.days()).unwrap_or(date)
}

/// The instant of a minute of a date, which may be one of the next date.
fn instant_of_minute(zone: &TimeZone, date: Date, minute: u16) -> Timestamp {
    let date = day_after(date, i32::from(minute / DAY_MINUTES));
    let minute = minute % DAY_MINUTES;
    let hour = i8::try_from(minute / 60).unwrap_or(0);
    let minute = i8::try_from(minute % 60).unwrap_or(0);
    let time = Time::new(hour, minute, 0, 0).unwrap_or(Time::midnight());
    instant(zone, DateTime::from_parts(date, time))
}

/// The instant of a time on the wall, as the module's head says.
pub(crate) fn instant(zone: &TimeZone, at: DateTime) -> Timestamp {
    let ambiguous = zone.to_ambiguous_timestamp(at);
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
