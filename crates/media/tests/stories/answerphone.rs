//! A leg is listened to for signs of an answerphone when that is asked for, until it is in a room.

use std::f32::consts::TAU;

use rotaline_media::{Codec, Command, Event, MediaLeg};
use rotaline_model::AnswerphoneSign;

use crate::world::{ROOM, Source, World};

/// What the phone of slot 0 sends: silence, a beep of 400 ms, silence.
fn beep(world: &mut World, source: &mut Source) {
    for packet in 0..40u32 {
        let sounds = (10..30).contains(&packet);
        let audio = (packet * 160..).take(160).map(|n| {
            let wave = (n as f32 * 1000.0 / 8000.0 * TAU).sin();
            Codec::Pcmu.encode(if sounds { wave * 6000.0 } else { 0.0 } as i16)
        });
        let header = source.step();
        world.arrive(0, header, &audio.collect::<Vec<_>>());
        world.run(20);
    }
}

fn signs(world: &World) -> Vec<(MediaLeg, AnswerphoneSign)> {
    let told = world.io.events.iter();
    told.filter_map(|(_, event)| match event {
        Event::AnswerphoneSign { leg, sign } => Some((*leg, *sign)),
        _ => None,
    })
    .collect()
}

#[test]
fn signs_are_told_once_asked_for_each_once_and_no_more_in_a_room() {
    let mut world = World::new();
    let leg = world.open(0, Codec::Pcmu);
    let mut source = Source::new(0, Codec::Pcmu, 0);
    beep(&mut world, &mut source);
    assert_eq!(signs(&world), [], "nobody asked");
    world.tell(Command::WatchForAnswerphone { leg });
    beep(&mut world, &mut source);
    beep(&mut world, &mut source);
    assert_eq!(signs(&world), [(leg, AnswerphoneSign::Beep)]);
    world.io.events.clear();
    let room = ROOM;
    world.tell(Command::Enter { leg, room });
    beep(&mut world, &mut source);
    assert_eq!(signs(&world), [], "who was let in is not listened to");
}

#[test]
fn asking_twice_does_not_begin_anew() {
    let mut world = World::new();
    let leg = world.open(0, Codec::Pcmu);
    let mut source = Source::new(0, Codec::Pcmu, 0);
    for _ in 0..2 {
        world.tell(Command::WatchForAnswerphone { leg });
        beep(&mut world, &mut source);
    }
    assert_eq!(signs(&world).len(), 1);
}

#[test]
fn a_leg_that_is_gone_is_not_listened_to() {
    let mut world = World::new();
    let leg = world.open(0, Codec::Pcmu);
    world.tell(Command::WatchForAnswerphone { leg });
    let mut source = Source::new(0, Codec::Pcmu, 0);
    beep(&mut world, &mut source);
    assert_eq!(signs(&world).len(), 1);
    assert_eq!(world.media.counts().stale_commands, 0);
    world.tell(Command::Close { leg });
    world.tell(Command::WatchForAnswerphone { leg });
    assert_eq!(world.media.counts().stale_commands, 1);
}
