//! Anything may come from the network and in any order from the switch: nothing panics, and what
//! leaves is still one stream a leg.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rotaline_media::rtp::Ssrc;
use rotaline_media::{Codec, Command, Direction, MediaRoom, TapeId};
use rotaline_model::{CaseId, PlayId, Sound};

use crate::world::{World, leg, ms, phone, prompt, stream};

const SLOTS: u32 = 3;

#[derive(Clone, Debug)]
enum Step {
    Rtp {
        slot: u32,
        bytes: Vec<u8>,
    },
    Rtcp {
        slot: u32,
        bytes: Vec<u8>,
    },
    Audio {
        slot: u32,
        kind: u8,
        sequence: u16,
        timestamp: u32,
        ssrc: u32,
        length: usize,
    },
    Wait {
        time_us: u64,
    },
    Command(Command),
}

fn step() -> impl Strategy<Value = Step> {
    let slot = 0..SLOTS + 1;
    let bytes = prop::collection::vec(any::<u8>(), 0..64);
    let kind = prop_oneof![Just(8u8), Just(0), Just(101), Just(13), any::<u8>()];
    let sequence = prop_oneof![(0..50u16), any::<u16>()];
    let timestamp = prop_oneof![(0..8000u32), any::<u32>()];
    prop_oneof![
        1 => (slot.clone(), bytes.clone()).prop_map(|(slot, bytes)| Step::Rtp { slot, bytes }),
        1 => (slot.clone(), bytes).prop_map(|(slot, bytes)| Step::Rtcp { slot, bytes }),
        8 => (slot, kind, sequence, timestamp, 0..3u32, 0..400usize).prop_map(
            |(slot, kind, sequence, timestamp, ssrc, length)| Step::Audio {
                slot, kind, sequence, timestamp, ssrc, length
            }
        ),
        6 => (0..70_000u64).prop_map(|time_us| Step::Wait { time_us }),
        4 => command().prop_map(Step::Command),
    ]
}

fn command() -> impl Strategy<Value = Command> {
    let which = (0..SLOTS, 0..3u32).prop_map(|(slot, generation)| leg(slot, generation));
    let case: CaseId = "018f2f6e-7c00-7000-8000-000000000001".parse().unwrap();
    (which, 0..11u8, 0..4u32, any::<bool>()).prop_map(move |(leg, what, number, flag)| {
        let tape = TapeId {
            case,
            part: number as u16,
        };
        let codec = if flag { Codec::Pcma } else { Codec::Pcmu };
        let mut stream = stream(leg.slot, codec);
        stream.events_in = (number != 0).then_some(101);
        stream.direction = [
            Direction::SendRecv,
            Direction::SendRecv,
            Direction::RecvOnly,
            Direction::SendOnly,
        ][number as usize];
        let room = MediaRoom(u64::from(number / 2));
        match what {
            0 | 1 => Command::Open { leg, stream },
            2 => Command::Update { leg, stream },
            3 => Command::Play {
                leg,
                play: PlayId(number),
                sounds: vec![prompt(1), Sound::RingTone],
            },
            4 => Command::Stop { leg },
            5 | 6 => Command::Enter { leg, room },
            7 => Command::Leave { leg },
            8 => Command::StartTape { tape, leg },
            9 if flag => Command::TurnTape { tape, leg },
            9 => Command::MaskTape { tape, masked: true },
            10 if flag => Command::StopTape { tape },
            _ => Command::Close { leg },
        }
    })
}

fn play(steps: Vec<Step>) -> World {
    let mut world = World::new();
    for slot in 0..SLOTS {
        world.tell(Command::Open {
            leg: leg(slot, 0),
            stream: stream(slot, Codec::Pcma),
        });
    }
    world.join(leg(0, 0), leg(1, 0));
    for step in steps {
        match step {
            Step::Rtp { slot, bytes } => world.arrive_from(slot, phone(slot), &bytes),
            Step::Rtcp { slot, bytes } => {
                let now = world.now();
                world
                    .media
                    .receive_rtcp(now, slot, phone(slot), &bytes, &mut world.io);
            }
            Step::Audio {
                slot,
                kind,
                sequence,
                timestamp,
                ssrc,
                length,
            } => {
                let header = rotaline_media::rtp::Header {
                    marker: kind & 0x80 != 0,
                    payload_type: kind & 0x7f,
                    sequence,
                    timestamp,
                    ssrc: Ssrc(ssrc),
                };
                world.arrive(slot, header, &vec![0x91; length]);
            }
            Step::Wait { time_us } => {
                let to = world.now() + std::time::Duration::from_micros(time_us);
                world.run_to(to);
            }
            Step::Command(command) => world.tell(command),
        }
    }
    world.run(300);
    world
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn nothing_panics_and_no_sequence_number_is_used_twice(
        steps in prop::collection::vec(step(), 0..120)
    ) {
        let world = play(steps);
        let mut used: BTreeMap<(u32, Ssrc, u16), rotaline_model::Mono> = BTreeMap::new();
        for sent in &world.io.rtp {
            let name = (sent.slot, sent.header.ssrc, sent.header.sequence);
            let before = used.insert(name, sent.at);
            prop_assert!(before.is_none(), "{name:?} again");
        }
    }

    #[test]
    fn after_any_storm_a_leg_is_still_sent_a_packet_every_20_ms(
        steps in prop::collection::vec(step(), 0..60)
    ) {
        let mut world = play(steps);
        let before = world.io.rtp.len();
        world.tell(Command::Open { leg: leg(0, 1000), stream: stream(0, Codec::Pcma) });
        world.run(1000);
        let sent: Vec<_> = world.io.rtp[before..].iter().filter(|sent| sent.slot == 0).collect();
        prop_assert!((50..=51).contains(&sent.len()), "{} packets", sent.len());
        for pair in sent.windows(2) {
            prop_assert!(pair[1].at.since(pair[0].at) <= ms(20));
        }
    }
}
