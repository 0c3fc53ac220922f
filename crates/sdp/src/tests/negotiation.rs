//! Offer and answer.

use std::net::{IpAddr, SocketAddr};

use super::{offer_of, ourselves, text};
use crate::{
    CODECS, Codec, Description, Direction, NoStream, Stream, accept, answer, answer_with, offer,
    same_but_for_version, with_version,
};

fn answered(offer: &str) -> (String, Stream) {
    let offer = Description::parse(offer.as_bytes()).unwrap();
    let (answer, stream) = answer(&offer, &ourselves()).unwrap();
    (String::from_utf8(answer.to_vec()).unwrap(), stream)
}

fn refused(offer: &str) -> NoStream {
    answer(&Description::parse(offer.as_bytes()).unwrap(), &ourselves()).unwrap_err()
}

fn accepted(answer: &str) -> Result<Stream, NoStream> {
    accept(
        &Description::parse(answer.as_bytes()).unwrap(),
        &ourselves(),
    )
}

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

#[test]
fn our_offer_is_this_text() {
    let expected = text(&[
        "v=0",
        "o=- 4711 1 IN IP4 192.0.2.10",
        "s=-",
        "c=IN IP4 192.0.2.10",
        "t=0 0",
        "m=audio 40000 RTP/AVP 8 0 101",
        "a=rtpmap:8 PCMA/8000",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:101 telephone-event/8000",
        "a=fmtp:101 0-15",
        "a=ptime:20",
        "a=sendrecv",
    ]);
    assert_eq!(offer(&ourselves(), CODECS), expected);
}

#[test]
fn a_called_leg_is_offered_the_callers_codec_first() {
    let media_of = |codecs: &[Codec]| {
        let offer = String::from_utf8(offer(&ourselves(), codecs).to_vec()).unwrap();
        offer
            .lines()
            .find(|line| line.starts_with("m="))
            .unwrap()
            .to_owned()
    };
    assert_eq!(
        media_of(&[Codec::Pcmu, Codec::Pcma]),
        "m=audio 40000 RTP/AVP 0 8 101"
    );
    assert_eq!(media_of(&[Codec::Pcmu]), "m=audio 40000 RTP/AVP 0 101");
}

#[test]
fn the_longest_offer_fits_its_page() {
    let address: IpAddr = "2001:0db8:1111:2222:3333:4444:5555:6666".parse().unwrap();
    let (session_id, version, rtp_port) = (u64::MAX, u64::MAX, u16::MAX);
    let local = crate::Local {
        address,
        rtp_port,
        session_id,
        version,
    };
    let offer = offer(&local, &[Codec::Pcma; 9]);
    let description = Description::parse(&offer).unwrap();
    assert_eq!(
        description.media[0].payloads().collect::<Vec<_>>(),
        [8, 8, 101]
    );
}

#[test]
fn the_answer_names_one_codec_by_the_offers_number() {
    let offer = offer_of(&[
        "m=audio 4000 RTP/AVP 111 18 97 0 96 13",
        "a=rtpmap:111 opus/48000/2",
        "a=rtpmap:97 pcma/8000/1",
        "a=rtpmap:96 telephone-event/8000",
        "a=fmtp:96 0-15",
        "a=rtpmap:13 CN/8000",
        "a=ptime:30",
    ]);
    let (answer, stream) = answered(&offer);
    let expected = text(&[
        "v=0",
        "o=- 4711 1 IN IP4 192.0.2.10",
        "s=-",
        "c=IN IP4 192.0.2.10",
        "t=0 0",
        "m=audio 40000 RTP/AVP 97 96",
        "a=rtpmap:97 PCMA/8000",
        "a=rtpmap:96 telephone-event/8000",
        "a=fmtp:96 0-15",
        "a=ptime:20",
        "a=sendrecv",
    ]);
    assert_eq!(answer, expected);
    let expected = Stream {
        remote_rtp: address("198.51.100.7:4000"),
        remote_rtcp: address("198.51.100.7:4001"),
        codec: Codec::Pcma,
        payload_out: 97,
        payload_in: 97,
        events_out: Some(96),
        events_in: Some(96),
        direction: Direction::SendRecv,
        hold: false,
    };
    assert_eq!(stream, expected);
}

