//! The dial-in number, from the menu through the hunt to the talk.

use rotaline_call::{Action, Refusal};
use rotaline_model::{EndCause, HangupCause, LegId};
use rotaline_record::{AttemptResult, EndedBy, Fact, RecordingPart};

use crate::stage::{CALLER, NORTHFIELD, Stage, dead_phone, phone};

const DIAL_IN: &str = "020 7946 0001";

#[test]
fn second_specialist_is_busy_and_third_accepts() {
    let stage = Stage::new(NORTHFIELD, DIAL_IN)
        .caller(phone().keys(2_000, "1"))
        .phone("sip:ann@h", phone().rings(100))
        .phone("sip:ben@h", phone().refuses(300, Refusal::Busy))
        .phone(
            "sip:cat@h",
            phone()
                .rings(100)
                .answers(4_000)
                .keys(8_000, "1")
                .hangs_up(60_000),
        )
        .play();
    let expected = [
        (2_000, "sip:ann@h"),
        (17_100, "sip:ben@h"),
        (17_400, "sip:cat@h"),
    ]
    .map(|(at, to)| (at, to.to_owned()));
    assert_eq!(stage.rung(), expected);
    let results = [
        AttemptResult::NoAnswer,
        AttemptResult::Busy,
        AttemptResult::Accepted,
    ];
    assert_eq!(stage.results(), results);
    let cancelled = Action::HangUp(LegId(1), HangupCause::NoAnswer);
    assert_eq!(stage.when(|action| *action == cancelled), Some(17_100));
    let joined = stage.when(|action| matches!(action, Action::Note(Fact::Joined { .. })));
    assert_eq!(joined, Some(25_400));
    let entered = |leg| move |action: &Action| matches!(action, Action::Enter(l, _) if *l == leg);
    assert_eq!(stage.when(entered(CALLER)), Some(25_400));
    assert_eq!(stage.when(entered(LegId(3))), Some(25_400));
    let whisper = RecordingPart::Whisper(3);
    let started = Action::StartRecording(LegId(3), whisper);
    assert_eq!(stage.when(|action| *action == started), Some(21_400));
    let stopped = Action::StopRecording(whisper);
    assert_eq!(stage.when(|action| *action == stopped), Some(25_400));
    let talk = stage.facts().find_map(|(at, fact)| match fact {
        Fact::TalkEnded { by, .. } => Some((at, *by)),
        _ => None,
    });
    assert_eq!(talk, Some((77_400, EndedBy::Specialist)));
    assert_eq!(stage.cause(), EndCause::SpecialistHungUp);
}

#[test]
fn nobody_can_be_reached_in_time_and_the_caller_hears_so() {
    let stage = Stage::new(NORTHFIELD, DIAL_IN)
        .caller(phone().keys(2_000, "1"))
        .phone("sip:ann@h", dead_phone())
        .phone("sip:ben@h", phone())
        .phone("sip:cat@h", phone().rings(9_000))
        .phone("sip:ben-desk@h", phone().rings(500))
        .play();
    // No reply for 2 s; no ring for 10 s; 15 s of ringing; 8 s of it on the desk phone.
    let expected = [
        (2_000, "sip:ann@h"),
        (4_000, "sip:ben@h"),
        (14_000, "sip:cat@h"),
        (38_000, "sip:ben-desk@h"),
    ]
    .map(|(at, to)| (at, to.to_owned()));
    assert_eq!(stage.rung(), expected);
    use AttemptResult::{NoAnswer, Unreachable};
    assert_eq!(
        stage.results(),
        [Unreachable, Unreachable, NoAnswer, NoAnswer]
    );
    assert!(stage.was_told(CALLER, "hunt/nobody-answered"));
    assert!(stage.was_told(CALLER, "menu/goodbye"));
    assert_eq!(stage.cause(), EndCause::NobodyAccepted);
}
