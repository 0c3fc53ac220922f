//! What a specialist's keys do during a talk: SERVICE 1.12.

use rotaline_call::{Action, Refusal};
use rotaline_model::{EndCause, LegId};
use rotaline_record::{AttemptResult, Fact, RecordingPart};

use crate::stage::{CALLER, MONDAY, NORTHFIELD, Script, Stage, phone, world};

const BEN: LegId = LegId(1);
const SECOND: LegId = LegId(2);
/// Ben's script begins at the caller's key.
const KEY: u64 = 2_000;

/// A call that Ben takes at 5 s; Ann is busy elsewhere. Times of the scripts are the call's.
fn talk(caller: Script, ben: impl Fn(Script) -> Script) -> Stage {
    let section = "[specialty.cardiology]\n";
    let plan = NORTHFIELD.replace(section, &format!("{section}in_call_keys = true\n"));
    let mut stage = Stage::at(MONDAY, world(&plan), "020 7946 0001", |_| {});
    stage.checker.may_be_joined = 3;
    let accepts = phone().rings(100).answers(1_000).keys(3_000, "1");
    stage
        .busy("ann")
        .caller(phone().keys(KEY, "1"))
        .caller(caller)
        .phone("sip:ben@h", ben(accepts))
}

fn bens(at: u64) -> u64 {
    at - KEY
}

fn joined(stage: &Stage) -> Vec<(u64, LegId)> {
    let facts = stage.facts();
    facts
        .filter_map(|(at, fact)| match fact {
            Fact::Joined { leg, .. } => Some((at, *leg)),
            _ => None,
        })
        .collect()
}

fn hung_up(stage: &Stage, leg: LegId) -> Option<u64> {
    stage.when(|action| matches!(action, Action::HangUp(of, _) if *of == leg))
}

#[test]
fn star_2_adds_the_next_specialist_and_the_talk_goes_on_without_the_first() {
    let stage = talk(phone().hangs_up(40_000), |ben| {
        ben.keys(bens(10_000), "*2").hangs_up(bens(20_000))
    })
    .phone(
        "sip:cat@h",
        phone().rings(100).answers(1_000).keys(3_000, "1"),
    )
    .play();
    assert_eq!(joined(&stage), [(5_000, BEN), (13_000, SECOND)]);
    assert!(stage.was_told(BEN, "in-call/adding-a-colleague"));
    assert!(stage.was_told(SECOND, "whisper/recorded-advice-call"));
    assert!(
        hung_up(&stage, SECOND) > Some(40_000),
        "asked for the outcome"
    );
    assert_eq!(stage.cause(), EndCause::CallerHungUp);
    assert!(stage.was_told(SECOND, "outcome/before-you-go"));
}

#[test]
fn a_caller_who_leaves_three_leaves_the_first_to_be_asked() {
    let stage = talk(phone().hangs_up(30_000), |ben| ben.keys(bens(10_000), "*2"))
        .phone(
            "sip:cat@h",
            phone().rings(100).answers(1_000).keys(3_000, "1"),
        )
        .play();
    assert!(stage.was_told(BEN, "outcome/before-you-go"));
    assert_eq!(hung_up(&stage, SECOND), Some(30_000));
}

#[test]
fn where_nobody_can_be_added_the_talk_goes_on_as_it_was() {
    let stage = talk(phone().hangs_up(40_000), |ben| ben.keys(bens(10_000), "*2"))
        .phone("sip:cat@h", phone().refuses(300, Refusal::Busy))
        .play();
    assert_eq!(joined(&stage), [(5_000, BEN)]);
    assert!(stage.was_told(BEN, "in-call/nobody-added"));
    let outcome = stage.said(BEN).into_iter().any(|(at, _)| at == 40_000);
    assert!(outcome);
}

