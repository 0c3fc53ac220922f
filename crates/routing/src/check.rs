//! What is amiss with the rotas of some dates, before a caller finds out: times when nobody or one
//! person is on, people on two rotas at once, sessions that overlap, people on a session who are
//! away, and phones that have not been answered for long.
//!
//! A plan with findings is a good plan still; what cannot be meant is a fault of its reading.

use std::collections::BTreeMap;
use std::fmt;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use rotaline_model::{PersonId, SpecialtyId};
use serde::Serialize;

use crate::address::PhoneAddress;
use crate::hours::day_after;
use crate::plan::{Plan, Specialty};
use crate::week::{self, Away, SessionOfWeek};

/// Most days that are looked at in one go; later ones are not.
pub const MAX_DAYS: i32 = 400;
/// Most findings of one go; later ones are left out.
pub const MAX_FINDINGS: usize = 10_000;
/// After so many days without an answer a phone is taken for one that reaches nobody.
const UNANSWERED_DAYS: i64 = 30;

/// Something that is amiss.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What.
    pub problem: Problem,
    /// Where, dotted as in the plan, e.g. `specialty.cardiology`.
    pub place: String,
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// What would be right.
    pub remedy: String,
}

/// What can be amiss.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Problem {
    /// It is open, and nobody is on.
    Gap,
    /// It is open, and this is the only one who is on.
    OnePerson(PersonId),
    /// Somebody is on this rota and on another one.
    DoubleBooked(PersonId, SpecialtyId),
    /// Two sessions of these names cover the same time.
    Overlap(String, String),
    /// Somebody is on a session, and away.
    Away(PersonId),
    /// An override or swap that changes nothing: no such session begins on any of its dates, or
    /// the person who gives it is not on it.
    Idle,
    /// A phone of this person has not been answered for long, or never.
    Unanswered(PersonId),
}

/// Looks at some dates, both ends included, of every rota. `answered` says when each number was
/// answered last or, if it never was, when it was rung first; one that was never rung is not in it,
/// and is not judged.
pub fn check(
    plan: &Plan,
    first: Date,
    last: Date,
    answered: &BTreeMap<PhoneAddress, Timestamp>,
    now: Timestamp,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let dates = (0..MAX_DAYS).map(|days| day_after(first, days));
    let mut on_rotas: Vec<On> = Vec::new();
    for date in dates.take_while(|date| *date <= last) {
        for specialty in plan.specialties.values() {
            let today = Today::of(plan, specialty, date);
            today.cover(&mut findings);
            today.sessions(&mut findings);
            today.idle_entries(date, &mut findings);
            today.who(&mut on_rotas);
        }
        double_bookings(&mut on_rotas, &mut findings);
    }
    unanswered(plan, answered, now, &mut findings);
    let mut findings = joined(findings);
    findings.truncate(MAX_FINDINGS);
    findings
}

/// Somebody who is on a rota.
struct On {
    person: PersonId,
    specialty: SpecialtyId,
    from: Timestamp,
    until: Timestamp,
}

/// A date of a specialty, with what runs into it from the day before.
struct Today<'p> {
    plan: &'p Plan,
    specialty: &'p Specialty,
    begins: Timestamp,
    ends: Timestamp,
    open: Vec<(Timestamp, Timestamp)>,
    sessions: Vec<SessionOfWeek>,
}

impl<'p> Today<'p> {
    fn of(plan: &'p Plan, specialty: &'p Specialty, date: Date) -> Self {
        let around = [day_after(date, -1), date].map(|date| week::day(plan, specialty, date));
        let zone = plan.zone(specialty);
        let midnight = |date: Date| crate::hours::instant(zone, date.at(0, 0, 0, 0));
        let open = around.iter().flat_map(|day| day.hours.clone()).collect();
        Today {
            plan,
            specialty,
            begins: midnight(date),
            ends: midnight(day_after(date, 1)),
            open,
            sessions: around.into_iter().flat_map(|day| day.sessions).collect(),
        }
    }

    fn place(&self) -> String {
        format!("specialty.{}", self.specialty.id)
    }

