//! rsip 0.4 as an independent reader of the same messages.
//!
//! Ordinary messages, put together from all combinations of ordinary parts, must say the same to
//! both readers; so must what our writer writes. Where rsip is known wrong is a list of its own,
//! each entry asserted, so that it stays true or is struck off.

use std::net::SocketAddr;

use bytes::Bytes;
use rsip::headers::UntypedHeader;
use rsip::message::{HasHeaders, HeadersExt};
use rsip::prelude::ToTypedHeader;

use rotaline_sip::message::{Contact, HeaderName, Message, NameAddr, StartLine, Writer};

/// What a message says, in words of neither reader.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    start: String,
    via: (String, String, Option<String>),
    from: Address,
    to: Address,
    call_id: String,
    cseq: (u32, String),
    contact: Option<Address>,
    vias_and_contacts: (usize, usize),
    max_forwards: Option<u32>,
    content_type: Option<String>,
    body: Vec<u8>,
}

#[derive(Debug, PartialEq, Eq)]
struct Address {
    display: Option<String>,
    user: Option<String>,
    host_port: String,
    tag: Option<String>,
}

fn host_port(host: impl ToString, port: Option<u16>) -> String {
    port.map_or(host.to_string(), |port| {
        format!("{}:{port}", host.to_string())
    })
}

/// As our reader sees it.
fn ours(datagram: &[u8]) -> Option<Seen> {
    let message = Message::parse(Bytes::copy_from_slice(datagram)).ok()?;
    message.check().ok()?;
    let address = |address: NameAddr<'_>| Address {
        display: address.display_name().map(|name| name.into_owned()),
        user: address.uri.user().map(|user| user.into_owned()),
        host_port: address
            .uri
            .as_sip()
            .map_or(String::new(), |sip| host_port(sip.host, sip.port)),
        tag: address.tag().map(str::to_owned),
    };
    let start = match message.start_line() {
        StartLine::Request { method, uri } => format!("{method} {uri}"),
        StartLine::Response { status, .. } => status.to_string(),
    };
    let via = message.via();
    let contact = match message.contacts().next().transpose().ok()? {
        Some(Contact::Address(contact)) => Some(address(contact)),
        Some(Contact::Star) | None => None,
    };
    let content_type = message.header(HeaderName::ContentType);
    Some(Seen {
        start,
        via: (
            via.transport.to_owned(),
            host_port(via.host, via.port),
            via.branch().map(str::to_owned),
        ),
        from: address(message.from()),
        to: address(message.to()),
        call_id: message.call_id().to_owned(),
        cseq: (message.cseq().number, message.method().to_string()),
        contact,
        vias_and_contacts: (message.vias().count(), message.contacts().count()),
        max_forwards: message.max_forwards().ok()?.map(u32::from),
        content_type: content_type.map(|value| String::from_utf8_lossy(value).into_owned()),
        body: message.body().to_vec(),
    })
}

/// As rsip sees it.
fn theirs(datagram: &[u8]) -> Option<Seen> {
    let message = rsip::SipMessage::try_from(datagram).ok()?;
    let address = |display: Option<String>, uri: &rsip::Uri, tag: Option<String>| Address {
        display: display
            .map(|name| name.trim_matches('"').to_owned())
            .filter(|n| !n.is_empty()),
        user: uri.user().map(str::to_owned),
        host_port: uri.host_with_port.to_string(),
        tag,
    };
    let via = message.via_header().ok()?.clone().typed().ok()?;
    let from = message.from_header().ok()?.clone().typed().ok()?;
    let to = message.to_header().ok()?.clone().typed().ok()?;
    let cseq = message.cseq_header().ok()?.clone().typed().ok()?;
    let contact = match message.contact_header() {
        Ok(contact) => {
            let contact = contact.clone().typed().ok()?;
            Some(address(contact.display_name.clone(), &contact.uri, None))
        }
        Err(_) => None,
    };
    let start = match &message {
        rsip::SipMessage::Request(request) => format!("{} {}", request.method, request.uri),
        rsip::SipMessage::Response(response) => response.status_code.code().to_string(),
    };
    let vias = message
        .headers()
        .iter()
        .filter(|header| matches!(header, rsip::Header::Via(_)));
    let content_type = message.headers().iter().find_map(|header| match header {
        rsip::Header::ContentType(value) => Some(value.value().to_owned()),
        _ => None,
    });
    Some(Seen {
        start,
        via: (
            via.transport.to_string(),
            via.uri.host_with_port.to_string(),
            via.branch().map(|branch| branch.value().to_owned()),
        ),
        from: address(
            from.display_name.clone(),
            &from.uri,
            from.tag().map(|tag| tag.value().to_owned()),
        ),
        to: address(
            to.display_name.clone(),
            &to.uri,
            to.tag().map(|tag| tag.value().to_owned()),
        ),
        call_id: message.call_id_header().ok()?.value().to_owned(),
        cseq: (cseq.seq, cseq.method.to_string()),
        contact,
        vias_and_contacts: (vias.count(), message.contact_headers().len()),
        max_forwards: message
            .max_forwards_header()
            .ok()
            .and_then(|header| header.num().ok()),
        content_type,
        body: message.body().clone(),
    })
}

