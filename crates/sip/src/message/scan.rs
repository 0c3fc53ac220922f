//! Lexical ground of SIP header values: character classes, white space, quoted strings, lists.
//!
//! RFC 3261 section 25.1. Values may still hold folding (CRLF before white space): here CR and LF
//! count as white space, which is safe because the index lets them through in no other place.
//! No allocation, and no indexing: every step is total over arbitrary bytes.

/// Which bytes may stand in a `token`.
const TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        table[byte as usize] = byte.is_ascii_alphanumeric()
            || matches!(
                byte,
                b'-' | b'.' | b'!' | b'%' | b'*' | b'_' | b'+' | b'`' | b'\'' | b'~'
            );
        byte += 1;
    }
    table
};

/// Whether a byte may stand in a `token`.
pub(super) const fn is_token(byte: u8) -> bool {
    TOKEN[byte as usize]
}

/// Whether a byte is linear white space, folding included.
pub(super) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// The value without white space at both ends.
pub(super) fn trim(mut value: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = value {
        if !is_space(*first) {
            break;
        }
        value = rest;
    }
    while let [rest @ .., last] = value {
        if !is_space(*last) {
            break;
        }
        value = rest;
    }
    value
}

/// A whole value that is one token, as text.
pub(super) fn whole_token(value: &[u8]) -> Option<&str> {
    if value.is_empty() || !value.iter().all(|&byte| is_token(byte)) {
        return None;
    }
    std::str::from_utf8(value).ok()
}

/// A whole value that is a decimal number of at most 32 bits; leading zeros are allowed.
pub(super) fn whole_number(value: &[u8]) -> Option<u32> {
    if value.is_empty() {
        return None;
    }
    value.iter().try_fold(0_u32, |number, &byte| {
        if !byte.is_ascii_digit() {
            return None;
        }
        number.checked_mul(10)?.checked_add(u32::from(byte - b'0'))
    })
}

/// Splits at a position that a search over the same slice has given.
pub(super) fn split(value: &[u8], at: usize) -> (&[u8], &[u8]) {
    value.split_at_checked(at).unwrap_or((value, &[]))
}

/// Length of the quoted string that `value` begins with, both quotes included; none if it never
/// closes.
pub(super) fn quoted_len(value: &[u8]) -> Option<usize> {
    let mut bytes = value.iter().enumerate().skip(1);
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'"' => return Some(at + 1),
            b'\\' => {
                bytes.next()?;
            }
            _ => {}
        }
    }
    None
}

/// Reads a value from its beginning.
#[derive(Clone, Copy)]
pub(super) struct Lexer<'a> {
    /// What has not been read.
    pub(super) rest: &'a [u8],
}

impl<'a> Lexer<'a> {
    pub(super) fn new(value: &'a [u8]) -> Self {
        Self { rest: value }
    }

    /// Passes over white space.
    pub(super) fn space(&mut self) {
        while let [first, rest @ ..] = self.rest {
            if !is_space(*first) {
                break;
            }
            self.rest = rest;
        }
    }

    /// The next byte, not taken.
    pub(super) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// Takes `byte` with white space around it, or nothing.
    pub(super) fn eat(&mut self, byte: u8) -> bool {
        let mut ahead = *self;
        ahead.space();
        if ahead.peek() != Some(byte) {
            return false;
        }
        ahead.rest = ahead.rest.get(1..).unwrap_or_default();
        ahead.space();
        *self = ahead;
        true
    }

    /// Takes bytes as long as they are of a class.
    pub(super) fn run(&mut self, mut class: impl FnMut(u8) -> bool) -> &'a [u8] {
        let end = self
            .rest
            .iter()
            .position(|&byte| !class(byte))
            .unwrap_or(self.rest.len());
        let (taken, rest) = split(self.rest, end);
        self.rest = rest;
        taken
    }

    /// Takes a token.
    pub(super) fn token(&mut self) -> Option<&'a str> {
        let taken = self.run(is_token);
        if taken.is_empty() {
            return None;
        }
        std::str::from_utf8(taken).ok()
    }

    /// Takes a quoted string, its quotes included.
    pub(super) fn quoted(&mut self) -> Option<&'a [u8]> {
        if self.peek() != Some(b'"') {
            return None;
        }
        let (taken, rest) = split(self.rest, quoted_len(self.rest)?);
        self.rest = rest;
        Some(taken)
    }
}

/// The elements of a comma-separated value, each trimmed; commas in quoted strings and between
/// angle brackets do not separate. An unclosed quote or bracket runs to the end of the value, where
/// the element's own grammar refuses it. Empty elements are given as such.
#[derive(Clone)]
pub(super) struct Elements<'a> {
    rest: Option<&'a [u8]>,
}

impl<'a> Elements<'a> {
    pub(super) fn new(value: &'a [u8]) -> Self {
        Self {
            rest: (!value.is_empty()).then_some(value),
        }
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let value = self.rest?;
        if memchr::memchr(b',', value).is_none() {
            self.rest = None;
            return Some(trim(value));
        }
        let mut at = 0;
        while let Some(byte) = value.get(at) {
            let ahead = value.get(at..).unwrap_or_default();
            at += match byte {
                b',' => break,
                b'"' => quoted_len(ahead).unwrap_or(ahead.len()),
                b'<' => ahead.iter().position(|&b| b == b'>').unwrap_or(ahead.len()),
                _ => 1,
            };
        }
        self.rest = value.get(at + 1..);
        Some(trim(split(value, at).0))
    }
}
