//! A sender who acknowledges no answers has a small share; whoever does has none of that.

use std::time::Duration;

use bytes::Bytes;

use super::solo::{INVITE, Solo, header};
use crate::boundary::{Event, RejectWith};
use crate::endpoint::debts::MAX_LATE;

const SECONDS: Duration = Duration::from_secs(1);

fn numbered(number: usize) -> String {
    INVITE
        .replace("z9hG4bK", &format!("z9hG4bK{number}"))
        .replace("Call-ID: ", &format!("Call-ID: {number}"))
}

/// Room for many.
fn solo() -> Solo {
    Solo::with(|config| {
        config.max_sessions = 800;
        config.max_transactions = 8000;
    })
}

#[derive(Clone, Copy)]
enum With {
    Success,
    Failure,
}

/// A call comes from there and is answered; the final answer, or the refusal without state.
fn call(solo: &mut Solo, source: &str, number: usize, with: With) -> String {
    solo.events.clear();
    solo.said.clear();
    solo.hears_from(source, &numbered(number));
    if let Some(Event::Incoming(session, _)) = solo.events.first() {
        let session = *session;
        match with {
            With::Success => {
                solo.act(|it, now| it.answer(now, session, Bytes::from_static(b"answer")));
            }
            With::Failure => {
                let (status, retry_after_s) = (486, None);
                let busy = RejectWith {
                    status,
                    retry_after_s,
                };
                solo.act(|it, now| it.reject(now, session, busy));
            }
        }
    }
    solo.said.pop().expect("an answer").1
}

fn acknowledge(solo: &mut Solo, number: usize, answer: &str, with: With) {
    let to = format!("To: {}", header(answer, "To").unwrap());
    let ack = numbered(number).replace("INVITE", "ACK");
    let ack = ack.replace("To: <sip:1001@192.0.2.1>", &to);
    solo.hears(&match with {
        With::Success => ack.replace("z9hG4bK", "z9hG4bKack"),
        With::Failure => ack,
    });
}

const THERE: &str = "192.0.2.9:5090";
const ELSEWHERE: &str = "192.0.2.8:5090";

#[test]
fn whoever_owes_acks_for_long_gets_503_without_state_and_others_are_served() {
    for with in [With::Success, With::Failure] {
        let mut solo = solo();
        let most = MAX_LATE as usize;
        let answers: Vec<_> = (0..most).map(|n| call(&mut solo, THERE, n, with)).collect();
        assert!(
            !call(&mut solo, THERE, most, with).contains(" 503 "),
            "none is late"
        );
        solo.run(2 * SECONDS);
        let there = (solo.endpoint.transactions(), solo.endpoint.leftovers());
        let refused = call(&mut solo, THERE, 100, with);
        assert!(refused.starts_with("SIP/2.0 503 "), "{refused}");
        assert!(header(&refused, "Retry-After").is_some());
        let left = (solo.endpoint.transactions(), solo.endpoint.leftovers());
        assert_eq!(left, there);
        assert_eq!(solo.endpoint.counters().unacknowledged, 1);
        assert!(!call(&mut solo, ELSEWHERE, 101, with).contains(" 503 "));
        // An ACK that comes after all makes room for one, and one that is due late takes it.
        acknowledge(&mut solo, 0, &answers[0], with);
        acknowledge(&mut solo, 1, &answers[1], with);
        assert!(!call(&mut solo, THERE, 102, with).contains(" 503 "));
    }
}

#[test]
fn whoever_acknowledges_is_never_refused_however_many_calls_there_are() {
    let mut solo = solo();
    for number in 0..700 {
        let answer = call(&mut solo, THERE, number, With::Success);
        assert!(answer.starts_with("SIP/2.0 200 "), "{number}: {answer}");
        acknowledge(&mut solo, number, &answer, With::Success);
        assert!(matches!(solo.events.last(), Some(Event::Acknowledged(..))));
    }
}

#[test]
fn acks_of_800_calls_a_second_may_be_100_ms_away() {
    let mut solo = solo();
    let mut owed = std::collections::VecDeque::new();
    for number in 0..790 {
        let answer = call(&mut solo, THERE, number, With::Failure);
        assert!(answer.starts_with("SIP/2.0 486 "), "{number}: {answer}");
        owed.push_back((number, answer));
        if owed.len() > 80 {
            let (number, answer) = owed.pop_front().unwrap();
            acknowledge(&mut solo, number, &answer, With::Failure);
        }
        solo.run(SECONDS / 800);
    }
}

#[test]
fn a_burst_takes_an_eighth_of_the_sessions_and_gives_them_back() {
    let mut solo = solo();
    for number in 0..100 {
        let answer = call(&mut solo, THERE, number, With::Success);
        assert!(answer.starts_with("SIP/2.0 200 "), "{number}: {answer}");
    }
    assert!(call(&mut solo, THERE, 100, With::Success).starts_with("SIP/2.0 503 "));
    // None of them is ever acknowledged, nor are the BYEs answered.
    solo.run(80 * SECONDS);
    assert_eq!(solo.endpoint.leftovers(), 0);
    assert!(call(&mut solo, THERE, 101, With::Success).starts_with("SIP/2.0 200 "));
}

#[test]
fn a_peer_that_is_named_owes_nothing() {
    let mut solo = Solo::with(|config| {
        config.max_sessions = 800;
        config.max_transactions = 8000;
        config.peers = vec!["192.0.2.9".parse().unwrap()];
    });
    for number in 0..200 {
        call(&mut solo, THERE, number, With::Success);
    }
    solo.run(4 * SECONDS);
    assert!(call(&mut solo, THERE, 200, With::Success).starts_with("SIP/2.0 200 "));
}

#[test]
fn addresses_of_one_ipv6_host_owe_together() {
    let mut solo = solo();
    for number in 0..MAX_LATE as usize {
        let source = format!("[2001:db8::{number:x}]:5060");
        call(&mut solo, &source, number, With::Success);
    }
    solo.run(2 * SECONDS);
    let refused = call(&mut solo, "[2001:db8::ffff]:5060", 50, With::Success);
    assert!(refused.starts_with("SIP/2.0 503 "), "{refused}");
    let other = call(&mut solo, "[2001:db8:0:1::1]:5060", 51, With::Success);
    assert!(other.starts_with("SIP/2.0 200 "), "{other}");
}
