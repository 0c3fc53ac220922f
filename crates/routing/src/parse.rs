//! From what people wrote to a plan: every section read, then every reference followed.

mod bank_holidays;
pub(crate) mod dates;
mod dial_out;
mod numbers;
mod parts;
mod references;
mod rota;
mod times;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use rotaline_model::{BadSlug, OrganisationId, PersonId, PhoneNumber, PracticeId, SpecialtyId};
use toml::Table;

use crate::bank_holidays::Nation;
use crate::fault::{Fault, Source};
use crate::plan::{Organisation, Outcome, Person, Plan, Practice, Specialty};
use crate::read::{Faults, Reader};
use crate::service::Service;

pub(crate) use dates::dates;
pub(crate) use times::{day_span, weekly};

/// The sections of a plan file.
const SECTIONS: &[&str] = &[
    "inbound_number",
    "organisation",
    "number",
    "specialty",
    "outcomes",
    "person",
    "practice",
    "bank_holidays",
];

/// Where something was defined, so that a reference that leads nowhere can be put right.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub file: String,
    pub key: String,
}

/// A value with its place.
#[derive(Clone, Debug)]
pub(crate) struct At<T> {
    pub place: Place,
    pub value: T,
}

/// Everything that was read, its references not followed yet.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    pub inbound_number: Vec<At<PhoneNumber>>,
    pub organisations: BTreeMap<OrganisationId, At<Organisation>>,
    pub numbers: Vec<At<(String, Service)>>,
    pub specialties: BTreeMap<SpecialtyId, At<(Specialty, Option<String>)>>,
    pub outcomes: BTreeMap<String, At<Vec<Outcome>>>,
    pub people: BTreeMap<PersonId, At<Person>>,
    pub practices: BTreeMap<PracticeId, At<Practice>>,
    pub bank_holidays: BTreeMap<Nation, At<BTreeMap<Date, String>>>,
    /// What stands in a file with a fault of its own: not "unknown" when it is referred to.
    pub broken: BTreeSet<String>,
}

pub(crate) fn parse(sources: &[Source]) -> Result<Plan, Vec<Fault>> {
    let mut faults = Faults::default();
    let mut parts = Parts::default();
    for source in sources {
        match source.text.parse::<Table>() {
            Ok(table) => read(
                &mut parts,
                Reader::new(&source.name, "", table),
                &mut faults,
            ),
            Err(error) => {
                let line = error.span().map_or(1, |span| {
                    1 + source
                        .text
                        .bytes()
                        .take(span.start)
                        .filter(|byte| *byte == b'\n')
                        .count()
                });
                let file = format!("{}:{line}", source.name);
                let problem = error.message().trim().replace('\n', "; ");
                faults.add(&file, "", &problem, "config/demo/plan.toml shows every key");
            }
        }
    }
    let name = sources
        .first()
        .map_or("plan", |source| source.name.as_str());
    let plan = references::follow(parts, name, &mut faults);
    match plan {
        Some(plan) if faults.0.is_empty() => Ok(plan),
        Some(_) | None => Err(faults.0),
    }
}

fn read(parts: &mut Parts, mut file: Reader<'_>, faults: &mut Faults) {
    let remedy = "e.g. \"020 7946 0000\"";
    if let Some(number) = file.parsed(faults, "inbound_number", PhoneNumber::parse, remedy) {
        let place = Place {
            file: file.file().to_owned(),
            key: "inbound_number".to_owned(),
        };
        parts.inbound_number.push(At {
            place,
            value: number,
        });
    }
    for (id, entry) in file.named(faults, "organisation") {
        let place = entry.place();
        if let Some((id, value)) = parts::organisation(&id, entry, faults) {
            put(&mut parts.organisations, id, At { place, value }, faults);
        } else {
            parts.broken.insert(place.key);
        }
    }
    for (id, entry) in file.named(faults, "outcomes") {
        let place = entry.place();
        match parts::outcomes(entry, faults) {
            Some(value) => put(&mut parts.outcomes, id, At { place, value }, faults),
            None => {
                parts.broken.insert(place.key);
            }
        }
    }
    for (id, entry) in file.named(faults, "specialty") {
        let place = entry.place();
        if let Some((id, value)) = parts::specialty(&id, entry, faults) {
            put(&mut parts.specialties, id, At { place, value }, faults);
        } else {
            parts.broken.insert(place.key);
        }
    }
    for (id, entry) in file.named(faults, "person") {
        let place = entry.place();
        if let Some((id, value)) = parts::person(&id, entry, faults) {
            put(&mut parts.people, id, At { place, value }, faults);
        } else {
            parts.broken.insert(place.key);
        }
    }
    for (id, entry) in file.named(faults, "practice") {
        let place = entry.place();
        if let Some((id, value)) = parts::practice(&id, entry, faults) {
            put(&mut parts.practices, id, At { place, value }, faults);
        }
    }
    for (dialled, entry) in file.named(faults, "number") {
        let place = entry.place();
        if let Some(service) = numbers::number(entry, faults) {
            parts.numbers.push(At {
                place,
                value: (dialled, service),
            });
        }
    }
    for (nation, entry) in file.named(faults, "bank_holidays") {
        let place = entry.place();
        if let Some((id, value)) = bank_holidays::nation(&nation, entry, faults) {
            put(&mut parts.bank_holidays, id, At { place, value }, faults);
        }
    }
    file.finish(faults, SECTIONS);
}

/// Puts a part where it belongs, once.
fn put<K: Ord, T>(parts: &mut BTreeMap<K, At<T>>, id: K, part: At<T>, faults: &mut Faults) {
    if let Some(first) = parts.get(&id) {
        let problem = format!("is there already, in {}", first.place.file);
        faults.add(
            &part.place.file,
            &part.place.key,
            &problem,
            "give one of them another id",
        );
        return;
    }
    parts.insert(id, part);
}

/// Parses the id of a section, e.g. `cardiology` of `[specialty.cardiology]`.
fn id<T>(
    text: &str,
    reader: &Reader<'_>,
    parse: impl Fn(&str) -> Result<T, BadSlug>,
    faults: &mut Faults,
) -> Option<T> {
    let parsed = parse(text);
    if let Err(error) = &parsed {
        let place = reader.place();
        faults.add(
            &place.file,
            &place.key,
            &error.to_string(),
            "e.g. ear-nose-and-throat",
        );
    }
    parsed.ok()
}

impl Reader<'_> {
    pub(crate) fn place(&self) -> Place {
        Place {
            file: self.file().to_owned(),
            key: self.path().to_owned(),
        }
    }
}
