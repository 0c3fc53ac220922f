//! The outgoing stream of a leg: one SSRC for life, whatever its packets are made of
//! (RFC 3550 section 5.1; SERVICE.md, wire manners).
//!
//! ```text
//!            local (every 20 ms)              relayed (when it comes)          local
//!  sequence  10 11 12 13                      14 15 .. 17 18                   19 20
//!  timestamp the stream's clock               the source's, shifted            the clock again
//!  marker    m           (first of a source)  m                                m
//! ```
//!
//! The clock is base + time since the leg was opened. A relayed source is anchored to it with its
//! first packet and then keeps its own sequence (so that what it lost stays visible as a gap) and
//! its own timestamps. Timestamps may lead the clock by a packet or so, so that no two packets
//! cover the same time; a local packet whose time is covered already is left out.
//!
//! When a source falls silent, local silence takes over (see `Leg`); when it comes back, it keeps
//! its timestamps if they still fit, and late packets of the time that was filled are dropped.

use std::time::Duration;

use rotaline_model::Mono;

use crate::rtp::{Header, Ssrc};

/// Samples of a local packet: 20 ms.
pub(crate) const PACKET_SAMPLES: usize = 160;
/// How long a relayed source may be silent before local silence takes over.
pub(crate) const RELAY_GAP: Duration = Duration::from_millis(100);
/// A local packet is left out if more than this is covered already (10 ms).
const COVERED_SAMPLES: i32 = 80;
/// Left-out packets never make a pause longer than this: a source whose clock runs fast has then
/// moved ours, and we follow.
const LONGEST_PAUSE: Duration = Duration::from_millis(60);
/// A relayed timestamp further than this from the clock is anchored anew (1 s: 200 ppm of drift
/// take 80 minutes).
const ASTRAY_SAMPLES: u32 = 8000;
/// A source that comes back keeps its timestamps if they lead the clock by no more (100 ms).
const LEAD_SAMPLES: i32 = 800;
/// A source that comes back up to this late is moved onto the clock (40 ms); if it is later...
const LATE_SAMPLES: i32 = 320;
/// ...its packets are dropped as a burst that a stall held back, until one is less than a packet
/// late, or until it is clear, after this long, that its timestamps are others now.
const BURST: Duration = Duration::from_millis(60);

/// What the packets of a leg are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// No packet yet, or none for a while (hold).
    Nothing,
    Silence,
    /// Prompts and tones; grows with each playing.
    Playing(u32),
    /// The other leg of a room.
    Relay,
    /// The others of a room.
    Mix,
}

/// An outgoing stream.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    ssrc: Ssrc,
    origin: Origin,
    /// Of the next packet.
    sequence: u16,
    /// The timestamp of `epoch`.
    base: u32,
    epoch: Mono,
    /// The end of the time that packets have covered.
    covered: u32,
    sent_at: Mono,
    timestamp: u32,
    anchor: Option<Anchor>,
    /// The last press of [`Outgoing::insert_event`], and its timestamp.
    inserted: Option<(u32, u32)>,
    packets: u64,
    octets: u64,
}

/// How a relayed source's numbers become ours.
#[derive(Clone, Copy, Debug)]
struct Anchor {
    source: Ssrc,
    /// The source's sequence numbers before this one are of before the anchor.
    oldest: u16,
    sequence_shift: u16,
    timestamp_shift: u32,
    late_since: Option<Mono>,
}

/// What kind of packet is relayed, and how much time it covers, in samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Relayed {
    Audio { samples: u32 },
    Event { duration: u32 },
}

impl Outgoing {
    pub(crate) fn new(ssrc: Ssrc, sequence: u16, base: u32, epoch: Mono) -> Self {
        Outgoing {
            ssrc,
            origin: Origin::Nothing,
            sequence,
            base,
            epoch,
            covered: base,
            sent_at: epoch,
            timestamp: base,
            anchor: None,
            inserted: None,
            packets: 0,
            octets: 0,
        }
    }

    pub(crate) fn ssrc(&self) -> Ssrc {
        self.ssrc
    }

    pub(crate) fn packets(&self) -> u64 {
        self.packets
    }

    pub(crate) fn octets(&self) -> u64 {
        self.octets
    }

    /// The timestamp of the present, for sender reports: the last packet's, and the time since.
    pub(crate) fn timestamp_at(&self, now: Mono) -> u32 {
        self.timestamp
            .wrapping_add(samples(now.since(self.sent_at)))
    }

    /// Whether the relayed source is flowing, so that a local packet would be one too many.
    pub(crate) fn is_relaying(&self, now: Mono) -> bool {
        self.origin == Origin::Relay && now.since(self.sent_at) < RELAY_GAP
    }

    /// The source's next packets will not follow on: it was barred, fell silent, began anew.
    pub(crate) fn interrupt_relay(&mut self) {
        if self.origin == Origin::Relay {
            self.origin = Origin::Nothing;
        }
    }

    /// Another leg may be the source from now on.
    pub(crate) fn forget_source(&mut self) {
        self.interrupt_relay();
        self.anchor = None;
        self.inserted = None;
    }

    /// No packets for a while.
    pub(crate) fn pause(&mut self) {
        self.origin = Origin::Nothing;
    }

    /// Whether packets cover the instant `at` already, so that a local one is to be left out.
    pub(crate) fn is_covered(&self, at: Mono) -> bool {
        ahead(self.covered, self.clock(at)) > COVERED_SAMPLES
            && at.since(self.sent_at) < LONGEST_PAUSE
    }

