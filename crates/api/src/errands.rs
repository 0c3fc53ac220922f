//! Call-back codes and booked calls to patients (SERVICE 3, 5): made, listed, taken back. A code is
//! in the answer that made it, and nowhere afterwards.

use std::time::Duration;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use rotaline_model::{
    Acceptance, ErrandId, NhsNumber, NotAsked, OrganisationId, PersonId, PhoneNumber, Pii,
    PracticeId, SpecialtyId,
};
use rotaline_record::{Answerphone, Callee, Errand, ErrandKind};
use rotaline_store::{CODE_LASTS, KeptErrand, PIN_LASTS};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ApiState;
use crate::access::{Asker, Right, Tenancy};
use crate::problem::{ApiError, Problem};

/// What the plan says of errands.
pub trait Lines: Send + Sync {
    /// The number where a kind's codes are keyed; none: the organisation has none.
    fn to_ring(&self, kind: ErrandKind, organisation: &OrganisationId) -> Option<String>;
    /// Whether there is this person.
    fn has_person(&self, person: &PersonId) -> bool;
    /// Whether there is this practice.
    fn has_practice(&self, practice: &PracticeId) -> bool;
    /// Whether there is this specialty, and it is the organisation's.
    fn has_specialty(&self, specialty: &SpecialtyId, organisation: &OrganisationId) -> bool;
}

/// A call back to make a code for. Exactly one of `person`, `practice` and `number` is given.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CallBackWish {
    /// Whose line it is keyed on.
    organisation: String,
    /// A person to ring; they hear a whisper, and accept by key.
    person: Option<String>,
    /// A practice to ring: its bypass number, else its reception.
    practice: Option<String>,
    /// A number to ring; whoever answers accepts by key, unless `answerphone` is true.
    number: Option<String>,
    /// Whether an answerphone may be spoken to; only with `number`.
    #[serde(default)]
    answerphone: bool,
    /// Numbers that the requester rings from. With them the code has 4 digits and works from no
    /// other number; without, 6.
    #[serde(default)]
    from: Vec<String>,
}

/// A patient's call to book.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PatientCallWish {
    /// Whose dial-in number it is keyed on.
    organisation: String,
    /// The patient's number.
    number: String,
    /// The patient's NHS number.
    nhs_number: Option<String>,
    /// Whose outcome menu is asked afterwards.
    specialty: Option<String>,
    /// Days that the PIN is valid: 1 to 7, 7 by default.
    days: Option<u8>,
}

/// A code, shown this once.
#[derive(Serialize, ToSchema)]
pub(crate) struct Made {
    /// To list or take it back.
    #[schema(value_type = String, format = "uuid")]
    id: String,
    /// The number to ring.
    ring: String,
    /// What to key there; for a patient call, after `9`.
    code: String,
    /// It opens nothing from then on.
    #[schema(value_type = String, format = "date-time")]
    expires_at: Timestamp,
}

/// What can still be claimed; its code is not known any more.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Kept {
    /// Its id.
    #[schema(value_type = String, format = "uuid")]
    id: String,
    /// Whose.
    organisation: String,
    /// Who asked for it.
    requester: String,
    /// When it was made.
    #[schema(value_type = String, format = "date-time")]
    made_at: Timestamp,
    /// It opens nothing from then on.
    #[schema(value_type = String, format = "date-time")]
    expires_at: Timestamp,
    /// How often its code may still be keyed.
    uses_left: i64,
}

