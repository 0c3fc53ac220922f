//! Settings that change while the service runs: the file is read and checked as a whole, and then
//! what can be changed is; what cannot is named, and waits for a restart.
//!
//! A faulty file changes nothing. Calls that are up go on as they began. Not here: the plan, which
//! is edited by the API and by `rotaline import`.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use rotaline_engine::Remote;
use tokio::sync::watch;

use super::logging;
use crate::settings::{self, Fault, Settings};

/// What follows the file at once; everything else waits for a restart.
const AT_ONCE: [&str; 6] = [
    "limits.drain_s",
    "limits.leg_age_s",
    "log.level",
    "sip.gateway",
    "sip.trunks",
    "trunk",
];

/// What came of it.
#[derive(Debug, PartialEq, Eq)]
pub struct Reloaded {
    /// Keys that were changed, and hold.
    pub changed: Vec<String>,
    /// Keys that differ from what holds, and wait for a restart.
    pub waiting: Vec<String>,
}

/// Who changes settings.
pub struct Reloader {
    file: PathBuf,
    /// What holds.
    holds: toml::Table,
    engine: Remote,
    drain: watch::Sender<Duration>,
}

impl Reloader {
    /// With what holds from the start. How long calls may go on at a stop is shown in `drain`.
    pub fn new(settings: &Settings, engine: Remote, drain: watch::Sender<Duration>) -> Self {
        Reloader {
            file: settings.file.clone(),
            holds: settings.written.clone(),
            engine,
            drain,
        }
    }

    /// Reads the file again; blocks while it does.
    pub fn reload(&mut self) -> Result<Reloaded, Vec<Fault>> {
        let settings = settings::load(&self.file)?;
        let reloaded = compare(&self.holds, &settings.written);
        self.engine.adjust(settings.engine.switch.adjustable());
        self.drain.send_replace(settings.drain);
        logging::set_level(settings.log.level);
        for key in &reloaded.changed {
            take_over(&mut self.holds, &settings.written, key);
        }
        Ok(reloaded)
    }
}

impl Reloaded {
    /// In lines, for people.
    pub fn lines(&self) -> Vec<String> {
        let changed = self.changed.iter().map(|key| format!("changed: {key}"));
        let waiting = self.waiting.iter();
        let waiting = waiting.map(|key| format!("waits for a restart: {key}"));
        let lines: Vec<String> = changed.chain(waiting).collect();
        if lines.is_empty() {
            return vec!["nothing has changed".to_owned()];
        }
        lines
    }
}

fn compare(holds: &toml::Table, written: &toml::Table) -> Reloaded {
    let keys: BTreeSet<String> = leaves(holds).chain(leaves(written)).collect();
    let differs = |key: &String| at(holds, key) != at(written, key);
    let differing = keys.into_iter().filter(differs);
    let (changed, waiting) = differing.partition(|key| AT_ONCE.contains(&key.as_str()));
    Reloaded { changed, waiting }
}

/// The keys of a settings file: plain ones, and those of one table.
fn leaves(table: &toml::Table) -> impl Iterator<Item = String> + '_ {
    table
        .iter()
        .flat_map(|(key, value)| match value.as_table() {
            Some(inner) => inner.keys().map(|leaf| format!("{key}.{leaf}")).collect(),
            None => vec![key.clone()],
        })
}

fn at<'a>(table: &'a toml::Table, key: &str) -> Option<&'a toml::Value> {
    match key.split_once('.') {
        Some((outer, leaf)) => table.get(outer)?.get(leaf),
        None => table.get(key),
    }
}

fn take_over(holds: &mut toml::Table, written: &toml::Table, key: &str) {
    let Some((outer, leaf)) = key.split_once('.') else {
        return;
    };
    let inner = holds.get_mut(outer).and_then(toml::Value::as_table_mut);
    if let (Some(inner), Some(value)) = (inner, at(written, key)) {
        inner.insert(leaf.to_owned(), value.clone());
    }
}

#[cfg(test)]
mod tests;
