//! What is asked of the lines: which of them, in which order, and from where on.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use rotaline_model::{CaseId, OrganisationId, PersonId, SpecialtyId};
use rotaline_record::{Case, Gender};
use uuid::Uuid;

use crate::storage::name_of;
use crate::{
    AttemptLine, BadPosition, CallLine, CaseState, OutcomeFilter, PracticeFilter, Sight, is_party,
};

/// Which lines of the calls report, in which order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineQuery {
    /// Whose; of the calls of a party, the field of its own says whose.
    pub sight: Sight,
    /// Opened at this instant or later.
    pub from: Option<Timestamp>,
    /// Opened before this instant.
    pub to: Option<Timestamp>,
    /// Of this organisation.
    pub organisation: Option<OrganisationId>,
    /// Of this specialty.
    pub specialty: Option<SpecialtyId>,
    /// From this practice, or from none that is known.
    pub practice: Option<PracticeFilter>,
    /// From a practice of this area.
    pub area: Option<String>,
    /// About a patient of this gender.
    pub gender: Option<Gender>,
    /// Joined to this person last.
    pub specialist: Option<PersonId>,
    /// With this person in the talk, on either side.
    pub party: Option<PersonId>,
    /// With this outcome.
    pub outcome: Option<OutcomeFilter>,
    /// Without an outcome, of these specialties: those whose outcome is asked for.
    pub owing: Option<Vec<SpecialtyId>>,
    /// Only these.
    pub connected: Option<Connected>,
    /// Only these.
    pub state: Option<CaseState>,
    /// In which order.
    pub order: LineOrder,
    /// Only what comes after this position.
    pub after: Option<LinePosition>,
}

impl LineQuery {
    /// Whether a case, of which this is the line, is among those that are asked for.
    pub fn matches(&self, case: &Case, line: &CallLine) -> bool {
        self.matches_line(line) && self.party.as_ref().is_none_or(|who| is_party(case, who))
    }

    /// The same, but for [`LineQuery::party`].
    pub(crate) fn matches_line(&self, line: &CallLine) -> bool {
        let state = |state| match state {
            CaseState::Open => !line.closed,
            CaseState::Closed => line.closed,
        };
        let connected = |wanted| match wanted {
            Connected::Yes => line.connected,
            Connected::No => !line.connected,
        };
        let outcome = |wanted: &OutcomeFilter| match wanted {
            OutcomeFilter::Is(id) => line.outcome.as_ref() == Some(id),
            OutcomeFilter::Missing => line.outcome.is_none(),
        };
        let owing = |wanted: &Vec<SpecialtyId>| {
            let specialty = line.specialty.as_deref();
            line.outcome.is_none() && wanted.iter().any(|it| Some(it.as_str()) == specialty)
        };
        let after = |after| {
            self.order
                .compare(&LinePosition::of(line, self.order.by), after)
        };
        self.sight.sees_line(line)
            && self
                .from
                .is_none_or(|it| line.opened_us >= it.as_microsecond())
            && self
                .to
                .is_none_or(|it| line.opened_us < it.as_microsecond())
            && is_or_any(
                self.organisation.as_ref().map(|it| it.as_str()),
                &line.organisation,
            )
            && is_or_any(
                self.specialty.as_ref().map(|it| it.as_str()),
                &line.specialty,
            )
            && PracticeFilter::takes_id(self.practice.as_ref(), line.practice.as_deref())
            && is_or_any(
                self.gender.as_ref().and_then(name_of).as_deref(),
                &line.gender,
            )
            && is_or_any(self.area.as_deref(), &line.area)
            && is_or_any(
                self.specialist.as_ref().map(|it| it.as_str()),
                &line.specialist,
            )
            && self.outcome.as_ref().is_none_or(outcome)
            && self.owing.as_ref().is_none_or(owing)
            && self.connected.is_none_or(connected)
            && self.state.is_none_or(state)
            && self
                .after
                .as_ref()
                .is_none_or(|it| after(it) == Ordering::Greater)
    }
}

fn is_or_any(wanted: Option<&str>, value: &Option<String>) -> bool {
    wanted.is_none() || wanted == value.as_deref()
}

/// Whether a caller was joined to anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connected {
    /// They were.
    Yes,
    /// They were not.
    No,
}

/// The order of lines: the newest first, unless something else is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LineOrder {
    /// What is compared first; the openings decide between equals.
    pub by: SortBy,
    /// Which way.
    pub direction: Direction,
}

