//! Media with real packets: the threads' own sans-IO `Media`, its sockets on the virtual network.
//!
//! Keys are RFC 4733 events, rooms relay packets, a dead line is one that sends none. What a caller
//! hears is judged at our sockets: the last packet with anything audible in it.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;

use rotaline_media::rtp;
use rotaline_media::{
    Codec, Command, Config, Direction, Event, Io, Media, MediaLeg, Prompt, PromptBank, TapeChunk,
    TapeId, TapeMessage,
};
use rotaline_model::{Digit, Mono, Seed};
use rotaline_routing::Plan;
use rotaline_switch::MediaSlot;

use crate::sounds::{Happening, Legs, Packet, Sounds};

/// Below this a sample is silence.
const AUDIBLE: i16 = 200;
/// Samples of a prompt: 900 ms.
const PROMPT: usize = 7200;

/// Media threads whose packets are on the virtual network.
pub struct Packets {
    threads: Vec<Media>,
    wires: Wires,
    slots: BTreeMap<u16, (u16, u32)>,
}

/// A key 1 that a stranger sends to one of our ports: a whole RFC 4733 event in one packet.
pub fn forged_key(nth: u16) -> Vec<u8> {
    let [high, low] = nth.to_be_bytes();
    // Version 2; marker and payload type 101; sequence; timestamp; SSRC; event 1, at its end.
    let mut packet = vec![0x80, 0x80 | 101, high, low, 0, high, low, 0];
    packet.extend([0xf0, 0x46, 0xed, 0x01, 1, 0x8a, 0x03, 0x20]);
    packet
}

/// What all threads put out.
struct Wires {
    ours: SocketAddr,
    ports: BTreeMap<(u16, u32), u16>,
    thread: u16,
    now: Mono,
    in_use: BTreeMap<(u16, u32), MediaLeg>,
    legs: Legs,
    held: BTreeMap<MediaLeg, Direction>,
    sent: VecDeque<Packet>,
    happenings: VecDeque<Happening>,
}

impl Packets {
    /// Threads for these slots, with a prompt of noise for each that the plan names.
    pub fn new(ours: SocketAddr, slots: &[MediaSlot], plan: &Plan, seed: u64) -> Self {
        let noise: Vec<i16> = (0..PROMPT)
            .map(|n| (n * n * 7919 % 16_001) as i16 - 8000)
            .collect();
        let mut bank = PromptBank::new();
        for prompt in plan.prompts() {
            bank.insert(prompt.clone(), Prompt::new(1, &noise));
        }
        let bank = Arc::new(bank);
        let threads = slots.iter().map(|slot| slot.thread).max().unwrap_or(0);
        let media = |thread| {
            let seed = Seed::from_number(seed ^ u64::from(thread) << 48);
            Media::new(Config::default(), Arc::clone(&bank), seed)
        };
        Packets {
            threads: (0..=threads).map(media).collect(),
            slots: slots
                .iter()
                .map(|slot| (slot.rtp_port, (slot.thread, slot.slot)))
                .collect(),
            wires: Wires {
                ours,
                ports: slots
                    .iter()
                    .map(|slot| ((slot.thread, slot.slot), slot.rtp_port))
                    .collect(),
                thread: 0,
                now: Mono::ZERO,
                in_use: BTreeMap::new(),
                legs: Legs::default(),
                held: BTreeMap::new(),
                sent: VecDeque::new(),
                happenings: VecDeque::new(),
            },
        }
    }
}

impl Sounds for Packets {
    fn deadline(&self) -> Option<Mono> {
        self.threads.iter().filter_map(Media::deadline).min()
    }

    fn tick(&mut self, now: Mono) {
        self.wires.now = now;
        for (number, media) in self.threads.iter_mut().enumerate() {
            if media.deadline().is_some_and(|at| at <= now) {
                self.wires.thread = number as u16;
                media.tick(now, &mut self.wires);
            }
        }
    }

    fn command(&mut self, now: Mono, command: Command) {
        let wires = &mut self.wires;
        wires.now = now;
        wires.legs.command(now, &command);
        let thread = thread_of(&command);
        if let Command::Open { leg, stream } | Command::Update { leg, stream } = &command {
            wires.in_use.insert((leg.thread, leg.slot), *leg);
            wires.held.insert(*leg, stream.direction);
            wires.heard_something(*leg);
        }
        for (number, media) in self.threads.iter_mut().enumerate() {
            let number = number as u16;
            if thread.is_none_or(|thread| thread == number) {
                self.wires.thread = number;
                media.command(now, command.clone(), &mut self.wires);
            }
        }
    }

