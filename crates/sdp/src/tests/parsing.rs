//! What is parsed, what is refused, what is tolerated.

use super::{offer_of, text};
use crate::{
    Description, Direction, Host, MAX_LENGTH, MAX_LINES, MAX_MEDIA, Media, Parameters, ParseError,
    Rtcp, RtpMap,
};

fn parse(text: &str) -> Description<'_> {
    Description::parse(text.as_bytes()).unwrap()
}

fn refusal(text: &str) -> ParseError {
    Description::parse(text.as_bytes()).unwrap_err()
}

fn ip(text: &str) -> Option<Host<'_>> {
    Some(Host::Ip(text.parse().unwrap()))
}

#[test]
fn a_phones_offer_is_understood() {
    let offer = offer_of(&[
        "m=audio 49170 RTP/AVP 8 0 101",
        "a=rtpmap:8 PCMA/8000",
        "a=rtpmap:0 PCMU/8000/1",
        "a=rtpmap:101 telephone-event/8000",
        "a=fmtp:101 0-16",
        "a=ptime:20",
        "a=rtcp:53020 IN IP6 2001:db8::7",
        "a=rtcp-mux",
        "a=ssrc:314159 cname:phone",
        "a=sendonly",
    ]);
    let map = |payload, encoding, channels| RtpMap {
        payload,
        encoding,
        clock_hz: 8000,
        channels,
    };
    let expected = Media {
        kind: "audio",
        port: 49170,
        protocol: "RTP/AVP",
        formats: "8 0 101",
        connection: None,
        direction: Some(Direction::SendOnly),
        rtcp: Some(Rtcp {
            port: 53020,
            host: ip("2001:db8::7"),
        }),
        ptime_ms: Some(20),
        maps: vec![
            map(8, "PCMA", None),
            map(0, "PCMU", Some(1)),
            map(101, "telephone-event", None),
        ],
        parameters: vec![Parameters {
            payload: 101,
            text: "0-16",
        }],
    };
    let description = parse(&offer);
    assert_eq!(description.origin, "phone 1 1 IN IP4 198.51.100.7");
    assert_eq!(description.timing, "0 0");
    assert_eq!(description.connection, ip("198.51.100.7"));
    assert_eq!(description.media, [expected]);
}

#[test]
fn line_ends_may_be_crlf_lf_or_cr_and_lines_blank() {
    let lines = [
        "v=0",
        "c=IN IP4 198.51.100.7",
        "m=audio 4000 RTP/AVP 8",
        "a=inactive",
    ];
    let parsed = [
        text(&lines),
        lines.join("\n"),
        lines.join("\r"),
        lines.join("\n\r\n"),
    ];
    for text in &parsed {
        let description = parse(text);
        assert_eq!(description.connection, ip("198.51.100.7"), "{text:?}");
        assert_eq!(
            description.media[0].direction,
            Some(Direction::Inactive),
            "{text:?}"
        );
    }
}

#[test]
fn missing_and_misplaced_lines_are_tolerated() {
    // No o=, s= and t=; c= after the attributes; what nobody knows; Latin-1 in the name.
    let bytes = b"v=0\r\ns=Caf\xe9\r\na=x-what:ever\r\nc=IN IP4 198.51.100.7\r\nq=1\r\n\
        m=audio 4000 RTP/AVP 0\r\na=x\xff\r\na=sendrecv\r\nc=IN IP4 198.51.100.8";
    let description = Description::parse(bytes).unwrap();
    let media = &description.media[0];
    assert_eq!((description.origin, description.timing), ("", ""));
    assert_eq!(description.host_of(media), ip("198.51.100.8"));
    assert_eq!(description.direction_of(media), Direction::SendRecv);
}

#[test]
fn the_session_speaks_for_media_that_say_nothing() {
    let text = offer_of(&[
        "m=audio 4000 RTP/AVP 8",
        "m=video 0 RTP/AVP 31",
        "a=recvonly",
    ]);
    let text = text.replace("t=0 0", "t=0 0\r\na=inactive");
    let description = parse(&text);
    let of = |index: usize| {
        let media = &description.media[index];
        (description.host_of(media), description.direction_of(media))
    };
    assert_eq!(of(0), (ip("198.51.100.7"), Direction::Inactive));
    assert_eq!(of(1), (ip("198.51.100.7"), Direction::RecvOnly));
}

