//! Order policies in whole calls: what one call did decides whom the next one rings first.

use rotaline_call::Action;
use rotaline_record::Fact;

use crate::stage::{MONDAY, NORTHFIELD, Stage, phone, world};

/// A call for cardiology, which everybody there takes; how it went.
fn call(world: &rotaline_call::World, wall: &str) -> Stage {
    let accepts = || phone().rings(100).answers(1_000).keys(3_000, "1");
    Stage::at(wall, world.clone(), "020 7946 0001", |_| {})
        .caller(phone().keys(2_000, "1").hangs_up(30_000))
        .phone("sip:ann@h", accepts())
        .phone("sip:ben@h", accepts())
        .phone("sip:cat@h", accepts())
        .play()
}

/// Who was rung first, and why.
fn first(stage: &Stage) -> (String, String) {
    let reason = stage.log.iter().find_map(|(_, action)| match action {
        Action::Note(Fact::AttemptStarted { reason, .. }) => Some(reason.clone()),
        _ => None,
    });
    (stage.rung()[0].1.clone(), reason.unwrap())
}

fn ordered(policy: &str) -> String {
    let section = "[specialty.cardiology]\n";
    NORTHFIELD.replace(section, &format!("{section}order = \"{policy}\"\n"))
}

const LATER: &str = "2026-11-23T14:20:00Z";

#[test]
fn a_fair_share_goes_round() {
    let world = world(&ordered("fair-share"));
    let expected = [
        ("sip:ann@h", "fewest calls taken today: 0"),
        ("sip:ben@h", "fewest calls taken today: 0"),
        ("sip:cat@h", "fewest calls taken today: 0"),
        ("sip:ann@h", "fewest calls taken today: 1"),
    ];
    for (phone, reason) in expected {
        let (who, why) = first(&call(&world, MONDAY));
        assert_eq!((who.as_str(), why.as_str()), (phone, reason));
    }
}

#[test]
fn idleness_is_counted_from_the_end_of_the_talk() {
    let world = world(&ordered("longest-idle"));
    let first_of = |wall| first(&call(&world, wall));
    assert_eq!(first_of(MONDAY).0, "sip:ann@h");
    assert_eq!(first_of(LATER).0, "sip:ben@h");
    assert_eq!(first_of(LATER).0, "sip:cat@h");
    let (who, why) = first_of("2026-11-23T14:30:00Z");
    assert_eq!(who, "sip:ann@h");
    // The talk was over half a minute after the first call's start.
    assert_eq!(why, "longest without a call: 29 minutes");
}

#[test]
fn acceptances_make_the_answer_rate_of_the_hour() {
    let world = world(&ordered("best-answer-rate"));
    call(&world, MONDAY);
    let (who, why) = first(&call(&world, LATER));
    assert_eq!(
        (who.as_str(), why.as_str()),
        ("sip:ann@h", "best answer rate from 14:00: 1 of 1")
    );
}

#[test]
fn the_rotas_order_stays_whatever_happens() {
    let world = world(NORTHFIELD);
    for wall in [MONDAY, LATER] {
        let (who, why) = first(&call(&world, wall));
        assert_eq!(
            (who.as_str(), why.as_str()),
            ("sip:ann@h", "number 1 on the rota")
        );
    }
}
