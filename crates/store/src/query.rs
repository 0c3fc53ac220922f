//! What can be asked of the calls: filters, a position to go on from, and a page of answers.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use jiff::Timestamp;
use rotaline_model::{BadSlug, CaseId, PersonId, PracticeId, SpecialtyId};
use rotaline_record::Case;
use uuid::Uuid;

use crate::Sight;

/// Which calls, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallQuery {
    /// Whose.
    pub sight: Sight,
    /// Opened at this instant or later.
    pub from: Option<Timestamp>,
    /// Opened before this instant.
    pub to: Option<Timestamp>,
    /// Of this specialty.
    pub specialty: Option<SpecialtyId>,
    /// From this practice, or from none that is known.
    pub practice: Option<PracticeFilter>,
    /// Joined to this person.
    pub person: Option<PersonId>,
    /// With this outcome.
    pub outcome: Option<OutcomeFilter>,
    /// Only these.
    pub state: Option<CaseState>,
    /// Only what comes after this position, which is to say: what is older.
    pub after: Option<Position>,
    /// At most so many.
    pub limit: Limit,
}

impl CallQuery {
    /// Whether a case is among those that are asked for.
    pub fn matches(&self, case: &Case) -> bool {
        let state = |state| match state {
            CaseState::Open => case.is_open(),
            CaseState::Closed => !case.is_open(),
        };
        self.sight.sees(case)
            && self.from.is_none_or(|from| case.opened_at >= from)
            && self.to.is_none_or(|to| case.opened_at < to)
            && is_or_any(&self.specialty, case.specialty.as_ref())
            && PracticeFilter::takes(self.practice.as_ref(), case.practice.as_ref())
            && is_or_any(&self.person, case.specialist())
            && self.outcome.as_ref().is_none_or(|o| o.matches(case))
            && self.state.is_none_or(state)
            && self.after.is_none_or(|after| Position::of(case) < after)
    }
}

fn is_or_any<T: PartialEq>(wanted: &Option<T>, value: Option<&T>) -> bool {
    wanted.is_none() || wanted.as_ref() == value
}

/// By practice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PracticeFilter {
    /// From this one.
    Is(PracticeId),
    /// From an unknown caller: "-".
    Unknown,
}

impl PracticeFilter {
    /// From an id, or `-`.
    pub fn parse(text: &str) -> Result<PracticeFilter, BadSlug> {
        match text {
            "-" => Ok(PracticeFilter::Unknown),
            id => PracticeId::parse(id).map(PracticeFilter::Is),
        }
    }

    fn takes(wanted: Option<&PracticeFilter>, practice: Option<&PracticeId>) -> bool {
        PracticeFilter::takes_id(wanted, practice.map(|it| it.as_str()))
    }

    pub(crate) fn takes_id(wanted: Option<&PracticeFilter>, practice: Option<&str>) -> bool {
        match wanted {
            None => true,
            Some(PracticeFilter::Unknown) => practice.is_none(),
            Some(PracticeFilter::Is(id)) => practice == Some(id.as_str()),
        }
    }
}

/// By outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutcomeFilter {
    /// This one counts.
    Is(String),
    /// None was given yet: "-".
    Missing,
}

impl OutcomeFilter {
    fn matches(&self, case: &Case) -> bool {
        match self {
            OutcomeFilter::Is(id) => case.outcome().is_some_and(|given| given.outcome == *id),
            OutcomeFilter::Missing => case.outcome().is_none(),
        }
    }
}

/// Whether a contact is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaseState {
    /// Still going on.
    Open,
    /// Over.
    Closed,
}

/// How many calls a page holds: 1 to 200, 50 by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit(u16);

impl Limit {
    /// The most that one page holds.
    pub const MAX: u16 = 200;

    /// A limit, if it is within bounds.
    pub fn new(limit: u16) -> Option<Self> {
        (1..=Self::MAX).contains(&limit).then_some(Limit(limit))
    }

    /// As a count.
    pub fn get(self) -> usize {
        usize::from(self.0)
    }
}

impl Default for Limit {
    fn default() -> Self {
        Limit(50)
    }
}

/// Where a case stands in the list; later ones are greater. Its text goes into links.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// When the case was opened, in microseconds since 1970.
    pub opened_us: i64,
    /// Which of those that were opened then.
    pub case: CaseId,
}

impl Position {
    /// Of a case.
    pub fn of(case: &Case) -> Self {
        Position {
            opened_us: case.opened_at.as_microsecond(),
            case: case.id,
        }
    }
}

/// Why a text is no position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a position in the list: use the `next` of an earlier answer")]
pub struct BadPosition;

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.opened_us, self.case.uuid().simple())
    }
}

impl FromStr for Position {
    type Err = BadPosition;
    fn from_str(text: &str) -> Result<Self, BadPosition> {
        let (opened_us, case) = text.rsplit_once('-').ok_or(BadPosition)?;
        Ok(Position {
            opened_us: opened_us.parse().map_err(|_| BadPosition)?,
            case: Uuid::parse_str(case).map_err(|_| BadPosition)?.into(),
        })
    }
}

/// A page of calls.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// Newest first.
    pub cases: Vec<Arc<Case>>,
    /// Where the next page begins; none: this was the last.
    pub next: Option<Position>,
    /// Whether the database could be asked.
    pub completeness: Completeness,
}

/// Whether an answer has all there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completeness {
    /// All of it.
    Complete,
    /// The database is away: only calls that are still in memory.
    MemoryOnly,
}
