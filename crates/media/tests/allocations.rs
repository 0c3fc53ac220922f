//! The packet path does not allocate: not for a relayed packet, not for a recorded one, not for a
//! tick with its prompts, keys and reports.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rotaline_media::rtp::{Header, Ssrc, TelephoneEvent};
use rotaline_media::{
    Codec, Command, Config, Direction, Event, Io, Media, MediaLeg, MediaRoom, PromptBank,
    StreamConfig, TapeChunk, TapeId, TapeMessage,
};
use rotaline_model::{CaseId, Mono, PlayId, Seed, Sound};

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

fn count() {
    ALLOCATIONS.with(|allocations| allocations.set(allocations.get() + 1));
}

// SAFETY: everything is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promises are the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: as above.
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// `Io` hands chunks over in boxes, so that a queue's places stay small.
#[allow(clippy::vec_box)]
/// A driver that keeps nothing but gives chunks back to be used again, as the real one does.
#[derive(Default)]
struct Driver {
    packets: u64,
    reports: u64,
    events: u64,
    chunks: u64,
    spare: Vec<Box<TapeChunk>>,
}

impl Io for Driver {
    fn send_rtp(&mut self, _: u32, _: SocketAddr, _: &[u8]) {
        self.packets += 1;
    }

    fn send_rtcp(&mut self, _: u32, _: SocketAddr, _: &[u8]) {
        self.reports += 1;
    }

    fn tape(&mut self, message: TapeMessage) {
        match message {
            TapeMessage::Chunk(mut chunk) => {
                self.chunks += 1;
                chunk.frames.clear();
                self.spare.push(chunk);
            }
            TapeMessage::Started(_) | TapeMessage::Stopped(_) => {}
        }
    }

    fn spare_chunk(&mut self, tape: TapeId) -> Box<TapeChunk> {
        match self.spare.pop() {
            Some(mut chunk) => {
                chunk.tape = tape;
                chunk
            }
            None => Box::new(TapeChunk {
                tape,
                start: 0,
                frames: Vec::with_capacity(1600),
            }),
        }
    }

    fn event(&mut self, _: Event) {
        self.events += 1;
    }
}

fn leg(slot: u32) -> MediaLeg {
    MediaLeg {
        thread: 0,
        slot,
        generation: 1,
    }
}

fn phone(slot: u32) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, slot as u8], 4000))
}

/// A room of two; the first is recorded if a tape is named.
fn talk(other: Codec, tape: Option<TapeId>) -> (Media, Driver) {
    let config = Config {
        slots: 4,
        ..Config::default()
    };
    let mut media = Media::new(config, Arc::new(PromptBank::new()), Seed::from_number(1));
    let mut io = Driver::default();
    for (slot, codec) in [(1, Codec::Pcma), (2, other)] {
        let payload = if codec == Codec::Pcma { 8 } else { 0 };
        let stream = StreamConfig {
            remote_rtp: phone(slot),
            remote_rtcp: phone(slot),
            codec,
            payload_out: payload,
            payload_in: payload,
            events_out: Some(101),
            events_in: Some(101),
            direction: Direction::SendRecv,
        };
        let leg = leg(slot);
        media.command(Mono::ZERO, Command::Open { leg, stream }, &mut io);
        let room = MediaRoom(1);
        media.command(Mono::ZERO, Command::Enter { leg, room }, &mut io);
    }
    if let Some(tape) = tape {
        let leg = leg(1);
        media.command(Mono::ZERO, Command::StartTape { tape, leg }, &mut io);
    }
    (media, io)
}

/// Both talk for so many packets; every hundredth is a key's. Answers with the allocations.
fn run(media: &mut Media, io: &mut Driver, from: u64, packets: u64, other: Codec) -> u64 {
    let mut packet = [0x55u8; 172];
    let before = ALLOCATIONS.with(Cell::get);
    for n in from..from + packets {
        let now = Mono::from_nanos(n * 20_000_000);
        for slot in [1, 2] {
            let kind = if slot == 2 && other == Codec::Pcmu {
                0
            } else {
                8
            };
            let key = n % 100 < 2;
            let header = Header {
                marker: n % 100 == 0,
                payload_type: if key { 101 } else { kind },
                sequence: n as u16,
                timestamp: (if key { n - n % 100 } else { n }) as u32 * 160,
                ssrc: Ssrc(slot),
            };
            packet[..12].copy_from_slice(&header.to_bytes());
            let length = if key {
                let event = TelephoneEvent {
                    event: 5,
                    end: n % 100 == 1,
                    volume: 10,
                    duration: 160,
                };
                packet[12..16].copy_from_slice(&event.to_bytes());
                16
            } else {
                172
            };
            media.receive_rtp(now, slot, phone(slot), &mut packet[..length], io);
        }
        while let Some(due) = media.deadline()
            && due < now + Duration::from_millis(20)
        {
            media.tick(due, io);
        }
    }
    ALLOCATIONS.with(Cell::get) - before
}

#[test]
fn a_relayed_packet_allocates_nothing() {
    let before = ALLOCATIONS.with(Cell::get);
    talk(Codec::Pcma, None);
    assert!(ALLOCATIONS.with(Cell::get) > before, "the count counts");
    for other in [Codec::Pcma, Codec::Pcmu] {
        let (mut media, mut io) = talk(other, None);
        assert_eq!(run(&mut media, &mut io, 1, 3000, other), 0);
        assert!(io.packets >= 6000 && io.events >= 100 && io.reports >= 10);
    }
}

#[test]
fn a_relayed_and_recorded_packet_allocates_nothing() {
    let case: CaseId = "018f2f6e-7c00-7000-8000-000000000001"
        .parse()
        .expect("a UUID");
    for other in [Codec::Pcma, Codec::Pcmu] {
        let (mut media, mut io) = talk(other, Some(TapeId { case, part: 0 }));
        // Until the first chunk has come back.
        run(&mut media, &mut io, 1, 100, other);
        assert_eq!(run(&mut media, &mut io, 101, 3000, other), 0);
        assert!(io.chunks >= 290, "{}", io.chunks);
    }
}

#[test]
fn listening_for_an_answerphone_allocates_nothing() {
    let (mut media, mut io) = talk(Codec::Pcma, None);
    for slot in [1, 2] {
        let leg = leg(slot);
        media.command(Mono::ZERO, Command::Leave { leg }, &mut io);
        media.command(Mono::ZERO, Command::WatchForAnswerphone { leg }, &mut io);
    }
    assert_eq!(run(&mut media, &mut io, 1, 3000, Codec::Pcma), 0);
}

#[test]
fn a_ring_tone_allocates_nothing() {
    let (mut media, mut io) = talk(Codec::Pcma, None);
    let play = Command::Play {
        leg: leg(1),
        play: PlayId(1),
        sounds: vec![Sound::Beep, Sound::RingTone],
    };
    media.command(Mono::ZERO, play, &mut io);
    assert_eq!(run(&mut media, &mut io, 1, 3000, Codec::Pcma), 0);
}
