//! A relayed source that is late, loses packets, stops and comes back: silence stands in for it,
//! and its numbers and times stay where they were.

use std::collections::BTreeSet;
use std::time::Duration;

use rotaline_media::rtp::{Header, TelephoneEvent};
use rotaline_media::{Codec, Command};
use rotaline_model::{Digit, Mono};

use crate::world::{Sent, Source, World, lead, ms};

const SILENCE: u8 = 0xd5;

/// Two legs in a room, of which the first's source is told packet by packet.
struct Talk {
    world: World,
    source: Source,
    begun: Mono,
}

impl Talk {
    /// `offset_ms` is where in the tick's period the source's packets come.
    fn new(offset_ms: u64) -> Self {
        let (mut world, ..) = World::talk(Codec::Pcma, Codec::Pcma);
        world.run(offset_ms);
        let begun = world.now();
        let source = Source::new(0, Codec::Pcma, 4000);
        Talk {
            world,
            source,
            begun,
        }
    }

    /// The source's nth packet.
    fn header(&self, n: u32) -> Header {
        let first = self.source.header;
        Header {
            sequence: first.sequence.wrapping_add(n as u16),
            timestamp: first.timestamp.wrapping_add(n.wrapping_mul(160)),
            ..first
        }
    }

    fn arrive_at(&mut self, at: Duration, header: Header) {
        self.world.run_to(self.begun + at);
        self.world.arrive(0, header, &[self.source.byte; 160]);
    }

    /// Packets by number, each with the time that it comes at.
    fn arrive(&mut self, packets: impl IntoIterator<Item = (Duration, u32)>) {
        let mut packets: Vec<_> = packets.into_iter().collect();
        packets.sort();
        for (at, n) in packets {
            self.arrive_at(at, self.header(n));
        }
    }

    fn sent(&self) -> Vec<Sent> {
        self.world.sent_since(1, self.begun)
    }

    /// What of the source left, and how far each timestamp was moved.
    fn voices(&self) -> Vec<Sent> {
        let is_voice = |sent: &Sent| sent.payload[0] == self.source.byte;
        self.sent().into_iter().filter(is_voice).collect()
    }
}

fn is_silence(sent: &Sent) -> bool {
    sent.payload[0] == SILENCE
}

fn even(packets: std::ops::Range<u32>) -> impl Iterator<Item = (Duration, u32)> {
    packets.map(|n| (ms(20 * u64::from(n)), n))
}

/// A stream that no receiver can mistake; `longest` is the longest pause in it.
fn assert_sound(sent: &[Sent], longest: Duration) {
    for pair in sent.windows(2) {
        let (before, after) = (&pair[0], &pair[1]);
        let step = after.header.sequence.wrapping_sub(before.header.sequence);
        assert!((1..100).contains(&step), "sequence: {before:?} {after:?}");
        let step = after.header.timestamp.wrapping_sub(before.header.timestamp);
        assert!(step.cast_signed() >= 160, "time: {before:?} {after:?}");
        if is_silence(before) != is_silence(after) {
            assert!(after.header.marker, "{before:?} {after:?}");
        }
        assert!(after.at.since(before.at) <= longest, "{before:?} {after:?}");
    }
}

/// The marker is on the first packet after a switch, and on no other.
fn assert_markers(sent: &[Sent]) {
    for pair in sent.windows(2) {
        let switches = is_silence(&pair[0]) != is_silence(&pair[1]);
        assert_eq!(pair[1].header.marker, switches, "{pair:?}");
    }
}

/// A packet is no more than a packet time off the clock, as the first packet shows it.
fn assert_on_the_clock(first: &Sent, sent: &Sent) {
    let lead = lead(first, sent);
    assert!((-161..=200).contains(&lead), "leads by {lead}: {sent:?}");
}

fn missing(sent: &[Sent]) -> usize {
    let step = |pair: &[Sent]| {
        let (before, after) = (pair[0].header.sequence, pair[1].header.sequence);
        usize::from(after.wrapping_sub(before).wrapping_sub(1))
    };
    sent.windows(2).map(step).sum()
}

/// What is random here: the same each time.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005) + 1;
        (self.0 >> 33) % bound
    }

    fn jitter(&mut self) -> Duration {
        Duration::from_micros(self.below(40_001))
    }
}

