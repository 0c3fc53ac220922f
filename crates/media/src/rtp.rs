//! RTP packets and telephone-events on the wire (RFC 3550 section 5.1, RFC 4733 section 2.3).
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |V=2|P|X|  CC   |M|     PT      |        sequence number        |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |                           timestamp                           |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |                             SSRC                              |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! | CSRCs (CC of them), header extension (X), payload, padding (P)|
//! ```
//!
//! CSRCs, extensions and padding are stepped over; we send none of them.

use std::ops::Range;

/// Bytes of a header without CSRCs and extension, the only kind that we send.
pub const HEADER_LENGTH: usize = 12;

/// Bytes of a telephone-event payload.
pub const EVENT_LENGTH: usize = 4;

/// Names a stream of RTP packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ssrc(pub u32);

/// The fixed part of a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Set on the first packet after a silence or a switch of source.
    pub marker: bool,
    /// What the payload is, 0 to 127.
    pub payload_type: u8,
    /// One more with each packet.
    pub sequence: u16,
    /// Time of the first sample, in samples.
    pub timestamp: u32,
    /// Whose.
    pub ssrc: Ssrc,
}

/// A packet that is well formed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Its header.
    pub header: Header,
    /// Where in the datagram its payload is; at least [`HEADER_LENGTH`] from the start.
    pub payload: Range<usize>,
}

/// Why a datagram is no RTP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Shorter than its header, CSRCs and extension say.
    #[error("the packet ends inside its header")]
    Truncated,
    /// Not version 2.
    #[error("not RTP version 2")]
    Version,
    /// The padding is longer than what follows the header, or of no length.
    #[error("the padding does not fit")]
    Padding,
}

impl Packet {
    /// Finds header and payload in a datagram.
    pub fn parse(datagram: &[u8]) -> Result<Packet, Malformed> {
        let fixed: &[u8; HEADER_LENGTH] = datagram.first_chunk().ok_or(Malformed::Truncated)?;
        let [first, second, s0, s1, t0, t1, t2, t3, i0, i1, i2, i3] = *fixed;
        if first >> 6 != 2 {
            return Err(Malformed::Version);
        }
        let header = Header {
            marker: second & 0x80 != 0,
            payload_type: second & 0x7f,
            sequence: u16::from_be_bytes([s0, s1]),
            timestamp: u32::from_be_bytes([t0, t1, t2, t3]),
            ssrc: Ssrc(u32::from_be_bytes([i0, i1, i2, i3])),
        };
        let mut start = HEADER_LENGTH + 4 * usize::from(first & 0x0f);
        if first & 0x10 != 0 {
            let rest = datagram.get(start..).ok_or(Malformed::Truncated)?;
            let [_, _, l0, l1] = *rest.first_chunk().ok_or(Malformed::Truncated)?;
            start += 4 + 4 * usize::from(u16::from_be_bytes([l0, l1]));
        }
        let mut end = datagram.len();
        if start > end {
            return Err(Malformed::Truncated);
        }
        if first & 0x20 != 0 {
            let padding = datagram.last().map_or(0, |last| usize::from(*last));
            if padding == 0 || padding > end - start {
                return Err(Malformed::Padding);
            }
            end -= padding;
        }
        Ok(Packet {
            header,
            payload: start..end,
        })
    }
}

impl Header {
    /// The header as it goes on the wire.
    pub fn to_bytes(self) -> [u8; HEADER_LENGTH] {
        let mut bytes = [0; HEADER_LENGTH];
        bytes[0] = 0x80;
        bytes[1] = (u8::from(self.marker) << 7) | (self.payload_type & 0x7f);
        bytes[2..4].copy_from_slice(&self.sequence.to_be_bytes());
        bytes[4..8].copy_from_slice(&self.timestamp.to_be_bytes());
        bytes[8..12].copy_from_slice(&self.ssrc.0.to_be_bytes());
        bytes
    }
}

/// Whether a datagram on an RTP port is RTCP in truth (RFC 5761 section 4).
pub fn is_rtcp(datagram: &[u8]) -> bool {
    matches!(datagram, [first, 192..=223, ..] if first >> 6 == 2)
}

