//! What all resources of the plan have in common: lists in pages, versions, and changes.

use axum::Json;
use axum::extract::Query;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rotaline_routing::{Item, ItemKey, ItemKind};
use rotaline_store::Expected;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::desk::Wish;
use super::history::refused;
use crate::ApiState;
use crate::access::{Asker, Right, Tenancy};
use crate::problem::ApiError;

/// Items on a page, unless less is asked for.
const PAGE: usize = 100;
/// Items on a page at most.
const MAX_PAGE: usize = 1000;

/// Which items are listed.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ItemFilter {
    /// Part of the name, in capitals or not.
    name: Option<String>,
    /// The area.
    area: Option<String>,
    /// The directory code.
    code: Option<String>,
    /// `next` of the page before.
    after: Option<String>,
    /// How many, 1 to 1000; left out: 100.
    limit: Option<usize>,
}

/// A page of items, by id.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ItemPage {
    /// The items.
    items: Vec<ListedItem>,
    /// To be sent as `after` for the next page; null: this was the last.
    next: Option<String>,
}

/// An item in a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ListedItem {
    /// Its id.
    id: String,
    /// Its version: in a change, `If-Match: "<version>"`.
    version: u64,
    /// Its keys, as in a plan file.
    #[schema(value_type = Object)]
    item: Item,
}

impl ItemFilter {
    fn takes(&self, item: &Item) -> bool {
        let equal = |wanted: &Option<String>, key| {
            wanted
                .as_deref()
                .is_none_or(|it| item.text_at(key) == Some(it))
        };
        let named = self.name.as_ref().is_none_or(|part| {
            let name = item.text_at("name").unwrap_or_default().to_lowercase();
            name.contains(&part.to_lowercase())
        });
        named && equal(&self.area, "area") && equal(&self.code, "code")
    }
}

pub(super) fn list(
    (state, asker): (&ApiState, &Asker),
    kind: ItemKind,
    filter: Result<Query<ItemFilter>, QueryRejection>,
) -> Result<Json<ItemPage>, ApiError> {
    let bad = |detail: String| ApiError::BadRequest { detail };
    let Query(filter) = filter.map_err(|rejection| bad(rejection.body_text()))?;
    let limit = filter.limit.unwrap_or(PAGE);
    if limit == 0 || limit > MAX_PAGE {
        return Err(bad(format!(
            "limit: {limit} is out of range; 1 to {MAX_PAGE}"
        )));
    }
    let edition = state.plan.current();
    let after = filter.after.as_deref();
    let tenancy = Tenancy::of(&edition);
    let mut found = edition.items.of(kind).filter(|(key, item)| {
        after.is_none_or(|after| key.id.as_str() > after)
            && filter.takes(item)
            && tenancy.reads(asker, reading(kind), key, item)
    });
    let items: Vec<ListedItem> = found
        .by_ref()
        .take(limit)
        .map(|(key, item)| ListedItem {
            id: key.id.clone(),
            version: edition.versions.get(key).copied().unwrap_or(0),
            item: item.clone(),
        })
        .collect();
    let more = found.next().is_some();
    let next = items.last().filter(|_| more).map(|last| last.id.clone());
    Ok(Json(ItemPage { items, next }))
}

pub(super) fn one(
    (state, asker): (&ApiState, &Asker),
    kind: ItemKind,
    id: &str,
) -> Result<Response, ApiError> {
    let key = ItemKey::new(kind, id);
    let edition = state.plan.current();
    let tenancy = Tenancy::of(&edition);
    let item = edition.items.get(&key);
    let item = item.filter(|item| tenancy.reads(asker, reading(kind), &key, item));
    let item = item.ok_or(ApiError::NoSuchItem)?;
    let version = edition.versions.get(&key).copied().unwrap_or(0);
    Ok(versioned(StatusCode::OK, version, item))
}

