//! What is told to others of a record: ids and words of the service, nothing of a patient.
//!
//! An event's id is made of its record, so that the same one told again has the same id.

use jiff::Timestamp;
use rotaline_model::{CaseId, EndCause};
use rotaline_record::{Fact, Origin, Record, RecordingPart};
use serde::Serialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// An event, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The same whenever it is sent.
    pub id: Uuid,
    /// JSON.
    pub body: String,
}

#[derive(Serialize)]
struct Body {
    id: Uuid,
    #[serde(rename = "type")]
    kind: &'static str,
    at: Timestamp,
    /// The call's id in the API.
    call: CaseId,
    #[serde(flatten)]
    what: What,
}

#[derive(Serialize)]
#[serde(untagged)]
enum What {
    Ended { end_cause: EndCause },
    Outcome { outcome: String },
    Recording { part: RecordingPart },
    Nothing {},
}

impl Event {
    /// The event of a record; most have none.
    pub fn of(record: &Record) -> Option<Event> {
        let (kind, what) = if let Fact::CallEnded { cause, .. } = &record.fact {
            ("call.ended", What::Ended { end_cause: *cause })
        } else if let Fact::OutcomeSet { outcome, .. } = &record.fact {
            let outcome = outcome.clone();
            ("outcome.set", What::Outcome { outcome })
        } else if let Fact::RecordingStored { part, .. } = &record.fact {
            ("recording.ready", What::Recording { part: *part })
        } else {
            return None;
        };
        let origin = match record.origin {
            Origin::Call => "call",
            Origin::Recorder => "recorder",
            Origin::Api => "api",
            Origin::Telephone => "telephone",
            Origin::Recovery => "recovery",
        };
        let key = format!("{} {origin} {} {kind}", record.case, record.sequence);
        Event::new(&key, kind, record.at, record.case, what)
    }

    /// The outcome of a call is still to be given.
    pub fn chase_due(case: CaseId, at: Timestamp) -> Option<Event> {
        let kind = "chase.due";
        Event::new(&format!("{case} {kind}"), kind, at, case, What::Nothing {})
    }

    fn new(
        key: &str,
        kind: &'static str,
        at: Timestamp,
        call: CaseId,
        what: What,
    ) -> Option<Event> {
        let digest = Sha256::digest(key.as_bytes());
        let bytes = digest.first_chunk::<16>()?;
        let id = uuid::Builder::from_custom_bytes(*bytes).into_uuid();
        let body = Body {
            id,
            kind,
            at,
            call,
            what,
        };
        let body = serde_json::to_string(&body).ok()?;
        Some(Event { id, body })
    }
}