/// A telephone-event payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TelephoneEvent {
    /// Event code; 0 to 15 are keys.
    pub event: u8,
    /// Whether the key is up.
    pub end: bool,
    /// Power level in -dBm0.
    pub volume: u8,
    /// How long it has lasted, in samples.
    pub duration: u16,
}

impl TelephoneEvent {
    /// Reads the first event of a payload.
    pub fn parse(payload: &[u8]) -> Option<TelephoneEvent> {
        let [event, flags, d0, d1] = *payload.first_chunk()?;
        Some(TelephoneEvent {
            event,
            end: flags & 0x80 != 0,
            volume: flags & 0x3f,
            duration: u16::from_be_bytes([d0, d1]),
        })
    }

    /// The payload as it goes on the wire.
    pub fn to_bytes(self) -> [u8; EVENT_LENGTH] {
        let [d0, d1] = self.duration.to_be_bytes();
        let flags = (u8::from(self.end) << 7) | (self.volume & 0x3f);
        [self.event, flags, d0, d1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: Header = Header {
        marker: true,
        payload_type: 8,
        sequence: 0xfffe,
        timestamp: 0x0102_0304,
        ssrc: Ssrc(0xdead_beef),
    };

    fn datagram(first: u8, tail: &[u8]) -> Vec<u8> {
        let mut bytes = HEADER.to_bytes().to_vec();
        bytes[0] = first;
        bytes.extend_from_slice(tail);
        bytes
    }

    #[test]
    fn a_plain_packet_is_read_as_it_was_written() {
        let packet = Packet::parse(&datagram(0x80, &[1, 2, 3])).unwrap();
        assert_eq!(packet.header, HEADER);
        assert_eq!(packet.payload, 12..15);
    }

    #[test]
    fn csrcs_extension_and_padding_are_stepped_over() {
        let tail = [
            9, 9, 9, 9, 8, 8, 8, 8, // two CSRCs
            0xbe, 0xde, 0, 1, 7, 7, 7, 7, // an extension of one word
            1, 2, 3, 4, 5, // payload
            0, 0, 3, // padding
        ];
        let packet = Packet::parse(&datagram(0x80 | 0x20 | 0x10 | 2, &tail)).unwrap();
        assert_eq!(packet.payload, 28..33);
    }

    #[test]
    fn lengths_that_lie_are_refused() {
        assert_eq!(Packet::parse(&[0x80; 11]), Err(Malformed::Truncated));
        assert_eq!(
            Packet::parse(&datagram(0x8f, &[0; 59])),
            Err(Malformed::Truncated)
        );
        assert_eq!(
            Packet::parse(&datagram(0x90, &[0, 0, 0xff, 0xff, 1])),
            Err(Malformed::Truncated)
        );
        assert_eq!(
            Packet::parse(&datagram(0x90, &[0, 0])),
            Err(Malformed::Truncated)
        );
        assert_eq!(
            Packet::parse(&datagram(0xa0, &[1, 2, 4])),
            Err(Malformed::Padding)
        );
        assert_eq!(
            Packet::parse(&datagram(0xa0, &[1, 2, 0])),
            Err(Malformed::Padding)
        );
        assert_eq!(Packet::parse(&datagram(0x40, &[])), Err(Malformed::Version));
    }

    #[test]
    fn padding_without_payload_is_an_empty_payload() {
        let packet = Packet::parse(&datagram(0xa0, &[0, 2])).unwrap();
        assert!(packet.payload.is_empty());
    }

    #[test]
    fn rtcp_on_the_rtp_port_is_known_by_its_type() {
        assert!(is_rtcp(&[0x80, 200, 0, 1]));
        assert!(!is_rtcp(&[0x80, 8, 0, 1]));
        assert!(!is_rtcp(&[0x80]));
    }

    #[test]
    fn an_event_is_read_as_it_was_written() {
        let event = TelephoneEvent {
            event: 11,
            end: true,
            volume: 10,
            duration: 800,
        };
        assert_eq!(TelephoneEvent::parse(&event.to_bytes()), Some(event));
        assert_eq!(TelephoneEvent::parse(&[1, 2, 3]), None);
    }
}
