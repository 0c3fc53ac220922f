//! SQLite, embedded: the default.
//!
//! WAL with `synchronous = NORMAL`: a commit does not wait for the disk. After a power cut the
//! database may lack its last commits, but it is whole, and its cursor says from where the
//! journal (which did wait) is read again. One connection writes; a few others only read.
//!
//! Rows go in by statements of many rows at a time: each statement costs a trip to the
//! connection's thread, which for single rows would be the greater part of the whole cost.

mod desk;
mod figures;
mod plan;
mod reports;
mod sight;
mod users;

use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use jiff::Timestamp;
use rotaline_model::{CaseId, NodeId};
use sqlx::error::DatabaseError;
use sqlx::query::Query;
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteError, SqliteJournalMode, SqlitePool,
    SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{AssertSqlSafe, ConnectOptions, QueryBuilder, Row, Sqlite, SqliteConnection};
use uuid::Uuid;

use crate::plan::{ChangeSet, Changed, HistoryQuery, PlanRows, PlanVersion};
use crate::storage::LOAD_BOUND;
use crate::{
    AssignmentRow, AttemptRow, AuditEntry, CallQuery, CaseRow, CaseState, Commit, OutcomeFilter,
    Pending, PracticeFilter, RequestRow, Storage, StoreError, StoredCase, UserStorage,
};

/// Connections that only read.
const READERS: u32 = 4;
/// How long a question waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// Rows that one statement inserts; each size is one prepared statement.
const ROWS_A_STATEMENT: [usize; 3] = [32, 8, 1];

/// The embedded database.
#[derive(Clone, Debug)]
pub struct SqliteStorage {
    writer: SqlitePool,
    readers: SqlitePool,
}

impl SqliteStorage {
    /// Opens the database file, made (for its owner only) if it is not there, and brings its
    /// tables to this version.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        make_private(path)?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .pragma("journal_size_limit", "67108864")
            .pragma("temp_store", "memory")
            .busy_timeout(ACQUIRE_TIMEOUT)
            .disable_statement_logging();
        let pool = SqlitePoolOptions::new()
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false);
        let writer = pool
            .clone()
            .max_connections(1)
            .connect_with(options.clone())
            .await?;
        sqlx::migrate!("./migrations/sqlite").run(&writer).await?;
        let readers = pool
            .max_connections(READERS)
            .connect_with(options.read_only(true))
            .await?;
        Ok(SqliteStorage { writer, readers })
    }

    /// Opens a database that is there, to be read alone: nothing in it is changed, its tables
    /// included, so that a question by another version does no harm. None: it is of a version that
    /// kept no plan in it.
    pub async fn open_to_read(path: &Path) -> Result<Option<Self>, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .read_only(true)
            .busy_timeout(ACQUIRE_TIMEOUT)
            .disable_statement_logging();
        let readers = SqlitePoolOptions::new()
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .max_connections(1)
            .connect_with(options)
            .await?;
        let plan = "SELECT count(*) FROM sqlite_schema WHERE name = 'plan_history'";
        let plans: i64 = sqlx::query_scalar(plan).fetch_one(&readers).await?;
        if plans == 0 {
            readers.close().await;
            return Ok(None);
        }
        let writer = readers.clone();
        Ok(Some(SqliteStorage { writer, readers }))
    }

    /// Closes it, its write-ahead log folded in.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    async fn write_all(&self, commit: Commit) -> Result<(), StoreError> {
        let mut transaction = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        let (mut attempts, mut requests) = (Vec::new(), Vec::new());
        let mut assignments = Vec::new();
        let mut cases = Vec::with_capacity(commit.cases.len());
        let (mut lines, mut attempt_lines) = (Vec::with_capacity(cases.capacity()), Vec::new());
        for mut case in commit.cases {
            let id = case.id;
            attempts.extend(case.attempts.drain(..).map(|attempt| (id, attempt)));
            requests.extend(case.requests.drain(..).map(|request| (id, request)));
            attempt_lines.append(&mut case.attempt_lines);
            lines.push(case.line.clone());
            assignments.extend(case.assignment.take().map(|it| (id, it)));
            cases.push(case);
        }
        insert(&mut transaction, &CASES, cases, bind_case).await?;
        insert(&mut transaction, &ATTEMPTS, attempts, bind_attempt).await?;
        insert(&mut transaction, &REQUESTS, requests, bind_request).await?;
        insert(&mut transaction, &reports::CALLS, lines, reports::bind_call).await?;
        let upsert = &reports::ATTEMPTS;
        insert(
            &mut transaction,
            upsert,
            attempt_lines,
            reports::bind_attempt,
        )
        .await?;
        insert(&mut transaction, &ASSIGNMENTS, assignments, bind_assignment).await?;
        if let Some((node, position)) = commit.cursor {
            sqlx::query(
                "INSERT INTO cursors (node, position) VALUES (?, ?)
                 ON CONFLICT (node) DO UPDATE SET position = excluded.position",
            )
            .bind(i64::from(node.0))
            .bind(position)
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(())
    }
}

