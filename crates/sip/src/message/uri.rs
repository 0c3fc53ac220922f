//! SIP, SIPS and tel URIs, and any other absolute URI as opaque text.
//!
//! RFC 3261 sections 19.1 and 25.1, RFC 3966, RFC 5118. Views borrow the text that was sent and
//! print it again unchanged. Tolerated: characters in the user part that should have been escaped
//! (`#` of dial strings, UTF-8); refused: broken escapes, white space, an IPv6 address without
//! brackets. Header components are kept but never turned into header fields.

use std::borrow::Cow;
use std::fmt;

use super::host::{Host, parse_host_port};

/// Most parameters, and most header components, of one URI: comparing two is quadratic in them.
const MAX_PARTS: usize = 64;

/// A URI.
#[derive(Clone, Copy, Debug)]
pub enum Uri<'a> {
    /// `sip:` or `sips:`.
    Sip(SipUri<'a>),
    /// `tel:`.
    Tel(TelUri<'a>),
    /// Any other scheme, unread.
    Other(&'a str),
}

/// A `sip:` or `sips:` URI.
#[derive(Clone, Copy, Debug)]
pub struct SipUri<'a> {
    raw: &'a str,
    /// Which of the two schemes.
    pub scheme: SipScheme,
    /// The user part, still escaped.
    pub user: Option<&'a str>,
    /// The password, still escaped.
    pub password: Option<&'a str>,
    /// The host.
    pub host: Host<'a>,
    /// The port, if one is given.
    pub port: Option<u16>,
    params: &'a str,
    headers: &'a str,
}

/// The scheme of a [`SipUri`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SipScheme {
    /// `sip:`
    Sip,
    /// `sips:`
    Sips,
}

/// A `tel:` URI.
#[derive(Clone, Copy, Debug)]
pub struct TelUri<'a> {
    raw: &'a str,
    /// The number, with its visual separators.
    pub number: &'a str,
    params: &'a str,
}

impl<'a> Uri<'a> {
    /// Reads a whole URI; none if it is malformed.
    pub fn parse(raw: &'a str) -> Option<Self> {
        let (scheme, rest) = cut(raw, b':');
        let rest = rest?;
        let scheme_ok = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
        if !scheme_ok || rest.is_empty() || rest.bytes().any(|byte| NEVER_IN_URI[usize::from(byte)])
        {
            return None;
        }
        if scheme.eq_ignore_ascii_case("sip") {
            SipUri::parse(raw, SipScheme::Sip, rest).map(Self::Sip)
        } else if scheme.eq_ignore_ascii_case("sips") {
            SipUri::parse(raw, SipScheme::Sips, rest).map(Self::Sip)
        } else if scheme.eq_ignore_ascii_case("tel") {
            TelUri::parse(raw, rest).map(Self::Tel)
        } else {
            Some(Self::Other(raw))
        }
    }

    /// The text that was sent.
    pub fn as_str(&self) -> &'a str {
        match self {
            Self::Sip(uri) => uri.raw,
            Self::Tel(uri) => uri.raw,
            Self::Other(raw) => raw,
        }
    }

    /// The scheme, as it was sent.
    pub fn scheme(&self) -> &'a str {
        self.as_str()
            .split_once(':')
            .map_or("", |(scheme, _)| scheme)
    }

    /// What it is as a SIP URI.
    pub fn as_sip(&self) -> Option<&SipUri<'a>> {
        match self {
            Self::Sip(uri) => Some(uri),
            Self::Tel(_) | Self::Other(_) => None,
        }
    }

    /// The user part of a SIP URI or the number of a tel URI, unescaped; none if there is none.
    pub fn user(&self) -> Option<Cow<'a, str>> {
        match self {
            Self::Sip(uri) => uri.user.map(unescape),
            Self::Tel(uri) => Some(Cow::Borrowed(uri.number)),
            Self::Other(_) => None,
        }
    }

    /// Whether two URIs name the same resource: RFC 3261 section 19.1.4, RFC 3966 section 4;
    /// others by their text. Not transitive, and so not `Eq`.
    pub fn is_equivalent(&self, other: &Uri<'_>) -> bool {
        match (self, other) {
            (Self::Sip(a), Uri::Sip(b)) => a.is_equivalent(b),
            (Self::Tel(a), Uri::Tel(b)) => a.is_equivalent(b),
            (Self::Other(a), Uri::Other(b)) => a == b,
            (Self::Sip(_) | Self::Tel(_) | Self::Other(_), _) => false,
        }
    }
}

