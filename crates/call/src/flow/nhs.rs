//! The patient's NHS number, asked by keypad while a phone rings, where an organisation wants it
//! (SERVICE 1.4). Whatever is keyed is masked, and so is its reading back; an acceptance drops the
//! question where it stands.

use std::time::Duration;

use rotaline_model::{Digit, NhsNumber, Pii, Sound, SpecialtyId};
use rotaline_record::{Fact, OutcomeHow};
use rotaline_routing::Phrase;

use super::arrive::caller_in_words;
use crate::cx::{Cx, Either, WhoCalls, first};
use crate::leg::{Leg, Next};
use crate::mask::Masked;
use crate::speech;

/// How long the next digit is waited for.
const PATIENCE: Duration = Duration::from_secs(8);
/// How often it is asked in all.
const TRIES: u8 = 3;
/// Digits of an NHS number.
const DIGITS: usize = 10;

/// What came of the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// It is given, skipped or left open: it is not asked again in this call.
    Done,
    /// The caller pressed `*`.
    BackToMenu,
}

/// What was keyed.
enum Keyed {
    Number(NhsNumber),
    NoNumber,
    Skipped,
    BackToMenu,
}

/// What is keyed before the question, by whoever knows it: masked from its first key on.
pub(super) struct Ahead {
    digit: Option<Digit>,
    masked: Masked,
}

impl Ahead {
    /// A digit's key is down.
    pub(super) fn begun(cx: &Cx) -> Self {
        let (digit, masked) = (None, Masked::new(cx));
        Ahead { digit, masked }
    }

    /// A digit is keyed.
    pub(super) fn keyed(cx: &Cx, digit: Digit) -> Self {
        let (digit, masked) = (Some(digit), Masked::new(cx));
        Ahead { digit, masked }
    }
}

/// Waits for a digit's key to go down, where the number will be asked for.
pub(super) async fn begins(caller: &Leg, is_asked: bool) {
    match is_asked {
        true => caller.digit_begins().await,
        false => std::future::pending().await,
    }
}

/// Whether the number will be asked for: its organisation wants it, and it was not asked before.
pub(super) fn will_be_asked(cx: &Cx, specialty: &SpecialtyId) -> bool {
    let plan = cx.plan();
    let specialty = plan.specialty(specialty);
    let organisation = specialty.and_then(|it| plan.organisation(&it.organisation));
    let wants = organisation.is_some_and(|it| it.ask_nhs_number);
    // Patients are not asked what a clinician would be.
    wants && cx.who_calls() == WhoCalls::Clinician && !cx.has_asked_nhs_number()
}

/// The same; from now on it is asked.
pub(super) fn is_wanted(cx: &Cx, specialty: &SpecialtyId) -> bool {
    will_be_asked(cx, specialty) && cx.asks_nhs_number_first()
}

/// Asks, unless the answer has begun; ring tone goes on between.
pub(super) async fn ask(cx: &Cx, caller: &Leg, mut ahead: Option<Ahead>) -> Asked {
    let phrase = |phrase| speech::phrase(&cx.plan(), phrase);
    let mut sounds = match ahead {
        Some(_) => vec![Sound::RingTone],
        None => vec![phrase(Phrase::KeyNhsNumber), Sound::RingTone],
    };
    for _ in 0..TRIES {
        caller.play_on(std::mem::take(&mut sounds));
        let (digit, mut masked) = match ahead.take() {
            Some(Ahead { digit, masked }) => (digit, Some(masked)),
            None => (None, None),
        };
        match keyed(cx, caller, digit, &mut masked).await {
            Keyed::Number(number) => {
                cx.note(Fact::NhsNumberGiven {
                    nhs_number: Pii::new(number),
                    by: caller_in_words(cx, &cx.plan()),
                    how: OutcomeHow::Key,
                });
                let read_back = speech::digits(&cx.plan(), Phrase::NhsNumberIs, number.digits());
                caller.read_back(read_back).await;
                return Asked::Done;
            }
            Keyed::NoNumber => sounds = vec![phrase(Phrase::NotAnNhsNumber)],
            Keyed::Skipped => return Asked::Done,
            Keyed::BackToMenu => return Asked::BackToMenu,
        }
        sounds.extend([phrase(Phrase::KeyNhsNumber), Sound::RingTone]);
    }
    Asked::Done
}

async fn keyed(
    cx: &Cx,
    caller: &Leg,
    first_digit: Option<Digit>,
    masked: &mut Option<Masked>,
) -> Keyed {
    let mut digits = String::with_capacity(DIGITS);
    digits.extend(first_digit.map(Digit::as_char));
    loop {
        // A key acts at its end; in band it may be held, and heard, for longer than a mask reaches
        // back.
        let begins = async {
            match masked {
                Some(_) => std::future::pending().await,
                None => caller.digit_begins().await,
            }
        };
        let next = match first(caller.next(None, cx.now() + PATIENCE), begins).await {
            Either::First(next) => next,
            Either::Second(()) => {
                *masked = Some(Masked::new(cx));
                continue;
            }
        };
        match next {
            Next::Key(key) if key.digit == Digit::HASH => return Keyed::Skipped,
            Next::Key(key) if key.digit == Digit::STAR => return Keyed::BackToMenu,
            Next::Key(key) => {
                masked.get_or_insert_with(|| Masked::new(cx));
                digits.push(key.digit.as_char());
                if digits.len() == DIGITS {
                    return NhsNumber::parse(&digits).map_or(Keyed::NoNumber, Keyed::Number);
                }
            }
            Next::Time if digits.is_empty() => return Keyed::Skipped,
            Next::Time => return Keyed::NoNumber,
            // Whoever runs the hunt sees the end of the caller's leg, and drops this.
            Next::Gone => std::future::pending().await,
            Next::Spoken => {}
        }
    }
}
