//! Lines of reports. Each question walks one index in its order, from a position on, so
//! that a page costs the same wherever it is.

use std::sync::LazyLock;

use rotaline_model::{Pii, SpecialtyId};
use sqlx::{QueryBuilder, Row as _};
use uuid::Uuid;

use super::dialect::{Db, FALSE, FIRST_THEN, Row, TRUE, Tables, bounded, text};
use super::rows::{Bound, Upsert};
use super::{figures, sight};
use crate::reports::{
    AttemptFigure, AttemptQuery, Connected, Direction, FigureQuery, LineOrder, LineQuery,
    OutcomeFigure, OwedFigure, QuarterFigure, ReportStorage, SortBy, WaitFigure,
};
use crate::storage::name_of;
use crate::{AttemptLine, CallLine, CaseState, OutcomeFilter, Pending, PracticeFilter, StoreError};

const CALL_COLUMNS: &str = "c.opened_us, c.id, c.closed, c.connected, c.patient, c.gender, \
    c.caller, c.practice, c.area, c.specialty, c.specialist, c.organisation, c.refs, c.wait_ms, \
    c.talk_ms, c.outcome, c.end_cause, c.recorded";

pub(super) static CALLS: LazyLock<Upsert> = LazyLock::new(|| {
    Upsert::new(
        "report_calls",
        "opened_us, id, closed, connected, patient, gender, caller, practice, area, specialty, \
         specialist, organisation, refs, wait_ms, talk_ms, outcome, end_cause, recorded",
        "ON CONFLICT (opened_us, id) DO UPDATE SET closed = excluded.closed, \
         connected = excluded.connected, patient = excluded.patient, gender = excluded.gender, \
         caller = excluded.caller, practice = excluded.practice, area = excluded.area, \
         specialty = excluded.specialty, specialist = excluded.specialist, \
         organisation = excluded.organisation, refs = excluded.refs, \
         wait_ms = excluded.wait_ms, talk_ms = excluded.talk_ms, outcome = excluded.outcome, \
         end_cause = excluded.end_cause, recorded = excluded.recorded",
    )
});

pub(super) static ATTEMPTS: LazyLock<Upsert> = LazyLock::new(|| {
    Upsert::new(
        "report_attempts",
        "opened_us, case_id, number, started_us, organisation, specialty, person, phone, round, \
         reason, ring_ms, result, sought, party",
        "ON CONFLICT (opened_us, case_id, number) DO UPDATE SET \
         organisation = excluded.organisation, specialty = excluded.specialty, \
         ring_ms = excluded.ring_ms, result = excluded.result, sought = excluded.sought, \
         party = excluded.party",
    )
});

pub(super) fn bind_call(query: Bound, line: CallLine) -> Bound {
    query
        .bind(line.opened_us)
        .bind(line.case.uuid())
        .bind(line.closed)
        .bind(line.connected)
        .bind(line.patient.map(Pii::into_inner))
        .bind(line.gender)
        .bind(line.caller.map(Pii::into_inner).map(text))
        .bind(line.practice)
        .bind(line.area.map(text))
        .bind(line.specialty)
        .bind(line.specialist)
        .bind(line.organisation)
        .bind(line.refs)
        .bind(line.wait_ms.unwrap_or(-1))
        .bind(line.talk_ms)
        .bind(line.outcome.map(text))
        .bind(line.end_cause)
        .bind(line.recorded)
}

pub(super) fn bind_attempt(query: Bound, line: AttemptLine) -> Bound {
    query
        .bind(line.opened_us)
        .bind(line.case.uuid())
        .bind(line.number)
        .bind(line.started_us)
        .bind(line.organisation)
        .bind(line.specialty)
        .bind(line.person)
        .bind(line.phone)
        .bind(line.round)
        .bind(text(line.reason))
        .bind(line.ring_ms)
        .bind(line.result)
        .bind(line.sought)
        .bind(line.party)
}

impl ReportStorage for Tables {
    fn call_lines(&self, query: LineQuery, bound: usize) -> Pending<'_, Vec<CallLine>> {
        bounded(async move {
            let mut sql = listing(query, bound);
            let rows = sql.build().fetch_all(&self.readers).await?;
            rows.iter().map(call_line).collect()
        })
    }

    fn attempt_lines(&self, query: AttemptQuery) -> Pending<'_, Vec<AttemptLine>> {
        bounded(async move {
            let mut sql = attempts(query);
            let rows = sql.build().fetch_all(&self.readers).await?;
            rows.iter().map(attempt_line).collect()
        })
    }

    fn outcome_figures(&self, query: FigureQuery) -> Pending<'_, Vec<OutcomeFigure>> {
        bounded(figures::outcomes(&self.readers, query))
    }

    fn wait_figures(&self, query: FigureQuery) -> Pending<'_, Vec<WaitFigure>> {
        bounded(figures::waits(&self.readers, query))
    }

    fn quarter_figures(&self, query: FigureQuery) -> Pending<'_, Vec<QuarterFigure>> {
        bounded(figures::quarters(&self.readers, query))
    }

    fn attempt_figures(&self, query: FigureQuery) -> Pending<'_, Vec<AttemptFigure>> {
        bounded(figures::attempts(&self.readers, query))
    }

    fn owed_figures(&self, query: FigureQuery) -> Pending<'_, Vec<OwedFigure>> {
        bounded(figures::owed(&self.readers, query))
    }
}

