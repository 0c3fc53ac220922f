//! Calls: the list, and one of them.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use jiff::Timestamp;
use rotaline_model::{CaseId, PersonId, SpecialtyId};
use rotaline_record::Case;
use rotaline_store::{CallQuery, CaseState, Completeness, Limit, OutcomeFilter, PracticeFilter};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::ApiState;
use crate::access::{Asker, Right};
use crate::json::{CallDetail, CallSummary, NO_OUTCOME};
use crate::problem::{ApiError, Problem};

/// Which calls.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CallFilter {
    /// Came in at this time or later (RFC 3339, e.g. `2026-11-24T09:00:00Z`).
    from: Option<String>,
    /// Came in before this time.
    to: Option<String>,
    /// Of this specialty, e.g. `cardiology`.
    specialty: Option<String>,
    /// From this practice; `-`: from unknown callers.
    practice: Option<String>,
    /// Joined to this person.
    person: Option<String>,
    /// With this outcome; `-`: without any.
    outcome: Option<String>,
    /// `open` or `closed`; neither: both.
    state: Option<String>,
    /// At most so many: 1 to 200, 50 by default.
    limit: Option<String>,
    /// `next` of the page before.
    after: Option<String>,
}

/// A page of calls, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CallPage {
    /// The calls.
    calls: Vec<CallSummary>,
    /// To be sent as `after` for the next page; null: this was the last.
    next: Option<String>,
    /// False while the database is away: then only calls that are still in memory are here.
    complete: bool,
}

/// List calls, newest first
#[utoipa::path(
    get,
    path = "/api/v1/calls",
    tag = "calls",
    params(CallFilter),
    responses(
        (status = 200, description = "A page of calls", body = CallPage),
        (status = 400, description = "A filter is not what it should be", body = Problem,
            content_type = "application/problem+json"),
        (status = 401, description = "No token, or a wrong one", body = Problem,
            content_type = "application/problem+json"),
    ),
    security(("token" = []))
)]
pub(crate) async fn list(
    State(state): State<ApiState>,
    asker: Asker,
    filter: Result<Query<CallFilter>, QueryRejection>,
) -> Result<Json<CallPage>, ApiError> {
    let Query(filter) = filter.map_err(|rejection| bad(rejection.body_text()))?;
    let mut query = filter.check()?;
    query.sight = asker.sight_with_own(Right::ReadCalls);
    let page = state.store.calls(&query).await;
    let shows = asker.lists(&state, &page.cases).await;
    let shown = page.cases.iter().zip(shows);
    Ok(Json(CallPage {
        calls: shown
            .map(|(case, show)| CallSummary::of(case, show))
            .collect(),
        next: page.next.map(|position| position.to_string()),
        complete: page.completeness == Completeness::Complete,
    }))
}

/// All that is known of a call
#[utoipa::path(
    get,
    path = "/api/v1/calls/{id}",
    tag = "calls",
    params(("id" = String, Path, description = "The call's id", format = "uuid")),
    responses(
        (status = 200, description = "The call", body = CallDetail),
        (status = 401, description = "No token, or a wrong one", body = Problem,
            content_type = "application/problem+json"),
        (status = 404, description = "No such call", body = Problem,
            content_type = "application/problem+json"),
        (status = 503, description = "Not in memory, and the database is away", body = Problem,
            content_type = "application/problem+json"),
    ),
    security(("token" = []))
)]
pub(crate) async fn one(
    State(state): State<ApiState>,
    asker: Asker,
    Path(id): Path<String>,
) -> Result<Json<CallDetail>, ApiError> {
    let case = find(&state, &asker, Right::ReadCalls, &id).await?;
    let show = asker.reads(&state, &case).await?;
    Ok(Json(CallDetail::of(&case, show)))
}

/// The case with an id as it stands in a path, if it is in sight: by the right, or because whoever
/// asks was a party of it. What is not in sight is told as what there is not; what is no id names
/// no call.
pub(crate) async fn find(
    state: &ApiState,
    asker: &Asker,
    right: Right,
    id: &str,
) -> Result<Arc<Case>, ApiError> {
    let id: CaseId = id.parse().map_err(|_| ApiError::NoSuchCall)?;
    let case = state.store.case(id).await?;
    let sight = asker.sight_with_own(right);
    case.filter(|case| sight.sees(case))
        .ok_or(ApiError::NoSuchCall)
}

impl CallFilter {
    fn check(self) -> Result<CallQuery, ApiError> {
        let limit = match self.limit {
            None => Limit::default(),
            Some(text) => text
                .parse()
                .ok()
                .and_then(Limit::new)
                .ok_or_else(|| bad(format!("limit: {text:?} is not 1 to {}", Limit::MAX)))?,
        };
        let state = match self.state.as_deref() {
            None => None,
            Some("open") => Some(CaseState::Open),
            Some("closed") => Some(CaseState::Closed),
            Some(other) => return Err(bad(format!("state: {other:?} is not open or closed"))),
        };
        let outcome = self.outcome.map(|outcome| match outcome.as_str() {
            NO_OUTCOME => OutcomeFilter::Missing,
            _ => OutcomeFilter::Is(outcome),
        });
        Ok(CallQuery {
            sight: rotaline_store::Sight::Only(rotaline_store::Seen::default()),
            from: time("from", self.from)?,
            to: time("to", self.to)?,
            specialty: parsed("specialty", self.specialty, SpecialtyId::parse)?,
            practice: parsed("practice", self.practice, PracticeFilter::parse)?,
            person: parsed("person", self.person, PersonId::parse)?,
            outcome,
            state,
            after: parsed("after", self.after, str::parse)?,
            limit,
        })
    }
}

fn parsed<T, E: std::fmt::Display>(
    name: &str,
    text: Option<String>,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<Option<T>, ApiError> {
    text.map(|text| parse(&text).map_err(|error| bad(format!("{name}: {error}"))))
        .transpose()
}

fn time(name: &str, text: Option<String>) -> Result<Option<Timestamp>, ApiError> {
    let Some(text) = text else {
        return Ok(None);
    };
    let time = text.parse().map_err(|_| {
        bad(format!(
            "{name}: {text:?} is not a time; write it as 2026-11-24T09:00:00Z (a + in a link \
             is written %2B)"
        ))
    })?;
    Ok(Some(time))
}

fn bad(detail: String) -> ApiError {
    ApiError::BadRequest { detail }
}
