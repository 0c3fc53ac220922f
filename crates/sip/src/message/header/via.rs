//! `Via: SIP/2.0/UDP host[:port] *(;param)`: the way that responses go back.
//!
//! RFC 3261 sections 18.2, 20.42 and 25.1, RFC 3581 (`rport`), RFC 5118 sections 4.4 and 4.5
//! (`received` with and without brackets). `maddr` is read but never obeyed: it would let a sender
//! aim our responses at anyone.

use std::net::{IpAddr, SocketAddr};

use crate::message::host::{Host, parse_port, parse_v6};
use crate::message::params::{Param, Params};
use crate::message::scan::{Lexer, is_space, trim};

/// The port that a sent-by without one stands for, on UDP and TCP.
const DEFAULT_PORT: u16 = 5060;

/// What every branch of an RFC 3261 implementation begins with.
pub const MAGIC_COOKIE: &str = "z9hG4bK";

/// One Via element.
#[derive(Clone, Copy, Debug)]
pub struct Via<'a> {
    /// The transport as it was sent, such as `UDP`.
    pub transport: &'a str,
    /// The host of sent-by.
    pub host: Host<'a>,
    /// The port of sent-by, if one is given.
    pub port: Option<u16>,
    /// All parameters.
    pub params: Params<'a>,
    branch: Option<Param<'a>>,
    received: Option<Param<'a>>,
    rport: Option<Param<'a>>,
}

/// The `rport` parameter of RFC 3581.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rport {
    /// Not there: a response goes to the port of sent-by.
    Absent,
    /// A flag: a response goes to the port that the request came from.
    Asked,
    /// Filled in by the server.
    Port(u16),
}

impl<'a> Via<'a> {
    /// Reads one whole element; none if it is malformed.
    pub fn parse(value: &'a [u8]) -> Option<Self> {
        let mut lexer = Lexer::new(trim(value));
        // Any protocol and version: a request of SIP/7.0 is answered too (RFC 4475 3.1.2.16).
        for _protocol_then_version in 0..2 {
            lexer.token()?;
            if !lexer.eat(b'/') {
                return None;
            }
        }
        let transport = lexer.token()?;
        if !lexer.peek().is_some_and(is_space) {
            return None;
        }
        lexer.space();
        // The colons of an IPv6 address are between brackets.
        let mut bracketed = false;
        let host = lexer.run(|byte| {
            bracketed = (bracketed || byte == b'[') && byte != b']';
            byte != b';' && !is_space(byte) && (bracketed || byte != b':')
        });
        let host = Host::parse(std::str::from_utf8(host).ok()?)?;
        //= RFC 3261 section 25.1
        //# COLON   =  SWS ":" SWS ; colon
        let port = if lexer.eat(b':') {
            let digits = std::str::from_utf8(lexer.run(|byte| byte.is_ascii_digit())).ok()?;
            Some(parse_port(digits)?)
        } else {
            None
        };
        let (mut branch, mut received, mut rport) = (None, None, None);
        let params = Params::parse_each(lexer.rest, |param| {
            let place = match param.name.len() {
                5 if param.name.eq_ignore_ascii_case("rport") => &mut rport,
                6 if param.name.eq_ignore_ascii_case("branch") => &mut branch,
                8 if param.name.eq_ignore_ascii_case("received") => &mut received,
                _ => return,
            };
            place.get_or_insert(param);
        })?;
        let branch_is_sound =
            branch.is_none_or(|branch: Param<'_>| branch.value.is_some_and(<[u8]>::is_ascii));
        let via = Self {
            transport,
            host,
            port,
            params,
            branch,
            received,
            rport,
        };
        branch_is_sound.then_some(via)
    }

    /// The `branch` parameter.
    pub fn branch(&self) -> Option<&'a str> {
        self.branch?.text()
    }

    /// Whether the branch begins with the magic cookie, and so names a transaction by itself. A
    /// cookie with nothing behind it names none (RFC 4475 section 3.2.1).
    pub fn has_magic_cookie(&self) -> bool {
        //= RFC 3261 section 20.42
        //# Even though this specification mandates that the branch parameter be present in all
        //# requests, the BNF for the header field indicates that it is optional.
        let parts = self
            .branch()
            .and_then(|branch| branch.split_at_checked(MAGIC_COOKIE.len()));
        parts.is_some_and(|(cookie, name)| {
            cookie.eq_ignore_ascii_case(MAGIC_COOKIE) && !name.is_empty()
        })
    }

    /// The `received` parameter; none if it is no address.
    pub fn received(&self) -> Option<IpAddr> {
        parse_ip(self.received?.text()?)
    }

    /// The `rport` parameter; a value that is no port counts as a flag.
    pub fn rport(&self) -> Rport {
        match self.rport {
            None => Rport::Absent,
            Some(rport) => match rport.text().and_then(parse_port) {
                None => Rport::Asked,
                Some(port) => Rport::Port(port),
            },
        }
    }

    /// Where a response to a request that came from `source` goes to, over UDP.
    pub fn reply_to(&self, source: SocketAddr) -> SocketAddr {
        match self.rport() {
            //= RFC 3581 section 4
            //# the response MUST be sent to the IP address listed in the "received" parameter, and
            //# the port in the "rport" parameter.
            Rport::Asked | Rport::Port(_) => source,
            //= RFC 3261 section 18.2.2
            //# the response MUST be sent to the address in the "received" parameter, using the
            //# port indicated in the "sent-by" value
            Rport::Absent => SocketAddr::new(source.ip(), self.port.unwrap_or(DEFAULT_PORT)),
        }
    }

    /// Whether sent-by names this very address, port included.
    pub fn is_sent_by(&self, address: SocketAddr) -> bool {
        self.host.ip() == Some(address.ip()) && self.port.unwrap_or(DEFAULT_PORT) == address.port()
    }
}

/// An IP address, an IPv6 one with or without brackets.
fn parse_ip(text: &str) -> Option<IpAddr> {
    if let Ok(address) = text.parse() {
        return Some(address);
    }
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(text);
    parse_v6(bare).map(IpAddr::V6)
}

#[cfg(test)]
mod tests;
