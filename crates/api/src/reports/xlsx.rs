//! The calls report as XLSX (ECMA-376), written from its beginning to its end: no row is kept, and
//! nothing of it is on a disk.
//!
//! A ready-made writer in its constant-memory mode (rust_xlsxwriter) keeps the rows, names and NHS
//! numbers among them, in a temporary file until the last, and answers only then. What a table of
//! one kind of row needs is little: texts stand in their cells (`inlineStr`), days and times are
//! figures with a format, and the parts that list the sheets come last. Beyond the rows that a
//! sheet may have, the next one goes on.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::civil::{Date, Time};
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, ZipWriter};

use super::cells::{COLUMNS, Cell};
use super::inert;

/// Rows of a sheet (the format's bound), its titles among them.
const ROWS_A_SHEET: usize = 1_048_576;
/// Characters of a cell (the format's bound).
const TEXT_BOUND: usize = 32_767;
/// Days from the day that figures count from to 1970-01-01.
const DAYS_TO_1970: i64 = 25_569;

const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const RELATIONS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";

/// Formats of cells, as `STYLES` numbers them.
const TITLE: u8 = 1;
const DATE: u8 = 2;
const TIME: u8 = 3;
const TENTHS: u8 = 4;
const TEXT: u8 = 5;

/// Text (49) is a format that ships with every program; the others are ours.
const STYLES: &str = "<numFmts count=\"3\"><numFmt numFmtId=\"164\" formatCode=\"dd/mm/yyyy\"/>\
<numFmt numFmtId=\"165\" formatCode=\"hh:mm:ss\"/><numFmt numFmtId=\"166\" formatCode=\"0.0\"/>\
</numFmts><fonts count=\"2\"><font><sz val=\"11\"/><name val=\"Calibri\"/></font><font><b/>\
<sz val=\"11\"/><name val=\"Calibri\"/></font></fonts><fills count=\"2\"><fill>\
<patternFill patternType=\"none\"/></fill><fill><patternFill patternType=\"gray125\"/></fill>\
</fills><borders count=\"1\"><border><left/><right/><top/><bottom/><diagonal/></border></borders>\
<cellStyleXfs count=\"1\"><xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" borderId=\"0\"/>\
</cellStyleXfs><cellXfs count=\"6\"><xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" borderId=\"0\" \
xfId=\"0\"/><xf numFmtId=\"0\" fontId=\"1\" fillId=\"0\" borderId=\"0\" xfId=\"0\" \
applyFont=\"1\"/><xf numFmtId=\"164\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\" \
applyNumberFormat=\"1\"/><xf numFmtId=\"165\" fontId=\"0\" fillId=\"0\" borderId=\"0\" \
xfId=\"0\" applyNumberFormat=\"1\"/><xf numFmtId=\"166\" fontId=\"0\" fillId=\"0\" \
borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\"/><xf numFmtId=\"49\" fontId=\"0\" \
fillId=\"0\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\" quotePrefix=\"1\"/></cellXfs>";

/// A workbook in the making.
pub(super) struct Xlsx {
    zip: ZipWriter<StreamWriter<Made>>,
    made: Made,
    sheets: usize,
    rows: usize,
    /// XML that is not compressed yet.
    pending: String,
}

impl Xlsx {
    pub(super) fn new() -> io::Result<Self> {
        let made = Made::default();
        let mut xlsx = Xlsx {
            zip: ZipWriter::new_stream(made.clone()),
            made,
            sheets: 0,
            rows: 0,
            pending: String::new(),
        };
        xlsx.begin_sheet()?;
        Ok(xlsx)
    }

    pub(super) fn row(&mut self, cells: &[Cell<'_>; COLUMNS.len()]) -> io::Result<()> {
        if self.rows == ROWS_A_SHEET {
            self.end_sheet()?;
            self.begin_sheet()?;
        }
        self.pending.push_str("<row>");
        for cell in cells {
            self.cell(cell);
        }
        self.pending.push_str("</row>");
        self.rows += 1;
        Ok(())
    }

    /// What was made since the last time.
    pub(super) fn take(&mut self) -> io::Result<Vec<u8>> {
        self.zip.write_all(self.pending.as_bytes())?;
        self.pending.clear();
        Ok(self.made.take())
    }

    /// The last of it.
    pub(super) fn finish(mut self) -> io::Result<Vec<u8>> {
        self.end_sheet()?;
        for (name, part) in closing_parts(self.sheets) {
            self.zip.start_file(name, options())?;
            self.zip.write_all(part.as_bytes())?;
        }
        self.zip.finish()?;
        Ok(self.made.take())
    }

    fn begin_sheet(&mut self) -> io::Result<()> {
        self.sheets += 1;
        let name = format!("xl/worksheets/sheet{}.xml", self.sheets);
        self.zip.start_file(name, options())?;
        let head = format!(
            "{DECLARATION}<worksheet xmlns=\"{MAIN}\"><sheetViews><sheetView workbookViewId=\"0\">\
             <pane ySplit=\"1\" topLeftCell=\"A2\" activePane=\"bottomLeft\" state=\"frozen\"/>\
             </sheetView></sheetViews><cols>"
        );
        self.pending.push_str(&head);
        for (place, (_, width)) in COLUMNS.iter().enumerate() {
            let column = place + 1;
            // Writing to a `String` cannot fail, here and below.
            let _ = write!(
                self.pending,
                "<col min=\"{column}\" max=\"{column}\" width=\"{width}\" customWidth=\"1\"/>"
            );
        }
        self.pending.push_str("</cols><sheetData><row>");
        for (title, _) in COLUMNS {
            text(&mut self.pending, TITLE, title);
        }
        self.pending.push_str("</row>");
        self.rows = 1;
        Ok(())
    }

    fn end_sheet(&mut self) -> io::Result<()> {
        self.pending.push_str("</sheetData></worksheet>");
        self.zip.write_all(self.pending.as_bytes())?;
        self.pending.clear();
        Ok(())
    }

    fn cell(&mut self, cell: &Cell<'_>) {
        let out = &mut self.pending;
        let _ = match cell {
            Cell::Empty => write!(out, "<c/>"),
            Cell::Text(it) => {
                text(out, TEXT, it);
                Ok(())
            }
            Cell::Date(date) => write!(out, "<c s=\"{DATE}\"><v>{}</v></c>", day(*date)),
            Cell::Time(time) => {
                write!(out, "<c s=\"{TIME}\"><v>{}</v></c>", part_of_day(*time))
            }
            Cell::Count(count) => write!(out, "<c><v>{count}</v></c>"),
            Cell::Tenths(tenths) => {
                let (whole, rest) = (tenths / 10, tenths % 10);
                write!(out, "<c s=\"{TENTHS}\"><v>{whole}.{rest}</v></c>")
            }
        };
    }
}

fn options() -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(1))
}

