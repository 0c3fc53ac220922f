//! Sums of reports: each is one walk over the days that it is of.

use sqlx::{QueryBuilder, Row as _};

use super::dialect::{Db, Pool, Row};
use super::sight;
use crate::StoreError;
use crate::reports::{
    AttemptFigure, FigureQuery, OutcomeFigure, OwedFigure, QuarterFigure, WaitFigure,
};

/// Groups that one question may have: no plan has more specialties, people and outcomes.
const GROUPS: i64 = 100_000;

pub(super) async fn outcomes(
    pool: &Pool,
    query: FigureQuery,
) -> Result<Vec<OutcomeFigure>, StoreError> {
    let mut sql = of_calls(
        "SELECT specialty, outcome, count(*), count(*) FILTER (WHERE connected), \
         CAST(coalesce(sum(talk_ms) FILTER (WHERE connected), 0) AS BIGINT)",
        "closed",
        query,
    );
    let figure = |row: &Row| {
        Ok(OutcomeFigure {
            specialty: row.try_get(0)?,
            outcome: row.try_get(1)?,
            placed: row.try_get(2)?,
            answered: row.try_get(3)?,
            talk_ms: row.try_get(4)?,
        })
    };
    grouped(pool, &mut sql, figure).await
}

pub(super) async fn waits(pool: &Pool, query: FigureQuery) -> Result<Vec<WaitFigure>, StoreError> {
    let mut sql = of_calls(
        "SELECT specialty, CASE WHEN wait_ms < 600000 THEN wait_ms / 100 \
         WHEN wait_ms < 864600000 THEN 6000 + (wait_ms - 600000) / 10000 ELSE 92400 END, \
         count(*)",
        "closed AND connected AND wait_ms >= 0",
        query,
    );
    let figure = |row: &Row| {
        Ok(WaitFigure {
            specialty: row.try_get(0)?,
            bucket: row.try_get(1)?,
            calls: row.try_get(2)?,
        })
    };
    grouped(pool, &mut sql, figure).await
}

pub(super) async fn quarters(
    pool: &Pool,
    query: FigureQuery,
) -> Result<Vec<QuarterFigure>, StoreError> {
    let mut sql = match query.person {
        None => of_calls(
            "SELECT opened_us / 900000000, 0, count(*), count(*) FILTER (WHERE connected)",
            "closed AND specialty IS NOT NULL",
            query,
        ),
        Some(_) => of_attempts(
            "SELECT opened_us / 900000000, 0, count(*), count(*) FILTER (WHERE party)",
            query,
        ),
    };
    let figure = |row: &Row| {
        Ok(QuarterFigure {
            quarter: row.try_get(0)?,
            placed: row.try_get(2)?,
            answered: row.try_get(3)?,
        })
    };
    grouped(pool, &mut sql, figure).await
}

pub(super) async fn owed(pool: &Pool, query: FigureQuery) -> Result<Vec<OwedFigure>, StoreError> {
    let mut sql = of_calls(
        "SELECT specialty, specialist, count(*), count(*) - count(outcome), \
         min(CASE WHEN outcome IS NULL THEN opened_us END)",
        "closed AND connected",
        query,
    );
    let figure = |row: &Row| {
        Ok(OwedFigure {
            specialty: row.try_get(0)?,
            specialist: row.try_get(1)?,
            answered: row.try_get(2)?,
            missing: row.try_get(3)?,
            oldest_us: row.try_get(4)?,
        })
    };
    grouped(pool, &mut sql, figure).await
}

pub(super) async fn attempts(
    pool: &Pool,
    query: FigureQuery,
) -> Result<Vec<AttemptFigure>, StoreError> {
    let select = "SELECT person, result, count(*), count(*) FILTER (WHERE party), \
        CAST(coalesce(sum(ring_ms), 0) AS BIGINT)";
    let mut sql = of_attempts(select, query);
    let figure = |row: &Row| {
        Ok(AttemptFigure {
            person: row.try_get(0)?,
            result: row.try_get(1)?,
            attempts: row.try_get(2)?,
            joined: row.try_get(3)?,
            ring_ms: row.try_get(4)?,
        })
    };
    grouped(pool, &mut sql, figure).await
}

fn of_calls(select: &str, which: &str, query: FigureQuery) -> QueryBuilder<Db> {
    let mut sql = QueryBuilder::new(select);
    sql.push(format_args!(" FROM report_calls c WHERE {which}"));
    sight::within(&mut sql, &query.sight, "c", "id");
    narrow(&mut sql, &query);
    if let Some(person) = query.person {
        sql.push(" AND specialist = ")
            .push_bind(String::from(person));
    }
    sql.push(" GROUP BY 1, 2 LIMIT ").push_bind(GROUPS);
    sql
}

fn of_attempts(select: &str, query: FigureQuery) -> QueryBuilder<Db> {
    let mut sql = QueryBuilder::new(select);
    sql.push(" FROM report_attempts a WHERE sought");
    sight::within(&mut sql, &query.sight, "a", "case_id");
    narrow(&mut sql, &query);
    if let Some(person) = query.person {
        sql.push(" AND person = ").push_bind(String::from(person));
    }
    sql.push(" GROUP BY 1, 2 LIMIT ").push_bind(GROUPS);
    sql
}

fn narrow(sql: &mut QueryBuilder<Db>, query: &FigureQuery) {
    if let Some(from) = query.from {
        sql.push(" AND opened_us >= ")
            .push_bind(from.as_microsecond());
    }
    if let Some(to) = query.to {
        sql.push(" AND opened_us < ").push_bind(to.as_microsecond());
    }
    if let Some(organisation) = &query.organisation {
        sql.push(" AND organisation = ")
            .push_bind(organisation.to_string());
    }
    if let Some(specialty) = &query.specialty {
        sql.push(" AND specialty = ")
            .push_bind(specialty.to_string());
    }
}

async fn grouped<T>(
    pool: &Pool,
    sql: &mut QueryBuilder<Db>,
    figure: impl Fn(&Row) -> Result<T, sqlx::Error>,
) -> Result<Vec<T>, StoreError> {
    let rows = sql.build().fetch_all(pool).await?;
    let figures: Result<Vec<T>, sqlx::Error> = rows.iter().map(figure).collect();
    Ok(figures?)
}
