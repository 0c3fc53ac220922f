//! Whose an item of the plan is: what is an organisation's is its members' to read, and its
//! administrators' to change. What several share is theirs to read, and is changed by whoever may
//! in each of them; what is nobody's is everybody's in this way.

use std::collections::BTreeSet;

use rotaline_model::{OrganisationId, PersonId, SpecialtyId};
use rotaline_routing::{Item, ItemKey, ItemKind, Plan, Specialty};

use super::{Asker, Right};
use crate::Edition;

/// The organisations that an item belongs to; none: to all.
type Owners = BTreeSet<OrganisationId>;

/// The plan, by whose each of it is.
pub(crate) struct Tenancy<'a> {
    edition: &'a Edition,
}

impl<'a> Tenancy<'a> {
    pub(crate) fn of(edition: &'a Edition) -> Tenancy<'a> {
        Tenancy { edition }
    }

    /// Whether somebody may read an item.
    pub(crate) fn reads(&self, asker: &Asker, right: Right, key: &ItemKey, item: &Item) -> bool {
        let owners = self.owners(key, item);
        let of = |organisation: &OrganisationId| asker.may(right, organisation, None);
        asker.has_everywhere(right) || owners.is_empty() || owners.iter().any(of)
    }

    /// Whether somebody may change an item that is, or is to be, like this.
    pub(crate) fn changes(&self, asker: &Asker, right: Right, key: &ItemKey, item: &Item) -> bool {
        let mut owners = self.owners(key, item);
        if owners.is_empty() {
            owners = self
                .plan()
                .organisations()
                .map(|it| it.id.clone())
                .collect();
        }
        let of = |organisation: &OrganisationId| asker.may(right, organisation, None);
        asker.has_everywhere(right) || (!owners.is_empty() && owners.iter().all(of))
    }

    /// Whether somebody may do something to a person, who may be themselves.
    pub(crate) fn person(&self, asker: &Asker, right: Right, person: &PersonId) -> bool {
        if self.plan().person(person).is_none() {
            return false;
        }
        let owners = self.of_person(person);
        let of = |organisation: &OrganisationId| asker.may(right, organisation, None);
        asker.is(person) || asker.has_everywhere(right) || owners.iter().any(of)
    }

    /// Whether a person is a member of an organisation, or nobody says of which they are.
    pub(crate) fn is_member(&self, person: &PersonId, organisation: &OrganisationId) -> bool {
        let owners = self.of_person(person);
        owners.is_empty() || owners.contains(organisation)
    }

    /// Whether somebody may do something to a rota: everybody who has the right, and its own
    /// specialists.
    pub(crate) fn rota(&self, asker: &Asker, right: Right, specialty: &SpecialtyId) -> bool {
        let Some(specialty) = self.plan().specialty(specialty) else {
            return false;
        };
        let organisation = &specialty.organisation;
        let own = || {
            let is_on = asker
                .person()
                .is_some_and(|person| is_on(specialty, person));
            is_on && asker.is_specialist_of(organisation)
        };
        asker.may(right, organisation, Some(&specialty.id)) || own()
    }

    fn owners(&self, key: &ItemKey, item: &Item) -> Owners {
        let organisation = |text: Option<&str>| text.and_then(|id| OrganisationId::parse(id).ok());
        match key.kind {
            ItemKind::Organisation => organisation(Some(&key.id)).into_iter().collect(),
            ItemKind::Specialty => organisation(item.text_at("organisation"))
                .into_iter()
                .collect(),
            ItemKind::Number => {
                let own = organisation(item.text_at("organisation"));
                let specialty = item
                    .text_at("specialty")
                    .and_then(|id| SpecialtyId::parse(id).ok());
                let of_specialty = specialty.and_then(|id| self.plan().specialty(&id));
                let of_specialty = of_specialty.map(|it| it.organisation.clone());
                own.into_iter().chain(of_specialty).collect()
            }
            ItemKind::Outcomes => {
                let all = self.edition.items.of(ItemKind::Specialty);
                let using = all.filter(|(_, it)| it.text_at("outcomes") == Some(&key.id));
                using
                    .filter_map(|(_, it)| organisation(it.text_at("organisation")))
                    .collect()
            }
            ItemKind::Person => {
                let mut owners = said(item);
                if let Ok(person) = PersonId::parse(&key.id) {
                    owners.extend(self.of_person(&person));
                }
                owners
            }
            ItemKind::Practice | ItemKind::Deployment | ItemKind::BankHolidays => Owners::new(),
        }
    }

    fn of_person(&self, person: &PersonId) -> Owners {
        let plan = self.plan();
        let said = plan
            .person(person)
            .into_iter()
            .flat_map(|it| &it.organisations);
        let rotas = plan.specialties().filter(|it| is_on(it, person));
        said.chain(rotas.map(|it| &it.organisation))
            .cloned()
            .collect()
    }

    fn plan(&self) -> &Plan {
        &self.edition.plan
    }
}

/// The organisations that an item of a person names.
fn said(item: &Item) -> Owners {
    let list = item
        .table()
        .get("organisations")
        .and_then(|value| value.as_array());
    let ids = list
        .into_iter()
        .flatten()
        .filter_map(|value| value.as_str());
    ids.filter_map(|id| OrganisationId::parse(id).ok())
        .collect()
}

fn is_on(specialty: &Specialty, person: &PersonId) -> bool {
    let sessions = specialty.sessions.iter().map(|it| &it.people);
    let overrides = specialty.overrides.iter().map(|it| &it.people);
    sessions
        .chain(overrides)
        .any(|people| people.contains(person))
}
