//! They talk: joined in one room until one of them hangs up (SERVICE 1.8, 1.11).

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use rotaline_model::{Acceptance, EndCause, RoomId, Sound};
use rotaline_record::{EndedBy, Fact};
use rotaline_routing::{Plan, Recording};

use super::arrive::practice_of;
use super::outcome::{self, Menu};
use crate::attempt::Attempt;
use crate::boundary::{Action, Gone};
use crate::cx::Cx;
use crate::leg::Leg;

/// Who set an outcome, where the caller's practice is not known.
const UNKNOWN_CALLER: &str = "the caller";

/// Joins them, waits for the end of the talk, and asks who is left for the outcome.
pub(super) async fn talk(
    cx: &Cx,
    caller: Leg,
    specialist: Attempt,
    outcomes: Option<Menu>,
) -> EndCause {
    join(cx, &caller, &specialist);
    let (by, cause) = one_of_them_leaves(&caller, specialist.leg()).await;
    cx.note(Fact::TalkEnded {
        call: cx.call(),
        by,
    });
    let Some(outcomes) = outcomes else {
        return cause;
    };
    if caller.with(|state| state.gone.is_some()) {
        drop(caller);
        let leg = specialist.leg();
        cx.act(Action::Leave(leg.id()));
        if cx.recording() == Recording::On {
            cx.act(Action::TurnRecording(leg.id(), cx.case_part()));
        }
        let who = specialist
            .person()
            .map_or("-", |person| person.as_str())
            .to_owned();
        Box::pin(outcome::ask(cx, leg, &outcomes, &who)).await;
    } else {
        // The specialist is free for the next call while the caller chooses.
        drop(specialist);
        cx.act(Action::Leave(caller.id()));
        let who = caller_in_words(cx, &cx.plan());
        Box::pin(outcome::ask(cx, &caller, &outcomes, &who)).await;
    }
    cause
}

/// SERVICE 1.8: they hear each other at once; the beep is for a specialist who has accepted.
fn join(cx: &Cx, caller: &Leg, specialist: &Attempt) {
    let room = RoomId(specialist.number().into());
    caller.stop_playing();
    specialist.leg().stop_playing();
    cx.act(Action::Enter(caller.id(), room));
    cx.act(Action::Enter(specialist.leg_id(), room));
    if specialist.acceptance() == Acceptance::Required {
        specialist.leg().play_on(vec![Sound::Beep]);
    }
    cx.note(Fact::Joined {
        call: cx.call(),
        leg: specialist.leg_id(),
        attempt: specialist.number(),
    });
}

async fn one_of_them_leaves(caller: &Leg, specialist: &Leg) -> (EndedBy, EndCause) {
    poll_fn(|_| {
        let caller_gone = caller.with(|state| state.gone);
        let gone = caller_gone.or_else(|| specialist.with(|state| state.gone));
        match (gone, caller_gone) {
            (None, _) => Poll::Pending,
            (Some(Gone::LineDead), _) => Poll::Ready((EndedBy::Us, EndCause::LineDead)),
            (Some(Gone::HungUp), Some(_)) => Poll::Ready((EndedBy::Caller, EndCause::CallerHungUp)),
            (Some(Gone::HungUp), None) => {
                Poll::Ready((EndedBy::Specialist, EndCause::SpecialistHungUp))
            }
        }
    })
    .await
}

fn caller_in_words(cx: &Cx, plan: &Arc<Plan>) -> String {
    practice_of(cx, plan)
        .map_or(UNKNOWN_CALLER, |practice| &practice.name)
        .to_owned()
}
