//! What happens at each bound: 503, or silence and a count; and that a flood of strangers leaves
//! room for those who have a call.

use std::time::Duration;

use bytes::Bytes;

use super::refusals::request;
use super::solo::{INVITE, Solo, header};
use crate::boundary::{Input, RejectWith, SessionId};
use crate::endpoint::stateless::MAX_BUSY_ANSWERS_PER_S;

/// The same request of another caller.
fn numbered(text: &str, number: usize) -> String {
    text.replace("z9hG4bK", &format!("z9hG4bK{number}"))
        .replace("Call-ID: ", &format!("Call-ID: {number}"))
}

#[test]
fn beyond_the_limit_of_sessions_a_call_gets_503_with_retry_after() {
    let mut solo = Solo::with(|config| config.max_sessions = 2);
    for number in 0..3 {
        solo.hears(&numbered(INVITE, number));
    }
    assert_eq!(solo.told(), ["incoming 1001"; 2]);
    let (_, full) = solo.said.pop().unwrap();
    assert!(
        full.starts_with("SIP/2.0 503 Service Unavailable\r\n"),
        "{full}"
    );
    assert!(header(&full, "Retry-After").is_some());
    // Room again once one is over.
    let with = RejectWith {
        status: 486,
        retry_after_s: Some(60),
    };
    solo.said.clear();
    solo.act(|it, now| it.reject(now, SessionId(1), with));
    let busy = solo.answer();
    assert_eq!(header(&busy, "Retry-After"), Some("60"));
    let ack = numbered(INVITE, 0).replace("INVITE", "ACK");
    solo.hears(&ack).hears(&numbered(INVITE, 4));
    assert_eq!(solo.told(), ["terminated", "incoming 1001"]);
}

#[test]
fn beyond_the_limit_of_transactions_requests_are_dropped_and_counted() {
    let mut solo = Solo::with(|config| config.max_transactions = 3);
    for number in 0..5 {
        solo.hears(&numbered(&request("OPTIONS", ""), number));
    }
    assert_eq!(solo.first_lines().len(), 3);
    assert_eq!(solo.endpoint.counters().overloaded, 2);
}

/// An endpoint that has no room left for an INVITE.
fn full() -> Solo {
    let mut solo = Solo::with(|config| {
        config.max_transactions = 3;
        config.max_sessions = 1;
    });
    for number in 0..4 {
        solo.hears(&numbered(INVITE, number));
    }
    solo.said.clear();
    solo.events.clear();
    solo
}

//= RFC 3261 section 8.2.7
//= type=test
//# To header tags MUST be generated for responses in a stateless manner - in a manner that will
//# generate the same tag for the same request consistently.
#[test]
fn an_invite_without_room_gets_503_and_leaves_nothing_behind() {
    let mut solo = full();
    let there = (solo.endpoint.transactions(), solo.endpoint.leftovers());
    let (invite, other) = (numbered(INVITE, 8), numbered(INVITE, 9));
    let refused = solo.hears(&invite).answer();
    assert!(
        refused.starts_with("SIP/2.0 503 Service Unavailable\r\n"),
        "{refused}"
    );
    assert_eq!(header(&refused, "Retry-After"), Some("5"));
    assert!(header(&refused, "To").unwrap().contains(";tag="));
    assert_eq!(solo.hears(&invite).answer(), refused, "a copy");
    let another = solo.hears(&other).answer();
    assert_ne!(header(&another, "To"), header(&refused, "To"));
    // The ACK is known by that tag; one with another is anybody's.
    let to = |text: &str| format!("To: {}", header(text, "To").unwrap());
    let ack = |answer: &str| {
        let ack = invite.replace("INVITE", "ACK");
        ack.replace("To: <sip:1001@192.0.2.1>", &to(answer))
    };
    solo.hears(&ack(&refused));
    assert_eq!(solo.endpoint.counters().stray_acks, 0);
    solo.hears(&ack(&another));
    assert_eq!(solo.endpoint.counters().stray_acks, 1);
    assert_eq!(solo.said, []);
    assert_eq!(solo.told(), [""; 0]);
    assert_eq!(solo.endpoint.counters().overloaded, 3);
    let left = (solo.endpoint.transactions(), solo.endpoint.leftovers());
    assert_eq!(left, there);
}

