//! A token or media type with parameters: Content-Type, Content-Disposition, Event, Reason.
//!
//! RFC 3261 sections 20.11 and 20.15, RFC 3326 (Reason), RFC 6665 (Event).

use crate::message::params::Params;
use crate::message::scan::{Lexer, trim};

/// A media type with its parameters.
#[derive(Clone, Copy, Debug)]
pub struct MediaType<'a> {
    /// Such as `application`.
    pub kind: &'a str,
    /// Such as `sdp`.
    pub subkind: &'a str,
    /// Such as `boundary`.
    pub params: Params<'a>,
}

impl<'a> MediaType<'a> {
    /// Reads a whole value; none if it is malformed.
    pub fn parse(value: &'a [u8]) -> Option<Self> {
        let mut lexer = Lexer::new(trim(value));
        let kind = lexer.token()?;
        if !lexer.eat(b'/') {
            return None;
        }
        let subkind = lexer.token()?;
        Some(Self {
            kind,
            subkind,
            params: Params::parse(lexer.rest)?,
        })
    }

    /// Whether it is this type, without regard to case and parameters.
    pub fn is(&self, kind: &str, subkind: &str) -> bool {
        self.kind.eq_ignore_ascii_case(kind) && self.subkind.eq_ignore_ascii_case(subkind)
    }
}

/// A token with its parameters.
#[derive(Clone, Copy, Debug)]
pub struct Tagged<'a> {
    /// Such as `Q.850` in a Reason.
    pub token: &'a str,
    /// Such as `cause`.
    pub params: Params<'a>,
}

impl<'a> Tagged<'a> {
    /// Reads one whole element; none if it is malformed.
    pub fn parse(value: &'a [u8]) -> Option<Self> {
        let mut lexer = Lexer::new(trim(value));
        let token = lexer.token()?;
        Some(Self {
            token,
            params: Params::parse(lexer.rest)?,
        })
    }
}
