//! `[display-name] <uri> *(;param)` or `uri *(;param)`: From, To, Contact, Route and their kin.
//!
//! RFC 3261 sections 20, 20.10, 20.20, 20.39 and 25.1. In the form without brackets, `;` ends the
//! URI and begins the header's parameters, and `?` and `,` may not occur. An unquoted display name
//! may hold other characters than a token's, non-UTF-8 ones too, but no comma, semicolon or quote
//! (RFC 4475 section 3.1.2.15). Display names and parameters are views of the raw text.

use std::borrow::Cow;
use std::fmt;

use crate::message::params::{Param, Params};
use crate::message::scan::{Lexer, split, trim};
use crate::message::uri::Uri;

/// An address with an optional display name and parameters.
#[derive(Clone, Copy, Debug)]
pub struct NameAddr<'a> {
    display: &'a [u8],
    /// The URI.
    pub uri: Uri<'a>,
    /// The header's parameters, such as `tag`.
    pub params: Params<'a>,
    tag: Option<Param<'a>>,
}

impl<'a> NameAddr<'a> {
    /// Reads one whole element; none if it is malformed.
    pub fn parse(value: &'a [u8]) -> Option<Self> {
        let mut lexer = Lexer::new(value);
        lexer.space();
        let display = match lexer.peek()? {
            b'"' => {
                let quoted = lexer.quoted()?;
                lexer.space();
                quoted
            }
            _ => lexer.run(|byte| !matches!(byte, b'<' | b'"' | b';' | b',')),
        };
        match lexer.peek() {
            Some(b'<') => Self::parse_bracketed(trim(display), lexer.rest),
            Some(b';') | None => Self::parse_plain(trim(display), lexer.rest),
            Some(_) => None,
        }
    }

    fn parse_bracketed(display: &'a [u8], rest: &'a [u8]) -> Option<Self> {
        let end = rest.iter().position(|&byte| byte == b'>')?;
        let (bracketed, rest) = split(rest, end);
        let uri = std::str::from_utf8(bracketed.get(1..)?).ok()?;
        Self::finish(display, uri, rest.get(1..)?)
    }

    fn parse_plain(uri: &'a [u8], params: &'a [u8]) -> Option<Self> {
        //= RFC 3261 section 20
        //# If the URI contains a comma, question mark or semicolon, the URI MUST be enclosed in
        //# angle brackets
        if uri.contains(&b'?') {
            return None;
        }
        Self::finish(&[], std::str::from_utf8(uri).ok()?, params)
    }

    fn finish(display: &'a [u8], uri: &'a str, params: &'a [u8]) -> Option<Self> {
        let uri = Uri::parse(uri)?;
        let mut tag = None;
        let params = Params::parse_each(params, |param| {
            if tag.is_none() && param.name.eq_ignore_ascii_case("tag") {
                tag = Some(param);
            }
        })?;
        Some(Self {
            display,
            uri,
            params,
            tag,
        })
    }

    /// The display name without its quotes and escapes; none if there is none. What is not UTF-8
    /// becomes U+FFFD.
    pub fn display_name(&self) -> Option<Cow<'a, str>> {
        let quoted = self
            .display
            .strip_prefix(b"\"")
            .and_then(|rest| rest.strip_suffix(b"\""));
        let name = match quoted {
            Some(inner) if inner.contains(&b'\\') => {
                Cow::Owned(String::from_utf8_lossy(&without_escapes(inner)).into_owned())
            }
            Some(inner) => String::from_utf8_lossy(inner),
            None => String::from_utf8_lossy(self.display),
        };
        (!name.is_empty()).then_some(name)
    }

    /// The `tag` parameter; none if it is missing or no text.
    pub fn tag(&self) -> Option<&'a str> {
        self.tag?.text()
    }

    /// Whether `tag`, if it is there, is text.
    pub(in crate::message) fn tag_is_sound(&self) -> bool {
        self.tag
            .is_none_or(|tag| tag.value.is_some_and(<[u8]>::is_ascii))
    }
}

/// The inner text of a quoted string with its quoted pairs resolved.
fn without_escapes(inner: &[u8]) -> Vec<u8> {
    let mut bytes = inner.iter();
    let mut plain = Vec::with_capacity(inner.len());
    while let Some(&byte) = bytes.next() {
        match byte {
            b'\\' => plain.extend(bytes.next()),
            _ => plain.push(byte),
        }
    }
    plain
}

/// Prints text as a quoted string; control characters become spaces.
#[derive(Clone, Copy, Debug)]
pub struct Quoted<'a>(pub &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write;

        f.write_char('"')?;
        for letter in self.0.chars() {
            match letter {
                '"' | '\\' => write!(f, "\\{letter}")?,
                _ if letter.is_control() => f.write_char(' ')?,
                _ => f.write_char(letter)?,
            }
        }
        f.write_char('"')
    }
}

#[cfg(test)]
mod tests;
