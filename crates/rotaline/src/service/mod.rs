//! The whole service: every part started in the order that loses nothing, and stopped in the
//! reverse of it.
//!
//! A start does not need the database, if it has ever had it: see `projection` and `plan`.
//!
//! ```text
//!  journal ─▶ database ─▶ recorder ─▶ engine ─▶ HTTP        (start)
//!  HTTP ─▶ engine ─▶ recorder ─▶ journal ─▶ database        (stop)
//! ```

mod control;
mod desk;
mod figures;
mod history;
mod http;
mod logging;
mod pauses;
mod plan;
mod projection;
mod reload;
pub mod secrets;
mod speech;
pub mod webhooks;
mod wiring;

use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use jiff::Timestamp;
use rotaline_api::{ApiParts, ApiState, Events, Token};
use rotaline_engine::journal::{self, Journal, JournalConfig, JournalSettings, JournalThread};
use rotaline_engine::recording::{Recorder, RecordingConfig, RecordingSettings};
use rotaline_engine::{Clock, Engine, Parts};
use rotaline_model::NodeId;
use rotaline_store::{Codes, Store};
use rotaline_switch::Input;
use tokio::sync::watch;

pub use control::ask_to_reload;
pub use logging::{Level, LogSettings, start as start_logging};
pub use plan::PlanKeeper;
pub use speech::{SpeechSettings, in_general};

use crate::settings::Settings;
use control::Control;
use desk::{Desk, Known};
use http::HttpServer;
use pauses::PauseKeeper;
use plan::{PlanCopy, PlanDoor};
use projection::{Patience, Projection};
use reload::Reloader;
use webhooks::{Tap, Webhooks};

/// How long phones may take to confirm that their calls are ended: three copies of a BYE.
const CONFIRMED_WITHIN: Duration = Duration::from_secs(2);

/// How a drain ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drained {
    /// No call is up.
    Idle,
    /// Calls are up that were given all the time there is.
    Late,
}

/// A running service.
pub struct Service {
    engine: Engine,
    recorder: Arc<Recorder>,
    journal: Journal,
    journal_thread: JournalThread,
    projection: Projection,
    http: HttpServer,
    token: Token,
    drain: watch::Receiver<Duration>,
    control: Control,
    stopping: Arc<AtomicBool>,
    events: Events,
    webhooks: Webhooks,
}

impl Service {
    /// Starts everything. Calls are taken from now on.
    pub async fn start(settings: Settings) -> Result<Service> {
        let node = settings.engine.switch.node;
        private_folder(&settings.data)?;
        let token = secrets::token(&settings.data.join("api-token"))?;
        let metrics = figures::start()?;

        let mut opened = open_journal(&settings.engine.journal, node)?;
        close_interrupted(&mut opened);
        let mut webhooks = Webhooks::start(&settings.webhooks, &settings.data)?;
        let (projection, plan) = open_database(&settings, &opened.journal, webhooks.tap()).await?;
        webhooks.chase(projection.store());
        let recorder = start_recorder(&settings.engine.recordings, node, &opened.journal)?;
        let key = secrets::code_key(&settings.data.join("code-key"))?;
        let codes = Codes::new(projection.backend(), key, &secrets::seed()?);
        let copy = opened.journal.kept("pauses");
        let pauses = PauseKeeper::start(projection.backend(), copy).await;
        let known = known(&opened.journal, &codes, projection.store(), node);
        let desk = Desk::new(known, Arc::clone(&pauses));
        let door = || Arc::new(PlanDoor(Arc::clone(&plan)));
        let told = told(&projection, &plan, &pauses, &opened.journal).await;
        let engine = start_engine(&settings, &plan, desk, &recorder, told)?;
        plan.serve(engine.remote());
        pauses.serve(engine.remote());
        for job in opened.jobs {
            engine.remote().start_call(job);
        }

        let stopping = Arc::new(AtomicBool::new(false));
        let events = Events::new(projection.store(), door());
        let state = ApiState::new(ApiParts {
            store: projection.store(),
            commands: Arc::new(wiring::Commands(opened.journal.clone())),
            starter: Arc::new(wiring::Starter(engine.remote())),
            live: Arc::new(wiring::Live(engine.remote())),
            events: events.clone(),
            menus: Arc::new(wiring::Menus(door())),
            codes,
            pauses,
            lines: Arc::new(wiring::PlanLines(door())),
            plan: door(),
            encoder: encoder(&recorder, &settings.engine.recordings),
            health: health(&opened.journal, &engine, &stopping, (&plan, &projection)),
            recordings: settings.engine.recordings.clone(),
            token: token.clone(),
            totp: secrets::totp_key(&settings.data)?,
            metrics: metrics.clone(),
            node,
        });
        wiring::keep_metrics(metrics, engine.load(), settings.engine.switch.max_calls);
        wiring::keep_admission(opened.journal.clone(), engine.remote());
        let http = HttpServer::start(settings.http_listen, rotaline_api::router(state)).await?;
        let (control, drain) = start_control(&settings, &engine)?;
        Ok(Service {
            engine,
            recorder,
            journal: opened.journal,
            journal_thread: opened.thread,
            projection,
            http,
            token,
            drain,
            control,
            stopping,
            events,
            webhooks,
        })
    }

