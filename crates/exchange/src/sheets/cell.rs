//! What stands in a cell: a text, a number, a list, phones.
//!
//! A spreadsheet takes a cell that begins with `=`, `+`, `-`, `@`, a tab or a carriage return for a
//! formula, and a number such as `+44 20 7946 0000` for a sum of which the `+` is lost. So what is
//! written with such a beginning gets an apostrophe before it, and what is read with both loses it.
//! An apostrophe that was there before is doubled by the same rule, so every text comes back as it
//! was. What is read without an apostrophe is taken as it is: a text, and never evaluated.

use toml::{Table, Value};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// A text.
    Text,
    /// A whole number.
    Number,
    /// Texts between `;`.
    List,
    /// Phones between `;`: kind, address and perhaps the ring time, e.g. `desk 020 7946 0010 20s`.
    Phones,
}

/// The empty list.
const NOTHING: &str = "-";

const BEGINS_A_FORMULA: [char; 7] = ['=', '+', '-', '@', '\t', '\r', '\''];

/// A text as a cell that no spreadsheet takes for a formula.
pub(super) fn guarded(text: &str) -> String {
    if text.starts_with(BEGINS_A_FORMULA) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

/// The text of a cell.
pub(super) fn unguarded(cell: &str) -> &str {
    cell.strip_prefix('\'')
        .filter(|rest| rest.starts_with(BEGINS_A_FORMULA))
        .unwrap_or(cell)
}

impl Form {
    /// What a cell that is not empty says.
    pub(crate) fn read(self, cell: &str) -> Result<Value, BadCell> {
        match self {
            Form::Text => Ok(Value::String(unguarded(cell).to_owned())),
            Form::Number => unguarded(cell)
                .parse()
                .map(Value::Integer)
                .map_err(|_| BadCell::Number),
            Form::List => Ok(Value::Array(
                entries(cell)
                    .map(|it| Value::String(it.to_owned()))
                    .collect(),
            )),
            Form::Phones => {
                let phones: Result<_, _> = entries(cell).map(phone).collect();
                phones.map(Value::Array)
            }
        }
    }

    /// A value as a cell; none if no cell of this form holds it.
    pub(crate) fn written(self, value: &Value) -> Option<String> {
        let list = |entries: Option<Vec<String>>| {
            let entries = entries?;
            Some(if entries.is_empty() {
                NOTHING.to_owned()
            } else {
                guarded(&entries.join("; "))
            })
        };
        match self {
            Form::Text => value.as_str().map(guarded),
            Form::Number => value.as_integer().map(|number| number.to_string()),
            Form::List => {
                let texts = value.as_array()?.iter();
                list(texts.map(|it| it.as_str().map(str::to_owned)).collect())
            }
            Form::Phones => list(value.as_array()?.iter().map(phone_text).collect()),
        }
    }
}

/// Why a cell cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadCell {
    #[error("is no whole number")]
    Number,
    #[error("names a phone without its kind")]
    Phone,
}

fn entries(cell: &str) -> impl Iterator<Item = &str> {
    let cell = if cell == NOTHING { "" } else { cell };
    let entries = unguarded(cell).split(';').map(str::trim);
    entries.filter(|entry| !entry.is_empty())
}

fn phone(text: &str) -> Result<Value, BadCell> {
    let (kind, rest) = text.split_once(' ').ok_or(BadCell::Phone)?;
    let rest = rest.trim();
    let mut phone = Table::new();
    phone.insert("kind".to_owned(), Value::String(kind.to_owned()));
    let timed = rest.rsplit_once(' ').and_then(|(to, last)| {
        let seconds = last.strip_suffix('s')?.parse().ok()?;
        Some((to.trim(), seconds))
    });
    let to = match timed {
        Some((to, seconds)) => {
            phone.insert("ring_time_s".to_owned(), Value::Integer(seconds));
            to
        }
        None => rest,
    };
    phone.insert("to".to_owned(), Value::String(to.to_owned()));
    Ok(Value::Table(phone))
}

fn phone_text(phone: &Value) -> Option<String> {
    let (kind, to) = (phone.get("kind")?.as_str()?, phone.get("to")?.as_str()?);
    let seconds = phone.get("ring_time_s").map(Value::as_integer);
    Some(match seconds {
        Some(seconds) => format!("{kind} {to} {}s", seconds?),
        None => format!("{kind} {to}"),
    })
}
