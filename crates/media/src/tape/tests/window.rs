//! Tests of the tape's window: order, gaps, the delay line, masks, bounds.

use super::super::{CHUNK_FRAMES, Side, Tape};
use super::{Dice, Writer, at_ms, tape_id};
use crate::Codec;

const TALK: u8 = 0xA1;
const KEY: u8 = 0x2A;
const SILENT: [u8; 2] = [0xD5; 2];

/// Talk on the left, a packet every 20 ms from `from_ms` until `to_ms`.
fn talk(tape: &mut Tape, from_ms: u64, to_ms: u64, sample: u8, writer: &mut Writer) {
    for ms in (from_ms..to_ms).step_by(20) {
        tape.place(Side::Left, at_ms(ms), Codec::Pcma, &[sample; 160], writer);
        tape.advance(at_ms(ms), writer);
    }
}

#[test]
fn each_side_is_on_its_channel_and_gaps_are_silence() {
    let mut writer = Writer::default();
    let mut tape = Tape::start(tape_id(), at_ms(1_000), &mut writer);
    tape.place(
        Side::Left,
        at_ms(1_000),
        Codec::Pcma,
        &[TALK; 160],
        &mut writer,
    );
    tape.place(
        Side::Right,
        at_ms(1_060),
        Codec::Pcmu,
        &[0x80; 160],
        &mut writer,
    );
    tape.finish(at_ms(1_100), &mut writer);

    assert!(writer.started && writer.stopped);
    let mut wanted = vec![SILENT; 800];
    wanted[..160].fill([TALK, 0xD5]);
    wanted[480..640].fill([0xD5, 0xAA]);
    assert_eq!(writer.frames, wanted);
}

#[test]
fn nothing_leaves_before_the_delay_line_has_passed() {
    let mut writer = Writer::default();
    let mut tape = Tape::start(tape_id(), at_ms(0), &mut writer);
    talk(&mut tape, 0, 700, TALK, &mut writer);
    tape.advance(at_ms(699), &mut writer);
    assert_eq!(writer.chunks, 0);
    tape.advance(at_ms(700), &mut writer);
    assert_eq!(writer.chunks, 1);
    assert_eq!(writer.frames.len() as u64, CHUNK_FRAMES);
}

#[test]
fn a_long_recording_allocates_no_more_than_one_chunk() {
    let mut writer = Writer::default();
    let mut tape = Tape::start(tape_id(), at_ms(0), &mut writer);
    talk(&mut tape, 0, 60_000, TALK, &mut writer);
    tape.finish(at_ms(60_000), &mut writer);
    assert_eq!(writer.frames, vec![[TALK, 0xD5]; 480_000]);
    assert_eq!(writer.allocated, 1);
    assert!(writer.chunks <= 60 * 5 + 1, "{} chunks", writer.chunks);
}

#[test]
fn audio_that_is_too_old_or_from_before_the_start_is_dropped_and_counted() {
    let mut writer = Writer::default();
    let mut tape = Tape::start(tape_id(), at_ms(1_000), &mut writer);
    tape.place(
        Side::Left,
        at_ms(900),
        Codec::Pcma,
        &[KEY; 160],
        &mut writer,
    );
    tape.advance(at_ms(3_000), &mut writer);
    tape.place(
        Side::Left,
        at_ms(1_500),
        Codec::Pcma,
        &[KEY; 160],
        &mut writer,
    );
    tape.place(
        Side::Left,
        at_ms(99_000),
        Codec::Pcma,
        &[KEY; 160],
        &mut writer,
    );
    let counts = tape.counts();
    assert_eq!((counts.before_start, counts.late, counts.ahead), (1, 1, 1));
    tape.finish(at_ms(3_000), &mut writer);
    assert_eq!(writer.frames, vec![SILENT; 16_000]);
}

#[test]
fn a_packet_across_the_start_keeps_its_later_part() {
    let mut writer = Writer::default();
    let mut tape = Tape::start(tape_id(), at_ms(1_000), &mut writer);
    tape.place(
        Side::Left,
        at_ms(985),
        Codec::Pcma,
        &[TALK; 160],
        &mut writer,
    );
    tape.finish(at_ms(1_010), &mut writer);
    let mut wanted = vec![SILENT; 80];
    wanted[..40].fill([TALK, 0xD5]);
    assert_eq!(writer.frames, wanted);
}

#[test]
fn jitter_of_the_driver_makes_no_clicks() {
    let mut dice = Dice(2);
    let mut writer = Writer::default();
    let mut tape = Tape::start(tape_id(), at_ms(0), &mut writer);
    for n in 0..500 {
        let late_us = dice.next() % 3_000;
        let at = rotaline_model::Mono::from_nanos((n * 20_000 + late_us) * 1_000);
        tape.place(Side::Right, at, Codec::Pcma, &[TALK; 160], &mut writer);
        tape.advance(at, &mut writer);
    }
    tape.finish(at_ms(10_000), &mut writer);
    let right = writer.channel(1);
    let first = right.iter().position(|sample| *sample == TALK).unwrap();
    assert!(first <= 24);
    assert!(right[first..].iter().all(|sample| *sample == TALK));
}

