//! Reports (SERVICE.md section 7): the calls report with its exports, people's own lists, the home
//! statistics, completeness of outcomes and who is to be asked, connection rates, attempts with
//! their reasons, and the monthly activity return.
//!
//! Lines and sums come from the store; names come from the plan as it is now, and what the plan
//! no longer has is shown by its id. Whose calls they are of, `Asker::sight` says.

mod activity;
mod attempts;
mod calls;
mod cells;
mod chase;
mod connection;
mod csv;
mod export;
mod filter;
mod inert;
mod line;
mod names;
mod statistics;
mod xlsx;

#[cfg(test)]
mod tests;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::ApiState;

pub(crate) use export::EXPORTS_AT_ONCE;

pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(calls::report))
        .routes(routes!(calls::own))
        .routes(routes!(export::csv))
        .routes(routes!(export::xlsx))
        .routes(routes!(statistics::statistics))
        .routes(routes!(chase::completeness))
        .routes(routes!(chase::chase))
        .routes(routes!(connection::connection))
        .routes(routes!(attempts::attempts))
        .routes(routes!(activity::activity))
}

/// A share of a whole, to a tenth of a per cent; none of nothing.
fn share(part: i64, whole: i64) -> Option<f64> {
    (whole > 0).then(|| (part as f64 * 1_000.0 / whole as f64).round() / 1_000.0)
}

/// Milliseconds as seconds, to a tenth.
fn seconds(ms: i64) -> f64 {
    tenths(ms) as f64 / 10.0
}

/// Milliseconds as tenths of a second, rounded.
fn tenths(ms: i64) -> i64 {
    ms.saturating_add(50) / 100
}
