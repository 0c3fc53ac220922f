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
//! A relayed source that stops is stood in for (`anchor.rs` says when and how): silence takes the
//! numbers and times of the packets that are missing, and the source goes on behind it unshifted.

use std::time::Duration;

use rotaline_model::Mono;

use crate::rtp::{Header, Ssrc};

use anchor::{Anchor, Flow};

mod anchor;

/// Samples of a local packet: 20 ms.
pub(crate) const PACKET_SAMPLES: usize = 160;
/// A local packet is left out if more than this is covered already (10 ms).
const COVERED_SAMPLES: i32 = 80;
/// Left-out packets never make a pause longer than this: a source whose clock runs fast has then
/// moved ours, and we follow.
const LONGEST_PAUSE: Duration = Duration::from_millis(60);
/// A relayed timestamp further than this from the clock is anchored anew (1 s: 200 ppm of drift
/// take 80 minutes).
const ASTRAY_SAMPLES: u32 = 8000;
/// A source that comes back keeps its timestamps if they lead by no more (100 ms).
const LEAD_SAMPLES: i32 = 800;
/// A source that something was played in place of is moved onto the clock if it is up to this late
/// (40 ms); if it is later, its packets may be a burst that a stall held back.
const LATE_SAMPLES: i32 = 320;
/// Packets of a source that was stood in for may be late by this much and be in time again soon
/// (60 ms): then no more silence is sent, and those whose time was filled are dropped.
const RETURNING_SAMPLES: i32 = 480;

/// What the packets of a leg are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// No packet yet, or none for a while (hold).
    Nothing,
    Silence,
    /// Silence that stands in for the source that is relayed.
    Filling,
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
    /// The last press, and its timestamp, which all its packets bear.
    pressed: Option<(u32, u32)>,
    packets: u64,
    octets: u64,
}

