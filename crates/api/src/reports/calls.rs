//! The calls report, page by page, and a person's own list.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use rotaline_model::{PersonId, Pii};
use rotaline_store::{Action, CallLine, LinePosition, Sight};
use serde::Serialize;
use utoipa::ToSchema;

use super::cells::COLUMNS;
use super::filter::{Asked, ReportFilter};
use super::line::ReportLine;
use crate::ApiState;
use crate::access::{Asker, Right, Tenancy};
use crate::json::REDACTED;
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
    asker: Asker,
    filter: Result<Query<ReportFilter>, QueryRejection>,
) -> Result<Json<ReportPage>, ApiError> {
    let Query(filter) = filter.map_err(ApiError::bad_query)?;
    let asked = filter.page(&state, &asker)?;
    page(&state, &asker, asked).await.map(Json)
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
    asker: Asker,
    Path(id): Path<String>,
    filter: Result<Query<ReportFilter>, QueryRejection>,
) -> Result<Json<ReportPage>, ApiError> {
    let Query(filter) = filter.map_err(ApiError::bad_query)?;
    let person = PersonId::parse(&id).map_err(|_| ApiError::NoSuchPerson)?;
    let edition = state.plan.current();
    if !Tenancy::of(&edition).person(&asker, Right::Reports, &person) {
        return Err(ApiError::NoSuchPerson);
    }
    let mut asked = filter.page(&state, &asker)?;
    if asker.is(&person) {
        // Their own calls are theirs to see, whosever they are.
        asked.query.sight = Sight::All;
    }
    asked.query.party = Some(person);
    page(&state, &asker, asked).await.map(Json)
}

pub(super) async fn page(
    state: &ApiState,
    asker: &Asker,
    asked: Asked,
) -> Result<ReportPage, ApiError> {
    let by = asked.query.order.by;
    let mut lines = state.store.lines(asked.query).next(asked.limit + 1).await?;
    let more = lines.len() > asked.limit;
    lines.truncate(asked.limit);
    let entry = asker.entry(Action::ListRead, None, "calls report");
    state.store.audit(entry).await?;
    if !asker.patients_in(Right::Reports) {
        lines.iter_mut().for_each(redact);
    }
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

/// Leaves out what identifies a patient: of a caller of no known practice, the number too.
pub(super) fn redact(line: &mut CallLine) {
    line.patient = None;
    line.gender = None;
    if line.practice.is_none() {
        line.caller = line.caller.take().map(|_| Pii::new(REDACTED.to_owned()));
    }
    line.recorded = false;
}