const STARTS: [(&str, &str); 9] = [
    ("INVITE sip:+442079460100@192.0.2.1:5060 SIP/2.0", "INVITE"),
    ("INVITE sip:1001@example.com;user=phone SIP/2.0", "INVITE"),
    ("ACK sip:1001@192.0.2.1 SIP/2.0", "ACK"),
    ("BYE sip:192.0.2.1 SIP/2.0", "BYE"),
    ("CANCEL sip:1001@192.0.2.1 SIP/2.0", "CANCEL"),
    ("OPTIONS sip:example.com SIP/2.0", "OPTIONS"),
    ("SIP/2.0 180 Ringing", "INVITE"),
    ("SIP/2.0 200 OK", "BYE"),
    ("SIP/2.0 486 Busy Here", "INVITE"),
];

const VIAS: [&str; 4] = [
    "SIP/2.0/UDP 192.0.2.4:5060;branch=z9hG4bKa1;rport",
    "SIP/2.0/TCP pc33.example.com;branch=z9hG4bK776asdhds",
    "SIP/2.0/UDP 192.0.2.4;received=198.51.100.9;rport=5062;branch=z9hG4bK-d8",
    "SIP/2.0/TLS sbc.example.net:5061;branch=z9hG4bKx.y",
];

const ADDRESSES: [&str; 5] = [
    "\"Elm Street\" <sip:+442079460001@192.0.2.4>",
    "<sip:1001@example.com:5070>",
    "Alice <sip:alice@atlanta.example.com>",
    "<sip:+442079460001@192.0.2.4;user=phone>",
    "<sip:example.com>",
];

const CONTACTS: [Option<&str>; 3] = [
    None,
    Some("<sip:alice@192.0.2.4:5062>"),
    Some("\"Alice\" <sip:alice@pc33.example.com>"),
];

const BODIES: [Option<(&str, &str)>; 2] = [
    None,
    Some(("application/sdp", "v=0\r\no=- 1 1 IN IP4 192.0.2.4\r\n")),
];

/// Every combination of the parts.
fn ordinary_messages() -> Vec<String> {
    let mut messages = Vec::new();
    for (place, (start, method)) in STARTS.iter().enumerate() {
        for via in VIAS {
            for (from_place, from) in ADDRESSES.iter().enumerate() {
                let to = ADDRESSES[(place + from_place) % ADDRESSES.len()];
                let to_tag = ["", ";tag=9f8e"][from_place % 2];
                let head = format!(
                    "{start}\r\nVia: {via}\r\nMax-Forwards: 70\r\nFrom: {from};tag=1a2b\r\n\
                     To: {to}{to_tag}\r\nCall-ID: a84b4c76@{place}.example.com\r\n\
                     CSeq: 4711{place} {method}\r\nUser-Agent: any/1\r\n"
                );
                for contact in CONTACTS {
                    let contact = contact.map_or(String::new(), |c| format!("Contact: {c}\r\n"));
                    for body in BODIES {
                        let (kind, body) = body.map_or((String::new(), ""), |(kind, body)| {
                            (format!("Content-Type: {kind}\r\n"), body)
                        });
                        let len = body.len();
                        messages.push(format!(
                            "{head}{contact}{kind}Content-Length: {len}\r\n\r\n{body}"
                        ));
                    }
                }
            }
        }
    }
    messages
}

