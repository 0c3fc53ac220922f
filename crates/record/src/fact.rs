//! Facts, and the record that carries one from a call to the journal.

use jiff::Timestamp;
use rotaline_model::{
    Acceptance, AnswerphoneSign, CallId, CaseId, Dialled, Digit, EndCause, ErrandId, JobId, LegId,
    MenuKey, NhsNumber, NodeId, OrganisationId, PersonId, PhoneNumber, Pii, PracticeId, PromptId,
    RequestId, SpecialtyId,
};
use serde::{Deserialize, Serialize};

use crate::case::Gender;
use crate::errand::{CallBackRequest, ErrandKind, KeepTrying, KeepTryingEnd, RequestState};

/// One fact about one case, as it is journalled.
///
/// `(case, origin, sequence)` is its idempotency key: sequences of one origin only grow within a
/// case, so that what was applied once is known when it comes again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The contact that it is about.
    pub case: CaseId,
    /// Who keeps the sequence.
    pub origin: Origin,
    /// Grows with every record of this origin in this case.
    pub sequence: u64,
    /// When it happened.
    pub at: Timestamp,
    /// Where it happened.
    pub node: NodeId,
    /// What happened.
    pub fact: Fact,
}

/// Who wrote a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The call itself; sequences are 1, 2, 3...
    Call,
    /// The recording writer; sequences are microseconds since the epoch.
    Recorder,
    /// A person by the API; sequences are microseconds since the epoch.
    Api,
    /// A person by telephone, after the call; sequences are microseconds since the epoch.
    Telephone,
    /// The next start of an interrupted process; sequences are microseconds since the epoch.
    Recovery,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Fact {
    /// A contact began. Always the first fact of a case.
    CaseOpened {
        /// What was dialled; none: nobody rang us, the case was opened on a screen.
        dialled: Option<Dialled>,
        /// Who rang.
        caller: CallerId,
        /// Whose number was dialled, if it is anybody's.
        organisation: Option<OrganisationId>,
        /// The practice that the caller number belongs to; none: an unknown caller.
        practice: Option<PracticeId>,
        /// The practice's area.
        area: Option<String>,
    },
    /// A call began under the case.
    CallStarted {
        /// The call.
        call: CallId,
        /// SIP Call-ID of the leg that rang us, if there is one.
        sip_call_id: Option<String>,
        /// Why there is a call at all.
        #[serde(default)]
        kind: CallKind,
    },
    /// We answered the caller (our 200; not "answered" in statistics, see [`Fact::Joined`]).
    CallerAnswered {
        /// The call.
        call: CallId,
    },
    /// The caller chose a specialty: the wait begins.
    SpecialtyChosen {
        /// What was chosen.
        specialty: SpecialtyId,
        /// The key, if one was pressed.
        key: Option<MenuKey>,
    },
    /// A phone is being rung.
    AttemptStarted {
        /// Numbered from 1 within the case, in the order of trying.
        attempt: u16,
        /// The call that it belongs to.
        call: CallId,
        /// The leg that rings.
        leg: LegId,
        /// Who is rung; none on a direct line.
        person: Option<PersonId>,
        /// Which kind of phone.
        phone: PhoneKind,
        /// Whether they must accept.
        acceptance: Acceptance,
        /// The round of the hunt, from 1.
        round: u8,
        /// Why this one was tried now, in plain words, e.g. "first on the rota".
        reason: String,
    },
    /// The phone rings (first 18x).
    AttemptRinging {
        /// Which attempt.
        attempt: u16,
    },
    /// The phone answered (its 200).
    AttemptAnswered {
        /// Which attempt.
        attempt: u16,
    },
    /// The attempt is over; its last fact.
    AttemptEnded {
        /// Which attempt.
        attempt: u16,
        /// With which result.
        result: AttemptResult,
        /// What was keyed on that leg, and when.
        evidence: Vec<Evidence>,
        /// What made it look like an answerphone.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        answerphone: Vec<AnswerphoneEvidence>,
        /// From the first 18x to the answer or the end, in milliseconds.
        ring_ms: u32,
    },
    /// Caller and specialist hear each other: the wait ends, the talk begins.
    Joined {
        /// The call.
        call: CallId,
        /// The leg that was let in.
        leg: LegId,
        /// Which attempt it is.
        attempt: u16,
    },
    /// The talk is over.
    TalkEnded {
        /// The call.
        call: CallId,
        /// Who ended it.
        by: EndedBy,
    },
    /// An outcome was given, or given anew.
    OutcomeSet {
        /// The choice's id in the specialty's outcome menu, e.g. `referral-avoided`.
        outcome: String,
        /// Who gave it: a person's id, or a number's owner in plain words.
        by: String,
        /// How.
        how: OutcomeHow,
    },
    /// A code or PIN opened an errand.
    ErrandClaimed {
        /// Which.
        errand: ErrandId,
        /// What kind.
        kind: ErrandKind,
        /// Who had asked for it.
        requester: String,
        /// The case that it belongs to, if it came of one.
        case: Option<CaseId>,
    },
    /// A code or PIN was keyed that opened nothing. What was keyed is never kept.
    CodeRefused {
        /// How many were keyed in this call.
        tries: u8,
    },
    /// The patient's NHS number was given.
    NhsNumberGiven {
        /// It.
        nhs_number: Pii<NhsNumber>,
        /// Who gave it: a person's id, or a number's owner in plain words.
        by: String,
        /// How.
        how: OutcomeHow,
    },
    /// Somebody said of which gender the patient is.
    GenderGiven {
        /// It.
        gender: Gender,
        /// Who says so.
        by: String,
    },
    /// Somebody said which practice the caller is of.
    PracticeAssigned {
        /// It; none: of none.
        practice: Option<PracticeId>,
        /// Its area.
        area: Option<String>,
        /// Who says so.
        by: String,
    },
    /// The caller asked us to keep trying and to ring them back: the case stays open for it.
    KeepTryingAsked {
        /// The job.
        job: KeepTrying,
    },
    /// A keep-trying job is over.
    KeepTryingEnded {
        /// Which.
        job: JobId,
        /// How.
        end: KeepTryingEnd,
    },
    /// Somebody asked to be rung back by the secretaries.
    CallBackRequested {
        /// What they asked.
        request: CallBackRequest,
    },
    /// Who left a request has said their name: where in the case's recording it is.
    NameSpoken {
        /// Which request.
        request: RequestId,
        /// When it began.
        from: Timestamp,
        /// How long they had, in milliseconds.
        ms: u32,
    },
    /// A request was dealt with.
    RequestChanged {
        /// Which.
        request: RequestId,
        /// How far it is now.
        state: RequestState,
        /// Who dealt with it.
        by: String,
    },
    /// Somebody paused their calls.
    CallsPaused {
        /// Who.
        person: PersonId,
        /// Until when.
        until: Timestamp,
    },
    /// Somebody takes calls again.
    CallsResumed {
        /// Who.
        person: PersonId,
    },
    /// Somebody wants the clinical lead to look at the case.
    Flagged {
        /// Who: a person's id, or a number's owner in plain words.
        by: String,
    },
    /// An administrator asked that the call that is up be ended.
    HangUpAsked {
        /// Who.
        by: String,
    },
    /// The recording was paused or resumed by somebody in the call.
    RecordingPaused {
        /// Who.
        by: String,
        /// Whether it pauses now, or goes on.
        paused: bool,
    },
    /// What a leg heard of our announcements.
    PromptsHeard {
        /// The call.
        call: CallId,
        /// The leg.
        leg: LegId,
        /// In the order of hearing.
        heard: Vec<Heard>,
    },
    /// How well a leg was heard; written when it is gone.
    LegQuality {
        /// The call.
        call: CallId,
        /// The leg.
        leg: LegId,
        /// The figures.
        quality: Quality,
    },
    /// SIP messages, in order.
    Ladder {
        /// The call.
        call: CallId,
        /// The messages since the last such fact.
        entries: Vec<LadderEntry>,
    },
    /// A recording began.
    RecordingStarted {
        /// Which.
        part: RecordingPart,
    },
    /// A recording is on disk, whole.
    RecordingStored {
        /// Which.
        part: RecordingPart,
        /// File name below the recordings folder.
        file: String,
        /// SHA-256 of the stored WAV, in hexadecimal.
        sha256: String,
        /// Length in milliseconds.
        duration_ms: u64,
        /// Size in bytes.
        bytes: u64,
        /// Whether it was repaired after an interruption.
        repaired: bool,
        /// How much of it the disk did not take, in milliseconds; silence stands in its place.
        #[serde(default)]
        lost_ms: u64,
    },
    /// The MP3 of a recording is on disk.
    RecordingEncoded {
        /// Which.
        part: RecordingPart,
        /// File name below the recordings folder.
        file: String,
        /// Size in bytes.
        bytes: u64,
    },
    /// A call's last leg is gone.
    CallEnded {
        /// The call.
        call: CallId,
        /// Why.
        cause: EndCause,
    },
    /// The contact is over. Exactly once in a case; outcomes and recordings may still follow.
    CaseClosed {
        /// Why.
        cause: EndCause,
    },
}

