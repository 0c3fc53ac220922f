//! Figures of the service, from the facts of its calls: how many, how long, what went wrong, by
//! specialty; and how well legs were heard.
//!
//! Facts are seen on the signalling thread as they are journalled, so that figures are true while
//! the database is away. What needs the time between two facts is kept by case, at most
//! [`MAX_CASES`] of them. A restart begins at nought, as Prometheus expects.

mod catalogue;
mod process;
mod team;
#[cfg(test)]
mod tests;
mod words;

use std::collections::BTreeMap;

use jiff::Timestamp;
use metrics::{Counter, Histogram};
use rotaline_model::{CaseId, EndCause, LegId, SpecialtyId};
use rotaline_record::{AttemptResult, CallKind, ErrandKind, Fact, OutcomeHow, Quality, Record};

pub use catalogue::start;
#[cfg(test)]
use catalogue::{describe, exporter};
pub use process::show as show_process;

use team::{End, Team};

/// Specialties that have figures of their own; those beyond share the name `other`.
pub const MAX_SPECIALTIES: usize = 100;
/// Cases whose times are known: more than may be up. Beyond it the oldest has no times.
const MAX_CASES: usize = 110_000;
/// Where the figures of calls are in which no specialty was chosen, and those of specialties that
/// have none of their own; behind these two are the specialties', as they come.
const NONE: usize = 0;
const OTHER: usize = 1;

/// What is counted of calls.
pub struct Figures {
    cases: BTreeMap<CaseId, Times>,
    teams: Vec<Team>,
    places: BTreeMap<SpecialtyId, usize>,
    started: BTreeMap<CallKind, Counter>,
    failures: BTreeMap<EndCause, Counter>,
    opened: BTreeMap<ErrandKind, Counter>,
    refused: Counter,
    requests: Counter,
    caller: Heard,
    called: Heard,
}

/// A case that is open.
struct Times {
    /// Its place among the teams.
    team: usize,
    started: Timestamp,
    chosen: Option<Timestamp>,
    joined: Option<Timestamp>,
    /// The attempts that have answered and are not over: two where phones overlap.
    answered: Vec<(u16, Timestamp)>,
}

impl Figures {
    /// All at nought.
    pub fn new() -> Self {
        let kinds = words::CALL_KINDS.into_iter();
        let failures = words::FAILURES.into_iter();
        let errands = [ErrandKind::CallBack, ErrandKind::PatientCall].into_iter();
        outcome(OutcomeHow::Key, 0);
        outcome(OutcomeHow::Screen, 0);
        Figures {
            cases: BTreeMap::new(),
            teams: vec![Team::new("none"), Team::new("other")],
            places: BTreeMap::new(),
            started: kinds
                .map(|kind| {
                    let word = words::of_kind(kind);
                    let name = "rotaline_calls_started_total";
                    (kind, metrics::counter!(name, "kind" => word))
                })
                .collect(),
            failures: failures
                .map(|cause| {
                    let name = "rotaline_call_failures_total";
                    (cause, metrics::counter!(name, "cause" => cause.words()))
                })
                .collect(),
            opened: errands
                .map(|kind| {
                    let word = words::of_errand(kind);
                    let name = "rotaline_codes_opened_total";
                    (kind, metrics::counter!(name, "kind" => word))
                })
                .collect(),
            refused: metrics::counter!("rotaline_codes_refused_total"),
            requests: metrics::counter!("rotaline_requests_total"),
            caller: Heard::new("caller"),
            called: Heard::new("called"),
        }
    }

