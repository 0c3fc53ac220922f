//! Stories of migrations: a database of every version, with data in it, is brought to this one.
//!
//! What an older version had is made by its own migrations and filled, table by table, from a
//! database of this version; then it is opened as the service opens it. Whatever was in it is
//! there, and what newer tables derive from it is what this version would have written. PostgreSQL
//! came with version 5: nobody has an older one.

use jiff::Timestamp;
use rotaline_model::{NodeId, PersonId};
use sqlx::migrate::Migrator;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};
use tempfile::TempDir;

use crate::conformance::reports::cases;
use crate::conformance_desk::errand;
use crate::plan::{ChangeSet, Expected, PlanChange};
use crate::stories::case_id;
use crate::{
    Action, AuditEntry, CaseRow, Commit, PostgresStorage, SqliteStorage, Storage, StoreError,
};

static SQLITE: Migrator = sqlx::migrate!("./migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("./migrations/postgres");
const FIRST_OF_POSTGRES: i64 = 5;
/// Tables that are filled from what there was when they came.
const DERIVED: [&str; 3] = ["audit_log", "report_attempts", "report_calls"];
/// Tables that are no more, and what has their rows now.
const REPLACED: [(&str, &str); 1] = [("audit", "audit_log")];

#[test]
fn whoever_adds_a_migration_adds_it_to_both_folders() {
    let names = |migrator: &'static Migrator| {
        let each = migrator.iter().map(|it| (it.version, &*it.description));
        each.collect::<Vec<_>>()
    };
    assert_eq!(names(&SQLITE), names(&POSTGRES));
}

