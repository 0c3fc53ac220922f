//! TOML: sections of a plan file, with the line of each key.
//!
//! It is read with recovery: after an error of the writing the rest is still looked at.

use rotaline_routing::{ItemKey, ItemKind};
use toml::de::{DeTable, DeValue};
use toml::{Spanned, Table, Value};

use crate::reading::{Desk, Text};

const REMEDY: &str = "config/demo/plan.toml shows every key";

pub(crate) fn read(desk: &mut Desk, text: &Text) {
    let (document, errors) = DeTable::parse_recoverable(&text.text);
    for error in errors {
        let place = text.place_of(error.span().map_or(0, |span| span.start));
        let problem = error.message().trim().replace('\n', "; ");
        desk.found.add(&place, &problem, REMEDY);
    }
    for (name, value) in document.get_ref() {
        match (ItemKind::parse(name.get_ref()), value.get_ref()) {
            (Some(kind), DeValue::Table(entries)) if kind != ItemKind::Deployment => {
                things(desk, text, kind, entries);
            }
            (Some(_) | None, value) => of_the_whole(desk, text, name, value),
        }
    }
}

/// A section of things, e.g. every `[person.<id>]`.
fn things(desk: &mut Desk, text: &Text, kind: ItemKind, entries: &DeTable<'_>) {
    for (id, entry) in entries {
        let place = text.place_of(id.span().start);
        let key = ItemKey::new(kind, id.get_ref());
        let DeValue::Table(entry) = entry.get_ref() else {
            let remedy = format!("write [{}.{}]", kind.name(), id.get_ref());
            desk.found.add(&place, "is no table", &remedy);
            continue;
        };
        if desk.take(key.clone(), table(entry), place) {
            note(desk, text, &key, "", entry);
        }
    }
}

/// A key that stands in no section of a thing.
fn of_the_whole(desk: &mut Desk, text: &Text, name: &Spanned<Name<'_>>, value: &DeValue<'_>) {
    let key = ItemKey::DEPLOYMENT;
    let place = text.place_of(name.span().start);
    let name = name.get_ref().as_ref();
    if let Some(first) = desk.places.of(&key, name) {
        let problem = format!("{name} is there already, at {}:{}", first.file, first.line);
        desk.found.add(&place, &problem, "say it once");
        return;
    }
    let mut whole = desk.items.get(&key).cloned().unwrap_or_default();
    whole.table_mut().insert(name.to_owned(), plain(value));
    desk.items.apply((key.clone(), Some(whole)));
    desk.places.put(&key, name, place);
}

type Name<'i> = std::borrow::Cow<'i, str>;

/// Notes where every key stands.
fn note(desk: &mut Desk, text: &Text, item: &ItemKey, path: &str, table: &DeTable<'_>) {
    for (name, value) in table {
        let path = if path.is_empty() {
            name.get_ref().to_string()
        } else {
            format!("{path}.{}", name.get_ref())
        };
        desk.places
            .put(item, &path, text.place_of(name.span().start));
        match value.get_ref() {
            DeValue::Table(table) => note(desk, text, item, &path, table),
            DeValue::Array(list) => {
                for (number, entry) in (1..).zip(list) {
                    if let DeValue::Table(table) = entry.get_ref() {
                        let path = format!("{path}.{number}");
                        let place = text.place_of(entry.span().start);
                        desk.places.put(item, &path, place);
                        note(desk, text, item, &path, table);
                    }
                }
            }
            DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_) => {}
        }
    }
}

fn table(of: &DeTable<'_>) -> Table {
    let entries = of.iter();
    entries
        .map(|(name, value)| (name.get_ref().to_string(), plain(value.get_ref())))
        .collect()
}

/// The value without its places. A number that does not fit is kept as text: the plan refuses it.
fn plain(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or_else(
                |_| Value::String(number.as_str().to_owned()),
                Value::Integer,
            ),
        DeValue::Float(number) => number
            .as_str()
            .parse()
            .map_or_else(|_| Value::String(number.as_str().to_owned()), Value::Float),
        DeValue::Boolean(flag) => Value::Boolean(*flag),
        DeValue::Datetime(time) => {
            // What is left of one after an error may be none.
            let text = time.to_string();
            text.parse()
                .map_or_else(|_| Value::String(text), Value::Datetime)
        }
        DeValue::Array(list) => {
            Value::Array(list.iter().map(|entry| plain(entry.get_ref())).collect())
        }
        DeValue::Table(entries) => Value::Table(table(entries)),
    }
}
