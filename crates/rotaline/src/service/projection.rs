//! The journal read into the database: the one place where both are known.
//!
//! ```text
//!  the database opens in time ────────────────────────▶ read from its own place on, written
//!  it does not ─▶ read from this start on, only shown ─▶ the same, once it is open
//! ```

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use jiff::Timestamp;
use rotaline_engine::journal::{Cursor, Journal, Reader};
use rotaline_model::NodeId;
use rotaline_store::{Backend, Batch, Database, Limits, Projector, Storage, Store, StoreError};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::webhooks::Tap;

/// How long a start waits for the database, before it goes on without.
const AWAITED_FOR: Duration = Duration::from_secs(3);
/// After it could not be opened, before it is tried again.
const AGAIN: Duration = Duration::from_secs(1);
/// Records in one batch.
const BATCH: usize = 1024;
/// Batches that wait for the projector; beyond, they wait in the journal.
const BATCHES: usize = 4;
/// How long the reader waits at the journal's end before it looks whether it is to stop.
const WAIT: Duration = Duration::from_millis(200);
/// After a failed read, before the next.
const PAUSE: Duration = Duration::from_secs(1);

/// How long a start waits for a database that has not refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// [`AWAITED_FOR`]: there is a plan to go by without it.
    Short,
    /// Until it is open or refuses; its tables may be brought to this version meanwhile.
    Long,
}

/// Why the database is not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It has not answered.
    Silent,
    /// It cannot be opened, which may pass.
    Away,
    /// It is damaged, which does not pass.
    Damaged,
    /// Its tables cannot be brought to this version.
    OtherVersion,
}

/// Reader and projector, running.
pub struct Projection {
    store: Store,
    backend: Backend,
    storage: watch::Receiver<Option<Arc<dyn Storage>>>,
    why: watch::Receiver<Option<(Why, String)>>,
    stopping: watch::Sender<bool>,
    work: JoinHandle<Result<()>>,
}

impl Projection {
    /// Opens the database, and goes on where it left the journal. If it does not open in time, what
    /// calls do is shown until it does. Fails if its tables are not this version's.
    pub async fn start(
        database: &Database,
        node: NodeId,
        journal: &Journal,
        patience: Patience,
        tap: Option<Tap>,
    ) -> Result<Projection> {
        let started = Timestamp::now();
        let (tell, why) = watch::channel(Some((Why::Silent, "no answer".to_owned())));
        let mut opening = tokio::spawn(open(database.clone(), tell));
        let opened = tokio::select! {
            opened = &mut opening => Some(opened?),
            () = given_up(why.clone(), patience) => None,
        };
        let backend = Backend::awaited();
        let (stopping, stop) = watch::channel(false);
        let (opened_storage, storage) = watch::channel(None);
        let projecting = Projecting {
            backend: backend.clone(),
            journal: journal.clone(),
            tap,
            storage: opened_storage,
            stop,
        };
        let limits = Limits::default();
        let mut begun = None;
        if let Some(opened) = opened {
            let opened = opened.with_context(|| format!("database {database}"))?;
            projecting.is_open(opened.clone());
            // It may have gone away again.
            match Projector::begin(backend.clone(), node, limits).await {
                Ok(beginning) => begun = Some(beginning),
                Err(error) => {
                    tracing::warn!(%error, "the database is open and does not answer");
                    opening = tokio::spawn(async move { Ok(opened) });
                }
            }
        }
        let (store, work) = match begun {
            Some((projector, cursor)) => {
                let store = projector.store();
                (store, tokio::spawn(projecting.write(projector, cursor)))
            }
            None => {
                let projector = Projector::awaiting(backend.clone(), node, limits, started);
                let store = projector.store();
                (store, tokio::spawn(projecting.show(projector, opening)))
            }
        };
        Ok(Projection {
            store,
            backend,
            storage,
            why,
            stopping,
            work,
        })
    }

    /// The calls.
    pub fn store(&self) -> Store {
        self.store.clone()
    }

