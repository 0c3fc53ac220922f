//! A plan as a folder: what is written reads back equal.
//!
//! Files and rows are in a stable order, so that the same plan is the same files. What a row or an
//! event does not hold exactly stands in TOML, or in the sheet beside the calendar.

use rotaline_routing::{Item, ItemKind, Items};
use toml::{Table, Value};

use crate::calendar;
use crate::file::{PlanFile, ROTAS};
use crate::rota::{self, CALENDAR_LISTS, COLUMNS, Entry, LISTS};
use crate::sheets::{self, ABSENCES, Column, PEOPLE, PRACTICES};

/// As what rotas are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotas {
    /// As CSV.
    Sheets,
    /// As iCalendar, as far as it holds them, and the rest as CSV.
    Calendars,
}

/// The files of a plan, in the order of their names.
pub fn write(items: &Items, rotas: Rotas) -> Vec<PlanFile> {
    let mut folder = Folder::default();
    let (mut people, mut absences) = (Vec::new(), Vec::new());
    for (key, item) in items.of(ItemKind::Person) {
        match person(&key.id, item) {
            Some((row, away)) => {
                people.push(row);
                absences.extend(away);
            }
            None => folder.rest.apply((key.clone(), Some(item.clone()))),
        }
    }
    folder.sheet("people.csv", PEOPLE, people);
    folder.sheet("absences.csv", ABSENCES, absences);
    let mut practices = Vec::new();
    for (key, item) in items.of(ItemKind::Practice) {
        match sheets::kept_cells(&with_id(&key.id, item.table()), PRACTICES) {
            Some(row) => practices.push(row),
            None => folder.rest.apply((key.clone(), Some(item.clone()))),
        }
    }
    folder.sheet("practices.csv", PRACTICES, practices);
    for (key, item) in items.of(ItemKind::Specialty) {
        let item = folder.rota(items, &key.id, item, rotas);
        folder.rest.apply((key.clone(), Some(item)));
    }
    let others = [
        ItemKind::Deployment,
        ItemKind::Organisation,
        ItemKind::Number,
        ItemKind::Outcomes,
        ItemKind::BankHolidays,
    ];
    for (key, item) in others.into_iter().flat_map(|kind| items.of(kind)) {
        folder.rest.apply((key.clone(), Some(item.clone())));
    }
    folder.files()
}

#[derive(Default)]
struct Folder {
    files: Vec<PlanFile>,
    /// What stands in TOML.
    rest: Items,
}

impl Folder {
    fn sheet(&mut self, name: &str, columns: &[Column], rows: Vec<Vec<String>>) {
        if !rows.is_empty() {
            self.files.push(csv(name, columns, rows));
        }
    }

    /// Writes a rota, as far as its files hold it; the specialty without what was written.
    fn rota(&mut self, items: &Items, id: &str, item: &Item, rotas: Rotas) -> Item {
        // The name of a file is no place for any other id; the plan refuses those.
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if id.is_empty() || !id.bytes().all(is_name) {
            return item.clone();
        }
        let mut lists = &LISTS[..];
        let as_calendar = (rotas == Rotas::Calendars)
            .then(|| calendar::write(items, id, item))
            .flatten();
        if let Some(text) = as_calendar {
            self.files.push(PlanFile {
                name: format!("{ROTAS}/{id}.ics").into(),
                bytes: text.into_bytes(),
            });
            lists = LISTS.split_at(CALENDAR_LISTS.len()).1;
        }
        let (others, rota) = rota::taken(item, &LISTS);
        let Some(rows) = rows(&rota, lists) else {
            let (kept, _) = rota::taken(item, &LISTS[..LISTS.len() - lists.len()]);
            return Item::from(kept);
        };
        self.sheet(&format!("{ROTAS}/{id}.csv"), COLUMNS, rows);
        Item::from(others)
    }

    fn files(mut self) -> Vec<PlanFile> {
        for kind in ItemKind::ALL {
            let of_kind = self.rest.of(kind);
            let items: Items = of_kind
                .map(|(key, item)| (key.clone(), item.clone()))
                .collect();
            if !items.is_empty() {
                self.files.push(PlanFile {
                    name: toml_name(kind).into(),
                    bytes: items.document().into_bytes(),
                });
            }
        }
        self.files.sort_by(|one, other| one.name.cmp(&other.name));
        self.files
    }
}

const fn toml_name(kind: ItemKind) -> &'static str {
    match kind {
        ItemKind::Deployment => "deployment.toml",
        ItemKind::Organisation => "organisations.toml",
        ItemKind::Number => "numbers.toml",
        ItemKind::Specialty => "specialties.toml",
        ItemKind::Outcomes => "outcomes.toml",
        ItemKind::Person => "people.toml",
        ItemKind::Practice => "practices.toml",
        ItemKind::BankHolidays => "bank-holidays.toml",
    }
}

/// A person's row, and those of their absences.
fn person(id: &str, item: &Item) -> Option<(Vec<String>, Vec<Vec<String>>)> {
    let mut table = item.table().clone();
    let absences = match table.remove("absence") {
        None => Vec::new(),
        // An empty list leaves no row, and would not come back.
        Some(Value::Array(list)) if !list.is_empty() => list,
        Some(_) => return None,
    };
    let row = sheets::kept_cells(&with_id(id, &table), PEOPLE)?;
    let absences = absences.iter().map(|absence| {
        let mut cells = absence.as_table()?.clone();
        cells.insert("person".to_owned(), Value::String(id.to_owned()));
        let complete = cells.contains_key("to");
        sheets::kept_cells(&cells, ABSENCES).filter(|_| complete)
    });
    let absences: Option<Vec<_>> = absences.collect();
    Some((row, absences?))
}

fn with_id(id: &str, table: &Table) -> Table {
    let mut table = table.clone();
    table.insert("id".to_owned(), Value::String(id.to_owned()));
    table
}

/// The rows of these lists of a rota, list by list; none if one of them is no row.
fn rows(rota: &Table, lists: &[&str]) -> Option<Vec<Vec<String>>> {
    let mut rows = Vec::new();
    for (name, entry) in Entry::ALL {
        let Some(list) = rota.get(entry.list()) else {
            continue;
        };
        if !lists.contains(&entry.list()) {
            continue;
        }
        let list = list.as_array().filter(|list| !list.is_empty())?;
        for it in list {
            rows.push(rota::cells(name, entry, it.as_table()?)?);
        }
    }
    Some(rows)
}

/// RFC 4180, with CR LF at the ends of lines.
fn csv(name: &str, columns: &[Column], rows: Vec<Vec<String>>) -> PlanFile {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    let header: Vec<String> = columns.iter().map(|it| it.name.to_owned()).collect();
    for row in std::iter::once(header).chain(rows) {
        writer
            .write_record(&row)
            .expect("every row has a cell for each column, and memory takes them");
    }
    PlanFile {
        name: name.into(),
        bytes: writer.into_inner().expect("memory takes everything"),
    }
}
