//! The layer before every route: who asks (RFC 6750), and whether they may.

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use rotaline_store::{Action, AuditEntry};

use super::patient::reason;
use super::routes::{Need, need};
use super::{Asker, session};
use crate::ApiState;
use crate::problem::ApiError;

/// Lets a request through to its route, or says why not.
pub(crate) async fn guard(State(state): State<ApiState>, request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>();
    let path = path
        .map(|path| path.as_str().to_owned())
        .unwrap_or_default();
    let needed = need(request.method().as_str(), &path);
    if needed == Some(Need::Anyone) {
        return next.run(request).await;
    }
    let token = bearer(request.headers()).map(str::to_owned);
    let reason = reason(&request);
    match let_in(&state, token, reason, needed).await {
        Ok(asker) => run(&state, asker, request, next).await,
        Err(error) => {
            metrics::counter!("rotaline_api_unauthorized_total").increment(1);
            error.into_response()
        }
    }
}

async fn let_in(
    state: &ApiState,
    token: Result<String, ApiError>,
    reason: Result<Option<String>, ApiError>,
    needed: Option<Need>,
) -> Result<Asker, ApiError> {
    let asker = who(state, &token?, reason?).await?;
    let may = match needed {
        Some(Need::Anyone | Need::LoggedIn | Need::HasOrOwn(_)) => true,
        Some(Need::Has(right)) => asker.has(right),
        Some(Need::Everywhere(right)) => asker.has_everywhere(right),
        None => return Err(ApiError::NoSuchMethod),
    };
    if !may {
        return Err(ApiError::Forbidden);
    }
    match needed {
        Some(Need::Has(right)) if right.is_of_patients() && !asker.is_strong() => {
            Err(ApiError::SecondFactorNeeded)
        }
        Some(_) | None => Ok(asker),
    }
}

async fn who(state: &ApiState, token: &str, reason: Option<String>) -> Result<Asker, ApiError> {
    if state.token.matches(token) {
        return Ok(Asker::operator(reason));
    }
    let (user, session) = session::find(state, token).await?;
    Ok(Asker::user(user, session, reason))
}

fn bearer(headers: &HeaderMap) -> Result<&str, ApiError> {
    let header = headers
        .get(header::AUTHORIZATION)
        .ok_or(ApiError::NoToken)?;
    let text = header.to_str().map_err(|_| ApiError::WrongToken)?;
    let (scheme, token) = text.split_once(' ').ok_or(ApiError::NoToken)?;
    //= RFC 9110 section 11.1
    //# It uses a case-insensitive token to identify the authentication scheme
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(ApiError::NoToken);
    }
    Ok(token.trim())
}

/// Runs a request; what it changed is in the audit. A change is durable where it was made, with
/// who made it, so a database that is away does not undo it.
async fn run(state: &ApiState, asker: Asker, mut request: Request, next: Next) -> Response {
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD);
    let object = format!("{} {}", request.method(), request.uri().path());
    request.extensions_mut().insert(asker.clone());
    let response = next.run(request).await;
    if changes && response.status().is_success() {
        let entry = AuditEntry {
            at: Timestamp::now(),
            who: asker.name(),
            action: Action::Changed,
            case: None,
            organisation: asker.only_organisation(),
            object,
            reason: asker.reason(),
        };
        if let Err(error) = state.store.audit(entry).await {
            tracing::warn!(%error, "a change was made, and is not in the audit");
        }
    }
    response
}
