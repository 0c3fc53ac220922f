//! Who is in a call now: the live view of a case, made of its facts.
//!
//! It holds nothing of a patient: no NHS number, and no number that rang or is rung, since a
//! patient's may be among them. What is not up any more has no live view.

use jiff::Timestamp;
use rotaline_model::{CallId, CaseId, LegId, OrganisationId, PersonId, PracticeId, SpecialtyId};
use serde::Serialize;

use crate::case::{Attempt, Call, Case};
use crate::{AttemptResult, CallKind, PhoneKind};

/// The leg that rang us.
const CALLER: LegId = LegId(0);

/// A call that is up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LiveCall {
    /// Its case.
    pub case: CaseId,
    /// The call.
    pub call: CallId,
    /// Why there is a call at all.
    pub kind: CallKind,
    /// Whose number was dialled.
    pub organisation: Option<OrganisationId>,
    /// What was chosen last.
    pub specialty: Option<SpecialtyId>,
    /// Where the call comes from.
    pub practice: Option<PracticeId>,
    /// When the call began.
    pub started_at: Timestamp,
    /// What goes on in it.
    pub state: LiveState,
    /// Since when.
    pub since: Timestamp,
    /// Phones that are up or ring, the caller's first.
    pub legs: Vec<LiveLeg>,
}

/// What goes on in a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LiveState {
    /// Nothing is chosen yet.
    Menu,
    /// Something is chosen, and no phone is rung at this moment.
    Waiting,
    /// A phone rings.
    Ringing,
    /// Somebody has answered, and is asked whether they accept.
    Accepting,
    /// They talk.
    Talking,
    /// The talk is over; whoever is left is asked what came of it.
    Outcome,
}

/// A phone of a call that is up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LiveLeg {
    /// Its number within the call.
    pub leg: LegId,
    /// Whose phone it is.
    pub role: Role,
    /// Who is rung; none: the caller, or a line.
    pub person: Option<PersonId>,
    /// Which kind of phone; none: it rang us.
    pub phone: Option<PhoneKind>,
    /// Whether it has answered, or (the caller's) was answered.
    pub answered: bool,
    /// Since when it rings, or is answered.
    pub since: Timestamp,
}

/// Whose phone a leg is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Whoever rang us, or whose own phone was rung first.
    Caller,
    /// Whoever is sought for them.
    Called,
}

impl LiveCall {
    /// The call of a case that is up; none: there is none.
    pub fn of(case: &Case) -> Option<LiveCall> {
        let call = case.calls.last().filter(|call| call.ended_at.is_none())?;
        let (state, since) = state_of(case, call);
        Some(LiveCall {
            case: case.id,
            call: call.id,
            kind: call.kind,
            organisation: case.organisation.clone(),
            specialty: case.specialty.clone(),
            practice: case.practice.clone(),
            started_at: call.started_at,
            state,
            since,
            legs: legs_of(case, call),
        })
    }
}

fn state_of(case: &Case, call: &Call) -> (LiveState, Timestamp) {
    if let Some(since) = case.talking_since {
        return (LiveState::Talking, since);
    }
    let of_call = || case.attempts.iter().filter(|it| it.call == call.id);
    let tried = of_call().rev().find(|it| it.ended_at.is_none());
    if let Some(attempt) = tried {
        return match attempt.answered_at {
            Some(since) => (LiveState::Accepting, since),
            None => (LiveState::Ringing, attempt.started_at),
        };
    }
    let joined = of_call().filter_map(|it| it.joined_at).max();
    if let Some(joined) = joined {
        // Talk of one call is what there is of the case, but for a rare second one.
        let talked = std::time::Duration::from_millis(case.talk_ms);
        let over = joined.checked_add(talked).unwrap_or(joined);
        return (LiveState::Outcome, over.min(case.last_heard_of));
    }
    let began = call.answered_at.unwrap_or(call.started_at);
    match (
        &case.specialty,
        of_call().filter_map(|it| it.ended_at).max(),
    ) {
        (Some(_), Some(last)) => (LiveState::Waiting, last),
        (Some(_), None) => {
            let since = case.waiting_since.unwrap_or(began);
            (LiveState::Waiting, since.max(call.started_at))
        }
        (None, _) => (LiveState::Menu, began),
    }
}

fn legs_of(case: &Case, call: &Call) -> Vec<LiveLeg> {
    // How well a leg was heard is told once it is gone.
    let gone = |leg| {
        let mut told = case.quality.iter();
        told.any(|of| of.call == call.id && of.leg == leg)
    };
    let mut legs = Vec::with_capacity(2);
    if call.kind == CallKind::Inbound && !gone(CALLER) {
        legs.push(LiveLeg {
            leg: CALLER,
            role: Role::Caller,
            person: None,
            phone: None,
            answered: call.answered_at.is_some(),
            since: call.answered_at.unwrap_or(call.started_at),
        });
    }
    let up = |attempt: &&Attempt| match attempt.result {
        None => attempt.ended_at.is_none(),
        Some(result) => result == AttemptResult::Accepted,
    };
    let of_call = case.attempts.iter().filter(|it| it.call == call.id);
    for attempt in of_call.filter(up).filter(|it| !gone(it.leg)) {
        legs.push(LiveLeg {
            leg: attempt.leg,
            role: match case.is_sought(attempt) {
                true => Role::Called,
                false => Role::Caller,
            },
            person: attempt.person.clone(),
            phone: Some(attempt.phone),
            answered: attempt.answered_at.is_some(),
            since: attempt.answered_at.unwrap_or(attempt.started_at),
        });
    }
    legs.sort_by_key(|leg| leg.role == Role::Called);
    legs
}
