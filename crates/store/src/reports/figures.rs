//! What a database must be able to do for reports, and the sums that statistics are made of.
//!
//! Sums are of cases that are over, as the database has them: some seconds behind memory. They
//! come in groups that are few however many calls there are, and what they mean (a rate, a
//! median) is made of them where it is printed, beside its definition.

use jiff::Timestamp;
use rotaline_model::{OrganisationId, PersonId, SpecialtyId};

use crate::{
    AttemptLine, AttemptQuery, CallLine, LineQuery, Pending, Sight, Storage, Store, StoreError,
};

/// The part of a database that reports ask.
pub trait ReportStorage: Send + Sync + 'static {
    /// The first lines of a query, in its order, at most `bound`.
    fn call_lines(&self, query: LineQuery, bound: usize) -> Pending<'_, Vec<CallLine>>;

    /// The first attempts of a query, at most its bound, those of the newest cases first and
    /// each case's last attempt first.
    fn attempt_lines(&self, query: AttemptQuery) -> Pending<'_, Vec<AttemptLine>>;

    /// Calls by specialty and outcome.
    fn outcome_figures(&self, query: FigureQuery) -> Pending<'_, Vec<OutcomeFigure>>;

    /// Waits of those who were joined, by specialty.
    fn wait_figures(&self, query: FigureQuery) -> Pending<'_, Vec<WaitFigure>>;

    /// Calls by the quarter of an hour in which they came; with a person, attempts on their phones
    /// by the quarter of their calls.
    fn quarter_figures(&self, query: FigureQuery) -> Pending<'_, Vec<QuarterFigure>>;

    /// Attempts by person and result.
    fn attempt_figures(&self, query: FigureQuery) -> Pending<'_, Vec<AttemptFigure>>;

    /// Calls with somebody joined, by specialty and specialist, and those without an outcome.
    fn owed_figures(&self, query: FigureQuery) -> Pending<'_, Vec<OwedFigure>>;
}

/// Of which calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FigureQuery {
    /// Whose.
    pub sight: Sight,
    /// Opened at this instant or later.
    pub from: Option<Timestamp>,
    /// Opened before this instant.
    pub to: Option<Timestamp>,
    /// Of this organisation.
    pub organisation: Option<OrganisationId>,
    /// Of this specialty.
    pub specialty: Option<SpecialtyId>,
    /// Attempts of this person, or calls joined to them.
    pub person: Option<PersonId>,
}

/// Calls of one specialty with one outcome.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OutcomeFigure {
    /// None: nothing was chosen.
    pub specialty: Option<String>,
    /// None: not given.
    pub outcome: Option<String>,
    /// How many calls.
    pub placed: i64,
    /// How many of them with somebody joined.
    pub answered: i64,
    /// How long those talked, in milliseconds.
    pub talk_ms: i64,
}

/// Calls of one specialty whose caller waited about equally long until they were joined.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WaitFigure {
    /// None: nothing was chosen.
    pub specialty: Option<String>,
    /// Which wait: see [`wait_bucket_ms`].
    pub bucket: i64,
    /// How many calls.
    pub calls: i64,
}

/// The wait that a bucket begins with: exact to a tenth of a second in the first ten minutes, to
/// ten seconds beyond.
pub fn wait_bucket_ms(bucket: i64) -> i64 {
    if bucket < 6_000 {
        bucket * 100
    } else {
        600_000 + (bucket - 6_000) * 10_000
    }
}

/// Calls of a quarter of an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct QuarterFigure {
    /// Quarters of an hour since 1970.
    pub quarter: i64,
    /// How many calls.
    pub placed: i64,
    /// How many of them with somebody joined.
    pub answered: i64,
}

/// Attempts of one person with one result.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AttemptFigure {
    /// None: a line.
    pub person: Option<String>,
    /// None: interrupted.
    pub result: Option<String>,
    /// How many.
    pub attempts: i64,
    /// How many of them were joined.
    pub joined: i64,
    /// How long all of them rang, in milliseconds.
    pub ring_ms: i64,
}

/// Calls of one specialty with one specialist joined.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OwedFigure {
    /// What was chosen.
    pub specialty: Option<String>,
    /// Who was joined last; none: a line.
    pub specialist: Option<String>,
    /// How many calls.
    pub answered: i64,
    /// How many of them without an outcome.
    pub missing: i64,
    /// When the oldest of those was opened, in microseconds since 1970.
    pub oldest_us: Option<i64>,
}

impl Store {
    /// What reports ask the database itself.
    pub fn reports(&self) -> Result<&dyn ReportStorage, StoreError> {
        let storage: &dyn Storage = self.backend.get()?.as_ref();
        Ok(storage)
    }

    /// The attempts of a query, as the database has them.
    pub async fn attempts(&self, query: AttemptQuery) -> Result<Vec<AttemptLine>, StoreError> {
        self.backend.get()?.attempt_lines(query).await
    }
}
