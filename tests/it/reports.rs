//! A real call in the reports (SERVICE 7): at once, as a page and as files, with its outcome
//! missing until it is given.

use std::thread;
use std::time::Duration;

use crate::http;
use crate::party::{Caller, Manner, Phone};
use crate::server::{Home, Wish, wait_until};

const CALLER_HZ: u16 = 700;
const CALLED_HZ: u16 = 1130;
const CARDIOLOGY: &str = "+442079460002";
/// As long as a key is pressed, and a little.
const KEY: Duration = Duration::from_millis(300);

#[test]
fn a_call_is_reported_at_once_and_chased_until_its_outcome_is_given() {
    let home = Home::new("reports", &Wish::default());
    let server = home.serve();
    let specialist = Phone::at(home.phone, CALLED_HZ, Manner::Answers);
    // What a phone presents is its owner's choice.
    let mut caller = Caller::with_number(home.sip_address(), CARDIOLOGY, CALLER_HZ, "=1+1");
    caller.is_answered();
    wait_until("the parties hear each other", || {
        specialist.voice.press(1);
        thread::park_timeout(KEY);
        specialist.voice.hears(CALLER_HZ) && caller.voice.hears(CALLED_HZ)
    });
    caller.voice.listen_for(KEY);
    caller.hang_up();
    specialist.hang_up();
    wait_until("the case is closed", || {
        server.only_case()["end_words"].is_string()
    });
    let case = server.only_case();

    let report = server.get("/api/v1/reports/calls?person=ann&connected=yes");
    let line = &report["lines"][0];
    assert_eq!(line["id"], case["id"]);
    assert_eq!(line["specialist"], "Dr Ann Archer");
    assert_eq!(
        (&line["caller"], &line["outcome"]),
        (&"=1+1".into(), &"-".into())
    );
    assert_eq!(line["outcome_missing"], true);
    let seconds = |field: &str| (case[field].as_f64().unwrap() * 10.0).round() / 10.0;
    assert_eq!(line["wait_s"], seconds("wait_s"));
    assert_eq!(line["talk_s"], seconds("talk_s"));
    let csv = String::from_utf8(server.file("/api/v1/reports/calls.csv")).unwrap();
    assert!(
        csv.contains("\"'=1+1\"") && !csv.contains("\"=1+1\""),
        "{csv}"
    );
    assert!(server.file("/api/v1/reports/calls.xlsx").starts_with(b"PK"));

    let own = server.get("/api/v1/reports/people/ann/calls");
    assert_eq!(own["lines"][0]["id"], case["id"]);
    let chased = server.get("/api/v1/reports/chase");
    assert_eq!(chased["lines"][0]["id"], case["id"]);
    let leave = own["lines"][0]["leave_outcome"].as_str().unwrap();
    assert_eq!(
        server
            .put(leave, r#"{"outcome":"referral-avoided"}"#)
            .status,
        200
    );
    let chased = server.get("/api/v1/reports/chase");
    assert!(chased["lines"].as_array().unwrap().is_empty(), "{chased}");
    wait_until("it is counted", || {
        let total = server.get("/api/v1/reports/statistics")["total"].clone();
        total["answered"] == 1 && total["completeness"] == 1.0
    });
    let answer = http::get(
        server.http,
        "/api/v1/reports/calls?sort=name",
        &server.token,
    )
    .unwrap();
    assert_eq!(answer.status, 400);
    server.close(&[]);
}
