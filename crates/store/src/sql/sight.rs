//! Whose calls are asked for, as a condition.

use sqlx::QueryBuilder;

use super::dialect::{Db, FALSE, TRUE};
use crate::Sight;

/// Adds that a row is in sight. `table` is the alias of a table with the columns `organisation`,
/// `specialty` and `opened_us`, `id` its column with the case.
pub(super) fn within(sql: &mut QueryBuilder<Db>, sight: &Sight, table: &str, id: &str) {
    let Sight::Only(seen) = sight else {
        return;
    };
    sql.push(" AND (").push(FALSE);
    let ids = [
        ("organisation", texts(&seen.organisations)),
        ("specialty", texts(&seen.specialties)),
    ];
    for (column, ids) in ids {
        if !ids.is_empty() {
            sql.push(format_args!(" OR {table}.{column} IN ("));
            let mut list = sql.separated(", ");
            for id in ids {
                list.push_bind(id);
            }
            sql.push(")");
        }
    }
    if let Some(person) = &seen.party {
        sql.push(format_args!(
            " OR EXISTS (SELECT 1 FROM report_attempts p WHERE p.opened_us = {table}.opened_us \
             AND p.case_id = {table}.{id} AND p.party = {TRUE} AND p.person = "
        ))
        .push_bind(person.to_string())
        .push(")");
    }
    sql.push(")");
}

fn texts(ids: &[impl ToString]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}
