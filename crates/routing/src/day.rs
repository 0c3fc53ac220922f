//! The rule of a day: which hours and sessions a date has, and who is on them.
//!
//! ```text
//! hours      other hours on the date  >  the bank holiday's  >  the weekday's
//! sessions   the bank holiday's, or the weekday's; then for each of them the one override that
//!            is most specific: of fewer days, then for one session, then the later entry
//! people     the session's or its override's; then every swap, in order; absences are looked at
//!            at the moment of ringing
//! ```
//!
//! A span, an override, a swap and a bank holiday are of the date that a session begins on, though
//! it may run over midnight.

use std::cmp::Reverse;
use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rotaline_model::PersonId;
use serde::Serialize;

use crate::hours::{self, DaySpan, Opening, WeeklySpan};
use crate::plan::{Plan, Specialty};
use crate::rota::{OnBankHoliday, Override, name_of};

/// How far ahead an opening is looked for.
const DAYS_AHEAD: i32 = 60;

/// What says when a specialty is open on a date.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HoursFrom {
    /// Its weekly hours.
    Week,
    /// A bank holiday, by its name.
    BankHoliday(String),
    /// An entry of other hours, numbered from 1.
    Date(usize),
}

/// What says who is on a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionFrom {
    /// The weekly session of this number, from 1.
    Week(usize),
    /// The bank holiday's session of this number, from 1.
    BankHoliday(usize),
    /// The override of this number, from 1.
    Override(usize),
}

impl fmt::Display for HoursFrom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HoursFrom::Week => f.write_str("the weekly hours"),
            HoursFrom::BankHoliday(name) => write!(f, "the bank holiday {name}"),
            HoursFrom::Date(number) => write!(f, "hours_on {number}"),
        }
    }
}

impl fmt::Display for SessionFrom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SessionFrom::Week(number) => write!(f, "weekly session {number}"),
            SessionFrom::BankHoliday(number) => write!(f, "bank holiday session {number}"),
            SessionFrom::Override(number) => write!(f, "override {number}"),
        }
    }
}

/// One session of a date.
#[derive(Clone, Debug)]
pub(crate) struct OnDate<'p> {
    pub date: Date,
    pub name: &'p str,
    pub span: DaySpan,
    pub from: SessionFrom,
    pub people: &'p [PersonId],
    /// Where it stands in the plan, for the order where sessions overlap.
    place: usize,
}

/// Somebody on a session.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turn<'p> {
    pub person: &'p PersonId,
    /// Whose session it was, before a swap.
    pub instead_of: Option<&'p PersonId>,
}

/// When a specialty is open on a date.
pub(crate) struct DayHours<'p> {
    pub from: HoursFrom,
    weekly: &'p [WeeklySpan],
    own: &'p [DaySpan],
    date: Date,
}

impl DayHours<'_> {
    pub(crate) fn spans(&self) -> impl Iterator<Item = DaySpan> {
        let day = self.date.weekday();
        let weekly = self.weekly.iter().filter(move |it| it.day == day);
        weekly.map(|it| it.span).chain(self.own.iter().copied())
    }
}

impl Plan {
    /// The bank holiday of a date where a specialty's organisation is.
    pub(crate) fn bank_holiday(&self, specialty: &Specialty, date: Date) -> Option<&str> {
        let organisation = self.organisations.get(&specialty.organisation)?;
        self.bank_holidays.name(organisation.nation?, date)
    }

