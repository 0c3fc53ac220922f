//! Tests of the mapping of one source's timestamps.

use rotaline_model::Mono;

use super::super::SourceClock;
use super::{Dice, at_ms};

fn loud() -> bool {
    false
}

fn quiet() -> bool {
    true
}

fn never_asked() -> bool {
    panic!("asked for silence although nothing is to be shifted")
}

/// Feeds one packet every 20 ms from `from_ms` on, all with the same delay.
fn steady(clock: &mut SourceClock, timestamp: u32, from_ms: u64, packets: u32) {
    for n in 0..packets {
        clock.map(
            timestamp.wrapping_add(n * 160),
            at_ms(from_ms + u64::from(n) * 20),
            loud,
        );
    }
}

#[test]
fn a_steady_source_is_never_shifted() {
    let mut clock = SourceClock::new();
    for n in 0..1_000 {
        let arrival = at_ms(100 + u64::from(n) * 20);
        assert_eq!(clock.map(n * 160, arrival, never_asked), arrival);
    }
}

#[test]
fn the_timestamp_wraps_unnoticed() {
    let mut clock = SourceClock::new();
    let first = u32::MAX - 300;
    for n in 0..10 {
        let arrival = at_ms(100 + u64::from(n) * 20);
        let at = clock.map(first.wrapping_add(n * 160), arrival, never_asked);
        assert_eq!(at, arrival);
    }
}

#[test]
fn a_late_packet_is_placed_where_it_was_due() {
    let mut clock = SourceClock::new();
    steady(&mut clock, 0, 100, 10);
    assert_eq!(clock.map(1_600, at_ms(380), never_asked), at_ms(300));
}

#[test]
fn reordered_packets_find_their_places() {
    let mut clock = SourceClock::new();
    steady(&mut clock, 0, 100, 10);
    assert_eq!(clock.map(1_760, at_ms(320), never_asked), at_ms(320));
    assert_eq!(clock.map(1_600, at_ms(321), never_asked), at_ms(300));
}

#[test]
fn a_late_first_packet_is_put_right_by_the_second() {
    let mut clock = SourceClock::new();
    clock.map(0, at_ms(180), loud);
    assert_eq!(clock.map(160, at_ms(121), loud), at_ms(121));
}

#[test]
fn a_small_error_waits_for_silence() {
    let mut clock = SourceClock::new();
    clock.map(0, at_ms(106), loud);
    assert_eq!(clock.map(160, at_ms(120), loud), at_ms(126));
    assert_eq!(clock.map(320, at_ms(140), quiet), at_ms(140));
}

#[test]
fn a_longer_path_is_followed_when_the_window_has_passed() {
    let mut clock = SourceClock::new();
    steady(&mut clock, 0, 0, 500);
    let mut at = Mono::ZERO;
    for n in 500..1_000 {
        at = clock.map(n * 160, at_ms(30 + u64::from(n) * 20), loud);
    }
    assert_eq!(at, at_ms(30 + 999 * 20));
}

#[test]
fn one_stray_packet_moves_nothing() {
    let mut clock = SourceClock::new();
    steady(&mut clock, 0, 100, 10);
    clock.map(0x4000_0000, at_ms(300), loud);
    assert_eq!(clock.map(1_760, at_ms(320), never_asked), at_ms(320));
}

#[test]
fn a_jumped_count_is_followed_within_100_ms() {
    for jumped in [0x4000_0000, 0xC000_0000u32] {
        let mut clock = SourceClock::new();
        steady(&mut clock, 0, 100, 50);
        let mut at = Mono::ZERO;
        for n in 0..5 {
            at = clock.map(jumped + n * 160, at_ms(1_100 + u64::from(n) * 20), loud);
        }
        assert_eq!(at, at_ms(1_180), "after a jump to {jumped:#x}");
    }
}

#[test]
fn a_burst_after_a_stall_is_not_taken_for_a_new_count() {
    let mut clock = SourceClock::new();
    steady(&mut clock, 0, 100, 50);
    for n in 50..90 {
        let at = clock.map(n * 160, at_ms(1_900), loud);
        assert_eq!(at, at_ms(100 + u64::from(n) * 20));
    }
    assert_eq!(clock.map(90 * 160, at_ms(1_900), never_asked), at_ms(1_900));
}

#[test]
fn after_a_long_pause_the_clock_is_anchored_anew() {
    let mut clock = SourceClock::new();
    steady(&mut clock, 0, 100, 50);
    // Ten minutes of hold, in which a bad clock has run 120 ms behind.
    let at = clock.map(50 * 160 + 4_800_000, at_ms(601_220), never_asked);
    assert_eq!(at, at_ms(601_220));
}

#[test]
fn after_a_reset_the_next_packet_is_the_anchor() {
    let mut clock = SourceClock::new();
    steady(&mut clock, 0, 100, 50);
    clock.reset();
    assert_eq!(clock.map(7, at_ms(1_105), never_asked), at_ms(1_105));
}

#[test]
fn hostile_timestamps_never_map_far_past_their_arrival() {
    let mut dice = Dice(1);
    let mut clock = SourceClock::new();
    for n in 0..200_000 {
        let arrival = at_ms(n / 3);
        let timestamp = match n % 3 {
            0 => (n as u32 / 3) * 8,
            1 => dice.next() as u32,
            _ => 0x7FFF_FFFF_u32.wrapping_mul(n as u32),
        };
        let at = clock.map(timestamp, arrival, loud);
        assert!(
            at <= arrival + std::time::Duration::from_millis(10),
            "packet {n}"
        );
    }
}
