//! One recording in the making: a window of stereo A-law on the case's timeline.
//!
//! Frame n belongs to the instant `start + n * 125 us`. A frame leaves the window [`DELAY_FRAMES`]
//! after its instant at the earliest, so that what is found to be secret half a second late can
//! still be blanked. What nobody placed is silence.
//!
//! ```text
//!      emitted            now - 500 ms            now      emitted + WINDOW_FRAMES
//!  ───────┼─────────────────────┼──────────────────┼──────────────┼──▶ frames
//!  writer │ next chunk (200 ms) │ delay line       │ early frames │ refused
//! ```
//!
//! Not here: files (the engine's writer), mixing (a frame placed later replaces an earlier one).

use std::time::Duration;

use rotaline_model::Mono;

use super::law::{SILENCE, to_alaw};
use crate::{Codec, Io, TapeId, TapeMessage};

/// How long a frame stays in the window at least (500 ms).
pub const DELAY_FRAMES: u64 = 4_000;
/// Length of a chunk (200 ms); a tape's last may be shorter.
pub const CHUNK_FRAMES: u64 = 1_600;
/// Length of the window (768 ms, 12 kB).
const WINDOW_FRAMES: u64 = 6_144;
/// Audio that is off from the end of the side's last by no more than this is put right behind it,
/// so that a driver's jitter of up to 3 ms makes no clicks.
const SNAP_FRAMES: u64 = 24;
/// Audio further ahead of the window than this is absurd and refused; nearer than this the window
/// moves on for it (the thread was late in advancing).
const LEAP_FRAMES: u64 = 80_000;
const FRAME_NS: u64 = 125_000;

/// Which channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// The caller (or, in a whisper's recording, the specialist).
    Left,
    /// What that party hears.
    Right,
}

/// Packets that did not make it onto a tape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct TapeCounts {
    /// Older than the window.
    pub late: u64,
    /// From before the recording's start.
    pub before_start: u64,
    /// Absurdly far in the future.
    pub ahead: u64,
}

/// One recording's window.
#[derive(Debug)]
pub struct Tape {
    id: TapeId,
    start: Mono,
    window: Box<[[u8; 2]]>,
    /// Frames handed to the writer; the window's first.
    emitted: u64,
    /// Where each side's last audio ended.
    ends: [u64; 2],
    mask: Mask,
    counts: TapeCounts,
}

/// What is to be silent, as frames.
#[derive(Clone, Copy, Debug)]
enum Mask {
    Off,
    From(u64),
    Was { from: u64, to: u64 },
}

impl Tape {
    /// Begins a recording: tells the writer.
    pub fn start(id: TapeId, now: Mono, io: &mut impl Io) -> Self {
        io.tape(TapeMessage::Started(id));
        Tape {
            id,
            start: now,
            window: vec![[SILENCE; 2]; WINDOW_FRAMES as usize].into_boxed_slice(),
            emitted: 0,
            ends: [0; 2],
            mask: Mask::Off,
            counts: TapeCounts::default(),
        }
    }

    /// Which recording this is.
    pub fn id(&self) -> TapeId {
        self.id
    }

    /// What was dropped so far.
    pub fn counts(&self) -> TapeCounts {
        self.counts
    }

    /// Puts a packet's audio on one side, its first sample at `at`: for received audio what
    /// [`super::SourceClock::map`] says, for sent audio the nominal instant of the packet (not
    /// the instant at which the thread came round to sending it).
    ///
    /// Audio from before the start, or older than the window, is dropped and counted.
    pub fn place(&mut self, side: Side, at: Mono, codec: Codec, payload: &[u8], io: &mut impl Io) {
        let before_start = frames_of(self.start.since(at));
        if before_start >= payload.len() as u64 {
            self.counts.before_start += u64::from(!payload.is_empty());
            return;
        }
        let payload = &payload[before_start as usize..];
        let first = self.snap(side, frames_of(at.since(self.start)));
        let end = first + payload.len() as u64;
        if end <= self.emitted {
            self.counts.late += 1;
            return;
        }
        if end > self.emitted + WINDOW_FRAMES {
            if end > self.emitted + LEAP_FRAMES {
                self.counts.ahead += 1;
                return;
            }
            self.emit_until(end - WINDOW_FRAMES.min(end), io);
        }
        let skip = self.emitted.saturating_sub(first);
        let payload = &payload[(skip as usize).min(payload.len())..];
        self.write(side, first + skip, codec, payload);
        let side_end = &mut self.ends[side as usize];
        *side_end = end.max(*side_end);
    }

    /// Hands on what is older than the delay line, in whole chunks.
    pub fn advance(&mut self, now: Mono, io: &mut impl Io) {
        let old = self.frame_at(now).saturating_sub(DELAY_FRAMES);
        let whole_chunks = old.saturating_sub(self.emitted) / CHUNK_FRAMES * CHUNK_FRAMES;
        self.emit_until(self.emitted + whole_chunks, io);
    }

