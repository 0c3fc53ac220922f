//! What is added to a call later: the patient's NHS number, and the practice of an unknown caller
//! (SERVICE 7), with practices suggested by the caller's number and by what was said of it before.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use rotaline_model::{NhsNumber, PhoneNumber, Pii, PracticeId};
use rotaline_record::{CallerId, Case, Command, Gender};
use rotaline_routing::{Plan, Practice};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ApiState;
use crate::access::{Asker, Right};
use crate::calls::find;
use crate::commands::{Kept, answered};
use crate::errands::explain;
use crate::json::CallDetail;
use crate::problem::ApiError;
use crate::refusals::{CallNotChanged, CallNotShown};
use crate::screen::NotStarted;

/// Practices that are suggested at most.
const SUGGESTIONS: usize = 5;
/// Lines of one practice often differ in their last digits alone.
const LAST_DIGITS: usize = 2;

/// A patient's number to add.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NhsNumberWish {
    /// Ten digits, of which the last checks the others.
    #[schema(example = "943 476 5919")]
    nhs_number: String,
}

/// A gender to add.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GenderWish {
    /// `female`, `male`, `indeterminate` or `not_known`.
    #[schema(value_type = String, example = "female")]
    gender: Gender,
}

/// A practice to assign.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PracticeWish {
    /// Its id; null: the caller is of none.
    #[serde(deserialize_with = "Option::deserialize")]
    practice: Option<String>,
}

/// A practice that the caller may be of.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Suggestion {
    /// Its id.
    practice: String,
    /// Its name.
    name: String,
    /// Why it is suggested.
    why: Why,
}

/// Why a practice is suggested, the best reason first.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Why {
    /// The caller's number is one of its numbers.
    ItsNumber,
    /// Earlier calls from this number were assigned to it.
    AssignedBefore,
    /// One of its numbers differs in the last two digits alone.
    NumberBeside,
}

/// Give the patient's NHS number, or give it anew
#[utoipa::path(put, path = "/api/v1/calls/{id}/nhs-number", tag = "calls",
    params(("id" = String, Path, description = "The call's id", format = "uuid")),
    request_body = NhsNumberWish,
    responses((status = 200, description = "Kept; the call as it is now", body = CallDetail),
        (status = 202, description = "Kept, but not visible yet", body = Kept), CallNotChanged),
    security(("token" = [])))]
pub(crate) async fn set_nhs_number(
    State(state): State<ApiState>,
    asker: Asker,
    Path(id): Path<String>,
    wish: Result<Json<NhsNumberWish>, JsonRejection>,
) -> Result<Response, ApiError> {
    let case = find(&state, &asker, Right::ChangeCalls, &id).await?;
    let Json(wish) = wish.map_err(explain)?;
    let nhs_number = NhsNumber::parse(&wish.nhs_number).map_err(|error| {
        let remedy = "ten digits of which the last checks the others";
        NotStarted::fault("nhs_number", &error.to_string(), remedy)
    })?;
    let command = Command::SetNhsNumber {
        case: case.id,
        nhs_number: Pii::new(nhs_number),
        by: asker.name(),
    };
    answered(&state, &asker, &case, command).await
}

/// Say of which gender the patient is, or say it anew
#[utoipa::path(put, path = "/api/v1/calls/{id}/gender", tag = "calls",
    params(("id" = String, Path, description = "The call's id", format = "uuid")),
    request_body = GenderWish,
    responses((status = 200, description = "Kept; the call as it is now", body = CallDetail),
        (status = 202, description = "Kept, but not visible yet", body = Kept), CallNotChanged),
    security(("token" = [])))]
pub(crate) async fn set_gender(
    State(state): State<ApiState>,
    asker: Asker,
    Path(id): Path<String>,
    wish: Result<Json<GenderWish>, JsonRejection>,
) -> Result<Response, ApiError> {
    let case = find(&state, &asker, Right::ChangeCalls, &id).await?;
    let Json(GenderWish { gender }) = wish.map_err(explain)?;
    let command = Command::SetGender {
        case: case.id,
        gender,
        by: asker.name(),
    };
    answered(&state, &asker, &case, command).await
}

