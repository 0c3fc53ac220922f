//! What answers at a number that can be dialled (SERVICE "Vocabulary").
//!
//! These are settings; the flows of the services are `call`'s.

use rotaline_model::{Acceptance, OrganisationId, SpecialtyId};

use crate::address::PhoneAddress;

/// What answers at a number.
#[derive(Clone, Debug)]
pub enum Service {
    /// The menu of an organisation's specialties.
    DialIn {
        /// Whose.
        organisation: OrganisationId,
    },
    /// One specialty, without a menu.
    Specialty {
        /// Which.
        specialty: SpecialtyId,
    },
    /// One phone.
    Direct(Direct),
    /// A line for patients on patient-initiated follow-up.
    Pifu(Pifu),
    /// The line where call-back codes are keyed.
    CallBack {
        /// Whose.
        organisation: OrganisationId,
    },
    /// Bypass numbers: practices by their directory codes.
    Directory {
        /// Whose.
        organisation: OrganisationId,
    },
    /// The deployment's inbound number, rung back (SERVICE 2).
    Inbound,
}

/// A line for patients (SERVICE 6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pifu {
    /// Whose.
    pub organisation: OrganisationId,
    /// Whose patients ring it.
    pub specialty: SpecialtyId,
    /// Who answers.
    pub option: PifuOption,
    /// The rota of the medical secretaries: they answer, or have what was asked on their list.
    pub secretaries: SpecialtyId,
}

/// Who answers a patient's line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PifuOption {
    /// Option 1: the clinicians on call, by acceptance.
    Clinicians,
    /// Option 2: the medical secretaries.
    Secretaries,
}

/// A direct line.
#[derive(Clone, Debug)]
pub struct Direct {
    /// Whose it is, if anybody's.
    pub organisation: Option<OrganisationId>,
    /// Which phone is rung.
    pub to: PhoneAddress,
    /// When the caller is answered.
    pub answer: Answer,
    /// Whether the called party must accept.
    pub acceptance: Acceptance,
    /// Whether the call is recorded.
    pub recording: Recording,
    /// How long the phone rings, from the INVITE.
    pub ring_timeout_s: u32,
}

/// When the caller of a direct line is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// At once.
    OnArrival,
    /// When the called party answers (and accepts, where that is asked).
    WhenAnswered,
}

/// Whether a service is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recording {
    /// It is.
    On,
    /// It is not: for tests.
    Off,
}
