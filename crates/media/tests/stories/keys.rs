//! Keys, by telephone-event and in the audio, and who hears them.

use rotaline_media::rtp::{Ssrc, TelephoneEvent};
use rotaline_media::{Codec, Command, Event, MediaLeg};
use rotaline_model::Mono;

use crate::recording::{frames, share, tape_id};
use crate::world::{Sent, Source, World, assert_one_stream, both_talk, ms, stream};

fn events_to(world: &World, slot: u32, since: Mono) -> Vec<Sent> {
    let mut sent = world.sent_since(slot, since);
    sent.retain(|sent| sent.header.payload_type == 101 || sent.header.payload_type == 96);
    sent
}

fn at_of(world: &World, wanted: impl Fn(&Event) -> bool) -> Mono {
    let found = world.io.events.iter().find(|(_, event)| wanted(event));
    found.expect("such an event").0
}

fn is_digit(event: &Event, on: MediaLeg) -> bool {
    matches!(event, Event::Digit { leg, .. } if *leg == on)
}

#[test]
fn a_key_is_told_at_its_first_packet_and_complete_at_its_first_end() {
    let mut world = World::new();
    let leg = world.open(0, Codec::Pcma);
    let mut phone = Source::new(0, Codec::Pcma, 4000);
    let down = world.now();
    phone.press(&mut world, '1', 100);
    let up = world.now();
    world.run(500);
    assert_eq!(world.keys(leg), "v11");
    assert_eq!(at_of(&world, |e| matches!(e, Event::KeyDown { .. })), down);
    assert_eq!(at_of(&world, |e| is_digit(e, leg)), up);
}

#[test]
fn a_lost_end_is_made_up_for_100_ms_after_the_last_packet_to_the_millisecond() {
    let mut world = World::new();
    let leg = world.open(0, Codec::Pcma);
    let mut phone = Source::new(0, Codec::Pcma, 4000);
    phone.event(&mut world, 77, "m", '5');
    world.run(31);
    phone.event(&mut world, 77, "", '5');
    let last = world.now();
    world.run(500);
    assert_eq!(world.keys(leg), "v55");
    assert_eq!(at_of(&world, |e| is_digit(e, leg)), last + ms(100));
}

#[test]
fn keys_on_another_ssrc_of_the_same_address_count() {
    let mut world = World::new();
    let leg = world.open(0, Codec::Pcma);
    let mut phone = Source::new(0, Codec::Pcma, 4000);
    let mut keypad = phone.clone();
    keypad.header.ssrc = Ssrc(0xaaaa);
    for key in ['1', '2', '2'] {
        phone.send(&mut world);
        world.run(60);
        keypad.press(&mut world, key, 60);
        phone.send(&mut world);
        keypad.header.timestamp = keypad.header.timestamp.wrapping_add(800);
    }
    assert_eq!(world.keys(leg), "v11v22v22");
}

#[test]
fn keys_that_were_not_negotiated_or_come_from_elsewhere_are_none() {
    let mut world = World::new();
    let mut plain = stream(0, Codec::Pcma);
    plain.events_in = None;
    let leg = world.open_with(0, plain);
    let mut phone = Source::new(0, Codec::Pcma, 4000);
    phone.press(&mut world, '1', 60);
    assert_eq!(world.keys(leg), "");
    let other = world.open(1, Codec::Pcma);
    let mut header = phone.step();
    header.payload_type = 101;
    let bytes = [header.to_bytes().as_slice(), &[1, 0x80, 0, 160]].concat();
    world.arrive_from(1, crate::world::phone(2), &bytes);
    assert_eq!(world.keys(other), "");
}

