//! Folders as people keep them: read, refused with every fault in its place, written back.

#![allow(clippy::unwrap_used)] // every line of it is a test

mod calendars;
mod hostile;
mod round_trip;
mod sheets;

use jiff::Timestamp;
use rotaline_exchange::{Extent, PlanFile, Reading};
use rotaline_routing::{Items, Plan};

/// When folders are read: a Tuesday, 2026-11-24.
pub const NOW: Timestamp = Timestamp::constant(1_795_521_600, 0);

/// What every plan needs.
pub const WHOLE: &str = r#"
inbound_number = "020 7946 0000"

[organisation.northfield]
name = "Northfield Hospitals"
zone = "Europe/London"

[specialty.cardiology]
organisation = "northfield"
name = "Cardiology"
key = 1
hours = ["daily 00:00-24:00"]
"#;

/// Two people, the second of a name that is written with a comma.
pub const PEOPLE: &str = "id,name,phones\r\n\
    ann,Dr Ann Archer,mobile 07700 900101\r\n\
    ben,\"Bright, Ben\",mobile 07700 900102\r\n";

/// A file of a folder.
pub fn file(name: &str, text: &str) -> PlanFile {
    PlanFile {
        name: name.into(),
        bytes: text.into(),
    }
}

/// Reads a whole plan's files, those above among them.
pub fn read(more: &[(&str, &str)]) -> Result<(Items, Plan), Vec<String>> {
    let mut files = vec![file("plan.toml", WHOLE)];
    if !more.iter().any(|(name, _)| *name == "people.csv") {
        files.push(file("people.csv", PEOPLE));
    }
    files.extend(more.iter().map(|(name, text)| file(name, text)));
    whole(&files)
}

/// Reads these files alone.
pub fn whole(files: &[PlanFile]) -> Result<(Items, Plan), Vec<String>> {
    let reading = Reading::of(files, Extent::Whole, &Items::default(), NOW);
    let judged = reading.judged(Items::plan);
    judged.map_err(|faults| faults.iter().map(ToString::to_string).collect())
}

/// What is wrong with these files, a line each.
pub fn faults(more: &[(&str, &str)]) -> Vec<String> {
    read(more).err().unwrap_or_default()
}

/// The item of a kind and id, as TOML.
pub fn item(items: &Items, kind: rotaline_routing::ItemKind, id: &str) -> String {
    let key = rotaline_routing::ItemKey::new(kind, id);
    items.get(&key).map(|item| item.text()).unwrap_or_default()
}
