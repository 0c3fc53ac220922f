//! The monthly activity return, per specialty: all calls, those that were processed, those that
//! were diverted from a referral, as the plan says of each outcome.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use jiff::civil::Date;
use jiff::{Span, Timestamp};
use rotaline_model::OrganisationId;
use rotaline_routing::Activity;
use rotaline_store::{FigureQuery, OutcomeFigure};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::filter::Reader;
use super::names::Names;
use super::statistics::{Definition, definitions};
use crate::ApiState;
use crate::access::{Asker, Right};
use crate::problem::ApiError;
use crate::refusals::ReportNotShown;

const DEFINITIONS: [(&str, &str); 4] = [
    (
        "total",
        "Calls that are over in which the specialty was chosen, by the month in which they came, \
         on the organisation's clock.",
    ),
    (
        "processed",
        "Those with an outcome that the plan counts as `processed` or `diverted`: advice was \
         given.",
    ),
    (
        "diverted",
        "Those of the processed with an outcome that the plan counts as `diverted`: no referral \
         came of it.",
    ),
    (
        "without_outcome",
        "Answered calls without an outcome: not processed until it is given, so chase them first.",
    ),
];

/// Which month.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct MonthFilter {
    /// The month, as in 2026-10; else the last one that is over.
    month: Option<String>,
    /// Of this organisation.
    organisation: Option<String>,
}

/// The return of a month.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ActivityReturn {
    #[schema(example = "2026-10")]
    month: String,
    specialties: Vec<SpecialtyActivity>,
    definitions: Vec<Definition>,
}

/// The activity of a specialty.
#[derive(Debug, Default, Serialize, ToSchema)]
struct SpecialtyActivity {
    specialty: String,
    name: String,
    total: i64,
    processed: i64,
    diverted: i64,
    without_outcome: i64,
}

/// The monthly activity return, per specialty
#[utoipa::path(
    get,
    path = "/api/v1/reports/activity",
    tag = "reports",
    params(MonthFilter),
    responses(
        (status = 200, description = "The return", body = ActivityReturn),
        ReportNotShown,
    ),
    security(("token" = []))
)]
pub(crate) async fn activity(
    State(state): State<ApiState>,
    asker: Asker,
    filter: Result<Query<MonthFilter>, QueryRejection>,
) -> Result<Json<ActivityReturn>, ApiError> {
    let Query(filter) = filter.map_err(ApiError::bad_query)?;
    let (query, first, names) = filter.check(&state, &asker, Timestamp::now())?;
    let figures = state.store.reports()?.outcome_figures(query).await?;
    let mut specialties = BTreeMap::new();
    for figure in &figures {
        if let Some(specialty) = &figure.specialty {
            let of: &mut SpecialtyActivity = specialties.entry(specialty).or_default();
            of.specialty.clone_from(specialty);
            of.name = names.specialty(specialty).to_owned();
            of.add(figure, specialty, &names);
        }
    }
    Ok(Json(ActivityReturn {
        month: first.strftime("%Y-%m").to_string(),
        specialties: specialties.into_values().collect(),
        definitions: definitions(&DEFINITIONS),
    }))
}

impl MonthFilter {
    fn check(
        self,
        state: &ApiState,
        asker: &Asker,
        now: Timestamp,
    ) -> Result<(FigureQuery, Date, Names), ApiError> {
        let mut reader = Reader::new(state.plan.current());
        let organisation = self.organisation.as_deref();
        let organisation = reader.parsed("organisation", organisation, OrganisationId::parse);
        let today = reader.zone().to_datetime(now).date();
        let before = today.first_of_month().checked_sub(Span::new().months(1));
        let last = before.unwrap_or(today.first_of_month());
        let first = match &self.month {
            None => last,
            Some(text) => month(text).unwrap_or_else(|| {
                reader.fault("month", "is no month", "write it as 2026-10");
                last
            }),
        };
        let (from, to) = (first.to_string(), first.last_of_month().to_string());
        let (from, to) = reader.range(Some(&from), Some(&to), &organisation);
        let query = FigureQuery {
            sight: asker.sight(Right::Reports),
            from,
            to,
            organisation,
            ..FigureQuery::default()
        };
        Ok((query, first, reader.finish()?))
    }
}

fn month(text: &str) -> Option<Date> {
    (text.len() == 7).then(|| format!("{text}-01").parse().ok())?
}

impl SpecialtyActivity {
    fn add(&mut self, figure: &OutcomeFigure, specialty: &str, names: &Names) {
        self.total += figure.placed;
        let Some(outcome) = &figure.outcome else {
            self.without_outcome += figure.answered;
            return;
        };
        match names.activity(specialty, outcome) {
            Activity::Diverted => {
                self.processed += figure.placed;
                self.diverted += figure.placed;
            }
            Activity::Processed => self.processed += figure.placed,
            Activity::NotCounted => {}
        }
    }
}
