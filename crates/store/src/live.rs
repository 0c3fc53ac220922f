//! The cases in memory: open ones, and those that the database does not have yet.
//!
//! Only folding happens here, under one short lock; no database call is made while it is held.
//! Cases are shared by `Arc`: a reader or a transaction takes a snapshot, and the next record
//! makes a copy only if somebody still holds one.
//!
//! The cursor that a transaction may store is the place before the oldest batch of which anything
//! is still unwritten, so a case need not be written each time it changes: usually it is written
//! once, when it is over. What is read again after a restart folds into nothing new.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rotaline_model::CaseId;
use rotaline_record::{Applied, Case, Fact, Record};
use tokio::sync::Notify;

use crate::watch::Changes;
use crate::{CallQuery, Completeness, StoreError};

/// Records from the journal, in its order.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// The records.
    pub records: Vec<Record>,
    /// Where to read on after them; the journal's own text, of no meaning here.
    pub resume_at: String,
}

/// Bounds and times of what is kept in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Cases (and records that wait for theirs) that the database does not have. At the bound no
    /// more batches are taken: they stay in the journal, and nothing is lost.
    pub unwritten: usize,
    /// Cases in memory that the database has too. At the bound the oldest leave.
    pub written: usize,
    /// A closed case is written when nothing has changed it for so long.
    pub settle: Duration,
    /// Any case is written when a change has been unwritten for so long.
    pub oldest_change: Duration,
    /// A closed and written case whose MP3 is awaited stays in memory for so long.
    pub linger: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            unwritten: 20_000,
            written: 8_192,
            settle: Duration::from_millis(500),
            oldest_change: Duration::from_secs(10),
            linger: Duration::from_secs(120),
        }
    }
}

/// How the store is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Health {
    /// Since when the database has refused; none: it answers.
    pub away_since: Option<Timestamp>,
    /// Cases that it does not have yet.
    pub unwritten: usize,
    /// Records that wait for their case to be read.
    pub waiting: usize,
    /// Whether a bound is reached, so that the journal is not read at present.
    pub full: bool,
    /// Records whose case never opened or is unreadable; they were passed over.
    pub unusable: u64,
}

/// The cases in memory.
#[derive(Debug)]
pub(crate) struct Live {
    state: RwLock<State>,
    limits: Limits,
    /// Told after each change.
    pub(crate) changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    cases: BTreeMap<CaseId, Arc<Case>>,
    dirty: BTreeMap<CaseId, Dirty>,
    /// Cases that were shown while the database was away at the start, until the same records are
    /// read again. Nothing of them is written.
    shown: BTreeMap<CaseId, Arc<Case>>,
    /// Records whose case is not in memory, until the database was asked for it.
    waiting: BTreeMap<CaseId, Waiting>,
    waiting_records: usize,
    /// Closed, written, and awaiting an MP3: evicted in this order.
    lingering: VecDeque<(Instant, CaseId)>,
    /// Number of the newest batch.
    batch: u64,
    /// Where to read on after a batch; the first is what is stored, or would be.
    resume: VecDeque<(u64, Arc<str>)>,
    stored_cursor: Option<Arc<str>>,
    /// No case that was opened after this is in the database.
    newest_stored: Option<Timestamp>,
    away_since: Option<Timestamp>,
    unusable: u64,
    /// Who watches, and what they have not taken.
    watchers: usize,
    touched: BTreeSet<CaseId>,
    more_touched: bool,
}

/// Changed cases that a watcher has not taken; beyond, it is told that there were more.
const TOUCHED_BOUND: usize = 4_096;

/// Places to resume at that are remembered; beyond, some between are forgotten, which costs only
/// more reading after a restart.
const RESUME_BOUND: usize = 4_096;

/// A change that is not written yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dirty {
    /// The first batch of which something is unwritten.
    batch: u64,
    since: Instant,
    touched: Instant,
}

#[derive(Debug)]
struct Waiting {
    batch: u64,
    records: Vec<Record>,
}

/// Which changes to write.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Due {
    /// Those whose time has come.
    At(Instant),
    /// All.
    All,
}

/// What one transaction writes.
#[derive(Debug)]
pub(crate) struct Picked {
    pub(crate) cases: Vec<(Arc<Case>, Dirty)>,
    pub(crate) cursor: Option<Arc<str>>,
}

