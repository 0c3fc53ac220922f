//! The plan's tables.

use jiff::Timestamp;
use sqlx::{QueryBuilder, Row as _};

use super::dialect::{self, Connection, Db, Row, SNAPSHOT, Tables, Turn};
use crate::StoreError;
use crate::plan::{
    ChangeSet, Changed, HISTORY_BOUND, HistoryQuery, PlanChange, PlanConflict, PlanItem, PlanRows,
    PlanVersion,
};

impl Tables {
    pub(super) async fn read_plan(&self) -> Result<PlanRows, StoreError> {
        // One transaction: items and revision of the same moment.
        let mut transaction = self.readers.begin_with(SNAPSHOT).await?;
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
        let mut transaction = dialect::begin_in_turn(&self.writer, Turn::Plan).await?;
        let newest = newest_revision(&mut transaction).await?;
        let mut conflicts = Vec::new();
        for change in &set.changes {
            let version: Option<i64> =
                sqlx::query_scalar("SELECT version FROM plan_items WHERE kind = $1 AND id = $2")
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
        let mut sql = QueryBuilder::<Db>::new(
            "SELECT revision, kind, id, body, changed_us, changed_by FROM plan_history \
             WHERE revision IN (SELECT DISTINCT revision FROM plan_history WHERE TRUE",
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
            "SELECT this.kind, this.id, prior.body, COALESCE(prior.revision, 0) AS revision, \
                    COALESCE(prior.changed_us, this.changed_us) AS changed_us, \
                    COALESCE(prior.changed_by, this.changed_by) AS changed_by \
             FROM plan_history AS this LEFT JOIN plan_history AS prior \
               ON prior.kind = this.kind AND prior.id = this.id AND prior.revision = \
                  (SELECT max(revision) FROM plan_history AS earlier \
                   WHERE earlier.kind = this.kind AND earlier.id = this.id \
                   AND earlier.revision < this.revision) \
             WHERE this.revision = $1 ORDER BY this.kind, this.id",
        )
        .bind(signed(revision))
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(version).collect()
    }
}

async fn newest_revision(connection: &mut Connection) -> Result<u64, StoreError> {
    let newest: Option<i64> = sqlx::query_scalar("SELECT max(revision) FROM plan_history")
        .fetch_one(connection)
        .await?;
    Ok(newest.map_or(0, unsigned))
}

async fn write_one(
    connection: &mut Connection,
    change: &PlanChange,
    revision: u64,
    set: &ChangeSet,
) -> Result<(), StoreError> {
    let (kind, id) = &change.key;
    sqlx::query(
        "INSERT INTO plan_history (revision, kind, id, body, changed_us, changed_by) \
         VALUES ($1, $2, $3, $4, $5, $6)",
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
        sqlx::query("DELETE FROM plan_items WHERE kind = $1 AND id = $2")
            .bind(kind)
            .bind(id)
            .execute(connection)
            .await?;
        return Ok(());
    };
    sqlx::query(
        "INSERT INTO plan_items (kind, id, body, version, changed_us, changed_by) \
         VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body, \
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

fn version(row: &Row) -> Result<PlanVersion, StoreError> {
    Ok(PlanVersion {
        revision: unsigned(row.try_get("revision")?),
        key: (row.try_get("kind")?, row.try_get("id")?),
        body: row.try_get("body")?,
        changed_at: time(row)?,
        changed_by: row.try_get("changed_by")?,
    })
}

fn time(row: &Row) -> Result<Timestamp, StoreError> {
    let us: i64 = row.try_get("changed_us")?;
    Ok(Timestamp::from_microsecond(us).unwrap_or(Timestamp::MIN))
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
