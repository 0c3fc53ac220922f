//! PostgreSQL, for when one machine is not enough.
//!
//! Commits do not wait for its disk (`synchronous_commit = off`): as with SQLite, a crash of the
//! server may take the last of them, never a part of one, and the journal is read again from the
//! cursor that is left. What people do once (errands, the plan) does wait.

mod dialect;
mod jsonb;
#[path = "../sql/mod.rs"]
#[expect(
    clippy::duplicate_mod,
    reason = "compiled for each dialect; see its head"
)]
mod sql;

use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};

use crate::StoreError;

/// Connections that write; and as many that only read, so that a report cannot keep out a call.
const WRITERS: u32 = 4;
/// Connections that only read.
const READERS: u32 = 4;
/// How long a question waits for a connection, a new one included.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// What a session asks for. A statement, a lock or a transaction that takes longer is given up by
/// the server, so that a node that hangs holds nobody up.
const SESSION: [(&str, &str); 3] = [
    ("statement_timeout", "25s"),
    ("lock_timeout", "10s"),
    ("idle_in_transaction_session_timeout", "10s"),
];

/// A database on a PostgreSQL server, which nodes may share.
#[derive(Clone, Debug)]
pub struct PostgresStorage {
    writer: PgPool,
    readers: PgPool,
}

impl PostgresStorage {
    /// Connects, and brings the tables to this version. Of several nodes that do so at once, one
    /// does it and the others wait.
    pub async fn open(options: PgConnectOptions) -> Result<Self, StoreError> {
        let storage = Self::connect(options).await?;
        sqlx::migrate!("./migrations/postgres")
            .run(&storage.writer)
            .await?;
        Ok(storage)
    }

    /// Connects, and leaves the tables as they are. None: there are none yet.
    pub async fn open_to_read(options: PgConnectOptions) -> Result<Option<Self>, StoreError> {
        let storage = Self::connect(options).await?;
        let plan = "SELECT to_regclass('plan_history') IS NOT NULL";
        let plans: bool = sqlx::query_scalar(plan).fetch_one(&storage.writer).await?;
        Ok(plans.then_some(storage))
    }

    async fn connect(options: PgConnectOptions) -> Result<Self, StoreError> {
        let options = options
            .application_name("rotaline")
            .options(SESSION)
            .disable_statement_logging();
        let pool = PgPoolOptions::new()
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .acquire_slow_threshold(ACQUIRE_TIMEOUT);
        let writer = pool.clone().max_connections(WRITERS);
        Ok(PostgresStorage {
            writer: writer.connect_with(options.clone()).await?,
            readers: pool.max_connections(READERS).connect_lazy_with(options),
        })
    }
}
