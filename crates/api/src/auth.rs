//! Who may ask: whoever has the token (RFC 6750 section 2.1). People and their rights come later.

use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::ApiState;
use crate::problem::ApiError;

/// Who acts, until people log in: it stands in outcomes' histories and in the audit.
pub(crate) const TOKEN_HOLDER: &str = "API token";

pub(crate) async fn require_token(
    State(state): State<ApiState>,
    request: Request,
    next: Next,
) -> Response {
    match check(&state, &request) {
        Ok(()) => next.run(request).await,
        Err(error) => {
            metrics::counter!("rotaline_api_unauthorized_total").increment(1);
            error.into_response()
        }
    }
}

fn check(state: &ApiState, request: &Request) -> Result<(), ApiError> {
    let header = request
        .headers()
        .get(header::AUTHORIZATION)
        .ok_or(ApiError::NoToken)?;
    let text = header.to_str().map_err(|_| ApiError::WrongToken)?;
    let (scheme, token) = text.split_once(' ').ok_or(ApiError::NoToken)?;
    //= RFC 9110 section 11.1
    //# It uses a case-insensitive token to identify the authentication scheme
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(ApiError::NoToken);
    }
    if state.token.matches(token.trim()) {
        Ok(())
    } else {
        Err(ApiError::WrongToken)
    }
}
