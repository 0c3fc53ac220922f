//! Text to [`Description`].
//!
//! Strict where a mistake could send audio astray (`v=`, `m=`, `c=` must be right), tolerant of
//! everything else that phones get wrong: lines in odd order, no `o=`, `s=` or `t=`, line ends of
//! CR or LF alone, blank lines, bytes that are no UTF-8, unknown lines and attributes.

use std::net::IpAddr;
use std::str::FromStr;

use crate::description::{
    Description, Direction, Host, MAX_FORMATS, MAX_MEDIA, Media, Parameters, Rtcp, RtpMap,
};

/// Longest description, in bytes; a longer one is refused.
pub const MAX_LENGTH: usize = 32 * 1024;

/// Most lines of a description; one with more is refused.
pub const MAX_LINES: usize = 1024;

/// Why a text is no session description. Lines count from 1, blank ones included.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Longer than [`MAX_LENGTH`].
    #[error("longer than {MAX_LENGTH} bytes")]
    TooLong,
    /// More than [`MAX_LINES`].
    #[error("more than {MAX_LINES} lines")]
    TooManyLines,
    /// More than [`MAX_MEDIA`].
    #[error("more than {MAX_MEDIA} media descriptions")]
    TooManyMedia,
    /// It does not begin with `v=0`.
    #[error("does not begin with v=0")]
    NotVersion0,
    /// A line that is not a letter, `=` and a value.
    #[error("line {0} is not of the form x=value")]
    Line(usize),
    /// An `m=` that is not kind, port, protocol and formats.
    #[error("line {0} is no media description")]
    Media(usize),
    /// A `c=` that is not `IN`, an address type and an address.
    #[error("line {0} is no connection address")]
    Connection(usize),
}

impl<'a> Description<'a> {
    /// Parses a description.
    pub fn parse(text: &'a [u8]) -> Result<Description<'a>, ParseError> {
        if text.len() > MAX_LENGTH {
            return Err(ParseError::TooLong);
        }
        let mut description = Description::default();
        let mut begun = false;
        for (number, line) in lines(text) {
            if number > MAX_LINES {
                return Err(ParseError::TooManyLines);
            }
            let (kind, value) = match line {
                [] => continue,
                [kind, b'=', value @ ..] if kind.is_ascii_alphabetic() => (*kind, value),
                [..] if begun => return Err(ParseError::Line(number)),
                [..] => return Err(ParseError::NotVersion0),
            };
            if !begun {
                if (kind, value.trim_ascii()) != (b'v', b"0") {
                    return Err(ParseError::NotVersion0);
                }
                begun = true;
                continue;
            }
            description.take_line(number, kind, value)?;
        }
        if begun {
            Ok(description)
        } else {
            Err(ParseError::NotVersion0)
        }
    }

    fn take_line(&mut self, number: usize, kind: u8, value: &'a [u8]) -> Result<(), ParseError> {
        let text = std::str::from_utf8(value).map(str::trim_ascii).ok();
        match (kind, text) {
            (b'm', text) => {
                if self.media.len() == MAX_MEDIA {
                    return Err(ParseError::TooManyMedia);
                }
                let media = text.and_then(media_line).ok_or(ParseError::Media(number))?;
                self.media.push(media);
            }
            (b'c', text) => {
                let host = text
                    .and_then(connection)
                    .ok_or(ParseError::Connection(number))?;
                let of = match self.media.last_mut() {
                    Some(media) => &mut media.connection,
                    None => &mut self.connection,
                };
                // A layered multicast group may repeat the line; its first address is the base.
                of.get_or_insert(host);
            }
            (b'a', Some(text)) => self.take_attribute(text),
            (b'o', Some(text)) if self.origin.is_empty() => self.origin = text,
            (b't', Some(text)) if self.timing.is_empty() => self.timing = text,
            _ => {}
        }
        Ok(())
    }

    fn take_attribute(&mut self, text: &'a str) {
        let (name, value) = match text.split_once(':') {
            Some((name, value)) => (name, value.trim_ascii()),
            None => (text, ""),
        };
        if let Some(direction) = direction(name) {
            let of = match self.media.last_mut() {
                Some(media) => &mut media.direction,
                None => &mut self.direction,
            };
            *of = Some(direction);
        } else if let Some(media) = self.media.last_mut() {
            media.take_attribute(name, value);
        }
    }
}

impl<'a> Media<'a> {
    /// An attribute that cannot be read is as if it were not there.
    fn take_attribute(&mut self, name: &str, value: &'a str) {
        match name {
            "rtpmap" if self.maps.len() < MAX_FORMATS => self.maps.extend(rtpmap(value)),
            "fmtp" if self.parameters.len() < MAX_FORMATS => self.parameters.extend(fmtp(value)),
            "rtcp" => self.rtcp = rtcp(value).or(self.rtcp),
            "ptime" => self.ptime_ms = value.parse().ok().or(self.ptime_ms),
            _ => {}
        }
    }
}

/// Numbered lines, ended by CRLF, LF or CR.
fn lines(text: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut rest = Some(text);
    let next = std::iter::from_fn(move || {
        let text = rest?;
        let Some(end) = text.iter().position(|byte| matches!(byte, b'\r' | b'\n')) else {
            rest = None;
            return Some(text);
        };
        let (line, after) = text.split_at(end);
        rest = after.strip_prefix(b"\r\n").or_else(|| after.get(1..));
        Some(line)
    });
    (1..).zip(next)
}

/// `audio 49170 RTP/AVP 8 0 101`, `audio 49170/2 RTP/AVP 0`.
fn media_line(text: &str) -> Option<Media<'_>> {
    let (kind, rest) = word(text)?;
    let (port, rest) = word(rest)?;
    let (protocol, formats) = word(rest)?;
    let port = match port.split_once('/') {
        Some((port, count)) => number::<u16>(count).and_then(|_| number(port))?,
        None => number(port)?,
    };
    // These words go into our answer.
    let printable = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_graphic() || byte == b' ')
    };
    let is_sound = !formats.is_empty() && [kind, protocol, formats].into_iter().all(printable);
    is_sound.then(|| Media {
        kind,
        port,
        protocol,
        formats,
        ..Media::default()
    })
}

