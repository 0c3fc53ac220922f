//! Host and port, as in URIs and Via.
//!
//! RFC 3261 section 25.1 (`hostport`), RFC 5118 section 4.10 (three colons in an IPv6 address that
//! the erroneous ABNF of RFC 3261 could produce are read as two).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A host: a name or an address.
#[derive(Clone, Copy, Debug)]
pub enum Host<'a> {
    /// A domain name, as it was sent.
    Name(&'a str),
    /// An IPv4 address.
    V4(Ipv4Addr),
    /// An IPv6 address.
    V6(Ipv6Addr),
}

impl<'a> Host<'a> {
    /// Reads a host; an IPv6 address must stand in brackets.
    pub fn parse(text: &'a str) -> Option<Self> {
        if let Some(inner) = text.strip_prefix('[') {
            return parse_v6(inner.strip_suffix(']')?).map(Self::V6);
        }
        if text.starts_with(|first: char| first.is_ascii_digit())
            && let Ok(address) = text.parse()
        {
            return Some(Self::V4(address));
        }
        is_name(text).then_some(Self::Name(text))
    }

    /// Its address, if it is one.
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Name(_) => None,
            Self::V4(address) => Some(IpAddr::V4(*address)),
            Self::V6(address) => Some(IpAddr::V6(*address)),
        }
    }
}

/// Names compare without regard to case.
impl PartialEq for Host<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Name(a), Self::Name(b)) => a.eq_ignore_ascii_case(b),
            (Self::V4(a), Self::V4(b)) => a == b,
            (Self::V6(a), Self::V6(b)) => a == b,
            (Self::Name(_) | Self::V4(_) | Self::V6(_), _) => false,
        }
    }
}

impl Eq for Host<'_> {}

impl fmt::Display for Host<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::V4(address) => address.fmt(f),
            Self::V6(address) => write!(f, "[{address}]"),
        }
    }
}

/// Reads `host[:port]`.
pub(super) fn parse_host_port(text: &str) -> Option<(Host<'_>, Option<u16>)> {
    let position = |wanted: u8| text.bytes().position(|byte| byte == wanted);
    let host_end = if text.starts_with('[') {
        position(b']')? + 1
    } else {
        position(b':').unwrap_or(text.len())
    };
    let (host, port) = text.split_at_checked(host_end)?;
    let port = match port.strip_prefix(':') {
        Some(digits) => Some(parse_port(digits)?),
        None if port.is_empty() => None,
        None => return None,
    };
    Some((Host::parse(host)?, port))
}

/// Reads a port: digits only, 1 to 65535.
pub(super) fn parse_port(digits: &str) -> Option<u16> {
    let number = super::scan::whole_number(digits.as_bytes())?;
    u16::try_from(number).ok().filter(|port| *port != 0)
}

/// Reads an IPv6 address without brackets.
pub(super) fn parse_v6(text: &str) -> Option<Ipv6Addr> {
    if let Ok(address) = text.parse() {
        return Some(address);
    }
    text.contains(":::")
        .then(|| text.replacen(":::", "::", 1).parse().ok())?
}

/// Letters, digits, `-`, `.`; `_` is tolerated.
fn is_name(text: &str) -> bool {
    let is_name_byte =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    text.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '_')
        && text.bytes().all(is_name_byte)
}
