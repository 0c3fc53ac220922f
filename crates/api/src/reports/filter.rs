//! What a report is asked for: read from the query, every fault told with its field and what would
//! be right.

use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use rotaline_model::{OrganisationId, PersonId, SpecialtyId};
use rotaline_record::Gender;
use rotaline_routing::Fault;
use rotaline_store::{
    CaseState, Connected, Direction, FigureQuery, Limit, LineOrder, LineQuery, OutcomeFilter,
    PracticeFilter, SortBy,
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::names::Names;
use crate::access::{Asker, Right};
use crate::json::NO_OUTCOME;
use crate::problem::ApiError;
use crate::{ApiState, Edition};

/// Which calls of the report, in which order.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReportFilter {
    /// The first day (`2026-11-01`, on the organisation's clock), or an instant.
    pub(super) from: Option<String>,
    /// The last day (`2026-11-30`: that day too), or an instant (before it).
    pub(super) to: Option<String>,
    /// Of this organisation.
    pub(super) organisation: Option<String>,
    /// Of this specialty.
    pub(super) specialty: Option<String>,
    /// From this practice; `-`: from unknown callers.
    pub(super) practice: Option<String>,
    /// From practices of this area.
    pub(super) area: Option<String>,
    /// About a patient who is `female`, `male`, `indeterminate` or `not_known`.
    pub(super) gender: Option<String>,
    /// Joined to this person.
    pub(super) person: Option<String>,
    /// With this outcome; `-`: without any.
    pub(super) outcome: Option<String>,
    /// `yes`: joined to somebody; `no`: not.
    pub(super) connected: Option<String>,
    /// `open` or `closed`; neither: both.
    pub(super) state: Option<String>,
    /// `opened`, `wait` or `talk`, with `-` before it from the greatest down; else `-opened`.
    pub(super) sort: Option<String>,
    /// Of a page: at most so many, 1 to 200, 50 by default.
    pub(super) limit: Option<String>,
    /// Of a page: `next` of the page before.
    pub(super) after: Option<String>,
}

/// Of which days the figures are.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct FigureFilter {
    /// The first day (`2026-11-01`, on the organisation's clock), or an instant; else a year ago.
    from: Option<String>,
    /// The last day (`2026-11-30`: that day too), or an instant (before it); else now.
    to: Option<String>,
    /// Of this organisation.
    organisation: Option<String>,
    /// Of this specialty.
    specialty: Option<String>,
    /// Of this person.
    person: Option<String>,
}

/// A report that can be answered.
pub(super) struct Asked {
    pub(super) query: LineQuery,
    pub(super) limit: usize,
    pub(super) names: Names,
}

/// Figures that can be answered.
pub(super) struct Figures {
    pub(super) query: FigureQuery,
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    pub(super) names: Names,
}

impl ReportFilter {
    /// A page of it.
    pub(super) fn page(self, state: &ApiState, asker: &Asker) -> Result<Asked, ApiError> {
        let mut reader = Reader::new(state.plan.current());
        let limit = reader.limit(self.limit.as_deref());
        let after = reader.parsed("after", self.after.as_deref(), str::parse);
        let mut query = reader.lines(&self, asker);
        query.after = after;
        if query.after.is_some_and(|after| after.by != query.order.by) {
            let remedy = "keep `sort` as it was on the page before";
            reader.fault("after", "is a position in another order", remedy);
        }
        reader.asked(query, limit)
    }

    /// The chase list: what is missing, the oldest first.
    pub(super) fn chase(&mut self) -> Result<(), ApiError> {
        let fixed = [
            ("outcome", &self.outcome),
            ("connected", &self.connected),
            ("state", &self.state),
            ("sort", &self.sort),
        ];
        let given = fixed.iter().filter(|(_, given)| given.is_some());
        let fault = |(field, _): &(&str, &Option<String>)| Fault {
            file: "query".to_owned(),
            key: (*field).to_owned(),
            problem: "is not asked for here: the list is of calls without an outcome".to_owned(),
            remedy: "leave it out, or ask /api/v1/reports/calls".to_owned(),
        };
        let faults: Vec<Fault> = given.map(fault).collect();
        if !faults.is_empty() {
            return Err(ApiError::BadQuery(faults));
        }
        self.sort = Some("opened".to_owned());
        Ok(())
    }