#[test]
fn a_thread_that_stalls_loses_no_length() {
    let mut writer = Writer::default();
    let mut tape = Tape::start(tape_id(), at_ms(0), &mut writer);
    talk(&mut tape, 0, 1_000, TALK, &mut writer);
    // Nothing for 8 s, then a packet of now.
    tape.place(
        Side::Left,
        at_ms(9_000),
        Codec::Pcma,
        &[TALK; 160],
        &mut writer,
    );
    tape.finish(at_ms(60_000), &mut writer);
    let mut wanted = vec![SILENT; 480_000];
    wanted[..8_000].fill([TALK, 0xD5]);
    wanted[72_000..72_160].fill([TALK, 0xD5]);
    assert!(writer.frames == wanted);
    assert!(
        writer.chunks < 20,
        "silence of a stall is the writer's work"
    );
}

#[test]
fn a_mask_reaches_back_to_the_key_that_was_recognised_late() {
    let mut writer = Writer::default();
    let mut tape = Tape::start(tape_id(), at_ms(0), &mut writer);
    talk(&mut tape, 0, 2_000, TALK, &mut writer);
    talk(&mut tape, 2_000, 2_440, KEY, &mut writer);
    tape.mask(at_ms(2_440), true);
    talk(&mut tape, 2_440, 3_000, KEY, &mut writer);
    tape.mask(at_ms(3_000), false);
    talk(&mut tape, 3_000, 5_000, TALK, &mut writer);
    tape.finish(at_ms(5_000), &mut writer);

    let left = writer.channel(0);
    assert!(!left.contains(&KEY));
    let silent = left.iter().filter(|sample| **sample == 0xD5).count();
    assert_eq!(silent, 8 * (3_000 - 1_940));
    assert!(left[..8 * 1_940].iter().all(|sample| *sample == TALK));
    assert!(left[8 * 3_000..].iter().all(|sample| *sample == TALK));
}

#[test]
fn a_mask_covers_both_sides() {
    let mut writer = Writer::default();
    let mut tape = Tape::start(tape_id(), at_ms(0), &mut writer);
    tape.place(Side::Right, at_ms(0), Codec::Pcma, &[KEY; 160], &mut writer);
    tape.mask(at_ms(20), true);
    tape.place(Side::Left, at_ms(20), Codec::Pcma, &[KEY; 160], &mut writer);
    tape.finish(at_ms(100), &mut writer);
    assert_eq!(writer.frames, vec![SILENT; 800]);
}

#[test]
fn a_masked_packet_that_comes_after_the_mask_stays_silent() {
    let mut writer = Writer::default();
    let mut tape = Tape::start(tape_id(), at_ms(0), &mut writer);
    talk(&mut tape, 0, 1_000, TALK, &mut writer);
    tape.mask(at_ms(1_000), true);
    tape.mask(at_ms(1_200), false);
    // Half of it belongs before the end of the mask.
    tape.place(
        Side::Left,
        at_ms(1_190),
        Codec::Pcma,
        &[KEY; 160],
        &mut writer,
    );
    tape.finish(at_ms(1_300), &mut writer);
    let left = writer.channel(0);
    assert!(left[4_000..9_600].iter().all(|sample| *sample == 0xD5));
    assert_eq!(left[9_600..9_680], [KEY; 80]);
}

#[test]
fn two_masks_in_quick_succession_leave_no_hole() {
    let mut writer = Writer::default();
    let mut tape = Tape::start(tape_id(), at_ms(0), &mut writer);
    tape.mask(at_ms(0), true);
    talk(&mut tape, 0, 500, KEY, &mut writer);
    tape.mask(at_ms(500), false);
    talk(&mut tape, 500, 1_040, TALK, &mut writer);
    tape.mask(at_ms(1_040), true);
    tape.place(Side::Left, at_ms(490), Codec::Pcma, &[KEY; 80], &mut writer);
    tape.mask(at_ms(1_050), false);
    tape.finish(at_ms(1_100), &mut writer);
    assert!(!writer.channel(0).contains(&KEY));
}

#[test]
fn hostile_packets_never_break_the_order_of_chunks() {
    let mut dice = Dice(3);
    let mut writer = Writer::default();
    let mut tape = Tape::start(tape_id(), at_ms(5_000), &mut writer);
    let payload = [KEY; 9_000];
    for n in 0..20_000u64 {
        let now = 5_000 + n * 2;
        let at = at_ms((now + dice.next() % 4_000).saturating_sub(2_000));
        let length = (dice.next() % 9_000) as usize;
        tape.place(Side::Left, at, Codec::Pcma, &payload[..length], &mut writer);
        if n % 7 == 0 {
            tape.mask(at_ms(now), n % 2 == 0);
        }
        tape.advance(at_ms(now), &mut writer);
    }
    tape.finish(at_ms(60_000), &mut writer);
    assert_eq!(writer.frames.len(), 55_000 * 8);
}
