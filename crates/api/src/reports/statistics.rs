//! Home statistics: the last twelve months or any days, per specialty, each figure with its
//! definition beside it.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use jiff::Timestamp;
use rotaline_store::{OutcomeFigure, WaitFigure, wait_bucket_ms};
use serde::Serialize;
use utoipa::ToSchema;

use super::filter::FigureFilter;
use super::names::Names;
use super::{seconds, share};
use crate::ApiState;
use crate::access::Asker;
use crate::problem::ApiError;
use crate::refusals::ReportNotShown;

/// What the figures mean, in the order of printing.
const DEFINITIONS: [(&str, &str); 9] = [
    (
        "placed",
        "Calls that are over in which a specialty was chosen, by the day on which they came. A \
         caller who is rung back is one call.",
    ),
    (
        "answered",
        "Placed calls in which the caller was joined to a person. Our own answer, the menu and \
         voicemails are no answer.",
    ),
    ("connection_rate", "Answered calls of the placed ones."),
    (
        "median_wait_s",
        "Half of the answered calls waited no longer, from the choice of the specialty until they \
         were joined; exact to a tenth of a second, beyond ten minutes to ten seconds.",
    ),
    (
        "p90_wait_s",
        "Nine of ten answered calls waited no longer, measured likewise.",
    ),
    (
        "talk_s",
        "The time that callers and those whom they reached talked, all calls together.",
    ),
    ("mean_talk_s", "That time by the number of answered calls."),
    (
        "outcomes",
        "Answered calls by the outcome that counts, the last that was given.",
    ),
    (
        "completeness",
        "Answered calls with an outcome, of those of specialties whose outcome is asked for.",
    ),
];

/// The statistics of some days.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Statistics {
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    to: Timestamp,
    /// All calls in which a specialty was chosen.
    total: SpecialtyFigures,
    /// The same for each specialty.
    specialties: Vec<SpecialtyFigures>,
    /// Calls in which none was chosen: direct lines, practices by their code, callers who left.
    without_specialty: i64,
    definitions: Vec<Definition>,
}

/// What a figure means.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Definition {
    figure: &'static str,
    means: &'static str,
}

/// Figures of a specialty, or of all.
#[derive(Debug, Serialize, ToSchema)]
struct SpecialtyFigures {
    /// Null: all of them.
    specialty: Option<String>,
    name: Option<String>,
    placed: i64,
    answered: i64,
    /// 0 to 1; null: no calls.
    connection_rate: Option<f64>,
    median_wait_s: Option<f64>,
    p90_wait_s: Option<f64>,
    talk_s: f64,
    mean_talk_s: Option<f64>,
    outcomes: Vec<OutcomeCount>,
    /// 0 to 1; null: no calls whose outcome is asked for.
    completeness: Option<f64>,
}

/// Calls with an outcome.
#[derive(Debug, Serialize, ToSchema)]
struct OutcomeCount {
    /// Its id; `-`: not given.
    outcome: String,
    name: String,
    calls: i64,
}