    /// The pieces of this day within which nothing changes.
    fn pieces(&self) -> Vec<(Timestamp, Timestamp)> {
        let zone = self.plan.zone(self.specialty);
        let mut edges = vec![self.begins, self.ends];
        edges.extend(self.open.iter().flat_map(|(from, until)| [*from, *until]));
        for session in &self.sessions {
            edges.extend([session.starts, session.ends]);
            for turn in session.people.iter().filter(|turn| turn.away != Away::No) {
                let absences = self
                    .plan
                    .person(&turn.person)
                    .map(|it| it.absences.as_slice());
                let absences = absences.unwrap_or_default().iter();
                edges.extend(absences.flat_map(|it| <[_; 2]>::from(it.on(zone))));
            }
        }
        edges.retain(|at| (self.begins..=self.ends).contains(at));
        edges.sort();
        edges.dedup();
        edges
            .windows(2)
            .filter_map(|pair| Some((*pair.first()?, *pair.last()?)))
            .collect()
    }

    /// Who is on at a moment and not away.
    fn on_at(&self, at: Timestamp) -> Vec<&PersonId> {
        let zone = self.plan.zone(self.specialty);
        let mut people: Vec<&PersonId> = Vec::new();
        let running = self
            .sessions
            .iter()
            .filter(|it| it.starts <= at && at < it.ends);
        for turn in running.flat_map(|session| &session.people) {
            let person = self.plan.person(&turn.person);
            let here = person.is_some_and(|person| !person.is_away(zone, at));
            if here && !people.contains(&&turn.person) {
                people.push(&turn.person);
            }
        }
        people
    }

    /// Times that are open with nobody or one person on.
    fn cover(&self, findings: &mut Vec<Finding>) {
        for (from, until) in self.pieces() {
            let open = self
                .open
                .iter()
                .any(|(opens, closes)| *opens <= from && from < *closes);
            if !open {
                continue;
            }
            let (problem, remedy) = match self.on_at(from).as_slice() {
                [] => (Problem::Gap, "put somebody on, or close at this time"),
                [only] => {
                    let problem = Problem::OnePerson((*only).clone());
                    (
                        problem,
                        "put a second person on, so that a busy one has cover",
                    )
                }
                [_, _, ..] => continue,
            };
            findings.push(Finding {
                problem,
                place: self.place(),
                from,
                until,
                remedy: remedy.to_owned(),
            });
        }
    }

    /// Sessions that overlap, and people on them who are away.
    fn sessions(&self, findings: &mut Vec<Finding>) {
        for (place, session) in self.sessions.iter().enumerate() {
            let begins_today = self.begins <= session.starts && session.starts < self.ends;
            for other in self.sessions.iter().take(place) {
                let from = session.starts.max(other.starts);
                let until = session.ends.min(other.ends);
                if begins_today && from < until {
                    let problem = Problem::Overlap(other.name.clone(), session.name.clone());
                    let remedy = "let one end when the other begins, if that is what is meant";
                    findings.push(Finding {
                        problem,
                        place: self.place(),
                        from,
                        until,
                        remedy: remedy.to_owned(),
                    });
                }
            }
            for turn in &session.people {
                if begins_today && turn.away != Away::No {
                    findings.push(Finding {
                        problem: Problem::Away(turn.person.clone()),
                        place: self.place(),
                        from: session.starts,
                        until: session.ends,
                        remedy: "write an override without them, or a swap".to_owned(),
                    });
                }
            }
        }
    }

    /// Overrides and swaps that say something of this date, and change nothing.
    fn idle_entries(&self, date: Date, findings: &mut Vec<Finding>) {
        let usual = self.plan.usual_sessions(self.specialty, date);
        let mut add = |entry: String, remedy: &str| {
            findings.push(Finding {
                problem: Problem::Idle,
                place: format!("{}.{entry}", self.place()),
                from: self.begins,
                until: self.ends,
                remedy: remedy.to_owned(),
            });
        };
        for (number, it) in (1..).zip(&self.specialty.overrides) {
            let is_there = usual.iter().any(|session| it.is_for(session.name));
            // For a whole week it may well name sessions that not every day has.
            let of_this_day = it.days_around(date) == Some(1);
            if of_this_day && it.times.is_empty() && !is_there {
                let remedy = "name a session of that day, or give it times";
                add(format!("override.{number}"), remedy);
            }
        }
        for (number, swap) in (1..).zip(&self.specialty.swaps) {
            let halves = [(&swap.gives, &swap.first), (&swap.takes, &swap.second)];
            for (on, person) in halves.into_iter().filter(|(on, _)| on.date == date) {
                let sessions = self.plan.sessions_on(self.specialty, date);
                let mut named = sessions.iter().filter(|it| on.is(date, it.name));
                if !named.any(|session| session.people.contains(person)) {
                    let remedy = "name a session that the person who gives it is on";
                    add(format!("swap.{number}"), remedy);
                }
            }
        }
    }

