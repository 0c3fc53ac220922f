//! RTCP, and the quality that is told at the end.

use rotaline_media::{Codec, Command, Event, Quality};

use crate::world::{Source, World, assert_timely, both_talk, ms};

fn quality(world: &World) -> Quality {
    let closed = world.io.events.iter().find_map(|(_, event)| match event {
        Event::Closed { quality, .. } => Some(*quality),
        _ => None,
    });
    closed.expect("the leg is closed")
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap())
}

#[test]
fn reports_leave_about_every_5_s_at_random_and_a_goodbye_at_the_close() {
    let mut world = World::new();
    let opened = world.now();
    let leg = world.open(0, Codec::Pcma);
    world.run(600_000);
    world.tell(Command::Close { leg });
    let reports = &world.io.rtcp;
    assert!((100..=140).contains(&reports.len()), "{}", reports.len());
    let mut gaps = Vec::new();
    let mut before = opened;
    for (at, slot, to, _) in &reports[..reports.len() - 1] {
        assert_eq!((*slot, to.port()), (0, 4001));
        gaps.push(at.since(before));
        before = *at;
    }
    assert!(
        gaps[1..]
            .iter()
            .all(|gap| (ms(2_500)..=ms(7_520)).contains(gap))
    );
    assert!(gaps.iter().min() < Some(&ms(3_500)) && gaps.iter().max() > Some(&ms(6_500)));
    let goodbye = &reports[reports.len() - 1].3;
    assert_eq!(goodbye[goodbye.len() - 7], 203, "BYE");
    assert_eq!(word(goodbye, goodbye.len() - 4), word(goodbye, 4));
}

#[test]
fn a_sender_report_agrees_with_the_stream() {
    let (mut world, ..) = World::talk(Codec::Pcma, Codec::Pcma);
    let mut a = Source::new(0, Codec::Pcma, 4000);
    let mut b = Source::new(1, Codec::Pcma, 6000);
    both_talk(&mut world, &mut a, &mut b, 20_000);
    let sent = world.sent(0);
    let (at, .., report) = world.io.rtcp.iter().rfind(|report| report.1 == 0).unwrap();
    assert_eq!(report[1], 200);
    assert_eq!(word(report, 4), sent[0].header.ssrc.0);
    let before: Vec<_> = sent.iter().filter(|sent| sent.at <= *at).collect();
    assert_eq!(word(report, 20), before.len() as u32);
    assert_eq!(word(report, 24), before.len() as u32 * 160);
    let mut now = sent[0].clone();
    now.at = *at;
    now.header.timestamp = word(report, 16);
    assert_timely(&sent[0], &now);
    assert_eq!(word(report, 28), a.header.ssrc.0, "a block about what came");
}

#[test]
fn two_legs_have_nothing_in_common_and_two_seeds_neither() {
    let names = |seed| {
        let mut world = World::with_seed(seed);
        for slot in 0..2 {
            let leg = world.open(slot, Codec::Pcma);
            world.tell(Command::Close { leg });
        }
        let reports = world.io.rtcp;
        let name = |report: &[u8]| (word(report, 4), report[report.len() - 28..].to_vec());
        [name(&reports[0].3), name(&reports[1].3)]
    };
    let [a, b] = names(1);
    assert_ne!(a, b);
    assert_eq!(names(1), [a.clone(), b]);
    assert_ne!(names(2)[0], a);
}

#[test]
fn quality_counts_what_came_what_was_lost_and_what_left() {
    let (mut world, a_leg, _) = World::talk(Codec::Pcma, Codec::Pcma);
    let mut a = Source::new(0, Codec::Pcma, 4000);
    let mut b = Source::new(1, Codec::Pcma, 6000);
    for n in 0..500 {
        if n % 10 == 5 {
            a.step();
        }
        both_talk(&mut world, &mut a, &mut b, 20);
    }
    a.header.ssrc.0 += 1;
    both_talk(&mut world, &mut a, &mut b, 2000);
    world.tell(Command::Close { leg: a_leg });
    let quality = quality(&world);
    assert_eq!((quality.received, quality.lost), (600, 50));
    assert_eq!(quality.sent, world.sent(0).len() as u64);
    assert!(quality.jitter_ms < 1.0);
    assert!((2.5..4.0).contains(&quality.mos), "{}", quality.mos);
}