    /// All of it.
    pub(super) fn whole(self, state: &ApiState, asker: &Asker) -> Result<Asked, ApiError> {
        let mut reader = Reader::new(state.plan.current());
        for (field, given) in [("limit", &self.limit), ("after", &self.after)] {
            if given.is_some() {
                let remedy = "leave it out, and narrow the days";
                reader.fault(field, "an export has every call that is asked for", remedy);
            }
        }
        let query = reader.lines(&self, asker);
        reader.asked(query, usize::MAX)
    }
}

impl FigureFilter {
    pub(super) fn check(
        self,
        state: &ApiState,
        asker: &Asker,
        now: Timestamp,
    ) -> Result<Figures, ApiError> {
        let mut reader = Reader::new(state.plan.current());
        let organisation = self.organisation.as_deref();
        let organisation = reader.parsed("organisation", organisation, OrganisationId::parse);
        let (from, to) = reader.range(self.from.as_deref(), self.to.as_deref(), &organisation);
        let to = to.unwrap_or(now);
        let from = from.unwrap_or_else(|| reader.a_year_before(to));
        let query = FigureQuery {
            sight: asker.sight(Right::Reports),
            from: Some(from),
            to: Some(to),
            organisation,
            specialty: reader.parsed("specialty", self.specialty.as_deref(), SpecialtyId::parse),
            person: reader.parsed("person", self.person.as_deref(), PersonId::parse),
        };
        let names = reader.finish()?;
        Ok(Figures {
            query,
            from,
            to,
            names,
        })
    }
}

const GENDERS: [(&str, Gender); 4] = [
    ("female", Gender::Female),
    ("male", Gender::Male),
    ("indeterminate", Gender::Indeterminate),
    ("not_known", Gender::NotKnown),
];

/// Reads fields, and gathers what is wrong with them.
pub(super) struct Reader {
    edition: Arc<Edition>,
    zone: TimeZone,
    faults: Vec<Fault>,
}

impl Reader {
    pub(super) fn new(edition: Arc<Edition>) -> Self {
        let first = edition.plan.organisations().next();
        let zone = first.map_or(TimeZone::UTC, |it| it.zone.clone());
        Reader {
            edition,
            zone,
            faults: Vec::new(),
        }
    }

    pub(super) fn zone(&self) -> &TimeZone {
        &self.zone
    }

    pub(super) fn fault(&mut self, field: &str, problem: &str, remedy: &str) {
        self.faults.push(Fault {
            file: "query".to_owned(),
            key: field.to_owned(),
            problem: problem.to_owned(),
            remedy: remedy.to_owned(),
        });
    }