impl fmt::Display for Uri<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl<'a> SipUri<'a> {
    fn parse(raw: &'a str, scheme: SipScheme, rest: &'a str) -> Option<Self> {
        let (user_info, rest) = match cut(rest, b'@') {
            (user_info, Some(rest)) => (user_info, rest),
            (_, None) => ("", rest),
        };
        let (user, password) = cut(user_info, b':');
        // Gateways send `sip:@host` for a withheld caller.
        let user = Some(user).filter(|user| !user.is_empty());
        let (rest, headers) = cut(rest, b'?');
        let headers = headers.unwrap_or_default();
        let params_at = rest
            .bytes()
            .position(|byte| byte == b';')
            .unwrap_or(rest.len());
        let (host_port, params) = rest.split_at_checked(params_at)?;
        let (host, port) = parse_host_port(host_port)?;
        if !escapes_are_sound(raw) || !params_are_sound(params) || !headers_are_sound(headers) {
            return None;
        }
        Some(Self {
            raw,
            scheme,
            user,
            password,
            host,
            port,
            params,
            headers,
        })
    }

    /// The value of a parameter, still escaped; `Some("")` for a flag.
    pub fn param(&self, name: &str) -> Option<&'a str> {
        find_param(self.params, name)
    }

    /// Whether `lr` is there: a loose router (RFC 3261 section 19.1.1).
    pub fn is_loose_router(&self) -> bool {
        self.param("lr").is_some()
    }

    /// The header components behind `?`, still escaped; empty if there are none.
    pub fn headers(&self) -> &'a str {
        self.headers
    }

    fn is_equivalent(&self, other: &SipUri<'_>) -> bool {
        self.scheme == other.scheme
            && same_option(self.user, other.user, Case::Kept)
            && same_option(self.password, other.password, Case::Kept)
            && self.host == other.host
            && self.port == other.port
            && self.params_match(other)
            && other.params_match(self)
            && headers_match(self.headers, other.headers)
            && headers_match(other.headers, self.headers)
    }

    /// Each parameter of ours against theirs of the same name; of several the first counts.
    fn params_match(&self, other: &SipUri<'_>) -> bool {
        params(self.params).all(|(name, _)| match other.param(name) {
            Some(theirs) => same(self.param(name).unwrap_or_default(), theirs, Case::Ignored),
            //= RFC 3261 section 19.1.4
            //# A user, ttl, or method uri-parameter appearing in only one URI never matches
            None => !["user", "ttl", "method", "maddr", "transport"]
                .iter()
                .any(|decisive| name.eq_ignore_ascii_case(decisive)),
        })
    }
}

impl<'a> TelUri<'a> {
    fn parse(raw: &'a str, rest: &'a str) -> Option<Self> {
        let params_at = rest
            .bytes()
            .position(|byte| byte == b';')
            .unwrap_or(rest.len());
        let (number, params) = rest.split_at_checked(params_at)?;
        let digits = number.strip_prefix('+').unwrap_or(number);
        let is_digit = |byte: u8| {
            byte.is_ascii_hexdigit() || matches!(byte, b'*' | b'#') || is_separator(byte)
        };
        if !digits.bytes().all(is_digit) || digits.bytes().all(is_separator) {
            return None;
        }
        let sound = escapes_are_sound(raw) && params_are_sound(params);
        sound.then_some(Self {
            raw,
            number,
            params,
        })
    }

    /// The value of a parameter, still escaped; `Some("")` for a flag.
    pub fn param(&self, name: &str) -> Option<&'a str> {
        find_param(self.params, name)
    }

    fn is_equivalent(&self, other: &TelUri<'_>) -> bool {
        let digits = |number: &str| -> Vec<u8> {
            number
                .bytes()
                .filter(|&byte| !is_separator(byte))
                .map(|byte| byte.to_ascii_lowercase())
                .collect()
        };
        let covers = |a: &TelUri<'_>, b: &TelUri<'_>| {
            params(a.params).all(|(name, _)| match (a.param(name), b.param(name)) {
                (Some(ours), Some(theirs)) => same(ours, theirs, Case::Ignored),
                (Some(_) | None, _) => false,
            })
        };
        digits(self.number) == digits(other.number) && covers(self, other) && covers(other, self)
    }
}

/// Text with its `%HH` escapes resolved; what is not UTF-8 then becomes U+FFFD.
pub fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let bytes: Vec<u8> = units(text).map(|(byte, _)| byte).collect();
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

/// Prints text as the user part of a URI, escaping whatever may not stand there.
#[derive(Clone, Copy, Debug)]
pub struct EscapedUser<'a>(pub &'a str);

