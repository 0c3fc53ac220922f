//! A rota edited as its editors think of it: a session, a day, a week; two sessions swapped; a week
//! copied (SERVICE "Rota").
//!
//! Each is a change of the specialty, with its version: `If-Match` as for the specialty itself. One
//! without `If-Match` is made on whatever there is, and never over somebody else's.

use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use jiff::civil::Date;
use rotaline_model::PersonId;
use rotaline_routing::{
    EditedDates, Fault, Item, NotCopied, OnPart, RotaPart, SwapOn, copied_week, week,
};
use rotaline_store::Expected;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::desk::{NotChanged, Wish};
use super::history::refused;
use super::resource::{expected, explain};
use super::rotas::{Rota, asked, date};
use crate::ApiState;
use crate::access::{Asker, Right};
use crate::problem::ApiError;
use crate::refusals::PlanNotChanged;

/// How often an edit without `If-Match` is made anew where somebody else was faster.
const TRIES: u32 = 3;

/// Who is on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OnWish {
    /// Ids of people, in the order of ringing; empty: nobody.
    #[schema(example = json!(["ann", "ben"]))]
    people: Vec<String>,
    /// Times in place of the usual ones, as in `09:00-13:00`; left out: the usual ones.
    #[serde(default)]
    times: Vec<String>,
}

/// Two people exchange two sessions.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SwapWish {
    /// Whose session the first one is.
    first: String,
    /// What the first gives to the second.
    gives: SessionWish,
    /// Whose session the other one is.
    second: String,
    /// What the first takes from the second.
    takes: SessionWish,
}

/// A session of a date.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SessionWish {
    /// As in 2026-10-26.
    date: String,
    /// Its name, e.g. `AM`.
    session: String,
}

/// A week to copy.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CopyWish {
    /// A date in the week that is copied.
    from: String,
    /// A date in the week that becomes like it.
    to: String,
}

/// Which sessions of a week.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct OfWeek {
    /// The name of a session; left out: whole days.
    session: Option<String>,
}

/// What an edit is answered with.
#[derive(Clone, Copy)]
enum Shown {
    Day(Date),
    Week(Date),
}

/// Say who is on a session of a date
#[utoipa::path(put, path = "/api/v1/rotas/{specialty}/dates/{date}/sessions/{session}",
    tag = "rotas",
    params(("specialty" = String, Path, description = "The specialty's id"),
        ("date" = String, Path, description = "As in 2026-10-26"),
        ("session" = String, Path, description = "Its name; a new one needs times"),
        ("If-Match" = Option<String>, Header, description = "The specialty's ETag")),
    request_body = OnWish,
    responses((status = 200, description = "The day as it is now", body = Object), PlanNotChanged),
    security(("token" = [])))]
pub(crate) async fn put_session(
    State(state): State<ApiState>,
    asker: Asker,
    Path((id, day, session)): Path<(String, String, String)>,
    headers: HeaderMap,
    wish: Result<Json<OnWish>, JsonRejection>,
) -> Result<Response, ApiError> {
    let (day, Json(wish)) = (date("date", &day)?, wish.map_err(explain)?);
    let part = part(EditedDates::Date(day), Some(session));
    put((&state, &asker), &id, &headers, part, wish, Shown::Day(day)).await
}

/// Let a session of a date be as usual again
#[utoipa::path(delete, path = "/api/v1/rotas/{specialty}/dates/{date}/sessions/{session}",
    tag = "rotas",
    params(("specialty" = String, Path, description = "The specialty's id"),
        ("date" = String, Path, description = "As in 2026-10-26"),
        ("session" = String, Path, description = "Its name"),
        ("If-Match" = Option<String>, Header, description = "The specialty's ETag")),
    responses((status = 200, description = "The day as it is now", body = Object), PlanNotChanged),
    security(("token" = [])))]
