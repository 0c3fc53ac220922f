//! What is received: loss, order, restarts, jitter.

use std::time::Duration;

use super::*;

fn starting_at(sequence: u16) -> Incoming {
    Incoming::new(&Header {
        marker: false,
        payload_type: 8,
        sequence,
        timestamp: 0,
        ssrc: Ssrc(7),
    })
}

#[test]
fn a_whole_stream_across_the_wrap_has_no_loss() {
    let mut incoming = starting_at(0xfff0);
    for n in 1..100u16 {
        assert_eq!(incoming.accept(0xfff0u16.wrapping_add(n)), Arrival::Next);
    }
    assert_eq!((incoming.received(), incoming.lost()), (100, 0));
    assert_eq!(incoming.report().highest_sequence, 0xfff0 + 99);
}

#[test]
fn a_gap_is_loss_until_the_late_packet_comes() {
    let mut incoming = starting_at(10);
    assert_eq!(incoming.accept(13), Arrival::Next);
    assert_eq!(incoming.lost(), 2);
    assert_eq!(incoming.accept(12), Arrival::Late);
    assert_eq!(incoming.lost(), 1);
    assert_eq!(incoming.accept(12), Arrival::Duplicate);
    assert_eq!(incoming.accept(10), Arrival::Duplicate);
    assert_eq!((incoming.received(), incoming.lost()), (3, 1));
}

#[test]
fn one_packet_lost_is_no_gap_and_two_in_a_row_are_one() {
    let mut incoming = starting_at(10);
    incoming.accept(12);
    assert_eq!((incoming.lost(), incoming.gaps()), (1, 0));
    incoming.accept(15);
    incoming.accept(16);
    incoming.accept(40);
    assert_eq!((incoming.lost(), incoming.gaps()), (26, 2));
}

#[test]
fn the_fraction_is_of_the_packets_since_the_last_report() {
    let mut incoming = starting_at(0);
    for sequence in (2..100).step_by(2) {
        incoming.accept(sequence);
    }
    assert_eq!(incoming.report().fraction_lost, 126);
    for sequence in 99..199 {
        incoming.accept(sequence);
    }
    let report = incoming.report();
    assert_eq!(report.fraction_lost, 0);
    assert_eq!(report.lost, 49);
}

#[test]
fn one_stray_packet_changes_nothing_and_two_in_order_restart() {
    let mut incoming = starting_at(100);
    incoming.accept(101);
    assert_eq!(incoming.accept(40_000), Arrival::Stray);
    assert_eq!(incoming.accept(102), Arrival::Next);
    assert_eq!(incoming.lost(), 0);
    assert_eq!(incoming.accept(20_000), Arrival::Stray);
    assert_eq!(incoming.accept(20_001), Arrival::Restarted);
    assert_eq!(incoming.accept(20_003), Arrival::Next);
    assert_eq!((incoming.received(), incoming.lost()), (5, 1));
}

#[test]
fn jitter_is_zero_for_an_even_stream_and_follows_an_uneven_one() {
    let mut incoming = starting_at(0);
    let at = |packet: u64, late_ms: u64| Mono::from_nanos((packet * 20 + late_ms) * 1_000_000);
    for n in 0..200u64 {
        incoming.follow_jitter((n * 160) as u32, at(n, 0));
    }
    assert_eq!(incoming.jitter_ms(), 0.0);
    for n in 200..600u64 {
        incoming.follow_jitter((n * 160) as u32, at(n, n % 2 * 10));
    }
    assert!((9.0..=10.5).contains(&incoming.jitter_ms()));
}

#[test]
fn a_jump_of_timestamps_is_no_jitter() {
    let mut incoming = starting_at(0);
    let mut arrival = Mono::ZERO;
    for n in 0..10u32 {
        incoming.follow_jitter(n * 160, arrival);
        arrival += Duration::from_millis(20);
    }
    incoming.follow_jitter(3_000_000_000, arrival);
    assert_eq!(incoming.jitter_ms(), 0.0);
}

#[test]
fn any_sequence_is_survived() {
    let mut incoming = starting_at(0);
    let mut sequence = 1u32;
    for _ in 0..100_000 {
        sequence = sequence.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        incoming.accept((sequence >> 16) as u16);
        incoming.follow_jitter(sequence, Mono::from_nanos(u64::from(sequence)));
    }
    incoming.report();
}
