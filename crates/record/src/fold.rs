//! How facts fold into a case.
//!
//! A record is applied once, whatever the journal repeats: each origin's sequences only grow
//! within a case, so one number per origin tells what was applied. The fold never fails on a
//! strange fact (an end without a start, say): it keeps what it can use, and says what it did.
//! Every list has a bound, and what is beyond is counted in [`Case::left_out`].

use std::time::Duration;

use jiff::Timestamp;
use rotaline_model::{CallId, CaseId, EndCause, LegId, SpecialtyId};

use crate::{
    Assigned, Attempt, Call, CallKind, CallLadder, Case, ClaimedErrand, Fact, Gender, GivenGender,
    HangUp, Heard, Job, LadderEntry, LegPrompts, LegQuality, Mp3, Origin, Outcome, Quality, Record,
    Recording, RecordingPart, Request, RequestState, SpokenName, Wav,
};

/// Calls under one case.
pub const MAX_CALLS: usize = 64;
/// Phones rung in one case.
pub const MAX_ATTEMPTS: usize = 256;
/// SIP messages kept of one case: ten times those of a long hunt.
pub const MAX_LADDER: usize = 4_000;
/// Announcements kept of one case.
pub const MAX_HEARD: usize = 1_000;
/// Outcomes kept of one case: the first and the latest.
pub const MAX_OUTCOMES: usize = 64;

/// Keep-trying jobs kept of one case.
pub const MAX_JOBS: usize = 16;
/// Requests to the secretaries kept of one case.
pub const MAX_REQUESTS: usize = 16;
/// Flags for the clinical lead kept of one case.
pub const MAX_FLAGS: usize = 16;

/// What a record did to a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// It changed the case.
    Applied,
    /// It was applied before.
    Duplicate,
    /// It belongs to this case, but could not be used.
    Ignored(Ignored),
}

/// Why a record could not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ignored {
    /// It is about another case; nothing was noted.
    OtherCase,
    /// The case is open already.
    AlreadyOpen,
    /// The case is closed already: the first closing counts.
    AlreadyClosed,
    /// No such attempt.
    UnknownAttempt,
    /// No such call.
    UnknownCall,
    /// No such job.
    UnknownJob,
    /// No such request.
    UnknownRequest,
    /// A list is at its bound; counted in [`Case::left_out`].
    Full,
}

/// Why a case cannot begin with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Its opening was never journalled, or is lost.
    #[error("the first record of case {case} is not its opening")]
    NotAnOpening {
        /// The case.
        case: CaseId,
    },
}

impl Case {
    /// Begins a case with its first record.
    pub fn open(record: &Record) -> Result<Case, OpenError> {
        let Fact::CaseOpened {
            dialled,
            caller,
            organisation,
            practice,
            area,
        } = &record.fact
        else {
            return Err(OpenError::NotAnOpening { case: record.case });
        };
        let mut case = Case {
            id: record.case,
            node: record.node,
            opened_at: record.at,
            closed_at: None,
            dialled: dialled.clone(),
            caller: caller.clone(),
            organisation: organisation.clone(),
            practice: practice.clone(),
            area: area.clone(),
            assigned: None,
            specialty: None,
            key: None,
            waiting_since: None,
            wait_ms: None,
            talking_since: None,
            talk_ms: 0,
            interrupted_talk: None,
            talk_ended_by: None,
            end_cause: None,
            outcomes: Vec::new(),
            nhs_number: None,
            genders: Vec::new(),
            errand: None,
            codes_refused: 0,
            jobs: Vec::new(),
            requests: Vec::new(),
            flagged_by: Vec::new(),
            hang_ups: Vec::new(),
            calls: Vec::new(),
            attempts: Vec::new(),
            recordings: Vec::new(),
            quality: Vec::new(),
            prompts: Vec::new(),
            ladder: Vec::new(),
            left_out: 0,
            last_heard_of: record.at,
            applied: Default::default(),
        };
        case.applied.advance(record.origin, record.sequence);
        Ok(case)
    }

