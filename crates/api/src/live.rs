//! Calls that are up now: who is in them, and the word that ends one (issue "Records", live calls).
//!
//! What is shown is `record`'s live view, which holds nothing of a patient. A hang-up is kept
//! durably first, with who asked for it; then the engine tells whoever is in the call, and hangs
//! up. Not here: calls of other machines, which are in none of this one's engine.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use jiff::Timestamp;
use rotaline_model::CaseId;
use rotaline_record::{CallKind, Case, Command, LiveCall, LiveLeg, LiveState, PhoneKind, Role};
use rotaline_store::{Action, Sight, Store};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::ApiState;
use crate::access::{Asker, Right};
use crate::commands::{Kept, submitted};
use crate::problem::{ApiError, Problem};

/// Which calls.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct LiveFilter {
    /// Of this organisation.
    organisation: Option<String>,
    /// Of this specialty.
    specialty: Option<String>,
}

/// A call that is up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct LiveCallJson {
    /// Its case: `GET /api/v1/calls/{id}`.
    #[schema(format = "uuid")]
    id: String,
    /// A short reference that people can read out.
    reference: String,
    /// The call, of those that the case has.
    #[schema(format = "uuid")]
    call: String,
    /// Why there is a call at all.
    #[schema(value_type = String, example = "inbound")]
    kind: CallKind,
    /// Whose number was dialled.
    pub(crate) organisation: Option<String>,
    /// What was chosen last.
    specialty: Option<String>,
    /// The caller's practice.
    practice: Option<String>,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    started_at: Timestamp,
    /// `menu`, `waiting`, `ringing`, `accepting` (somebody is asked whether they accept),
    /// `talking` or `outcome` (whoever is left is asked what came of it).
    #[schema(value_type = String, example = "talking")]
    state: LiveState,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// Phones that are up or ring, the caller's first.
    legs: Vec<LiveLegJson>,
}

/// A phone of a call that is up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct LiveLegJson {
    /// Its number within the call.
    leg: u32,
    /// `caller` or `called`.
    #[schema(value_type = String, example = "called")]
    role: Role,
    /// Who is rung; null: the caller, or a line.
    person: Option<String>,
    /// Which kind of phone; null: it rang us.
    #[schema(value_type = Option<String>, example = "mobile")]
    phone: Option<PhoneKind>,
    /// Whether it has answered, or (the caller's) was answered.
    answered: bool,
    /// Since when it rings, or is answered.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
}

impl LiveCallJson {
    pub(crate) fn of(live: &LiveCall) -> Self {
        LiveCallJson {
            id: live.case.to_string(),
            reference: live.case.reference(),
            call: live.call.to_string(),
            kind: live.kind,
            organisation: live.organisation.as_ref().map(ToString::to_string),
            specialty: live.specialty.as_ref().map(ToString::to_string),
            practice: live.practice.as_ref().map(ToString::to_string),
            started_at: live.started_at,
            state: live.state,
            since: live.since,
            legs: live.legs.iter().map(LiveLegJson::of).collect(),
        }
    }
}

impl LiveLegJson {
    fn of(leg: &LiveLeg) -> Self {
        LiveLegJson {
            leg: leg.leg.0,
            role: leg.role,
            person: leg.person.as_ref().map(ToString::to_string),
            phone: leg.phone,
            answered: leg.answered,
            since: leg.since,
        }
    }
}

/// List calls that are up, the longest first
#[utoipa::path(get, path = "/api/v1/live-calls", tag = "live-calls",
    params(LiveFilter),
    responses((status = 200, description = "As many as there are", body = Vec<LiveCallJson>),
        (status = 400, description = "A filter is not what it should be", body = Problem,
            content_type = "application/problem+json"),
        (status = 401, description = "No token, or a wrong one", body = Problem,
            content_type = "application/problem+json")),
    security(("token" = [])))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    asker: Asker,
    filter: Result<Query<LiveFilter>, QueryRejection>,
) -> Result<Json<Vec<LiveCallJson>>, ApiError> {
    let Query(filter) = filter.map_err(ApiError::bad_query)?;
    let equal = |wanted: &Option<String>, is: &Option<String>| wanted.is_none() || wanted == is;
    let mut shown = up(&state.store, &asker.sight(Right::LiveCalls));
    shown.retain(|it| {
        equal(&filter.organisation, &it.organisation) && equal(&filter.specialty, &it.specialty)
    });
    Ok(Json(shown))
}

/// Calls that are up and in sight, the longest first.
pub(crate) fn up(store: &Store, sight: &Sight) -> Vec<LiveCallJson> {
    let cases = store.open_cases();
    let up = cases.iter().filter(|case| sight.sees(case));
    let up = up.filter_map(|case| LiveCall::of(case));
    let mut shown: Vec<_> = up.map(|live| LiveCallJson::of(&live)).collect();
    shown.sort_by_key(|it| it.started_at);
    shown
}

/// End a call that is up
///
/// Whoever is in it hears that an administrator has ended it, and is hung up then; a phone that
/// rings stops at once. Asked again meanwhile, it ends without waiting for the words. Who asked is
/// kept with the call, and its end cause says so.
#[utoipa::path(post, path = "/api/v1/live-calls/{id}/hang-up", tag = "live-calls",
    params(("id" = String, Path, description = "The call's id", format = "uuid")),
    responses((status = 202, description = "It is being ended", body = Kept),
        (status = 401, description = "No token, or a wrong one", body = Problem,
            content_type = "application/problem+json"),
        (status = 404, description = "No such call is up", body = Problem,
            content_type = "application/problem+json"),
        (status = 503, description = "Could not be kept; the call goes on", body = Problem,
            content_type = "application/problem+json")),
    security(("token" = [])))]
pub(crate) async fn hang_up(
    State(state): State<ApiState>,
    asker: Asker,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<Kept>), ApiError> {
    let id: CaseId = id.parse().map_err(|_| ApiError::NoSuchLiveCall)?;
    let cases = state.store.open_cases();
    let case = cases.iter().find(|case| case.id == id);
    let case = case.filter(|case| LiveCall::of(case).is_some());
    let sight = asker.sight(Right::LiveCalls);
    let case = case.filter(|case| sight.sees(case));
    let case = case.ok_or(ApiError::NoSuchLiveCall)?;
    let command = Command::HangUp {
        case: id,
        by: asker.name(),
    };
    submitted(&state, case, command).await?;
    state.live.hang_up(id);
    audit(&state, &asker, case).await;
    Ok((StatusCode::ACCEPTED, Json(Kept::of(case))))
}

/// The case has it durably; with the database away, its list of who did what has not.
async fn audit(state: &ApiState, asker: &Asker, case: &Case) {
    let entry = asker.entry(Action::CallHungUp, Some(case), "call");
    if let Err(error) = state.store.audit(entry).await {
        tracing::warn!(%error, "a hang-up is on its case, and not in the audit");
    }
}
