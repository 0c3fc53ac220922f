//! An administrator ends a call that is up (issue "Records": live calls, hang up).

use rotaline_call::Action;
use rotaline_model::{EndCause, HangupCause, LegId};
use rotaline_record::{AttemptResult, EndedBy, Fact};

use crate::stage::{CALLER, NORTHFIELD, Stage, phone};

const DIAL_IN: &str = "020 7946 0001";
const ANN: LegId = LegId(1);
const WORDS: &str = "talk/ended-by-administrator";
/// Announcements of the stage last so long.
const WORDS_MS: u64 = 1_000;

fn hung_up(leg: LegId) -> Action {
    Action::HangUp(leg, HangupCause::EndedByAdministrator)
}

fn in_a_talk() -> Stage {
    let accepts = phone().rings(100).answers(1_000).keys(3_000, "1");
    Stage::new(NORTHFIELD, DIAL_IN)
        .caller(phone().keys(2_000, "1"))
        .phone("sip:ann@h", accepts)
}

/// Plays to a time, and has the call ended then.
fn ended_at(mut stage: Stage, at_ms: u64) -> Stage {
    stage.dismiss(at_ms);
    stage
}

#[test]
fn both_are_told_and_then_hung_up_with_the_reason() {
    let stage = ended_at(in_a_talk(), 9_000).play();
    assert!(stage.was_told(CALLER, WORDS) && stage.was_told(ANN, WORDS));
    for leg in [CALLER, ANN] {
        let at = stage.when(|action| *action == hung_up(leg));
        assert_eq!(at, Some(9_000 + WORDS_MS), "{leg}");
    }
    assert_eq!(stage.cause(), EndCause::EndedByAdministrator);
    let by_us = Fact::TalkEnded {
        call: call_of(&stage),
        by: EndedBy::Us,
    };
    let ended = stage.facts().find(|(_, fact)| **fact == by_us);
    assert_eq!(
        ended.map(|(at, _)| at),
        Some(9_000),
        "the talk is over at once"
    );
}

#[test]
fn a_phone_that_rings_stops_at_once_and_the_caller_is_told() {
    let stage = Stage::new(NORTHFIELD, DIAL_IN)
        .caller(phone().keys(2_000, "1"))
        .phone("sip:ann@h", phone().rings(100));
    let stage = ended_at(stage, 6_000).play();
    let stopped = stage.when(|action| *action == hung_up(ANN));
    assert_eq!(stopped, Some(6_000));
    assert_eq!(stage.results(), [AttemptResult::Abandoned]);
    assert!(stage.was_told(CALLER, WORDS));
    assert_eq!(stage.rung().len(), 1, "nobody else is rung");
    assert_eq!(stage.cause(), EndCause::EndedByAdministrator);
}

#[test]
fn told_twice_it_ends_without_waiting_for_the_words() {
    let mut stage = ended_at(in_a_talk(), 9_000);
    stage.dismiss(9_000);
    assert!(stage.is_finished());
    assert_eq!(stage.cause(), EndCause::EndedByAdministrator);
    let at = stage.when(|action| *action == hung_up(CALLER));
    assert_eq!(at, Some(9_000));
}

#[test]
fn who_hangs_up_during_the_words_keeps_nobody() {
    let stage = in_a_talk().caller(phone().hangs_up(9_300));
    let stage = ended_at(stage, 9_000).play();
    assert_eq!(stage.when(|action| *action == hung_up(CALLER)), None);
    assert_eq!(stage.when(|action| *action == hung_up(ANN)), Some(10_000));
}

#[test]
fn a_call_that_is_over_is_nobodys_to_end() {
    let mut stage = in_a_talk().caller(phone().hangs_up(4_000)).play();
    let cause = stage.cause();
    let facts = stage.facts().count();
    stage.dismiss(20_000);
    assert_eq!((stage.cause(), stage.facts().count()), (cause, facts));
}

#[test]
fn keys_do_not_cut_the_words_short() {
    let stage = in_a_talk().caller(phone().keys(9_200, "1"));
    let stage = ended_at(stage, 9_000).play();
    let at = stage.when(|action| *action == hung_up(CALLER));
    assert_eq!(at, Some(10_000));
    let asked = stage.when(|action| matches!(action, Action::NoteDurably(..)));
    assert_eq!(asked, None, "no outcome is taken of it");
}

fn call_of(stage: &Stage) -> rotaline_model::CallId {
    let started = stage.facts().find_map(|(_, fact)| match fact {
        Fact::CallStarted { call, .. } => Some(*call),
        _ => None,
    });
    started.expect("a call")
}
