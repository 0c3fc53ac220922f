//! What a specialty's rota is made of: weekly sessions, and everything that holds on dates alone.
//!
//! How they make up a day is the rule of `day.rs`.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use rotaline_model::PersonId;

use crate::hours::{self, DaySpan, WeeklySpan};

/// A session of a rota.
#[derive(Clone, Debug)]
pub struct Session {
    /// Its name; none: by its times, as [`name_of`] says.
    pub name: Option<String>,
    /// When, each week.
    pub spans: Vec<WeeklySpan>,
    /// Who is rung, in order.
    pub people: Vec<PersonId>,
}

/// A session of a bank holiday.
#[derive(Clone, Debug)]
pub struct HolidaySession {
    /// Its name; none: by its times, as [`name_of`] says.
    pub name: Option<String>,
    /// When, on the day.
    pub spans: Vec<DaySpan>,
    /// Who is rung, in order.
    pub people: Vec<PersonId>,
}

/// What a session is called that has no name of its own.
pub fn name_of(span: DaySpan) -> &'static str {
    const MIDDAY: u16 = 12 * 60;
    const MORNING_ENDS: u16 = 14 * 60;
    if span.end_minute > hours::DAY_MINUTES {
        "NIGHT"
    } else if span.start_minute >= MIDDAY {
        "PM"
    } else if span.end_minute <= MORNING_ENDS {
        "AM"
    } else {
        "DAY"
    }
}

/// Consecutive dates, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dates {
    /// The first.
    pub first: Date,
    /// The last.
    pub last: Date,
}

impl Dates {
    /// Dates as a plan writes them, e.g. `2026-10-26..2026-10-30`.
    pub fn parse(text: &str) -> Option<Dates> {
        crate::parse::dates(text).ok()
    }

    /// Whether a date is among them.
    pub fn contain(self, date: Date) -> bool {
        (self.first..=self.last).contains(&date)
    }

    /// How many they are.
    pub fn days(self) -> u32 {
        let days = self.last.since(self.first).map(|span| span.get_days());
        u32::try_from(days.unwrap_or(0)).map_or(1, |days| days + 1)
    }
}

/// Other people, or other times, on some dates.
#[derive(Clone, Debug)]
pub struct Override {
    /// When it holds.
    pub dates: Vec<Dates>,
    /// Which session of those days; none: the whole day.
    pub session: Option<String>,
    /// Its times instead of the usual ones; empty: the usual ones.
    pub times: Vec<DaySpan>,
    /// Who is rung, in order; empty: nobody.
    pub people: Vec<PersonId>,
}

impl Override {
    /// How many days the narrowest of its dates around `date` has; none if it does not hold then.
    pub(crate) fn days_around(&self, date: Date) -> Option<u32> {
        self.dates
            .iter()
            .filter(|dates| dates.contain(date))
            .map(|dates| dates.days())
            .min()
    }

    /// Whether it is for a session of this name.
    pub(crate) fn is_for(&self, session: &str) -> bool {
        self.session
            .as_deref()
            .is_none_or(|name| name.eq_ignore_ascii_case(session))
    }
}

/// One session of one date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionOn {
    /// The date that it begins on.
    pub date: Date,
    /// Its name.
    pub session: String,
}

impl SessionOn {
    pub(crate) fn is(&self, date: Date, session: &str) -> bool {
        self.date == date && self.session.eq_ignore_ascii_case(session)
    }
}

/// Two people exchange two sessions: one entry, so that taking it out undoes all of it.
#[derive(Clone, Debug)]
pub struct Swap {
    /// Whose session the first one was.
    pub first: PersonId,
    /// The session that `first` gives to `second`.
    pub gives: SessionOn,
    /// Whose session the other one was.
    pub second: PersonId,
    /// The session that `first` takes from `second`.
    pub takes: SessionOn,
}

impl Swap {
    /// Who stands aside on a session, and for whom.
    pub(crate) fn on(&self, date: Date, session: &str) -> Option<(&PersonId, &PersonId)> {
        if self.gives.is(date, session) {
            Some((&self.first, &self.second))
        } else if self.takes.is(date, session) {
            Some((&self.second, &self.first))
        } else {
            None
        }
    }
}

/// Other hours on some dates.
#[derive(Clone, Debug)]
pub struct HoursOn {
    /// When they hold.
    pub dates: Vec<Dates>,
    /// The hours; empty: closed.
    pub hours: Vec<DaySpan>,
}

/// What a specialty does on a bank holiday.
#[derive(Clone, Debug, Default)]
pub enum OnBankHoliday {
    /// It is closed.
    #[default]
    Closed,
    /// It is open as on that weekday.
    AsUsual,
    /// It has hours and sessions of its own.
    Own {
        /// When it is open.
        hours: Vec<DaySpan>,
        /// Who answers when.
        sessions: Vec<HolidaySession>,
    },
}

/// Somebody is away, by the clock on the wall of whichever organisation would ring them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Absence {
    /// From when.
    pub from: DateTime,
    /// Until when.
    pub until: DateTime,
}

impl Absence {
    /// Whether it covers `now` in `zone`.
    pub fn covers(&self, zone: &TimeZone, now: Timestamp) -> bool {
        let (from, until) = self.on(zone);
        from <= now && now < until
    }

    /// When it begins and ends in `zone`.
    pub fn on(&self, zone: &TimeZone) -> (Timestamp, Timestamp) {
        (
            hours::instant(zone, self.from),
            hours::instant(zone, self.until),
        )
    }
}
