//! The whisper and the acceptance window: SERVICE 1.7, 1.8.

use rotaline_call::{Action, LegEvent};
use rotaline_model::{AnswerphoneSign, EndCause, LegId, Sound};
use rotaline_record::{AttemptResult, Evidence, Fact};

use crate::stage::{CALLER, NORTHFIELD, Script, Stage, phone, world};

const DIAL_IN: &str = "020 7946 0001";
const ANN: LegId = LegId(1);
/// Ann's INVITE; she rings 100 ms later.
const INVITE: u64 = 2_000;
/// 400 ms and five announcements.
const WHISPER_MS: u64 = 5_400;

/// A call in which Ann's phone does this, and Ben's rings.
fn ann(script: Script) -> Stage {
    Stage::new(NORTHFIELD, DIAL_IN)
        .caller(phone().keys(INVITE, "1"))
        .phone("sip:ann@h", script)
        .phone("sip:ben@h", phone().rings(100))
}

fn evidence(stage: &Stage) -> Vec<Evidence> {
    let ended = stage.facts().find_map(|(_, fact)| match fact {
        Fact::AttemptEnded {
            attempt: 1,
            evidence,
            ..
        } => Some(evidence.clone()),
        _ => None,
    });
    ended.unwrap()
}

fn signs(stage: &Stage) -> Vec<(AnswerphoneSign, u32)> {
    let ended = stage.facts().find_map(|(_, fact)| match fact {
        Fact::AttemptEnded {
            attempt: 1,
            answerphone,
            ..
        } => Some(answerphone.clone()),
        _ => None,
    });
    let signs = ended.unwrap().into_iter();
    signs.map(|it| (it.sign, it.after_answer_ms)).collect()
}

fn second_rung_at(stage: &Stage) -> Option<u64> {
    stage.rung().get(1).map(|(at, _)| *at)
}

#[test]
fn the_whisper_says_what_the_call_is_and_is_said_again_once_2_s_after_its_end() {
    let mut stage = ann(phone().rings(100).answers(1_000));
    stage.play_until(19_000);
    let whisper = "silence 400, whisper/recorded-advice-call, specialty/cardiology, \
                   whisper/press-1, practice/elm-street-surgery, whisper/2-to-pass-on";
    let said: Vec<(u64, String)> = stage
        .said(ANN)
        .iter()
        .map(|(at, names)| (*at, names.join(", ")))
        .collect();
    let first = INVITE + 1_000;
    let second = first + WHISPER_MS + 2_000;
    assert_eq!(
        said,
        [(first, whisper.to_owned()), (second, whisper.to_owned())]
    );
}

#[test]
fn without_a_key_the_window_closes_16_s_after_the_answer() {
    let mut stage = ann(phone().rings(100).answers(1_000));
    stage.play_until(60_000);
    assert_eq!(second_rung_at(&stage), Some(INVITE + 1_000 + 16_000));
    assert_eq!(stage.results()[0], AttemptResult::NotAccepted);
    assert_eq!(evidence(&stage), []);
}

#[test]
fn a_short_whisper_leaves_6_s_after_its_second_speaking() {
    // A direct line's whisper is four announcements: 4.4 s, 2 s, 4.4 s and 6 s are 16.8. Here
    // announcements last 500 ms, so that the limit of 16 s is not what ends it.
    let mut stage = ann(phone().rings(100).answers(1_000));
    stage.prompt_ms = 500;
    stage.play_until(60_000);
    let whisper = 400 + 5 * 500;
    let expected = INVITE + 1_000 + whisper + 2_000 + whisper + 6_000;
    assert_eq!(second_rung_at(&stage), Some(expected));
}

#[test]
fn an_answer_within_2_s_without_ringing_is_likely_an_answerphone_and_has_8_s() {
    let mut likely = ann(phone().answers(1_000));
    likely.play_until(60_000);
    assert_eq!(second_rung_at(&likely), Some(INVITE + 1_000 + 8_000));
    assert_eq!(signs(&likely), [(AnswerphoneSign::AtOnce, 0)]);
    let mut late = ann(phone().answers(2_100));
    late.play_until(60_000);
    assert_eq!(second_rung_at(&late), Some(INVITE + 2_100 + 16_000));
    assert_eq!(signs(&late), []);
}

