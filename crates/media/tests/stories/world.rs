//! A media thread, its virtual clock, and the phones at the other end of its sockets.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rotaline_media::rtp::{Header, Packet, Ssrc, TelephoneEvent};
use rotaline_media::{
    Codec, Command, Config, Direction, Event, Io, Media, MediaLeg, MediaRoom, Prompt, PromptBank,
    StreamConfig, TapeChunk, TapeId, TapeMessage,
};
use rotaline_model::{Digit, Mono, PlayId, PromptId, Seed, Sound};

/// A packet that left.
#[derive(Clone, Debug)]
pub struct Sent {
    pub at: Mono,
    pub slot: u32,
    pub to: SocketAddr,
    pub header: Header,
    pub payload: Vec<u8>,
}

/// What the thread asked of its driver.
#[derive(Default)]
pub struct Driver {
    pub now: Mono,
    pub rtp: Vec<Sent>,
    pub rtcp: Vec<(Mono, u32, SocketAddr, Vec<u8>)>,
    pub events: Vec<(Mono, Event)>,
    pub tape: Vec<TapeMessage>,
}

impl Io for Driver {
    fn send_rtp(&mut self, slot: u32, to: SocketAddr, packet: &[u8]) {
        let parsed = Packet::parse(packet).unwrap();
        self.rtp.push(Sent {
            at: self.now,
            slot,
            to,
            header: parsed.header,
            payload: packet[parsed.payload].to_vec(),
        });
    }

    fn send_rtcp(&mut self, slot: u32, to: SocketAddr, packet: &[u8]) {
        self.rtcp.push((self.now, slot, to, packet.to_vec()));
    }

    fn tape(&mut self, message: TapeMessage) {
        self.tape.push(message);
    }

    fn spare_chunk(&mut self, tape: TapeId) -> Box<TapeChunk> {
        Box::new(TapeChunk {
            tape,
            start: 0,
            frames: Vec::new(),
        })
    }

    fn event(&mut self, event: Event) {
        self.events.push((self.now, event));
    }
}

pub struct World {
    pub media: Media,
    pub io: Driver,
    generation: u32,
}

/// The level that prompt `n` is made of.
pub fn prompt_sample(n: i16) -> i16 {
    2000 + 1000 * n
}

pub const PROMPT_MS: u32 = 500;
pub const ROOM: MediaRoom = MediaRoom(1);

pub fn prompt(n: i16) -> Sound {
    Sound::Prompt(PromptId::parse(&format!("prompt-{n}")).unwrap())
}

pub fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

pub fn leg(slot: u32, generation: u32) -> MediaLeg {
    MediaLeg {
        thread: 0,
        slot,
        generation,
    }
}

/// The phone at a slot's other end.
pub fn phone(slot: u32) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 10 + slot as u8], 4000))
}

pub fn stream(slot: u32, codec: Codec) -> StreamConfig {
    let payload = match codec {
        Codec::Pcma => 8,
        Codec::Pcmu => 0,
    };
    let mut remote_rtcp = phone(slot);
    remote_rtcp.set_port(4001);
    StreamConfig {
        remote_rtp: phone(slot),
        remote_rtcp,
        codec,
        payload_out: payload,
        payload_in: payload,
        events_out: Some(101),
        events_in: Some(101),
        direction: Direction::SendRecv,
    }
}

impl World {
    pub fn new() -> Self {
        World::with_seed(1)
    }

    pub fn with_seed(seed: u64) -> Self {
        let mut bank = PromptBank::new();
        for n in 1..4 {
            let samples = vec![prompt_sample(n); PROMPT_MS as usize * 8];
            let id = PromptId::parse(&format!("prompt-{n}")).unwrap();
            bank.insert(id, Prompt::new(1, &samples));
        }
        let config = Config {
            slots: 8,
            dead_after: Duration::from_secs(60),
        };
        let mut world = World {
            media: Media::new(config, Arc::new(bank), Seed::from_number(seed)),
            io: Driver::default(),
            generation: 1,
        };
        // Not at a step's start, as in life.
        world.run_to(Mono::from_nanos(7_003_300_000));
        world
    }