pub(crate) async fn delete_session(
    State(state): State<ApiState>,
    asker: Asker,
    Path((id, day, session)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let day = date("date", &day)?;
    let part = part(EditedDates::Date(day), Some(session));
    delete((&state, &asker), &id, &headers, part, Shown::Day(day)).await
}

/// Say who is on all of a date
///
/// In place of what was said of its sessions.
#[utoipa::path(put, path = "/api/v1/rotas/{specialty}/dates/{date}", tag = "rotas",
    params(("specialty" = String, Path, description = "The specialty's id"),
        ("date" = String, Path, description = "As in 2026-10-26"),
        ("If-Match" = Option<String>, Header, description = "The specialty's ETag")),
    request_body = OnWish,
    responses((status = 200, description = "The day as it is now", body = Object), PlanNotChanged),
    security(("token" = [])))]
pub(crate) async fn put_day(
    State(state): State<ApiState>,
    asker: Asker,
    Path((id, day)): Path<(String, String)>,
    headers: HeaderMap,
    wish: Result<Json<OnWish>, JsonRejection>,
) -> Result<Response, ApiError> {
    let (day, Json(wish)) = (date("date", &day)?, wish.map_err(explain)?);
    let part = part(EditedDates::Date(day), None);
    put((&state, &asker), &id, &headers, part, wish, Shown::Day(day)).await
}

/// Let a date be as usual again, its sessions too
#[utoipa::path(delete, path = "/api/v1/rotas/{specialty}/dates/{date}", tag = "rotas",
    params(("specialty" = String, Path, description = "The specialty's id"),
        ("date" = String, Path, description = "As in 2026-10-26"),
        ("If-Match" = Option<String>, Header, description = "The specialty's ETag")),
    responses((status = 200, description = "The day as it is now", body = Object), PlanNotChanged),
    security(("token" = [])))]
pub(crate) async fn delete_day(
    State(state): State<ApiState>,
    asker: Asker,
    Path((id, day)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let day = date("date", &day)?;
    let part = part(EditedDates::Date(day), None);
    delete((&state, &asker), &id, &headers, part, Shown::Day(day)).await
}

/// Say who is on all of a week, or on one session of each of its days
///
/// What was said of a single date of it still holds there.
#[utoipa::path(put, path = "/api/v1/rotas/{specialty}/weeks/{date}", tag = "rotas",
    params(("specialty" = String, Path, description = "The specialty's id"),
        ("date" = String, Path, description = "A date in it, as in 2026-10-26"), OfWeek,
        ("If-Match" = Option<String>, Header, description = "The specialty's ETag")),
    request_body = OnWish,
    responses((status = 200, description = "The week as it is now", body = Object),
        PlanNotChanged),
    security(("token" = [])))]
pub(crate) async fn put_week(
    State(state): State<ApiState>,
    asker: Asker,
    Path((id, day)): Path<(String, String)>,
    query: Result<Query<OfWeek>, QueryRejection>,
    headers: HeaderMap,
    wish: Result<Json<OnWish>, JsonRejection>,
) -> Result<Response, ApiError> {
    let (day, Json(wish)) = (date("date", &day)?, wish.map_err(explain)?);
    let part = part(EditedDates::Week(day), asked(query)?.session);
    put(
        (&state, &asker),
        &id,
        &headers,
        part,
        wish,
        Shown::Week(day),
    )
    .await
}

/// Let a week be as usual again
#[utoipa::path(delete, path = "/api/v1/rotas/{specialty}/weeks/{date}", tag = "rotas",
    params(("specialty" = String, Path, description = "The specialty's id"),
        ("date" = String, Path, description = "A date in it, as in 2026-10-26"), OfWeek,
        ("If-Match" = Option<String>, Header, description = "The specialty's ETag")),
    responses((status = 200, description = "The week as it is now", body = Object),
        PlanNotChanged),
    security(("token" = [])))]
