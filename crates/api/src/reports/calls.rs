//! The calls report, page by page, and a person's own list.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use rotaline_model::PersonId;
use rotaline_store::{CallLine, LinePosition};
use serde::Serialize;
use utoipa::ToSchema;

use super::cells::COLUMNS;
use super::filter::{Asked, ReportFilter};
use super::line::ReportLine;
use crate::ApiState;
use crate::problem::{ApiError, Problem};
use crate::refusals::ReportNotShown;

/// A page of the calls report.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReportPage {
    /// The report's columns, as exports have them.
    columns: Vec<&'static str>,
    /// The calls, in the order that was asked for.
    lines: Vec<ReportLine>,
    /// To be sent as `after` for the next page; null: this was the last.
    next: Option<String>,
}

/// The calls report: a page
///
/// Calls that come in meanwhile shift nothing: `next` names a call, not a number of lines. `.csv`
/// and `.xlsx` give all of it.
#[utoipa::path(
    get,
    path = "/api/v1/reports/calls",
    tag = "reports",
    params(ReportFilter),
    responses(
        (status = 200, description = "A page of the report", body = ReportPage),
        ReportNotShown,
    ),
    security(("token" = []))
)]
pub(crate) async fn report(
    State(state): State<ApiState>,
    filter: Result<Query<ReportFilter>, QueryRejection>,
) -> Result<Json<ReportPage>, ApiError> {
    let Query(filter) = filter.map_err(ApiError::bad_query)?;
    let asked = filter.page(&state)?;
    page(&state, asked).await.map(Json)
}

/// A person's own calls, on either side of the talk
///
/// Each says whether its outcome is still to be given, and where; `outcome=-` and `connected=yes`
/// narrow to those.
#[utoipa::path(
    get,
    path = "/api/v1/reports/people/{id}/calls",
    tag = "reports",
    params(("id" = String, Path, description = "The person's id"), ReportFilter),
    responses(
        (status = 200, description = "A page of their calls", body = ReportPage),
        (status = 404, description = "No such person", body = Problem,
            content_type = "application/problem+json"),
        ReportNotShown,
    ),
    security(("token" = []))
)]
pub(crate) async fn own(
    State(state): State<ApiState>,
    Path(id): Path<String>,
    filter: Result<Query<ReportFilter>, QueryRejection>,
) -> Result<Json<ReportPage>, ApiError> {
    let Query(filter) = filter.map_err(ApiError::bad_query)?;
    let person = PersonId::parse(&id).map_err(|_| ApiError::NoSuchPerson)?;
    if state.plan.current().plan.person(&person).is_none() {
        return Err(ApiError::NoSuchPerson);
    }
    let mut asked = filter.page(&state)?;
    asked.query.party = Some(person);
    page(&state, asked).await.map(Json)
}

pub(super) async fn page(state: &ApiState, asked: Asked) -> Result<ReportPage, ApiError> {
    let by = asked.query.order.by;
    let mut lines = state.store.lines(asked.query).next(asked.limit + 1).await?;
    let more = lines.len() > asked.limit;
    lines.truncate(asked.limit);
    let position = |line: &CallLine| LinePosition::of(line, by).to_string();
    Ok(ReportPage {
        columns: COLUMNS.map(|(title, _)| title).to_vec(),
        next: lines.last().filter(|_| more).map(position),
        lines: lines
            .iter()
            .map(|line| ReportLine::of(line, &asked.names))
            .collect(),
    })
}
