//! From a row to the table of an item, and back.

use toml::{Table, Value};

use super::cell::Form;
use super::sheet::Row;
use crate::place::Found;

/// A column of a sheet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    /// As the header names it.
    pub name: &'static str,
    /// The key that it fills.
    pub key: &'static str,
    pub form: Form,
    pub need: Need,
    /// What may stand in it.
    pub example: &'static str,
}

/// Whether every row fills it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    Required,
    Optional,
}

impl Column {
    pub(crate) const fn required(
        name: &'static str,
        key: &'static str,
        form: Form,
        example: &'static str,
    ) -> Column {
        Column {
            name,
            key,
            form,
            need: Need::Required,
            example,
        }
    }

    pub(crate) const fn optional(
        name: &'static str,
        key: &'static str,
        form: Form,
        example: &'static str,
    ) -> Column {
        Column {
            name,
            key,
            form,
            need: Need::Optional,
            example,
        }
    }
}

/// The table that a row says; every cell that cannot be read is a fault.
pub(crate) fn table(found: &mut Found, row: &Row, columns: &'static [Column]) -> Table {
    let mut table = Table::new();
    for column in columns {
        let place = || row.place(column.name, columns);
        let remedy = || format!("e.g. {}", column.example);
        match row.cell(column.name) {
            None if column.need == Need::Optional => {}
            None if row.has(column.name) => found.add(&place(), "is empty", &remedy()),
            // That is a fault of the header, or of the row as a whole.
            None => found.is_told(place()),
            Some(cell) => match column.form.read(cell) {
                Ok(value) => {
                    table.insert(column.key.to_owned(), value);
                }
                Err(error) => {
                    let problem = format!("{cell:?} {error}");
                    found.add(&place(), &problem, &remedy());
                }
            },
        }
    }
    table
}

/// The cells of a table, in the order of the columns; none if it has something that no cell holds.
pub(crate) fn cells(table: &Table, columns: &[Column]) -> Option<Vec<String>> {
    let known = |key: &String| columns.iter().any(|column| column.key == key);
    if !table.keys().all(known) {
        return None;
    }
    let written = |column: &Column, value: &Value| column.form.written(value);
    let cells = columns.iter().map(|column| match table.get(column.key) {
        Some(value) => written(column, value),
        None => Some(String::new()),
    });
    cells.collect()
}
