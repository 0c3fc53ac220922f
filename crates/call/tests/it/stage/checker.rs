//! Watches every action of a call, and fails at the first that must never be.

use std::collections::BTreeMap;
use std::time::Duration;

use rotaline_call::{Action, LegEvent};
use rotaline_model::{Acceptance, LegId, Mono, RoomId, Sound};
use rotaline_record::{AttemptResult, Fact};

use super::CALLER;

/// SERVICE 1.5.
const LONGEST_SILENCE: Duration = Duration::from_millis(2200);

/// What is known of one leg.
#[derive(Debug, Default)]
struct Seen {
    dialled: bool,
    answered: bool,
    over: bool,
    accepted_by_key: bool,
    room: Option<RoomId>,
    /// Since when it hears nothing.
    silent_since: Option<Mono>,
    plays: Option<Vec<Sound>>,
}

/// The rules of a call.
#[derive(Debug, Default)]
pub struct Checker {
    legs: BTreeMap<LegId, Seen>,
    attempts: BTreeMap<u16, (LegId, Acceptance)>,
    ended: BTreeMap<u16, AttemptResult>,
    opened: u32,
    closed: u32,
    call_ended: u32,
    joined: u32,
    hunting: bool,
    undertaken: bool,
    origin: Origin,
    /// Phones that may ring at once: one, where the specialty does not ask for overlap.
    pub may_ring_together: usize,
    /// Legs that may be in one room: two, where no specialist's key adds another.
    pub may_be_joined: usize,
}

/// How the call began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// Somebody rang us: leg 0.
    #[default]
    Rung,
    /// Nobody did; the first phone that we ring is the caller's own.
    Screen,
    /// Nobody did, and its case is open.
    Later,
}

impl Checker {
    /// Nobody rings us.
    pub fn begins(&mut self, origin: Origin) {
        self.origin = origin;
        self.opened = u32::from(origin == Origin::Later);
    }

    /// Something happened on a leg.
    pub fn happened(&mut self, leg: LegId, event: LegEvent, now: Mono) {
        let seen = self.legs.entry(leg).or_default();
        match event {
            LegEvent::Answered => seen.answered = true,
            LegEvent::Refused(_) | LegEvent::Ended(_) => {
                seen.over = true;
                seen.room = None;
            }
            LegEvent::Digit(digit) => {
                seen.accepted_by_key |= seen.answered && digit.as_char() == '1';
            }
            LegEvent::Played { complete: true, .. } => {
                seen.plays = None;
                seen.silent_since = Some(now);
            }
            LegEvent::Proceeding
            | LegEvent::NextTrunk
            | LegEvent::Ringing
            | LegEvent::KeyDown(_)
            | LegEvent::AnswerphoneSign(_)
            | LegEvent::Played { .. } => {}
        }
    }

    /// The call asks for something.
    pub fn done(&mut self, action: &Action, now: Mono) {
        assert_eq!(self.closed, 0, "{action:?} after the case was closed");
        match action {
            Action::Dial { leg, .. } => {
                let seen = self.legs.entry(*leg).or_default();
                assert!(!seen.dialled, "{leg} was dialled twice");
                seen.dialled = true;
                let ringing = self
                    .legs
                    .values()
                    .filter(|leg| leg.dialled && !leg.answered && !leg.over);
                let bound = self.may_ring_together.max(1);
                assert!(
                    ringing.count() <= bound,
                    "too many phones ring for one call"
                );
            }
            Action::Answer(leg) => {
                let seen = self.leg(*leg);
                assert!(!seen.answered && !seen.over);
                seen.answered = true;
                seen.silent_since = Some(now);
            }
            Action::Enter(leg, room) => self.enters(*leg, *room),
            Action::Leave(leg) => {
                let seen = self.leg(*leg);
                seen.room = None;
                seen.silent_since = Some(now);
            }
            Action::Play { leg, sounds, .. } => {
                let seen = self.leg(*leg);
                assert!(!seen.over, "something is played to {leg}, which is gone");
                seen.plays = Some(sounds.clone());
                seen.silent_since = None;
            }
            Action::StopPlaying(leg) => {
                let seen = self.leg(*leg);
                seen.plays = None;
                seen.silent_since = Some(now);
            }
            Action::HangUp(leg, _) | Action::Reject(leg, _) => {
                let seen = self.leg(*leg);
                assert!(!seen.over, "{leg} is ended twice");
                seen.over = true;
                seen.room = None;
            }
            Action::Note(fact) => self.noted(fact),
            Action::NoteDurably(_, fact) => self.noted(fact),
            Action::Undertake(_) => self.undertaken = true,
            Action::Progress(_)
            | Action::Ask(..)
            | Action::StartRecording(..)
            | Action::TurnRecording(..)
            | Action::MaskRecording(..)
            | Action::WatchForAnswerphone(_)
            | Action::StopRecording(_) => {}
        }
    }

