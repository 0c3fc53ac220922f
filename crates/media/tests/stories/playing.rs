//! Prompts, ring tone and silence, and the one stream that they make.

use rotaline_media::{Codec, Command, Event};
use rotaline_model::{Mono, PlayId, PromptId, Sound};

use crate::world::{
    PROMPT_MS, Source, World, assert_one_stream, both_talk, ms, prompt, prompt_sample,
};

fn played(world: &World) -> Vec<(Mono, u32, u32, bool)> {
    let told = world
        .io
        .events
        .iter()
        .filter_map(|(at, event)| match event {
            Event::Played {
                play,
                heard_ms,
                complete,
                ..
            } => Some((*at, play.0, *heard_ms, *complete)),
            _ => None,
        });
    told.collect()
}

#[test]
fn an_open_leg_is_sent_silence_at_once_and_every_20_ms() {
    for codec in [Codec::Pcma, Codec::Pcmu] {
        let mut world = World::new();
        let opened = world.now();
        world.open(0, codec);
        world.run(1000);
        let sent = world.sent(0);
        assert_eq!(sent[0].at, opened);
        assert!(sent[0].header.marker && !sent[1].header.marker);
        assert!((50..=51).contains(&sent.len()), "{}", sent.len());
        assert!(sent[1].at.since(opened) <= ms(20));
        for pair in sent[1..].windows(2) {
            assert_eq!(pair[1].at.since(pair[0].at), ms(20));
        }
        assert!(
            sent.iter()
                .all(|sent| sent.payload == [codec.silence(); 160])
        );
        assert_one_stream(&sent, 0);
    }
}

#[test]
fn a_prompt_is_heard_whole_and_told_when_it_is_over() {
    let mut world = World::new();
    let leg = world.open(0, Codec::Pcma);
    world.run(100);
    let begun = world.now();
    world.play(leg, 1, vec![prompt(1)]);
    world.run(1000);
    let loud = Codec::Pcma.encode(prompt_sample(1));
    let sent = world.sent_since(0, begun);
    let heard: Vec<_> = sent.iter().filter(|sent| sent.payload[0] == loud).collect();
    assert_eq!(heard.len(), PROMPT_MS as usize / 20);
    assert!(heard[0].header.marker && !heard[1].header.marker);
    assert!(heard[0].at.since(begun) <= ms(20));
    let [(at, play, heard_ms, complete)] = played(&world)[..] else {
        panic!("one playing");
    };
    assert_eq!((play, heard_ms, complete), (1, PROMPT_MS, true));
    assert_eq!(
        at.since(heard[24].at),
        ms(20),
        "its last packet has been heard"
    );
    assert_one_stream(&world.sent(0), 0);
}

#[test]
fn a_stopped_or_replaced_prompt_is_told_with_what_was_heard() {
    let mut world = World::new();
    let leg = world.open(0, Codec::Pcma);
    world.play(leg, 1, vec![prompt(1)]);
    world.run(200);
    world.play(leg, 2, vec![prompt(2), Sound::RingTone]);
    world.run(5000);
    world.tell(Command::Stop { leg });
    world.run(100);
    world.tell(Command::Stop { leg });
    let told: Vec<_> = played(&world)
        .into_iter()
        .map(|(_, play, heard_ms, complete)| (play, heard_ms, complete))
        .collect();
    assert_eq!(told, [(1, 200, false), (2, 5000, false)]);
    let last = world.sent(0).pop().unwrap();
    assert_eq!(last.payload, [Codec::Pcma.silence(); 160]);
}

#[test]
fn what_is_playing_at_the_close_is_told_before_the_leg_is_closed() {
    let mut world = World::new();
    let leg = world.open(0, Codec::Pcma);
    world.play(leg, 9, vec![Sound::RingTone]);
    world.run(300);
    world.tell(Command::Close { leg });
    let kinds: Vec<_> = world.io.events.iter().map(|(_, event)| event).collect();
    let [
        Event::Played {
            play: PlayId(9),
            heard_ms: 300,
            complete: false,
            ..
        },
        Event::Closed { quality, .. },
    ] = kinds[..]
    else {
        panic!("{kinds:?}");
    };
    assert_eq!(quality.sent, world.sent(0).len() as u64);
    assert_eq!(world.media.deadline(), None);
}

#[test]
fn unknown_prompts_and_no_sounds_at_all_are_over_at_once() {
    let mut world = World::new();
    let leg = world.open(0, Codec::Pcma);
    world.play(leg, 1, vec![]);
    world.run(40);
    let unknown = PromptId::parse("no-such-prompt").unwrap();
    world.play(leg, 2, vec![Sound::Prompt(unknown)]);
    world.run(40);
    let told: Vec<_> = played(&world).iter().map(|told| (told.1, told.3)).collect();
    assert_eq!(told, [(1, true), (2, true)]);
    assert_eq!(world.media.counts().unknown_prompts, 1);
    assert_one_stream(&world.sent(0), 0);
}

#[test]
fn ring_tone_begins_with_its_on_phase_right_after_the_prompt() {
    let mut world = World::new();
    let leg = world.open(0, Codec::Pcmu);
    world.play(leg, 1, vec![prompt(1), Sound::RingTone]);
    world.run(4000);
    let silence = [Codec::Pcmu.silence(); 160];
    let sent = world.sent(0);
    let first_loud = sent.iter().position(|s| s.payload != silence).unwrap();
    let audible: Vec<_> = sent[first_loud..]
        .iter()
        .map(|sent| sent.payload != silence)
        .collect();
    let runs = [25 + 20, 10, 20, 100];
    let mut expected = Vec::new();
    for (n, run) in runs.into_iter().enumerate() {
        expected.extend(std::iter::repeat_n(n % 2 == 0, run));
    }
    assert_eq!(audible[..expected.len()], expected);
}

