//! What the plan comes to: a week of a rota, and who would be rung at a moment.
//!
//! Nobody counts as busy or paused here: it is about the plan, not about this minute.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use jiff::civil::Date;
use rotaline_model::SpecialtyId;
use rotaline_routing::{Presence, explain as explained, week as resolved};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::ApiState;
use crate::problem::{ApiError, Problem};

/// Which week.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Week {
    /// A date in it, as in 2026-10-26.
    week: String,
}

/// Which moment.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Moment {
    /// A time, as in 2026-10-26T10:05:00Z.
    at: String,
}

/// A week of a rota, day by day, with what changes each day
#[utoipa::path(
    get,
    path = "/api/v1/rotas/{specialty}",
    tag = "rotas",
    params(("specialty" = String, Path, description = "The specialty's id"), Week),
    responses(
        (status = 200, description = "Its days", body = Object),
        (status = 400, description = "No such date", body = Problem,
            content_type = "application/problem+json"),
        (status = 401, description = "No token, or a wrong one", body = Problem,
            content_type = "application/problem+json"),
        (status = 404, description = "No such specialty", body = Problem,
            content_type = "application/problem+json"),
    ),
    security(("token" = []))
)]
pub(crate) async fn week(
    State(state): State<ApiState>,
    Path(id): Path<String>,
    query: Result<Query<Week>, QueryRejection>,
) -> Result<Response, ApiError> {
    let Query(query) = query.map_err(|rejection| bad(rejection.body_text()))?;
    let date: Date = query.week.parse().map_err(|_| {
        let given = &query.week;
        bad(format!(
            "week: {given:?} is not a date; write it as 2026-10-26"
        ))
    })?;
    let edition = state.plan.current();
    let id = SpecialtyId::parse(&id).map_err(|_| ApiError::NoSuchItem)?;
    let specialty = edition.plan.specialty(&id).ok_or(ApiError::NoSuchItem)?;
    Ok(Json(resolved(&edition.plan, specialty, date)).into_response())
}

/// Who would be rung at a moment, in which order, and why nobody else
#[utoipa::path(
    get,
    path = "/api/v1/rotas/{specialty}/explain",
    tag = "rotas",
    params(("specialty" = String, Path, description = "The specialty's id"), Moment),
    responses(
        (status = 200, description = "Who and why", body = Object),
        (status = 400, description = "No such time", body = Problem,
            content_type = "application/problem+json"),
        (status = 401, description = "No token, or a wrong one", body = Problem,
            content_type = "application/problem+json"),
        (status = 404, description = "No such specialty", body = Problem,
            content_type = "application/problem+json"),
    ),
    security(("token" = []))
)]
pub(crate) async fn explain(
    State(state): State<ApiState>,
    Path(id): Path<String>,
    query: Result<Query<Moment>, QueryRejection>,
) -> Result<Response, ApiError> {
    let Query(query) = query.map_err(|rejection| bad(rejection.body_text()))?;
    let at: Timestamp = query.at.parse().map_err(|_| {
        let given = &query.at;
        bad(format!(
            "at: {given:?} is not a time; write it as 2026-10-26T10:05:00Z"
        ))
    })?;
    let edition = state.plan.current();
    let id = SpecialtyId::parse(&id).map_err(|_| ApiError::NoSuchItem)?;
    let explanation = explained(&edition.plan, &Presence::default(), &id, at);
    Ok(Json(explanation.ok_or(ApiError::NoSuchItem)?).into_response())
}

fn bad(detail: String) -> ApiError {
    ApiError::BadRequest { detail }
}
