//! Sessions: log in, show a second factor, have the token renewed, log out.
//!
//! A token lasts until it is not used for half an hour, and for half a day in all. Each renewal,
//! and the second factor, makes a new one; whoever shows the one before it a little later has
//! copied it, or was copied from, and the session is over for both.

use std::time::Instant;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::{SignedDuration, Timestamp};
use rotaline_store::{Action, AuditEntry, Session, Strength, TokenHash, User};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Asker, source};
use crate::ApiState;
use crate::problem::ApiError;
use crate::refusals::{NoSession, NotLetIn};

/// A session that is not used for so long is over.
const IDLE: SignedDuration = SignedDuration::from_mins(30);
/// A session is over after so long.
const LONGEST: SignedDuration = SignedDuration::from_hours(12);
/// Requests that were under way when a token was renewed may still have the one before.
const OVERLAP: SignedDuration = SignedDuration::from_secs(10);
/// How exactly the last use is kept.
const TOUCH: SignedDuration = SignedDuration::from_secs(60);
/// Characters of a name, a password, a code.
const LONGEST_TEXT: usize = 128;

/// Who logs in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Login {
    /// Their name.
    user: String,
    /// The password that was made for them.
    password: String,
    /// The six digits of their second factor; may be shown later.
    code: Option<String>,
}

/// A second factor.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SecondFactor {
    /// Six digits; each code is good once.
    code: String,
}

/// A token, shown this once.
#[derive(Serialize, ToSchema)]
pub(crate) struct LoggedIn {
    /// For `Authorization: Bearer`.
    token: String,
    #[serde(flatten)]
    me: Me,
}

/// Who one is here.
#[derive(Serialize, ToSchema)]
pub(crate) struct Me {
    user: String,
    /// Who they are in the plan.
    person: Option<String>,
    /// Whether a second factor was shown: without it nothing of patients is.
    second_factor: bool,
    /// What they are to which organisation.
    roles: Vec<RoleJson>,
    /// When the session is over, however often it is used; null: never.
    #[schema(value_type = Option<String>, format = DateTime)]
    over_at: Option<Timestamp>,
}

/// A role.
#[derive(Serialize, ToSchema)]
struct RoleJson {
    organisation: String,
    #[schema(example = "specialist")]
    role: &'static str,
    /// Only for this team; null: for all of the organisation.
    specialty: Option<String>,
}

pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(log_in, me, log_out))
        .routes(routes!(renew))
        .routes(routes!(second_factor))
}

/// Log in
///
/// Whoever fails often waits; whether there is such a user is not told, nor to be told from the
/// time.
#[utoipa::path(post, path = "/api/v1/session", tag = "access", request_body = Login,
    responses((status = 201, description = "Logged in; the token is shown this once",
            body = LoggedIn), NotLetIn))]
pub(crate) async fn log_in(
    State(state): State<ApiState>,
    request: Request,
) -> Result<Response, ApiError> {
    let source = source::of(&request);
    let body: Result<Json<Login>, JsonRejection> = Json::from_request(request, &()).await;
    let Json(login) = body.map_err(crate::errands::explain)?;
    let name = login.user.to_ascii_lowercase();
    if [&name, &login.password]
        .iter()
        .any(|text| text.len() > LONGEST_TEXT)
    {
        return Err(ApiError::LoginRefused);
    }
    throttled(&state, &name, source)?;
    let user = state.store.users()?.user(name.clone()).await?;
    let kept = user.as_ref().map(|user| user.password.clone());
    let fits = state.hasher.verify(login.password, kept).await?;
    let user = user.filter(|user| fits && user.disabled_at.is_none());
    let Some(user) = user else {
        refused(&state, &name).await;
        return Err(ApiError::LoginRefused);
    };
    let strength = match &login.code {
        None => Strength::Password,
        Some(code) => shown(&state, &user, code).await?,
    };
    state.throttle.succeeded(&name, source);
    begin(&state, user, strength).await
}

fn throttled(state: &ApiState, name: &str, source: std::net::IpAddr) -> Result<(), ApiError> {
    match state.throttle.tries(name, source, Instant::now()) {
        None => Ok(()),
        Some(wait) => Err(ApiError::TooManyLogins {
            retry_after_s: wait.as_secs() + 1,
        }),
    }
}

async fn refused(state: &ApiState, name: &str) {
    metrics::counter!("rotaline_api_unauthorized_total").increment(1);
    log(state, name, Action::LoginRefused).await;
}

/// Logging in goes on where the audit cannot be written: nothing of a patient is read by it.
async fn log(state: &ApiState, name: &str, action: Action) {
    let entry = AuditEntry {
        at: Timestamp::now(),
        who: name.to_owned(),
        action,
        case: None,
        organisation: None,
        object: "session".to_owned(),
        reason: None,
    };
    if let Err(error) = state.store.audit(entry).await {
        tracing::warn!(%error, "a log-in is not in the audit");
    }
}

/// Checks a code, which is good once.
async fn shown(state: &ApiState, user: &User, code: &str) -> Result<Strength, ApiError> {
    let totp = user.totp.ok_or(ApiError::LoginRefused)?;
    let now_s = u64::try_from(Timestamp::now().as_second()).unwrap_or(0);
    let step = state.totp.step_of(&user.name, &totp.salt, code, now_s);
    let step = step.ok_or(ApiError::LoginRefused)?;
    let used = state
        .store
        .users()?
        .use_totp_step(user.name.clone(), step)
        .await?;
    match used {
        true => Ok(Strength::SecondFactor),
        false => Err(ApiError::LoginRefused),
    }
}

