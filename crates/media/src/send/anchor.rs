//! A relayed source: how its numbers become ours, and what stands in for it when it stops
//! (SERVICE.md, wire manners: packets flow every packet time, in every state).
//!
//! Filling begins at the first tick that is more than three packet times (60 ms) after the source's
//! last packet: 40 ms of jitter, or the loss of two packets, make no longer hole. Silence takes the
//! sequence numbers and timestamps of the packets that are missing, from the first on, and so runs
//! two packet times behind: a packet that is up to 40 ms late always finds its own place free.
//!
//! ```text
//!  source   0   20  40  (60, 80 lost)      100 120          0   20  (stops)         200
//!  leaves   0   20  40       gap           100 120          0   20  40  60 .. 140   200
//!                                                                   silence, m      m
//! ```
//!
//! When the source comes back, its numbers go on unshifted: what was lost and not stood in for is a
//! gap in the sequence, and a packet whose place was taken is dropped. Only a sequence that did not
//! go on while the source was silent (silence suppression) is moved, never a timestamp, unless the
//! source's own timestamps are others now.

use std::time::Duration;

use rotaline_model::Mono;

use super::{PACKET_SAMPLES, Relayed, ahead, is_before, later, samples};
use crate::rtp::{Header, Ssrc};

/// Packet times without a packet after which silence stands in.
const GAP_PACKETS: u32 = 3;
/// Of the packet times that a gap is counted in: 20 ms at least, 60 ms at most.
const LONGEST_PACKET_SAMPLES: u32 = 480;
/// Late packets are dropped as a burst that a stall held back, until one finds its place free, or
/// until they have not caught up for this long: then their timestamps are others now.
const BURST: Duration = Duration::from_millis(60);
/// A burst that catches up does so by this much in that time (40 ms).
const CAUGHT_UP_SAMPLES: i32 = 320;

/// How a relayed source's numbers become ours.
#[derive(Clone, Copy, Debug)]
pub(super) struct Anchor {
    pub(super) source: Ssrc,
    /// The source's sequence numbers before this one are of before the anchor, or were taken by
    /// what stood in for it.
    oldest: u16,
    /// The same of timestamps, as ours.
    free_from: u32,
    pub(super) sequence_shift: u16,
    timestamp_shift: u32,
    pub(super) flow: Flow,
    /// When the source's last packet came...
    heard_at: Mono,
    /// ...and the end of the newest time that its packets cover, as a timestamp of ours.
    heard_end: u32,
    /// Samples of its audio packets, within the bounds.
    packet: u32,
    /// How long a source of such packets is waited for.
    patience: Duration,
    late: Option<Late>,
}

/// Whether a source's next packet follows its last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    Runs,
    /// No: some that came were not relayed, so that their numbers are no loss.
    Interrupted,
    /// As before, but its packets come again and will soon be in time.
    Returning,
}

/// Packets that came late, one soon after the other.
#[derive(Clone, Copy, Debug)]
struct Late {
    since: Mono,
    /// How late they were then, in samples.
    by: i32,
    last: Mono,
}

impl Anchor {
    /// Ties a source to our numbers, at its packet `incoming`.
    pub(super) fn new(now: Mono, incoming: &Header, sequence: u16, timestamp: u32) -> Self {
        Anchor {
            source: incoming.ssrc,
            oldest: incoming.sequence,
            free_from: timestamp,
            sequence_shift: sequence.wrapping_sub(incoming.sequence),
            timestamp_shift: timestamp.wrapping_sub(incoming.timestamp),
            flow: Flow::Runs,
            heard_at: now,
            heard_end: timestamp,
            packet: PACKET_SAMPLES as u32,
            patience: patience(PACKET_SAMPLES as u32),
            late: None,
        }
    }

    /// A packet's timestamp as ours.
    pub(super) fn timestamp(&self, incoming: &Header) -> u32 {
        incoming.timestamp.wrapping_add(self.timestamp_shift)
    }

