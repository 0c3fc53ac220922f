//! The calls report as a table: its columns, and a line's cells under them.

use std::borrow::Cow;

use jiff::civil::{Date, Time};
use rotaline_store::CallLine;

use super::names::Names;
use super::tenths;
use crate::json::NO_OUTCOME;

/// The columns of SERVICE.md section 7, in its order, each with its width in characters.
pub(super) const COLUMNS: [(&str, u8); 15] = [
    ("Date", 11),
    ("Time", 10),
    ("Patient (NHS number)", 20),
    ("Gender", 13),
    ("Caller", 16),
    ("Practice", 28),
    ("Area", 16),
    ("Specialty", 20),
    ("Specialist", 24),
    ("Organisation", 24),
    ("Refs", 6),
    ("Wait (s)", 9),
    ("Talk (s)", 9),
    ("Outcome", 22),
    ("Recording", 68),
];

/// What a cell holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cell<'a> {
    /// Nothing.
    Empty,
    /// A text.
    Text(Cow<'a, str>),
    /// A day.
    Date(Date),
    /// A time of day.
    Time(Time),
    /// A count.
    Count(i64),
    /// Tenths of a second.
    Tenths(i64),
}

/// A line's cells, one under each column.
pub(super) fn cells<'a>(line: &'a CallLine, names: &'a Names) -> [Cell<'a>; COLUMNS.len()] {
    let at = names.local(line);
    [
        Cell::Date(at.date()),
        Cell::Time(at.time()),
        text(line.patient.as_ref().map(|it| it.expose().as_str())),
        text(line.gender.as_deref().map(gender)),
        text(Some(caller(line))),
        text(line.practice.as_deref().map(|id| names.practice(id))),
        text(line.area.as_deref()),
        text(line.specialty.as_deref().map(|id| names.specialty(id))),
        text(line.specialist.as_deref().map(|id| names.person(id))),
        text(
            line.organisation
                .as_deref()
                .map(|id| names.organisation(id)),
        ),
        Cell::Count(line.refs),
        line.wait_ms
            .map_or(Cell::Empty, |ms| Cell::Tenths(tenths(ms))),
        Cell::Tenths(tenths(line.talk_ms)),
        text(Some(outcome(line, names))),
        recording(line).map_or(Cell::Empty, |link| Cell::Text(link.into())),
    ]
}

fn text(text: Option<&str>) -> Cell<'_> {
    text.map_or(Cell::Empty, |text| Cell::Text(text.into()))
}

/// A gender, as people read it. One that a later version knows is shown as it is kept.
fn gender(kept: &str) -> &str {
    match kept {
        "female" => "Female",
        "male" => "Male",
        "indeterminate" => "Indeterminate",
        "not_known" => "Not known",
        other => other,
    }
}

/// Who rang.
pub(super) fn caller(line: &CallLine) -> &str {
    let caller = line.caller.as_ref();
    caller.map_or("withheld", |caller| caller.expose().as_str())
}

/// What came of it, as people read it.
pub(super) fn outcome<'a>(line: &'a CallLine, names: &'a Names) -> &'a str {
    let given = line.outcome.as_deref();
    given.map_or(NO_OUTCOME, |id| {
        names.outcome(line.specialty.as_deref(), id)
    })
}

/// Where its recording is.
pub(super) fn recording(line: &CallLine) -> Option<String> {
    let link = || format!("/api/v1/calls/{}/recording.mp3", line.case);
    line.recorded.then(link)
}
