//! Calls that are up, seen and ended from a screen.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::party::{Caller, Manner, Phone};
use crate::server::{Home, LIMIT, Wish, wait_until};

const CALLER_HZ: u16 = 700;
const PHONE_HZ: u16 = 1130;
/// The words last 2.7 s; nobody is held for longer than 6 s.
const WORDS: Duration = Duration::from_secs(2);

#[test]
fn an_administrator_ends_a_talk_both_are_told_and_the_case_says_who() {
    let home = Home::new("hang-up", &Wish::default());
    let server = home.serve();
    let phone = Phone::at(home.phone, PHONE_HZ, Manner::Answers);
    let mut caller = Caller::new(home.sip_address(), "1000", CALLER_HZ);
    assert_eq!(caller.call().status(), 200);
    wait_until("they hear each other", || caller.voice.hears(PHONE_HZ));
    wait_until("the talk is shown", || {
        server.get("/api/v1/live-calls")[0]["state"] == "talking"
    });
    let live = server.get("/api/v1/live-calls");
    assert_eq!(live.as_array().map(Vec::len), Some(1));
    assert_eq!(live[0]["legs"].as_array().map(Vec::len), Some(2), "{live}");
    let id = live[0]["id"].as_str().unwrap().to_owned();

    let asked = Instant::now();
    let path = format!("/api/v1/live-calls/{id}/hang-up");
    assert_eq!(server.post(&path, "").status, 202);
    let bye = caller.bye_within(LIMIT).expect("a BYE");
    assert!(asked.elapsed() > WORDS, "not without a word");
    let reason = "Q.850;cause=16;text=\"Ended by an administrator\"";
    assert_eq!(bye.header("Reason"), Some(reason));
    wait_until("the called phone gets its BYE", || phone.ended() == 1);
    wait_until("it is over", || server.lists_calls(1));
    wait_until("nothing is up", || {
        server
            .get("/api/v1/live-calls")
            .as_array()
            .unwrap()
            .is_empty()
    });
    let case = server.get(&format!("/api/v1/calls/{id}"));
    assert_eq!(case["end_cause"], "ended_by_administrator", "{case}");
    assert_eq!(case["end_words"], "Ended by an administrator");
    assert_eq!(case["hang_ups"][0]["by"], "API token");
    assert_eq!(case["talk_ended_by"], "us");
    assert_eq!(server.post(&path, "").status, 404);
    server.close(&[]);
}

#[test]
fn events_follow_a_call_and_a_reader_keeps_no_service_from_stopping() {
    let home = Home::new("events", &Wish::default());
    let mut server = home.serve();
    let mut stream = TcpStream::connect(server.http).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    let token = &server.token;
    let head =
        format!("GET /api/v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let mut until = |wanted: &str| {
        let found = lines.find(|line| line.as_ref().is_ok_and(|line| line.contains(wanted)));
        found.unwrap_or_else(|| panic!("no {wanted}")).unwrap()
    };
    until("event: live-calls");
    let _phone = Phone::at(home.phone, PHONE_HZ, Manner::Answers);
    let mut caller = Caller::new(home.sip_address(), "1000", CALLER_HZ);
    assert_eq!(caller.call().status(), 200);
    until("\"state\":\"talking\"");
    assert_eq!(caller.hang_up().status(), 200);
    until("event: live-call-over");
    assert_eq!(server.metric("rotaline_event_readers"), Some(1.0));
    server.terminate();
    let status = server
        .ended_within(Duration::from_secs(45))
        .expect("a stream that is read keeps nothing");
    assert_eq!(status.code(), Some(0));
    server.check_log(&[]);
}
