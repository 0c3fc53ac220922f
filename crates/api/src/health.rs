//! Whether the process lives, what is degraded, and its metrics. Open to anyone: no personal data
//! here.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use serde::Serialize;
use utoipa::ToSchema;

use crate::ApiState;

/// Tells what else than the store is degraded: the journal near its bound, a writer behind.
pub trait HealthSource: Send + Sync {
    /// What is degraded now; nothing: all is well.
    fn degraded(&self) -> Vec<Degraded>;

    /// Why no new calls are taken now; nothing: they are.
    fn unready(&self) -> Vec<Degraded>;
}

/// A part that does less than it should. Calls go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Degraded {
    /// Which part, e.g. `database`.
    pub part: String,
    /// In plain words; never personal data.
    pub detail: String,
}

impl Degraded {
    /// What is amiss with a part.
    pub fn new(part: &str, detail: &str) -> Self {
        Degraded {
            part: part.to_owned(),
            detail: detail.to_owned(),
        }
    }
}

/// Whether new calls are taken.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Readyz {
    /// Whether they are.
    ready: bool,
    /// Why not.
    why: Vec<Degraded>,
    /// What is degraded and keeps no call out, the database among them.
    degraded: Vec<Degraded>,
}

/// Whether new calls are taken, and why not
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "operation",
    responses(
        (status = 200, description = "New calls are taken", body = Readyz),
        (status = 503, description = "They are refused; `why` says for what reasons", body = Readyz)
    )
)]
pub(crate) async fn readyz(State(state): State<ApiState>) -> (StatusCode, Json<Readyz>) {
    let why = state.health.unready();
    let ready = why.is_empty();
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let mut degraded = state.health.degraded();
    degraded.retain(|part| !why.contains(part));
    degraded.extend(of_store(&state));
    let answer = Readyz {
        ready,
        why,
        degraded,
    };
    (status, Json(answer))
}

/// How the process is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Healthz {
    /// `ok`, or `degraded`: calls go on, but somebody should look today.
    status: Status,
    /// The version that runs.
    version: &'static str,
    /// What is degraded.
    degraded: Vec<Degraded>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Status {
    Ok,
    Degraded,
}

/// Alive, and what is degraded
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "operation",
    responses((status = 200, description = "The process lives", body = Healthz))
)]
pub(crate) async fn healthz(State(state): State<ApiState>) -> Json<Healthz> {
    let mut degraded = state.health.degraded();
    degraded.extend(of_store(&state));
    let status = if degraded.is_empty() {
        Status::Ok
    } else {
        Status::Degraded
    };
    Json(Healthz {
        status,
        version: env!("CARGO_PKG_VERSION"),
        degraded,
    })
}

fn of_store(state: &ApiState) -> Vec<Degraded> {
    let health = state.store.health();
    let mut degraded = Vec::new();
    let mut tell = |part: &str, detail: String| {
        degraded.push(Degraded {
            part: part.to_owned(),
            detail,
        });
    };
    if let Some(since) = health.away_since {
        let unwritten = health.unwritten + health.waiting;
        tell(
            "database",
            format!("away since {since}; {unwritten} changes wait in the journal"),
        );
    }
    if health.full {
        tell(
            "store",
            "at its bound: newer calls wait in the journal, unseen".to_owned(),
        );
    }
    if health.unusable > 0 {
        let unusable = health.unusable;
        tell(
            "records",
            format!("{unusable} passed over since the start; the log says which"),
        );
    }
    degraded
}

/// Metrics of the process, as Prometheus reads them
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "operation",
    responses((
        status = 200,
        description = "Prometheus text format 0.0.4",
        body = String,
        content_type = "text/plain"
    ))
)]
pub(crate) async fn metrics(State(state): State<ApiState>) -> impl IntoResponse {
    let health = state.store.health();
    metrics::gauge!("rotaline_store_unwritten_cases").set(health.unwritten as f64);
    metrics::gauge!("rotaline_store_waiting_records").set(health.waiting as f64);
    let away = if health.away_since.is_some() {
        1.0
    } else {
        0.0
    };
    metrics::gauge!("rotaline_store_database_away").set(away);
    let kind = [(
        header::CONTENT_TYPE,
        "text/plain; version=0.0.4; charset=utf-8",
    )];
    (kind, state.metrics.render())
}
