//! `Contact: * ` or a list of addresses.
//!
//! RFC 3261 section 20.10.

use super::name_addr::NameAddr;

/// One element of a Contact.
#[derive(Clone, Copy, Debug)]
pub enum Contact<'a> {
    /// `*`: all registrations.
    Star,
    /// An address.
    Address(NameAddr<'a>),
}

impl<'a> Contact<'a> {
    /// Reads one whole element; none if it is malformed.
    pub fn parse(value: &'a [u8]) -> Option<Self> {
        if value == b"*" {
            return Some(Self::Star);
        }
        NameAddr::parse(value).map(Self::Address)
    }
}
