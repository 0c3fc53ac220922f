//! Where each part of the plan was written, and the faults of what was written there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rotaline_routing::{Fault, ItemKey};

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub file: Arc<str>,
    pub line: usize,
    /// The cell of a sheet, by its column.
    pub cell: Option<Cell>,
}

/// A cell of a row, and what may stand in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cell {
    pub column: &'static str,
    pub example: &'static str,
}

impl Place {
    pub(crate) fn fault(&self, problem: &str, remedy: &str) -> Fault {
        Fault {
            file: format!("{}:{}", self.file, self.line),
            key: self
                .cell
                .map_or_else(String::new, |it| it.column.to_owned()),
            problem: problem.to_owned(),
            remedy: remedy.to_owned(),
        }
    }
}

/// Where the items and their keys stand: by item, then by the path of the key within it.
#[derive(Debug, Default)]
pub(crate) struct Places(BTreeMap<ItemKey, BTreeMap<String, Place>>);

impl Places {
    /// The item itself has the empty path.
    pub(crate) fn put(&mut self, item: &ItemKey, path: &str, place: Place) {
        let paths = self.0.entry(item.clone()).or_default();
        paths.entry(path.to_owned()).or_insert(place);
    }

    /// Where a key stands: it, or what it is part of.
    pub(crate) fn of(&self, item: &ItemKey, path: &str) -> Option<&Place> {
        let paths = self.0.get(item)?;
        let mut path = path;
        loop {
            if let Some(place) = paths.get(path) {
                return Some(place);
            }
            if path.is_empty() {
                return None;
            }
            path = path.rsplit_once('.').map_or("", |(whole, _)| whole);
        }
    }

    /// Where an item's own list stands.
    pub(crate) fn of_list(&self, item: &ItemKey, list: &str) -> Option<&Place> {
        self.0.get(item)?.get(list)
    }

    /// Where an item begins.
    pub(crate) fn of_item(&self, item: &ItemKey) -> Option<&Place> {
        self.0.get(item)?.get("")
    }
}

/// Faults of the writing itself, each with its place.
#[derive(Debug, Default)]
pub(crate) struct Found {
    faults: Vec<Fault>,
    places: BTreeSet<Place>,
}

impl Found {
    pub(crate) fn add(&mut self, place: &Place, problem: &str, remedy: &str) {
        self.faults.push(place.fault(problem, remedy));
        self.places.insert(place.clone());
    }

    /// What is wrong at a place has been told elsewhere.
    pub(crate) fn is_told(&mut self, place: Place) {
        self.places.insert(place);
    }

    /// Whether the writing at a place was a fault of its own.
    pub(crate) fn is_at(&self, place: &Place) -> bool {
        self.places.contains(place)
    }

    pub(crate) fn into_faults(self) -> Vec<Fault> {
        self.faults
    }
}
