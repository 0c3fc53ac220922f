//! Completeness of outcomes, and the chase list: whom to ask for those that are missing.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use jiff::Timestamp;
use rotaline_store::{CaseState, Connected, Direction, LineOrder, OwedFigure, SortBy};
use serde::Serialize;
use utoipa::ToSchema;

use super::calls::{ReportPage, page};
use super::filter::{FigureFilter, ReportFilter};
use super::names::Names;
use super::share;
use super::statistics::{Definition, definitions};
use crate::ApiState;
use crate::access::Asker;
use crate::problem::ApiError;
use crate::refusals::ReportNotShown;

const DEFINITIONS: [(&str, &str); 4] = [
    (
        "answered",
        "Calls that are over, of specialties whose outcome is asked for, in which the caller was \
         joined to this person last.",
    ),
    ("missing", "Those of them without an outcome."),
    (
        "completeness",
        "Those of them with an outcome, of all of them.",
    ),
    (
        "oldest",
        "When the oldest call came whose outcome is missing.",
    ),
];

/// Completeness of outcomes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Completeness {
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    to: Timestamp,
    answered: i64,
    missing: i64,
    /// 0 to 1; null: no calls.
    completeness: Option<f64>,
    /// Specialty by specialty and person by person, those who owe the most first.
    people: Vec<Owed>,
    definitions: Vec<Definition>,
}

/// What one person owes.
#[derive(Debug, Serialize, ToSchema)]
struct Owed {
    specialty: String,
    specialty_name: String,
    /// Null: a line that is nobody's.
    person: Option<String>,
    name: Option<String>,
    answered: i64,
    missing: i64,
    completeness: Option<f64>,
    #[schema(value_type = Option<String>, format = DateTime)]
    oldest: Option<Timestamp>,
}

/// Completeness of outcomes, per specialty and person
#[utoipa::path(
    get,
    path = "/api/v1/reports/outcomes",
    tag = "reports",
    params(FigureFilter),
    responses(
        (status = 200, description = "Who owes how many", body = Completeness),
        ReportNotShown,
    ),
    security(("token" = []))
)]
pub(crate) async fn completeness(
    State(state): State<ApiState>,
    asker: Asker,
    filter: Result<Query<FigureFilter>, QueryRejection>,
) -> Result<Json<Completeness>, ApiError> {
    let Query(filter) = filter.map_err(ApiError::bad_query)?;
    let asked = filter.check(&state, &asker, Timestamp::now())?;
    let figures = state.store.reports()?.owed_figures(asked.query).await?;
    let figures = figures.iter();
    let mut people: Vec<Owed> = figures
        .filter_map(|it| Owed::of(it, &asked.names))
        .collect();
    people.sort_by_key(|owed| (-owed.missing, owed.specialty.clone(), owed.person.clone()));
    let (answered, missing) = people.iter().fold((0, 0), |(answered, missing), owed| {
        (answered + owed.answered, missing + owed.missing)
    });
    Ok(Json(Completeness {
        from: asked.from,
        to: asked.to,
        answered,
        missing,
        completeness: share(answered - missing, answered),
        people,
        definitions: definitions(&DEFINITIONS),
    }))
}

impl Owed {
    /// None: no outcome is asked for.
    fn of(figure: &OwedFigure, names: &Names) -> Option<Owed> {
        let specialty = figure.specialty.as_deref()?;
        if !names.has_menu(specialty) {
            return None;
        }
        let person = figure.specialist.as_deref();
        let oldest = figure.oldest_us.map(Timestamp::from_microsecond);
        Some(Owed {
            specialty: specialty.to_owned(),
            specialty_name: names.specialty(specialty).to_owned(),
            person: person.map(str::to_owned),
            name: person.map(|id| names.person(id).to_owned()),
            answered: figure.answered,
            missing: figure.missing,
            completeness: share(figure.answered - figure.missing, figure.answered),
            oldest: oldest.and_then(Result::ok),
        })
    }
}

/// The chase list: calls whose outcome is still to be given, the oldest first
///
/// Each says who was reached and from where the call came: either may give it.
#[utoipa::path(
    get,
    path = "/api/v1/reports/chase",
    tag = "reports",
    params(ReportFilter),
    responses(
        (status = 200, description = "A page of the list", body = ReportPage),
        ReportNotShown,
    ),
    security(("token" = []))
)]
pub(crate) async fn chase(
    State(state): State<ApiState>,
    asker: Asker,
    filter: Result<Query<ReportFilter>, QueryRejection>,
) -> Result<Json<ReportPage>, ApiError> {
    let Query(mut filter) = filter.map_err(ApiError::bad_query)?;
    filter.chase()?;
    let mut asked = filter.page(&state, &asker)?;
    asked.query.owing = Some(asked.names.with_menu());
    asked.query.connected = Some(Connected::Yes);
    asked.query.state = Some(CaseState::Closed);
    debug_assert_eq!(
        asked.query.order,
        LineOrder {
            by: SortBy::Opened,
            direction: Direction::Ascending
        }
    );
    page(&state, &asker, asked).await.map(Json)
}
