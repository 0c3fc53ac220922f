//! The database: migrations, projection of the journal, queries.
//!
//! ```text
//! journal ──Batch──▶ Projector ──folds──▶ Live (memory) ◀──reads── Store ◀── api
//!                        └──one transaction: cases + cursor──▶ Storage ◀──┘
//! ```
//!
//! A record changes [`Live`] as soon as it comes, database or not; the database follows in
//! transactions of many cases, each with the cursor from which the journal is read again after a
//! restart. Records fold once however often they come, so reading some again is harmless.
//! There are two backends, `sqlite` and `postgres`; the statements stand once, in `sql`, which is
//! compiled for either.
//! The crate knows neither the journal (it gets [`Batch`]es of plain values) nor HTTP or SIP.

// Real time is this crate's business: retries, and how long a case stays unwritten.
#![allow(clippy::disallowed_methods)]

mod audit;
mod backend;
mod database;
mod desk_storage;
mod errands;
mod error;
mod live;
mod plan;
mod postgres;
mod projector;
mod query;
mod reports;
mod sight;
mod sqlite;
mod storage;
mod store;
mod users;
mod watch;

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod conformance_desk;
#[cfg(test)]
mod conformance_users;
#[cfg(test)]
mod errands_tests;
#[cfg(test)]
mod memory;
#[cfg(test)]
mod memory_reports;
#[cfg(test)]
mod migrations_tests;
#[cfg(test)]
mod projector_tests;
#[cfg(test)]
mod stories;

pub use audit::{Action, AuditEntry, AuditQuery};
pub use backend::Backend;
pub use database::{BadDatabase, Database};
pub use desk_storage::{DeskStorage, PastAttempt, PhoneUse};
pub use errands::{
    Added, CODE_LASTS, Claim, Code, CodeMac, Codes, ErrandRow, KeptErrand, LIVE_CODES, LIVE_PINS,
    NotMade, PIN_LASTS,
};
pub use error::StoreError;
pub use live::{Batch, Health, Limits};
pub use plan::{
    ChangeSet, Changed, Expected, HISTORY_BOUND, HistoryQuery, PlanChange, PlanConflict, PlanItem,
    PlanKey, PlanRows, PlanVersion,
};
pub use postgres::PostgresStorage;
pub use projector::{ProjectionError, Projector};
pub use query::{
    BadPosition, CallQuery, CaseState, Completeness, Limit, OutcomeFilter, Page, Position,
    PracticeFilter,
};
pub use reports::{
    AttemptFigure, AttemptLine, AttemptPosition, AttemptQuery, CallLine, Connected, Direction,
    FigureQuery, LineOrder, LinePosition, LineQuery, Lines, OutcomeFigure, OwedFigure,
    QuarterFigure, ReportStorage, SortBy, WaitFigure, wait_bucket_ms,
};
pub use sight::{Seen, Sight, is_party};
pub use sqlite::SqliteStorage;
pub use storage::{
    AssignmentRow, AttemptRow, CaseRow, Closing, Commit, Pending, RequestRow, Storage, StoredCase,
};
pub use store::{NotApplied, Store};
pub use users::{
    ApiToken, Grant, Reach, Role, Session, Strength, TokenHash, TotpSalt, USERS_BOUND, User,
    UserQuery, UserStorage,
};
pub use watch::{Changes, Watch};
