//! Names that nobody can guess: tags, branches, Call-IDs, first CSeq numbers; and keys that nobody
//! can aim at.
//!
//! RFC 3261 sections 8.1.1.4, 8.1.1.5, 8.1.1.7 and 19.3 (tags carry at least 32 bits; ours 64). All
//! of it comes from the seed, so that a simulation repeats itself.

use std::fmt;
use std::hash::{DefaultHasher, Hasher};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;
use rotaline_model::Seed;

use crate::message::MAGIC_COOKIE;

/// The stream of the seed that is ours: "sip".
const PURPOSE: u64 = 0x73_69_70;

/// The tag that we give a dialog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct LocalTag(u64);

/// The branch of a request of ours, less its cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Branch(u64);

/// A generator of names.
pub(crate) struct Names {
    random: ChaCha8Rng,
    secrets: [u64; 2],
}

impl Names {
    pub(crate) fn new(seed: Seed) -> Self {
        let mut random = seed.generator(PURPOSE);
        let secrets = [random.next_u64(), random.next_u64()];
        Self { random, secrets }
    }

    pub(crate) fn tag(&mut self) -> LocalTag {
        LocalTag(self.random.next_u64())
    }

    pub(crate) fn branch(&mut self) -> Branch {
        Branch(self.random.next_u64())
    }

    /// 128 bits.
    pub(crate) fn call_id(&mut self) -> String {
        format!(
            "{:016x}{:016x}",
            self.random.next_u64(),
            self.random.next_u64()
        )
    }

    /// Far below 2^31, so that counting on never gets there.
    pub(crate) fn cseq(&mut self) -> u32 {
        self.random.next_u32() >> 4
    }

    /// Seconds until a request that came too early may come again (RFC 3261 section 14.2).
    pub(crate) fn retry_after_s(&mut self) -> u32 {
        self.random.next_u32() % 11
    }

    /// A key over parts that a stranger chose; without the secrets none can be made to collide.
    pub(crate) fn key(&self, parts: &[&[u8]]) -> u128 {
        let half = |secret: u64| {
            let mut hasher = DefaultHasher::new();
            hasher.write_u64(secret);
            for part in parts {
                hasher.write_usize(part.len());
                hasher.write(part);
            }
            u128::from(hasher.finish())
        };
        let [high, low] = self.secrets;
        half(high) << 64 | half(low)
    }

    /// The tag of a response that leaves no state: the same for each copy of a request.
    pub(crate) fn stateless_tag(&self, request: &[u8]) -> LocalTag {
        let bytes = self.key(&[b"tag", request]).to_le_bytes();
        LocalTag(
            bytes
                .iter()
                .take(8)
                .fold(0, |tag, byte| tag << 8 | u64::from(*byte)),
        )
    }
}

impl LocalTag {
    /// The tag that a text stands for, if it can be one of ours.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        parse_hex(text).map(Self)
    }
}

impl Branch {
    /// The branch that a Via parameter stands for, if it can be one of ours.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        parse_hex(text.strip_prefix(MAGIC_COOKIE)?).map(Self)
    }
}

impl fmt::Display for LocalTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Display for Branch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{MAGIC_COOKIE}{:016x}", self.0)
    }
}

/// 16 hexadecimal digits in lower case.
fn parse_hex(text: &str) -> Option<u64> {
    let is_ours = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    (text.len() == 16 && text.bytes().all(is_ours))
        .then(|| u64::from_str_radix(text, 16).ok())
        .flatten()
}
