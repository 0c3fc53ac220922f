//! Who read or changed what, when, and why.

use jiff::Timestamp;
use rotaline_model::{CaseId, OrganisationId};

/// Who did what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// When.
    pub at: Timestamp,
    /// Who, as far as it is known.
    pub who: String,
    /// What they did.
    pub action: Action,
    /// With which case; none: with none, or with many.
    pub case: Option<CaseId>,
    /// Of which organisation.
    pub organisation: Option<OrganisationId>,
    /// With what of it, e.g. `case.wav`.
    pub object: String,
    /// Why, in their words.
    pub reason: Option<String>,
}

/// What is audited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A recording was fetched, to hear or to keep.
    RecordingFetched,
    /// A call was ended while it was up.
    CallHungUp,
    /// All that is known of a call was read.
    CallRead,
    /// A list or report was read that may name patients.
    ListRead,
    /// A report was taken away as a file.
    Exported,
    /// Something was changed.
    Changed,
    /// Somebody logged in.
    LoggedIn,
    /// Somebody was not let in.
    LoginRefused,
    /// The audit itself was read.
    AuditRead,
}

impl Action {
    /// Every action.
    pub const ALL: [Action; 9] = [
        Action::RecordingFetched,
        Action::CallHungUp,
        Action::CallRead,
        Action::ListRead,
        Action::Exported,
        Action::Changed,
        Action::LoggedIn,
        Action::LoginRefused,
        Action::AuditRead,
    ];

    /// As it is stored.
    pub const fn name(self) -> &'static str {
        match self {
            Action::RecordingFetched => "recording-fetched",
            Action::CallHungUp => "call-hung-up",
            Action::CallRead => "call-read",
            Action::ListRead => "list-read",
            Action::Exported => "exported",
            Action::Changed => "changed",
            Action::LoggedIn => "logged-in",
            Action::LoginRefused => "login-refused",
            Action::AuditRead => "audit-read",
        }
    }

    /// From its stored name.
    pub fn parse(name: &str) -> Option<Action> {
        Action::ALL.into_iter().find(|action| action.name() == name)
    }
}

/// Which entries, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// Of one of these organisations; none: of all, and of what is no organisation's.
    pub organisations: Option<Vec<OrganisationId>>,
    /// At this instant or later.
    pub from: Option<Timestamp>,
    /// Before this instant.
    pub to: Option<Timestamp>,
    /// By this user.
    pub who: Option<String>,
    /// Of this kind.
    pub action: Option<Action>,
    /// With this case.
    pub case: Option<CaseId>,
    /// Only what stands before this place in the log.
    pub before: Option<i64>,
    /// At most so many.
    pub bound: usize,
}
