//! From events to sessions and overrides.

use std::collections::BTreeMap;

use jiff::civil::{Date, DateTime};
use jiff::{SignedDuration, ToSpan};
use rotaline_routing::{DaySpan, name_of};
use toml::{Table, Value};

use super::event::{Event, Length};
use super::time::{Clock, Moment};
use super::wall::{Refusal, Wall, no_end, span_text};
use super::{Entries, Frame};
use crate::place::Found;
use crate::reading::Text;

/// In a title: nobody is on.
pub(super) const NOBODY: &str = "-";
/// Most dates of a calendar of which something is said; a plan has fewer overrides.
const MAX_DATES: usize = 20_000;
const TITLE: &str = "e.g. SUMMARY:AM: Dr Ann Archer, Dr Ben Bright; or AM: - for nobody";

/// The entries of a calendar's events.
pub(super) fn entries(
    found: &mut Found,
    text: &Text,
    frame: &Frame,
    events: Vec<Event>,
) -> Entries {
    // Of one id the repeated one; the others are in place of some of its dates.
    let repeated = events.iter().filter(|event| event.rule.is_some());
    let mut book = Book {
        text,
        frame,
        wall: Wall(frame.zone.as_ref()),
        repeated: repeated.map(|event| (event.uid.as_str(), event)).collect(),
        sessions: Vec::new(),
        session_of: BTreeMap::new(),
        said: Vec::new(),
        taken: BTreeMap::new(),
    };
    for event in &events {
        if let Some(title) = book.title(found, event) {
            book.event(found, event, &title);
        }
    }
    book.entries()
}

/// What a title says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Title {
    session: Option<String>,
    people: Vec<String>,
}

/// A session that is on every week.
struct Weekly {
    line: usize,
    title: Title,
    times: Vec<String>,
}

/// A date, or several in a row, on which something else holds.
struct Said {
    line: usize,
    title: Title,
    dates: String,
    times: Vec<String>,
}

struct Book<'c> {
    text: &'c Text,
    frame: &'c Frame,
    wall: Wall<'c>,
    repeated: BTreeMap<&'c str, &'c Event>,
    sessions: Vec<Weekly>,
    /// Where in `sessions` the one of a title is.
    session_of: BTreeMap<Title, usize>,
    said: Vec<Said>,
    /// Where in `said` a session of a date is.
    taken: BTreeMap<(Date, String), usize>,
}

