//! Why the database did not do what it was asked.
//!
//! Each text says the whole, what the database itself said included, so none has a source that
//! would say it again.

use rotaline_model::CaseId;

/// What a database or a migration says.
type Said = Box<dyn std::error::Error + Send + Sync>;

/// Why a request to the database failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It could not be opened since the start, which is tried again and again.
    #[error("the database is not open yet")]
    NotOpen,
    /// Away, locked, full, or refusing.
    #[error("the database failed: {0}")]
    Database(Said),
    /// What is in its files makes no sense to it. That does not pass by itself.
    #[error("the database is damaged: {0}")]
    Damaged(Said),
    /// Its tables cannot be brought to this version.
    #[error("the database could not be migrated: {0}")]
    Migration(Said),
    /// The file or its folder cannot be made.
    #[error("the database file could not be made: {0}")]
    File(std::io::Error),
    /// A case's body is not what this version reads.
    // What serde says repeats what is there, names and numbers: where it is, is enough.
    #[error("case {case} is unreadable: {:?} at column {}", fault.classify(), fault.column())]
    Unreadable {
        /// The case.
        case: CaseId,
        /// What is wrong with it.
        fault: serde_json::Error,
    },
    /// An errand cannot be written, or is not what this version reads.
    #[error("an errand is unreadable: {:?} at column {}", .0.classify(), .0.column())]
    Errand(serde_json::Error),
}

impl StoreError {
    pub(crate) fn unwritable(error: serde_json::Error) -> Self {
        StoreError::Errand(error)
    }
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        StoreError::File(error)
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        if crate::sqlite::is_damage(&error) {
            StoreError::Damaged(Box::new(error))
        } else {
            StoreError::Database(Box::new(error))
        }
    }
}

impl From<sqlx::migrate::MigrateError> for StoreError {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        use sqlx::migrate::MigrateError;

        match error {
            // It was not about the tables: the database was away meanwhile, or is damaged.
            MigrateError::Execute(error) => StoreError::from(error),
            MigrateError::ExecuteMigration(error, _) if crate::sqlite::is_lock(&error) => {
                StoreError::from(error)
            }
            other => StoreError::Migration(Box::new(other)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::*;

    #[test]
    fn what_the_database_said_is_said_once() {
        let error = StoreError::from(sqlx::Error::PoolTimedOut);
        assert!(error.to_string().contains("timed out"), "{error}");
        assert!(error.source().is_none());
    }

    #[tokio::test]
    async fn a_file_that_is_no_database_is_damaged_and_not_away() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.db");
        std::fs::write(&file, "a letter".repeat(200)).unwrap();
        let opened = crate::SqliteStorage::open(&file).await;
        assert!(matches!(opened, Err(StoreError::Damaged(_))), "{opened:?}");
    }
}
