//! What is written, to the byte.

use super::*;

fn message(text: &str) -> Message {
    Message::parse(Bytes::copy_from_slice(
        text.replace('\n', "\r\n").as_bytes(),
    ))
    .unwrap()
}

fn text(bytes: &Bytes) -> String {
    std::str::from_utf8(bytes).unwrap().replace("\r\n", "\n")
}

const REQUEST: &str = "OPTIONS sip:a@192.0.2.1 SIP/2.0
Via: SIP/2.0/UDP 192.0.2.4:5060;rport;received=1.2.3.4;branch=z9hG4bK1;x=\"y\", SIP/2.0/TCP b
v: SIP/2.0/TCP c
f: Caller
 <sip:b@h>;tag=1
t: <sip:a@h>
i: 77
Record-Route: <sip:p1;lr>, <sip:p2;lr>
CSeq: 5 OPTIONS
Timestamp: 54

";

//= RFC 3261 section 8.2.6.2
//= type=test
//# the UAS MUST add a tag to the To header field in the response
#[test]
fn a_response_is_written_to_the_byte() {
    let source = "192.0.2.4:40000".parse().unwrap();
    let mut writer = Writer::response_to(&message(REQUEST), source, 200, Some("t7"));
    writer
        .number(HeaderName::Expires, 4_294_967_295)
        .number(HeaderName::MinExpires, 0);
    writer
        .text(HeaderName::Allow, "INVITE, ACK")
        .extension_header("X-One", "1");
    writer.header(
        HeaderName::Contact,
        format_args!("<sip:{}>", "192.0.2.1:5060"),
    );
    assert_eq!(
        text(&writer.finish_with("text/plain", b"hello")),
        "SIP/2.0 200 OK
Via: SIP/2.0/UDP 192.0.2.4:5060;branch=z9hG4bK1;x=\"y\";rport=40000;received=192.0.2.4, \
         SIP/2.0/TCP b
Via: SIP/2.0/TCP c
From: Caller   <sip:b@h>;tag=1
To: <sip:a@h>;tag=t7
Call-ID: 77
CSeq: 5 OPTIONS
Record-Route: <sip:p1;lr>, <sip:p2;lr>
Expires: 4294967295
Min-Expires: 0
Allow: INVITE, ACK
X-One: 1
Contact: <sip:192.0.2.1:5060>
Content-Type: text/plain
Content-Length: 5

hello"
    );
}

#[test]
fn what_is_copied_depends_on_the_status() {
    let source = "192.0.2.4:5060".parse().unwrap();
    let fields = |status, tag| {
        let response = Writer::response_to(&message(REQUEST), source, status, tag).finish();
        let response = Message::parse(response).unwrap();
        let has = |name| response.header(name).is_some();
        (
            has(HeaderName::Timestamp),
            has(HeaderName::RecordRoute),
            response.to().tag().is_some(),
        )
    };
    assert_eq!(fields(100, None), (true, false, false));
    assert_eq!(fields(180, Some("t")), (false, true, true));
    assert_eq!(fields(486, Some("t")), (false, false, true));
}

#[test]
fn a_tag_that_is_there_stays() {
    let in_dialog = message(&REQUEST.replace("t: <sip:a@h>", "t: sip:a@h;tag=old"));
    let source = "192.0.2.4:5060".parse().unwrap();
    let response = Writer::response_to(&in_dialog, source, 200, Some("new")).finish();
    assert!(text(&response).contains("\nTo: sip:a@h;tag=old\n"));
}

//= RFC 3261 section 18.2.1
//= type=test
//# the server MUST add a "received" parameter to that Via header field value
#[test]
fn received_is_added_where_it_tells_something() {
    let via = |sent_by: &str, source: &str| {
        let request = REQUEST.replace("192.0.2.4:5060;rport", sent_by);
        let source = source.parse().unwrap();
        let response = Writer::response_to(&message(&request), source, 200, None).finish();
        let response = Message::parse(response).unwrap();
        let via = response.via();
        (via.received().map(|ip| ip.to_string()), via.rport())
    };
    assert_eq!(
        via("192.0.2.4:5060", "192.0.2.4:5060"),
        (None, Rport::Absent)
    );
    assert_eq!(
        via("h", "192.0.2.4:5060"),
        (Some("192.0.2.4".into()), Rport::Absent)
    );
    assert_eq!(
        via("10.0.0.1", "192.0.2.4:9"),
        (Some("192.0.2.4".into()), Rport::Absent)
    );
    assert_eq!(
        via("h;rport", "[2001:db8::1]:9"),
        (Some("2001:db8::1".into()), Rport::Port(9))
    );
}

#[test]
fn a_message_takes_no_more_room_than_its_bytes() {
    let mut writer = Writer::request(&Method::Options, "sip:a@h");
    writer.text(HeaderName::Subject, "x".repeat(4000));
    let bytes = writer.finish();
    let vec: Vec<u8> = bytes.into();
    assert_eq!(vec.capacity(), vec.len());
}
