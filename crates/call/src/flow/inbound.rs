//! The inbound number is rung back (SERVICE 2): a specialist who was missed hears of it, may
//! return the call, pause and resume, and leave the outcome of their last talk. Anyone else hears
//! a neutral message. No surgery and no patient is ever named, since a caller's number can be
//! forged; what is returned or kept is asked a PIN for first.

use std::time::Duration;

use jiff::SignedDuration;
use rotaline_model::{Acceptance, Digit, EndCause, NotAsked, PersonId, Sound, SpecialtyId};
use rotaline_record::{Answer, AttemptResult, CallerId, Fact, MissedCall, PhoneKind, Question};
use rotaline_routing::Phrase;

use super::arrive::{caller_number, while_here};
use super::claim;
use super::outcome::{self, Asking, Menu, Talk};
use super::talk::talk;
use crate::attempt::{Attempt, Patience, Placed, Reserved, Target};
use crate::boundary::PhoneAddress;
use crate::cx::Cx;
use crate::leg::{Asked, Leg};
use crate::speech;

/// "Missed in the last 24 h"
const MISSED_WITHIN: SignedDuration = SignedDuration::from_hours(24);
/// "2 pause my calls for 30 minutes"
const PAUSE: SignedDuration = SignedDuration::from_mins(30);
/// How long an answer may take.
const ANSWERED_WITHIN: Duration = Duration::from_secs(1);
/// "4 leave an outcome": of a talk that old at most. Older ones are given on a screen.
const TALKED_WITHIN: SignedDuration = SignedDuration::from_hours(24);
/// How long a key is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often a choice is asked for: somebody who keys on and on is let go.
const QUESTIONS: u8 = 6;
/// How long a surgery's phone rings.
const RING: Duration = Duration::from_secs(45);

/// The surgery is rung, for this team's outcome menu.
struct Returned {
    attempt: Attempt,
    specialty: Option<SpecialtyId>,
}

/// Answers, and tells whoever was missed.
pub(super) async fn rung_back(cx: &Cx, caller: Leg) -> EndCause {
    caller.answer();
    cx.start_recording(caller.id());
    cx.if_left(EndCause::Told);
    let told = while_here(cx, &caller, Box::pin(tell(cx, &caller))).await;
    match told {
        Err(left) => left,
        Ok(Err(cause)) => cause,
        Ok(Ok(Returned { attempt, specialty })) => talk(cx, caller, attempt, specialty).await,
    }
}

async fn tell(cx: &Cx, caller: &Leg) -> Result<Returned, EndCause> {
    let Some(person) = whose_phone(cx) else {
        let neutral = speech::after_answer(&cx.plan(), Phrase::NeutralMessage);
        caller.tell(neutral).await;
        return Err(EndCause::Told);
    };
    let missed = missed(cx, &person).await;
    let to_return = missed.as_ref().filter(|missed| !missed.answered);
    let mut sounds = news(cx, missed.as_ref());
    for _ in 0..QUESTIONS {
        sounds.push(speech::phrase(&cx.plan(), Phrase::MissedChoices));
        let key = match caller.ask(std::mem::take(&mut sounds), PATIENCE).await {
            Asked::Gone | Asked::Nothing => break,
            Asked::Key(key) => key.digit,
        };
        let done = match (key.as_char(), to_return) {
            ('1', Some(missed)) => return returned(cx, caller, &person, missed).await,
            ('4', _) => match Box::pin(outcome_left(cx, caller, &person)).await? {
                Left::Outcome => continue,
                Left::None(why) => why,
            },
            ('2', _) => pause(cx, &person),
            ('3', _) => resume(cx, &person),
            _ if key == Digit::STAR => {
                sounds = news(cx, missed.as_ref());
                continue;
            }
            _ => Phrase::NotAChoice,
        };
        sounds.push(speech::phrase(&cx.plan(), done));
    }
    caller
        .tell(vec![speech::phrase(&cx.plan(), Phrase::Goodbye)])
        .await;
    Err(EndCause::Told)
}

/// Whose phone rings us, by its number.
fn whose_phone(cx: &Cx) -> Option<PersonId> {
    let plan = cx.plan();
    let person = plan.person_with_phone(caller_number(cx)?)?;
    Some(person.id.clone())
}

/// The newest call that somebody missed; one that nobody has answered before any other.
async fn missed(cx: &Cx, person: &PersonId) -> Option<MissedCall> {
    let since = cx.wall().checked_sub(MISSED_WITHIN).ok()?;
    let person = person.clone();
    let answer = cx.ask(Question::Missed { person, since }, ANSWERED_WITHIN);
    match answer.await {
        Answer::Missed(mut calls) => {
            let unanswered = calls.iter().position(|call| !call.answered);
            (!calls.is_empty()).then(|| calls.swap_remove(unanswered.unwrap_or(0)))
        }
        Answer::Kept
        | Answer::Claimed(_)
        | Answer::Refused
        | Answer::Confirmed
        | Answer::AwaitedOutcome { .. }
        | Answer::Unavailable => None,
    }
}

fn news(cx: &Cx, missed: Option<&MissedCall>) -> Vec<Sound> {
    let plan = cx.plan();
    match missed {
        None => speech::after_answer(&plan, Phrase::NothingMissed),
        Some(missed) => {
            let then = match missed.answered {
                true => Phrase::ColleagueTookIt,
                false => Phrase::Press1ToReturn,
            };
            let mut sounds = speech::after_answer(&plan, Phrase::YouMissedACall);
            sounds.push(speech::phrase(&plan, then));
            sounds
        }
    }
}