/// Every number of the source bears the same number of ours, times and sequence alike.
fn assert_unmoved(talk: &Talk) {
    let first = talk.source.header;
    let shifts: BTreeSet<u32> = talk
        .voices()
        .iter()
        .map(|sent| {
            let n = sent.header.sequence.wrapping_sub(first.sequence);
            let samples = sent.header.timestamp.wrapping_sub(first.timestamp);
            samples.wrapping_sub(u32::from(n).wrapping_mul(160))
        })
        .collect();
    // Sequence and timestamp are moved by different amounts, but by the same ones throughout:
    // the difference is taken modulo the sequence's cycle.
    let cycle = 160 << 16;
    let shifts: BTreeSet<u32> = shifts.into_iter().map(|shift| shift % cycle).collect();
    assert_eq!(shifts.len(), 1, "{shifts:?}");
}

#[test]
fn jitter_up_to_40_ms_is_never_filled() {
    for seed in 0..20 {
        let mut talk = Talk::new(seed);
        let mut random = Random(seed);
        talk.arrive((0..500).map(|n| (ms(20 * u64::from(n)) + random.jitter(), n)));
        let mut sent = talk.sent();
        sent.retain(|sent| sent.at > talk.begun + ms(40));
        let first = sent.iter().position(|sent| !is_silence(sent)).unwrap();
        assert!(sent[first..].iter().all(|sent| !is_silence(sent)));
        let numbers: BTreeSet<u16> = talk.voices().iter().map(|s| s.header.sequence).collect();
        let dropped_at_the_start = 500 - numbers.len();
        assert!(dropped_at_the_start <= 2, "{dropped_at_the_start}");
        assert_eq!(talk.voices().len(), numbers.len());
        assert_unmoved(&talk);
    }
}

#[test]
fn the_worst_jitter_is_never_filled_wherever_the_tick_is() {
    for offset_ms in 0..20 {
        let mut talk = Talk::new(offset_ms);
        talk.arrive(even(0..10).chain((10..200).map(|n| {
            let late = if n % 2 == 1 { ms(40) } else { ms(0) };
            // In order, as a queue that fills and empties gives them.
            (ms(20 * u64::from(n)) + late, n)
        })));
        assert_eq!(talk.voices().len(), 200);
        assert_eq!(talk.sent().iter().filter(|s| is_silence(s)).count(), 0);
        assert_unmoved(&talk);
    }
}

#[test]
fn silence_stands_in_for_a_source_that_stops_from_the_first_tick_after_60_ms() {
    for offset_ms in 0..20 {
        let mut talk = Talk::new(offset_ms);
        talk.arrive(even(0..50));
        let last = talk.world.now();
        talk.world.run(1000);
        let sent = talk.sent();
        let (voice, silence): (Vec<_>, Vec<_>) = sent.iter().partition(|s| !is_silence(s));
        assert_eq!(voice.len(), 50);
        let hole = silence[0].at.since(last);
        assert!(hole > ms(60) && hole <= ms(80), "{hole:?}");
        assert_eq!(silence.len(), 47);
        for pair in silence.windows(2) {
            assert_eq!(pair[1].at.since(pair[0].at), ms(20));
        }
        assert_sound(&sent, ms(80));
        for pair in sent.windows(2) {
            let step = pair[1]
                .header
                .timestamp
                .wrapping_sub(pair[0].header.timestamp);
            assert_eq!(step, 160, "no time is left out");
        }
        assert_eq!(missing(&sent), 0);
    }
}

#[test]
fn one_or_two_lost_packets_are_a_gap_and_of_three_silence_takes_one() {
    for offset_ms in 0..20 {
        for lost in [1, 2, 3, 8] {
            let mut talk = Talk::new(offset_ms);
            talk.arrive(even(0..50).chain(even(50 + lost..100)));
            let sent = talk.sent();
            let silence = sent.iter().filter(|sent| is_silence(sent)).count();
            assert_eq!(silence, lost.saturating_sub(2) as usize);
            assert_eq!(missing(&sent), lost.min(2) as usize);
            assert_eq!(talk.voices().len(), 100 - lost as usize);
            assert_sound(&sent, ms(80));
            assert_markers(&sent);
            assert_unmoved(&talk);
        }
    }
}

