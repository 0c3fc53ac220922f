//! Reports, printed and parsed.

use std::time::Duration;

use super::*;

const NAME: CanonicalName = *b"abcdefghijklmnop";

fn reception() -> Reception {
    Reception {
        ssrc: Ssrc(0x1111_2222),
        fraction_lost: 64,
        lost: 300,
        highest_sequence: 70_000,
        jitter: 25,
    }
}

fn report(now: Mono, ending: Ending) -> Report<'static> {
    Report {
        now,
        ssrc: Ssrc(0xaaaa_bbbb),
        sent: Some(Sent {
            timestamp: 160,
            packets: 1,
            octets: 160,
        }),
        received: Some((reception(), None)),
        cname: &NAME,
        ending,
    }
}

fn told(now: Mono, bytes: &[u8]) -> Option<Vec<Told>> {
    let mut all = Vec::new();
    read(now, bytes, |told| all.push(told)).then_some(all)
}

#[test]
fn a_report_is_well_formed_to_its_last_byte() {
    let now = Mono::from_nanos(90_500_000_000);
    let mut out = [0xee; MAX_LENGTH];
    let length = report(now, Ending::Goodbye).write(&mut out);
    assert!(length < MAX_LENGTH, "nothing was cut");
    let mut rest = &out[..length];
    let mut kinds = Vec::new();
    while !rest.is_empty() {
        let words = u16::from_be_bytes([rest[2], rest[3]]);
        kinds.push(rest[1]);
        rest = &rest[4 * (1 + usize::from(words))..];
    }
    assert_eq!(kinds, [200, 202, 203]);
    assert_eq!(out[..4], [0x81, 200, 0, 12]);
    assert_eq!(out[8..16], [0, 0, 0, 90, 0x80, 0, 0, 0]);
    assert_eq!(out[28..36], [0x11, 0x11, 0x22, 0x22, 64, 0, 1, 44]);
    assert_eq!(&out[62..78], b"abcdefghijklmnop");
}

#[test]
fn what_is_written_is_read() {
    let now = Mono::from_nanos(2_000_000_000);
    let mut out = [0; MAX_LENGTH];
    let length = report(now, Ending::Goodbye).write(&mut out);
    assert_eq!(
        told(now, &out[..length]).unwrap(),
        [
            Told::SenderReport {
                ssrc: Ssrc(0xaaaa_bbbb),
                middle_ntp: 2 << 16
            },
            Told::Block {
                about: Ssrc(0x1111_2222),
                round_trip_ms: None
            },
            Told::Goodbye {
                ssrc: Ssrc(0xaaaa_bbbb)
            },
        ]
    );
}

#[test]
fn the_round_trip_is_what_remains_without_the_peers_delay() {
    let sent_at = Mono::from_nanos(10_000_000_000);
    let peer_at = sent_at + Duration::from_millis(40);
    let answered_at = peer_at + Duration::from_millis(1500);
    let back_at = answered_at + Duration::from_millis(40);
    let last = LastReport {
        middle_ntp: middle(sent_at),
        arrival: peer_at,
    };
    let answer = Report {
        sent: None,
        received: Some((reception(), Some(last))),
        ..report(answered_at, Ending::GoesOn)
    };
    let mut out = [0; MAX_LENGTH];
    let length = answer.write(&mut out);
    let Some(Told::Block { round_trip_ms, .. }) = told(back_at, &out[..length]).unwrap().pop()
    else {
        panic!("no block");
    };
    assert!((79..=80).contains(&round_trip_ms.unwrap()));
}

#[test]
fn what_is_no_rtcp_is_refused_and_what_is_cut_is_read_as_far_as_it_goes() {
    let now = Mono::ZERO;
    assert_eq!(told(now, &[]), None);
    assert_eq!(told(now, &[0x81, 200, 0, 12]), None);
    assert_eq!(told(now, &[0x80, 203, 0, 1, 0, 0, 0, 1]), None);
    // Thirty-one blocks announced, none there.
    assert_eq!(told(now, &[0x9f, 201, 0, 1, 0, 0, 0, 1]), Some(vec![]));
    let mut out = [0; MAX_LENGTH];
    let length = report(now, Ending::GoesOn).write(&mut out);
    for cut in 0..length {
        told(now, &out[..cut]);
    }
}
