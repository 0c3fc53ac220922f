//! A specialty's rota: sessions, and what holds on dates alone. People are looked up later.

use rotaline_model::PersonId;

use super::dates::{DATES_REMEDY, dates, session_on};
use super::parts::{reference, spans};
use super::times;
use crate::hours::DaySpan;
use crate::order::Order;
use crate::read::{Faults, Reader};
use crate::rota::{
    Dates, HolidaySession, HoursOn, OnBankHoliday, Override, Session, SessionOn, Swap,
};

/// Most people in one session.
const MAX_PEOPLE: usize = 64;
/// Most entries of one kind that hold on dates alone: years of them.
const MAX_ENTRIES: usize = 4000;
/// Letters of a session's name.
const MAX_NAME: usize = 32;

const PEOPLE_EXAMPLE: &str = "add it, e.g. people = [\"ann\", \"ben\"]";
const TIMES_REMEDY: &str = "e.g. [\"09:00-13:00\"]";

/// Everything of a rota.
pub(super) struct Rota {
    pub sessions: Vec<Session>,
    pub overrides: Vec<Override>,
    pub swaps: Vec<Swap>,
    pub hours_on: Vec<HoursOn>,
    pub on_bank_holiday: OnBankHoliday,
    pub order: Order,
}

/// The keys of a specialty that [`rota`] reads.
pub(super) const KEYS: [&str; 8] = [
    "session",
    "override",
    "swap",
    "hours_on",
    "bank_holidays",
    "bank_holiday_hours",
    "bank_holiday_session",
    "order",
];

pub(super) fn rota(entry: &mut Reader<'_>, faults: &mut Faults) -> Rota {
    let orders = [
        ("rota", Order::Rota),
        ("fair-share", Order::FairShare),
        ("longest-idle", Order::LongestIdle),
        ("best-answer-rate", Order::BestAnswerRate),
    ];
    let order = entry.word(faults, "order", &orders, Some(Order::Rota));
    Rota {
        sessions: each(entry, "session", faults, session),
        overrides: each(entry, "override", faults, one_override),
        swaps: each(entry, "swap", faults, swap),
        hours_on: each(entry, "hours_on", faults, hours_on),
        on_bank_holiday: on_bank_holiday(entry, faults),
        order: order.unwrap_or_default(),
    }
}

