//! A specialty's rota edited on dates: a session, a day or a week set and taken back, two sessions
//! swapped, a week copied.
//!
//! It changes the item as somebody would who edits the file: overrides and swaps are added and
//! taken out, nothing else is touched. Whether the outcome is a plan is judged with the whole.

use jiff::civil::Date;
use rotaline_model::PersonId;
use toml::{Table, Value};

use super::{Item, ItemKey, ItemKind, Items};
use crate::day::{OnDate, turns};
use crate::fault::Fault;
use crate::hours::{DAY_MINUTES, DaySpan, day_after};
use crate::parse::dates::dates;
use crate::plan::{Plan, Specialty};
use crate::rota::Dates;

/// Which part of a rota is edited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RotaPart {
    /// Which dates.
    pub on: EditedDates,
    /// Which session of them; none: the whole of each day.
    pub session: Option<String>,
}

/// Dates that are edited in one go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EditedDates {
    /// One date.
    Date(Date),
    /// The week from Monday to Sunday around a date.
    Week(Date),
}

/// Who is on, and when.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OnPart {
    /// Who is rung, in order; empty: nobody.
    pub people: Vec<String>,
    /// Times in place of the usual ones, as in `09:00-13:00`; empty: the usual ones.
    pub times: Vec<String>,
}

/// Two people exchange two sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SwapOn {
    /// Whose session the first one is.
    pub first: String,
    /// What the first gives: date and session.
    pub gives: (Date, String),
    /// Whose session the other one is.
    pub second: String,
    /// What the first takes.
    pub takes: (Date, String),
}

/// Why a week is not copied.
#[derive(Debug, thiserror::Error)]
pub enum NotCopied {
    /// There is no such specialty.
    #[error("there is no such specialty")]
    NoSuchSpecialty,
    /// It would be copied onto itself.
    #[error("it is the same week")]
    SameWeek,
    /// A swap concerns a date of the week that is to be overwritten.
    #[error("a swap concerns {0}")]
    Swapped(Date),
    /// The sessions of a date cannot be made with overrides.
    #[error("what is on {0} cannot be copied")]
    NotExpressible(Date),
    /// The plan would be faulty.
    #[error("the plan would have {} fault(s)", .0.len())]
    Faults(Vec<Fault>),
}

impl EditedDates {
    fn dates(self) -> Dates {
        match self {
            EditedDates::Date(date) => Dates {
                first: date,
                last: date,
            },
            EditedDates::Week(date) => {
                let first = monday_of(date);
                Dates {
                    first,
                    last: day_after(first, 6),
                }
            }
        }
    }

    /// As a plan file has it.
    fn text(self) -> String {
        match self {
            EditedDates::Date(date) => date.to_string(),
            EditedDates::Week(date) => format!("week {}", monday_of(date)),
        }
    }
}

impl Item {
    /// The specialty with this part so, whatever was said of it before. A whole day, or week, also
    /// takes the place of what was said of its sessions.
    #[must_use]
    pub fn with_override(&self, part: &RotaPart, on: &OnPart) -> Item {
        let mut item = self.clone();
        item.clear(part);
        let mut entry = Table::new();
        entry.insert("dates".to_owned(), texts(&[part.on.text()]));
        if let Some(session) = &part.session {
            entry.insert("session".to_owned(), Value::String(session.clone()));
        }
        if !on.times.is_empty() {
            entry.insert("times".to_owned(), texts(&on.times));
        }
        entry.insert("people".to_owned(), texts(&on.people));
        item.add("override", entry);
        item
    }

    /// The specialty with this part as usual again; none: it is.
    pub fn without_override(&self, part: &RotaPart) -> Option<Item> {
        let mut item = self.clone();
        item.clear(part).then_some(item)
    }

    /// The specialty with one more swap.
    #[must_use]
    pub fn with_swap(&self, swap: &SwapOn) -> Item {
        let session = |(date, session): &(Date, String)| format!("{date} {session}");
        let entries = [
            ("first", swap.first.clone()),
            ("gives", session(&swap.gives)),
            ("second", swap.second.clone()),
            ("takes", session(&swap.takes)),
        ];
        let entries = entries.map(|(key, text)| (key.to_owned(), Value::String(text)));
        let mut item = self.clone();
        item.add("swap", Table::from_iter(entries));
        item
    }

    fn add(&mut self, key: &str, entry: Table) {
        let entries = self.0.entry(key);
        let entries = entries.or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(entries) = entries {
            entries.push(Value::Table(entry));
        }
    }

    /// Takes these very dates out of the overrides that speak of the part; true if there were any.
    fn clear(&mut self, part: &RotaPart) -> bool {
        let Some(Value::Array(entries)) = self.0.get_mut("override") else {
            return false;
        };
        let (these, mut found) = (part.on.dates(), false);
        entries.retain_mut(|entry| {
            let named = entry.get("session").and_then(Value::as_str);
            let wanted = part.session.as_deref();
            let speaks = wanted.is_none_or(|wanted| {
                named.is_some_and(|named| named.trim().eq_ignore_ascii_case(wanted))
            });
            let Some(Value::Array(days)) = entry.get_mut("dates").filter(|_| speaks) else {
                return true;
            };
            let before = days.len();
            days.retain(|day| !day.as_str().is_some_and(|day| dates(day) == Ok(these)));
            found |= days.len() < before;
            !days.is_empty()
        });
        if entries.is_empty() {
            self.0.remove("override");
        }
        found
    }
}

