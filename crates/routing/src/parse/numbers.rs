//! `[number.<number>]`: what answers at a number that can be dialled.

use rotaline_model::{Acceptance, NotAsked, OrganisationId};

use super::parts::{address, reference};
use crate::read::{Faults, Reader};
use crate::service::{Answer, Direct, Pifu, PifuOption, Recording, Service};

/// A direct line may ring for longer than a phone of a hunt.
const DIRECT_RING_S: std::ops::RangeInclusive<i64> = 5..=120;
const DIRECT_RING_DEFAULT_S: u32 = 30;

/// Which of the services a number has.
#[derive(Clone, Copy)]
enum Kind {
    DialIn,
    Specialty,
    Direct,
    Pifu,
    CallBack,
    Directory,
}

pub(super) fn number(mut entry: Reader<'_>, faults: &mut Faults) -> Option<Service> {
    let kinds = [
        ("dial-in", Kind::DialIn),
        ("specialty", Kind::Specialty),
        ("direct", Kind::Direct),
        ("pifu", Kind::Pifu),
        ("call-back", Kind::CallBack),
        ("directory", Kind::Directory),
    ];
    match entry.word(faults, "service", &kinds, None)? {
        Kind::DialIn => {
            let organisation = of_organisation(entry, faults)?;
            Some(Service::DialIn { organisation })
        }
        Kind::Specialty => {
            let specialty = named(&mut entry, "specialty", "cardiology", faults);
            entry.finish(faults, &["service", "specialty"]);
            Some(Service::Specialty {
                specialty: specialty?,
            })
        }
        Kind::Direct => direct(entry, faults).map(Service::Direct),
        Kind::Pifu => pifu(entry, faults).map(Service::Pifu),
        Kind::CallBack => {
            let organisation = of_organisation(entry, faults)?;
            Some(Service::CallBack { organisation })
        }
        Kind::Directory => {
            let organisation = of_organisation(entry, faults)?;
            Some(Service::Directory { organisation })
        }
    }
}

fn direct(mut entry: Reader<'_>, faults: &mut Faults) -> Option<Direct> {
    let name = entry.text(faults, "organisation");
    let organisation = name.and_then(|it| reference(&entry, "organisation", &it, faults));
    let to = address(&mut entry, faults);
    let answers = [
        ("on-arrival", Answer::OnArrival),
        ("when-answered", Answer::WhenAnswered),
    ];
    let answer = entry.word(faults, "answer", &answers, Some(Answer::WhenAnswered));
    let acceptances = [
        ("required", Acceptance::Required),
        ("direct-line", Acceptance::NotAsked(NotAsked::DirectLine)),
        ("secretary", Acceptance::NotAsked(NotAsked::Secretary)),
        ("help", Acceptance::NotAsked(NotAsked::Help)),
    ];
    let acceptance = entry.word(
        faults,
        "acceptance",
        &acceptances,
        Some(Acceptance::Required),
    );
    let recordings = [("on", Recording::On), ("off", Recording::Off)];
    let recording = entry.word(faults, "recording", &recordings, Some(Recording::On));
    let ring_timeout_s = entry
        .number(faults, "ring_timeout_s", DIRECT_RING_S)
        .unwrap_or(DIRECT_RING_DEFAULT_S);
    let known = &[
        "service",
        "organisation",
        "to",
        "answer",
        "acceptance",
        "recording",
        "ring_timeout_s",
    ];
    entry.finish(faults, known);
    Some(Direct {
        organisation,
        to: to?,
        answer: answer?,
        acceptance: acceptance?,
        recording: recording?,
        ring_timeout_s,
    })
}

/// A service of which only the organisation is to be said.
fn of_organisation(mut entry: Reader<'_>, faults: &mut Faults) -> Option<OrganisationId> {
    let organisation = named(&mut entry, "organisation", "northfield", faults);
    entry.finish(faults, &["service", "organisation"]);
    organisation
}

fn pifu(mut entry: Reader<'_>, faults: &mut Faults) -> Option<Pifu> {
    let organisation = named(&mut entry, "organisation", "northfield", faults);
    let specialty = named(&mut entry, "specialty", "rheumatology", faults);
    let secretaries = named(&mut entry, "secretaries", "secretaries", faults);
    let option = entry.number(faults, "option", 1..=2);
    if option.is_none() {
        let remedy = "add it: 1, the clinicians on call; or 2, the secretaries";
        entry.missing(faults, "option", remedy);
    }
    let known = &[
        "service",
        "organisation",
        "specialty",
        "option",
        "secretaries",
    ];
    entry.finish(faults, known);
    Some(Pifu {
        organisation: organisation?,
        specialty: specialty?,
        option: match option? {
            1 => PifuOption::Clinicians,
            _ => PifuOption::Secretaries,
        },
        secretaries: secretaries?,
    })
}

/// The id of another section, which must be there.
fn named<T: TryFrom<String>>(
    entry: &mut Reader<'_>,
    name: &str,
    example: &str,
    faults: &mut Faults,
) -> Option<T>
where
    T::Error: std::fmt::Display,
{
    let text = entry.required(faults, name, example)?;
    reference(entry, name, &text, faults)
}