/// What kind of packet is relayed, and how much time it covers, in samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Relayed {
    Audio {
        samples: u32,
    },
    /// `press` is the number that the leg gave it.
    Event {
        duration: u32,
        press: u32,
    },
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
            pressed: None,
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

    /// Whether the relayed source is flowing, so that a local packet for the instant `at` would be
    /// one too many.
    pub(crate) fn is_relaying(&self, at: Mono) -> bool {
        self.relayed_source()
            .is_some_and(|anchor| anchor.is_flowing(at))
    }

    /// What the source sends at present is not relayed, or does not follow on: it was barred, is
    /// comfort noise, began anew. Silence stands in for it from the next tick on.
    pub(crate) fn interrupt_relay(&mut self) {
        if self.relayed_source().is_some()
            && let Some(anchor) = &mut self.anchor
        {
            anchor.flow = Flow::Interrupted;
        }
    }

    /// Another leg may be the source from now on.
    pub(crate) fn forget_source(&mut self) {
        if self.relayed_source().is_some() {
            self.origin = Origin::Nothing;
        }
        self.anchor = None;
        self.pressed = None;
    }

    /// No packets for a while.
    pub(crate) fn pause(&mut self) {
        self.origin = Origin::Nothing;
    }

    /// Whether packets cover the instant `at` already, so that a local one is to be left out.
    pub(crate) fn is_covered(&self, at: Mono) -> bool {
        let present = self
            .relayed_source()
            .map_or_else(|| self.clock(at), |anchor| anchor.present(at));
        ahead(self.covered, present) > COVERED_SAMPLES && at.since(self.sent_at) < LONGEST_PAUSE
    }

    /// The header of a local packet of [`PACKET_SAMPLES`] that belongs to the instant `at`.
    pub(crate) fn local(&mut self, at: Mono, origin: Origin, payload_type: u8) -> Header {
        let (origin, timestamp) = match self.relayed_source() {
            Some(anchor) if origin == Origin::Silence => {
                (Origin::Filling, anchor.missing(at, self.covered))
            }
            Some(_) | None => (origin, self.local_timestamp(at)),
        };
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
        if let Relayed::Event { duration, press } = what
            && self.is_filled(incoming)
        {
            let header = self.late_event(now, incoming, press, duration);
            self.count(now, header.timestamp, payload_length);
            return Some(Header {
                payload_type,
                ..header
            });
        }
        let is_fresh = self.tie(now, incoming, what)?;
        let pressed = self.pressed;
        let anchor = self.anchor.as_mut()?;
        anchor.forget_old(incoming.sequence);
        let mut header = Header {
            marker: is_fresh || incoming.marker,
            payload_type,
            sequence: incoming.sequence.wrapping_add(anchor.sequence_shift),
            timestamp: anchor.timestamp(incoming),
            ssrc: self.ssrc,
        };
        let samples = match what {
            Relayed::Audio { samples } => {
                anchor.set_packet(samples);
                samples
            }
            Relayed::Event { duration, press } => {
                if let Some(timestamp) = timestamp_of(pressed, press) {
                    header.timestamp = timestamp;
                    // Amid a press a marker could be taken for another press.
                    header.marker = incoming.marker;
                }
                self.pressed = Some((press, header.timestamp));
                duration
            }
        };
        let end = header.timestamp.wrapping_add(samples);
        anchor.hear(now, end);
        if !is_before(header.sequence, self.sequence) {
            self.sequence = header.sequence.wrapping_add(1);
        }
        self.covered = later(self.covered, end);
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
        let timestamp = self
            .press_timestamp(press)
            .unwrap_or_else(|| self.clock(now));
        self.pressed = Some((press, timestamp));
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

    /// Ties the source of `incoming` to our numbers if it is not yet, and tells whether that is
    /// new; none if the packet is to be dropped.
    fn tie(&mut self, now: Mono, incoming: &Header, what: Relayed) -> Option<bool> {
        let relayed = self.relayed_source();
        let anchor = match relayed.filter(|anchor| anchor.source == incoming.ssrc) {
            None => self.switch_to(now, incoming)?,
            Some(anchor) if !self.is_stood_in_for(anchor) => {
                if !self.is_astray(now, anchor.timestamp(incoming)) {
                    return (!anchor.is_taken(incoming, what)).then_some(false);
                }
                self.switch_to(now, incoming)?
            }
            Some(_) => self.resume(now, incoming)?,
        };
        self.anchor = Some(anchor);
        Some(true)
    }

    fn is_stood_in_for(&self, anchor: &Anchor) -> bool {
        self.origin != Origin::Relay || anchor.flow != Flow::Runs
    }

    /// Whether silence was sent for the packet's time.
    fn is_filled(&self, incoming: &Header) -> bool {
        self.relayed_source().is_some_and(|anchor| {
            anchor.source == incoming.ssrc
                && self.is_stood_in_for(anchor)
                && ahead(self.covered, anchor.timestamp(incoming)) > 0
        })
    }

    /// An event whose time was filled already: a press is too dear to be dropped. It comes between
    /// the silence, from when that ended, or as before if it began before; the silence stops.
    fn late_event(&mut self, now: Mono, incoming: &Header, press: u32, duration: u32) -> Header {
        let timestamp = self.press_timestamp(press).unwrap_or(self.covered);
        self.pressed = Some((press, timestamp));
        let header = Header {
            marker: incoming.marker,
            payload_type: incoming.payload_type,
            sequence: self.sequence,
            timestamp,
            ssrc: self.ssrc,
        };
        self.sequence = self.sequence.wrapping_add(1);
        let end = timestamp.wrapping_add(duration);
        self.covered = later(self.covered, end);
        if let Some(anchor) = &mut self.anchor {
            anchor.hear(now, end);
            anchor.come_back();
        }
        header
    }

    fn press_timestamp(&self, press: u32) -> Option<u32> {
        timestamp_of(self.pressed, press)
    }

    /// The source that is relayed, or that silence stands in for.
    fn relayed_source(&self) -> Option<&Anchor> {
        match self.origin {
            Origin::Relay | Origin::Filling => self.anchor.as_ref(),
            Origin::Nothing | Origin::Silence | Origin::Playing(_) | Origin::Mix => None,
        }
    }

    /// The anchor of a source that silence stood in for.
    fn resume(&mut self, now: Mono, incoming: &Header) -> Option<Anchor> {
        let (sequence, covered) = (self.sequence, self.covered);
        let anew = later(self.clock(now), covered);
        let anchor = self.anchor.as_mut()?;
        let timestamp = anchor.timestamp(incoming);
        let late = ahead(covered, timestamp);
        if late > 0 {
            if late < 2 * ASTRAY_SAMPLES as i32 && anchor.is_held_back(now, late) {
                if late <= RETURNING_SAMPLES {
                    anchor.hear(now, timestamp.wrapping_add(anchor.packet()));
                    anchor.come_back();
                }
                return None;
            }
            return Some(Anchor::new(now, incoming, sequence, anew));
        }
        let early = ahead(timestamp, anchor.present(now));
        let mut anchor = *anchor;
        if early > LEAD_SAMPLES || self.is_astray(now, timestamp) {
            return Some(Anchor::new(now, incoming, sequence, anew));
        }
        anchor.resume(incoming.sequence, sequence, covered);
        Some(anchor)
    }

    /// Ties a source to our numbers, at its packet `incoming`, after packets of another origin.
    fn switch_to(&mut self, now: Mono, incoming: &Header) -> Option<Anchor> {
        let clock = self.clock(now);
        let mut timestamp = later(clock, self.covered);
        if let Some(before) = &mut self.anchor
            && before.source == incoming.ssrc
        {
            let kept = before.timestamp(incoming);
            let late = ahead(self.covered, kept);
            let allowed_late = if before.was_held_back() {
                PACKET_SAMPLES as i32
            } else {
                LATE_SAMPLES
            };
            if late <= 0 && ahead(kept, clock) <= LEAD_SAMPLES {
                timestamp = kept;
            } else if late > allowed_late
                && late < 2 * ASTRAY_SAMPLES as i32
                && before.is_held_back(now, late)
            {
                return None;
            }
        }
        Some(Anchor::new(now, incoming, self.sequence, timestamp))
    }

    fn is_astray(&self, now: Mono, timestamp: u32) -> bool {
        ahead(timestamp, self.clock(now)).unsigned_abs() > ASTRAY_SAMPLES
    }

    /// The timestamp of a local packet that follows no source; the clock follows what was covered.
    fn local_timestamp(&mut self, at: Mono) -> u32 {
        let lead = ahead(self.covered, self.clock(at));
        if lead > COVERED_SAMPLES {
            self.base = self.base.wrapping_add(lead.unsigned_abs());
        }
        later(self.clock(at), self.covered)
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

/// The timestamp of a press, if it is the last one.
fn timestamp_of(pressed: Option<(u32, u32)>, press: u32) -> Option<u32> {
    pressed
        .filter(|(before, _)| *before == press)
        .map(|(_, timestamp)| timestamp)
}

/// Samples in a time, cut to 32 bits as timestamps are.
fn samples(time: Duration) -> u32 {
    let whole = time.as_secs().wrapping_mul(8000) as u32;
    whole.wrapping_add(time.subsec_nanos() / 125_000)
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
