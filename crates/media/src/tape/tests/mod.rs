//! Tests of the tape and its clock, on virtual time.

mod alignment;
mod clock;
mod law;
mod window;

use std::net::SocketAddr;

use rotaline_model::{CaseId, Mono};

use crate::{Event, Io, TapeChunk, TapeId, TapeMessage};

fn tape_id() -> TapeId {
    let case = "01890a5d-ac96-774b-bcce-b302099a8057";
    TapeId {
        case: case.parse::<CaseId>().unwrap(),
        part: 0,
    }
}

fn at_ms(milliseconds: u64) -> Mono {
    Mono::from_nanos(milliseconds * 1_000_000)
}

/// A driver that writes a recording as the engine's writer would: gaps are silence.
#[derive(Default)]
struct Writer {
    frames: Vec<[u8; 2]>,
    started: bool,
    stopped: bool,
    chunks: u64,
    allocated: u64,
    #[expect(clippy::vec_box, reason = "the boundary passes boxes")]
    spare: Vec<Box<TapeChunk>>,
}

impl Writer {
    fn channel(&self, channel: usize) -> Vec<u8> {
        self.frames.iter().map(|frame| frame[channel]).collect()
    }
}

impl Io for Writer {
    fn send_rtp(&mut self, _slot: u32, _to: SocketAddr, _packet: &[u8]) {
        panic!("a tape sends nothing");
    }

    fn send_rtcp(&mut self, _slot: u32, _to: SocketAddr, _packet: &[u8]) {
        panic!("a tape sends nothing");
    }

    fn tape(&mut self, message: TapeMessage) {
        match message {
            TapeMessage::Started(_) => self.started = true,
            TapeMessage::Stopped(_) => self.stopped = true,
            TapeMessage::Chunk(chunk) => {
                assert!(self.started && !self.stopped);
                let start = usize::try_from(chunk.start).unwrap();
                assert!(start >= self.frames.len(), "chunks overlap");
                self.frames.resize(start, [0xD5; 2]);
                self.frames.extend_from_slice(&chunk.frames);
                self.chunks += 1;
                self.spare.push(chunk);
            }
        }
    }

    fn spare_chunk(&mut self, tape: TapeId) -> Box<TapeChunk> {
        self.spare.pop().unwrap_or_else(|| {
            self.allocated += 1;
            Box::new(TapeChunk {
                tape,
                start: 0,
                frames: Vec::with_capacity(super::CHUNK_FRAMES as usize),
            })
        })
    }

    fn event(&mut self, event: Event) {
        panic!("a tape tells the switch nothing: {event:?}");
    }
}

/// Reproducible randomness (SplitMix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Evenly from 0 up to 1.
    fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}
