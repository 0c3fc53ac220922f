//! Follows every reference between the sections of a plan, and refuses what fits no other part.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rotaline_model::{
    Dialled, MenuKey, OrganisationId, PersonId, PracticeId, PromptId, SpecialtyId,
};

use super::{At, Parts, Place, bank_holidays};
use crate::phrase::Phrases;
use crate::plan::{Outcome, Plan, Specialty};
use crate::read::Faults;
use crate::rota::OnBankHoliday;
use crate::service::Service;

/// The plan; none where a fault leaves nothing to build it from.
pub(super) fn follow(mut parts: Parts, file: &str, faults: &mut Faults) -> Option<Plan> {
    let inbound_number = inbound_number(&parts, file, faults);
    for part in parts.specialties.values() {
        organisation_is_known(&parts, &part.place, &part.value.0.organisation, faults);
        people_are_known(&parts, part, faults);
    }
    memberships_are_known(&parts, faults);
    keys_are_unique(&parts, faults);
    overflows_lead_somewhere(&parts, faults);
    let specialties = with_outcomes(&mut parts, faults);
    let mut numbers = numbers(&parts, &specialties, faults);
    if let Some(number) = &inbound_number {
        // A plan may give it another service.
        let dialled = Dialled::Full(number.clone());
        numbers.entry(dialled).or_insert(Service::Inbound);
    }
    let mut practice_by_number = BTreeMap::new();
    for (id, part) in &parts.practices {
        for number in &part.value.numbers {
            if let Some(first) = practice_by_number.insert(number.clone(), id.clone()) {
                let problem = format!("{number} is a number of {first} too");
                let key = format!("{}.numbers", part.place.key);
                faults.add(&part.place.file, &key, &problem, "leave it to one of them");
            }
        }
    }
    let practice_by_code = practice_codes(&parts, faults);
    let mut plan = Plan {
        inbound_number: inbound_number?,
        organisations: values(parts.organisations),
        numbers,
        specialties,
        people: values(parts.people),
        practices: values(parts.practices),
        practice_by_number,
        practice_by_code,
        bank_holidays: bank_holidays::with_delivered(values(parts.bank_holidays)),
        phrases: Phrases::new(),
        prompts: BTreeSet::new(),
        announcements: BTreeMap::new(),
        dial_out: Arc::default(),
    };
    plan.prompts = named_prompts(&plan);
    Some(plan)
}

fn practice_codes(parts: &Parts, faults: &mut Faults) -> BTreeMap<String, PracticeId> {
    let mut codes: BTreeMap<String, PracticeId> = BTreeMap::new();
    for (id, part) in &parts.practices {
        let Some(code) = &part.value.code else {
            continue;
        };
        if let Some(first) = codes.insert(code.clone(), id.clone()) {
            let problem = format!("{code} is the code of {first} too");
            let key = format!("{}.code", part.place.key);
            faults.add(
                &part.place.file,
                &key,
                &problem,
                "give each practice its own",
            );
        }
    }
    codes
}

fn values<K: Ord, T>(parts: BTreeMap<K, At<T>>) -> BTreeMap<K, T> {
    parts
        .into_iter()
        .map(|(id, part)| (id, part.value))
        .collect()
}

fn named_prompts(plan: &Plan) -> BTreeSet<PromptId> {
    let organisations = plan.organisations.values().map(|it| &it.prompt);
    let specialties = plan.specialties.values().map(|it| &it.prompt);
    let outcomes = plan
        .specialties
        .values()
        .flat_map(|it| &it.outcomes)
        .map(|it| &it.prompt);
    let practices = plan.practices.values().map(|it| &it.prompt);
    organisations
        .chain(specialties)
        .chain(outcomes)
        .chain(practices)
        .cloned()
        .collect()
}

fn inbound_number(
    parts: &Parts,
    file: &str,
    faults: &mut Faults,
) -> Option<rotaline_model::PhoneNumber> {
    match parts.inbound_number.as_slice() {
        [] => {
            let unread = faults.0.iter().any(|fault| fault.key == "inbound_number");
            let unparsed = faults.0.iter().any(|fault| fault.key.is_empty());
            if !unread && !unparsed {
                let remedy = "add it: the caller id of every outgoing call";
                faults.add(file, "inbound_number", "is missing", remedy);
            }
            None
        }
        [only] => Some(only.value.clone()),
        [first, .., last] => {
            let problem = format!("is there already, in {}", first.place.file);
            faults.add(&last.place.file, "inbound_number", &problem, "say it once");
            None
        }
    }
}

