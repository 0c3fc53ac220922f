//! The header index of one datagram: where the start line, each header field and the body lie.
//!
//! RFC 3261 sections 7 and 7.3.1. One pass, one allocation, no values read. Lines end in CRLF and
//! in nothing else: a stray CR or LF is a fault, since a field copied into our own messages would
//! split there for a laxer reader. After a fault the pass goes on, so that the request can be
//! answered.
//!
//! ```text
//! INVITE sip:1001@192.0.2.1 SIP/2.0 CRLF      start
//! Subject : I know CRLF                       name, value (trimmed; folding stays inside)
//!   you're there CRLF
//! CRLF
//! v=0 ...                                     body
//! ```

use std::ops::Range;

use bytes::Bytes;

use super::error::Fault;
use super::name::HeaderName;
use super::scan::{is_space, is_token, trim};

/// Most bytes of a message: what one UDP datagram can hold, and 16-bit offsets can name.
pub const MAX_MESSAGE_BYTES: usize = 65_535;

/// Most header fields of a message.
pub const MAX_HEADERS: usize = 256;

/// Most bytes of one header field's value.
pub const MAX_HEADER_BYTES: usize = 8192;

/// Header fields that there is room for at first; more let the index grow.
const USUAL_HEADERS: usize = 20;

/// A part of the datagram.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Span {
    start: u16,
    end: u16,
}

impl Span {
    fn new(range: Range<usize>) -> Self {
        let offset = |at: usize| u16::try_from(at).unwrap_or(u16::MAX);
        Self {
            start: offset(range.start),
            end: offset(range.end),
        }
    }

    pub(super) fn of(self, bytes: &[u8]) -> &[u8] {
        bytes
            .get(usize::from(self.start)..usize::from(self.end))
            .unwrap_or_default()
    }
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    name: HeaderName,
    name_span: Span,
    value: Span,
}

/// A datagram and its index.
#[derive(Clone)]
pub(super) struct Raw {
    pub(super) bytes: Bytes,
    start: Span,
    entries: Vec<Entry>,
    body: Span,
}

impl Raw {
    /// Indexes a datagram, and tells its first fault.
    pub(super) fn index(bytes: Bytes) -> (Self, Option<Fault>) {
        let start = Span::default();
        let mut raw = Self {
            bytes,
            start,
            entries: Vec::new(),
            body: Span::default(),
        };
        let fault = raw.fill().err();
        (raw, fault)
    }

    fn fill(&mut self) -> Result<(), Fault> {
        if self.bytes.len() > MAX_MESSAGE_BYTES {
            return Err(Fault::TooLarge);
        }
        //= RFC 3261 section 7.5
        //# Implementations processing SIP messages over stream-oriented transports MUST ignore any
        //# CRLF appearing before the start-line
        let lines_begin = self
            .bytes
            .iter()
            .position(|byte| !matches!(byte, b'\r' | b'\n' | 0));
        let lines_begin = lines_begin.ok_or(Fault::Empty)?;
        let first = Line::find(&self.bytes, lines_begin).ok_or(Fault::NotSip)?;
        self.start = Span::new(lines_begin..first.end);
        self.entries.reserve_exact(USUAL_HEADERS);

        let mut fault = first.stray.then_some(Fault::StartLine);
        let mut at = first.next;
        loop {
            let Some(line) = Line::find_folded(&self.bytes, at) else {
                return Err(fault.unwrap_or(Fault::Unterminated));
            };
            if line.end == at {
                self.body = Span::new(line.next..self.bytes.len());
                return fault.map_or(Ok(()), Err);
            }
            if self.entries.len() == MAX_HEADERS {
                return Err(fault.unwrap_or(Fault::TooManyHeaders));
            }
            match self.entry(at, &line) {
                Ok(entry) => self.entries.push(entry),
                Err(found) => fault = fault.or(Some(found)),
            }
            at = line.next;
        }
    }

