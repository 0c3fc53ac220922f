//! `[organisation.<id>.dial_out]`: which numbers that people name may be rung, and how many.

use std::ops::RangeInclusive;

use crate::dial_out::{DialOutRules, OwnDialOut, Prefix};
use crate::read::{Faults, Reader};

const REMEDY: &str = "e.g. \"01\", \"+441\" or \"+353\"";

pub(super) fn own(mut entry: Reader<'_>, faults: &mut Faults) -> OwnDialOut {
    let own = OwnDialOut {
        prefixes: prefixes(&mut entry, "prefixes", faults),
        except: prefixes(&mut entry, "except", faults),
        at_once: entry.number(faults, "at_once", wide(&DialOutRules::AT_ONCE)),
        an_hour: entry.number(faults, "an_hour", wide(&DialOutRules::AN_HOUR)),
    };
    entry.finish(faults, &["prefixes", "except", "at_once", "an_hour"]);
    own
}

fn prefixes(entry: &mut Reader<'_>, name: &str, faults: &mut Faults) -> Option<Vec<Prefix>> {
    let texts = entry.texts(faults, name)?;
    if texts.len() > DialOutRules::MAX_PREFIXES {
        let problem = format!("{} are too many", texts.len());
        let remedy = format!("at most {}", DialOutRules::MAX_PREFIXES);
        entry.fault(faults, name, &problem, &remedy);
        return None;
    }
    let mut prefixes = Vec::with_capacity(texts.len());
    for text in texts {
        match Prefix::parse(&text) {
            Ok(prefix) => prefixes.push(prefix),
            Err(error) => entry.fault(faults, name, &format!("{text:?}: {error}"), REMEDY),
        }
    }
    Some(prefixes)
}

fn wide(bounds: &RangeInclusive<u32>) -> RangeInclusive<i64> {
    i64::from(*bounds.start())..=i64::from(*bounds.end())
}
