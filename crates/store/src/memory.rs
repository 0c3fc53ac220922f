//! A database that is no database: the reference model of the conformance suite, and one that
//! refuses when a test wants it to.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use jiff::Timestamp;
use rotaline_model::{CaseId, ErrandId, NodeId, PersonId, PracticeId, RequestId, SpecialtyId};
use rotaline_record::RequestState;

use crate::plan::{
    ChangeSet, Changed, HistoryQuery, PlanConflict, PlanItem, PlanRows, PlanVersion,
};
use crate::storage::{Closing, name_of, named};
use crate::{
    Added, AuditEntry, CallQuery, CaseRow, Claim, CodeMac, Commit, DeskStorage, ErrandRow,
    PastAttempt, Pending, PhoneUse, Position, Storage, StoreError, StoredCase,
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
    errands: Vec<ErrandRow>,
    pins: BTreeMap<PersonId, CodeMac>,
    pauses: BTreeMap<PersonId, Timestamp>,
}

impl MemoryStorage {
    pub(crate) fn set_away(&self, away: bool) {
        self.away.store(away, Ordering::Relaxed);
    }

    pub(crate) fn row(&self, id: CaseId) -> Option<CaseRow> {
        self.tables.lock().unwrap().cases.get(&id).cloned()
    }

    /// Answers from all cases, as if each were looked at.
    pub(crate) fn ask_cases<T>(
        &self,
        answer: impl FnOnce(std::collections::btree_map::Values<'_, CaseId, CaseRow>) -> T,
    ) -> Pending<'_, T>
    where
        T: Send + 'static,
    {
        self.ask(|tables| answer(tables.cases.values()))
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
            let of_case = tables.audit.iter().filter(|entry| entry.case == Some(case));
            of_case.cloned().collect()
        })
    }

    fn plan(&self) -> Pending<'_, PlanRows> {
        self.ask(|tables| tables.plan.clone())
    }

    fn plan_revision(&self) -> Pending<'_, u64> {
        self.ask(|tables| tables.plan.revision)
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

    fn close(&self) -> Closing<'_> {
        Box::pin(async {})
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

impl ErrandRow {
    fn is_live(&self, now_us: i64) -> bool {
        self.uses_left > 0 && self.expires_us > now_us
    }
}