#[test]
fn with_jitter_and_any_loss_no_packet_that_came_is_displaced() {
    for seed in 0..40 {
        let mut talk = Talk::new(seed % 20);
        let mut random = Random(seed);
        talk.arrive(even(0..5));
        let (mut packets, mut n) = (Vec::new(), 5);
        while n < 600 {
            packets.push((ms(20 * u64::from(n)) + random.jitter(), n));
            n += match random.below(10) {
                0 => 2 + random.below(12) as u32,
                _ => 1,
            };
        }
        let newest = packets.last().unwrap().1 + 1;
        let came = packets.len() + 5;
        talk.arrive(packets);
        assert_eq!(talk.voices().len(), came);
        assert_unmoved(&talk);
        let sent = talk.sent();
        let first = sent[0].header.sequence;
        let numbers: BTreeSet<u16> = sent
            .iter()
            .map(|sent| sent.header.sequence.wrapping_sub(first))
            .collect();
        assert_eq!(numbers.len(), sent.len(), "no number twice");
        assert!(numbers.iter().all(|number| u32::from(*number) < newest));
        let times: BTreeSet<u32> = sent.iter().map(|sent| sent.header.timestamp).collect();
        assert_eq!(times.len(), sent.len(), "no time twice");
        let silence = sent.iter().filter(|sent| is_silence(sent)).count();
        assert!(silence > 0 && sent.len() == came + silence);
    }
}

/// How a source comes back after a hole of so many ms.
const HOLES_MS: [u64; 3] = [70, 100, 500];

#[test]
fn a_burst_that_a_stall_held_back_goes_on_unmoved_from_the_first_free_place() {
    for offset_ms in 0..20 {
        for hole_ms in HOLES_MS {
            let mut talk = Talk::new(offset_ms);
            let stall = |n: u32| ms(20 * u64::from(n)).max(ms(980 + hole_ms));
            talk.arrive(even(0..50).chain((50..150).map(|n| (stall(n), n))));
            let sent = talk.sent();
            assert_sound(&sent, ms(80));
            assert_markers(&sent);
            assert_unmoved(&talk);
            assert_eq!(missing(&sent), 0);
            assert_eq!(sent.len(), 150, "each place is taken once");
            let silence = sent.iter().filter(|sent| is_silence(sent)).count() as u64;
            // One for each tick after 60 ms; at 70 ms there may be one or none.
            let ticks = (hole_ms - 60) / 20..=(hole_ms - 60).div_ceil(20);
            assert!(ticks.contains(&silence), "{silence} in {hole_ms}");
        }
    }
}

#[test]
fn a_burst_that_drains_slowly_goes_on_unmoved_too() {
    for offset_ms in 0..20 {
        let mut talk = Talk::new(offset_ms);
        // 1000 ms of stall, then a packet every 5 ms.
        let slow = |n: u32| ms(20 * u64::from(n)).max(ms(1980 + 5 * u64::from(n - 50)));
        talk.arrive(even(0..50).chain((50..200).map(|n| (slow(n), n))));
        assert_sound(&talk.sent(), ms(80));
        assert_unmoved(&talk);
    }
}

#[test]
fn a_source_that_was_silent_goes_on_in_time_and_only_its_sequence_is_moved() {
    for offset_ms in 0..20 {
        for hole_ms in HOLES_MS {
            let mut talk = Talk::new(offset_ms);
            talk.arrive(even(0..50));
            let moved = talk.voices()[0].header.timestamp;
            for n in 50..150u32 {
                let mut header = talk.header(n);
                let silent = (hole_ms - 20) as u32 * 8;
                header.timestamp = header.timestamp.wrapping_add(silent);
                talk.arrive_at(ms(20 * u64::from(n) + hole_ms - 20), header);
            }
            let sent = talk.sent();
            assert_sound(&sent, ms(80));
            assert_markers(&sent);
            assert_eq!(missing(&sent), 0);
            let last = talk.voices().pop().unwrap();
            let expected = 149 * 160 + (hole_ms as u32 - 20) * 8;
            assert_eq!(last.header.timestamp.wrapping_sub(moved), expected);
            assert_eq!(talk.voices().len(), 150);
        }
    }
}

