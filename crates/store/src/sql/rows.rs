//! Cases as they are written: rows go in by statements of many rows at a time. Each statement costs
//! a trip to the database, which for single rows would be the greater part of the whole cost.

use std::sync::{Arc, LazyLock};

use rotaline_model::CaseId;
use sqlx::AssertSqlSafe;
use sqlx::query::Query;

use super::dialect::{self, Arguments, Connection, Db, Tables, json, mark, text};
use super::reports;
use crate::{AssignmentRow, AttemptRow, CaseRow, Commit, RequestRow, StoreError};

/// Rows that one statement inserts; each size is one prepared statement.
const ROWS_A_STATEMENT: [usize; 3] = [32, 8, 1];

impl Tables {
    pub(super) async fn write_all(&self, commit: Commit) -> Result<(), StoreError> {
        let mut transaction = dialect::begin(&self.writer).await?;
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
                "INSERT INTO cursors (node, position) VALUES ($1, $2)
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

/// An upsert of one table, for each of [`ROWS_A_STATEMENT`].
pub(super) struct Upsert(Vec<(usize, Arc<str>)>);

impl Upsert {
    pub(super) fn new(table: &str, columns: &str, conflict: &str) -> Self {
        let width = columns.split(',').count();
        let statement = |rows: usize| {
            let row = |row: usize| {
                let marks = (1..=width).map(|column| mark(row * width + column));
                format!("({})", marks.collect::<Vec<_>>().join(", "))
            };
            let values = (0..rows).map(row).collect::<Vec<_>>().join(", ");
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

pub(super) type Bound = Query<'static, Db, Arguments>;

async fn insert<T>(
    connection: &mut Connection,
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
        .bind(row.area.map(text))
        .bind(row.specialty)
        .bind(row.specialist)
        .bind(row.outcome.map(text))
        .bind(row.end_cause)
        .bind(row.refs)
        .bind(row.wait_ms)
        .bind(row.talk_ms)
        .bind(json(row.body))
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
