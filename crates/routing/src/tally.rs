//! What calls did to people: the figures that order policies are made of.
//!
//! Kept in memory beside `Presence`, on the one signalling thread; seeded from history at a start.
//! It holds no policy and knows no plan.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rotaline_model::PersonId;

/// Most people with figures; somebody beyond them counts as one who has taken no call.
const MAX_PEOPLE: usize = 10_000;
/// Answered calls that are remembered of one person; more in one day count as so many.
const MAX_ANSWERED: usize = 64;

const HOURS: usize = 24;

/// Figures of everybody who was rung.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    people: BTreeMap<PersonId, Figures>,
}

#[derive(Clone, Debug)]
struct Figures {
    /// Calls that they took, the oldest first.
    answered: Vec<Timestamp>,
    talk_ended: Option<Timestamp>,
    /// Rung and accepted, by hour of the day.
    by_hour: [(u16, u16); HOURS],
}

impl Default for Figures {
    fn default() -> Self {
        Figures {
            answered: Vec::new(),
            talk_ended: None,
            by_hour: [(0, 0); HOURS],
        }
    }
}

/// Attempts to reach somebody at one hour of the day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rate {
    /// How often they were rung.
    pub rung: u16,
    /// How often they accepted.
    pub accepted: u16,
}

/// Somebody was rung before this process began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastTurn {
    /// Who.
    pub person: PersonId,
    /// The hour of the day where they are, 0 to 23.
    pub hour: u8,
    /// When they accepted, and when the talk was over; none: they did not.
    pub talked: Option<(Timestamp, Timestamp)>,
}

impl Tally {
    /// Somebody is rung; `hour` is of the day where they are, 0 to 23.
    pub fn rang(&mut self, person: &PersonId, hour: u8) {
        if let Some((rung, accepted)) = self.hour(person, hour) {
            if *rung == u16::MAX {
                (*rung, *accepted) = (*rung / 2, *accepted / 2);
            }
            *rung += 1;
        }
    }

    /// Somebody has accepted a call, which they were rung for at `hour` of the day.
    pub fn accepted(&mut self, person: &PersonId, hour: u8, now: Timestamp) {
        if let Some((rung, accepted)) = self.hour(person, hour) {
            *accepted = accepted.saturating_add(1).min(*rung);
        }
        if let Some(figures) = self.figures(person) {
            if figures.answered.len() == MAX_ANSWERED {
                figures.answered.remove(0);
            }
            figures.answered.push(now);
        }
    }

    /// Somebody's talk is over.
    pub fn talk_ended(&mut self, person: &PersonId, now: Timestamp) {
        if let Some(figures) = self.figures(person) {
            figures.talk_ended = figures.talk_ended.max(Some(now));
        }
    }

    /// What happened before this process began, the oldest first.
    pub fn seed(&mut self, turns: impl IntoIterator<Item = PastTurn>) {
        for PastTurn {
            person,
            hour,
            talked,
        } in turns
        {
            self.rang(&person, hour);
            if let Some((taken, ended)) = talked {
                self.accepted(&person, hour, taken);
                self.talk_ended(&person, ended);
            }
        }
    }

    /// How many calls somebody has taken since a time.
    pub fn answered_since(&self, person: &PersonId, since: Timestamp) -> usize {
        self.people.get(person).map_or(0, |figures| {
            let recent = figures.answered.iter().filter(|at| **at >= since);
            recent.count()
        })
    }

    /// When somebody's last talk was over.
    pub fn last_talk(&self, person: &PersonId) -> Option<Timestamp> {
        self.people.get(person)?.talk_ended
    }

    /// How somebody answers at an hour of the day.
    pub fn rate(&self, person: &PersonId, hour: u8) -> Rate {
        let figures = self.people.get(person);
        let at = figures.and_then(|figures| figures.by_hour.get(usize::from(hour)));
        at.map_or(Rate::default(), |(rung, accepted)| Rate {
            rung: *rung,
            accepted: *accepted,
        })
    }

    fn hour(&mut self, person: &PersonId, hour: u8) -> Option<&mut (u16, u16)> {
        self.figures(person)?.by_hour.get_mut(usize::from(hour))
    }

    fn figures(&mut self, person: &PersonId) -> Option<&mut Figures> {
        if !self.people.contains_key(person) && self.people.len() >= MAX_PEOPLE {
            return None;
        }
        Some(self.people.entry(person.clone()).or_default())
    }
}
