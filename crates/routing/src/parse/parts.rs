//! One function for each section of a plan file. References to other sections are not followed
//! here.

use std::fmt::Display;
use std::time::Duration;

use jiff::tz::TimeZone;
use rotaline_model::{
    Digit, MenuKey, OrganisationId, PersonId, PhoneNumber, PracticeId, PromptId, SpecialtyId,
};

use super::dates::{End, moment};
use super::times::weekly;
use super::{dial_out, id, rota};
use crate::address::PhoneAddress;
use crate::bank_holidays::Nation;
use crate::hours::WeeklySpan;
use crate::plan::{Activity, Organisation, Outcome, Person, Phone, PhoneKind, Practice, Specialty};
use crate::read::{Faults, Reader};
use crate::rota::Absence;

/// Ring times that make sense; SERVICE 1.6 caps them at 28 s from the INVITE.
const RING_TIME_S: std::ops::RangeInclusive<i64> = 5..=28;
/// Two phones ring at once for no longer than this.
const OVERLAP_S: std::ops::RangeInclusive<i64> = 1..=10;
/// How long a hunt may begin new attempts.
const BUDGET_S: std::ops::RangeInclusive<i64> = 15..=600;
const BUDGET_DEFAULT_S: u32 = 180;
const ROUNDS: std::ops::RangeInclusive<i64> = 1..=4;
const ROUNDS_DEFAULT: u8 = 2;
/// Most phones of one person, absences, organisations, choices in one outcome menu.
const MAX_PHONES: usize = 6;
const MAX_ABSENCES: usize = 400;
const MAX_OUTCOMES: usize = 9;

/// Letters of a name, an area, a place.
const MAX_WORDS: usize = 200;

const PROMPT_REMEDY: &str = "name a prompt of the manifest, e.g. specialty/cardiology";
const ADDRESS_REMEDY: &str = "e.g. \"07700 900123\" or \"sip:ann@192.0.2.1:5060\"";
const NUMBER_REMEDY: &str = "e.g. \"020 7946 0000\"";

pub(super) fn organisation(
    text: &str,
    mut entry: Reader<'_>,
    faults: &mut Faults,
) -> Option<(OrganisationId, Organisation)> {
    let id = id(text, &entry, OrganisationId::parse, faults);
    let name = words_for_people(&mut entry, faults, "name", Need::Of("Northfield Hospitals"));
    let prompt = prompt(&mut entry, "organisation", text, faults);
    let zone = entry.required(faults, "zone", "Europe/London");
    let zone = zone.and_then(|zone| {
        let found = TimeZone::get(&zone).ok();
        if found.is_none() {
            let problem = format!("{zone:?} is no time zone");
            entry.fault(
                faults,
                "zone",
                &problem,
                "use an IANA name, e.g. Europe/London",
            );
        }
        found
    });
    let nation = entry.text(faults, "nation");
    let nation = nation.and_then(|text| nation_named(&entry, &text, faults));
    let ring_time = ring_time(&mut entry, faults);
    let budget_s = entry
        .number(faults, "budget_s", BUDGET_S)
        .unwrap_or(BUDGET_DEFAULT_S);
    let rounds = entry.number(faults, "rounds", ROUNDS);
    let ask_nhs_number = entry.flag(faults, "ask_nhs_number").unwrap_or(false);
    let help = entry.parsed(faults, "help", PhoneAddress::parse, ADDRESS_REMEDY);
    let dial_out = entry.table(faults, "dial_out");
    let dial_out = dial_out.map(|entry| dial_out::own(entry, faults));
    let known = &[
        "name",
        "prompt",
        "zone",
        "nation",
        "ring_time_s",
        "budget_s",
        "rounds",
        "help",
        "ask_nhs_number",
        "dial_out",
    ];
    entry.finish(faults, known);
    let id = id?;
    let organisation = Organisation {
        id: id.clone(),
        name: name?,
        prompt: prompt?,
        zone: zone?,
        nation,
        budget: Duration::from_secs(budget_s.into()),
        rounds: rounds
            .and_then(|rounds| u8::try_from(rounds).ok())
            .unwrap_or(ROUNDS_DEFAULT),
        help,
        ask_nhs_number,
        dial_out: dial_out.unwrap_or_default(),
        ring_time,
    };
    Some((id, organisation))
}