    /// Begins or ends silence in place of both sides.
    ///
    /// It begins at `now - 500 ms`, the whole delay line: a key that is recognised late (in-band
    /// digits) or that was keyed ahead of its question is blanked from its start, at the price of
    /// at most half a second of talk. It ends at `now`; audio from before that which comes later
    /// stays silent. Two masks less than a window apart become one.
    pub fn mask(&mut self, now: Mono, masked: bool) {
        let here = self.frame_at(now);
        self.mask = match (self.mask, masked) {
            (Mask::From(from), true) => Mask::From(from),
            (Mask::From(from), false) => Mask::Was { from, to: here },
            (Mask::Was { from, to }, true) if to > self.emitted => Mask::From(from),
            (Mask::Off | Mask::Was { .. }, true) => Mask::From(here.saturating_sub(DELAY_FRAMES)),
            (unmasked @ (Mask::Off | Mask::Was { .. }), false) => unmasked,
        };
        if let Mask::From(from) = self.mask {
            self.blank(from.max(self.emitted), self.emitted + WINDOW_FRAMES);
        }
    }

    /// Ends the recording at `now`: hands on all that is left, and tells the writer.
    pub fn finish(mut self, now: Mono, io: &mut impl Io) {
        let end = self.frame_at(now);
        // In two steps, so that the last frame is handed on even after a stall, which
        // `emit_until` would skip.
        self.emit_until(end.saturating_sub(CHUNK_FRAMES), io);
        self.emit_until(end, io);
        io.tape(TapeMessage::Stopped(self.id));
    }

    fn frame_at(&self, now: Mono) -> u64 {
        frames_of(now.since(self.start))
    }

    fn snap(&self, side: Side, first: u64) -> u64 {
        let end = self.ends[side as usize];
        if end != 0 && first.abs_diff(end) <= SNAP_FRAMES {
            end
        } else {
            first
        }
    }

    /// Frames `first..` must be within the window.
    fn write(&mut self, side: Side, first: u64, codec: Codec, payload: &[u8]) {
        let channel = side as usize;
        let (masked_from, masked_to) = self.mask.range();
        let end = first + payload.len() as u64;
        if masked_from < end && first < masked_to {
            let before = masked_from.saturating_sub(first) as usize;
            let after = masked_to.saturating_sub(first).min(payload.len() as u64) as usize;
            let (head, tail) = (&payload[..before], &payload[after..]);
            self.copy(channel, first, codec, head);
            self.copy(channel, first + after as u64, codec, tail);
        } else {
            self.copy(channel, first, codec, payload);
        }
    }

    fn copy(&mut self, channel: usize, first: u64, codec: Codec, payload: &[u8]) {
        let at = (first % WINDOW_FRAMES) as usize;
        let until_wrap = payload.len().min(self.window.len() - at);
        let (head, tail) = payload.split_at(until_wrap);
        for (frame, sample) in self.window[at..].iter_mut().zip(head) {
            frame[channel] = to_alaw(codec, *sample);
        }
        for (frame, sample) in self.window.iter_mut().zip(tail) {
            frame[channel] = to_alaw(codec, *sample);
        }
    }

    fn blank(&mut self, from: u64, to: u64) {
        for frame in from..to {
            self.window[(frame % WINDOW_FRAMES) as usize] = [SILENCE; 2];
        }
    }

    /// Hands on frames up to `until`. What lies beyond the window was never placed: it is skipped,
    /// and the writer puts silence there.
    fn emit_until(&mut self, until: u64, io: &mut impl Io) {
        let held = until.min(self.emitted + WINDOW_FRAMES);
        while self.emitted < held {
            let length = (held - self.emitted).min(CHUNK_FRAMES);
            self.emit(length, io);
        }
        self.emitted = self.emitted.max(until);
    }

    fn emit(&mut self, length: u64, io: &mut impl Io) {
        let mut chunk = io.spare_chunk(self.id);
        chunk.tape = self.id;
        chunk.start = self.emitted;
        chunk.frames.clear();
        let at = (self.emitted % WINDOW_FRAMES) as usize;
        let length = length as usize;
        let until_wrap = length.min(self.window.len() - at);
        for range in [at..at + until_wrap, 0..length - until_wrap] {
            chunk.frames.extend_from_slice(&self.window[range.clone()]);
            self.window[range].fill([SILENCE; 2]);
        }
        self.emitted += length as u64;
        io.tape(TapeMessage::Chunk(chunk));
    }
}

impl Mask {
    fn range(self) -> (u64, u64) {
        match self {
            Mask::Off => (u64::MAX, u64::MAX),
            Mask::From(from) => (from, u64::MAX),
            Mask::Was { from, to } => (from, to),
        }
    }
}

/// To the nearest frame.
fn frames_of(time: Duration) -> u64 {
    let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    nanoseconds.saturating_add(FRAME_NS / 2) / FRAME_NS
}
