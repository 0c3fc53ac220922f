//! A CSV file (RFC 4180) as rows of named cells, each with its line.
//!
//! Commas between cells, quotation marks around those that have one in them, lines ended by CR LF
//! or LF. A row without anything in it is none.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::row::{Column, Need};
use crate::place::{Cell, Found, Place};
use crate::reading::Text;

/// Most rows of a sheet.
pub(crate) const MAX_ROWS: usize = 20_000;
/// Most bytes of a cell: a list of dates is the longest.
pub(crate) const MAX_CELL_BYTES: usize = 64 * 1024;

/// A row: what its cells hold, the empty ones left out.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    file: Arc<str>,
    line: usize,
    header: Arc<[Option<&'static str>]>,
    cells: BTreeMap<&'static str, String>,
}

impl Row {
    /// A row that is going to be written.
    pub(crate) fn of(cells: &[String], columns: &'static [Column]) -> Row {
        let named = columns.iter().zip(cells);
        let cells = named.filter(|(_, cell)| !cell.trim().is_empty());
        Row {
            file: "".into(),
            line: 0,
            header: columns.iter().map(|column| Some(column.name)).collect(),
            cells: cells
                .map(|(column, cell)| (column.name, cell.trim().to_owned()))
                .collect(),
        }
    }

    pub(crate) fn cell(&self, column: &str) -> Option<&str> {
        self.cells.get(column).map(String::as_str)
    }

    /// Whether its sheet has a column.
    pub(crate) fn has(&self, column: &str) -> bool {
        self.header.contains(&Some(column))
    }

    /// The row as a whole.
    pub(crate) fn whole(&self) -> Place {
        Place {
            file: Arc::clone(&self.file),
            line: self.line,
            cell: None,
        }
    }

    /// One of its cells.
    pub(crate) fn place(&self, name: &str, columns: &'static [Column]) -> Place {
        let column = columns.iter().find(|column| column.name == name);
        Place {
            cell: column.map(|it| Cell {
                column: it.name,
                example: it.example,
            }),
            ..self.whole()
        }
    }
}

/// The rows of a sheet; whatever is wrong with its form is a fault.
pub(crate) fn rows(found: &mut Found, text: &Text, columns: &'static [Column]) -> Vec<Row> {
    let mut records = Records::new(text);
    let Some((place, header)) = records.next(found) else {
        let names: Vec<&str> = columns.iter().map(|column| column.name).collect();
        let remedy = format!("begin with a row of column names: {}", names.join(","));
        found.add(&text.place(1), "is empty", &remedy);
        return Vec::new();
    };
    let header: Arc<[_]> = named(found, &place, &header, columns).into();
    let mut rows = Vec::new();
    while let Some((place, record)) = records.next(found) {
        if rows.len() == MAX_ROWS {
            let problem = format!("has more than {MAX_ROWS} rows; the others are not read");
            found.add(&place, &problem, "take out what is past, or split the file");
            break;
        }
        let fits = record.len() == header.len();
        if !fits {
            let problem = format!(
                "has {} cells, and the header has {}",
                record.len(),
                header.len()
            );
            let remedy = "a cell with a comma or a line break in it stands in quotation marks";
            found.add(&place, &problem, remedy);
        }
        let mut cells = BTreeMap::new();
        for (column, cell) in header.iter().zip(&record) {
            let cell = cell.trim();
            if cell.len() > MAX_CELL_BYTES {
                let problem = format!("has a cell of more than {MAX_CELL_BYTES} bytes");
                found.add(&place, &problem, "shorten it");
            } else if let (Some(column), false) = (column, cell.is_empty()) {
                cells.insert(*column, cell.to_owned());
            }
        }
        rows.push(Row {
            file: place.file,
            line: place.line,
            // Of a row whose cells stand in other columns no cell is missed.
            header: if fits {
                Arc::clone(&header)
            } else {
                Arc::new([])
            },
            cells,
        });
    }
    rows
}

/// The columns of the header, in its order; none: one that is not read.
fn named(
    found: &mut Found,
    place: &Place,
    header: &csv::StringRecord,
    columns: &'static [Column],
) -> Vec<Option<&'static str>> {
    let known: Vec<&str> = columns.iter().map(|column| column.name).collect();
    let remedy = format!("the columns are {}", known.join(", "));
    let mut names: Vec<Option<&'static str>> = Vec::with_capacity(header.len());
    for cell in header {
        let name = cell.trim();
        let column = columns.iter().find(|column| column.name == name);
        match column {
            // A column that is empty from top to bottom is what spreadsheets leave behind.
            None if name.is_empty() => {}
            None => {
                let problem = format!("there is no column {name:?}");
                let semicolons = header.len() == 1 && name.contains([';', '\t']);
                let remedy = if semicolons {
                    "save it with commas between the cells"
                } else {
                    &remedy
                };
                found.add(place, &problem, remedy);
            }
            Some(column) if names.contains(&Some(column.name)) => {
                found.add(place, &format!("has two columns {name:?}"), "leave one");
            }
            Some(_) => {}
        }
        names.push(column.map(|column| column.name));
    }
    for column in columns {
        if column.need == Need::Required && !names.contains(&Some(column.name)) {
            let problem = format!("the column {:?} is missing", column.name);
            let remedy = format!("add it; in it stands e.g. {}", column.example);
            found.add(place, &problem, &remedy);
        }
    }
    names
}

/// The records that have something in them.
struct Records<'t> {
    text: &'t Text,
    reader: csv::Reader<&'t [u8]>,
}

impl<'t> Records<'t> {
    fn new(text: &'t Text) -> Self {
        let reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(text.text.as_bytes());
        Records { text, reader }
    }

    fn next(&mut self, found: &mut Found) -> Option<(Place, csv::StringRecord)> {
        let mut record = csv::StringRecord::new();
        loop {
            let from = offset(&self.reader);
            // It is UTF-8 in memory, and any number of cells: nothing can fail.
            if !self.reader.read_record(&mut record).unwrap_or(false) {
                return None;
            }
            let bytes = self.text.text.as_bytes();
            let whole = bytes.get(from..offset(&self.reader)).unwrap_or_default();
            let blank = whole.iter().take_while(|byte| b"\r\n".contains(byte));
            let place = self.text.place_of(from + blank.count());
            // Else all that follows would be one cell.
            let marks = whole.iter().filter(|byte| **byte == b'"').count();
            if marks % 2 == 1 {
                let remedy = "close it; one that is part of a cell is written twice";
                found.add(&place, "a quotation mark is not closed", remedy);
            }
            if record.iter().any(|cell| !cell.trim().is_empty()) {
                return Some((place, record));
            }
        }
    }
}

fn offset(reader: &csv::Reader<&[u8]>) -> usize {
    usize::try_from(reader.position().byte()).unwrap_or(usize::MAX)
}
