//! Rooms of three: each hears the sum of the others.

use rotaline_media::{Codec, Command, MediaLeg};

use crate::world::{ROOM, Source, World, assert_one_stream, prompt};

fn three() -> (World, [MediaLeg; 3], [Source; 3]) {
    let codecs = [Codec::Pcma, Codec::Pcmu, Codec::Pcma];
    let levels = [1000, 3000, 9000];
    let mut world = World::new();
    let mut slot = 0;
    let legs = codecs.map(|codec| {
        slot += 1;
        world.open(slot - 1, codec)
    });
    world.run(50);
    let sources = [0, 1, 2].map(|n| Source::new(n as u32, codecs[n], levels[n]));
    (world, legs, sources)
}

fn talk(world: &mut World, sources: &mut [Source], time_ms: u64) {
    for _ in 0..time_ms / 20 {
        for source in sources.iter_mut() {
            source.send(world);
            world.run(5);
        }
        world.run(20 - 5 * sources.len() as u64);
    }
}

/// The level that a slot's phone hears in the middle of its last packet.
fn hears(world: &World, slot: u32) -> i32 {
    let codec = if slot == 1 { Codec::Pcmu } else { Codec::Pcma };
    let sent = world.sent(slot).pop().unwrap();
    i32::from(codec.decode(sent.payload[80]))
}

fn assert_near(heard: i32, wanted: i32) {
    assert!(
        (heard - wanted).abs() <= wanted / 16 + 16,
        "{heard} for {wanted}"
    );
}

#[test]
fn each_of_three_hears_the_sum_of_the_others_and_never_itself() {
    let (mut world, legs, mut sources) = three();
    for leg in legs {
        world.tell(Command::Enter { leg, room: ROOM });
    }
    talk(&mut world, &mut sources, 600);
    assert_near(hears(&world, 0), 12_000);
    assert_near(hears(&world, 1), 10_000);
    assert_near(hears(&world, 2), 4_000);
    for slot in 0..3 {
        assert_one_stream(&world.sent(slot), 0);
    }
}

#[test]
fn two_become_three_and_two_again_without_a_break() {
    let (mut world, legs, mut sources) = three();
    world.join(legs[0], legs[1]);
    talk(&mut world, &mut sources[..2], 400);
    assert_near(hears(&world, 0), 3_000);
    world.tell(Command::Enter {
        leg: legs[2],
        room: ROOM,
    });
    talk(&mut world, &mut sources, 600);
    assert_near(hears(&world, 0), 12_000);
    world.tell(Command::Close { leg: legs[1] });
    for _ in 0..20 {
        sources[0].send(&mut world);
        sources[2].send(&mut world);
        world.run(20);
    }
    assert_near(hears(&world, 0), 9_000);
    assert_near(hears(&world, 2), 1_000);
    assert_one_stream(&world.sent(0), 0);
    assert_one_stream(&world.sent(2), 0);
}

#[test]
fn a_prompt_in_a_room_of_three_is_for_one_only() {
    let (mut world, legs, mut sources) = three();
    for leg in legs {
        world.tell(Command::Enter { leg, room: ROOM });
    }
    talk(&mut world, &mut sources, 400);
    world.play(legs[0], 1, vec![prompt(1)]);
    talk(&mut world, &mut sources, 200);
    assert_near(hears(&world, 0), 3_000);
    assert_near(hears(&world, 1), 10_000);
    talk(&mut world, &mut sources, 600);
    assert_near(hears(&world, 0), 12_000);
}

#[test]
fn whoever_falls_silent_is_no_longer_in_the_sum() {
    let (mut world, legs, mut sources) = three();
    for leg in legs {
        world.tell(Command::Enter { leg, room: ROOM });
    }
    talk(&mut world, &mut sources, 400);
    talk(&mut world, &mut sources[..2], 400);
    assert_near(hears(&world, 0), 3_000);
    assert_near(hears(&world, 2), 4_000);
}

#[test]
fn jitter_and_reordering_are_not_heard() {
    let (mut world, legs, mut sources) = three();
    for leg in legs {
        world.tell(Command::Enter { leg, room: ROOM });
    }
    talk(&mut world, &mut sources, 400);
    let [a, b, _] = &mut sources;
    let since = world.now();
    for _ in 0..50 {
        b.send(&mut world);
        a.send(&mut world);
        world.run(20);
        let (first, second) = (a.step(), a.step());
        world.run(15);
        world.arrive(0, second, &[a.byte; 160]);
        b.send(&mut world);
        world.run(5);
        world.arrive(0, first, &[a.byte; 160]);
        b.send(&mut world);
        world.run(20);
    }
    let heard = world.sent_since(2, since);
    let settled = &heard[heard.len() - 100..];
    for sent in settled {
        for byte in [sent.payload[0], sent.payload[159]] {
            assert_near(i32::from(Codec::Pcma.decode(byte)), 4_000);
        }
    }
}

#[test]
fn a_fifth_leg_finds_the_room_full() {
    let mut world = World::new();
    for slot in 0..5 {
        let leg = world.open(slot, Codec::Pcma);
        world.tell(Command::Enter { leg, room: ROOM });
    }
    assert_eq!(world.media.counts().full_rooms, 1);
    let mut sources: Vec<_> = (0..5).map(|n| Source::new(n, Codec::Pcma, 1000)).collect();
    for _ in 0..20 {
        sources
            .iter_mut()
            .for_each(|source| source.send(&mut world));
        world.run(20);
    }
    assert_near(hears(&world, 0), 3_000);
    assert_near(hears(&world, 4), 8);
}