#[test]
fn the_offers_order_decides_and_static_numbers_need_no_map() {
    assert_eq!(
        answered(&offer_of(&["m=audio 4000 RTP/AVP 0 8"])).1.codec,
        Codec::Pcmu
    );
    assert_eq!(
        answered(&offer_of(&["m=audio 4000 RTP/AVP 8 0"])).1.codec,
        Codec::Pcma
    );
}

#[test]
fn a_choice_of_codecs_goes_before_the_offers_order() {
    let offer = offer_of(&["m=audio 4000 RTP/AVP 0 8"]);
    let offer = Description::parse(offer.as_bytes()).unwrap();
    let (_, stream) = answer_with(&offer, &ourselves(), &[Codec::Pcma]).unwrap();
    assert_eq!(stream.codec, Codec::Pcma);
    assert_eq!(
        answer_with(&offer, &ourselves(), &[]).unwrap_err(),
        NoStream::NoCommonCodec
    );
}

#[test]
fn a_map_goes_before_the_static_number() {
    let remapped = ["m=audio 4000 RTP/AVP 8 0", "a=rtpmap:8 opus/48000/2"];
    assert_eq!(answered(&offer_of(&remapped)).1.payload_out, 0);
    for wrong in [
        "a=rtpmap:8 PCMA/16000",
        "a=rtpmap:8 PCMA/8000/2",
        "a=rtpmap:8 G722/8000",
    ] {
        let offer = offer_of(&["m=audio 4000 RTP/AVP 8", wrong]);
        assert_eq!(refused(&offer), NoStream::NoCommonCodec, "{wrong}");
    }
}

#[test]
fn every_media_line_is_answered_and_the_others_are_refused() {
    let offer = offer_of(&[
        "m=audio 4002 RTP/SAVP 8",
        "m=image 4004 udptl t38",
        "m=audio 0 RTP/AVP 8",
        "m=audio 4008 RTP/AVP 18",
        "m=audio 4010 RTP/AVP 8",
        "m=video 4012 RTP/AVP 31 34",
        "m=audio 4014 RTP/AVP 8",
    ]);
    let (answer, stream) = answered(&offer);
    assert_eq!(stream.remote_rtp, address("198.51.100.7:4010"));
    let media: Vec<&str> = answer
        .lines()
        .filter(|line| line.starts_with("m="))
        .collect();
    let expected = [
        "m=audio 0 RTP/SAVP 8",
        "m=image 0 udptl t38",
        "m=audio 0 RTP/AVP 8",
        "m=audio 0 RTP/AVP 18",
        "m=audio 40000 RTP/AVP 8",
        "m=video 0 RTP/AVP 31",
        "m=audio 0 RTP/AVP 8",
    ];
    assert_eq!(media, expected);
}

#[test]
fn the_answers_time_is_the_offers() {
    let offer = offer_of(&["m=audio 4000 RTP/AVP 8"]);
    let with = |timing: &str| answered(&offer.replace("t=0 0", timing)).0;
    assert!(with("t=3724394400 3724398000").contains("\r\nt=3724394400 3724398000\r\n"));
    assert!(with("t=now").contains("\r\nt=0 0\r\n"));
    assert!(with("b=AS:64").contains("\r\nt=0 0\r\n"));
}

#[test]
fn direction_is_mirrored_and_hold_is_seen() {
    use Direction::{Inactive, RecvOnly, SendOnly, SendRecv};

    for (line, ours, hold) in [
        ("a=sendrecv", SendRecv, false),
        ("a=sendonly", RecvOnly, true),
        ("a=recvonly", SendOnly, false),
        ("a=inactive", Inactive, true),
        ("a=unknown", SendRecv, false),
    ] {
        let (answer, stream) = answered(&offer_of(&["m=audio 4000 RTP/AVP 8", line]));
        assert_eq!((stream.direction, stream.hold), (ours, hold), "{line}");
        assert!(
            answer.ends_with(&format!("\r\na={}\r\n", ours.as_str())),
            "{line}"
        );
        let stream = accepted(&offer_of(&["m=audio 4000 RTP/AVP 8", line])).unwrap();
        assert_eq!(
            (stream.direction, stream.hold),
            (ours, hold),
            "answer with {line}"
        );
    }
}