    /// When a specialty is open on a date.
    pub(crate) fn hours_on<'p>(&self, specialty: &'p Specialty, date: Date) -> DayHours<'p> {
        let weekly = DayHours {
            from: HoursFrom::Week,
            weekly: &specialty.hours,
            own: &[],
            date,
        };
        if let Some((number, own)) = other_hours(specialty, date) {
            let (from, weekly) = (HoursFrom::Date(number), &[] as &[_]);
            return DayHours {
                from,
                weekly,
                own,
                date,
            };
        }
        let Some(holiday) = self.bank_holiday(specialty, date) else {
            return weekly;
        };
        let (week, own): (&[_], &[_]) = match &specialty.on_bank_holiday {
            OnBankHoliday::AsUsual => (&specialty.hours, &[]),
            OnBankHoliday::Closed => (&[], &[]),
            OnBankHoliday::Own { hours, .. } => (&[], hours),
        };
        let from = HoursFrom::BankHoliday(holiday.to_owned());
        DayHours {
            from,
            weekly: week,
            own,
            date,
        }
    }

    /// The sessions that begin on a date, in the order of the plan.
    pub(crate) fn sessions_on<'p>(&self, specialty: &'p Specialty, date: Date) -> Vec<OnDate<'p>> {
        let usual = self.usual_sessions(specialty, date);
        let mut sessions = Vec::with_capacity(usual.len());
        for mut session in usual {
            match best_override(specialty, date, Some(session.name)) {
                None => sessions.push(session),
                // Its own times stand below.
                Some((_, it)) if !it.times.is_empty() => {}
                Some((number, it)) => {
                    session.people = &it.people;
                    session.from = SessionFrom::Override(number);
                    sessions.push(session);
                }
            }
        }
        for (number, it) in (1..).zip(&specialty.overrides) {
            let best = best_override(specialty, date, it.session.as_deref());
            if it.times.is_empty() || best.is_none_or(|(best, _)| best != number) {
                continue;
            }
            sessions.extend(it.times.iter().map(|span| OnDate {
                date,
                name: it.session.as_deref().unwrap_or_else(|| name_of(*span)),
                span: *span,
                from: SessionFrom::Override(number),
                people: &it.people,
                place: usize::MAX,
            }));
        }
        sessions
    }

    /// The sessions of a date before any override.
    pub(crate) fn usual_sessions<'p>(
        &self,
        specialty: &'p Specialty,
        date: Date,
    ) -> Vec<OnDate<'p>> {
        let holiday = self.bank_holiday(specialty, date).is_some();
        match &specialty.on_bank_holiday {
            OnBankHoliday::Own { sessions, .. } if holiday => {
                let each = (1..).zip(sessions).flat_map(|(number, session)| {
                    let spans = session
                        .spans
                        .iter()
                        .map(move |span| (number, session, *span));
                    spans.map(move |(number, session, span)| OnDate {
                        date,
                        name: session.name.as_deref().unwrap_or_else(|| name_of(span)),
                        span,
                        from: SessionFrom::BankHoliday(number),
                        people: &session.people,
                        place: number,
                    })
                });
                each.collect()
            }
            // Closed: nobody is on, unless the date has hours after all.
            OnBankHoliday::Closed if holiday && other_hours(specialty, date).is_none() => {
                Vec::new()
            }
            OnBankHoliday::Own { .. } | OnBankHoliday::Closed | OnBankHoliday::AsUsual => {
                weekly_sessions(specialty, date)
            }
        }
    }

    /// The sessions that cover `now`, in the order of the plan; of equals the one that began first.
    pub(crate) fn sessions_at<'p>(
        &self,
        specialty: &'p Specialty,
        now: Timestamp,
    ) -> Vec<OnDate<'p>> {
        let zone = self.zone(specialty);
        let dates = hours::dates_around(zone, now).into_iter();
        let mut sessions: Vec<OnDate<'p>> = dates
            .flat_map(|date| self.sessions_on(specialty, date))
            .filter(|session| session.span.covers(session.date, zone, now))
            .collect();
        sessions.sort_by_key(|session| (session.place, session.date));
        sessions
    }

    /// Whether a specialty is open.
    pub fn open_at(&self, specialty: &Specialty, now: Timestamp) -> bool {
        self.open_by(specialty, now).is_some()
    }

    /// What says that a specialty is open; none if it is closed.
    pub(crate) fn open_by(&self, specialty: &Specialty, now: Timestamp) -> Option<HoursFrom> {
        let zone = self.zone(specialty);
        hours::dates_around(zone, now).into_iter().find_map(|date| {
            let hours = self.hours_on(specialty, date);
            let open = hours.spans().any(|span| span.covers(date, zone, now));
            open.then_some(hours.from)
        })
    }

    /// When a specialty opens next after `now`; none if it does not within the next weeks.
    pub fn next_opening(&self, specialty: &Specialty, now: Timestamp) -> Option<Opening> {
        let zone = self.zone(specialty);
        let today = zone.to_datetime(now).date();
        (0..=DAYS_AHEAD).find_map(|days| {
            let date = hours::day_after(today, days);
            let starts = self.hours_on(specialty, date);
            let starts = starts.spans().map(|span| span.on(date, zone));
            let first = starts
                .filter(|(start, end)| *start > now && start < end)
                .map(|(start, _)| start)
                .min();
            first.map(|at| Opening {
                at,
                local: zone.to_datetime(at),
                days_ahead: u8::try_from(days).unwrap_or(u8::MAX),
            })
        })
    }

    pub(crate) fn zone(&self, specialty: &Specialty) -> &TimeZone {
        const UTC: &TimeZone = &TimeZone::UTC;
        self.organisations
            .get(&specialty.organisation)
            .map_or(UTC, |organisation| &organisation.zone)
    }
}

