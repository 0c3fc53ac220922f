//! Numbers that people name and that we ring for them: which may be rung, and how many (toll
//! fraud). Numbers of the plan itself are not asked about here.
//!
//! A deployment says what holds ([`DialOutRules`]), an organisation of the plan may say otherwise
//! key by key ([`OwnDialOut`]); [`crate::Plan::dial_out`] has what comes of both.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use rotaline_model::{Mono, OrganisationId, PhoneNumber};

const HOUR: Duration = Duration::from_secs(3_600);
/// ITU-T E.164: digits of a number.
const MAX_DIGITS: usize = 15;

/// What numbers begin with: `+` and digits of E.164.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prefix(String);

/// A text is no prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPrefix {
    /// There is no digit in it, so it would be every number's.
    #[error("an empty prefix would be that of every number")]
    Empty,
    /// It begins neither with `+` nor with 0, or has something else than digits.
    #[error("a prefix is digits after + or 0")]
    NoDigits,
    /// No number has that many digits.
    #[error("a number has at most 15 digits")]
    TooLong,
}

impl Prefix {
    /// From `+441`, `00441` or, as people in the United Kingdom dial it, `01`.
    pub fn parse(text: &str) -> Result<Prefix, BadPrefix> {
        let text: String = text.chars().filter(|it| *it != ' ').collect();
        let whole = if let Some(abroad) = text.strip_prefix('+').or(text.strip_prefix("00")) {
            abroad.to_owned()
        } else if let Some(national) = text.strip_prefix('0') {
            format!("44{national}")
        } else if text.is_empty() {
            return Err(BadPrefix::Empty);
        } else {
            return Err(BadPrefix::NoDigits);
        };
        if whole.is_empty() {
            return Err(BadPrefix::Empty);
        }
        if !whole.bytes().all(|it| it.is_ascii_digit()) || whole.starts_with('0') {
            return Err(BadPrefix::NoDigits);
        }
        if whole.len() > MAX_DIGITS {
            return Err(BadPrefix::TooLong);
        }
        Ok(Prefix(format!("+{whole}")))
    }

    fn begins(&self, number: &PhoneNumber) -> bool {
        number.as_str().starts_with(&self.0)
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What may be rung, in all organisations that say nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DialOutRules {
    /// What may be rung.
    pub prefixes: Vec<Prefix>,
    /// Not even though it begins with one of the prefixes.
    pub except: Vec<Prefix>,
    /// Calls of one organisation that are up at once; more are refused.
    pub at_once: u32,
    /// Calls of one organisation in any hour; more are refused.
    pub an_hour: u32,
}

impl DialOutRules {
    /// UK landlines (01, 02, 03), mobiles (07) and freephone (080).
    pub const PREFIXES: [&str; 6] = ["+441", "+442", "+443", "+447", "+44800", "+44808"];
    /// Personal numbers (070) and pagers (076).
    pub const EXCEPT: [&str; 2] = ["+4470", "+4476"];
    /// Calls at once that can be asked for.
    pub const AT_ONCE: RangeInclusive<u32> = 0..=1_000;
    /// Calls an hour that can be asked for; bounds what is remembered.
    pub const AN_HOUR: RangeInclusive<u32> = 0..=20_000;
    /// Prefixes of one list.
    pub const MAX_PREFIXES: usize = 200;
}

impl Default for DialOutRules {
    fn default() -> Self {
        let list = |texts: &[&str]| texts.iter().map(|it| Prefix((*it).to_owned())).collect();
        DialOutRules {
            prefixes: list(&Self::PREFIXES),
            except: list(&Self::EXCEPT),
            at_once: 60,
            an_hour: 600,
        }
    }
}

/// What an organisation says of its own; the rest is the deployment's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnDialOut {
    /// In place of the deployment's.
    pub prefixes: Option<Vec<Prefix>>,
    /// In place of the deployment's.
    pub except: Option<Vec<Prefix>>,
    /// In place of the deployment's.
    pub at_once: Option<u32>,
    /// In place of the deployment's.
    pub an_hour: Option<u32>,
}

/// What holds for one organisation. It is shown as what may be rung, e.g. `+441, +447, but not
/// +4470`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DialOutLimits<'a> {
    prefixes: &'a [Prefix],
    except: &'a [Prefix],
    /// Calls that are up at once.
    pub at_once: u32,
    /// Calls in any hour.
    pub an_hour: u32,
}

impl<'a> DialOutLimits<'a> {
    pub(crate) fn new(rules: &'a DialOutRules, own: Option<&'a OwnDialOut>) -> Self {
        let list = |own: Option<&'a Option<Vec<Prefix>>>, rules: &'a [Prefix]| {
            own.and_then(Option::as_deref).unwrap_or(rules)
        };
        DialOutLimits {
            prefixes: list(own.map(|it| &it.prefixes), &rules.prefixes),
            except: list(own.map(|it| &it.except), &rules.except),
            at_once: own.and_then(|it| it.at_once).unwrap_or(rules.at_once),
            an_hour: own.and_then(|it| it.an_hour).unwrap_or(rules.an_hour),
        }
    }

    /// Whether a number may be rung at all.
    pub fn check(&self, number: &PhoneNumber) -> Result<(), NotPlaced> {
        let begins = |prefixes: &[Prefix]| prefixes.iter().any(|it| it.begins(number));
        if begins(self.prefixes) && !begins(self.except) {
            Ok(())
        } else {
            Err(NotPlaced::Prefix)
        }
    }
}

impl fmt::Display for DialOutLimits<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, prefixes: &[Prefix]| {
            for (place, prefix) in prefixes.iter().enumerate() {
                write!(f, "{}{prefix}", if place == 0 { "" } else { ", " })?;
            }
            Ok(())
        };
        if self.prefixes.is_empty() {
            return f.write_str("none");
        }
        list(f, self.prefixes)?;
        if !self.except.is_empty() {
            f.write_str(", but not ")?;
            list(f, self.except)?;
        }
        Ok(())
    }
}

/// Why a number is not rung.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotPlaced {
    /// It is on no list of what may be rung.
    #[error("numbers that begin so are not rung")]
    Prefix,
    /// The organisation has too many such calls up.
    #[error("{0} calls to numbers that are not the plan's are up")]
    AtOnce(u32),
    /// The organisation had too many such calls in this hour.
    #[error("there were {0} calls to numbers that are not the plan's in an hour")]
    AnHour(u32),
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
    /// A call is about to be placed; if it may, [`DialOut::over`] must follow.
    pub fn place(
        &mut self,
        organisation: &OrganisationId,
        limits: DialOutLimits<'_>,
        number: &PhoneNumber,
        now: Mono,
    ) -> Result<(), NotPlaced> {
        limits.check(number)?;
        let count = self.counts.entry(organisation.clone()).or_default();
        while count.begun.front().is_some_and(|at| *at + HOUR <= now) {
            count.begun.pop_front();
        }
        if count.up >= limits.at_once {
            return Err(NotPlaced::AtOnce(limits.at_once));
        }
        let in_an_hour = u32::try_from(count.begun.len()).unwrap_or(u32::MAX);
        if in_an_hour >= limits.an_hour {
            return Err(NotPlaced::AnHour(limits.an_hour));
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
mod tests;
