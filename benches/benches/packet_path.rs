//! The packet path: what a media thread spends on a packet, and how often it allocates.
//!
//! Two hundred rooms of two, so that a packet finds its leg as cold as on a busy thread; a packet
//! is one of 20 ms, its share of the ticks included. The yardstick is what any server must pay:
//! one datagram of that size sent and received by loopback sockets (two system calls).
//!
//! `cargo bench -p rotaline-benches --bench packet_path`

use std::alloc::{GlobalAlloc, Layout, System};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rotaline_benches::{Subject, compare};
use rotaline_media::rtp::{HEADER_LENGTH, Header, Ssrc};
use rotaline_media::{
    Codec, Command, Config, Direction, Event, Io, Media, MediaLeg, MediaRoom, PromptBank,
    StreamConfig, TapeChunk, TapeId, TapeMessage,
};
use rotaline_model::{CaseId, Mono, Seed};

const ROOMS: u32 = 200;
const LEGS: u32 = 2 * ROOMS;
const PACKET: usize = HEADER_LENGTH + 160;
const PACKET_TIME: Duration = Duration::from_millis(20);

struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

// SAFETY: everything is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promises are the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Counts what leaves; chunks come back at once, as from a writer that keeps up.
#[derive(Default)]
struct Driver {
    sent: u64,
    spare: Option<Box<TapeChunk>>,
}

impl Io for Driver {
    fn send_rtp(&mut self, _: u32, _: SocketAddr, packet: &[u8]) {
        self.sent += u64::from(packet.len() >= HEADER_LENGTH);
    }

    fn send_rtcp(&mut self, _: u32, _: SocketAddr, _: &[u8]) {}

    fn tape(&mut self, message: TapeMessage) {
        match message {
            TapeMessage::Chunk(mut chunk) => {
                chunk.frames.clear();
                self.spare = Some(chunk);
            }
            TapeMessage::Started(_) | TapeMessage::Stopped(_) => {}
        }
    }

    fn spare_chunk(&mut self, tape: TapeId) -> Box<TapeChunk> {
        let mut chunk = self.spare.take().unwrap_or_else(|| {
            Box::new(TapeChunk {
                tape,
                start: 0,
                frames: Vec::with_capacity(1600),
            })
        });
        chunk.tape = tape;
        chunk
    }

    fn event(&mut self, _: Event) {}
}

/// What is done with the talk.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Recording {
    Off,
    On,
}

/// Who hears what a leg says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Heard {
    /// The other of its room.
    ByTheOther,
    /// Only we do: a loud caller in a menu, whose keys may be in the audio.
    ByUs,
}

/// A thread whose legs all talk.
struct Thread {
    media: Media,
    io: Driver,
    packet: [u8; PACKET],
    codecs: [Codec; 2],
    slot: u32,
    round: u64,
}

impl Thread {
    fn new(codecs: [Codec; 2], recording: Recording, heard: Heard) -> Self {
        let config = Config {
            slots: LEGS,
            ..Config::default()
        };
        let prompts = Arc::new(PromptBank::new());
        let mut thread = Thread {
            media: Media::new(config, prompts, Seed::from_number(1)),
            io: Driver::default(),
            packet: [0x55; PACKET],
            codecs,
            slot: 0,
            round: 0,
        };
        for slot in 0..LEGS {
            thread.open(slot, heard);
            if recording == Recording::On && slot % 2 == 0 {
                thread.record(slot);
            }
        }
        if heard == Heard::ByUs {
            let loud = thread.packet.iter_mut().enumerate();
            loud.for_each(|(n, byte)| *byte = (n * 37 % 251) as u8);
        }
        // Until all sources are anchored and the first chunks have come back.
        for _ in 0..LEGS * 100 {
            thread.packet();
        }
        thread
    }

