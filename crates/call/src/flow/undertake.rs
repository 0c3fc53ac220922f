//! A call that starts without anybody ringing us: an intent is carried out (SERVICE 1.10, 3, "on
//! screen"). Where somebody pressed *call* on a screen, their own phone is rung first.

use std::time::Duration;

use rotaline_model::{
    Acceptance, EndCause, NotAsked, OrganisationId, PersonId, Sound, SpecialtyId,
};
use rotaline_record::{
    AttemptResult, CallKind, Callee, Errand, Fact, Intent, OutcomeHow, PhoneKind, Undertaking,
};
use rotaline_routing as routing;
use rotaline_routing::{Phrase, Plan, Recording};

use super::arrive::practice_of;
use super::{accept, dial_in, errand, keep_trying};
use crate::attempt::{Attempt, Patience, Placed, Reserved, Target};
use crate::boundary::PhoneAddress;
use crate::cx::Cx;
use crate::leg::Leg;
use crate::speech;

/// How long somebody's own phone rings after they pressed *call*.
const OWN_RING: Duration = Duration::from_secs(30);

/// From the intent to the end cause.
pub(crate) async fn undertake(cx: Cx, intent: Box<Intent>) -> EndCause {
    begin(&cx, &intent);
    match intent.undertaking {
        Undertaking::KeepTrying(job) => Box::pin(keep_trying::keep_trying(&cx, job)).await,
        Undertaking::Specialty { first, specialty } => {
            Box::pin(on_screen(&cx, first, specialty)).await
        }
        Undertaking::Errand { first, errand } => {
            Box::pin(click_to_call(&cx, first, Box::new(errand))).await
        }
    }
}

fn begin(cx: &Cx, intent: &Intent) {
    if let Some(opening) = &intent.opening {
        let plan = cx.plan();
        let practice = match first_of(&intent.undertaking) {
            Some(Callee::Practice(id)) => plan.practice(id),
            Some(Callee::Person(_) | Callee::Number(_)) | None => practice_of(cx, &plan),
        };
        cx.note(Fact::CaseOpened {
            dialled: None,
            caller: intent.caller.clone(),
            organisation: opening.organisation.clone(),
            practice: practice.map(|practice| practice.id.clone()),
            area: practice.and_then(|practice| practice.area.clone()),
        });
    }
    cx.note(Fact::CallStarted {
        call: intent.call,
        sip_call_id: None,
        kind: match intent.undertaking {
            Undertaking::KeepTrying(_) => CallKind::KeepTrying,
            Undertaking::Specialty { .. } => CallKind::OnScreen,
            Undertaking::Errand { .. } => CallKind::ClickToCall,
        },
    });
    let opening = intent.opening.as_ref();
    if let Some((nhs_number, opening)) = opening.and_then(|it| Some((it.nhs_number?, it))) {
        // It is not asked for again.
        cx.asks_nhs_number_first();
        cx.note(Fact::NhsNumberGiven {
            nhs_number,
            by: opening.by.clone(),
            how: OutcomeHow::Screen,
        });
    }
}

/// Whose own phone is rung first.
fn first_of(undertaking: &Undertaking) -> Option<&Callee> {
    match undertaking {
        Undertaking::Specialty { first, .. } | Undertaking::Errand { first, .. } => Some(first),
        Undertaking::KeepTrying(_) => None,
    }
}

/// "goes straight to step 5, no menu; a caller without a browser phone is rung on their own phone
/// first"
async fn on_screen(cx: &Cx, first: Callee, specialty: SpecialtyId) -> EndCause {
    let plan = cx.plan();
    let Some(known) = plan.specialty(&specialty) else {
        return EndCause::NotAnswered;
    };
    let mut what = speech::after_answer(&plan, Phrase::YourCallTo);
    what.push(Sound::Prompt(known.prompt.clone()));
    let own = Box::pin(own_phone(cx, &first, &known.organisation, what)).await;
    drop(plan);
    let OwnPhone { leg, kept } = match own {
        Ok(own) => own,
        Err(cause) => return cause,
    };
    let cause = Box::pin(dial_in::to_specialty(cx, leg, specialty)).await;
    drop(kept);
    cause
}

