//! Which cases are open, according to the journal: what an interrupted process left.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rotaline_model::{CallId, CaseId, EndCause, NodeId};
use rotaline_record::{Fact, Origin, Record};

/// Most open cases that are followed; far more than calls at a time.
const MAX_OPEN: usize = 65_536;

/// The cases that were opened and not closed, each with the records that tell so.
#[derive(Debug, Default)]
pub(super) struct OpenCases {
    cases: BTreeMap<CaseId, OpenCase>,
}

#[derive(Debug)]
struct OpenCase {
    /// The segment that these records are in.
    segment: u64,
    /// Its opening, and the start of each call that has not ended.
    records: Vec<Record>,
}

impl OpenCases {
    /// A record was written into a segment.
    pub(super) fn note(&mut self, record: Record, segment: u64) {
        match &record.fact {
            Fact::CaseOpened { .. } => {
                if self.cases.len() < MAX_OPEN || self.cases.contains_key(&record.case) {
                    let case = self.cases.entry(record.case);
                    let case = case.or_insert(OpenCase {
                        segment,
                        records: Vec::new(),
                    });
                    case.add(record);
                }
            }
            Fact::CallStarted { .. } => {
                if let Some(case) = self.cases.get_mut(&record.case) {
                    case.add(record);
                }
            }
            Fact::CallEnded { call, .. } => {
                if let Some(case) = self.cases.get_mut(&record.case) {
                    case.records.retain(|record| started(record) != Some(*call));
                }
            }
            Fact::CaseClosed { .. } => {
                self.cases.remove(&record.case);
            }
            Fact::CallerAnswered { .. }
            | Fact::SpecialtyChosen { .. }
            | Fact::AttemptStarted { .. }
            | Fact::AttemptRinging { .. }
            | Fact::AttemptAnswered { .. }
            | Fact::AttemptEnded { .. }
            | Fact::Joined { .. }
            | Fact::TalkEnded { .. }
            | Fact::OutcomeSet { .. }
            | Fact::ErrandClaimed { .. }
            | Fact::CodeRefused { .. }
            | Fact::NhsNumberGiven { .. }
            | Fact::KeepTryingAsked { .. }
            | Fact::KeepTryingEnded { .. }
            | Fact::CallBackRequested { .. }
            | Fact::NameSpoken { .. }
            | Fact::RequestChanged { .. }
            | Fact::CallsPaused { .. }
            | Fact::CallsResumed { .. }
            | Fact::Flagged { .. }
            | Fact::RecordingPaused { .. }
            | Fact::PromptsHeard { .. }
            | Fact::LegQuality { .. }
            | Fact::Ladder { .. }
            | Fact::RecordingStarted { .. }
            | Fact::RecordingStored { .. }
            | Fact::RecordingEncoded { .. } => {}
        }
    }

    /// Records of open cases in segments before `segment`: they must outlive those segments.
    pub(super) fn before(&self, segment: u64) -> impl Iterator<Item = &Record> {
        let cases = self.cases.values();
        cases
            .filter(move |case| case.segment < segment)
            .flat_map(|case| case.records.iter())
    }

    /// Those records have been copied into the segment `to`.
    pub(super) fn moved(&mut self, before: u64, to: u64) {
        for case in self.cases.values_mut() {
            if case.segment < before {
                case.segment = to;
            }
        }
    }

    /// What has to be appended so that every case is closed.
    pub(super) fn interrupted(&self, now: Timestamp, node: NodeId) -> Vec<Record> {
        let first_us = u64::try_from(now.as_microsecond()).unwrap_or(0);
        let cause = EndCause::Interrupted;
        let mut records = Vec::new();
        for (id, case) in &self.cases {
            let calls = case.records.iter().filter_map(started);
            let facts = calls
                .map(|call| Fact::CallEnded { call, cause })
                .chain([Fact::CaseClosed { cause }]);
            records.extend(facts.zip(first_us..).map(|(fact, sequence)| Record {
                case: *id,
                origin: Origin::Recovery,
                sequence,
                at: now,
                node,
                fact,
            }));
        }
        records
    }
}

impl OpenCase {
    /// Copies (after a segment was given up) are known by their key.
    fn add(&mut self, record: Record) {
        let key = |record: &Record| (record.origin, record.sequence);
        if self.records.iter().all(|known| key(known) != key(&record)) {
            self.records.push(record);
        }
    }
}

fn started(record: &Record) -> Option<CallId> {
    let Fact::CallStarted { call, .. } = record.fact else {
        return None;
    };
    Some(call)
}
