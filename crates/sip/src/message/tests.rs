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

//= RFC 3261 section 7.1
//= type=test
//# The SIP-Version string is case-insensitive
#[test]
fn start_lines_are_strict_but_for_the_case_of_the_version() {
    let with = |line: &str| {
        let text = INVITE.replace("INVITE sip:1001@192.0.2.1;user=phone SIP/2.0", line);
        Message::parse(Bytes::from(text))
            .map(|_| ())
            .map_err(|error| error.fault)
    };
    assert_eq!(with("INVITE sip:1001@192.0.2.1 sip/2.0"), Ok(()));
    for (line, fault) in [
        ("invite sip:1001@192.0.2.1 SIP/2.0", Fault::MethodMismatch),
        ("INVITE  sip:1001@192.0.2.1 SIP/2.0", Fault::RequestUri),
        ("INVITE sip:1001@192.0.2.1  SIP/2.0", Fault::RequestUri),
        ("INVITE sip:1001@192.0.2.1 SIP/2.0 ", Fault::StartLine),
        (" INVITE sip:1001@192.0.2.1 SIP/2.0", Fault::StartLine),
        ("IN,VITE sip:1001@192.0.2.1 SIP/2.0", Fault::StartLine),
        ("INVITE SIP/2.0", Fault::StartLine),
        ("INVITE  SIP/2.0", Fault::RequestUri),
        ("INVITE sip:1001@192.0.2.1?a=b SIP/2.0", Fault::RequestUri),
        ("INVITE sip:1001@192.0.2.1 SIP/2.00", Fault::Version),
        ("INVITE sip:1001@192.0.2.1 SIP/3.0", Fault::Version),
        ("INVITE sip:1001@192.0.2.1 HTTP/1.1", Fault::NotSip),
        ("INVITE", Fault::NotSip),
    ] {
        assert_eq!(with(line), Err(fault), "{line}");
    }
}

#[test]
fn status_lines_need_a_status_and_no_phrase() {
    let with = |line: &str| {
        let text = INVITE.replace("INVITE sip:1001@192.0.2.1;user=phone SIP/2.0", line);
        let parsed = Message::parse(Bytes::from(text));
        parsed.map(|message| message.status()).map_err(|error| {
            assert!(
                error.request.is_none(),
                "a response is never answered: {line}"
            );
            error.fault
        })
    };
    for line in [
        "SIP/2.0 180 Ringing",
        "SIP/2.0 180 ",
        "SIP/2.0 180",
        "sip/2.0 180 a  b",
    ] {
        assert_eq!(with(line), Ok(Some(180)), "{line}");
    }
    assert_eq!(with("SIP/2.0 699 x"), Ok(Some(699)));
    for line in [
        "SIP/2.0 99 x",
        "SIP/2.0 700 x",
        "SIP/2.0 1800 x",
        "SIP/2.0  180",
        "SIP/2.0 18x",
    ] {
        assert_eq!(with(line), Err(Fault::StartLine), "{line}");
    }
    assert_eq!(with("SIP/1.0 180 x"), Err(Fault::Version));
}