fn listing(query: LineQuery, bound: usize) -> QueryBuilder<Db> {
    let mut sql = QueryBuilder::new("SELECT ");
    sql.push(CALL_COLUMNS);
    let sorted = query.order.by != SortBy::Opened;
    if sorted {
        // What is to be sorted is keys, not lines: the lines of those that are left come then.
        sql.push(" FROM (SELECT c.opened_us AS o, c.id AS i");
    }
    // The same instants stand in both tables; those of the one that is walked narrow the walk.
    let walked = match query.party {
        Some(ref party) => {
            of_party(&mut sql, party.as_str());
            "a"
        }
        None => {
            sql.push(" FROM report_calls c WHERE TRUE");
            "c"
        }
    };
    if let Some(from) = query.from {
        sql.push(format_args!(" AND {walked}.opened_us >= "))
            .push_bind(from.as_microsecond());
    }
    if let Some(to) = query.to {
        sql.push(format_args!(" AND {walked}.opened_us < "))
            .push_bind(to.as_microsecond());
    }
    sight::within(&mut sql, &query.sight, "c", "id");
    narrow(&mut sql, &query);
    beyond(&mut sql, &query, walked);
    let order = order(query.order, walked);
    sql.push(&order).push(" LIMIT ");
    sql.push_bind(i64::try_from(bound).unwrap_or(i64::MAX));
    if sorted {
        sql.push(format_args!(
            ") k {FIRST_THEN} report_calls c ON c.opened_us = k.o AND c.id = k.i"
        ));
        sql.push(order);
    }
    sql
}

fn narrow(sql: &mut QueryBuilder<Db>, query: &LineQuery) {
    let ids = [
        (
            "organisation",
            query.organisation.as_ref().map(ToString::to_string),
        ),
        (
            "specialty",
            query.specialty.as_ref().map(ToString::to_string),
        ),
        ("gender", query.gender.as_ref().and_then(name_of)),
        ("area", query.area.clone().map(text)),
        (
            "specialist",
            query.specialist.as_ref().map(ToString::to_string),
        ),
    ];
    for (column, id) in ids {
        if let Some(id) = id {
            sql.push(format_args!(" AND c.{column} = ")).push_bind(id);
        }
    }
    match &query.practice {
        Some(PracticeFilter::Is(practice)) => {
            sql.push(" AND c.practice = ")
                .push_bind(practice.to_string());
        }
        Some(PracticeFilter::Unknown) => {
            sql.push(" AND c.practice IS NULL");
        }
        None => {}
    }
    match &query.outcome {
        Some(OutcomeFilter::Is(outcome)) => {
            sql.push(" AND c.outcome = ")
                .push_bind(text(outcome.clone()));
        }
        Some(OutcomeFilter::Missing) => {
            sql.push(" AND c.outcome IS NULL");
        }
        None => {}
    }
    if let Some(specialties) = &query.owing {
        owed_by(sql, specialties);
    }
    // Written out, since a partial index is used only for what its condition says.
    match query.connected {
        Some(Connected::Yes) => {
            sql.push(" AND c.connected = ").push(TRUE);
        }
        Some(Connected::No) => {
            sql.push(" AND c.connected = ").push(FALSE);
        }
        None => {}
    }
    match query.state {
        Some(CaseState::Open) => {
            sql.push(" AND c.closed = ").push(FALSE);
        }
        Some(CaseState::Closed) => {
            sql.push(" AND c.closed = ").push(TRUE);
        }
        None => {}
    }
}

/// Only those without an outcome, of these specialties.
fn owed_by(sql: &mut QueryBuilder<Db>, specialties: &[SpecialtyId]) {
    sql.push(" AND c.outcome IS NULL AND ");
    if specialties.is_empty() {
        sql.push(FALSE);
        return;
    }
    sql.push("c.specialty IN (");
    let mut list = sql.separated(", ");
    for specialty in specialties {
        list.push_bind(specialty.to_string());
    }
    sql.push(")");
}

/// A specialist's own calls, each once, in the order of the index by person.
fn of_party(sql: &mut QueryBuilder<Db>, person: &str) {
    sql.push(format_args!(
        " FROM report_attempts a {FIRST_THEN} report_calls c \
         ON c.opened_us = a.opened_us AND c.id = a.case_id \
         WHERE a.party = {TRUE} AND a.number = (SELECT min(b.number) FROM report_attempts b \
         WHERE b.person = a.person AND b.party = {TRUE} AND b.opened_us = a.opened_us \
         AND b.case_id = a.case_id) AND a.person = "
    ))
    .push_bind(person.to_owned());
}

