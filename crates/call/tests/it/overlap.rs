//! Overlap: the next phone rings before the last is given up (SERVICE 1.6).

use rotaline_call::{Action, Refusal};
use rotaline_model::{EndCause, HangupCause, LegId};
use rotaline_record::{AttemptResult, Fact};

use crate::stage::{MONDAY, NORTHFIELD, Script, Stage, phone, world};

const ANN: LegId = LegId(1);
const BEN: LegId = LegId(2);

/// Cardiology asks for 3 s of overlap; its phones ring for 15 s. The key comes at 2 s.
fn cardiology() -> Stage {
    let section = "[specialty.cardiology]\n";
    let plan = NORTHFIELD.replace(section, &format!("{section}overlap_s = 3\n"));
    let mut stage = Stage::at(MONDAY, world(&plan), "020 7946 0001", |_| {});
    stage.checker.may_ring_together = 2;
    stage.caller(phone().keys(2_000, "1"))
}

fn rings() -> Script {
    phone().rings(100)
}

fn dialled_at(stage: &Stage) -> Vec<u64> {
    stage.rung().into_iter().map(|(at, _)| at).collect()
}

#[test]
fn the_next_phone_rings_before_the_last_is_given_up_and_the_first_to_accept_has_the_call() {
    let stage = cardiology()
        .phone("sip:ann@h", rings().answers(13_000).keys(14_000, "1"))
        .phone("sip:ben@h", rings())
        .phone("sip:cat@h", rings());
    let stage = stage.caller(phone().hangs_up(30_000)).play();
    // Ann rings from 2.1 s, would be given up at 17.1 s, and accepts at 16 s.
    assert_eq!(dialled_at(&stage), [2_000, 14_100]);
    assert_eq!(
        stage.results(),
        [AttemptResult::Accepted, AttemptResult::Abandoned]
    );
    let given_up = Action::HangUp(BEN, HangupCause::NotNeeded);
    assert_eq!(stage.when(|action| *action == given_up), Some(16_000));
    assert!(!stage.was_told(BEN, "hunt/colleague-has-answered"));
}

#[test]
fn whoever_is_second_to_accept_hears_that_a_colleague_has_answered() {
    let stage = cardiology()
        .phone("sip:ann@h", rings().answers(14_900).keys(20_000, "1"))
        .phone("sip:ben@h", rings().answers(2_000).keys(4_000, "1"))
        .phone("sip:cat@h", rings());
    let stage = stage.caller(phone().hangs_up(40_000)).play();
    // Both have answered; Ben accepts at 18.1 s, and Ann's key at 22 s is too late.
    let joined = stage.facts().find_map(|(at, fact)| match fact {
        Fact::Joined { leg, .. } => Some((at, *leg)),
        _ => None,
    });
    assert_eq!(joined, Some((18_100, BEN)));
    assert_eq!(
        stage.results(),
        [AttemptResult::Accepted, AttemptResult::Abandoned]
    );
    assert!(stage.was_told(ANN, "hunt/colleague-has-answered"));
    assert!(!stage.was_told(BEN, "hunt/colleague-has-answered"));
    let let_go = Action::HangUp(ANN, HangupCause::Normal);
    assert_eq!(stage.when(|action| *action == let_go), Some(19_100));
    assert_eq!(stage.cause(), EndCause::CallerHungUp);
}

#[test]
fn two_who_accept_in_the_same_instant_are_not_both_joined() {
    let stage = cardiology()
        .phone("sip:ann@h", rings().answers(14_900).keys(16_100, "1"))
        .phone("sip:ben@h", rings().answers(2_000).keys(4_000, "1"));
    let stage = stage.caller(phone().hangs_up(40_000)).play();
    let joined = stage
        .facts()
        .filter(|(_, fact)| matches!(fact, Fact::Joined { .. }));
    assert_eq!(joined.count(), 1);
    assert!(
        stage.was_told(BEN, "hunt/colleague-has-answered"),
        "Ann rang first"
    );
}

#[test]
fn a_refusal_brings_the_next_at_once_and_an_answer_bars_the_overlap() {
    let stage = cardiology()
        .phone("sip:ann@h", rings().refuses(1_000, Refusal::Busy))
        .phone("sip:ben@h", rings().answers(5_000).keys(18_000, "2"))
        .phone("sip:cat@h", rings().answers(1_000).keys(3_000, "1"));
    let stage = stage.caller(phone().hangs_up(60_000)).play();
    // Ben has answered before his phone would be given up: nobody else is rung meanwhile.
    assert_eq!(dialled_at(&stage), [2_000, 3_000, 21_000]);
}

#[test]
fn a_caller_who_leaves_ends_both() {
    let stage = cardiology()
        .phone("sip:ann@h", rings())
        .phone("sip:ben@h", rings());
    let stage = stage.caller(phone().hangs_up(15_000)).play();
    for leg in [ANN, BEN] {
        let ended = |action: &Action| matches!(action, Action::HangUp(of, _) if *of == leg);
        assert_eq!(stage.when(ended), Some(15_000));
    }
}
