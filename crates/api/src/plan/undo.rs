//! A revision of the plan taken back: what it changed is made as it was before, as a new revision.

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::history::refused;
use crate::ApiState;
use crate::access::Asker;
use crate::problem::{ApiError, Problem};

/// Which revision.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UndoWish {
    /// The version that an item had after the change that is to be taken back.
    revision: u64,
}

/// It was taken back.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Undone {
    /// The revision that the plan has now.
    revision: u64,
}

/// Take a change of the plan back
///
/// Only if nothing that it changed was changed since.
#[utoipa::path(
    post,
    path = "/api/v1/plan/undo",
    tag = "plan",
    request_body = UndoWish,
    responses(
        (status = 200, description = "Taken back", body = Undone),
        (status = 400, description = "The body is not what it should be", body = Problem,
            content_type = "application/problem+json"),
        (status = 401, description = "No token, or a wrong one", body = Problem,
            content_type = "application/problem+json"),
        (status = 404, description = "No such revision", body = Problem,
            content_type = "application/problem+json"),
        (status = 412, description = "Changed since", body = Problem,
            content_type = "application/problem+json"),
        (status = 422, description = "The plan would be faulty; `errors` says how",
            body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Could not be kept; nothing was changed", body = Problem,
            content_type = "application/problem+json"),
    ),
    security(("token" = []))
)]
pub(crate) async fn undo(
    State(state): State<ApiState>,
    asker: Asker,
    wish: Result<Json<UndoWish>, JsonRejection>,
) -> Result<Json<Undone>, ApiError> {
    let Json(UndoWish { revision }) = wish.map_err(|rejection| ApiError::BadRequest {
        detail: format!("{}; send {{\"revision\": 12}}", rejection.body_text()),
    })?;
    let undone = state.plan.undo(revision, asker.name()).await;
    let edition = match undone {
        Ok(edition) => edition,
        Err(reason) => return Err(refused(&state, reason).await),
    };
    let revision = edition.revision;
    Ok(Json(Undone { revision }))
}
