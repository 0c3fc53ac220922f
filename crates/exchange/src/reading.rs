//! A folder read: the items, and where each of them was written.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use rotaline_routing::{Fault, Item, ItemKey, ItemKind, Items};
use toml::{Table, Value};

use crate::file::{Kind, MAX_FILE_BYTES, MAX_FILES, MAX_FOLDER_BYTES, PlanFile};
use crate::lines::Lines;
use crate::place::{Found, Place, Places};
use crate::{rota, sheets, toml_file};

/// Most faults that are told; how many more there are is told too.
pub const MAX_FAULTS: usize = 1000;

/// How much of a plan a folder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All of it: what is not in the folder is not in the plan, but for the bank holidays of
    /// nations that it says nothing of. Those come with the settings.
    Whole,
    /// A part, which is added to the plan that there is; of the same items the folder's hold.
    Part,
}

/// What was read of a folder; without its faults it is nothing yet ([`Reading::judged`]).
#[derive(Debug)]
pub struct Reading {
    items: Items,
    places: Places,
    found: Found,
}

impl Reading {
    /// Reads a folder. `current` is the plan that there is. A weekly event of a calendar must have
    /// begun by the date of `now`, since a weekly session has no first day.
    pub fn of(files: &[PlanFile], extent: Extent, current: &Items, now: Timestamp) -> Reading {
        let mut desk = Desk::new(match extent {
            Extent::Whole => {
                let kept = current.of(ItemKind::BankHolidays);
                kept.map(|(key, item)| (key.clone(), item.clone()))
                    .collect()
            }
            Extent::Part => current.clone(),
        });
        desk.bound(files);
        let mut sorted: Vec<(Kind, &PlanFile)> = files
            .iter()
            .take(MAX_FILES)
            .filter_map(|file| Some((Kind::of(&file.name)?, file)))
            .collect();
        // Things before what is said of them: the order of the kinds.
        sorted.sort_by(|one, other| (&one.0, &one.1.name).cmp(&(&other.0, &other.1.name)));
        for (kind, file) in sorted {
            let Some(text) = desk.text(file) else {
                continue;
            };
            match kind {
                Kind::Toml => toml_file::read(&mut desk, &text),
                Kind::People => sheets::people(&mut desk, &text),
                Kind::Practices => sheets::practices(&mut desk, &text),
                Kind::Absences => sheets::absences(&mut desk, &text),
                Kind::RotaSheet(specialty) => rota::sheet(&mut desk, &text, &specialty),
                Kind::RotaCalendar(specialty) => {
                    rota::calendar(&mut desk, &text, &specialty, now);
                }
                Kind::Stray => desk.found.add(
                    &text.place(1),
                    "is read as nothing",
                    "name it people.csv, practices.csv, absences.csv, rotas/<specialty>.csv or \
                     .ics, or NAME.toml in the folder itself; or take it out",
                ),
            }
        }
        Reading {
            items: desk.items,
            places: desk.places,
            found: desk.found,
        }
    }

    /// The items, if they are without a fault: neither one of their writing nor one that `judge`
    /// finds with the plan that they make. Its faults are told with file and line.
    pub fn judged<T>(
        self,
        judge: impl FnOnce(&Items) -> Result<T, Vec<Fault>>,
    ) -> Result<(Items, T), Vec<Fault>> {
        let Reading {
            items,
            places,
            found,
        } = self;
        let judged = match judge(&items) {
            Ok(judged) => Ok(judged),
            Err(faults) => Err(located(faults, &items, &places, &found)),
        };
        let mut faults = found.into_faults();
        match judged {
            Ok(judged) if faults.is_empty() => return Ok((items, judged)),
            Ok(_) => {}
            Err(more) => faults.extend(more),
        }
        faults.sort_by_cached_key(|fault| in_order(&fault.file));
        Err(bounded(faults))
    }
}

/// What the readers of files work with.
pub(crate) struct Desk {
    pub items: Items,
    pub places: Places,
    pub found: Found,
    /// Items whose list of this name was taken from a sheet or calendar.
    pub lists: BTreeSet<(ItemKey, &'static str)>,
}

/// A file as text.
pub(crate) struct Text {
    pub file: Arc<str>,
    pub text: String,
    pub lines: Lines,
}

impl Text {
    pub(crate) fn place(&self, line: usize) -> Place {
        Place {
            file: Arc::clone(&self.file),
            line,
            cell: None,
        }
    }

    pub(crate) fn place_of(&self, byte: usize) -> Place {
        self.place(self.lines.at(byte))
    }
}

impl Desk {
    fn new(items: Items) -> Self {
        Desk {
            items,
            places: Places::default(),
            found: Found::default(),
            lists: BTreeSet::new(),
        }
    }

    fn bound(&mut self, files: &[PlanFile]) {
        let whole = Place {
            file: "the folder".into(),
            line: 1,
            cell: None,
        };
        if files.len() > MAX_FILES {
            let problem = format!("has more than {MAX_FILES} files; the others are not read");
            self.found.add(&whole, &problem, "join some of them");
        }
        let bytes: usize = files.iter().map(|file| file.bytes.len()).sum();
        if bytes > MAX_FOLDER_BYTES {
            let problem = format!("has more than {MAX_FOLDER_BYTES} bytes");
            self.found.add(&whole, &problem, "import it in parts");
        }
    }

