//! The journal read into the database: the one place where both are known.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use rotaline_engine::journal::{Cursor, Journal, Reader};
use rotaline_model::NodeId;
use rotaline_store::{Batch, Limits, ProjectionError, Projector, SqliteStorage, Store};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

/// Records in one batch.
const BATCH: usize = 1024;
/// Batches that wait for the projector; beyond, they wait in the journal.
const BATCHES: usize = 4;
/// How long the reader waits at the journal's end before it looks whether it is to stop.
const WAIT: Duration = Duration::from_millis(200);
/// After a failed read, before the next.
const PAUSE: Duration = Duration::from_secs(1);

/// Reader and projector, running.
pub struct Projection {
    store: Store,
    stopping: Arc<AtomicBool>,
    reader: std::thread::JoinHandle<()>,
    projector: JoinHandle<Result<(), ProjectionError>>,
    releaser: JoinHandle<()>,
    storage: Arc<SqliteStorage>,
}

impl Projection {
    /// Opens the database, and goes on where it left the journal.
    pub async fn start(database: &Path, node: NodeId, journal: &Journal) -> Result<Projection> {
        let storage = SqliteStorage::open(database).await;
        let storage = storage.with_context(|| format!("database {}", database.display()))?;
        let storage = Arc::new(storage);
        let (projector, cursor) =
            Projector::begin(storage.clone(), node, Limits::default()).await?;
        let from = match cursor {
            Some(text) => text
                .parse()
                .context("the database's place in the journal")?,
            None => Cursor::default(),
        };
        let store = projector.store();
        let (batches, batches_end) = mpsc::channel(BATCHES);
        let (durable, durable_end) = watch::channel(None);
        let stopping = Arc::new(AtomicBool::new(false));
        let (reader, stop) = (journal.reader(from), Arc::clone(&stopping));
        Ok(Projection {
            store,
            stopping,
            // A thread of its own: the runtime would wait for it if the start fails further on.
            reader: std::thread::Builder::new()
                .name("projection".to_owned())
                .spawn(move || read(reader, &batches, &stop))?,
            projector: tokio::spawn(projector.run(batches_end, durable)),
            releaser: tokio::spawn(release(journal.clone(), durable_end)),
            storage,
        })
    }

    /// The calls.
    pub fn store(&self) -> Store {
        self.store.clone()
    }

    /// The database: codes and the plan are kept in it.
    pub fn storage(&self) -> Arc<SqliteStorage> {
        Arc::clone(&self.storage)
    }

    /// Reads what the journal has, writes it, and ends.
    pub async fn stop(self) -> Result<()> {
        self.stopping.store(true, Ordering::Release);
        let reader = self.reader;
        let read = tokio::task::spawn_blocking(move || reader.join()).await?;
        anyhow::ensure!(read.is_ok(), "the journal's reader had panicked");
        // What is unwritten is in the journal; the next start reads it again.
        self.projector
            .await
            .context("the projector had panicked")??;
        self.releaser
            .await
            .context("the journal's releaser had panicked")?;
        self.storage.close().await;
        Ok(())
    }
}

fn read(mut reader: Reader, batches: &mpsc::Sender<Batch>, stopping: &AtomicBool) {
    loop {
        // Looked at before the read, so that what was written before the stop is read.
        let last = stopping.load(Ordering::Acquire);
        match reader.next_batch(BATCH, WAIT) {
            Ok(batch) if batch.records.is_empty() && last => return,
            Ok(batch) if batch.records.is_empty() => {}
            Ok(batch) => {
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