#[test]
fn the_five_fields_of_every_message_are_held() {
    let with = |from: &str, to: &str| {
        let text = INVITE.replace(from, to);
        assert_ne!(text, INVITE, "{from}");
        fault(&text)
    };
    for (name, line) in [
        (
            HeaderName::From,
            "From: \"Elm \\\"Street\\\"\" <sip:+442079460000@example.com>;tag=88\r\n",
        ),
        (HeaderName::To, "t: <sip:1001@192.0.2.1>\r\n"),
        (HeaderName::CSeq, "CSeq: 314159 INVITE\r\n"),
        (HeaderName::CallId, "Call-ID: a84b4c76e66710\r\n"),
    ] {
        assert_eq!(with(line, ""), Fault::Missing(name));
        assert_eq!(with(line, &line.repeat(2)), Fault::Repeated(name));
        assert_eq!(
            with(line, &format!("{}\r\n", &line[..line.find(' ').unwrap()])),
            { Fault::Malformed(name) }
        );
    }
    assert_eq!(
        with("Call-ID: a8", "Call-ID: a 8"),
        Fault::Malformed(HeaderName::CallId)
    );
    assert_eq!(with("tag=88", "tag"), Fault::Malformed(HeaderName::From));
    assert_eq!(
        with("tag=88", "tag=\u{e9}"),
        Fault::Malformed(HeaderName::From)
    );
    for cseq in [
        "INVITE",
        "1",
        "1INVITE",
        "-1 INVITE",
        "2147483648 INVITE",
        "1 INVITE x",
        "1 I,V",
    ] {
        let found = with("CSeq: 314159 INVITE", &format!("CSeq: {cseq}"));
        assert_eq!(found, Fault::Malformed(HeaderName::CSeq), "{cseq}");
    }
    assert_eq!(
        parse(&INVITE.replace("314159", "2147483647")).cseq().number,
        2_147_483_647
    );
}

//= RFC 3261 section 18.3
//= type=test
//# If the transport packet ends before the end of the message body, this is considered an error.
#[test]
fn the_body_is_as_long_as_it_says() {
    let with = |value: &str| INVITE.replace("l: 4\r\n", value);
    assert_eq!(parse(&with("l: 0\r\n")).body(), "");
    assert_eq!(parse(&with("l: 8\r\n")).body(), "v=0\nrest");
    assert_eq!(parse(&with("")).body(), "v=0\nrest");
    assert_eq!(fault(&with("l: 9\r\n")), Fault::BodyTooShort);
    assert_eq!(
        fault(&with("l: 4\r\nl: 4\r\n")),
        Fault::Repeated(HeaderName::ContentLength)
    );
    for value in ["", "-4", "+4", "4 4", "0x4", "4294967296"] {
        let found = fault(&with(&format!("l: {value}\r\n")));
        assert_eq!(
            found,
            Fault::Malformed(HeaderName::ContentLength),
            "{value}"
        );
    }
}

#[test]
fn an_ack_is_never_answered() {
    let ack = INVITE
        .replace("INVITE", "ACK")
        .replace("l: 4\r\n", "l: 5000\r\n");
    let error = Message::parse(Bytes::from(ack)).unwrap_err();
    assert_eq!(
        (error.fault, error.request.is_some()),
        (Fault::BodyTooShort, false)
    );
}

#[test]
fn a_request_without_a_via_is_not_answered() {
    let text = INVITE.replace("Via:", "X:").replace("v:", "Y:");
    let error = Message::parse(Bytes::from(text)).unwrap_err();
    assert_eq!(error.fault, Fault::Missing(HeaderName::Via));
    assert!(error.request.is_none());
}

#[test]
fn what_a_user_agent_reads_is_checked() {
    for (line, name) in [
        ("Contact: <sip:a", HeaderName::Contact),
        ("Route: sip:a;;", HeaderName::Route),
        ("Record-Route: <sip:a>,,<sip:b>", HeaderName::RecordRoute),
        ("Require: a b", HeaderName::Require),
        ("Require: ,", HeaderName::Require),
        ("Proxy-Require: \"x\"", HeaderName::ProxyRequire),
        ("e: g/zip", HeaderName::ContentEncoding),
        ("Expires: soon", HeaderName::Expires),
        ("Content-Disposition: ;x", HeaderName::ContentDisposition),
        ("x: 90;refresher=me", HeaderName::SessionExpires),
        ("x: ;refresher=uac", HeaderName::SessionExpires),
        ("o: ;id=1", HeaderName::Event),
    ] {
        let message = parse(&INVITE.replace("Subject:", &format!("{line}\r\nSubject:")));
        assert_eq!(message.check(), Err(Fault::Malformed(name)), "{line}");
    }
    for (from, to, name) in [
        (": 70", ": 256", HeaderName::MaxForwards),
        (": 70", ":", HeaderName::MaxForwards),
        ("application/sdp", "application", HeaderName::ContentType),
        ("SIP/2.0/TCP old", "SIP/2.0/TCP ;old", HeaderName::Via),
    ] {
        let message = parse(&INVITE.replace(from, to));
        assert_eq!(message.check(), Err(Fault::Malformed(name)), "{to}");
    }
}