    /// A file's text; what is no UTF-8 is a fault, and is read on, so that other faults show too.
    fn text(&mut self, file: &PlanFile) -> Option<Text> {
        let mut text = Text {
            file: Arc::clone(&file.name),
            text: String::new(),
            lines: Lines::of(&[]),
        };
        if file.bytes.len() > MAX_FILE_BYTES {
            let problem = format!("has more than {MAX_FILE_BYTES} bytes");
            self.found.add(
                &text.place(1),
                &problem,
                "split it, or take out what is past",
            );
            return None;
        }
        // The mark that some programs put before UTF-8.
        let bytes = file.bytes.strip_prefix(b"\xef\xbb\xbf");
        let bytes = bytes.unwrap_or(&file.bytes);
        text.lines = Lines::of(bytes);
        if let Err(error) = std::str::from_utf8(bytes) {
            let place = text.place_of(error.valid_up_to());
            self.found
                .add(&place, "is no UTF-8", "save the file as UTF-8");
        }
        text.text = String::from_utf8_lossy(bytes).into_owned();
        // Line numbers are those of what is read.
        text.lines = Lines::of(text.text.as_bytes());
        Some(text)
    }

    /// Takes an item that was written at a place; one that is there already is a fault.
    pub(crate) fn take(&mut self, key: ItemKey, item: Table, place: Place) -> bool {
        if let Some(first) = self.places.of_item(&key) {
            let problem = format!("{key} is there already, at {}:{}", first.file, first.line);
            let remedy = "take one of them out, or give it another id";
            self.found.add(&place, &problem, remedy);
            return false;
        }
        self.places.put(&key, "", place);
        self.items.apply((key, Some(Item::from(item))));
        true
    }

    /// From now on these lists of an item are what sheets and calendars say. In the folder the item
    /// itself must not say them too.
    pub(crate) fn begin_lists(&mut self, key: &ItemKey, lists: &[&'static str], place: &Place) {
        for list in lists {
            if !self.lists.insert((key.clone(), list)) {
                continue;
            }
            let item = self.items.get_mut(key);
            let said = item.is_some_and(|item| item.table_mut().remove(*list).is_some());
            let Some(other) = self.places.of_list(key, list).filter(|_| said) else {
                continue;
            };
            let problem = format!("{key} says its {list} at {}:{} too", other.file, other.line);
            self.found.add(place, &problem, "say it in one of the two");
        }
    }

    /// Adds an entry to a list that was begun; its path within the item.
    pub(crate) fn add_entry(
        &mut self,
        key: &ItemKey,
        list: &'static str,
        entry: Table,
        place: &Place,
    ) -> String {
        let mut number = 0;
        if let Some(item) = self.items.get_mut(key) {
            let entries = item.table_mut().entry(list);
            if let Value::Array(entries) = entries.or_insert_with(|| Value::Array(Vec::new())) {
                entries.push(Value::Table(entry));
                number = entries.len();
            }
        }
        let path = format!("{list}.{number}");
        self.places.put(key, &path, place.clone());
        path
    }

    /// The key of the item of a kind that is meant by an id, if there is such an item.
    pub(crate) fn known(&self, kind: ItemKind, id: &str) -> Option<ItemKey> {
        let key = ItemKey::new(kind, id);
        self.items.get(&key).is_some().then_some(key)
    }
}

/// The plan's faults, each where it was written. What has a fault of its writing at the same place
/// has been told.
fn located(faults: Vec<Fault>, items: &Items, places: &Places, found: &Found) -> Vec<Fault> {
    let names: BTreeMap<String, &ItemKey> = items
        .iter()
        .map(|(key, _)| (key.to_string(), key))
        .collect();
    let located = faults.into_iter().filter_map(|fault| {
        let Some(key) = names.get(&fault.file) else {
            return Some(fault);
        };
        let Some(path) = path(&fault.key, key) else {
            return Some(fault);
        };
        let Some(place) = places.of(key, path) else {
            let file = format!("{key} of the plan that there is");
            return Some(Fault { file, ..fault });
        };
        if found.is_at(place) {
            return None;
        }
        let Some(cell) = place.cell else {
            let file = format!("{}:{}", place.file, place.line);
            return Some(Fault { file, ..fault });
        };
        // Words for TOML do not help in a sheet.
        let example = format!("e.g. {}", cell.example);
        let of_toml = ["add it", "write ", "e.g. "];
        let remedy = if of_toml.iter().any(|it| fault.remedy.starts_with(it)) {
            &example
        } else {
            &fault.remedy
        };
        Some(place.fault(&fault.problem, remedy))
    });
    located.collect()
}

/// The path of a fault's key within an item; none: it is not about that item.
fn path<'k>(path: &'k str, key: &ItemKey) -> Option<&'k str> {
    match key.kind {
        ItemKind::Deployment => Some(path),
        ItemKind::Organisation
        | ItemKind::Number
        | ItemKind::Specialty
        | ItemKind::Outcomes
        | ItemKind::Person
        | ItemKind::Practice
        | ItemKind::BankHolidays => {
            let path = path.strip_prefix(key.kind.name())?.strip_prefix('.')?;
            let path = path.strip_prefix(&key.id)?;
            // The item as a whole, or a key of it.
            path.strip_prefix('.').or(path.is_empty().then_some(""))
        }
    }
}

/// The file, then the line.
fn in_order(file: &str) -> (String, usize) {
    let (name, line) = file.rsplit_once(':').unwrap_or((file, ""));
    (name.to_owned(), line.parse().unwrap_or(0))
}

fn bounded(mut faults: Vec<Fault>) -> Vec<Fault> {
    if faults.len() > MAX_FAULTS {
        let more = faults.len() - MAX_FAULTS;
        faults.truncate(MAX_FAULTS);
        faults.push(Fault {
            file: "the folder".to_owned(),
            key: String::new(),
            problem: format!("has {more} more faults"),
            remedy: "put these right first".to_owned(),
        });
    }
    faults
}