    /// Where SIP is received.
    pub fn sip_address(&self) -> SocketAddr {
        self.engine.sip_address()
    }

    /// Where the API is.
    pub fn http_address(&self) -> SocketAddr {
        self.http.address()
    }

    /// What opens the API.
    pub fn token(&self) -> &Token {
        &self.token
    }

    /// The calls.
    pub fn store(&self) -> Store {
        self.projection.store()
    }

    /// Takes no more calls, and resolves when the last one is over, or may go on no longer.
    pub async fn drain(&self) -> Drained {
        self.stopping.store(true, Ordering::Release);
        self.engine.remote().drain();
        let mut load = self.engine.load();
        // It fails only if the engine is gone: then no call is up either.
        let idle = load.wait_for(|load| load.calls == 0);
        let drain = *self.drain.borrow();
        match tokio::time::timeout(drain, idle).await {
            Ok(_) => Drained::Idle,
            Err(_) => Drained::Late,
        }
    }

    /// Ends the calls that are up: their phones get BYE or CANCEL with the reason (RFC 3326), their
    /// cases are closed.
    pub async fn end_calls(&self) {
        let mut load = self.engine.load();
        if load.borrow().up == 0 {
            return;
        }
        self.engine.remote().end_calls();
        let confirmed = load.wait_for(|load| load.sessions == 0);
        let _ = tokio::time::timeout(CONFIRMED_WITHIN, confirmed).await;
    }

    /// Stops everything; what is up is ended, what was recorded and journalled is kept.
    pub async fn stop(self) -> Result<()> {
        self.control.stop();
        self.events.close();
        self.http.stop().await?;
        let (engine, recorder) = (self.engine, self.recorder);
        tokio::task::spawn_blocking(move || {
            engine.stop();
            match Arc::try_unwrap(recorder) {
                Ok(recorder) => recorder.stop(),
                Err(_) => {
                    tracing::error!("a recording is still being encoded; left to the next start")
                }
            }
        })
        .await?;
        let flushed = self.journal.flush();
        tokio::task::spawn_blocking(move || flushed.wait()).await??;
        self.projection.stop().await?;
        self.webhooks.stop();
        tokio::task::spawn_blocking(move || self.journal_thread.stop()).await?;
        Ok(())
    }
}

/// Listens for what the service is told while it runs; how long it may drain is told by it.
fn start_control(
    settings: &Settings,
    engine: &Engine,
) -> Result<(Control, watch::Receiver<Duration>)> {
    let (drain, told) = watch::channel(settings.drain);
    let reloader = Reloader::new(settings, engine.remote(), drain);
    Ok((Control::start(&settings.data, reloader)?, told))
}

