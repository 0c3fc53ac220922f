//! Patients' lines: SERVICE 6.

use rotaline_model::{Acceptance, EndCause, LegId, NotAsked};
use rotaline_record::{AttemptResult, CallerId, Fact, RequestReason};

use crate::stage::{CALLER, LINES, MONDAY, NORTHFIELD, Stage, phone, world};

const CLINICIANS: &str = "020 7946 0012";
const SECRETARIES: &str = "020 7946 0013";
const SUNDAY: &str = "2026-11-22T14:00:00Z";
/// Silence after the answer, and the emergency sentence.
const EMERGENCY_MS: u64 = 1_400;

fn stage(wall: &str, dialled: &str) -> Stage {
    let plan = format!("{NORTHFIELD}{LINES}");
    Stage::at(wall, world(&plan), dialled, |_| {})
}

fn requests(stage: &Stage) -> Vec<(u64, String, RequestReason)> {
    let requests = stage.facts().filter_map(|(at, fact)| match fact {
        Fact::CallBackRequested { request } => {
            Some((at, request.number.expose().to_string(), request.why))
        }
        _ => None,
    });
    requests.collect()
}

fn told_at(stage: &Stage, prompt: &str) -> u64 {
    let said = stage.said(CALLER);
    let told = said
        .iter()
        .find(|(_, names)| names.iter().any(|it| it == prompt));
    told.expect("it was said").0
}

#[test]
fn a_clinician_hears_only_pifu_patient_and_specialty_and_accepts_by_key() {
    let stage = stage(MONDAY, CLINICIANS)
        .caller(phone().keys(600, "*").keys(6_000, "*1").hangs_up(40_000))
        .phone(
            "sip:ann@h",
            phone().rings(100).answers(4_000).keys(9_000, "1"),
        )
        .play();
    let (at, first) = &stage.said(CALLER)[0];
    assert_eq!((*at, first[1].as_str()), (0, "pifu/emergency"));
    // To its end, whatever is keyed; then the INVITE, and `*` changes nothing.
    assert_eq!(stage.rung(), [(EMERGENCY_MS, "sip:ann@h".to_owned())]);
    let (_, whisper) = &stage.said(LegId(1))[0];
    assert_eq!(
        whisper[1..],
        [
            "whisper/pifu-patient",
            "specialty/cardiology",
            "whisper/press-1",
            "whisper/2-to-pass-on"
        ]
    );
    assert!(stage.joined_at().is_some());
    assert_eq!(stage.cause(), EndCause::CallerHungUp);
    // The patient is gone: the clinician is asked what came of it.
    assert!(stage.was_told(LegId(1), "outcome/before-you-go"));
}

#[test]
fn a_patient_is_asked_no_outcome() {
    let stage = stage(MONDAY, CLINICIANS)
        .caller(phone())
        .phone(
            "sip:ann@h",
            phone()
                .rings(100)
                .answers(4_000)
                .keys(9_000, "1")
                .hangs_up(20_000),
        )
        .play();
    assert_eq!(stage.cause(), EndCause::SpecialistHungUp);
    assert!(!stage.was_told(CALLER, "outcome/before-you-go"));
}

#[test]
fn nobody_accepts_and_the_confirmed_number_is_kept_before_it_is_promised() {
    let stage = stage(MONDAY, CLINICIANS)
        .caller(phone().keys(30_000, "1").keys(36_000, "#"))
        .play();
    let why = RequestReason::NobodyAccepted;
    let requests = requests(&stage);
    assert_eq!(requests.len(), 1);
    let (kept_at, number, reason) = &requests[0];
    assert_eq!((number.as_str(), *reason), ("+441632960101", why));
    assert!(*kept_at <= told_at(&stage, "pifu/say-your-name"));
    assert!(*kept_at < told_at(&stage, "pifu/thank-you"));
    assert!(stage.was_told(CALLER, "pifu/nobody-now"));
    assert!(!stage.was_told(CALLER, "hunt/press-1-to-try-again"));
    assert_eq!(stage.cause(), EndCause::CallBackRequested);
}

#[test]
fn the_number_is_said_digit_by_digit_as_it_is_dialled() {
    let stage = stage(SUNDAY, SECRETARIES)
        .caller(phone().keys(20_000, "1"))
        .play();
    let (at, said) = &stage.said(CALLER)[1];
    assert_eq!(*at, EMERGENCY_MS);
    let digits: Vec<String> = "01632960101"
        .chars()
        .map(|digit| format!("number/{digit}"))
        .collect();
    assert_eq!(said[..2], ["pifu/closed", "pifu/we-will-ring-you-on"]);
    assert_eq!(said[2..13], digits);
    assert_eq!(said[13..], ["pifu/number-confirm"]);
}

