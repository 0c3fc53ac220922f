//! A call arrives: its case is opened, and the service behind the number that was dialled answers
//! (SERVICE 1.1, 1.13).

use std::future::Future;
use std::sync::Arc;

use rotaline_model::{Dialled, EndCause, OrganisationId, PhoneNumber, SpecialtyId};
use rotaline_record::{CallKind, CallerId, Fact};
use rotaline_routing::{Plan, Practice, Service};

use super::{call_back, dial_in, direct, inbound, pifu};
use crate::boundary::RejectCause;
use crate::call::Inbound;
use crate::cx::{Cx, Either, first};
use crate::leg::Leg;

/// Who gave something, where the caller's practice is not known.
const UNKNOWN_CALLER: &str = "the caller";

/// From the first INVITE to the end cause.
pub(crate) async fn arrive(cx: Cx, inbound: Box<Inbound>) -> EndCause {
    let plan = cx.plan();
    let dialled = inbound.dialled.as_ref();
    let service = dialled.and_then(|dialled| service_at(&plan, dialled));
    open_case(&cx, &plan, &inbound, service.as_ref());
    let caller = Leg::inbound(&cx, inbound.leg);
    if has_come_round(&cx, &plan, &inbound) {
        let mut presence = cx.presence().borrow_mut();
        presence.came_round(&inbound.diverted_by);
        caller.reject(RejectCause::Busy);
        return EndCause::DivertedToUs;
    }
    let line = inbound.dialled.clone();
    drop(inbound);
    drop(plan);
    match service {
        None => {
            caller.reject(RejectCause::NoSuchNumber);
            EndCause::NoSuchNumber
        }
        Some(Service::DialIn { organisation }) => {
            Box::pin(dial_in::dial_in(&cx, caller, &organisation)).await
        }
        Some(Service::Specialty { specialty }) => {
            Box::pin(dial_in::one_specialty(&cx, caller, specialty)).await
        }
        Some(Service::Direct(line)) => Box::pin(direct::direct(&cx, caller, line)).await,
        Some(Service::CallBack { organisation }) => {
            Box::pin(call_back::call_back(&cx, caller, line, &organisation)).await
        }
        Some(Service::Directory { organisation }) => {
            Box::pin(call_back::directory(&cx, caller, &organisation)).await
        }
        Some(Service::Pifu(line)) => Box::pin(pifu::pifu(&cx, caller, line)).await,
        Some(Service::Inbound) => Box::pin(inbound::rung_back(&cx, caller)).await,
    }
}

/// What answers at a number, or at the address of a specialty ("on screen": its id).
fn service_at(plan: &Plan, dialled: &Dialled) -> Option<Service> {
    let named = || match dialled {
        Dialled::Full(_) => None,
        Dialled::Short(name) => {
            let specialty = plan.specialty(&SpecialtyId::parse(name).ok()?)?;
            Some(Service::Specialty {
                specialty: specialty.id.clone(),
            })
        }
    };
    plan.service(dialled).cloned().or_else(named)
}

/// Runs something for as long as the caller stays; if they leave first, it is dropped, and with it
/// whatever it was ringing. Box what is large: each layer that a future passes through by value
/// holds room for it.
pub(super) async fn while_here<T>(
    cx: &Cx,
    caller: &Leg,
    flow: impl Future<Output = T>,
) -> Result<T, EndCause> {
    match first(caller.gone(), flow).await {
        Either::First(gone) => Err(cx.left(gone)),
        Either::Second(value) => Ok(value),
    }
}

/// The practice that the caller's number belongs to.
pub(super) fn practice_of<'a>(cx: &Cx, plan: &'a Plan) -> Option<&'a Practice> {
    plan.practice_of(caller_number(cx)?)
}

/// The caller as a record names them: their practice, as far as it is known.
pub(super) fn caller_in_words(cx: &Cx, plan: &Arc<Plan>) -> String {
    practice_of(cx, plan)
        .map_or(UNKNOWN_CALLER, |practice| &practice.name)
        .to_owned()
}

pub(super) fn caller_number(cx: &Cx) -> Option<&PhoneNumber> {
    match cx.caller() {
        CallerId::Number(number) => Some(number.expose()),
        CallerId::Other(_) | CallerId::Withheld => None,
    }
}

fn open_case(cx: &Cx, plan: &Arc<Plan>, inbound: &Inbound, service: Option<&Service>) {
    let practice = practice_of(cx, plan);
    cx.note(Fact::CaseOpened {
        dialled: inbound.dialled.clone(),
        caller: inbound.caller.clone(),
        organisation: service.and_then(|service| organisation_of(plan, service)),
        practice: practice.map(|practice| practice.id.clone()),
        area: practice.and_then(|practice| practice.area.clone()),
    });
    cx.note(Fact::CallStarted {
        call: inbound.call,
        sip_call_id: Some(inbound.sip_call_id.clone()),
        kind: CallKind::Inbound,
    });
}

fn organisation_of(plan: &Plan, service: &Service) -> Option<OrganisationId> {
    match service {
        Service::DialIn { organisation }
        | Service::CallBack { organisation }
        | Service::Directory { organisation } => Some(organisation.clone()),
        Service::Specialty { specialty } => plan
            .specialty(specialty)
            .map(|specialty| specialty.organisation.clone()),
        Service::Direct(line) => line.organisation.clone(),
        Service::Pifu(line) => Some(line.organisation.clone()),
        Service::Inbound => None,
    }
}

/// SERVICE 1.13: it presents our own number, or carries our diversion.
fn has_come_round(cx: &Cx, plan: &Plan, inbound: &Inbound) -> bool {
    let diverted_by_us = inbound.diverted_by.iter().any(|dialled| match dialled {
        Dialled::Full(number) => plan.is_ours(number),
        Dialled::Short(_) => plan.service(dialled).is_some(),
    });
    diverted_by_us || caller_number(cx).is_some_and(|number| plan.is_ours(number))
}
