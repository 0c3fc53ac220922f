//! From the journal into memory, and from memory into the database.
//!
//! Two loops in one task: one folds batches as they come, one writes what is due and reads the
//! cases of late facts. The first never waits for the second, except at the bound of what may be
//! unwritten; the batches then wait in the journal.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rotaline_model::NodeId;
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::timeout;

use crate::live::{Due, Live, Loaded, Picked};
use crate::storage::LOAD_BOUND;
use crate::{Backend, Batch, CaseRow, Commit, Limits, Store, StoreError};

/// Cases in one transaction.
const MAX_CASES_A_TRANSACTION: usize = 256;
/// How often what is due is looked for. Memory shows every fact at once; a transaction a second
/// takes half the processor time that four take at a few calls a second.
const TICK: Duration = Duration::from_secs(1);
/// After a refusal: the first pause, doubled each time up to the last.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(5));
/// At the end, tries to write what is left; beyond, it is in the journal.
const LAST_TRIES: u32 = 5;

/// Why not everything was written at the end. Nothing is lost: the journal has it.
#[derive(Debug, thiserror::Error)]
#[error("{unwritten} cases are left to the journal")]
pub struct ProjectionError {
    /// Cases that the database does not have.
    pub unwritten: usize,
    /// Why.
    pub source: StoreError,
}

/// Keeps memory and database up with the journal.
#[derive(Debug)]
pub struct Projector {
    store: Store,
    node: NodeId,
    /// A late fact waits for its case, or everything is to be written and the loop to end.
    wake: Notify,
    /// Something was written.
    room: Notify,
}

impl Projector {
    /// Of a database that is open: the journal is to be read on from the answered place.
    pub async fn begin(
        backend: impl Into<Backend>,
        node: NodeId,
        limits: Limits,
    ) -> Result<(Projector, Option<String>), StoreError> {
        let projector = Projector::new(backend.into(), node, limits);
        let cursor = projector.go_on().await?;
        Ok((projector, cursor))
    }

    /// Of a database that is away since `now`, when the service started: what calls do from now on
    /// can be shown, and is written once it comes.
    pub fn awaiting(backend: Backend, node: NodeId, limits: Limits, now: Timestamp) -> Projector {
        let projector = Projector::new(backend, node, limits);
        let live = &projector.store.live;
        // Whatever is older may be in the database, and waits until that can be asked.
        live.begin(None, Some(now));
        live.away(now);
        projector
    }

    fn new(backend: Backend, node: NodeId, limits: Limits) -> Projector {
        let live = Arc::new(Live::new(limits));
        Projector {
            store: Store { backend, live },
            node,
            wake: Notify::new(),
            room: Notify::new(),
        }
    }

    /// Shows what is in `batches`, until they end, and writes nothing: the same is to be read again
    /// once the database is there. Beyond the bound nothing more is shown.
    pub async fn show(&self, batches: &mut mpsc::Receiver<Batch>) {
        while let Some(batch) = batches.recv().await {
            if !self.store.live.is_full() {
                self.store.live.take(&batch, Instant::now());
            }
        }
    }

    /// Asks the database how far it is: the journal is to be read on from the answered place. What
    /// was only shown is still seen until it is read again.
    pub async fn go_on(&self) -> Result<Option<String>, StoreError> {
        let storage = self.store.backend.get()?;
        let cursor = storage.cursor(self.node).await?;
        let newest = storage.newest_opening().await?;
        self.store.live.begin(cursor.as_deref(), newest);
        Ok(cursor)
    }

    /// What the API asks.
    pub fn store(&self) -> Store {
        self.store.clone()
    }

    /// Runs until `batches` ends, then writes what is left. `durable` gets each cursor that the
    /// database has: the journal before it is not needed any more.
    pub async fn run(
        self,
        mut batches: mpsc::Receiver<Batch>,
        durable: watch::Sender<Option<String>>,
    ) -> Result<(), ProjectionError> {
        let ended = AtomicBool::new(false);
        let taking = async {
            self.keep_taking(&mut batches).await;
            ended.store(true, Ordering::Release);
            self.wake.notify_one();
        };
        // Never cancelled: a transaction under way would take its cases with it.
        tokio::join!(taking, self.keep_writing(&ended, &durable));
        self.finish(&durable).await
    }