    pub(super) fn parsed<T, E: std::fmt::Display>(
        &mut self,
        field: &str,
        text: Option<&str>,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Option<T> {
        match parse(text?) {
            Ok(value) => Some(value),
            Err(error) => {
                self.fault(
                    field,
                    &error.to_string(),
                    "leave it out, or write it as it is listed",
                );
                None
            }
        }
    }

    pub(super) fn word<T: Copy>(
        &mut self,
        field: &str,
        text: Option<&str>,
        words: &[(&str, T)],
    ) -> Option<T> {
        let text = text?;
        let known = words.iter().find(|(word, _)| *word == text);
        if known.is_none() {
            let list: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let remedy = format!("write one of: {}", list.join(", "));
            self.fault(field, &format!("{text:?} is none of its words"), &remedy);
        }
        known.map(|(_, value)| *value)
    }

    pub(super) fn limit(&mut self, text: Option<&str>) -> usize {
        let limit = text.map(|text| text.parse().ok().and_then(Limit::new));
        if let Some(None) = limit {
            let remedy = format!("write 1 to {}", Limit::MAX);
            self.fault("limit", "is no number of lines", &remedy);
        }
        limit.flatten().unwrap_or_default().get()
    }

    /// The instants that days or instants stand for, on the clock of the organisation.
    pub(super) fn range(
        &mut self,
        from: Option<&str>,
        to: Option<&str>,
        organisation: &Option<OrganisationId>,
    ) -> (Option<Timestamp>, Option<Timestamp>) {
        self.choose_zone([from, to], organisation.as_ref());
        let first = from.and_then(|text| self.edge("from", text, Edge::Begin));
        let last = to.and_then(|text| self.edge("to", text, Edge::End));
        if let (Some(first), Some(last)) = (first, last)
            && first >= last
        {
            self.fault("to", "is not after `from`", "write the days in their order");
        }
        (first, last)
    }

    /// Days are an organisation's; without one, they are clear if all have one clock.
    fn choose_zone(&mut self, given: [Option<&str>; 2], organisation: Option<&OrganisationId>) {
        let plan = &self.edition.plan;
        if let Some(known) = organisation.and_then(|id| plan.organisation(id)) {
            self.zone = known.zone.clone();
            return;
        }
        let alike = plan.organisations().all(|it| it.zone == self.zone);
        let days = given
            .into_iter()
            .flatten()
            .any(|text| text.parse::<Date>().is_ok());
        if days && !alike && organisation.is_none() {
            let problem = "organisations are in several zones, so a day is not the same for all";
            self.fault(
                "organisation",
                problem,
                "name one, or write instants for the days",
            );
        }
    }

    fn edge(&mut self, field: &str, text: &str, edge: Edge) -> Option<Timestamp> {
        if let Ok(instant) = text.parse::<Timestamp>() {
            return Some(instant);
        }
        let day = text.parse::<Date>().ok().filter(|_| text.len() == 10);
        let day = day.and_then(|day| match edge {
            Edge::Begin => Some(day),
            Edge::End => day.tomorrow().ok(),
        });
        let midnight = day.and_then(|day| self.zone.to_timestamp(day.at(0, 0, 0, 0)).ok());
        if midnight.is_none() {
            let remedy = "write it as 2026-11-24, or as 2026-11-24T09:00:00Z (a + in a link is \
                          written %2B)";
            self.fault(field, &format!("{text:?} is no day and no instant"), remedy);
        }
        midnight
    }

    fn a_year_before(&self, to: Timestamp) -> Timestamp {
        let day = self.zone.to_datetime(to).date();
        let day = day.checked_sub(Span::new().years(1)).ok();
        let midnight = day.and_then(|day| self.zone.to_timestamp(day.at(0, 0, 0, 0)).ok());
        midnight.unwrap_or(Timestamp::UNIX_EPOCH)
    }

    fn lines(&mut self, filter: &ReportFilter, asker: &Asker) -> LineQuery {
        let organisation = filter.organisation.as_deref();
        let organisation = self.parsed("organisation", organisation, OrganisationId::parse);
        let days = (filter.from.as_deref(), filter.to.as_deref());
        let (from, to) = self.range(days.0, days.1, &organisation);
        let outcome = filter.outcome.as_deref().map(|outcome| match outcome {
            NO_OUTCOME => OutcomeFilter::Missing,
            id => OutcomeFilter::Is(id.to_owned()),
        });
        let connected = [("yes", Connected::Yes), ("no", Connected::No)];
        let states = [("open", CaseState::Open), ("closed", CaseState::Closed)];
        LineQuery {
            sight: asker.sight(Right::Reports),
            from,
            to,
            organisation,
            specialty: self.parsed("specialty", filter.specialty.as_deref(), SpecialtyId::parse),
            practice: self.parsed(
                "practice",
                filter.practice.as_deref(),
                PracticeFilter::parse,
            ),
            area: filter.area.clone(),
            gender: self.word("gender", filter.gender.as_deref(), &GENDERS),
            specialist: self.parsed("person", filter.person.as_deref(), PersonId::parse),
            party: None,
            outcome,
            owing: None,
            connected: self.word("connected", filter.connected.as_deref(), &connected),
            state: self.word("state", filter.state.as_deref(), &states),
            order: self.order(filter.sort.as_deref()),
            after: None,
        }
    }

    fn order(&mut self, text: Option<&str>) -> LineOrder {
        let order = |by, direction| LineOrder { by, direction };
        let words = [
            ("-opened", order(SortBy::Opened, Direction::Descending)),
            ("opened", order(SortBy::Opened, Direction::Ascending)),
            ("-wait", order(SortBy::Wait, Direction::Descending)),
            ("wait", order(SortBy::Wait, Direction::Ascending)),
            ("-talk", order(SortBy::Talk, Direction::Descending)),
            ("talk", order(SortBy::Talk, Direction::Ascending)),
        ];
        self.word("sort", text, &words).unwrap_or_default()
    }

    fn asked(self, query: LineQuery, limit: usize) -> Result<Asked, ApiError> {
        let names = self.finish()?;
        Ok(Asked {
            query,
            limit,
            names,
        })
    }

    /// The names of the plan that the fields were read with, unless any had a fault.
    pub(super) fn finish(self) -> Result<Names, ApiError> {
        if self.faults.is_empty() {
            Ok(Names::new(self.edition, self.zone))
        } else {
            Err(ApiError::BadQuery(self.faults))
        }
    }
}

#[derive(Clone, Copy)]
enum Edge {
    Begin,
    End,
}
