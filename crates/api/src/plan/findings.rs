//! What is amiss with the rotas of some dates, before a caller finds out (SERVICE "Rota"): nobody
//! or one person on, people on two rotas, phones that have not answered for 30 days.
//!
//! Which of somebody's phones of one kind answered is not known: they are judged together.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use rotaline_record::PhoneKind;
use rotaline_routing::{self as routing, Finding, PhoneAddress, Plan, check};
use rotaline_store::PhoneUse;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::rotas::{asked, bad, date};
use crate::ApiState;
use crate::problem::ApiError;
use crate::refusals::PlanNotShown;

/// Days that are looked at in one go.
const MOST_DAYS: i32 = 100;

/// Which dates, of which rota.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Span {
    /// The first date, as in 2026-10-26.
    from: String,
    /// The last one; at most 100 days.
    to: String,
    /// The specialty's id; left out: every rota, and everybody's phones.
    specialty: Option<String>,
}

/// What is amiss.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Findings {
    /// In the order of the dates.
    findings: Vec<Found>,
    /// False while the database is away: then no phone is judged.
    complete: bool,
}

/// Something that is amiss.
#[derive(Debug, Serialize, ToSchema)]
struct Found {
    /// For programs, e.g. `"gap"` or `{"one_person": "ann"}`.
    #[schema(value_type = Object)]
    problem: routing::Problem,
    /// For people.
    words: String,
    /// Where, dotted as in a plan file.
    place: String,
    #[schema(value_type = String, format = "date-time")]
    from: Timestamp,
    #[schema(value_type = String, format = "date-time")]
    until: Timestamp,
    /// What would be right.
    remedy: String,
}

/// What is amiss with the rotas of some dates
#[utoipa::path(
    get,
    path = "/api/v1/plan/findings",
    tag = "rotas",
    params(Span),
    responses((status = 200, description = "What is amiss", body = Findings), PlanNotShown),
    security(("token" = []))
)]
pub(crate) async fn findings(
    State(state): State<ApiState>,
    query: Result<Query<Span>, QueryRejection>,
) -> Result<Json<Findings>, ApiError> {
    let span = asked(query)?;
    let (first, last) = (date("from", &span.from)?, date("to", &span.to)?);
    let latest = first.checked_add((MOST_DAYS - 1).days());
    if last < first || latest.is_ok_and(|latest| last > latest) {
        return Err(bad(format!("to: from `from` on, at most {MOST_DAYS} days")));
    }
    let plan = state.plan.current().plan.clone();
    let rota = span.specialty.as_deref();
    let is_known = |id| plan.specialties().any(|it| it.id.as_str() == id);
    if !rota.is_none_or(is_known) {
        return Err(ApiError::NoSuchItem);
    }
    let (answered, complete) = match state.store.phone_uses().await {
        Ok(uses) => (answered(&plan, &uses), true),
        Err(error) => {
            tracing::warn!(%error, "phones are not judged");
            (BTreeMap::new(), false)
        }
    };
    let found = found(plan, first, last, answered).await;
    let findings = found.into_iter().filter(|it| is_of(it, rota));
    Ok(Json(Findings {
        findings: findings.map(Found::from).collect(),
        complete,
    }))
}

/// Off the threads that answer: it is a walk over every minute that matters of every rota.
async fn found(
    plan: std::sync::Arc<Plan>,
    first: Date,
    last: Date,
    answered: BTreeMap<PhoneAddress, Timestamp>,
) -> Vec<Finding> {
    let now = Timestamp::now();
    let walk = move || check(&plan, first, last, &answered, now);
    match tokio::task::spawn_blocking(walk).await {
        Ok(found) => found,
        Err(failed) => std::panic::resume_unwind(failed.into_panic()),
    }
}

/// When each phone of the plan answered last or, if it never did, was rung first.
fn answered(plan: &Plan, uses: &[PhoneUse]) -> BTreeMap<PhoneAddress, Timestamp> {
    let mut answered = BTreeMap::new();
    for it in uses {
        let Some(person) = plan.person(&it.person) else {
            continue;
        };
        let at = it.answered_at.unwrap_or(it.first_rung_at);
        let phones = person.phones.iter();
        for phone in phones.filter(|phone| kind_of(phone.kind) == it.kind) {
            // A phone that colleagues share has answered when it did for one of them.
            let last = answered.entry(phone.to.clone()).or_insert(at);
            *last = at.max(*last);
        }
    }
    answered
}

fn kind_of(kind: routing::PhoneKind) -> PhoneKind {
    match kind {
        routing::PhoneKind::Mobile => PhoneKind::Mobile,
        routing::PhoneKind::Desk => PhoneKind::Desk,
        routing::PhoneKind::Home => PhoneKind::Home,
        routing::PhoneKind::App => PhoneKind::App,
    }
}

/// Whether it is about a rota; without one, everything is meant.
fn is_of(finding: &Finding, specialty: Option<&str>) -> bool {
    specialty.is_none_or(|id| {
        let mut parts = finding.place.split('.');
        parts.next() == Some("specialty") && parts.next() == Some(id)
    })
}

impl From<Finding> for Found {
    fn from(finding: Finding) -> Found {
        Found {
            words: finding.problem.to_string(),
            problem: finding.problem,
            place: finding.place,
            from: finding.from,
            until: finding.until,
            remedy: finding.remedy,
        }
    }
}
