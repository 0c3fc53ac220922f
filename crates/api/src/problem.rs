//! What goes wrong, told twice: to whoever asked, as a problem (RFC 9457); to the log, with the
//! cause.

use std::borrow::Cow;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rotaline_record::SubmitError;
use rotaline_routing::Fault;
use rotaline_store::{NotMade, StoreError};
use serde::Serialize;
use utoipa::ToSchema;

use crate::plan::Rival;
use crate::recording::EncodeError;
use crate::screen::NotStarted;

const NO_TOKEN: &str =
    "send a token: Authorization: Bearer <token>; POST /api/v1/session gives one";
const WRONG_TOKEN: &str =
    "this token opens nothing, or nothing any more: log in, POST /api/v1/session";
const SECOND_FACTOR: &str =
    "this is about patients: show your second factor, POST /api/v1/session/second-factor";
const REASON: &str =
    "you were no party of this call: say why you ask, Audit-Reason: <why>; it is kept";
const TOO_MANY_LOGINS: &str = "too many failures: wait as long as Retry-After says, then try again";

/// A problem (RFC 9457), `application/problem+json`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// `about:blank`: the status says what kind of problem it is, `code` says which.
    #[serde(rename = "type")]
    kind: &'static str,
    /// In a few words.
    title: &'static str,
    /// HTTP status.
    status: u16,
    /// For programs: does not change between versions.
    code: &'static str,
    /// For people: what is wrong, and what would be right.
    detail: Cow<'static, str>,
    /// Every fault of what was sent; left out where there is none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldProblem>,
    /// With `version-differs`: the version that it has; null: there is no such item.
    #[serde(skip_serializing_if = "Option::is_none")]
    current_version: Option<Option<u64>>,
    /// With `version-differs`: what somebody else has made of it, and who.
    #[serde(skip_serializing_if = "Option::is_none")]
    changed_meanwhile: Option<Rival>,
}

/// One fault of what was sent.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FieldProblem {
    /// The item, as in `person ann`.
    place: String,
    /// The key, dotted, as in `person.ann.phone.1.to`.
    field: String,
    /// What is wrong.
    reason: String,
    /// What would be right.
    remedy: String,
}

impl FieldProblem {
    fn of(fault: &Fault) -> Self {
        FieldProblem {
            place: fault.file.clone(),
            field: fault.key.clone(),
            reason: fault.problem.clone(),
            remedy: fault.remedy.clone(),
        }
    }
}

