//! The plan as it is kept and edited: one table for each thing, by its kind and id.
//!
//! ```text
//! files ──read──▶ Items ──plan──▶ Plan          (a fault names its item, then its key)
//!                 ▲   └──files──▶ files         (stable order: reading them gives the same items)
//!          put, remove
//! ```
//!
//! Nothing is judged here: an item is whatever somebody wrote, until [`Items::plan`] hands all of
//! them to [`Plan::parse`], as files whose names say which item they are. So there is one set of
//! rules, whichever way a plan comes. Not here: versions and who changed what (the store's).

mod edit;
mod item;
mod spoken;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use rotaline_model::{Dialled, PersonId};
use toml::{Table, Value};

use crate::address::PhoneAddress;
use crate::fault::{Fault, Source};
use crate::plan::Plan;

pub use edit::{EditedDates, NotCopied, OnPart, RotaPart, SwapOn, copied_week};
pub use item::{BadItem, Item};
pub use spoken::{Name, Named};

/// What an item is. The order is that of the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ItemKind {
    /// What holds for the whole: every key of a plan that stands in no section of a thing.
    Deployment,
    /// `[organisation.<id>]`
    Organisation,
    /// `[number.<number>]`
    Number,
    /// `[specialty.<id>]`, its rota in it.
    Specialty,
    /// `[outcomes.<id>]`
    Outcomes,
    /// `[person.<id>]`
    Person,
    /// `[practice.<id>]`
    Practice,
    /// `[bank_holidays.<nation>]`
    BankHolidays,
}

impl ItemKind {
    /// Every kind.
    pub const ALL: [ItemKind; 8] = [
        ItemKind::Deployment,
        ItemKind::Organisation,
        ItemKind::Number,
        ItemKind::Specialty,
        ItemKind::Outcomes,
        ItemKind::Person,
        ItemKind::Practice,
        ItemKind::BankHolidays,
    ];

    /// Its name: the section of a plan file, and what the store calls it.
    pub const fn name(self) -> &'static str {
        match self {
            ItemKind::Deployment => "deployment",
            ItemKind::Organisation => "organisation",
            ItemKind::Number => "number",
            ItemKind::Specialty => "specialty",
            ItemKind::Outcomes => "outcomes",
            ItemKind::Person => "person",
            ItemKind::Practice => "practice",
            ItemKind::BankHolidays => "bank_holidays",
        }
    }

    /// From its name.
    pub fn parse(name: &str) -> Option<ItemKind> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Which item.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemKey {
    /// What it is.
    pub kind: ItemKind,
    /// Its id within its kind; empty for [`ItemKind::Deployment`].
    pub id: String,
}

impl ItemKey {
    /// The one item that holds for the whole.
    pub const DEPLOYMENT: ItemKey = ItemKey {
        kind: ItemKind::Deployment,
        id: String::new(),
    };

    /// An item's key. A number is one item however it is written; what is no number stays as it
    /// is, and is a fault of the plan.
    pub fn new(kind: ItemKind, id: &str) -> ItemKey {
        let id = match kind {
            ItemKind::Number => {
                Dialled::parse(id).map_or_else(|_| id.to_owned(), |dialled| dialled.to_string())
            }
            ItemKind::Deployment
            | ItemKind::Organisation
            | ItemKind::Specialty
            | ItemKind::Outcomes
            | ItemKind::Person
            | ItemKind::Practice
            | ItemKind::BankHolidays => id.to_owned(),
        };
        ItemKey { kind, id }
    }
}

/// As faults name it, e.g. `person ann`.
impl fmt::Display for ItemKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            ItemKind::Deployment => f.write_str(self.kind.name()),
            ItemKind::Organisation
            | ItemKind::Number
            | ItemKind::Specialty
            | ItemKind::Outcomes
            | ItemKind::Person
            | ItemKind::Practice
            | ItemKind::BankHolidays => write!(f, "{} {}", self.kind.name(), self.id),
        }
    }
}

/// All items of a plan.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Items(BTreeMap<ItemKey, Item>);

/// An item that is to be so, or (none) to be no more.
pub type Difference = (ItemKey, Option<Item>);

impl Items {
    /// Reads plan files, and takes them apart if they are without a fault; the faults name files.
    pub fn read(sources: &[Source]) -> Result<(Items, Plan), Vec<Fault>> {
        let plan = Plan::parse(sources)?;
        let mut items = Items::default();
        for source in sources {
            // It was read a moment ago.
            if let Ok(table) = source.text.parse::<Table>() {
                items.take_apart(table);
            }
        }
        Ok((items, plan))
    }