/// Only what comes after the position.
fn beyond(sql: &mut QueryBuilder<Db>, query: &LineQuery, walked: &str) {
    let Some(after) = query.after else {
        return;
    };
    let beyond = match query.order.direction {
        Direction::Descending => "<",
        Direction::Ascending => ">",
    };
    let key = key(query.order.by, walked).join(", ");
    sql.push(format_args!(" AND ({key}) {beyond} ("));
    if query.order.by != SortBy::Opened {
        sql.push_bind(after.value).push(", ");
    }
    sql.push_bind(after.opened_us)
        .push(", ")
        .push_bind(after.case.uuid())
        .push(")");
}

fn order(order: LineOrder, walked: &str) -> String {
    let way = match order.direction {
        Direction::Descending => "DESC",
        Direction::Ascending => "ASC",
    };
    let columns = key(order.by, walked).into_iter();
    let columns: Vec<String> = columns.map(|column| format!("{column} {way}")).collect();
    format!(" ORDER BY {}", columns.join(", "))
}

/// What lines are compared by.
fn key(by: SortBy, walked: &str) -> Vec<&str> {
    match by {
        SortBy::Opened if walked == "a" => vec!["a.opened_us", "a.case_id"],
        SortBy::Opened => vec!["c.opened_us", "c.id"],
        SortBy::Wait => vec!["c.wait_ms", "c.opened_us", "c.id"],
        SortBy::Talk => vec!["c.talk_ms", "c.opened_us", "c.id"],
    }
}

fn attempts(query: AttemptQuery) -> QueryBuilder<Db> {
    let mut sql = QueryBuilder::new(
        "SELECT opened_us, case_id, number, started_us, organisation, specialty, person, phone, \
         round, reason, ring_ms, result, sought, party FROM report_attempts a WHERE TRUE",
    );
    sight::within(&mut sql, &query.sight, "a", "case_id");
    if let Some(from) = query.from {
        sql.push(" AND opened_us >= ")
            .push_bind(from.as_microsecond());
    }
    if let Some(to) = query.to {
        sql.push(" AND opened_us < ").push_bind(to.as_microsecond());
    }
    let ids = [
        ("organisation", query.organisation.map(String::from)),
        ("specialty", query.specialty.map(String::from)),
        ("person", query.person.map(String::from)),
        ("result", query.result.map(text)),
    ];
    for (column, id) in ids {
        if let Some(id) = id {
            sql.push(format_args!(" AND {column} = ")).push_bind(id);
        }
    }
    if let Some(after) = query.after {
        sql.push(" AND (opened_us, case_id, number) < (")
            .push_bind(after.opened_us)
            .push(", ")
            .push_bind(after.case.uuid())
            .push(", ")
            .push_bind(after.number)
            .push(")");
    }
    sql.push(" ORDER BY opened_us DESC, case_id DESC, number DESC LIMIT ")
        .push_bind(i64::try_from(query.bound).unwrap_or(i64::MAX));
    sql
}

/// Columns by their place: by name, a lookup each would be a third of an export.
fn call_line(row: &Row) -> Result<CallLine, StoreError> {
    let id: Uuid = row.try_get(1)?;
    let (patient, caller): (Option<String>, Option<String>) = (row.try_get(4)?, row.try_get(6)?);
    let wait_ms: i64 = row.try_get(13)?;
    Ok(CallLine {
        opened_us: row.try_get(0)?,
        case: id.into(),
        closed: row.try_get(2)?,
        connected: row.try_get(3)?,
        patient: patient.map(Pii::new),
        gender: row.try_get(5)?,
        caller: caller.map(Pii::new),
        practice: row.try_get(7)?,
        area: row.try_get(8)?,
        specialty: row.try_get(9)?,
        specialist: row.try_get(10)?,
        organisation: row.try_get(11)?,
        refs: row.try_get(12)?,
        wait_ms: (wait_ms >= 0).then_some(wait_ms),
        talk_ms: row.try_get(14)?,
        outcome: row.try_get(15)?,
        end_cause: row.try_get(16)?,
        recorded: row.try_get(17)?,
    })
}

fn attempt_line(row: &Row) -> Result<AttemptLine, StoreError> {
    let case: Uuid = row.try_get(1)?;
    Ok(AttemptLine {
        opened_us: row.try_get(0)?,
        case: case.into(),
        number: row.try_get(2)?,
        started_us: row.try_get(3)?,
        organisation: row.try_get(4)?,
        specialty: row.try_get(5)?,
        person: row.try_get(6)?,
        phone: row.try_get(7)?,
        round: row.try_get(8)?,
        reason: row.try_get(9)?,
        ring_ms: row.try_get(10)?,
        result: row.try_get(11)?,
        sought: row.try_get(12)?,
        party: row.try_get(13)?,
    })
}