    /// Applies a record, once.
    pub fn apply(&mut self, record: &Record) -> Applied {
        if record.case != self.id {
            return Applied::Ignored(Ignored::OtherCase);
        }
        if !self.applied.advance(record.origin, record.sequence) {
            return Applied::Duplicate;
        }
        let result = self.fold(record);
        if record.origin == Origin::Call {
            self.last_heard_of = record.at.max(self.last_heard_of);
        }
        match result {
            Ok(()) => Applied::Applied,
            Err(reason) => {
                if reason == Ignored::Full {
                    self.left_out = self.left_out.saturating_add(1);
                }
                Applied::Ignored(reason)
            }
        }
    }

    fn fold(&mut self, record: &Record) -> Result<(), Ignored> {
        let at = record.at;
        match &record.fact {
            Fact::CaseOpened { .. } => Err(Ignored::AlreadyOpen),
            Fact::CallStarted {
                call,
                sip_call_id,
                kind,
            } => self.call_started(*call, *kind, sip_call_id.clone(), at),
            Fact::CallerAnswered { call } => {
                self.call_mut(*call)?.answered_at.get_or_insert(at);
                Ok(())
            }
            Fact::SpecialtyChosen { specialty, key } => {
                self.specialty_chosen(specialty, at);
                self.key = *key;
                Ok(())
            }
            Fact::AttemptStarted { .. }
            | Fact::AttemptRinging { .. }
            | Fact::AttemptAnswered { .. }
            | Fact::AttemptEnded { .. } => self.fold_attempt(&record.fact, at),
            Fact::Joined { attempt, .. } => self.joined_now(*attempt, at),
            Fact::TalkEnded { by, .. } => {
                self.end_talk(at);
                self.talk_ended_by = Some(*by);
                Ok(())
            }
            Fact::OutcomeSet { outcome, by, how } => {
                self.give_outcome(Outcome {
                    outcome: outcome.clone(),
                    by: by.clone(),
                    how: *how,
                    at,
                });
                Ok(())
            }
            Fact::ErrandClaimed { .. }
            | Fact::CodeRefused { .. }
            | Fact::NhsNumberGiven { .. }
            | Fact::PracticeAssigned { .. }
            | Fact::KeepTryingAsked { .. }
            | Fact::KeepTryingEnded { .. }
            | Fact::CallBackRequested { .. }
            | Fact::NameSpoken { .. }
            | Fact::RequestChanged { .. }
            | Fact::Flagged { .. } => self.fold_asked(&record.fact, at),
            // Whose pause it is stands in the world's presence; the fact keeps who changed it.
            Fact::CallsPaused { .. } | Fact::CallsResumed { .. } | Fact::RecordingPaused { .. } => {
                Ok(())
            }
            Fact::HangUpAsked { by } => self.hang_up_asked(by, at),
            Fact::GenderGiven { gender, by } => self.gender_given(*gender, by, at),
            Fact::PromptsHeard { call, leg, heard } => self.prompts_heard(*call, *leg, heard),
            Fact::LegQuality { call, leg, quality } => self.leg_quality(*call, *leg, *quality),
            Fact::Ladder { call, entries } => self.extend_ladder(*call, entries),
            Fact::RecordingStarted { .. }
            | Fact::RecordingStored { .. }
            | Fact::RecordingEncoded { .. } => self.fold_recording(&record.fact, at),
            Fact::CallEnded { call, cause } => {
                if record.origin == Origin::Recovery {
                    self.interrupted_talk = self.talking_since;
                }
                self.call_ended(*call, *cause, self.end_of(record))
            }
            Fact::CaseClosed { cause } => self.close(*cause, at, self.end_of(record)),
        }
    }

    /// When what a record ends was really over: an interrupted process tells at its next start,
    /// which may be days later, so its calls end with the last that was heard of them.
    fn end_of(&self, record: &Record) -> Timestamp {
        match record.origin {
            Origin::Call | Origin::Recorder | Origin::Api | Origin::Telephone => record.at,
            Origin::Recovery => self.last_heard_of,
        }
    }

    fn call_started(
        &mut self,
        id: CallId,
        kind: CallKind,
        sip_call_id: Option<String>,
        at: Timestamp,
    ) -> Result<(), Ignored> {
        room_in(&self.calls, MAX_CALLS)?;
        self.calls.push(Call {
            id,
            kind,
            sip_call_id,
            started_at: at,
            answered_at: None,
            ended_at: None,
            end_cause: None,
        });
        Ok(())
    }

