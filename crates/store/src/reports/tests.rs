//! Lines by way of the store, and lines of cases that were there before there were lines.

use sqlx::{AssertSqlSafe, Connection, Executor, SqliteConnection};
use tempfile::TempDir;

use crate::conformance::reports::cases;
use crate::{AttemptLine, AttemptQuery, CallLine, CaseRow, Commit, LineQuery, Storage};
use crate::{ReportStorage, SqliteStorage};

const MIGRATION: &str = include_str!("../../migrations/sqlite/0004_reports.sql");

#[tokio::test]
async fn cases_that_were_there_before_have_their_lines() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("rotaline.db");
    let storage = SqliteStorage::open(&path).await.unwrap();
    let mut cases = cases();
    // Nobody could give one then.
    cases.iter_mut().for_each(|case| case.genders.clear());
    let rows = cases.iter().map(|case| CaseRow::render(case).unwrap());
    let commit = Commit {
        cases: rows.collect(),
        cursor: None,
    };
    storage.write(commit).await.unwrap();
    storage.close().await;

    // As it was before the migration, but for the empty tables.
    let url = format!("sqlite:{}", path.display());
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    let emptied = "DELETE FROM report_calls; DELETE FROM report_attempts;";
    connection.execute(emptied).await.unwrap();
    let (_, filling) = MIGRATION
        .split_once("-- The cases that there are.")
        .unwrap();
    connection.execute(AssertSqlSafe(filling)).await.unwrap();
    connection.close().await.unwrap();

    let storage = SqliteStorage::open(&path).await.unwrap();
    let mut expected: Vec<CallLine> = cases.iter().map(CallLine::of).collect();
    let mut found = storage.call_lines(LineQuery::default(), 100).await.unwrap();
    expected.sort_by_key(|line| line.case);
    found.sort_by_key(|line| line.case);
    assert_eq!(found, expected);

    let of = |case| move |attempt| AttemptLine::of(case, attempt);
    let attempts = cases
        .iter()
        .flat_map(|case| case.attempts.iter().map(of(case)));
    let mut expected: Vec<AttemptLine> = attempts.collect();
    let query = AttemptQuery {
        bound: 1_000,
        ..AttemptQuery::default()
    };
    let mut found = storage.attempt_lines(query).await.unwrap();
    expected.sort_by_key(|line| (line.case, line.number));
    found.sort_by_key(|line| (line.case, line.number));
    assert_eq!(found, expected);
}
