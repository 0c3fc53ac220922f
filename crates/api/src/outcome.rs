//! What came of a call, given on screen: checked against the specialty's menu, durable before it
//! is confirmed, and visible in the answer.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use rotaline_model::SpecialtyId;
use rotaline_record::{Case, Command};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ApiState;
use crate::access::{Asker, Right, Show};
use crate::calls::find;
use crate::commands::carried_out;
use crate::json::CallDetail;
use crate::problem::{ApiError, Problem};

/// The outcome menus of the plan.
pub trait OutcomeMenus: Send + Sync {
    /// Ids of a specialty's choices, in the menu's order; none: no such specialty now.
    fn choices(&self, specialty: &SpecialtyId) -> Option<Vec<String>>;
}

/// An outcome to give.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OutcomeWish {
    /// The choice's id in the specialty's outcome menu.
    #[schema(example = "referral-avoided")]
    outcome: String,
}

/// Kept, and soon to be seen.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OutcomeKept {
    /// The call.
    #[schema(value_type = String, format = "uuid")]
    id: String,
    /// What was given.
    outcome: String,
}

/// Give a call's outcome, or give it anew
///
/// Durable before the answer. Giving what already counts changes nothing.
#[utoipa::path(
    put,
    path = "/api/v1/calls/{id}/outcome",
    tag = "calls",
    params(("id" = String, Path, description = "The call's id", format = "uuid")),
    request_body = OutcomeWish,
    responses(
        (status = 200, description = "Kept; the call as it is now", body = CallDetail),
        (status = 202, description = "Kept, but not visible yet", body = OutcomeKept),
        (status = 400, description = "The body is not what it should be", body = Problem,
            content_type = "application/problem+json"),
        (status = 401, description = "No token, or a wrong one", body = Problem,
            content_type = "application/problem+json"),
        (status = 404, description = "No such call", body = Problem,
            content_type = "application/problem+json"),
        (status = 409, description = "The call has no outcome menu", body = Problem,
            content_type = "application/problem+json"),
        (status = 422, description = "Not in the specialty's menu; `detail` lists what is",
            body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Could not be kept; nothing was changed", body = Problem,
            content_type = "application/problem+json"),
    ),
    security(("token" = []))
)]
pub(crate) async fn set_outcome(
    State(state): State<ApiState>,
    asker: Asker,
    Path(id): Path<String>,
    wish: Result<Json<OutcomeWish>, JsonRejection>,
) -> Result<Response, ApiError> {
    let case = find(&state, &asker, Right::ChangeCalls, &id).await?;
    let Json(OutcomeWish { outcome }) = wish.map_err(explain)?;
    let specialty = case.specialty.as_ref().ok_or(ApiError::NoMenu)?;
    let choices = state.menus.choices(specialty).ok_or(ApiError::NoMenu)?;
    if !choices.contains(&outcome) {
        return Err(ApiError::NotInMenu {
            given: outcome,
            choices,
        });
    }
    if case.outcome().is_some_and(|given| given.outcome == outcome) {
        return Ok(shown(&state, &asker, &case).await);
    }
    give(&state, &asker, case, outcome).await
}

/// The call as it is; what of it cannot be audited is left out, since the outcome is given.
async fn shown(state: &ApiState, asker: &Asker, case: &Case) -> Response {
    let show = asker.reads(state, case).await.unwrap_or(Show::Redacted);
    Json(CallDetail::of(case, show)).into_response()
}

async fn give(
    state: &ApiState,
    asker: &Asker,
    case: Arc<Case>,
    outcome: String,
) -> Result<Response, ApiError> {
    let by = asker.name();
    let command = Command::SetOutcome {
        case: case.id,
        outcome: outcome.clone(),
        by,
    };
    Ok(match carried_out(state, &case, command).await? {
        Some(case) => shown(state, asker, &case).await,
        None => {
            let kept = OutcomeKept {
                id: case.id.to_string(),
                outcome,
            };
            (StatusCode::ACCEPTED, Json(kept)).into_response()
        }
    })
}

fn explain(rejection: JsonRejection) -> ApiError {
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::TooLarge,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => ApiError::NotJson,
        _ => ApiError::BadRequest {
            detail: format!(
                "{}; send {{\"outcome\": \"<id from the specialty's menu>\"}}",
                rejection.body_text()
            ),
        },
    }
}
