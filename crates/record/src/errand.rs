//! What a call is for when it is not simply a number that was dialled: an errand that a code or
//! PIN opens, or an intent that starts a call without anybody ringing us.

use jiff::Timestamp;
use rotaline_model::{
    Acceptance, CallId, CaseId, ErrandId, JobId, NhsNumber, OrganisationId, PersonId, PhoneNumber,
    Pii, PracticeId, RequestId, SpecialtyId,
};
use serde::{Deserialize, Serialize};

use crate::CallerId;

/// Whom to ring.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Callee {
    /// Somebody of the plan, on their first phone.
    Person(PersonId),
    /// A practice: its bypass number, else its reception.
    Practice(PracticeId),
    /// A number.
    Number(Pii<PhoneNumber>),
}

/// What a code or PIN opens: one call to somebody (SERVICE 3, 5, 6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Errand {
    /// Its id.
    pub id: ErrandId,
    /// What kind.
    pub kind: ErrandKind,
    /// Whose it is.
    pub organisation: OrganisationId,
    /// Who asked for it: a person's id, or a name in plain words.
    pub requester: String,
    /// Whom to ring.
    pub callee: Callee,
    /// Whether they must accept: clinicians must, patients need not.
    pub acceptance: Acceptance,
    /// Whether an answerphone may be spoken to.
    pub answerphone: Answerphone,
    /// Whose outcome menu is asked afterwards; none: nobody is asked.
    pub outcomes: Option<SpecialtyId>,
    /// The case that it belongs to, if it came of one.
    pub case: Option<CaseId>,
    /// The patient, if it is about one.
    pub nhs_number: Option<Pii<NhsNumber>>,
}

/// What kind of errand it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrandKind {
    /// A call-back code: one call of a clinician to somebody (SERVICE 3).
    CallBack,
    /// A booked call to a patient (SERVICE 5), a call back of a PIFU line among them (SERVICE 6).
    PatientCall,
}

/// Whether an answerphone may be spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answerphone {
    /// What is left on it is recorded and labelled.
    Allowed,
    /// It is not.
    NotAllowed,
}

/// A call that starts without anybody ringing us.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// Its case.
    pub case: CaseId,
    /// Its id.
    pub call: CallId,
    /// Calls that the case had before; numbers what this one keeps.
    pub calls_before: u8,
    /// Attempts that the case had before; this call's are numbered on from there.
    pub attempts_before: u16,
    /// Who the case's caller is, as they presented themselves or as the screen knows them.
    pub caller: CallerId,
    /// How the case is opened; none: it is open already.
    pub opening: Option<Opening>,
    /// What is to be done.
    pub undertaking: Undertaking,
}

/// How an intent opens its case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// Whose it is.
    pub organisation: Option<OrganisationId>,
    /// Who asked for it: a person's id, or a name in plain words.
    pub by: String,
    /// The patient, if the screen said.
    pub nhs_number: Option<Pii<NhsNumber>>,
}

/// What an intent does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Undertaking {
    /// Hunts on, and rings the caller back when somebody accepts (SERVICE 1.10).
    KeepTrying(KeepTrying),
    /// Rings the caller's own phone, and goes on as if they had keyed the specialty ("on screen").
    Specialty {
        /// The caller's own phone.
        first: Callee,
        /// What they chose.
        specialty: SpecialtyId,
    },
    /// Rings the clinician's own phone, then does the errand (click to call).
    Errand {
        /// The clinician's own phone.
        first: Callee,
        /// What for.
        errand: Errand,
    },
}

/// "We keep trying and ring you back" (SERVICE 1.10): a job that outlives its call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeepTrying {
    /// Its id.
    pub job: JobId,
    /// Who is hunted.
    pub specialty: SpecialtyId,
    /// Where the caller is rung.
    pub ring_back: Pii<PhoneNumber>,
    /// It ends then, whatever happens: the end of the opening hours in which it was asked.
    pub until: Timestamp,
    /// Hunts so far.
    pub hunts: u16,
    /// How often the caller was rung back so far; once for each acceptance.
    #[serde(default)]
    pub ring_backs: u8,
}

/// How a keep-trying job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeepTryingEnd {
    /// Caller and specialist were joined.
    Joined,
    /// The caller was rung back and could not be reached or did not want it any more.
    CallerNotReached,
    /// The opening hours are over.
    HoursOver,
    /// Somebody called it off.
    CalledOff,
}

/// Somebody asked to be rung back by the secretaries (SERVICE 6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallBackRequest {
    /// Its id.
    pub id: RequestId,
    /// Whose secretaries.
    pub organisation: OrganisationId,
    /// Which team it is for.
    pub specialty: SpecialtyId,
    /// Where to ring.
    pub number: Pii<PhoneNumber>,
    /// Why it was left.
    pub why: RequestReason,
}

/// Why a request was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestReason {
    /// Nobody of the team accepted.
    NobodyAccepted,
    /// It was out of hours.
    OutOfHours,
    /// The secretaries did not answer.
    SecretariesBusy,
}

/// How far a request is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum RequestState {
    /// Nobody has dealt with it.
    #[default]
    Open,
    /// A call back is booked.
    Booked,
    /// It is dealt with.
    Done,
}
