//! Events told to others by HTTP: a call ended, an outcome was set, a recording is ready, an
//! outcome is still to be given. At least once, with one id; signed; tried again until taken.
//!
//! ```text
//! journal ─▶ its reader ─▶ queue (a file each, synced) ─▶ sender, 8 at once ─▶ 2xx: removed
//!                             ▲                               └─ else: 1, 2, 4 ... 900 s
//! store ─▶ chase, each minute ─┘
//! ```
//!
//! The journal's reader waits for the queue's disk, so the journal is read again where that was
//! not reached. An event that nobody takes for [`KEPT`] is dropped and counted. Where it is sent is
//! what the settings name (`destination`), how it is sent `send` says.

pub mod destination;
mod event;
mod queue;
mod send;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result};
use jiff::{SignedDuration, Timestamp};
use rotaline_record::Record;
use rotaline_store::{CallQuery, CaseState, Completeness, OutcomeFilter, Store};
use tokio::task::{JoinHandle, JoinSet};

use super::secrets;
use destination::Destination;
use event::Event;
use queue::{Queue, dropped, parts_of};
use send::Sender;

/// Events that are being sent.
const AT_ONCE: usize = 8;
/// The first pause after a refusal, doubled each time up to the last.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(900));
/// An event that nobody has taken for so long is dropped.
const KEPT: Duration = Duration::from_secs(3 * 24 * 3600);
/// How often outcomes that are due are looked for.
const CHASE_EVERY: Duration = Duration::from_secs(60);
/// Up to when they were looked for, in the queue's folder.
const CHASED: &str = "chased";

/// Checked settings.
#[derive(Clone, Debug)]
pub struct WebhookSettings {
    /// Where events are sent.
    pub destinations: Vec<Destination>,
    /// Addresses of one's own network that may be sent to.
    pub private: Vec<IpAddr>,
    /// An outcome is due so long after its call began.
    pub chase_after: SignedDuration,
}

/// Where the journal's reader leaves what is to be told.
#[derive(Clone)]
pub struct Tap {
    queue: Arc<Queue>,
    destinations: Arc<[String]>,
}

impl Tap {
    /// Keeps the events of records; blocks until they are on disk.
    pub fn see(&self, records: &[Record]) {
        let events: Vec<Event> = records.iter().filter_map(Event::of).collect();
        self.queue.add(&events, &self.destinations);
    }
}

/// The sender, running, if a destination is named.
pub struct Webhooks(Option<Running>);

struct Running {
    tap: Tap,
    tasks: Vec<JoinHandle<()>>,
    folder: PathBuf,
    chase_after: SignedDuration,
}

impl Webhooks {
    /// Goes on with what an earlier process left.
    pub fn start(settings: &WebhookSettings, data: &Path) -> Result<Self> {
        if settings.destinations.is_empty() {
            queue::show(0);
            return Ok(Webhooks(None));
        }
        let key = secrets::webhook_key(&data.join("webhook-key"))?;
        let folder = data.join("webhooks");
        let queue = Queue::open(&folder);
        let queue = queue.with_context(|| format!("cannot use {}", folder.display()))?;
        let queue = Arc::new(queue);
        let sending = Sending {
            queue: Arc::clone(&queue),
            sender: Arc::new(Sender::new(key, settings.private.clone())?),
            destinations: settings.destinations.clone(),
            due: BTreeMap::new(),
            tries: BTreeMap::new(),
            next: 0,
        };
        let destinations = settings.destinations.iter().map(|it| it.tag.clone());
        Ok(Webhooks(Some(Running {
            tap: Tap {
                queue,
                destinations: destinations.collect(),
            },
            tasks: vec![tokio::spawn(sending.run())],
            folder,
            chase_after: settings.chase_after,
        })))
    }

    /// What the journal's reader tells, if anybody is told.
    pub fn tap(&self) -> Option<Tap> {
        self.0.as_ref().map(|running| running.tap.clone())
    }

    /// Looks for outcomes that are due from now on.
    pub fn chase(&mut self, store: Store) {
        let Some(running) = &mut self.0 else {
            return;
        };
        let chase = Chase {
            store,
            tap: running.tap.clone(),
            place: running.folder.join(CHASED),
            after: running.chase_after,
        };
        running.tasks.push(tokio::spawn(chase.run()));
    }

    /// Sends no more; what waits is on disk.
    pub fn stop(self) {
        for task in self.0.into_iter().flat_map(|running| running.tasks) {
            task.abort();
        }
    }
}

struct Sending {
    queue: Arc<Queue>,
    sender: Arc<Sender>,
    destinations: Vec<Destination>,
    /// By when they are to be tried, and a number of their own.
    due: BTreeMap<(Instant, u64), String>,
    /// How often each was tried.
    tries: BTreeMap<String, u32>,
    next: u64,
}