#[test]
fn long_talk_or_a_beep_shorten_the_window_to_8_s_from_the_answer_and_are_kept() {
    for sign in [AnswerphoneSign::LongTalk, AnswerphoneSign::Beep] {
        let mut stage = ann(phone().rings(100).answers(1_000).shows(5_300, sign));
        stage.play_until(60_000);
        assert_eq!(second_rung_at(&stage), Some(INVITE + 1_000 + 8_000));
        assert_eq!(stage.results()[0], AttemptResult::NotAccepted);
        assert_eq!(signs(&stage), [(sign, 4_300)]);
        let told = stage.when(|action| *action == Action::WatchForAnswerphone(ANN));
        assert_eq!(told, Some(INVITE + 1_000), "from the answer on");
    }
}

#[test]
fn a_sign_after_8_s_ends_the_window_at_once_and_two_signs_are_both_kept() {
    let mut stage = ann(phone()
        .rings(100)
        .answers(1_000)
        .shows(12_000, AnswerphoneSign::Beep)
        .shows(12_000, AnswerphoneSign::LongTalk));
    stage.play_until(60_000);
    assert_eq!(second_rung_at(&stage), Some(INVITE + 12_000));
    assert_eq!(signs(&stage)[0], (AnswerphoneSign::Beep, 11_000));
    let mut both = ann(phone()
        .rings(100)
        .answers(1_000)
        .shows(5_200, AnswerphoneSign::LongTalk)
        .shows(6_000, AnswerphoneSign::Beep)
        .shows(7_000, AnswerphoneSign::Beep));
    both.play_until(60_000);
    let expected = [
        (AnswerphoneSign::LongTalk, 4_200),
        (AnswerphoneSign::Beep, 5_000),
    ];
    assert_eq!(signs(&both), expected);
    assert_eq!(second_rung_at(&both), Some(INVITE + 1_000 + 8_000));
}

#[test]
fn signs_are_no_key_and_keep_no_key_out() {
    let stage = ann(phone()
        .rings(100)
        .answers(1_000)
        .shows(3_000, AnswerphoneSign::Beep)
        .shows(5_200, AnswerphoneSign::LongTalk)
        .keys(8_900, "1"))
    .caller(phone().hangs_up(20_000))
    .play();
    assert_eq!(stage.results(), [AttemptResult::Accepted]);
    assert_eq!(signs(&stage).len(), 2);
    let stopped = stage.when(|action| matches!(action, Action::Enter(ANN, _)));
    assert_eq!(stopped, Some(INVITE + 8_900), "not before the key");
}

#[test]
fn nobody_is_listened_to_where_nobody_is_asked() {
    let stage = ann(phone().rings(100).answers(1_000).keys(3_000, "1"))
        .caller(phone().hangs_up(20_000))
        .play();
    let watched = stage.log.iter().filter_map(|(_, action)| match action {
        Action::WatchForAnswerphone(leg) => Some(*leg),
        _ => None,
    });
    assert_eq!(watched.collect::<Vec<_>>(), [ANN]);
}

#[test]
fn one_lets_the_caller_in_with_its_evidence() {
    let stage = ann(phone()
        .rings(100)
        .answers(1_000)
        .keys(3_500, "1")
        .hangs_up(9_000))
    .caller(phone().hangs_up(20_000))
    .play();
    let accepted = INVITE + 3_500;
    // The whisper stops as the key goes down; everything else is done as it is complete.
    let stopped = stage.when(|action| *action == Action::StopPlaying(ANN));
    assert_eq!(stopped, Some(accepted - crate::stage::KEY_MS));
    let order: Vec<&Action> = stage
        .log
        .iter()
        .filter(|(at, _)| *at == accepted)
        .map(|(_, action)| action)
        .filter(|action| !matches!(action, Action::Note(_) | Action::StopRecording(_)))
        .collect();
    let (Action::StopPlaying(CALLER), Action::Enter(CALLER, room), Action::Enter(ANN, same)) =
        (order[0], order[1], order[2])
    else {
        panic!("{order:?}");
    };
    assert_eq!(room, same);
    assert!(matches!(order[3], Action::Play { leg: ANN, sounds, .. } if *sounds == [Sound::Beep]));
    assert_eq!(order.len(), 4);
    let evidence = evidence(&stage);
    assert_eq!(evidence.len(), 1);
    assert_eq!(
        (evidence[0].key.as_char(), evidence[0].after_answer_ms),
        ('1', 2_500)
    );
}