/// Make a call-back code
#[utoipa::path(
    post,
    path = "/api/v1/call-backs",
    tag = "call-backs",
    request_body = CallBackWish,
    responses(
        (status = 401, description = "No token, or a wrong one", body = Problem,
            content_type = "application/problem+json"),
        (status = 201, description = "The number to ring, and the code: shown this once",
            body = Made),
        (status = 400, description = "The body is not what it should be", body = Problem,
            content_type = "application/problem+json"),
        (status = 429, description = "Too many codes are live", body = Problem,
            content_type = "application/problem+json"),
        (status = 503, description = "The database is away", body = Problem,
            content_type = "application/problem+json"),
    ),
    security(("token" = []))
)]
pub(crate) async fn make_call_back(
    State(state): State<ApiState>,
    asker: Asker,
    wish: Result<Json<CallBackWish>, JsonRejection>,
) -> Result<Response, ApiError> {
    let Json(wish) = wish.map_err(explain)?;
    let organisation = organisation(&wish.organisation)?;
    of_theirs(&asker, Right::PlaceCalls, &organisation)?;
    let mut from = Vec::with_capacity(wish.from.len());
    for text in &wish.from {
        from.push(number("from", text)?);
    }
    let callee = callee(&state, &organisation, &wish)?;
    let by_number = matches!(callee, Callee::Number(_));
    let (acceptance, answerphone) = match (by_number, wish.answerphone) {
        (true, true) => (
            Acceptance::NotAsked(NotAsked::Patient),
            Answerphone::Allowed,
        ),
        (false, true) => return Err(bad("answerphone: only with a number")),
        (_, false) => (Acceptance::Required, Answerphone::NotAllowed),
    };
    let errand = Errand {
        id: state.codes.new_id(Timestamp::now()),
        kind: ErrandKind::CallBack,
        organisation,
        requester: asker.name(),
        callee,
        acceptance,
        answerphone,
        outcomes: None,
        case: None,
        nhs_number: None,
    };
    make(&state, errand, from, CODE_LASTS).await
}

/// Book a call to a patient
#[utoipa::path(
    post,
    path = "/api/v1/patient-calls",
    tag = "patient-calls",
    request_body = PatientCallWish,
    responses(
        (status = 401, description = "No token, or a wrong one", body = Problem,
            content_type = "application/problem+json"),
        (status = 201, description = "The number to ring, and the PIN: shown this once",
            body = Made),
        (status = 400, description = "The body is not what it should be", body = Problem,
            content_type = "application/problem+json"),
        (status = 429, description = "Too many PINs are live", body = Problem,
            content_type = "application/problem+json"),
        (status = 503, description = "The database is away", body = Problem,
            content_type = "application/problem+json"),
    ),
    security(("token" = []))
)]
pub(crate) async fn make_patient_call(
    State(state): State<ApiState>,
    asker: Asker,
    wish: Result<Json<PatientCallWish>, JsonRejection>,
) -> Result<Response, ApiError> {
    let Json(wish) = wish.map_err(explain)?;
    let organisation = organisation(&wish.organisation)?;
    of_theirs(&asker, Right::PatientCalls, &organisation)?;
    let outcomes = wish.specialty.as_deref().map(SpecialtyId::parse);
    let outcomes = outcomes
        .transpose()
        .map_err(|error| bad(error.to_string()))?;
    let known = |it: &SpecialtyId| state.lines.has_specialty(it, &organisation);
    if !outcomes.as_ref().is_none_or(known) {
        return Err(bad("specialty: this organisation has no such specialty"));
    }
    let nhs_number = wish.nhs_number.as_deref().map(NhsNumber::parse);
    let nhs_number = nhs_number
        .transpose()
        .map_err(|error| bad(format!("nhs_number: {error}")))?;
    let days = wish.days.unwrap_or(7);
    if !(1..=7).contains(&days) {
        return Err(bad("days: 1 to 7"));
    }
    let callee = ringable(&state, &organisation, &wish.number)?;
    let callee = Callee::Number(Pii::new(callee));
    let errand = Errand {
        id: state.codes.new_id(Timestamp::now()),
        kind: ErrandKind::PatientCall,
        organisation,
        requester: asker.name(),
        callee,
        acceptance: Acceptance::NotAsked(NotAsked::Patient),
        answerphone: Answerphone::Allowed,
        outcomes,
        case: None,
        nhs_number: nhs_number.map(Pii::new),
    };
    let lasts = PIN_LASTS.min(Duration::from_secs(u64::from(days) * 24 * 3_600));
    make(&state, errand, Vec::new(), lasts).await
}

/// List call backs whose code is live
#[utoipa::path(get, path = "/api/v1/call-backs", tag = "call-backs",
    responses((status = 401, description = "No token, or a wrong one", body = Problem,
            content_type = "application/problem+json"),
        (status = 200, description = "The newest first", body = Vec<Kept>)),
    security(("token" = [])))]
pub(crate) async fn list_call_backs(
    State(state): State<ApiState>,
    asker: Asker,
) -> Result<Json<Vec<Kept>>, ApiError> {
    list((&state, &asker), ErrandKind::CallBack).await
}

