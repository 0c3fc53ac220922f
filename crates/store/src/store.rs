//! What the API asks: lists, single cases, whether a change has arrived, and the audit.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rotaline_model::CaseId;
use rotaline_record::{Case, Origin};

use crate::live::{Health, Live};
use crate::{AuditEntry, CallQuery, Completeness, Limit, Page, Position, Storage, StoreError};

/// The calls, in memory and in the database, as one.
#[derive(Clone)]
pub struct Store {
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) live: Arc<Live>,
}

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
            let rows = self.storage.list(query.clone()).await?;
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

    /// One case; none: there is no such case.
    pub async fn case(&self, id: CaseId) -> Result<Option<Arc<Case>>, StoreError> {
        if let Some(case) = self.live.case(id) {
            return Ok(Some(case));
        }
        let rows = self.storage.load(vec![id]).await?;
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

    /// Keeps who did what.
    pub async fn audit(&self, entry: AuditEntry) -> Result<(), StoreError> {
        self.storage.audit(entry).await
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
        let rows = self.storage.load(ids.to_vec()).await?;
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
