//! A line of the calls report as JSON: the report's columns by name, and what a page needs to lead
//! on from it.

use rotaline_store::CallLine;
use serde::Serialize;
use utoipa::ToSchema;

use super::cells::{caller, outcome, recording};
use super::names::Names;
use super::seconds;

/// A line of the calls report.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReportLine {
    /// The call.
    #[schema(format = "uuid")]
    id: String,
    /// A short reference that people can read out.
    reference: String,
    /// The day it came, on the organisation's clock.
    #[schema(example = "2026-11-24")]
    date: String,
    /// The time it came, on the organisation's clock.
    #[schema(example = "10:05:33")]
    time: String,
    /// The patient's NHS number.
    patient: Option<String>,
    /// The patient's gender, once somebody has given it.
    #[schema(example = "female")]
    gender: Option<String>,
    /// The number that rang, or `withheld`.
    caller: String,
    /// The caller's practice; null: an unknown caller.
    practice: Option<String>,
    /// The practice's area.
    area: Option<String>,
    /// What was chosen.
    specialty: Option<String>,
    /// Who was joined last.
    specialist: Option<String>,
    /// Whose number was dialled.
    organisation: Option<String>,
    /// How many phones were rung for the caller; their own is none of them.
    refs: i64,
    /// From the choice to the joining, to a tenth of a second; not joined: until the caller left.
    wait_s: Option<f64>,
    /// Talk that is over, to a tenth of a second.
    talk_s: f64,
    /// What came of it; `-`: not given.
    #[schema(example = "Referral avoided")]
    outcome: String,
    /// Where its recording is; null: none, or not stored yet.
    recording: Option<String>,
    /// Whether the caller was joined to anybody.
    connected: bool,
    /// Whether it is over.
    closed: bool,
    /// Whether its outcome is still to be given.
    outcome_missing: bool,
    /// Where the outcome is given, by PUT, also anew; null: none is asked for after such a call.
    leave_outcome: Option<String>,
    ids: Ids,
}

/// What filters are given by.
#[derive(Debug, Serialize, ToSchema)]
struct Ids {
    practice: Option<String>,
    specialty: Option<String>,
    specialist: Option<String>,
    organisation: Option<String>,
    outcome: Option<String>,
}

impl ReportLine {
    pub(super) fn of(line: &CallLine, names: &Names) -> Self {
        let at = names.local(line);
        let named = |id: &Option<String>, name: fn(&Names, &str) -> String| {
            id.as_deref().map(|id| name(names, id))
        };
        let specialty = line.specialty.as_deref();
        let asked = line.connected && specialty.is_some_and(|id| names.has_menu(id));
        ReportLine {
            id: line.case.to_string(),
            reference: line.case.reference(),
            date: at.date().to_string(),
            time: at.strftime("%H:%M:%S").to_string(),
            patient: line.patient.as_ref().map(|it| it.expose().clone()),
            gender: line.gender.clone(),
            caller: caller(line).to_owned(),
            practice: named(&line.practice, |names, id| names.practice(id).to_owned()),
            area: line.area.clone(),
            specialty: named(&line.specialty, |names, id| names.specialty(id).to_owned()),
            specialist: named(&line.specialist, |names, id| names.person(id).to_owned()),
            organisation: named(&line.organisation, |names, id| {
                names.organisation(id).to_owned()
            }),
            refs: line.refs,
            wait_s: line.wait_ms.map(seconds),
            talk_s: seconds(line.talk_ms),
            outcome: outcome(line, names).to_owned(),
            recording: recording(line),
            connected: line.connected,
            closed: line.closed,
            outcome_missing: asked && line.outcome.is_none(),
            leave_outcome: asked.then(|| format!("/api/v1/calls/{}/outcome", line.case)),
            ids: Ids {
                practice: line.practice.clone(),
                specialty: line.specialty.clone(),
                specialist: line.specialist.clone(),
                organisation: line.organisation.clone(),
                outcome: line.outcome.clone(),
            },
        }
    }
}
