//! Dates and moments as people write them: `2026-10-26`, `2026-10-26..2026-10-30`,
//! `week 2026-10-26`, `2026-10-26 13:00`, `2026-10-26 am`.

use jiff::civil::{Date, DateTime, Time};

use super::times::{BadTime, clock};
use crate::hours::{DAY_MINUTES, day_after};
use crate::rota::{Dates, SessionOn};

/// Why a text is no date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadDate {
    #[error("this is no date")]
    Form,
    #[error("the last date is before the first")]
    LastBeforeFirst,
    #[error("there is no such time of day")]
    Clock,
    #[error("no session is named")]
    NoSession,
}

/// What a list of dates looks like.
pub(super) const DATES_REMEDY: &str =
    "e.g. \"2026-10-26\", \"2026-10-26..2026-10-30\" or \"week 2026-10-26\"";

fn date(text: &str) -> Result<Date, BadDate> {
    let text = text.trim();
    // jiff would take a time after it.
    if text.len() != "2026-10-26".len() {
        return Err(BadDate::Form);
    }
    text.parse().map_err(|_| BadDate::Form)
}

/// One entry of a list of dates; a week is from Monday to Sunday.
pub(crate) fn dates(text: &str) -> Result<Dates, BadDate> {
    if let Some(day) = text.trim().strip_prefix("week ") {
        let day = date(day)?;
        let first = day_after(day, -i32::from(day.weekday().to_monday_zero_offset()));
        let last = day_after(first, 6);
        return Ok(Dates { first, last });
    }
    let (first, last) = text.split_once("..").unwrap_or((text, text));
    let (first, last) = (date(first)?, date(last)?);
    if last < first {
        return Err(BadDate::LastBeforeFirst);
    }
    Ok(Dates { first, last })
}

/// A single date.
pub(super) fn single(text: &str) -> Result<Date, BadDate> {
    date(text)
}

/// One session of one date: `2026-10-26 am`.
pub(super) fn session_on(text: &str) -> Result<SessionOn, BadDate> {
    let (day, session) = text.trim().split_once(' ').ok_or(BadDate::NoSession)?;
    Ok(SessionOn {
        date: date(day)?,
        session: session.trim().to_owned(),
    })
}

/// Which end of an absence a text is.
#[derive(Clone, Copy)]
pub(super) enum End {
    /// Its begin: a whole day from its midnight on.
    From,
    /// Its end: a whole day is still part of it.
    To,
}

/// A date, or a date and a time.
pub(super) fn moment(text: &str, end: End) -> Result<DateTime, BadDate> {
    let (day, time) = match text.trim().split_once(' ') {
        Some((day, time)) => (date(day)?, Some(time)),
        None => (date(text)?, None),
    };
    let minute = match (time, end) {
        (Some(time), _) => clock(time).map_err(|_: BadTime| BadDate::Clock)?,
        (None, End::From) => 0,
        (None, End::To) => DAY_MINUTES,
    };
    let day = day_after(day, i32::from(minute / DAY_MINUTES));
    let part = |number: u16| i8::try_from(number).map_err(|_| BadDate::Clock);
    let (hour, minute) = (part(minute % DAY_MINUTES / 60)?, part(minute % 60)?);
    let time = Time::new(hour, minute, 0, 0).map_err(|_| BadDate::Clock)?;
    Ok(DateTime::from_parts(day, time))
}