/// Why a request was not done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    #[error("no bearer token")]
    NoToken,
    #[error("wrong bearer token")]
    WrongToken,
    #[error("not theirs to ask")]
    Forbidden,
    #[error("a second factor is missing")]
    SecondFactorNeeded,
    #[error("a reason is missing")]
    ReasonNeeded,
    #[error("not let in")]
    LoginRefused,
    #[error("too many log-ins")]
    TooManyLogins { retry_after_s: u64 },
    #[error("no such page")]
    NoSuchPage,
    #[error("no such method")]
    NoSuchMethod,
    // Not its detail, which may repeat what was sent: this is what the log shows.
    #[error("bad request")]
    BadRequest { detail: String },
    #[error("the query has {} fault(s)", .0.len())]
    BadQuery(Vec<Fault>),
    #[error("too many exports are being made")]
    TooManyExports,
    #[error("export: {0}")]
    Export(std::io::Error),
    #[error("the body is too large")]
    TooLarge,
    #[error("the body is not JSON")]
    NotJson,
    #[error("no such call")]
    NoSuchCall,
    #[error("no such live call")]
    NoSuchLiveCall,
    #[error("too many follow the events")]
    TooManyReaders,
    #[error("the service stops")]
    Stopping,
    #[error("no such recording")]
    NoSuchRecording,
    #[error("the recording is not stored yet")]
    RecordingNotReady,
    #[error("recording file: {0}")]
    RecordingFile(std::io::Error),
    #[error("recording file name leaves the folder")]
    RecordingElsewhere,
    #[error("no outcome menu")]
    NoMenu,
    #[error("not in the outcome menu")]
    NotInMenu { given: String, choices: Vec<String> },
    #[error("no such person")]
    NoSuchPerson,
    #[error("not paused")]
    NotPaused,
    #[error("no such request")]
    NoSuchRequest,
    #[error("no such live code")]
    NoSuchErrand,
    #[error("too many codes are live")]
    TooManyCodes,
    #[error("no such item")]
    NoSuchItem,
    #[error("no such revision")]
    NoSuchRevision,
    #[error("the plan would have {} fault(s)", .0.len())]
    Faults(Vec<Fault>),
    #[error(transparent)]
    NotStarted(#[from] NotStarted),
    #[error("the item was changed by somebody else")]
    VersionDiffers {
        item: String,
        current: Option<u64>,
        rival: Option<Box<Rival>>,
    },
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Journal(#[from] SubmitError),
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

impl ApiError {
    fn status(&self) -> StatusCode {
        match self {
            ApiError::NoToken | ApiError::WrongToken | ApiError::LoginRefused => {
                StatusCode::UNAUTHORIZED
            }
            ApiError::Forbidden | ApiError::SecondFactorNeeded | ApiError::ReasonNeeded => {
                StatusCode::FORBIDDEN
            }
            ApiError::NoSuchPage
            | ApiError::NoSuchCall
            | ApiError::NoSuchLiveCall
            | ApiError::NoSuchRecording
            | ApiError::NoSuchPerson
            | ApiError::NotPaused
            | ApiError::NoSuchRequest
            | ApiError::NoSuchErrand
            | ApiError::NoSuchItem
            | ApiError::NoSuchRevision
            | ApiError::RecordingNotReady => StatusCode::NOT_FOUND,
            ApiError::TooManyCodes | ApiError::TooManyExports | ApiError::TooManyLogins { .. } => {
                StatusCode::TOO_MANY_REQUESTS
            }
            ApiError::NoSuchMethod => StatusCode::METHOD_NOT_ALLOWED,
            ApiError::BadRequest { .. } | ApiError::BadQuery(_) => StatusCode::BAD_REQUEST,
            ApiError::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            ApiError::NotJson => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            ApiError::NoMenu => StatusCode::CONFLICT,
            ApiError::NotInMenu { .. } | ApiError::Faults(_) => StatusCode::UNPROCESSABLE_ENTITY,
            ApiError::NotStarted(reason) => reason.status(),
            ApiError::VersionDiffers { .. } => StatusCode::PRECONDITION_FAILED,
            ApiError::RecordingFile(_) | ApiError::RecordingElsewhere | ApiError::Export(_) => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
            ApiError::TooManyReaders
            | ApiError::Stopping
            | ApiError::Store(_)
            | ApiError::Journal(_)
            | ApiError::Encode(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// For programs, and in a few words for people.
    fn code_and_title(&self) -> (&'static str, &'static str) {
        match self {
            ApiError::NoToken => ("token-missing", "Token missing"),
            ApiError::WrongToken => ("token-wrong", "Token wrong"),
            ApiError::Forbidden => ("forbidden", "Not yours to ask"),
            ApiError::SecondFactorNeeded => ("second-factor-needed", "Second factor needed"),
            ApiError::ReasonNeeded => ("reason-needed", "Reason needed"),
            ApiError::LoginRefused => ("login-refused", "Not let in"),
            ApiError::TooManyLogins { .. } => ("too-many-logins", "Too many failures"),
            ApiError::NoSuchPage => ("no-such-page", "Not found"),
            ApiError::NoSuchMethod => ("no-such-method", "Method not allowed"),
            ApiError::BadRequest { .. } => ("bad-request", "Bad request"),
            ApiError::BadQuery(_) => ("bad-query", "Bad query"),
            ApiError::TooManyExports => ("too-many-exports", "Too many exports"),
            ApiError::Export(_) => ("not-exported", "Not exported"),
            ApiError::TooLarge => ("too-large", "Too large"),
            ApiError::NotJson => ("not-json", "Not JSON"),
            ApiError::NoSuchCall => ("no-such-call", "No such call"),
            ApiError::NoSuchLiveCall => ("no-such-live-call", "No such live call"),
            ApiError::TooManyReaders => ("too-many-readers", "Too many readers"),
            ApiError::Stopping => ("stopping", "The service stops"),
            ApiError::NoSuchRecording => ("no-such-recording", "No such recording"),
            ApiError::NoSuchPerson => ("no-such-person", "No such person"),
            ApiError::NoSuchRequest => ("no-such-request", "No such request"),
            ApiError::NotPaused => ("not-paused", "Not paused"),
            ApiError::NoSuchErrand => ("no-such-code", "No such code"),
            ApiError::TooManyCodes => ("too-many-codes", "Too many codes"),
            ApiError::RecordingNotReady => ("recording-not-ready", "Recording not ready"),
            ApiError::RecordingFile(_) | ApiError::RecordingElsewhere => {
                ("recording-unreadable", "Recording unreadable")
            }
            ApiError::NoMenu => ("no-outcome-menu", "No outcome menu"),
            ApiError::NotInMenu { .. } => ("no-such-outcome", "No such outcome"),
            ApiError::NoSuchItem => ("no-such-item", "No such item"),
            ApiError::NoSuchRevision => ("no-such-revision", "No such revision"),
            ApiError::Faults(_) => ("plan-faulty", "The plan would be faulty"),
            ApiError::NotStarted(reason) => reason.code_and_title(),
            ApiError::VersionDiffers { .. } => ("version-differs", "Changed by somebody else"),
            ApiError::Store(_) => ("database-away", "Database away"),
            ApiError::Journal(_) => ("not-kept", "Not kept"),
            ApiError::Encode(_) => ("not-encoded", "Not encoded"),
        }
    }

    /// What is wrong and what would be right: never a cause inside.
    fn detail(&self) -> Cow<'static, str> {
        let detail = match self {
            ApiError::NoToken => NO_TOKEN,
            ApiError::WrongToken => WRONG_TOKEN,
            ApiError::Forbidden => "your roles do not have this right, in any organisation",
            ApiError::SecondFactorNeeded => SECOND_FACTOR,
            ApiError::ReasonNeeded => REASON,
            ApiError::LoginRefused => "the name, the password or the code is wrong",
            ApiError::TooManyLogins { .. } => TOO_MANY_LOGINS,
            ApiError::NoSuchPage => {
                "there is nothing here; /api/v1/openapi.json lists what there is"
            }
            ApiError::NoSuchMethod => {
                "this cannot be done here; /api/v1/openapi.json lists what can"
            }
            ApiError::BadRequest { detail } => return Cow::Owned(detail.clone()),
            ApiError::BadQuery(_) => "the query has the faults in `errors`, each with its field",
            ApiError::TooManyExports => {
                "as many exports are being made as may be; try again in a minute"
            }
            ApiError::Export(_) => "the export could not be made; the log says why",
            ApiError::TooLarge => "the body has at most 16 kB",
            ApiError::NotJson => "send JSON, with Content-Type: application/json",
            ApiError::NoSuchCall => "there is no call with this id",
            ApiError::NoSuchLiveCall => "no call with this id is up now",
            ApiError::TooManyReaders => "as many follow the events as may; try again in a minute",
            ApiError::Stopping => "the service was told to stop",
            ApiError::NoSuchRecording => {
                "this call has no such recording; its `recordings` lists those that it has"
            }
            ApiError::NoSuchPerson => "there is no person with this id",
            ApiError::NoSuchRequest => "there is no request with this id",
            ApiError::NotPaused => "they have not paused their calls, or are no more in the plan",
            ApiError::NoSuchErrand => "there is no live code with this id; it may be used or over",
            ApiError::TooManyCodes => "as many codes are live as may be; try again in some minutes",
            ApiError::RecordingNotReady => {
                "it is still being recorded; it is stored when the call is over"
            }
            ApiError::RecordingFile(_) | ApiError::RecordingElsewhere => {
                "the recording's file could not be read; the log says why"
            }
            ApiError::NoMenu => {
                "no specialty was chosen in this call, or it has no outcome menu any more"
            }
            ApiError::NotInMenu { given, choices } => {
                let choices = choices.join(", ");
                let detail =
                    format!("{given:?} is not in this specialty's outcome menu; it has: {choices}");
                return Cow::Owned(detail);
            }
            ApiError::NoSuchItem => "the plan has nothing with this id",
            ApiError::NoSuchRevision => "the plan has no such revision",
            ApiError::Faults(_) => {
                "nothing was changed: with this the plan would have the faults in `errors`"
            }
            ApiError::NotStarted(reason) => return reason.detail(),
            ApiError::VersionDiffers { item, .. } => {
                let detail = format!("{item} is not as you believe; read it again, then change it");
                return Cow::Owned(detail);
            }
            ApiError::Store(_) => {
                "the database does not answer at present; nothing is lost, try again"
            }
            ApiError::Journal(_) => "this could not be kept durably, so it was not done; try again",
            ApiError::Encode(_) => {
                "the MP3 could not be made at present; the WAV is there, or try again"
            }
        };
        Cow::Borrowed(detail)
    }

    fn errors(&self) -> Vec<FieldProblem> {
        if let ApiError::Faults(faults)
        | ApiError::BadQuery(faults)
        | ApiError::NotStarted(NotStarted::Faults(faults)) = self
        {
            faults.iter().map(FieldProblem::of).collect()
        } else {
            Vec::new()
        }
    }

    fn current_version(&self) -> Option<Option<u64>> {
        if let ApiError::VersionDiffers { current, .. } = self {
            Some(*current)
        } else {
            None
        }
    }

    fn changed_meanwhile(&mut self) -> Option<Rival> {
        if let ApiError::VersionDiffers { rival, .. } = self {
            rival.take().map(|rival| *rival)
        } else {
            None
        }
    }

    fn log(&self, status: StatusCode) {
        if status == StatusCode::INTERNAL_SERVER_ERROR {
            tracing::error!(error = %self, "request failed");
        } else if status.is_server_error() {
            tracing::warn!(error = %self, "request refused");
        } else {
            tracing::debug!(error = %self, "request refused");
        }
    }
}

impl ApiError {
    /// A query that has a field which there is not, or has one twice.
    pub(crate) fn bad_query(rejection: QueryRejection) -> Self {
        let problem = rejection.body_text();
        // Of an unknown field, the message names it between such marks.
        let field = problem.split('`').nth(1).unwrap_or_default().to_owned();
        ApiError::BadQuery(vec![Fault {
            file: "query".to_owned(),
            key: field,
            problem,
            remedy: "write the fields as /api/v1/openapi.json lists them, each once".to_owned(),
        }])
    }
}

impl From<NotMade> for ApiError {
    fn from(not_made: NotMade) -> Self {
        match not_made {
            NotMade::Full => ApiError::TooManyCodes,
            NotMade::Store(error) => ApiError::Store(error),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(mut self) -> Response {
        let status = self.status();
        self.log(status);
        let (code, title) = self.code_and_title();
        let changed_meanwhile = self.changed_meanwhile();
        let problem = Problem {
            kind: "about:blank",
            title,
            status: status.as_u16(),
            code,
            detail: self.detail(),
            errors: self.errors(),
            current_version: self.current_version(),
            changed_meanwhile,
        };
        let mut response = (status, Json(problem)).into_response();
        let headers = response.headers_mut();
        let problem_json = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, problem_json);
        //= RFC 6750 section 3
        //# If the protected resource request does not include authentication credentials [...]
        //# the resource server MUST include the HTTP "WWW-Authenticate" response header field
        if status == StatusCode::UNAUTHORIZED {
            let challenge = match &self {
                ApiError::NoToken => "Bearer realm=\"rotaline\"",
                wrong => {
                    debug_assert!(matches!(
                        wrong,
                        ApiError::WrongToken | ApiError::LoginRefused
                    ));
                    "Bearer realm=\"rotaline\", error=\"invalid_token\""
                }
            };
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static(challenge),
            );
        }
        if let ApiError::TooManyLogins { retry_after_s } = &self {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(*retry_after_s));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
        }
        response
    }
}