/// `IN IP4 192.0.2.1`.
fn connection(text: &str) -> Option<Host<'_>> {
    let (network, rest) = word(text)?;
    let (family, address) = word(rest)?;
    let known = network.eq_ignore_ascii_case("IN")
        && (family.eq_ignore_ascii_case("IP4") || family.eq_ignore_ascii_case("IP6"));
    (known && !address.is_empty()).then(|| host(address))
}

/// The family is that of the address itself, whatever its type says: phones mistake it.
fn host(text: &str) -> Host<'_> {
    // A scope after `/` belongs to multicast; phones add one to their own address too.
    let address = text.split('/').next().unwrap_or(text);
    match IpAddr::from_str(address) {
        Ok(ip) if !ip.is_multicast() => Host::Ip(ip.to_canonical()),
        Ok(_) | Err(_) => Host::Other(text),
    }
}

fn direction(name: &str) -> Option<Direction> {
    match name {
        "sendrecv" => Some(Direction::SendRecv),
        "sendonly" => Some(Direction::SendOnly),
        "recvonly" => Some(Direction::RecvOnly),
        "inactive" => Some(Direction::Inactive),
        _ => None,
    }
}

/// `8 PCMA/8000`, `111 opus/48000/2`.
fn rtpmap(text: &str) -> Option<RtpMap<'_>> {
    let (payload, rest) = word(text)?;
    let mut parts = rest.split('/');
    let (encoding, clock_hz) = (
        parts.next()?.trim_ascii(),
        number(parts.next()?.trim_ascii())?,
    );
    let channels = match parts.next() {
        Some(channels) => Some(number(channels.trim_ascii())?),
        None => None,
    };
    let payload = payload_type(payload)?;
    let is_complete = !encoding.is_empty() && parts.next().is_none();
    is_complete.then_some(RtpMap {
        payload,
        encoding,
        clock_hz,
        channels,
    })
}

/// `101 0-15`.
fn fmtp(text: &str) -> Option<Parameters<'_>> {
    let (payload, text) = word(text)?;
    let payload = payload_type(payload)?;
    (!text.is_empty()).then_some(Parameters { payload, text })
}

/// `53020`, `53020 IN IP4 192.0.2.1`.
fn rtcp(text: &str) -> Option<Rtcp<'_>> {
    let (port, rest) = word(text)?;
    let port = number(port).filter(|port| *port != 0)?;
    let host = if rest.is_empty() {
        None
    } else {
        Some(connection(rest)?)
    };
    Some(Rtcp { port, host })
}

fn payload_type(text: &str) -> Option<u8> {
    number(text).filter(|payload| *payload < 128)
}

/// A number of digits only (Rust's parser would take a sign).
fn number<T: FromStr>(text: &str) -> Option<T> {
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())?
}

/// The first word and what follows it, without blanks between; none if there is no word.
fn word(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_ascii_start();
    let end = text.find([' ', '\t']).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    (!word.is_empty()).then(|| (word, rest.trim_ascii()))
}
