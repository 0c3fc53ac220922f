//! What the API needs of the rest, in its own terms.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use metrics_exporter_prometheus::PrometheusHandle;
use rotaline_api::{
    CallStarter, Degraded, EncodeError, Encoded, HealthSource, Lines, Mp3Encoder, OutcomeMenus,
    PlanDesk,
};
use rotaline_engine::Remote;
use rotaline_engine::journal::{Journal, NotDurable, Pressure};
use rotaline_engine::recording::{RecordSink, Recorder};
use rotaline_model::{CaseId, OrganisationId, PersonId, PracticeId, SpecialtyId};
use rotaline_record::{
    CommandSink, ErrandKind, Fact, Intent, LiveCalls, Record, RecordingPart, SubmitError, Submitted,
};
use rotaline_routing::Service;
use rotaline_switch::{Admission, Load};
use tokio::sync::watch;

use super::figures;
use super::logging::lines_dropped;
use super::plan::PlanKeeper;
use super::projection::Why;

/// How often gauges are set and the exporter's histograms are tidied.
const METRICS_EVERY: Duration = Duration::from_secs(5);

/// How often the journal is looked at.
const ADMISSION_EVERY: Duration = Duration::from_secs(1);

/// Commands go to the journal, and are given once they are on disk.
pub struct Commands(pub Journal);

impl CommandSink for Commands {
    fn submit(&self, record: Record) -> Submitted<'_> {
        let how = if let Fact::OutcomeSet { how, .. } = record.fact {
            Some(how)
        } else {
            None
        };
        let receipt = self.0.append_durably(record);
        Box::pin(async move {
            receipt.await.map_err(|refusal| match refusal {
                NotDurable::Closed => SubmitError::Stopped,
                NotDurable::Full => SubmitError::Full,
                NotDurable::Disk | NotDurable::TooLarge => SubmitError::Disk(Box::new(refusal)),
            })?;
            if let Some(how) = how {
                figures::outcome(how, 1);
            }
            Ok(())
        })
    }
}

/// The recorder's records go to the journal, and are counted once they are kept.
pub struct Recorded(pub Journal);

impl RecordSink for Recorded {
    fn store(&self, records: Vec<Record>) -> bool {
        let facts: Vec<Fact> = records.iter().map(|record| record.fact.clone()).collect();
        let kept = self.0.store(records);
        if kept {
            facts.iter().for_each(figures::recorded);
        }
        kept
    }
}

/// The engine starts calls.
pub struct Starter(pub Remote);

impl CallStarter for Starter {
    fn start(&self, intent: Intent) {
        self.0.start_call(intent);
    }
}

/// The engine ends calls that are up.
pub struct Live(pub Remote);

impl LiveCalls for Live {
    fn hang_up(&self, case: CaseId) {
        self.0.hang_up(case);
    }
}

/// Outcome menus come from the plan.
pub struct Menus(pub Arc<dyn PlanDesk>);

impl OutcomeMenus for Menus {
    fn choices(&self, specialty: &SpecialtyId) -> Option<Vec<String>> {
        let edition = self.0.current();
        let specialty = edition.plan.specialty(specialty)?;
        Some(
            specialty
                .outcomes
                .iter()
                .map(|outcome| outcome.id.to_string())
                .collect(),
        )
    }
}

/// Where codes are keyed, and whom they may reach, comes from the plan.
pub struct PlanLines(pub Arc<dyn PlanDesk>);

impl Lines for PlanLines {
    fn to_ring(&self, kind: ErrandKind, organisation: &OrganisationId) -> Option<String> {
        let edition = self.0.current();
        let plan = &edition.plan;
        let number = match kind {
            ErrandKind::CallBack => plan.number_of(|service| {
                matches!(service, Service::CallBack { organisation: of } if of == organisation)
            }),
            ErrandKind::PatientCall => plan.number_of(|service| {
                matches!(service, Service::DialIn { organisation: of } if of == organisation)
            }),
        };
        number.map(|number| number.as_str().to_owned())
    }

    fn has_person(&self, person: &PersonId) -> bool {
        self.0.current().plan.person(person).is_some()
    }

    fn has_practice(&self, practice: &PracticeId) -> bool {
        self.0.current().plan.practice(practice).is_some()
    }

    fn has_specialty(&self, specialty: &SpecialtyId, organisation: &OrganisationId) -> bool {
        let edition = self.0.current();
        let plan = &edition.plan;
        let specialty = plan.specialty(specialty);
        specialty.is_some_and(|it| it.organisation == *organisation)
    }
}

/// MP3s that are not there yet are made by the recorder.
pub struct Encoder {
    /// The recorder.
    pub recorder: Arc<Recorder>,
    /// The folder that file names are below.
    pub folder: PathBuf,
}