fn organisation_is_known(
    parts: &Parts,
    place: &Place,
    organisation: &OrganisationId,
    faults: &mut Faults,
) {
    let broken = parts
        .broken
        .contains(&format!("organisation.{organisation}"));
    if parts.organisations.contains_key(organisation) || broken {
        return;
    }
    let problem = format!("there is no organisation {organisation}");
    let known: Vec<&str> = parts.organisations.keys().map(|id| id.as_str()).collect();
    let key = format!("{}.organisation", place.key);
    faults.add(&place.file, &key, &problem, &one_of(&known, "organisation"));
}

/// Everybody who is named is there, and a member of the organisation.
fn people_are_known(
    parts: &Parts,
    specialty: &At<(Specialty, Option<String>)>,
    faults: &mut Faults,
) {
    let it = &specialty.value.0;
    let mut named: Vec<(String, &[PersonId])> = Vec::new();
    for (number, session) in (1..).zip(&it.sessions) {
        named.push((format!("session.{number}.people"), &session.people));
    }
    for (number, entry) in (1..).zip(&it.overrides) {
        named.push((format!("override.{number}.people"), &entry.people));
    }
    if let OnBankHoliday::Own { sessions, .. } = &it.on_bank_holiday {
        for (number, session) in (1..).zip(sessions) {
            let key = format!("bank_holiday_session.{number}.people");
            named.push((key, &session.people));
        }
    }
    for (number, swap) in (1..).zip(&it.swaps) {
        let one = std::slice::from_ref;
        named.push((format!("swap.{number}.first"), one(&swap.first)));
        named.push((format!("swap.{number}.second"), one(&swap.second)));
    }
    for (key, people) in named {
        let key = format!("{}.{key}", specialty.place.key);
        for person in people {
            let file = &specialty.place.file;
            let Some(found) = parts.people.get(person) else {
                if !parts.broken.contains(&format!("person.{person}")) {
                    let problem = format!("there is no person {person}");
                    let remedy = format!("add [person.{person}], or take the name out");
                    faults.add(file, &key, &problem, &remedy);
                }
                continue;
            };
            let member = &found.value.organisations;
            if !member.is_empty() && !member.contains(&it.organisation) {
                let problem = format!("{person} is no member of {}", it.organisation);
                let remedy = format!("add it to person.{person}.organisations");
                faults.add(file, &key, &problem, &remedy);
            }
        }
    }
}

fn memberships_are_known(parts: &Parts, faults: &mut Faults) {
    for part in parts.people.values() {
        for organisation in &part.value.organisations {
            let broken = parts
                .broken
                .contains(&format!("organisation.{organisation}"));
            if parts.organisations.contains_key(organisation) || broken {
                continue;
            }
            let problem = format!("there is no organisation {organisation}");
            let known: Vec<&str> = parts.organisations.keys().map(|id| id.as_str()).collect();
            let key = format!("{}.organisations", part.place.key);
            faults.add(
                &part.place.file,
                &key,
                &problem,
                &one_of(&known, "organisation"),
            );
        }
    }
}

/// An overflow is a specialty, and no chain of them comes round.
fn overflows_lead_somewhere(parts: &Parts, faults: &mut Faults) {
    let overflow = |id: &SpecialtyId| parts.specialties.get(id)?.value.0.overflow.as_ref();
    for (id, part) in &parts.specialties {
        let Some(next) = overflow(id) else { continue };
        let key = format!("{}.overflow", part.place.key);
        let broken = parts.broken.contains(&format!("specialty.{next}"));
        if !parts.specialties.contains_key(next) && !broken {
            let problem = format!("there is no specialty {next}");
            let remedy = format!("add [specialty.{next}], or take the overflow out");
            faults.add(&part.place.file, &key, &problem, &remedy);
        }
        let chain = std::iter::successors(Some(next), |id| overflow(id));
        if chain.take(parts.specialties.len()).any(|later| later == id) {
            let remedy = "let the last team of the chain have no overflow";
            faults.add(&part.place.file, &key, "comes round to itself", remedy);
        }
    }
}