    /// The same specialty again ("1 to try again") is still the same wait.
    fn specialty_chosen(&mut self, specialty: &SpecialtyId, at: Timestamp) {
        if self.specialty.as_ref() != Some(specialty) || self.waiting_since.is_none() {
            self.specialty = Some(specialty.clone());
            self.waiting_since = Some(at);
        }
    }

    fn fold_attempt(&mut self, fact: &Fact, at: Timestamp) -> Result<(), Ignored> {
        match fact {
            Fact::AttemptStarted {
                attempt,
                call,
                leg,
                person,
                phone,
                acceptance,
                round,
                reason,
            } => {
                room_in(&self.attempts, MAX_ATTEMPTS)?;
                self.waiting_since.get_or_insert(at);
                self.attempts.push(Attempt {
                    number: *attempt,
                    call: *call,
                    leg: *leg,
                    person: person.clone(),
                    phone: *phone,
                    acceptance: *acceptance,
                    round: *round,
                    reason: reason.clone(),
                    started_at: at,
                    ringing_at: None,
                    answered_at: None,
                    joined_at: None,
                    ended_at: None,
                    result: None,
                    ring_ms: None,
                    evidence: Vec::new(),
                    answerphone: Vec::new(),
                });
            }
            Fact::AttemptRinging { attempt } => {
                self.attempt_mut(*attempt)?.ringing_at.get_or_insert(at);
            }
            Fact::AttemptAnswered { attempt } => {
                self.attempt_mut(*attempt)?.answered_at.get_or_insert(at);
            }
            Fact::AttemptEnded {
                attempt,
                result,
                evidence,
                answerphone,
                ring_ms,
            } => {
                let attempt = self.attempt_mut(*attempt)?;
                attempt.ended_at = Some(at);
                attempt.result = Some(*result);
                attempt.ring_ms = Some(*ring_ms);
                attempt.evidence.clone_from(evidence);
                attempt.answerphone.clone_from(answerphone);
            }
            other => debug_assert!(false, "no fact of an attempt: {other:?}"),
        }
        Ok(())
    }

    /// What was asked in the call, or given.
    fn fold_asked(&mut self, fact: &Fact, at: Timestamp) -> Result<(), Ignored> {
        match fact {
            Fact::ErrandClaimed {
                errand,
                kind,
                requester,
                case,
            } => {
                self.errand = Some(ClaimedErrand {
                    errand: *errand,
                    kind: *kind,
                    requester: requester.clone(),
                    case: *case,
                });
            }
            Fact::CodeRefused { .. } => {
                self.codes_refused = self.codes_refused.saturating_add(1);
            }
            Fact::NhsNumberGiven { nhs_number, .. } => self.nhs_number = Some(*nhs_number),
            Fact::PracticeAssigned { practice, area, by } => {
                (self.practice, self.area) = (practice.clone(), area.clone());
                let by = by.clone();
                self.assigned = Some(Assigned { by, at });
            }
            Fact::KeepTryingAsked { job } => {
                room_in(&self.jobs, MAX_JOBS)?;
                self.jobs.push(Job {
                    what: job.clone(),
                    asked_at: at,
                    end: None,
                });
            }
            Fact::KeepTryingEnded { job, end } => {
                let mut jobs = self.jobs.iter_mut();
                let job = jobs.find(|known| known.what.job == *job);
                job.ok_or(Ignored::UnknownJob)?.end.get_or_insert(*end);
            }
            Fact::CallBackRequested { request } => {
                room_in(&self.requests, MAX_REQUESTS)?;
                self.requests.push(Request {
                    what: request.clone(),
                    at,
                    name: None,
                    state: RequestState::default(),
                    by: None,
                });
            }
            Fact::NameSpoken { request, from, ms } => {
                let mut requests = self.requests.iter_mut();
                let known = requests.find(|known| known.what.id == *request);
                let known = known.ok_or(Ignored::UnknownRequest)?;
                known.name = Some(SpokenName {
                    from: *from,
                    ms: *ms,
                });
            }
            Fact::RequestChanged { request, state, by } => {
                let mut requests = self.requests.iter_mut();
                let known = requests.find(|known| known.what.id == *request);
                let known = known.ok_or(Ignored::UnknownRequest)?;
                (known.state, known.by) = (*state, Some(by.clone()));
            }
            Fact::Flagged { by } => {
                room_in(&self.flagged_by, MAX_FLAGS)?;
                self.flagged_by.push(by.clone());
            }
            other => debug_assert!(false, "nothing that is asked: {other:?}"),
        }
        Ok(())
    }