pub(super) async fn put(
    (state, asker): (&ApiState, &Asker),
    kind: ItemKind,
    id: &str,
    headers: &HeaderMap,
    body: Result<Json<Item>, JsonRejection>,
) -> Result<Response, ApiError> {
    let Json(item) = body.map_err(explain)?;
    let key = ItemKey::new(kind, id);
    let current = state.plan.current();
    let (tenancy, before) = (Tenancy::of(&current), current.items.get(&key));
    // What it is, and what it is to be: nobody takes or gives what is another's.
    let mut both = before.into_iter().chain([&item]);
    if !both.all(|item| tenancy.changes(asker, Right::EditPlan, &key, item)) {
        return Err(ApiError::NoSuchItem);
    }
    let known = before.is_some();
    let edition = change((state, asker), key.clone(), Some(item.clone()), headers).await?;
    let status = if known {
        StatusCode::OK
    } else {
        StatusCode::CREATED
    };
    let version = edition.versions.get(&key).copied().unwrap_or(0);
    Ok(versioned(status, version, &item))
}

pub(super) async fn delete(
    (state, asker): (&ApiState, &Asker),
    kind: ItemKind,
    id: &str,
    headers: &HeaderMap,
) -> Result<StatusCode, ApiError> {
    let key = ItemKey::new(kind, id);
    let current = state.plan.current();
    let item = current.items.get(&key).ok_or(ApiError::NoSuchItem)?;
    if !Tenancy::of(&current).changes(asker, Right::EditPlan, &key, item) {
        return Err(ApiError::NoSuchItem);
    }
    change((state, asker), key, None, headers).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn change(
    (state, asker): (&ApiState, &Asker),
    key: ItemKey,
    item: Option<Item>,
    headers: &HeaderMap,
) -> Result<std::sync::Arc<super::Edition>, ApiError> {
    let expected = expected(headers)?;
    let wish = Wish {
        key,
        item,
        expected,
    };
    let by = asker.name();
    let changed = state.plan.change(vec![wish], by).await;
    match changed {
        Ok(edition) => Ok(edition),
        Err(reason) => Err(refused(state, reason).await),
    }
}

/// The right that it takes to read items of a kind.
fn reading(kind: ItemKind) -> Right {
    match kind {
        ItemKind::Person => Right::ReadPeople,
        ItemKind::Deployment => Right::EditPlan,
        ItemKind::Organisation
        | ItemKind::Number
        | ItemKind::Specialty
        | ItemKind::Outcomes
        | ItemKind::Practice
        | ItemKind::BankHolidays => Right::ReadPlan,
    }
}

/// What the request believes of the item.
pub(super) fn expected(headers: &HeaderMap) -> Result<Expected, ApiError> {
    let text = |name| {
        headers
            .get(name)
            .map(|value| value.to_str().unwrap_or_default())
    };
    let bad = |detail: &str| ApiError::BadRequest {
        detail: detail.to_owned(),
    };
    //= RFC 9110 section 13.1.2
    //# If-None-Match can also be used with a value of "*" to prevent an unsafe request method
    //# [...] when the client believes that the resource does not have a current representation
    match (text(header::IF_MATCH), text(header::IF_NONE_MATCH)) {
        (None, None) => Ok(Expected::Anything),
        (None, Some("*")) => Ok(Expected::Absent),
        (Some(tag), None) => {
            let version = tag
                .strip_prefix('"')
                .and_then(|rest| rest.strip_suffix('"'));
            let version = version.and_then(|text| text.parse().ok());
            version
                .map(Expected::Version)
                .ok_or_else(|| bad("If-Match: send the ETag that came with the item, e.g. \"12\""))
        }
        (Some(_) | None, Some(_)) => Err(bad("If-None-Match: only * has a meaning here, alone")),
    }
}

fn versioned(status: StatusCode, version: u64, item: &Item) -> Response {
    etag(status, version, Json(item))
}

/// An answer with a version.
pub(super) fn etag(status: StatusCode, version: u64, body: impl IntoResponse) -> Response {
    let mut response = (status, body).into_response();
    let tag = HeaderValue::from_str(&format!("\"{version}\""));
    let tag = tag.expect("digits in quotation marks are a header's value");
    response.headers_mut().insert(header::ETAG, tag);
    response
}

pub(super) fn explain(rejection: JsonRejection) -> ApiError {
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::TooLarge,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => ApiError::NotJson,
        _ => ApiError::BadRequest {
            detail: format!(
                "{}; send the keys of the item as a plan file has them, as JSON",
                rejection.body_text()
            ),
        },
    }
}