    /// The database: codes and the plan are kept in it.
    pub fn backend(&self) -> Backend {
        self.backend.clone()
    }

    /// Why the database is not open, and in its own words; none: it is.
    pub fn why_away(&self) -> watch::Receiver<Option<(Why, String)>> {
        self.why.clone()
    }

    /// Reads what the journal has, writes it, and ends. What cannot be written is left to the next
    /// start.
    pub async fn stop(self) -> Result<()> {
        self.stopping.send_replace(true);
        self.work.await.context("the projection had panicked")??;
        let storage = self.storage.borrow().clone();
        if let Some(storage) = storage {
            storage.close().await;
        }
        Ok(())
    }
}

/// Opens the database, however often it takes.
async fn open(
    database: Database,
    tell: watch::Sender<Option<(Why, String)>>,
) -> Result<Arc<dyn Storage>, StoreError> {
    let mut told = Why::Silent;
    loop {
        let error = match database.open().await {
            Ok(storage) => {
                tell.send_replace(None);
                return Ok(storage);
            }
            Err(error) => error,
        };
        let why = match &error {
            StoreError::Migration(_) => Why::OtherVersion,
            StoreError::Damaged(_) => Why::Damaged,
            StoreError::NotOpen
            | StoreError::Database(_)
            | StoreError::File(_)
            | StoreError::Unreadable { .. }
            | StoreError::Errand(_) => Why::Away,
        };
        tell.send_replace(Some((why, error.to_string())));
        if why == Why::OtherVersion {
            return Err(error);
        }
        if std::mem::replace(&mut told, why) != why {
            match why {
                Why::Damaged => tracing::error!(
                    %error,
                    "the database is damaged, and stays so until a backup is put in its place"
                ),
                Why::Silent | Why::Away | Why::OtherVersion => {
                    tracing::warn!(%error, "the database cannot be opened; tried again and again");
                }
            }
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// Resolves when a start has waited long enough.
async fn given_up(mut why: watch::Receiver<Option<(Why, String)>>, patience: Patience) {
    tokio::time::sleep(AWAITED_FOR).await;
    if patience == Patience::Long {
        let refuses =
            |why: &Option<(Why, String)>| why.as_ref().is_some_and(|(why, _)| *why != Why::Silent);
        if why.wait_for(refuses).await.is_err() {
            pending().await
        }
    }
}

/// What reads the journal into the database.
struct Projecting {
    backend: Backend,
    journal: Journal,
    tap: Option<Tap>,
    storage: watch::Sender<Option<Arc<dyn Storage>>>,
    stop: watch::Receiver<bool>,
}

impl Projecting {
    fn is_open(&self, storage: Arc<dyn Storage>) {
        self.backend.open(storage.clone());
        self.storage.send_replace(Some(storage));
    }

    /// Shows what calls do from the start on, until the database is open; then writes.
    async fn show(
        mut self,
        projector: Projector,
        opening: JoinHandle<Result<Arc<dyn Storage>, StoreError>>,
    ) -> Result<()> {
        let mut reading = Reading::start(
            self.journal.reader(self.journal.began_at()),
            self.tap.clone(),
        )?;
        let shown = async {
            projector.show(&mut reading.batches).await;
            pending::<Infallible>().await
        };
        let opened = tokio::select! {
            storage = once_open(opening) => Some(storage),
            _ = self.stop.wait_for(|stop| *stop) => None,
            never = shown => match never {},
        };
        reading.end().await?;
        let Some(storage) = opened else {
            tracing::warn!("stopped without the database; the next start writes what happened");
            return Ok(());
        };
        self.is_open(storage);
        let cursor = loop {
            match projector.go_on().await {
                Ok(cursor) => break cursor,
                Err(error) => tracing::warn!(%error, "the database is open and does not answer"),
            }
            tokio::select! {
                () = tokio::time::sleep(AGAIN) => {}
                _ = self.stop.wait_for(|stop| *stop) => return Ok(()),
            }
        };
        tracing::info!("the database is open; what happened without it is written now");
        self.write(projector, cursor).await
    }

    /// Writes what the journal has from the database's own place on, until it is told to stop.
    async fn write(self, projector: Projector, cursor: Option<String>) -> Result<()> {
        let from = match cursor {
            Some(text) => text
                .parse()
                .context("the database's place in the journal")?,
            None => Cursor::default(),
        };
        let Reading {
            batches,
            stopping,
            thread,
        } = Reading::start(self.journal.reader(from), self.tap)?;
        let mut stop = self.stop;
        tokio::spawn(async move {
            let _ = stop.wait_for(|stop| *stop).await;
            stopping.store(true, Ordering::Release);
        });
        let (durable, durable_end) = watch::channel(None);
        let releaser = tokio::spawn(release(self.journal, durable_end));
        // What is unwritten is in the journal; the next start reads it again.
        projector.run(batches, durable).await?;
        joined(thread).await?;
        releaser
            .await
            .context("the journal's releaser had panicked")
    }
}

/// The database, once it is open; of one that never will be is told.
async fn once_open(opening: JoinHandle<Result<Arc<dyn Storage>, StoreError>>) -> Arc<dyn Storage> {
    match opening.await {
        Ok(Ok(storage)) => return storage,
        Ok(Err(error)) => tracing::error!(%error, "calls go on without the database for good"),
        Err(_) => tracing::error!("what opens the database had panicked; calls go on without it"),
    }
    pending().await
}

/// A thread that reads the journal.
struct Reading {
    batches: mpsc::Receiver<Batch>,
    stopping: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<()>,
}

impl Reading {
    fn start(reader: Reader, tap: Option<Tap>) -> Result<Reading> {
        let (sender, batches) = mpsc::channel(BATCHES);
        let stopping = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&stopping);
        // A thread of its own: the runtime would wait for it if the start fails further on.
        let thread = std::thread::Builder::new()
            .name("projection".to_owned())
            .spawn(move || read(reader, &sender, &stop, tap.as_ref()))?;
        Ok(Reading {
            batches,
            stopping,
            thread,
        })
    }

    async fn end(self) -> Result<()> {
        self.stopping.store(true, Ordering::Release);
        drop(self.batches);
        joined(self.thread).await
    }
}

async fn joined(thread: std::thread::JoinHandle<()>) -> Result<()> {
    let read = tokio::task::spawn_blocking(move || thread.join()).await?;
    anyhow::ensure!(read.is_ok(), "the journal's reader had panicked");
    Ok(())
}

fn read(
    mut reader: Reader,
    batches: &mpsc::Sender<Batch>,
    stopping: &AtomicBool,
    tap: Option<&Tap>,
) {
    loop {
        // Looked at before the read, so that what was written before the stop is read.
        let last = stopping.load(Ordering::Acquire);
        match reader.next_batch(BATCH, WAIT) {
            Ok(batch) if batch.records.is_empty() && last => return,
            Ok(batch) if batch.records.is_empty() => {}
            Ok(batch) => {
                // Before the database can go on from there: what it has is not read again.
                if let Some(tap) = tap {
                    tap.see(&batch.records);
                }
                let batch = Batch {
                    records: batch.records,
                    resume_at: batch.next.to_string(),
                };
                if batches.blocking_send(batch).is_err() {
                    return;
                }
            }
            Err(error) => {
                tracing::error!(%error, "the journal cannot be read; calls go on");
                if last {
                    return;
                }
                std::thread::sleep(PAUSE);
            }
        }
    }
}

/// Lets the journal go of what the database has.
async fn release(journal: Journal, mut durable: watch::Receiver<Option<String>>) {
    while durable.changed().await.is_ok() {
        let cursor = durable.borrow_and_update().clone();
        match cursor.map(|text| text.parse()) {
            Some(Ok(cursor)) => journal.release(cursor),
            Some(Err(error)) => tracing::error!(%error, "the database's place in the journal"),
            None => {}
        }
    }
}