fn nation_named(entry: &Reader<'_>, text: &str, faults: &mut Faults) -> Option<Nation> {
    let found = Nation::ALL.iter().find(|(name, _)| *name == text);
    if found.is_none() {
        let remedy = "use england, wales, scotland or northern-ireland";
        entry.fault(faults, "nation", &format!("{text:?} is no nation"), remedy);
    }
    found.map(|(_, nation)| *nation)
}

/// A specialty, and the name of its outcome menu.
pub(super) fn specialty(
    text: &str,
    mut entry: Reader<'_>,
    faults: &mut Faults,
) -> Option<(SpecialtyId, (Specialty, Option<String>))> {
    let id = id(text, &entry, SpecialtyId::parse, faults);
    let organisation = entry.required(faults, "organisation", "northfield");
    let organisation =
        organisation.and_then(|name| reference(&entry, "organisation", &name, faults));
    let name = words_for_people(&mut entry, faults, "name", Need::Of("Cardiology"));
    let prompt = prompt(&mut entry, "specialty", text, faults);
    let key = menu_key(&mut entry, faults);
    let base = words_for_people(&mut entry, faults, "base", Need::None);
    let hours = entry.texts(faults, "hours").unwrap_or_else(|| {
        let remedy = "add it, e.g. hours = [\"mon-fri 09:00-17:00\"]; [] for never";
        entry.missing(faults, "hours", remedy);
        Vec::new()
    });
    let hours = spans(&entry, "hours", &hours, faults);
    let ring_time = ring_time(&mut entry, faults);
    let outcomes = entry.text(faults, "outcomes");
    let overflow = entry.parsed(
        faults,
        "overflow",
        SpecialtyId::parse,
        "name a specialty, e.g. cardiology-region",
    );
    let in_call_keys = entry.flag(faults, "in_call_keys").unwrap_or(false);
    let keep_trying = entry.flag(faults, "keep_trying").unwrap_or(true);
    let overlap = entry.number(faults, "overlap_s", OVERLAP_S);
    let rota = rota::rota(&mut entry, faults);
    let known = &[
        "organisation",
        "name",
        "prompt",
        "key",
        "base",
        "hours",
        "ring_time_s",
        "outcomes",
        "overflow",
        "overlap_s",
        "in_call_keys",
        "keep_trying",
    ];
    entry.finish(faults, &[known, rota::KEYS.as_slice()].concat());
    let id = id?;
    let specialty = Specialty {
        id: id.clone(),
        organisation: organisation?,
        name: name?,
        prompt: prompt?,
        key,
        base,
        hours,
        hours_on: rota.hours_on,
        on_bank_holiday: rota.on_bank_holiday,
        sessions: rota.sessions,
        overrides: rota.overrides,
        swaps: rota.swaps,
        order: rota.order,
        outcomes: Vec::new(),
        overflow,
        overlap: overlap.map(|seconds| Duration::from_secs(seconds.into())),
        in_call_keys,
        keep_trying,
        ring_time,
    };
    Some((id, (specialty, outcomes)))
}

