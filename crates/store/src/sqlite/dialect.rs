//! What the statements leave open, as SQLite says it.

use std::future::Future;

use sqlx::{Row as _, Transaction};

use crate::{Pending, StoreError};

pub(super) use super::SqliteStorage as Tables;
pub(super) use sqlx::sqlite::{
    Sqlite as Db, SqliteArguments as Arguments, SqliteConnection as Connection, SqlitePool as Pool,
    SqliteRow as Row,
};

/// A transaction in which everything is of the same moment.
pub(super) const SNAPSHOT: &str = "BEGIN";
/// As numbers: a partial index is used only for what its condition says.
pub(super) const TRUE: &str = "1";
pub(super) const FALSE: &str = "0";
/// A join whose left side is walked first.
pub(super) const FIRST_THEN: &str = "CROSS JOIN";
/// Whether the fourth parameter is among an errand's numbers.
pub(super) const BOUND_HAS_4: &str = "EXISTS (SELECT 1 FROM json_each(bound) WHERE value = $4)";

/// What only one transaction at a time may do, on whichever node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    Errands,
    Plan,
    Tokens,
    Users,
}

/// The place of a parameter in a long statement. By number, each would be looked up by name.
pub(super) fn mark(_number: usize) -> &'static str {
    "?"
}

/// What is asked waits for a connection and for other processes' writes, for so long each.
pub(super) fn bounded<'a, T>(
    asked: impl Future<Output = Result<T, StoreError>> + Send + 'a,
) -> Pending<'a, T> {
    Box::pin(asked)
}

/// A transaction that writes: with its first statement it would be too late to wait for others.
pub(super) async fn begin(writer: &Pool) -> Result<Transaction<'static, Db>, StoreError> {
    Ok(writer.begin_with("BEGIN IMMEDIATE").await?)
}

/// Whoever writes is the only one.
pub(super) async fn begin_in_turn(
    writer: &Pool,
    _turn: Turn,
) -> Result<Transaction<'static, Db>, StoreError> {
    begin(writer).await
}

/// A text of whatever characters.
pub(super) fn text(text: String) -> String {
    text
}

/// JSON, to be written.
pub(super) fn json(text: String) -> String {
    text
}

/// JSON that was written.
pub(super) fn json_of(row: &Row, column: &str) -> Result<Option<String>, sqlx::Error> {
    row.try_get(column)
}
