//! The order of a hunt (SERVICE 1.6): people of the current session in the specialty's order, one
//! phone each in the first round, the phones that were not tried in the rounds after it.
//!
//! It says who is next; ringing them, and how long for, is the call's.

use std::time::Duration;

use jiff::Timestamp;
use rotaline_model::{PersonId, SpecialtyId};

use crate::address::PhoneAddress;
use crate::plan::{Person, Phone, PhoneKind, Plan, Specialty};
use crate::presence::{Availability, Presence};

/// Who is to be rung next.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Who.
    pub person: PersonId,
    /// What kind of phone.
    pub kind: PhoneKind,
    /// Which phone.
    pub to: PhoneAddress,
    /// How long it rings, from its first 18x.
    pub ring_time: Duration,
    /// The round, from 1.
    pub round: u8,
    /// Why this one, in plain words, with who was skipped and why.
    pub reason: String,
}

/// What a hunt does next.
#[derive(Clone, Debug)]
pub enum Next {
    /// Rings somebody.
    Ring(Box<Candidate>),
    /// Everybody was tried, or skipped.
    Exhausted,
    /// There is nobody on the rota.
    NobodyOnRota,
}

/// One hunt: what it has tried. The plan and presence are read anew at each step.
#[derive(Clone, Debug)]
pub struct Hunt {
    specialty: SpecialtyId,
    /// Not more than these, whatever the organisation says.
    most_rounds: u8,
    round: u8,
    /// Who has had their turn in this round.
    done: Vec<PersonId>,
    /// Which phones were rung, and for whom: colleagues may share one.
    tried: Vec<(PersonId, PhoneAddress)>,
    skipped: String,
}

impl Hunt {
    /// A hunt that has tried nobody.
    pub fn new(specialty: SpecialtyId) -> Self {
        Hunt {
            specialty,
            most_rounds: u8::MAX,
            round: 1,
            done: Vec::new(),
            tried: Vec::new(),
            skipped: String::new(),
        }
    }

    /// The same with one round only.
    #[must_use]
    pub fn of_one_round(self) -> Self {
        Hunt {
            most_rounds: 1,
            ..self
        }
    }

    /// Who is to be rung now. `passed_on` are the people who passed this call on.
    pub fn next(
        &mut self,
        plan: &Plan,
        presence: &Presence,
        passed_on: &[PersonId],
        now: Timestamp,
    ) -> Next {
        let Some(specialty) = plan.specialty(&self.specialty) else {
            return Next::NobodyOnRota;
        };
        let people = plan.ranked(specialty, presence.tally(), now);
        if people.is_empty() && self.tried.is_empty() {
            return Next::NobodyOnRota;
        }
        let rounds = plan
            .organisation(&specialty.organisation)
            .map_or(1, |it| it.rounds.min(self.most_rounds));
        while self.round <= rounds {
            for ranked in &people {
                let person = ranked.person;
                if self.done.contains(&person.id) {
                    continue;
                }
                let tried = |phone: &&Phone| {
                    self.tried
                        .iter()
                        .any(|(who, to)| *who == person.id && *to == phone.to)
                };
                let untried = || person.phones.iter().filter(|phone| !tried(phone));
                let more = untried().count() > 1;
                let Some(phone) = untried().next() else {
                    self.done.push(person.id.clone());
                    continue;
                };
                if let Some(why) = why_skipped(presence, passed_on, person, now) {
                    self.skip(person, why);
                    continue;
                }
                if self.round == 1 || !more {
                    self.done.push(person.id.clone());
                }
                let reason = plan.reason(specialty, presence.tally(), *ranked, now);
                let candidate = self.candidate(plan, specialty, person, phone, &reason);
                self.tried.push((person.id.clone(), phone.to.clone()));
                return Next::Ring(Box::new(candidate));
            }
            self.round += 1;
            self.done.clear();
        }
        Next::Exhausted
    }

    fn skip(&mut self, person: &Person, why: &str) {
        self.done.push(person.id.clone());
        for part in ["; skipped ", person.id.as_str(), " (", why, ")"] {
            self.skipped.push_str(part);
        }
    }

    fn candidate(
        &mut self,
        plan: &Plan,
        specialty: &Specialty,
        person: &Person,
        phone: &Phone,
        reason: &str,
    ) -> Candidate {
        let turn = match self.round {
            1 => "",
            2 => ", second round",
            _ => ", later round",
        };
        let skipped = std::mem::take(&mut self.skipped);
        Candidate {
            person: person.id.clone(),
            kind: phone.kind,
            to: phone.to.clone(),
            ring_time: plan.ring_time(specialty, person, phone),
            round: self.round,
            reason: format!("{reason}{turn}{skipped}"),
        }
    }
}

fn why_skipped(
    presence: &Presence,
    passed_on: &[PersonId],
    person: &Person,
    now: Timestamp,
) -> Option<&'static str> {
    if passed_on.contains(&person.id) {
        return Some("has passed this call on");
    }
    match presence.availability(&person.id, now) {
        Availability::Free => None,
        Availability::Busy => Some("busy on another call"),
        Availability::Paused => Some("has paused their calls"),
    }
}