/// List booked calls to patients whose PIN is live
#[utoipa::path(get, path = "/api/v1/patient-calls", tag = "patient-calls",
    responses((status = 401, description = "No token, or a wrong one", body = Problem,
            content_type = "application/problem+json"),
        (status = 200, description = "The newest first", body = Vec<Kept>)),
    security(("token" = [])))]
pub(crate) async fn list_patient_calls(
    State(state): State<ApiState>,
    asker: Asker,
) -> Result<Json<Vec<Kept>>, ApiError> {
    list((&state, &asker), ErrandKind::PatientCall).await
}

/// Take a call-back code back
#[utoipa::path(delete, path = "/api/v1/call-backs/{id}", tag = "call-backs",
    params(("id" = String, Path, description = "Its id", format = "uuid")),
    responses((status = 401, description = "No token, or a wrong one", body = Problem,
            content_type = "application/problem+json"),
        (status = 204, description = "It opens nothing any more"),
        (status = 404, description = "No such live code", body = Problem,
            content_type = "application/problem+json")),
    security(("token" = [])))]
pub(crate) async fn withdraw_call_back(
    State(state): State<ApiState>,
    asker: Asker,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    withdraw((&state, &asker), ErrandKind::CallBack, &id).await
}

/// Take a booked call to a patient back
#[utoipa::path(delete, path = "/api/v1/patient-calls/{id}", tag = "patient-calls",
    params(("id" = String, Path, description = "Its id", format = "uuid")),
    responses((status = 401, description = "No token, or a wrong one", body = Problem,
            content_type = "application/problem+json"),
        (status = 204, description = "Its PIN opens nothing any more"),
        (status = 404, description = "No such live PIN", body = Problem,
            content_type = "application/problem+json")),
    security(("token" = [])))]
pub(crate) async fn withdraw_patient_call(
    State(state): State<ApiState>,
    asker: Asker,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    withdraw((&state, &asker), ErrandKind::PatientCall, &id).await
}

/// A person's own PIN to set.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PinWish {
    /// 4 to 12 digits.
    pin: String,
}

/// Set a person's own PIN
#[utoipa::path(put, path = "/api/v1/people/{id}/pin", tag = "people",
    params(("id" = String, Path, description = "The person's id")),
    request_body = PinWish,
    responses((status = 401, description = "No token, or a wrong one", body = Problem,
            content_type = "application/problem+json"),
        (status = 204, description = "It is set"),
        (status = 400, description = "Not 4 to 12 digits", body = Problem,
            content_type = "application/problem+json"),
        (status = 404, description = "No such person", body = Problem,
            content_type = "application/problem+json")),
    security(("token" = [])))]
pub(crate) async fn set_pin(
    State(state): State<ApiState>,
    asker: Asker,
    Path(id): Path<String>,
    wish: Result<Json<PinWish>, JsonRejection>,
) -> Result<StatusCode, ApiError> {
    let Json(wish) = wish.map_err(explain)?;
    let person = PersonId::parse(&id).map_err(|_| ApiError::NoSuchPerson)?;
    let edition = state.plan.current();
    let may = Tenancy::of(&edition).person(&asker, Right::EditPlan, &person);
    if !state.lines.has_person(&person) || !may {
        return Err(ApiError::NoSuchPerson);
    }
    match state.codes.set_pin(&person, &wish.pin).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(bad("pin: 4 to 12 digits")),
    }
}

async fn make(
    state: &ApiState,
    errand: Errand,
    from: Vec<PhoneNumber>,
    lasts: Duration,
) -> Result<Response, ApiError> {
    let ring = state.lines.to_ring(errand.kind, &errand.organisation);
    let ring = ring.ok_or_else(|| bad(NO_LINE))?;
    let now = Timestamp::now();
    let expires_at = now.checked_add(lasts).unwrap_or(Timestamp::MAX);
    let code = state
        .codes
        .make(&errand, Some(from), now, expires_at)
        .await?;
    let made = Made {
        id: errand.id.to_string(),
        ring,
        code: code.expose().to_owned(),
        expires_at,
    };
    let mut response = (StatusCode::CREATED, Json(made)).into_response();
    let no_store = HeaderValue::from_static("no-store");
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, no_store);
    Ok(response)
}