#[tokio::test]
async fn a_file_of_every_version_is_brought_to_this_one_with_all_that_is_in_it() {
    let folder = TempDir::new().unwrap();
    let later = folder.path().join("later.db");
    let storage = SqliteStorage::open(&later).await.unwrap();
    fill(&storage).await.unwrap();
    storage.close().await;
    for version in SQLITE.iter().map(|it| it.version) {
        let file = folder.path().join(format!("{version}.db"));
        let connect = async || {
            let options = SqliteConnectOptions::new().filename(&file);
            let options = options.create_if_missing(true);
            let mut old = SqliteConnection::connect_with(&options).await.unwrap();
            let attach = format!("ATTACH '{}' AS later", later.display());
            sqlx::query(AssertSqlSafe(attach))
                .execute(&mut old)
                .await
                .unwrap();
            old
        };
        let tables = async |old: &mut SqliteConnection, schema: &str| -> Vec<String> {
            let list = format!(
                "SELECT name FROM {schema}.sqlite_schema WHERE type = 'table' \
                 AND name NOT LIKE 'sqlite%' AND name NOT LIKE '_sqlx%' ORDER BY name"
            );
            let list = sqlx::query_scalar(AssertSqlSafe(list));
            list.fetch_all(old).await.unwrap()
        };
        let mut old = connect().await;
        up_to(&SQLITE, version).run(&mut old).await.unwrap();
        let there = tables(&mut old, "main").await;
        for table in &there {
            let columns: String =
                sqlx::query_scalar("SELECT group_concat(name, ', ') FROM pragma_table_info($1)")
                    .bind(table)
                    .fetch_one(&mut old)
                    .await
                    .unwrap();
            let now = now_called(table);
            let copy =
                format!("INSERT INTO main.{table} ({columns}) SELECT {columns} FROM later.{now}");
            let copied = sqlx::query(AssertSqlSafe(copy)).execute(&mut old).await;
            let copied = copied.unwrap().rows_affected();
            assert!(copied > 0 || is_empty(table), "{table}");
        }
        old.close().await.unwrap();

        SqliteStorage::open(&file).await.unwrap().close().await;
        let mut new = connect().await;
        for table in tables(&mut new, "later").await {
            if there.contains(&table) || DERIVED.contains(&&*table) {
                let differing: i64 =
                    sqlx::query_scalar(AssertSqlSafe(differing("main", "later", &table)))
                        .fetch_one(&mut new)
                        .await
                        .unwrap();
                assert_eq!(differing, 0, "{table}, from version {version}");
            }
        }
        new.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_postgres_of_every_version_is_brought_to_this_one_with_all_that_is_in_it() {
    let url = rotaline_testkit::postgres::fresh();
    let in_schema = |schema: &str| {
        let options: PgConnectOptions = url.parse().unwrap();
        options.options([("search_path", schema)])
    };
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let mut run = async |statement: String| {
        let run = sqlx::query(AssertSqlSafe(statement)).execute(&mut connection);
        run.await.unwrap().rows_affected()
    };
    run("CREATE SCHEMA later".to_owned()).await;
    let storage = PostgresStorage::open(in_schema("later")).await.unwrap();
    fill(&storage).await.unwrap();
    storage.close().await;
    let versions = POSTGRES.iter().map(|it| it.version);
    for version in versions.filter(|version| *version >= FIRST_OF_POSTGRES) {
        let schema = format!("version_{version}");
        run(format!("CREATE SCHEMA {schema}")).await;
        let mut old = PgConnection::connect_with(&in_schema(&schema))
            .await
            .unwrap();
        up_to(&POSTGRES, version).run(&mut old).await.unwrap();
        let tables = "SELECT table_name::text, string_agg(quote_ident(column_name), ', ') \
            FROM information_schema.columns \
            WHERE table_schema = $1 AND table_name NOT LIKE '\\_sqlx%' GROUP BY 1 ORDER BY 1";
        let there: Vec<(String, String)> = sqlx::query_as(tables)
            .bind(&schema)
            .fetch_all(&mut old)
            .await
            .unwrap();
        assert!(!there.is_empty());
        for (table, columns) in &there {
            let now = now_called(table);
            let copied = run(format!(
                "INSERT INTO {schema}.{table} ({columns}) OVERRIDING SYSTEM VALUE \
                 SELECT {columns} FROM later.{now}"
            ));
            assert!(copied.await > 0 || is_empty(table), "{table}");
        }
        let storage = PostgresStorage::open(in_schema(&schema)).await.unwrap();
        storage.close().await;
        for table in there.iter().map(|(table, _)| now_called(table)) {
            let differing: i64 =
                sqlx::query_scalar(AssertSqlSafe(differing(&schema, "later", table)))
                    .fetch_one(&mut old)
                    .await
                    .unwrap();
            assert_eq!(differing, 0, "{table}, from version {version}");
        }
    }
}

fn now_called(table: &str) -> &str {
    let replaced = REPLACED.iter().find(|(before, _)| *before == table);
    replaced.map_or(table, |(_, now)| now)
}

/// No story of [`cases`] leaves a request or is assigned to a practice by hand; nobody logs in.
fn is_empty(table: &str) -> bool {
    let access = ["users", "grants", "sessions", "api_tokens"];
    access.contains(&table) || ["requests", "assignments"].contains(&table)
}

/// A service's migrations when it was of that version.
fn up_to(migrator: &'static Migrator, version: i64) -> Migrator {
    let earlier = migrator.iter().filter(|it| it.version <= version);
    Migrator::with_migrations(earlier.cloned().collect())
}

/// How many rows only one of them has.
fn differing(one: &str, other: &str, table: &str) -> String {
    let rows = |schema: &str| format!("SELECT * FROM {schema}.{table}");
    let (one, other) = (rows(one), rows(other));
    format!(
        "SELECT (SELECT count(*) FROM (SELECT * FROM ({one}) AS a EXCEPT {other}) AS b) \
              + (SELECT count(*) FROM (SELECT * FROM ({other}) AS c EXCEPT {one}) AS d)"
    )
}

/// Something in every table.
async fn fill(storage: &dyn Storage) -> Result<(), StoreError> {
    let mut cases = cases();
    for case in &mut cases {
        // It came after the tables of reports; no older case has it.
        case.genders.clear();
    }
    let rows: Result<Vec<CaseRow>, StoreError> = cases.iter().map(CaseRow::render).collect();
    let commit = Commit {
        cases: rows?,
        cursor: Some((NodeId(1), "a:1".to_owned())),
    };
    storage.write(commit).await?;
    let at = Timestamp::from_second(1_790_000_000).unwrap();
    let change = |id: &str, expected| PlanChange {
        key: ("person".to_owned(), id.to_owned()),
        body: Some("name = \"Ann\"".to_owned()),
        expected,
    };
    for (revision, expected) in [(0, Expected::Absent), (1, Expected::Anything)] {
        let set = ChangeSet {
            changes: vec![change("ann", expected)],
            checked_against: revision,
            at,
            by: "token".to_owned(),
        };
        storage.change_plan(set).await?;
    }
    let entry = AuditEntry {
        at,
        who: "token".to_owned(),
        action: Action::RecordingFetched,
        case: Some(case_id(1)),
        organisation: cases[0].organisation.clone(),
        object: "case.wav".to_owned(),
        reason: None,
    };
    storage.audit(entry).await?;
    let ann = PersonId::parse("ann").unwrap();
    storage.add_errand(errand(1, 1), 9).await?;
    storage.set_pin(ann.clone(), [1; 32]).await?;
    storage.set_pause(ann, Some(at)).await
}
