//! An errand is run: whoever it is for is rung and joined (SERVICE 3, 5).
//!
//! A clinician hears a whisper and accepts by key. A patient hears "This call is recorded" first,
//! and need not accept: an answerphone may be spoken to where the errand says so, and what is left
//! on it is recorded, with the signs of an answerphone beside it as evidence.

use std::time::Duration;

use rotaline_model::{Acceptance, AnswerphoneSign, EndCause, PersonId, Pii, Sound};
use rotaline_record::{
    Answerphone, AttemptResult, Callee, Errand, ErrandKind, Fact, OutcomeHow, PhoneKind,
};
use rotaline_routing::{Phrase, Recording};

use super::accept;
use super::arrive::while_here;
use super::bypass::ring_practice;
use super::hunt::phone_kind;
use super::talk::talk;
use crate::attempt::{Attempt, Patience, Placed, Reserved, Target};
use crate::boundary::{Action, PhoneAddress};
use crate::cx::Cx;
use crate::leg::{Leg, MAX_SPEAKING, Next};
use crate::speech;

/// How long a clinician's phone rings.
const CLINICIAN_RINGS: Duration = Duration::from_secs(28);
/// How long a patient's phone rings: they may have to find it.
const PATIENT_RINGS: Duration = Duration::from_secs(45);
/// "200 within 2 s of the INVITE without a 180"
const ANSWERPHONE_ANSWERS_WITHIN: Duration = Duration::from_secs(2);

/// Rings, joins, and ends with the talk; a caller for whom nobody answers is told so.
pub(super) async fn run(cx: &Cx, caller: Leg, errand: Box<Errand>) -> EndCause {
    cx.if_left(EndCause::CallerLeftWaiting);
    let rung = while_here(cx, &caller, Box::pin(ring(cx, &caller, &errand))).await;
    match rung {
        Err(left) => left,
        Ok(Ok(called)) => talk(cx, caller, called, errand.outcomes).await,
        Ok(Err(why)) => {
            caller
                .tell(speech::phrases(&cx.plan(), &[why, Phrase::Goodbye]))
                .await;
            if why == Phrase::NumberCannotBeRung {
                EndCause::NotAllowed
            } else {
                EndCause::NotAnswered
            }
        }
    }
}

/// Rings whom an errand is for until they are to be joined; else what the caller is to be told.
pub(super) async fn ring(cx: &Cx, caller: &Leg, errand: &Errand) -> Result<Attempt, Phrase> {
    note_what_it_is_about(cx, errand);
    match &errand.callee {
        Callee::Person(person) => ring_person(cx, caller, person).await,
        Callee::Practice(practice) => {
            let plan = cx.plan();
            let practice = plan.practice(practice).ok_or(Phrase::NoSuchPractice)?;
            ring_practice(cx, caller, practice).await
        }
        Callee::Number(number) => {
            let number = number.expose();
            let placed = Placed::new(cx, &errand.organisation, number)
                .map_err(|_| Phrase::NumberCannotBeRung)?;
            let to = PhoneAddress::Number(number.clone());
            ring_number(cx, caller, errand, to, placed).await
        }
    }
}

fn note_what_it_is_about(cx: &Cx, errand: &Errand) {
    if let Some(specialty) = &errand.outcomes {
        cx.note(Fact::SpecialtyChosen {
            specialty: specialty.clone(),
            key: None,
        });
    }
    if let Some(nhs_number) = &errand.nhs_number {
        cx.note(Fact::NhsNumberGiven {
            nhs_number: Pii::new(*nhs_number.expose()),
            by: errand.requester.clone(),
            how: OutcomeHow::Screen,
        });
    }
}

