//! `CSeq: number method`.
//!
//! RFC 3261 sections 8.1.1.5, 20.16 and 25.1: the number is below 2^31 and the method compares
//! with regard to case.

use std::fmt;

use bytes::Bytes;

use crate::message::method::Method;
use crate::message::scan::{Lexer, is_space, is_token, whole_number};

/// Numbers stay below this.
const LIMIT: u32 = 1 << 31;

/// A CSeq value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CSeq {
    /// Below 2^31.
    pub number: u32,
    /// The request's method; a response repeats that of its request.
    pub method: Method,
}

impl CSeq {
    /// Reads a whole value that lies in `holder`; none if it is malformed.
    pub(in crate::message) fn parse(value: &[u8], holder: &Bytes) -> Option<Self> {
        let mut lexer = Lexer::new(value);
        //= RFC 3261 section 8.1.1.5
        //# The sequence number value MUST be expressible as a 32-bit unsigned integer and MUST be
        //# less than 2**31.
        let number = whole_number(lexer.run(|byte| byte.is_ascii_digit()))?;
        if number >= LIMIT || !lexer.peek().is_some_and(is_space) {
            return None;
        }
        lexer.space();
        let method = Method::parse(lexer.run(is_token), holder)?;
        lexer.rest.is_empty().then_some(Self { number, method })
    }
}

impl fmt::Display for CSeq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.number, self.method)
    }
}
