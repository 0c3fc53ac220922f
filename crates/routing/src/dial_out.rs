//! Numbers that people name and that we ring for them: which may be rung, and how many (toll
//! fraud). Numbers of the plan itself are not asked about here.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use rotaline_model::{Mono, OrganisationId, PhoneNumber};

/// Calls of one organisation to named numbers that are up at once; more are refused.
pub const AT_ONCE: u32 = 60;
/// Calls of one organisation to named numbers in any hour; more are refused.
pub const AN_HOUR: usize = 600;
const HOUR: Duration = Duration::from_secs(3_600);

/// What may be rung: UK landlines (01, 02, 03), mobiles (07) and freephone (080).
const ALLOWED: &[&str] = &["+441", "+442", "+443", "+447", "+44800", "+44808"];
/// Not even though it begins with one of [`ALLOWED`]: personal numbers (070), pagers (076).
const NOT_ALLOWED: &[&str] = &["+4470", "+4476"];

/// Why a number is not rung.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotPlaced {
    /// It is on no list of what may be rung.
    #[error("numbers that begin so are not rung")]
    Prefix,
    /// The organisation has too many such calls up, or had too many in this hour.
    #[error("too many calls to numbers that are not the plan's")]
    TooMany,
}

/// Counts calls to named numbers, by organisation. There are as many counts as organisations.
#[derive(Clone, Debug, Default)]
pub struct DialOut {
    counts: BTreeMap<OrganisationId, Count>,
}

#[derive(Clone, Debug, Default)]
struct Count {
    up: u32,
    begun: VecDeque<Mono>,
}

impl DialOut {
    /// Whether a number may be rung at all.
    pub fn check(number: &PhoneNumber) -> Result<(), NotPlaced> {
        let begins = |prefixes: &[&str]| prefixes.iter().any(|it| number.as_str().starts_with(it));
        if begins(ALLOWED) && !begins(NOT_ALLOWED) {
            Ok(())
        } else {
            Err(NotPlaced::Prefix)
        }
    }

    /// A call is about to be placed; if it may, [`DialOut::over`] must follow.
    pub fn place(
        &mut self,
        organisation: &OrganisationId,
        number: &PhoneNumber,
        now: Mono,
    ) -> Result<(), NotPlaced> {
        DialOut::check(number)?;
        let count = self.counts.entry(organisation.clone()).or_default();
        while count.begun.front().is_some_and(|at| *at + HOUR <= now) {
            count.begun.pop_front();
        }
        if count.up >= AT_ONCE || count.begun.len() >= AN_HOUR {
            return Err(NotPlaced::TooMany);
        }
        count.up += 1;
        count.begun.push_back(now);
        Ok(())
    }

    /// A call that was placed is over.
    pub fn over(&mut self, organisation: &OrganisationId) {
        if let Some(count) = self.counts.get_mut(organisation) {
            count.up = count.up.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> PhoneNumber {
        PhoneNumber::parse(text).unwrap()
    }

    #[test]
    fn premium_personal_and_foreign_numbers_are_not_rung() {
        for good in [
            "01632 960101",
            "020 7946 0001",
            "0300 1231234",
            "07700 900123",
            "0800 1111111",
        ] {
            assert_eq!(DialOut::check(&number(good)), Ok(()), "{good}");
        }
        for bad in [
            "0906 1234567",
            "0871 1234567",
            "070 12345678",
            "0760 1234567",
            "+1 900 5550100",
        ] {
            assert_eq!(
                DialOut::check(&number(bad)),
                Err(NotPlaced::Prefix),
                "{bad}"
            );
        }
    }

    #[test]
    fn calls_at_once_and_an_hour_are_bounded_for_each_organisation() {
        let organisation = |id: &str| OrganisationId::parse(id).unwrap();
        let (one, other) = (organisation("one"), organisation("other"));
        let (to, mut out) = (number("01632 960101"), DialOut::default());
        for _ in 0..AT_ONCE {
            assert_eq!(out.place(&one, &to, Mono::ZERO), Ok(()));
        }
        assert_eq!(out.place(&one, &to, Mono::ZERO), Err(NotPlaced::TooMany));
        assert_eq!(out.place(&other, &to, Mono::ZERO), Ok(()));
        let mut placed = usize::try_from(AT_ONCE).unwrap();
        loop {
            out.over(&one);
            if out.place(&one, &to, Mono::ZERO).is_err() {
                break;
            }
            placed += 1;
        }
        assert_eq!(placed, AN_HOUR);
        assert_eq!(out.place(&one, &to, Mono::ZERO + HOUR), Ok(()));
    }
}
