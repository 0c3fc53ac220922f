//! A case as a line of the calls report, and each of its attempts as a line of theirs.

use rotaline_model::{CaseId, Pii};
use rotaline_record::{Attempt, AttemptResult, CallerId, Case, PhoneKind, RecordingPart};

use crate::storage::name_of;

/// A line of the calls report. Ids, not names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallLine {
    /// The case.
    pub case: CaseId,
    /// When it was opened, in microseconds since 1970.
    pub opened_us: i64,
    /// Whether it is over.
    pub closed: bool,
    /// Whether the caller was joined to anybody.
    pub connected: bool,
    /// The patient's NHS number.
    pub patient: Option<Pii<String>>,
    /// The patient's gender.
    pub gender: Option<String>,
    /// Who rang: a number, or what the phone said in its place; none: withheld.
    pub caller: Option<Pii<String>>,
    /// The caller's practice.
    pub practice: Option<String>,
    /// Its area.
    pub area: Option<String>,
    /// What was chosen.
    pub specialty: Option<String>,
    /// Who was joined last.
    pub specialist: Option<String>,
    /// Whose number was dialled.
    pub organisation: Option<String>,
    /// How many phones were rung for the caller; their own is none of them.
    pub refs: i64,
    /// How long the caller waited, in milliseconds; none: nothing was chosen, or still waiting.
    pub wait_ms: Option<i64>,
    /// How long they talked, in milliseconds.
    pub talk_ms: i64,
    /// The outcome that counts.
    pub outcome: Option<String>,
    /// Why it is over.
    pub end_cause: Option<String>,
    /// Whether its recording is stored.
    pub recorded: bool,
}

impl CallLine {
    /// Of a case.
    pub fn of(case: &Case) -> CallLine {
        let text = |caller: &CallerId| match caller {
            CallerId::Number(number) => Some(Pii::new(number.expose().to_string())),
            CallerId::Other(text) => Some(text.clone()),
            CallerId::Withheld => None,
        };
        let recording = case.recording(RecordingPart::Case);
        CallLine {
            case: case.id,
            opened_us: case.opened_at.as_microsecond(),
            closed: !case.is_open(),
            connected: case.joined().is_some(),
            patient: case
                .nhs_number
                .map(|number| Pii::new(number.expose().to_string())),
            gender: case.gender().as_ref().and_then(name_of),
            caller: text(&case.caller),
            practice: case.practice.as_ref().map(ToString::to_string),
            area: case.area.clone(),
            specialty: case.specialty.as_ref().map(ToString::to_string),
            specialist: case.specialist().map(ToString::to_string),
            organisation: case.organisation.as_ref().map(ToString::to_string),
            refs: i64::try_from(case.refs()).unwrap_or(i64::MAX),
            wait_ms: case.wait_ms.map(|ms| i64::try_from(ms).unwrap_or(i64::MAX)),
            talk_ms: i64::try_from(case.talk_ms).unwrap_or(i64::MAX),
            outcome: case.outcome().map(|given| given.outcome.clone()),
            end_cause: case.end_cause.as_ref().and_then(name_of),
            recorded: recording.is_some_and(|recording| recording.wav.is_some()),
        }
    }
}

/// A phone that was rung, as a line. It is dated by its case, so that a report of some days has
/// all attempts of those days' cases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptLine {
    /// When the case was opened, in microseconds since 1970.
    pub opened_us: i64,
    /// The case.
    pub case: CaseId,
    /// From 1 within the case.
    pub number: i64,
    /// When the phone was dialled, in microseconds since 1970.
    pub started_us: i64,
    /// Whose number the caller had dialled.
    pub organisation: Option<String>,
    /// What they had chosen.
    pub specialty: Option<String>,
    /// Who was rung; none on a direct line.
    pub person: Option<String>,
    /// On which kind of phone.
    pub phone: String,
    /// The round of the hunt.
    pub round: i64,
    /// Why this one was tried, in plain words.
    pub reason: String,
    /// How long it rang.
    pub ring_ms: Option<i64>,
    /// What became of it; none: not over yet, or interrupted.
    pub result: Option<String>,
    /// Whether it was sought for the caller: their own phone, rung first, is not.
    pub sought: bool,
    /// Whether its person was in the talk, as the specialist or as the caller.
    pub party: bool,
}

impl AttemptLine {
    /// Of an attempt of a case.
    pub fn of(case: &Case, attempt: &Attempt) -> AttemptLine {
        AttemptLine {
            opened_us: case.opened_at.as_microsecond(),
            case: case.id,
            number: attempt.number.into(),
            started_us: attempt.started_at.as_microsecond(),
            organisation: case.organisation.as_ref().map(ToString::to_string),
            specialty: case.specialty.as_ref().map(ToString::to_string),
            person: attempt.person.as_ref().map(ToString::to_string),
            phone: name_of(&attempt.phone).unwrap_or_default(),
            round: attempt.round.into(),
            reason: attempt.reason.clone(),
            ring_ms: attempt.ring_ms.map(i64::from),
            result: attempt.result.as_ref().and_then(name_of),
            sought: case.is_sought(attempt),
            party: is_party(case, attempt),
        }
    }
}

/// Whose own phone was rung first is in the talk as soon as anybody is joined to them.
fn is_party(case: &Case, attempt: &Attempt) -> bool {
    let own = attempt.phone == PhoneKind::Caller
        && attempt.result == Some(AttemptResult::Accepted)
        && case.joined().is_some();
    attempt.joined_at.is_some() || own
}