pub(super) fn outcomes(mut entry: Reader<'_>, faults: &mut Faults) -> Option<Vec<Outcome>> {
    let choices = entry.tables(faults, "choice");
    let whole = entry.place();
    entry.finish(faults, &["choice"]);
    if choices.is_empty() || choices.len() > MAX_OUTCOMES {
        let problem = format!("has {} choices", choices.len());
        let remedy = format!("write one to {MAX_OUTCOMES} of [[{}.choice]]", whole.key);
        faults.add(&whole.file, &whole.key, &problem, &remedy);
        return None;
    }
    let count = choices.len();
    let mut outcomes: Vec<Outcome> = Vec::with_capacity(count);
    for mut entry in choices {
        let id = entry.required(faults, "id", "referral-avoided");
        if let Some(id) = &id
            && PromptId::parse(&format!("outcome/{id}")).is_err()
        {
            let problem = format!("{id:?} is not an id");
            entry.fault(
                faults,
                "id",
                &problem,
                "use a-z, 0-9 and -, e.g. referral-avoided",
            );
        }
        let name = words_for_people(&mut entry, faults, "name", Need::Of("Referral avoided"));
        let prompt = id
            .as_ref()
            .and_then(|id| prompt(&mut entry, "outcome", id, faults));
        let key = entry.number(faults, "key", 1..=9).and_then(digit);
        if key.is_none() {
            entry.fault(faults, "key", "is missing", "add it: 1 to 9");
        }
        let activities = [
            ("processed", Activity::Processed),
            ("diverted", Activity::Diverted),
            ("none", Activity::NotCounted),
        ];
        let activity = entry.word(faults, "activity", &activities, Some(Activity::default()));
        let (Some(id), Some(name), Some(prompt), Some(key)) = (id, name, prompt, key) else {
            continue;
        };
        for known in &outcomes {
            if known.key == key {
                let problem = format!("{key} is the key of {} too", known.id);
                entry.fault(faults, "key", &problem, "give each outcome its own key");
            }
            if known.id == id {
                entry.fault(
                    faults,
                    "id",
                    &format!("{id} is there twice"),
                    "give it another id",
                );
            }
        }
        entry.finish(faults, &["id", "name", "key", "prompt", "activity"]);
        outcomes.push(Outcome {
            id,
            name,
            key,
            prompt,
            activity: activity.unwrap_or_default(),
        });
    }
    (outcomes.len() == count).then_some(outcomes)
}

pub(super) fn person(
    text: &str,
    mut entry: Reader<'_>,
    faults: &mut Faults,
) -> Option<(PersonId, Person)> {
    let id = id(text, &entry, PersonId::parse, faults);
    let name = words_for_people(&mut entry, faults, "name", Need::Of("Dr Ann Archer"));
    let ring_time = ring_time(&mut entry, faults);
    let readers = entry.tables(faults, "phone");
    if readers.is_empty() || readers.len() > MAX_PHONES {
        let problem = format!("has {} phones", readers.len());
        let remedy = format!("write one to {MAX_PHONES} of [[{}]]", entry.key("phone"));
        entry.fault(faults, "phone", &problem, &remedy);
    }
    let mut phones: Vec<Phone> = Vec::with_capacity(readers.len());
    for reader in readers {
        let place = reader.place();
        let Some(phone) = phone(reader, faults) else {
            continue;
        };
        if phones.iter().any(|known| known.to == phone.to) {
            let key = format!("{}.to", place.key);
            faults.add(&place.file, &key, "is there twice", "name each phone once");
        }
        phones.push(phone);
    }
    let organisations = organisations(&mut entry, faults);
    let absences = entry.tables(faults, "absence");
    if absences.len() > MAX_ABSENCES {
        let problem = format!("{} are too many", absences.len());
        let remedy = format!("at most {MAX_ABSENCES}: take out what is past");
        entry.fault(faults, "absence", &problem, &remedy);
    }
    let absences = absences
        .into_iter()
        .filter_map(|it| absence(it, faults))
        .collect();
    let known = &["name", "organisations", "ring_time_s", "phone", "absence"];
    entry.finish(faults, known);
    let id = id?;
    Some((
        id.clone(),
        Person {
            id,
            name: name?,
            organisations,
            absences,
            phones,
            ring_time,
        },
    ))
}

