//! Pauses: somebody takes no calls for a while (SERVICE 1.6 "self-paused"; 2 "pause my calls").
//! A phone that rings for them stops at once; the pause ends by itself.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use rotaline_model::PersonId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ApiState;
use crate::access::{Asker, Right, Tenancy};
use crate::errands::explain;
use crate::problem::{ApiError, Problem};

/// A pause, unless it is told how long: as by telephone.
const USUAL_MINUTES: u16 = 30;
/// The longest pause: half a day. Who is away for longer has an absence in the plan.
const MOST_MINUTES: u16 = 12 * 60;

/// Whether a pause outlives this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PauseKept {
    /// It is in the database.
    Kept,
    /// It holds, and is kept once the database is back.
    NotYet,
}

/// A pause on its way to be kept; it holds already.
pub type Pausing<'a> = Pin<Box<dyn Future<Output = PauseKept> + Send + 'a>>;

/// Who knows who takes no calls.
pub trait Pauses: Send + Sync {
    /// Who takes no calls, and until when; by id.
    fn now(&self) -> Vec<(PersonId, Timestamp)>;

    /// Somebody takes no calls until a time, or (none) takes them again.
    fn set(&self, person: PersonId, until: Option<Timestamp>) -> Pausing<'_>;
}

/// A pause to begin.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PauseWish {
    /// Whose calls.
    #[schema(example = "ann")]
    person: String,
    /// How long: 1 to 720, 30 by default. In place of a pause that they have.
    minutes: Option<u16>,
}

/// Somebody takes no calls.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Pause {
    /// Who.
    person: String,
    /// It ends by itself then.
    #[schema(value_type = String, format = "date-time")]
    until: Timestamp,
}

/// List who has paused their calls
#[utoipa::path(get, path = "/api/v1/pauses", tag = "pauses",
    responses((status = 401, description = "No token, or a wrong one", body = Problem,
            content_type = "application/problem+json"),
        (status = 200, description = "By person", body = Vec<Pause>)),
    security(("token" = [])))]
pub(crate) async fn list(State(state): State<ApiState>, asker: Asker) -> Json<Vec<Pause>> {
    let edition = state.plan.current();
    let tenancy = Tenancy::of(&edition);
    let mut pauses = state.pauses.now();
    pauses.retain(|(person, _)| tenancy.person(&asker, Right::Pauses, person));
    let pauses = pauses.into_iter();
    Json(
        pauses
            .map(|(person, until)| pause(&person, until))
            .collect(),
    )
}

/// Pause somebody's calls
///
/// A phone that rings for them stops at once, and the next person is tried.
#[utoipa::path(post, path = "/api/v1/pauses", tag = "pauses",
    request_body = PauseWish,
    responses((status = 401, description = "No token, or a wrong one", body = Problem,
            content_type = "application/problem+json"),
        (status = 201, description = "They take no calls", body = Pause),
        (status = 202, description = "They take no calls; kept once the database is back",
            body = Pause),
        (status = 400, description = "The body is not what it should be", body = Problem,
            content_type = "application/problem+json"),
        (status = 404, description = "No such person", body = Problem,
            content_type = "application/problem+json")),
    security(("token" = [])))]
pub(crate) async fn begin(
    State(state): State<ApiState>,
    asker: Asker,
    wish: Result<Json<PauseWish>, JsonRejection>,
) -> Result<Response, ApiError> {
    let Json(wish) = wish.map_err(explain)?;
    let minutes = wish.minutes.unwrap_or(USUAL_MINUTES);
    if !(1..=MOST_MINUTES).contains(&minutes) {
        let detail = format!("minutes: 1 to {MOST_MINUTES}");
        return Err(ApiError::BadRequest { detail });
    }
    let person = known(&state, &asker, &wish.person)?;
    let lasts = Duration::from_secs(u64::from(minutes) * 60);
    let until = Timestamp::now().checked_add(lasts);
    let until = until.unwrap_or(Timestamp::MAX);
    let status = match state.pauses.set(person.clone(), Some(until)).await {
        PauseKept::Kept => StatusCode::CREATED,
        PauseKept::NotYet => StatusCode::ACCEPTED,
    };
    Ok((status, Json(pause(&person, until))).into_response())
}

/// End somebody's pause
#[utoipa::path(delete, path = "/api/v1/pauses/{person}", tag = "pauses",
    params(("person" = String, Path, description = "The person's id")),
    responses((status = 401, description = "No token, or a wrong one", body = Problem,
            content_type = "application/problem+json"),
        (status = 204, description = "They take calls again"),
        (status = 202, description = "They take calls again; kept once the database is back"),
        (status = 404, description = "No such person, or they have not paused", body = Problem,
            content_type = "application/problem+json")),
    security(("token" = [])))]
pub(crate) async fn end(
    State(state): State<ApiState>,
    asker: Asker,
    Path(person): Path<String>,
) -> Result<StatusCode, ApiError> {
    let person = PersonId::parse(&person).map_err(|_| ApiError::NotPaused)?;
    let edition = state.plan.current();
    let may = Tenancy::of(&edition).person(&asker, Right::Pauses, &person);
    let paused = state.pauses.now();
    if !may || !paused.iter().any(|(who, _)| *who == person) {
        return Err(ApiError::NotPaused);
    }
    Ok(match state.pauses.set(person, None).await {
        PauseKept::Kept => StatusCode::NO_CONTENT,
        PauseKept::NotYet => StatusCode::ACCEPTED,
    })
}

fn known(state: &ApiState, asker: &Asker, id: &str) -> Result<PersonId, ApiError> {
    let person = PersonId::parse(id).map_err(|_| ApiError::NoSuchPerson)?;
    let edition = state.plan.current();
    let may = Tenancy::of(&edition).person(asker, Right::Pauses, &person);
    match state.lines.has_person(&person) && may {
        true => Ok(person),
        false => Err(ApiError::NoSuchPerson),
    }
}

fn pause(person: &PersonId, until: Timestamp) -> Pause {
    Pause {
        person: person.to_string(),
        until,
    }
}
