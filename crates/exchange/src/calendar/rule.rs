//! RRULE (RFC 5545 section 3.3.10), as far as a rota can say what it says: daily and weekly, on
//! these weekdays, for so many times or until a date.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};

use super::line::ContentLine;
use super::time::Moment;

/// Most dates that a repetition with an end may have.
pub(super) const MAX_DATES: usize = 1000;

/// Most days that it may run over.
const MAX_DAYS: i32 = 20 * 366;

/// How an event is repeated.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rule {
    /// Every so many weeks or, where it is daily, days.
    pub interval: u16,
    pub every: Every,
    /// On these; empty: on that of the first one or, where it is daily, on all.
    pub days: Vec<Weekday>,
    pub end: End,
    pub week_starts: Weekday,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Every {
    Day,
    Week,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum End {
    Never,
    After(u32),
    Until(Moment),
}

/// Why a rule has no counterpart in a rota.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadRule {
    #[error("{0} is no part of a repetition")]
    Form(String),
    #[error("a rota repeats by the day or the week, not {0}")]
    Frequency(String),
    #[error("a rota cannot say {0}")]
    Part(String),
    #[error("it begins on a day that it is not repeated on")]
    First,
    #[error("it has more than {MAX_DATES} dates, or runs for more than 20 years")]
    TooLong,
}

impl BadRule {
    pub(super) const fn remedy(&self) -> &'static str {
        match self {
            BadRule::Form(_) | BadRule::Frequency(_) | BadRule::Part(_) => {
                "e.g. RRULE:FREQ=WEEKLY;BYDAY=MO,WE, or an event for each date"
            }
            BadRule::First => "let DTSTART be the first of its dates",
            BadRule::TooLong => "give it an end, or let it be every week without one",
        }
    }
}

const DAYS: [(&str, Weekday); 7] = [
    ("MO", Weekday::Monday),
    ("TU", Weekday::Tuesday),
    ("WE", Weekday::Wednesday),
    ("TH", Weekday::Thursday),
    ("FR", Weekday::Friday),
    ("SA", Weekday::Saturday),
    ("SU", Weekday::Sunday),
];

/// The name of a weekday in a rule.
pub(super) fn day_name(day: Weekday) -> &'static str {
    let found = DAYS.iter().find(|(_, it)| *it == day);
    found.map_or("MO", |(name, _)| name)
}

fn weekday(text: &str) -> Option<Weekday> {
    let found = DAYS.iter().find(|(name, _)| *name == text);
    found.map(|(_, day)| *day)
}

impl Rule {
    pub(super) fn parse(line: &ContentLine) -> Result<Rule, BadRule> {
        let mut rule = Rule {
            interval: 1,
            every: Every::Week,
            days: Vec::new(),
            end: End::Never,
            week_starts: Weekday::Monday,
        };
        let mut frequency = false;
        for part in line.value.split(';').filter(|part| !part.is_empty()) {
            let part = part.trim().to_ascii_uppercase();
            let bad = || BadRule::Form(part.clone());
            let (name, value) = part.split_once('=').ok_or_else(bad)?;
            match name {
                "FREQ" => {
                    frequency = true;
                    rule.every = match value {
                        "DAILY" => Every::Day,
                        "WEEKLY" => Every::Week,
                        other => return Err(BadRule::Frequency(other.to_owned())),
                    };
                }
                "INTERVAL" => {
                    let number = value.parse().ok().filter(|it| *it > 0);
                    rule.interval = number.ok_or_else(bad)?;
                }
                "BYDAY" => {
                    let days: Option<Vec<_>> = value.split(',').map(weekday).collect();
                    rule.days = days.ok_or_else(|| BadRule::Part(part.clone()))?;
                }
                "COUNT" => {
                    let number = value.parse().ok().filter(|it| *it > 0);
                    rule.end = End::After(number.ok_or_else(bad)?);
                }
                "UNTIL" => {
                    rule.end = End::Until(Moment::parse(line, value).map_err(|_| bad())?);
                }
                "WKST" => rule.week_starts = weekday(value).ok_or_else(bad)?,
                _ => return Err(BadRule::Part(part.clone())),
            }
        }
        if frequency {
            Ok(rule)
        } else {
            Err(BadRule::Form("what has no FREQ".to_owned()))
        }
    }

    /// The weekdays on which it falls every week, first Monday; none if that is not every week.
    pub(super) fn weekly(&self, first: Date) -> Option<Vec<Weekday>> {
        if self.interval != 1 || self.end != End::Never {
            return None;
        }
        let on = |day: &Weekday| match (self.days.as_slice(), self.every) {
            ([], Every::Day) => true,
            ([], Every::Week) => *day == first.weekday(),
            (days, Every::Day | Every::Week) => days.contains(day),
        };
        Some(DAYS.iter().map(|(_, day)| *day).filter(on).collect())
    }

    /// The dates of a repetition that ends, the first of them `first`. `is_past` says whether the
    /// one on a date is after the end of [`End::Until`].
    pub(super) fn dates(
        &self,
        first: Date,
        is_past: impl Fn(Date) -> bool,
    ) -> Result<Vec<Date>, BadRule> {
        let count = match self.end {
            End::Never => return Err(BadRule::TooLong),
            End::After(count) => usize::try_from(count).unwrap_or(usize::MAX),
            End::Until(_) => usize::MAX,
        };
        let mut dates = Vec::new();
        let mut date = first;
        let week_of = |date: Date| date.weekday().since(self.week_starts);
        let week_began = i32::from(week_of(first));
        for days in 0.. {
            if days > MAX_DAYS {
                return Err(BadRule::TooLong);
            }
            let interval = i32::from(self.interval);
            let in_turn = match self.every {
                Every::Day => days % interval == 0,
                Every::Week => (days + week_began) / 7 % interval == 0,
            };
            let on = match (self.days.as_slice(), self.every) {
                ([], Every::Day) => true,
                ([], Every::Week) => date.weekday() == first.weekday(),
                (days, Every::Day | Every::Week) => days.contains(&date.weekday()),
            };
            if dates.len() == count || is_past(date) {
                break;
            }
            //= RFC 5545 section 3.8.5.3
            //# The "DTSTART" property value SHOULD be synchronized with the recurrence rule, if
            //# defined. The recurrence set generated with a "DTSTART" property value not
            //# synchronized with the recurrence rule is undefined.
            if days == 0 && !on {
                return Err(BadRule::First);
            }
            if in_turn && on {
                if dates.len() == MAX_DATES {
                    return Err(BadRule::TooLong);
                }
                dates.push(date);
            }
            date = date.checked_add(1.day()).map_err(|_| BadRule::TooLong)?;
        }
        Ok(dates)
    }
}
