//! `;name=value` parameters behind a header's value.
//!
//! RFC 3261 section 25.1 (`generic-param`). A value is a token, a host or a quoted string; other
//! visible characters are tolerated, white space around `;` and `=` too. An empty parameter (`;;`)
//! is a fault (RFC 4475 section 3.1.2.1).

use super::scan::{Lexer, is_space};

/// The parameters of a header value, in their order, as they were sent.
#[derive(Clone, Copy, Debug, Default)]
pub struct Params<'a> {
    /// Empty, or beginning with `;`.
    raw: &'a [u8],
}

/// One parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Param<'a> {
    /// Its name; compared without regard to case.
    pub name: &'a str,
    /// Its value, quotes included if it is a quoted string; none for a flag such as `lr`.
    pub value: Option<&'a [u8]>,
}

impl<'a> Params<'a> {
    /// Takes the rest of a value, all of which must be well-formed parameters.
    pub(super) fn parse(raw: &'a [u8]) -> Option<Self> {
        Self::parse_each(raw, |_| ())
    }

    /// As `parse`, and shows each parameter on the way.
    pub(super) fn parse_each(raw: &'a [u8], mut see: impl FnMut(Param<'a>)) -> Option<Self> {
        let mut lexer = Lexer::new(raw);
        lexer.space();
        let raw = lexer.rest;
        while !lexer.rest.is_empty() {
            see(next(&mut lexer)?);
        }
        Some(Self { raw })
    }

    /// Each parameter in order.
    pub fn iter(self) -> impl Iterator<Item = Param<'a>> {
        let mut lexer = Lexer::new(self.raw);
        std::iter::from_fn(move || next(&mut lexer))
    }

    /// The first parameter of a name.
    pub fn get(self, name: &str) -> Option<Param<'a>> {
        self.iter()
            .find(|param| param.name.eq_ignore_ascii_case(name))
    }

    /// The value of the first parameter of a name, as text; none if it has none or is not text.
    pub fn text(self, name: &str) -> Option<&'a str> {
        self.get(name)?.text()
    }

    /// As they were sent.
    pub fn as_bytes(self) -> &'a [u8] {
        self.raw
    }
}

impl<'a> Param<'a> {
    /// Its value as text; none if it has none or is not text.
    pub fn text(self) -> Option<&'a str> {
        std::str::from_utf8(self.value?).ok()
    }
}

/// Takes `;name[=value]`, and the white space after it.
fn next<'a>(lexer: &mut Lexer<'a>) -> Option<Param<'a>> {
    if !lexer.eat(b';') {
        return None;
    }
    let name = lexer.token()?;
    if !lexer.eat(b'=') {
        lexer.space();
        return Some(Param { name, value: None });
    }
    let value = if lexer.peek() == Some(b'"') {
        lexer.quoted()?
    } else {
        lexer.run(is_value)
    };
    lexer.space();
    (!value.is_empty()).then_some(Param {
        name,
        value: Some(value),
    })
}

/// Whether a byte may stand in an unquoted parameter value.
fn is_value(byte: u8) -> bool {
    !is_space(byte) && !byte.is_ascii_control() && !matches!(byte, b';' | b',' | b'"' | b'<' | b'>')
}
