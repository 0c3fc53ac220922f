//! A session description, as far as offer and answer need it.
//!
//! It borrows from the text that it was parsed from. What is not listed here (names, bandwidths,
//! keys, attributes that we do not know) is read over.

use std::net::IpAddr;

/// Most media descriptions (`m=`) in one session description; more is refused as a whole, since
/// RFC 3264 section 6 wants an answer to each.
pub const MAX_MEDIA: usize = 16;

/// Most formats of one media description that are looked at, and most attributes kept for them;
/// what comes after is as if it were not offered.
pub const MAX_FORMATS: usize = 64;

/// A session description (RFC 8866 section 5).
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Description<'a> {
    /// What follows `o=`; empty if that line is missing.
    pub origin: &'a str,
    /// What follows the first `t=`; empty if that line is missing.
    pub timing: &'a str,
    /// The session's `c=`, for media without one.
    pub connection: Option<Host<'a>>,
    /// The session's direction, for media without one.
    pub direction: Option<Direction>,
    /// The media descriptions, in order.
    pub media: Vec<Media<'a>>,
}

/// A media description (RFC 8866 section 5.14).
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Media<'a> {
    /// `audio`, `video`, `image`, ...
    pub kind: &'a str,
    /// Where it is received; 0 is refused or switched off.
    pub port: u16,
    /// `RTP/AVP`, ...
    pub protocol: &'a str,
    /// The formats, by preference, separated by blanks; for RTP these are payload types.
    pub formats: &'a str,
    /// Its own `c=`.
    pub connection: Option<Host<'a>>,
    /// Its own direction.
    pub direction: Option<Direction>,
    /// `a=rtcp` (RFC 3605).
    pub rtcp: Option<Rtcp<'a>>,
    /// `a=ptime`, in milliseconds.
    pub ptime_ms: Option<u16>,
    /// `a=rtpmap` lines, in order.
    pub maps: Vec<RtpMap<'a>>,
    /// `a=fmtp` lines with a payload type, in order.
    pub parameters: Vec<Parameters<'a>>,
}

/// The address of a `c=` or `a=rtcp`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host<'a> {
    /// One host's; unspecified (`0.0.0.0`) is the hold of RFC 3264 section 8.4.
    Ip(IpAddr),
    /// A name, or a multicast group with its scope: nowhere that we send to.
    Other(&'a str),
}

/// Which way a stream flows, seen from whom the description is of (RFC 8866 section 6.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// Both ways.
    SendRecv,
    /// It sends only.
    SendOnly,
    /// It receives only.
    RecvOnly,
    /// Neither.
    Inactive,
}

/// Where RTCP is received, if not one port above RTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rtcp<'a> {
    /// The port.
    pub port: u16,
    /// The address, if it is not that of RTP.
    pub host: Option<Host<'a>>,
}

/// What a payload type stands for (`a=rtpmap`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RtpMap<'a> {
    /// 0 to 127.
    pub payload: u8,
    /// The encoding's name, as written; compared without regard to case.
    pub encoding: &'a str,
    /// Timestamp units a second.
    pub clock_hz: u32,
    /// Channels, if given.
    pub channels: Option<u8>,
}

/// A format's parameters (`a=fmtp`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters<'a> {
    /// 0 to 127.
    pub payload: u8,
    /// As written.
    pub text: &'a str,
}

impl<'a> Description<'a> {
    /// A media description's address: its own, or the session's.
    pub fn host_of(&self, media: &Media<'a>) -> Option<Host<'a>> {
        media.connection.or(self.connection)
    }

    /// A media description's direction: its own, or the session's, or both ways.
    pub fn direction_of(&self, media: &Media<'a>) -> Direction {
        media
            .direction
            .or(self.direction)
            .unwrap_or(Direction::SendRecv)
    }
}

impl<'a> Media<'a> {
    /// The payload types, by preference.
    pub fn payloads(&self) -> impl Iterator<Item = u8> + 'a {
        self.formats
            .split_ascii_whitespace()
            .take(MAX_FORMATS)
            .filter_map(|format| format.parse().ok())
            .filter(|payload| *payload < 128)
    }

    /// What a payload type was said to stand for.
    pub fn map(&self, payload: u8) -> Option<&RtpMap<'a>> {
        self.maps.iter().find(|map| map.payload == payload)
    }

    /// A payload type's parameters.
    pub fn parameters(&self, payload: u8) -> Option<&'a str> {
        self.parameters
            .iter()
            .find(|parameters| parameters.payload == payload)
            .map(|parameters| parameters.text)
    }
}

impl Direction {
    /// The same direction, seen from the other side.
    pub fn mirrored(self) -> Direction {
        match self {
            Direction::SendOnly => Direction::RecvOnly,
            Direction::RecvOnly => Direction::SendOnly,
            Direction::SendRecv | Direction::Inactive => self,
        }
    }

    /// What is left of it for one who cannot send.
    pub fn without_sending(self) -> Direction {
        match self {
            Direction::SendRecv | Direction::RecvOnly => Direction::RecvOnly,
            Direction::SendOnly | Direction::Inactive => Direction::Inactive,
        }
    }

    /// The attribute's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Direction::SendRecv => "sendrecv",
            Direction::SendOnly => "sendonly",
            Direction::RecvOnly => "recvonly",
            Direction::Inactive => "inactive",
        }
    }
}
