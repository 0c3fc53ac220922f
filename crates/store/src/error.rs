//! Why the database did not do what it was asked.

use rotaline_model::CaseId;

/// Why a request to the database failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It could not be opened since the start, which is tried again and again.
    #[error("the database is not open yet")]
    NotOpen,
    /// Away, locked, full, or refusing.
    #[error("the database failed: {0}")]
    Database(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Its tables cannot be brought to this version.
    #[error("the database could not be migrated: {0}")]
    Migration(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The file or its folder cannot be made.
    #[error("the database file could not be made: {0}")]
    File(#[from] std::io::Error),
    /// A case's body is not what this version reads.
    // What serde says repeats what is there, names and numbers: where it is, is enough.
    #[error("case {case} is unreadable: {:?} at column {}", source.classify(), source.column())]
    Unreadable {
        /// The case.
        case: CaseId,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// An errand cannot be written, or is not what this version reads.
    #[error("an errand is unreadable: {:?} at column {}", .0.classify(), .0.column())]
    Errand(#[source] serde_json::Error),
}

impl StoreError {
    pub(crate) fn unwritable(error: serde_json::Error) -> Self {
        StoreError::Errand(error)
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        StoreError::Database(Box::new(error))
    }
}

impl From<sqlx::migrate::MigrateError> for StoreError {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        StoreError::Migration(Box::new(error))
    }
}
