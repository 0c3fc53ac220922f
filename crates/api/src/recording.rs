//! Recordings, to hear or to keep. Ranges are served (RFC 9110 section 14), since players ask for
//! them. Each fetch is audited before its first byte; what cannot be audited is not served.

use std::future::Future;
use std::io;
use std::path::{Component, Path as FilePath, PathBuf};
use std::pin::Pin;

use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use rotaline_model::CaseId;
use rotaline_record::{Case, RecordingPart, Wav};
use rotaline_store::Action;
use serde::Deserialize;
use tower_http::services::ServeFile;
use utoipa::IntoParams;

use crate::ApiState;
use crate::access::{Asker, Right};
use crate::calls::find;
use crate::problem::{ApiError, Problem};

/// Makes an MP3 that is not there yet.
pub trait Mp3Encoder: Send + Sync {
    /// Encodes a stored WAV; resolves to the MP3's file name below the recordings folder. May be
    /// asked again for the same; the journal hears of it from whoever encodes.
    fn encode(&self, case: CaseId, part: RecordingPart, wav: PathBuf) -> Encoded<'_>;
}

/// Resolves to a file name below the recordings folder.
pub type Encoded<'a> = Pin<Box<dyn Future<Output = Result<String, EncodeError>> + Send + 'a>>;

/// Why there is no MP3.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// This build has no encoder.
    #[error("this build has no MP3 encoder")]
    NoEncoder,
    /// It failed.
    #[error("MP3 not encoded: {0}")]
    Failed(Box<dyn std::error::Error + Send + Sync>),
}

/// Which recording of the call.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct WhichPart {
    /// `case` (the default): left the caller, right what the caller heard. `whisper-1`: what the
    /// phone of attempt 1 said (left) and heard (right) before it was let in.
    part: Option<String>,
}

#[derive(Clone, Copy)]
enum Format {
    Wav,
    Mp3,
}

impl Format {
    const fn extension(self) -> &'static str {
        match self {
            Format::Wav => "wav",
            Format::Mp3 => "mp3",
        }
    }

    const fn media_type(self) -> &'static str {
        match self {
            Format::Wav => "audio/wav",
            Format::Mp3 => "audio/mpeg",
        }
    }
}

/// Fetch a recording as it was stored
#[utoipa::path(
    get,
    path = "/api/v1/calls/{id}/recording.wav",
    tag = "recordings",
    params(("id" = String, Path, description = "The call's id", format = "uuid"), WhichPart),
    responses(
        (status = 200, description = "The WAV: stereo, 8 kHz, A-law", body = Vec<u8>,
            content_type = "audio/wav"),
        (status = 206, description = "The range that was asked for", body = Vec<u8>,
            content_type = "audio/wav"),
        (status = 400, description = "No such part name", body = Problem,
            content_type = "application/problem+json"),
        (status = 401, description = "No token, or a wrong one", body = Problem,
            content_type = "application/problem+json"),
        (status = 404, description = "No such call or recording, or not stored yet",
            body = Problem, content_type = "application/problem+json"),
        (status = 416, description = "Not a range of this recording"),
        (status = 500, description = "Its file cannot be read", body = Problem,
            content_type = "application/problem+json"),
        (status = 503, description = "Cannot be audited at present, so it is not served",
            body = Problem, content_type = "application/problem+json"),
    ),
    security(("token" = []))
)]
pub(crate) async fn wav(
    State(state): State<ApiState>,
    asker: Asker,
    Path(id): Path<String>,
    which: Result<Query<WhichPart>, QueryRejection>,
    request: Request,
) -> Result<Response, ApiError> {
    fetch((&state, &asker), &id, which, Format::Wav, request).await
}

/// Fetch a recording as MP3, made now if it is not there yet
#[utoipa::path(
    get,
    path = "/api/v1/calls/{id}/recording.mp3",
    tag = "recordings",
    params(("id" = String, Path, description = "The call's id", format = "uuid"), WhichPart),
    responses(
        (status = 200, description = "The MP3, stereo", body = Vec<u8>,
            content_type = "audio/mpeg"),
        (status = 206, description = "The range that was asked for", body = Vec<u8>,
            content_type = "audio/mpeg"),
        (status = 400, description = "No such part name", body = Problem,
            content_type = "application/problem+json"),
        (status = 401, description = "No token, or a wrong one", body = Problem,
            content_type = "application/problem+json"),
        (status = 404, description = "No such call or recording, or not stored yet",
            body = Problem, content_type = "application/problem+json"),
        (status = 416, description = "Not a range of this recording"),
        (status = 500, description = "Its file cannot be read", body = Problem,
            content_type = "application/problem+json"),
        (status = 503, description = "Cannot be encoded or audited at present", body = Problem,
            content_type = "application/problem+json"),
    ),
    security(("token" = []))
)]
pub(crate) async fn mp3(
    State(state): State<ApiState>,
    asker: Asker,
    Path(id): Path<String>,
    which: Result<Query<WhichPart>, QueryRejection>,
    request: Request,
) -> Result<Response, ApiError> {
    fetch((&state, &asker), &id, which, Format::Mp3, request).await
}

