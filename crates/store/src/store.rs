//! What the API asks: lists, single cases, whether a change has arrived, and the audit.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rotaline_model::{CaseId, PersonId, PhoneNumber, PracticeId, RequestId};
use rotaline_record::{CallerId, Case, Origin, RequestState};

use crate::live::{Health, Live};
use crate::storage::LOAD_BOUND;
use crate::{
    AuditEntry, Backend, CallQuery, Completeness, Limit, Page, PhoneUse, Position, StoreError,
    UserStorage,
};

/// The calls, in memory and in the database, as one.
#[derive(Clone)]
pub struct Store {
    pub(crate) backend: Backend,
    pub(crate) live: Arc<Live>,
}

/// Practices of one caller number that are told at most.
const SAID: usize = 5;
/// Missed calls that are told at most.
const MISSED: usize = 20;

/// A change has not arrived in time; it is durable, and will.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the change is kept, but not yet visible")]
pub struct NotApplied;

impl Store {
    /// A page of calls, newest first. With the database away, what is in memory.
    pub async fn calls(&self, query: &CallQuery) -> Page {
        let bound = query.limit.get() + 1;
        // Memory first: what leaves it between the two questions is then in the database.
        let (mut cases, in_memory) = self.live.list(query, bound);
        let completeness = match self.stored(query, bound, &in_memory).await {
            Ok(stored) => {
                cases.extend(stored);
                Completeness::Complete
            }
            Err(error) => {
                tracing::warn!(%error, "calls listed from memory only");
                Completeness::MemoryOnly
            }
        };
        cases.sort_unstable_by_key(|case| std::cmp::Reverse(Position::of(case)));
        let more = cases.len() > query.limit.get();
        cases.truncate(query.limit.get());
        let next = cases.last().filter(|_| more).map(|case| Position::of(case));
        Page {
            cases,
            next,
            completeness,
        }
    }

    /// Those of the database that are not in memory, whose version is newer.
    async fn stored(
        &self,
        query: &CallQuery,
        bound: usize,
        in_memory: &std::collections::BTreeSet<CaseId>,
    ) -> Result<Vec<Arc<Case>>, StoreError> {
        let mut found = Vec::new();
        let mut query = CallQuery {
            limit: Limit::default(),
            ..query.clone()
        };
        while found.len() < bound {
            let rows = self.backend.get()?.list(query.clone()).await?;
            let last_page = rows.len() < query.limit.get();
            let mut last = None;
            for row in rows {
                let case = match row.read() {
                    Ok(case) => case,
                    Err(error) => {
                        tracing::error!(%error, "call left out of a list");
                        continue;
                    }
                };
                last = Some(Position::of(&case));
                if !in_memory.contains(&case.id) {
                    found.push(Arc::new(case));
                }
            }
            match last {
                Some(last) if !last_page => query.after = Some(last),
                Some(_) | None => break,
            }
        }
        Ok(found)
    }

    /// The cases that are open, by id, as far as they are in memory: those of this machine are.
    pub fn open_cases(&self) -> Vec<Arc<Case>> {
        self.live.matching(Case::is_open)
    }

    /// One case; none: there is no such case.
    pub async fn case(&self, id: CaseId) -> Result<Option<Arc<Case>>, StoreError> {
        if let Some(case) = self.live.case(id) {
            return Ok(Some(case));
        }
        let rows = self.backend.get()?.load(vec![id]).await?;
        let stored = rows.first().map(|row| row.read()).transpose()?;
        // It may have come into memory, and changed, while the database was asked.
        Ok(self.live.case(id).or(stored.map(Arc::new)))
    }

    /// Resolves once a record is visible here, so that who gave it reads what they wrote.
    pub async fn applied(
        &self,
        id: CaseId,
        origin: Origin,
        sequence: u64,
        within: Duration,
    ) -> Result<Arc<Case>, NotApplied> {
        let visible = async {
            loop {
                let changed = self.live.changed.notified();
                tokio::pin!(changed);
                changed.as_mut().enable();
                if let Ok(Some(case)) = self.case(id).await
                    && case.applied(origin) >= sequence
                {
                    return case;
                }
                changed.await;
            }
        };
        tokio::time::timeout(within, visible)
            .await
            .map_err(|_| NotApplied)
    }

    /// The cases whose requests to be rung back are in a state, the newest first.
    pub async fn requests(&self, state: RequestState) -> Result<Vec<Arc<Case>>, StoreError> {
        let wanted = |case: &Case| case.requests.iter().any(|request| request.state == state);
        let stored = self.backend.get()?.cases_with_requests(state).await?;
        self.with_those_in_memory(stored, wanted).await
    }