pub(crate) async fn delete_week(
    State(state): State<ApiState>,
    asker: Asker,
    Path((id, day)): Path<(String, String)>,
    query: Result<Query<OfWeek>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let day = date("date", &day)?;
    let part = part(EditedDates::Week(day), asked(query)?.session);
    delete((&state, &asker), &id, &headers, part, Shown::Week(day)).await
}

/// Swap two sessions between two people
#[utoipa::path(post, path = "/api/v1/rotas/{specialty}/swaps", tag = "rotas",
    params(("specialty" = String, Path, description = "The specialty's id"),
        ("If-Match" = Option<String>, Header, description = "The specialty's ETag")),
    request_body = SwapWish,
    responses((status = 200, description = "The week of what the first gives, as it is now",
        body = Object), PlanNotChanged),
    security(("token" = [])))]
pub(crate) async fn swap(
    State(state): State<ApiState>,
    asker: Asker,
    Path(id): Path<String>,
    headers: HeaderMap,
    wish: Result<Json<SwapWish>, JsonRejection>,
) -> Result<Response, ApiError> {
    let Json(wish) = wish.map_err(explain)?;
    let gives = (date("gives.date", &wish.gives.date)?, wish.gives.session);
    let takes = (date("takes.date", &wish.takes.date)?, wish.takes.session);
    let shown = Shown::Week(gives.0);
    let swap = SwapOn {
        first: wish.first,
        gives,
        second: wish.second,
        takes,
    };
    let edit = |rota: &Rota, item: &Item| {
        let (first, second) = (&swap.first, &swap.second);
        let halves = [
            ("gives", &swap.gives, first),
            ("takes", &swap.takes, second),
        ];
        for (field, (date, session), person) in halves {
            if !is_on(rota, *date, session, person)? {
                let problem = format!("{person} is not on {session} of {date}");
                let remedy = "name a session that the person who gives it is on";
                return Err(faulty(rota, field, &problem, remedy));
            }
        }
        Ok(item.with_swap(&swap))
    };
    edited((&state, &asker), &id, &headers, shown, edit).await
}

/// Copy a week
///
/// The sessions of the week become those of the other, after its overrides and swaps. Hours and
/// absences are not copied.
#[utoipa::path(post, path = "/api/v1/rotas/{specialty}/copies", tag = "rotas",
    params(("specialty" = String, Path, description = "The specialty's id"),
        ("If-Match" = Option<String>, Header, description = "The specialty's ETag")),
    request_body = CopyWish,
    responses((status = 200, description = "The week as it is now", body = Object),
        PlanNotChanged),
    security(("token" = [])))]
pub(crate) async fn copy(
    State(state): State<ApiState>,
    asker: Asker,
    Path(id): Path<String>,
    headers: HeaderMap,
    wish: Result<Json<CopyWish>, JsonRejection>,
) -> Result<Response, ApiError> {
    let Json(wish) = wish.map_err(explain)?;
    let (from, to) = (date("from", &wish.from)?, date("to", &wish.to)?);
    let edit = |rota: &Rota, _: &Item| {
        let edition = &rota.edition;
        let copied = copied_week(&edition.plan, &edition.items, rota.id.as_str(), from, to);
        copied.map_err(|reason| not_copied(rota, reason))
    };
    edited((&state, &asker), &id, &headers, Shown::Week(to), edit).await
}

fn part(on: EditedDates, session: Option<String>) -> RotaPart {
    RotaPart { on, session }
}

async fn put(
    (state, asker): (&ApiState, &Asker),
    id: &str,
    headers: &HeaderMap,
    part: RotaPart,
    wish: OnWish,
    shown: Shown,
) -> Result<Response, ApiError> {
    let OnWish { people, times } = wish;
    let on = OnPart { people, times };
    let edit = |rota: &Rota, item: &Item| {
        if let (EditedDates::Date(date), Some(session)) = (part.on, &part.session)
            && on.times.is_empty()
            && !is_there(rota, date, session)?
        {
            let problem = format!("no session {session} begins on {date}");
            let remedy = "name one of that day, or give it times";
            return Err(faulty(rota, "session", &problem, remedy));
        }
        Ok(item.with_override(&part, &on))
    };
    edited((state, asker), id, headers, shown, edit).await
}