    pub fn now(&self) -> Mono {
        self.io.now
    }

    /// Ticks whenever a tick is due, up to an instant.
    pub fn run_to(&mut self, to: Mono) {
        while let Some(due) = self.media.deadline().filter(|due| *due <= to) {
            self.io.now = self.io.now.max(due);
            self.media.tick(self.io.now, &mut self.io);
            let next = self.media.deadline();
            assert!(next.is_none_or(|next| next > due), "a tick leaves nothing");
        }
        self.io.now = to;
    }

    pub fn run(&mut self, time_ms: u64) {
        self.run_to(self.io.now + ms(time_ms));
    }

    pub fn tell(&mut self, command: Command) {
        self.media.command(self.io.now, command, &mut self.io);
    }

    pub fn open(&mut self, slot: u32, codec: Codec) -> MediaLeg {
        self.open_with(slot, stream(slot, codec))
    }

    pub fn open_with(&mut self, slot: u32, stream: StreamConfig) -> MediaLeg {
        let leg = leg(slot, self.generation);
        self.generation += 1;
        self.tell(Command::Open { leg, stream });
        leg
    }

    pub fn play(&mut self, leg: MediaLeg, play: u32, sounds: Vec<Sound>) {
        let play = PlayId(play);
        self.tell(Command::Play { leg, play, sounds });
    }

    pub fn join(&mut self, a: MediaLeg, b: MediaLeg) {
        for leg in [a, b] {
            self.tell(Command::Enter { leg, room: ROOM });
        }
    }

    /// Two legs in a room.
    pub fn talk(codec_a: Codec, codec_b: Codec) -> (Self, MediaLeg, MediaLeg) {
        let mut world = World::new();
        let a = world.open(0, codec_a);
        let b = world.open(1, codec_b);
        world.run(100);
        world.join(a, b);
        (world, a, b)
    }

    pub fn arrive_from(&mut self, slot: u32, from: SocketAddr, bytes: &[u8]) {
        let mut bytes = bytes.to_vec();
        self.media
            .receive_rtp(self.io.now, slot, from, &mut bytes, &mut self.io);
    }

    pub fn arrive(&mut self, slot: u32, header: Header, payload: &[u8]) {
        let bytes = [header.to_bytes().as_slice(), payload].concat();
        self.arrive_from(slot, phone(slot), &bytes);
    }

    /// What left towards a slot's phone.
    pub fn sent(&self, slot: u32) -> Vec<Sent> {
        let sent = self.io.rtp.iter().filter(|sent| sent.slot == slot);
        sent.cloned().collect()
    }

    pub fn sent_since(&self, slot: u32, since: Mono) -> Vec<Sent> {
        let mut sent = self.sent(slot);
        sent.retain(|sent| sent.at >= since);
        sent
    }

    /// Keys as text: down is `v5`, complete is `5`.
    pub fn keys(&self, leg: MediaLeg) -> String {
        let key = |(_, event): &(Mono, Event)| match event {
            Event::KeyDown { leg: on, digit } if *on == leg => format!("v{digit}"),
            Event::Digit { leg: on, digit } if *on == leg => format!("{digit}"),
            _ => String::new(),
        };
        self.io.events.iter().map(key).collect()
    }
}

/// What a phone sends: one source.
#[derive(Clone, Debug)]
pub struct Source {
    pub slot: u32,
    pub header: Header,
    pub byte: u8,
}

impl Source {
    pub fn new(slot: u32, codec: Codec, sample: i16) -> Self {
        Source {
            slot,
            header: Header {
                marker: false,
                payload_type: stream(slot, codec).payload_in,
                sequence: 65_500 - slot as u16,
                timestamp: u32::MAX - 9_000,
                ssrc: Ssrc(0x5000 + slot),
            },
            byte: codec.encode(sample),
        }
    }

    /// Steps to the next packet.
    pub fn step(&mut self) -> Header {
        let header = self.header;
        self.header.sequence = header.sequence.wrapping_add(1);
        self.header.timestamp = header.timestamp.wrapping_add(160);
        header
    }

