//! A request that is sent again (a double click, a retry after a broken connection) is done once:
//! `Idempotency-Key`.
//!
//! Keys are kept in memory: what a client sends again after a restart of the service is done anew.
//! Not here: what is done, and what is answered.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use rotaline_model::CaseId;
use sha2::{Digest, Sha256};

/// Keys that are kept at a time; beyond, the oldest are forgotten.
const KEYS: usize = 10_000;
/// How long a key is kept.
const KEPT: Duration = Duration::from_secs(24 * 3_600);
/// Characters of a key.
const LONGEST: usize = 128;

/// The keys of requests, and what was made for them.
#[derive(Default)]
pub(crate) struct Once(Mutex<Known>);

#[derive(Default)]
struct Known {
    by_key: BTreeMap<Key, Made>,
    /// The oldest first; a key that was forgotten may still be here.
    in_order: VecDeque<(Timestamp, Key)>,
}

struct Made {
    at: Timestamp,
    /// Of what was asked: it may name a patient.
    asked: [u8; 32],
    case: CaseId,
}

/// What names a request.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key(String);

impl Key {
    /// 1 to 128 printable characters.
    pub(crate) fn parse(text: &str) -> Option<Key> {
        let printable = text.bytes().all(|byte| byte.is_ascii_graphic());
        (printable && !text.is_empty() && text.len() <= LONGEST).then(|| Key(text.to_owned()))
    }
}

/// Whether a request was seen before.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// It was not: it is to be done.
    Never,
    /// It was, and this came of it.
    Before(CaseId),
    /// Its key was used for something else.
    Differs,
}

impl Once {
    /// Takes note of a request for which `case` is made, unless it is known. One step: of two
    /// clicks at the same moment one is the first.
    pub(crate) fn see(&self, key: &Key, asked: &[u8], case: CaseId, now: Timestamp) -> Seen {
        let asked: [u8; 32] = Sha256::digest(asked).into();
        let mut known = self.known();
        known.forget(now);
        if let Some(made) = known.by_key.get(key) {
            return match made.asked == asked {
                true => Seen::Before(made.case),
                false => Seen::Differs,
            };
        }
        let made = Made {
            at: now,
            asked,
            case,
        };
        known.by_key.insert(key.clone(), made);
        known.in_order.push_back((now, key.clone()));
        Seen::Never
    }

    /// Nothing came of it: the next request with this key is a new one.
    pub(crate) fn forget(&self, key: &Key) {
        self.known().by_key.remove(key);
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Makes room for one more.
    fn forget(&mut self, now: Timestamp) {
        let oldest = now.checked_sub(KEPT).unwrap_or(Timestamp::MIN);
        while let Some((at, _)) = self.in_order.front()
            && (*at < oldest || self.in_order.len() >= KEYS)
        {
            let Some((at, key)) = self.in_order.pop_front() else {
                return;
            };
            // It may have been forgotten, and made again since.
            if self.by_key.get(&key).is_some_and(|made| made.at == at) {
                self.by_key.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn case(number: u128) -> CaseId {
        CaseId::from(Uuid::from_u128(number))
    }

    fn key(text: &str) -> Key {
        Key::parse(text).unwrap()
    }

    #[test]
    fn the_same_is_done_once_until_it_is_forgotten() {
        let (once, now) = (Once::default(), Timestamp::UNIX_EPOCH);
        let see = |asked: &[u8], number, now| once.see(&key("a"), asked, case(number), now);
        assert_eq!(see(b"x", 1, now), Seen::Never);
        assert_eq!(see(b"x", 2, now), Seen::Before(case(1)));
        assert_eq!(see(b"y", 3, now), Seen::Differs);
        once.forget(&key("a"));
        assert_eq!(see(b"y", 4, now), Seen::Never);
        let next_day = now + KEPT + Duration::from_secs(1);
        assert_eq!(see(b"y", 5, next_day), Seen::Never);
    }

    #[test]
    fn at_the_bound_the_oldest_are_forgotten() {
        let (once, now) = (Once::default(), Timestamp::UNIX_EPOCH);
        for number in 0..=KEYS {
            let key = key(&format!("k{number}"));
            assert_eq!(once.see(&key, b"x", case(1), now), Seen::Never);
        }
        assert_eq!(once.known().by_key.len(), KEYS);
        let newest = key(&format!("k{KEYS}"));
        assert_eq!(once.see(&newest, b"x", case(2), now), Seen::Before(case(1)));
        assert_eq!(once.see(&key("k0"), b"x", case(3), now), Seen::Never);
    }

    #[test]
    fn a_key_is_printable_and_not_too_long() {
        assert!(Key::parse("8e03978e-40d5-43e8-bc93-6894a57f9324").is_some());
        for bad in ["", "a b", "ä", &"x".repeat(LONGEST + 1)] {
            assert!(Key::parse(bad).is_none(), "{bad:?}");
        }
    }
}
