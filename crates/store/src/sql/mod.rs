//! The statements, written once for SQLite and PostgreSQL.
//!
//! This folder is a module of either backend: it is compiled below `sqlite` and below `postgres`,
//! and sees as `dialect` what the one or the other says of types, locks, JSON and the few words
//! that differ. So each statement stands once, as plain text in plain code, and a statement that
//! only one of the two understands fails in the conformance suite of the other.

mod desk;
mod figures;
mod plan;
mod reports;
mod rows;
mod sight;
mod users;

use jiff::Timestamp;
use rotaline_model::{CaseId, NodeId};
use sqlx::{QueryBuilder, Row as _};
use uuid::Uuid;

use super::dialect;
use crate::plan::{ChangeSet, Changed, HistoryQuery, PlanRows, PlanVersion};
use crate::storage::{Closing, LOAD_BOUND};
use crate::{
    AuditEntry, CallQuery, CaseState, Commit, OutcomeFilter, Pending, PracticeFilter, Storage,
    StoreError, StoredCase, UserStorage,
};
use dialect::{Db, Row, Tables, bounded, json_of, text};

impl Storage for Tables {
    fn cursor(&self, node: NodeId) -> Pending<'_, Option<String>> {
        bounded(async move {
            let position = sqlx::query_scalar("SELECT position FROM cursors WHERE node = $1")
                .bind(i64::from(node.0))
                .fetch_optional(&self.readers)
                .await?;
            Ok(position)
        })
    }

    fn newest_opening(&self) -> Pending<'_, Option<Timestamp>> {
        bounded(async move {
            let newest: Option<i64> = sqlx::query_scalar("SELECT max(opened_us) FROM cases")
                .fetch_one(&self.readers)
                .await?;
            Ok(newest.and_then(|us| Timestamp::from_microsecond(us).ok()))
        })
    }

    fn write(&self, commit: Commit) -> Pending<'_, ()> {
        bounded(self.write_all(commit))
    }

    fn load(&self, ids: Vec<CaseId>) -> Pending<'_, Vec<StoredCase>> {
        bounded(async move {
            debug_assert!(ids.len() <= LOAD_BOUND);
            if ids.is_empty() {
                return Ok(Vec::new());
            }
            let mut query = QueryBuilder::<Db>::new("SELECT id, body FROM cases WHERE id IN (");
            let mut list = query.separated(", ");
            for id in &ids {
                list.push_bind(id.uuid());
            }
            query.push(")");
            let rows = query.build().fetch_all(&self.readers).await?;
            rows.iter().map(stored_case).collect()
        })
    }

    fn list(&self, query: CallQuery) -> Pending<'_, Vec<StoredCase>> {
        bounded(async move {
            let rows = listing(query).build().fetch_all(&self.readers).await?;
            rows.iter().map(stored_case).collect()
        })
    }

    fn user_storage(&self) -> Result<&dyn UserStorage, StoreError> {
        Ok(self)
    }

    fn audit(&self, entry: AuditEntry) -> Pending<'_, ()> {
        bounded(async move {
            let mut connection = self.writer.acquire().await?;
            users::write_audit(&mut connection, entry).await
        })
    }

    fn audited(&self, case: CaseId) -> Pending<'_, Vec<AuditEntry>> {
        bounded(async move {
            let rows = sqlx::query("SELECT * FROM audit_log WHERE case_id = $1 ORDER BY id")
                .bind(case.uuid())
                .fetch_all(&self.readers)
                .await?;
            rows.iter()
                .filter_map(|row| users::audit_entry(row).transpose())
                .collect()
        })
    }

    fn plan(&self) -> Pending<'_, PlanRows> {
        bounded(self.read_plan())
    }

    fn plan_revision(&self) -> Pending<'_, u64> {
        bounded(self.read_plan_revision())
    }

    fn change_plan(&self, set: ChangeSet) -> Pending<'_, Changed> {
        bounded(self.write_plan(set))
    }

    fn plan_history(&self, query: HistoryQuery) -> Pending<'_, Vec<PlanVersion>> {
        bounded(self.read_plan_history(query))
    }

    fn plan_before(&self, revision: u64) -> Pending<'_, Vec<PlanVersion>> {
        bounded(self.read_plan_before(revision))
    }

    fn close(&self) -> Closing<'_> {
        Box::pin(async move {
            self.readers.close().await;
            self.writer.close().await;
        })
    }
}

fn listing(query: CallQuery) -> QueryBuilder<Db> {
    let mut sql = QueryBuilder::new("SELECT id, body FROM cases c WHERE TRUE");
    sight::within(&mut sql, &query.sight, "c", "id");
    if let Some(from) = query.from {
        sql.push(" AND opened_us >= ")
            .push_bind(from.as_microsecond());
    }
    if let Some(to) = query.to {
        sql.push(" AND opened_us < ").push_bind(to.as_microsecond());
    }
    if let Some(specialty) = query.specialty {
        sql.push(" AND specialty = ")
            .push_bind(String::from(specialty));
    }
    match query.practice {
        Some(PracticeFilter::Is(practice)) => {
            sql.push(" AND practice = ")
                .push_bind(String::from(practice));
        }
        Some(PracticeFilter::Unknown) => {
            sql.push(" AND practice IS NULL");
        }
        None => {}
    }
    if let Some(person) = query.person {
        sql.push(" AND specialist = ")
            .push_bind(String::from(person));
    }
    match query.outcome {
        Some(OutcomeFilter::Is(outcome)) => {
            sql.push(" AND outcome = ").push_bind(text(outcome));
        }
        Some(OutcomeFilter::Missing) => {
            sql.push(" AND outcome IS NULL");
        }
        None => {}
    }
    match query.state {
        Some(CaseState::Open) => {
            sql.push(" AND closed_us IS NULL");
        }
        Some(CaseState::Closed) => {
            sql.push(" AND closed_us IS NOT NULL");
        }
        None => {}
    }
    if let Some(after) = query.after {
        sql.push(" AND (opened_us, id) < (")
            .push_bind(after.opened_us)
            .push(", ")
            .push_bind(after.case.uuid())
            .push(")");
    }
    let limit = i64::try_from(query.limit.get()).unwrap_or(i64::MAX);
    sql.push(" ORDER BY opened_us DESC, id DESC LIMIT ")
        .push_bind(limit);
    sql
}

fn stored_case(row: &Row) -> Result<StoredCase, StoreError> {
    let id: Uuid = row.try_get("id")?;
    Ok(StoredCase {
        id: id.into(),
        body: json_of(row, "body")?.unwrap_or_default(),
    })
}
