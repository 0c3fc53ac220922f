//! Our offer: one audio stream, G.711 and telephone events.

use std::fmt::{self, Write};
use std::net::IpAddr;

use bytes::Bytes;

use crate::description::{Direction, Host};
use crate::stream::Codec;

/// What we speak, by preference: the UK's networks are A-law.
pub const CODECS: &[Codec] = &[Codec::Pcma, Codec::Pcmu];

/// Telephone-event payload type of our offers.
pub(crate) const EVENTS: u8 = 101;

/// Longest offer: two IPv6 addresses, two 20-digit numbers, a port and what is fixed come to 370.
const PAGE: usize = 512;

/// Ourselves, on one leg. RTCP is received one port above RTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Local {
    /// The address that the far end sends to.
    pub address: IpAddr,
    /// Where RTP is received.
    pub rtp_port: u16,
    /// The session's id in `o=`.
    pub session_id: u64,
    /// The description's version in `o=`.
    pub version: u64,
}

/// An offer of these codecs, the preferred one first: a called leg is offered the caller's codec
/// first, since equal codecs are relayed as they are.
pub fn offer(local: &Local, codecs: &[Codec]) -> Bytes {
    let mut page = Page {
        bytes: [0; PAGE],
        length: 0,
    };
    let codecs = codecs.iter().take(CODECS.len()).copied();
    let codecs = codecs.map(|codec| (codec, codec.static_payload()));
    let written = write_session(&mut page, local, "0 0").and_then(|()| {
        let audio = Audio {
            protocol: "RTP/AVP",
            codecs,
            events: Some(EVENTS),
        };
        audio.write(&mut page, local.rtp_port, Direction::SendRecv)
    });
    written.expect("no offer is longer than its page");
    Bytes::copy_from_slice(&page.bytes[..page.length])
}

/// The session's part of every description of ours.
pub(crate) fn write_session(out: &mut impl Write, local: &Local, timing: &str) -> fmt::Result {
    let Local {
        address,
        session_id,
        version,
        ..
    } = *local;
    let host = Host::Ip(address);
    write!(
        out,
        "v=0\r\no=- {session_id} {version} {host}\r\ns=-\r\nc={host}\r\nt={timing}\r\n"
    )
}

/// The media description of our one stream.
pub(crate) struct Audio<'a, C> {
    pub protocol: &'a str,
    /// With their payload types.
    pub codecs: C,
    /// Telephone-event payload type.
    pub events: Option<u8>,
}

impl<C: Iterator<Item = (Codec, u8)> + Clone> Audio<'_, C> {
    pub fn write(&self, out: &mut impl Write, port: u16, direction: Direction) -> fmt::Result {
        write!(out, "m=audio {port} {}", self.protocol)?;
        for (_, payload) in self.codecs.clone() {
            write!(out, " {payload}")?;
        }
        if let Some(payload) = self.events {
            write!(out, " {payload}")?;
        }
        for (codec, payload) in self.codecs.clone() {
            write!(out, "\r\na=rtpmap:{payload} {}/8000", codec.encoding())?;
        }
        if let Some(payload) = self.events {
            write!(out, "\r\na=rtpmap:{payload} telephone-event/8000")?;
            write!(out, "\r\na=fmtp:{payload} 0-15")?;
        }
        write!(out, "\r\na=ptime:20\r\na={}\r\n", direction.as_str())
    }
}

/// Where an offer is written before its one allocation.
struct Page {
    bytes: [u8; PAGE],
    length: usize,
}

impl Write for Page {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.length + text.len();
        let place = self.bytes.get_mut(self.length..end).ok_or(fmt::Error)?;
        place.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}
