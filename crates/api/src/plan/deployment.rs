//! What holds for the whole deployment, e.g. its inbound number: the one item without an id.

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::HeaderMap;
use axum::response::Response;
use rotaline_routing::{Item, ItemKind};

use super::resource;
use crate::ApiState;
use crate::access::Asker;
use crate::problem::{ApiError, Problem};
use crate::refusals::PlanNotChanged;

/// It has none.
const ID: &str = "";

/// What holds for the whole deployment, its version as ETag
#[utoipa::path(
    get,
    path = "/api/v1/deployment",
    tag = "plan",
    operation_id = "get deployment",
    responses(
        (status = 200, description = "Its keys, as in a plan file", body = Object),
        (status = 401, description = "No token, or a wrong one", body = Problem,
            content_type = "application/problem+json"),
        (status = 404, description = "Nothing is set", body = Problem,
            content_type = "application/problem+json"),
    ),
    security(("token" = []))
)]
pub(super) async fn get(State(state): State<ApiState>, asker: Asker) -> Result<Response, ApiError> {
    resource::one((&state, &asker), ItemKind::Deployment, ID)
}

/// Change what holds for the whole deployment
#[utoipa::path(
    put,
    path = "/api/v1/deployment",
    tag = "plan",
    operation_id = "put deployment",
    params(
        ("If-Match" = Option<String>, Header, description = "Its ETag"),
        ("If-None-Match" = Option<String>, Header, description = "*: only where nothing is set"),
    ),
    request_body = Object,
    responses(
        (status = 200, description = "Changed", body = Object),
        (status = 201, description = "Set for the first time", body = Object),
        PlanNotChanged,
    ),
    security(("token" = []))
)]
pub(super) async fn put(
    State(state): State<ApiState>,
    asker: Asker,
    headers: HeaderMap,
    body: Result<Json<Item>, JsonRejection>,
) -> Result<Response, ApiError> {
    resource::put((&state, &asker), ItemKind::Deployment, ID, &headers, body).await
}
