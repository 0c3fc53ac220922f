//! Requests that are refused, and how; and what is dropped.

use std::time::Duration;

use bytes::Bytes;

use super::solo::{INVITE, Solo, header};
use crate::boundary::Input;

/// A request outside any dialog.
pub(super) fn request(method: &str, more: &str) -> String {
    format!(
        "{method} sip:1001@192.0.2.1 SIP/2.0
Via: SIP/2.0/UDP 192.0.2.9:5090;branch=z9hG4bK{method}
Max-Forwards: 70
From: <sip:7@192.0.2.9>;tag=theirs
To: <sip:1001@192.0.2.1>
Call-ID: {method}@192.0.2.9
CSeq: 5 {method}
{more}"
    )
}

fn first_line_of(text: &str) -> String {
    let mut solo = Solo::new();
    solo.hears(text);
    let mut lines = solo.first_lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(solo.told(), [""; 0]);
    lines.remove(0)
}

#[test]
fn options_tells_what_is_served() {
    let mut solo = Solo::new();
    let answer = solo.hears(&request("OPTIONS", "Max-Breadth: 6")).answer();
    let tag = header(&answer, "To")
        .unwrap()
        .strip_prefix("<sip:1001@192.0.2.1>;tag=")
        .unwrap();
    assert_eq!(
        answer,
        format!(
            "SIP/2.0 200 OK\r\n\
             Via: SIP/2.0/UDP 192.0.2.9:5090;branch=z9hG4bKOPTIONS\r\n\
             From: <sip:7@192.0.2.9>;tag=theirs\r\n\
             To: <sip:1001@192.0.2.1>;tag={tag}\r\n\
             Call-ID: OPTIONS@192.0.2.9\r\n\
             CSeq: 5 OPTIONS\r\n\
             Server: Test\r\n\
             Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE\r\n\
             Accept: application/sdp, multipart/mixed\r\n\
             Content-Length: 0\r\n\r\n"
        )
    );
    solo.hears(&request("OPTIONS", "Max-Breadth: 6"));
    assert_eq!(solo.answer(), answer, "a copy gets the same response");
    solo.run(Duration::from_secs(40));
    assert_eq!(solo.endpoint.transactions() + solo.endpoint.leftovers(), 0);
}

//= RFC 3261 section 8.2.1
//= type=test
//# If the UAS recognizes but does not support the method of a request, it MUST generate a 405
//# (Method Not Allowed) response.
#[test]
fn methods_that_are_not_served_are_refused() {
    for method in [
        "REGISTER",
        "SUBSCRIBE",
        "NOTIFY",
        "REFER",
        "MESSAGE",
        "PUBLISH",
        "PRACK",
    ] {
        let answer = Solo::new().hears(&request(method, "")).answer();
        assert!(
            answer.starts_with("SIP/2.0 405 Method Not Allowed\r\n"),
            "{answer}"
        );
        let allow = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE";
        assert_eq!(header(&answer, "Allow"), Some(allow));
    }
    assert_eq!(
        first_line_of(&request("BREW", "")),
        "SIP/2.0 501 Not Implemented"
    );
}

#[test]
fn requests_of_a_dialog_outside_any_dialog_are_refused_481() {
    for method in ["BYE", "INFO", "UPDATE", "CANCEL"] {
        let line = first_line_of(&request(method, ""));
        assert_eq!(
            line, "SIP/2.0 481 Call/Transaction Does Not Exist",
            "{method}"
        );
    }
    let tagged = INVITE.replace(
        "To: <sip:1001@192.0.2.1>",
        "To: <sip:1001@192.0.2.1>;tag=ours",
    );
    assert_eq!(
        first_line_of(&tagged),
        "SIP/2.0 481 Call/Transaction Does Not Exist"
    );
    let options = request("OPTIONS", "").replace("1001@192.0.2.1>", "1001@192.0.2.1>;tag=ours");
    assert_eq!(
        first_line_of(&options),
        "SIP/2.0 481 Call/Transaction Does Not Exist"
    );
}

