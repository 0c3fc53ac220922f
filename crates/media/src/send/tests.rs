//! The outgoing stream: one SSRC, unbroken numbers and times.

use super::*;

const START: Mono = Mono::from_nanos(10_000_000_000);

fn stream() -> Outgoing {
    Outgoing::new(Ssrc(1), 65_534, u32::MAX - 100, START)
}

fn at(ms: u64) -> Mono {
    START + Duration::from_millis(ms)
}

fn from_source(sequence: u16, timestamp: u32) -> Header {
    Header {
        marker: false,
        payload_type: 8,
        sequence,
        timestamp,
        ssrc: Ssrc(9),
    }
}

fn relay(out: &mut Outgoing, now: Mono, incoming: &Header) -> Option<Header> {
    let what = Relayed::Audio { samples: 160 };
    out.relay(now, incoming, what, 8, 160)
}

#[test]
fn local_packets_follow_each_other_across_both_wraps() {
    let mut out = stream();
    for n in 0..5u16 {
        let header = out.local(at(u64::from(n) * 20), Origin::Silence, 8);
        assert_eq!(header.sequence, 65_534u16.wrapping_add(n));
        let timestamp = (u32::MAX - 100).wrapping_add(u32::from(n) * 160);
        assert_eq!(header.timestamp, timestamp);
        assert_eq!(header.marker, n == 0);
    }
}

#[test]
fn a_switch_of_source_or_a_jump_in_time_bears_the_marker() {
    let mut out = stream();
    let mut markers = String::new();
    for (ms, origin) in [
        (0, Origin::Silence),
        (20, Origin::Silence),
        (40, Origin::Playing(1)),
        (60, Origin::Playing(1)),
        (80, Origin::Playing(2)),
        (140, Origin::Playing(2)),
        (160, Origin::Silence),
    ] {
        let marker = out.local(at(ms), origin, 8).marker;
        markers.push(if marker { 'm' } else { '.' });
    }
    assert_eq!(markers, "m.m.mmm");
}

#[test]
fn a_relayed_source_starts_where_the_local_one_ended() {
    let mut out = stream();
    let local = out.local(at(0), Origin::Silence, 8);
    let first = relay(&mut out, at(3), &from_source(500, 77)).unwrap();
    assert_eq!(first.sequence, local.sequence.wrapping_add(1));
    assert_eq!(first.timestamp, local.timestamp.wrapping_add(160));
    assert!(first.marker);
    let second = relay(&mut out, at(23), &from_source(501, 237)).unwrap();
    assert!(!second.marker);
    assert_eq!(second.timestamp, first.timestamp.wrapping_add(160));
}

#[test]
fn a_packet_from_before_the_anchor_would_take_anothers_number_and_is_dropped() {
    let mut out = stream();
    out.local(at(0), Origin::Silence, 8);
    relay(&mut out, at(3), &from_source(500, 77_000)).unwrap();
    assert_eq!(relay(&mut out, at(4), &from_source(499, 76_840)), None);
    let lost = relay(&mut out, at(43), &from_source(502, 77_320)).unwrap();
    let late = relay(&mut out, at(44), &from_source(501, 77_160)).unwrap();
    assert_eq!(late.sequence, lost.sequence.wrapping_sub(1));
}

#[test]
fn ten_hours_of_relaying_forget_old_numbers_only() {
    let mut out = stream();
    let mut before: Option<Header> = None;
    for n in 0..1_800_000u32 {
        let incoming = from_source(n as u16, n.wrapping_mul(160));
        let header = relay(&mut out, at(u64::from(n) * 20), &incoming).unwrap();
        if let Some(before) = before {
            assert_eq!(header.sequence, before.sequence.wrapping_add(1));
            assert_eq!(header.timestamp, before.timestamp.wrapping_add(160));
        }
        before = Some(header);
    }
}

#[test]
fn a_source_that_jumps_in_time_is_put_back_onto_the_clock() {
    let mut out = stream();
    relay(&mut out, at(0), &from_source(0, 0)).unwrap();
    let jumped = relay(&mut out, at(20), &from_source(1, 1_000_000)).unwrap();
    assert!(jumped.marker);
    let lead = ahead(jumped.timestamp, out.clock(at(20)));
    assert!((0..=160).contains(&lead), "{lead}");
}

#[test]
fn a_local_packet_for_time_that_a_relayed_one_covers_is_left_out() {
    let mut out = stream();
    relay(&mut out, at(0), &from_source(0, 0)).unwrap();
    assert!(out.is_covered(at(5)));
    assert!(!out.is_covered(at(15)));
    out.interrupt_relay();
    let local = out.local(at(15), Origin::Silence, 8);
    assert_eq!(local.timestamp, out.base.wrapping_add(160));
    assert!(local.marker);
}

#[test]
fn many_switches_do_not_add_up() {
    let mut out = stream();
    let mut source = from_source(0, 0);
    for turn in 0..500u64 {
        let now = at(turn * 40);
        if !out.is_covered(now) {
            out.local(now, Origin::Silence, 8);
        }
        relay(&mut out, now + Duration::from_millis(1), &source);
        source.sequence += 1;
        source.timestamp += 320;
        out.forget_source();
        let lead = ahead(out.covered, out.clock(now));
        assert!(lead <= 80 + 2 * 160, "{lead} at turn {turn}");
    }
}

#[test]
fn an_inserted_event_keeps_its_timestamp_and_moves_the_audio_on_by_one() {
    let mut out = stream();
    let audio = relay(&mut out, at(0), &from_source(0, 0)).unwrap();
    let first = out.insert_event(at(5), 1, true, 101, 4);
    let next_audio = relay(&mut out, at(20), &from_source(1, 160)).unwrap();
    let second = out.insert_event(at(25), 1, false, 101, 4);
    let other_press = out.insert_event(at(45), 2, true, 101, 4);
    let numbers = [audio, first, next_audio, second, other_press].map(|h| h.sequence);
    assert_eq!(
        numbers,
        std::array::from_fn(|n| 65_534u16.wrapping_add(n as u16))
    );
    assert_eq!(first.timestamp, second.timestamp);
    assert_ne!(other_press.timestamp, second.timestamp);
    assert_eq!(next_audio.timestamp, audio.timestamp.wrapping_add(160));
}
