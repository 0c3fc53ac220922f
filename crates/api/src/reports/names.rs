//! Names of what lines know by id, and the zone that a line's clock is in: from the plan as it is
//! now.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use rotaline_model::{OrganisationId, PersonId, PracticeId, SpecialtyId};
use rotaline_routing::{Activity, Specialty};
use rotaline_store::CallLine;

use crate::Edition;

/// Gives names for ids; what the plan does not have any more keeps its id.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    edition: Arc<Edition>,
    /// Of lines without an organisation.
    zone: TimeZone,
}

impl Names {
    /// Of an edition of the plan; `zone` is the clock of lines that are no organisation's.
    pub(super) fn new(edition: Arc<Edition>, zone: TimeZone) -> Self {
        Names { edition, zone }
    }

    /// The clock of lines that are no organisation's.
    pub(super) fn zone(&self) -> &TimeZone {
        &self.zone
    }

    pub(super) fn organisation<'a>(&'a self, id: &'a str) -> &'a str {
        let known = OrganisationId::parse(id).ok();
        let known = known.and_then(|id| self.edition.plan.organisation(&id));
        known.map_or(id, |organisation| &organisation.name)
    }

    pub(super) fn specialty<'a>(&'a self, id: &'a str) -> &'a str {
        self.known_specialty(id)
            .map_or(id, |specialty| &specialty.name)
    }

    pub(super) fn practice<'a>(&'a self, id: &'a str) -> &'a str {
        let known = PracticeId::parse(id).ok();
        let known = known.and_then(|id| self.edition.plan.practice(&id));
        known.map_or(id, |practice| &practice.name)
    }

    pub(super) fn person<'a>(&'a self, id: &'a str) -> &'a str {
        let known = PersonId::parse(id).ok();
        let known = known.and_then(|id| self.edition.plan.person(&id));
        known.map_or(id, |person| &person.name)
    }

    pub(super) fn outcome<'a>(&'a self, specialty: Option<&str>, id: &'a str) -> &'a str {
        let menu = specialty.and_then(|specialty| self.known_specialty(specialty));
        let mut menu = menu.into_iter().flat_map(|specialty| &specialty.outcomes);
        menu.find(|outcome| outcome.id == id)
            .map_or(id, |outcome| &outcome.name)
    }

    /// How the activity return counts an outcome; what the menu does not have any more was an
    /// answer at least.
    pub(super) fn activity(&self, specialty: &str, outcome: &str) -> Activity {
        let menu = self.known_specialty(specialty).into_iter();
        let mut menu = menu.flat_map(|specialty| &specialty.outcomes);
        menu.find(|known| known.id == outcome)
            .map_or(Activity::default(), |outcome| outcome.activity)
    }

    /// Whether an outcome is asked for after a specialty's calls.
    pub(super) fn has_menu(&self, specialty: &str) -> bool {
        self.known_specialty(specialty)
            .is_some_and(|specialty| !specialty.outcomes.is_empty())
    }

    /// The specialties after whose calls an outcome is asked for.
    pub(super) fn with_menu(&self) -> Vec<SpecialtyId> {
        let all = self.edition.plan.specialties();
        let with = all.filter(|specialty| !specialty.outcomes.is_empty());
        with.map(|specialty| specialty.id.clone()).collect()
    }

    /// When a call came, on the clock of its organisation.
    pub(super) fn local(&self, line: &CallLine) -> DateTime {
        let at = Timestamp::from_microsecond(line.opened_us).unwrap_or_default();
        let id = line.organisation.as_deref();
        let id = id.and_then(|id| OrganisationId::parse(id).ok());
        let organisation = id.and_then(|id| self.edition.plan.organisation(&id));
        let zone = organisation.map_or(&self.zone, |organisation| &organisation.zone);
        zone.to_datetime(at)
    }

    fn known_specialty(&self, id: &str) -> Option<&Specialty> {
        let id = SpecialtyId::parse(id).ok()?;
        self.edition.plan.specialty(&id)
    }
}