#[test]
fn both_readers_see_the_same_in_ordinary_messages() {
    let messages = ordinary_messages();
    assert_eq!(messages.len(), 9 * 4 * 5 * 3 * 2);
    for message in messages {
        let ours = ours(message.as_bytes());
        assert!(ours.is_some(), "{message}");
        assert_eq!(ours, theirs(message.as_bytes()), "{message}");
    }
}

#[test]
fn both_readers_see_the_same_in_our_responses() {
    let source: SocketAddr = "198.51.100.9:40000".parse().unwrap();
    for message in ordinary_messages() {
        let request = Message::parse(Bytes::from(message)).unwrap();
        if !request.is_request() {
            continue;
        }
        let mut writer = Writer::response_to(&request, source, 200, Some("t7"));
        writer.text(HeaderName::Contact, "<sip:192.0.2.1:5060>");
        let response = writer.finish_with("application/sdp", b"v=0\r\n");
        let ours = ours(&response);
        assert!(ours.is_some(), "{response:?}");
        assert_eq!(ours, theirs(&response), "{response:?}");
    }
}

const ORDINARY: &str = "INVITE sip:1001@192.0.2.1 SIP/2.0\r\n\
    Via: SIP/2.0/UDP 192.0.2.4:5060;branch=z9hG4bKa1\r\n\
    Max-Forwards: 70\r\n\
    From: <sip:2002@192.0.2.4>;tag=1a2b\r\n\
    To: <sip:1001@192.0.2.1>\r\n\
    Call-ID: a84b4c76\r\n\
    CSeq: 1 INVITE\r\n\
    Contact: <sip:2002@192.0.2.4>\r\n\
    Content-Length: 0\r\n\r\n";

/// What of an ordinary message is changed to what; each is right, or a thing that RFC 4475 or
/// RFC 5118 says to accept, and rsip refuses it or reads something else out of it.
const RSIP_IS_WRONG: &[(&str, &str, &str)] = &[
    (
        "an IPv6 Request-URI",
        "sip:1001@192.0.2.1 ",
        "sip:1001@[2001:db8::1] ",
    ),
    (
        "a tel From",
        "From: <sip:2002@192.0.2.4>",
        "From: <tel:+442079460100>",
    ),
    ("a compact From", "From:", "f:"),
    ("a folded header", ";tag=1a2b", "\r\n ;tag=1a2b"),
    ("white space in a Via", "SIP/2.0/UDP", "SIP / 2.0 / UDP"),
    (
        "two Vias on one line",
        "branch=z9hG4bKa1",
        "branch=z9hG4bKa1, SIP/2.0/UDP b",
    ),
    (
        "two Contacts on one line",
        "Contact: ",
        "Contact: <sip:a@b>, ",
    ),
    (
        "a quote in a display name",
        "From: <",
        "From: \"a \\\" <b>\" <",
    ),
    ("bytes that are not UTF-8", "From: <", "From: \"J\u{0}\" <"),
    ("an unknown method", "INVITE", "NEWMETHOD"),
    (
        "more than Content-Length",
        "Length: 0\r\n\r\n",
        "Length: 0\r\n\r\nrest",
    ),
];

#[test]
fn where_rsip_is_known_wrong() {
    assert_eq!(ours(ORDINARY.as_bytes()), theirs(ORDINARY.as_bytes()));
    for (what, from, to) in RSIP_IS_WRONG {
        let changed = ORDINARY.replace(from, to);
        assert_ne!(changed, ORDINARY, "{what}");
        // One byte of Latin-1 stands for all that is not UTF-8.
        let latin1 = |byte| if byte == 0 { 0xfc } else { byte };
        let changed: Vec<u8> = changed.bytes().map(latin1).collect();
        let message = Message::parse(Bytes::from(changed.clone()));
        assert!(
            message.is_ok_and(|message| message.check().is_ok()),
            "{what}"
        );
        let (ours, theirs) = (ours(&changed), theirs(&changed));
        assert!(ours.is_some(), "{what}");
        assert_ne!(ours, theirs, "{what}");
    }
}