/// "Click to call does the same by ringing the clinician's own phone first."
async fn click_to_call(cx: &Cx, first: Callee, errand: Box<Errand>) -> EndCause {
    let what = speech::after_answer(&cx.plan(), Phrase::CallBack);
    let own = Box::pin(own_phone(cx, &first, &errand.organisation, what)).await;
    let OwnPhone { leg, kept } = match own {
        Ok(own) => own,
        Err(cause) => return cause,
    };
    let cause = Box::pin(errand::run(cx, leg, errand)).await;
    drop(kept);
    cause
}

/// Somebody's own phone, which they have taken the call on.
struct OwnPhone {
    leg: Leg,
    /// They are nobody else's meanwhile, and a number is counted.
    kept: (Option<Reserved>, Option<Placed>),
}

/// A phone that can be rung.
struct Known {
    to: PhoneAddress,
    whose: Option<PersonId>,
    acceptance: Acceptance,
}

/// Rings somebody's own phone. Whoever answers hears `what` the call is, and presses 1, unless it
/// is their own app; it is recorded from the answer on.
async fn own_phone(
    cx: &Cx,
    first: &Callee,
    organisation: &OrganisationId,
    mut what: Vec<Sound>,
) -> Result<OwnPhone, EndCause> {
    let known = find(&cx.plan(), first).ok_or(EndCause::NotAnswered)?;
    let reserved = match &known.whose {
        // In two calls at a time nobody is.
        Some(person) => Some(Reserved::new(cx, person).ok_or(EndCause::NotAnswered)?),
        None => None,
    };
    // A practice's lines are the plan's; other numbers are counted and bounded.
    let placed = match first {
        Callee::Number(number) => {
            let placed = Placed::new(cx, organisation, number.expose());
            Some(placed.map_err(|_| EndCause::NotAllowed)?)
        }
        Callee::Person(_) | Callee::Practice(_) => None,
    };
    let target = Target {
        to: known.to,
        whose: known.whose,
        kind: PhoneKind::Caller,
        acceptance: known.acceptance,
        round: 1,
        reason: "their own phone, rung first".to_owned(),
        patience: Patience::Line {
            ring_timeout: OWN_RING,
        },
    };
    let mut attempt = Attempt::start(cx, target, None);
    let mut result = attempt.answered(|| {}).await;
    if result.is_ok() {
        cx.start_recording(attempt.leg_id());
    }
    if result.is_ok() && known.acceptance == Acceptance::Required {
        what.push(speech::phrase(&cx.plan(), Phrase::Press1ToBegin));
        result = accept::accepted(cx, &mut attempt, what, Recording::Off).await;
    }
    attempt.end(result.err().unwrap_or(AttemptResult::Accepted));
    result.map_err(|_| EndCause::NotAnswered)?;
    cx.note(Fact::CallerAnswered { call: cx.call() });
    let leg = attempt.into_leg();
    leg.forget_keys();
    Ok(OwnPhone {
        leg,
        kept: (reserved, placed),
    })
}

fn find(plan: &Plan, callee: &Callee) -> Option<Known> {
    let number = |number| Known {
        to: PhoneAddress::Number(number),
        whose: None,
        acceptance: Acceptance::Required,
    };
    match callee {
        Callee::Person(id) => {
            let person = plan.person(id)?;
            let phone = person.phones.first()?;
            let acceptance = match phone.kind {
                routing::PhoneKind::App => Acceptance::NotAsked(NotAsked::OwnApp),
                routing::PhoneKind::Mobile
                | routing::PhoneKind::Desk
                | routing::PhoneKind::Home => Acceptance::Required,
            };
            Some(Known {
                to: phone.to.clone(),
                whose: Some(person.id.clone()),
                acceptance,
            })
        }
        Callee::Practice(id) => {
            let practice = plan.practice(id)?;
            let line = practice
                .bypass
                .clone()
                .or_else(|| practice.reception.clone());
            line.map(number)
        }
        Callee::Number(to) if plan.is_ours(to.expose()) => None,
        Callee::Number(to) => Some(number(to.expose().clone())),
    }
}
