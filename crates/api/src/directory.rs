//! The service directory (SERVICE 10): for anybody, as data, as a page, as a contact card. Drawn
//! from the plan that is hunted; nobody who answers and nobody who rang is named.
//!
//! The page is one answer without scripts, fonts or pictures: it is read on a practice's slowest
//! machine with the patient in the room.

mod page;
mod waits;

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use rotaline_model::OrganisationId;
use rotaline_routing::{Directory, Entry, Openness};
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) use waits::Waits;

use crate::ApiState;
use crate::plan::Edition;
use crate::problem::ApiError;
use crate::refusals::DirectoryNotShown;

/// What is shown is at most so old, in seconds.
const FRESH: &str = "public, max-age=30";

/// An organisation's numbers and teams
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DirectoryOf {
    /// The organisation's id.
    organisation: String,
    /// Its name.
    name: String,
    /// Its IANA time zone.
    #[schema(example = "Europe/London")]
    zone: String,
    /// Where the menu is reached, as E.164.
    dial_in: Vec<String>,
    /// The number that every call of this service comes from.
    calls_come_from: String,
    /// Its teams: by key, then those with a number of their own.
    specialties: Vec<Team>,
}

/// A team, as anybody may know it
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Team {
    /// The specialty's id.
    id: String,
    /// Its name.
    name: String,
    /// Its key in the menu; null: it has a number of its own only.
    key: Option<String>,
    /// Numbers that reach it without a menu.
    direct: Vec<String>,
    /// Where its people are based; null: not told.
    base: Option<String>,
    /// Whether it can be rung now.
    open: bool,
    /// When it closes or opens next; null: not within a day, or not within the next weeks.
    #[schema(value_type = Option<String>, format = DateTime)]
    changes_at: Option<Timestamp>,
    /// The median wait of those who were joined today, of the last 200 calls at most; null:
    /// nobody was.
    typical_wait_s: Option<f64>,
}

/// An organisation's dial-in number and teams, open or closed now
///
/// Open to anybody.
#[utoipa::path(
    get,
    path = "/api/v1/directory/{organisation}",
    tag = "directory",
    params(("organisation" = String, Path, description = "The organisation's id")),
    responses(
        (status = 200, description = "What callers may know", body = DirectoryOf),
        DirectoryNotShown,
    )
)]
pub(crate) async fn data(
    State(state): State<ApiState>,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let found = Found::find(&state, &id)?;
    let directory = found.shown()?;
    let told = directory_of(&state, &found, &directory).await;
    Ok(([(header::CACHE_CONTROL, FRESH)], Json(told)).into_response())
}

/// The same, as a page
#[utoipa::path(
    get,
    path = "/directory/{organisation}",
    tag = "directory",
    params(("organisation" = String, Path, description = "The organisation's id")),
    responses(
        (status = 200, description = "A page", body = String, content_type = "text/html"),
        DirectoryNotShown,
    )
)]
pub(crate) async fn page(
    State(state): State<ApiState>,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let found = Found::find(&state, &id)?;
    let directory = found.shown()?;
    let told = directory_of(&state, &found, &directory).await;
    Ok(page::page(&told, &directory, found.now))
}

/// Its numbers as contact cards (vCard 4.0), so that a call of the service shows its name
#[utoipa::path(
    get,
    path = "/directory/{organisation}/contact.vcf",
    tag = "directory",
    params(("organisation" = String, Path, description = "The organisation's id")),
    responses(
        (status = 200, description = "Two cards: the number to ring, and the one that rings",
            body = String, content_type = "text/vcard"),
        DirectoryNotShown,
    )
)]
pub(crate) async fn contact(
    State(state): State<ApiState>,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let found = Found::find(&state, &id)?;
    Ok(page::contact(&found.shown()?, &found.calls_come_from()))
}

/// The organisation that a path names, in the plan of this moment.
struct Found {
    edition: Arc<Edition>,
    id: OrganisationId,
    now: Timestamp,
}

impl Found {
    fn find(state: &ApiState, id: &str) -> Result<Found, ApiError> {
        Ok(Found {
            id: OrganisationId::parse(id).map_err(|_| ApiError::NoSuchItem)?,
            edition: state.plan.current(),
            now: Timestamp::now(),
        })
    }

    fn shown(&self) -> Result<Directory<'_>, ApiError> {
        let directory = self.edition.plan.directory(&self.id, self.now);
        directory.ok_or(ApiError::NoSuchItem)
    }

    fn calls_come_from(&self) -> String {
        self.edition.plan.inbound_number().to_string()
    }
}

async fn directory_of(state: &ApiState, found: &Found, shown: &Directory<'_>) -> DirectoryOf {
    let organisation = shown.organisation;
    let zone = &organisation.zone;
    let mut specialties = Vec::with_capacity(shown.entries.len());
    for entry in &shown.entries {
        let id = &entry.specialty.id;
        let wait_s = state.waits.typical(&state.store, id, zone, found.now).await;
        specialties.push(team(entry, wait_s));
    }
    DirectoryOf {
        organisation: organisation.id.to_string(),
        name: organisation.name.clone(),
        zone: zone.iana_name().unwrap_or("UTC").to_owned(),
        dial_in: shown.dial_in.iter().map(ToString::to_string).collect(),
        calls_come_from: found.calls_come_from(),
        specialties,
    }
}

fn team(entry: &Entry<'_>, typical_wait_s: Option<f64>) -> Team {
    let (open, changes_at) = match entry.hours {
        Openness::Open { until } => (true, until),
        Openness::Closed { opens } => (false, opens),
    };
    Team {
        id: entry.specialty.id.to_string(),
        name: entry.specialty.name.clone(),
        key: entry.specialty.key.map(|key| key.to_string()),
        direct: entry.direct.iter().map(ToString::to_string).collect(),
        base: entry.specialty.base.clone(),
        open,
        changes_at,
        typical_wait_s,
    }
}