async fn list(
    (state, asker): (&ApiState, &Asker),
    kind: ErrandKind,
) -> Result<Json<Vec<Kept>>, ApiError> {
    let mut live = state.codes.live(kind, Timestamp::now()).await?;
    live.retain(|kept| asker.may(right(kind), &kept.errand.organisation, None));
    Ok(Json(live.into_iter().map(Kept::from).collect()))
}

async fn withdraw(
    (state, asker): (&ApiState, &Asker),
    kind: ErrandKind,
    id: &str,
) -> Result<StatusCode, ApiError> {
    let id: ErrandId = id.parse().map_err(|_| ApiError::NoSuchErrand)?;
    let now = Timestamp::now();
    let live = state.codes.live(kind, now).await?;
    let theirs = live.iter().any(|kept| {
        kept.errand.id == id && asker.may(right(kind), &kept.errand.organisation, None)
    });
    match theirs && state.codes.withdraw(kind, id, now).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(ApiError::NoSuchErrand),
    }
}

fn right(kind: ErrandKind) -> Right {
    match kind {
        ErrandKind::CallBack => Right::PlaceCalls,
        ErrandKind::PatientCall => Right::PatientCalls,
    }
}

/// What is not theirs is told as an organisation without such a line.
fn of_theirs(asker: &Asker, right: Right, organisation: &OrganisationId) -> Result<(), ApiError> {
    match asker.may(right, organisation, None) {
        true => Ok(()),
        false => Err(bad(NO_LINE)),
    }
}

/// What is told of an organisation that has no such line.
const NO_LINE: &str = "organisation: it has no number where codes are keyed";

fn callee(
    state: &ApiState,
    organisation: &OrganisationId,
    wish: &CallBackWish,
) -> Result<Callee, ApiError> {
    let edition = state.plan.current();
    let is_member = |it: &PersonId| Tenancy::of(&edition).is_member(it, organisation);
    match (&wish.person, &wish.practice, &wish.number) {
        (Some(person), None, None) => {
            let known = PersonId::parse(person).ok();
            let known = known.filter(|it| state.lines.has_person(it) && is_member(it));
            known
                .map(Callee::Person)
                .ok_or_else(|| bad("person: there is no such person"))
        }
        (None, Some(practice), None) => {
            let known = PracticeId::parse(practice).ok();
            let known = known.filter(|it| state.lines.has_practice(it));
            known
                .map(Callee::Practice)
                .ok_or_else(|| bad("practice: there is no such practice"))
        }
        (None, None, Some(number)) => {
            let number = ringable(state, organisation, number)?;
            Ok(Callee::Number(Pii::new(number)))
        }
        _ => Err(bad("give exactly one of person, practice and number")),
    }
}

fn ringable(
    state: &ApiState,
    organisation: &OrganisationId,
    text: &str,
) -> Result<PhoneNumber, ApiError> {
    let number = number("number", text)?;
    let edition = state.plan.current();
    let limits = edition.plan.dial_out(organisation);
    let refused = |why| bad(format!("number: {why}; rung are {limits}"));
    limits.check(&number).map_err(refused)?;
    Ok(number)
}

fn organisation(text: &str) -> Result<OrganisationId, ApiError> {
    OrganisationId::parse(text).map_err(|error| bad(format!("organisation: {error}")))
}

fn number(field: &str, text: &str) -> Result<PhoneNumber, ApiError> {
    PhoneNumber::parse(text).map_err(|error| bad(format!("{field}: {error}")))
}

fn bad(detail: impl Into<String>) -> ApiError {
    ApiError::BadRequest {
        detail: detail.into(),
    }
}

pub(crate) fn explain(rejection: JsonRejection) -> ApiError {
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::TooLarge,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => ApiError::NotJson,
        // What was sent may be a PIN or a patient's number: it is not said back.
        _ => bad("the body is not what /api/v1/openapi.json says"),
    }
}

impl From<KeptErrand> for Kept {
    fn from(kept: KeptErrand) -> Kept {
        Kept {
            id: kept.errand.id.to_string(),
            organisation: kept.errand.organisation.to_string(),
            requester: kept.errand.requester,
            made_at: kept.made_at,
            expires_at: kept.expires_at,
            uses_left: kept.uses_left,
        }
    }
}