    /// After everything that one input has led to.
    pub fn after(&mut self, now: Mono) {
        let waits = self
            .attempts
            .keys()
            .any(|attempt| !self.ended.contains_key(attempt));
        let joined = self.joined > 0 || self.origin == Origin::Later;
        let caller = self.legs.entry(CALLER).or_default();
        if self.hunting && waits && !joined && caller.answered && !caller.over {
            let silence = caller
                .silent_since
                .map_or(Duration::ZERO, |since| now.since(since));
            assert!(
                silence <= LONGEST_SILENCE,
                "the caller waits in silence for {silence:?}"
            );
        }
    }

    /// The call says that it is over.
    pub fn finished(&self) {
        let closed = u32::from(!self.undertaken);
        assert_eq!(
            (self.opened, self.call_ended, self.closed),
            (1, 1, closed),
            "opened, ended, closed"
        );
        for (id, leg) in &self.legs {
            let rang_us = *id == CALLER && self.origin == Origin::Rung;
            let up = (leg.dialled || rang_us) && !leg.over;
            assert!(!up, "leg {id} outlives the call");
        }
        for attempt in self.attempts.keys() {
            assert!(
                self.ended.contains_key(attempt),
                "attempt {attempt} has no end"
            );
        }
    }

    fn leg(&mut self, leg: LegId) -> &mut Seen {
        self.legs.entry(leg).or_default()
    }

    fn enters(&mut self, leg: LegId, room: RoomId) {
        if leg != CALLER || self.origin != Origin::Rung {
            let (attempt, (_, acceptance)) = self
                .attempts
                .iter()
                .find(|(_, (of, _))| *of == leg)
                .expect("a leg without an attempt is joined");
            let asked = *acceptance == Acceptance::Required;
            // The attempt of somebody who is not asked may last as long as the talk.
            let accepted = asked.then_some(&AttemptResult::Accepted);
            let result = self.ended.get(attempt);
            assert_eq!(
                result,
                accepted.or(result.and(Some(&AttemptResult::Accepted)))
            );
            let seen = &self.legs[&leg];
            assert!(seen.answered && !seen.over);
            assert!(
                !asked || seen.accepted_by_key,
                "joined without a key on that very leg"
            );
        }
        self.leg(leg).room = Some(room);
        let inside = self.legs.values().filter(|leg| leg.room.is_some()).count();
        assert!(
            inside <= self.may_be_joined.max(2),
            "{inside} legs are joined"
        );
    }

    fn noted(&mut self, fact: &Fact) {
        match fact {
            Fact::CaseOpened { .. } => self.opened += 1,
            Fact::SpecialtyChosen { .. } => self.hunting = true,
            Fact::AttemptStarted {
                attempt,
                leg,
                acceptance,
                ..
            } => {
                assert!(
                    self.attempts
                        .insert(*attempt, (*leg, *acceptance))
                        .is_none()
                );
            }
            Fact::AttemptEnded {
                attempt, result, ..
            } => {
                assert!(self.attempts.contains_key(attempt));
                assert!(
                    self.ended.insert(*attempt, *result).is_none(),
                    "ended twice"
                );
            }
            Fact::Joined { .. } => {
                self.joined += 1;
                let once = self.joined == 1 || self.may_be_joined > 2;
                assert!(once, "two specialists are joined");
            }
            Fact::CallEnded { .. } => self.call_ended += 1,
            Fact::CaseClosed { .. } => {
                assert_eq!(self.call_ended, 1);
                self.closed += 1;
            }
            _ => assert_eq!(self.opened, 1, "a fact before the case was opened"),
        }
    }
}
