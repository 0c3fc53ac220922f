//! `[bank_holidays.<nation>]`: dates, each with its name; and the delivered ones.

use std::collections::BTreeMap;

use jiff::civil::Date;
use toml::Table;

use super::dates::single;
use crate::bank_holidays::{BankHolidays, Nation};
use crate::read::{Faults, Reader};

pub(super) fn nation(
    text: &str,
    mut entry: Reader<'_>,
    faults: &mut Faults,
) -> Option<(Nation, BTreeMap<Date, String>)> {
    let place = entry.place();
    let known = Nation::ALL.iter().find(|(name, _)| *name == text);
    if known.is_none() {
        let remedy = "use england, wales, scotland or northern-ireland";
        faults.add(&place.file, &place.key, "is no nation", remedy);
    }
    let mut days = BTreeMap::new();
    for key in entry.keys() {
        let name = entry.text(faults, &key);
        match (single(&key), name) {
            (Ok(date), Some(name)) => {
                days.insert(date, name);
            }
            (Ok(_), None) => {}
            (Err(error), _) => {
                let remedy = "e.g. \"2026-12-25\" = \"Christmas Day\"";
                entry.fault(faults, &key, &error.to_string(), remedy);
            }
        }
    }
    known.map(|(_, nation)| (*nation, days))
}

/// The delivered bank holidays of the nations that a plan says nothing of.
pub(super) fn with_delivered(mut said: BTreeMap<Nation, BTreeMap<Date, String>>) -> BankHolidays {
    for (name, id) in Nation::ALL {
        said.entry(id).or_insert_with(|| delivered(name, id));
    }
    BankHolidays(said)
}

fn delivered(name: &str, id: Nation) -> BTreeMap<Date, String> {
    let table: Table = id
        .delivered()
        .parse()
        .expect("the delivered files are TOML, by their test");
    let mut faults = Faults::default();
    let entries = Reader::new(name, "", table).named(&mut faults, "bank_holidays");
    let mut read = entries
        .into_iter()
        .filter_map(|(name, entry)| nation(&name, entry, &mut faults));
    read.find(|(found, _)| *found == id)
        .map(|(_, days)| days)
        .unwrap_or_default()
}
