//! What a call costs in memory.

use std::cell::{Cell, RefCell};
use std::mem::size_of_val;
use std::rc::Rc;
use std::sync::Arc;

use jiff::Timestamp;
use rotaline_model::{CallId, CaseId, Dialled, LegId, Seed, SpecialtyId};
use rotaline_record::CallerId;
use rotaline_routing::{Plan, Presence, Service, Source};

use super::{arrive, dial_in, hunt};
use crate::call::{CallOrigin, Contact, Inbound, World};
use crate::cx::Cx;
use crate::leg::Leg;

/// A call's future, and what it boxes, stay below this.
const LIMIT: usize = 4096;

fn cx() -> Cx {
    let text = "inbound_number = \"020 7946 0000\"\n[organisation.o]\nname = \"O\"\n\
                zone = \"UTC\"\n[number.1]\nservice = \"dial-in\"\norganisation = \"o\"\n";
    let source = Source {
        name: "plan.toml".to_owned(),
        text: text.to_owned(),
    };
    let plan = Plan::parse(&[source]).unwrap();
    let mut random = Seed::from_number(1).generator(1);
    let contact = Contact {
        case: CaseId::new(Timestamp::UNIX_EPOCH, &mut random),
        call: CallId::new(Timestamp::UNIX_EPOCH, &mut random),
        origin: CallOrigin::Rung,
        caller: CallerId::Withheld,
        vouched: Default::default(),
        calls_before: 0,
        attempts_before: 0,
        first_leg: LegId(1),
        waits: Some(LegId(0)),
    };
    let world = World {
        plan: Rc::new(RefCell::new(Arc::new(plan))),
        presence: Rc::new(RefCell::new(Presence::default())),
        guard: Rc::default(),
        dial_out: Rc::default(),
        room_for_jobs: Rc::new(Cell::new(1)),
    };
    Cx::new(contact, world)
}

fn inbound() -> Inbound {
    let mut random = Seed::from_number(1).generator(1);
    Inbound {
        case: CaseId::new(Timestamp::UNIX_EPOCH, &mut random),
        call: CallId::new(Timestamp::UNIX_EPOCH, &mut random),
        leg: LegId(0),
        sip_call_id: "a84b4c76e66710".to_owned(),
        dialled: None,
        caller: CallerId::Withheld,
        vouched: Default::default(),
        diverted_by: Vec::new(),
    }
}

#[test]
fn a_calls_future_is_small() {
    let cx = cx();
    let plan = cx.plan();
    let dialled = Dialled::parse("1").unwrap();
    let Some(Service::DialIn { organisation }) = plan.service(&dialled) else {
        panic!()
    };
    let specialty = SpecialtyId::parse("s").unwrap();
    let (caller, attempts) = (Leg::inbound(&cx, LegId(0)), Cell::new(0));
    let arrive = size_of_val(&arrive(cx.clone(), Box::new(inbound())));
    // What is boxed on the way to a specialist.
    let sizes = [
        size_of_val(&dial_in::dial_in(
            &cx,
            Leg::inbound(&cx, LegId(0)),
            organisation,
        )),
        size_of_val(&dial_in::find(&cx, &caller, organisation)),
        size_of_val(&hunt::search(&cx, &specialty, &attempts)),
        size_of_val(&hunt::keep_company(
            &cx,
            &caller,
            &specialty,
            &mut Vec::new(),
            &attempts,
        )),
    ];
    println!("{arrive} bytes, and on the way to a specialist {sizes:?}");
    assert!(
        arrive + sizes.iter().sum::<usize>() < LIMIT,
        "{arrive}, {sizes:?}"
    );
}
