//! `Retry-After: seconds [(comment)] *(;param)`.
//!
//! RFC 3261 section 20.33. The comment is for people and is passed over.

use crate::message::params::Params;
use crate::message::scan::{Lexer, split, whole_number};

/// The delay of a Retry-After value, in seconds; none if it is malformed.
pub(in crate::message) fn parse(value: &[u8]) -> Option<u32> {
    let mut lexer = Lexer::new(value);
    let delay_s = whole_number(lexer.run(|byte| byte.is_ascii_digit()))?;
    lexer.space();
    if lexer.peek() == Some(b'(') {
        lexer.rest = split(lexer.rest, comment_len(lexer.rest)?).1;
    }
    Params::parse(lexer.rest)?;
    Some(delay_s)
}

/// Length of the comment that `value` begins with; comments nest.
fn comment_len(value: &[u8]) -> Option<usize> {
    let mut depth = 0_usize;
    let mut bytes = value.iter().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'(' => depth += 1,
            b')' if depth <= 1 => return Some(at + 1),
            b')' => depth -= 1,
            b'\\' => {
                bytes.next()?;
            }
            _ => {}
        }
    }
    None
}
