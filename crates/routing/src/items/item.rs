//! One item: a table with the keys that its section of a plan file has.

use serde::{Deserialize, Serialize};
use toml::Table;

/// A table, in TOML where it is kept and in JSON where it is asked for; the keys are the same.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Item(pub(super) Table);

/// A text is no item.
#[derive(Debug, thiserror::Error)]
#[error("no TOML table: {0}")]
pub struct BadItem(#[from] toml::de::Error);

impl Item {
    /// From TOML.
    pub fn parse(text: &str) -> Result<Item, BadItem> {
        Ok(Item(text.parse()?))
    }

    /// As TOML.
    pub fn text(&self) -> String {
        super::text(self.0.clone())
    }

    /// Its keys.
    pub fn table(&self) -> &Table {
        &self.0
    }

    /// Its keys, to be changed.
    pub fn table_mut(&mut self) -> &mut Table {
        &mut self.0
    }

    /// A text at one of its keys.
    pub fn text_at(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.as_str()
    }
}

impl From<Table> for Item {
    fn from(table: Table) -> Self {
        Item(table)
    }
}
