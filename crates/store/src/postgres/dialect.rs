//! What the statements leave open, as PostgreSQL says it.

use std::future::Future;
use std::time::Duration;

use sqlx::{Row as _, Transaction};

use super::jsonb::Jsonb;
use crate::{Pending, StoreError};

pub(super) use super::PostgresStorage as Tables;
pub(super) use sqlx::postgres::{
    PgArguments as Arguments, PgConnection as Connection, PgPool as Pool, PgRow as Row,
    Postgres as Db,
};

/// A transaction in which everything is of the same moment.
pub(super) const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
pub(super) const TRUE: &str = "TRUE";
pub(super) const FALSE: &str = "FALSE";
/// The planner knows which side is walked first.
pub(super) const FIRST_THEN: &str = "JOIN";
/// Whether the fourth parameter is among an errand's numbers.
pub(super) const BOUND_HAS_4: &str = "bound ? $4";

/// How long a question may take; the server gives up before, if it is there.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// What only one transaction at a time may do, on whichever node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    Errands,
    Plan,
    Tokens,
    Users,
}

impl Turn {
    /// The number of its lock; "rota" before it, since locks are the whole database's.
    const fn lock(self) -> i64 {
        match self {
            Turn::Errands => 0x726f_7461_0001,
            Turn::Plan => 0x726f_7461_0002,
            Turn::Tokens => 0x726f_7461_0003,
            Turn::Users => 0x726f_7461_0004,
        }
    }
}

/// The place of a parameter in a long statement.
pub(super) fn mark(number: usize) -> String {
    format!("${number}")
}

/// A server that says nothing any more is away.
pub(super) fn bounded<'a, T: 'a>(
    asked: impl Future<Output = Result<T, StoreError>> + Send + 'a,
) -> Pending<'a, T> {
    Box::pin(async move {
        match tokio::time::timeout(ANSWER_TIMEOUT, asked).await {
            Ok(answer) => answer,
            Err(late) => Err(StoreError::Database(Box::new(late))),
        }
    })
}

/// A transaction that the journal can repeat: its commit does not wait for the server's disk.
pub(super) async fn begin(writer: &Pool) -> Result<Transaction<'static, Db>, StoreError> {
    let mut transaction = writer.begin().await?;
    sqlx::query("SET LOCAL synchronous_commit = off")
        .execute(&mut *transaction)
        .await?;
    Ok(transaction)
}

/// Whoever else wants this turn waits until the transaction is over.
pub(super) async fn begin_in_turn(
    writer: &Pool,
    turn: Turn,
) -> Result<Transaction<'static, Db>, StoreError> {
    let mut transaction = writer.begin().await?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)")
        .bind(turn.lock())
        .execute(&mut *transaction)
        .await?;
    Ok(transaction)
}

/// A text of whatever characters but one: PostgreSQL has no NUL in a text, and a phone's name in a
/// SIP header may have one.
pub(super) fn text(text: String) -> String {
    if text.contains('\0') {
        text.replace('\0', "\u{fffd}")
    } else {
        text
    }
}

/// JSON, to be written.
pub(super) fn json(text: String) -> Jsonb {
    Jsonb::new(text)
}

/// JSON that was written.
pub(super) fn json_of(row: &Row, column: &str) -> Result<Option<String>, sqlx::Error> {
    let json: Option<Jsonb> = row.try_get(column)?;
    Ok(json.map(Jsonb::into_text))
}
