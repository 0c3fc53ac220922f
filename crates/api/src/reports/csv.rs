//! The calls report as CSV (RFC 4180): UTF-8 with a byte order mark, without which Excel reads
//! names in another alphabet; days as 24/11/2026; texts in quotation marks, and inert.

use std::fmt::Write;

use super::cells::{COLUMNS, Cell};
use super::inert;

const BYTE_ORDER_MARK: &str = "\u{feff}";

/// A CSV in the making.
pub(super) struct Csv(String);

impl Csv {
    pub(super) fn new() -> Self {
        let titles = COLUMNS.map(|(title, _)| format!("\"{title}\""));
        Csv(format!("{BYTE_ORDER_MARK}{}\r\n", titles.join(",")))
    }

    pub(super) fn row(&mut self, cells: &[Cell<'_>; COLUMNS.len()]) {
        for (place, cell) in cells.iter().enumerate() {
            if place > 0 {
                self.0.push(',');
            }
            self.cell(cell);
        }
        self.0.push_str("\r\n");
    }

    fn cell(&mut self, cell: &Cell<'_>) {
        let out = &mut self.0;
        // Writing to a `String` cannot fail.
        let _ = match cell {
            Cell::Empty => Ok(()),
            Cell::Text(text) => {
                out.push('"');
                inert::csv(text, out);
                out.push('"');
                Ok(())
            }
            Cell::Date(date) => {
                let (day, month, year) = (date.day(), date.month(), date.year());
                write!(out, "{day:02}/{month:02}/{year:04}")
            }
            Cell::Time(time) => {
                let (hour, minute, second) = (time.hour(), time.minute(), time.second());
                write!(out, "{hour:02}:{minute:02}:{second:02}")
            }
            Cell::Count(count) => write!(out, "{count}"),
            Cell::Tenths(tenths) => write!(out, "{}.{}", tenths / 10, tenths % 10),
        };
    }

    /// What was made since the last time.
    pub(super) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.0).into_bytes()
    }
}
