//! The plan's tables in SQLite.

use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite, SqliteConnection};

use super::SqliteStorage;
use crate::StoreError;
use crate::plan::{
    ChangeSet, Changed, HISTORY_BOUND, HistoryQuery, PlanChange, PlanConflict, PlanItem, PlanRows,
    PlanVersion,
};

impl SqliteStorage {
    pub(super) async fn read_plan(&self) -> Result<PlanRows, StoreError> {
        // One transaction: items and revision of the same moment.
        let mut transaction = self.readers.begin().await?;
        let revision = newest_revision(&mut transaction).await?;
        let rows =
            sqlx::query("SELECT kind, id, body, version, changed_us, changed_by FROM plan_items")
                .fetch_all(&mut *transaction)
                .await?;
        let items = rows
            .iter()
            .map(|row| {
                let item = PlanItem {
                    body: row.try_get("body")?,
                    version: unsigned(row.try_get("version")?),
                    changed_at: time(row)?,
                    changed_by: row.try_get("changed_by")?,
                };
                Ok(((row.try_get("kind")?, row.try_get("id")?), item))
            })
            .collect::<Result<_, StoreError>>()?;
        Ok(PlanRows { revision, items })
    }

    pub(super) async fn read_plan_revision(&self) -> Result<u64, StoreError> {
        newest_revision(&mut *self.readers.acquire().await?).await
    }

    pub(super) async fn write_plan(&self, set: ChangeSet) -> Result<Changed, StoreError> {
        let mut transaction = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        let newest = newest_revision(&mut transaction).await?;
        let mut conflicts = Vec::new();
        for change in &set.changes {
            let version: Option<i64> =
                sqlx::query_scalar("SELECT version FROM plan_items WHERE kind = ? AND id = ?")
                    .bind(&change.key.0)
                    .bind(&change.key.1)
                    .fetch_optional(&mut *transaction)
                    .await?;
            let version = version.map(unsigned);
            if !change.expected.holds(version) {
                let key = change.key.clone();
                conflicts.push(PlanConflict { key, version });
            }
        }
        if !conflicts.is_empty() {
            return Ok(Changed::Conflict(conflicts));
        }
        if newest != set.checked_against {
            return Ok(Changed::Overtaken(newest));
        }
        let revision = newest + 1;
        for change in &set.changes {
            write_one(&mut transaction, change, revision, &set).await?;
        }
        transaction.commit().await?;
        Ok(Changed::Done(revision))
    }

    pub(super) async fn read_plan_history(
        &self,
        query: HistoryQuery,
    ) -> Result<Vec<PlanVersion>, StoreError> {
        let mut sql = QueryBuilder::<Sqlite>::new(
            "SELECT revision, kind, id, body, changed_us, changed_by FROM plan_history \
             WHERE revision IN (SELECT DISTINCT revision FROM plan_history WHERE 1",
        );
        if let Some((kind, id)) = &query.key {
            sql.push(" AND kind = ").push_bind(kind.clone());
            sql.push(" AND id = ").push_bind(id.clone());
        }
        if let Some(before) = query.before {
            sql.push(" AND revision < ").push_bind(signed(before));
        }
        let bound = query.revisions.min(HISTORY_BOUND);
        sql.push(" ORDER BY revision DESC LIMIT ")
            .push_bind(i64::try_from(bound).unwrap_or(i64::MAX));
        sql.push(")");
        if let Some((kind, id)) = query.key {
            sql.push(" AND kind = ").push_bind(kind);
            sql.push(" AND id = ").push_bind(id);
        }
        sql.push(" ORDER BY revision DESC, kind, id");
        let rows = sql.build().fetch_all(&self.readers).await?;
        rows.iter().map(version).collect()
    }

    pub(super) async fn read_plan_before(
        &self,
        revision: u64,
    ) -> Result<Vec<PlanVersion>, StoreError> {
        let rows = sqlx::query(
            "SELECT now.kind, now.id, old.body, COALESCE(old.revision, 0) AS revision, \
                    COALESCE(old.changed_us, now.changed_us) AS changed_us, \
                    COALESCE(old.changed_by, now.changed_by) AS changed_by \
             FROM plan_history AS now LEFT JOIN plan_history AS old \
               ON old.kind = now.kind AND old.id = now.id AND old.revision = \
                  (SELECT max(revision) FROM plan_history AS any WHERE any.kind = now.kind \
                   AND any.id = now.id AND any.revision < now.revision) \
             WHERE now.revision = ? ORDER BY now.kind, now.id",
        )
        .bind(signed(revision))
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(version).collect()
    }
}

async fn newest_revision(connection: &mut SqliteConnection) -> Result<u64, StoreError> {
    let newest: Option<i64> = sqlx::query_scalar("SELECT max(revision) FROM plan_history")
        .fetch_one(connection)
        .await?;
    Ok(newest.map_or(0, unsigned))
}

async fn write_one(
    connection: &mut SqliteConnection,
    change: &PlanChange,
    revision: u64,
    set: &ChangeSet,
) -> Result<(), StoreError> {
    let (kind, id) = &change.key;
    sqlx::query(
        "INSERT INTO plan_history (revision, kind, id, body, changed_us, changed_by) \
         VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(signed(revision))
    .bind(kind)
    .bind(id)
    .bind(&change.body)
    .bind(set.at.as_microsecond())
    .bind(&set.by)
    .execute(&mut *connection)
    .await?;
    let Some(body) = &change.body else {
        sqlx::query("DELETE FROM plan_items WHERE kind = ? AND id = ?")
            .bind(kind)
            .bind(id)
            .execute(connection)
            .await?;
        return Ok(());
    };
    sqlx::query(
        "INSERT INTO plan_items (kind, id, body, version, changed_us, changed_by) \
         VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body, \
         version = excluded.version, changed_us = excluded.changed_us, \
         changed_by = excluded.changed_by",
    )
    .bind(kind)
    .bind(id)
    .bind(body)
    .bind(signed(revision))
    .bind(set.at.as_microsecond())
    .bind(&set.by)
    .execute(connection)
    .await?;
    Ok(())
}

fn version(row: &SqliteRow) -> Result<PlanVersion, StoreError> {
    Ok(PlanVersion {
        revision: unsigned(row.try_get("revision")?),
        key: (row.try_get("kind")?, row.try_get("id")?),
        body: row.try_get("body")?,
        changed_at: time(row)?,
        changed_by: row.try_get("changed_by")?,
    })
}

fn time(row: &SqliteRow) -> Result<Timestamp, StoreError> {
    let us: i64 = row.try_get("changed_us")?;
    Ok(Timestamp::from_microsecond(us).unwrap_or(Timestamp::MIN))
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