#[test]
fn a_path_that_becomes_slower_by_up_to_100_ms_moves_nothing() {
    for offset_ms in 0..20 {
        for longer_ms in [50, 80, 500] {
            let mut talk = Talk::new(offset_ms);
            let later = |n: u32| ms(20 * u64::from(n) + longer_ms);
            talk.arrive(even(0..50).chain((50..150).map(|n| (later(n), n))));
            let sent = talk.sent();
            let lost = 150 - talk.voices().len();
            if longer_ms <= 80 {
                assert_unmoved(&talk);
                assert!(lost <= 3, "{lost}");
            } else {
                // It will not catch up: it is moved onto the clock, after 60 ms.
                assert!((3..=4).contains(&lost), "{lost}");
                let last = sent.last().unwrap();
                assert_on_the_clock(&sent[0], last);
            }
            assert_sound(&sent, ms(80));
        }
    }
}

#[test]
fn a_source_whose_timestamps_stood_still_is_moved_onto_the_clock_within_80_ms() {
    for offset_ms in 0..20 {
        for hole_ms in HOLES_MS {
            let mut talk = Talk::new(offset_ms);
            let later = |n: u32| ms(20 * u64::from(n) + hole_ms - 20);
            talk.arrive(even(0..50).chain((50..150).map(|n| (later(n), n))));
            assert_sound(&talk.sent(), ms(80));
            assert!(talk.voices().len() >= 146, "{}", talk.voices().len());
        }
    }
}

#[test]
fn an_hour_of_200_ppm_with_stops_moves_nothing() {
    for ppm in [-200i64, 200] {
        let mut talk = Talk::new(3);
        let packet_ns = (20_000_000 - 20 * ppm) as u64;
        let mut shifts = BTreeSet::new();
        let (mut voices, mut silences) = (0, 0);
        for n in 0..180_000u32 {
            // A stop of half a second every 100 s.
            if n % 5000 >= 4975 {
                continue;
            }
            let header = talk.header(n);
            talk.arrive_at(Duration::from_nanos(packet_ns * u64::from(n)), header);
            for sent in talk.world.io.rtp.drain(..).filter(|sent| sent.slot == 1) {
                if is_silence(&sent) {
                    silences += 1;
                } else {
                    voices += 1;
                    shifts.insert(sent.header.timestamp.wrapping_sub(header.timestamp));
                }
            }
        }
        assert_eq!(shifts.len(), 1);
        assert_eq!(voices, 36 * 4975);
        assert!((35 * 22..=35 * 24 + 5).contains(&silences), "{silences}");
    }
}

#[test]
fn comfort_noise_moves_no_timestamp_and_silence_stands_in_at_once() {
    for seed in 0..20 {
        let mut talk = Talk::new(seed);
        let mut random = Random(seed);
        talk.arrive(even(0..10));
        let shift = |sent: &Header, source: &Header| sent.timestamp.wrapping_sub(source.timestamp);
        let before = shift(&talk.voices()[9].header, &talk.header(9));
        let (mut slot, mut number, mut came) = (10u32, 10u32, 0);
        for _ in 0..20 {
            for n in 0..10 {
                let mut header = talk.header(slot);
                header.sequence = talk.header(number).sequence;
                let at = ms(20 * u64::from(slot)) + Duration::from_micros(random.below(20_000));
                if n == 0 {
                    header.payload_type = 13;
                    talk.world.run_to(talk.begun + at);
                    talk.world.arrive(0, header, &[0x40]);
                    // Silence for a while.
                    slot += 1 + random.below(20) as u32;
                } else {
                    talk.arrive_at(at, header);
                    came += 1;
                    slot += 1;
                }
                number += 1;
            }
        }
        let sent = talk.sent();
        assert_sound(&sent, ms(60));
        assert_eq!(missing(&sent), 0);
        let last = talk.voices().pop().unwrap();
        assert_eq!(shift(&last.header, &talk.header(slot - 1)), before);
        let relayed = talk.voices().len() - 10;
        assert!(came - relayed <= 2 * 20, "{relayed} of {came}");
    }
}

fn event(talk: &mut Talk, at: Duration, n: u32, pressed: u32, ticks: u32, marker: bool) {
    let event = TelephoneEvent {
        event: Digit::parse('5').unwrap().event(),
        end: false,
        volume: 10,
        duration: (ticks * 160) as u16,
    };
    let header = Header {
        marker,
        payload_type: 101,
        timestamp: talk.header(pressed).timestamp,
        ..talk.header(n)
    };
    talk.world.run_to(talk.begun + at);
    talk.world.arrive(0, header, &event.to_bytes());
}

