//! Request methods.
//!
//! RFC 3261 section 7.1: a method is a case-sensitive token, and any token is a method.

use std::fmt;

use bytes::Bytes;

use super::scan::whole_token;

/// A request's method.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// RFC 3261.
    Invite,
    /// RFC 3261.
    Ack,
    /// RFC 3261.
    Bye,
    /// RFC 3261.
    Cancel,
    /// RFC 3261.
    Options,
    /// RFC 3261.
    Register,
    /// RFC 6086.
    Info,
    /// RFC 3311.
    Update,
    /// RFC 3262.
    Prack,
    /// RFC 6665.
    Subscribe,
    /// RFC 6665.
    Notify,
    /// RFC 3515.
    Refer,
    /// RFC 3428.
    Message,
    /// RFC 3903.
    Publish,
    /// Any other, as it was sent.
    Other(OtherMethod),
}

/// A method that we have no name for: a token, shared with the message that it came in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OtherMethod(Bytes);

const KNOWN: [(&str, Method); 14] = [
    ("INVITE", Method::Invite),
    ("ACK", Method::Ack),
    ("BYE", Method::Bye),
    ("CANCEL", Method::Cancel),
    ("OPTIONS", Method::Options),
    ("REGISTER", Method::Register),
    ("INFO", Method::Info),
    ("UPDATE", Method::Update),
    ("PRACK", Method::Prack),
    ("SUBSCRIBE", Method::Subscribe),
    ("NOTIFY", Method::Notify),
    ("REFER", Method::Refer),
    ("MESSAGE", Method::Message),
    ("PUBLISH", Method::Publish),
];

impl Method {
    /// The method that a token names; none if `token` is no token. `holder` is the buffer that
    /// `token` lies in, so that an unknown one can be kept without a copy.
    pub(super) fn parse(token: &[u8], holder: &Bytes) -> Option<Self> {
        if let Some((_, method)) = KNOWN.iter().find(|(name, _)| name.as_bytes() == token) {
            return Some(method.clone());
        }
        whole_token(token)?;
        Some(Self::Other(OtherMethod(holder.slice_ref(token))))
    }

    /// As it stands in a message.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Other(OtherMethod(token)) => {
                std::str::from_utf8(token).expect("a token is ASCII")
            }
            known => known.known_name().unwrap_or_default(),
        }
    }

    /// Its name if it is one of ours, for counters and ladders.
    pub fn known_name(&self) -> Option<&'static str> {
        Some(match self {
            Self::Invite => "INVITE",
            Self::Ack => "ACK",
            Self::Bye => "BYE",
            Self::Cancel => "CANCEL",
            Self::Options => "OPTIONS",
            Self::Register => "REGISTER",
            Self::Info => "INFO",
            Self::Update => "UPDATE",
            Self::Prack => "PRACK",
            Self::Subscribe => "SUBSCRIBE",
            Self::Notify => "NOTIFY",
            Self::Refer => "REFER",
            Self::Message => "MESSAGE",
            Self::Publish => "PUBLISH",
            Self::Other(_) => return None,
        })
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