impl Mp3Encoder for Encoder {
    fn encode(&self, _case: CaseId, _part: RecordingPart, wav: PathBuf) -> Encoded<'_> {
        let failed = |error| EncodeError::Failed(error);
        Box::pin(async move {
            let name = |path: &std::path::Path| {
                let below = path.strip_prefix(&self.folder).unwrap_or(path);
                below.to_string_lossy().into_owned()
            };
            let recorder = Arc::clone(&self.recorder);
            let file = name(&wav);
            let encoded = tokio::task::spawn_blocking(move || recorder.encode_now(&file)).await;
            let mp3 = encoded
                .map_err(|error| failed(Box::from(error)))?
                .map_err(|error| failed(Box::from(error)))?;
            Ok(name(&mp3))
        })
    }
}

/// The health of what calls need.
pub struct Health {
    /// The plan.
    pub plan: Arc<PlanKeeper>,
    /// Why the database is not open.
    pub why_away: watch::Receiver<Option<(Why, String)>>,
    /// The journal.
    pub journal: Journal,
    /// What is in use.
    pub load: watch::Receiver<Load>,
    /// Whether the service was told to stop.
    pub stopping: Arc<AtomicBool>,
}

impl HealthSource for Health {
    fn degraded(&self) -> Vec<Degraded> {
        let mut degraded = self.without_database();
        degraded.extend(self.of_journal());
        degraded
    }

    fn unready(&self) -> Vec<Degraded> {
        let mut why = self.of_journal();
        if self.stopping.load(Ordering::Acquire) {
            why.push(Degraded::new(
                "stopping",
                "the service was told to stop; calls that are up go on",
            ));
        }
        if self.load.borrow().free_slots == 0 {
            why.push(Degraded::new(
                "media",
                "no media port is free: see media.first_port and media.last_port",
            ));
        }
        why
    }
}

impl Health {
    fn of_journal(&self) -> Vec<Degraded> {
        match self.journal.pressure() {
            Pressure::Normal => Vec::new(),
            Pressure::High => vec![Degraded::new(
                "journal",
                "the disk fails or is too slow, or the journal fills up",
            )],
        }
    }

    /// What a start without the database has to do without. Its own words stay in the log: anybody
    /// may read this.
    fn without_database(&self) -> Vec<Degraded> {
        let mut degraded = Vec::new();
        let why = self.why_away.borrow().as_ref().map(|(why, _)| *why);
        let said = match why {
            None => None,
            Some(Why::Silent) => Some("has not answered since the start"),
            Some(Why::Away) => Some("cannot be opened since the start; the log says why"),
            Some(Why::Damaged) => Some("is damaged; a backup must be put in its place"),
            Some(Why::OtherVersion) => Some("is of a version that this program cannot use"),
        };
        if let Some(said) = said {
            degraded.push(Degraded::new("database", said));
        }
        if self.plan.is_unsettled() {
            let revision = self.plan.current().revision;
            let detail = format!("calls go by revision {revision}, which the database had last");
            degraded.push(Degraded::new("plan", &detail));
        }
        degraded
    }
}

/// Closes the engine to new calls while the journal could not keep what they do. Ends with the
/// runtime.
pub fn keep_admission(journal: Journal, engine: Remote) {
    tokio::spawn(async move {
        let mut ticks = tokio::time::interval(ADMISSION_EVERY);
        let mut shown = Admission::Open;
        loop {
            ticks.tick().await;
            let admission = match journal.pressure() {
                Pressure::Normal => Admission::Open,
                Pressure::High => Admission::Closed,
            };
            if admission == std::mem::replace(&mut shown, admission) {
                continue;
            }
            match admission {
                Admission::Open => tracing::info!("the journal keeps up: new calls are taken"),
                Admission::Closed => {
                    tracing::warn!("the journal cannot keep up: new calls are refused")
                }
            }
            engine.set_admission(admission);
        }
    });
}

/// Keeps the gauges true for as long as the process runs.
pub fn keep_metrics(exporter: PrometheusHandle, load: watch::Receiver<Load>, max_calls: usize) {
    let version = env!("CARGO_PKG_VERSION");
    metrics::gauge!("rotaline_build_info", "version" => version).set(1.0);
    metrics::gauge!("rotaline_calls_limit").set(max_calls as f64);
    // Nobody has called yet: all are free.
    let slots = load.borrow().free_slots;
    metrics::gauge!("rotaline_media_slots").set(slots as f64);
    let dropped = metrics::counter!("rotaline_log_lines_dropped_total");
    tokio::spawn(async move {
        let mut ticks = tokio::time::interval(METRICS_EVERY);
        loop {
            ticks.tick().await;
            dropped.absolute(lines_dropped());
            let load = *load.borrow();
            metrics::gauge!("rotaline_calls_up").set(load.calls as f64);
            metrics::gauge!("rotaline_sip_sessions").set(load.sessions as f64);
            metrics::gauge!("rotaline_sip_transactions").set(load.transactions as f64);
            metrics::gauge!("rotaline_media_slots_free").set(load.free_slots as f64);
            metrics::gauge!("rotaline_people_busy").set(load.busy_people as f64);
            metrics::gauge!("rotaline_jobs").set(load.jobs as f64);
            figures::show_process();
            exporter.run_upkeep();
        }
    });
}
