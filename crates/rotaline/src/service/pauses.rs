//! Who has paused their calls: the engine follows it at once, the database keeps it.
//!
//! ```text
//!  API ──set──▶ memory ──▶ engine          a call (inbound number) ──noted──▶ memory
//!                 └─▶ database                                                  └─▶ database
//! ```
//!
//! A pause holds from the moment that it is set, database or not; one that could not be written is
//! written once the database is back, and is lost only by a restart before that. At a start the
//! pauses of the database hold before the first call.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use rotaline_api::{PauseKept, Pauses, Pausing};
use rotaline_engine::Remote;
use rotaline_model::PersonId;
use rotaline_record::Fact;
use rotaline_store::{Storage, StoreError};
use rotaline_switch::Input;
use tokio::sync::Notify;

/// After the database has refused, before it is asked again.
const AGAIN: Duration = Duration::from_secs(2);

/// Who has paused, in memory and in the database.
pub struct PauseKeeper {
    storage: Arc<dyn Storage>,
    state: Mutex<State>,
    writing: tokio::sync::Mutex<()>,
    news: Notify,
    engine: OnceLock<Remote>,
}

/// As many people as the plan has, or had.
#[derive(Default)]
struct State {
    until: BTreeMap<PersonId, Timestamp>,
    /// Whose pause the database does not have as it is.
    unwritten: BTreeSet<PersonId>,
}

impl PauseKeeper {
    /// Reads the pauses, and keeps the database up with them for as long as the runtime lives.
    pub async fn start(storage: Arc<dyn Storage>) -> Result<Arc<PauseKeeper>, StoreError> {
        let until = storage.pauses(Timestamp::now()).await?;
        let keeper = Arc::new(PauseKeeper {
            storage,
            state: Mutex::new(State {
                until: until.into_iter().collect(),
                unwritten: BTreeSet::new(),
            }),
            writing: tokio::sync::Mutex::default(),
            news: Notify::new(),
            engine: OnceLock::new(),
        });
        tokio::spawn(Arc::clone(&keeper).keep_writing());
        Ok(keeper)
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
            Some(until) => state.until.insert(person.clone(), until),
            None => state.until.remove(person),
        };
        state.unwritten.insert(person.clone());
    }

    async fn keep_writing(self: Arc<Self>) {
        loop {
            self.news.notified().await;
            while let Err(error) = self.write().await {
                tracing::warn!(%error, "pauses hold, but cannot be kept at present");
                tokio::time::sleep(AGAIN).await;
            }
        }
    }

    /// Writes what the database does not have. One writer at a time, so that of two changes the
    /// later one stays; whoever waits for it may go away meanwhile.
    async fn write(&self) -> Result<(), StoreError> {
        let _turn = self.writing.lock().await;
        while let Some((person, until)) = self.first_unwritten() {
            self.storage.set_pause(person.clone(), until).await?;
            let mut state = self.state();
            if state.until.get(&person).copied() == until {
                state.unwritten.remove(&person);
            }
        }
        Ok(())
    }

    fn first_unwritten(&self) -> Option<(PersonId, Option<Timestamp>)> {
        let state = self.state();
        let person = state.unwritten.first()?;
        Some((person.clone(), state.until.get(person).copied()))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pauses for PauseKeeper {
    fn now(&self) -> Vec<(PersonId, Timestamp)> {
        let now = Timestamp::now();
        let mut state = self.state();
        state.until.retain(|_, until| *until > now);
        let pauses = state.until.iter();
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