    fn open(&mut self, slot: u32, heard: Heard) {
        let codec = self.codecs[slot as usize % 2];
        let stream = StreamConfig {
            remote_rtp: phone(slot),
            remote_rtcp: phone(slot),
            codec,
            payload_out: payload_type(codec),
            payload_in: payload_type(codec),
            events_out: Some(101),
            events_in: Some(101),
            direction: Direction::SendRecv,
        };
        let leg = leg(slot);
        // Calls begin at any time: the legs are spread over the phases.
        let now = Mono::from_nanos(u64::from(slot % 4) * 5_000_000);
        self.media
            .command(now, Command::Open { leg, stream }, &mut self.io);
        if heard == Heard::ByUs {
            return;
        }
        let room = MediaRoom(u64::from(slot / 2));
        self.media
            .command(now, Command::Enter { leg, room }, &mut self.io);
    }

    fn record(&mut self, slot: u32) {
        let mut random = Seed::from_number(u64::from(slot)).generator(0);
        let case = CaseId::new(Default::default(), &mut random);
        let tape = TapeId { case, part: 0 };
        let leg = leg(slot);
        self.media
            .command(Mono::ZERO, Command::StartTape { tape, leg }, &mut self.io);
    }

    /// The next leg's packet; after the last leg's, the ticks of 20 ms.
    fn packet(&mut self) {
        let now = Mono::from_nanos(20_000_000 * (self.round + 1));
        let header = Header {
            marker: false,
            payload_type: payload_type(self.codecs[self.slot as usize % 2]),
            sequence: self.round as u16,
            timestamp: self.round as u32 * 160,
            ssrc: Ssrc(self.slot),
        };
        self.packet[..HEADER_LENGTH].copy_from_slice(&header.to_bytes());
        let from = phone(self.slot);
        self.media
            .receive_rtp(now, self.slot, from, &mut self.packet, &mut self.io);
        self.slot += 1;
        if self.slot == LEGS {
            self.slot = 0;
            self.round += 1;
            while let Some(due) = self.media.deadline()
                && due < now + PACKET_TIME
            {
                self.media.tick(due, &mut self.io);
            }
        }
    }
}

fn payload_type(codec: Codec) -> u8 {
    match codec {
        Codec::Pcma => 8,
        Codec::Pcmu => 0,
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
    let [.., high, low] = slot.to_be_bytes();
    SocketAddr::from((Ipv4Addr::new(10, 0, high, low), 4000))
}

/// One datagram through the kernel.
struct Loopback {
    from: UdpSocket,
    to: UdpSocket,
    address: SocketAddr,
}

impl Loopback {
    fn new() -> std::io::Result<Self> {
        let to = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        Ok(Loopback {
            from: UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?,
            address: to.local_addr()?,
            to,
        })
    }

    fn pass(&self) {
        let mut buffer = [0x55; 2048];
        let sent = self.from.send_to(&buffer[..PACKET], self.address);
        let received = self.to.recv_from(&mut buffer);
        assert!(sent.is_ok() && received.is_ok(), "loopback works");
    }
}

fn main() -> std::io::Result<()> {
    let alaw = [Codec::Pcma; 2];
    let both = [Codec::Pcma, Codec::Pcmu];
    let mut threads = [
        (
            "relay",
            Thread::new(alaw, Recording::Off, Heard::ByTheOther),
        ),
        (
            "relay, PCMA to PCMU",
            Thread::new(both, Recording::Off, Heard::ByTheOther),
        ),
        (
            "relay + record",
            Thread::new(alaw, Recording::On, Heard::ByTheOther),
        ),
        (
            "in a menu, loud",
            Thread::new(alaw, Recording::Off, Heard::ByUs),
        ),
    ];
    for (name, thread) in &mut threads {
        let sent = thread.io.sent;
        let before = ALLOCATIONS.load(Ordering::Relaxed);
        let packets = LEGS * 500;
        for _ in 0..packets {
            thread.packet();
        }
        let allocations = ALLOCATIONS.load(Ordering::Relaxed) - before;
        let sent = thread.io.sent - sent;
        println!("{name}: {allocations} allocations for {packets} packets, {sent} sent");
    }
    let loopback = Loopback::new()?;
    let mut subjects: Vec<Subject<'_>> = threads
        .iter_mut()
        .map(|(name, thread)| Subject::new(name, || thread.packet()))
        .collect();
    subjects.push(Subject::new("one loopback datagram", || loopback.pass()));
    compare("a packet of 20 ms, 200 rooms of two", subjects);
    Ok(())
}
