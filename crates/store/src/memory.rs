//! A database that is no database: the reference model of the conformance suite, and one that
//! refuses when a test wants it to.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use jiff::Timestamp;
use rotaline_model::{CaseId, NodeId};

use crate::plan::{
    ChangeSet, Changed, HistoryQuery, PlanConflict, PlanItem, PlanRows, PlanVersion,
};
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
    plan: PlanRows,
    history: Vec<PlanVersion>,
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

    fn plan(&self) -> Pending<'_, PlanRows> {
        self.ask(|tables| tables.plan.clone())
    }

    fn change_plan(&self, set: ChangeSet) -> Pending<'_, Changed> {
        self.ask(|tables| tables.change_plan(set))
    }

    fn plan_history(&self, query: HistoryQuery) -> Pending<'_, Vec<PlanVersion>> {
        self.ask(move |tables| {
            let mut found: Vec<_> = tables
                .history
                .iter()
                .filter(|version| query.key.as_ref().is_none_or(|key| *key == version.key))
                .filter(|version| query.before.is_none_or(|before| version.revision < before))
                .cloned()
                .collect();
            found.sort_by_key(|version| (std::cmp::Reverse(version.revision), version.key.clone()));
            let mut revisions: Vec<u64> = found.iter().map(|version| version.revision).collect();
            revisions.dedup();
            revisions.truncate(query.revisions);
            found.retain(|version| revisions.contains(&version.revision));
            found
        })
    }

    fn plan_before(&self, revision: u64) -> Pending<'_, Vec<PlanVersion>> {
        self.ask(move |tables| {
            let changed = tables.history.iter().filter(|now| now.revision == revision);
            let before = |now: &PlanVersion| {
                let older = tables.history.iter();
                let older = older.filter(|old| old.key == now.key && old.revision < revision);
                older
                    .max_by_key(|old| old.revision)
                    .cloned()
                    .unwrap_or(PlanVersion {
                        revision: 0,
                        body: None,
                        ..now.clone()
                    })
            };
            changed.map(before).collect()
        })
    }
}

impl Tables {
    fn change_plan(&mut self, set: ChangeSet) -> Changed {
        let mut conflicts = Vec::new();
        for change in &set.changes {
            let version = self.plan.items.get(&change.key).map(|item| item.version);
            if !change.expected.holds(version) {
                let key = change.key.clone();
                conflicts.push(PlanConflict { key, version });
            }
        }
        if !conflicts.is_empty() {
            return Changed::Conflict(conflicts);
        }
        if self.plan.revision != set.checked_against {
            return Changed::Overtaken(self.plan.revision);
        }
        self.plan.revision += 1;
        let revision = self.plan.revision;
        for change in set.changes {
            match change.body.clone() {
                Some(body) => {
                    let item = PlanItem {
                        body,
                        version: revision,
                        changed_at: set.at,
                        changed_by: set.by.clone(),
                    };
                    self.plan.items.insert(change.key.clone(), item);
                }
                None => {
                    self.plan.items.remove(&change.key);
                }
            }
            self.history.push(PlanVersion {
                revision,
                key: change.key,
                body: change.body,
                changed_at: set.at,
                changed_by: set.by.clone(),
            });
        }
        Changed::Done(revision)
    }
}

fn stored(row: &CaseRow) -> StoredCase {
    StoredCase {
        id: row.id,
        body: row.body.clone(),
    }
}
