//! The service directory (SERVICE 10): what anybody may know of an organisation's teams, drawn
//! from the plan that is hunted. Nobody who answers is named here.

use jiff::Timestamp;
use rotaline_model::{Dialled, OrganisationId};

use crate::plan::{Organisation, Plan, Specialty};
use crate::service::Service;

/// An organisation, as callers find it.
#[derive(Clone, Debug)]
pub struct Directory<'a> {
    /// Whose.
    pub organisation: &'a Organisation,
    /// Where its menu is reached, in the order of their digits.
    pub dial_in: Vec<&'a Dialled>,
    /// Teams that have a key, by it, then those with a number of their own.
    pub entries: Vec<Entry<'a>>,
}

/// A team.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    /// Which.
    pub specialty: &'a Specialty,
    /// Numbers that reach it without a menu.
    pub direct: Vec<&'a Dialled>,
    /// Whether it can be rung now.
    pub hours: Openness,
}

/// Whether a team is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Openness {
    /// It is, until then; none: for a day and longer.
    Open {
        /// When it closes.
        until: Option<Timestamp>,
    },
    /// It is closed.
    Closed {
        /// When it opens; none: not within the next weeks.
        opens: Option<Timestamp>,
    },
}

impl Plan {
    /// What callers may know of an organisation at a moment; none: there is no such.
    pub fn directory(&self, id: &OrganisationId, now: Timestamp) -> Option<Directory<'_>> {
        let organisation = self.organisation(id)?;
        let leads = |is: &dyn Fn(&Service) -> bool| {
            let numbers = self.numbers.iter().filter(|(_, service)| is(service));
            numbers.map(|(number, _)| number).collect::<Vec<_>>()
        };
        let dial_in =
            leads(&|it| matches!(it, Service::DialIn { organisation } if organisation == id));
        let mut entries: Vec<_> = self
            .specialties
            .values()
            .filter(|specialty| specialty.organisation == *id)
            .map(|specialty| Entry {
                specialty,
                direct: leads(
                    &|it| matches!(it, Service::Specialty { specialty: of } if *of == specialty.id),
                ),
                hours: self.openness(specialty, now),
            })
            .filter(|entry| entry.specialty.key.is_some() || !entry.direct.is_empty())
            .collect();
        entries.sort_by_key(|entry| (entry.specialty.key.is_none(), entry.specialty.key));
        Some(Directory {
            organisation,
            dial_in,
            entries,
        })
    }

    fn openness(&self, specialty: &Specialty, now: Timestamp) -> Openness {
        if !self.open_at(specialty, now) {
            let opens = self.next_opening(specialty, now).map(|opening| opening.at);
            return Openness::Closed { opens };
        }
        let closes = self.closes_at(specialty, now);
        Openness::Open {
            until: (!self.open_at(specialty, closes)).then_some(closes),
        }
    }
}