fn open_journal(folder: &Path, node: NodeId) -> Result<journal::Opened> {
    let settings = JournalSettings {
        folder: folder.to_owned(),
        ..JournalSettings::default()
    };
    let config =
        JournalConfig::try_from(settings).map_err(|faults| anyhow::anyhow!("{faults:?}"))?;
    Ok(journal::open(config, Timestamp::now(), node)?)
}

fn known(journal: &Journal, codes: &Codes, store: Store, node: NodeId) -> Known {
    Known {
        journal: journal.clone(),
        codes: codes.clone(),
        store,
        node,
    }
}

fn close_interrupted(opened: &mut journal::Opened) {
    for record in opened.interrupted.drain(..) {
        opened.journal.append(record);
    }
}

fn health(
    journal: &Journal,
    engine: &Engine,
    stopping: &Arc<AtomicBool>,
    (plan, projection): (&Arc<PlanKeeper>, &Projection),
) -> Arc<wiring::Health> {
    Arc::new(wiring::Health {
        plan: Arc::clone(plan),
        why_away: projection.why_away(),
        journal: journal.clone(),
        load: engine.load(),
        stopping: Arc::clone(stopping),
    })
}

fn encoder(recorder: &Arc<Recorder>, folder: &Path) -> Arc<wiring::Encoder> {
    Arc::new(wiring::Encoder {
        recorder: Arc::clone(recorder),
        folder: folder.to_owned(),
    })
}

/// The database, if it answers in time; and the plan that calls go by, with it or without.
async fn open_database(
    settings: &Settings,
    journal: &Journal,
    tap: Option<Tap>,
) -> Result<(Projection, Arc<PlanKeeper>)> {
    let copy = PlanCopy::new(journal.kept("plan"));
    let patience = if copy.is_there() {
        Patience::Short
    } else {
        Patience::Long
    };
    let (database, node) = (settings.database(), settings.engine.switch.node);
    let projection = Projection::start(&database, node, journal, patience, tap).await?;
    let why = projection.why_away().borrow().clone();
    if let (Some((_, why)), false) = (why, copy.is_there()) {
        anyhow::bail!(
            "there is no plan to answer calls by: the database {database} cannot be opened \
             ({why}), and no copy of its plan is beside the journal yet"
        );
    }
    let plan = PlanKeeper::start(projection.backend(), settings, copy).await?;
    Ok((projection, plan))
}

/// What the engine is told before its first call.
async fn told(
    projection: &Projection,
    plan: &Arc<PlanKeeper>,
    pauses: &PauseKeeper,
    journal: &Journal,
) -> Vec<Input> {
    let (backend, copy) = (projection.backend(), journal.kept("history"));
    let history = history::told(&backend, &plan.current().plan, &copy).await;
    tokio::spawn(history::keep(backend, Arc::clone(plan), copy));
    pauses.told().into_iter().chain(history).collect()
}

fn start_recorder(folder: &Path, node: NodeId, journal: &Journal) -> Result<Arc<Recorder>> {
    let settings = RecordingSettings {
        folder: folder.to_owned(),
        ..RecordingSettings::default()
    };
    let config =
        RecordingConfig::try_from(settings).map_err(|faults| anyhow::anyhow!("{faults:?}"))?;
    Ok(Arc::new(Recorder::start(
        config,
        node,
        Arc::new(wiring::Recorded(journal.clone())),
    )?))
}

fn start_engine(
    settings: &Settings,
    plan: &PlanKeeper,
    desk: Desk,
    recorder: &Recorder,
    told: Vec<Input>,
) -> Result<Engine> {
    let parts = Parts {
        plan: Arc::clone(&plan.current().plan),
        prompts: plan.prompts(),
        outside: desk,
        lanes: (0..settings.engine.media_threads)
            .map(|_| recorder.lane())
            .collect(),
        seed: secrets::seed()?,
        told,
    };
    Ok(Engine::start(
        settings.engine.clone(),
        Clock::start(),
        parts,
    )?)
}

/// Makes a folder that only this user reads, with those above it.
pub fn private_folder(folder: &Path) -> Result<()> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .with_context(|| format!("cannot make the data folder {}", folder.display()))
}