    fn joined_now(&mut self, attempt: u16, at: Timestamp) -> Result<(), Ignored> {
        if self.joined().is_none() {
            self.wait_ms = self.waiting_since.map(|since| ms_between(since, at));
        }
        self.talking_since.get_or_insert(at);
        self.attempt_mut(attempt)?.joined_at.get_or_insert(at);
        Ok(())
    }

    fn gender_given(&mut self, gender: Gender, by: &str, at: Timestamp) -> Result<(), Ignored> {
        room_in(&self.genders, MAX_FLAGS)?;
        let by = by.to_owned();
        self.genders.push(GivenGender { gender, by, at });
        Ok(())
    }

    fn hang_up_asked(&mut self, by: &str, at: Timestamp) -> Result<(), Ignored> {
        room_in(&self.hang_ups, MAX_FLAGS)?;
        let by = by.to_owned();
        self.hang_ups.push(HangUp { by, at });
        Ok(())
    }

    fn end_talk(&mut self, at: Timestamp) {
        if let Some(since) = self.talking_since.take() {
            self.talk_ms = self.talk_ms.saturating_add(ms_between(since, at));
        }
    }

    /// A change is never refused: at the bound the oldest change makes room, the first stays.
    fn give_outcome(&mut self, outcome: Outcome) {
        if self.outcomes.len() >= MAX_OUTCOMES {
            self.outcomes.remove(1);
            self.left_out = self.left_out.saturating_add(1);
        }
        self.outcomes.push(outcome);
    }

    fn prompts_heard(&mut self, call: CallId, leg: LegId, heard: &[Heard]) -> Result<(), Ignored> {
        let kept: usize = self.prompts.iter().map(|leg| leg.heard.len()).sum();
        if kept + heard.len() > MAX_HEARD || self.prompts.len() >= MAX_HEARD {
            return Err(Ignored::Full);
        }
        match self
            .prompts
            .iter_mut()
            .find(|of| of.call == call && of.leg == leg)
        {
            Some(of) => of.heard.extend_from_slice(heard),
            None => self.prompts.push(LegPrompts {
                call,
                leg,
                heard: heard.to_vec(),
            }),
        }
        Ok(())
    }

    fn leg_quality(&mut self, call: CallId, leg: LegId, quality: Quality) -> Result<(), Ignored> {
        room_in(&self.quality, MAX_ATTEMPTS + MAX_CALLS)?;
        let quality = Quality {
            jitter_ms: finite(quality.jitter_ms),
            mos: finite(quality.mos),
            ..quality
        };
        self.quality.push(LegQuality { call, leg, quality });
        Ok(())
    }

    fn extend_ladder(&mut self, call: CallId, entries: &[LadderEntry]) -> Result<(), Ignored> {
        let kept: usize = self.ladder.iter().map(|of| of.entries.len()).sum();
        if kept + entries.len() > MAX_LADDER || self.ladder.len() >= MAX_LADDER {
            return Err(Ignored::Full);
        }
        match self.ladder.iter_mut().find(|of| of.call == call) {
            Some(of) => of.entries.extend_from_slice(entries),
            None => self.ladder.push(CallLadder {
                call,
                entries: entries.to_vec(),
            }),
        }
        Ok(())
    }

    fn fold_recording(&mut self, fact: &Fact, at: Timestamp) -> Result<(), Ignored> {
        match fact {
            Fact::RecordingStarted { part } => {
                self.recording_mut(*part)?.started_at.get_or_insert(at);
            }
            Fact::RecordingStored {
                part,
                file,
                sha256,
                duration_ms,
                bytes,
                repaired,
                lost_ms,
            } => {
                let recording = self.recording_mut(*part)?;
                let began = recording.started_at;
                recording.wav = Some(Wav {
                    file: file.clone(),
                    sha256: sha256.clone(),
                    duration_ms: *duration_ms,
                    bytes: *bytes,
                    repaired: *repaired,
                    lost_ms: *lost_ms,
                });
                if let Some(began) = began.filter(|_| *repaired) {
                    self.was_heard_until(began + Duration::from_millis(*duration_ms));
                }
            }
            Fact::RecordingEncoded { part, file, bytes } => {
                self.recording_mut(*part)?.mp3 = Some(Mp3 {
                    file: file.clone(),
                    bytes: *bytes,
                });
            }
            other => debug_assert!(false, "no fact of a recording: {other:?}"),
        }
        Ok(())
    }

