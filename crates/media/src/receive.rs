//! What is known of one incoming stream: extended sequence, loss, jitter, restarts
//! (RFC 3550 sections 6.4.1, A.1, A.3 and A.8).
//!
//! A stream counts from its first packet: the probation of section A.1 is not wanted, since the
//! source's address was signalled. What passed out of order is told from what came twice.

use rotaline_model::Mono;

use crate::rtp::{Header, Ssrc};

/// A jump forward of this many packets or more is a restart (RFC 3550 section A.1).
const MAX_DROPOUT: u16 = 3000;
/// A packet may be this much behind the newest; older ones are a restart (RFC 3550 section A.1).
const MAX_MISORDER: u16 = 100;
/// How far back a packet that comes twice is recognised.
const WINDOW_PACKETS: u16 = 64;
/// So many packets missing in a row are a gap, which no concealment at the listener hides.
const GAP_PACKETS: u16 = 2;

/// One SSRC's stream.
#[derive(Clone, Debug)]
pub(crate) struct Incoming {
    ssrc: Ssrc,
    newest: u16,
    cycles: u32,
    first: u32,
    /// Where a restarted sequence would go on.
    restart_at: Option<u16>,
    received: u32,
    reported_expected: u32,
    reported_received: u32,
    /// Bit n: `newest - n` has been seen.
    window: u64,
    last_transit: Option<u32>,
    /// In samples, times 16 (RFC 3550 section A.8).
    jitter_16: u32,
    /// Losses of the sequences before a restart.
    lost_before: u64,
    received_before: u64,
    gaps: u32,
}

/// What to make of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// Newer than all before.
    Next,
    /// Out of order, not seen before.
    Late,
    /// Seen before, or too old to tell.
    Duplicate,
    /// Far off: a stray, or the first packet of a restarted sequence.
    Stray,
    /// The sequence began anew.
    Restarted,
}

/// A report block's contents (RFC 3550 section 6.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reception {
    pub(crate) ssrc: Ssrc,
    pub(crate) fraction_lost: u8,
    pub(crate) lost: u32,
    pub(crate) highest_sequence: u32,
    pub(crate) jitter: u32,
}

impl Incoming {
    pub(crate) fn new(header: &Header) -> Self {
        Incoming {
            ssrc: header.ssrc,
            newest: header.sequence,
            cycles: 0,
            first: u32::from(header.sequence),
            restart_at: None,
            received: 1,
            reported_expected: 0,
            reported_received: 0,
            window: 1,
            last_transit: None,
            jitter_16: 0,
            lost_before: 0,
            received_before: 0,
            gaps: 0,
        }
    }

    pub(crate) fn ssrc(&self) -> Ssrc {
        self.ssrc
    }

    /// Accounts for a packet of this SSRC after the first.
    pub(crate) fn accept(&mut self, sequence: u16) -> Arrival {
        let ahead = sequence.wrapping_sub(self.newest);
        let behind = self.newest.wrapping_sub(sequence);
        if ahead != 0 && ahead < MAX_DROPOUT {
            if sequence < self.newest {
                self.cycles = self.cycles.wrapping_add(1 << 16);
            }
            self.newest = sequence;
            self.gaps += u32::from(ahead > GAP_PACKETS);
            self.window = self.window.checked_shl(u32::from(ahead)).unwrap_or(0) | 1;
            self.received += 1;
            self.restart_at = None;
            Arrival::Next
        } else if behind < MAX_MISORDER {
            if behind >= WINDOW_PACKETS || self.window >> behind & 1 == 1 {
                return Arrival::Duplicate;
            }
            self.window |= 1 << behind;
            self.received += 1;
            Arrival::Late
        } else if self.restart_at == Some(sequence) {
            self.restart(sequence);
            Arrival::Restarted
        } else {
            self.restart_at = Some(sequence.wrapping_add(1));
            Arrival::Stray
        }
    }

    /// Follows the jitter; for audio only, since an event's timestamp stands still.
    //= RFC 3550 section 6.4.1
    //# D(i,j) = (Rj - Ri) - (Sj - Si)
    pub(crate) fn follow_jitter(&mut self, timestamp: u32, arrival: Mono) {
        // Samples since the origin, cut to 32 bits as timestamps are.
        let arrival = (arrival.as_nanos() / 125_000) as u32;
        let transit = arrival.wrapping_sub(timestamp);
        if let Some(last) = self.last_transit {
            let change = (transit.wrapping_sub(last) as i32).unsigned_abs();
            // A jump of the source's timestamps is no jitter.
            if change < 8000 {
                let decay = (self.jitter_16 + 8) >> 4;
                self.jitter_16 = self.jitter_16 + change - decay;
            }
        }
        self.last_transit = Some(transit);
    }

    /// Packets received, each counted once.
    pub(crate) fn received(&self) -> u64 {
        self.received_before + u64::from(self.received)
    }

    /// Packets that never came.
    pub(crate) fn lost(&self) -> u64 {
        self.lost_before + u64::from(self.expected().saturating_sub(self.received))
    }

    /// Holes of [`GAP_PACKETS`] or more, as they showed when the next packet came.
    pub(crate) fn gaps(&self) -> u32 {
        self.gaps
    }

    /// In milliseconds.
    pub(crate) fn jitter_ms(&self) -> f32 {
        self.jitter_16 as f32 / 16.0 / 8.0
    }

    /// What to report now; the next report's fraction counts from here (RFC 3550 section A.3).
    pub(crate) fn report(&mut self) -> Reception {
        let expected = self.expected();
        let expected_now = expected.wrapping_sub(self.reported_expected);
        let received_now = self.received.wrapping_sub(self.reported_received);
        self.reported_expected = expected;
        self.reported_received = self.received;
        let lost_now = expected_now.saturating_sub(received_now);
        let fraction = (u64::from(lost_now) << 8)
            .checked_div(u64::from(expected_now))
            .unwrap_or(0);
        Reception {
            ssrc: self.ssrc,
            fraction_lost: fraction.min(255) as u8,
            // 24 bits, signed: what does not fit is shown as the most that does.
            lost: self.lost().min(0x7f_ffff) as u32,
            highest_sequence: self.highest(),
            jitter: self.jitter_16 >> 4,
        }
    }

    fn highest(&self) -> u32 {
        self.cycles.wrapping_add(u32::from(self.newest))
    }

    fn expected(&self) -> u32 {
        self.highest().wrapping_sub(self.first).wrapping_add(1)
    }

    fn restart(&mut self, sequence: u16) {
        self.lost_before = self.lost();
        self.received_before = self.received();
        self.newest = sequence;
        self.cycles = 0;
        self.first = u32::from(sequence);
        self.restart_at = None;
        self.received = 1;
        self.reported_expected = 0;
        self.reported_received = 0;
        self.window = 1;
        self.last_transit = None;
    }
}

#[cfg(test)]
mod tests;
