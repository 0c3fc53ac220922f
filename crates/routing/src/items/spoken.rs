//! What is said of items: the prompts that they name, and the names of those that name none.

use std::collections::{BTreeMap, BTreeSet};

use rotaline_model::PromptId;
use toml::{Table, Value};

use super::{ItemKey, ItemKind, Items};

/// What has a name that is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// An organisation, at the beginning of its greeting.
    Organisation,
    /// A specialty, in menus and whispers.
    Specialty,
    /// A practice, in whispers.
    Practice,
    /// A choice of an outcome menu.
    Outcome,
}

/// A name that is said by no prompt of the item's own choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// Whose.
    pub of: Named,
    /// As somebody has typed it.
    pub text: String,
}

/// A table that is spoken of.
struct Spoken<'a> {
    item: &'a ItemKey,
    /// Where in the item it stands, with a dot at its end.
    path: String,
    of: Named,
    id: &'a str,
    table: &'a Table,
}

impl Named {
    /// The first part of the prompt that is meant where none is named.
    const fn folder(self) -> &'static str {
        match self {
            Named::Organisation => "organisation",
            Named::Specialty => "specialty",
            Named::Practice => "practice",
            Named::Outcome => "outcome",
        }
    }
}

impl Items {
    /// What is said of which item: for each prompt the items that name it, and at which key.
    pub fn prompts(&self) -> BTreeMap<PromptId, Vec<(ItemKey, String)>> {
        let mut prompts: BTreeMap<PromptId, Vec<(ItemKey, String)>> = BTreeMap::new();
        for spoken in self.spoken() {
            if let Some(id) = spoken.prompt() {
                let (item, path) = (spoken.item, &spoken.path);
                let place = format!("{}.{}.{path}prompt", item.kind.name(), item.id);
                prompts.entry(id).or_default().push((item.clone(), place));
            }
        }
        prompts
    }

    /// The names that are said where no prompt is chosen, by the prompt that is meant there.
    pub fn names(&self) -> BTreeMap<PromptId, Name> {
        let unchosen = self.spoken().into_iter();
        let unchosen = unchosen.filter(|spoken| !spoken.table.contains_key("prompt"));
        let name = |spoken: Spoken<'_>| {
            let text = spoken.table.get("name")?.as_str()?.to_owned();
            Some((
                spoken.prompt()?,
                Name {
                    of: spoken.of,
                    text,
                },
            ))
        };
        unchosen.filter_map(name).collect()
    }

    fn spoken(&self) -> Vec<Spoken<'_>> {
        let things = [
            (ItemKind::Organisation, Named::Organisation),
            (ItemKind::Specialty, Named::Specialty),
            (ItemKind::Practice, Named::Practice),
        ];
        let mut all = Vec::new();
        for (kind, of) in things {
            all.extend(self.of(kind).map(|(key, item)| Spoken {
                item: key,
                path: String::new(),
                of,
                id: &key.id,
                table: &item.0,
            }));
        }
        let menus = self.of(ItemKind::Specialty);
        let menus: BTreeSet<&str> = menus.filter_map(|(_, it)| it.text_at("outcomes")).collect();
        let used = self.of(ItemKind::Outcomes);
        for (key, item) in used.filter(|(key, _)| menus.contains(key.id.as_str())) {
            let choices = item.0.get("choice").and_then(Value::as_array);
            for (number, choice) in (1..).zip(choices.into_iter().flatten()) {
                let Some(table) = choice.as_table() else {
                    continue;
                };
                all.push(Spoken {
                    item: key,
                    path: format!("choice.{number}."),
                    of: Named::Outcome,
                    id: table.get("id").and_then(Value::as_str).unwrap_or_default(),
                    table,
                });
            }
        }
        all
    }
}

impl Spoken<'_> {
    /// What is no prompt's id is a fault of the plan, found there.
    fn prompt(&self) -> Option<PromptId> {
        let chosen = self.table.get("prompt").map(Value::as_str);
        let meant = format!("{}/{}", self.of.folder(), self.id);
        PromptId::parse(chosen.unwrap_or(Some(&meant))?).ok()
    }
}
