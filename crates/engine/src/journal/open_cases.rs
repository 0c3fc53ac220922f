//! Which cases are open, according to the journal: what an interrupted process left. A case that a
//! keep-trying job goes on with is not closed: its job is handed back.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rotaline_model::{CallId, CaseId, EndCause, NodeId};
use rotaline_record::{Fact, Intent, KeepTrying, Origin, PhoneKind, Record, Undertaking};

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
    /// Its opening, the start of each call that has not ended (the last one's in any case), its
    /// open jobs, its last attempt, and each time that its caller was rung back.
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
            Fact::CallStarted { .. }
            | Fact::CallEnded { .. }
            | Fact::AttemptStarted { .. }
            | Fact::KeepTryingAsked { .. }
            | Fact::KeepTryingEnded { .. } => {
                if let Some(case) = self.cases.get_mut(&record.case) {
                    case.forget_what_is_replaced_by(&record);
                    if !matches!(record.fact, Fact::KeepTryingEnded { .. }) {
                        case.add(record);
                    }
                }
            }
            Fact::CaseClosed { .. } => {
                self.cases.remove(&record.case);
            }
            Fact::CallerAnswered { .. }
            | Fact::SpecialtyChosen { .. }
            | Fact::AttemptRinging { .. }
            | Fact::AttemptAnswered { .. }
            | Fact::AttemptEnded { .. }
            | Fact::Joined { .. }
            | Fact::TalkEnded { .. }
            | Fact::OutcomeSet { .. }
            | Fact::ErrandClaimed { .. }
            | Fact::CodeRefused { .. }
            | Fact::NhsNumberGiven { .. }
            | Fact::GenderGiven { .. }
            | Fact::PracticeAssigned { .. }
            | Fact::CallBackRequested { .. }
            | Fact::NameSpoken { .. }
            | Fact::RequestChanged { .. }
            | Fact::CallsPaused { .. }
            | Fact::CallsResumed { .. }
            | Fact::Flagged { .. }
            | Fact::HangUpAsked { .. }
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

    /// What has to be appended so that every case is closed that no job goes on with.
    pub(super) fn interrupted(&self, now: Timestamp, node: NodeId) -> Vec<Record> {
        let first_us = u64::try_from(now.as_microsecond()).unwrap_or(0);
        let cause = EndCause::Interrupted;
        let mut records = Vec::new();
        for (id, case) in &self.cases {
            let calls = case.running();
            let closed = case.job().is_none().then_some(Fact::CaseClosed { cause });
            let facts = calls
                .map(|call| Fact::CallEnded { call, cause })
                .chain(closed);
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

impl OpenCases {
    /// The jobs that go on, as far as they are.
    pub(super) fn jobs(&self) -> Vec<Intent> {
        let cases = self.cases.iter();
        cases.filter_map(|(id, case)| case.intent(*id)).collect()
    }
}

impl OpenCase {
    fn forget_what_is_replaced_by(&mut self, record: &Record) {
        match &record.fact {
            Fact::CallStarted { .. } => {
                let ended: Vec<CallId> = self.records.iter().filter_map(ended).collect();
                let is_over = |call: Option<CallId>| call.is_some_and(|it| ended.contains(&it));
                self.records
                    .retain(|known| !is_over(started(known)) && !is_over(self::ended(known)));
            }
            // What rang the caller back is counted.
            Fact::AttemptStarted { .. } => self.records.retain(|known| {
                !matches!(&known.fact, Fact::AttemptStarted { phone, .. }
                    if *phone != PhoneKind::Caller)
            }),
            Fact::KeepTryingEnded { job, .. } => self.records.retain(
                |known| !matches!(&known.fact, Fact::KeepTryingAsked { job: it } if it.job == *job),
            ),
            other => debug_assert!(
                matches!(other, Fact::CallEnded { .. } | Fact::KeepTryingAsked { .. }),
                "nothing that is followed: {other:?}"
            ),
        }
    }

    fn running(&self) -> impl Iterator<Item = CallId> {
        let has_ended = |call: &CallId| self.records.iter().any(|it| ended(it) == Some(*call));
        self.records
            .iter()
            .filter_map(started)
            .filter(move |call| !has_ended(call))
    }

    /// The open job, and the record that it was asked with.
    fn job(&self) -> Option<(&KeepTrying, &Record)> {
        self.records.iter().rev().find_map(|record| {
            let Fact::KeepTryingAsked { job } = &record.fact else {
                return None;
            };
            Some((job, record))
        })
    }

    fn intent(&self, case: CaseId) -> Option<Intent> {
        let (job, asked) = self.job()?;
        let of_call = |record: &Record| record.origin == Origin::Call;
        let opening = self.records.iter().find_map(|record| {
            let Fact::CaseOpened { caller, .. } = &record.fact else {
                return None;
            };
            Some(caller.clone())
        });
        let calls = self.records.iter().filter(|record| of_call(record));
        let last = calls.clone().map(call_number).max().unwrap_or(0);
        let attempts = calls.clone().filter_map(|record| {
            let Fact::AttemptStarted { attempt, .. } = &record.fact else {
                return None;
            };
            Some(*attempt)
        });
        let ring_backs = calls.filter(|record| {
            let caller = PhoneKind::Caller;
            matches!(&record.fact, Fact::AttemptStarted { phone, .. } if *phone == caller)
                && call_number(record) > call_number(asked)
        });
        let ring_backs = u8::try_from(ring_backs.count()).unwrap_or(u8::MAX);
        let hunts = last.saturating_sub(call_number(asked));
        Some(Intent {
            case,
            // Whoever starts its next call gives it an id.
            call: self.records.iter().find_map(started)?,
            calls_before: u8::try_from(last + 1).unwrap_or(u8::MAX),
            attempts_before: attempts.max().unwrap_or(0),
            caller: opening?,
            opening: None,
            undertaking: Undertaking::KeepTrying(KeepTrying {
                hunts: u16::try_from(hunts).unwrap_or(u16::MAX),
                ring_backs,
                ..job.clone()
            }),
        })
    }

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

fn ended(record: &Record) -> Option<CallId> {
    let Fact::CallEnded { call, .. } = record.fact else {
        return None;
    };
    Some(call)
}

/// Which call of its case a record is of, from 0: its sequence tells (see `Intent::calls_before`).
fn call_number(record: &Record) -> u64 {
    record.sequence >> 32
}