    async fn keep_taking(&self, batches: &mut mpsc::Receiver<Batch>) {
        loop {
            while self.store.live.is_full() {
                self.room.notified().await;
            }
            let Some(batch) = batches.recv().await else {
                return;
            };
            self.take(&batch, Instant::now());
        }
    }

    async fn keep_writing(&self, ended: &AtomicBool, durable: &watch::Sender<Option<String>>) {
        let mut back_off = None;
        loop {
            // A late fact is looked for at once, but not while the database is away.
            let pause = back_off.unwrap_or(TICK);
            let woken = timeout(pause, self.wake.notified()).await.is_ok();
            if ended.load(Ordering::Acquire) {
                return;
            }
            if woken && back_off.is_some() {
                continue;
            }
            back_off = match self.catch_up(Due::At(Instant::now())).await {
                Ok(()) => None,
                Err(error) => {
                    if self.store.live.away(Timestamp::now()) {
                        tracing::warn!(%error, "database away; calls go on, records wait");
                    }
                    let longer = back_off.map(|pause| (pause * 2).min(BACK_OFF.1));
                    Some(longer.unwrap_or(BACK_OFF.0))
                }
            };
            self.tell(durable);
            self.room.notify_one();
        }
    }

    async fn finish(&self, durable: &watch::Sender<Option<String>>) -> Result<(), ProjectionError> {
        let mut tries = 0;
        loop {
            let result = self.catch_up(Due::All).await;
            self.tell(durable);
            let Err(source) = result else {
                return Ok(());
            };
            tries += 1;
            if tries == LAST_TRIES {
                let unwritten = self.store.health().unwritten;
                return Err(ProjectionError { unwritten, source });
            }
            tokio::time::sleep(BACK_OFF.0).await;
        }
    }

    fn tell(&self, durable: &watch::Sender<Option<String>>) {
        let cursor = self.store.live.stored_cursor();
        durable.send_if_modified(|last| {
            let news = cursor.as_deref() != last.as_deref();
            if news {
                *last = cursor.as_deref().map(str::to_owned);
            }
            news
        });
    }

    /// Folds a batch into memory.
    pub(crate) fn take(&self, batch: &Batch, now: Instant) {
        let live = &self.store.live;
        live.take(batch, now);
        if !live.missing(1).is_empty() {
            self.wake.notify_one();
        }
    }

    /// Reads the cases that late facts wait for, and writes what is due.
    pub(crate) async fn catch_up(&self, due: Due) -> Result<(), StoreError> {
        self.read_missing().await?;
        while let Some(picked) = self.store.live.pick(due, MAX_CASES_A_TRANSACTION) {
            self.write(picked).await?;
        }
        Ok(())
    }

    async fn read_missing(&self) -> Result<(), StoreError> {
        let live = &self.store.live;
        loop {
            let ids = live.missing(LOAD_BOUND);
            if ids.is_empty() {
                return Ok(());
            }
            let loaded: Loaded = self.store.load(&ids).await?;
            live.back();
            live.found(&ids, loaded, Instant::now());
        }
    }

    async fn write(&self, picked: Picked) -> Result<(), StoreError> {
        let live = &self.store.live;
        let rows: Result<Vec<CaseRow>, StoreError> = picked
            .cases
            .iter()
            .map(|(case, _)| CaseRow::render(case))
            .collect();
        let cursor = picked
            .cursor
            .as_deref()
            .map(|place| (self.node, place.to_owned()));
        let result = match rows {
            Ok(cases) => self.commit(Commit { cases, cursor }).await,
            Err(error) => Err(error),
        };
        match result {
            Ok(()) => {
                live.written(picked, Instant::now());
                Ok(())
            }
            Err(error) => {
                live.refused(picked);
                Err(error)
            }
        }
    }

    async fn commit(&self, commit: Commit) -> Result<(), StoreError> {
        self.store.backend.get()?.write(commit).await
    }
}