impl Storage for SqliteStorage {
    fn cursor(&self, node: NodeId) -> Pending<'_, Option<String>> {
        Box::pin(async move {
            let position = sqlx::query_scalar("SELECT position FROM cursors WHERE node = ?")
                .bind(i64::from(node.0))
                .fetch_optional(&self.readers)
                .await?;
            Ok(position)
        })
    }

    fn newest_opening(&self) -> Pending<'_, Option<Timestamp>> {
        Box::pin(async move {
            let newest: Option<i64> = sqlx::query_scalar("SELECT max(opened_us) FROM cases")
                .fetch_one(&self.readers)
                .await?;
            Ok(newest.and_then(|us| Timestamp::from_microsecond(us).ok()))
        })
    }

    fn write(&self, commit: Commit) -> Pending<'_, ()> {
        Box::pin(self.write_all(commit))
    }

    fn load(&self, ids: Vec<CaseId>) -> Pending<'_, Vec<StoredCase>> {
        Box::pin(async move {
            debug_assert!(ids.len() <= LOAD_BOUND);
            let mut query = QueryBuilder::<Sqlite>::new("SELECT id, body FROM cases WHERE id IN (");
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
        Box::pin(async move {
            let rows = listing(query).build().fetch_all(&self.readers).await?;
            rows.iter().map(stored_case).collect()
        })
    }

    fn user_storage(&self) -> Result<&dyn UserStorage, StoreError> {
        Ok(self)
    }

    fn audit(&self, entry: AuditEntry) -> Pending<'_, ()> {
        Box::pin(async move {
            let mut connection = self.writer.acquire().await?;
            users::write_audit(&mut connection, entry).await
        })
    }

    fn audited(&self, case: CaseId) -> Pending<'_, Vec<AuditEntry>> {
        Box::pin(async move {
            let rows = sqlx::query("SELECT * FROM audit_log WHERE case_id = ? ORDER BY id")
                .bind(case.uuid())
                .fetch_all(&self.readers)
                .await?;
            rows.iter()
                .filter_map(|row| users::audit_entry(row).transpose())
                .collect()
        })
    }

    fn plan(&self) -> Pending<'_, PlanRows> {
        Box::pin(self.read_plan())
    }

    fn plan_revision(&self) -> Pending<'_, u64> {
        Box::pin(self.read_plan_revision())
    }

    fn change_plan(&self, set: ChangeSet) -> Pending<'_, Changed> {
        Box::pin(self.write_plan(set))
    }

    fn plan_history(&self, query: HistoryQuery) -> Pending<'_, Vec<PlanVersion>> {
        Box::pin(self.read_plan_history(query))
    }

    fn plan_before(&self, revision: u64) -> Pending<'_, Vec<PlanVersion>> {
        Box::pin(self.read_plan_before(revision))
    }
}

/// Whether SQLite says that its file is none of its own, or not whole: its results 11 and 26.
pub(crate) fn is_damage(error: &sqlx::Error) -> bool {
    matches!(result(error), Some(11 | 26))
}

/// Whether SQLite says that somebody else has the file or a table: its results 5 and 6.
pub(crate) fn is_lock(error: &sqlx::Error) -> bool {
    matches!(result(error), Some(5 | 6))
}

/// SQLite's result: the low byte of an extended code.
fn result(error: &sqlx::Error) -> Option<u32> {
    let error = error.as_database_error()?;
    let code = error.try_downcast_ref::<SqliteError>()?.code()?;
    Some(code.parse::<u32>().ok()? & 0xFF)
}

fn make_private(path: &Path) -> Result<(), std::io::Error> {
    use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
    }
    // SQLite gives its -wal and -shm the same permissions.
    std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)?;
    Ok(())
}

/// An upsert of one table, for each of [`ROWS_A_STATEMENT`].
struct Upsert(Vec<(usize, Arc<str>)>);

impl Upsert {
    fn new(table: &str, columns: &str, conflict: &str) -> Self {
        let marks = vec!["?"; columns.split(',').count()].join(", ");
        let statement = |rows: usize| {
            let values = vec![format!("({marks})"); rows].join(", ");
            let text = format!("INSERT INTO {table} ({columns}) VALUES {values} {conflict}");
            (rows, Arc::from(text))
        };
        Upsert(ROWS_A_STATEMENT.map(statement).into())
    }
}

