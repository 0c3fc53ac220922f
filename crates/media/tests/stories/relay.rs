//! Two legs in a room: packets go from one to the other as they come.

use rotaline_media::rtp::{HEADER_LENGTH, Ssrc};
use rotaline_media::{Codec, Command};

use crate::world::{
    ROOM, Source, World, assert_one_stream, assert_timely_or_standing_in, both_talk, lead, ms,
    phone,
};

fn sources(codec_a: Codec, codec_b: Codec) -> (Source, Source) {
    (Source::new(0, codec_a, 4000), Source::new(1, codec_b, 6000))
}

#[test]
fn a_packet_leaves_the_moment_it_comes() {
    let (mut world, ..) = World::talk(Codec::Pcma, Codec::Pcma);
    let (mut a, _) = sources(Codec::Pcma, Codec::Pcma);
    let came = world.now();
    a.send(&mut world);
    let to_b = world.sent_since(1, came);
    assert_eq!(to_b.len(), 1);
    assert_eq!(to_b[0].payload, [a.byte; 160]);
    assert_eq!(to_b[0].to, phone(1));
    assert!(to_b[0].header.marker);
    assert_ne!(to_b[0].header.ssrc, a.header.ssrc);
}

#[test]
fn nobody_hears_anybody_before_the_room() {
    let mut world = World::new();
    world.open(0, Codec::Pcma);
    world.open(1, Codec::Pcma);
    let (mut a, mut b) = sources(Codec::Pcma, Codec::Pcma);
    both_talk(&mut world, &mut a, &mut b, 400);
    let silence = [Codec::Pcma.silence(); 160];
    assert!(world.io.rtp.iter().all(|sent| sent.payload == silence));
}

#[test]
fn payload_types_are_mapped_and_the_laws_exchanged() {
    let (mut world, ..) = World::talk(Codec::Pcma, Codec::Pcmu);
    let (mut a, mut b) = sources(Codec::Pcma, Codec::Pcmu);
    let joined = world.now();
    both_talk(&mut world, &mut a, &mut b, 400);
    let (to_a, to_b) = (world.sent_since(0, joined), world.sent_since(1, joined));
    for (sent, codec, kind, sample) in
        [(&to_a, Codec::Pcma, 8, 6000), (&to_b, Codec::Pcmu, 0, 4000)]
    {
        let talk: Vec<_> = sent
            .iter()
            .filter(|s| s.payload[0] != codec.silence())
            .collect();
        assert_eq!(talk.len(), 20);
        for sent in talk {
            assert_eq!(sent.header.payload_type, kind);
            let heard = i32::from(codec.decode(sent.payload[0]));
            assert!((heard - sample).abs() < 300, "{heard}");
        }
    }
}

#[test]
fn what_the_source_lost_stays_visible_as_a_gap() {
    let (mut world, ..) = World::talk(Codec::Pcma, Codec::Pcma);
    let (mut a, mut b) = sources(Codec::Pcma, Codec::Pcma);
    both_talk(&mut world, &mut a, &mut b, 200);
    let talking = world.now();
    let mut lost = 0;
    for n in 0..50u32 {
        if n % 7 == 3 {
            a.step();
            lost += 1;
        } else {
            a.send(&mut world);
        }
        world.run(20);
    }
    a.send(&mut world);
    assert_one_stream(&world.sent_since(1, talking), lost);
    assert!(
        world
            .sent_since(1, talking)
            .iter()
            .all(|s| s.payload[0] == a.byte)
    );
}

#[test]
fn reordered_packets_keep_their_numbers_and_repeated_ones_are_dropped() {
    let (mut world, ..) = World::talk(Codec::Pcma, Codec::Pcma);
    let (mut a, mut b) = sources(Codec::Pcma, Codec::Pcma);
    both_talk(&mut world, &mut a, &mut b, 200);
    let talking = world.now();
    let headers = [a.step(), a.step(), a.step(), a.step()];
    for n in [1, 0, 0, 3, 2, 3] {
        world.run(10);
        world.arrive(0, headers[n], &[n as u8; 160]);
    }
    let mut to_b = world.sent_since(1, talking);
    assert_eq!(to_b.len(), 4);
    to_b.sort_by_key(|sent| sent.payload[0]);
    for pair in to_b.windows(2) {
        let (before, after) = (&pair[0].header, &pair[1].header);
        assert_eq!(after.sequence, before.sequence.wrapping_add(1));
        assert_eq!(after.timestamp, before.timestamp.wrapping_add(160));
    }
    assert_eq!(world.media.counts().repeated, 2);
}

