//! Weekly times as people write them: `mon-fri 09:00-17:00`, `daily 00:00-24:00`, `fri 20:00-08:00`
//! (which ends on Saturday); and times of a day, `09:00-13:00`.

use jiff::civil::Weekday;

use crate::hours::{DAY_MINUTES, DaySpan, WeeklySpan};

/// Why a text is no weekly time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadTime {
    #[error("this is no weekly time")]
    Form,
    #[error("there is no such day")]
    Day,
    #[error("there is no such time of day")]
    Clock,
    #[error("it ends where it begins")]
    Empty,
}

impl BadTime {
    pub(crate) const fn remedy(self) -> &'static str {
        match self {
            BadTime::Form | BadTime::Day => {
                "e.g. \"mon-fri 09:00-17:00\"; days are mon tue wed thu fri sat sun, or daily"
            }
            BadTime::Clock => "times run from 00:00 to 24:00",
            BadTime::Empty => "a whole day is 00:00-24:00, a night e.g. 20:00-08:00",
        }
    }
}

const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

/// Parses one weekly time; one span for each day that it begins on.
pub(crate) fn weekly(text: &str) -> Result<Vec<WeeklySpan>, BadTime> {
    let (days, times) = text.trim().split_once(' ').ok_or(BadTime::Form)?;
    let span = day_span(times)?;
    let days = weekdays(days)?.into_iter();
    Ok(days.map(|day| WeeklySpan { day, span }).collect())
}

/// Parses the times of a day; an end that is not after the start is of the next day.
pub(crate) fn day_span(text: &str) -> Result<DaySpan, BadTime> {
    let (start, end) = text.trim().split_once('-').ok_or(BadTime::Form)?;
    let (start_minute, end_minute) = (clock(start)?, clock(end)?);
    if end_minute == start_minute || start_minute == DAY_MINUTES {
        return Err(BadTime::Empty);
    }
    let over_midnight = if end_minute < start_minute {
        DAY_MINUTES
    } else {
        0
    };
    Ok(DaySpan {
        start_minute,
        end_minute: end_minute + over_midnight,
    })
}

fn weekdays(text: &str) -> Result<Vec<Weekday>, BadTime> {
    let text = text.to_ascii_lowercase();
    if text == "daily" {
        return Ok(DAYS.iter().map(|(_, day)| *day).collect());
    }
    let (first, last) = text.split_once('-').unwrap_or((&text, &text));
    let position = |name: &str| {
        DAYS.iter()
            .position(|(known, _)| *known == name)
            .ok_or(BadTime::Day)
    };
    let (first, last) = (position(first)?, position(last)?);
    // sat-mon runs over the end of the week.
    let count = (last + DAYS.len() - first) % DAYS.len() + 1;
    Ok(DAYS
        .iter()
        .cycle()
        .skip(first)
        .take(count)
        .map(|(_, day)| *day)
        .collect())
}

pub(super) fn clock(text: &str) -> Result<u16, BadTime> {
    let (hours, minutes) = text.trim().split_once(':').ok_or(BadTime::Clock)?;
    let two = |text: &str| -> Result<u16, BadTime> {
        let good = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        if good {
            text.parse().map_err(|_| BadTime::Clock)
        } else {
            Err(BadTime::Clock)
        }
    };
    let (hours, minutes) = (two(hours)?, two(minutes)?);
    let minute = hours * 60 + minutes;
    if minutes < 60 && minute <= DAY_MINUTES {
        Ok(minute)
    } else {
        Err(BadTime::Clock)
    }
}
