//! Sheets: people, practices and absences as CSV, a row each.
//!
//! The header row names the columns, in any order. An empty cell is a key that is left out; `-` is
//! an empty list; the entries of a list stand between `;`.

mod cell;
mod row;
mod sheet;

#[cfg(test)]
mod tests;

use rotaline_routing::{ItemKey, ItemKind};
use toml::{Table, Value};

use crate::reading::{Desk, Text};

pub(crate) use cell::Form;
pub(crate) use row::{Column, cells, table};
pub(crate) use sheet::{Row, rows};

/// The columns of `people.csv`.
pub(crate) const PEOPLE: &[Column] = &[
    Column::required("id", "id", Form::Text, "ann"),
    Column::required("name", "name", Form::Text, "Dr Ann Archer"),
    Column::optional(
        "organisations",
        "organisations",
        Form::List,
        "northfield; southmoor",
    ),
    Column::optional("ring_time_s", "ring_time_s", Form::Number, "15"),
    Column::required(
        "phones",
        "phone",
        Form::Phones,
        "mobile 07700 900123; desk 020 7946 0010 20s (kind, number or SIP address, ring time)",
    ),
];

/// The columns of `practices.csv`.
pub(crate) const PRACTICES: &[Column] = &[
    Column::required("id", "id", Form::Text, "elm-street-surgery"),
    Column::required("name", "name", Form::Text, "Elm Street Surgery"),
    Column::optional("prompt", "prompt", Form::Text, "practice/a-practice"),
    Column::optional("area", "area", Form::Text, "Northfield North"),
    Column::optional("place", "place", Form::Text, "Northfield"),
    Column::optional("code", "code", Form::Text, "2041"),
    Column::optional(
        "numbers",
        "numbers",
        Form::List,
        "01632 960101; 01632 960102",
    ),
    Column::optional("reception", "reception", Form::Text, "01632 960100"),
    Column::optional("bypass", "bypass", Form::Text, "01632 960109"),
];

/// The columns of `absences.csv`.
pub(crate) const ABSENCES: &[Column] = &[
    Column::required("person", "person", Form::Text, "ann"),
    Column::required(
        "from",
        "from",
        Form::Text,
        "2026-10-26, or 2026-10-26 13:00",
    ),
    Column::optional("to", "to", Form::Text, "2026-10-30, or 2026-10-30 13:00"),
];

pub(crate) fn people(desk: &mut Desk, text: &Text) {
    things(desk, text, ItemKind::Person, PEOPLE);
}

pub(crate) fn practices(desk: &mut Desk, text: &Text) {
    things(desk, text, ItemKind::Practice, PRACTICES);
}

fn things(desk: &mut Desk, text: &Text, kind: ItemKind, columns: &'static [Column]) {
    for row in rows(&mut desk.found, text, columns) {
        let mut item = table(&mut desk.found, &row, columns);
        let Some(Value::String(id)) = item.remove("id") else {
            continue;
        };
        let key = ItemKey::new(kind, &id);
        if desk.take(key.clone(), item, row.place("id", columns)) {
            note(desk, &key, "", &row, columns);
        }
    }
}

/// Absences of people who are in the folder, or in the plan that it is added to.
pub(crate) fn absences(desk: &mut Desk, text: &Text) {
    for row in rows(&mut desk.found, text, ABSENCES) {
        let mut entry = table(&mut desk.found, &row, ABSENCES);
        let Some(Value::String(id)) = entry.remove("person") else {
            continue;
        };
        let place = row.place("person", ABSENCES);
        let Some(key) = desk.known(ItemKind::Person, &id) else {
            let problem = format!("there is no person {id}");
            desk.found
                .add(&place, &problem, "use the id of a person, as in people.csv");
            continue;
        };
        if !entry.contains_key("to")
            && let Some(from) = entry.get("from").cloned()
        {
            entry.insert("to".to_owned(), from);
        }
        desk.begin_lists(&key, &["absence"], &place);
        let path = desk.add_entry(&key, "absence", entry, &row.whole());
        note(desk, &key, &path, &row, ABSENCES);
    }
}

/// Notes where the keys of a row stand.
pub(crate) fn note(
    desk: &mut Desk,
    item: &ItemKey,
    path: &str,
    row: &Row,
    columns: &'static [Column],
) {
    for column in columns {
        let path = if path.is_empty() {
            column.key.to_owned()
        } else {
            format!("{path}.{}", column.key)
        };
        desk.places
            .put(item, &path, row.place(column.name, columns));
    }
}

/// A row as a table, if it is one that reads back the same.
pub(crate) fn kept_cells(item: &Table, columns: &'static [Column]) -> Option<Vec<String>> {
    let cells = cells(item, columns)?;
    if cells.iter().any(|cell| cell.len() > sheet::MAX_CELL_BYTES) {
        return None;
    }
    let row = Row::of(&cells, columns);
    let mut found = crate::place::Found::default();
    (table(&mut found, &row, columns) == *item).then_some(cells)
}