#[test]
fn prompt_ring_tone_and_bridge_are_one_stream() {
    let mut world = World::new();
    let a = world.open(0, Codec::Pcma);
    world.play(a, 1, vec![prompt(1)]);
    world.run(700);
    world.play(a, 2, vec![Sound::RingTone]);
    world.run(903);
    let b = world.open(1, Codec::Pcma);
    world.run(1001);
    world.tell(Command::Stop { leg: a });
    world.join(a, b);
    let (mut from_a, mut from_b) = (
        Source::new(0, Codec::Pcma, 4000),
        Source::new(1, Codec::Pcma, 6000),
    );
    let joined = world.now();
    both_talk(&mut world, &mut from_a, &mut from_b, 2000);
    for (slot, other) in [(0, &from_b), (1, &from_a)] {
        assert_one_stream(&world.sent(slot), 0);
        let after = world.sent_since(slot, joined);
        let heard: Vec<_> = after
            .iter()
            .filter(|s| s.payload[0] == other.byte)
            .collect();
        assert_eq!(heard.len(), 100);
        assert!(heard[0].header.marker && heard[1..].iter().all(|s| !s.header.marker));
    }
}

#[test]
fn a_prompt_replaces_the_room_while_it_lasts_and_the_room_comes_back() {
    let (mut world, a, _) = World::talk(Codec::Pcma, Codec::Pcma);
    let (mut from_a, mut from_b) = (
        Source::new(0, Codec::Pcma, 4000),
        Source::new(1, Codec::Pcma, 6000),
    );
    both_talk(&mut world, &mut from_a, &mut from_b, 400);
    let begun = world.now();
    world.play(a, 1, vec![prompt(1)]);
    both_talk(&mut world, &mut from_a, &mut from_b, 1000);
    let to_a = world.sent_since(0, begun);
    let loud = Codec::Pcma.encode(prompt_sample(1));
    let pattern: Vec<u8> = to_a.iter().map(|sent| sent.payload[0]).collect();
    let prompt_packets = pattern.iter().filter(|byte| **byte == loud).count();
    assert_eq!(prompt_packets, PROMPT_MS as usize / 20);
    let back = pattern.iter().rposition(|byte| *byte == loud).unwrap();
    let room_after = pattern[back..]
        .iter()
        .filter(|b| **b == from_b.byte)
        .count();
    assert!((23..=25).contains(&room_after), "{room_after}");
    let to_b = world.sent_since(1, begun);
    assert!(to_b.iter().all(|sent| sent.payload[0] == from_a.byte));
    assert_one_stream(&world.sent(0), 0);
    assert_one_stream(&world.sent(1), 0);
}

#[test]
fn a_beep_is_heard_over_the_room_and_keeps_nobody_apart() {
    for other in [Codec::Pcma, Codec::Pcmu] {
        let (mut world, _, b) = World::talk(Codec::Pcma, other);
        let mut a = Source::new(0, Codec::Pcma, 4000);
        let joined = world.now();
        world.play(b, 1, vec![Sound::Beep]);
        for _ in 0..20 {
            a.send(&mut world);
            world.run(20);
        }
        let sent = world.sent_since(1, joined);
        assert_eq!(
            sent[0].at, joined,
            "the first packet is relayed as it comes"
        );
        assert_eq!(sent.len(), 20);
        for (n, sent) in sent.iter().enumerate() {
            let samples = sent
                .payload
                .iter()
                .map(|byte| i32::from(other.decode(*byte)));
            let (mut least, mut most) = (i32::MAX, i32::MIN);
            for sample in samples {
                (least, most) = (least.min(sample), most.max(sample));
            }
            let middle = (least + most) / 2;
            assert!((3700..4300).contains(&middle), "packet {n}: about {middle}");
            assert_eq!(most - least > 5000, n < 6, "packet {n}: beep of 120 ms");
        }
        let told = played(&world);
        assert_eq!(told.len(), 1);
        assert_eq!((told[0].2, told[0].3), (120, true));
        assert_one_stream(&world.sent(1), 0);
    }
}

#[test]
fn a_beep_is_heard_over_silence_and_over_a_mix() {
    let (mut world, _, b) = World::talk(Codec::Pcma, Codec::Pcma);
    let silent = world.now();
    world.play(b, 1, vec![Sound::Beep]);
    world.run(200);
    let beeps = |world: &World, since| {
        let sent = world.sent_since(1, since);
        let spread = |payload: &[u8]| {
            let samples = payload.iter().map(|byte| Codec::Pcma.decode(*byte));
            samples.clone().max().unwrap() as i32 - samples.min().unwrap() as i32
        };
        let loud = sent.iter().filter(|sent| spread(&sent.payload) > 5000);
        loud.count()
    };
    assert_eq!(beeps(&world, silent), 6);
    let c = world.open(2, Codec::Pcma);
    world.tell(Command::Enter {
        leg: c,
        room: crate::world::ROOM,
    });
    let mut a = Source::new(0, Codec::Pcma, 4000);
    a.pause(&mut world, 0);
    for _ in 0..10 {
        a.send(&mut world);
        world.run(20);
    }
    let mixed = world.now();
    world.play(b, 2, vec![Sound::Beep]);
    for _ in 0..20 {
        a.send(&mut world);
        world.run(20);
    }
    assert_eq!(beeps(&world, mixed), 6);
    let heard = world.sent_since(1, mixed);
    assert!(heard.iter().all(|sent| {
        let sum: i32 = sent
            .payload
            .iter()
            .map(|b| i32::from(Codec::Pcma.decode(*b)))
            .sum();
        (3500..4500).contains(&(sum / 160))
    }));
}