async fn fetch(
    (state, asker): (&ApiState, &Asker),
    id: &str,
    which: Result<Query<WhichPart>, QueryRejection>,
    format: Format,
    request: Request,
) -> Result<Response, ApiError> {
    let part = parse_part(which)?;
    let case = find(state, asker, Right::ReadCalls, id).await?;
    asker.patients_of(&case, Right::Recordings)?;
    let recording = case.recording(part).ok_or(ApiError::NoSuchRecording)?;
    let wav = recording.wav.as_ref().ok_or(ApiError::RecordingNotReady)?;
    let file = match format {
        Format::Wav => existing(&state.recordings, &wav.file).await?,
        Format::Mp3 => {
            let name = recording.mp3.as_ref().map(|mp3| mp3.file.as_str());
            encoded(state, &case, part, wav, name).await?
        }
    };
    let object = format!("{}.{}", part_name(part), format.extension());
    audit(state, asker, &case, &object).await?;
    serve(&file, &case, &object, format, request).await
}

/// The MP3 that is there, or one that is made now.
async fn encoded(
    state: &ApiState,
    case: &Case,
    part: RecordingPart,
    wav: &Wav,
    name: Option<&str>,
) -> Result<PathBuf, ApiError> {
    if let Some(name) = name
        && let Ok(file) = existing(&state.recordings, name).await
    {
        return Ok(file);
    }
    let wav = existing(&state.recordings, &wav.file).await?;
    // Encoding takes CPU from calls: one at a time for all who ask. Never closed.
    let _turn = state.encodings.acquire().await;
    let name = state.encoder.encode(case.id, part, wav).await?;
    existing(&state.recordings, &name).await
}

/// A file below the recordings folder, which no name leaves: neither by `..` nor by a link.
async fn existing(folder: &FilePath, name: &str) -> Result<PathBuf, ApiError> {
    let relative = FilePath::new(name);
    let plain = |part: Component<'_>| matches!(part, Component::Normal(_));
    if name.is_empty() || !relative.components().all(plain) {
        return Err(ApiError::RecordingElsewhere);
    }
    let folder = canonical(folder.to_owned()).await?;
    let file = canonical(folder.join(relative)).await?;
    if file.starts_with(&folder) {
        Ok(file)
    } else {
        Err(ApiError::RecordingElsewhere)
    }
}

async fn canonical(path: PathBuf) -> Result<PathBuf, ApiError> {
    tokio::task::spawn_blocking(move || path.canonicalize())
        .await
        .unwrap_or_else(|stopped| Err(io::Error::other(stopped)))
        .map_err(ApiError::RecordingFile)
}

async fn audit(state: &ApiState, asker: &Asker, case: &Case, object: &str) -> Result<(), ApiError> {
    tracing::info!(case_id = %case.id, object, who = asker.name(), "recording fetched");
    let entry = asker.entry(Action::RecordingFetched, Some(case), object);
    Ok(state.store.audit(entry).await?)
}

async fn serve(
    file: &FilePath,
    case: &Case,
    object: &str,
    format: Format,
    request: Request,
) -> Result<Response, ApiError> {
    let (parts, _) = request.into_parts();
    let mut response = ServeFile::new(file)
        .try_call(Request::from_parts(parts, Body::empty()))
        .await
        .map_err(ApiError::RecordingFile)?
        .map(Body::new)
        .into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(format.media_type()),
    );
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-store"),
    );
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    let name = format!("inline; filename=\"{}-{object}\"", case.reference());
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

fn parse_part(which: Result<Query<WhichPart>, QueryRejection>) -> Result<RecordingPart, ApiError> {
    let bad = || ApiError::BadRequest {
        detail: "write ?part=case, ?part=whisper-1 (the number of the attempt) or ?part=call-2 \
                 (a later call of the case)"
            .to_owned(),
    };
    let Query(WhichPart { part }) = which.map_err(|_| bad())?;
    match part.as_deref() {
        None | Some("case") => Ok(RecordingPart::Case),
        Some(other) => whisper(other).or_else(|| later_call(other)).ok_or_else(bad),
    }
}

fn whisper(part: &str) -> Option<RecordingPart> {
    let attempt = part.strip_prefix("whisper-")?.parse().ok()?;
    Some(RecordingPart::Whisper(attempt))
}

fn later_call(part: &str) -> Option<RecordingPart> {
    let number: u8 = part.strip_prefix("call-")?.parse().ok()?;
    (number > 1).then(|| RecordingPart::Later(number - 1))
}

/// As it stands in links, and in the call's JSON.
pub(crate) fn part_name(part: RecordingPart) -> String {
    match part {
        RecordingPart::Case => "case".to_owned(),
        RecordingPart::Whisper(attempt) => format!("whisper-{attempt}"),
        RecordingPart::Later(calls_before) => format!("call-{}", u16::from(calls_before) + 1),
    }
}