async fn begin(state: &ApiState, user: User, strength: Strength) -> Result<Response, ApiError> {
    let now = Timestamp::now();
    let token = state.codes.new_token();
    let session = Session {
        id: state.codes.new_id(now).uuid(),
        user: user.name.clone(),
        hash: hash(&token),
        before: None,
        strength,
        made_at: now,
        renewed_at: now,
        used_at: now,
    };
    let oldest = now.checked_sub(LONGEST).unwrap_or(Timestamp::MIN);
    state
        .store
        .users()?
        .add_session(session.clone(), oldest)
        .await?;
    log(state, &user.name, Action::LoggedIn).await;
    let me = Me::of(&Asker::user(user, session, None));
    Ok(answer(StatusCode::CREATED, LoggedIn { token, me }))
}

fn answer(status: StatusCode, logged_in: LoggedIn) -> Response {
    let mut response = (status, Json(logged_in)).into_response();
    let no_store = HeaderValue::from_static("no-store");
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, no_store);
    response
}

/// Who one is
#[utoipa::path(get, path = "/api/v1/session", tag = "access",
    responses((status = 200, description = "User, roles, how the session stands", body = Me)),
    security(("token" = [])))]
pub(crate) async fn me(asker: Asker) -> Json<Me> {
    Json(Me::of(&asker))
}

/// Log out
#[utoipa::path(delete, path = "/api/v1/session", tag = "access",
    responses((status = 204, description = "The token opens nothing any more"), NoSession),
    security(("token" = [])))]
pub(crate) async fn log_out(
    State(state): State<ApiState>,
    asker: Asker,
) -> Result<StatusCode, ApiError> {
    let (_, session) = asker.session().ok_or(ApiError::Forbidden)?;
    state.store.users()?.end_session(session.id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Have a new token in place of this one
#[utoipa::path(post, path = "/api/v1/session/renewal", tag = "access",
    responses((status = 200, description = "The new token, shown this once", body = LoggedIn),
        NoSession),
    security(("token" = [])))]
pub(crate) async fn renew(
    State(state): State<ApiState>,
    asker: Asker,
) -> Result<Response, ApiError> {
    let (user, session) = asker.session().ok_or(ApiError::Forbidden)?;
    renewed(&state, user, session, session.strength).await
}

/// Show a second factor
#[utoipa::path(post, path = "/api/v1/session/second-factor", tag = "access",
    request_body = SecondFactor,
    responses((status = 200, description = "The new token, shown this once", body = LoggedIn),
        NotLetIn, NoSession),
    security(("token" = [])))]
pub(crate) async fn second_factor(
    State(state): State<ApiState>,
    asker: Asker,
    request: Request,
) -> Result<Response, ApiError> {
    let (user, session) = asker.session().ok_or(ApiError::Forbidden)?;
    let source = source::of(&request);
    let body: Result<Json<SecondFactor>, JsonRejection> = Json::from_request(request, &()).await;
    let Json(SecondFactor { code }) = body.map_err(crate::errands::explain)?;
    // A million codes, three of them good at a time: guesses are counted as those of passwords.
    let account = format!("{}/second-factor", user.name);
    throttled(&state, &account, source)?;
    let strength = shown(&state, user, &code).await?;
    state.throttle.succeeded(&account, source);
    renewed(&state, user, session, strength).await
}

async fn renewed(
    state: &ApiState,
    user: &User,
    session: &Session,
    strength: Strength,
) -> Result<Response, ApiError> {
    let (now, token) = (Timestamp::now(), state.codes.new_token());
    let renewed = Session {
        hash: hash(&token),
        before: Some(session.hash),
        strength,
        renewed_at: now,
        used_at: now,
        ..session.clone()
    };
    if !state.store.users()?.renew_session(renewed.clone()).await? {
        return Err(ApiError::WrongToken);
    }
    let me = Me::of(&Asker::user(user.clone(), renewed, None));
    Ok(answer(StatusCode::OK, LoggedIn { token, me }))
}

/// Whose session a token is of.
pub(super) async fn find(state: &ApiState, token: &str) -> Result<(User, Session), ApiError> {
    let (now, hash, users) = (Timestamp::now(), hash(token), state.store.users()?);
    let session = users.session(hash).await?.ok_or(ApiError::WrongToken)?;
    let is_copied = session.hash != hash && now.duration_since(session.renewed_at) > OVERLAP;
    let is_over =
        now.duration_since(session.made_at) > LONGEST || now.duration_since(session.used_at) > IDLE;
    if is_copied || is_over {
        users.end_session(session.id).await?;
        return Err(ApiError::WrongToken);
    }
    let user = users.user(session.user.clone()).await?;
    let user = user.filter(|user| user.disabled_at.is_none());
    let user = user.ok_or(ApiError::WrongToken)?;
    if now.duration_since(session.used_at) > TOUCH {
        users.touch_session(session.id, now).await?;
    }
    Ok((user, session))
}

fn hash(token: &str) -> TokenHash {
    Sha256::digest(token.as_bytes()).into()
}

impl Me {
    fn of(asker: &Asker) -> Me {
        let user = asker.session().map(|(user, _)| user);
        let grants = user.into_iter().flat_map(|user| &user.grants);
        let role = |grant: &rotaline_store::Grant| RoleJson {
            organisation: grant.organisation.to_string(),
            role: grant.role.name(),
            specialty: grant.specialty.as_ref().map(ToString::to_string),
        };
        let over_at = asker
            .session()
            .and_then(|(_, it)| it.made_at.checked_add(LONGEST).ok());
        Me {
            user: asker.name(),
            person: asker.person().map(ToString::to_string),
            second_factor: asker.is_strong(),
            roles: grants.map(role).collect(),
            over_at,
        }
    }
}
