//! The figures of one specialty. Counters by a word are made when the word first comes, so that
//! what never happens is no series.

use std::collections::BTreeMap;
use std::sync::Arc;

use metrics::{Counter, Histogram};
use rotaline_model::EndCause;
use rotaline_record::AttemptResult;

use super::words;

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// With somebody on the line.
    Joined,
    /// Without.
    Left,
}

/// One specialty.
pub(super) struct Team {
    name: Arc<str>,
    /// Lengths of calls.
    pub call: Histogram,
    /// From the answer to the acceptance.
    pub acceptance: Histogram,
    /// Lengths of talks.
    pub talk: Histogram,
    ring: Histogram,
    joined: Histogram,
    left: Histogram,
    ended: BTreeMap<EndCause, Counter>,
    attempts: BTreeMap<AttemptResult, Counter>,
}

impl Team {
    pub(super) fn new(name: &str) -> Self {
        let name: Arc<str> = name.into();
        let histogram =
            |metric: &'static str| metrics::histogram!(metric, "specialty" => name.clone());
        let wait = |end: &'static str| {
            let name = name.clone();
            metrics::histogram!("rotaline_wait_seconds", "specialty" => name, "end" => end)
        };
        Team {
            call: histogram("rotaline_call_seconds"),
            acceptance: histogram("rotaline_acceptance_seconds"),
            talk: histogram("rotaline_talk_seconds"),
            ring: histogram("rotaline_ring_seconds"),
            joined: wait("joined"),
            left: wait("left"),
            ended: BTreeMap::new(),
            attempts: BTreeMap::new(),
            name,
        }
    }

    pub(super) fn wait(&self, end: End, seconds: f64) {
        match end {
            End::Joined => self.joined.record(seconds),
            End::Left => self.left.record(seconds),
        }
    }

    pub(super) fn attempt(&mut self, result: AttemptResult, ring_ms: u32) {
        let counter = self.attempts.entry(result).or_insert_with(|| {
            let (specialty, word) = (self.name.clone(), words::of_result(result));
            let name = "rotaline_attempts_total";
            metrics::counter!(name, "specialty" => specialty, "result" => word)
        });
        counter.increment(1);
        if ring_ms > 0 {
            self.ring.record(f64::from(ring_ms) / 1000.0);
        }
    }

    pub(super) fn ended(&mut self, cause: EndCause) {
        let counter = self.ended.entry(cause).or_insert_with(|| {
            let name = "rotaline_calls_ended_total";
            let specialty = self.name.clone();
            metrics::counter!(name, "specialty" => specialty, "cause" => cause.words())
        });
        counter.increment(1);
    }
}