#[test]
fn a_key_in_a_room_is_relayed_with_its_payload_type_mapped() {
    let mut world = World::new();
    let a_leg = world.open(0, Codec::Pcma);
    let mut to_b = stream(1, Codec::Pcma);
    to_b.events_out = Some(96);
    let b_leg = world.open_with(1, to_b);
    world.join(a_leg, b_leg);
    let mut a = Source::new(0, Codec::Pcma, 4000);
    let mut b = Source::new(1, Codec::Pcma, 6000);
    both_talk(&mut world, &mut a, &mut b, 200);
    let pressed = world.now();
    a.press(&mut world, '5', 100);
    both_talk(&mut world, &mut a, &mut b, 200);
    let events = events_to(&world, 1, pressed);
    assert_eq!(events.len(), 9);
    assert!(events[0].header.marker && events[1..].iter().all(|e| !e.header.marker));
    let timestamp = events[0].header.timestamp;
    for event in &events {
        assert_eq!(event.header.payload_type, 96);
        assert_eq!(event.header.timestamp, timestamp);
        assert_eq!(TelephoneEvent::parse(&event.payload).unwrap().event, 5);
    }
    assert_one_stream(&without_events(world.sent(1)), 9);
    assert_eq!(world.keys(a_leg), "v55", "and told");
}

/// An event's timestamp stands still by rule; the audio's must not.
fn without_events(mut sent: Vec<Sent>) -> Vec<Sent> {
    sent.retain(|sent| sent.header.payload_type == 8);
    sent
}

#[test]
fn a_key_on_an_ssrc_of_its_own_is_put_between_the_audio() {
    let (mut world, ..) = World::talk(Codec::Pcma, Codec::Pcma);
    let mut a = Source::new(0, Codec::Pcma, 4000);
    let mut b = Source::new(1, Codec::Pcma, 6000);
    both_talk(&mut world, &mut a, &mut b, 200);
    let pressed = world.now();
    let mut keypad = a.clone();
    keypad.header.ssrc = Ssrc(0xaaaa);
    keypad.header.sequence = 5;
    let timestamp = 4711;
    for flags in ["m", "", "", "e", "e", "e"] {
        keypad.event(&mut world, timestamp, flags, '7');
        both_talk(&mut world, &mut a, &mut b, 20);
    }
    let sent = world.sent_since(1, pressed);
    for pair in sent.windows(2) {
        let step = pair[1]
            .header
            .sequence
            .wrapping_sub(pair[0].header.sequence);
        assert_eq!(step, 1);
    }
    let events = events_to(&world, 1, pressed);
    assert_eq!(events.len(), 6);
    assert!(
        events
            .iter()
            .all(|e| e.header.timestamp == events[0].header.timestamp)
    );
    assert_one_stream(&without_events(world.sent(1)), 6);
}

#[test]
fn a_key_that_the_other_side_did_not_negotiate_is_silence_to_it() {
    let mut world = World::new();
    let a_leg = world.open(0, Codec::Pcma);
    let mut to_b = stream(1, Codec::Pcma);
    to_b.events_out = None;
    let b_leg = world.open_with(1, to_b);
    world.join(a_leg, b_leg);
    let mut a = Source::new(0, Codec::Pcma, 4000);
    let mut b = Source::new(1, Codec::Pcma, 6000);
    both_talk(&mut world, &mut a, &mut b, 200);
    a.press(&mut world, '5', 400);
    both_talk(&mut world, &mut a, &mut b, 200);
    assert!(
        world
            .sent(1)
            .iter()
            .all(|sent| sent.header.payload_type == 8)
    );
    assert_one_stream(&world.sent(1), 0);
}

#[test]
fn the_key_that_opened_the_room_is_not_relayed_but_the_next_one_is() {
    for joined_after in [1, 4] {
        let mut world = World::new();
        let a_leg = world.open(0, Codec::Pcma);
        let b_leg = world.open(1, Codec::Pcma);
        world.run(200);
        let mut b = Source::new(1, Codec::Pcma, 6000);
        let timestamp = b.header.timestamp;
        let flags = ["m", "", "", "", "e", "e", "e"];
        for (n, flags) in flags.into_iter().enumerate() {
            b.event(&mut world, timestamp, flags, '1');
            if n == joined_after {
                world.join(a_leg, b_leg);
            }
            world.run(20);
        }
        b.header.timestamp = timestamp.wrapping_add(7 * 160);
        let mut a = Source::new(0, Codec::Pcma, 4000);
        both_talk(&mut world, &mut a, &mut b, 200);
        assert_eq!(events_to(&world, 0, Mono::ZERO).len(), 0);
        assert_eq!(world.keys(b_leg), "v11");
        b.press(&mut world, '1', 60);
        assert_eq!(events_to(&world, 0, Mono::ZERO).len(), 7);
        both_talk(&mut world, &mut a, &mut b, 200);
        assert_one_stream(&without_events(world.sent(0)), 7);
    }
}

