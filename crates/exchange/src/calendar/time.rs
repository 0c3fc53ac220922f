//! Dates, times and durations of a calendar (RFC 5545 sections 3.3.4 to 3.3.6), and the clock that
//! they are read by.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::line::ContentLine;

/// Zones by the names that some programs give them.
const OTHER_NAMES: [(&str, &str); 1] = [("GMT Standard Time", "Europe/London")];

/// By which clock a time is meant.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Clock {
    /// By that of whoever reads it: the rota's.
    Floating,
    /// By that of a zone.
    Of(TimeZone),
}

/// A date, or a date and a time.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Moment {
    Day(Date),
    At(DateTime, Clock),
}

/// Why a value cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadTime {
    #[error("this is no date or time")]
    Form,
    #[error("there is no such time zone")]
    Zone,
    #[error("a rota has whole minutes")]
    Seconds,
    #[error("this is no length of time")]
    Duration,
}

impl BadTime {
    pub(super) const fn remedy(self) -> &'static str {
        match self {
            BadTime::Form | BadTime::Seconds => {
                "e.g. DTSTART;TZID=Europe/London:20261026T090000, or ;VALUE=DATE:20261026"
            }
            BadTime::Zone => "use an IANA name, e.g. TZID=Europe/London",
            BadTime::Duration => "e.g. PT4H",
        }
    }
}

impl Moment {
    /// The value of DTSTART, DTEND, RECURRENCE-ID and the like.
    pub(super) fn of(line: &ContentLine) -> Result<Moment, BadTime> {
        Moment::parse(line, &line.value)
    }

    /// One value of a line that may have several.
    pub(super) fn parse(line: &ContentLine, value: &str) -> Result<Moment, BadTime> {
        let value = value.trim();
        let Some((day, time)) = value.split_once('T') else {
            return Ok(Moment::Day(date(value)?));
        };
        let (time, utc) = match time.strip_suffix('Z') {
            Some(time) => (time, true),
            None => (time, false),
        };
        let clock = match line.param("TZID") {
            _ if utc => Clock::Of(TimeZone::UTC),
            Some(name) => Clock::Of(zone(name)?),
            None => Clock::Floating,
        };
        Ok(Moment::At(
            DateTime::from_parts(date(day)?, clock_time(time)?),
            clock,
        ))
    }
}

fn zone(name: &str) -> Result<TimeZone, BadTime> {
    let name = name.trim();
    let known = OTHER_NAMES.iter().find(|(other, _)| *other == name);
    let name = known.map_or(name, |(_, name)| name);
    TimeZone::get(name).map_err(|_| BadTime::Zone)
}

fn date(text: &str) -> Result<Date, BadTime> {
    let part = |from: usize, to: usize| digits(text.get(from..to)?);
    let parts = (part(0, 4), part(4, 6), part(6, 8));
    let (Some(year), Some(month), Some(day)) = parts else {
        return Err(BadTime::Form);
    };
    let small = |number: i16| i8::try_from(number).map_err(|_| BadTime::Form);
    if text.len() != 8 {
        return Err(BadTime::Form);
    }
    Date::new(year, small(month)?, small(day)?).map_err(|_| BadTime::Form)
}

fn clock_time(text: &str) -> Result<Time, BadTime> {
    let part = |from: usize, to: usize| {
        let number = digits(text.get(from..to)?)?;
        i8::try_from(number).ok()
    };
    let (Some(hour), Some(minute), Some(second)) = (part(0, 2), part(2, 4), part(4, 6)) else {
        return Err(BadTime::Form);
    };
    if text.len() != 6 {
        return Err(BadTime::Form);
    }
    if second != 0 {
        return Err(BadTime::Seconds);
    }
    Time::new(hour, minute, 0, 0).map_err(|_| BadTime::Form)
}

fn digits(text: &str) -> Option<i16> {
    let all = text.bytes().all(|byte| byte.is_ascii_digit());
    all.then(|| text.parse().ok())?
}

/// `PT4H`, `P1D`, `PT1H30M`; weeks, and what is negative, are no session.
pub(super) fn duration(text: &str) -> Result<SignedDuration, BadTime> {
    let text = text.trim();
    let text = text.strip_prefix('+').unwrap_or(text);
    let rest = text.strip_prefix('P').ok_or(BadTime::Duration)?;
    let (days, time) = rest.split_once('T').unwrap_or((rest, ""));
    let mut minutes: i64 = 0;
    for (mut part, units) in [
        (days, &[('D', 1440)][..]),
        (time, &[('H', 60), ('M', 1), ('S', 0)][..]),
    ] {
        for (unit, factor) in units {
            let Some((number, after)) = part.split_once(*unit) else {
                continue;
            };
            let number: i64 = digits(number).ok_or(BadTime::Duration)?.into();
            if *factor == 0 && number != 0 {
                return Err(BadTime::Seconds);
            }
            minutes += number * factor;
            part = after;
        }
        if !part.is_empty() {
            return Err(BadTime::Duration);
        }
    }
    if minutes == 0 {
        return Err(BadTime::Duration);
    }
    Ok(SignedDuration::from_mins(minutes))
}

/// The time on the wall in the rota's zone; none: the wall shows it twice and this is the second
/// time, which a rota cannot say.
pub(super) fn on_the_wall(at: Timestamp, zone: &TimeZone) -> Option<DateTime> {
    let wall = zone.to_datetime(at);
    let first = zone.to_ambiguous_timestamp(wall).compatible().ok()?;
    (first == at).then_some(wall)
}

/// The instant of a time on the wall; of one that comes twice the first.
pub(super) fn instant(at: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    zone.to_ambiguous_timestamp(at).compatible().ok()
}
