//! Who would be rung at a moment, in which order and why, and why nobody else: as data, and in
//! plain words.
//!
//! It asks the same rules as the hunt, and changes nothing.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::DateTime;
use rotaline_model::{PersonId, SpecialtyId};
use serde::Serialize;

use crate::day::{self, HoursFrom, OnDate};
use crate::plan::{Person, Plan, Specialty};
use crate::presence::{Availability, Presence};
use crate::rota::OnBankHoliday;
use crate::week::{self, SessionOfWeek};

/// What would happen to a call at a moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// Which specialty.
    pub specialty: SpecialtyId,
    /// Its name.
    pub name: String,
    /// The moment.
    pub at: Timestamp,
    /// What the clock shows there.
    pub local: DateTime,
    /// What says that it is open; none: it is closed.
    pub open: Option<HoursFrom>,
    /// The bank holiday of that date.
    pub bank_holiday: Option<String>,
    /// The sessions of that moment, in the order of the plan.
    pub sessions: Vec<SessionOfWeek>,
    /// Who would be rung, in order.
    pub rung: Vec<Rung>,
    /// Everybody else on the rota at any time, and why they would not be rung.
    pub not_rung: Vec<NotRung>,
}

/// Somebody who would be rung.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rung {
    /// Who.
    pub person: PersonId,
    /// Their name.
    pub name: String,
    /// Why they have this place.
    pub reason: String,
}

/// Somebody who would not be rung.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NotRung {
    /// Who.
    pub person: PersonId,
    /// Their name.
    pub name: String,
    /// Why not.
    pub why: WhyNot,
}

/// Why somebody would not be rung.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WhyNot {
    /// The specialty is closed.
    Closed,
    /// They are away.
    Absent,
    /// They have paused their calls until then.
    Paused(Timestamp),
    /// They are on another call.
    Busy,
    /// They gave this session to somebody.
    SwappedOut(PersonId),
    /// An override of this number names others.
    Overridden(usize),
    /// They are not on this session.
    NotOnThisSession,
    /// They have no phone.
    NoPhone,
}

/// Explains a moment; none if there is no such specialty.
pub fn explain(
    plan: &Plan,
    presence: &Presence,
    specialty: &SpecialtyId,
    at: Timestamp,
) -> Option<Explanation> {
    let specialty = plan.specialty(specialty)?;
    let local = plan.zone(specialty).to_datetime(at);
    let sessions = plan.sessions_at(specialty, at);
    let open = plan.open_by(specialty, at);
    let (mut rung, mut not_rung) = (Vec::new(), Vec::new());
    for ranked in plan.ranked(specialty, presence.tally(), at) {
        let person = ranked.person;
        let why = match open {
            None => Some(WhyNot::Closed),
            Some(_) => unavailable(presence, person, at),
        };
        match why {
            Some(why) => not_rung.push(not(person, why)),
            None => rung.push(Rung {
                person: person.id.clone(),
                name: person.name.clone(),
                reason: plan.reason(specialty, presence.tally(), ranked, at),
            }),
        }
    }
    for id in everybody(specialty) {
        let told = rung.iter().map(|it| &it.person);
        let mut told = told.chain(not_rung.iter().map(|it| &it.person));
        if let Some(person) = plan.person(id)
            && !told.any(|known| known == id)
        {
            let why = why_not_on(plan, specialty, &sessions, person, at);
            not_rung.push(not(person, why));
        }
    }
    Some(Explanation {
        specialty: specialty.id.clone(),
        name: specialty.name.clone(),
        at,
        local,
        open,
        bank_holiday: plan
            .bank_holiday(specialty, local.date())
            .map(str::to_owned),
        sessions: sessions
            .iter()
            .map(|it| week::session(plan, specialty, it))
            .collect(),
        rung,
        not_rung,
    })
}

fn not(person: &Person, why: WhyNot) -> NotRung {
    NotRung {
        person: person.id.clone(),
        name: person.name.clone(),
        why,
    }
}

