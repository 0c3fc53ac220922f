//! RTCP packets (RFC 3550 section 6): sender and receiver reports, SDES with CNAME, BYE.
//!
//! We send compound packets of one report with at most one block, the CNAME and, at the end, BYE.
//! What comes is read for its sender reports and for blocks about us; everything else is stepped
//! over, and nothing is answered. Times are of the engine's clock: RFC 3550 section 6.4.1 allows
//! the time since the session began in place of the wall clock.

use rotaline_model::Mono;

use crate::receive::Reception;
use crate::rtp::Ssrc;

const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const SOURCE_DESCRIPTION: u8 = 202;
const GOODBYE: u8 = 203;
const CNAME: u8 = 1;
const BLOCK_LENGTH: usize = 24;
/// Room for the longest compound packet that we send: SR with a block, SDES, BYE.
pub(crate) const MAX_LENGTH: usize = 128;

/// A random canonical name (RFC 7022 section 4.2: 96 bits).
pub(crate) type CanonicalName = [u8; CNAME_LENGTH];
const CNAME_LENGTH: usize = 16;

/// What we have sent, for a sender report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    /// RTP timestamp of the present.
    pub(crate) timestamp: u32,
    pub(crate) packets: u32,
    pub(crate) octets: u32,
}

/// What is to be printed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Report<'a> {
    pub(crate) now: Mono,
    pub(crate) ssrc: Ssrc,
    /// Some: a sender report.
    pub(crate) sent: Option<Sent>,
    /// What we receive, with the last sender report's middle NTP bits and arrival, if any came.
    pub(crate) received: Option<(Reception, Option<LastReport>)>,
    pub(crate) cname: &'a CanonicalName,
    pub(crate) ending: Ending,
}

/// Whether the report is the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    GoesOn,
    Goodbye,
}

/// The last sender report of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LastReport {
    pub(crate) middle_ntp: u32,
    pub(crate) arrival: Mono,
}

/// What a compound packet told us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// A sender report of this source.
    SenderReport { ssrc: Ssrc, middle_ntp: u32 },
    /// A block about one of our streams: how long ago our report came back, if it names one.
    Block {
        about: Ssrc,
        round_trip_ms: Option<u32>,
    },
    /// A source leaves.
    Goodbye { ssrc: Ssrc },
}

impl Report<'_> {
    /// The compound packet; its bytes are the first of `out`, as many as the answer.
    pub(crate) fn write(&self, out: &mut [u8; MAX_LENGTH]) -> usize {
        let mut writer = Writer { out, length: 0 };
        let (kind, fixed_words) = match self.sent {
            Some(_) => (SENDER_REPORT, 6),
            None => (RECEIVER_REPORT, 1),
        };
        let blocks = u8::from(self.received.is_some());
        let block_words = u16::from(blocks) * (BLOCK_LENGTH as u16 / 4);
        writer.head(blocks, kind, fixed_words + block_words);
        writer.word(self.ssrc.0);
        if let Some(sent) = self.sent {
            let (seconds, fraction) = ntp(self.now);
            for word in [seconds, fraction, sent.timestamp, sent.packets, sent.octets] {
                writer.word(word);
            }
        }
        if let Some((reception, last)) = self.received {
            writer.block(self.now, reception, last);
        }
        writer.description(self.ssrc, self.cname);
        match self.ending {
            Ending::GoesOn => {}
            Ending::Goodbye => {
                writer.head(1, GOODBYE, 1);
                writer.word(self.ssrc.0);
            }
        }
        writer.length
    }
}

/// Reads a compound packet as far as it is well formed; false if not even its first packet is.
//= RFC 3550 section A.2
//# the payload type field of the first RTCP packet in a compound packet must be equal to SR or RR
pub(crate) fn read(now: Mono, compound: &[u8], mut tell: impl FnMut(Told)) -> bool {
    if !matches!(compound, [_, SENDER_REPORT | RECEIVER_REPORT, ..]) {
        return false;
    }
    let mut rest = compound;
    let mut any = false;
    while let Some([first, kind, l0, l1]) = rest.first_chunk().copied() {
        let length = 4 * (1 + usize::from(u16::from_be_bytes([l0, l1])));
        let Some((packet, next)) = rest.split_at_checked(length) else {
            break;
        };
        if first >> 6 != 2 {
            break;
        }
        any = true;
        read_one(now, first & 0x1f, kind, packet, &mut tell);
        rest = next;
    }
    any
}

