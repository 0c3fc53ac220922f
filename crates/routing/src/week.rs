//! A week of a specialty as it was resolved: hours, sessions, and who is on them from which source;
//! for the API and for editors.
//!
//! It is for reading: the hunt asks `day.rs` itself.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rotaline_model::PersonId;
use serde::Serialize;

use crate::day::{self, HoursFrom, OnDate, SessionFrom};
use crate::hours::day_after;
use crate::plan::{Person, Plan, Specialty};

/// A date of a specialty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DayOfWeek {
    /// The date.
    pub date: Date,
    /// Its bank holiday, where the organisation is.
    pub bank_holiday: Option<String>,
    /// What says when it is open.
    pub hours_from: HoursFrom,
    /// When it is open, from and until.
    pub hours: Vec<(Timestamp, Timestamp)>,
    /// The sessions that begin on it, in the order of the plan.
    pub sessions: Vec<SessionOfWeek>,
}

/// A session of a date.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SessionOfWeek {
    /// The date that it begins on.
    pub date: Date,
    /// Its name.
    pub name: String,
    /// From when.
    pub starts: Timestamp,
    /// Until when; not after `starts` where a clock change swallows it.
    pub ends: Timestamp,
    /// What says who is on.
    pub from: SessionFrom,
    /// Who is on, in order.
    pub people: Vec<TurnOfWeek>,
}

/// Somebody on a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TurnOfWeek {
    /// Who.
    pub person: PersonId,
    /// Their name.
    pub name: String,
    /// Whose session it was, before a swap.
    pub instead_of: Option<PersonId>,
    /// Whether they are away.
    pub away: Away,
}

/// How much of a session somebody is away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Away {
    /// Not at all.
    No,
    /// For a part of it.
    Partly,
    /// For all of it.
    Wholly,
}

/// The seven days from Monday to Sunday around `date`.
pub fn week(plan: &Plan, specialty: &Specialty, date: Date) -> Vec<DayOfWeek> {
    let monday = day_after(date, -i32::from(date.weekday().to_monday_zero_offset()));
    (0..7)
        .map(|days| day(plan, specialty, day_after(monday, days)))
        .collect()
}

pub(crate) fn day(plan: &Plan, specialty: &Specialty, date: Date) -> DayOfWeek {
    let zone = plan.zone(specialty);
    let hours = plan.hours_on(specialty, date);
    let sessions = plan.sessions_on(specialty, date);
    DayOfWeek {
        date,
        bank_holiday: plan.bank_holiday(specialty, date).map(str::to_owned),
        hours: hours.spans().map(|span| span.on(date, zone)).collect(),
        hours_from: hours.from,
        sessions: sessions
            .iter()
            .map(|it| session(plan, specialty, it))
            .collect(),
    }
}

pub(crate) fn session(plan: &Plan, specialty: &Specialty, on: &OnDate<'_>) -> SessionOfWeek {
    let zone = plan.zone(specialty);
    let (starts, ends) = on.span.on(on.date, zone);
    let turns = day::turns(specialty, on).into_iter();
    let people = turns.filter_map(|turn| {
        let person = plan.person(turn.person)?;
        Some(TurnOfWeek {
            person: person.id.clone(),
            name: person.name.clone(),
            instead_of: turn.instead_of.cloned(),
            away: away(person, zone, starts, ends),
        })
    });
    SessionOfWeek {
        date: on.date,
        name: on.name.to_owned(),
        starts,
        ends,
        from: on.from.clone(),
        people: people.collect(),
    }
}

fn away(person: &Person, zone: &TimeZone, starts: Timestamp, ends: Timestamp) -> Away {
    let absences = person.absences.iter().map(|it| it.on(zone));
    let within = absences.filter(|(from, until)| *from < ends && starts < *until);
    within.fold(Away::No, |away, (from, until)| match away {
        Away::Wholly => Away::Wholly,
        Away::No | Away::Partly if from <= starts && ends <= until => Away::Wholly,
        Away::No | Away::Partly => Away::Partly,
    })
}
