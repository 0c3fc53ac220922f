//! The end of the talk, and the outcome: SERVICE 1.8, 1.11.

use rotaline_call::Action;
use rotaline_model::{EndCause, HangupCause, LegId};
use rotaline_record::{EndedBy, Fact, RecordingPart};

use crate::stage::{CALLER, NORTHFIELD, Script, Stage, phone};

const DIAL_IN: &str = "020 7946 0001";
const ANN: LegId = LegId(1);
/// When they are joined: 2 s to the key, 3 s to the acceptance.
const JOINED: u64 = 5_000;
/// 400 ms, "before you go", two outcomes with their keys.
const OUTCOMES_MS: u64 = 400 + 1_000 + 2 * 2_150;

/// A call in which Ann accepts; times of both scripts are from the call's start.
fn talk(caller: Script, ann_later: impl Fn(Script) -> Script) -> Stage {
    let accepts = phone().rings(100).answers(1_000).keys(3_000, "1");
    Stage::new(NORTHFIELD, DIAL_IN)
        .caller(phone().keys(2_000, "1"))
        .caller(caller)
        .phone("sip:ann@h", ann_later(accepts))
}

/// A time of the call as a time of Ann's script.
fn anns(at: u64) -> u64 {
    at - 2_000
}

fn set(outcome: &str, by: &str) -> (String, String) {
    (outcome.to_owned(), by.to_owned())
}

#[test]
fn the_caller_is_asked_when_the_specialist_hangs_up_first() {
    let stage = talk(phone().keys(14_000, "2"), |ann| ann.hangs_up(anns(10_000))).play();
    assert_eq!(
        stage.when(|action| matches!(action, Action::Enter(ANN, _))),
        Some(JOINED)
    );
    let asked = stage
        .said(CALLER)
        .into_iter()
        .find(|(at, _)| *at >= 10_000)
        .unwrap();
    let menu = "silence 400, outcome/before-you-go, number/1, outcome/referral-avoided, \
                silence 150, number/2, outcome/referral-made, silence 150";
    assert_eq!((asked.0, asked.1.join(", ")), (10_000, menu.to_owned()));
    assert_eq!(
        stage.outcomes(),
        [set("referral-made", "Elm Street Surgery")]
    );
    let stored = stage
        .log
        .iter()
        .position(|(_, action)| matches!(action, Action::NoteDurably(..)));
    let said = stage.log.iter().position(|(at, action)| {
        *at >= 14_000 && matches!(action, Action::Play { leg: CALLER, .. })
    });
    assert!(stored.unwrap() < said.unwrap(), "stored before it is said");
    assert!(stage.was_told(CALLER, "outcome/star-to-change"));
    assert_eq!(stage.ended_at(), 14_000 + 3_000 + 5_000);
    assert_eq!(stage.cause(), EndCause::SpecialistHungUp);
    let left = stage.when(|action| *action == Action::Leave(CALLER));
    assert_eq!(left, Some(10_000));
}

#[test]
fn the_specialist_is_asked_when_the_caller_hangs_up_first_and_the_recording_goes_on() {
    let stage = talk(phone().hangs_up(10_000), |ann| {
        ann.keys(anns(13_000), "1").hangs_up(anns(15_000))
    })
    .play();
    let turned = Action::TurnRecording(ANN, RecordingPart::Case);
    assert_eq!(stage.when(|action| *action == turned), Some(10_000));
    assert_eq!(stage.outcomes(), [set("referral-avoided", "ann")]);
    assert!(stage.was_told(ANN, "outcome/thank-you"));
    assert_eq!(stage.cause(), EndCause::CallerHungUp);
    let stopped = Action::StopRecording(RecordingPart::Case);
    assert_eq!(stage.when(|action| *action == stopped), Some(15_000));
}

#[test]
fn star_changes_the_outcome() {
    let stage = talk(
        phone()
            .keys(12_000, "1")
            .keys(13_000, "*")
            .keys(14_000, "2"),
        |ann| ann.hangs_up(anns(10_000)),
    )
    .play();
    let by = "Elm Street Surgery";
    assert_eq!(
        stage.outcomes(),
        [set("referral-avoided", by), set("referral-made", by)]
    );
}

#[test]
fn a_key_that_is_no_outcome_has_the_menu_said_again() {
    let stage = talk(phone().keys(12_000, "9").keys(14_000, "1"), |ann| {
        ann.hangs_up(anns(10_000))
    })
    .play();
    assert_eq!(
        stage.outcomes(),
        [set("referral-avoided", "Elm Street Surgery")]
    );
    let asked: Vec<u64> = stage
        .said(CALLER)
        .into_iter()
        .filter(|(_, names)| names.iter().any(|name| name == "outcome/before-you-go"))
        .map(|(at, _)| at)
        .collect();
    assert_eq!(asked, [10_000, 12_000]);
}

#[test]
fn somebody_who_gives_no_outcome_is_asked_twice_and_let_go_with_a_word() {
    let stage = talk(phone(), |ann| ann.hangs_up(anns(10_000))).play();
    assert_eq!(stage.outcomes(), []);
    assert!(stage.was_told(CALLER, "menu/goodbye"));
    assert_eq!(stage.ended_at(), 10_000 + 2 * (OUTCOMES_MS + 5_000) + 1_000);
    let hung_up = Action::HangUp(CALLER, HangupCause::Normal);
    assert_eq!(
        stage.when(|action| *action == hung_up),
        Some(stage.ended_at())
    );
}

#[test]
fn keys_of_the_talk_answer_nothing_afterwards() {
    let stage = talk(phone().keys(7_000, "1").hangs_up(18_000), |ann| {
        ann.keys(anns(8_000), "22").hangs_up(anns(10_000))
    })
    .play();
    assert_eq!(stage.outcomes(), []);
}

#[test]
fn both_gone_rings_nobody_and_leaves_no_outcome() {
    let stage = talk(phone().hangs_up(10_000), |ann| ann.hangs_up(anns(10_400))).play();
    assert_eq!(stage.outcomes(), []);
    assert_eq!(stage.ended_at(), 10_400);
    assert_eq!(stage.rung().len(), 1);
}

#[test]
fn the_specialist_is_free_while_the_caller_chooses_the_outcome() {
    let mut stage = talk(phone(), |ann| ann.hangs_up(anns(10_000)));
    stage.play_until(9_999);
    assert_eq!(stage.world.presence.borrow().reserved(), 1);
    stage.play_until(10_000);
    assert_eq!(stage.world.presence.borrow().reserved(), 0);
    assert!(!stage.is_finished());
}

#[test]
fn a_dead_line_ends_the_talk_as_ours() {
    let stage = talk(phone().dies(70_000), |ann| ann).play();
    let by = stage.facts().find_map(|(_, fact)| match fact {
        Fact::TalkEnded { by, .. } => Some(*by),
        _ => None,
    });
    assert_eq!(by, Some(EndedBy::Us));
    assert_eq!(stage.cause(), EndCause::LineDead);
}
