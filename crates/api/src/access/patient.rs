//! What identifies a patient: shown to the parties of a call, and to roles with the right, with a
//! second factor and a reason; each such read is audited before it is answered.

use axum::extract::Request;
use jiff::Timestamp;
use rotaline_model::{OrganisationId, SpecialtyId};
use rotaline_record::Case;
use rotaline_store::{Action, AuditEntry};

use super::{Asker, Right};
use crate::ApiState;
use crate::problem::ApiError;

/// The header that says why somebody who was no party looks at what is a patient's.
pub(crate) const REASON: &str = "Audit-Reason";
/// Characters of a reason.
const LONGEST: usize = 200;

/// Whether what identifies a patient is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Show {
    /// It is.
    All,
    /// It is left out.
    Redacted,
}

/// The reason that a request gives.
pub(super) fn reason(request: &Request) -> Result<Option<String>, ApiError> {
    let Some(value) = request.headers().get(REASON) else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default().trim();
    let printable = text.chars().all(|c| c == ' ' || c.is_ascii_graphic());
    if text.is_empty() || text.len() > LONGEST || !printable {
        return Err(ApiError::BadRequest {
            detail: format!("{REASON}: 1 to {LONGEST} printable characters that say why"),
        });
    }
    Ok(Some(text.to_owned()))
}

impl Asker {
    /// Why they may not have what is a patient's in a case that they see.
    pub(crate) fn patients_of(&self, case: &Case, right: Right) -> Result<(), ApiError> {
        let party = self.is_party(case);
        let (organisation, specialty) = (case.organisation.as_ref(), case.specialty.as_ref());
        if !party && !self.may_of(right, organisation, specialty) {
            return Err(ApiError::Forbidden);
        }
        if !self.is_strong() {
            return Err(ApiError::SecondFactorNeeded);
        }
        if !party && !self.is_operator() && self.reason().is_none() {
            return Err(ApiError::ReasonNeeded);
        }
        Ok(())
    }

    /// The same of a line of a report, of which nobody is told apart as a party.
    pub(crate) fn patients_in(&self, sight: Right) -> bool {
        let has = self.has(Right::PatientData) && self.has(sight);
        has && self.is_strong() && (self.is_operator() || self.reason().is_some())
    }

    /// The right, for what may be no organisation's: that is the operator's alone.
    pub(crate) fn may_of(
        &self,
        right: Right,
        organisation: Option<&OrganisationId>,
        specialty: Option<&SpecialtyId>,
    ) -> bool {
        match organisation {
            Some(organisation) => self.may(right, organisation, specialty),
            None => self.has_everywhere(right),
        }
    }

    /// Whether what is a patient's is shown of a case, and how: what is shown is audited first.
    pub(crate) async fn reads(&self, state: &ApiState, case: &Case) -> Result<Show, ApiError> {
        if self.patients_of(case, Right::PatientData).is_err() {
            return Ok(Show::Redacted);
        }
        if names_patient(case) {
            let entry = self.entry(Action::CallRead, Some(case), "call");
            state.store.audit(entry).await?;
        }
        Ok(Show::All)
    }

    /// The same of a list: one entry. What cannot be audited is left out of it.
    pub(crate) async fn lists(
        &self,
        state: &ApiState,
        cases: &[std::sync::Arc<Case>],
    ) -> Vec<Show> {
        let shown = |case: &Case| match self.patients_of(case, Right::PatientData) {
            Ok(()) => Show::All,
            Err(_) => Show::Redacted,
        };
        let mut shows: Vec<Show> = cases.iter().map(|case| shown(case)).collect();
        let pairs = cases.iter().zip(&shows);
        let named = pairs.filter(|(case, show)| **show == Show::All && names_patient(case));
        if named.count() > 0 {
            let entry = self.entry(Action::ListRead, None, "calls");
            if let Err(error) = state.store.audit(entry).await {
                tracing::warn!(%error, "a list cannot be audited: patients are left out of it");
                shows.fill(Show::Redacted);
            }
        }
        shows
    }

    /// An entry of the audit, of now.
    pub(crate) fn entry(&self, action: Action, case: Option<&Case>, object: &str) -> AuditEntry {
        let organisation = case.and_then(|case| case.organisation.clone());
        AuditEntry {
            at: Timestamp::now(),
            who: self.name(),
            action,
            case: case.map(|case| case.id),
            organisation: organisation.or_else(|| self.only_organisation()),
            object: object.to_owned(),
            reason: self.reason(),
        }
    }
}

/// Whether a case has what identifies a patient, beside its recording.
fn names_patient(case: &Case) -> bool {
    case.nhs_number.is_some() || !case.requests.is_empty()
}
