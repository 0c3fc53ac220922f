//! `Session-Expires: seconds [;refresher=uac|uas]`.
//!
//! RFC 4028 section 4. The floor of 90 s is for the session to hold, not for the parser.

use crate::message::params::Params;
use crate::message::scan::{Lexer, whole_number};

/// A Session-Expires value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionExpires {
    /// The interval, in seconds.
    pub interval_s: u32,
    /// Who is to refresh.
    pub refresher: Option<Refresher>,
}

/// Who refreshes a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refresher {
    /// The client of the transaction that carries the value.
    Uac,
    /// Its server.
    Uas,
}

impl SessionExpires {
    /// Reads a whole value; none if it is malformed.
    pub fn parse(value: &[u8]) -> Option<Self> {
        let mut lexer = Lexer::new(value);
        let interval_s = whole_number(lexer.run(|byte| byte.is_ascii_digit()))?;
        let params = Params::parse(lexer.rest)?;
        let refresher = match params.text("refresher") {
            None => None,
            Some(who) if who.eq_ignore_ascii_case("uac") => Some(Refresher::Uac),
            Some(who) if who.eq_ignore_ascii_case("uas") => Some(Refresher::Uas),
            Some(_) => return None,
        };
        Some(Self {
            interval_s,
            refresher,
        })
    }
}
