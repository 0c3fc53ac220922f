//! Request line and status line.
//!
//! RFC 3261 sections 7.1, 7.2 and 25.1; RFC 4475 sections 3.1.2.7 to 3.1.2.10 (one SP between the
//! parts of a request line, none behind it, no angle brackets round the Request-URI).

use bytes::Bytes;

use super::error::Fault;
use super::method::Method;
use super::scan::{is_space, trim};
use super::uri::Uri;

/// The first line of a message.
#[derive(Clone, Copy, Debug)]
pub enum StartLine<'a> {
    /// Of a request.
    Request {
        /// The method.
        method: &'a Method,
        /// The Request-URI.
        uri: Uri<'a>,
    },
    /// Of a response.
    Response {
        /// The status, 100 to 699.
        status: u16,
        /// The reason phrase, in whatever encoding it came.
        reason: &'a [u8],
    },
}

/// What a start line says, without borrowing from it.
#[derive(Clone, Debug)]
pub(super) enum Start {
    Request { method: Method },
    Response { status: u16 },
}

impl Start {
    /// Reads the start line that lies in `holder`.
    pub(super) fn parse(line: &[u8], holder: &Bytes) -> Result<Self, Fault> {
        if is_response(line) {
            return parse_status_line(line);
        }
        let trimmed = trim(line);
        let version_at = trimmed
            .iter()
            .rposition(|&byte| is_space(byte))
            .ok_or(Fault::NotSip)?;
        let version = trimmed.get(version_at + 1..).unwrap_or_default();
        if !has_prefix(version, b"SIP/") {
            return Err(Fault::NotSip);
        }
        //= RFC 3261 section 7.1
        //# The SIP-Version string is case-insensitive, but implementations MUST send upper-case.
        if !version.eq_ignore_ascii_case(b"SIP/2.0") {
            return Err(Fault::Version);
        }
        if trimmed.len() != line.len() {
            return Err(Fault::StartLine);
        }
        let (method, _) = split_request_line(line).ok_or(Fault::StartLine)?;
        let method = Method::parse(method, holder).ok_or(Fault::StartLine)?;
        let uri = request_uri(line).ok_or(Fault::RequestUri)?;
        // RFC 3261 section 19.1.1, table 1: no header components in a Request-URI.
        if uri.as_sip().is_some_and(|uri| !uri.headers().is_empty()) {
            return Err(Fault::RequestUri);
        }
        Ok(Self::Request { method })
    }
}

/// Whether a start line is that of a response.
pub(super) fn is_response(line: &[u8]) -> bool {
    has_prefix(line, b"SIP/")
}

/// The Request-URI of a request line; none if it is malformed.
pub(super) fn request_uri(line: &[u8]) -> Option<Uri<'_>> {
    let (_, uri) = split_request_line(line)?;
    Uri::parse(std::str::from_utf8(uri).ok()?)
}

/// The reason phrase of a status line.
pub(super) fn reason(line: &[u8]) -> &[u8] {
    line.splitn(3, |&byte| byte == b' ')
        .nth(2)
        .unwrap_or_default()
}

/// The method, and what stands between the first and the last space.
fn split_request_line(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let first = line.iter().position(|&byte| byte == b' ')?;
    let last = line.iter().rposition(|&byte| byte == b' ')?;
    Some((line.get(..first)?, line.get(first + 1..last)?))
}

/// `SIP/2.0 486 Busy Here`; a phrase that is missing, with or without its space, is tolerated.
fn parse_status_line(line: &[u8]) -> Result<Start, Fault> {
    let mut parts = line.splitn(3, |&byte| byte == b' ');
    if !parts
        .next()
        .is_some_and(|version| version.eq_ignore_ascii_case(b"SIP/2.0"))
    {
        return Err(Fault::Version);
    }
    let [
        hundreds @ b'1'..=b'6',
        tens @ b'0'..=b'9',
        ones @ b'0'..=b'9',
    ] = parts.next().unwrap_or_default()
    else {
        return Err(Fault::StartLine);
    };
    let digit = |byte: &u8| u16::from(byte - b'0');
    Ok(Start::Response {
        status: digit(hundreds) * 100 + digit(tens) * 10 + digit(ones),
    })
}

fn has_prefix(text: &[u8], prefix: &[u8]) -> bool {
    text.get(..prefix.len())
        .is_some_and(|begin| begin.eq_ignore_ascii_case(prefix))
}
