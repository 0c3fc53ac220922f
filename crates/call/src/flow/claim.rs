//! A code or PIN is keyed: collected unheard, guarded, and asked what it opens (SERVICE 3, 5).
//!
//! ```text
//! digits ──mask──▶ Keyed ──▶ 3 tries a call ──▶ Guard ──▶ Question::Claim ──▶ Errand
//! ```
//!
//! The recording is silent from the first digit (the writer reaches back) until the answer;
//! what was keyed is in no fact, no log and no sound, and lives only until it is answered.

use std::time::Duration;

use rotaline_model::{Dialled, Digit, EndCause, Keyed, OrganisationId, PersonId};
use rotaline_record::{Answer, CallerId, Errand, Fact, Question};
use rotaline_routing::{Phrase, TRIES_A_CALL, Verdict};

use crate::call::Vouched;
use crate::cx::{Cx, Either, first};
use crate::leg::{Leg, Next};
use crate::mask::Masked;
use crate::speech;

/// How long the first digit, and then each next one, is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long an answer may take.
const ANSWERED_WITHIN: Duration = Duration::from_secs(2);
/// Digits of a call-back code; one that begins with 9 has more.
const CODE: usize = 4;
/// Digits of a call-back code that is bound to no number: it begins with 9.
const LONG_CODE: usize = 6;
/// Digits of a patient call's PIN; a practice's directory code has fewer.
pub(super) const PIN: usize = 8;
/// What long codes begin with.
const LONG_CODES_BEGIN: Option<&u8> = Some(&b'9');

/// How it is known that all of it is keyed; `#`, or a pause, ends any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Length {
    /// A call-back code: 4 digits, or 6 where the first is a 9.
    Code,
    /// So many digits at most.
    UpTo(usize),
}

impl Length {
    fn is_complete(self, keyed: &Keyed) -> bool {
        match self {
            Length::Code if keyed.expose().first() == LONG_CODES_BEGIN => keyed.len() >= LONG_CODE,
            Length::Code => keyed.len() >= CODE,
            Length::UpTo(digits) => keyed.len() >= digits,
        }
    }
}

/// Why nothing was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotOpened {
    /// It opens nothing; there may be another try.
    NotValid,
    /// It was the last try of this call.
    TooManyTries,
    /// This number has guessed too often.
    LockedOut,
    /// It cannot be told now.
    Unavailable,
}

impl NotOpened {
    /// What the caller is told.
    pub(super) fn phrase(self) -> Phrase {
        match self {
            NotOpened::NotValid => Phrase::CodeNotValid,
            NotOpened::TooManyTries => Phrase::TooManyTries,
            NotOpened::LockedOut => Phrase::LockedOut,
            NotOpened::Unavailable => Phrase::CodesUnavailable,
        }
    }

    /// How a call ends that got no further.
    pub(super) fn cause(self) -> EndCause {
        match self {
            NotOpened::NotValid | NotOpened::TooManyTries | NotOpened::LockedOut => {
                EndCause::NoValidCode
            }
            NotOpened::Unavailable => EndCause::CodesUnavailable,
        }
    }
}

/// Asks for a code until one opens something; the caller has been told why none did.
pub(super) async fn ask_for_code(
    cx: &Cx,
    caller: &Leg,
    line: Option<&Dialled>,
    organisation: &OrganisationId,
    mut before: Vec<rotaline_model::Sound>,
) -> Result<Box<Errand>, EndCause> {
    // As often as there are tries; a call with silence in place of a code is over sooner.
    for _ in 0..=TRIES_A_CALL {
        before.push(speech::phrase(&cx.plan(), Phrase::KeyYourCode));
        caller.say(std::mem::take(&mut before));
        let (code, masked) = collect(cx, caller, Length::Code).await;
        if code.is_empty() {
            continue;
        }
        match claim(cx, line, organisation, code).await {
            Ok(errand) => return Ok(errand),
            Err(why) => {
                drop(masked);
                let told = vec![speech::phrase(&cx.plan(), why.phrase())];
                if why != NotOpened::NotValid {
                    caller.tell(told).await;
                    return Err(why.cause());
                }
                before = told;
            }
        }
    }
    let silent = speech::phrase(&cx.plan(), Phrase::NothingKeyed);
    caller.tell(vec![silent]).await;
    Err(EndCause::NothingKeyed)
}