#[test]
fn a_source_that_changes_its_ssrc_is_still_one_stream() {
    let (mut world, ..) = World::talk(Codec::Pcma, Codec::Pcma);
    let (mut a, mut b) = sources(Codec::Pcma, Codec::Pcma);
    both_talk(&mut world, &mut a, &mut b, 400);
    a.header.ssrc = Ssrc(0x7777);
    a.header.sequence = 12;
    a.header.timestamp = 5;
    let changed = world.now();
    both_talk(&mut world, &mut a, &mut b, 400);
    let after = world.sent_since(1, changed);
    assert!(after[0].header.marker && !after[1].header.marker);
    assert_one_stream(&world.sent(1), 0);
}

#[test]
fn a_source_that_restarts_its_numbers_is_taken_up_at_its_second_packet() {
    let (mut world, ..) = World::talk(Codec::Pcma, Codec::Pcma);
    let (mut a, mut b) = sources(Codec::Pcma, Codec::Pcma);
    both_talk(&mut world, &mut a, &mut b, 400);
    a.header.sequence = a.header.sequence.wrapping_add(20_000);
    a.header.timestamp = a.header.timestamp.wrapping_add(1 << 30);
    let restarted = world.now();
    both_talk(&mut world, &mut a, &mut b, 400);
    let after = world.sent_since(1, restarted);
    assert_eq!(after.len(), 19);
    assert!(after[0].header.marker);
    assert_one_stream(&world.sent(1), 0);
}

#[test]
fn a_source_that_falls_silent_is_filled_in_after_60_ms_and_taken_up_with_a_marker() {
    let (mut world, ..) = World::talk(Codec::Pcma, Codec::Pcma);
    let (mut a, mut b) = sources(Codec::Pcma, Codec::Pcma);
    both_talk(&mut world, &mut a, &mut b, 400);
    let fell_silent = world.now();
    a.pause(&mut world, 1000);
    let filled = world.sent_since(1, fell_silent);
    assert!(filled[0].header.marker);
    assert!(filled[0].at.since(fell_silent) <= ms(80));
    assert!((46..=48).contains(&filled.len()), "{}", filled.len());
    let silence = [Codec::Pcma.silence(); 160];
    assert!(filled.iter().all(|sent| sent.payload == silence));
    let resumed = world.now();
    both_talk(&mut world, &mut a, &mut b, 400);
    let after = world.sent_since(1, resumed);
    assert_eq!(after[0].at, resumed);
    assert!(after[0].header.marker && after.iter().all(|s| s.payload[0] == a.byte));
    let sent = world.sent(1);
    for pair in sent.windows(2) {
        let step = pair[1]
            .header
            .sequence
            .wrapping_sub(pair[0].header.sequence);
        assert_eq!(step, 1);
        assert_timely_or_standing_in(&sent[0], &pair[1]);
    }
}

#[test]
fn a_source_whose_timestamps_stand_still_while_silent_is_moved_onto_the_clock() {
    let (mut world, ..) = World::talk(Codec::Pcma, Codec::Pcma);
    let (mut a, mut b) = sources(Codec::Pcma, Codec::Pcma);
    both_talk(&mut world, &mut a, &mut b, 400);
    world.run(3000);
    let resumed = world.now();
    both_talk(&mut world, &mut a, &mut b, 600);
    let after = world.sent_since(1, resumed);
    let talk = after.iter().filter(|s| s.payload[0] == a.byte).count();
    assert!(talk >= 27, "at most 60 ms are lost: {talk}");
    let sent = world.sent(1);
    sent.iter()
        .for_each(|packet| assert_timely_or_standing_in(&sent[0], packet));
}

#[test]
fn a_burst_after_a_stall_does_not_run_ahead_of_time() {
    let (mut world, ..) = World::talk(Codec::Pcma, Codec::Pcma);
    let (mut a, mut b) = sources(Codec::Pcma, Codec::Pcma);
    both_talk(&mut world, &mut a, &mut b, 400);
    world.run(300);
    for _ in 0..15 {
        a.send(&mut world);
    }
    world.run(20);
    both_talk(&mut world, &mut a, &mut b, 400);
    let sent = world.sent(1);
    for packet in &sent {
        // Its last packets find their places free, two packet times late at most.
        let lead = lead(&sent[0], packet);
        assert!((-401..=200).contains(&lead), "leads by {lead}: {packet:?}");
    }
    for pair in sent.windows(2) {
        let step = pair[1]
            .header
            .sequence
            .wrapping_sub(pair[0].header.sequence);
        assert_eq!(step, 1);
    }
}