    /// Adds who is on while it is open.
    fn who(&self, on: &mut Vec<On>) {
        for (from, until) in self.pieces() {
            on.extend(self.on_at(from).into_iter().map(|person| On {
                person: person.clone(),
                specialty: self.specialty.id.clone(),
                from,
                until,
            }));
        }
    }
}

/// People who are on two rotas at once; empties the list.
fn double_bookings(on_rotas: &mut Vec<On>, findings: &mut Vec<Finding>) {
    on_rotas.sort_by(|one, other| {
        let key = |on: &On| (on.person.clone(), on.from);
        key(one).cmp(&key(other))
    });
    for (place, one) in on_rotas.iter().enumerate() {
        let later = on_rotas.iter().skip(place + 1);
        let at_once = later.take_while(|it| it.person == one.person && it.from < one.until);
        for other in at_once.filter(|it| it.specialty != one.specialty) {
            findings.push(Finding {
                problem: Problem::DoubleBooked(one.person.clone(), other.specialty.clone()),
                place: format!("specialty.{}", one.specialty),
                from: one.from.max(other.from),
                until: one.until.min(other.until),
                remedy: "leave them on one of the two, or know that one waits".to_owned(),
            });
        }
    }
    on_rotas.clear();
}

fn unanswered(
    plan: &Plan,
    answered: &BTreeMap<PhoneAddress, Timestamp>,
    now: Timestamp,
    findings: &mut Vec<Finding>,
) {
    let long_ago = now
        .checked_sub((UNANSWERED_DAYS * 24).hours())
        .unwrap_or(Timestamp::MIN);
    for person in plan.people.values() {
        for (number, phone) in (1..).zip(&person.phones) {
            if let Some(at) = answered.get(&phone.to).filter(|at| **at < long_ago) {
                findings.push(Finding {
                    problem: Problem::Unanswered(person.id.clone()),
                    place: format!("person.{}.phone.{number}", person.id),
                    from: *at,
                    until: now,
                    remedy: "ring it, and put it right or take it out".to_owned(),
                });
            }
        }
    }
}

/// Findings that follow each other without a gap become one.
fn joined(findings: Vec<Finding>) -> Vec<Finding> {
    let mut joined: Vec<Finding> = Vec::new();
    // The last place in `joined` of each kind of finding.
    let mut open: BTreeMap<(String, String), usize> = BTreeMap::new();
    for finding in findings {
        let key = (finding.place.clone(), format!("{:?}", finding.problem));
        let last = open.get(&key).and_then(|place| joined.get_mut(*place));
        match last {
            Some(last) if last.until == finding.from => last.until = finding.until,
            Some(_) | None => {
                open.insert(key, joined.len());
                joined.push(finding);
            }
        }
    }
    joined
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Finding {
            problem,
            place,
            from,
            until,
            remedy,
        } = self;
        write!(f, "{place}, {from} to {until}: {problem} ({remedy})")
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Gap => f.write_str("open, and nobody is on"),
            Problem::OnePerson(person) => write!(f, "only {person} is on"),
            Problem::DoubleBooked(person, other) => {
                write!(f, "{person} is on the rota of {other} too")
            }
            Problem::Overlap(one, other) => write!(f, "{one} and {other} overlap"),
            Problem::Away(person) => write!(f, "{person} is on, and away"),
            Problem::Idle => f.write_str("changes nothing on this date"),
            Problem::Unanswered(person) => {
                write!(
                    f,
                    "this phone of {person} has not been answered for 30 days"
                )
            }
        }
    }
}
