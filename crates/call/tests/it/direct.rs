//! Direct lines: one phone behind a number.

use crate::stage::{CALLER, DIRECT, MONDAY, Stage, phone, world};
use rotaline_call::{Action, Presents, Refusal, RejectCause};
use rotaline_model::{EndCause, HangupCause, LegId, PhoneNumber};
use rotaline_record::{AttemptResult, CallerId, Fact, RecordingPart};

const FAR_END: LegId = LegId(1);
const UAS: &str = "sip:uas@127.0.0.1:5090";

#[test]
fn a_line_that_answers_on_arrival_joins_on_the_far_ends_answer() {
    let stage = Stage::new(DIRECT, "1001")
        .phone(UAS, phone().rings(30).answers(900).hangs_up(5_000))
        .play();
    assert_eq!(
        stage.when(|action| *action == Action::Answer(CALLER)),
        Some(0)
    );
    assert_eq!(stage.rung(), [(0, UAS.to_owned())]);
    assert_eq!(
        stage.when(|a| matches!(a, Action::Enter(CALLER, _))),
        Some(900)
    );
    assert_eq!(
        stage.when(|a| matches!(a, Action::Enter(FAR_END, _))),
        Some(900)
    );
    assert_eq!(stage.cause(), EndCause::SpecialistHungUp);
    assert_eq!(stage.ended_at(), 5_000);
    let hung_up = Action::HangUp(CALLER, HangupCause::Normal);
    assert_eq!(stage.when(|action| *action == hung_up), Some(5_000));
    let recorded = |action: &Action| matches!(action, Action::StartRecording(..));
    assert_eq!(stage.when(recorded), None);
}

#[test]
fn a_withheld_caller_is_nobody_on_a_direct_line_and_everybody_else_is_the_inbound_number() {
    let known = CallerId::Number(PhoneNumber::parse("01632 960101").unwrap().into());
    for (caller, shown) in [
        (CallerId::Withheld, Presents::Nothing),
        (known, Presents::InboundNumber),
    ] {
        let stage = Stage::at(MONDAY, world(DIRECT), "1001", |call| call.caller = caller);
        let stage = stage.phone(UAS, phone().rings(30)).play();
        let dialled = |action: &Action| match action {
            Action::Dial { presents, .. } => *presents == shown,
            _ => false,
        };
        assert_eq!(stage.when(dialled), Some(0));
    }
}

#[test]
fn the_recorded_line_is_recorded_from_its_answer_to_its_end() {
    let stage = Stage::new(DIRECT, "1000")
        .phone(UAS, phone().answers(900))
        .caller(phone().hangs_up(4_000))
        .play();
    let start = Action::StartRecording(CALLER, RecordingPart::Case);
    assert_eq!(stage.when(|action| *action == start), Some(0));
    let stop = Action::StopRecording(RecordingPart::Case);
    assert_eq!(stage.when(|action| *action == stop), Some(4_000));
    let hung_up = Action::HangUp(FAR_END, HangupCause::Normal);
    let order: Vec<&Action> = stage
        .log
        .iter()
        .map(|(_, action)| action)
        .filter(|action| [&hung_up, &stop].contains(action))
        .collect();
    assert_eq!(order, [&hung_up, &stop]);
    assert_eq!(stage.cause(), EndCause::CallerHungUp);
}

#[test]
fn a_line_that_answers_late_rings_and_answers_with_the_far_end() {
    let stage = Stage::new(DIRECT, "1002")
        .phone(UAS, phone().rings(30).answers(900).hangs_up(5_000))
        .play();
    assert_eq!(
        stage.when(|action| *action == Action::Progress(CALLER)),
        Some(30)
    );
    assert_eq!(
        stage.when(|action| *action == Action::Answer(CALLER)),
        Some(900)
    );
    assert_eq!(
        stage.when(|a| matches!(a, Action::Enter(FAR_END, _))),
        Some(900)
    );
    assert_eq!(stage.cause(), EndCause::SpecialistHungUp);
}

#[test]
fn a_caller_who_was_not_answered_is_refused_as_the_far_end_was() {
    let refusals = [
        (Refusal::Busy, RejectCause::Busy, AttemptResult::Busy),
        (
            Refusal::Refused,
            RejectCause::Unavailable,
            AttemptResult::Refused,
        ),
        (
            Refusal::NoSuchNumber,
            RejectCause::NoSuchNumber,
            AttemptResult::NoSuchNumber,
        ),
        (
            Refusal::NoAnswer,
            RejectCause::Unavailable,
            AttemptResult::NoAnswer,
        ),
        (
            Refusal::Unreachable,
            RejectCause::Unavailable,
            AttemptResult::Unreachable,
        ),
        (
            Refusal::DivertedToUs,
            RejectCause::Busy,
            AttemptResult::DivertedToUs,
        ),
    ];
    for (refusal, cause, result) in refusals {
        let stage = Stage::new(DIRECT, "1002")
            .phone(UAS, phone().refuses(200, refusal))
            .play();
        let rejected = Action::Reject(CALLER, cause);
        assert_eq!(
            stage.when(|action| *action == rejected),
            Some(200),
            "{refusal:?}"
        );
        assert_eq!(stage.results(), [result]);
        assert_eq!(stage.cause(), EndCause::NotAnswered);
    }
}

