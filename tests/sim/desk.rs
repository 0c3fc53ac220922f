//! The world outside the switch, as its questions find it: codes and PINs that open something once,
//! missed calls, outcomes on screens. Slow at times, and at times away.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{Timestamp, ToSpan};
use rotaline_model::{CaseId, ErrandId, PersonId, PhoneNumber};
use rotaline_record::{Answer, CallerId, Errand, MissedCall, Question};

use crate::cast::Dice;

/// A code or PIN, and what it opens.
#[derive(Clone, Debug)]
pub struct Live {
    /// What is to be keyed.
    pub code: String,
    /// What it opens.
    pub errand: Errand,
    /// The only number that it opens anything from, if there is one.
    pub bound: Option<PhoneNumber>,
    /// Until when.
    pub until: Timestamp,
}

/// Whoever answers.
pub struct Desk {
    dice: Dice,
    live: Vec<Live>,
    /// Who opened what.
    pub given: BTreeMap<ErrandId, CallerId>,
    pins: BTreeMap<PersonId, &'static str>,
    missed: Vec<MissedCall>,
    reliable: bool,
}

impl Desk {
    /// A desk that knows these codes, and is as unreliable as networks are.
    pub fn new(live: Vec<Live>, pins: BTreeMap<PersonId, &'static str>, seed: u64) -> Self {
        Desk {
            dice: Dice::new(seed ^ 0x6465_736b),
            live,
            given: BTreeMap::new(),
            pins,
            missed: Vec::new(),
            reliable: false,
        }
    }

    /// The same, always there.
    pub fn reliable(self) -> Self {
        Desk {
            reliable: true,
            ..self
        }
    }

    /// What it opens.
    pub fn errands(&self) -> impl Iterator<Item = &Errand> {
        self.live.iter().map(|live| &live.errand)
    }

    /// What callers of the call-back line have on their screens.
    pub fn short_codes(&self) -> Vec<String> {
        self.codes(|code| code.len() < 8)
    }

    /// PINs of patient calls.
    pub fn pins(&self) -> Vec<String> {
        self.codes(|code| code.len() == 8)
    }

    fn codes(&self, are: impl Fn(&str) -> bool) -> Vec<String> {
        let codes = self.live.iter().map(|live| live.code.clone());
        codes.filter(|code| are(code)).collect()
    }

    /// Everybody has missed this one.
    pub fn missed(&mut self, call: MissedCall) {
        self.missed.push(call);
    }

    /// The answer, and after what time it comes; none: never.
    pub fn answer(&mut self, question: &Question, now: Timestamp) -> Option<(Duration, Answer)> {
        let answer = match question {
            Question::Claim { code, caller, .. } => self.claim(code.expose(), caller, now),
            Question::CheckPin { person, pin } => match self.pins.get(person) {
                Some(known) if known.as_bytes() == pin.expose() => Answer::Confirmed,
                Some(_) | None => Answer::Refused,
            },
            Question::OutcomeGiven { .. } => match self.dice.percent(50) {
                true => Answer::Confirmed,
                false => Answer::Refused,
            },
            Question::Missed { .. } => Answer::Missed(self.missed.clone()),
            Question::AwaitedOutcome { .. } => {
                let awaited = self.missed.iter().find_map(|call| {
                    let specialty = call.specialty.clone()?;
                    let case = call.case;
                    Some(Answer::AwaitedOutcome { case, specialty })
                });
                awaited.unwrap_or(Answer::Refused)
            }
            Question::GiveOutcome { .. } => Answer::Confirmed,
        };
        if self.reliable {
            return Some((Duration::from_millis(20), answer));
        }
        match self.dice.below(20) {
            0 => None,
            // Too late: what it opens is opened for nobody.
            1 => Some((Duration::from_millis(2_500), answer)),
            2 => Some((self.dice.up_to_ms(100), Answer::Unavailable)),
            _ => Some((self.dice.up_to_ms(900), answer)),
        }
    }

    fn claim(&mut self, code: &[u8], caller: &CallerId, now: Timestamp) -> Answer {
        let bound_to = |live: &Live| match (&live.bound, caller) {
            (None, _) => true,
            (Some(bound), CallerId::Number(number)) => number.expose() == bound,
            (Some(_), CallerId::Other(_) | CallerId::Withheld) => false,
        };
        let opens = |live: &&Live| {
            let used = self.given.contains_key(&live.errand.id);
            live.code.as_bytes() == code && !used && live.until > now && bound_to(live)
        };
        match self.live.iter().find(opens) {
            None => Answer::Refused,
            Some(live) => {
                self.given.insert(live.errand.id, caller.clone());
                Answer::Claimed(Box::new(live.errand.clone()))
            }
        }
    }
}

/// A call that everybody missed.
pub fn missed_call(
    number: &PhoneNumber,
    case: CaseId,
    now: Timestamp,
    answered: bool,
) -> MissedCall {
    MissedCall {
        case,
        specialty: rotaline_model::SpecialtyId::parse("cardiology").ok(),
        at: now.checked_sub(1.hours()).unwrap_or(now),
        caller: CallerId::Number(number.clone().into()),
        answered,
    }
}