//= RFC 3261 section 8.2.2.3
//= type=test
//# The UAS MUST add an Unsupported header field, and list in it those options it does not
//# understand amongst those in the Require header field of the request.
#[test]
fn required_extensions_are_refused_420_by_name() {
    let require = "Require: 100rel, timer\nRequire: x-our-own\nMax-Forwards";
    let mut solo = Solo::new();
    let answer = solo
        .hears(&INVITE.replace("Max-Forwards", require))
        .answer();
    assert!(answer.starts_with("SIP/2.0 420 Bad Extension\r\n"));
    assert_eq!(
        header(&answer, "Unsupported"),
        Some("100rel, timer, x-our-own")
    );
    assert_eq!(header(&answer, "Supported"), None);
    assert_eq!(solo.told(), [""; 0]);
    let options = Solo::new()
        .hears(&request("OPTIONS", "Require: 100rel"))
        .answer();
    assert_eq!(header(&options, "Unsupported"), Some("100rel"));
}

//= RFC 3261 section 8.2.3
//= type=test
//# the UAS MUST reject the request with a 415 (Unsupported Media Type) response. The response MUST
//# contain an Accept header field listing the types of all bodies it understands
#[test]
fn bodies_other_than_sdp_are_refused_415() {
    for other in ["text/plain", "application/sdpx"] {
        let mut solo = Solo::new();
        let answer = solo
            .hears(&INVITE.replace("application/sdp", other))
            .answer();
        assert!(answer.starts_with("SIP/2.0 415 "), "{answer}");
        let accept = Some("application/sdp, multipart/mixed");
        assert_eq!(header(&answer, "Accept"), accept);
    }
    let broken = INVITE.replace("application/sdp", "multipart/mixed;boundary=x");
    assert_eq!(first_line_of(&broken), "SIP/2.0 400 Bad Request");
    let mut solo = Solo::new();
    solo.hears(&INVITE.replace("application/sdp", "Application/SDP; charset=utf-8"));
    assert_eq!(solo.told(), ["incoming 1001"]);
    let zipped = INVITE.replace("Content-Type", "Content-Encoding: gzip\nContent-Type");
    let answer = Solo::new().hears(&zipped).answer();
    assert!(answer.starts_with("SIP/2.0 415 "));
    assert_eq!(header(&answer, "Accept-Encoding"), Some("identity"));
}

#[test]
fn other_schemes_spent_hops_and_missing_contacts_are_refused() {
    let sips = INVITE.replacen("sip:1001", "sips:1001", 1);
    assert_eq!(first_line_of(&sips), "SIP/2.0 416 Unsupported URI Scheme");
    let soap = INVITE.replacen("sip:1001@192.0.2.1", "soap.beep://1001", 1);
    assert_eq!(first_line_of(&soap), "SIP/2.0 416 Unsupported URI Scheme");
    let spent = INVITE.replace("Max-Forwards: 70", "Max-Forwards: 0");
    assert_eq!(first_line_of(&spent), "SIP/2.0 483 Too Many Hops");
    let options = request("OPTIONS", "").replace("Max-Forwards: 70", "Max-Forwards: 0");
    assert_eq!(first_line_of(&options), "SIP/2.0 200 OK");
    let nowhere = INVITE.replace("Contact: <sip:elm@192.0.2.9:5090>\n", "");
    assert_eq!(first_line_of(&nowhere), "SIP/2.0 400 Bad Request");
    let star = INVITE.replace("Contact: <sip:elm@192.0.2.9:5090>", "Contact: *");
    assert_eq!(first_line_of(&star), "SIP/2.0 400 Bad Request");
    let bad_hops = INVITE.replace("Max-Forwards: 70", "Max-Forwards: many");
    assert_eq!(first_line_of(&bad_hops), "SIP/2.0 400 Bad Request");
}