/// What became of the cases of waiting records.
pub(crate) type Loaded = BTreeMap<CaseId, Result<Case, StoreError>>;

impl Live {
    pub(crate) fn new(limits: Limits) -> Self {
        Live {
            state: RwLock::default(),
            limits,
            changed: Notify::new(),
        }
    }

    /// Begins where the database is. What there was is no more than shown from now on.
    pub(crate) fn begin(&self, cursor: Option<&str>, newest_stored: Option<Timestamp>) {
        let mut state = self.write();
        *state = State {
            shown: std::mem::take(&mut state.cases),
            stored_cursor: cursor.map(Arc::from),
            newest_stored,
            ..State::default()
        };
    }

    /// Folds a batch. Never waits for the database.
    pub(crate) fn take(&self, batch: &Batch, now: Instant) {
        let mut state = self.write();
        state.batch += 1;
        for record in &batch.records {
            state.take(record, now);
        }
        state.forget_what_is_shown_twice();
        let entry = (state.batch, Arc::from(batch.resume_at.as_str()));
        state.resume.push_back(entry);
        if state.resume.len() > RESUME_BOUND {
            state.resume.remove(1);
        }
        drop(state);
        self.changed.notify_waiters();
    }

    /// Cases that the database must be asked for, at most `bound`.
    pub(crate) fn missing(&self, bound: usize) -> Vec<CaseId> {
        self.read().waiting.keys().take(bound).copied().collect()
    }

    /// Folds the records that waited for `asked`; a case that is not in `loaded` is not stored.
    pub(crate) fn found(&self, asked: &[CaseId], mut loaded: Loaded, now: Instant) {
        let mut state = self.write();
        for id in asked {
            if let Some(waiting) = state.waiting.remove(id) {
                state.waiting_records -= waiting.records.len();
                state.fold_waiting(waiting, loaded.remove(id), now);
            }
            state.shown.remove(id);
        }
        drop(state);
        self.changed.notify_waiters();
    }

    /// Takes what is due for one transaction of at most `bound` cases; to be followed by
    /// [`Live::written`] or [`Live::refused`]. None: nothing to write.
    pub(crate) fn pick(&self, due: Due, bound: usize) -> Option<Picked> {
        let mut state = self.write();
        let due_ids: Vec<CaseId> = state
            .dirty
            .iter()
            .filter(|(id, dirty)| match due {
                Due::All => true,
                Due::At(now) => self.is_due(state.cases.get(id), dirty, now),
            })
            .map(|(id, _)| *id)
            .take(bound)
            .collect();
        let mut cases = Vec::with_capacity(due_ids.len());
        for id in due_ids {
            let dirty = state.dirty.remove(&id);
            if let (Some(dirty), Some(case)) = (dirty, state.cases.get(&id)) {
                cases.push((Arc::clone(case), dirty));
            }
        }
        let cursor = state.resumable();
        let moved = cursor.is_some() && cursor != state.stored_cursor;
        if cases.is_empty() && !moved {
            return None;
        }
        Some(Picked {
            cases,
            cursor: cursor.filter(|_| moved),
        })
    }

    fn is_due(&self, case: Option<&Arc<Case>>, dirty: &Dirty, now: Instant) -> bool {
        let closed = case.is_some_and(|case| !case.is_open());
        let settled = closed && now.duration_since(dirty.touched) >= self.limits.settle;
        settled || now.duration_since(dirty.since) >= self.limits.oldest_change
    }

    /// A transaction is committed.
    pub(crate) fn written(&self, picked: Picked, now: Instant) {
        let mut state = self.write();
        if picked.cursor.is_some() {
            state.stored_cursor = picked.cursor;
        }
        for (case, _) in picked.cases {
            state.newest_stored = state.newest_stored.max(Some(case.opened_at));
            let id = case.id;
            drop(case);
            state.settle(id, now);
        }
        state.away_since = None;
        state.evict(&self.limits, now);
    }

    /// A transaction was refused: all of it is due again.
    pub(crate) fn refused(&self, picked: Picked) {
        let mut state = self.write();
        for (case, old) in picked.cases {
            let dirty = state.dirty.entry(case.id).or_insert(old);
            dirty.batch = dirty.batch.min(old.batch);
            dirty.since = dirty.since.min(old.since);
        }
    }

