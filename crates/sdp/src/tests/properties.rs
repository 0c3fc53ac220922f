//! What holds for any text and any description.

use std::net::IpAddr;

use proptest::option;
use proptest::prelude::*;

use super::ourselves;
use crate::{Description, Direction, Host, Media, Parameters, Rtcp, RtpMap, accept, answer};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        negotiate(&bytes);
    }

    #[test]
    fn no_text_of_its_own_words_makes_it_panic(words in prop::collection::vec(word(), 0..120)) {
        negotiate(format!("v=0\r\n{}", words.concat()).as_bytes());
    }

    #[test]
    fn what_is_printed_is_parsed_as_it_was(description in description()) {
        let printed = description.print();
        prop_assert_eq!(Description::parse(printed.as_bytes()), Ok(description));
    }

    #[test]
    fn every_answer_is_a_description_that_answers_each_line(description in description()) {
        if let Ok((text, stream)) = answer(&description, &ourselves()) {
            let ours = Description::parse(&text).unwrap();
            prop_assert_eq!(ours.media.len(), description.media.len());
            let open: Vec<_> = ours.media.iter().filter(|media| media.port != 0).collect();
            prop_assert_eq!(open.len(), 1);
            prop_assert_eq!(open[0].port, ourselves().rtp_port);
            prop_assert_eq!(open[0].direction, Some(stream.direction));
            let payloads: Vec<u8> = open[0].payloads().collect();
            let expected: Vec<u8> = [Some(stream.payload_in), stream.events_in]
                .into_iter()
                .flatten()
                .collect();
            prop_assert_eq!(payloads, expected);
            prop_assert!(!stream.remote_rtp.ip().is_multicast());
        }
    }
}

fn negotiate(bytes: &[u8]) {
    if let Ok(description) = Description::parse(bytes) {
        let _ = answer(&description, &ourselves());
        let _ = accept(&description, &ourselves());
        let printed = description.print();
        assert!(
            Description::parse(printed.as_bytes()).is_ok(),
            "{printed:?}"
        );
    }
}

/// Pieces that reach far into the parser.
fn word() -> impl Strategy<Value = String> {
    let fixed = prop::sample::select(vec![
        "v=0\r\n",
        "o=- 1 2 IN IP4 192.0.2.1",
        "\r\n",
        "\n",
        "\r",
        "c=IN IP4 198.51.100.7\r\n",
        "c=IN IP6 ::\r\n",
        "c=",
        "m=audio 4000 RTP/AVP 8 0 101\r\n",
        "m=audio ",
        "m=video 0 RTP/AVP 31\n",
        "a=rtpmap:101 telephone-event/8000\r\n",
        "a=rtpmap:",
        "a=fmtp:101 ",
        "0-15",
        "a=rtcp:",
        "a=sendonly\r\n",
        "a=inactive\r\n",
        "8",
        "0",
        " ",
        "/",
        ":",
        "-",
        ",",
        "IN IP4 ",
        "RTP/AVP",
        "65535",
        "é",
        "t=0 0\r\n",
        "PCMA/8000",
    ]);
    prop_oneof![fixed.prop_map(str::to_owned), "[ -~]{1,6}"]
}

/// Any description; its texts are leaked, since it borrows them.
fn description() -> impl Strategy<Value = Description<'static>> {
    let origin = text("([!-~]{1,9}( [!-~]{1,9}){0,5})?");
    let timing = text("([0-9]{1,10} [0-9]{1,10})?");
    let media = prop::collection::vec(media(), 0..5);
    (
        origin,
        timing,
        option::of(host()),
        option::of(direction()),
        media,
    )
        .prop_map(
            |(origin, timing, connection, direction, media)| Description {
                origin,
                timing,
                connection,
                direction,
                media,
            },
        )
}

fn media() -> impl Strategy<Value = Media<'static>> {
    let kind = prop_oneof![4 => Just("audio"), 1 => text("[a-z]{1,9}")];
    let protocol = prop_oneof![4 => Just("RTP/AVP"), 1 => text("[A-Za-z/]{1,9}")];
    let formats = prop_oneof![4 => text("[0-9]{1,3}( [0-9]{1,3}){0,8}"), 1 => text("[!-~]{1,9}")];
    let line = (
        kind,
        prop_oneof![4 => any::<u16>(), 1 => Just(0)],
        protocol,
        formats,
    );
    let maps = prop::collection::vec(map(), 0..6);
    let parameters = prop::collection::vec((0..128u8, text("[!-~]([ -~]{0,20}[!-~])?")), 0..4);
    let attributes = (
        option::of(rtcp()),
        option::of(any::<u16>()),
        maps,
        parameters,
    );
    let own = (option::of(host()), option::of(direction()));
    (line, own, attributes).prop_map(|(line, own, (rtcp, ptime_ms, maps, parameters))| Media {
        kind: line.0,
        port: line.1,
        protocol: line.2,
        formats: line.3,
        connection: own.0,
        direction: own.1,
        rtcp,
        ptime_ms,
        maps,
        parameters: parameters
            .into_iter()
            .map(|(payload, text)| Parameters { payload, text })
            .collect(),
    })
}

fn map() -> impl Strategy<Value = RtpMap<'static>> {
    let known = prop::sample::select(vec!["PCMA", "pcmu", "telephone-event", "opus", "CN"]);
    let encoding = prop_oneof![4 => known, 1 => text("[!-.0-~]{1,9}")];
    let clock_hz = prop_oneof![4 => Just(8000), 1 => any::<u32>()];
    let payload = prop_oneof![Just(0), Just(8), 0..128u8];
    (
        payload,
        encoding,
        clock_hz,
        option::weighted(0.2, any::<u8>()),
    )
        .prop_map(|(payload, encoding, clock_hz, channels)| RtpMap {
            payload,
            encoding,
            clock_hz,
            channels,
        })
}

fn rtcp() -> impl Strategy<Value = Rtcp<'static>> {
    (1..=u16::MAX, option::of(host())).prop_map(|(port, host)| Rtcp { port, host })
}

fn host() -> impl Strategy<Value = Host<'static>> {
    let is_kept = |ip: &IpAddr| !ip.is_multicast() && *ip == ip.to_canonical();
    let ip = any::<IpAddr>()
        .prop_filter("as the parser gives it", is_kept)
        .prop_map(Host::Ip);
    let other = prop_oneof![
        text("[a-z]{1,9}\\.example"),
        Just("224.2.1.1/127"),
        Just("ff15::101")
    ];
    prop_oneof![4 => ip, 1 => other.prop_map(Host::Other)]
}

fn direction() -> impl Strategy<Value = Direction> {
    prop::sample::select(vec![
        Direction::SendRecv,
        Direction::SendOnly,
        Direction::RecvOnly,
        Direction::Inactive,
    ])
}

fn text(pattern: &'static str) -> impl Strategy<Value = &'static str> {
    pattern.prop_map(|text| &*text.leak())
}
