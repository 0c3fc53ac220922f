//! They talk: joined in one room until one of them hangs up (SERVICE 1.8, 1.11).

use rotaline_model::{Acceptance, EndCause, SpecialtyId};
use rotaline_record::{AttemptResult, Fact};
use rotaline_routing::Recording;

use super::arrive::caller_in_words;
use super::outcome::{self, Menu, Talk};
use super::party::Party;
use crate::attempt::Attempt;
use crate::boundary::Action;
use crate::cx::{Cx, WhoCalls};
use crate::leg::Leg;

/// Joins them, waits for the end of the talk, and asks who is left for the outcome.
pub(super) async fn talk(
    cx: &Cx,
    caller: Leg,
    specialist: Attempt,
    specialty: Option<SpecialtyId>,
) -> EndCause {
    let outcomes = specialty
        .as_ref()
        .and_then(|specialty| Menu::of(cx, specialty));
    let keys = specialty.filter(|specialty| cx.plan().in_call_keys(specialty));
    let mut party = Party::join(cx, &caller, specialist, keys);
    let (by, cause) = Box::pin(party.talk()).await;
    cx.note(Fact::TalkEnded {
        call: cx.call(),
        by,
    });
    let mut specialist = party.into_specialist();
    // Who need not accept was never asked anything: an answerphone showed itself meanwhile.
    specialist.end(AttemptResult::Accepted);
    if let Some(person) = specialist.person() {
        let mut presence = cx.presence().borrow_mut();
        presence.tally_mut().talk_ended(person, cx.wall());
    }
    let Some(outcomes) = outcomes else {
        return cause;
    };
    if caller.with(|state| state.gone.is_some()) {
        drop(caller);
        if specialist.acceptance() != Acceptance::Required {
            // A patient is asked nothing.
            return cause;
        }
        let leg = specialist.leg();
        cx.act(Action::Leave(leg.id()));
        if cx.recording() == Recording::On {
            cx.act(Action::TurnRecording(leg.id(), cx.case_part()));
        }
        let person = specialist.person();
        let by = person.map_or("-", |person| person.as_str()).to_owned();
        Box::pin(outcome::ask(cx, leg, &outcomes, &Talk::This { by })).await;
    } else {
        // The specialist is free for the next call while the caller chooses.
        drop(specialist);
        if cx.who_calls() == WhoCalls::Patient {
            // What came of it is the clinician's to say, at any later time.
            return cause;
        }
        cx.act(Action::Leave(caller.id()));
        let by = caller_in_words(cx, &cx.plan());
        Box::pin(outcome::ask(cx, &caller, &outcomes, &Talk::This { by })).await;
    }
    cause
}
