//! Who has paused their calls: the engine follows it at once, the database keeps it.
//!
//! ```text
//!  API ──set──▶ memory ──▶ engine          a call (inbound number) ──noted──▶ memory
//!                 └─▶ database                                                  └─▶ database
//! ```
//!
//! A pause holds from the moment that it is set, database or not; one that could not be written is
//! written once the database is back. A copy of all is beside the journal, so that they hold after
//! a start too: the database's before the first call, or with the database away the copy's.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use rotaline_api::{PauseKept, Pauses, Pausing};
use rotaline_engine::Remote;
use rotaline_engine::journal::KeptFile;
use rotaline_model::PersonId;
use rotaline_record::Fact;
use rotaline_store::{Backend, StoreError};
use rotaline_switch::Input;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

/// After the database has refused, before it is asked again.
const AGAIN: Duration = Duration::from_secs(2);

/// Who has paused, in memory and in the database.
pub struct PauseKeeper {
    backend: Backend,
    copy: Arc<KeptFile>,
    state: Mutex<State>,
    writing: tokio::sync::Mutex<()>,
    news: Notify,
    engine: OnceLock<Remote>,
}

/// As many people as the plan has, or had.
#[derive(Default)]
struct State {
    kept: Kept,
    /// Whether the database's pauses have been read since the start.
    is_read: bool,
    /// What the copy has.
    copied: Option<Kept>,
}

/// What is copied.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    until: BTreeMap<PersonId, Timestamp>,
    /// Whose pause the database does not have as it is.
    unwritten: BTreeSet<PersonId>,
}

impl PauseKeeper {
    /// Reads the pauses, and keeps database and copy up with them for as long as the runtime lives.
    /// With the database away they are the copy's, until it answers.
    pub async fn start(backend: impl Into<Backend>, copy: KeptFile) -> Arc<PauseKeeper> {
        let copied = read(&copy);
        let keeper = Arc::new(PauseKeeper {
            backend: backend.into(),
            copy: Arc::new(copy),
            state: Mutex::new(State {
                kept: copied.clone().unwrap_or_default(),
                is_read: false,
                copied,
            }),
            writing: tokio::sync::Mutex::default(),
            news: Notify::new(),
            engine: OnceLock::new(),
        });
        if let Err(error) = keeper.read_stored().await {
            tracing::warn!(%error, "pauses are those that were known last");
        }
        // What was unwritten is written at once.
        keeper.news.notify_one();
        tokio::spawn(Arc::clone(&keeper).keep_writing());
        keeper
    }

    /// What the engine is told before its first call.
    pub fn told(&self) -> Vec<Input> {
        let pauses = self.now().into_iter();
        pauses
            .map(|(person, until)| Input::Pause(person, Some(until)))
            .collect()
    }

    /// From now on the engine follows.
    pub fn serve(&self, engine: Remote) {
        let _ = self.engine.set(engine);
    }

    /// A call has done something: it may have been a pause, which the engine knows already.
    pub fn noted(&self, fact: &Fact) {
        if let Fact::CallsPaused { person, until } = fact {
            self.remember(person, Some(*until));
            self.news.notify_one();
        } else if let Fact::CallsResumed { person } = fact {
            self.remember(person, None);
            self.news.notify_one();
        }
    }

    fn remember(&self, person: &PersonId, until: Option<Timestamp>) {
        let mut state = self.state();
        match until {
            Some(until) => state.kept.until.insert(person.clone(), until),
            None => state.kept.until.remove(person),
        };
        state.kept.unwritten.insert(person.clone());
    }

    async fn keep_writing(self: Arc<Self>) {
        let mut told = false;
        loop {
            self.copy_all().await;
            let written = async {
                self.read_stored().await?;
                self.write().await
            };
            match written.await {
                Ok(()) => {
                    told = false;
                    self.copy_all().await;
                    self.news.notified().await;
                }
                Err(error) => {
                    if !std::mem::replace(&mut told, true) {
                        tracing::warn!(%error, "pauses hold, but the database has not all of them");
                    }
                    // What is new meanwhile is copied.
                    let _ = tokio::time::timeout(AGAIN, self.news.notified()).await;
                }
            }
        }
    }