/// Why there is a call.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum CallKind {
    /// Somebody rang us.
    #[default]
    Inbound,
    /// Somebody chose a specialty on a screen; their own phone was rung first.
    OnScreen,
    /// Somebody asked for a call to somebody on a screen; their own phone was rung first.
    ClickToCall,
    /// We kept trying.
    KeepTrying,
}

/// Who a call presents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallerId {
    /// A full number.
    Number(Pii<PhoneNumber>),
    /// Something that is no full number (an extension, a name).
    Other(Pii<String>),
    /// Withheld or absent.
    Withheld,
}

/// What kind of phone was rung.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PhoneKind {
    /// A mobile.
    Mobile,
    /// A desk phone.
    Desk,
    /// A phone at home.
    Home,
    /// A SIP phone or app.
    App,
    /// The far end of a direct line.
    Line,
    /// The caller's own phone, rung back or rung first.
    Caller,
    /// A patient's.
    Patient,
}

/// What became of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptResult {
    /// Let in: by acceptance, or without where none is asked.
    Accepted,
    /// Rang out.
    NoAnswer,
    /// Busy.
    Busy,
    /// Refused by the phone or network.
    Refused,
    /// No such number.
    NoSuchNumber,
    /// No reply from the network in time.
    Unreachable,
    /// Answered and passed on with 2.
    PassedOn,
    /// Answered, and the acceptance window closed without the key (a voicemail ends here).
    NotAccepted,
    /// Answered, and hung up before accepting.
    HungUp,
    /// The phone is diverted to us.
    DivertedToUs,
    /// They paused their calls while it rang.
    Paused,
    /// Not needed any more: the caller left, or another was faster.
    Abandoned,
    /// A fault of ours.
    Fault,
}

