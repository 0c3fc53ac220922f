//! What a database must be able to do. One module a backend, one conformance suite for all
//! (`conformance.rs`); never `sqlx::Any`, which loses ids, times and JSON.

use std::future::Future;
use std::pin::Pin;

use jiff::Timestamp;
use rotaline_model::{CaseId, NodeId, RequestId};
use rotaline_record::{Attempt, CallerId, Case, Request};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::plan::{ChangeSet, Changed, HistoryQuery, PlanRows, PlanVersion};
use crate::{
    AttemptLine, AuditEntry, CallLine, CallQuery, DeskStorage, ReportStorage, StoreError,
    UserStorage,
};

/// What a backend is on its way to answer.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// A backend on its way to let go.
pub type Closing<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// A database.
pub trait Storage: DeskStorage + ReportStorage {
    /// How far a node's journal was projected; none: never.
    fn cursor(&self, node: NodeId) -> Pending<'_, Option<String>>;

    /// When the newest case was opened.
    fn newest_opening(&self) -> Pending<'_, Option<Timestamp>>;

    /// Writes all of it, or nothing.
    fn write(&self, commit: Commit) -> Pending<'_, ()>;

    /// Reads those of the cases that are there, in any order. At most [`LOAD_BOUND`] at a time.
    fn load(&self, ids: Vec<CaseId>) -> Pending<'_, Vec<StoredCase>>;

    /// The newest matching cases, newest first, as many as the query's limit.
    fn list(&self, query: CallQuery) -> Pending<'_, Vec<StoredCase>>;

    /// Who may ask; a backend that knows no users refuses, and only the token of the first start
    /// opens anything.
    fn user_storage(&self) -> Result<&dyn UserStorage, StoreError> {
        Err(StoreError::NotOpen)
    }

    /// Keeps who did what.
    fn audit(&self, entry: AuditEntry) -> Pending<'_, ()>;

    /// What was done with a case, oldest first.
    fn audited(&self, case: CaseId) -> Pending<'_, Vec<AuditEntry>>;

    /// The plan as it is.
    fn plan(&self) -> Pending<'_, PlanRows>;

    /// The plan's newest revision; 0: there was never a plan.
    fn plan_revision(&self) -> Pending<'_, u64>;

    /// Changes the plan as a whole, or not at all.
    fn change_plan(&self, set: ChangeSet) -> Pending<'_, Changed>;

    /// Versions that the plan's items had, newest first, revision by revision.
    fn plan_history(&self, query: HistoryQuery) -> Pending<'_, Vec<PlanVersion>>;

    /// What each item that a revision changed was before it; revision 0: it had never been.
    fn plan_before(&self, revision: u64) -> Pending<'_, Vec<PlanVersion>>;

    /// Lets go of it: what was written is there, what is asked from now on is refused.
    fn close(&self) -> Closing<'_>;
}

/// Cases that one [`Storage::load`] may ask for.
pub const LOAD_BOUND: usize = 256;

/// One transaction.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Commit {
    /// Cases to write in place of what there is of them.
    pub cases: Vec<CaseRow>,
    /// How far the journal of a node is projected now.
    pub cursor: Option<(NodeId, String)>,
}

/// A case as it is stored: what lists filter by, and the whole as JSON.
#[derive(Clone, Debug, PartialEq)]
pub struct CaseRow {
    /// Its id.
    pub id: CaseId,
    /// Where it was kept.
    pub node: NodeId,
    /// When it was opened, in microseconds since 1970.
    pub opened_us: i64,
    /// When it was closed.
    pub closed_us: Option<i64>,
    /// Whose number was dialled.
    pub organisation: Option<String>,
    /// The caller's practice.
    pub practice: Option<String>,
    /// Its area.
    pub area: Option<String>,
    /// What was chosen.
    pub specialty: Option<String>,
    /// Who was joined.
    pub specialist: Option<String>,
    /// The outcome that counts.
    pub outcome: Option<String>,
    /// Why it is over.
    pub end_cause: Option<String>,
    /// How many phones were rung.
    pub refs: i64,
    /// How long the caller waited.
    pub wait_ms: Option<i64>,
    /// How long they talked.
    pub talk_ms: i64,
    /// The case as JSON.
    pub body: String,
    /// The phones that were rung.
    pub attempts: Vec<AttemptRow>,
    /// What the secretaries are asked.
    pub requests: Vec<RequestRow>,
    /// Its line in the calls report.
    pub line: CallLine,
    /// A line for each of its attempts.
    pub attempt_lines: Vec<AttemptLine>,
    /// Which practice somebody said it came from.
    pub assignment: Option<AssignmentRow>,
}

