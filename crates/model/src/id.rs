//! Ids: UUIDv7 for cases and calls, small numbers below them, slugs for what people configure.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use jiff::Timestamp;
use rand_chacha::rand_core::Rng;
use serde::{Deserialize, Serialize};
use uuid::{Builder, Uuid};

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new id (UUIDv7, RFC 9562 section 5.7) from the passed time and randomness.
            pub fn new(wall: Timestamp, random: &mut impl Rng) -> Self {
                let mut bytes = [0; 10];
                random.fill_bytes(&mut bytes);
                let milliseconds = u64::try_from(wall.as_millisecond()).unwrap_or(0);
                $name(Builder::from_unix_timestamp_millis(milliseconds, &bytes).into_uuid())
            }

            /// The id as a UUID.
            pub fn uuid(self) -> Uuid {
                self.0
            }

            /// A short reference that people can read out: the last eight hexadecimal digits.
            pub fn reference(self) -> String {
                let text = self.0.simple().to_string();
                text[24..].to_uppercase()
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                $name(uuid)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Ok($name(Uuid::parse_str(text)?))
            }
        }
    };
}

uuid_id! {
    /// One contact, from first ring to outcome.
    CaseId
}
uuid_id! {
    /// One set of legs under a case.
    CallId
}
uuid_id! {
    /// Something that a code or PIN opens once: a call back, a patient's call.
    ErrandId
}
uuid_id! {
    /// Something that goes on after the call that asked for it: keep trying.
    JobId
}
uuid_id! {
    /// What somebody asked to be rung back for.
    RequestId
}

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize,
            Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number_id! {
    /// One phone in a call; numbered from 0 within it. The inbound leg, if there is one, is 0.
    LegId(u32)
}
number_id! {
    /// Legs in one room hear each other; numbered within a call.
    RoomId(u32)
}
number_id! {
    /// One playing of sounds to a leg; numbered within a call, so that a stale completion is known.
    PlayId(u32)
}
number_id! {
    /// One question of a call to the world outside; numbered within the call.
    AskId(u32)
}
number_id! {
    /// The machine that kept a record.
    NodeId(u16)
}

/// Why a text is no slug.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an id: use 1 to 64 of a-z, 0-9 and -, beginning with a letter or digit")]
pub struct BadSlug(pub String);

fn check_slug(text: &str) -> Result<Arc<str>, BadSlug> {
    let good = (1..=64).contains(&text.len())
        && !text.starts_with('-')
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if good {
        Ok(text.into())
    } else {
        Err(BadSlug(text.to_owned()))
    }
}

macro_rules! slug_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// Parses an id as people write it, e.g. `cardiology`.
            pub fn parse(text: &str) -> Result<Self, BadSlug> {
                check_slug(text).map($name)
            }

            /// The id as people write it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadSlug;
            fn try_from(text: String) -> Result<Self, BadSlug> {
                $name::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0.as_ref().to_owned()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }
    };
}

slug_id! {
    /// A trust, board or care area.
    OrganisationId
}
slug_id! {
    /// A team that answers.
    SpecialtyId
}
slug_id! {
    /// Somebody on a rota.
    PersonId
}
slug_id! {
    /// Where callers work.
    PracticeId
}