fn events(talk: &Talk) -> Vec<Sent> {
    let is_event = |sent: &Sent| sent.header.payload_type == 101;
    talk.sent().into_iter().filter(is_event).collect()
}

#[test]
fn a_press_with_a_hole_in_it_is_still_one_press() {
    for offset_ms in 0..20 {
        let mut talk = Talk::new(offset_ms);
        talk.arrive(even(0..50));
        for n in (50..53).chain(59..65) {
            event(&mut talk, ms(20 * u64::from(n)), n, 50, n - 49, n == 50);
        }
        talk.arrive(even(65..100));
        let events = events(&talk);
        assert_eq!(events.len(), 9);
        let times: BTreeSet<u32> = events.iter().map(|sent| sent.header.timestamp).collect();
        assert_eq!(times.len(), 1);
        let markers = events.iter().filter(|sent| sent.header.marker).count();
        assert_eq!(markers, 1);
        let numbers: BTreeSet<u16> = talk.sent().iter().map(|s| s.header.sequence).collect();
        assert_eq!(numbers.len(), talk.sent().len());
        assert!(talk.sent().iter().any(is_silence));
        let voices = talk.voices();
        assert_eq!(voices.len(), 85);
        let (first, last) = (voices[0].header.timestamp, voices[84].header.timestamp);
        assert_eq!(last.wrapping_sub(first), 99 * 160);
    }
}

#[test]
fn a_press_whose_time_was_filled_comes_after_that_and_moves_no_audio() {
    for offset_ms in 0..20 {
        let mut talk = Talk::new(offset_ms);
        talk.arrive(even(0..50));
        // The key is pressed 100 ms after the source stopped, and its packets are 100 ms late.
        for n in 54..60 {
            event(
                &mut talk,
                ms(20 * u64::from(n) + 100),
                n,
                54,
                n - 53,
                n == 54,
            );
        }
        talk.arrive((60..100).map(|n| (ms(20 * u64::from(n) + 100), n)));
        let events = events(&talk);
        assert_eq!(events.len(), 6);
        let times: BTreeSet<u32> = events.iter().map(|sent| sent.header.timestamp).collect();
        assert_eq!(times.len(), 1);
        let sent = talk.sent();
        let at = sent.iter().position(|s| s.header.payload_type == 101);
        let before = &sent[at.unwrap() - 1];
        assert!(is_silence(before) && before.header.timestamp < events[0].header.timestamp);
        let numbers: BTreeSet<u16> = sent.iter().map(|sent| sent.header.sequence).collect();
        assert_eq!(numbers.len(), sent.len());
        let voices = talk.voices();
        let (first, last) = (voices[0].header.timestamp, voices.last().unwrap());
        assert_eq!(last.header.timestamp.wrapping_sub(first), 99 * 160);
    }
}

#[test]
fn longer_packets_are_waited_for_longer() {
    for offset_ms in 0..20 {
        let mut talk = Talk::new(offset_ms);
        for n in 0..50u32 {
            let mut header = talk.header(n);
            header.timestamp = talk.header(n * 2).timestamp;
            let late = if n % 2 == 1 { 40 } else { 0 };
            talk.world.run_to(talk.begun + ms(40 * u64::from(n) + late));
            talk.world.arrive(0, header, &[talk.source.byte; 320]);
        }
        assert!(!talk.sent().iter().any(is_silence));
        let last = talk.world.now();
        talk.world.run(400);
        let first = talk.sent().into_iter().find(is_silence).unwrap();
        let hole = first.at.since(last);
        assert!(hole > ms(120) && hole <= ms(140), "{hole:?}");
    }
}

#[test]
fn a_prompt_after_a_stop_is_no_later_than_the_clock() {
    let mut talk = Talk::new(5);
    talk.arrive(even(0..50));
    talk.world.run(500);
    talk.world.tell(Command::Leave {
        leg: crate::world::leg(0, 1),
    });
    talk.world.run(200);
    let sent = talk.sent();
    assert_on_the_clock(&sent[0], sent.last().unwrap());
    assert_eq!(missing(&sent), 0);
}