/// Say which practice a call came from
#[utoipa::path(put, path = "/api/v1/calls/{id}/practice", tag = "calls",
    params(("id" = String, Path, description = "The call's id", format = "uuid")),
    request_body = PracticeWish,
    responses((status = 200, description = "Kept; the call as it is now", body = CallDetail),
        (status = 202, description = "Kept, but not visible yet", body = Kept), CallNotChanged),
    security(("token" = [])))]
pub(crate) async fn assign_practice(
    State(state): State<ApiState>,
    asker: Asker,
    Path(id): Path<String>,
    wish: Result<Json<PracticeWish>, JsonRejection>,
) -> Result<Response, ApiError> {
    let case = find(&state, &asker, Right::ChangeCalls, &id).await?;
    let Json(PracticeWish { practice }) = wish.map_err(explain)?;
    let edition = state.plan.current();
    let known = |id: String| {
        let practice = PracticeId::parse(&id).ok();
        let practice = practice.and_then(|id| edition.plan.practice(&id));
        practice.ok_or_else(|| {
            let remedy = "the id of one of /api/v1/practices";
            NotStarted::fault("practice", "there is no such practice", remedy)
        })
    };
    let practice = practice.map(known).transpose()?;
    let command = Command::AssignPractice {
        case: case.id,
        practice: practice.map(|it| it.id.clone()),
        area: practice.and_then(|it| it.area.clone()),
        by: asker.name(),
    };
    answered(&state, &asker, &case, command).await
}

/// Suggest practices that a caller may be of
#[utoipa::path(get, path = "/api/v1/calls/{id}/practices", tag = "calls",
    params(("id" = String, Path, description = "The call's id", format = "uuid")),
    responses((status = 200, description = "The best first, at most 5", body = Vec<Suggestion>),
        CallNotShown),
    security(("token" = [])))]
pub(crate) async fn suggest_practices(
    State(state): State<ApiState>,
    asker: Asker,
    Path(id): Path<String>,
) -> Result<Json<Vec<Suggestion>>, ApiError> {
    let case = find(&state, &asker, Right::ChangeCalls, &id).await?;
    let Some(caller) = caller_number(&case) else {
        return Ok(Json(Vec::new()));
    };
    let edition = state.plan.current();
    let said = state.store.practices_of(caller).await?;
    let suggested = suggestions(&edition.plan, caller, &said);
    Ok(Json(suggested))
}

fn caller_number(case: &Case) -> Option<&PhoneNumber> {
    match &case.caller {
        CallerId::Number(number) => Some(number.expose()),
        CallerId::Other(_) | CallerId::Withheld => None,
    }
}

fn suggestions(plan: &Plan, caller: &PhoneNumber, said: &[PracticeId]) -> Vec<Suggestion> {
    let its_number = plan.practice_of(caller).into_iter();
    let said = said.iter().filter_map(|id| plan.practice(id));
    let beside = plan.practices().filter(|it| is_beside(it, caller));
    let all = its_number
        .map(|it| (it, Why::ItsNumber))
        .chain(said.map(|it| (it, Why::AssignedBefore)))
        .chain(beside.map(|it| (it, Why::NumberBeside)));
    let mut suggested: Vec<Suggestion> = Vec::new();
    for (practice, why) in all {
        let known = suggested
            .iter()
            .any(|it| it.practice == practice.id.as_str());
        if !known && suggested.len() < SUGGESTIONS {
            suggested.push(Suggestion {
                practice: practice.id.to_string(),
                name: practice.name.clone(),
                why,
            });
        }
    }
    suggested
}

fn is_beside(practice: &Practice, caller: &PhoneNumber) -> bool {
    let caller = caller.as_str();
    let stem = caller.len().checked_sub(LAST_DIGITS);
    let stem = stem.and_then(|length| caller.get(..length));
    let numbers = practice.numbers.iter().chain(&practice.reception);
    numbers.map(PhoneNumber::as_str).any(|number| {
        let same_length = number.len() == caller.len();
        same_length && stem.is_some_and(|stem| number.starts_with(stem))
    })
}