    /// Whether a packet's number, or the time of its audio, is taken by others.
    pub(super) fn is_taken(&self, incoming: &Header, what: Relayed) -> bool {
        let is_filled = match what {
            Relayed::Audio { .. } => ahead(self.free_from, self.timestamp(incoming)) > 0,
            Relayed::Event { .. } => false,
        };
        is_filled || is_before(incoming.sequence, self.oldest)
    }

    pub(super) fn packet(&self) -> u32 {
        self.packet
    }

    pub(super) fn set_packet(&mut self, samples: u32) {
        let samples = samples.clamp(PACKET_SAMPLES as u32, LONGEST_PACKET_SAMPLES);
        if samples != self.packet {
            self.packet = samples;
            self.patience = patience(samples);
        }
    }

    /// A packet came whose time ends at `end`.
    pub(super) fn hear(&mut self, now: Mono, end: u32) {
        self.heard_at = now;
        self.heard_end = later(self.heard_end, end);
    }

    /// Whether nothing needs to stand in for the source at the instant `at`.
    pub(super) fn is_flowing(&self, at: Mono) -> bool {
        match self.flow {
            Flow::Interrupted => false,
            Flow::Runs | Flow::Returning => at.since(self.heard_at) <= self.patience,
        }
    }

    /// The timestamp that the source's packet would have that came at `at`, by its own clock.
    pub(super) fn present(&self, at: Mono) -> u32 {
        self.heard_end
            .wrapping_sub(self.packet)
            .wrapping_add(samples(at.since(self.heard_at)))
    }

    /// The timestamp of the first packet that is missing after `covered` and is not to be waited
    /// for any longer at `at`.
    pub(super) fn missing(&self, at: Mono, covered: u32) -> u32 {
        let behind = (GAP_PACKETS - 1) * self.packet;
        let due = ahead(self.present(at).wrapping_sub(behind), covered);
        // More than one is due only if the thread slept.
        let packet = PACKET_SAMPLES as i32;
        let skipped = if due >= 2 * packet { due / packet } else { 0 };
        covered.wrapping_add(skipped.unsigned_abs() * PACKET_SAMPLES as u32)
    }

    /// The source's packets come, though some of their places are taken.
    pub(super) fn come_back(&mut self) {
        self.flow = match self.flow {
            Flow::Interrupted | Flow::Returning => Flow::Returning,
            Flow::Runs => Flow::Runs,
        };
    }

    /// The source goes on with its packet `incoming`; ours are free from `sequence` and `covered`.
    pub(super) fn resume(&mut self, incoming: u16, sequence: u16, covered: u32) {
        let kept = incoming.wrapping_add(self.sequence_shift);
        if self.flow != Flow::Runs || is_before(kept, sequence) {
            self.sequence_shift = sequence.wrapping_sub(incoming);
        }
        // A packet that was overtaken by the one that ended the silence still finds its place.
        self.oldest = sequence.wrapping_sub(self.sequence_shift);
        self.free_from = covered;
        self.flow = Flow::Runs;
        self.late = None;
    }

    pub(super) fn was_held_back(&self) -> bool {
        self.late.is_some()
    }

    /// Whether a packet that is `late` may be of a burst that a stall held back.
    pub(super) fn is_held_back(&mut self, now: Mono, late: i32) -> bool {
        let fresh = Late {
            since: now,
            by: late,
            last: now,
        };
        let run = match self.late {
            Some(run) if now.since(run.last) <= BURST => run,
            Some(_) | None => fresh,
        };
        let is_stale = now.since(run.since) >= BURST;
        let catches_up = late <= run.by - CAUGHT_UP_SAMPLES;
        let run = if is_stale { fresh } else { run };
        self.late = Some(Late { last: now, ..run });
        !is_stale || catches_up
    }

    /// Old numbers are forgotten long before they could be taken for new ones.
    pub(super) fn forget_old(&mut self, newest: u16) {
        if newest.wrapping_sub(self.oldest) > 512 {
            self.oldest = newest.wrapping_sub(256);
        }
    }
}

fn patience(packet: u32) -> Duration {
    Duration::from_micros(u64::from(GAP_PACKETS * packet) * 125)
}
