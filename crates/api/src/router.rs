//! The routes, what stands before them, and their description (OpenAPI 3.1).

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{DefaultBodyLimit, MatchedPath, Request};
use axum::http::header;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Router, body::Bytes};
use utoipa::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{audit, describe, guard, session_routes};
use crate::problem::ApiError;
use crate::refusals::describe_bodies;
use crate::{
    ApiState, assign, calls, directory, errands, events, health, live, outcome, pauses, plan,
    recording, reports, requests, screen,
};

/// Bytes that a request's body may have.
const MAX_BODY_BYTES: usize = 16 * 1024;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Rotaline",
        description = "Advice calls between practices and hospital specialists: who rang, who \
                       was tried, what came of it. Times are RFC 3339 in UTC, durations in \
                       seconds. Errors are problems (RFC 9457).",
        license(name = "Apache-2.0")
    ),
    tags(
        (name = "calls", description = "Calls, and what came of them"),
        (name = "live-calls", description = "Calls that are up now"),
        (name = "recordings", description = "Recordings; each fetch is audited"),
        (name = "call-backs", description = "Codes for one call; shown once"),
        (name = "patient-calls", description = "Booked calls to patients; PINs are shown once"),
        (name = "people", description = "People's own PINs"),
        (name = "pifu-requests", description = "What patients asked of the secretaries"),
        (name = "pauses", description = "Who takes no calls for a while"),
        (name = "plan", description = "Who is rung when, item by item; each change is a revision"),
        (name = "rotas", description = "What the plan comes to"),
        (name = "reports", description = "The calls report, its exports, and figures"),
        (name = "directory", description = "For anybody: numbers, teams, open or closed"),
        (name = "access", description = "Who one is: sessions; and the audit"),
        (name = "operation", description = "Health and metrics"),
    ),
    modifiers(&Token)
)]
struct Described;

struct Token;

impl utoipa::Modify for Token {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let token = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some(
                "A session's, from `POST /api/v1/session`; or the one that was made at first \
                 start, which the operator has in the token file",
            ))
            .build();
        openapi
            .components
            .get_or_insert_default()
            .add_security_scheme("token", SecurityScheme::Http(token));
    }
}

/// The API.
pub fn router(state: ApiState) -> Router {
    let (router, mut description) = described(&state).split_for_parts();
    describe_bodies(&mut description);
    let text = Bytes::from(describe(description).to_json().unwrap_or_default());
    let openapi = get(move || {
        let text = text.clone();
        async move { ([(header::CONTENT_TYPE, "application/json")], text) }
    });
    router
        .route("/api/v1/openapi.json", openapi)
        .fallback(|| async { ApiError::NoSuchPage })
        .method_not_allowed_fallback(|| async { ApiError::NoSuchMethod })
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(middleware::from_fn(count))
        .with_state(state)
}

fn described(state: &ApiState) -> OpenApiRouter<ApiState> {
    let closed = OpenApiRouter::new()
        .routes(routes!(calls::list, screen::start))
        .routes(routes!(calls::one))
        .routes(routes!(live::list))
        .routes(routes!(live::hang_up))
        .routes(routes!(events::follow))
        .routes(routes!(recording::wav))
        .routes(routes!(recording::mp3))
        .routes(routes!(outcome::set_outcome))
        .routes(routes!(assign::set_nhs_number))
        .routes(routes!(assign::set_gender))
        .routes(routes!(assign::assign_practice))
        .routes(routes!(assign::suggest_practices))
        .routes(routes!(requests::list))
        .routes(routes!(requests::change))
        .routes(routes!(errands::make_call_back, errands::list_call_backs))
        .routes(routes!(errands::withdraw_call_back))
        .routes(routes!(
            errands::make_patient_call,
            errands::list_patient_calls
        ))
        .routes(routes!(errands::withdraw_patient_call))
        .routes(routes!(errands::set_pin))
        .routes(routes!(pauses::list, pauses::begin))
        .routes(routes!(pauses::end))
        .merge(plan::routes())
        .merge(reports::routes());
    OpenApiRouter::with_openapi(Described::openapi())
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(health::metrics))
        .routes(routes!(directory::data))
        .routes(routes!(directory::page))
        .routes(routes!(directory::contact))
        .merge(closed)
        .merge(session_routes())
        .routes(routes!(audit::audit_log))
        .route_layer(middleware::from_fn_with_state(state.clone(), guard))
}

/// Counts requests by route (never by path, which has ids) and status.
async fn count(request: Request, next: Next) -> Response {
    let route: Arc<str> = match request.extensions().get::<MatchedPath>() {
        Some(path) => path.as_str().into(),
        None => "none".into(),
    };
    let began = Instant::now();
    let response = next.run(request).await;
    metrics::histogram!("rotaline_api_request_seconds", "route" => Arc::clone(&route))
        .record(began.elapsed().as_secs_f64());
    let status = response.status().as_u16().to_string();
    metrics::counter!("rotaline_api_requests_total", "route" => route, "status" => status)
        .increment(1);
    response.into_response()
}
