//! Whole messages: read, viewed, answered.

use std::net::SocketAddr;

use bytes::Bytes;

use super::*;

const INVITE: &str = "INVITE sip:1001@192.0.2.1;user=phone SIP/2.0\r\n\
    Via: SIP/2.0/UDP 192.0.2.4:5060;branch=z9hG4bKa7;rport\r\n\
    v: SIP/2.0/UDP pc33.example.com, SIP/2.0/TCP old.example.com\r\n\
    Max-Forwards: 70\r\n\
    From: \"Elm \\\"Street\\\"\" <sip:+442079460000@example.com>;tag=88\r\n\
    t: <sip:1001@192.0.2.1>\r\n\
    Call-ID: a84b4c76e66710\r\n\
    CSeq: 314159 INVITE\r\n\
    m: <sip:+442079460000@192.0.2.4>\r\n\
    Subject: folded\r\n  subject\r\n\
    Content-Type: application/sdp\r\n\
    l: 4\r\n\
    \r\n\
    v=0\nrest";

fn parse(text: &str) -> Message {
    Message::parse(Bytes::copy_from_slice(text.as_bytes())).expect("a message")
}

fn fault(text: &str) -> Fault {
    Message::parse(Bytes::copy_from_slice(text.as_bytes()))
        .expect_err("a fault")
        .fault
}

#[test]
fn the_usual_fields_of_an_invite_are_seen() {
    let message = parse(INVITE);
    assert_eq!(message.method(), &Method::Invite);
    assert_eq!(message.request_uri().unwrap().user().unwrap(), "1001");
    assert_eq!(message.via().branch(), Some("z9hG4bKa7"));
    assert_eq!(message.via().rport(), Rport::Asked);
    assert_eq!(message.vias().count(), 3);
    assert_eq!(message.from().display_name().unwrap(), "Elm \"Street\"");
    assert_eq!(message.from().tag(), Some("88"));
    assert_eq!(message.to().tag(), None);
    assert_eq!(message.call_id(), "a84b4c76e66710");
    assert_eq!(message.cseq().number, 314159);
    assert_eq!(
        message.contact().unwrap().unwrap().uri.user().unwrap(),
        "+442079460000"
    );
    assert_eq!(message.max_forwards(), Ok(Some(70)));
    assert!(
        message
            .content_type()
            .unwrap()
            .unwrap()
            .is("application", "sdp")
    );
    assert_eq!(message.body(), "v=0\n");
    assert_eq!(message.check(), Ok(()));
}

#[test]
fn a_response_copies_what_it_must_and_tells_the_source() {
    let source: SocketAddr = "198.51.100.9:40000".parse().unwrap();
    let request = parse(INVITE);
    let response = parse(
        std::str::from_utf8(&Writer::response_to(&request, source, 486, Some("t1")).finish())
            .unwrap(),
    );
    assert_eq!(response.status(), Some(486));
    assert_eq!(response.method(), &Method::Invite);
    assert_eq!(response.to().tag(), Some("t1"));
    assert_eq!(response.from().tag(), Some("88"));
    assert_eq!(response.call_id(), request.call_id());
    assert_eq!(response.vias().count(), 3);
    let via = response.via();
    assert_eq!(via.rport(), Rport::Port(40000));
    assert_eq!(via.received(), Some(source.ip()));
    assert_eq!(via.reply_to(source), source);
}

#[test]
fn a_faulty_request_can_still_be_answered() {
    let source: SocketAddr = "198.51.100.9:40000".parse().unwrap();
    let text = INVITE.replace("l: 4\r\n", "l: 5000\r\n");
    let error = Message::parse(Bytes::from(text)).unwrap_err();
    assert_eq!(error.fault, Fault::BodyTooShort);
    let (to, answer) = error.request.unwrap().answer(source, "t1");
    assert_eq!(to, source);
    let answer = Message::parse(answer).unwrap();
    assert_eq!(answer.status(), Some(400));
    assert_eq!(answer.to().tag(), Some("t1"));
}

#[test]
fn faults_are_named() {
    assert_eq!(fault("\r\n\r\n"), Fault::Empty);
    assert_eq!(fault("hello\r\n\r\n"), Fault::NotSip);
    assert_eq!(
        fault(&INVITE.replace("SIP/2.0\r\nVia", "SIP/7.0\r\nVia")),
        Fault::Version
    );
    assert_eq!(
        fault(&INVITE.replace("159 INVITE", "159 ACK")),
        Fault::MethodMismatch
    );
    assert_eq!(
        fault(&INVITE.replace("Max-Forwards: 70", "t: <sip:b@c>")),
        Fault::Repeated(HeaderName::To)
    );
    assert_eq!(
        fault(&INVITE.replace("Call-ID: a84b4c76e66710\r\n", "")),
        Fault::Missing(HeaderName::CallId)
    );
}

#[test]
fn a_value_cannot_begin_a_new_line() {
    let mut writer = Writer::request(&Method::Options, "sip:a@b\r\nEvil: 1");
    writer
        .text(HeaderName::Subject, "x\r\nEvil: 2")
        .header(HeaderName::From, "<sip:a@b>\nEvil: 3");
    let bytes = writer.finish();
    assert_eq!(bytes.windows(2).filter(|pair| pair == b"\r\n").count(), 5);
    assert!(!bytes.windows(6).any(|window| window == b"\nEvil:"));
}
