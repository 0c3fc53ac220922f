//! Who can be rung at this moment: busy on a call of this service, or paused by themselves. And
//! which lines ring, so that one that is diverted to us is known when its call comes round.
//!
//! It lives on the one signalling thread, so that finding somebody free and reserving them is one
//! step that nothing comes between.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use rotaline_model::{Dialled, PersonId, PracticeId, SpecialtyId};

use crate::tally::Tally;

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
    ringing: BTreeMap<Dialled, Ringing>,
    /// As many as there are practices.
    last_choices: BTreeMap<PracticeId, SpecialtyId>,
    tally: Tally,
}

/// A line that rings for one call or more.
#[derive(Clone, Copy, Debug, Default)]
struct Ringing {
    calls: u32,
    has_come_round: bool,
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

    /// Until when somebody has paused their calls; none if they have not.
    pub fn paused_until(&self, person: &PersonId, now: Timestamp) -> Option<Timestamp> {
        self.paused_until
            .get(person)
            .copied()
            .filter(|until| *until > now)
    }

    /// Ends a pause.
    pub fn resume(&mut self, person: &PersonId) {
        self.paused_until.remove(person);
    }

    /// What calls did to people.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// The same, to be told what happens.
    pub fn tally_mut(&mut self) -> &mut Tally {
        &mut self.tally
    }

    /// A practice has called a specialty.
    pub fn chose(&mut self, practice: &PracticeId, specialty: &SpecialtyId) {
        self.last_choices
            .insert(practice.clone(), specialty.clone());
    }

    /// Which specialty a practice called last.
    pub fn last_choice(&self, practice: &PracticeId) -> Option<&SpecialtyId> {
        self.last_choices.get(practice)
    }

    /// A line rings from now on.
    pub fn rings(&mut self, line: &Dialled) {
        self.ringing.entry(line.clone()).or_default().calls += 1;
    }

    /// A line rings no longer, for one of the calls that it rang for.
    pub fn rings_no_more(&mut self, line: &Dialled) {
        if let Some(ringing) = self.ringing.get_mut(line) {
            ringing.calls -= 1;
            if ringing.calls == 0 {
                self.ringing.remove(line);
            }
        }
    }

    /// A call of ours has come round to us, diverted by `lines`. Where they are not named, it can
    /// only be told if a single line rings.
    pub fn came_round(&mut self, lines: &[Dialled]) {
        let single = self.ringing.len() == 1;
        let named = self.ringing.keys().any(|line| lines.contains(line));
        for (line, ringing) in &mut self.ringing {
            if lines.contains(line) || (single && !named) {
                ringing.has_come_round = true;
            }
        }
    }

    /// Whether a line that rings has come round to us.
    pub fn has_come_round(&self, line: &Dialled) -> bool {
        self.ringing
            .get(line)
            .is_some_and(|ringing| ringing.has_come_round)
    }
}
