//! Back-off of those who guess, by account and source: a guesser waits, and whoever the account
//! belongs to logs in from elsewhere all the same. Names that nobody has are counted like others,
//! so that a delay tells nothing.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Failures of an account from one source that cost nothing.
const FREE: u32 = 5;
/// Failures of one source, over all accounts, that cost nothing.
const FREE_OF_SOURCE: u32 = 30;
/// The longest delay.
const LONGEST: Duration = Duration::from_secs(15 * 60);
/// What is remembered at most; beyond, what is oldest is forgotten.
const BOUND: usize = 20_000;

/// Who has failed, how often.
#[derive(Default)]
pub(crate) struct Throttle(Mutex<BTreeMap<Key, Failures>>);

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Account(String, IpAddr),
    Source(IpAddr),
}

struct Failures {
    count: u32,
    last: Instant,
}

impl Throttle {
    /// How long whoever tries must wait; nothing: not at all. A try is counted before it is made,
    /// and taken back by [`Throttle::succeeded`].
    pub(crate) fn tries(&self, account: &str, source: IpAddr, now: Instant) -> Option<Duration> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let keys = [
            (Key::Account(account.to_owned(), source), FREE),
            (Key::Source(source), FREE_OF_SOURCE),
        ];
        let waits = keys
            .iter()
            .filter_map(|(key, free)| known.get(key)?.wait(*free, now));
        if let Some(wait) = waits.max() {
            return Some(wait);
        }
        for (key, _) in keys {
            if known.len() >= BOUND {
                forget_oldest(&mut known, now);
            }
            let failures = known.entry(key).or_insert(Failures {
                count: 0,
                last: now,
            });
            failures.count = failures.count.saturating_add(1);
            failures.last = now;
        }
        None
    }

    /// It was no guess.
    pub(crate) fn succeeded(&self, account: &str, source: IpAddr) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.remove(&Key::Account(account.to_owned(), source));
        if let Some(of_source) = known.get_mut(&Key::Source(source)) {
            of_source.count = of_source.count.saturating_sub(1);
        }
    }
}

impl Failures {
    fn wait(&self, free: u32, now: Instant) -> Option<Duration> {
        let beyond = self.count.checked_sub(free)?;
        let delay = Duration::from_secs(1 << beyond.min(10)).min(LONGEST);
        let over = self.last + delay;
        over.checked_duration_since(now)
            .filter(|left| !left.is_zero())
    }
}

/// Half of what is there goes at once, so that a flood of names does not cost a walk each.
fn forget_oldest(known: &mut BTreeMap<Key, Failures>, now: Instant) {
    let mut ages: Vec<Duration> = known
        .values()
        .map(|it| now.saturating_duration_since(it.last))
        .collect();
    let middle = ages.len() / 2;
    let (_, median, _) = ages.select_nth_unstable(middle);
    let median = *median;
    known.retain(|_, it| now.saturating_duration_since(it.last) < median);
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const THERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    #[test]
    fn a_guesser_waits_ever_longer_and_the_owner_elsewhere_does_not() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        for _ in 0..FREE {
            assert_eq!(throttle.tries("ann", HERE, now), None);
        }
        assert_eq!(
            throttle.tries("ann", HERE, now),
            Some(Duration::from_secs(1))
        );
        assert_eq!(throttle.tries("ann", THERE, now), None);
        assert_eq!(throttle.tries("ben", HERE, now), None);
        let later = now + Duration::from_secs(1);
        assert_eq!(throttle.tries("ann", HERE, later), None);
        assert_eq!(
            throttle.tries("ann", HERE, later),
            Some(Duration::from_secs(2))
        );
    }

    #[test]
    fn a_source_that_tries_many_names_waits_too() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        for number in 0..FREE_OF_SOURCE {
            assert_eq!(throttle.tries(&format!("u{number}"), HERE, now), None);
        }
        assert!(throttle.tries("ann", HERE, now).is_some());
        assert_eq!(throttle.tries("ann", THERE, now), None);
    }

    #[test]
    fn who_logs_in_is_no_guesser() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        for _ in 0..100 {
            assert_eq!(throttle.tries("ann", HERE, now), None);
            throttle.succeeded("ann", HERE);
        }
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let (throttle, mut now) = (Throttle::default(), Instant::now());
        for number in 0..2 * BOUND {
            now += Duration::from_secs(3_600);
            assert_eq!(throttle.tries(&format!("u{number}"), HERE, now), None);
            throttle.0.lock().unwrap().remove(&Key::Source(HERE));
        }
        assert!(throttle.0.lock().unwrap().len() <= BOUND);
    }
}