#[test]
fn nothing_is_sent_to_the_old_holds_address() {
    for (line, ours) in [
        ("a=sendrecv", Direction::RecvOnly),
        ("a=sendonly", Direction::RecvOnly),
        ("a=recvonly", Direction::Inactive),
        ("a=inactive", Direction::Inactive),
    ] {
        for held in ["c=IN IP4 0.0.0.0", "c=IN IP6 ::"] {
            let (_, stream) = answered(&offer_of(&["m=audio 4000 RTP/AVP 8", held, line]));
            assert_eq!(
                (stream.direction, stream.hold),
                (ours, true),
                "{held} {line}"
            );
            assert!(stream.remote_rtp.ip().is_unspecified());
        }
    }
}

#[test]
fn rtcp_goes_where_the_offer_says() {
    for (line, expected) in [
        ("a=rtcp:53020", "198.51.100.7:53020"),
        ("a=rtcp:53020 IN IP4 198.51.100.9", "198.51.100.9:53020"),
        ("a=rtcp:53020 IN IP6 2001:db8::9", "198.51.100.7:4001"),
        ("a=rtcp:53020 IN IP4 224.0.0.1", "198.51.100.7:4001"),
        ("a=rtcp-mux", "198.51.100.7:4001"),
    ] {
        let (answer, stream) = answered(&offer_of(&["m=audio 4000 RTP/AVP 8", line]));
        assert_eq!(stream.remote_rtcp, address(expected), "{line}");
        assert!(!answer.contains("rtcp"), "we take up nothing of it");
    }
    let last = answered(&offer_of(&["m=audio 65535 RTP/AVP 8"])).1;
    assert_eq!(last.remote_rtcp.port(), 65535);
}

#[test]
fn ipv6_is_spoken_to_from_ipv6_only() {
    let offer = offer_of(&["m=audio 4000 RTP/AVP 8", "c=IN IP6 2001:db8::7"]);
    assert_eq!(refused(&offer), NoStream::NoAddress);
    let local = crate::Local {
        address: "2001:db8::10".parse().unwrap(),
        ..ourselves()
    };
    let offer = Description::parse(offer.as_bytes()).unwrap();
    let (answer, stream) = answer(&offer, &local).unwrap();
    assert_eq!(stream.remote_rtcp, address("[2001:db8::7]:4001"));
    let answer = Description::parse(&answer).unwrap();
    assert_eq!(answer.connection, Some(crate::Host::Ip(local.address)));
    assert!(answer.origin.ends_with("IN IP6 2001:db8::10"));
}

#[test]
fn nothing_is_sent_to_a_name_a_group_or_everyone() {
    for host in [
        "phone.example",
        "224.2.1.1/127",
        "239.1.1.1",
        "255.255.255.255",
    ] {
        let line = format!("c=IN IP4 {host}");
        let offer = offer_of(&["m=audio 4000 RTP/AVP 8", &line]);
        assert_eq!(refused(&offer), NoStream::NoAddress, "{host}");
    }
    let without = text(&["v=0", "m=audio 4000 RTP/AVP 8"]);
    assert_eq!(refused(&without), NoStream::NoAddress);
}

#[test]
fn offers_without_usable_audio_are_refused() {
    for media in [
        ["m=audio 0 RTP/AVP 8"].as_slice(),
        &["m=audio 4000 RTP/SAVP 8"],
        &["m=audio 9 UDP/TLS/RTP/SAVPF 8"],
        &["m=video 4000 RTP/AVP 8"],
        &[],
    ] {
        assert_eq!(refused(&offer_of(media)), NoStream::NoAudio, "{media:?}");
        assert_eq!(
            accepted(&offer_of(media)),
            Err(NoStream::NoAudio),
            "{media:?}"
        );
    }
    for formats in ["18", "101", "200", "PCMA", "*"] {
        let media = format!("m=audio 4000 RTP/AVP {formats}");
        assert_eq!(
            refused(&offer_of(&[&media])),
            NoStream::NoCommonCodec,
            "{formats}"
        );
    }
}

#[test]
fn avpf_is_answered_in_kind() {
    let (answer, _) = answered(&offer_of(&["m=audio 4000 RTP/AVPF 8"]));
    assert!(answer.contains("\r\nm=audio 40000 RTP/AVPF 8\r\n"));
}