fn organisations(entry: &mut Reader<'_>, faults: &mut Faults) -> Vec<OrganisationId> {
    let names = entry.texts(faults, "organisations").unwrap_or_default();
    let each = names.iter();
    each.filter_map(|name| reference(entry, "organisations", name, faults))
        .collect()
}

fn absence(mut entry: Reader<'_>, faults: &mut Faults) -> Option<Absence> {
    let remedy = "e.g. \"2026-10-26\" or \"2026-10-26 13:00\"";
    let mut end = |name: &str, end: End, faults: &mut Faults| {
        entry
            .required(faults, name, "2026-10-26")
            .and_then(|text| match moment(&text, end) {
                Ok(moment) => Some(moment),
                Err(error) => {
                    entry.fault(faults, name, &format!("{text:?}: {error}"), remedy);
                    None
                }
            })
    };
    let (from, until) = (end("from", End::From, faults), end("to", End::To, faults));
    let (from, until) = (from?, until?);
    if until <= from {
        entry.fault(faults, "to", "is not after from", "exchange the two");
    }
    entry.finish(faults, &["from", "to"]);
    Some(Absence { from, until })
}

fn phone(mut entry: Reader<'_>, faults: &mut Faults) -> Option<Phone> {
    let kinds = [
        ("mobile", PhoneKind::Mobile),
        ("desk", PhoneKind::Desk),
        ("home", PhoneKind::Home),
        ("app", PhoneKind::App),
    ];
    let kind = entry.word(faults, "kind", &kinds, None);
    let to = address(&mut entry, faults);
    let ring_time = ring_time(&mut entry, faults);
    entry.finish(faults, &["kind", "to", "ring_time_s"]);
    Some(Phone {
        kind: kind?,
        to: to?,
        ring_time,
    })
}

pub(super) fn practice(
    text: &str,
    mut entry: Reader<'_>,
    faults: &mut Faults,
) -> Option<(PracticeId, Practice)> {
    let id = id(text, &entry, PracticeId::parse, faults);
    let name = words_for_people(&mut entry, faults, "name", Need::Of("Elm Street Surgery"));
    let prompt = prompt(&mut entry, "practice", text, faults);
    let area = words_for_people(&mut entry, faults, "area", Need::None);
    let texts = entry.texts(faults, "numbers").unwrap_or_default();
    let mut numbers = Vec::with_capacity(texts.len());
    for text in texts {
        match PhoneNumber::parse(&text) {
            Ok(number) => numbers.push(number),
            Err(error) => {
                entry.fault(
                    faults,
                    "numbers",
                    &format!("{text:?}: {error}"),
                    NUMBER_REMEDY,
                );
            }
        }
    }
    let reception = entry.parsed(faults, "reception", PhoneNumber::parse, NUMBER_REMEDY);
    let bypass = entry.parsed(faults, "bypass", PhoneNumber::parse, NUMBER_REMEDY);
    let code = entry.parsed(faults, "code", directory_code, "e.g. code = \"2041\"");
    let place = words_for_people(&mut entry, faults, "place", Need::None);
    let known = &[
        "name",
        "prompt",
        "area",
        "numbers",
        "reception",
        "bypass",
        "code",
        "place",
    ];
    entry.finish(faults, known);
    let id = id?;
    let practice = Practice {
        id: id.clone(),
        name: name?,
        prompt: prompt?,
        area,
        numbers,
        reception,
        bypass,
        code,
        place,
    };
    Some((id, practice))
}

