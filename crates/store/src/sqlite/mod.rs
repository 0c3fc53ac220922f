//! SQLite, embedded: the default.
//!
//! WAL with `synchronous = NORMAL`: a commit does not wait for the disk. After a power cut the
//! database may lack its last commits, but it is whole, and its cursor says from where the
//! journal (which did wait) is read again. One connection writes; a few others only read.

mod dialect;
#[path = "../sql/mod.rs"]
#[expect(
    clippy::duplicate_mod,
    reason = "compiled for each dialect; see its head"
)]
mod sql;

use std::path::Path;
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::error::DatabaseError;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteError, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};

use crate::StoreError;

/// Connections that only read.
const READERS: u32 = 4;
/// How long a question waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

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