/// Home statistics, with their definitions
///
/// Of calls that are over, as the database has them: some seconds behind.
#[utoipa::path(
    get,
    path = "/api/v1/reports/statistics",
    tag = "reports",
    params(FigureFilter),
    responses(
        (status = 200, description = "The statistics", body = Statistics),
        ReportNotShown,
    ),
    security(("token" = []))
)]
pub(crate) async fn statistics(
    State(state): State<ApiState>,
    asker: Asker,
    filter: Result<Query<FigureFilter>, QueryRejection>,
) -> Result<Json<Statistics>, ApiError> {
    let Query(filter) = filter.map_err(ApiError::bad_query)?;
    let asked = filter.check(&state, &asker, Timestamp::now())?;
    let reports = state.store.reports()?;
    let outcomes = reports.outcome_figures(asked.query.clone());
    let (outcomes, waits) = tokio::try_join!(outcomes, reports.wait_figures(asked.query))?;
    let (mut by_specialty, mut total) = (BTreeMap::new(), Sums::default());
    let mut without_specialty = 0;
    for figure in &outcomes {
        match &figure.specialty {
            Some(specialty) => {
                let sums: &mut Sums = by_specialty.entry(specialty.clone()).or_default();
                sums.add(figure, &asked.names);
                total.add(figure, &asked.names);
            }
            None => without_specialty += figure.placed,
        }
    }
    for figure in &waits {
        let sums = figure
            .specialty
            .as_ref()
            .and_then(|it| by_specialty.get_mut(it));
        if let Some(sums) = sums {
            sums.add_wait(figure);
            total.add_wait(figure);
        }
    }
    let specialty = |(id, sums): (String, Sums)| {
        let name = asked.names.specialty(&id).to_owned();
        sums.print(Some((id, name)))
    };
    Ok(Json(Statistics {
        from: asked.from,
        to: asked.to,
        total: total.print(None),
        specialties: by_specialty.into_iter().map(specialty).collect(),
        without_specialty,
        definitions: definitions(&DEFINITIONS),
    }))
}

pub(super) fn definitions(list: &[(&'static str, &'static str)]) -> Vec<Definition> {
    let definition = |&(figure, means): &(&'static str, &'static str)| Definition { figure, means };
    list.iter().map(definition).collect()
}

/// Sums on their way to figures.
#[derive(Debug, Default)]
struct Sums {
    placed: i64,
    answered: i64,
    talk_ms: i64,
    /// Answered calls by outcome, with its name.
    outcomes: BTreeMap<(String, String), i64>,
    asked: i64,
    given: i64,
    waits: BTreeMap<i64, i64>,
}

impl Sums {
    fn add(&mut self, figure: &OutcomeFigure, names: &Names) {
        self.placed += figure.placed;
        self.answered += figure.answered;
        self.talk_ms += figure.talk_ms;
        let id = figure.outcome.as_deref().unwrap_or(crate::json::NO_OUTCOME);
        let name = names.outcome(figure.specialty.as_deref(), id);
        if figure.answered > 0 {
            let key = (id.to_owned(), name.to_owned());
            *self.outcomes.entry(key).or_default() += figure.answered;
        }
        if figure
            .specialty
            .as_deref()
            .is_some_and(|id| names.has_menu(id))
        {
            self.asked += figure.answered;
            self.given += figure.outcome.as_ref().map_or(0, |_| figure.answered);
        }
    }

    fn add_wait(&mut self, figure: &WaitFigure) {
        *self.waits.entry(figure.bucket).or_default() += figure.calls;
    }

    /// The shortest wait that so many of a hundred calls did not exceed.
    fn wait_s(&self, per_cent: i64) -> Option<f64> {
        let all: i64 = self.waits.values().sum();
        let mut left = (all * per_cent + 99) / 100;
        let mut waits = self.waits.iter();
        let bucket = waits.find(|(_, calls)| {
            left -= **calls;
            left <= 0
        });
        bucket.map(|(bucket, _)| seconds(wait_bucket_ms(*bucket)))
    }

    fn print(self, specialty: Option<(String, String)>) -> SpecialtyFigures {
        let (specialty, name) = specialty.unzip();
        let (median_wait_s, p90_wait_s) = (self.wait_s(50), self.wait_s(90));
        let count = |((outcome, name), calls)| OutcomeCount {
            outcome,
            name,
            calls,
        };
        let mean_ms = self.talk_ms.checked_div(self.answered);
        SpecialtyFigures {
            specialty,
            name,
            placed: self.placed,
            answered: self.answered,
            connection_rate: share(self.answered, self.placed),
            median_wait_s,
            p90_wait_s,
            talk_s: seconds(self.talk_ms),
            mean_talk_s: mean_ms.map(seconds),
            outcomes: self.outcomes.into_iter().map(count).collect(),
            completeness: share(self.given, self.asked),
        }
    }
}
