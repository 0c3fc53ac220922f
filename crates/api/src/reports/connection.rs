//! Connection rate by hour of the day and by person, and why attempts came to nothing.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use rotaline_store::{AttemptFigure, QuarterFigure};
use serde::Serialize;
use utoipa::ToSchema;

use super::filter::FigureFilter;
use super::names::Names;
use super::statistics::{Definition, definitions};
use super::{seconds, share};
use crate::ApiState;
use crate::access::Asker;
use crate::problem::ApiError;
use crate::refusals::ReportNotShown;

const DEFINITIONS: [(&str, &str); 6] = [
    (
        "placed",
        "Calls that are over in which a specialty was chosen, by the hour in which they came, on \
         the organisation's clock. With a person: attempts on their phones, by the hour of the \
         call.",
    ),
    (
        "answered",
        "Those in which the caller was joined to somebody (with a person: to them).",
    ),
    (
        "rung",
        "Attempts on a person's phones. The caller's own phone, rung first, is none.",
    ),
    (
        "joined",
        "Attempts in which the caller was joined to this person.",
    ),
    ("rate", "Answered of placed; joined of rung."),
    (
        "results",
        "Attempts by what became of them; a caller who left, or a colleague who was faster, makes \
         one `abandoned`.",
    ),
];

/// Connection rates of some days.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Connection {
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    to: Timestamp,
    /// The 24 hours of the day.
    hours: Vec<Hour>,
    /// Those who were rung, by their ids.
    people: Vec<Rung>,
    definitions: Vec<Definition>,
}

/// An hour of the day.
#[derive(Debug, Serialize, ToSchema)]
struct Hour {
    /// It begins at this hour.
    hour: i8,
    placed: i64,
    answered: i64,
    /// 0 to 1; null: no calls.
    rate: Option<f64>,
}

/// Somebody who was rung.
#[derive(Debug, Serialize, ToSchema)]
struct Rung {
    /// Null: a line that is nobody's.
    person: Option<String>,
    name: Option<String>,
    rung: i64,
    joined: i64,
    /// 0 to 1.
    rate: Option<f64>,
    mean_ring_s: Option<f64>,
    /// How many of each, e.g. `no_answer`, `passed_on`.
    results: BTreeMap<String, i64>,
}

/// Connection rate by hour and by person
#[utoipa::path(
    get,
    path = "/api/v1/reports/connection",
    tag = "reports",
    params(FigureFilter),
    responses(
        (status = 200, description = "The rates", body = Connection),
        ReportNotShown,
    ),
    security(("token" = []))
)]
pub(crate) async fn connection(
    State(state): State<ApiState>,
    asker: Asker,
    filter: Result<Query<FigureFilter>, QueryRejection>,
) -> Result<Json<Connection>, ApiError> {
    let Query(filter) = filter.map_err(ApiError::bad_query)?;
    let asked = filter.check(&state, &asker, Timestamp::now())?;
    let reports = state.store.reports()?;
    let quarters = reports.quarter_figures(asked.query.clone());
    let (quarters, attempts) = tokio::try_join!(quarters, reports.attempt_figures(asked.query))?;
    Ok(Json(Connection {
        from: asked.from,
        to: asked.to,
        hours: hours(&quarters, asked.names.zone()),
        people: people(attempts, &asked.names),
        definitions: definitions(&DEFINITIONS),
    }))
}

/// Every zone there is begins its hours at a quarter of an hour of UTC.
fn hours(quarters: &[QuarterFigure], zone: &TimeZone) -> Vec<Hour> {
    let mut sums = [(0, 0); 24];
    for figure in quarters {
        let at = Timestamp::from_second(figure.quarter.saturating_mul(900)).unwrap_or_default();
        let hour = usize::try_from(zone.to_datetime(at).hour()).unwrap_or_default();
        if let Some((placed, answered)) = sums.get_mut(hour) {
            *placed += figure.placed;
            *answered += figure.answered;
        }
    }
    let hour = |(hour, (placed, answered))| Hour {
        hour,
        placed,
        answered,
        rate: share(answered, placed),
    };
    (0..).zip(sums).map(hour).collect()
}

/// Sums of one person's attempts.
#[derive(Default)]
struct PersonSums {
    rung: i64,
    joined: i64,
    ring_ms: i64,
    results: BTreeMap<String, i64>,
}

fn people(figures: Vec<AttemptFigure>, names: &Names) -> Vec<Rung> {
    let mut people: BTreeMap<Option<String>, PersonSums> = BTreeMap::new();
    for figure in figures {
        let sums = people.entry(figure.person).or_default();
        sums.rung += figure.attempts;
        sums.joined += figure.joined;
        sums.ring_ms += figure.ring_ms;
        let result = figure.result.unwrap_or_else(|| "interrupted".to_owned());
        *sums.results.entry(result).or_default() += figure.attempts;
    }
    let person = |(person, sums): (Option<String>, PersonSums)| Rung {
        name: person.as_deref().map(|id| names.person(id).to_owned()),
        person,
        rung: sums.rung,
        joined: sums.joined,
        rate: share(sums.joined, sums.rung),
        mean_ring_s: sums.ring_ms.checked_div(sums.rung).map(seconds),
        results: sums.results,
    };
    people.into_iter().map(person).collect()
}