/// SERVICE 1.2: a specialty's key is fixed, so it is one specialty's alone; and a digit that is a
/// key by itself cannot begin another.
fn keys_are_unique(parts: &Parts, faults: &mut Faults) {
    let mut holders: Vec<(&OrganisationId, MenuKey, &SpecialtyId)> = Vec::new();
    for part in parts.specialties.values() {
        let specialty = &part.value.0;
        let Some(key) = specialty.key else { continue };
        let path = format!("{}.key", part.place.key);
        for (organisation, other, holder) in &holders {
            if **organisation != specialty.organisation {
                continue;
            }
            let alike =
                other.first() == key.first() && other.second().is_some() != key.second().is_some();
            let (problem, remedy) = if *other == key {
                let problem = format!("{key} is the key of {holder} too");
                (problem, "give each specialty its own key")
            } else if alike {
                let problem = format!("{key} and {other}, the key of {holder}, begin alike");
                (problem, "give one of them another first digit")
            } else {
                continue;
            };
            faults.add(&part.place.file, &path, &problem, remedy);
        }
        holders.push((&specialty.organisation, key, &specialty.id));
    }
}

fn with_outcomes(parts: &mut Parts, faults: &mut Faults) -> BTreeMap<SpecialtyId, Specialty> {
    let mut specialties = BTreeMap::new();
    for (id, part) in std::mem::take(&mut parts.specialties) {
        let (mut specialty, menu) = part.value;
        if let Some(menu) = menu {
            specialty.outcomes = outcomes(parts, &part.place, &menu, faults);
        }
        specialties.insert(id, specialty);
    }
    specialties
}

fn outcomes(parts: &Parts, place: &Place, menu: &str, faults: &mut Faults) -> Vec<Outcome> {
    if let Some(found) = parts.outcomes.get(menu) {
        return found.value.clone();
    }
    if !parts.broken.contains(&format!("outcomes.{menu}")) {
        let known: Vec<&str> = parts.outcomes.keys().map(String::as_str).collect();
        let key = format!("{}.outcomes", place.key);
        let problem = format!("there is no outcome menu {menu:?}");
        faults.add(&place.file, &key, &problem, &one_of(&known, "outcomes"));
    }
    Vec::new()
}

fn numbers(
    parts: &Parts,
    specialties: &BTreeMap<SpecialtyId, Specialty>,
    faults: &mut Faults,
) -> BTreeMap<Dialled, Service> {
    let mut numbers: BTreeMap<Dialled, Service> = BTreeMap::new();
    for part in &parts.numbers {
        let Place { file, key } = &part.place;
        let (text, service) = &part.value;
        service_is_known(parts, specialties, &part.place, service, faults);
        match Dialled::parse(text) {
            Ok(dialled) => {
                if numbers.insert(dialled.clone(), service.clone()).is_some() {
                    let problem = format!("{dialled} is there twice");
                    faults.add(file, key, &problem, "leave one of them");
                }
            }
            Err(error) => {
                faults.add(
                    file,
                    key,
                    &error.to_string(),
                    "e.g. [number.\"020 7946 0001\"]",
                );
            }
        }
    }
    numbers
}

/// What a number's service names is there.
fn service_is_known(
    parts: &Parts,
    specialties: &BTreeMap<SpecialtyId, Specialty>,
    place: &Place,
    service: &Service,
    faults: &mut Faults,
) {
    let specialty_is_known = |name: &str, specialty: &SpecialtyId, faults: &mut Faults| {
        let broken = parts.broken.contains(&format!("specialty.{specialty}"));
        if !specialties.contains_key(specialty) && !broken {
            let known: Vec<&str> = specialties.keys().map(|id| id.as_str()).collect();
            let problem = format!("there is no specialty {specialty}");
            let path = format!("{}.{name}", place.key);
            faults.add(&place.file, &path, &problem, &one_of(&known, "specialty"));
        }
    };
    match service {
        Service::DialIn { organisation }
        | Service::CallBack { organisation }
        | Service::Directory { organisation } => {
            organisation_is_known(parts, place, organisation, faults);
        }
        Service::Specialty { specialty } => specialty_is_known("specialty", specialty, faults),
        Service::Direct(direct) => {
            if let Some(organisation) = &direct.organisation {
                organisation_is_known(parts, place, organisation, faults);
            }
        }
        Service::Pifu(pifu) => {
            organisation_is_known(parts, place, &pifu.organisation, faults);
            specialty_is_known("specialty", &pifu.specialty, faults);
            specialty_is_known("secretaries", &pifu.secretaries, faults);
        }
        Service::Inbound => {}
    }
}

fn one_of(known: &[&str], section: &str) -> String {
    if known.is_empty() {
        format!("add [{section}.<id>]")
    } else {
        format!("use one of {}", known.join(", "))
    }
}
