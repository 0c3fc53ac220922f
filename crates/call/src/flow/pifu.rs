//! Patients on patient-initiated follow-up (SERVICE 6).
//!
//! ```text
//! emergency sentence ─▶ option 1: the clinicians on call, by acceptance ─┐
//!                   └─▶ option 2: the secretaries, not asked ────────────┤ nobody, or closed
//!                                                                        ▼
//!                                                              `request`: to be rung back
//! ```
//!
//! There is no menu, so `*` does nothing, and no overflow: another team does not know the patient.

use std::time::Duration;

use rotaline_model::{Acceptance, EndCause, NotAsked, Sound, SpecialtyId};
use rotaline_record::{AttemptResult, Fact, RequestReason};
use rotaline_routing as routing;
use rotaline_routing::{Candidate, Phrase, Pifu, PifuOption};

use super::arrive::while_here;
use super::hunt::{Hunted, hunt, phone_kind};
use super::request::request;
use super::talk::talk;
use crate::attempt::{Attempt, Patience, Reserved, Target};
use crate::cx::Cx;
use crate::leg::Leg;
use crate::speech;

/// How long the secretaries are tried, all together; it bars new attempts.
const SECRETARIES_BUDGET: Duration = Duration::from_secs(120);

/// Who was reached, and whose outcomes they are asked for; none: a secretary is asked none.
struct Found {
    attempt: Attempt,
    outcomes: Option<SpecialtyId>,
}

/// Answers with the emergency sentence, and reaches whom the line is for, now or later.
pub(super) async fn pifu(cx: &Cx, caller: Leg, line: Pifu) -> EndCause {
    cx.is_a_patients();
    caller.answer();
    cx.start_recording(caller.id());
    let found = while_here(cx, &caller, Box::pin(reach(cx, &caller, &line))).await;
    match found {
        Err(left) => left,
        Ok(Err(cause)) => cause,
        Ok(Ok(Found { attempt, outcomes })) => talk(cx, caller, attempt, outcomes).await,
    }
}

async fn reach(cx: &Cx, caller: &Leg, line: &Pifu) -> Result<Found, EndCause> {
    // A patient waits from the answer on.
    cx.note(Fact::SpecialtyChosen {
        specialty: line.specialty.clone(),
        key: None,
    });
    cx.if_left(EndCause::CallerLeftWaiting);
    // It may save a life: it is heard to its end, whatever is keyed, before anything else.
    let emergency = speech::after_answer(&cx.plan(), Phrase::Emergency);
    caller.tell(emergency).await;
    let team = match line.option {
        PifuOption::Clinicians => &line.specialty,
        PifuOption::Secretaries => &line.secretaries,
    };
    if !is_open(cx, team) {
        return Err(request(cx, caller, line, RequestReason::OutOfHours).await);
    }
    let (found, why) = match line.option {
        PifuOption::Clinicians => (
            clinician(cx, caller, &line.specialty).await,
            RequestReason::NobodyAccepted,
        ),
        PifuOption::Secretaries => (
            secretary(cx, caller, &line.secretaries).await,
            RequestReason::SecretariesBusy,
        ),
    };
    match found {
        Some(found) => Ok(found),
        None => Err(request(cx, caller, line, why).await),
    }
}

fn is_open(cx: &Cx, team: &SpecialtyId) -> bool {
    let plan = cx.plan();
    plan.specialty(team)
        .is_some_and(|team| plan.open_at(team, cx.wall()))
}

/// "Hunted through the on-call clinicians as in 1.5-1.9".
async fn clinician(cx: &Cx, caller: &Leg, specialty: &SpecialtyId) -> Option<Found> {
    let mut opening = speech::trying(&cx.plan(), specialty);
    match hunt(cx, caller, specialty, &mut opening).await {
        Hunted::Accepted(attempt) => Some(Found {
            attempt,
            outcomes: Some(specialty.clone()),
        }),
        Hunted::Exhausted | Hunted::NobodyOnRota | Hunted::BackToMenu => None,
    }
}

/// The secretaries of the session, one after another; a trusted line, so nobody has to accept.
async fn secretary(cx: &Cx, caller: &Leg, team: &SpecialtyId) -> Option<Found> {
    let until = cx.now() + SECRETARIES_BUDGET;
    let mut order = routing::Hunt::new(team.clone());
    let mut opening = vec![speech::phrase(&cx.plan(), Phrase::Ringing), Sound::RingTone];
    while cx.now() < until {
        let next = {
            let presence = cx.presence().borrow();
            order.next(&cx.plan(), &presence, &cx.passed_on(), cx.wall())
        };
        let candidate = match next {
            routing::Next::Ring(candidate) => *candidate,
            routing::Next::Exhausted | routing::Next::NobodyOnRota => return None,
        };
        let Some(person) = Reserved::new(cx, &candidate.person) else {
            continue;
        };
        let mut attempt = Attempt::start(cx, target(candidate), Some(person));
        // The INVITE leaves before anything is said about it.
        if !opening.is_empty() {
            caller.play_on(std::mem::take(&mut opening));
        }
        let result = attempt.answered(|| {}).await;
        attempt.end(result.err().unwrap_or(AttemptResult::Accepted));
        if result.is_ok() {
            return Some(Found {
                attempt,
                outcomes: None,
            });
        }
    }
    None
}

fn target(secretary: Candidate) -> Target {
    Target {
        to: secretary.to,
        whose: Some(secretary.person),
        kind: phone_kind(secretary.kind),
        acceptance: Acceptance::NotAsked(NotAsked::Secretary),
        round: secretary.round,
        reason: secretary.reason,
        patience: Patience::Hunt {
            ring_time: secretary.ring_time,
        },
    }
}