#[test]
fn a_secretary_answers_and_is_asked_nothing() {
    let stage = stage(MONDAY, SECRETARIES)
        .caller(phone().hangs_up(40_000))
        .phone("sip:sue@h", phone().rings(100).answers(4_000))
        .play();
    let not_asked = stage.facts().any(|(_, fact)| {
        matches!(fact, Fact::AttemptStarted { acceptance, .. }
            if *acceptance == Acceptance::NotAsked(NotAsked::Secretary))
    });
    assert!(not_asked);
    assert_eq!(stage.results(), [AttemptResult::Accepted]);
    assert_eq!(stage.joined_at(), Some(EMERGENCY_MS + 4_000));
    assert!(stage.said(LegId(1)).is_empty());
}

#[test]
fn the_next_secretary_is_rung_and_then_the_request_is_taken() {
    let stage = stage(MONDAY, SECRETARIES)
        .caller(phone().keys(150_000, "1").keys(160_000, "#"))
        .phone("sip:sue@h", phone().rings(100))
        .phone("sip:tim@h", phone().rings(100))
        .play();
    // 15 s from the first ring.
    let rung = stage.rung();
    assert_eq!(rung[0], (EMERGENCY_MS, "sip:sue@h".to_owned()));
    assert_eq!(rung[1], (EMERGENCY_MS + 15_100, "sip:tim@h".to_owned()));
    // Ringing begins once and does not stop between the two.
    let rings = stage.said(CALLER);
    assert_eq!(rings[1].0, EMERGENCY_MS);
    assert!(rings[2].0 > rung[1].0);
    let requests = requests(&stage);
    let whys: Vec<RequestReason> = requests.iter().map(|(_, _, why)| *why).collect();
    assert_eq!(whys, []);
    // Nobody confirmed in time: it says so, and names no promise.
    assert!(stage.was_told(CALLER, "pifu/not-kept"));
    assert_eq!(stage.cause(), EndCause::NotAnswered);
}

#[test]
fn out_of_hours_another_number_is_keyed_confirmed_and_kept_before_the_name() {
    let stage = stage(SUNDAY, SECRETARIES)
        .caller(
            phone()
                .keys(8_000, "07700900123#")
                .keys(26_000, "1")
                .hangs_up(27_500),
        )
        .play();
    assert_eq!(stage.rung(), []);
    let requests = requests(&stage);
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].1, "+447700900123");
    assert_eq!(requests[0].2, RequestReason::OutOfHours);
    // Hung up while the name was asked for: they are rung back all the same.
    assert_eq!(stage.cause(), EndCause::CallBackRequested);
}

#[test]
fn the_place_of_the_name_is_noted() {
    let stage = stage(SUNDAY, SECRETARIES)
        .caller(phone().keys(5_000, "1").keys(10_000, "#"))
        .play();
    let asked_at = told_at(&stage, "pifu/say-your-name");
    let name = stage.facts().find_map(|(at, fact)| match fact {
        Fact::NameSpoken { from, ms, .. } => Some((at, from.to_string(), *ms)),
        _ => None,
    });
    let (noted_at, from, ms) = name.expect("a name was spoken");
    assert!(asked_at < noted_at - u64::from(ms), "after the tone");
    assert!(from.starts_with("2026-11-22T14:00:06"), "{from}");
    assert!((3_000..4_500).contains(&ms), "{ms}");
}

#[test]
fn a_withheld_number_must_be_keyed_and_neither_nonsense_nor_ours_is_taken() {
    let plan = format!("{NORTHFIELD}{LINES}");
    let stage = Stage::at(SUNDAY, world(&plan), SECRETARIES, |call| {
        call.caller = CallerId::Withheld;
    });
    let stage = stage
        .caller(
            phone()
                .keys(3_000, "555#")
                .keys(8_000, "02079460001#")
                .keys(14_000, "07700900123#")
                .keys(34_000, "1")
                .keys(40_000, "#"),
        )
        .play();
    assert!(stage.was_told(CALLER, "ring-back/key-a-number"));
    let said = stage.said(CALLER);
    let refused = said
        .iter()
        .filter(|(_, names)| names.iter().any(|name| name == "ring-back/not-a-number"));
    assert_eq!(refused.count(), 2);
    let requests = requests(&stage);
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].1, "+447700900123");
}

#[test]
fn a_request_that_the_disk_does_not_keep_is_not_promised() {
    let mut stage = stage(SUNDAY, SECRETARIES).caller(phone().keys(5_000, "1"));
    stage.keeps = false;
    let stage = stage.play();
    assert!(stage.was_told(CALLER, "pifu/not-kept"));
    assert!(!stage.was_told(CALLER, "pifu/say-your-name"));
    assert!(!stage.was_told(CALLER, "pifu/thank-you"));
    assert_eq!(stage.cause(), EndCause::Closed);
}
