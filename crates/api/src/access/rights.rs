//! What may be done, and which roles may do it (SERVICE 9).

use rotaline_store::Role;

/// Something that one may do, within an organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Right {
    /// Read the plan, but for people.
    ReadPlan,
    /// Change it.
    EditPlan,
    /// Read people, with their phones.
    ReadPeople,
    /// Read every rota; specialists read their own without it.
    ReadRotas,
    /// Change every rota; specialists change their own without it.
    EditRotas,
    /// Start calls, and have call-back codes.
    PlaceCalls,
    /// Book calls to patients.
    PatientCalls,
    /// Read what patients asked of the secretaries, and deal with it.
    Requests,
    /// Read every call; its parties read it without it.
    ReadCalls,
    /// Add to every call; its parties add to it without it.
    ChangeCalls,
    /// Read patients' numbers of every call.
    PatientData,
    /// Hear every recording.
    Recordings,
    /// Read reports.
    Reports,
    /// Pause everybody's calls; their own is everybody's.
    Pauses,
    /// See who is in a call now, and end it.
    LiveCalls,
    /// Read the audit.
    ReadAudit,
}

impl Right {
    /// The roles that have it.
    pub(crate) const fn roles(self) -> &'static [Role] {
        use Role::{
            Administrator, Caller, ClinicalLead, PatientDataAuditor, RotaEditor, Secretary,
            ServiceManager, Specialist,
        };
        match self {
            Right::ReadPlan => &Role::ALL,
            Right::EditPlan => &[Administrator],
            Right::ReadPeople | Right::ReadRotas | Right::Pauses => &[
                RotaEditor,
                Secretary,
                ServiceManager,
                ClinicalLead,
                Administrator,
            ],
            Right::EditRotas => &[RotaEditor, Secretary, Administrator],
            Right::PlaceCalls => &[Caller, Specialist, Secretary, ClinicalLead],
            Right::PatientCalls => &[Specialist, Secretary, ClinicalLead],
            Right::Requests => &[Secretary, ClinicalLead],
            Right::ReadCalls | Right::PatientData | Right::Recordings => {
                &[ServiceManager, ClinicalLead, PatientDataAuditor]
            }
            Right::ChangeCalls | Right::Reports => &[ServiceManager, ClinicalLead],
            Right::LiveCalls => &[ServiceManager, Administrator],
            Right::ReadAudit => &[PatientDataAuditor, Administrator],
        }
    }

    /// Whether it is about what identifies a patient, and so takes a second factor.
    pub(crate) const fn is_of_patients(self) -> bool {
        matches!(
            self,
            Right::PatientCalls | Right::Requests | Right::PatientData | Right::Recordings
        )
    }
}