static CASES: LazyLock<Upsert> = LazyLock::new(|| {
    Upsert::new(
        "cases",
        "id, node, opened_us, closed_us, organisation, practice, area, specialty, specialist, \
         outcome, end_cause, refs, wait_ms, talk_ms, body",
        "ON CONFLICT (id) DO UPDATE SET closed_us = excluded.closed_us, \
         organisation = excluded.organisation, practice = excluded.practice, \
         area = excluded.area, specialty = excluded.specialty, \
         specialist = excluded.specialist, outcome = excluded.outcome, \
         end_cause = excluded.end_cause, refs = excluded.refs, wait_ms = excluded.wait_ms, \
         talk_ms = excluded.talk_ms, body = excluded.body",
    )
});

static ATTEMPTS: LazyLock<Upsert> = LazyLock::new(|| {
    Upsert::new(
        "attempts",
        "case_id, number, person, phone, round, started_us, answered_us, joined_us, ring_ms, \
         result",
        "ON CONFLICT (case_id, number) DO UPDATE SET answered_us = excluded.answered_us, \
         joined_us = excluded.joined_us, ring_ms = excluded.ring_ms, result = excluded.result",
    )
});

static REQUESTS: LazyLock<Upsert> = LazyLock::new(|| {
    Upsert::new(
        "requests",
        "id, case_id, organisation, state, at_us",
        "ON CONFLICT (id) DO UPDATE SET state = excluded.state",
    )
});

static ASSIGNMENTS: LazyLock<Upsert> = LazyLock::new(|| {
    Upsert::new(
        "assignments",
        "case_id, caller, practice, at_us",
        "ON CONFLICT (case_id) DO UPDATE SET practice = excluded.practice, at_us = excluded.at_us",
    )
});

type Bound = Query<'static, Sqlite, SqliteArguments>;

async fn insert<T>(
    connection: &mut SqliteConnection,
    upsert: &Upsert,
    rows: Vec<T>,
    bind: fn(Bound, T) -> Bound,
) -> Result<(), StoreError> {
    let mut left = rows.len();
    let mut rows = rows.into_iter();
    for (size, statement) in &upsert.0 {
        while left >= *size {
            let mut query = sqlx::query(AssertSqlSafe(Arc::clone(statement)));
            for row in rows.by_ref().take(*size) {
                query = bind(query, row);
            }
            query.execute(&mut *connection).await?;
            left -= *size;
        }
    }
    Ok(())
}

fn bind_case(query: Bound, row: CaseRow) -> Bound {
    query
        .bind(row.id.uuid())
        .bind(i64::from(row.node.0))
        .bind(row.opened_us)
        .bind(row.closed_us)
        .bind(row.organisation)
        .bind(row.practice)
        .bind(row.area)
        .bind(row.specialty)
        .bind(row.specialist)
        .bind(row.outcome)
        .bind(row.end_cause)
        .bind(row.refs)
        .bind(row.wait_ms)
        .bind(row.talk_ms)
        .bind(row.body)
}

fn bind_attempt(query: Bound, (case, row): (CaseId, AttemptRow)) -> Bound {
    query
        .bind(case.uuid())
        .bind(row.number)
        .bind(row.person)
        .bind(row.phone)
        .bind(row.round)
        .bind(row.started_us)
        .bind(row.answered_us)
        .bind(row.joined_us)
        .bind(row.ring_ms)
        .bind(row.result)
}

fn bind_request(query: Bound, (case, row): (CaseId, RequestRow)) -> Bound {
    query
        .bind(row.id.uuid())
        .bind(case.uuid())
        .bind(row.organisation)
        .bind(row.state)
        .bind(row.at_us)
}

fn bind_assignment(query: Bound, (case, row): (CaseId, AssignmentRow)) -> Bound {
    query
        .bind(case.uuid())
        .bind(row.caller)
        .bind(row.practice)
        .bind(row.at_us)
}

fn listing(query: CallQuery) -> QueryBuilder<Sqlite> {
    let mut sql = QueryBuilder::new("SELECT id, body FROM cases c WHERE 1");
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
            sql.push(" AND outcome = ").push_bind(outcome);
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

fn stored_case(row: &SqliteRow) -> Result<StoredCase, StoreError> {
    let id: Uuid = row.try_get("id")?;
    Ok(StoredCase {
        id: id.into(),
        body: row.try_get("body")?,
    })
}