#[test]
fn comfort_noise_is_never_relayed_and_silence_takes_over_at_once() {
    let (mut world, ..) = World::talk(Codec::Pcma, Codec::Pcma);
    let (mut a, mut b) = sources(Codec::Pcma, Codec::Pcma);
    both_talk(&mut world, &mut a, &mut b, 400);
    for _ in 0..10 {
        let mut header = a.step();
        header.payload_type = 13;
        world.arrive(0, header, &[0x40]);
        a.pause(&mut world, 200);
        a.header.timestamp = a.header.timestamp.wrapping_sub(160);
    }
    both_talk(&mut world, &mut a, &mut b, 400);
    assert!(
        world
            .sent(1)
            .iter()
            .all(|sent| sent.header.payload_type == 8)
    );
    assert!(world.sent(1).iter().all(|sent| sent.payload.len() == 160));
    assert_one_stream(&world.sent(1), 0);
}

#[test]
fn other_packet_times_pass_as_they_are() {
    let (mut world, ..) = World::talk(Codec::Pcma, Codec::Pcma);
    let (mut a, _) = sources(Codec::Pcma, Codec::Pcma);
    let joined = world.now();
    for _ in 0..20 {
        let header = a.header;
        a.header.sequence = header.sequence.wrapping_add(1);
        a.header.timestamp = header.timestamp.wrapping_add(240);
        world.arrive(0, header, &[a.byte; 240]);
        world.run(30);
    }
    let to_b = world.sent_since(1, joined);
    assert_eq!(to_b.len(), 20);
    for pair in to_b.windows(2) {
        let step = pair[1]
            .header
            .timestamp
            .wrapping_sub(pair[0].header.timestamp);
        assert_eq!((pair[1].payload.len(), step), (240, 240));
    }
}

#[test]
fn csrcs_extension_and_padding_are_left_behind() {
    let (mut world, ..) = World::talk(Codec::Pcma, Codec::Pcma);
    let (mut a, _) = sources(Codec::Pcma, Codec::Pcma);
    let mut bytes = a.step().to_bytes().to_vec();
    bytes[0] = 0x80 | 0x20 | 0x10 | 1;
    bytes.extend([9, 9, 9, 9, 0xbe, 0xde, 0, 1, 7, 7, 7, 7]);
    bytes.extend([a.byte; 160]);
    bytes.extend([0, 0, 0, 4]);
    assert!(bytes.len() > HEADER_LENGTH + 160);
    let came = world.now();
    world.arrive_from(0, phone(0), &bytes);
    assert_eq!(world.sent_since(1, came)[0].payload, [a.byte; 160]);
}

#[test]
fn whoever_stays_in_the_room_hears_silence_and_then_the_next() {
    let (mut world, a_leg, b_leg) = World::talk(Codec::Pcma, Codec::Pcma);
    let (mut a, mut b) = sources(Codec::Pcma, Codec::Pcma);
    both_talk(&mut world, &mut a, &mut b, 400);
    world.tell(Command::Close { leg: b_leg });
    let alone = world.now();
    world.run(400);
    let silence = [Codec::Pcma.silence(); 160];
    assert!(
        world
            .sent_since(0, alone)
            .iter()
            .all(|s| s.payload == silence)
    );
    let c_leg = world.open(2, Codec::Pcma);
    world.tell(Command::Enter {
        leg: c_leg,
        room: ROOM,
    });
    let mut c = Source::new(2, Codec::Pcma, 9000);
    let joined = world.now();
    both_talk(&mut world, &mut a, &mut c, 400);
    let heard = world.sent_since(0, joined);
    assert_eq!(heard.iter().filter(|s| s.payload[0] == c.byte).count(), 20);
    world.tell(Command::Leave { leg: a_leg });
    let left = world.now();
    both_talk(&mut world, &mut a, &mut c, 400);
    assert!(
        world
            .sent_since(0, left)
            .iter()
            .all(|s| s.payload == silence)
    );
    assert_one_stream(&world.sent(0), 0);
}

#[test]
fn an_hour_of_a_fast_clock_and_then_a_prompt() {
    let (mut world, a_leg, _) = World::talk(Codec::Pcma, Codec::Pcma);
    let (mut a, mut b) = sources(Codec::Pcma, Codec::Pcma);
    // 10,000 ppm for a minute drift as 200 ppm do in 50 minutes.
    for _ in 0..3000 {
        b.send(&mut world);
        world.run_to(world.now() + std::time::Duration::from_micros(19_800));
    }
    let begun = world.now();
    world.play(a_leg, 1, vec![crate::world::prompt(1)]);
    both_talk(&mut world, &mut a, &mut b, 800);
    let sent = world.sent_since(0, begun);
    assert!(
        sent.len() >= 38,
        "no pause longer than 60 ms: {}",
        sent.len()
    );
    for pair in world.sent(0).windows(2) {
        let step = pair[1]
            .header
            .timestamp
            .wrapping_sub(pair[0].header.timestamp);
        assert!((0..=1000).contains(&step.cast_signed()), "{pair:?}");
    }
}
