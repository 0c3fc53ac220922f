//! What patients have asked of the secretaries (SERVICE 6): requests to be rung back, the newest
//! first, and how far each is.

use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use rotaline_model::RequestId;
use rotaline_record::{Case, Command, Request, RequestState};
use rotaline_store::Action;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::ApiState;
use crate::access::{Asker, Right};
use crate::commands::{Kept, carried_out};
use crate::errands::explain;
use crate::json::RequestJson;
use crate::problem::ApiError;
use crate::refusals::{CallNotChanged, CallNotShown};

/// Which requests.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct RequestFilter {
    /// `open`, `booked` or `done`; left out: open.
    #[param(value_type = Option<String>)]
    #[serde(default)]
    state: RequestState,
    /// Whose secretaries.
    organisation: Option<String>,
    /// Which team it is for.
    specialty: Option<String>,
}

/// How far a request is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RequestWish {
    /// `open`, `booked` (a call back is) or `done` (dealt with).
    #[schema(value_type = String, example = "done")]
    state: RequestState,
}

/// A request to be rung back.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ListedRequest {
    #[serde(flatten)]
    request: RequestJson,
    /// The call that it was left in; its recording holds the name that was spoken.
    #[schema(format = "uuid")]
    call: String,
    /// Whose secretaries.
    organisation: String,
}

impl ListedRequest {
    fn of(case: &Case, request: &Request) -> Self {
        ListedRequest {
            request: RequestJson::of(request),
            call: case.id.to_string(),
            organisation: request.what.organisation.to_string(),
        }
    }
}

/// List what patients have asked, the newest first
#[utoipa::path(get, path = "/api/v1/pifu-requests", tag = "pifu-requests",
    params(RequestFilter),
    responses((status = 200, description = "At most 500", body = Vec<ListedRequest>),
        CallNotShown),
    security(("token" = [])))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    asker: Asker,
    filter: Result<Query<RequestFilter>, QueryRejection>,
) -> Result<Json<Vec<ListedRequest>>, ApiError> {
    let Query(filter) = filter.map_err(|rejection| ApiError::BadRequest {
        detail: rejection.body_text(),
    })?;
    let cases = state.store.requests(filter.state).await?;
    let may = |request: &Request| {
        let what = &request.what;
        asker.may(Right::Requests, &what.organisation, Some(&what.specialty))
    };
    let wanted = |request: &&Request| {
        let equal = |wanted: &Option<String>, is: &str| wanted.as_deref().is_none_or(|it| it == is);
        may(request)
            && request.state == filter.state
            && equal(&filter.organisation, request.what.organisation.as_str())
            && equal(&filter.specialty, request.what.specialty.as_str())
    };
    let mut listed = Vec::new();
    for case in &cases {
        let of_case = case.requests.iter().filter(wanted);
        listed.extend(of_case.map(|request| ListedRequest::of(case, request)));
    }
    if !listed.is_empty() {
        let entry = asker.entry(Action::ListRead, None, "requests of patients");
        state.store.audit(entry).await?;
    }
    Ok(Json(listed))
}

/// Say how far a request is
#[utoipa::path(put, path = "/api/v1/pifu-requests/{id}", tag = "pifu-requests",
    params(("id" = String, Path, description = "The request's id", format = "uuid")),
    request_body = RequestWish,
    responses((status = 200, description = "Kept; as it is now", body = ListedRequest),
        (status = 202, description = "Kept, but not visible yet", body = Kept), CallNotChanged),
    security(("token" = [])))]
pub(crate) async fn change(
    State(state): State<ApiState>,
    asker: Asker,
    Path(id): Path<String>,
    wish: Result<Json<RequestWish>, JsonRejection>,
) -> Result<Response, ApiError> {
    let Json(wish) = wish.map_err(explain)?;
    let id: RequestId = id.parse().map_err(|_| ApiError::NoSuchRequest)?;
    let case = state.store.case_with_request(id).await?;
    let case = case.ok_or(ApiError::NoSuchRequest)?;
    let mut requests = case.requests.iter();
    let may = requests.any(|it| {
        let what = &it.what;
        what.id == id && asker.may(Right::Requests, &what.organisation, Some(&what.specialty))
    });
    if !may {
        return Err(ApiError::NoSuchRequest);
    }
    let command = Command::ChangeRequest {
        case: case.id,
        request: id,
        state: wish.state,
        by: asker.name(),
    };
    let Some(case) = carried_out(&state, &case, command).await? else {
        return Ok((StatusCode::ACCEPTED, Json(Kept::of(&case))).into_response());
    };
    let request = case.requests.iter().find(|it| it.what.id == id);
    let request = request.ok_or(ApiError::NoSuchRequest)?;
    Ok(Json(ListedRequest::of(&case, request)).into_response())
}