    /// Reads one header line.
    fn entry(&self, begin: usize, line: &Line) -> Result<Entry, Fault> {
        let text = self.bytes.get(begin..line.end).unwrap_or_default();
        let name_len = text
            .iter()
            .position(|&byte| !is_token(byte))
            .ok_or(Fault::HeaderLine)?;
        let behind_name = text.get(name_len..).unwrap_or_default();
        let spaces = behind_name
            .iter()
            .position(|&byte| !matches!(byte, b' ' | b'\t'));
        let colon = name_len + spaces.ok_or(Fault::HeaderLine)?;
        if name_len == 0 || line.stray || text.get(colon) != Some(&b':') {
            return Err(Fault::HeaderLine);
        }
        let after = text.get(colon + 1..).unwrap_or_default();
        let value = trim(after);
        if value.len() > MAX_HEADER_BYTES {
            return Err(Fault::HeaderTooLong);
        }
        let leading = after.iter().position(|&byte| !is_space(byte)).unwrap_or(0);
        let value_begin = begin + colon + 1 + leading;
        Ok(Entry {
            name: HeaderName::parse(text.get(..name_len).unwrap_or_default()),
            name_span: Span::new(begin..begin + name_len),
            value: Span::new(value_begin..value_begin + value.len()),
        })
    }

    pub(super) fn start(&self) -> &[u8] {
        self.start.of(&self.bytes)
    }

    pub(super) fn body(&self) -> &[u8] {
        self.body.of(&self.bytes)
    }

    /// Cuts the body to a length that it has.
    pub(super) fn truncate_body(&mut self, len: usize) {
        let start = usize::from(self.body.start);
        self.body = Span::new(start..start + len.min(self.body().len()));
    }

    /// The first value of a name.
    pub(super) fn first(&self, name: HeaderName) -> Option<&[u8]> {
        let entry = self.entries.iter().find(|entry| entry.name == name)?;
        Some(entry.value.of(&self.bytes))
    }

    /// Each header field: which it is, its name as sent, its value.
    pub(super) fn all(&self) -> impl Iterator<Item = (HeaderName, &[u8], &[u8])> {
        self.entries.iter().map(|entry| {
            (
                entry.name,
                entry.name_span.of(&self.bytes),
                entry.value.of(&self.bytes),
            )
        })
    }

    /// Each value of a name.
    pub(super) fn values(&self, name: HeaderName) -> impl Iterator<Item = &[u8]> {
        let of_name = move |entry: &&Entry| entry.name == name;
        self.entries
            .iter()
            .filter(of_name)
            .map(|entry| entry.value.of(&self.bytes))
    }
}

/// Sizes only: a message holds telephone numbers and names.
impl std::fmt::Debug for Raw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Raw")
            .field("bytes", &self.bytes.len())
            .field("headers", &self.entries.len())
            .field("body", &self.body().len())
            .finish()
    }
}

/// Where a line ends.
struct Line {
    /// Before its CRLF.
    end: usize,
    /// Behind its CRLF.
    next: usize,
    /// Whether a CR or LF of no CRLF is in it.
    stray: bool,
}

impl Line {
    /// The line that begins at `from`; none if no CRLF ends it.
    fn find(bytes: &[u8], from: usize) -> Option<Self> {
        let mut at = from;
        let mut stray = false;
        loop {
            let end = at + memchr::memchr2(b'\r', b'\n', bytes.get(at..)?)?;
            if bytes.get(end..)?.starts_with(b"\r\n") {
                return Some(Self {
                    end,
                    next: end + 2,
                    stray,
                });
            }
            stray = true;
            at = end + 1;
        }
    }

    /// As `find`, with the lines that continue it: those that begin with white space.
    fn find_folded(bytes: &[u8], from: usize) -> Option<Self> {
        let mut line = Self::find(bytes, from)?;
        while line.end != from && matches!(bytes.get(line.next), Some(b' ' | b'\t')) {
            let more = Self::find(bytes, line.next)?;
            line = Self {
                stray: line.stray || more.stray,
                ..more
            };
        }
        Some(line)
    }
}

#[cfg(test)]
mod tests;