impl LineOrder {
    /// Which of two positions comes first.
    pub fn compare(self, one: &LinePosition, other: &LinePosition) -> Ordering {
        match self.direction {
            Direction::Descending => other.cmp(one),
            Direction::Ascending => one.cmp(other),
        }
    }

    /// Which of two lines comes first.
    pub fn compare_lines(self, one: &CallLine, other: &CallLine) -> Ordering {
        let place = |line: &CallLine| LinePosition::of(line, self.by);
        self.compare(&place(one), &place(other))
    }
}

/// What lines are sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum SortBy {
    /// When they were opened.
    #[default]
    Opened,
    /// How long the caller waited; who waited for nothing comes before all.
    Wait,
    /// How long they talked.
    Talk,
}

/// Which way lines are sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// The newest, or longest, first.
    #[default]
    Descending,
    /// The oldest, or shortest, first.
    Ascending,
}

/// Where a line stands in an order. Its text goes into links.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LinePosition {
    /// In which order.
    pub by: SortBy,
    /// What is compared first, in milliseconds or (openings) microseconds; -1: none.
    pub value: i64,
    /// When the case was opened, in microseconds since 1970.
    pub opened_us: i64,
    /// Which of those that were opened then.
    pub case: CaseId,
}

impl LinePosition {
    /// Of a line.
    pub fn of(line: &CallLine, by: SortBy) -> LinePosition {
        LinePosition {
            by,
            value: match by {
                SortBy::Opened => line.opened_us,
                SortBy::Wait => line.wait_ms.unwrap_or(-1),
                SortBy::Talk => line.talk_ms,
            },
            opened_us: line.opened_us,
            case: line.case,
        }
    }
}

impl fmt::Display for LinePosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by = match self.by {
            SortBy::Opened => "o",
            SortBy::Wait => "w",
            SortBy::Talk => "t",
        };
        let case = self.case.uuid();
        write!(
            f,
            "{by}.{}.{}.{}",
            self.value,
            self.opened_us,
            case.simple()
        )
    }
}

impl FromStr for LinePosition {
    type Err = BadPosition;
    fn from_str(text: &str) -> Result<Self, BadPosition> {
        let parts: Vec<&str> = text.split('.').collect();
        let [by, value, opened_us, case] = parts[..] else {
            return Err(BadPosition);
        };
        Ok(LinePosition {
            by: match by {
                "o" => SortBy::Opened,
                "w" => SortBy::Wait,
                "t" => SortBy::Talk,
                _ => return Err(BadPosition),
            },
            value: value.parse().map_err(|_| BadPosition)?,
            opened_us: opened_us.parse().map_err(|_| BadPosition)?,
            case: Uuid::parse_str(case).map_err(|_| BadPosition)?.into(),
        })
    }
}

/// Which attempts, those of the newest cases first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AttemptQuery {
    /// Whose.
    pub sight: Sight,
    /// Of cases that were opened at this instant or later.
    pub from: Option<Timestamp>,
    /// Of cases that were opened before this instant.
    pub to: Option<Timestamp>,
    /// Of this organisation.
    pub organisation: Option<OrganisationId>,
    /// Of this specialty.
    pub specialty: Option<SpecialtyId>,
    /// Of this person.
    pub person: Option<PersonId>,
    /// With this result.
    pub result: Option<String>,
    /// Only what comes after this position.
    pub after: Option<AttemptPosition>,
    /// At most so many.
    pub bound: usize,
}

/// Where an attempt stands in the list. Its text goes into links.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AttemptPosition {
    /// When its case was opened, in microseconds since 1970.
    pub opened_us: i64,
    /// Its case.
    pub case: CaseId,
    /// Its number.
    pub number: i64,
}

impl AttemptPosition {
    /// Of an attempt.
    pub fn of(line: &AttemptLine) -> AttemptPosition {
        AttemptPosition {
            opened_us: line.opened_us,
            case: line.case,
            number: line.number,
        }
    }
}

impl fmt::Display for AttemptPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let case = self.case.uuid();
        write!(f, "{}.{}.{}", self.opened_us, case.simple(), self.number)
    }
}

impl FromStr for AttemptPosition {
    type Err = BadPosition;
    fn from_str(text: &str) -> Result<Self, BadPosition> {
        let parts: Vec<&str> = text.split('.').collect();
        let [opened_us, case, number] = parts[..] else {
            return Err(BadPosition);
        };
        Ok(AttemptPosition {
            opened_us: opened_us.parse().map_err(|_| BadPosition)?,
            case: Uuid::parse_str(case).map_err(|_| BadPosition)?.into(),
            number: number.parse().map_err(|_| BadPosition)?,
        })
    }
}