    /// The header of a local packet of [`PACKET_SAMPLES`] that belongs to the instant `at`.
    pub(crate) fn local(&mut self, at: Mono, origin: Origin, payload_type: u8) -> Header {
        let lead = ahead(self.covered, self.clock(at));
        if lead > COVERED_SAMPLES {
            self.base = self.base.wrapping_add(lead.unsigned_abs());
        }
        let timestamp = later(self.clock(at), self.covered);
        let marker = self.origin != origin || timestamp != self.covered;
        let header = Header {
            marker,
            payload_type,
            sequence: self.sequence,
            timestamp,
            ssrc: self.ssrc,
        };
        self.origin = origin;
        self.sequence = self.sequence.wrapping_add(1);
        self.covered = timestamp.wrapping_add(PACKET_SAMPLES as u32);
        self.count(at, timestamp, PACKET_SAMPLES);
        header
    }

    /// The header that a relayed packet goes on with; none if it is to be dropped.
    pub(crate) fn relay(
        &mut self,
        now: Mono,
        incoming: &Header,
        what: Relayed,
        payload_type: u8,
        payload_length: usize,
    ) -> Option<Header> {
        let anchored = match self.anchor {
            Some(anchor) if self.origin == Origin::Relay && anchor.source == incoming.ssrc => {
                let timestamp = incoming.timestamp.wrapping_add(anchor.timestamp_shift);
                let astray = ahead(timestamp, self.clock(now)).unsigned_abs() > ASTRAY_SAMPLES;
                if !is_before(incoming.sequence, anchor.oldest) && !astray {
                    Some(anchor)
                } else if astray {
                    None
                } else {
                    return None;
                }
            }
            Some(_) | None => None,
        };
        let fresh = anchored.is_none();
        let mut anchor = match anchored {
            Some(anchor) => anchor,
            None => self.anchor_at(now, incoming)?,
        };
        // Old numbers are forgotten long before they could be taken for new ones.
        if incoming.sequence.wrapping_sub(anchor.oldest) > 512 {
            anchor.oldest = incoming.sequence.wrapping_sub(256);
        }
        self.anchor = Some(anchor);
        let header = Header {
            marker: fresh || incoming.marker,
            payload_type,
            sequence: incoming.sequence.wrapping_add(anchor.sequence_shift),
            timestamp: incoming.timestamp.wrapping_add(anchor.timestamp_shift),
            ssrc: self.ssrc,
        };
        let (Relayed::Audio { samples } | Relayed::Event { duration: samples }) = what;
        if !is_before(header.sequence, self.sequence) {
            self.sequence = header.sequence.wrapping_add(1);
        }
        self.covered = later(self.covered, header.timestamp.wrapping_add(samples));
        self.origin = Origin::Relay;
        self.count(now, header.timestamp, payload_length);
        Some(header)
    }

    /// The header of an event packet that came on another SSRC than the source's audio: it is put
    /// between the audio, and its press (a number) keeps one timestamp.
    pub(crate) fn insert_event(
        &mut self,
        now: Mono,
        press: u32,
        marker: bool,
        payload_type: u8,
        payload_length: usize,
    ) -> Header {
        let timestamp = match self.inserted {
            Some((inserted, timestamp)) if inserted == press => timestamp,
            Some(_) | None => self.clock(now),
        };
        self.inserted = Some((press, timestamp));
        let header = Header {
            marker,
            payload_type,
            sequence: self.sequence,
            timestamp,
            ssrc: self.ssrc,
        };
        self.sequence = self.sequence.wrapping_add(1);
        if let Some(anchor) = &mut self.anchor {
            anchor.sequence_shift = anchor.sequence_shift.wrapping_add(1);
        }
        self.packets += 1;
        self.octets += payload_length as u64;
        header
    }

    /// Ties a source to our numbers, at its packet `incoming`.
    fn anchor_at(&mut self, now: Mono, incoming: &Header) -> Option<Anchor> {
        let clock = self.clock(now);
        let mut timestamp = later(clock, self.covered);
        if let Some(before) = &mut self.anchor
            && before.source == incoming.ssrc
        {
            let kept = incoming.timestamp.wrapping_add(before.timestamp_shift);
            let late = ahead(self.covered, kept);
            let allowed_late = match before.late_since {
                Some(_) => PACKET_SAMPLES as i32,
                None => LATE_SAMPLES,
            };
            if late <= 0 && ahead(kept, clock) <= LEAD_SAMPLES {
                timestamp = kept;
            } else if late > allowed_late && late.unsigned_abs() < 2 * ASTRAY_SAMPLES {
                let since = *before.late_since.get_or_insert(now);
                if now.since(since) < BURST {
                    return None;
                }
            }
        }
        Some(Anchor {
            source: incoming.ssrc,
            oldest: incoming.sequence,
            sequence_shift: self.sequence.wrapping_sub(incoming.sequence),
            timestamp_shift: timestamp.wrapping_sub(incoming.timestamp),
            late_since: None,
        })
    }

    fn clock(&self, at: Mono) -> u32 {
        self.base.wrapping_add(samples(at.since(self.epoch)))
    }

    fn count(&mut self, at: Mono, timestamp: u32, octets: usize) {
        self.sent_at = at;
        self.timestamp = timestamp;
        self.packets += 1;
        self.octets += octets as u64;
    }
}

/// Samples in a time, cut to 32 bits as timestamps are.
fn samples(time: Duration) -> u32 {
    (time.as_nanos() / 125_000) as u32
}

/// How far `a` is ahead of `b`; negative if behind.
fn ahead(a: u32, b: u32) -> i32 {
    a.wrapping_sub(b).cast_signed()
}

fn later(a: u32, b: u32) -> u32 {
    if ahead(a, b) > 0 { a } else { b }
}

fn is_before(a: u16, b: u16) -> bool {
    a.wrapping_sub(b).cast_signed() < 0
}

#[cfg(test)]
mod tests;
