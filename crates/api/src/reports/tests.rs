//! Encoders against readers of their own: what goes in comes out as text, and never as a formula.

use jiff::civil::{date, time};

use super::cells::{COLUMNS, Cell};
use super::csv::Csv;
use super::inert;
use super::xlsx::Xlsx;
use crate::tests::hostile::HOSTILE;
use crate::tests::sheets::{self, Value};

/// A row that begins with a text.
fn row(text: &str) -> [Cell<'_>; COLUMNS.len()] {
    let mut row = [const { Cell::Empty }; COLUMNS.len()];
    row[0] = Cell::Text(text.into());
    row[1] = Cell::Date(date(2026, 2, 28));
    row[2] = Cell::Time(time(23, 59, 59, 999));
    row[3] = Cell::Count(3);
    row[4] = Cell::Tenths(334);
    row
}

fn shown(text: &str) -> String {
    let mut shown = String::new();
    inert::plain(text, &mut shown);
    shown
}

#[test]
fn hostile_texts_are_inert_in_csv_and_can_be_read_back() {
    let mut csv = Csv::new();
    for text in HOSTILE {
        csv.row(&row(text));
    }
    let text = String::from_utf8(csv.take()).unwrap();
    let table = sheets::csv(text.strip_prefix('\u{feff}').unwrap());
    assert_eq!(table[0], COLUMNS.map(|(title, _)| title));
    assert_eq!(table.len(), HOSTILE.len() + 1);
    for (cells, hostile) in table[1..].iter().zip(HOSTILE) {
        assert_eq!(cells.len(), COLUMNS.len(), "{hostile:?}");
        sheets::assert_inert(&cells[0]);
        let back = cells[0].strip_prefix('\'').unwrap_or(&cells[0]);
        // After a semicolon a mark stands that is not taken away.
        assert_eq!(back.replace(";'", ";"), shown(hostile), "{hostile:?}");
        assert_eq!(cells[1..5], ["28/02/2026", "23:59:59", "3", "33.4"]);
    }
    // Nor where another separator splits the lines.
    for line in text.lines().skip(1) {
        for cell in line.split([';', '\t']) {
            let shown = cell.trim_start_matches('"').split('"').next();
            sheets::assert_inert(shown.unwrap());
        }
    }
}

#[test]
fn hostile_texts_are_texts_in_xlsx() {
    let mut xlsx = Xlsx::new().unwrap();
    let mut file = Vec::new();
    for text in HOSTILE {
        xlsx.row(&row(text)).unwrap();
        file.extend(xlsx.take().unwrap());
    }
    file.extend(xlsx.finish().unwrap());
    let table = sheets::xlsx(&file);
    assert_eq!(table.len(), HOSTILE.len() + 1);
    for (cells, hostile) in table[1..].iter().zip(HOSTILE) {
        assert_eq!(cells[0], Value::Text(shown(hostile)), "{hostile:?}");
        assert_eq!(
            cells[1],
            Value::Figure("46081".to_owned(), "dd/mm/yyyy".to_owned())
        );
        assert_eq!(
            cells[3],
            Value::Figure("3".to_owned(), "General".to_owned())
        );
        assert_eq!(cells[4], Value::Figure("33.4".to_owned(), "0.0".to_owned()));
        let Value::Figure(part, format) = &cells[2] else {
            panic!("{cells:?}");
        };
        assert_eq!(format, "hh:mm:ss");
        let seconds = part.parse::<f64>().unwrap() * 86_400.0;
        assert!((seconds - 86_399.0).abs() < 0.01, "{seconds}");
        assert_eq!(cells[5..], [const { Value::Empty }; COLUMNS.len() - 5]);
    }
}

#[test]
fn a_text_as_long_as_a_message_fits_its_cell() {
    let long = "=".repeat(70_000);
    let mut xlsx = Xlsx::new().unwrap();
    xlsx.row(&row(&long)).unwrap();
    let file = xlsx.finish().unwrap();
    let Value::Text(text) = &sheets::xlsx(&file)[1][0] else {
        panic!("no text");
    };
    assert!(text.len() <= 32_767 && text.len() > 10_000);
}