fn day(date: Date) -> i64 {
    let since = date.since(Date::constant(1970, 1, 1));
    DAYS_TO_1970 + since.map_or(0, |span| i64::from(span.get_days()))
}

fn part_of_day(time: Time) -> f64 {
    let minutes = i32::from(time.hour()) * 60 + i32::from(time.minute());
    f64::from(minutes * 60 + i32::from(time.second())) / 86_400.0
}

fn text(out: &mut String, style: u8, text: &str) {
    let mut plain = String::with_capacity(text.len());
    inert::plain(text, &mut plain);
    let _ = write!(
        out,
        "<c s=\"{style}\" t=\"inlineStr\"><is><t xml:space=\"preserve\">"
    );
    for (place, c) in plain.char_indices().take(TEXT_BOUND / 2) {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '_' if is_escape(plain.get(place..).unwrap_or_default()) => out.push_str("_x005F_"),
            c => out.push(c),
        }
    }
    out.push_str("</t></is></c>");
}

/// Whether a text begins as the format writes a character by its number: `_x003D_` would be read
/// as `=`.
fn is_escape(text: &str) -> bool {
    let bytes = text.as_bytes();
    let hex = |digits: &[u8]| digits.iter().all(u8::is_ascii_hexdigit);
    matches!(bytes, [b'_', b'x', a, b, c, d, b'_', ..] if hex(&[*a, *b, *c, *d]))
}

/// The parts that say what is in the workbook.
fn closing_parts(sheets: usize) -> [(&'static str, String); 5] {
    let mut types = String::new();
    let (mut list, mut targets) = (String::new(), String::new());
    for sheet in 1..=sheets {
        let _ = write!(
            types,
            "<Override PartName=\"/xl/worksheets/sheet{sheet}.xml\" ContentType=\"application/\
             vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml\"/>"
        );
        let name = if sheet == 1 {
            "Calls".to_owned()
        } else {
            format!("Calls {sheet}")
        };
        let _ = write!(
            list,
            "<sheet name=\"{name}\" sheetId=\"{sheet}\" r:id=\"rId{sheet}\"/>"
        );
        let _ = write!(
            targets,
            "<Relationship Id=\"rId{sheet}\" Type=\"{RELATIONS}/worksheet\" \
             Target=\"worksheets/sheet{sheet}.xml\"/>"
        );
    }
    let styles = sheets + 1;
    let sheet_type = "application/vnd.openxmlformats-officedocument.spreadsheetml";
    [
        (
            "xl/styles.xml",
            format!("{DECLARATION}<styleSheet xmlns=\"{MAIN}\">{STYLES}</styleSheet>"),
        ),
        (
            "xl/workbook.xml",
            format!(
                "{DECLARATION}<workbook xmlns=\"{MAIN}\" xmlns:r=\"{RELATIONS}\"><sheets>{list}\
                 </sheets></workbook>"
            ),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            format!(
                "{DECLARATION}<Relationships xmlns=\"{PACKAGE}/relationships\">{targets}\
                 <Relationship Id=\"rId{styles}\" Type=\"{RELATIONS}/styles\" \
                 Target=\"styles.xml\"/></Relationships>"
            ),
        ),
        (
            "_rels/.rels",
            format!(
                "{DECLARATION}<Relationships xmlns=\"{PACKAGE}/relationships\"><Relationship \
                 Id=\"rId1\" Type=\"{RELATIONS}/officeDocument\" Target=\"xl/workbook.xml\"/>\
                 </Relationships>"
            ),
        ),
        (
            "[Content_Types].xml",
            format!(
                "{DECLARATION}<Types xmlns=\"{PACKAGE}/content-types\"><Default \
                 Extension=\"rels\" ContentType=\"application/\
                 vnd.openxmlformats-package.relationships+xml\"/><Default Extension=\"xml\" \
                 ContentType=\"application/xml\"/><Override PartName=\"/xl/workbook.xml\" \
                 ContentType=\"{sheet_type}.sheet.main+xml\"/><Override \
                 PartName=\"/xl/styles.xml\" ContentType=\"{sheet_type}.styles+xml\"/>{types}\
                 </Types>"
            ),
        ),
    ]
}

/// What the archive has written and nobody has taken yet.
#[derive(Clone, Default)]
struct Made(Arc<Mutex<Vec<u8>>>);

impl Made {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Made {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut made = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        made.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