/// A key on a leg: what acceptance is proved by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The key.
    pub key: Digit,
    /// When it ended.
    pub at: Timestamp,
    /// Milliseconds from the leg's answer to the key's end.
    pub after_answer_ms: u32,
}

/// A sign of an answerphone on a leg: why its acceptance window was short.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerphoneEvidence {
    /// Which.
    pub sign: AnswerphoneSign,
    /// Milliseconds from the leg's answer to the sign.
    pub after_answer_ms: u32,
}

/// Which side ended a talk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndedBy {
    /// The caller.
    Caller,
    /// The other party.
    Specialist,
    /// We did: a dead line, a limit, a shutdown.
    Us,
}

/// How an outcome was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeHow {
    /// By keypad, at the end of the call.
    Key,
    /// On screen, by the API.
    Screen,
}

/// One announcement, as heard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heard {
    /// What was said.
    pub prompt: PromptId,
    /// How much of it, in milliseconds.
    pub ms: u32,
    /// Which wording it was; 0: not known.
    #[serde(default)]
    pub version: u32,
}

/// Quality of one leg's incoming audio (RFC 3550 section 6.4; MOS by the E-model, an estimate).
#[derive(Clone, Copy, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Quality {
    /// Packets received.
    pub received: u64,
    /// Packets sent.
    pub sent: u64,
    /// Packets lost on the way to us.
    pub lost: u64,
    /// Holes of two packets or more among them: what is heard as a gap.
    #[serde(default)]
    pub gaps: u32,
    /// Interarrival jitter, in milliseconds.
    pub jitter_ms: f32,
    /// Mean opinion score, 1.0 to 4.5, estimated.
    pub mos: f32,
}

/// One SIP message in a case's ladder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LadderEntry {
    /// When it was received or sent.
    pub at: Timestamp,
    /// On which leg.
    pub leg: LegId,
    /// Which way.
    pub direction: LadderDirection,
    /// Method, or status and the method that it answers: `INVITE`, `180 INVITE`.
    pub what: String,
    /// Whether it is a copy sent again.
    pub again: bool,
}

/// Which way a message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LadderDirection {
    /// To us.
    In,
    /// From us.
    Out,
}

/// Which recording of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordingPart {
    /// The case itself: left the caller, right what the caller hears.
    Case,
    /// One attempt's whisper: left the specialist, right what the specialist hears.
    Whisper(u16),
    /// A later call of the case, as the case itself: the number of calls before it.
    Later(u8),
}

impl RecordingPart {
    /// Marks the numbers of later calls; attempts are bounded far below.
    const LATER: u16 = 0x8000;

    /// A number of its own within the case.
    pub fn number(self) -> u16 {
        match self {
            RecordingPart::Case => 0,
            RecordingPart::Whisper(attempt) => attempt,
            RecordingPart::Later(calls_before) => Self::LATER | u16::from(calls_before),
        }
    }

    /// From its number.
    pub fn from_number(number: u16) -> Self {
        match (number, number & Self::LATER) {
            (0, _) => RecordingPart::Case,
            (attempt, 0) => RecordingPart::Whisper(attempt),
            (later, _) => RecordingPart::Later(later.to_le_bytes()[0]),
        }
    }
}
