//! Where a phone is reached.

use std::fmt;
use std::sync::Arc;

use rotaline_model::{BadNumber, Dialled, PhoneNumber};

/// Where a phone is reached.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PhoneAddress {
    /// By number, through the gateway.
    Number(PhoneNumber),
    /// By SIP URI, e.g. `sip:ann@127.0.0.1:5071`.
    Sip(Arc<str>),
}

/// Why a text is no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAddress {
    /// `sip:` without a host, or with something that no URI may hold.
    #[error("not a SIP address: write it as sip:user@host or sip:user@host:port")]
    Sip,
    /// Neither a SIP address nor a number.
    #[error(transparent)]
    Number(#[from] BadNumber),
}

impl PhoneAddress {
    /// Parses a SIP URI (`sip:...`), or a telephone number.
    pub fn parse(text: &str) -> Result<Self, BadAddress> {
        let text = text.trim();
        let Some(rest) = text.strip_prefix("sip:") else {
            return Ok(PhoneAddress::Number(PhoneNumber::parse(text)?));
        };
        let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
        let user_given = rest
            .rsplit_once('@')
            .is_none_or(|(user, _)| !user.is_empty());
        let plain = text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !b"<>\"".contains(&byte));
        let host_given = host
            .bytes()
            .next()
            .is_some_and(|b| b.is_ascii_alphanumeric() || b == b'[');
        if plain && user_given && host_given {
            Ok(PhoneAddress::Sip(text.into()))
        } else {
            Err(BadAddress::Sip)
        }
    }

    /// The line as a diversion by it names it: its number, or the user of its SIP address.
    pub fn line(&self) -> Option<Dialled> {
        match self {
            PhoneAddress::Number(number) => Some(Dialled::Full(number.clone())),
            PhoneAddress::Sip(uri) => {
                let (user, _) = uri.strip_prefix("sip:")?.rsplit_once('@')?;
                Dialled::parse(user.split([':', ';']).next().unwrap_or(user)).ok()
            }
        }
    }
}

impl fmt::Display for PhoneAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PhoneAddress::Number(number) => number.fmt(f),
            PhoneAddress::Sip(uri) => f.write_str(uri),
        }
    }
}