#[test]
fn a_line_that_rings_out_is_cancelled_and_the_caller_refused() {
    let stage = Stage::new(DIRECT, "1002")
        .phone(UAS, phone().rings(30))
        .play();
    let cancelled = Action::HangUp(FAR_END, HangupCause::NoAnswer);
    assert_eq!(stage.when(|action| *action == cancelled), Some(30_000));
    let rejected = Action::Reject(CALLER, RejectCause::Unavailable);
    assert_eq!(stage.when(|action| *action == rejected), Some(30_000));
    assert_eq!(stage.results(), [AttemptResult::NoAnswer]);
}

#[test]
fn a_caller_who_was_answered_is_told_that_the_line_cannot_be_reached() {
    let stage = Stage::new(DIRECT, "1001")
        .phone(UAS, phone().refuses(200, Refusal::Busy))
        .play();
    assert!(stage.was_told(CALLER, "hunt/line-unavailable"));
    assert_eq!(stage.ended_at(), 1_200);
    assert_eq!(stage.cause(), EndCause::NotAnswered);
}

#[test]
fn a_caller_who_leaves_while_it_rings_ends_the_ringing() {
    let stage = Stage::new(DIRECT, "1002")
        .phone(UAS, phone().rings(30).answers(5_000))
        .caller(phone().hangs_up(2_000))
        .play();
    let cancelled = Action::HangUp(FAR_END, HangupCause::NotNeeded);
    assert_eq!(stage.when(|action| *action == cancelled), Some(2_000));
    assert_eq!(stage.results(), [AttemptResult::Abandoned]);
    assert_eq!(stage.cause(), EndCause::CallerLeftWaiting);
}

#[test]
fn a_line_that_asks_for_acceptance_answers_the_caller_on_the_key() {
    let stage = Stage::new(DIRECT, "1003")
        .phone(
            UAS,
            phone()
                .rings(30)
                .answers(900)
                .keys(3_000, "1")
                .hangs_up(8_000),
        )
        .play();
    assert!(stage.was_told(FAR_END, "whisper/press-1"));
    assert_eq!(
        stage.when(|action| *action == Action::Answer(CALLER)),
        Some(3_000)
    );
    assert_eq!(stage.cause(), EndCause::SpecialistHungUp);
}

#[test]
fn a_line_that_goes_dead_ends_the_call() {
    let stage = Stage::new(DIRECT, "1001")
        .phone(UAS, phone().answers(900).dies(70_000))
        .play();
    assert_eq!(stage.cause(), EndCause::LineDead);
}

#[test]
fn a_number_that_is_not_ours_is_refused_and_has_a_case() {
    let stage = Stage::new(DIRECT, "9999").play();
    let rejected = Action::Reject(CALLER, RejectCause::NoSuchNumber);
    assert_eq!(stage.when(|action| *action == rejected), Some(0));
    assert_eq!(stage.cause(), EndCause::NoSuchNumber);
    let unreadable = Stage::at(MONDAY, world(DIRECT), "1001", |call| call.dialled = None).play();
    assert_eq!(unreadable.cause(), EndCause::NoSuchNumber);
}

#[test]
fn a_call_that_has_come_round_is_refused_as_busy() {
    let ours = PhoneNumber::parse("020 7946 0000").unwrap();
    let by_number = Stage::at(MONDAY, world(DIRECT), "1001", |call| {
        call.caller = CallerId::Number(ours.clone().into());
    });
    let by_diversion = Stage::at(MONDAY, world(DIRECT), "1001", |call| {
        call.diverted_by = vec![rotaline_model::Dialled::Full(ours.clone())];
    });
    for stage in [by_number.play(), by_diversion.play()] {
        let rejected = Action::Reject(CALLER, RejectCause::Busy);
        assert_eq!(stage.when(|action| *action == rejected), Some(0));
        assert_eq!(stage.cause(), EndCause::DivertedToUs);
        assert_eq!(stage.rung(), []);
    }
}

#[test]
fn the_facts_of_a_direct_call_come_in_order() {
    let stage = Stage::new(DIRECT, "1001")
        .phone(UAS, phone().rings(30).answers(900).hangs_up(5_000))
        .play();
    let kinds: Vec<String> = stage
        .facts()
        .map(|(_, fact)| {
            format!("{fact:?}")
                .split([' ', '{'])
                .next()
                .unwrap()
                .to_owned()
        })
        .collect();
    let expected = [
        "CaseOpened",
        "CallStarted",
        "CallerAnswered",
        "AttemptStarted",
        "AttemptRinging",
        "AttemptAnswered",
        "AttemptEnded",
        "Joined",
        "TalkEnded",
        "CallEnded",
        "CaseClosed",
    ];
    assert_eq!(kinds, expected);
    let ring_ms = stage.facts().find_map(|(_, fact)| match fact {
        Fact::AttemptEnded { ring_ms, .. } => Some(*ring_ms),
        _ => None,
    });
    assert_eq!(ring_ms, Some(870));
}
