//! The case: what its facts fold into.
//!
//! One per contact (SERVICE.md section 7). It is what the store keeps and what the API shows, so
//! its serde form is read by newer versions too: fields are only added, each with a default.
//! The folding itself is in `fold.rs`; nothing here knows a database or a page.
//!
//! Personal data (who rang) serialises in the clear, since records are for that, and shows as
//! `‹pii›` in `Debug`, since logs are not.

use jiff::Timestamp;
use rotaline_model::{
    Acceptance, CallId, CaseId, Dialled, EndCause, ErrandId, LegId, MenuKey, NhsNumber, NodeId,
    OrganisationId, PersonId, Pii, PracticeId, SpecialtyId,
};
use serde::{Deserialize, Serialize};

use crate::{
    AnswerphoneEvidence, AttemptResult, CallBackRequest, CallKind, CallerId, EndedBy, ErrandKind,
    Evidence, Heard, KeepTrying, KeepTryingEnd, LadderEntry, Origin, OutcomeHow, PhoneKind,
    Quality, RecordingPart, RequestState,
};

/// One contact, from first ring to outcome.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// Its id.
    pub id: CaseId,
    /// Where it was kept.
    pub node: NodeId,
    /// When its first call came in.
    pub opened_at: Timestamp,
    /// When it was over; none while it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Timestamp>,
    /// What was dialled; none: it was opened on a screen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dialled: Option<Dialled>,
    /// Who rang.
    pub caller: CallerId,
    /// Whose number was dialled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<OrganisationId>,
    /// The practice of the caller number; none: an unknown caller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub practice: Option<PracticeId>,
    /// The practice's area.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area: Option<String>,
    /// Who said which practice it is; none: the caller number alone did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assigned: Option<Assigned>,
    /// What was chosen last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub specialty: Option<SpecialtyId>,
    /// The key that chose it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<MenuKey>,
    /// When the wait began: the choice of [`Case::specialty`]; on a direct line, the first attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting_since: Option<Timestamp>,
    /// From there to the first joining, in milliseconds; not joined: until the caller left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_ms: Option<u64>,
    /// The talk that goes on now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub talking_since: Option<Timestamp>,
    /// Talk that is over, in milliseconds.
    #[serde(default)]
    pub talk_ms: u64,
    /// A talk that an interruption ended: when it began. Its repaired recording tells how long it
    /// lasted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) interrupted_talk: Option<Timestamp>,
    /// Who ended the last talk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub talk_ended_by: Option<EndedBy>,
    /// Why the contact is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_cause: Option<EndCause>,
    /// Outcomes in the order of giving; the last counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outcomes: Vec<Outcome>,
    /// The patient.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nhs_number: Option<Pii<NhsNumber>>,
    /// The patient's gender, each time that somebody gave it; the last counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub genders: Vec<GivenGender>,
    /// What a code or PIN opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errand: Option<ClaimedErrand>,
    /// Codes and PINs that opened nothing.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub codes_refused: u32,
    /// What goes on after its calls, the newest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub jobs: Vec<Job>,
    /// What the secretaries are asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requests: Vec<Request>,
    /// Who wants the clinical lead to look at it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flagged_by: Vec<String>,
    /// Who asked that a call of it be ended while it was up.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hang_ups: Vec<HangUp>,
    /// Its calls, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<Call>,
    /// Phones rung, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<Attempt>,
    /// Its recordings: the case's own, and a whisper for each answered attempt.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recordings: Vec<Recording>,
    /// How well each leg was heard.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quality: Vec<LegQuality>,
    /// What each leg heard of our announcements.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prompts: Vec<LegPrompts>,
    /// SIP messages, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ladder: Vec<CallLadder>,
    /// Facts that the bounds of a case left no room for.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left_out: u32,
    /// The last fact of the call itself; an interrupted talk lasted at least until then.
    pub last_heard_of: Timestamp,
    /// What was applied of each origin.
    #[serde(default)]
    pub(crate) applied: Sequences,
}