#[test]
fn two_passes_on_and_is_not_asked_again() {
    let busy = || phone().refuses(100, rotaline_call::Refusal::Busy);
    let stage = Stage::new(NORTHFIELD, DIAL_IN)
        .caller(phone().keys(INVITE, "1").keys(9_000, "1").hangs_up(12_000))
        .phone(
            "sip:ann@h",
            phone().rings(100).answers(1_000).keys(3_000, "2"),
        )
        .phone("sip:ben@h", busy())
        .phone("sip:ben-desk@h", busy())
        .phone("sip:cat@h", busy())
        .play();
    assert_eq!(second_rung_at(&stage), Some(INVITE + 3_000));
    assert_eq!(stage.results()[0], AttemptResult::PassedOn);
    let rung: Vec<String> = stage.rung().into_iter().map(|(_, to)| to).collect();
    let (first, again) = rung.split_at(4);
    assert_eq!(
        first,
        ["sip:ann@h", "sip:ben@h", "sip:cat@h", "sip:ben-desk@h"]
    );
    assert_eq!(again, ["sip:ben@h", "sip:cat@h", "sip:ben-desk@h"]);
}

#[test]
fn hanging_up_on_the_whisper_rings_the_next_at_once() {
    let mut stage = ann(phone().rings(100).answers(1_000).hangs_up(2_500));
    stage.play_until(10_000);
    assert_eq!(second_rung_at(&stage), Some(INVITE + 2_500));
    assert_eq!(stage.results(), [AttemptResult::HungUp]);
}

#[test]
fn another_key_has_the_whisper_said_again() {
    let stage = ann(phone()
        .rings(100)
        .answers(1_000)
        .keys(3_000, "7")
        .keys(5_000, "1"))
    .caller(phone().hangs_up(20_000))
    .play();
    let said: Vec<u64> = stage.said(ANN).iter().map(|(at, _)| *at).collect();
    assert_eq!(said[..2], [INVITE + 1_000, INVITE + 3_000]);
    let keys: Vec<char> = evidence(&stage).iter().map(|it| it.key.as_char()).collect();
    assert_eq!(keys, ['7', '1']);
    assert_eq!(stage.results(), [AttemptResult::Accepted]);
}

#[test]
fn wrong_keys_do_not_stretch_the_window() {
    let script = (0..20).fold(phone().rings(100).answers(1_000), |script, turn| {
        script.keys(2_000 + turn * 1_000, "7")
    });
    let mut stage = ann(script);
    stage.play_until(60_000);
    assert_eq!(second_rung_at(&stage), Some(INVITE + 1_000 + 16_000));
}

#[test]
fn keys_before_the_answer_let_nobody_in() {
    let early = phone().rings(100).keys(600, "1").answers(1_000);
    let mut stage = ann(early);
    stage.play_until(60_000);
    assert_eq!(stage.results()[0], AttemptResult::NotAccepted);
}

#[test]
fn the_callers_keys_let_nobody_in() {
    let mut stage = ann(phone().rings(100).answers(1_000)).caller(phone().keys(6_000, "1"));
    stage.play_until(60_000);
    assert_eq!(stage.results()[0], AttemptResult::NotAccepted);
    assert_eq!(
        stage.when(|action| matches!(action, Action::Enter(..))),
        None
    );
}

#[test]
fn a_key_that_never_ends_stops_the_whisper_and_lets_nobody_in() {
    let mut stage = ann(phone().rings(100).answers(1_000));
    stage.play_until(INVITE + 2_000);
    let one = rotaline_model::Digit::parse('1').unwrap();
    stage.tell(rotaline_call::Input::Leg(ANN, LegEvent::KeyDown(one)));
    stage.play_until(60_000);
    assert_eq!(
        second_rung_at(&stage),
        Some(INVITE + 2_000 + 2_000 + WHISPER_MS + 6_000)
    );
    assert_eq!(stage.results()[0], AttemptResult::NotAccepted);
}

#[test]
fn the_caller_is_named_by_practice_or_as_unknown() {
    let stage = Stage::at(crate::stage::MONDAY, world(NORTHFIELD), DIAL_IN, |call| {
        call.caller = rotaline_record::CallerId::Withheld;
    })
    .caller(phone().keys(INVITE, "1").hangs_up(9_000))
    .phone("sip:ann@h", phone().rings(100).answers(1_000))
    .play();
    assert!(stage.was_told(ANN, "practice/unknown-caller"));
    assert!(!stage.was_told(ANN, "practice/elm-street-surgery"));
    assert_eq!(stage.cause(), EndCause::CallerLeftWaiting);
}