async fn ring_person(cx: &Cx, caller: &Leg, person: &PersonId) -> Result<Attempt, Phrase> {
    let plan = cx.plan();
    let phone = plan.person(person).and_then(|it| it.phones.first());
    let phone = phone.ok_or(Phrase::CalledNoAnswer)?;
    // "Pause my calls" is meant of these too.
    let paused = cx.presence().borrow().paused_until(person, cx.wall());
    if paused.is_some() {
        return Err(Phrase::CalledNoAnswer);
    }
    let reserved = Reserved::new(cx, person).ok_or(Phrase::CalledNoAnswer)?;
    let target = Target {
        to: phone.to.clone(),
        whose: Some(person.clone()),
        kind: phone_kind(phone.kind),
        acceptance: Acceptance::Required,
        round: 1,
        reason: "asked for".to_owned(),
        patience: Patience::Line {
            ring_timeout: CLINICIAN_RINGS,
        },
    };
    let mut attempt = start(cx, caller, target, Some(reserved));
    let mut result = attempt.answered(|| {}).await;
    if result.is_ok() {
        let whisper = speech::call_back_whisper(cx);
        result = accept::accepted(cx, &mut attempt, whisper, cx.recording()).await;
    }
    attempt.end(result.err().unwrap_or(AttemptResult::Accepted));
    done(caller, result, attempt)
}

async fn ring_number(
    cx: &Cx,
    caller: &Leg,
    errand: &Errand,
    to: PhoneAddress,
    placed: Placed,
) -> Result<Attempt, Phrase> {
    let target = Target {
        to,
        whose: None,
        kind: match errand.kind {
            ErrandKind::PatientCall => PhoneKind::Patient,
            ErrandKind::CallBack => PhoneKind::Line,
        },
        acceptance: errand.acceptance,
        round: 1,
        reason: "asked for".to_owned(),
        patience: Patience::Line {
            ring_timeout: PATIENT_RINGS,
        },
    };
    let mut attempt = start(cx, caller, target, None);
    attempt.counts_as(placed);
    let mut result = attempt.answered(|| {}).await;
    if result.is_ok() {
        result = match errand.acceptance {
            Acceptance::Required => {
                let whisper = speech::call_back_whisper(cx);
                accept::accepted(cx, &mut attempt, whisper, cx.recording()).await
            }
            Acceptance::NotAsked(_) => greet(cx, &mut attempt, errand).await,
        };
    }
    // Who need not accept ends with the talk: an answerphone shows itself in the course of it.
    if let Err(result) = result {
        attempt.end(result);
    } else if errand.acceptance == Acceptance::Required {
        attempt.end(AttemptResult::Accepted);
    }
    done(caller, result, attempt)
}

/// SERVICE 5: "'This call is recorded' is the first thing the patient hears."
async fn greet(cx: &Cx, attempt: &mut Attempt, errand: &Errand) -> Result<(), AttemptResult> {
    if cx.recording() == Recording::On {
        attempt.record_whisper();
    }
    cx.act(Action::WatchForAnswerphone(attempt.leg_id()));
    let now = cx.now();
    attempt.leg().with(|state| {
        let at_once = now.since(state.began) <= ANSWERPHONE_ANSWERS_WITHIN;
        if at_once && state.ringing_at.is_none() {
            state.shows(AnswerphoneSign::AtOnce, now);
        }
    });
    let sounds = speech::to_patient(&cx.plan(), &errand.organisation);
    let play = attempt.leg().play_on(sounds);
    let until = now + MAX_SPEAKING;
    loop {
        match attempt.leg().next(Some(play), until).await {
            Next::Gone => return Err(AttemptResult::HungUp),
            Next::Spoken | Next::Time => break,
            Next::Key(key) => attempt.keep(key),
        }
    }
    attempt.stop_whisper();
    let likely = attempt.leg().with(|state| !state.signs.is_empty());
    match errand.answerphone {
        Answerphone::NotAllowed if likely => Err(AttemptResult::NotAccepted),
        Answerphone::Allowed | Answerphone::NotAllowed => Ok(()),
    }
}

/// The INVITE leaves before anything is said about it.
fn start(cx: &Cx, caller: &Leg, target: Target, person: Option<Reserved>) -> Attempt {
    let attempt = Attempt::start(cx, target, person);
    let sounds = vec![speech::phrase(&cx.plan(), Phrase::Ringing), Sound::RingTone];
    caller.play_on(sounds);
    attempt
}

fn done(
    caller: &Leg,
    result: Result<(), AttemptResult>,
    attempt: Attempt,
) -> Result<Attempt, Phrase> {
    // What was keyed meanwhile chose nothing.
    caller.forget_keys();
    match result {
        Ok(()) => Ok(attempt),
        Err(AttemptResult::NotAccepted) if attempt.acceptance() != Acceptance::Required => {
            Err(Phrase::AnswerphoneLikely)
        }
        Err(_) => Err(Phrase::CalledNoAnswer),
    }
}
