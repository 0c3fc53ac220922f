//! What changes, told as it does: server-sent events (WHATWG HTML section 9.2) of live calls, of
//! calls that were changed later, and of the plan.
//!
//! ```text
//! store, plan ─▶ pump ─▶ hub: the last 1024 events ─▶ readers, 64 at most, each 256 behind at most
//! ```
//!
//! | event | data |
//! | --- | --- |
//! | `live-calls` | all calls that are up: first, and whenever events were missed |
//! | `live-call` | one of them, whole, as it is now |
//! | `live-call-over` | `id` of a call that is not up any more |
//! | `call-changed` | `id` of another call of which something is new |
//! | `plan` | `revision`, the plan's |
//!
//! An event says as much as the pages that it is about: nothing of a patient. Not here: whoever
//! cannot keep up is not waited for (`hub`).

mod hub;
mod pump;
#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use jiff::Timestamp;
use rotaline_store::{Sight, Store};
use serde::Deserialize;
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt};
use utoipa::IntoParams;

use crate::live::{LiveCallJson, up};
use crate::problem::{ApiError, Problem};
use crate::{ApiState, PlanDesk};
use hub::{Hub, NotRead, Seen};
use pump::{Pump, Sources};

/// A comment is sent after so long without an event, so that nobody between takes the connection
/// for dead.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Events of one call, which may be of an organisation.
const OF_CALLS: [&str; 3] = ["live-call", "live-call-over", "call-changed"];

const LAST_EVENT_ID: &str = "Last-Event-ID";

/// Events, and those who read them.
#[derive(Clone)]
pub struct Events {
    hub: Arc<Hub>,
    sources: Sources,
    /// Names this process in every id: what another one counted means nothing here.
    process: Arc<str>,
}

impl Events {
    /// Nothing is done until somebody reads.
    pub fn new(store: Store, plan: Arc<dyn PlanDesk>) -> Self {
        metrics::gauge!("rotaline_event_readers").set(0.0);
        let started = Timestamp::now().as_microsecond();
        Events {
            hub: Arc::default(),
            sources: Sources { store, plan },
            process: Arc::from(started.to_string()),
        }
    }

    /// Ends every stream: the service stops.
    pub fn close(&self) {
        self.hub.close();
    }

    fn id(&self, number: u64) -> String {
        format!("{}-{number}", self.process)
    }

    /// The number in an id of this process.
    fn number(&self, id: &str) -> Option<u64> {
        id.strip_prefix(&*self.process)?
            .strip_prefix('-')?
            .parse()
            .ok()
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").field("hub", &self.hub).finish()
    }
}

/// Which events.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct EventFilter {
    /// Of this organisation's calls; those of the plan come all the same.
    organisation: Option<String>,
}

/// Follow what changes
///
/// Server-sent events: `live-calls` (all that are up; first, and whenever events were missed),
/// `live-call` (one, as it is now), `live-call-over` and `call-changed` (an `id`), `plan` (its
/// `revision`). With `Last-Event-ID`, what was missed comes first. Whoever falls too far behind is
/// cut off, and may resume.
#[utoipa::path(get, path = "/api/v1/events", tag = "live-calls",
    params(EventFilter, ("Last-Event-ID" = Option<String>, Header,
        description = "The id of the last event that was read")),
    responses((status = 200, description = "Events as they come", body = String,
            content_type = "text/event-stream"),
        (status = 400, description = "The filter is not what it should be", body = Problem,
            content_type = "application/problem+json"),
        (status = 401, description = "No token, or a wrong one", body = Problem,
            content_type = "application/problem+json"),
        (status = 503, description = "As many follow as may, or the service stops",
            body = Problem, content_type = "application/problem+json")),
    security(("token" = [])))]
pub(crate) async fn follow(
    State(state): State<ApiState>,
    headers: HeaderMap,
    filter: Result<Query<EventFilter>, QueryRejection>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiError> {
    let Query(EventFilter { organisation }) = filter.map_err(ApiError::bad_query)?;
    let events = state.events.clone();
    let last = headers.get(LAST_EVENT_ID).and_then(|id| id.to_str().ok());
    let reading = events
        .hub
        .read(last.and_then(|id| events.number(id)))
        .map_err(|reason| match reason {
            NotRead::Full => ApiError::TooManyReaders,
            NotRead::Closed => ApiError::Stopping,
        })?;
    if reading.first {
        // It watches from now on, before anybody is told how things are.
        let pump = Pump::new(Arc::clone(&events.hub), events.sources.clone());
        tokio::spawn(pump.run());
    }
    let wanted = move |seen: &Seen| match (&organisation, &seen.organisation) {
        (Some(wanted), Some(is)) => **wanted == **is,
        (Some(_), None) => !OF_CALLS.contains(&seen.kind),
        (None, _) => true,
    };
    let begins = match reading.missed {
        Some(missed) => missed,
        None => beginning(&events.sources, reading.last, &wanted),
    };
    let all = tokio_stream::iter(begins).chain(ReceiverStream::new(reading.coming));
    let shown = all.filter(wanted).map(move |seen| {
        let event = Event::default().id(events.id(seen.number));
        Ok(event.event(seen.kind).data(&*seen.data))
    });
    Ok(Sse::new(shown).keep_alive(KeepAlive::new().interval(HEARTBEAT)))
}

/// How everything is now, as of the last event.
fn beginning(sources: &Sources, last: u64, wanted: &impl Fn(&Seen) -> bool) -> Vec<Seen> {
    let of_one = |it: &LiveCallJson| Seen {
        number: last,
        kind: "live-call",
        organisation: it.organisation.as_deref().map(Arc::from),
        data: Arc::from(""),
    };
    let mut up = up(&sources.store, &Sight::All);
    up.retain(|it| wanted(&of_one(it)));
    let told = |kind, data: String| Seen {
        number: last,
        kind,
        organisation: None,
        data: Arc::from(data),
    };
    let revision = sources.plan.current().revision;
    vec![
        told("live-calls", serde_json::to_string(&up).unwrap_or_default()),
        told("plan", format!("{{\"revision\":{revision}}}")),
    ]
}