async fn delete(
    (state, asker): (&ApiState, &Asker),
    id: &str,
    headers: &HeaderMap,
    part: RotaPart,
    shown: Shown,
) -> Result<Response, ApiError> {
    let edit = |_: &Rota, item: &Item| item.without_override(&part).ok_or(ApiError::NoSuchItem);
    edited((state, asker), id, headers, shown, edit).await
}

/// Makes an edit, and shows what came of it.
async fn edited(
    (state, asker): (&ApiState, &Asker),
    id: &str,
    headers: &HeaderMap,
    shown: Shown,
    edit: impl Fn(&Rota, &Item) -> Result<Item, ApiError>,
) -> Result<Response, ApiError> {
    let believed = expected(headers)?;
    let mut tries = 0;
    loop {
        tries += 1;
        let rota = Rota::find((state, asker), Right::EditRotas, id)?;
        let key = rota.key();
        let item = rota.edition.items.get(&key).ok_or(ApiError::NoSuchItem)?;
        let item = Some(edit(&rota, item)?);
        let expected = match believed {
            Expected::Anything => Expected::Version(rota.version()),
            Expected::Version(_) | Expected::Absent => believed,
        };
        let wish = Wish {
            key,
            item,
            expected,
        };
        let change = state.plan.change(vec![wish], asker.name());
        return match change.await {
            Ok(edition) => show(Rota { edition, ..rota }, shown),
            Err(NotChanged::Conflict { .. }) if believed == Expected::Anything && tries < TRIES => {
                continue;
            }
            Err(reason) => Err(refused(state, reason).await),
        };
    }
}

fn show(rota: Rota, shown: Shown) -> Result<Response, ApiError> {
    let of_week = |date| Ok::<_, ApiError>(week(&rota.edition.plan, rota.specialty()?, date));
    Ok(match shown {
        Shown::Week(date) => rota.shows(of_week(date)?),
        Shown::Day(date) => {
            let day = of_week(date)?.into_iter().find(|day| day.date == date);
            rota.shows(day)
        }
    })
}

fn is_there(rota: &Rota, date: Date, session: &str) -> Result<bool, ApiError> {
    let days = week(&rota.edition.plan, rota.specialty()?, date);
    let mut sessions = days.iter().flat_map(|day| &day.sessions);
    Ok(sessions.any(|it| it.date == date && it.name.eq_ignore_ascii_case(session)))
}

fn is_on(rota: &Rota, date: Date, session: &str, person: &str) -> Result<bool, ApiError> {
    let Ok(person) = PersonId::parse(person) else {
        return Ok(false);
    };
    let days = week(&rota.edition.plan, rota.specialty()?, date);
    let sessions = days.iter().flat_map(|day| &day.sessions);
    let mut named = sessions.filter(|it| it.date == date && it.name.eq_ignore_ascii_case(session));
    Ok(named.any(|session| session.people.iter().any(|turn| turn.person == person)))
}

fn not_copied(rota: &Rota, reason: NotCopied) -> ApiError {
    let problem = reason.to_string();
    let remedy = match reason {
        NotCopied::NoSuchSpecialty => return ApiError::NoSuchItem,
        NotCopied::Faults(faults) => return ApiError::Faults(faults),
        NotCopied::SameWeek => "name another week",
        NotCopied::Swapped(_) => "take the swap out first",
        NotCopied::NotExpressible(_) => "set this day by itself, then copy the others by days",
    };
    faulty(rota, "to", &problem, remedy)
}

fn faulty(rota: &Rota, field: &str, problem: &str, remedy: &str) -> ApiError {
    ApiError::Faults(vec![Fault {
        file: rota.key().to_string(),
        key: field.to_owned(),
        problem: problem.to_owned(),
        remedy: remedy.to_owned(),
    }])
}