#[test]
fn addresses_of_every_kind() {
    let cases = [
        ("IN IP4 198.51.100.7", ip("198.51.100.7")),
        ("IN IP6 2001:db8::7", ip("2001:db8::7")),
        ("IN IP4 2001:db8::7", ip("2001:db8::7")),
        ("in ip6 ::ffff:198.51.100.7", ip("198.51.100.7")),
        ("IN  IP4\t0.0.0.0", ip("0.0.0.0")),
        ("IN IP4 198.51.100.7/127", ip("198.51.100.7")),
        ("IN IP4 224.2.1.1/127", Some(Host::Other("224.2.1.1/127"))),
        ("IN IP6 ff15::101", Some(Host::Other("ff15::101"))),
        ("IN IP4 phone.example", Some(Host::Other("phone.example"))),
    ];
    for (line, expected) in cases {
        let text = text(&["v=0", &format!("c={line}")]);
        assert_eq!(parse(&text).connection, expected, "{line}");
    }
}

#[test]
fn attributes_that_cannot_be_read_are_as_if_not_there() {
    let text = offer_of(&[
        "m=audio 4000 RTP/AVP 8 96",
        "a=rtpmap:128 PCMA/8000",
        "a=rtpmap:96 PCMA",
        "a=rtpmap:96 /8000",
        "a=rtpmap:96 PCMA/+8000",
        "a=rtpmap:96 PCMA/8000/1/1",
        "a=rtpmap",
        "a=fmtp:*",
        "a=fmtp:96",
        "a=rtcp:0",
        "a=rtcp:4001 IN",
        "a=ptime:20.5",
        "a=",
        "a=:",
    ]);
    let media = &parse(&text).media[0];
    assert_eq!(
        (media.maps.as_slice(), media.parameters.as_slice()),
        ([].as_slice(), [].as_slice())
    );
    assert_eq!((media.rtcp, media.ptime_ms), (None, None));
}

#[test]
fn what_is_no_description_is_refused() {
    for nothing in [
        "",
        "\r\n\r\n",
        "v=1\r\n",
        "v=0.1",
        "o=x\r\nv=0",
        "INVITE sip:a@b SIP/2.0",
        "v",
    ] {
        assert_eq!(refusal(nothing), ParseError::NotVersion0, "{nothing:?}");
    }
    for (line, expected) in [
        ("m=audio", ParseError::Media(3)),
        ("m=audio 4000 RTP/AVP", ParseError::Media(3)),
        ("m=audio 65536 RTP/AVP 8", ParseError::Media(3)),
        ("m=audio -1 RTP/AVP 8", ParseError::Media(3)),
        ("m=audio 4000/x RTP/AVP 8", ParseError::Media(3)),
        ("m=au\u{1}dio 4000 RTP/AVP 8", ParseError::Media(3)),
        ("c=IN IP4", ParseError::Connection(3)),
        ("c=ATM NSAP 47.0091", ParseError::Connection(3)),
        ("c=", ParseError::Connection(3)),
        (" a=sendrecv", ParseError::Line(3)),
        ("=", ParseError::Line(3)),
        ("a", ParseError::Line(3)),
    ] {
        assert_eq!(
            refusal(&text(&["v=0", "s=-", line, "t=0 0"])),
            expected,
            "{line:?}"
        );
    }
}

#[test]
fn two_ports_of_one_stream_are_its_first() {
    assert_eq!(
        parse(&offer_of(&["m=audio 4000/2 RTP/AVP 0"])).media[0].port,
        4000
    );
}

#[test]
fn every_bound_holds_and_is_not_met_early() {
    let line = "a=x\r\n";
    let full = format!("v=0\r\n{}", line.repeat(MAX_LINES - 1));
    parse(&full[..full.len() - 2]);
    assert_eq!(refusal(&format!("{full}a=x")), ParseError::TooManyLines);

    let media = "m=audio 4000 RTP/AVP 8\r\n";
    let full = format!("v=0\r\n{}", media.repeat(MAX_MEDIA));
    assert_eq!(parse(&full).media.len(), MAX_MEDIA);
    assert_eq!(refusal(&format!("{full}{media}")), ParseError::TooManyMedia);

    let head = "v=0\r\na=";
    let long = format!("{head}{}", "x".repeat(MAX_LENGTH - head.len()));
    parse(&long);
    assert_eq!(refusal(&format!("{long}x")), ParseError::TooLong);
}

#[test]
fn many_formats_are_looked_at_up_to_the_bound() {
    use crate::MAX_FORMATS;

    let formats = ["9"; MAX_FORMATS].join(" ");
    let maps = vec!["a=rtpmap:9 G722/8000"; MAX_FORMATS + 1];
    let media = format!("m=audio 4000 RTP/AVP {formats} 8");
    let text = offer_of(&[&[media.as_str()], maps.as_slice()].concat());
    let media = &parse(&text).media[0];
    assert_eq!(media.payloads().count(), MAX_FORMATS);
    assert_eq!(media.maps.len(), MAX_FORMATS);
    assert!(media.payloads().all(|payload| payload == 9));
}