fn each<T>(
    entry: &mut Reader<'_>,
    name: &str,
    faults: &mut Faults,
    parse: impl Fn(Reader<'_>, &mut Faults) -> Option<T>,
) -> Vec<T> {
    let entries = entry.tables(faults, name);
    if entries.len() > MAX_ENTRIES {
        let problem = format!("{} are too many", entries.len());
        let remedy = format!("at most {MAX_ENTRIES}: take out what is past");
        entry.fault(faults, name, &problem, &remedy);
        return Vec::new();
    }
    // What is left out here has a fault, and no plan comes of it: numbers stay those of the file.
    let entries = entries.into_iter();
    entries.filter_map(|entry| parse(entry, faults)).collect()
}

fn session(mut entry: Reader<'_>, faults: &mut Faults) -> Option<Session> {
    let name = name(&mut entry, "name", faults);
    let times = entry.texts(faults, "times").unwrap_or_else(|| {
        let remedy = "add it, e.g. times = [\"mon-fri 09:00-13:00\"]";
        entry.missing(faults, "times", remedy);
        Vec::new()
    });
    let spans = spans(&entry, "times", &times, faults);
    let people = people(&mut entry, faults);
    entry.finish(faults, &["name", "times", "people"]);
    Some(Session {
        name,
        spans,
        people,
    })
}

fn one_override(mut entry: Reader<'_>, faults: &mut Faults) -> Option<Override> {
    let dates = date_list(&mut entry, faults);
    let session = name(&mut entry, "session", faults);
    let times = entry.texts(faults, "times").unwrap_or_default();
    let times = day_spans(&entry, "times", &times, faults);
    let people = people(&mut entry, faults);
    entry.finish(faults, &["dates", "session", "times", "people"]);
    Some(Override {
        dates,
        session,
        times,
        people,
    })
}

fn swap(mut entry: Reader<'_>, faults: &mut Faults) -> Option<Swap> {
    let mut person = |name: &str, faults: &mut Faults| -> Option<PersonId> {
        let text = entry.required(faults, name, "ann")?;
        reference(&entry, name, &text, faults)
    };
    let (first, second) = (person("first", faults), person("second", faults));
    let mut session = |name: &str, faults: &mut Faults| -> Option<SessionOn> {
        let text = entry.required(faults, name, "2026-10-26 AM")?;
        let parsed = session_on(&text);
        if let Err(error) = &parsed {
            let problem = format!("{text:?}: {error}");
            entry.fault(faults, name, &problem, "e.g. \"2026-10-26 AM\"");
        }
        parsed.ok()
    };
    let (gives, takes) = (session("gives", faults), session("takes", faults));
    let (first, second) = (first?, second?);
    if first == second {
        let remedy = "name the other person of the swap";
        entry.fault(faults, "second", "is the first one too", remedy);
    }
    entry.finish(faults, &["first", "gives", "second", "takes"]);
    Some(Swap {
        first,
        gives: gives?,
        second,
        takes: takes?,
    })
}

fn hours_on(mut entry: Reader<'_>, faults: &mut Faults) -> Option<HoursOn> {
    let dates = date_list(&mut entry, faults);
    let hours = entry.texts(faults, "hours").unwrap_or_else(|| {
        let remedy = "add it, e.g. hours = [\"09:00-12:00\"]; [] for closed";
        entry.missing(faults, "hours", remedy);
        Vec::new()
    });
    let hours = day_spans(&entry, "hours", &hours, faults);
    entry.finish(faults, &["dates", "hours"]);
    Some(HoursOn { dates, hours })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Holiday {
    Closed,
    AsUsual,
    Own,
}

fn on_bank_holiday(entry: &mut Reader<'_>, faults: &mut Faults) -> OnBankHoliday {
    let words = [
        ("closed", Holiday::Closed),
        ("as-usual", Holiday::AsUsual),
        ("own", Holiday::Own),
    ];
    let what = entry.word(faults, "bank_holidays", &words, Some(Holiday::Closed));
    let hours = entry.texts(faults, "bank_holiday_hours");
    let sessions = each(entry, "bank_holiday_session", faults, holiday_session);
    let given = [
        ("bank_holiday_hours", hours.is_some()),
        ("bank_holiday_session", !sessions.is_empty()),
    ];
    for (name, given) in given {
        if given && what.is_some_and(|what| what != Holiday::Own) {
            let remedy = "add bank_holidays = \"own\", or take this out";
            entry.fault(faults, name, "does nothing", remedy);
        }
    }
    match what {
        None | Some(Holiday::Closed) => OnBankHoliday::Closed,
        Some(Holiday::AsUsual) => OnBankHoliday::AsUsual,
        Some(Holiday::Own) => {
            let hours = hours.unwrap_or_else(|| {
                let remedy = "add it, e.g. bank_holiday_hours = [\"10:00-12:00\"]";
                entry.missing(faults, "bank_holiday_hours", remedy);
                Vec::new()
            });
            let hours = day_spans(entry, "bank_holiday_hours", &hours, faults);
            OnBankHoliday::Own { hours, sessions }
        }
    }
}

fn holiday_session(mut entry: Reader<'_>, faults: &mut Faults) -> Option<HolidaySession> {
    let name = name(&mut entry, "name", faults);
    let times = entry.texts(faults, "times").unwrap_or_else(|| {
        entry.missing(faults, "times", "add it, e.g. times = [\"09:00-13:00\"]");
        Vec::new()
    });
    let spans = day_spans(&entry, "times", &times, faults);
    let people = people(&mut entry, faults);
    entry.finish(faults, &["name", "times", "people"]);
    Some(HolidaySession {
        name,
        spans,
        people,
    })
}

fn date_list(entry: &mut Reader<'_>, faults: &mut Faults) -> Vec<Dates> {
    let Some(texts) = entry.texts(faults, "dates") else {
        entry.missing(faults, "dates", DATES_REMEDY);
        return Vec::new();
    };
    let mut list = Vec::with_capacity(texts.len());
    for text in texts {
        match dates(&text) {
            Ok(dates) => list.push(dates),
            Err(error) => {
                entry.fault(faults, "dates", &format!("{text:?}: {error}"), DATES_REMEDY);
            }
        }
    }
    list
}

fn name(entry: &mut Reader<'_>, key: &str, faults: &mut Faults) -> Option<String> {
    let name = entry.text(faults, key)?;
    let name = name.trim().to_owned();
    let plain = name
        .chars()
        .all(|it| it.is_alphanumeric() || " -_/".contains(it));
    if name.is_empty() || name.chars().count() > MAX_NAME || !plain {
        let problem = format!("{name:?} is no name of a session");
        let remedy = format!("1 to {MAX_NAME} letters and digits, e.g. \"AM\"");
        entry.fault(faults, key, &problem, &remedy);
    }
    Some(name)
}

fn day_spans(
    entry: &Reader<'_>,
    name: &str,
    texts: &[String],
    faults: &mut Faults,
) -> Vec<DaySpan> {
    let mut spans = Vec::with_capacity(texts.len());
    for text in texts {
        match times::day_span(text) {
            Ok(span) => spans.push(span),
            Err(error) => {
                entry.fault(faults, name, &format!("{text:?}: {error}"), TIMES_REMEDY);
            }
        }
    }
    spans
}

fn people(entry: &mut Reader<'_>, faults: &mut Faults) -> Vec<PersonId> {
    let names = entry.texts(faults, "people").unwrap_or_else(|| {
        entry.missing(faults, "people", PEOPLE_EXAMPLE);
        Vec::new()
    });
    if names.len() > MAX_PEOPLE {
        let problem = format!("{} people are too many", names.len());
        let remedy = format!("at most {MAX_PEOPLE} in a session");
        entry.fault(faults, "people", &problem, &remedy);
    }
    let mut people: Vec<PersonId> = Vec::with_capacity(names.len());
    for name in names {
        let Some(person) = reference(entry, "people", &name, faults) else {
            continue;
        };
        if people.contains(&person) {
            let problem = format!("{name} is there twice");
            entry.fault(faults, "people", &problem, "name everybody once");
        } else {
            people.push(person);
        }
    }
    people
}
