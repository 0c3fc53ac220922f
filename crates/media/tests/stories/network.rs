//! Whose packets are taken, where ours go, and what becomes of the rest.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use rotaline_media::{Codec, Command, Event};

use crate::world::{Source, World, leg, ms, phone, stream};

fn port(slot: u32, port: u16) -> SocketAddr {
    let mut address = phone(slot);
    address.set_port(port);
    address
}

fn from(world: &mut World, source: &mut Source, address: SocketAddr) {
    let bytes = [source.step().to_bytes().as_slice(), &[source.byte; 160]].concat();
    world.arrive_from(source.slot, address, &bytes);
}

#[test]
fn packets_of_another_address_are_counted_and_dropped() {
    let (mut world, ..) = World::talk(Codec::Pcma, Codec::Pcma);
    let mut a = Source::new(0, Codec::Pcma, 4000);
    for _ in 0..10 {
        from(
            &mut world,
            &mut a,
            SocketAddr::from(([198, 51, 100, 1], 4000)),
        );
        world.run(20);
    }
    assert_eq!(world.media.counts().foreign, 10);
    assert!(world.io.rtp.iter().all(|sent| sent.payload[0] != a.byte));
    assert!(world.io.rtp.iter().all(|sent| sent.to == phone(sent.slot)));
}

#[test]
fn any_port_of_the_address_is_heard_and_three_packets_in_a_row_move_ours_there() {
    let (mut world, ..) = World::talk(Codec::Pcma, Codec::Pcma);
    let mut a = Source::new(0, Codec::Pcma, 4000);
    let joined = world.now();
    for n in 0..10 {
        let port_number = if n % 3 == 2 { 4000 } else { 5555 };
        from(&mut world, &mut a, port(0, port_number));
        world.run(20);
    }
    assert!(
        world.sent(0).iter().all(|sent| sent.to == phone(0)),
        "not in a row"
    );
    assert_eq!(world.sent_since(1, joined).len(), 10, "but all are heard");
    for _ in 0..3 {
        from(&mut world, &mut a, port(0, 5555));
    }
    let moved = world.now();
    world.run(100);
    assert!(
        world
            .sent_since(0, moved)
            .iter()
            .all(|sent| sent.to == port(0, 5555))
    );
    let refresh = stream(0, Codec::Pcma);
    world.tell(Command::Update {
        leg: leg(0, 1),
        stream: refresh,
    });
    let refreshed = world.now();
    world.run(100);
    let after = world.sent_since(0, refreshed);
    assert!(
        after.iter().all(|s| s.to == port(0, 5555)),
        "a refresh changes nothing"
    );
}

#[test]
fn an_ipv4_address_in_ipv6_clothes_is_the_same_address() {
    let (mut world, ..) = World::talk(Codec::Pcma, Codec::Pcma);
    let mut a = Source::new(0, Codec::Pcma, 4000);
    let mapped: Ipv6Addr = Ipv4Addr::new(192, 0, 2, 10).to_ipv6_mapped();
    from(&mut world, &mut a, SocketAddr::from((mapped, 4000)));
    assert_eq!(world.media.counts().foreign, 0);
}

#[test]
fn a_leg_without_packets_for_a_minute_is_dead_once() {
    let mut world = World::new();
    let leg = world.open(0, Codec::Pcma);
    let opened = world.now();
    world.run(200_000);
    let [(at, Event::Dead { leg: dead })] = world.io.events[..] else {
        panic!("{:?}", world.io.events);
    };
    assert_eq!(dead, leg);
    let after = at.since(opened);
    assert!((ms(60_000)..ms(60_100)).contains(&after), "{after:?}");
}

#[test]
fn rtcp_alone_keeps_a_leg_alive() {
    let mut world = World::new();
    world.open(0, Codec::Pcma);
    let report = [0x80, 201, 0, 1, 0, 0, 0, 9];
    for n in 0..40 {
        world.run(5_000);
        let (now, from) = (world.now(), port(0, 4001));
        if n % 2 == 0 {
            world
                .media
                .receive_rtcp(now, 0, from, &report, &mut world.io);
        } else {
            world.arrive_from(0, phone(0), &report);
        }
    }
    assert!(world.io.events.is_empty());
    assert_eq!(world.media.counts().malformed, 0);
}

#[test]
fn strangers_and_garbage_do_not_keep_a_leg_alive() {
    let mut world = World::new();
    let leg = world.open(0, Codec::Pcma);
    let mut a = Source::new(0, Codec::Pcma, 4000);
    for _ in 0..70 {
        world.run(1_000);
        from(&mut world, &mut a, port(3, 4000));
        world.arrive_from(0, phone(0), b"OPTIONS sip:ping SIP/2.0");
        world.arrive_from(0, phone(0), &[0x80, 200]);
    }
    assert!(matches!(world.io.events[..], [(_, Event::Dead { leg: dead })] if dead == leg));
    assert_eq!(world.media.counts().malformed, 140);
}

#[test]
fn messages_for_another_use_of_the_slot_are_ignored() {
    let mut world = World::new();
    let first = world.open(0, Codec::Pcma);
    world.tell(Command::Close { leg: first });
    let second = world.open(0, Codec::Pcma);
    world.io.events.clear();
    world.play(first, 1, vec![rotaline_model::Sound::Beep]);
    world.tell(Command::Close { leg: first });
    world.tell(Command::Open {
        leg: first,
        stream: stream(0, Codec::Pcmu),
    });
    world.tell(Command::Open {
        leg: leg(8, 1),
        stream: stream(0, Codec::Pcma),
    });
    world.run(100);
    assert!(world.io.events.is_empty());
    assert_eq!(world.media.counts().stale_commands, 4);
    world.tell(Command::Close { leg: second });
    assert_eq!(world.io.events.len(), 1);
    let mut late = Source::new(0, Codec::Pcma, 4000);
    late.send(&mut world);
    assert_eq!(world.media.counts().without_leg, 1);
}

#[test]
fn a_newer_use_of_a_slot_closes_the_older() {
    let mut world = World::new();
    let first = world.open(0, Codec::Pcma);
    world.run(100);
    let second = world.open(0, Codec::Pcma);
    world.run(100);
    assert!(matches!(world.io.events[..], [(_, Event::Closed { leg, .. })] if leg == first));
    world.tell(Command::Close { leg: second });
    assert_eq!(world.media.deadline(), None);
    let ssrcs: std::collections::BTreeSet<_> =
        world.sent(0).iter().map(|sent| sent.header.ssrc).collect();
    assert_eq!(ssrcs.len(), 2);
}