/// The specialty with the sessions of one week as those of another, after their overrides and
/// swaps. Hours and absences are not copied.
pub fn copied_week(
    plan: &Plan,
    items: &Items,
    id: &str,
    from: Date,
    to: Date,
) -> Result<Item, NotCopied> {
    let key = ItemKey::new(ItemKind::Specialty, id);
    let mut item = items.get(&key).ok_or(NotCopied::NoSuchSpecialty)?.clone();
    let known = plan.specialties.values().find(|it| it.id.as_str() == id);
    let specialty = known.ok_or(NotCopied::NoSuchSpecialty)?;
    let (from, to) = (monday_of(from), monday_of(to));
    if from == to {
        return Err(NotCopied::SameWeek);
    }
    let swapped = specialty.swaps.iter().flat_map(|it| [&it.gives, &it.takes]);
    if let Some(half) = swapped.map(|it| it.date).find(|it| monday_of(*it) == to) {
        return Err(NotCopied::Swapped(half));
    }
    for days in 0..7 {
        let (source, target) = (day_after(from, days), day_after(to, days));
        let wanted = sessions_of(plan, specialty, source);
        if wanted == sessions_of(plan, specialty, target) {
            continue;
        }
        let whole_day = RotaPart {
            on: EditedDates::Date(target),
            session: None,
        };
        // Whatever else there is on the date, nobody is on it.
        item = item.with_override(&whole_day, &OnPart::default());
        for (session, on) in overrides_of(wanted) {
            let session = Some(session);
            item = item.with_override(
                &RotaPart {
                    session,
                    ..whole_day
                },
                &on,
            );
        }
    }
    let mut copied = items.clone();
    copied.apply((key, Some(item.clone())));
    let copied = copied.plan().map_err(NotCopied::Faults)?;
    let specialty = copied.specialty(&specialty.id);
    let specialty = specialty.ok_or(NotCopied::NoSuchSpecialty)?;
    for days in 0..7 {
        let (source, target) = (day_after(from, days), day_after(to, days));
        let on = |date| who_when(sessions_of(&copied, specialty, date));
        if on(source) != on(target) {
            return Err(NotCopied::NotExpressible(target));
        }
    }
    Ok(item)
}

/// A session as it is copied: its name, its times, who is on.
type Copied = (String, DaySpan, Vec<PersonId>);

fn sessions_of(plan: &Plan, specialty: &Specialty, date: Date) -> Vec<Copied> {
    let sessions = plan.sessions_on(specialty, date);
    let copied = sessions.iter().map(|session: &OnDate<'_>| {
        let people = turns(specialty, session).into_iter();
        let people = people.map(|turn| turn.person.clone()).collect();
        (session.name.to_owned(), session.span, people)
    });
    copied.collect()
}

/// Overrides of one date that make these sessions: one for each name. Sessions of a name that have
/// other people are named apart.
fn overrides_of(sessions: Vec<Copied>) -> Vec<(String, OnPart)> {
    let mut overrides: Vec<(String, OnPart)> = Vec::new();
    for (name, span, people) in sessions {
        let people: Vec<String> = people.iter().map(ToString::to_string).collect();
        let names = std::iter::once(name.clone()).chain((2..).map(|it| format!("{name} {it}")));
        for name in names {
            let known = overrides
                .iter_mut()
                .find(|(other, _)| other.eq_ignore_ascii_case(&name));
            match known {
                Some((_, on)) if on.people == people => on.times.push(text_of(span)),
                Some(_) => continue,
                None => {
                    let times = vec![text_of(span)];
                    overrides.push((name, OnPart { people, times }));
                }
            }
            break;
        }
    }
    overrides
}

/// Who is rung when, whatever it is called.
fn who_when(sessions: Vec<Copied>) -> Vec<(u16, u16, Vec<PersonId>)> {
    let on = sessions.into_iter();
    let mut on: Vec<_> = on
        .filter(|(_, _, people)| !people.is_empty())
        .map(|(_, span, people)| (span.start_minute, span.end_minute, people))
        .collect();
    on.sort();
    on
}

fn text_of(span: DaySpan) -> String {
    let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    let end = match span.end_minute {
        end if end > DAY_MINUTES => end - DAY_MINUTES,
        end => end,
    };
    format!("{}-{}", clock(span.start_minute), clock(end))
}

fn monday_of(date: Date) -> Date {
    day_after(date, -i32::from(date.weekday().to_monday_zero_offset()))
}

fn texts(texts: &[String]) -> Value {
    Value::Array(texts.iter().cloned().map(Value::String).collect())
}