#[test]
fn a_malformed_request_that_can_be_answered_gets_400() {
    let mut solo = Solo::new();
    let broken = INVITE.replace("CSeq: 1 INVITE", "CSeq: one INVITE");
    let first = solo.hears(&broken).answer();
    assert!(first.starts_with("SIP/2.0 400 "), "{first}");
    assert!(header(&first, "To").unwrap().contains(";tag="));
    let second = solo.hears(&broken).answer();
    assert_eq!(first, second, "without state, the same answer all the same");
    assert_eq!(solo.endpoint.counters().malformed_answered, 2);
    assert_eq!(solo.endpoint.transactions(), 0);
}

#[test]
fn what_is_no_sip_is_dropped_and_counted() {
    let mut solo = Solo::new();
    let source = "192.0.2.9:5090".parse().unwrap();
    for junk in [
        "\r\n\r\n",
        "\0\0\0\0",
        "GET / HTTP/1.1\r\n\r\n",
        "\u{fffd}\u{fffd}",
        "",
    ] {
        solo.input(Input::Datagram {
            source,
            bytes: Bytes::from(junk),
        });
    }
    assert_eq!(solo.said, []);
    // Keep-alives are no fault.
    assert_eq!(solo.endpoint.counters().malformed_dropped, 2);
}

#[test]
fn acks_and_responses_that_match_nothing_are_dropped_and_counted() {
    let mut solo = Solo::new();
    solo.hears(&request("ACK", ""));
    let response = "SIP/2.0 200 OK
Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK0123456789abcdef
From: <sip:1@x>;tag=1
To: <sip:2@x>;tag=2
Call-ID: 1
CSeq: 1 INVITE";
    solo.hears(response);
    solo.hears(&response.replace("192.0.2.1:5060", "203.0.113.1:5060"));
    solo.hears(&response.replace("z9hG4bK0123456789abcdef", "1"));
    assert_eq!(solo.said, []);
    assert_eq!(solo.endpoint.counters().stray_acks, 1);
    assert_eq!(solo.endpoint.counters().stray_responses, 3);
}

#[test]
fn an_ack_before_any_final_response_is_dropped() {
    let mut solo = Solo::new();
    solo.hears(INVITE).answer();
    solo.hears(&INVITE.replace("INVITE", "ACK"));
    assert_eq!(solo.endpoint.counters().stray_acks, 1);
    let session = solo.session();
    assert!(solo.act(|it, now| it.answer(now, session, Bytes::from_static(b"answer"))));
}

#[test]
fn a_cancel_is_answered_with_the_tag_of_its_invite() {
    let mut solo = Solo::new();
    solo.hears(INVITE).answer();
    let (head, _) = INVITE.split_once("Contact").unwrap();
    let cancel = head.replace("INVITE", "CANCEL");
    solo.hears(&cancel);
    let answers: Vec<String> = solo.said.drain(..).map(|(_, text)| text).collect();
    assert!(answers[0].starts_with("SIP/2.0 200 OK\r\n") && answers[0].contains("1 CANCEL"));
    assert!(answers[1].starts_with("SIP/2.0 487 Request Terminated\r\n"));
    assert_eq!(header(&answers[0], "To"), header(&answers[1], "To"));
    assert_eq!(solo.told(), ["incoming 1001", "ended"]);
    solo.hears(&cancel);
    assert_eq!(solo.first_lines(), ["SIP/2.0 200 OK"]);
}

#[test]
fn a_cancel_after_the_answer_changes_nothing() {
    let mut solo = Solo::new();
    solo.hears(INVITE).answer();
    let session = solo.session();
    solo.act(|it, now| it.answer(now, session, Bytes::from_static(b"answer")));
    let (head, _) = INVITE.split_once("Contact").unwrap();
    solo.hears(&head.replace("INVITE", "CANCEL"));
    assert_eq!(solo.first_lines(), ["SIP/2.0 200 OK", "SIP/2.0 200 OK"]);
    assert_eq!(solo.told(), ["incoming 1001"]);
    assert_eq!(solo.endpoint.sessions(), 1);
}
