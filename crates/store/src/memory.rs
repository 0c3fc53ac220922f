//! A database that is no database: the reference model of the conformance suite, and one that
//! refuses when a test wants it to.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use jiff::Timestamp;
use rotaline_model::{CaseId, NodeId};

use crate::{
    AuditEntry, CallQuery, CaseRow, Commit, Pending, Position, Storage, StoreError, StoredCase,
};

#[derive(Default)]
pub(crate) struct MemoryStorage {
    tables: Mutex<Tables>,
    away: AtomicBool,
    pub(crate) commits: AtomicU32,
    pub(crate) cases_written: AtomicU32,
    pub(crate) loads: AtomicU32,
}

#[derive(Default)]
struct Tables {
    cases: BTreeMap<CaseId, CaseRow>,
    cursors: BTreeMap<NodeId, String>,
    audit: Vec<AuditEntry>,
}

impl MemoryStorage {
    pub(crate) fn set_away(&self, away: bool) {
        self.away.store(away, Ordering::Relaxed);
    }

    pub(crate) fn row(&self, id: CaseId) -> Option<CaseRow> {
        self.tables.lock().unwrap().cases.get(&id).cloned()
    }

    fn ask<T>(&self, answer: impl FnOnce(&mut Tables) -> T) -> Pending<'_, T>
    where
        T: Send + 'static,
    {
        let result = if self.away.load(Ordering::Relaxed) {
            Err(StoreError::Database("away".into()))
        } else {
            Ok(answer(&mut self.tables.lock().unwrap()))
        };
        Box::pin(async move {
            tokio::task::yield_now().await;
            result
        })
    }
}

impl Storage for MemoryStorage {
    fn cursor(&self, node: NodeId) -> Pending<'_, Option<String>> {
        self.ask(|tables| tables.cursors.get(&node).cloned())
    }

    fn newest_opening(&self) -> Pending<'_, Option<Timestamp>> {
        self.ask(|tables| {
            let newest = tables.cases.values().map(|row| row.opened_us).max();
            newest.map(|us| Timestamp::from_microsecond(us).unwrap())
        })
    }

    fn write(&self, commit: Commit) -> Pending<'_, ()> {
        self.commits.fetch_add(1, Ordering::Relaxed);
        let cases = u32::try_from(commit.cases.len()).unwrap();
        self.cases_written.fetch_add(cases, Ordering::Relaxed);
        self.ask(|tables| {
            let rows = commit.cases.into_iter().map(|row| (row.id, row));
            tables.cases.extend(rows);
            tables.cursors.extend(commit.cursor);
        })
    }

    fn load(&self, ids: Vec<CaseId>) -> Pending<'_, Vec<StoredCase>> {
        self.loads.fetch_add(1, Ordering::Relaxed);
        self.ask(|tables| {
            let found = ids.iter().filter_map(|id| tables.cases.get(id));
            found.map(stored).collect()
        })
    }

    fn list(&self, query: CallQuery) -> Pending<'_, Vec<StoredCase>> {
        self.ask(|tables| {
            let mut found: Vec<_> = tables
                .cases
                .values()
                .map(|row| (stored(row).read().unwrap(), row))
                .filter(|(case, _)| query.matches(case))
                .collect();
            found.sort_by_key(|(case, _)| std::cmp::Reverse(Position::of(case)));
            found.truncate(query.limit.get());
            found.into_iter().map(|(_, row)| stored(row)).collect()
        })
    }

    fn audit(&self, entry: AuditEntry) -> Pending<'_, ()> {
        self.ask(|tables| tables.audit.push(entry))
    }

    fn audited(&self, case: CaseId) -> Pending<'_, Vec<AuditEntry>> {
        self.ask(|tables| {
            let of_case = tables.audit.iter().filter(|entry| entry.case == case);
            of_case.cloned().collect()
        })
    }
}

fn stored(row: &CaseRow) -> StoredCase {
    StoredCase {
        id: row.id,
        body: row.body.clone(),
    }
}
