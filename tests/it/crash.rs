//! `kill -9` in the middle of a recorded call: what is on disk is found, put right and linked to
//! its case at the next start (SERVICE 7 and 8).

use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::party::{Caller, Manner, Phone};
use crate::recordings::{ffprobe_seconds, wav_seconds};
use crate::server::{Home, Wish, keep, wait_until};

const CALLER_HZ: u16 = 700;
const PHONE_HZ: u16 = 1130;
/// Audio between the joining and the kill.
const TALK: Duration = Duration::from_secs(4);
/// As long as a key is pressed, and a little.
const KEY: Duration = Duration::from_millis(300);
/// SERVICE 8: a killed process loses at most the last second.
const LOST_AT_MOST_S: f64 = 1.0;

#[test]
fn killed_in_talk_its_recording_is_repaired_its_case_closed_and_its_outcome_can_be_given() {
    let home = Home::new("killed-in-talk", &Wish::default());
    let lasted_s = talk_until_killed(&home);

    let server = home.serve();
    wait_until("the case and its recording are told", || {
        let case = server.only_case();
        case["end_cause"] == "interrupted" && recording(&case)["mp3_ready"] == true
    });
    let case = server.only_case();
    keep(&home.folder.join("case.json"), case.to_string().as_bytes());
    assert!(case["closed_at"].is_string(), "{case}");
    assert!(case["calls"][0]["ended_at"].is_string(), "{case}");
    assert_eq!(case["specialist"], "ann", "{case}");
    let told = recording(&case);
    assert_eq!(told["repaired"], true, "{told}");
    let all = case["recordings"].as_array().expect("a list");
    assert_eq!(all.len(), 2, "the case's and the whisper's: {case}");
    assert!(all.iter().all(|one| one["sha256"].is_string()), "{case}");
    let told_s = told["duration_s"].as_f64().expect("a duration");
    assert!(
        told_s > lasted_s - LOST_AT_MOST_S,
        "{told_s} of {lasted_s} s"
    );
    assert!(
        told_s < lasted_s + LOST_AT_MOST_S,
        "{told_s} of {lasted_s} s"
    );

    let talk_s = case["talk_s"].as_f64().expect("a talk");
    let talked_s = TALK.as_secs_f64();
    assert!(
        (talked_s - LOST_AT_MOST_S..talked_s + 2.0).contains(&talk_s),
        "{talk_s} of {talked_s} s of talk"
    );

    let path = format!("/api/v1/calls/{}", case["id"].as_str().expect("an id"));
    let wav = server.file(&format!("{path}/recording.wav"));
    let wav_s = wav_seconds(&wav).expect("a right header");
    assert!(
        (wav_s - told_s).abs() < 0.001,
        "the file has {wav_s} s, the record {told_s} s"
    );
    let mp3 = server.file(&format!("{path}/recording.mp3"));
    for (name, bytes) in [("recording.wav", &wav), ("recording.mp3", &mp3)] {
        let file = home.folder.join(name);
        keep(&file, bytes);
        if let Some(seconds) = ffprobe_seconds(&file) {
            assert!(
                (seconds - told_s).abs() < 0.3,
                "{name}: {seconds} of {told_s} s"
            );
        }
    }

    let answer = server.put(
        &format!("{path}/outcome"),
        r#"{"outcome":"referral-avoided"}"#,
    );
    assert!([200, 202].contains(&answer.status), "{}", answer.status);
    wait_until("the outcome is seen", || {
        server.only_case()["outcome"] == "referral-avoided"
    });
    assert_eq!(server.get("/healthz")["status"], "ok");
    server.close(&[]);
}

/// An accepted call, killed in the middle of its talk; how long it was up, in seconds.
fn talk_until_killed(home: &Home) -> f64 {
    let server = home.serve();
    let phone = Phone::at(home.phone, PHONE_HZ, Manner::Answers);
    let mut caller = Caller::new(home.sip_address(), "02079460002", CALLER_HZ);
    assert_eq!(caller.call().status(), 200);
    let answered = Instant::now();
    wait_until("the specialist answers", || phone.acknowledged() == 1);
    wait_until("the parties hear each other", || {
        phone.voice.press(1);
        thread::park_timeout(KEY);
        caller.voice.hears(PHONE_HZ) && phone.voice.hears(CALLER_HZ)
    });
    let end = Instant::now() + TALK;
    while Instant::now() < end {
        thread::park_timeout(end.duration_since(Instant::now()));
    }
    let lasted_s = answered.elapsed().as_secs_f64();
    server.kill();
    lasted_s
}

#[test]
fn killed_twice_in_a_row_a_case_is_closed_once_and_new_calls_are_taken() {
    let home = Home::new("killed-twice", &Wish::default());
    let server = home.serve();
    let phone = Phone::at(home.phone, PHONE_HZ, Manner::Answers);
    let mut caller = Caller::new(home.sip_address(), "1000", CALLER_HZ);
    assert_eq!(caller.call().status(), 200);
    wait_until("they hear each other", || caller.voice.hears(PHONE_HZ));
    wait_until("the case is on disk", || server.lists_calls(1));
    server.kill();
    home.serve().kill();

    let server = home.serve();
    wait_until("the case is told", || server.lists_calls(1));
    wait_until("the case is closed", || {
        server.only_case()["end_cause"] == "interrupted"
    });
    let mut next = Caller::new(home.sip_address(), "1000", CALLER_HZ);
    assert_eq!(next.call().status(), 200);
    wait_until("they hear each other", || next.voice.hears(PHONE_HZ));
    assert_eq!(next.hang_up().status(), 200);
    wait_until("both cases are closed", || {
        let list = server.get("/api/v1/calls");
        let calls = list["calls"].as_array().expect("a list").clone();
        calls.len() == 2 && calls.iter().all(|call| call["closed_at"].is_string())
    });
    drop(phone);
    server.close(&[]);
}

/// The case's own recording.
fn recording(case: &Value) -> Value {
    let all = case["recordings"].as_array().cloned().unwrap_or_default();
    all.into_iter()
        .find(|recording| recording["part"] == "case")
        .unwrap_or(Value::Null)
}
