//! Events that are still to be sent: a file each, on disk before the journal's reader goes on, so
//! that a killed process has them at its next start.
//!
//! A file's name is the event's id and its destination's tag; its text is the body.
//! [`MAX_WAITING`] of them wait at most: beyond, new ones are dropped and counted.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::event::Event;

/// Most events that wait.
pub const MAX_WAITING: usize = 10_000;

/// The events that wait.
pub struct Queue {
    folder: PathBuf,
    state: Mutex<State>,
    /// Told when there is one more.
    pub more: Notify,
}

#[derive(Default)]
struct State {
    /// Files that nobody has taken up yet.
    fresh: Vec<String>,
    /// Files that there are.
    waiting: usize,
}

impl Queue {
    /// Finds what an earlier process has left.
    pub fn open(folder: &Path) -> io::Result<Queue> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
        let mut fresh = Vec::new();
        for entry in fs::read_dir(folder)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            match name.strip_suffix(".new") {
                // A half-written one: its record is read again.
                Some(_) => fs::remove_file(folder.join(&name))?,
                None if parts_of(&name).is_some() => fresh.push(name),
                None => {}
            }
        }
        fresh.sort();
        let waiting = fresh.len();
        show(waiting);
        Ok(Queue {
            folder: folder.to_owned(),
            state: Mutex::new(State { fresh, waiting }),
            more: Notify::new(),
        })
    }

    /// Keeps events for destinations, durably. What cannot be kept is counted, and lost.
    pub fn add(&self, events: &[Event], destinations: &[String]) {
        let mut names = Vec::new();
        for event in events {
            for destination in destinations {
                let name = format!("{}.{destination}", event.id);
                if self.lock().waiting + names.len() >= MAX_WAITING {
                    dropped("the queue is full");
                } else if self.folder.join(&name).exists() {
                    // It was read again, and waits already.
                } else if let Err(error) = self.write(&name, &event.body) {
                    tracing::warn!(%error, "a webhook event cannot be kept");
                    dropped("the disk refused");
                } else {
                    names.push(name);
                }
            }
        }
        if names.is_empty() {
            return;
        }
        // The names are on disk with their folder.
        if let Err(error) = File::open(&self.folder).and_then(|folder| folder.sync_all()) {
            tracing::warn!(%error, "the webhooks' folder cannot be synced");
        }
        let mut state = self.lock();
        state.waiting += names.len();
        state.fresh.append(&mut names);
        show(state.waiting);
        drop(state);
        self.more.notify_one();
    }

    fn write(&self, name: &str, body: &str) -> io::Result<()> {
        let new = self.folder.join(format!("{name}.new"));
        let mut file = File::options()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&new)?;
        file.write_all(body.as_bytes())?;
        file.sync_data()?;
        fs::rename(new, self.folder.join(name))
    }

    /// Those that nobody has taken up yet.
    pub fn take_fresh(&self) -> Vec<String> {
        std::mem::take(&mut self.lock().fresh)
    }

    /// The body of one, and when it was kept.
    pub fn read(&self, name: &str) -> io::Result<(String, std::time::SystemTime)> {
        let path = self.folder.join(name);
        let kept = fs::metadata(&path)?.modified()?;
        Ok((fs::read_to_string(path)?, kept))
    }

    /// One is done with.
    pub fn remove(&self, name: &str) {
        if let Err(error) = fs::remove_file(self.folder.join(name)) {
            tracing::warn!(%error, "a webhook event cannot be removed: it may be sent again");
        }
        let mut state = self.lock();
        state.waiting = state.waiting.saturating_sub(1);
        show(state.waiting);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The event of a file, and the destination that it is for.
pub fn parts_of(name: &str) -> Option<(&str, &str)> {
    name.split_once('.')
}

/// An event is lost.
pub fn dropped(why: &'static str) {
    metrics::counter!("rotaline_webhooks_dropped_total").increment(1);
    tracing::warn!(why, "a webhook event is dropped");
}

/// How many wait, for the metrics.
pub fn show(waiting: usize) {
    metrics::gauge!("rotaline_webhooks_waiting").set(waiting as f64);
}