/// Who is on a session, in order, after every swap.
pub(crate) fn turns<'p>(specialty: &'p Specialty, session: &OnDate<'p>) -> Vec<Turn<'p>> {
    let mut turns: Vec<Turn<'p>> = session
        .people
        .iter()
        .map(|person| Turn {
            person,
            instead_of: None,
        })
        .collect();
    for swap in &specialty.swaps {
        let Some((aside, instead)) = swap.on(session.date, session.name) else {
            continue;
        };
        let Some(place) = turns.iter().position(|turn| turn.person == aside) else {
            continue;
        };
        if turns.iter().any(|turn| turn.person == instead) {
            turns.remove(place);
        } else if let Some(turn) = turns.get_mut(place) {
            *turn = Turn {
                person: instead,
                instead_of: Some(aside),
            };
        }
    }
    turns
}

fn weekly_sessions(specialty: &Specialty, date: Date) -> Vec<OnDate<'_>> {
    let mut sessions = Vec::new();
    for (number, session) in (1..).zip(&specialty.sessions) {
        let spans = session.spans.iter().filter(|it| it.day == date.weekday());
        sessions.extend(spans.map(|WeeklySpan { span, .. }| OnDate {
            date,
            name: session.name.as_deref().unwrap_or_else(|| name_of(*span)),
            span: *span,
            from: SessionFrom::Week(number),
            people: &session.people,
            place: number,
        }));
    }
    sessions
}

/// Other hours on a date: of the fewest days, and of equals the latest.
fn other_hours(specialty: &Specialty, date: Date) -> Option<(usize, &[DaySpan])> {
    let holding = (1..).zip(&specialty.hours_on).filter_map(|(number, it)| {
        let around = it.dates.iter().filter(|dates| dates.contain(date));
        let days = around.map(|dates| dates.days()).min()?;
        Some((days, number, it))
    });
    let best = holding.min_by_key(|(days, number, _)| (*days, Reverse(*number)));
    best.map(|(_, number, it)| (number, it.hours.as_slice()))
}

/// The override that holds for a session of a date (none: for the day as a whole), with its number.
pub(crate) fn best_override<'p>(
    specialty: &'p Specialty,
    date: Date,
    session: Option<&str>,
) -> Option<(usize, &'p Override)> {
    let holding = (1..).zip(&specialty.overrides).filter_map(|(number, it)| {
        let fits = session.map_or(it.session.is_none(), |name| it.is_for(name));
        let days = it.days_around(date).filter(|_| fits)?;
        Some((days, it.session.is_none(), Reverse(number), it))
    });
    let best = holding.min_by_key(|(days, whole_day, number, _)| (*days, *whole_day, *number));
    best.map(|(_, _, Reverse(number), it)| (number, it))
}