    /// Notes that the database refused; tells whether that is news.
    pub(crate) fn away(&self, at: Timestamp) -> bool {
        let mut state = self.write();
        let news = state.away_since.is_none();
        state.away_since.get_or_insert(at);
        news
    }

    /// Notes that the database answers.
    pub(crate) fn back(&self) {
        self.write().away_since = None;
    }

    pub(crate) fn is_full(&self) -> bool {
        self.read().unwritten() >= self.limits.unwritten
    }

    pub(crate) fn health(&self) -> Health {
        let state = self.read();
        Health {
            away_since: state.away_since,
            unwritten: state.dirty.len() + state.shown.len(),
            waiting: state.waiting_records,
            full: state.unwritten() >= self.limits.unwritten,
            unusable: state.unusable,
        }
    }

    pub(crate) fn stored_cursor(&self) -> Option<Arc<str>> {
        self.read().stored_cursor.clone()
    }

    pub(crate) fn case(&self, id: CaseId) -> Option<Arc<Case>> {
        self.read().case(id).map(Arc::clone)
    }

    /// The newest matching cases in memory, at most `bound`, and the ids of all in memory: what
    /// the database has of those is older.
    pub(crate) fn list(
        &self,
        query: &CallQuery,
        bound: usize,
    ) -> (Vec<Arc<Case>>, BTreeSet<CaseId>) {
        let state = self.read();
        let mut cases: Vec<_> = state
            .seen()
            .filter(|case| query.matches(case))
            .map(Arc::clone)
            .collect();
        let ids = state.seen().map(|case| case.id).collect();
        drop(state);
        cases.sort_unstable_by_key(|case| std::cmp::Reverse(crate::Position::of(case)));
        cases.truncate(bound);
        (cases, ids)
    }

    /// The cases in memory that are `wanted`.
    pub(crate) fn matching(&self, wanted: impl Fn(&Case) -> bool) -> Vec<Arc<Case>> {
        let state = self.read();
        let wanted = state.seen().filter(|case| wanted(case));
        wanted.map(Arc::clone).collect()
    }

    /// Remembers from now on which cases change.
    pub(crate) fn watch(&self) {
        self.write().watchers += 1;
    }

    /// Remembers no longer, unless somebody else watches.
    pub(crate) fn unwatch(&self) {
        let mut state = self.write();
        state.watchers = state.watchers.saturating_sub(1);
        if state.watchers == 0 {
            state.touched.clear();
            state.more_touched = false;
        }
    }

    /// The cases that have changed since it was last asked.
    pub(crate) fn take_touched(&self) -> Changes {
        let mut state = self.write();
        let touched = std::mem::take(&mut state.touched);
        let completeness = match std::mem::take(&mut state.more_touched) {
            true => Completeness::MemoryOnly,
            false => Completeness::Complete,
        };
        let cases = touched.into_iter();
        let cases = cases.map(|id| (id, state.cases.get(&id).map(Arc::clone)));
        Changes {
            cases: cases.collect(),
            completeness,
        }
    }

    // A panic while the lock is held would be a bug in the fold of one record; the rest of the
    // state is still what it was, so the others' cases go on.
    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// A case that is in memory.
    fn case(&self, id: CaseId) -> Option<&Arc<Case>> {
        self.cases.get(&id).or_else(|| self.shown.get(&id))
    }

    /// Every case that is in memory, each once.
    fn seen(&self) -> impl Iterator<Item = &Arc<Case>> {
        let shown = self.shown.values();
        self.cases.values().chain(shown)
    }

    fn forget_what_is_shown_twice(&mut self) {
        let State { cases, shown, .. } = self;
        shown.retain(|id, _| !cases.contains_key(id));
    }

    fn take(&mut self, record: &Record, now: Instant) {
        let id = record.case;
        if let Some(case) = self.cases.get_mut(&id) {
            if Arc::make_mut(case).apply(record) != Applied::Duplicate {
                self.mark(id, self.batch, now);
            }
        } else if self.is_new(record) && !self.waiting.contains_key(&id) {
            if let Ok(case) = Case::open(record) {
                self.cases.insert(id, Arc::new(case));
                self.mark(id, self.batch, now);
            }
        } else {
            let batch = self.batch;
            let new = || Waiting {
                batch,
                records: Vec::new(),
            };
            self.waiting
                .entry(id)
                .or_insert_with(new)
                .records
                .push(record.clone());
            self.waiting_records += 1;
        }
    }