#[test]
fn star_3_moves_to_the_next_phone_and_the_old_one_stays_until_the_new_has_accepted() {
    let stage = talk(phone().hangs_up(40_000), |ben| ben.keys(bens(10_000), "*3"))
        .phone(
            "sip:ben-desk@h",
            phone().rings(100).answers(2_000).keys(5_000, "1"),
        )
        .play();
    assert_eq!(joined(&stage), [(5_000, BEN), (15_000, SECOND)]);
    assert_eq!(hung_up(&stage, BEN), Some(15_000));
    assert!(stage.was_told(SECOND, "in-call/press-1-to-take-over"));
    assert_eq!(
        stage.results(),
        [AttemptResult::Accepted, AttemptResult::Accepted]
    );
    assert!(stage.was_told(SECOND, "outcome/before-you-go"));
    assert_eq!(stage.world.presence.borrow().reserved(), 1, "Ann elsewhere");
}

#[test]
fn an_other_phone_is_given_up_when_its_owner_leaves_a_talk_of_three() {
    let stage = talk(phone().hangs_up(50_000), |ben| {
        let three_way = ben.keys(bens(10_000), "*2");
        three_way.keys(bens(20_000), "*3").hangs_up(bens(24_000))
    })
    .phone(
        "sip:cat@h",
        phone().rings(100).answers(1_000).keys(3_000, "1"),
    )
    .phone(
        "sip:ben-desk@h",
        phone().rings(100).answers(6_000).keys(8_000, "1"),
    )
    .play();
    assert_eq!(joined(&stage), [(5_000, BEN), (13_000, SECOND)]);
    assert_eq!(hung_up(&stage, LegId(3)), Some(24_000));
    assert_eq!(stage.results()[2], AttemptResult::Abandoned);
}

#[test]
fn an_other_phone_that_does_not_answer_moves_nothing() {
    let stage = talk(phone().hangs_up(40_000), |ben| ben.keys(bens(10_000), "*3"))
        .phone("sip:ben-desk@h", phone().rings(100))
        .play();
    assert_eq!(joined(&stage), [(5_000, BEN)]);
    assert!(stage.was_told(BEN, "in-call/not-moved"));
    assert!(stage.was_told(BEN, "outcome/before-you-go"));
}

#[test]
fn star_4_masks_the_recording_says_so_to_both_and_goes_on() {
    let mask = |masked| Action::MaskRecording(RecordingPart::Case, masked);
    let stage = talk(phone().hangs_up(40_000), |ben| {
        ben.keys(bens(10_000), "*4").keys(bens(20_000), "*4")
    })
    .play();
    assert_eq!(stage.when(|action| *action == mask(true)), Some(10_000));
    assert_eq!(stage.when(|action| *action == mask(false)), Some(20_000));
    for leg in [CALLER, BEN] {
        assert!(stage.was_told(leg, "in-call/recording-paused"));
        assert!(stage.was_told(leg, "in-call/recording-resumed"));
    }
    let left_paused = talk(phone().hangs_up(40_000), |ben| ben.keys(bens(10_000), "*4")).play();
    let unmasked = left_paused.when(|action| *action == mask(false));
    assert_eq!(unmasked, Some(40_000), "the outcome is recorded again");
}

#[test]
fn star_9_flags_and_other_keys_do_nothing() {
    let stage = talk(phone().keys(12_000, "*9").hangs_up(40_000), |ben| {
        ben.keys(bens(10_000), "9").keys(bens(20_000), "*9*7")
    })
    .play();
    let flags = stage.facts().filter_map(|(at, fact)| match fact {
        Fact::Flagged { by } => Some((at, by.clone())),
        _ => None,
    });
    let flags: Vec<(u64, String)> = flags.collect();
    assert_eq!(flags, [(19_600, "ben".to_owned())]);
}

#[test]
fn keys_do_nothing_where_the_specialty_does_not_ask_for_them() {
    let accepts = phone().rings(100).answers(1_000).keys(3_000, "1");
    let stage = Stage::new(NORTHFIELD, "020 7946 0001")
        .caller(phone().keys(KEY, "1").hangs_up(20_000))
        .phone("sip:ann@h", accepts.keys(8_000, "*9*4*2"))
        .play();
    let nothing = |action: &Action| {
        matches!(
            action,
            Action::MaskRecording(..) | Action::Note(Fact::Flagged { .. })
        )
    };
    assert_eq!(stage.when(nothing), None);
    assert_eq!(stage.rung().len(), 1);
}