    /// The plan that they make; a fault's `file` is the item, as [`ItemKey`] is shown.
    pub fn plan(&self) -> Result<Plan, Vec<Fault>> {
        let sources: Vec<Source> = self
            .0
            .iter()
            .map(|(key, item)| Source {
                name: key.to_string(),
                text: text(place(key, item)),
            })
            .collect();
        Plan::parse(&sources)
    }

    /// One file for each kind that there is, in the order of the kinds.
    pub fn files(&self) -> Vec<Source> {
        ItemKind::ALL
            .into_iter()
            .filter_map(|kind| {
                let of_kind = self.0.iter().filter(|(key, _)| key.kind == kind);
                let table = joined(of_kind);
                (!table.is_empty()).then(|| Source {
                    name: format!("{}.toml", kind.name()),
                    text: text(table),
                })
            })
            .collect()
    }

    /// All of them as one file.
    pub fn document(&self) -> String {
        text(joined(&self.0))
    }

    /// An item.
    pub fn get(&self, key: &ItemKey) -> Option<&Item> {
        self.0.get(key)
    }

    /// An item, to be changed.
    pub fn get_mut(&mut self, key: &ItemKey) -> Option<&mut Item> {
        self.0.get_mut(key)
    }

    /// The items of a kind, in the order of their ids.
    pub fn of(&self, kind: ItemKind) -> impl Iterator<Item = (&ItemKey, &Item)> {
        self.0.iter().filter(move |(key, _)| key.kind == kind)
    }

    /// Every item, kind by kind.
    pub fn iter(&self) -> impl Iterator<Item = (&ItemKey, &Item)> {
        self.0.iter()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Makes an item so, or takes it away.
    pub fn apply(&mut self, (key, item): Difference) {
        match item {
            Some(item) => self.0.insert(key, item),
            None => self.0.remove(&key),
        };
    }

    /// What must be applied to these to have the others.
    pub fn differences(&self, others: &Items) -> Vec<Difference> {
        let keys: BTreeSet<&ItemKey> = self.0.keys().chain(others.0.keys()).collect();
        keys.into_iter()
            .filter(|key| self.0.get(key) != others.0.get(key))
            .map(|key| (key.clone(), others.0.get(key).cloned()))
            .collect()
    }

    /// Puts a person's first phone elsewhere: for a demo whose phones take the ports that are free.
    pub fn set_phone(&mut self, person: &PersonId, to: &PhoneAddress) {
        let key = ItemKey::new(ItemKind::Person, person.as_str());
        let phones = self
            .0
            .get_mut(&key)
            .and_then(|item| item.0.get_mut("phone"));
        let first = phones.and_then(|phones| phones.get_mut(0)?.as_table_mut());
        if let Some(phone) = first {
            phone.insert("to".to_owned(), Value::String(to.to_string()));
        }
    }

    fn take_apart(&mut self, table: Table) {
        for (name, value) in table {
            match (ItemKind::parse(&name), value) {
                (Some(kind), Value::Table(entries)) if kind != ItemKind::Deployment => {
                    for (id, entry) in entries {
                        if let Value::Table(entry) = entry {
                            self.0.insert(ItemKey::new(kind, &id), Item(entry));
                        }
                    }
                }
                (Some(_) | None, value) => {
                    let whole = self.0.entry(ItemKey::DEPLOYMENT).or_default();
                    whole.0.insert(name, value);
                }
            }
        }
    }
}

impl FromIterator<(ItemKey, Item)> for Items {
    fn from_iter<T: IntoIterator<Item = (ItemKey, Item)>>(items: T) -> Self {
        Items(items.into_iter().collect())
    }
}

/// An item where it stands in a plan file.
fn place(key: &ItemKey, item: &Item) -> Table {
    joined([(key, item)])
}

fn joined<'a>(items: impl IntoIterator<Item = (&'a ItemKey, &'a Item)>) -> Table {
    let mut table = Table::new();
    for (key, item) in items {
        if key.kind == ItemKind::Deployment {
            // It holds no section of a thing, or those would be things.
            table.extend(item.0.clone());
            continue;
        }
        let section = table
            .entry(key.kind.name())
            .or_insert_with(|| Value::Table(Table::new()));
        if let Value::Table(section) = section {
            section.insert(key.id.clone(), Value::Table(item.0.clone()));
        }
    }
    table
}

/// Tables, arrays and plain values have a form in TOML, whatever stands in them.
fn text(table: Table) -> String {
    toml::to_string(&table).expect("a table has a TOML form")
}