impl Case {
    /// A short reference that people can read out.
    pub fn reference(&self) -> String {
        self.id.reference()
    }

    /// The patient's gender, if anybody has given it.
    pub fn gender(&self) -> Option<Gender> {
        self.genders.last().map(|given| given.gender)
    }

    /// The job that goes on, if there is one.
    pub fn open_job(&self) -> Option<&Job> {
        self.jobs.iter().rev().find(|job| job.end.is_none())
    }

    /// Whether it is not over yet.
    pub fn is_open(&self) -> bool {
        self.closed_at.is_none()
    }

    /// The outcome that counts; none reads "-" in reports.
    pub fn outcome(&self) -> Option<&Outcome> {
        self.outcomes.last()
    }

    /// The end cause in plain words; none while the case is open.
    pub fn end_words(&self) -> Option<&'static str> {
        self.end_cause.map(EndCause::words)
    }

    /// The attempt that was joined last.
    pub fn joined(&self) -> Option<&Attempt> {
        self.attempts
            .iter()
            .filter(|attempt| attempt.joined_at.is_some())
            .max_by_key(|attempt| attempt.joined_at)
    }

    /// Whether an attempt sought somebody for the caller. The caller's own phone is rung too where
    /// nobody rang us, first or at last.
    pub fn is_sought(&self, attempt: &Attempt) -> bool {
        let mut calls = self.calls.iter();
        let call = calls.find(|call| call.id == attempt.call);
        attempt.phone != PhoneKind::Caller || call.is_none_or(|it| it.kind == CallKind::Inbound)
    }

    /// How many phones were rung for the caller, the *refs* of reports.
    pub fn refs(&self) -> usize {
        let sought = |attempt: &&Attempt| self.is_sought(attempt);
        self.attempts.iter().filter(sought).count()
    }

    /// Who was joined last; none on a direct line, or if nobody was.
    pub fn specialist(&self) -> Option<&PersonId> {
        self.joined()?.person.as_ref()
    }

    /// One of its recordings.
    pub fn recording(&self, part: RecordingPart) -> Option<&Recording> {
        self.recordings
            .iter()
            .find(|recording| recording.part == part)
    }

    /// The highest sequence that was applied of an origin; 0 if none.
    pub fn applied(&self, origin: Origin) -> u64 {
        self.applied.of(origin)
    }
}

/// What a code or PIN opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimedErrand {
    /// Its id.
    pub errand: ErrandId,
    /// What kind.
    pub kind: ErrandKind,
    /// Who had asked for it.
    pub requester: String,
    /// The case that it came of, if it came of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<CaseId>,
}

/// Something that goes on after a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// What is done.
    #[serde(flatten)]
    pub what: KeepTrying,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// How it ended; none: it goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<KeepTryingEnd>,
}

/// What the secretaries are asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// What.
    #[serde(flatten)]
    pub what: CallBackRequest,
    /// When.
    pub at: Timestamp,
    /// Where in the case's recording a name is spoken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<SpokenName>,
    /// How far it is.
    #[serde(default)]
    pub state: RequestState,
    /// Who changed that last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// Somebody said which practice a case came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assigned {
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// A person's stated gender, in the words of the NHS Data Dictionary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gender {
    /// Female.
    Female,
    /// Male.
    Male,
    /// Neither can be said.
    Indeterminate,
    /// It was asked, and is not known.
    NotKnown,
}

/// A gender, as it was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenGender {
    /// It.
    pub gender: Gender,
    /// Who gave it.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// Somebody asked that a call be ended while it was up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HangUp {
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// Where in a recording a name is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpokenName {
    /// When it began.
    pub from: Timestamp,
    /// How long they had, in milliseconds.
    pub ms: u32,
}

/// A set of legs under the case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// Its id.
    pub id: CallId,
    /// Why there is a call at all.
    #[serde(default)]
    pub kind: CallKind,
    /// SIP Call-ID of the leg that rang us.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sip_call_id: Option<String>,
    /// When it began.
    pub started_at: Timestamp,
    /// When we answered the caller; not "answered" in statistics.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_at: Option<Timestamp>,
    /// When its last leg was gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// Why it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_cause: Option<EndCause>,
}