    /// The cases since a time in which somebody was rung and not joined, the newest first.
    pub async fn missed(
        &self,
        person: &PersonId,
        since: Timestamp,
    ) -> Result<Vec<Arc<Case>>, StoreError> {
        let wanted = |case: &Case| {
            let own = || {
                case.attempts
                    .iter()
                    .filter(|it| it.person.as_ref() == Some(person))
            };
            let since = own().any(|attempt| attempt.started_at >= since);
            since && own().all(|attempt| attempt.joined_at.is_none())
        };
        let storage = self.backend.get()?;
        let stored = storage.cases_missed_by(person.clone(), since, MISSED);
        let mut missed = self.with_those_in_memory(stored.await?, wanted).await?;
        missed.truncate(MISSED);
        Ok(missed)
    }

    /// Cases of the database, as they are now, and those of memory, the newest first.
    async fn with_those_in_memory(
        &self,
        stored: Vec<CaseId>,
        wanted: impl Fn(&Case) -> bool,
    ) -> Result<Vec<Arc<Case>>, StoreError> {
        let mut cases = self.live.matching(&wanted);
        for ids in stored.chunks(LOAD_BOUND) {
            let loaded = self.load(ids).await?.into_values();
            cases.extend(loaded.filter_map(Result::ok).map(Arc::new));
        }
        // What is in memory is newer, and stands first.
        let mut known = BTreeSet::new();
        cases.retain(|case| known.insert(case.id) && self.is_as_wanted(case, &wanted));
        cases.sort_unstable_by_key(|case| std::cmp::Reverse(Position::of(case)));
        Ok(cases)
    }

    fn is_as_wanted(&self, case: &Case, wanted: impl Fn(&Case) -> bool) -> bool {
        self.live
            .case(case.id)
            .map_or(wanted(case), |case| wanted(&case))
    }

    /// The case that a request belongs to; none: there is no such request.
    pub async fn case_with_request(
        &self,
        request: RequestId,
    ) -> Result<Option<Arc<Case>>, StoreError> {
        let has = |case: &Case| case.requests.iter().any(|it| it.what.id == request);
        if let Some(case) = self.live.matching(has).pop() {
            return Ok(Some(case));
        }
        match self.backend.get()?.case_of_request(request).await? {
            Some(case) => self.case(case).await,
            None => Ok(None),
        }
    }

    /// Which practices a caller number was said to be of, the newest saying first.
    pub async fn practices_of(&self, caller: &PhoneNumber) -> Result<Vec<PracticeId>, StoreError> {
        let is_callers = |case: &Case| {
            let same = matches!(&case.caller, CallerId::Number(of) if of.expose() == caller);
            same && case.assigned.is_some()
        };
        // What is in memory may not be in the database yet.
        let mut newest = self.live.matching(is_callers);
        newest
            .sort_unstable_by_key(|case| std::cmp::Reverse(case.assigned.as_ref().map(|it| it.at)));
        let mut practices: Vec<PracticeId> = Vec::new();
        let said = newest.iter().filter_map(|case| case.practice.clone());
        let kept = self
            .backend
            .get()?
            .practices_of_caller(caller.as_str().to_owned(), SAID);
        for practice in said.chain(kept.await?) {
            if !practices.contains(&practice) && practices.len() < SAID {
                practices.push(practice);
            }
        }
        Ok(practices)
    }

    /// How everybody's phones have answered, by person and kind.
    pub async fn phone_uses(&self) -> Result<Vec<PhoneUse>, StoreError> {
        self.backend.get()?.phone_uses().await
    }

    /// Who may ask.
    pub fn users(&self) -> Result<&dyn UserStorage, StoreError> {
        self.backend.get()?.user_storage()
    }

    /// Keeps who did what.
    pub async fn audit(&self, entry: AuditEntry) -> Result<(), StoreError> {
        self.backend.get()?.audit(entry).await
    }

    /// How the store is.
    pub fn health(&self) -> Health {
        self.live.health()
    }

    /// Reads cases from the database, each readable or not.
    pub(crate) async fn load(
        &self,
        ids: &[CaseId],
    ) -> Result<BTreeMap<CaseId, Result<Case, StoreError>>, StoreError> {
        let rows = self.backend.get()?.load(ids.to_vec()).await?;
        Ok(rows.iter().map(|row| (row.id, row.read())).collect())
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store")
            .field("health", &self.health())
            .finish()
    }
}