    /// Takes a fact into account.
    pub fn see(&mut self, record: &Record) {
        let (case, at) = (record.case, record.at);
        match &record.fact {
            Fact::CallStarted { kind, .. } => self.call_started(case, *kind, at),
            Fact::SpecialtyChosen { specialty, .. } => self.chosen(case, specialty, at),
            Fact::AttemptAnswered { attempt } => {
                if let Some(times) = self.cases.get_mut(&case) {
                    times.answered.push((*attempt, at));
                }
            }
            Fact::AttemptEnded {
                attempt,
                result,
                ring_ms,
                ..
            } => self.attempt_ended(case, *attempt, *result, *ring_ms, at),
            Fact::Joined { .. } => self.joined(case, at),
            Fact::TalkEnded { .. } => self.talk_ended(case, at),
            Fact::CallEnded { cause, .. } => self.call_ended(case, *cause, at),
            Fact::CaseClosed { .. } => drop(self.cases.remove(&case)),
            Fact::OutcomeSet { how, .. } => outcome(*how, 1),
            Fact::ErrandClaimed { kind, .. } => {
                if let Some(counter) = self.opened.get(kind) {
                    counter.increment(1);
                }
            }
            Fact::CodeRefused { .. } => self.refused.increment(1),
            Fact::CallBackRequested { .. } => self.requests.increment(1),
            Fact::LegQuality { leg, quality, .. } => match leg {
                LegId(0) => self.caller.see(quality),
                LegId(_) => self.called.see(quality),
            },
            Fact::CaseOpened { .. }
            | Fact::CallerAnswered { .. }
            | Fact::AttemptStarted { .. }
            | Fact::AttemptRinging { .. }
            | Fact::NhsNumberGiven { .. }
            | Fact::GenderGiven { .. }
            | Fact::PracticeAssigned { .. }
            | Fact::KeepTryingAsked { .. }
            | Fact::KeepTryingEnded { .. }
            | Fact::NameSpoken { .. }
            | Fact::RequestChanged { .. }
            | Fact::CallsPaused { .. }
            | Fact::CallsResumed { .. }
            | Fact::Flagged { .. }
            | Fact::HangUpAsked { .. }
            | Fact::RecordingPaused { .. }
            | Fact::PromptsHeard { .. }
            | Fact::Ladder { .. }
            | Fact::RecordingStarted { .. }
            | Fact::RecordingStored { .. }
            | Fact::RecordingEncoded { .. } => {}
        }
    }

    fn call_started(&mut self, case: CaseId, kind: CallKind, at: Timestamp) {
        if let Some(counter) = self.started.get(&kind) {
            counter.increment(1);
        }
        // A later call of a case goes on with its specialty.
        let team = self.cases.get(&case).map_or(NONE, |times| times.team);
        if self.cases.len() >= MAX_CASES {
            // Ids begin with their time: this is the oldest.
            self.cases.pop_first();
        }
        let times = Times {
            team,
            started: at,
            chosen: None,
            joined: None,
            answered: Vec::new(),
        };
        self.cases.insert(case, times);
    }

    fn chosen(&mut self, case: CaseId, specialty: &SpecialtyId, at: Timestamp) {
        let team = self.team(specialty);
        if let Some(times) = self.cases.get_mut(&case) {
            // "1 to try again" is still the same wait.
            if times.chosen.is_none() || times.team != team {
                times.chosen = Some(at);
            }
            times.team = team;
        }
    }

    /// The place of a specialty's team.
    fn team(&mut self, specialty: &SpecialtyId) -> usize {
        if let Some(place) = self.places.get(specialty) {
            return *place;
        }
        if self.places.len() >= MAX_SPECIALTIES {
            return OTHER;
        }
        let place = self.teams.len();
        self.teams.push(Team::new(specialty.as_str()));
        self.places.insert(specialty.clone(), place);
        place
    }

    fn attempt_ended(
        &mut self,
        case: CaseId,
        attempt: u16,
        result: AttemptResult,
        ring_ms: u32,
        at: Timestamp,
    ) {
        let times = self.cases.get_mut(&case);
        let team = times.as_ref().map_or(NONE, |times| times.team);
        let answered = times.and_then(|times| times.take_answer(attempt));
        let accepted = answered.filter(|_| result == AttemptResult::Accepted);
        if let Some(team) = self.teams.get_mut(team) {
            team.attempt(result, ring_ms);
            if let Some(answered) = accepted {
                team.acceptance.record(seconds(answered, at));
            }
        }
    }