    /// Whether a record opens a case that cannot be in the database. Spares a question for
    /// nearly every call.
    fn is_new(&self, record: &Record) -> bool {
        matches!(record.fact, Fact::CaseOpened { .. })
            && self.newest_stored.is_none_or(|newest| record.at > newest)
    }

    fn mark(&mut self, id: CaseId, batch: u64, now: Instant) {
        let new = Dirty {
            batch,
            since: now,
            touched: now,
        };
        self.dirty.entry(id).or_insert(new).touched = now;
        if self.watchers > 0 {
            self.touched(id);
        }
    }

    fn touched(&mut self, id: CaseId) {
        if self.touched.len() < TOUCHED_BOUND {
            self.touched.insert(id);
        } else {
            self.more_touched = true;
        }
    }

    fn fold_waiting(
        &mut self,
        waiting: Waiting,
        stored: Option<Result<Case, StoreError>>,
        now: Instant,
    ) {
        let records = &waiting.records;
        let (stored, opened) = match stored {
            Some(stored) => (stored.map_err(|error| error.to_string()), false),
            // The recorder is another thread: its first record may stand before the opening.
            None => {
                let opening = records.iter().find_map(|record| Case::open(record).ok());
                (opening.ok_or_else(|| "it never opened".to_owned()), true)
            }
        };
        let mut case = match stored {
            Ok(case) => case,
            Err(reason) => {
                tracing::error!(reason, "records passed over: their case cannot be had");
                self.unusable += records.len() as u64;
                return;
            }
        };
        let mut changed = opened;
        for record in records {
            changed |= case.apply(record) != Applied::Duplicate;
        }
        if changed {
            let id = case.id;
            self.cases.insert(id, Arc::new(case));
            self.mark(id, waiting.batch, now);
        }
    }

    /// Where the journal must be read again for whatever is neither written nor being written in
    /// the transaction that asks. Forgets older places.
    fn resumable(&mut self) -> Option<Arc<str>> {
        let dirty = self.dirty.values().map(|dirty| dirty.batch);
        let waiting = self.waiting.values().map(|waiting| waiting.batch);
        let oldest = dirty.chain(waiting).min().unwrap_or(u64::MAX);
        while self.resume.get(1).is_some_and(|(batch, _)| *batch < oldest) {
            self.resume.pop_front();
        }
        self.resume
            .front()
            .filter(|(batch, _)| *batch < oldest)
            .map(|(_, place)| Arc::clone(place))
    }

    fn unwritten(&self) -> usize {
        self.dirty.len() + self.waiting_records
    }

    /// A written case leaves unless it is open, changed again, or about to get its MP3.
    fn settle(&mut self, id: CaseId, now: Instant) {
        if self.dirty.contains_key(&id) {
            return;
        }
        let Some(case) = self.cases.get(&id) else {
            return;
        };
        let awaits_mp3 = case.recordings.iter().any(|part| part.mp3.is_none());
        if case.is_open() {
            return;
        }
        if awaits_mp3 {
            self.lingering.push_back((now, id));
        } else {
            self.cases.remove(&id);
        }
    }

    fn evict(&mut self, limits: &Limits, now: Instant) {
        let written = |state: &State| state.cases.len() - state.dirty.len();
        while let Some((since, id)) = self.lingering.front().copied() {
            let over = now.duration_since(since) >= limits.linger || written(self) > limits.written;
            if !over {
                break;
            }
            self.lingering.pop_front();
            if !self.dirty.contains_key(&id) {
                self.cases.remove(&id);
            }
        }
        // Open cases whose end never came: the database has them, should it come yet.
        let surplus = written(self).saturating_sub(limits.written);
        if surplus > 0 {
            let State { cases, dirty, .. } = self;
            let clean = cases.keys().filter(|id| !dirty.contains_key(id));
            let oldest: Vec<CaseId> = clean.take(surplus).copied().collect();
            for id in oldest {
                self.cases.remove(&id);
            }
        }
    }
}
