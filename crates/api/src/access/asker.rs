//! Who asks, and how far they may see.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use rotaline_model::{OrganisationId, PersonId, SpecialtyId};
use rotaline_record::Case;
use rotaline_store::{Grant, Reach, Role, Seen, Session, Sight, Strength, User, is_party};

use super::Right;
use crate::auth::TOKEN_HOLDER;
use crate::problem::ApiError;

/// Whoever sent a request, once the layer has let it pass.
#[derive(Clone, Debug)]
pub(crate) struct Asker(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    who: Who,
    /// Why they ask, in their words.
    reason: Option<String>,
}

#[derive(Debug)]
enum Who {
    /// Whoever has the token of the first start: the operator, who has the machine too.
    Operator,
    User(Box<User>, Session),
}

impl Asker {
    pub(super) fn operator(reason: Option<String>) -> Asker {
        let who = Who::Operator;
        Asker(Arc::new(Inner { who, reason }))
    }

    pub(super) fn user(user: User, session: Session, reason: Option<String>) -> Asker {
        let who = Who::User(Box::new(user), session);
        Asker(Arc::new(Inner { who, reason }))
    }

    /// As it stands in histories and in the audit.
    pub(crate) fn name(&self) -> String {
        match &self.0.who {
            Who::Operator => TOKEN_HOLDER.to_owned(),
            Who::User(user, _) => user.name.clone(),
        }
    }

    /// Why they ask. The operator is not asked for it.
    pub(crate) fn reason(&self) -> Option<String> {
        self.0.reason.clone()
    }

    pub(crate) fn is_operator(&self) -> bool {
        matches!(self.0.who, Who::Operator)
    }

    /// The user and the session; none: the operator.
    pub(super) fn session(&self) -> Option<(&User, &Session)> {
        match &self.0.who {
            Who::Operator => None,
            Who::User(user, session) => Some((user, session)),
        }
    }

    /// Who they are in the plan.
    pub(crate) fn person(&self) -> Option<&PersonId> {
        match &self.0.who {
            Who::Operator => None,
            Who::User(user, _) => user.person.as_ref(),
        }
    }

    /// Whether they have shown a second factor.
    pub(crate) fn is_strong(&self) -> bool {
        match &self.0.who {
            Who::Operator => true,
            Who::User(_, session) => session.strength == Strength::SecondFactor,
        }
    }

    /// Whether they have a right in every organisation.
    pub(crate) fn has_everywhere(&self, right: Right) -> bool {
        match &self.0.who {
            Who::Operator => true,
            Who::User(user, _) => {
                user.reach == Reach::Everywhere && right.roles().contains(&Role::Administrator)
            }
        }
    }

    /// The one organisation that they are a member of; none: of none, or of several.
    pub(super) fn only_organisation(&self) -> Option<OrganisationId> {
        let (user, _) = self.session()?;
        let first = &user.grants.first()?.organisation;
        let one = user.grants.iter().all(|grant| grant.organisation == *first);
        one.then(|| first.clone())
    }

    fn granting(&self, right: Right) -> impl Iterator<Item = &Grant> {
        let grants = match &self.0.who {
            Who::Operator => &[],
            Who::User(user, _) => user.grants.as_slice(),
        };
        let has = move |grant: &&Grant| right.roles().contains(&grant.role);
        grants.iter().filter(has)
    }

    /// Whether they have a right anywhere.
    pub(crate) fn has(&self, right: Right) -> bool {
        self.has_everywhere(right) || self.granting(right).next().is_some()
    }

    /// Whether they have a right in an organisation, for this team or (none) for all of it.
    pub(crate) fn may(
        &self,
        right: Right,
        organisation: &OrganisationId,
        specialty: Option<&SpecialtyId>,
    ) -> bool {
        let fits = |grant: &Grant| {
            let narrowed = grant.specialty.as_ref();
            grant.organisation == *organisation && narrowed.is_none_or(|it| Some(it) == specialty)
        };
        self.has_everywhere(right) || self.granting(right).any(fits)
    }

    /// What a right lets them see.
    pub(crate) fn sight(&self, right: Right) -> Sight {
        if self.has_everywhere(right) {
            return Sight::All;
        }
        let mut seen = Seen::default();
        for grant in self.granting(right) {
            match &grant.specialty {
                None => seen.organisations.push(grant.organisation.clone()),
                Some(specialty) => seen.specialties.push(specialty.clone()),
            }
        }
        Sight::Only(seen)
    }

    /// The same, and the calls that they were a party of.
    pub(crate) fn sight_with_own(&self, right: Right) -> Sight {
        match self.sight(right) {
            Sight::All => Sight::All,
            Sight::Only(seen) => Sight::Only(Seen {
                party: self.person().cloned(),
                ..seen
            }),
        }
    }

    /// Whether they were in the talk of a case.
    pub(crate) fn is_party(&self, case: &Case) -> bool {
        self.person().is_some_and(|person| is_party(case, person))
    }

    /// Whether somebody is themselves.
    pub(crate) fn is(&self, person: &PersonId) -> bool {
        self.person() == Some(person)
    }

    /// Whether they are a specialist of an organisation.
    pub(crate) fn is_specialist_of(&self, organisation: &OrganisationId) -> bool {
        match &self.0.who {
            Who::Operator => false,
            Who::User(user, _) => user
                .grants
                .iter()
                .any(|grant| grant.role == Role::Specialist && grant.organisation == *organisation),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Asker {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Asker, ApiError> {
        let asker = parts.extensions.get::<Asker>().cloned();
        asker.ok_or(ApiError::NoToken)
    }
}