/// Two sines, as packets of a phone without telephone-events.
struct Tones {
    phone: Source,
    sample: u32,
}

impl Tones {
    fn send(&mut self, world: &mut World, time_ms: u32, hertz: &[f64]) {
        for _ in 0..time_ms / 20 {
            let audio: Vec<u8> = (0..160)
                .map(|_| {
                    let at = f64::from(self.sample) / 8000.0;
                    self.sample += 1;
                    let wave = |hz: &f64| 6000.0 * (std::f64::consts::TAU * hz * at).sin();
                    Codec::Pcma.encode(hertz.iter().map(wave).sum::<f64>() as i16)
                })
                .collect();
            // A packet is there when its last sample has been spoken.
            world.run(20);
            let header = self.phone.step();
            world.arrive(self.phone.slot, header, &audio);
        }
    }
}

fn inband_phone(world: &mut World, slot: u32) -> (MediaLeg, Tones) {
    let mut plain = stream(slot, Codec::Pcma);
    plain.events_in = None;
    plain.events_out = None;
    let leg = world.open_with(slot, plain);
    let phone = Source::new(slot, Codec::Pcma, 0);
    (leg, Tones { phone, sample: 0 })
}

#[test]
fn a_key_in_the_audio_is_recognised_within_120_ms_once() {
    let mut world = World::new();
    let (leg, mut tones) = inband_phone(&mut world, 0);
    tones.send(&mut world, 200, &[]);
    let begun = world.now();
    tones.send(&mut world, 200, &[770.0, 1336.0]);
    tones.send(&mut world, 200, &[]);
    tones.send(&mut world, 80, &[770.0, 1336.0]);
    tones.send(&mut world, 200, &[]);
    assert_eq!(world.keys(leg), "v55v55");
    let told = at_of(&world, |event| is_digit(event, leg));
    assert!(told.since(begun) <= ms(80), "{:?}", told.since(begun));
}

#[test]
fn the_tone_that_opened_the_room_is_not_relayed_but_the_voice_after_it_is() {
    let mut world = World::new();
    let a_leg = world.open(0, Codec::Pcma);
    let (b_leg, mut tones) = inband_phone(&mut world, 1);
    tones.send(&mut world, 100, &[]);
    tones.send(&mut world, 80, &[697.0, 1209.0]);
    assert_eq!(world.keys(b_leg), "v11");
    world.join(a_leg, b_leg);
    tones.send(&mut world, 200, &[697.0, 1209.0]);
    tones.send(&mut world, 100, &[]);
    let silence = [Codec::Pcma.silence(); 160];
    let ended = world.now();
    assert!(world.sent(0).iter().all(|sent| sent.payload == silence));
    tones.send(&mut world, 200, &[300.0]);
    let voice = world.sent_since(0, ended);
    assert!(voice.iter().filter(|sent| sent.payload != silence).count() >= 9);
    assert_one_stream(&world.sent(0), 0);
}

#[test]
fn the_tone_that_lifts_a_mask_is_masked_to_its_end_and_one_that_never_ends_for_5_s() {
    let silence = Codec::Pcma.silence();
    for (held_ms, masked_ms) in [(300, 300), (7_000, 5_000)] {
        let mut world = World::new();
        let (leg, mut tones) = inband_phone(&mut world, 0);
        let tape = tape_id(0);
        world.tell(Command::StartTape { tape, leg });
        let mask = |masked| Command::MaskTape { tape, masked };
        tones.send(&mut world, 400, &[300.0]);
        world.tell(mask(true));
        tones.send(&mut world, 60, &[770.0, 1336.0]);
        assert_eq!(
            world.keys(leg),
            "v55",
            "all of it is known, and the key sounds on"
        );
        world.tell(mask(false));
        tones.send(&mut world, held_ms, &[770.0, 1336.0]);
        tones.send(&mut world, 400, &[300.0]);
        world.tell(Command::StopTape { tape });
        let all = frames(&world, tape);
        // 8 frames a millisecond; the end is known 40 ms late.
        let (masked, after) = all.split_at((460 + masked_ms) * 8);
        assert_eq!(share(masked, 0, silence), 1.0, "{held_ms} ms");
        assert!(share(&after[100 * 8..], 0, silence) < 0.1, "{held_ms} ms");
    }
}