impl Sending {
    async fn run(mut self) {
        let mut under_way: JoinSet<(String, bool)> = JoinSet::new();
        loop {
            for name in self.queue.take_fresh() {
                self.is_due(name, Duration::ZERO);
            }
            while under_way.len() < AT_ONCE
                && let Some(first) = self.due.first_entry()
                && first.key().0 <= Instant::now()
            {
                let name = first.remove();
                self.begin(name, &mut under_way);
            }
            let wake = match self.due.first_key_value() {
                Some(((at, _), _)) if under_way.len() < AT_ONCE => *at,
                Some(_) | None => Instant::now() + PAUSES.1,
            };
            tokio::select! {
                Some(ended) = under_way.join_next() => {
                    if let Ok((name, taken)) = ended {
                        self.ended(name, taken);
                    }
                }
                () = self.queue.more.notified() => {}
                () = tokio::time::sleep_until(wake.into()) => {}
            }
        }
    }

    fn is_due(&mut self, name: String, pause: Duration) {
        self.next += 1;
        self.due.insert((Instant::now() + pause, self.next), name);
    }

    fn begin(&mut self, name: String, under_way: &mut JoinSet<(String, bool)>) {
        let tag = parts_of(&name).map_or("", |(_, tag)| tag);
        let to = self.destinations.iter().find(|it| it.tag == tag);
        let (to, body) = match (to, self.queue.read(&name)) {
            (Some(to), Ok((body, kept))) if !is_old(kept) => (to.clone(), body),
            (Some(_), Ok(_)) => return self.give_up(&name, "nobody took it for three days"),
            (None, _) => return self.give_up(&name, "its destination is named no more"),
            (_, Err(_)) => return self.give_up(&name, "it cannot be read"),
        };
        let sender = Arc::clone(&self.sender);
        under_way.spawn(async move {
            let id = parts_of(&name).map_or("", |(id, _)| id);
            let sent = sender.send(&to, id, body).await;
            if let Err(error) = &sent {
                tracing::warn!(destination = ?to, %error, "a webhook event was not taken");
            }
            (name, sent.is_ok())
        });
    }

    fn ended(&mut self, name: String, taken: bool) {
        if taken {
            metrics::counter!("rotaline_webhooks_sent_total").increment(1);
            self.tries.remove(&name);
            return self.queue.remove(&name);
        }
        metrics::counter!("rotaline_webhooks_refused_total").increment(1);
        let tries = self.tries.entry(name.clone()).or_default();
        let pause = PAUSES.0 * 2_u32.pow((*tries).min(16));
        *tries += 1;
        self.is_due(name, pause.min(PAUSES.1));
    }

    fn give_up(&mut self, name: &str, why: &'static str) {
        self.tries.remove(name);
        dropped(why);
        self.queue.remove(name);
    }
}

fn is_old(kept: SystemTime) -> bool {
    let age = SystemTime::now().duration_since(kept);
    age.is_ok_and(|age| age > KEPT)
}

/// Looks for calls that were joined and have no outcome.
struct Chase {
    store: Store,
    tap: Tap,
    place: PathBuf,
    after: SignedDuration,
}

impl Chase {
    async fn run(self) {
        let mut ticks = tokio::time::interval(CHASE_EVERY);
        loop {
            ticks.tick().await;
            if let Err(error) = self.look().await {
                tracing::warn!(%error, "outcomes that are due cannot be looked for");
            }
        }
    }

    /// Calls that began since it was last looked, up to so long ago.
    async fn look(&self) -> io::Result<()> {
        let to = Timestamp::now().checked_sub(self.after);
        let to = to.map_err(io::Error::other)?;
        let from = match std::fs::read_to_string(&self.place) {
            Ok(text) => text.trim().parse().map_err(io::Error::other)?,
            // What is older than the first start was nobody's to tell.
            Err(_) => to,
        };
        let mut query = CallQuery {
            from: Some(from),
            to: Some(to),
            outcome: Some(OutcomeFilter::Missing),
            state: Some(CaseState::Closed),
            ..CallQuery::default()
        };
        loop {
            let page = self.store.calls(&query).await;
            if page.completeness == Completeness::MemoryOnly {
                return Ok(());
            }
            let joined = page.cases.iter().filter(|case| case.joined().is_some());
            let due: Vec<Event> = joined
                .filter_map(|it| Event::chase_due(it.id, to))
                .collect();
            let tap = self.tap.clone();
            let kept = move || tap.queue.add(&due, &tap.destinations);
            tokio::task::spawn_blocking(kept).await?;
            match page.next {
                Some(next) => query.after = Some(next),
                None => break,
            }
        }
        let new = self.place.with_extension("new");
        std::fs::write(&new, to.to_string())?;
        std::fs::rename(new, &self.place)
    }
}
