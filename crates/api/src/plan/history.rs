//! What the plan was: its revisions, newest first; and, for whoever was overtaken, what somebody
//! else has made of an item meanwhile.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use rotaline_routing::{Item, ItemKey, ItemKind};
use rotaline_store::{HISTORY_BOUND, HistoryQuery, PlanVersion};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::desk::NotChanged;
use crate::ApiState;
use crate::problem::{ApiError, Problem};

/// Revisions on a page, unless less is asked for.
const PAGE: usize = 50;

/// Which revisions.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct HistoryFilter {
    /// Of this kind of item, as `changes` names it; with `id`.
    kind: Option<String>,
    /// Of this item; with `kind`. What it was is then shown too.
    id: Option<String>,
    /// `next` of the page before.
    #[param(minimum = 1)]
    before: Option<u64>,
    /// How many, 1 to 200; left out: 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
}

/// A page of revisions, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HistoryPage {
    /// The revisions.
    revisions: Vec<Revision>,
    /// To be sent as `before` for the next page; null: this was the last.
    next: Option<u64>,
}

/// A change of the plan.
#[derive(Debug, Serialize, ToSchema)]
struct Revision {
    /// Its number, which `POST /api/v1/plan/undo` takes.
    revision: u64,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    changed_at: jiff::Timestamp,
    /// Who made it.
    changed_by: String,
    /// The items that it changed, or of them the one that was asked for.
    changes: Vec<Change>,
}

/// An item that a revision changed.
#[derive(Debug, Serialize, ToSchema)]
struct Change {
    /// What it is, e.g. `specialty`.
    kind: String,
    /// Its id; empty for what holds for the whole deployment.
    id: String,
    /// Whether the item was made or changed by it, rather than taken away.
    kept: bool,
    /// What it was from then on, if one item was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    item: Option<Item>,
}

/// What somebody else has made of an item.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Rival {
    /// When they did.
    #[schema(value_type = String, format = DateTime)]
    changed_at: jiff::Timestamp,
    /// Who they are.
    changed_by: String,
    /// What it is now; null: it was taken away.
    #[schema(value_type = Option<Object>)]
    item: Option<Item>,
}

/// Revisions of the plan, newest first
///
/// Of everything, or of one item with what it was.
#[utoipa::path(
    get,
    path = "/api/v1/plan/history",
    tag = "plan",
    params(HistoryFilter),
    responses(
        (status = 200, description = "A page", body = HistoryPage),
        (status = 400, description = "A filter is not what it should be", body = Problem,
            content_type = "application/problem+json"),
        (status = 401, description = "No token, or a wrong one", body = Problem,
            content_type = "application/problem+json"),
        (status = 503, description = "The database is away", body = Problem,
            content_type = "application/problem+json"),
    ),
    security(("token" = []))
)]
pub(crate) async fn history(
    State(state): State<ApiState>,
    filter: Result<Query<HistoryFilter>, QueryRejection>,
) -> Result<Json<HistoryPage>, ApiError> {
    let Query(filter) = filter.map_err(ApiError::bad_query)?;
    let bad = |detail: String| ApiError::BadRequest { detail };
    let limit = filter.limit.unwrap_or(PAGE);
    if limit == 0 || limit > HISTORY_BOUND {
        let detail = format!("limit: {limit} is out of range; 1 to {HISTORY_BOUND}");
        return Err(bad(detail));
    }
    let key = match (&filter.kind, &filter.id) {
        (None, None) => None,
        (Some(kind), Some(id)) => {
            let kind = ItemKind::parse(kind).ok_or_else(|| bad(kinds(kind)))?;
            Some(ItemKey::new(kind, id))
        }
        (Some(_), None) | (None, Some(_)) => {
            return Err(bad("send kind and id together, or neither".to_owned()));
        }
    };
    let whole = key.is_some();
    let query = HistoryQuery {
        key: key.map(|key| (key.kind.name().to_owned(), key.id)),
        before: filter.before,
        revisions: limit,
    };
    let versions = state.plan.history(query).await?;
    let revisions = revisions(&versions, whole);
    let more = revisions.len() == limit;
    let next = revisions.last().filter(|_| more).map(|last| last.revision);
    Ok(Json(HistoryPage { revisions, next }))
}

/// A refused change as a problem, with what somebody else has changed meanwhile.
pub(super) async fn refused(state: &ApiState, reason: NotChanged) -> ApiError {
    match reason {
        NotChanged::Faults(faults) => ApiError::Faults(faults),
        NotChanged::Conflict { key, version } => ApiError::VersionDiffers {
            rival: rival(state, &key).await.map(Box::new),
            item: key.to_string(),
            current: version,
        },
        NotChanged::NoSuchRevision => ApiError::NoSuchRevision,
        NotChanged::Store(error) => ApiError::Store(error),
    }
}

/// Without the database it is not known; that there is a conflict is all the same.
async fn rival(state: &ApiState, key: &ItemKey) -> Option<Rival> {
    let query = HistoryQuery {
        key: Some((key.kind.name().to_owned(), key.id.clone())),
        before: None,
        revisions: 1,
    };
    let newest = state.plan.history(query).await.ok()?.into_iter().next()?;
    Some(Rival {
        changed_at: newest.changed_at,
        item: newest.body.as_deref().and_then(parsed),
        changed_by: newest.changed_by,
    })
}

fn revisions(versions: &[PlanVersion], whole: bool) -> Vec<Revision> {
    let same = |one: &PlanVersion, other: &PlanVersion| one.revision == other.revision;
    let each = versions.chunk_by(same);
    let revision = |versions: &[PlanVersion]| {
        let first = versions.first()?;
        Some(Revision {
            revision: first.revision,
            changed_at: first.changed_at,
            changed_by: first.changed_by.clone(),
            changes: versions.iter().map(|it| change(it, whole)).collect(),
        })
    };
    each.filter_map(revision).collect()
}

fn change(version: &PlanVersion, whole: bool) -> Change {
    let (kind, id) = version.key.clone();
    let body = version.body.as_deref();
    Change {
        kind,
        id,
        kept: body.is_some(),
        item: body.filter(|_| whole).and_then(parsed),
    }
}

/// What a version of the program wrote that this one cannot read is not shown.
fn parsed(body: &str) -> Option<Item> {
    Item::parse(body).ok()
}

fn kinds(given: &str) -> String {
    let all = ItemKind::ALL.map(ItemKind::name).join(", ");
    format!("kind: {given:?} is none of {all}")
}