    fn joined(&mut self, case: CaseId, at: Timestamp) {
        if let Some(times) = self.cases.get_mut(&case) {
            times.joined = Some(at);
            if let (Some(chosen), Some(team)) = (times.chosen.take(), self.teams.get(times.team)) {
                team.wait(End::Joined, seconds(chosen, at));
            }
        }
    }

    fn talk_ended(&mut self, case: CaseId, at: Timestamp) {
        if let Some(times) = self.cases.get_mut(&case)
            && let (Some(joined), Some(team)) = (times.joined.take(), self.teams.get(times.team))
        {
            team.talk.record(seconds(joined, at));
        }
    }

    fn call_ended(&mut self, case: CaseId, cause: EndCause, at: Timestamp) {
        if let Some(counter) = self.failures.get(&cause) {
            counter.increment(1);
        }
        let times = self.cases.get_mut(&case);
        let Some(team) = self
            .teams
            .get_mut(times.as_ref().map_or(NONE, |times| times.team))
        else {
            return;
        };
        team.ended(cause);
        let Some(times) = times else {
            return;
        };
        team.call.record(seconds(times.started, at));
        if let Some(chosen) = times.chosen.take() {
            team.wait(End::Left, seconds(chosen, at));
        }
        times.answered.clear();
    }
}

impl Times {
    /// When an attempt had answered; asked once.
    fn take_answer(&mut self, attempt: u16) -> Option<Timestamp> {
        let place = self.answered.iter().position(|(it, _)| *it == attempt)?;
        Some(self.answered.swap_remove(place).1)
    }
}

/// Counts outcomes; those that are given on a screen come by another way than calls' facts.
pub fn outcome(how: OutcomeHow, times: u64) {
    let word = match how {
        OutcomeHow::Key => "key",
        OutcomeHow::Screen => "screen",
    };
    metrics::counter!("rotaline_outcomes_total", "how" => word).increment(times);
}

/// Counts what the recorder has done.
pub fn recorded(fact: &Fact) {
    if let Fact::RecordingStored { lost_ms, .. } = fact {
        metrics::counter!("rotaline_recordings_stored_total").increment(1);
        metrics::counter!("rotaline_recordings_with_holes_total").increment((*lost_ms > 0).into());
    }
    if let Fact::RecordingEncoded { .. } = fact {
        metrics::counter!("rotaline_recordings_encoded_total").increment(1);
    }
}

/// How well legs of one side were heard.
struct Heard {
    received: Counter,
    sent: Counter,
    lost: Counter,
    gaps: Counter,
    loss: Histogram,
    jitter: Histogram,
    mos: Histogram,
}

impl Heard {
    fn new(leg: &'static str) -> Self {
        Heard {
            received: metrics::counter!("rotaline_media_packets_received_total", "leg" => leg),
            sent: metrics::counter!("rotaline_media_packets_sent_total", "leg" => leg),
            lost: metrics::counter!("rotaline_media_packets_lost_total", "leg" => leg),
            gaps: metrics::counter!("rotaline_media_gaps_total", "leg" => leg),
            loss: metrics::histogram!("rotaline_media_loss_ratio", "leg" => leg),
            jitter: metrics::histogram!("rotaline_media_jitter_seconds", "leg" => leg),
            mos: metrics::histogram!("rotaline_media_mos", "leg" => leg),
        }
    }

    fn see(&self, quality: &Quality) {
        self.sent.increment(quality.sent);
        let expected = quality.received + quality.lost;
        // Of a leg that sent nothing there is nothing to judge.
        if expected == 0 {
            return;
        }
        self.received.increment(quality.received);
        self.lost.increment(quality.lost);
        self.gaps.increment(quality.gaps.into());
        self.loss.record(quality.lost as f64 / expected as f64);
        self.jitter.record(f64::from(quality.jitter_ms) / 1000.0);
        self.mos.record(f64::from(quality.mos));
    }
}

fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64().max(0.0)
}
