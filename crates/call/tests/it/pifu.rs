//! Patients' lines: SERVICE 6.

use rotaline_model::{Acceptance, EndCause, LegId, NotAsked};
use rotaline_record::{AttemptResult, CallerId, Fact, RequestReason};

use crate::stage::{CALLER, LINES, MONDAY, NORTHFIELD, Stage, phone, world};

const CLINICIANS: &str = "020 7946 0012";
const SECRETARIES: &str = "020 7946 0013";
const SUNDAY: &str = "2026-11-22T14:00:00Z";

fn stage(wall: &str, dialled: &str) -> Stage {
    let plan = format!("{NORTHFIELD}{LINES}");
    Stage::at(wall, world(&plan), dialled, |_| {})
}

fn requests(stage: &Stage) -> Vec<(String, RequestReason)> {
    let facts = stage.facts();
    facts
        .filter_map(|(_, fact)| match fact {
            Fact::CallBackRequested { request } => {
                Some((request.number.expose().to_string(), request.why))
            }
            _ => None,
        })
        .collect()
}

#[test]
fn a_clinician_hears_only_pifu_patient_and_specialty_and_accepts() {
    let stage = stage(MONDAY, CLINICIANS)
        .caller(phone().hangs_up(40_000))
        .phone(
            "sip:ann@h",
            phone().rings(100).answers(4_000).keys(9_000, "1"),
        )
        .play();
    let (_, first) = &stage.said(CALLER)[0];
    assert_eq!(
        first[1], "pifu/emergency",
        "the emergency sentence is first"
    );
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
}

#[test]
fn nobody_accepts_and_the_number_is_confirmed_and_kept_for_the_secretaries() {
    let stage = stage(MONDAY, CLINICIANS)
        .caller(phone().keys(30_000, "1").keys(36_000, "#"))
        .play();
    let number = "+441632960101".to_owned();
    assert_eq!(requests(&stage), [(number, RequestReason::NobodyAccepted)]);
    assert!(stage.was_told(CALLER, "pifu/say-your-name"));
    assert!(stage.was_told(CALLER, "pifu/thank-you"));
    assert_eq!(stage.cause(), EndCause::CallBackRequested);
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
    // The emergency sentence to its end, then the INVITE.
    assert_eq!(stage.joined_at(), Some(1_400 + 4_000));
}

#[test]
fn out_of_hours_another_number_is_keyed_confirmed_and_kept_before_the_name() {
    let stage = stage(SUNDAY, SECRETARIES)
        .caller(
            phone()
                .keys(8_000, "07700900123#")
                .keys(26_000, "1")
                .hangs_up(29_000),
        )
        .play();
    assert_eq!(stage.rung(), []);
    let number = "+447700900123".to_owned();
    assert_eq!(requests(&stage), [(number, RequestReason::OutOfHours)]);
    // Hung up while the name was asked for: they are rung back all the same.
    assert_eq!(stage.cause(), EndCause::CallBackRequested);
}

#[test]
fn a_withheld_number_must_be_keyed_and_what_is_no_number_is_said_to_be_none() {
    let plan = format!("{NORTHFIELD}{LINES}");
    let stage = Stage::at(SUNDAY, world(&plan), SECRETARIES, |call| {
        call.caller = CallerId::Withheld;
    });
    let stage = stage
        .caller(
            phone()
                .keys(6_000, "555#")
                .keys(12_000, "07700900123#")
                .keys(30_000, "1"),
        )
        .play();
    assert!(stage.was_told(CALLER, "ring-back/key-a-number"));
    assert!(stage.was_told(CALLER, "ring-back/not-a-number"));
    assert_eq!(requests(&stage).len(), 1);
}

#[test]
fn a_request_that_the_disk_does_not_keep_is_not_promised() {
    let mut stage = stage(SUNDAY, SECRETARIES).caller(phone().keys(20_000, "1"));
    stage.keeps = false;
    let stage = stage.play();
    assert!(stage.was_told(CALLER, "pifu/not-kept"));
    assert!(!stage.was_told(CALLER, "pifu/thank-you"));
    assert_eq!(stage.cause(), EndCause::Closed);
}
