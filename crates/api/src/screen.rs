//! Calls from a screen (SERVICE 1, "On screen") and click to call (SERVICE 3, 5): the caller's own
//! phone is rung first, then whom they want.
//!
//! ```text
//! wish ─▶ every fault told, or an intent ─▶ engine ─▶ the case shows what came of it ─▶ 201
//!                                              └─ no room, too many, phone taken: a problem
//! ```
//!
//! Not here: the flows (`call::flow::undertake`), and codes to be keyed (`errands`).

mod check;
mod not_started;

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use rotaline_model::{CaseId, EndCause};
use rotaline_record::{Case, Intent, Origin};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ApiState;
use crate::access::Asker;
use crate::errands::explain;
use crate::once::{Key, Seen};
use crate::problem::{ApiError, Problem};

pub(crate) use not_started::NotStarted;

const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

/// Who starts calls that nobody rings us for.
pub trait CallStarter: Send + Sync {
    /// Starts one, or opens and closes a case that says why it could not be.
    fn start(&self, intent: Intent);
}

/// A call to start.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CallWish {
    /// Whose own phone is rung first: whoever calls.
    first: First,
    /// Whom they want.
    to: Wanted,
    /// Whose call it is; with a specialty it may be left out.
    #[schema(example = "northfield")]
    organisation: Option<String>,
    /// The patient's NHS number.
    #[schema(example = "943 476 5919")]
    nhs_number: Option<String>,
    /// The specialty whose outcome menu is asked after a call to a patient.
    outcomes: Option<String>,
}

/// The caller's own phone. Whoever answers it presses 1, unless it is an app.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum First {
    /// A person of the plan, on their first phone.
    Person(String),
    /// A practice: its bypass number, else its reception.
    Practice(String),
    /// A number.
    Number(String),
}

/// Whom the caller wants.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Wanted {
    /// A team: its rota is hunted, as if its key had been pressed.
    Specialty(String),
    /// A person of the plan; they hear a whisper, and accept by key.
    Person(String),
    /// A practice: its bypass number, else its reception.
    Practice(String),
    /// A number; whoever answers accepts by key.
    Number(String),
    /// A patient's number: whoever answers is joined, an answerphone too.
    Patient(String),
}

/// The call is under way.
#[derive(Serialize, ToSchema)]
pub(crate) struct Started {
    /// Its id: `GET /api/v1/calls/{id}`.
    #[schema(value_type = String, format = "uuid")]
    id: String,
}

/// Start a call from a screen
///
/// The caller's own phone is rung first; whoever answers it is put through. With the same
/// `Idempotency-Key` and body the same call is meant, for a day: a double click is one call.
#[utoipa::path(
    post,
    path = "/api/v1/calls",
    tag = "calls",
    params(("Idempotency-Key" = Option<String>, Header,
        description = "1 to 128 printable characters, e.g. a UUID made when the page was shown")),
    request_body = CallWish,
    responses(
        (status = 201, description = "Under way", body = Started),
        (status = 400, description = "The body is not what it should be", body = Problem,
            content_type = "application/problem+json"),
        (status = 401, description = "No token, or a wrong one", body = Problem,
            content_type = "application/problem+json"),
        (status = 409, description = "Whoever is to be rung first is in a call", body = Problem,
            content_type = "application/problem+json"),
        (status = 422, description = "It cannot be done as it is wished; `errors` says why. Or \
            the key was used for something else", body = Problem,
            content_type = "application/problem+json"),
        (status = 429, description = "Too many calls to numbers that people named",
            body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "There is no room for another call", body = Problem,
            content_type = "application/problem+json"),
    ),
    security(("token" = []))
)]
pub(crate) async fn start(
    State(state): State<ApiState>,
    asker: Asker,
    headers: HeaderMap,
    wish: Result<Json<CallWish>, JsonRejection>,
) -> Result<Response, ApiError> {
    let Json(wish) = wish.map_err(explain)?;
    let key = key(&headers)?;
    let now = Timestamp::now();
    let intent = check::intent(&state, &asker, &wish, now).map_err(NotStarted::Faults)?;
    let case = intent.case;
    let seen = key.as_ref().map_or(Seen::Never, |key| {
        // What was asked, however it was spaced.
        let asked = serde_json::to_vec(&wish).unwrap_or_default();
        state.once.see(key, &asked, case, now)
    });
    // Opened, begun, the NHS number: what comes next says whether the phone is rung.
    let decided = 3 + u64::from(wish.nhs_number.is_some());
    let case = match seen {
        Seen::Differs => return Err(NotStarted::KeyReused.into()),
        Seen::Before(case) => case,
        Seen::Never => {
            state.starter.start(intent);
            case
        }
    };
    let under_way = under_way(&state, case, decided).await;
    if let (Err(_), Some(key)) = (&under_way, &key) {
        state.once.forget(key);
    }
    under_way?;
    Ok(started(case))
}

fn key(headers: &HeaderMap) -> Result<Option<Key>, ApiError> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else {
        return Ok(None);
    };
    let key = value.to_str().ok().and_then(Key::parse);
    let bad = || ApiError::BadRequest {
        detail: format!("{IDEMPOTENCY_KEY}: 1 to 128 printable characters"),
    };
    key.ok_or_else(bad).map(Some)
}

/// Waits until the case shows whether the own phone is rung. A journal that is slow keeps nobody:
/// the call is under way all the same.
async fn under_way(state: &ApiState, case: CaseId, decided: u64) -> Result<(), ApiError> {
    let shown = state
        .store
        .applied(case, Origin::Call, decided, state.visible_within);
    match shown.await {
        Ok(case) => why_not(state, &case).map_or(Ok(()), |reason| Err(reason.into())),
        Err(reason) => {
            tracing::warn!(%reason, "a call was started");
            Ok(())
        }
    }
}

fn why_not(state: &ApiState, case: &Case) -> Option<NotStarted> {
    let cause = case.calls.first()?.end_cause?;
    if !case.attempts.is_empty() {
        return None;
    }
    Some(if cause == EndCause::Overloaded {
        NotStarted::NoRoom
    } else if cause == EndCause::NotAllowed {
        let edition = state.plan.current();
        NotStarted::too_many(edition.plan.dial_out(case.organisation.as_ref()?))
    } else {
        NotStarted::CallerBusy
    })
}

fn started(case: CaseId) -> Response {
    let id = case.to_string();
    let location = HeaderValue::from_str(&format!("/api/v1/calls/{id}"));
    let location = location.expect("a path of letters, digits and dashes is a header's value");
    let mut response = (StatusCode::CREATED, Json(Started { id })).into_response();
    response.headers_mut().insert(header::LOCATION, location);
    response
}