    /// Takes the database's pauses over, once; those that it does not have as they are, stay.
    async fn read_stored(&self) -> Result<(), StoreError> {
        if self.state().is_read {
            return Ok(());
        }
        let stored = self.backend.get()?.pauses(Timestamp::now()).await?;
        let mut state = self.state();
        let Kept { until, unwritten } = &mut state.kept;
        let mut holding: BTreeMap<PersonId, Timestamp> = stored.into_iter().collect();
        holding.retain(|person, _| !unwritten.contains(person));
        let own = until
            .iter()
            .filter(|(person, _)| unwritten.contains(*person));
        holding.extend(own.map(|(person, until)| (person.clone(), *until)));
        let before = std::mem::replace(until, holding.clone());
        state.is_read = true;
        drop(state);
        if let Some(engine) = self.engine.get() {
            for person in before.keys().chain(holding.keys()) {
                engine.set_pause(person.clone(), holding.get(person).copied());
            }
        }
        Ok(())
    }

    /// Copies what is not copied yet. What fails is tried again with the next pause.
    async fn copy_all(&self) {
        let kept = self.state().kept.clone();
        if self.state().copied.as_ref() == Some(&kept) {
            return;
        }
        let (file, next) = (Arc::clone(&self.copy), kept.clone());
        let written = tokio::task::spawn_blocking(move || {
            let content = serde_json::to_vec(&next)?;
            file.write(&content)
        });
        match written.await {
            Ok(Ok(())) => self.state().copied = Some(kept),
            Ok(Err(error)) => tracing::warn!(%error, "pauses could not be copied"),
            Err(_) => tracing::error!("what copies pauses had panicked"),
        }
    }

    /// Writes what the database does not have. One writer at a time, so that of two changes the
    /// later one stays; whoever waits for it may go away meanwhile.
    async fn write(&self) -> Result<(), StoreError> {
        let _turn = self.writing.lock().await;
        while let Some((person, until)) = self.first_unwritten() {
            self.backend.get()?.set_pause(person.clone(), until).await?;
            let mut state = self.state();
            if state.kept.until.get(&person).copied() == until {
                state.kept.unwritten.remove(&person);
            }
        }
        Ok(())
    }

    fn first_unwritten(&self) -> Option<(PersonId, Option<Timestamp>)> {
        let state = self.state();
        let person = state.kept.unwritten.first()?;
        Some((person.clone(), state.kept.until.get(person).copied()))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pauses for PauseKeeper {
    fn now(&self) -> Vec<(PersonId, Timestamp)> {
        let now = Timestamp::now();
        let mut state = self.state();
        state.kept.until.retain(|_, until| *until > now);
        let pauses = state.kept.until.iter();
        pauses.map(|(who, until)| (who.clone(), *until)).collect()
    }

    fn set(&self, person: PersonId, until: Option<Timestamp>) -> Pausing<'_> {
        self.remember(&person, until);
        if let Some(engine) = self.engine.get() {
            engine.set_pause(person, until);
        }
        // Should whoever asked go away, or the database refuse, it is written all the same.
        self.news.notify_one();
        Box::pin(async move {
            match self.write().await {
                Ok(()) => PauseKept::Kept,
                Err(_) => PauseKept::NotYet,
            }
        })
    }
}

/// The pauses that were copied last; none: never, or they cannot be read.
fn read(copy: &KeptFile) -> Option<Kept> {
    let bytes = match copy.read() {
        Ok(bytes) => bytes?,
        Err(error) => {
            tracing::warn!(%error, "the copy of the pauses");
            return None;
        }
    };
    let kept = serde_json::from_slice(&bytes).ok();
    if kept.is_none() {
        tracing::warn!("the copy of the pauses is of another version");
    }
    kept
}
