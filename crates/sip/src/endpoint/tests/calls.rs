//! Whole calls, with and without trouble on the wire.

use std::time::Duration;

use bytes::Bytes;

use super::pair::{Fate, Pair};
use crate::boundary::{Event, Invite, RejectWith, SessionId};

const SECOND: Duration = Duration::from_secs(1);

/// The session of the last incoming call at `b`.
pub(super) fn incoming(pair: &Pair) -> SessionId {
    let found = pair.b.events.iter().rev().find_map(|event| match event {
        Event::Incoming(session, _) => Some(*session),
        _ => None,
    });
    found.unwrap()
}

pub(super) fn answer(pair: &mut Pair, session: SessionId) {
    assert!(pair.at_b(|b, now| b.answer(now, session, Bytes::from_static(b"answer"))));
}

/// `a` calls `b`, whose session it is.
pub(super) fn called(pair: &mut Pair) -> SessionId {
    pair.call();
    pair.run(SECOND);
    incoming(pair)
}

pub(super) fn with(status: u16) -> RejectWith {
    RejectWith {
        status,
        retry_after_s: None,
    }
}

pub(super) fn reject(pair: &mut Pair, session: SessionId, status: u16) {
    assert!(pair.at_b(|b, now| b.reject(now, session, with(status))));
}

/// A call that is up, with nothing on the wire.
pub(super) fn established() -> (Pair, SessionId, SessionId) {
    let mut pair = Pair::new();
    let a = pair.call();
    pair.run(SECOND);
    let b = incoming(&pair);
    answer(&mut pair, b);
    pair.run(SECOND);
    pair.a_heard();
    pair.b_heard();
    pair.flow();
    (pair, a, b)
}

#[test]
fn a_call_rings_is_answered_and_is_hung_up_by_its_caller() {
    let mut pair = Pair::new();
    let a = pair.call();
    pair.run(SECOND);
    let b = incoming(&pair);
    assert!(pair.at_b(|b_side, now| b_side.progress(now, b, 180)));
    pair.run(SECOND);
    answer(&mut pair, b);
    pair.run(SECOND);
    assert_eq!(
        pair.a_heard(),
        ["trying", "progress 180", "answered answer"]
    );
    assert_eq!(pair.b_heard(), ["incoming 1001", "acknowledged"]);

    assert!(pair.at_a(|a_side, now| a_side.hang_up(now, a, Some("Q.850;cause=16"))));
    pair.run(SECOND);
    assert_eq!(pair.a_heard(), ["terminated"]);
    assert_eq!(pair.b_heard(), ["ended"]);
    let flow = [
        "a>b INVITE",
        "b>a 100 INVITE",
        "b>a 180 INVITE",
        "b>a 200 INVITE",
        "a>b ACK",
        "a>b BYE",
        "b>a 200 BYE",
    ];
    assert_eq!(pair.flow(), flow);
    pair.run_out();
    assert_eq!(pair.flow(), [""; 0]);
}

#[test]
fn the_called_side_hangs_up() {
    let (mut pair, _, b) = established();
    assert!(pair.at_b(|b_side, now| b_side.hang_up(now, b, None)));
    pair.run(SECOND);
    assert_eq!(pair.a_heard(), ["ended"]);
    assert_eq!(pair.b_heard(), ["terminated"]);
    assert_eq!(pair.flow(), ["b>a BYE", "a>b 200 BYE"]);
    pair.run_out();
}

#[test]
fn a_refusal_is_acknowledged_and_passed_on_with_its_status() {
    let mut pair = Pair::new();
    let b = called(&mut pair);
    reject(&mut pair, b, 486);
    assert_eq!(pair.b_heard(), ["incoming 1001"]);
    pair.run(SECOND);
    assert_eq!(pair.a_heard(), ["trying", "failed 486"]);
    assert_eq!(pair.b_heard(), ["terminated"]);
    assert_eq!(
        pair.flow(),
        ["a>b INVITE", "b>a 100 INVITE", "b>a 486 INVITE", "a>b ACK"]
    );
    pair.run_out();
}

#[test]
fn caller_hangs_up_while_the_phone_rings() {
    let mut pair = Pair::new();
    let a = pair.call();
    pair.run(SECOND);
    assert!(pair.at_a(|a_side, now| a_side.hang_up(now, a, None)));
    pair.run(SECOND);
    assert_eq!(pair.a_heard(), ["trying", "terminated"]);
    assert_eq!(pair.b_heard(), ["incoming 1001", "ended"]);
    let flow = [
        "a>b INVITE",
        "b>a 100 INVITE",
        "a>b CANCEL",
        "b>a 200 CANCEL",
        "b>a 487 INVITE",
        "a>b ACK",
    ];
    assert_eq!(pair.flow(), flow);
    pair.run_out();
}

#[test]
fn a_cancel_waits_for_the_first_provisional_response() {
    let mut pair = Pair::new();
    pair.wire(|line| {
        if line == "b>a 100 INVITE" {
            Fate::Late(SECOND / 5)
        } else {
            Fate::Arrive
        }
    });
    let a = pair.call();
    pair.at_a(|a_side, now| a_side.hang_up(now, a, None));
    assert_eq!(pair.flow(), ["a>b INVITE"]);
    pair.run(SECOND / 10);
    assert_eq!(pair.flow(), ["b>a 100 INVITE"]);
    pair.run(SECOND);
    assert_eq!(pair.flow()[..2], ["a>b CANCEL", "b>a 200 CANCEL"]);
    assert_eq!(pair.a_heard(), ["terminated"]);
    pair.run_out();
}

#[test]
fn an_answer_that_crosses_a_cancel_is_acknowledged_and_ended() {
    let mut pair = Pair::new();
    let a = pair.call();
    pair.run(SECOND);
    let b = incoming(&pair);
    pair.at_a(|a_side, now| a_side.hang_up(now, a, None));
    answer(&mut pair, b);
    pair.flow();
    pair.run(SECOND);
    assert_eq!(pair.a_heard(), ["trying", "terminated"]);
    assert_eq!(pair.b_heard(), ["incoming 1001", "acknowledged", "ended"]);
    let flow = ["b>a 200 CANCEL", "a>b ACK", "a>b BYE", "b>a 200 BYE"];
    assert_eq!(pair.flow(), flow);
    pair.run_out();
}

#[test]
fn a_late_offer_is_answered_in_the_ack() {
    let mut pair = Pair::new();
    let a = pair.invite(Invite {
        target: "sip:1001@192.0.2.2".to_owned(),
        destination: pair.b.address,
        from_user: "100".to_owned(),
        identity: Default::default(),
        offer: Bytes::new(),
    });
    pair.run(SECOND);
    let b = incoming(&pair);
    answer(&mut pair, b);
    pair.run(SECOND / 2);
    assert_eq!(pair.a_heard(), ["trying", "answered answer"]);
    assert!(pair.at_a(|a_side, now| a_side.acknowledge(now, a, Bytes::from_static(b"late"))));
    assert!(!pair.at_a(|a_side, now| a_side.acknowledge(now, a, Bytes::from_static(b"late"))));
    pair.run(SECOND);
    assert_eq!(pair.b_heard(), ["incoming 1001", "acknowledged late"]);
    pair.at_a(|a_side, now| a_side.hang_up(now, a, None));
    pair.run_out();
}
