//! Who can be rung at this moment: busy on a call of this service, or paused by themselves.
//!
//! It lives on the one signalling thread, so that finding somebody free and reserving them is one
//! step that nothing comes between.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use rotaline_model::PersonId;

/// Whether somebody can be rung.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Availability {
    /// They can.
    Free,
    /// They are being rung, or are talking, in a call of this service.
    Busy,
    /// They have paused their calls.
    Paused,
}

/// Who is busy and who has paused.
#[derive(Clone, Debug, Default)]
pub struct Presence {
    reserved: BTreeSet<PersonId>,
    paused_until: BTreeMap<PersonId, Timestamp>,
}

impl Presence {
    /// Whether somebody can be rung.
    pub fn availability(&self, person: &PersonId, now: Timestamp) -> Availability {
        if self.reserved.contains(person) {
            Availability::Busy
        } else if self
            .paused_until
            .get(person)
            .is_some_and(|until| *until > now)
        {
            Availability::Paused
        } else {
            Availability::Free
        }
    }

    /// Reserves somebody; false if they are reserved already.
    #[must_use]
    pub fn reserve(&mut self, person: &PersonId) -> bool {
        self.reserved.insert(person.clone())
    }

    /// Ends a reservation.
    pub fn release(&mut self, person: &PersonId) {
        self.reserved.remove(person);
    }

    /// How many people are reserved.
    pub fn reserved(&self) -> usize {
        self.reserved.len()
    }

    /// Pauses somebody's calls until a time.
    pub fn pause(&mut self, person: &PersonId, until: Timestamp) {
        self.paused_until.insert(person.clone(), until);
    }

    /// Ends a pause.
    pub fn resume(&mut self, person: &PersonId) {
        self.paused_until.remove(person);
    }
}