impl DeskStorage for MemoryStorage {
    fn add_errand(&self, row: ErrandRow, live: i64) -> Pending<'_, Added> {
        self.ask(|tables| {
            let same =
                |it: &&ErrandRow| it.organisation == row.organisation && it.is_live(row.made_us);
            let others: Vec<_> = tables.errands.iter().filter(same).collect();
            let of_kind = others.iter().filter(|it| it.kind == row.kind).count();
            if i64::try_from(of_kind).unwrap() >= live {
                Added::Full
            } else if others.iter().any(|it| it.mac == row.mac) {
                Added::Taken
            } else {
                tables.errands.push(row);
                Added::Added
            }
        })
    }

    fn claim_errand(&self, claim: Claim) -> Pending<'_, Option<String>> {
        self.ask(|tables| {
            let found = tables.errands.iter_mut().find(|it| {
                let bound = it.bound.as_ref();
                it.organisation == claim.organisation
                    && it.mac == claim.mac
                    && it.is_live(claim.now_us)
                    && bound.is_none_or(|it| it.iter().any(|it| Some(it) == claim.caller.as_ref()))
            })?;
            found.uses_left -= 1;
            found.claimed_us = Some(claim.now_us);
            Some(found.body.clone())
        })
    }

    fn live_errands(&self, kind: String, now_us: i64) -> Pending<'_, Vec<ErrandRow>> {
        self.ask(|tables| {
            let live = |it: &&ErrandRow| it.kind == kind && it.is_live(now_us);
            tables.errands.iter().rev().filter(live).cloned().collect()
        })
    }

    fn withdraw_errand(&self, kind: String, id: ErrandId, now_us: i64) -> Pending<'_, bool> {
        self.ask(|tables| {
            let mut errands = tables.errands.iter_mut();
            let found = errands.find(|it| it.id == id && it.kind == kind && it.is_live(now_us));
            found.map(|it| it.uses_left = 0).is_some()
        })
    }

    fn set_pin(&self, person: PersonId, mac: CodeMac) -> Pending<'_, ()> {
        self.ask(|tables| {
            tables.pins.insert(person, mac);
        })
    }

    fn pin(&self, person: PersonId) -> Pending<'_, Option<Vec<u8>>> {
        self.ask(|tables| tables.pins.get(&person).map(|mac| mac.to_vec()))
    }

    fn set_pause(&self, person: PersonId, until: Option<Timestamp>) -> Pending<'_, ()> {
        self.ask(|tables| {
            match until {
                Some(until) => tables.pauses.insert(person, until),
                None => tables.pauses.remove(&person),
            };
        })
    }

    fn pauses(&self, now: Timestamp) -> Pending<'_, Vec<(PersonId, Timestamp)>> {
        self.ask(|tables| {
            let all = tables.pauses.iter().filter(|(_, until)| **until > now);
            all.map(|(person, until)| (person.clone(), *until))
                .collect()
        })
    }

    fn cases_with_requests(&self, state: RequestState) -> Pending<'_, Vec<CaseId>> {
        self.ask(|tables| {
            let name = name_of(&state).unwrap();
            let mut found: Vec<_> = tables
                .cases
                .values()
                .filter_map(|row| {
                    let of_state = row.requests.iter().filter(|it| it.state == name);
                    Some((of_state.map(|it| it.at_us).max()?, row.id))
                })
                .collect();
            found.sort_by_key(|it| std::cmp::Reverse(*it));
            found.into_iter().map(|(_, id)| id).collect()
        })
    }

    fn cases_missed_by(
        &self,
        person: PersonId,
        since: Timestamp,
        bound: usize,
    ) -> Pending<'_, Vec<CaseId>> {
        self.ask(|tables| {
            let mut found: Vec<_> = tables
                .cases
                .values()
                .filter_map(|row| {
                    let own = || {
                        let attempts = row.attempts.iter();
                        attempts.filter(|it| {
                            it.person.as_deref() == Some(person.as_str())
                                && it.started_us >= since.as_microsecond()
                        })
                    };
                    let newest = own().map(|it| it.started_us).max()?;
                    own()
                        .all(|it| it.joined_us.is_none())
                        .then_some((newest, row.id))
                })
                .collect();
            found.sort_by_key(|it| std::cmp::Reverse(*it));
            found.truncate(bound);
            found.into_iter().map(|(_, id)| id).collect()
        })
    }

    fn phone_uses(&self) -> Pending<'_, Vec<PhoneUse>> {
        self.ask(|tables| {
            let mut uses: BTreeMap<(String, String), (i64, Option<i64>)> = BTreeMap::new();
            for attempt in tables.cases.values().flat_map(|row| &row.attempts) {
                let Some(person) = attempt.person.clone() else {
                    continue;
                };
                let key = (person, attempt.phone.clone());
                let (first, answered) = uses.entry(key).or_insert((i64::MAX, None));
                *first = attempt.started_us.min(*first);
                *answered = attempt.answered_us.max(*answered);
            }
            let uses = uses
                .into_iter()
                .map(|((person, kind), (first, answered))| PhoneUse {
                    person: PersonId::parse(&person).unwrap(),
                    kind: named(&kind).unwrap(),
                    first_rung_at: Timestamp::from_microsecond(first).unwrap(),
                    answered_at: answered.map(|us| Timestamp::from_microsecond(us).unwrap()),
                });
            uses.collect()
        })
    }

    fn attempts_since(&self, since: Timestamp, bound: usize) -> Pending<'_, Vec<PastAttempt>> {
        self.ask(move |tables| {
            let at = |us: i64| Timestamp::from_microsecond(us).unwrap();
            let mut past: Vec<PastAttempt> = Vec::new();
            for row in tables.cases.values() {
                for attempt in &row.attempts {
                    let Some(person) = &attempt.person else {
                        continue;
                    };
                    let ended = |joined: i64| at(joined + row.talk_ms * 1_000);
                    past.push(PastAttempt {
                        person: PersonId::parse(person).unwrap(),
                        specialty: row
                            .specialty
                            .as_deref()
                            .and_then(|id| SpecialtyId::parse(id).ok()),
                        rung_at: at(attempt.started_us),
                        talked: attempt.joined_us.map(|joined| (at(joined), ended(joined))),
                    });
                }
            }
            past.retain(|attempt| attempt.rung_at >= since);
            past.sort_by_key(|attempt| attempt.rung_at);
            past.split_off(past.len().saturating_sub(bound))
        })
    }

    fn case_of_request(&self, request: RequestId) -> Pending<'_, Option<CaseId>> {
        self.ask(|tables| {
            let has = |row: &&CaseRow| row.requests.iter().any(|it| it.id == request);
            tables.cases.values().find(has).map(|row| row.id)
        })
    }

    fn practices_of_caller(&self, caller: String, bound: usize) -> Pending<'_, Vec<PracticeId>> {
        self.ask(|tables| {
            let mut newest: BTreeMap<String, i64> = BTreeMap::new();
            for row in tables
                .cases
                .values()
                .filter_map(|row| row.assignment.as_ref())
            {
                if let Some(practice) = row.practice.clone().filter(|_| row.caller == caller) {
                    let at = newest.entry(practice).or_insert(row.at_us);
                    *at = row.at_us.max(*at);
                }
            }
            let mut practices: Vec<(String, i64)> = newest.into_iter().collect();
            practices.sort_by_key(|(practice, at)| (std::cmp::Reverse(*at), practice.clone()));
            practices.truncate(bound);
            let practices = practices.into_iter();
            practices
                .map(|(practice, _)| PracticeId::parse(&practice).unwrap())
                .collect()
        })
    }
}

fn stored(row: &CaseRow) -> StoredCase {
    StoredCase {
        id: row.id,
        body: row.body.clone(),
    }
}