impl Book<'_> {
    fn title(&self, found: &mut Found, event: &Event) -> Option<Title> {
        let (line, text) = match &event.title {
            Some((line, text)) => (*line, text.as_str()),
            None if event.is_cancelled => (event.line, NOBODY),
            None => {
                let place = self.text.place(event.line);
                found.add(&place, "the event has no SUMMARY", TITLE);
                return None;
            }
        };
        let (session, names) = match text.split_once(':') {
            Some((session, names)) => (Some(session.trim().to_owned()), names),
            None => (None, text),
        };
        let place = self.text.place(line);
        let names = names.split([',', ';', '\n']).map(str::trim);
        let names: Vec<&str> = names.filter(|name| !name.is_empty()).collect();
        if names.is_empty() {
            found.add(&place, "the title names nobody", TITLE);
        }
        let mut people = Vec::with_capacity(names.len());
        for name in names.into_iter().filter(|name| *name != NOBODY) {
            // Nobody needs to know who would be on.
            if event.is_cancelled {
                break;
            }
            match self.frame.people.named(name).as_slice() {
                [] => {
                    let problem = format!("there is no person {name:?}");
                    found.add(&place, &problem, "use a name or id of people.csv");
                }
                [id] => people.push((*id).to_owned()),
                several => {
                    let problem = format!("{name:?} is the name of {}", several.join(" and "));
                    found.add(&place, &problem, "use the id of one of them");
                }
            }
        }
        Some(Title { session, people })
    }

    fn event(&mut self, found: &mut Found, event: &Event, title: &Title) {
        let done = match (&event.start, &event.instead_of) {
            (None, _) => Err((
                event.line,
                "the event has no DTSTART".to_owned(),
                "e.g. DTSTART;TZID=Europe/London:20261026T090000",
            )),
            (Some(_), Some((line, moment))) => self.instead(event, title, *line, moment),
            (Some(_), None) if event.is_cancelled => Ok(()),
            (Some((_, Moment::Day(first))), None) => self.all_day(event, title, *first),
            (Some((_, Moment::At(at, clock))), None) => self.timed(event, title, *at, clock),
        };
        if let Err((line, problem, remedy)) = done {
            found.add(&self.text.place(line), &problem, remedy);
        }
    }

    /// All day, on one or more days: other people, the usual times.
    fn all_day(&mut self, event: &Event, title: &Title, first: Date) -> Result<(), Refusal> {
        if let Some((line, _)) = &event.rule {
            let remedy = "write an all-day event for each, or one of several days";
            return Err((*line, "an all-day event is not repeated".to_owned(), remedy));
        }
        let last = match &event.end {
            None => first,
            //= RFC 5545 section 3.6.1
            //# The "DTEND" property for a "VEVENT" calendar component specifies the non-inclusive
            //# end of the event.
            Some((_, Length::Until(Moment::Day(end)))) if *end > first => before(*end, 1),
            Some((_, Length::Until(Moment::Day(end)))) if *end == first => first,
            Some((line, Length::For(length))) => {
                let days = length.as_hours() / 24;
                let whole = days >= 1 && SignedDuration::from_hours(days * 24) == *length;
                let days = i32::try_from(days).ok().filter(|_| whole);
                let days = days.ok_or_else(|| no_end(*line))?;
                first
                    .checked_add((days - 1).days())
                    .map_err(|_| no_end(*line))?
            }
            Some((line, Length::Until(_))) => return Err(no_end(*line)),
        };
        if first == last {
            return self.say(event.line, first, title, None);
        }
        self.said.push(Said {
            line: event.line,
            title: title.clone(),
            dates: format!("{first}..{last}"),
            times: Vec::new(),
        });
        Ok(())
    }

    fn timed(
        &mut self,
        event: &Event,
        title: &Title,
        at: DateTime,
        clock: &Clock,
    ) -> Result<(), Refusal> {
        let Some((line, rule)) = &event.rule else {
            let (date, span) = self.wall.span(event, at, clock)?;
            return self.dated(event.line, title, &[(date, span)]);
        };
        let Some(days) = rule.weekly(at.date()) else {
            let each = self.wall.each(event, rule, *line, at, clock)?;
            return self.dated(event.line, title, &each);
        };
        let by_the_rota = self.wall.is_of_the_rota(clock);
        if !by_the_rota {
            let problem = "it repeats by another clock than the rota's".to_owned();
            let remedy = "write it with TZID of the organisation's zone: clocks change apart";
            return Err((event.start_line(), problem, remedy));
        }
        if at.date() > self.frame.today {
            let problem = format!("it begins on {}, and a weekly session at once", at.date());
            let remedy = "import it on that day, or give the event an end until then";
            return Err((event.start_line(), problem, remedy));
        }
        let span = self.wall.weekly_span(event, at, clock)?;
        let times = weekly_texts(&days, span);
        let known = self.session_of.get(title).copied();
        match known.and_then(|place| self.sessions.get_mut(place)) {
            Some(session) => session.times.extend(times),
            None => {
                self.session_of.insert(title.clone(), self.sessions.len());
                self.sessions.push(Weekly {
                    line: event.line,
                    title: title.clone(),
                    times,
                });
            }
        }
        for (line, moment) in &event.exceptions {
            let date = self.wall.own_date(*line, moment, clock)?;
            let nobody = Title {
                session: Some(session_name(title, span)),
                people: Vec::new(),
            };
            self.say(*line, date, &nobody, None)?;
        }
        Ok(())
    }

    /// One of a repeated event, elsewhere or with other people, or not at all.
    fn instead(
        &mut self,
        event: &Event,
        title: &Title,
        line: usize,
        moment: &Moment,
    ) -> Result<(), Refusal> {
        let whole = self.repeated.get(event.uid.as_str()).copied();
        let times = whole.and_then(|whole| match &whole.start {
            Some((_, Moment::At(at, clock))) => Some((whole, at, clock)),
            Some((_, Moment::Day(_))) | None => None,
        });
        let Some((whole, at, clock)) = times else {
            let problem = "it is in place of a repeated event that is not here".to_owned();
            return Err((line, problem, "take the RECURRENCE-ID out"));
        };
        if whole
            .rule
            .as_ref()
            .is_some_and(|(_, rule)| rule.weekly(at.date()).is_none())
        {
            let problem = "it is in place of one of an event that ends".to_owned();
            return Err((line, problem, "write an event for each date"));
        }
        let usual = self.wall.weekly_span(whole, *at, clock)?;
        let date = self.wall.own_date(line, moment, clock)?;
        let Some((_, Moment::At(at, clock))) = &event.start else {
            return Err((event.line, "it has no times".to_owned(), "give it times"));
        };
        let whole_title = whole.title.as_ref().and_then(|(_, it)| it.split_once(':'));
        let usual_title = Title {
            session: whole_title.map(|(session, _)| session.trim().to_owned()),
            people: Vec::new(),
        };
        let usual_name = session_name(&usual_title, usual);
        let nobody = Title {
            session: Some(usual_name.clone()),
            people: Vec::new(),
        };
        if event.is_cancelled {
            return self.say(line, date, &nobody, None);
        }
        let (day, span) = self.wall.span(event, *at, clock)?;
        let title = Title {
            session: title.session.clone().or(Some(usual_name.clone())),
            people: title.people.clone(),
        };
        let same_session = session_name(&title, span).eq_ignore_ascii_case(&usual_name);
        if day != date || !same_session {
            self.say(line, date, &nobody, None)?;
        }
        self.dated(event.line, &title, &[(day, span)])
    }

    /// Sessions of dates.
    fn dated(
        &mut self,
        line: usize,
        title: &Title,
        each: &[(Date, DaySpan)],
    ) -> Result<(), Refusal> {
        for (date, span) in each {
            let named = Title {
                session: Some(session_name(title, *span)),
                people: title.people.clone(),
            };
            self.say(line, *date, &named, Some(span_text(*span)))?;
        }
        Ok(())
    }

    /// Says who is on a session of a date, and when, if not as usual. Once: of two overrides one
    /// would be lost. Another time of the same people on the same date is one override with it.
    fn say(
        &mut self,
        line: usize,
        date: Date,
        title: &Title,
        times: Option<String>,
    ) -> Result<(), Refusal> {
        let session = title.session.clone().unwrap_or_default().to_uppercase();
        let key = (date, session);
        let known = self.taken.get(&key).copied();
        match (known.and_then(|place| self.said.get_mut(place)), times) {
            (None, times) => {
                if self.said.len() == MAX_DATES {
                    let problem = format!("these are more than {MAX_DATES} dates");
                    return Err((line, problem, "take out what is past"));
                }
                self.taken.insert(key, self.said.len());
                self.said.push(Said {
                    line,
                    title: title.clone(),
                    dates: date.to_string(),
                    times: times.into_iter().collect(),
                });
                Ok(())
            }
            (Some(same), Some(times)) if same.title == *title && !same.times.is_empty() => {
                same.times.push(times);
                Ok(())
            }
            (Some(other), _) => {
                let (first, session) = (other.line, key.1);
                let problem = if session.is_empty() {
                    format!("line {first} says who is on all day on {date} too")
                } else {
                    format!("line {first} says who is on {session} on {date} too")
                };
                let remedy = "leave one of the two, or name one of the sessions otherwise";
                Err((line, problem, remedy))
            }
        }
    }

    fn entries(self) -> Entries {
        let texts = |list: Vec<String>| Value::Array(list.into_iter().map(Value::String).collect());
        let entry = |title: Title, name: &str, more: &[(&str, Vec<String>)]| {
            let mut entry = Table::new();
            if let Some(session) = title.session {
                entry.insert(name.to_owned(), Value::String(session));
            }
            entry.insert("people".to_owned(), texts(title.people));
            for (key, list) in more.iter().filter(|(_, list)| !list.is_empty()) {
                entry.insert((*key).to_owned(), texts(list.clone()));
            }
            entry
        };
        let sessions = self.sessions.into_iter().map(|it| {
            let table = entry(it.title, "name", &[("times", it.times)]);
            ("session", table, it.line)
        });
        // Dates that say the same stand together, where the first of them stood.
        let mut dated: Vec<(Said, Vec<String>)> = Vec::new();
        let mut place_of: BTreeMap<(Title, Vec<String>), usize> = BTreeMap::new();
        for said in self.said {
            let key = (said.title.clone(), said.times.clone());
            let place = *place_of.entry(key).or_insert(dated.len());
            let date = said.dates.clone();
            match dated.get_mut(place) {
                Some((_, dates)) => dates.push(date),
                None => dated.push((said, vec![date])),
            }
        }
        let dated = dated.into_iter().map(|(it, dates)| {
            let more = [("dates", dates), ("times", it.times)];
            ("override", entry(it.title, "session", &more), it.line)
        });
        sessions.chain(dated).collect()
    }
}

fn before(date: Date, days: i32) -> Date {
    date.checked_sub(days.days()).unwrap_or(date)
}

/// Its name; else by its times, as everywhere.
fn session_name(title: &Title, span: DaySpan) -> String {
    title
        .session
        .clone()
        .unwrap_or_else(|| name_of(span).to_owned())
}

/// Weekly times in the words of a plan: days in a row together.
fn weekly_texts(days: &[jiff::civil::Weekday], span: DaySpan) -> Vec<String> {
    const NAMES: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let times = span_text(span);
    if days.len() == NAMES.len() {
        return vec![format!("daily {times}")];
    }
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for day in days {
        let day = usize::try_from(day.to_monday_zero_offset()).unwrap_or(0);
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == day => *last = day,
            Some(_) | None => runs.push((day, day)),
        }
    }
    let name = |day: usize| NAMES.get(day).copied().unwrap_or("mon");
    let runs = runs.into_iter();
    runs.map(|(first, last)| {
        if first == last {
            format!("{} {times}", name(first))
        } else {
            format!("{}-{} {times}", name(first), name(last))
        }
    })
    .collect()
}
