//! What people ask of a case, and where it goes to be kept.
//!
//! A command is not carried out where it is given: it becomes a [`Record`], which the journal
//! keeps durably, and which then reaches every view of the case by the one way that facts take.
//! A call that is up is told besides ([`LiveCalls`]): what it does then comes back as facts.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use jiff::Timestamp;
use rotaline_model::{CaseId, NhsNumber, NodeId, Pii, PracticeId, RequestId};

use crate::{Fact, Gender, Origin, OutcomeHow, Record, RequestState};

/// What a person asks of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Gives the outcome, or gives it anew.
    SetOutcome {
        /// Of which case.
        case: CaseId,
        /// The choice's id, checked against the specialty's menu by whoever makes the command.
        outcome: String,
        /// Who gives it.
        by: String,
    },
    /// Gives the patient's NHS number, or gives it anew.
    SetNhsNumber {
        /// Of which case.
        case: CaseId,
        /// It.
        nhs_number: Pii<NhsNumber>,
        /// Who gives it.
        by: String,
    },
    /// Says of which gender the patient is, or says it anew.
    SetGender {
        /// Of which case.
        case: CaseId,
        /// It.
        gender: Gender,
        /// Who says so.
        by: String,
    },
    /// Says which practice the caller is of.
    AssignPractice {
        /// Of which case.
        case: CaseId,
        /// It, checked against the plan by whoever makes the command; none: of none.
        practice: Option<PracticeId>,
        /// Its area.
        area: Option<String>,
        /// Who says so.
        by: String,
    },
    /// Says how far a request to be rung back is.
    ChangeRequest {
        /// Of which case.
        case: CaseId,
        /// Which request of it.
        request: RequestId,
        /// How far it is.
        state: RequestState,
        /// Who says so.
        by: String,
    },
    /// Ends the call that is up. What keeps it is for the audit; [`LiveCalls`] ends it.
    HangUp {
        /// Of which case.
        case: CaseId,
        /// Who says so.
        by: String,
    },
}

impl Command {
    /// The case that it is about.
    pub fn case(&self) -> CaseId {
        match self {
            Command::SetOutcome { case, .. }
            | Command::SetNhsNumber { case, .. }
            | Command::SetGender { case, .. }
            | Command::AssignPractice { case, .. }
            | Command::ChangeRequest { case, .. }
            | Command::HangUp { case, .. } => *case,
        }
    }

    /// The record that carries it; `sequence` as [`Origin::Api`] wants it, above any before.
    pub fn into_record(self, at: Timestamp, sequence: u64, node: NodeId) -> Record {
        let case = self.case();
        let fact = match self {
            Command::SetOutcome { outcome, by, .. } => Fact::OutcomeSet {
                outcome,
                by,
                how: OutcomeHow::Screen,
            },
            Command::SetNhsNumber { nhs_number, by, .. } => Fact::NhsNumberGiven {
                nhs_number,
                by,
                how: OutcomeHow::Screen,
            },
            Command::SetGender { gender, by, .. } => Fact::GenderGiven { gender, by },
            Command::AssignPractice {
                practice, area, by, ..
            } => Fact::PracticeAssigned { practice, area, by },
            Command::ChangeRequest {
                request, state, by, ..
            } => Fact::RequestChanged { request, state, by },
            Command::HangUp { by, .. } => Fact::HangUpAsked { by },
        };
        Record {
            case,
            origin: Origin::Api,
            sequence,
            at,
            node,
            fact,
        }
    }
}

/// Where records of commands go: the journal, by way of the binary.
pub trait CommandSink: Send + Sync {
    /// Appends a record; resolves once it is durable.
    fn submit(&self, record: Record) -> Submitted<'_>;
}

/// Calls that are up, by way of the binary. What it is told is done at once, and by nobody who is
/// not there any more.
pub trait LiveCalls: Send + Sync {
    /// Ends a case's call, if one is up: whoever is in it is told so, and then hung up.
    fn hang_up(&self, case: CaseId);
}

/// Resolves once a record is durable.
pub type Submitted<'a> = Pin<Box<dyn Future<Output = Result<(), SubmitError>> + Send + 'a>>;

/// Why a record could not be kept. Nothing was promised to anybody.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// The journal is at its bound.
    #[error("the journal is full")]
    Full,
    /// The journal has stopped: the process is ending.
    #[error("the journal has stopped")]
    Stopped,
    /// The disk refused.
    #[error("the journal could not be written: {0}")]
    Disk(Box<dyn std::error::Error + Send + Sync>),
}

impl fmt::Debug for dyn CommandSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CommandSink")
    }
}
