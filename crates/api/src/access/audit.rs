//! The audit, for whoever has to look at it: filtered, in pages, the newest first.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use jiff::Timestamp;
use rotaline_model::CaseId;
use rotaline_store::{Action, AuditEntry, AuditQuery, Sight};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Asker, Right};
use crate::ApiState;
use crate::problem::ApiError;
use crate::refusals::ReportNotShown;

/// Entries on a page, unless less is asked for.
const PAGE: usize = 100;
/// Entries on a page at most.
const MAX_PAGE: usize = 1_000;

/// Which entries.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuditFilter {
    /// At this time or later (RFC 3339).
    from: Option<String>,
    /// Before this time.
    to: Option<String>,
    /// By this user.
    who: Option<String>,
    /// Of this kind, e.g. `recording-fetched`, `changed`.
    action: Option<String>,
    /// With this call.
    call: Option<String>,
    /// `next` of the page before.
    after: Option<i64>,
    /// How many, 1 to 1000; left out: 100.
    limit: Option<usize>,
}

/// A page of the audit.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditPage {
    /// The newest first.
    entries: Vec<AuditJson>,
    /// To be sent as `after` for the next page; null: this was the last.
    next: Option<i64>,
}

/// Who did what.
#[derive(Debug, Serialize, ToSchema)]
struct AuditJson {
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    who: String,
    #[schema(example = "recording-fetched")]
    action: &'static str,
    /// With which call; null: with none, or with many.
    call: Option<String>,
    organisation: Option<String>,
    /// With what.
    object: String,
    /// Why, in their words.
    reason: Option<String>,
}

/// Who read or changed what, and why
///
/// Of the organisations that one looks after; reading it is an entry of its own.
#[utoipa::path(get, path = "/api/v1/audit", tag = "access", params(AuditFilter),
    responses((status = 200, description = "A page of entries", body = AuditPage),
        ReportNotShown),
    security(("token" = [])))]
pub(crate) async fn audit_log(
    State(state): State<ApiState>,
    asker: Asker,
    filter: Result<Query<AuditFilter>, QueryRejection>,
) -> Result<Json<AuditPage>, ApiError> {
    let Query(filter) = filter.map_err(ApiError::bad_query)?;
    let (mut query, limit) = filter.check()?;
    query.organisations = match asker.sight(Right::ReadAudit) {
        Sight::All => None,
        Sight::Only(seen) => Some(seen.organisations),
    };
    let entry = asker.entry(Action::AuditRead, None, "audit");
    state.store.audit(entry).await?;
    let mut found = state.store.users()?.audit_log(query).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|(place, _)| *place);
    let entries = found.into_iter().map(|(_, entry)| AuditJson::of(entry));
    Ok(Json(AuditPage {
        entries: entries.collect(),
        next,
    }))
}

impl AuditFilter {
    fn check(self) -> Result<(AuditQuery, usize), ApiError> {
        let limit = self.limit.unwrap_or(PAGE);
        if !(1..=MAX_PAGE).contains(&limit) {
            return Err(bad("limit", "1 to 1000"));
        }
        let time = |name, text: Option<String>| {
            let time = text.map(|text| text.parse::<Timestamp>());
            time.transpose()
                .map_err(|_| bad(name, "write it as 2026-11-24T09:00:00Z"))
        };
        let action = self.action.as_deref().map(Action::parse);
        if action == Some(None) {
            return Err(bad("action", "there is no such action"));
        }
        let case = self.call.as_deref().map(str::parse::<CaseId>).transpose();
        let query = AuditQuery {
            organisations: Some(Vec::new()),
            from: time("from", self.from)?,
            to: time("to", self.to)?,
            who: self.who,
            action: action.flatten(),
            case: case.map_err(|_| bad("call", "it is no call's id"))?,
            before: self.after,
            bound: limit + 1,
        };
        Ok((query, limit))
    }
}

impl AuditJson {
    fn of(entry: AuditEntry) -> AuditJson {
        AuditJson {
            at: entry.at,
            who: entry.who,
            action: entry.action.name(),
            call: entry.case.map(|case| case.to_string()),
            organisation: entry.organisation.map(String::from),
            object: entry.object,
            reason: entry.reason,
        }
    }
}

fn bad(field: &str, remedy: &str) -> ApiError {
    ApiError::BadRequest {
        detail: format!("{field}: {remedy}"),
    }
}
