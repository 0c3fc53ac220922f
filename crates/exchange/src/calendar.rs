//! A rota as a calendar: iCalendar (RFC 5545), sessions and overrides.
//!
//! | in the calendar | in the rota |
//! | --- | --- |
//! | title `AM: Dr Ann Archer, ben` | session AM; the people, by name or id, in order of ringing |
//! | title `AM: -` | session AM, nobody |
//! | weekly, without an end | a weekly session |
//! | once, or repeated so many times or until a date | an override with those times |
//! | all day, one day or several | an override of people alone; without `AM:`, of the whole day |
//! | EXDATE of a weekly event | an override: nobody |
//! | RECURRENCE-ID, or a cancelled one | an override on that date |
//!
//! Times are those of the organisation's zone, whichever zone an event is written in; one that has
//! no such time, or another one after a clock change, is a fault, and so is all that a rota cannot
//! say. A weekly session has no first day: a weekly event that begins later than today is a fault.
//! Who is on stands in the title alone, since most programs keep attendees in no order. The parser
//! is our own, because every fault names its line, which the known crates do not keep.

mod event;
mod line;
mod rule;
mod sessions;
mod time;
mod wall;
mod write;

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use rotaline_routing::{ItemKind, Items};
use toml::Table;

use crate::place::Found;
use crate::reading::Text;

pub(crate) use write::write;

/// What a calendar is read with.
pub(crate) struct Frame {
    /// The zone of the rota; none if it is not known.
    pub zone: Option<TimeZone>,
    pub people: People,
    pub today: Date,
}

/// Entries of lists, each with its line: (list, entry, line).
pub(crate) type Entries = Vec<(&'static str, Table, usize)>;

/// Reads a calendar.
pub(crate) fn read(found: &mut Found, text: &Text, frame: &Frame) -> Entries {
    let lines = line::lines(found, text);
    let events = event::events(found, text, lines);
    sessions::entries(found, text, frame, events)
}

/// People, as titles name them.
#[derive(Debug, Default)]
pub(crate) struct People {
    names: BTreeMap<String, Vec<String>>,
    ids: BTreeMap<String, String>,
}

impl People {
    pub(crate) fn of(items: &Items) -> People {
        let mut people = People::default();
        for (key, item) in items.of(ItemKind::Person) {
            let name = item.text_at("name").unwrap_or_default().trim();
            let ids = people.names.entry(name.to_lowercase()).or_default();
            ids.push(key.id.clone());
            people.ids.insert(key.id.clone(), name.to_owned());
        }
        people
    }

    /// The ids of those who have this id or this name.
    pub(crate) fn named(&self, text: &str) -> Vec<&str> {
        if let Some((id, _)) = self.ids.get_key_value(text) {
            return vec![id];
        }
        let ids = self.names.get(&text.to_lowercase());
        ids.into_iter().flatten().map(String::as_str).collect()
    }

    /// How a title names somebody: by name, unless that is no help to who reads it back.
    pub(crate) fn title(&self, id: &str) -> String {
        let name = self.ids.get(id).map_or("", String::as_str);
        let plain = !name.contains([',', ';', ':']) && name != sessions::NOBODY;
        if plain && self.named(name) == [id] {
            name.to_owned()
        } else {
            id.to_owned()
        }
    }
}