/// Collects digits, `0` to `9`; what is recorded is masked from the first one's key-down until the
/// second value is dropped.
pub(super) async fn collect(cx: &Cx, caller: &Leg, length: Length) -> (Keyed, Option<Masked>) {
    let mut masked = None;
    let mut keyed = Keyed::default();
    // While it is said what to key, there is as long again.
    let mut until = cx.now() + crate::leg::MAX_SPEAKING;
    let mut speaking = caller.with(|state| state.speaking());
    loop {
        let next = match &masked {
            Some(_) => caller.next(speaking, until).await,
            None => match first(caller.digit_begins(), caller.next(speaking, until)).await {
                Either::First(()) => {
                    masked = Some(Masked::new(cx));
                    continue;
                }
                Either::Second(next) => next,
            },
        };
        match next {
            Next::Key(key) if key.digit == Digit::HASH => break,
            Next::Key(key) => {
                masked.get_or_insert_with(|| Masked::new(cx));
                caller.stop_playing();
                speaking = None;
                until = cx.now() + PATIENCE;
                // `*` begins anew.
                if key.digit == Digit::STAR {
                    keyed = Keyed::default();
                } else if !keyed.push(key.digit) || length.is_complete(&keyed) {
                    break;
                }
            }
            Next::Spoken => {
                speaking = None;
                until = cx.now() + PATIENCE;
            }
            Next::Time | Next::Gone => break,
        }
    }
    (keyed, masked)
}

/// Has a code or PIN evaluated, if it may be; it opens what it opens for this call alone.
pub(super) async fn claim(
    cx: &Cx,
    line: Option<&Dialled>,
    organisation: &OrganisationId,
    code: Keyed,
) -> Result<Box<Errand>, NotOpened> {
    let tries = admitted(cx)?;
    let question = Question::Claim {
        line: line.cloned(),
        organisation: organisation.clone(),
        code,
        caller: cx.caller().clone(),
    };
    match cx.ask(question, ANSWERED_WITHIN).await {
        Answer::Claimed(errand) => {
            cx.note(Fact::ErrandClaimed {
                errand: errand.id,
                kind: errand.kind,
                requester: errand.requester.clone(),
                case: errand.case,
            });
            Ok(errand)
        }
        Answer::Refused => Err(refused(cx, tries)),
        Answer::Unavailable
        | Answer::Kept
        | Answer::Confirmed
        | Answer::Missed(_)
        | Answer::AwaitedOutcome { .. } => Err(NotOpened::Unavailable),
    }
}

/// Asks somebody for their own PIN until it is right; the caller has been told why it was not.
/// "Returning needs the person's PIN or a phone that the trunk vouches for": theirs is the phone
/// that rings, so then nothing is asked.
pub(super) async fn ask_for_pin(cx: &Cx, caller: &Leg, person: &PersonId) -> Result<(), EndCause> {
    if cx.vouched() == Vouched::ByTrunk {
        return Ok(());
    }
    let mut before = Vec::new();
    for _ in 0..TRIES_A_CALL {
        before.push(speech::phrase(&cx.plan(), Phrase::KeyYourPin));
        caller.say(std::mem::take(&mut before));
        let (pin, masked) = collect(cx, caller, Length::UpTo(rotaline_model::MAX_KEYED)).await;
        if pin.is_empty() {
            continue;
        }
        let checked = check_pin(cx, person, pin).await;
        drop(masked);
        let Err(why) = checked else { return Ok(()) };
        let told = vec![speech::phrase(&cx.plan(), why.phrase())];
        if why != NotOpened::NotValid {
            caller.tell(told).await;
            return Err(why.cause());
        }
        before = told;
    }
    let silent = speech::phrase(&cx.plan(), Phrase::NothingKeyed);
    caller.tell(vec![silent]).await;
    Err(EndCause::NothingKeyed)
}

async fn check_pin(cx: &Cx, person: &PersonId, pin: Keyed) -> Result<(), NotOpened> {
    let tries = admitted(cx)?;
    let person = person.clone();
    let question = Question::CheckPin { person, pin };
    match cx.ask(question, ANSWERED_WITHIN).await {
        Answer::Confirmed => Ok(()),
        Answer::Refused => Err(refused(cx, tries)),
        Answer::Unavailable
        | Answer::Kept
        | Answer::Claimed(_)
        | Answer::Missed(_)
        | Answer::AwaitedOutcome { .. } => Err(NotOpened::Unavailable),
    }
}

/// Whether another code or PIN may be evaluated: which one of this call it is.
fn admitted(cx: &Cx) -> Result<u8, NotOpened> {
    if cx.code_tries() >= TRIES_A_CALL {
        return Err(NotOpened::TooManyTries);
    }
    let verdict = match cx.caller() {
        CallerId::Number(number) => {
            let number = number.expose().as_str();
            cx.guard().admit(Some(number), cx.now())
        }
        CallerId::Other(text) => cx.guard().admit(Some(text.expose()), cx.now()),
        CallerId::Withheld => cx.guard().admit(None, cx.now()),
    };
    match verdict {
        Verdict::Evaluate => Ok(cx.another_code()),
        Verdict::LockedOut => Err(NotOpened::LockedOut),
        Verdict::Overloaded => Err(NotOpened::Unavailable),
    }
}

fn refused(cx: &Cx, tries: u8) -> NotOpened {
    cx.note(Fact::CodeRefused { tries });
    if tries >= TRIES_A_CALL {
        NotOpened::TooManyTries
    } else {
        NotOpened::NotValid
    }
}
