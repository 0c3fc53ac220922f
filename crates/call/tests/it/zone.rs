//! An organisation's time zone is changed while calls are up and promises are given: what comes
//! next goes by the new clock, and what was begun is ended in order.

use rotaline_model::{CallId, EndCause, JobId, PhoneNumber, SpecialtyId};
use rotaline_record::{Fact, KeepTrying, KeepTryingEnd, Undertaking};

use crate::stage::{CALLER, MONDAY, NORTHFIELD, Stage, phone, world};

/// 14:00 in London is 23:00 there: the session of the afternoon is over.
const TOKYO: &str = "Asia/Tokyo";

fn moved(plan: &str) -> String {
    plan.replace("Europe/London", TOKYO)
}

/// Cardiology keeps office hours.
fn office_hours() -> String {
    let daily = "key = 1\nhours = [\"daily 00:00-24:00\"]";
    assert!(NORTHFIELD.contains(daily));
    NORTHFIELD.replace(daily, "key = 1\nhours = [\"mon-fri 09:00-17:00\"]")
}

#[test]
fn a_phone_that_rings_rings_on_and_nobody_is_rung_next_whose_session_the_new_clock_has_ended() {
    let world = world(NORTHFIELD);
    let mut stage = Stage::at(MONDAY, world.clone(), "020 7946 0002", |_| {})
        .phone("sip:ann@h", phone().rings(100))
        .phone("sip:ben@h", phone().rings(100));
    stage.play_until(5_000);
    assert_eq!(stage.rung(), [(0, "sip:ann@h".to_owned())]);
    let edited = crate::stage::world(&moved(NORTHFIELD));
    *world.plan.borrow_mut() = edited.plan.borrow().clone();
    let stage = stage.play();
    // Her 15 s are not cut short; Ben's session is of yesterday afternoon now.
    assert_eq!(stage.rung(), [(0, "sip:ann@h".to_owned())]);
    let given_up = stage.facts().find_map(|(at, fact)| {
        let ended = matches!(fact, Fact::AttemptEnded { .. });
        ended.then_some(at)
    });
    assert_eq!(given_up, Some(15_100));
    assert!(stage.was_told(CALLER, "hunt/nobody-answered"));
    assert_eq!(stage.cause(), EndCause::NobodyAccepted);
}

#[test]
fn a_talk_goes_on_whatever_the_clock_says() {
    let world = world(NORTHFIELD);
    let ann = phone().rings(100).answers(1_000).keys(3_000, "1");
    let mut stage = Stage::at(MONDAY, world.clone(), "020 7946 0002", |_| {})
        .phone("sip:ann@h", ann.hangs_up(60_000));
    stage.play_until(10_000);
    assert_eq!(stage.joined_at(), Some(3_000));
    let edited = crate::stage::world(&moved(NORTHFIELD));
    *world.plan.borrow_mut() = edited.plan.borrow().clone();
    let stage = stage.play();
    assert!(stage.ended_at() >= 60_000, "{}", stage.ended_at());
    assert_eq!(stage.cause(), EndCause::SpecialistHungUp);
}

#[test]
fn a_promise_ends_where_the_team_is_closed_by_the_new_clock() {
    for (plan, rung) in [(office_hours(), true), (moved(&office_hours()), false)] {
        let mut random = rotaline_model::Seed::from_number(2).generator(1);
        let number = PhoneNumber::parse("01632 960101").unwrap();
        let job = KeepTrying {
            job: JobId::from(CallId::new(MONDAY.parse().unwrap(), &mut random).uuid()),
            specialty: SpecialtyId::parse("cardiology").unwrap(),
            ring_back: number.into(),
            // As it was promised by the clock of London.
            until: "2026-11-23T17:00:00Z".parse().unwrap(),
            hunts: 0,
            ring_backs: 0,
        };
        let stage = Stage::intended(&plan, Undertaking::KeepTrying(job), None).play();
        assert_eq!(!stage.rung().is_empty(), rung);
        let end = stage.facts().find_map(|(_, fact)| match fact {
            Fact::KeepTryingEnded { end, .. } => Some(*end),
            _ => None,
        });
        let hours_over = (!rung).then_some(KeepTryingEnd::HoursOver);
        assert_eq!(end, hours_over);
    }
}