    fn happenings(&mut self) -> &mut VecDeque<Happening> {
        &mut self.wires.happenings
    }

    fn press(&mut self, now: Mono, phone: SocketAddr, digit: Digit) {
        // The phone's packets tell media; this is for the judge.
        self.wires.legs.pressed(now, phone, digit);
    }

    fn dead(&mut self, _phone: SocketAddr) {
        // The packets that do not come say so.
    }

    fn receive(&mut self, now: Mono, (from, to, mut bytes): Packet) {
        let is_rtcp = to.port() % 2 == 1;
        let Some((thread, slot)) = self.slots.get(&(to.port() & !1)).copied() else {
            return;
        };
        let Some(media) = self.threads.get_mut(usize::from(thread)) else {
            return;
        };
        self.wires.now = now;
        self.wires.thread = thread;
        if is_rtcp {
            media.receive_rtcp(now, slot, from, &bytes, &mut self.wires);
        } else {
            media.receive_rtp(now, slot, from, &mut bytes, &mut self.wires);
        }
    }

    fn sent(&mut self) -> Option<Packet> {
        self.wires.sent.pop_front()
    }

    fn legs(&self) -> &Legs {
        &self.wires.legs
    }
}

/// The thread that a command is for; a recording's other commands find it by their id.
fn thread_of(command: &Command) -> Option<u16> {
    match command {
        Command::Open { leg, .. }
        | Command::Update { leg, .. }
        | Command::Play { leg, .. }
        | Command::Stop { leg }
        | Command::WatchForAnswerphone { leg }
        | Command::Enter { leg, .. }
        | Command::Leave { leg }
        | Command::StartTape { leg, .. }
        | Command::TurnTape { leg, .. }
        | Command::Close { leg } => Some(leg.thread),
        Command::MaskTape { .. } | Command::StopTape { .. } => None,
    }
}

impl Wires {
    fn send(&mut self, slot: u32, rtcp: u16, to: SocketAddr, packet: &[u8]) {
        if let Some(port) = self.ports.get(&(self.thread, slot)) {
            let from = SocketAddr::new(self.ours.ip(), port + rtcp);
            self.sent.push_back((from, to, packet.to_vec()));
        }
    }

    /// Its phone is sent something audible, or is on hold and is not to be.
    fn heard_something(&mut self, leg: MediaLeg) {
        let now = self.now;
        let sends = matches!(
            self.held.get(&leg),
            Some(Direction::SendRecv | Direction::SendOnly)
        );
        if let Some(seen) = self.legs.get_mut(leg) {
            seen.silent_since = sends.then_some(now);
        }
    }
}

impl Io for Wires {
    fn send_rtp(&mut self, slot: u32, to: SocketAddr, packet: &[u8]) {
        if let Some(leg) = self.in_use.get(&(self.thread, slot)).copied()
            && is_audible(packet)
        {
            self.heard_something(leg);
        }
        self.send(slot, 0, to, packet);
    }

    fn send_rtcp(&mut self, slot: u32, to: SocketAddr, packet: &[u8]) {
        self.send(slot, 1, to, packet);
    }

    fn tape(&mut self, _message: TapeMessage) {}

    fn spare_chunk(&mut self, tape: TapeId) -> Box<TapeChunk> {
        Box::new(TapeChunk {
            tape,
            start: 0,
            frames: Vec::new(),
        })
    }

    fn event(&mut self, event: Event) {
        self.happenings.push_back(Happening::Event(event));
    }
}

fn is_audible(packet: &[u8]) -> bool {
    let Ok(parsed) = rtp::Packet::parse(packet) else {
        return false;
    };
    let codec = match parsed.header.payload_type {
        0 => Codec::Pcmu,
        8 => Codec::Pcma,
        _ => return false,
    };
    packet.get(parsed.payload).is_some_and(|samples| {
        samples
            .iter()
            .any(|byte| codec.decode(*byte).abs() > AUDIBLE)
    })
}