/// One phone that was rung.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// From 1, in the order of trying.
    pub number: u16,
    /// The call that it belongs to.
    pub call: CallId,
    /// The leg that rang.
    pub leg: LegId,
    /// Who was rung; none on a direct line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonId>,
    /// On which kind of phone.
    pub phone: PhoneKind,
    /// Whether they had to accept.
    pub acceptance: Acceptance,
    /// The round of the hunt, from 1.
    pub round: u8,
    /// Why this one was tried now, in plain words.
    pub reason: String,
    /// When the phone was dialled.
    pub started_at: Timestamp,
    /// Its first 18x.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ringing_at: Option<Timestamp>,
    /// Its 200.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_at: Option<Timestamp>,
    /// When caller and this phone first heard each other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joined_at: Option<Timestamp>,
    /// When it was over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// What became of it; none: not over yet, or interrupted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<AttemptResult>,
    /// From the first 18x to the answer or the end, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ring_ms: Option<u32>,
    /// What was keyed on that leg.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
    /// What made it look like an answerphone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answerphone: Vec<AnswerphoneEvidence>,
}

/// An outcome, as it was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The choice's id in the specialty's menu.
    pub outcome: String,
    /// Who gave it.
    pub by: String,
    /// How.
    pub how: OutcomeHow,
    /// When.
    pub at: Timestamp,
}

/// A recording, begun or stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recording {
    /// Which.
    pub part: RecordingPart,
    /// When it began; none if only its file is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// The WAV on disk; none while it is being recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wav: Option<Wav>,
    /// The MP3, once encoded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mp3: Option<Mp3>,
}

/// A stored WAV.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wav {
    /// File name below the recordings folder.
    pub file: String,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// Length in milliseconds.
    pub duration_ms: u64,
    /// Size in bytes.
    pub bytes: u64,
    /// Whether it was repaired after an interruption.
    #[serde(default, skip_serializing_if = "is_false")]
    pub repaired: bool,
    /// How much of it the disk did not take, in milliseconds; silence stands in its place.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub lost_ms: u64,
}

/// An encoded MP3.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mp3 {
    /// File name below the recordings folder.
    pub file: String,
    /// Size in bytes.
    pub bytes: u64,
}

/// How well one leg was heard.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LegQuality {
    /// The call.
    pub call: CallId,
    /// The leg.
    pub leg: LegId,
    /// The figures.
    #[serde(flatten)]
    pub quality: Quality,
}

/// What one leg heard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LegPrompts {
    /// The call.
    pub call: CallId,
    /// The leg.
    pub leg: LegId,
    /// In the order of hearing.
    pub heard: Vec<Heard>,
}

/// The SIP messages of one call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallLadder {
    /// The call.
    pub call: CallId,
    /// In order.
    pub entries: Vec<LadderEntry>,
}

/// The highest sequence applied of each origin: what is not above it was applied before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Sequences {
    call: u64,
    recorder: u64,
    api: u64,
    telephone: u64,
    recovery: u64,
}

impl Sequences {
    fn of(&self, origin: Origin) -> u64 {
        match origin {
            Origin::Call => self.call,
            Origin::Recorder => self.recorder,
            Origin::Api => self.api,
            Origin::Telephone => self.telephone,
            Origin::Recovery => self.recovery,
        }
    }

    /// Takes note of a sequence; `false` if it is not above what was applied before.
    pub(crate) fn advance(&mut self, origin: Origin, sequence: u64) -> bool {
        let last = match origin {
            Origin::Call => &mut self.call,
            Origin::Recorder => &mut self.recorder,
            Origin::Api => &mut self.api,
            Origin::Telephone => &mut self.telephone,
            Origin::Recovery => &mut self.recovery,
        };
        let new = sequence > *last;
        *last = sequence.max(*last);
        new
    }
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

fn is_nothing(number: &u64) -> bool {
    *number == 0
}

fn is_false(value: &bool) -> bool {
    !value
}