#[test]
fn events_are_agreed_only_if_they_can_carry_keys() {
    let events = |lines: &[&str]| {
        let media = [&["m=audio 4000 RTP/AVP 8 96 97"], lines].concat();
        let (answer, stream) = answered(&offer_of(&media));
        assert_eq!(
            answer.contains("telephone-event"),
            stream.events_in.is_some()
        );
        assert_eq!(stream.events_in, stream.events_out);
        stream.events_in
    };
    let map = "a=rtpmap:97 telephone-event/8000";
    let wide = "a=rtpmap:96 telephone-event/48000";
    assert_eq!(events(&[]), None);
    assert_eq!(events(&[wide]), None);
    assert_eq!(events(&[map, wide]), Some(97));
    for list in [
        "0-15",
        "0-11",
        "0-16,66,70",
        "16,0-9,10-11",
        "0-15, 32",
        "events=0-15",
    ] {
        assert_eq!(
            events(&[map, &format!("a=fmtp:97 {list}")]),
            Some(97),
            "{list}"
        );
    }
    for list in ["0-9", "32-36", "15-0", "x", "0,11"] {
        assert_eq!(events(&[map, &format!("a=fmtp:97 {list}")]), None, "{list}");
    }
}

#[test]
fn an_answers_numbers_are_for_sending_ours_for_receiving() {
    let answer = offer_of(&[
        "m=audio 4000 RTP/AVP 0 8 96",
        "a=rtpmap:96 telephone-event/8000",
        "a=rtcp:4005",
    ]);
    let expected = Stream {
        remote_rtp: address("198.51.100.7:4000"),
        remote_rtcp: address("198.51.100.7:4005"),
        codec: Codec::Pcmu,
        payload_out: 0,
        payload_in: 0,
        events_out: Some(96),
        events_in: Some(101),
        direction: Direction::SendRecv,
        hold: false,
    };
    assert_eq!(accepted(&answer), Ok(expected));
    let without = accepted(&offer_of(&["m=audio 4000 RTP/AVP 8"])).unwrap();
    assert_eq!((without.events_in, without.events_out), (None, None));
}

#[test]
fn our_offer_and_our_answer_fit_each_other() {
    let far = crate::Local {
        address: "192.0.2.20".parse().unwrap(),
        rtp_port: 50_000,
        ..ourselves()
    };
    for codecs in [&[Codec::Pcma, Codec::Pcmu], &[Codec::Pcmu, Codec::Pcma]] {
        let sent = offer(&ourselves(), codecs);
        let (back, theirs) = answer(&Description::parse(&sent).unwrap(), &far).unwrap();
        let ours = accept(&Description::parse(&back).unwrap(), &ourselves()).unwrap();
        assert_eq!(ours.remote_rtp, address("192.0.2.20:50000"));
        assert_eq!(theirs.remote_rtp, address("192.0.2.10:40000"));
        assert_eq!((ours.codec, theirs.codec), (codecs[0], codecs[0]));
        assert_eq!(
            (ours.payload_out, ours.payload_in),
            (theirs.payload_in, theirs.payload_out)
        );
        assert_eq!((ours.events_out, ours.events_in), (Some(101), Some(101)));
    }
}

#[test]
fn a_refresh_keeps_the_version_and_a_change_does_not() {
    //= RFC 3264 section 8
    //= type=test
    //# the version in the origin field MUST increment by one from the previous SDP
    let again = offer_of(&["m=audio 4000 RTP/AVP 8", "a=sendrecv"]);
    let held = offer_of(&["m=audio 4000 RTP/AVP 8", "a=sendonly"]);
    let (first, _) = answered(&again);
    let (held, _) = answered(&held);
    assert!(same_but_for_version(
        first.as_bytes(),
        answered(&again).0.as_bytes()
    ));
    assert!(!same_but_for_version(first.as_bytes(), held.as_bytes()));

    let second = with_version(held.as_bytes(), 12);
    assert!(String::from_utf8_lossy(&second).contains("\r\no=- 4711 12 IN IP4 "));
    assert!(same_but_for_version(&second, held.as_bytes()));
    assert_eq!(with_version(&second, 1), held);
}

#[test]
fn what_has_no_version_is_compared_as_it_is() {
    for odd in [
        "",
        "v=0\r\ns=-\r\n",
        "v=0\r\no=\r\n",
        "v=0\r\no=- 1",
        "v=0\r\no=- 1 2\r\ns= \r\n",
    ] {
        assert_eq!(with_version(odd.as_bytes(), 7), odd);
        assert!(same_but_for_version(odd.as_bytes(), odd.as_bytes()));
        assert!(!same_but_for_version(
            odd.as_bytes(),
            b"v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\n"
        ));
    }
}