    /// What a repaired recording holds was spoken: the call lasted at least until its end.
    fn was_heard_until(&mut self, end: Timestamp) {
        let Some(since) = self.interrupted_talk else {
            self.last_heard_of = end.max(self.last_heard_of);
            return;
        };
        let counted = ms_between(since, self.last_heard_of);
        self.talk_ms = self.talk_ms.saturating_sub(counted);
        self.last_heard_of = end.max(self.last_heard_of);
        let lasted = ms_between(since, self.last_heard_of);
        self.talk_ms = self.talk_ms.saturating_add(lasted);
        let interrupted = |call: &&mut Call| call.end_cause == Some(EndCause::Interrupted);
        for call in self.calls.iter_mut().filter(interrupted) {
            call.ended_at = call.ended_at.max(Some(self.last_heard_of));
        }
    }

    fn call_ended(&mut self, call: CallId, cause: EndCause, at: Timestamp) -> Result<(), Ignored> {
        self.end_wait_and_talk(at);
        let call = self.call_mut(call)?;
        call.ended_at.get_or_insert(at);
        call.end_cause.get_or_insert(cause);
        Ok(())
    }

    fn close(&mut self, cause: EndCause, at: Timestamp, ended: Timestamp) -> Result<(), Ignored> {
        if self.closed_at.is_some() {
            return Err(Ignored::AlreadyClosed);
        }
        self.closed_at = Some(at);
        self.end_cause = Some(cause);
        let mut interrupted = false;
        for call in self.calls.iter_mut().filter(|call| call.ended_at.is_none()) {
            call.ended_at = Some(ended);
            call.end_cause = Some(cause);
            interrupted = true;
        }
        if interrupted || self.talking_since.is_some() || self.wait_ms.is_none() {
            self.end_wait_and_talk(ended);
        }
        Ok(())
    }

    /// Nobody was joined: the wait lasted until the caller left, which is when their own call was
    /// over. In a later one (keep trying) nobody waits on the line.
    fn end_wait_and_talk(&mut self, at: Timestamp) {
        self.end_talk(at);
        if self.joined().is_none() && self.calls.len() <= 1 {
            self.wait_ms = self.waiting_since.map(|since| ms_between(since, at));
        }
    }

    fn call_mut(&mut self, id: CallId) -> Result<&mut Call, Ignored> {
        self.calls
            .iter_mut()
            .find(|call| call.id == id)
            .ok_or(Ignored::UnknownCall)
    }

    fn attempt_mut(&mut self, number: u16) -> Result<&mut Attempt, Ignored> {
        self.attempts
            .iter_mut()
            .rev()
            .find(|attempt| attempt.number == number)
            .ok_or(Ignored::UnknownAttempt)
    }

    fn recording_mut(&mut self, part: RecordingPart) -> Result<&mut Recording, Ignored> {
        let index = match self.recordings.iter().position(|of| of.part == part) {
            Some(index) => index,
            None => {
                room_in(&self.recordings, MAX_ATTEMPTS + 1)?;
                self.recordings.push(Recording {
                    part,
                    started_at: None,
                    wav: None,
                    mp3: None,
                });
                self.recordings.len() - 1
            }
        };
        Ok(&mut self.recordings[index])
    }
}

/// JSON has no other numbers: a case with one could be written, but never read again.
fn finite(figure: f32) -> f32 {
    if figure.is_finite() { figure } else { 0.0 }
}

fn room_in<T>(list: &[T], bound: usize) -> Result<(), Ignored> {
    if list.len() < bound {
        Ok(())
    } else {
        Err(Ignored::Full)
    }
}

fn ms_between(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.as_millisecond() - from.as_millisecond()).unwrap_or(0)
}
