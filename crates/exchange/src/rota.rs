//! Rotas: what stands in the folder `rotas`, a file or two for each specialty.
//!
//! Whatever of them is there is the whole rota: a sheet says all lists of it, a calendar sessions
//! and overrides, and of both together the sheet's come first.

mod entry;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rotaline_routing::{Item, ItemKey, ItemKind};
use toml::Table;

use crate::calendar;
use crate::reading::{Desk, Text};
use crate::sheets::{note, rows};

pub(crate) use entry::{COLUMNS, Entry, cells};

/// The lists of a specialty that are its rota.
pub(crate) const LISTS: [&str; 5] = [
    "session",
    "override",
    "swap",
    "hours_on",
    "bank_holiday_session",
];

/// Those of them that a calendar holds.
pub(crate) const CALENDAR_LISTS: [&str; 2] = ["session", "override"];

/// `rotas/<specialty>.csv`
pub(crate) fn sheet(desk: &mut Desk, text: &Text, specialty: &str) {
    let Some(key) = known(desk, text, specialty) else {
        return;
    };
    desk.begin_lists(&key, &LISTS, &text.place(1));
    for row in rows(&mut desk.found, text, COLUMNS) {
        let Some(entry) = Entry::of(&mut desk.found, &row) else {
            continue;
        };
        let table = entry.table(&mut desk.found, &row);
        let path = desk.add_entry(&key, entry.list(), table, &row.whole());
        note(desk, &key, &path, &row, entry.columns());
    }
}

/// `rotas/<specialty>.ics`
pub(crate) fn calendar(desk: &mut Desk, text: &Text, specialty: &str, now: Timestamp) {
    let Some(key) = known(desk, text, specialty) else {
        return;
    };
    desk.begin_lists(&key, &CALENDAR_LISTS, &text.place(1));
    let zone = zone(desk, &key);
    let today = zone.as_ref().unwrap_or(&TimeZone::UTC).to_datetime(now);
    let frame = calendar::Frame {
        people: calendar::People::of(&desk.items),
        today: today.date(),
        zone,
    };
    for (list, entry, line) in calendar::read(&mut desk.found, text, &frame) {
        desk.add_entry(&key, list, entry, &text.place(line));
    }
}

fn known(desk: &mut Desk, text: &Text, specialty: &str) -> Option<ItemKey> {
    let key = desk.known(ItemKind::Specialty, specialty);
    if key.is_none() {
        let problem = format!("there is no specialty {specialty}");
        let remedy = "name the file after the id of a specialty";
        desk.found.add(&text.place(1), &problem, remedy);
    }
    key
}

/// The time zone of a specialty's organisation; none if that has a fault, which is told elsewhere.
fn zone(desk: &Desk, specialty: &ItemKey) -> Option<TimeZone> {
    let organisation = desk.items.get(specialty)?.text_at("organisation")?;
    let organisation = desk.known(ItemKind::Organisation, organisation)?;
    let zone = desk.items.get(&organisation)?.text_at("zone")?;
    TimeZone::get(zone).ok()
}

/// The lists of a rota, out of a specialty.
pub(crate) fn taken(specialty: &Item, lists: &[&str]) -> (Table, Table) {
    let whole = specialty.table().clone().into_iter();
    whole.partition(|(key, _)| !lists.contains(&key.as_str()))
}
