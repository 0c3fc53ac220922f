//! Whose calls somebody may see: the tenant of every question about calls. It is part of the
//! question, so that what is another organisation's is never read, let alone counted.

use rotaline_model::{OrganisationId, PersonId, SpecialtyId};
use rotaline_record::Case;

use crate::{AttemptLine, CallLine};

/// Whose calls somebody may see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Sight {
    /// Everybody's: the service itself, and whoever administers all of it.
    #[default]
    All,
    /// These.
    Only(Seen),
}

/// The calls that somebody may see: any that fits one of these. Of nothing at all: none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Those of these organisations.
    pub organisations: Vec<OrganisationId>,
    /// Those of these teams.
    pub specialties: Vec<SpecialtyId>,
    /// Those with this person in the talk.
    pub party: Option<PersonId>,
}

impl Sight {
    /// Whether a case is in sight.
    pub fn sees(&self, case: &Case) -> bool {
        let of = |seen: &Seen| seen.party.as_ref().is_some_and(|who| is_party(case, who));
        self.sees_of(case.organisation.as_ref(), case.specialty.as_ref())
            || matches!(self, Sight::Only(seen) if of(seen))
    }

    /// Whether what is of an organisation and a team is in sight, whoever was in the talk.
    pub fn sees_of(
        &self,
        organisation: Option<&OrganisationId>,
        specialty: Option<&SpecialtyId>,
    ) -> bool {
        match self {
            Sight::All => true,
            Sight::Only(seen) => {
                organisation.is_some_and(|of| seen.organisations.contains(of))
                    || specialty.is_some_and(|of| seen.specialties.contains(of))
            }
        }
    }

    /// Whether a line is in sight, whoever was in the talk.
    pub(crate) fn sees_line(&self, line: &CallLine) -> bool {
        match self {
            Sight::All => true,
            Sight::Only(seen) => {
                let (organisation, specialty) = (line.organisation.as_deref(), &line.specialty);
                let mut organisations = seen.organisations.iter();
                let mut specialties = seen.specialties.iter();
                organisations.any(|id| Some(id.as_str()) == organisation)
                    || specialties.any(|id| Some(id.as_str()) == specialty.as_deref())
            }
        }
    }
}

/// Whether somebody was in the talk of a case, on either side.
pub fn is_party(case: &Case, person: &PersonId) -> bool {
    let attempts = case.attempts.iter();
    let mut own = attempts.filter(|attempt| attempt.person.as_ref() == Some(person));
    own.any(|attempt| AttemptLine::of(case, attempt).party)
}