/// What somebody said of a caller number, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssignmentRow {
    /// The number that rang.
    pub caller: String,
    /// Its practice; none: of none.
    pub practice: Option<String>,
    /// When it was said, in microseconds since 1970.
    pub at_us: i64,
}

impl AssignmentRow {
    fn render(case: &Case) -> Option<AssignmentRow> {
        let assigned = case.assigned.as_ref()?;
        let CallerId::Number(caller) = &case.caller else {
            return None;
        };
        Some(AssignmentRow {
            caller: caller.expose().as_str().to_owned(),
            practice: case.practice.as_ref().map(ToString::to_string),
            at_us: assigned.at.as_microsecond(),
        })
    }
}

/// A request to be rung back, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestRow {
    /// Its id.
    pub id: RequestId,
    /// Whose secretaries.
    pub organisation: String,
    /// How far it is.
    pub state: String,
    /// When it was left, in microseconds since 1970.
    pub at_us: i64,
}

impl RequestRow {
    fn render(request: &Request) -> RequestRow {
        RequestRow {
            id: request.what.id,
            organisation: request.what.organisation.to_string(),
            state: name_of(&request.state).unwrap_or_default(),
            at_us: request.at.as_microsecond(),
        }
    }
}

impl CaseRow {
    /// Renders a case.
    pub fn render(case: &Case) -> Result<CaseRow, StoreError> {
        let unreadable = |fault| StoreError::Unreadable {
            case: case.id,
            fault,
        };
        Ok(CaseRow {
            id: case.id,
            node: case.node,
            opened_us: case.opened_at.as_microsecond(),
            closed_us: case.closed_at.map(Timestamp::as_microsecond),
            organisation: case.organisation.as_ref().map(ToString::to_string),
            practice: case.practice.as_ref().map(ToString::to_string),
            area: case.area.clone(),
            specialty: case.specialty.as_ref().map(ToString::to_string),
            specialist: case.specialist().map(ToString::to_string),
            outcome: case.outcome().map(|given| given.outcome.clone()),
            end_cause: case.end_cause.as_ref().and_then(name_of),
            refs: i64::try_from(case.refs()).unwrap_or(i64::MAX),
            wait_ms: case.wait_ms.map(|ms| i64::try_from(ms).unwrap_or(i64::MAX)),
            talk_ms: i64::try_from(case.talk_ms).unwrap_or(i64::MAX),
            body: serde_json::to_string(case).map_err(unreadable)?,
            attempts: case.attempts.iter().map(AttemptRow::render).collect(),
            requests: case.requests.iter().map(RequestRow::render).collect(),
            line: CallLine::of(case),
            attempt_lines: case
                .attempts
                .iter()
                .map(|attempt| AttemptLine::of(case, attempt))
                .collect(),
            assignment: AssignmentRow::render(case),
        })
    }
}

/// An attempt as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct AttemptRow {
    /// From 1 within the case.
    pub number: i64,
    /// Who was rung.
    pub person: Option<String>,
    /// Which kind of phone.
    pub phone: String,
    /// The round of the hunt.
    pub round: i64,
    /// When it was dialled, in microseconds since 1970.
    pub started_us: i64,
    /// When it answered.
    pub answered_us: Option<i64>,
    /// When it was joined.
    pub joined_us: Option<i64>,
    /// How long it rang.
    pub ring_ms: Option<i64>,
    /// What became of it.
    pub result: Option<String>,
}

impl AttemptRow {
    fn render(attempt: &Attempt) -> AttemptRow {
        AttemptRow {
            number: attempt.number.into(),
            person: attempt.person.as_ref().map(ToString::to_string),
            phone: name_of(&attempt.phone).unwrap_or_default(),
            round: attempt.round.into(),
            started_us: attempt.started_at.as_microsecond(),
            answered_us: attempt.answered_at.map(Timestamp::as_microsecond),
            joined_us: attempt.joined_at.map(Timestamp::as_microsecond),
            ring_ms: attempt.ring_ms.map(i64::from),
            result: attempt.result.as_ref().and_then(name_of),
        }
    }
}

/// The name by which a plain enum is known in JSON.
pub(crate) fn name_of(value: &impl Serialize) -> Option<String> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => Some(name),
        Ok(_) | Err(_) => None,
    }
}

/// The plain enum that has a name in JSON.
pub(crate) fn named<T: DeserializeOwned>(name: &str) -> Option<T> {
    serde_json::from_value(serde_json::Value::String(name.to_owned())).ok()
}

/// A case as it comes out of a database.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredCase {
    /// Its id.
    pub id: CaseId,
    /// The case as JSON.
    pub body: String,
}

impl StoredCase {
    /// Reads its body.
    pub fn read(&self) -> Result<Case, StoreError> {
        serde_json::from_str(&self.body).map_err(|fault| StoreError::Unreadable {
            case: self.id,
            fault,
        })
    }
}