fn read_one(now: Mono, count: u8, kind: u8, packet: &[u8], tell: &mut impl FnMut(Told)) {
    let blocks_at = match kind {
        SENDER_REPORT => {
            if let (Some(ssrc), Some(seconds), Some(fraction)) =
                (word(packet, 4), word(packet, 8), word(packet, 12))
            {
                tell(Told::SenderReport {
                    ssrc: Ssrc(ssrc),
                    middle_ntp: (seconds << 16) | (fraction >> 16),
                });
            }
            28
        }
        RECEIVER_REPORT => 8,
        GOODBYE => {
            for n in 0..usize::from(count) {
                if let Some(ssrc) = word(packet, 4 + 4 * n) {
                    tell(Told::Goodbye { ssrc: Ssrc(ssrc) });
                }
            }
            return;
        }
        _ => return,
    };
    for n in 0..usize::from(count) {
        let at = blocks_at + n * BLOCK_LENGTH;
        let (Some(about), Some(last), Some(delay)) = (
            word(packet, at),
            word(packet, at + 16),
            word(packet, at + 20),
        ) else {
            return;
        };
        tell(Told::Block {
            about: Ssrc(about),
            round_trip_ms: (last != 0).then(|| round_trip_ms(now, last, delay)),
        });
    }
}

//= RFC 3550 section 6.4.1
//# calculates the total round-trip time A-LSR using the last SR timestamp (LSR) field, and then
//# subtracting this field to leave the round-trip propagation delay as (A - LSR - DLSR)
fn round_trip_ms(now: Mono, last: u32, delay: u32) -> u32 {
    let round_trip = middle(now).wrapping_sub(last).wrapping_sub(delay);
    // A peer whose clock runs a little fast makes it negative.
    let round_trip = round_trip.cast_signed().max(0).unsigned_abs();
    ((u64::from(round_trip) * 1000) >> 16) as u32
}

fn word(packet: &[u8], at: usize) -> Option<u32> {
    let bytes = packet.get(at..)?.first_chunk()?;
    Some(u32::from_be_bytes(*bytes))
}

/// Seconds and their 2^-32 parts since the clock's origin.
fn ntp(now: Mono) -> (u32, u32) {
    let nanoseconds = now.as_nanos();
    let fraction = ((nanoseconds % 1_000_000_000) << 32) / 1_000_000_000;
    ((nanoseconds / 1_000_000_000) as u32, fraction as u32)
}

fn middle(now: Mono) -> u32 {
    let (seconds, fraction) = ntp(now);
    (seconds << 16) | (fraction >> 16)
}

struct Writer<'a> {
    out: &'a mut [u8; MAX_LENGTH],
    length: usize,
}

impl Writer<'_> {
    fn bytes(&mut self, bytes: &[u8]) {
        // Never longer than MAX_LENGTH (tested with everything in it); if it were, it is cut.
        let room = self.out.len() - self.length;
        let fits = bytes.len().min(room);
        self.out[self.length..self.length + fits].copy_from_slice(&bytes[..fits]);
        self.length += fits;
    }

    fn word(&mut self, word: u32) {
        self.bytes(&word.to_be_bytes());
    }

    fn head(&mut self, count: u8, kind: u8, words_that_follow: u16) {
        let [l0, l1] = words_that_follow.to_be_bytes();
        self.bytes(&[0x80 | count, kind, l0, l1]);
    }

    fn block(&mut self, now: Mono, reception: Reception, last: Option<LastReport>) {
        self.word(reception.ssrc.0);
        self.word(u32::from(reception.fraction_lost) << 24 | reception.lost & 0x00ff_ffff);
        self.word(reception.highest_sequence);
        self.word(reception.jitter);
        let (last_report, delay) = last.map_or((0, 0), |last| {
            let delay = now.since(last.arrival).as_nanos() << 16;
            (last.middle_ntp, (delay / 1_000_000_000) as u32)
        });
        self.word(last_report);
        self.word(delay);
    }

    fn description(&mut self, ssrc: Ssrc, cname: &CanonicalName) {
        // SSRC; type, length and text; and zeros (at least one) up to a whole word.
        let text = 2 + CNAME_LENGTH;
        let padding = 4 - text % 4;
        self.head(1, SOURCE_DESCRIPTION, 1 + (text + padding) as u16 / 4);
        self.word(ssrc.0);
        self.bytes(&[CNAME, CNAME_LENGTH as u8]);
        self.bytes(cname);
        self.bytes(&[0; 4][..padding]);
    }
}

#[cfg(test)]
mod tests;
