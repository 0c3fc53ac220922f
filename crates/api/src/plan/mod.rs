//! The plan: read as it is, changed item by item.
//!
//! An item is JSON with the keys that its section of a plan file has. A change is checked with the
//! whole plan, and either all of it holds from its answer on (calls that are up follow it at their
//! next attempt), or nothing is changed and every fault is told. What checks and keeps a change
//! stands behind [`PlanDesk`].

mod deployment;
mod desk;
mod findings;
mod history;
mod items;
mod resource;
mod rota_edits;
mod rotas;
mod undo;

use axum::extract::DefaultBodyLimit;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::ApiState;

pub(crate) use history::Rival;

pub use desk::{Changing, Edition, NotChanged, PlanDesk, Wish};

/// Bytes that an item may have: a rota with all its overrides is the largest.
const MAX_ITEM_BYTES: usize = 256 * 1024;

pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .merge(items::routes())
        .routes(routes!(deployment::get, deployment::put))
        .routes(routes!(rotas::show_week))
        .routes(routes!(rota_edits::put_session, rota_edits::delete_session))
        .routes(routes!(rota_edits::put_day, rota_edits::delete_day))
        .routes(routes!(rota_edits::put_week, rota_edits::delete_week))
        .routes(routes!(rota_edits::swap))
        .routes(routes!(rota_edits::copy))
        .routes(routes!(rotas::explain))
        .routes(routes!(findings::findings))
        .routes(routes!(history::history))
        .routes(routes!(undo::undo))
        .layer(DefaultBodyLimit::max(MAX_ITEM_BYTES))
}
