//! Reads tables of TOML key by key, so that every fault is found at once and each names its key.
//!
//! (serde stops at its first fault and does not say at which key.)

use toml::{Table, Value};

use crate::fault::Fault;

/// Faults as they are found.
#[derive(Debug, Default)]
pub(crate) struct Faults(pub(crate) Vec<Fault>);

impl Faults {
    pub(crate) fn add(&mut self, file: &str, key: &str, problem: &str, remedy: &str) {
        self.0.push(Fault {
            file: file.to_owned(),
            key: key.to_owned(),
            problem: problem.to_owned(),
            remedy: remedy.to_owned(),
        });
    }
}

/// One table; keys are taken out of it, and what is left is unknown.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    file: &'a str,
    path: String,
    table: Table,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(file: &'a str, path: &str, table: Table) -> Self {
        Reader {
            file,
            path: path.to_owned(),
            table,
        }
    }

    pub(crate) fn file(&self) -> &'a str {
        self.file
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// The dotted path of a key of this table.
    pub(crate) fn key(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }

    pub(crate) fn fault(&self, faults: &mut Faults, name: &str, problem: &str, remedy: &str) {
        faults.add(self.file, &self.key(name), problem, remedy);
    }

    /// A fault: a key that must be there is not.
    pub(crate) fn missing(&self, faults: &mut Faults, name: &str, remedy: &str) {
        self.fault(faults, name, "is missing", remedy);
    }

    /// The keys that were not taken yet.
    pub(crate) fn keys(&self) -> Vec<String> {
        self.table.keys().cloned().collect()
    }

    /// A text that may be absent.
    pub(crate) fn text(&mut self, faults: &mut Faults, name: &str) -> Option<String> {
        match self.table.remove(name)? {
            Value::String(text) => Some(text),
            other => {
                let problem = format!("{other} is no text");
                self.fault(faults, name, &problem, "write it in quotation marks");
                None
            }
        }
    }

    /// A text that must be there; `example` goes into the remedy.
    pub(crate) fn required(
        &mut self,
        faults: &mut Faults,
        name: &str,
        example: &str,
    ) -> Option<String> {
        if !self.table.contains_key(name) {
            let remedy = format!("add it, e.g. {name} = \"{example}\"");
            self.fault(faults, name, "is missing", &remedy);
        }
        self.text(faults, name)
    }

    /// A text that may be absent, parsed.
    pub(crate) fn parsed<T, E: std::fmt::Display>(
        &mut self,
        faults: &mut Faults,
        name: &str,
        parse: impl Fn(&str) -> Result<T, E>,
        remedy: &str,
    ) -> Option<T> {
        let text = self.text(faults, name)?;
        match parse(&text) {
            Ok(value) => Some(value),
            Err(error) => {
                let problem = format!("{text:?}: {error}");
                self.fault(faults, name, &problem, remedy);
                None
            }
        }
    }

    /// One of several words; `default` if absent, none (and a fault) if it is no such word.
    pub(crate) fn word<T: Copy>(
        &mut self,
        faults: &mut Faults,
        name: &str,
        words: &[(&str, T)],
        default: Option<T>,
    ) -> Option<T> {
        let choices: Vec<String> = words.iter().map(|(word, _)| format!("{word:?}")).collect();
        let remedy = format!("use one of {}", choices.join(", "));
        if !self.table.contains_key(name) {
            if default.is_none() {
                self.fault(faults, name, "is missing", &remedy);
            }
            return default;
        }
        let text = self.text(faults, name)?;
        let found = words
            .iter()
            .find(|(word, _)| *word == text)
            .map(|(_, value)| *value);
        if found.is_none() {
            self.fault(faults, name, &format!("{text:?} is unknown"), &remedy);
        }
        found
    }

    /// A whole number within bounds that may be absent.
    pub(crate) fn number(
        &mut self,
        faults: &mut Faults,
        name: &str,
        bounds: std::ops::RangeInclusive<i64>,
    ) -> Option<u32> {
        let value = self.table.remove(name)?;
        let good = value.as_integer().filter(|number| bounds.contains(number));
        if good.is_none() {
            let problem = format!("{value} is out of range");
            let remedy = format!(
                "use a whole number from {} to {}",
                bounds.start(),
                bounds.end()
            );
            self.fault(faults, name, &problem, &remedy);
        }
        good.and_then(|number| u32::try_from(number).ok())
    }

    /// `true` or `false`; none if absent.
    pub(crate) fn flag(&mut self, faults: &mut Faults, name: &str) -> Option<bool> {
        let value = self.table.remove(name)?;
        if value.as_bool().is_none() {
            let problem = format!("{value} is neither true nor false");
            self.fault(faults, name, &problem, "write true or false");
        }
        value.as_bool()
    }

    /// A list of texts; none if absent.
    pub(crate) fn texts(&mut self, faults: &mut Faults, name: &str) -> Option<Vec<String>> {
        let value = self.table.remove(name)?;
        let texts = value.as_array().and_then(|list| {
            list.iter()
                .map(|item| item.as_str().map(str::to_owned))
                .collect::<Option<Vec<_>>>()
        });
        if texts.is_none() {
            let problem = format!("{value} is no list of texts");
            self.fault(faults, name, &problem, "write [\"...\", \"...\"]");
        }
        texts
    }

    /// A table within this one; none if absent.
    pub(crate) fn table(&mut self, faults: &mut Faults, name: &str) -> Option<Reader<'a>> {
        let Value::Table(table) = self.table.remove(name)? else {
            let remedy = format!("write [{}]", self.key(name));
            self.fault(faults, name, "is no table", &remedy);
            return None;
        };
        Some(Reader::new(self.file, &self.key(name), table))
    }

    /// A list of tables, each with its own reader; empty if absent.
    pub(crate) fn tables(&mut self, faults: &mut Faults, name: &str) -> Vec<Reader<'a>> {
        let Some(value) = self.table.remove(name) else {
            return Vec::new();
        };
        let tables = match value {
            Value::Array(list) => list
                .into_iter()
                .map(|item| {
                    if let Value::Table(table) = item {
                        Some(table)
                    } else {
                        None
                    }
                })
                .collect::<Option<Vec<_>>>(),
            _ => None,
        };
        let Some(tables) = tables else {
            let remedy = format!("write one [[{}]] for each", self.key(name));
            self.fault(faults, name, "is no list of tables", &remedy);
            return Vec::new();
        };
        let key = self.key(name);
        (1..)
            .zip(tables)
            .map(|(number, table)| Reader::new(self.file, &format!("{key}.{number}"), table))
            .collect()
    }

    /// A table of tables, e.g. every `[person.<id>]`; empty if absent.
    pub(crate) fn named(&mut self, faults: &mut Faults, name: &str) -> Vec<(String, Reader<'a>)> {
        let Some(value) = self.table.remove(name) else {
            return Vec::new();
        };
        let key = self.key(name);
        let Value::Table(entries) = value else {
            let remedy = format!("write [{key}.<id>]");
            self.fault(faults, name, "is no table", &remedy);
            return Vec::new();
        };
        let mut readers = Vec::with_capacity(entries.len());
        for (id, value) in entries {
            let path = format!("{key}.{id}");
            match value {
                Value::Table(table) => {
                    readers.push((id, Reader::new(self.file, &path, table)));
                }
                _ => faults.add(self.file, &path, "is no table", &format!("write [{path}]")),
            }
        }
        readers
    }

    /// Whatever was not taken is unknown.
    pub(crate) fn finish(self, faults: &mut Faults, known: &[&str]) {
        for name in self.table.keys() {
            let remedy = format!("known here: {}", known.join(", "));
            self.fault(faults, name, "is unknown", &remedy);
        }
    }
}