fn pause(cx: &Cx, person: &PersonId) -> Phrase {
    let until = cx.wall().checked_add(PAUSE).unwrap_or(cx.wall());
    cx.presence().borrow_mut().pause(person, until);
    let person = person.clone();
    cx.note(Fact::CallsPaused { person, until });
    Phrase::CallsPaused
}

fn resume(cx: &Cx, person: &PersonId) -> Phrase {
    cx.presence().borrow_mut().resume(person);
    let person = person.clone();
    cx.note(Fact::CallsResumed { person });
    Phrase::CallsResumed
}

/// What came of "4 leave an outcome".
enum Left {
    Outcome,
    None(Phrase),
}

/// Asks what came of the last talk that has no outcome yet.
async fn outcome_left(cx: &Cx, caller: &Leg, person: &PersonId) -> Result<Left, EndCause> {
    claim::ask_for_pin(cx, caller, person).await?;
    let since = cx.wall().checked_sub(TALKED_WITHIN);
    let question = Question::AwaitedOutcome {
        person: person.clone(),
        since: since.unwrap_or(cx.wall()),
    };
    let (case, specialty) = match cx.ask(question, ANSWERED_WITHIN).await {
        Answer::AwaitedOutcome { case, specialty } => (case, specialty),
        Answer::Refused => return Ok(Left::None(Phrase::NoCallForOutcome)),
        Answer::Kept
        | Answer::Claimed(_)
        | Answer::Confirmed
        | Answer::Missed(_)
        | Answer::Unavailable => return Ok(Left::None(Phrase::NotPossibleNow)),
    };
    let Some(menu) = Menu::of(cx, &specialty) else {
        return Ok(Left::None(Phrase::NoCallForOutcome));
    };
    let by = person.clone();
    match outcome::ask(cx, caller, &menu, &Talk::Earlier { case, by }).await {
        Asking::Given => Ok(Left::Outcome),
        Asking::Left => Err(EndCause::Told),
    }
}

/// "Returning needs the person's PIN": then the surgery that rang is rung.
async fn returned(
    cx: &Cx,
    caller: &Leg,
    person: &PersonId,
    missed: &MissedCall,
) -> Result<Returned, EndCause> {
    claim::ask_for_pin(cx, caller, person).await?;
    cx.if_left(EndCause::CallerLeftWaiting);
    match ring(cx, caller, person, missed).await {
        Ok(attempt) => Ok(Returned {
            attempt,
            specialty: missed.specialty.clone(),
        }),
        Err(why) => {
            cx.if_left(EndCause::NotAnswered);
            let sounds = speech::phrases(&cx.plan(), &[why, Phrase::Goodbye]);
            caller.tell(sounds).await;
            Err(EndCause::NotAnswered)
        }
    }
}

/// A practice, which need not accept: it is told that the call is recorded and who calls.
async fn ring(
    cx: &Cx,
    caller: &Leg,
    person: &PersonId,
    missed: &MissedCall,
) -> Result<Attempt, Phrase> {
    let CallerId::Number(number) = &missed.caller else {
        return Err(Phrase::NumberCannotBeRung);
    };
    let (plan, number) = (cx.plan(), number.expose());
    if plan.is_ours(number) {
        return Err(Phrase::NumberCannotBeRung);
    }
    let specialty = missed.specialty.as_ref().and_then(|id| plan.specialty(id));
    let organisation = specialty.map(|it| it.organisation.clone());
    let organisation = organisation.ok_or(Phrase::NumberCannotBeRung)?;
    let placed = Placed::new(cx, &organisation, number).map_err(|_| Phrase::NumberCannotBeRung)?;
    // Busy meanwhile on another of their phones: one call at a time.
    let reserved = Reserved::new(cx, person).ok_or(Phrase::NumberCannotBeRung)?;
    if let Some(specialty) = &missed.specialty {
        cx.note(Fact::SpecialtyChosen {
            specialty: specialty.clone(),
            key: None,
        });
    }
    let target = Target {
        to: PhoneAddress::Number(number.clone()),
        whose: None,
        kind: PhoneKind::Caller,
        acceptance: Acceptance::NotAsked(NotAsked::Bypass),
        round: 1,
        // The link between the two cases.
        reason: format!("returns the missed call of case {}", missed.case),
        patience: Patience::Line { ring_timeout: RING },
    };
    let mut attempt = Attempt::start(cx, target, Some(reserved));
    attempt.counts_as(placed);
    caller.play_on(vec![
        speech::phrase(&plan, Phrase::Ringing),
        Sound::RingTone,
    ]);
    let mut result = attempt.answered(|| {}).await;
    if result.is_ok() {
        let recorded = speech::to_patient(&plan, &organisation);
        attempt.leg().tell(recorded).await;
        if attempt.leg().with(|state| state.gone.is_some()) {
            result = Err(AttemptResult::HungUp);
        }
    }
    caller.forget_keys();
    attempt.end(result.err().unwrap_or(AttemptResult::Accepted));
    result.map(|()| attempt).map_err(|_| Phrase::CalledNoAnswer)
}
