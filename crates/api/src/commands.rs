//! What people ask of a case, carried out: durable before the answer, and visible in it.

use std::sync::Arc;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use rotaline_record::{Case, Command, Origin};
use serde::Serialize;
use utoipa::ToSchema;

use crate::ApiState;
use crate::access::{Asker, Show};
use crate::json::CallDetail;
use crate::problem::ApiError;

/// Kept, and soon to be seen.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Kept {
    /// The call.
    #[schema(value_type = String, format = "uuid")]
    id: String,
}

impl Kept {
    pub(crate) fn of(case: &Case) -> Kept {
        let id = case.id.to_string();
        Kept { id }
    }
}

/// Keeps a command durably; its sequence.
pub(crate) async fn submitted(
    state: &ApiState,
    case: &Case,
    command: Command,
) -> Result<u64, ApiError> {
    let now = Timestamp::now();
    let sequence = state.next_sequence(case, now);
    let record = command.into_record(now, sequence, state.node);
    state.commands.submit(record).await?;
    Ok(sequence)
}

/// The case with the command on it; none: it is durable, but not visible yet.
pub(crate) async fn carried_out(
    state: &ApiState,
    case: &Case,
    command: Command,
) -> Result<Option<Arc<Case>>, ApiError> {
    let sequence = submitted(state, case, command).await?;
    let visible = state
        .store
        .applied(case.id, Origin::Api, sequence, state.visible_within)
        .await;
    if let Err(reason) = &visible {
        tracing::warn!(%reason, "a change was kept");
    }
    Ok(visible.ok())
}

/// Carries a command out, and answers with the call as it is then.
pub(crate) async fn answered(
    state: &ApiState,
    asker: &Asker,
    case: &Case,
    command: Command,
) -> Result<Response, ApiError> {
    Ok(match carried_out(state, case, command).await? {
        Some(case) => {
            let show = asker.reads(state, &case).await.unwrap_or(Show::Redacted);
            Json(CallDetail::of(&case, show)).into_response()
        }
        None => (StatusCode::ACCEPTED, Json(Kept::of(case))).into_response(),
    })
}