#[test]
fn the_rarer_views_read_what_they_should() {
    let message = parse(&INVITE.replace(
        "Subject:",
        "P-Asserted-Identity: \"A\" <sip:+441@h>, <tel:+441>\r\n\
         Privacy: id;critical\r\n\
         Diversion: <sip:+442@h>;reason=no-answer, <sip:+443@h>\r\n\
         History-Info: <sip:a@h?Reason=SIP%3Bcause%3D486>;index=1\r\n\
         Reason: Q.850;cause=16;text=\"Normal, clearing\", SIP;cause=487\r\n\
         Retry-After: 18000 (in a (nested\\)) meeting) ;duration=3600\r\n\
         Session-Expires: 1800;refresher=UAS\r\n\
         Expires: 99999999999\r\n\
         k: timer, 100rel\r\nSupported:\r\n\
         Allow: INVITE,ACK\r\n\
         o: presence;id=7\r\n\
         Content-Disposition: session;handling=required\r\n\
         e: gzip\r\n\
         Subject:",
    ));
    let users = |list: Vec<NameAddr<'_>>| -> Vec<String> {
        list.iter()
            .map(|address| address.uri.user().unwrap().into_owned())
            .collect()
    };
    assert_eq!(
        users(message.p_asserted_identities().flatten().collect()),
        ["+441", "+441"]
    );
    assert_eq!(message.privacy().collect::<Vec<_>>(), ["id", "critical"]);
    let diversions: Vec<_> = message.diversions().map(Result::unwrap).collect();
    assert_eq!(diversions[0].params.text("reason"), Some("no-answer"));
    assert_eq!(users(diversions), ["+442", "+443"]);
    assert_eq!(users(message.history_info().flatten().collect()), ["a"]);
    let reasons: Vec<_> = message.reasons().map(Result::unwrap).collect();
    assert_eq!((reasons[0].token, reasons[1].token), ("Q.850", "SIP"));
    assert_eq!(reasons[0].params.text("text"), Some("\"Normal, clearing\""));
    assert_eq!(reasons[1].params.text("cause"), Some("487"));
    assert_eq!(message.retry_after_s(), Ok(Some(18_000)));
    let refresh = SessionExpires {
        interval_s: 1800,
        refresher: Some(Refresher::Uas),
    };
    assert_eq!(message.session_expires(), Ok(Some(refresh)));
    assert_eq!(message.expires_s(), Ok(Some(u32::MAX)));
    assert!(message.supports("100REL") && message.supports("timer") && !message.supports("rel"));
    assert_eq!(
        message.allow().flatten().collect::<Vec<_>>(),
        ["INVITE", "ACK"]
    );
    assert_eq!(
        message.event().unwrap().unwrap().params.text("id"),
        Some("7")
    );
    assert_eq!(
        message.content_disposition().unwrap().unwrap().token,
        "session"
    );
    assert_eq!(
        message.content_encodings().flatten().collect::<Vec<_>>(),
        ["gzip"]
    );
    assert_eq!(message.headers(HeaderName::Supported).count(), 2);
    assert_eq!(message.check(), Ok(()));
}

#[test]
fn a_star_is_a_contact_and_no_target() {
    let message = parse(&INVITE.replace("m: <sip:+442079460000@192.0.2.4>", "m: *"));
    assert!(matches!(message.contacts().next(), Some(Ok(Contact::Star))));
    assert!(matches!(message.contact(), Ok(None)));
}
