//! Attempts, one by one: who was rung, why they were, and what became of it.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use jiff::Timestamp;
use rotaline_model::{OrganisationId, PersonId, SpecialtyId};
use rotaline_record::AttemptResult;
use rotaline_store::{AttemptLine, AttemptPosition, AttemptQuery};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::filter::Reader;
use super::names::Names;
use super::seconds;
use crate::ApiState;
use crate::access::{Asker, Right};
use crate::problem::ApiError;
use crate::refusals::ReportNotShown;

/// What became of an attempt, in plain words.
fn words(result: AttemptResult) -> &'static str {
    match result {
        AttemptResult::Accepted => "Accepted",
        AttemptResult::NoAnswer => "Rang out",
        AttemptResult::Busy => "Busy",
        AttemptResult::Refused => "Refused by the phone or the network",
        AttemptResult::NoSuchNumber => "The number is not in use",
        AttemptResult::Unreachable => "The network did not reply in time",
        AttemptResult::PassedOn => "Passed on",
        AttemptResult::NotAccepted => "Answered, but nobody accepted: a voicemail, perhaps",
        AttemptResult::HungUp => "Answered, and hung up before accepting",
        AttemptResult::DivertedToUs => "The phone is diverted to us",
        AttemptResult::Paused => "They paused their calls while it rang",
        AttemptResult::Abandoned => {
            "Not needed any more: the caller left, or a colleague was faster"
        }
        AttemptResult::Fault => "A fault of ours",
    }
}

fn result(name: &str) -> Result<AttemptResult, serde_json::Error> {
    serde_json::from_value(serde_json::Value::String(name.to_owned()))
}

/// Which attempts.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AttemptFilter {
    /// The first day of the calls (`2026-11-01`, on the organisation's clock), or an instant.
    from: Option<String>,
    /// The last day (`2026-11-30`: that day too), or an instant (before it).
    to: Option<String>,
    /// Of this organisation.
    organisation: Option<String>,
    /// Of this specialty.
    specialty: Option<String>,
    /// On phones of this person.
    person: Option<String>,
    /// With this result, e.g. `no_answer`.
    result: Option<String>,
    /// At most so many: 1 to 200, 50 by default.
    limit: Option<String>,
    /// `next` of the page before.
    after: Option<String>,
}

/// A page of attempts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AttemptPage {
    /// Those of the newest calls first, and each call's last first.
    attempts: Vec<AttemptJson>,
    /// To be sent as `after` for the next page; null: this was the last.
    next: Option<String>,
}

/// An attempt.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReportAttempt)]
struct AttemptJson {
    /// The call.
    #[schema(format = "uuid")]
    call: String,
    /// From 1 within the call.
    number: i64,
    /// When the phone was dialled.
    #[schema(value_type = String, format = DateTime)]
    started_at: Timestamp,
    specialty: Option<String>,
    specialty_name: Option<String>,
    /// Null: a line that is nobody's.
    person: Option<String>,
    name: Option<String>,
    /// Which kind of phone.
    phone: String,
    /// The round of the hunt.
    round: i64,
    /// Why this one was tried.
    reason: String,
    ring_s: Option<f64>,
    /// Null: it is not over yet, or was interrupted.
    result: Option<String>,
    /// The same in plain words.
    result_words: Option<&'static str>,
    /// Whether it was sought for the caller: their own phone, rung first, is not.
    sought: bool,
}

/// Attempts, with the reason and the result of each
///
/// As the database has them: some seconds behind.
#[utoipa::path(
    get,
    path = "/api/v1/reports/attempts",
    tag = "reports",
    params(AttemptFilter),
    responses(
        (status = 200, description = "A page of attempts", body = AttemptPage),
        ReportNotShown,
    ),
    security(("token" = []))
)]
pub(crate) async fn attempts(
    State(state): State<ApiState>,
    asker: Asker,
    filter: Result<Query<AttemptFilter>, QueryRejection>,
) -> Result<Json<AttemptPage>, ApiError> {
    let Query(filter) = filter.map_err(ApiError::bad_query)?;
    let (query, names) = filter.check(&state, &asker)?;
    let limit = query.bound - 1;
    let mut lines = state.store.attempts(query).await?;
    let more = lines.len() > limit;
    lines.truncate(limit);
    let position = |line: &AttemptLine| AttemptPosition::of(line).to_string();
    Ok(Json(AttemptPage {
        next: lines.last().filter(|_| more).map(position),
        attempts: lines
            .into_iter()
            .map(|line| AttemptJson::of(line, &names))
            .collect(),
    }))
}

impl AttemptFilter {
    fn check(self, state: &ApiState, asker: &Asker) -> Result<(AttemptQuery, Names), ApiError> {
        let mut reader = Reader::new(state.plan.current());
        let organisation = self.organisation.as_deref();
        let organisation = reader.parsed("organisation", organisation, OrganisationId::parse);
        let (from, to) = reader.range(self.from.as_deref(), self.to.as_deref(), &organisation);
        let wanted = self.result.as_deref();
        let wanted = reader.parsed("result", wanted, |name| {
            result(name).map(|_| name.to_owned())
        });
        let query = AttemptQuery {
            sight: asker.sight(Right::Reports),
            from,
            to,
            organisation,
            specialty: reader.parsed("specialty", self.specialty.as_deref(), SpecialtyId::parse),
            person: reader.parsed("person", self.person.as_deref(), PersonId::parse),
            result: wanted,
            after: reader.parsed("after", self.after.as_deref(), str::parse),
            // One more tells whether there is another page.
            bound: reader.limit(self.limit.as_deref()) + 1,
        };
        Ok((query, reader.finish()?))
    }
}

impl AttemptJson {
    fn of(line: AttemptLine, names: &Names) -> Self {
        AttemptJson {
            call: line.case.to_string(),
            number: line.number,
            started_at: Timestamp::from_microsecond(line.started_us).unwrap_or_default(),
            specialty_name: line
                .specialty
                .as_deref()
                .map(|id| names.specialty(id).to_owned()),
            specialty: line.specialty,
            name: line.person.as_deref().map(|id| names.person(id).to_owned()),
            person: line.person,
            phone: line.phone,
            round: line.round,
            reason: line.reason,
            ring_s: line.ring_ms.map(seconds),
            result_words: line
                .result
                .as_deref()
                .and_then(|name| result(name).ok().map(words)),
            result: line.result,
            sought: line.sought,
        }
    }
}
