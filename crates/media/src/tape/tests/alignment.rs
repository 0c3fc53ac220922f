//! An hour of a call over a bad line: are both sides still in step on the tape?

use rotaline_model::Mono;

use super::super::{Side, SourceClock, Tape, is_silent};
use super::{Dice, Writer, tape_id};
use crate::Codec;

const BACKGROUND_TALK: u8 = 0xA1;
const CLICK: u8 = 0x2A;
const PACKETS: u64 = 3_600 * 50;
/// From a sample's making to the arrival of its packet, at best: 20 ms of packet, 20 ms of path.
const PATH_NS: u64 = 40_000_000;

struct Line {
    drift_ppm: f64,
    loss: f64,
    /// Largest extra delay of a packet; short ones are likelier.
    jitter_ms: f64,
    /// Whether the party pauses (for a second in ten).
    pauses: bool,
}

/// The worst distance, in milliseconds, between clicks made at the same instant on both sides, and
/// how many were compared.
fn worst_misalignment_ms(line: &Line) -> (f64, usize) {
    let mut dice = Dice(4);
    let mut packets = Vec::new();
    for n in 0..PACKETS {
        let made = (n as f64 * 20e6 * (1.0 + line.drift_ppm * 1e-6)) as u64;
        let late = dice.share() * dice.share() * dice.share() * line.jitter_ms * 1e6;
        if dice.share() >= line.loss {
            packets.push((made + PATH_NS + late as u64, n));
        }
    }
    packets.sort_unstable();

    let mut writer = Writer::default();
    let mut tape = Tape::start(tape_id(), Mono::ZERO, &mut writer);
    let mut clock = SourceClock::new();
    let mut packets = packets.into_iter().peekable();
    for engine_n in 0..PACKETS {
        let now = engine_n * 20_000_000;
        while let Some((arrival, n)) = packets.next_if(|(arrival, _)| *arrival <= now) {
            let payload = packet(n, line.drift_ppm, line.pauses);
            let timestamp = 0xFFFF_0000_u32.wrapping_add(n as u32 * 160);
            let arrival = Mono::from_nanos(arrival);
            let at = clock.map(timestamp, arrival, || is_silent(Codec::Pcma, &payload));
            tape.place(Side::Left, at, Codec::Pcma, &payload, &mut writer);
        }
        let at = Mono::from_nanos(now);
        let payload = packet(engine_n, 0.0, false);
        tape.place(Side::Right, at, Codec::Pcma, &payload, &mut writer);
        tape.advance(at, &mut writer);
    }
    tape.finish(Mono::from_nanos(PACKETS * 20_000_000), &mut writer);
    assert_eq!(tape_seconds(&writer), 3_600.0);
    compare(&clicks(&writer.channel(0)), &clicks(&writer.channel(1)))
}

/// A packet whose samples click half a second past each second of the engine's clock, for 2 ms.
fn packet(n: u64, drift_ppm: f64, pauses: bool) -> [u8; 160] {
    std::array::from_fn(|k| {
        let sample = n as f64 * 160.0 + k as f64;
        let second = sample / 8_000.0 * (1.0 + drift_ppm * 1e-6);
        let paused = pauses && second % 10.0 > 9.0;
        match (0.5..0.502).contains(&second.fract()) {
            true => CLICK,
            false if paused => 0xD5,
            false => BACKGROUND_TALK,
        }
    })
}

fn tape_seconds(writer: &Writer) -> f64 {
    writer.frames.len() as f64 / 8_000.0
}

/// Where clicks begin, in frames.
fn clicks(channel: &[u8]) -> Vec<f64> {
    let starts = channel.windows(2).enumerate();
    starts
        .filter(|(_, pair)| pair[0] != CLICK && pair[1] == CLICK)
        .map(|(n, _)| (n + 1) as f64)
        .collect()
}

/// Pairs each click on the left (late by the path) with the one on the right.
fn compare(left: &[f64], right: &[f64]) -> (f64, usize) {
    let path = PATH_NS as f64 / 125_000.0;
    let distances = left.iter().map(|click| {
        let nearest = right.iter().map(|other| (click - path - other).abs());
        nearest.fold(f64::MAX, f64::min) / 8.0
    });
    (distances.fold(0.0, f64::max), left.len())
}

fn check(line: &Line) {
    let (worst_ms, compared) = worst_misalignment_ms(line);
    println!(
        "{} ppm, {} % lost, up to {} ms of jitter: {worst_ms:.1} ms off at worst, of {compared}",
        line.drift_ppm,
        line.loss * 100.0,
        line.jitter_ms
    );
    assert!(compared > 2_500, "only {compared} clicks came through");
    assert!(worst_ms <= 20.0, "{worst_ms} ms");
}

#[test]
fn an_hour_with_a_slow_clock_and_15_percent_loss_stays_within_20_ms() {
    check(&Line {
        drift_ppm: 200.0,
        loss: 0.15,
        jitter_ms: 60.0,
        pauses: false,
    });
}

#[test]
fn an_hour_with_a_fast_clock_and_15_percent_loss_stays_within_20_ms() {
    check(&Line {
        drift_ppm: -200.0,
        loss: 0.15,
        jitter_ms: 60.0,
        pauses: true,
    });
}

#[test]
fn an_hour_with_a_clock_beyond_all_standards_stays_within_20_ms() {
    check(&Line {
        drift_ppm: 800.0,
        loss: 0.05,
        jitter_ms: 150.0,
        pauses: false,
    });
}
