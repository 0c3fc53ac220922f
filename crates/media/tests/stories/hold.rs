//! Streams that are negotiated anew: hold, another address, another codec.

use std::net::SocketAddr;

use rotaline_media::{Codec, Command, Direction, Event};
use rotaline_model::Sound;

use crate::world::{Source, World, assert_one_stream, assert_timely, both_talk, ms, stream};

#[test]
fn on_hold_no_rtp_leaves_and_afterwards_the_stream_goes_on() {
    for direction in [Direction::Inactive, Direction::RecvOnly] {
        let mut world = World::new();
        let leg = world.open(0, Codec::Pcma);
        world.run(500);
        let mut held = stream(0, Codec::Pcma);
        held.direction = direction;
        let before = world.sent(0).pop().unwrap();
        world.tell(Command::Update { leg, stream: held });
        let since = world.now();
        world.run(10_000);
        assert_eq!(world.sent_since(0, since).len(), 0);
        let rtcp = world.io.rtcp.iter().filter(|(at, ..)| *at > since).count();
        assert!((1..=4).contains(&rtcp), "RTCP goes on: {rtcp}");
        let stream = stream(0, Codec::Pcma);
        world.tell(Command::Update { leg, stream });
        world.run(500);
        let after = world.sent_since(0, since);
        assert!(after[0].header.marker);
        let step = after[0]
            .header
            .sequence
            .wrapping_sub(before.header.sequence);
        assert_eq!(step, 1);
        assert_timely(&world.sent(0)[0], &after[0]);
        assert_one_stream(&after, 0);
    }
}

#[test]
fn a_held_leg_is_not_heard_and_is_not_found_dead() {
    let (mut world, leg, _) = World::talk(Codec::Pcma, Codec::Pcma);
    let mut b = Source::new(1, Codec::Pcma, 6000);
    let mut held = stream(0, Codec::Pcma);
    held.direction = Direction::Inactive;
    world.tell(Command::Update { leg, stream: held });
    let mut a = Source::new(0, Codec::Pcma, 4000);
    for _ in 0..100 {
        both_talk(&mut world, &mut a, &mut b, 20);
        world.run(1000);
    }
    assert!(world.io.events.is_empty(), "{:?}", world.io.events);
    assert!(world.sent(1).iter().all(|sent| sent.payload[0] != a.byte));
    assert_eq!(world.media.counts().on_hold, 100);
    let stream = stream(0, Codec::Pcma);
    world.tell(Command::Update { leg, stream });
    for _ in 0..59 {
        b.send(&mut world);
        world.run(1000);
    }
    assert!(world.io.events.is_empty(), "the 60 s begin anew");
    for _ in 0..2 {
        b.send(&mut world);
        world.run(1000);
    }
    assert!(matches!(world.io.events[..], [(_, Event::Dead { leg: dead })] if dead == leg));
}

#[test]
fn what_is_played_on_hold_runs_on_unheard() {
    let mut world = World::new();
    let mut held = stream(0, Codec::Pcma);
    held.direction = Direction::RecvOnly;
    let leg = world.open_with(0, held);
    world.play(leg, 1, vec![Sound::Silence { ms: 300 }]);
    world.run(400);
    assert!(matches!(
        world.io.events[..],
        [(
            _,
            Event::Played {
                heard_ms: 0,
                complete: true,
                ..
            }
        )]
    ));
    assert!(world.sent(0).is_empty());
}

#[test]
fn the_hold_of_old_phones_names_no_address_and_is_sent_nothing() {
    let mut world = World::new();
    let leg = world.open(0, Codec::Pcma);
    world.run(100);
    let mut held = stream(0, Codec::Pcma);
    held.remote_rtp = SocketAddr::from(([0, 0, 0, 0], 4000));
    held.remote_rtcp = SocketAddr::from(([0, 0, 0, 0], 4001));
    world.tell(Command::Update { leg, stream: held });
    let since = world.now();
    world.run(100_000);
    assert!(world.sent_since(0, since).is_empty());
    assert!(world.io.events.is_empty());
}

#[test]
fn another_codec_and_address_in_the_middle_of_a_talk() {
    let (mut world, leg, _) = World::talk(Codec::Pcma, Codec::Pcma);
    let mut a = Source::new(0, Codec::Pcma, 4000);
    let mut b = Source::new(1, Codec::Pcma, 6000);
    both_talk(&mut world, &mut a, &mut b, 400);
    let mut stream = stream(0, Codec::Pcmu);
    stream.remote_rtp = SocketAddr::from(([192, 0, 2, 99], 7000));
    world.tell(Command::Update {
        leg,
        stream: stream.clone(),
    });
    let since = world.now();
    both_talk(&mut world, &mut a, &mut b, 400);
    let after = world.sent_since(0, since);
    assert!(
        after
            .iter()
            .all(|s| s.to == stream.remote_rtp && s.header.payload_type == 0)
    );
    let heard = Codec::Pcmu.decode(after[3].payload[0]);
    assert!((i32::from(heard) - 6000).abs() < 300);
    assert_eq!(
        world.media.counts().foreign,
        20,
        "the old address is foreign now"
    );
    assert_one_stream(&world.sent(0), 0);
}

#[test]
fn a_late_driver_makes_up_for_little_and_skips_much() {
    let mut world = World::new();
    world.open(0, Codec::Pcma);
    world.run(100);
    let since = world.now();
    for stall in [60, 400] {
        world.io.now += ms(stall);
        let now = world.now();
        world.media.tick(now, &mut world.io);
        world.run(100);
    }
    let sent = world.sent_since(0, since);
    let made_up: usize = 3 + 5 + 5 + 5;
    assert!(sent.len().abs_diff(made_up) <= 1, "{}", sent.len());
    let markers: Vec<_> = sent.iter().filter(|sent| sent.header.marker).collect();
    assert_eq!(markers.len(), 1, "where time was skipped");
}
