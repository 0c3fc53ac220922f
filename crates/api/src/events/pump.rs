//! From what changes in the store and the plan to events, while anybody reads them.
//!
//! It looks at the cases that changed and at nothing else, ten times a second at most, and costs
//! nothing while nobody reads.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rotaline_model::CaseId;
use rotaline_record::{Case, LiveCall};
use rotaline_store::{Completeness, Store, Watch};
use serde::Serialize;

use super::hub::{Hub, Watched};
use crate::PlanDesk;
use crate::live::LiveCallJson;

/// Changes of so long are told together.
const GATHERED: Duration = Duration::from_millis(100);
/// Without a change, the plan and the readers are looked at so often.
const LOOK: Duration = Duration::from_millis(500);

/// What is read.
#[derive(Clone)]
pub(super) struct Sources {
    pub store: Store,
    pub plan: Arc<dyn PlanDesk>,
}

/// A call that is not up any more, or was changed since.
#[derive(Debug, Serialize)]
struct Changed {
    id: String,
}

/// The plan has changed.
#[derive(Debug, Serialize)]
struct Revision {
    revision: u64,
}

/// Tells what changes.
pub(super) struct Pump {
    hub: Arc<Hub>,
    sources: Sources,
    watch: Watch,
    /// What was told last of each call that is up.
    shown: BTreeMap<CaseId, LiveCallJson>,
    revision: u64,
}

impl Pump {
    /// Watches from now on.
    pub fn new(hub: Arc<Hub>, sources: Sources) -> Self {
        let watch = sources.store.watch();
        // They are in the list that every reader begins with.
        let open = sources.store.open_cases();
        let up = open.iter().filter_map(|case| {
            let live = LiveCall::of(case)?;
            Some((case.id, LiveCallJson::of(&live)))
        });
        Pump {
            shown: up.collect(),
            revision: sources.plan.current().revision,
            watch,
            hub,
            sources,
        }
    }

    /// Tells until nobody reads any more.
    pub async fn run(mut self) {
        while self.hub.look(Instant::now()) == Watched::Yes {
            self.look();
            tokio::time::sleep(GATHERED).await;
            let _ = tokio::time::timeout(LOOK, self.watch.changed()).await;
        }
    }

    fn look(&mut self) {
        let revision = self.sources.plan.current().revision;
        if std::mem::replace(&mut self.revision, revision) != revision {
            self.tell("plan", None, &Revision { revision });
        }
        let changes = self.watch.take();
        for (id, case) in changes.cases {
            match case {
                Some(case) => self.changed(&case),
                None => self.over(id, None),
            }
        }
        if changes.completeness == Completeness::MemoryOnly {
            self.look_at_all();
        }
    }

    /// More has changed than could be remembered.
    fn look_at_all(&mut self) {
        self.hub.forget();
        let open = self.sources.store.open_cases();
        let gone = self.shown.keys().copied();
        let gone: Vec<CaseId> = gone
            .filter(|id| open.iter().all(|case| case.id != *id))
            .collect();
        for id in gone {
            self.over(id, None);
        }
        for case in open {
            self.changed(&case);
        }
    }

    fn changed(&mut self, case: &Case) {
        let organisation = case.organisation.as_ref().map(ToString::to_string);
        let Some(live) = LiveCall::of(case).map(|live| LiveCallJson::of(&live)) else {
            return self.over(case.id, organisation);
        };
        if self.shown.get(&case.id) != Some(&live) {
            self.tell("live-call", organisation.as_deref(), &live);
            self.shown.insert(case.id, live);
        }
    }

    /// A call is not up: it was until now, or it was changed since.
    fn over(&mut self, case: CaseId, organisation: Option<String>) {
        let shown = self.shown.remove(&case);
        let kind = match shown {
            Some(_) => "live-call-over",
            None => "call-changed",
        };
        let organisation = organisation.or_else(|| shown?.organisation);
        let id = case.to_string();
        self.tell(kind, organisation.as_deref(), &Changed { id });
    }

    fn tell(&self, kind: &'static str, organisation: Option<&str>, data: &impl Serialize) {
        match serde_json::to_string(data) {
            Ok(text) => self.hub.tell(kind, organisation, &text),
            Err(error) => tracing::error!(%error, kind, "an event cannot be written"),
        }
    }
}