/// A phone that has negotiated telephone-events.
fn phone_with_events(world: &mut World, slot: u32) -> (MediaLeg, Tones) {
    let leg = world.open(slot, Codec::Pcma);
    let phone = Source::new(slot, Codec::Pcma, 0);
    (leg, Tones { phone, sample: 0 })
}

const FIVE: [f64; 2] = [770.0, 1336.0];

#[test]
fn a_phone_that_negotiates_events_and_keys_in_the_audio_is_understood() {
    let mut world = World::new();
    let (leg, mut tones) = phone_with_events(&mut world, 0);
    tones.send(&mut world, 200, &[]);
    let begun = world.now();
    for _ in 0..3 {
        tones.send(&mut world, 80, &FIVE);
        tones.send(&mut world, 80, &[]);
    }
    assert_eq!(world.keys(leg), "v55v55v55");
    let told = at_of(&world, |event| is_digit(event, leg));
    assert!(told.since(begun) <= ms(140), "{:?}", told.since(begun));
}

#[test]
fn a_key_that_comes_as_an_event_and_in_the_audio_is_one() {
    // What a gateway leaves of the tone before its event; and a phone that plays all of it.
    for (left_ms, meanwhile) in [(20, false), (40, false), (60, false), (0, true), (40, true)] {
        let mut world = World::new();
        let (leg, mut tones) = phone_with_events(&mut world, 0);
        for key in ['5', '5', '5'] {
            tones.send(&mut world, 100, &[]);
            tones.send(&mut world, left_ms, &FIVE);
            let timestamp = tones.phone.header.timestamp;
            for (n, flags) in ["m", "", "", "", "", "e", "e"].into_iter().enumerate() {
                tones.phone.event(&mut world, timestamp, flags, key);
                if meanwhile && n < 5 {
                    tones.send(&mut world, 20, &FIVE);
                } else {
                    world.run(20);
                }
            }
        }
        tones.send(&mut world, 200, &[]);
        assert_eq!(world.keys(leg), "v55v55v55", "{left_ms} ms, {meanwhile}");
    }
}

#[test]
fn in_a_talk_no_voice_of_a_phone_with_events_is_a_key_and_after_it_keys_count_again() {
    let mut world = World::new();
    let a_leg = world.open(0, Codec::Pcma);
    let (b_leg, mut tones) = phone_with_events(&mut world, 1);
    world.join(a_leg, b_leg);
    tones.send(&mut world, 100, &[]);
    tones.send(&mut world, 200, &FIVE);
    tones.send(&mut world, 200, &[]);
    assert_eq!(world.keys(b_leg), "");
    world.tell(Command::Leave { leg: a_leg });
    tones.send(&mut world, 200, &FIVE);
    tones.send(&mut world, 200, &[]);
    assert_eq!(world.keys(b_leg), "v55");
}

#[test]
fn the_tone_with_which_a_phone_with_events_accepts_is_not_relayed_either() {
    let mut world = World::new();
    let a_leg = world.open(0, Codec::Pcma);
    let (b_leg, mut tones) = phone_with_events(&mut world, 1);
    tones.send(&mut world, 100, &[]);
    tones.send(&mut world, 140, &[697.0, 1209.0]);
    assert_eq!(world.keys(b_leg), "v11");
    world.join(a_leg, b_leg);
    tones.send(&mut world, 200, &[697.0, 1209.0]);
    tones.send(&mut world, 100, &[]);
    let silence = [Codec::Pcma.silence(); 160];
    let ended = world.now();
    assert!(world.sent(0).iter().all(|sent| sent.payload == silence));
    tones.send(&mut world, 200, &[300.0]);
    let voice = world.sent_since(0, ended);
    assert!(voice.iter().filter(|sent| sent.payload != silence).count() >= 9);
}
