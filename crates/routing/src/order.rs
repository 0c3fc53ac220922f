//! In which order the people of a session are rung: the rota's own, or by what calls they had.
//!
//! Ties go by the rota. The figure that decided is said with each attempt.

use std::cmp::{Ordering, Reverse};

use jiff::Timestamp;
use jiff::civil::Time;

use crate::hours;
use crate::plan::{Person, Plan, Specialty};
use crate::tally::{Rate, Tally};

/// An order policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// As the rota names them.
    #[default]
    Rota,
    /// Whoever has taken the fewest calls today comes first.
    FairShare,
    /// Whoever has been without a call for longest comes first.
    LongestIdle,
    /// Whoever accepts most often at this hour of the day comes first.
    BestAnswerRate,
}

/// Somebody in the order of ringing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ranked<'p> {
    pub person: &'p Person,
    /// Their place on the rota, from 1.
    pub place: usize,
}

impl Plan {
    /// The hour of the day where a specialty is, 0 to 23.
    pub fn hour_of_day(&self, specialty: &Specialty, now: Timestamp) -> u8 {
        let hour = self.zone(specialty).to_datetime(now).hour();
        u8::try_from(hour).unwrap_or(0)
    }

    /// Who is on the rota and not away, in the order of ringing.
    pub(crate) fn ranked<'p>(
        &'p self,
        specialty: &Specialty,
        tally: &Tally,
        now: Timestamp,
    ) -> Vec<Ranked<'p>> {
        let people = self.on_rota(specialty, now).into_iter();
        let mut ranked: Vec<Ranked<'p>> = (1..)
            .zip(people)
            .map(|(place, person)| Ranked { person, place })
            .collect();
        match specialty.order {
            Order::Rota => {}
            Order::FairShare => {
                let midnight = self.midnight(specialty, now);
                ranked.sort_by_key(|it| tally.answered_since(&it.person.id, midnight));
            }
            // Nobody has been idle for longer than somebody without any call: none comes first.
            Order::LongestIdle => ranked.sort_by_key(|it| tally.last_talk(&it.person.id)),
            Order::BestAnswerRate => {
                let hour = self.hour_of_day(specialty, now);
                ranked.sort_by(|one, other| {
                    let rate = |it: &Ranked<'_>| tally.rate(&it.person.id, hour);
                    better(rate(one), rate(other))
                });
            }
        }
        ranked
    }

    /// Why somebody has their place in the order, in plain words.
    pub(crate) fn reason(
        &self,
        specialty: &Specialty,
        tally: &Tally,
        it: Ranked<'_>,
        now: Timestamp,
    ) -> String {
        let Ranked { person, place } = it;
        match specialty.order {
            Order::Rota => format!("number {place} on the rota"),
            Order::FairShare => {
                let midnight = self.midnight(specialty, now);
                let calls = tally.answered_since(&person.id, midnight);
                format!("fewest calls taken today: {calls}")
            }
            Order::LongestIdle => match tally.last_talk(&person.id) {
                None => "longest without a call: none yet".to_owned(),
                Some(at) => {
                    let minutes = now.duration_since(at).as_secs().max(0) / 60;
                    format!("longest without a call: {minutes} minutes")
                }
            },
            Order::BestAnswerRate => {
                let hour = self.hour_of_day(specialty, now);
                let Rate { rung, accepted } = tally.rate(&person.id, hour);
                format!("best answer rate from {hour:02}:00: {accepted} of {rung}")
            }
        }
    }

    fn midnight(&self, specialty: &Specialty, now: Timestamp) -> Timestamp {
        let zone = self.zone(specialty);
        let today = zone.to_datetime(now).date();
        hours::instant(zone, today.to_datetime(Time::midnight()))
    }
}

/// The better rate comes first. One success and one failure are added to each, so that a single
/// answered call does not beat nine of ten, and somebody unknown stands in the middle.
fn better(one: Rate, other: Rate) -> Ordering {
    let parts = |rate: Rate| (u32::from(rate.accepted) + 1, u32::from(rate.rung) + 2);
    let ((a, b), (c, d)) = (parts(one), parts(other));
    Reverse(a * d).cmp(&Reverse(c * b))
}