fn unavailable(presence: &Presence, person: &Person, at: Timestamp) -> Option<WhyNot> {
    match presence.availability(&person.id, at) {
        Availability::Busy => return Some(WhyNot::Busy),
        Availability::Paused => {
            return presence.paused_until(&person.id, at).map(WhyNot::Paused);
        }
        Availability::Free => {}
    }
    person.phones.is_empty().then_some(WhyNot::NoPhone)
}

/// Why somebody of the rota is not among those who are on now.
fn why_not_on(
    plan: &Plan,
    specialty: &Specialty,
    sessions: &[OnDate<'_>],
    person: &Person,
    at: Timestamp,
) -> WhyNot {
    let on = |session: &OnDate<'_>| {
        let turns = day::turns(specialty, session);
        turns.iter().any(|turn| *turn.person == person.id)
    };
    if sessions.iter().any(on) {
        return WhyNot::Absent;
    }
    for session in sessions {
        let swaps = specialty.swaps.iter();
        let mut swaps = swaps.filter_map(|swap| swap.on(session.date, session.name));
        if session.people.contains(&person.id)
            && let Some((_, instead)) = swaps.find(|(aside, _)| **aside == person.id)
        {
            return WhyNot::SwappedOut(instead.clone());
        }
    }
    let zone = plan.zone(specialty);
    for date in crate::hours::dates_around(zone, at) {
        for usual in plan.usual_sessions(specialty, date) {
            let over = day::best_override(specialty, date, Some(usual.name));
            if let Some((number, _)) = over
                && usual.span.covers(date, zone, at)
                && usual.people.contains(&person.id)
            {
                return WhyNot::Overridden(number);
            }
        }
    }
    WhyNot::NotOnThisSession
}

/// Everybody on the rota at any time, in the order of the plan; some are named more than once.
fn everybody(specialty: &Specialty) -> impl Iterator<Item = &PersonId> {
    let holiday = match &specialty.on_bank_holiday {
        OnBankHoliday::Own { sessions, .. } => sessions.as_slice(),
        OnBankHoliday::Closed | OnBankHoliday::AsUsual => &[],
    };
    let weekly = specialty.sessions.iter().flat_map(|it| &it.people);
    let others = specialty.overrides.iter().flat_map(|it| &it.people);
    let swapped = specialty
        .swaps
        .iter()
        .flat_map(|it| [&it.first, &it.second]);
    let holiday = holiday.iter().flat_map(|it| &it.people);
    weekly.chain(holiday).chain(others).chain(swapped)
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let when = self.local.strftime("%A %-d %B %Y at %H:%M");
        write!(f, "{}, {when}", self.name)?;
        if let Some(name) = &self.bank_holiday {
            write!(f, ", {name}")?;
        }
        match &self.open {
            Some(by) => writeln!(f, ": open by {by}.")?,
            None => writeln!(f, ": closed.")?,
        }
        if self.sessions.is_empty() {
            writeln!(f, "There is no session.")?;
        }
        for SessionOfWeek {
            name, date, from, ..
        } in &self.sessions
        {
            writeln!(f, "Session {name} of {date}, from {from}.")?;
        }
        if self.rung.is_empty() {
            writeln!(f, "Nobody would be rung.")?;
        }
        for (place, Rung { name, reason, .. }) in (1..).zip(&self.rung) {
            writeln!(f, "{place}. {name}: {reason}.")?;
        }
        for NotRung { name, why, .. } in &self.not_rung {
            writeln!(f, "Not {name}: {why}.")?;
        }
        Ok(())
    }
}

impl fmt::Display for WhyNot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WhyNot::Closed => f.write_str("the specialty is closed"),
            WhyNot::Absent => f.write_str("away"),
            WhyNot::Paused(until) => write!(f, "has paused their calls until {until}"),
            WhyNot::Busy => f.write_str("busy on another call"),
            WhyNot::SwappedOut(instead) => write!(f, "gave this session to {instead}"),
            WhyNot::Overridden(number) => write!(f, "override {number} names others"),
            WhyNot::NotOnThisSession => f.write_str("not on this session"),
            WhyNot::NoPhone => f.write_str("has no phone"),
        }
    }
}