#[test]
fn answers_without_state_are_so_many_a_second() {
    let mut solo = full();
    let most = usize::try_from(MAX_BUSY_ANSWERS_PER_S).unwrap();
    for number in 10..most + 14 {
        solo.hears(&numbered(INVITE, number));
    }
    assert_eq!(solo.first_lines().len(), most);
    assert_eq!(solo.endpoint.counters().muted, 4);
    // Copies of what did get an answer count as well; other kinds of answers do not.
    solo.hears(&numbered(INVITE, 10));
    assert_eq!(solo.said, []);
    let broken = INVITE.replace("CSeq: 1 INVITE", "CSeq: one INVITE");
    for _ in 0..120 {
        solo.hears(&broken);
    }
    assert_eq!(
        solo.first_lines(),
        ["SIP/2.0 400 Malformed CSeq header field"; 100]
    );
    solo.run(Duration::from_millis(999)).said.clear();
    solo.hears(&numbered(INVITE, 8));
    assert_eq!(solo.said, [], "the second is not over");
    solo.run(Duration::from_millis(1)).said.clear();
    assert!(solo.hears(&numbered(INVITE, 9)).answer().contains(" 503 "));
}

/// A call that is up, of which nothing is awaited, at an endpoint with room for three requests of
/// strangers and two calls; and the To of its requests.
fn call_in_a_flood() -> (Solo, String) {
    let mut solo = Solo::with(|config| {
        config.max_transactions = 3;
        config.max_sessions = 2;
    });
    solo.hears(INVITE).answer();
    let session = solo.session();
    solo.act(|it, now| it.answer(now, session, Bytes::from_static(b"answer")));
    let answer = solo.answer();
    let to = header(&answer, "To").unwrap().to_owned();
    solo.hears(&in_call("ACK", 1, &to));
    assert_eq!(solo.told(), ["incoming 1001", "acknowledged"]);
    for number in 0..5 {
        solo.hears(&numbered(&request("OPTIONS", ""), number));
        solo.hears(&numbered(INVITE, number));
    }
    assert_eq!(solo.endpoint.counters().overloaded, 3, "both are full");
    solo.said.clear();
    solo.events.clear();
    (solo, to)
}

fn in_call(method: &str, cseq: u32, to: &str) -> String {
    INVITE
        .replace("INVITE", method)
        .replace("z9hG4bKone", &format!("z9hG4bKcall{cseq}"))
        .replace("CSeq: 1", &format!("CSeq: {cseq}"))
        .replace("To: <sip:1001@192.0.2.1>", &format!("To: {to}"))
}

#[test]
fn a_flood_of_strangers_keeps_no_bye_out() {
    let (mut solo, to) = call_in_a_flood();
    solo.hears(&numbered(&request("OPTIONS", ""), 9));
    assert_eq!(solo.said, [], "the bound is reached");
    solo.hears(&in_call("BYE", 2, &to));
    assert_eq!(solo.first_lines(), ["SIP/2.0 200 OK"]);
    assert_eq!(solo.told(), ["ended"]);
}

#[test]
fn a_flood_of_strangers_keeps_no_reinvite_out() {
    let (mut solo, to) = call_in_a_flood();
    assert!(solo.hears(&numbered(INVITE, 9)).answer().contains(" 503 "));
    solo.hears(&in_call("INVITE", 2, &to));
    assert_eq!(solo.told(), ["reoffer offer"]);
}

#[test]
fn a_flood_of_strangers_keeps_no_cancel_out() {
    let (mut solo, _) = call_in_a_flood();
    // The one that rings came before the flood had filled everything.
    let rings = numbered(INVITE, 0);
    let (head, _) = rings.split_once("Contact").unwrap();
    solo.hears(&head.replace("INVITE", "CANCEL"));
    assert_eq!(
        solo.first_lines(),
        ["SIP/2.0 200 OK", "SIP/2.0 487 Request Terminated"]
    );
    assert_eq!(solo.told(), ["ended"]);
    // A CANCEL of an INVITE that was refused, and so is no call, has no share in the reserve.
    let refused = numbered(INVITE, 1);
    let (head, _) = refused.split_once("Contact").unwrap();
    solo.hears(&head.replace("INVITE", "CANCEL"));
    assert_eq!(solo.said, []);
}

#[test]
fn beyond_the_limit_of_outputs_datagrams_are_dropped_and_counted() {
    let mut solo = Solo::new();
    let source = "192.0.2.9:5090".parse().unwrap();
    let request = request("OPTIONS", "Content-Length: 0").replace('\n', "\r\n") + "\r\n\r\n";
    let bytes = Bytes::from(request);
    for _ in 0..crate::MAX_PENDING_OUTPUTS + 10 {
        let bytes = bytes.clone();
        solo.endpoint
            .handle_input(solo.now, Input::Datagram { source, bytes });
    }
    assert_eq!(solo.endpoint.counters().backlogged, 10);
    solo.run(Duration::ZERO);
    assert_eq!(solo.first_lines().len(), crate::MAX_PENDING_OUTPUTS);
}
