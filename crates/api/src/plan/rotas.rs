//! What the plan comes to: a week of a rota, who would be rung at a moment, and what is amiss.
//!
//! Nobody counts as busy or paused here: it is about the plan, not about this minute.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use jiff::civil::Date;
use rotaline_model::SpecialtyId;
use rotaline_routing::{ItemKey, ItemKind, Presence, Specialty, explain as explained, week};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use super::Edition;
use super::resource::etag;
use crate::ApiState;
use crate::access::{Asker, Right, Tenancy};
use crate::problem::ApiError;
use crate::refusals::PlanNotShown;

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

/// A rota as it stands in a path.
pub(super) struct Rota {
    pub edition: Arc<Edition>,
    pub id: SpecialtyId,
}

impl Rota {
    /// The specialty with an id as it stands in a path, if its rota is theirs to see or change.
    /// What is no id names none.
    pub(super) fn find(
        (state, asker): (&ApiState, &Asker),
        right: Right,
        id: &str,
    ) -> Result<Rota, ApiError> {
        let id = SpecialtyId::parse(id).map_err(|_| ApiError::NoSuchItem)?;
        let edition = state.plan.current();
        match Tenancy::of(&edition).rota(asker, right, &id) {
            true => Ok(Rota { edition, id }),
            false => Err(ApiError::NoSuchItem),
        }
    }

    pub(super) fn key(&self) -> ItemKey {
        ItemKey::new(ItemKind::Specialty, self.id.as_str())
    }

    /// The version of the specialty that it is part of.
    pub(super) fn version(&self) -> u64 {
        let version = self.edition.versions.get(&self.key());
        version.copied().unwrap_or(0)
    }

    pub(super) fn specialty(&self) -> Result<&Specialty, ApiError> {
        let specialty = self.edition.plan.specialty(&self.id);
        specialty.ok_or(ApiError::NoSuchItem)
    }

    /// Something of it, with its version.
    pub(super) fn shows(&self, what: impl Serialize) -> Response {
        etag(StatusCode::OK, self.version(), Json(what))
    }
}

/// A week of a rota, day by day, with what changes each day
#[utoipa::path(
    get,
    path = "/api/v1/rotas/{specialty}",
    tag = "rotas",
    params(("specialty" = String, Path, description = "The specialty's id"), Week),
    responses(
        (status = 200, description = "Its days; the specialty's version as ETag", body = Object),
        PlanNotShown,
    ),
    security(("token" = []))
)]
pub(crate) async fn show_week(
    State(state): State<ApiState>,
    asker: Asker,
    Path(id): Path<String>,
    query: Result<Query<Week>, QueryRejection>,
) -> Result<Response, ApiError> {
    let Week { week: text } = asked(query)?;
    let day = date("week", &text)?;
    let rota = Rota::find((&state, &asker), Right::ReadRotas, &id)?;
    let days = week(&rota.edition.plan, rota.specialty()?, day);
    Ok(rota.shows(days))
}

/// Who would be rung at a moment, in which order, and why nobody else
#[utoipa::path(
    get,
    path = "/api/v1/rotas/{specialty}/explain",
    tag = "rotas",
    params(("specialty" = String, Path, description = "The specialty's id"), Moment),
    responses((status = 200, description = "Who and why", body = Object), PlanNotShown),
    security(("token" = []))
)]
pub(crate) async fn explain(
    State(state): State<ApiState>,
    asker: Asker,
    Path(id): Path<String>,
    query: Result<Query<Moment>, QueryRejection>,
) -> Result<Response, ApiError> {
    let Moment { at: text } = asked(query)?;
    let at: Timestamp = parsed("at", &text, "a time", "2026-10-26T10:05:00Z")?;
    let rota = Rota::find((&state, &asker), Right::ReadRotas, &id)?;
    let explanation = explained(&rota.edition.plan, &Presence::default(), &rota.id, at);
    Ok(Json(explanation.ok_or(ApiError::NoSuchItem)?).into_response())
}

pub(super) fn asked<T>(query: Result<Query<T>, QueryRejection>) -> Result<T, ApiError> {
    let query = query.map_err(|rejection| bad(rejection.body_text()));
    query.map(|Query(query)| query)
}

pub(super) fn date(field: &str, text: &str) -> Result<Date, ApiError> {
    let whole = text.len() == "2026-10-26".len();
    let text = if whole { text } else { "" };
    parsed(field, text, "a date", "2026-10-26")
}

fn parsed<T: std::str::FromStr>(
    field: &str,
    text: &str,
    what: &str,
    example: &str,
) -> Result<T, ApiError> {
    text.parse().map_err(|_| {
        bad(format!(
            "{field}: {text:?} is not {what}; write it as {example}"
        ))
    })
}

pub(super) fn bad(detail: String) -> ApiError {
    ApiError::BadRequest { detail }
}
