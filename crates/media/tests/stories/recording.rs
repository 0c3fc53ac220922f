//! Recordings: left what the leg says, right what it hears; turned onto another leg.

use rotaline_media::{Codec, Command, MediaLeg, TapeId, TapeMessage};
use rotaline_model::{CaseId, Mono};

use crate::world::{Source, World, both_talk, ms, prompt, prompt_sample};

pub fn tape_id(part: u16) -> TapeId {
    let uuid = "018f2f6e-7c00-7000-8000-000000000001";
    let case: CaseId = uuid.parse().unwrap();
    TapeId { case, part }
}

/// All frames of a recording, in order and without a hole.
pub fn frames(world: &World, id: TapeId) -> Vec<[u8; 2]> {
    let mut frames = Vec::new();
    for message in &world.io.tape {
        if let TapeMessage::Chunk(chunk) = message
            && chunk.tape == id
        {
            assert_eq!(chunk.start, frames.len() as u64);
            frames.extend_from_slice(&chunk.frames);
        }
    }
    frames
}

fn stopped(world: &World, id: TapeId) -> bool {
    let stop = |message: &TapeMessage| matches!(message, TapeMessage::Stopped(of) if *of == id);
    world.io.tape.iter().any(stop)
}

/// Which of the packets of 20 ms are mostly this byte, on a side.
pub fn share(frames: &[[u8; 2]], side: usize, byte: u8) -> f64 {
    let hits = frames.iter().filter(|frame| frame[side] == byte).count();
    hits as f64 / frames.len() as f64
}

fn record(world: &mut World, leg: MediaLeg, part: u16) -> (TapeId, Mono) {
    let tape = tape_id(part);
    world.tell(Command::StartTape { tape, leg });
    (tape, world.now())
}

#[test]
fn both_sides_of_a_call_from_the_prompt_to_the_talk() {
    let mut world = World::new();
    let a_leg = world.open(0, Codec::Pcma);
    let (tape, started) = record(&mut world, a_leg, 0);
    let mut a = Source::new(0, Codec::Pcma, 4000);
    let mut b = Source::new(1, Codec::Pcmu, 6000);
    world.run(40);
    world.play(a_leg, 1, vec![prompt(1)]);
    world.run(960);
    let b_leg = world.open(1, Codec::Pcmu);
    world.join(a_leg, b_leg);
    both_talk(&mut world, &mut a, &mut b, 2000);
    world.tell(Command::StopTape { tape });
    assert!(stopped(&world, tape));
    let all = frames(&world, tape);
    let length = world.now().since(started);
    assert_eq!(all.len() as u128, length.as_nanos() / 125_000);
    let silence = Codec::Pcma.silence();
    let (before, talk) = all.split_at(8000);
    assert_eq!(share(before, 0, silence), 1.0);
    let loud = Codec::Pcma.encode(prompt_sample(1));
    let prompt_share = share(before, 1, loud);
    assert!((0.49..=0.51).contains(&prompt_share), "{prompt_share}");
    assert!(share(talk, 0, a.byte) > 0.98);
    let heard = Codec::Pcma.encode(Codec::Pcmu.decode(b.byte));
    assert!(share(talk, 1, heard) > 0.97);
}

#[test]
fn a_turned_recording_goes_on_with_the_sides_exchanged() {
    let (mut world, a_leg, b_leg) = World::talk(Codec::Pcma, Codec::Pcma);
    let (tape, _) = record(&mut world, a_leg, 0);
    let mut a = Source::new(0, Codec::Pcma, 4000);
    let mut b = Source::new(1, Codec::Pcma, 6000);
    both_talk(&mut world, &mut a, &mut b, 1000);
    world.tell(Command::Close { leg: a_leg });
    b.pause(&mut world, 500);
    world.tell(Command::TurnTape { tape, leg: b_leg });
    world.play(b_leg, 1, vec![prompt(2)]);
    for _ in 0..50 {
        b.send(&mut world);
        world.run(20);
    }
    world.tell(Command::StopTape { tape });
    let all = frames(&world, tape);
    let silence = Codec::Pcma.silence();
    assert!(share(&all[..8000], 0, a.byte) > 0.97 && share(&all[..8000], 1, b.byte) > 0.97);
    assert!(share(&all[8200..11_800], 0, silence) == 1.0);
    assert!(share(&all[8200..11_800], 1, silence) == 1.0);
    let outcome = &all[12_000..20_000];
    let loud = Codec::Pcma.encode(prompt_sample(2));
    assert!(
        (0.48..=0.51).contains(&share(outcome, 0, loud)),
        "left: what it hears"
    );
    assert!(share(outcome, 1, b.byte) > 0.97, "right: what it says");
}

#[test]
fn masked_time_is_silent_on_both_sides() {
    let (mut world, a_leg, _) = World::talk(Codec::Pcma, Codec::Pcma);
    let (tape, _) = record(&mut world, a_leg, 0);
    let mut a = Source::new(0, Codec::Pcma, 4000);
    let mut b = Source::new(1, Codec::Pcma, 6000);
    for masked in [true, false] {
        both_talk(&mut world, &mut a, &mut b, 1000);
        world.tell(Command::MaskTape { tape, masked });
    }
    both_talk(&mut world, &mut a, &mut b, 1000);
    world.tell(Command::StopTape { tape });
    let all = frames(&world, tape);
    let silence = Codec::Pcma.silence();
    for side in 0..2 {
        assert_eq!(share(&all[8000..16_000], side, silence), 1.0);
        assert!(share(&all[17_000..], side, silence) < 0.05);
    }
}

#[test]
fn a_whisper_leg_and_the_case_are_two_recordings() {
    let (mut world, a_leg, b_leg) = World::talk(Codec::Pcma, Codec::Pcma);
    let (case, _) = record(&mut world, a_leg, 0);
    let (whisper, _) = record(&mut world, b_leg, 1);
    let mut a = Source::new(0, Codec::Pcma, 4000);
    let mut b = Source::new(1, Codec::Pcma, 6000);
    both_talk(&mut world, &mut a, &mut b, 1000);
    for tape in [case, whisper] {
        world.tell(Command::StopTape { tape });
    }
    let (case, whisper) = (frames(&world, case), frames(&world, whisper));
    assert!(share(&case, 0, a.byte) > 0.9 && share(&whisper, 1, a.byte) > 0.9);
    assert!(share(&case, 1, b.byte) > 0.9 && share(&whisper, 0, b.byte) > 0.9);
}

#[test]
fn the_writer_gets_what_is_older_than_a_second_even_when_every_leg_is_gone() {
    let mut world = World::new();
    let leg = world.open(0, Codec::Pcma);
    let (tape, _) = record(&mut world, leg, 0);
    world.tell(Command::Close { leg });
    for second in 1..6 {
        world.run(1_000);
        assert!(frames(&world, tape).len() >= 8_000 * (second - 1));
    }
    assert!(
        world
            .media
            .deadline()
            .is_some_and(|due| due.since(world.now()) <= ms(20))
    );
    world.tell(Command::StopTape { tape });
    assert_eq!(world.media.deadline(), None);
}

#[test]
fn a_recording_of_the_same_name_or_of_no_leg_is_refused() {
    let mut world = World::new();
    let leg = world.open(0, Codec::Pcma);
    record(&mut world, leg, 0);
    record(&mut world, leg, 0);
    record(&mut world, crate::world::leg(5, 9), 1);
    let counts = world.media.counts();
    assert_eq!((counts.refused_tapes, counts.stale_commands), (1, 1));
}
