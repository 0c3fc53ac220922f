//! What the handlers share, passed in by the binary.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use metrics_exporter_prometheus::PrometheusHandle;
use rotaline_model::NodeId;
use rotaline_record::{Case, CommandSink, LiveCalls, Origin};
use rotaline_store::{Codes, Store};
use tokio::sync::Semaphore;

use crate::access::{Hasher, Throttle, TotpKey};
use crate::directory::Waits;
use crate::once::Once;
use crate::reports::EXPORTS_AT_ONCE;
use crate::token::TokenDigest;
use crate::{
    CallStarter, Events, HealthSource, Lines, Mp3Encoder, OutcomeMenus, Pauses, PlanDesk, Token,
};

/// Recordings that are encoded at once because somebody asked; others wait their turn.
const ENCODINGS_AT_ONCE: usize = 1;
/// How long an answer waits for a change to be visible; it is durable before that.
const VISIBLE_WITHIN: Duration = Duration::from_secs(2);

/// What the API is made of.
pub struct ApiParts {
    /// The calls.
    pub store: Store,
    /// Where commands go.
    pub commands: Arc<dyn CommandSink>,
    /// Starts calls.
    pub starter: Arc<dyn CallStarter>,
    /// Ends calls that are up.
    pub live: Arc<dyn LiveCalls>,
    /// What changes, as it does.
    pub events: Events,
    /// The plan's outcome menus.
    pub menus: Arc<dyn OutcomeMenus>,
    /// Makes codes.
    pub codes: Codes,
    /// Who takes no calls.
    pub pauses: Arc<dyn Pauses>,
    /// What the plan says of errands.
    pub lines: Arc<dyn Lines>,
    /// The plan, and who changes it.
    pub plan: Arc<dyn PlanDesk>,
    /// Makes an MP3 that is not there yet.
    pub encoder: Arc<dyn Mp3Encoder>,
    /// What else may be degraded.
    pub health: Arc<dyn HealthSource>,
    /// The folder that file names of recordings are below.
    pub recordings: PathBuf,
    /// What opens the API.
    pub token: Token,
    /// The key of second factors.
    pub totp: TotpKey,
    /// The metrics of the process.
    pub metrics: PrometheusHandle,
    /// This machine.
    pub node: NodeId,
}

/// What the handlers share.
#[derive(Clone)]
pub struct ApiState(Arc<Shared>);

/// Behind [`ApiState`]; nothing of it is public.
pub struct Shared {
    pub(crate) store: Store,
    pub(crate) commands: Arc<dyn CommandSink>,
    pub(crate) starter: Arc<dyn CallStarter>,
    pub(crate) live: Arc<dyn LiveCalls>,
    pub(crate) events: Events,
    pub(crate) menus: Arc<dyn OutcomeMenus>,
    pub(crate) codes: Codes,
    pub(crate) pauses: Arc<dyn Pauses>,
    pub(crate) lines: Arc<dyn Lines>,
    pub(crate) plan: Arc<dyn PlanDesk>,
    pub(crate) encoder: Arc<dyn Mp3Encoder>,
    pub(crate) health: Arc<dyn HealthSource>,
    pub(crate) recordings: PathBuf,
    pub(crate) token: TokenDigest,
    pub(crate) totp: TotpKey,
    pub(crate) hasher: Hasher,
    pub(crate) throttle: Throttle,
    pub(crate) metrics: PrometheusHandle,
    pub(crate) node: NodeId,
    pub(crate) encodings: Semaphore,
    pub(crate) exports: Arc<Semaphore>,
    pub(crate) once: Once,
    pub(crate) waits: Waits,
    pub(crate) visible_within: Duration,
    last_sequence: AtomicU64,
}

impl ApiState {
    /// Puts the parts together.
    pub fn new(parts: ApiParts) -> Self {
        Self::with_patience(parts, VISIBLE_WITHIN)
    }

    pub(crate) fn with_patience(parts: ApiParts, visible_within: Duration) -> Self {
        ApiState(Arc::new(Shared {
            store: parts.store,
            commands: parts.commands,
            starter: parts.starter,
            live: parts.live,
            events: parts.events,
            menus: parts.menus,
            codes: parts.codes,
            pauses: parts.pauses,
            lines: parts.lines,
            plan: parts.plan,
            encoder: parts.encoder,
            health: parts.health,
            recordings: parts.recordings,
            token: parts.token.digest(),
            totp: parts.totp,
            hasher: Hasher::new(),
            throttle: Throttle::default(),
            metrics: parts.metrics,
            node: parts.node,
            once: Once::default(),
            waits: Waits::default(),
            encodings: Semaphore::new(ENCODINGS_AT_ONCE),
            exports: Arc::new(Semaphore::new(EXPORTS_AT_ONCE)),
            visible_within,
            last_sequence: AtomicU64::new(0),
        }))
    }
}

impl std::ops::Deref for ApiState {
    type Target = Shared;
    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl Shared {
    /// A sequence for a record about a case: the time in microseconds, but above all that came
    /// before, here or (another machine's clock may be ahead) on the case.
    pub(crate) fn next_sequence(&self, case: &Case, now: Timestamp) -> u64 {
        let time = u64::try_from(now.as_microsecond()).unwrap_or(0);
        let least = time.max(case.applied(Origin::Api).saturating_add(1));
        let next = |last: u64| least.max(last.saturating_add(1));
        let last = self
            .last_sequence
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| {
                Some(next(last))
            })
            .unwrap_or_else(|last| last);
        next(last)
    }
}

impl fmt::Debug for ApiState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiState")
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}