impl fmt::Display for EscapedUser<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0.bytes() {
            let plain = byte.is_ascii_alphanumeric() || b"-_.!~*'()&=+$,;?/".contains(&byte);
            if plain {
                fmt::Write::write_char(f, char::from(byte))?;
            } else {
                write!(f, "%{byte:02X}")?;
            }
        }
        Ok(())
    }
}

/// Whether letters compare with regard to case.
#[derive(Clone, Copy)]
enum Case {
    Kept,
    Ignored,
}

const NEVER_IN_URI: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        table[byte as usize] = byte.is_ascii_control() || matches!(byte, b' ' | b'<' | b'>' | b'"');
        byte += 1;
    }
    table
};

/// What stands before the first `at`, and what behind it if there is one.
fn cut(text: &str, at: u8) -> (&str, Option<&str>) {
    let place = text.bytes().position(|byte| byte == at);
    match place.and_then(|place| Some((text.get(..place)?, text.get(place + 1..)?))) {
        Some((before, behind)) => (before, Some(behind)),
        None => (text, None),
    }
}

fn is_separator(byte: u8) -> bool {
    matches!(byte, b'-' | b'.' | b'(' | b')')
}

/// Whether each `%` begins an escape.
fn escapes_are_sound(text: &str) -> bool {
    let mut rest = text.as_bytes();
    while let Some(at) = memchr::memchr(b'%', rest) {
        let escape = rest.get(at + 1..at + 3);
        if !escape.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) {
            return false;
        }
        rest = rest.get(at + 3..).unwrap_or_default();
    }
    true
}

fn params_are_sound(raw: &str) -> bool {
    let sound = |(name, value): (&str, Option<&str>)| !name.is_empty() && value != Some("");
    params(raw)
        .zip(1..)
        .all(|(param, count)| count <= MAX_PARTS && sound(param))
}

fn headers_are_sound(raw: &str) -> bool {
    headers(raw)
        .zip(1..)
        .all(|((name, _), count)| count <= MAX_PARTS && !name.is_empty())
}

/// Each `;name[=value]`.
fn params(raw: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    let mut rest = cut(raw, b';').1;
    std::iter::from_fn(move || {
        let (param, behind) = cut(rest?, b';');
        rest = behind;
        Some(cut(param, b'='))
    })
}

/// Each `name=value`.
fn headers(raw: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = (!raw.is_empty()).then_some(raw);
    std::iter::from_fn(move || {
        let (header, behind) = cut(rest?, b'&');
        rest = behind;
        let (name, value) = cut(header, b'=');
        Some((name, value.unwrap_or_default()))
    })
}

/// The value of the first parameter of a name, in whatever escapes it is written.
fn find_param<'a>(raw: &'a str, name: &str) -> Option<&'a str> {
    params(raw)
        .find(|(candidate, _)| {
            candidate.eq_ignore_ascii_case(name)
                || (candidate.contains('%') && same(candidate, name, Case::Ignored))
        })
        .map(|(_, value)| value.unwrap_or_default())
}

/// Whether each header component of `a` is in `b`.
fn headers_match(a: &str, b: &str) -> bool {
    headers(a).all(|(name, value)| {
        headers(b).any(|(other_name, other_value)| {
            same(name, other_name, Case::Ignored) && same(value, other_value, Case::Kept)
        })
    })
}

fn same_option(a: Option<&str>, b: Option<&str>, case: Case) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => same(a, b, case),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

//= RFC 3261 section 19.1.4
//# Characters other than those in the "reserved" set (see RFC 2396 [5])
//# are equivalent to their ""%" HEX HEX" encoding.
fn same(a: &str, b: &str, case: Case) -> bool {
    let fold = move |(byte, escaped): (u8, bool)| {
        let kept_apart = escaped && b";/?:@&=+$,".contains(&byte);
        match case {
            Case::Kept => (byte, kept_apart),
            Case::Ignored => (byte.to_ascii_lowercase(), kept_apart),
        }
    };
    units(a).map(fold).eq(units(b).map(fold))
}

/// Each character as a byte, and whether it was escaped.
fn units(text: &str) -> impl Iterator<Item = (u8, bool)> {
    let mut rest = text.as_bytes();
    std::iter::from_fn(move || {
        if let [b'%', high, low, after @ ..] = rest
            && let (Some(high), Some(low)) = (hex(*high), hex(*low))
        {
            rest = after;
            return Some((high << 4 | low, true));
        }
        let (first, after) = rest.split_first()?;
        rest = after;
        Some((*first, false))
    })
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests;