/// Whether a text must be there, and what it looks like.
#[derive(Clone, Copy)]
enum Need {
    Of(&'static str),
    None,
}

/// A text that people read: on screens, in sheets, in logs of terminals. Nothing in it moves the
/// cursor or turns the direction of reading.
fn words_for_people(
    entry: &mut Reader<'_>,
    faults: &mut Faults,
    key: &str,
    need: Need,
) -> Option<String> {
    let text = match need {
        Need::Of(example) => entry.required(faults, key, example),
        Need::None => entry.text(faults, key),
    }?;
    let unseen = |it: char| {
        it.is_control() || matches!(it, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let problem = if text.contains(unseen) {
        format!("{text:?} has characters that are not seen")
    } else if text.trim().is_empty() && matches!(need, Need::Of(_)) {
        "is empty".to_owned()
    } else if text.chars().count() > MAX_WORDS {
        format!("has more than {MAX_WORDS} letters")
    } else {
        return Some(text);
    };
    let remedy = format!("plain words, at most {MAX_WORDS} letters");
    entry.fault(faults, key, &problem, &remedy);
    Some(text)
}

/// A key of the menu; two digits are complete only with the second.
fn menu_key(entry: &mut Reader<'_>, faults: &mut Faults) -> Option<MenuKey> {
    let number = entry.number(faults, "key", 1..=89)?;
    let key = MenuKey::from_number(number);
    if let Err(error) = &key {
        entry.fault(
            faults,
            "key",
            &format!("{number} is {error}"),
            "e.g. key = 4",
        );
    }
    key.ok()
}

/// Why a text is no directory code.
#[derive(Debug, thiserror::Error)]
#[error("a directory code has 2 to 6 digits")]
struct BadDirectoryCode;

fn directory_code(text: &str) -> Result<String, BadDirectoryCode> {
    let good = (2..=6).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    good.then(|| text.to_owned()).ok_or(BadDirectoryCode)
}

pub(super) fn address(entry: &mut Reader<'_>, faults: &mut Faults) -> Option<PhoneAddress> {
    let text = entry.required(faults, "to", "07700 900123")?;
    let parsed = PhoneAddress::parse(&text);
    if let Err(error) = &parsed {
        entry.fault(faults, "to", &format!("{text:?}: {error}"), ADDRESS_REMEDY);
    }
    parsed.ok()
}

/// The prompt that is named, or `<kind>/<id>`.
fn prompt(entry: &mut Reader<'_>, kind: &str, id: &str, faults: &mut Faults) -> Option<PromptId> {
    let Some(text) = entry.text(faults, "prompt") else {
        // An id that makes no prompt id is a fault of its own, found elsewhere.
        return PromptId::parse(&format!("{kind}/{id}")).ok();
    };
    let parsed = PromptId::parse(&text);
    if let Err(error) = &parsed {
        entry.fault(faults, "prompt", &error.to_string(), PROMPT_REMEDY);
    }
    parsed.ok()
}

fn ring_time(entry: &mut Reader<'_>, faults: &mut Faults) -> Option<Duration> {
    let seconds = entry.number(faults, "ring_time_s", RING_TIME_S)?;
    Some(Duration::from_secs(seconds.into()))
}

pub(super) fn spans(
    entry: &Reader<'_>,
    name: &str,
    texts: &[String],
    faults: &mut Faults,
) -> Vec<WeeklySpan> {
    let mut spans = Vec::with_capacity(texts.len() * 5);
    for text in texts {
        match weekly(text) {
            Ok(more) => spans.extend(more),
            Err(error) => {
                entry.fault(faults, name, &format!("{text:?}: {error}"), error.remedy());
            }
        }
    }
    spans
}

pub(super) fn reference<T: TryFrom<String>>(
    entry: &Reader<'_>,
    name: &str,
    text: &str,
    faults: &mut Faults,
) -> Option<T>
where
    T::Error: Display,
{
    match T::try_from(text.to_owned()) {
        Ok(id) => Some(id),
        Err(error) => {
            entry.fault(
                faults,
                name,
                &error.to_string(),
                "use the id of its section",
            );
            None
        }
    }
}

fn digit(number: u32) -> Option<Digit> {
    char::from_digit(number, 10).and_then(|character| Digit::parse(character).ok())
}