    /// Sends a packet now.
    pub fn send(&mut self, world: &mut World) {
        let header = self.step();
        world.arrive(self.slot, header, &[self.byte; 160]);
    }

    /// Time passes without a packet (silence suppression).
    pub fn pause(&mut self, world: &mut World, time_ms: u64) {
        world.run(time_ms);
        self.header.timestamp = self.header.timestamp.wrapping_add(time_ms as u32 * 8);
    }

    /// One event packet of a press that began at `timestamp`.
    pub fn event(&mut self, world: &mut World, timestamp: u32, flags: &str, key: char) {
        let event = TelephoneEvent {
            event: Digit::parse(key).unwrap().event(),
            end: flags.contains('e'),
            volume: 10,
            duration: 160,
        };
        let header = Header {
            marker: flags.contains('m'),
            payload_type: 101,
            timestamp,
            ..self.header
        };
        self.header.sequence = self.header.sequence.wrapping_add(1);
        world.arrive(self.slot, header, &event.to_bytes());
    }

    /// A whole press: packets every 20 ms, three ends at once. Timestamps go on after it.
    pub fn press(&mut self, world: &mut World, key: char, length_ms: u64) {
        let timestamp = self.header.timestamp;
        self.event(world, timestamp, "m", key);
        for _ in 0..length_ms / 20 {
            world.run(20);
            self.event(world, timestamp, "", key);
        }
        for _ in 0..3 {
            self.event(world, timestamp, "e", key);
        }
        self.header.timestamp = timestamp.wrapping_add(length_ms as u32 * 8);
    }
}

/// Both talk for a while: each a packet every 20 ms, the second 7 ms after the first.
pub fn both_talk(world: &mut World, a: &mut Source, b: &mut Source, time_ms: u64) {
    for _ in 0..time_ms / 20 {
        a.send(world);
        world.run(7);
        b.send(world);
        world.run(13);
    }
}

/// Checks what SERVICE.md asks of every leg: one SSRC, continuous sequence (but for what a relayed
/// source lost, and the given number of such), timestamps with real time, no pause.
pub fn assert_one_stream(sent: &[Sent], lost: u16) {
    let first = sent.first().expect("something was sent");
    let mut missing = 0;
    for pair in sent.windows(2) {
        let (before, after) = (&pair[0], &pair[1]);
        assert_eq!(after.header.ssrc, first.header.ssrc);
        let step = after.header.sequence.wrapping_sub(before.header.sequence);
        missing += step.wrapping_sub(1);
        let step = after.header.timestamp.wrapping_sub(before.header.timestamp);
        assert!(
            step.cast_signed() >= 0,
            "time goes back: {before:?} {after:?}"
        );
        let pause = after.at.since(before.at);
        let allowed = ms(if lost == 0 { 60 } else { 160 });
        assert!(pause <= allowed, "{pause:?} before {after:?}");
    }
    assert_eq!(missing, lost, "sequence numbers that are missing");
    for sent in sent {
        assert_timely(first, sent);
    }
}

/// A packet's timestamp is its time since the first, within 20 ms (and the 10 ms that the first may
/// be after its step).
pub fn assert_timely(first: &Sent, sent: &Sent) {
    let lead = lead(first, sent);
    assert!((-81..=200).contains(&lead), "leads by {lead}: {sent:?}");
}

/// The same, but that silence which stands in for a source runs two packet times behind.
pub fn assert_timely_or_standing_in(first: &Sent, sent: &Sent) {
    if sent.payload[0] == Codec::Pcma.silence() && lead(first, sent) < 0 {
        let lead = lead(first, sent) + 2 * 160;
        assert!((-81..=320).contains(&lead), "leads by {lead}: {sent:?}");
    } else {
        assert_timely(first, sent);
    }
}

/// How far a packet's timestamp is ahead of its time since the first, in samples.
pub fn lead(first: &Sent, sent: &Sent) -> i64 {
    let samples = sent.header.timestamp.wrapping_sub(first.header.timestamp);
    let time = sent.at.since(first.at).as_nanos() as i64 / 125_000;
    i64::from(samples.cast_signed()) - time
}
