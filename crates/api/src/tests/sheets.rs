//! Readers of exports that share nothing with what writes them.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

/// A cell of a workbook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Empty,
    Text(String),
    /// A figure as it is written, and its format.
    Figure(String, String),
}

/// The cells of a CSV (RFC 4180), line by line.
pub(crate) fn csv(text: &str) -> Vec<Vec<String>> {
    let (mut table, mut line, mut cell) = (Vec::new(), Vec::new(), String::new());
    let (mut quoted, mut chars) = (false, text.chars().peekable());
    while let Some(c) = chars.next() {
        match (quoted, c) {
            (true, '"') if chars.peek() == Some(&'"') => {
                chars.next();
                cell.push('"');
            }
            (_, '"') => quoted = !quoted,
            (false, ',') => line.push(std::mem::take(&mut cell)),
            (false, '\r') => {}
            (false, '\n') => {
                line.push(std::mem::take(&mut cell));
                table.push(std::mem::take(&mut line));
            }
            (_, c) => cell.push(c),
        }
    }
    assert!(!quoted && cell.is_empty(), "the last line ends");
    table
}

/// No program takes it for a formula or for a number with a sign.
pub(crate) fn assert_inert(cell: &str) {
    let shown = cell.trim_start_matches(|c: char| {
        c.is_whitespace() || c.is_control() || "\u{200b}\u{feff}\u{ad}".contains(c)
    });
    let begins = shown
        .chars()
        .next()
        .is_some_and(|c| "=+-@＝＋－＠−".contains(c));
    assert!(!begins || cell == "-", "{cell:?}");
    assert!(!cell.contains(['\t', '\r', '\n']), "{cell:?}");
}

/// The cells of a workbook's first sheet, row by row. There is no formula in it.
pub(crate) fn xlsx(file: &[u8]) -> Vec<Vec<Value>> {
    let sheet = part(file, "xl/worksheets/sheet1.xml");
    assert!(!sheet.contains("<f"), "a formula");
    let formats = formats(&part(file, "xl/styles.xml"));
    let rows = sheet.split("<row>").skip(1);
    rows.map(|row| cells(row.split("</row>").next().unwrap(), &formats))
        .collect()
}

pub(crate) fn part(file: &[u8], name: &str) -> String {
    let mut archive = zip::ZipArchive::new(Cursor::new(file)).unwrap();
    let mut text = String::new();
    let mut part = archive.by_name(name).unwrap();
    part.read_to_string(&mut text).unwrap();
    text
}

fn formats(styles: &str) -> Vec<String> {
    let attribute = |of: &str, name: &str| -> Option<String> {
        let (_, rest) = of.split_once(&format!("{name}=\""))?;
        rest.split('"').next().map(str::to_owned)
    };
    let mut names = BTreeMap::from([("0".to_owned(), "General".to_owned())]);
    names.insert("49".to_owned(), "@".to_owned());
    for format in styles.split("<numFmt ").skip(1) {
        let id = attribute(format, "numFmtId").unwrap();
        names.insert(id, attribute(format, "formatCode").unwrap());
    }
    let (_, cells) = styles.split_once("<cellXfs").unwrap();
    let cells = cells.split("<xf ").skip(1);
    cells
        .map(|xf| names[&attribute(xf, "numFmtId").unwrap()].clone())
        .collect()
}

fn cells(row: &str, formats: &[String]) -> Vec<Value> {
    let cells = row.split("<c").skip(1);
    let value = |cell: &str| {
        if cell.starts_with("/>") {
            return Value::Empty;
        }
        if let Some((_, text)) = cell.split_once("<t xml:space=\"preserve\">") {
            assert!(cell.contains("t=\"inlineStr\""), "{cell}");
            return Value::Text(unescaped(text.split("</t>").next().unwrap()));
        }
        let style = cell
            .strip_prefix(" s=\"")
            .map_or("0", |rest| rest.split('"').next().unwrap());
        let (_, figure) = cell.split_once("<v>").unwrap();
        let figure = figure.split("</v>").next().unwrap().to_owned();
        Value::Figure(figure, formats[style.parse::<usize>().unwrap()].clone())
    };
    cells.map(value).collect()
}

fn unescaped(text: &str) -> String {
    assert!(!text.contains(['<', '>']), "{text}");
    let text = text.replace("&lt;", "<").replace("&gt;", ">");
    let text = text.replace("&amp;", "&");
    // `_x005F_` is how the format writes `_` where `_xHHHH_` follows.
    text.replace("_x005F_", "_")
}
