//! From events to sessions and overrides.

use std::collections::BTreeMap;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, ToSpan};
use rotaline_routing::{DaySpan, name_of};
use toml::{Table, Value};

use super::event::{Event, Length};
use super::rule::{End, Rule};
use super::time::{Clock, Moment, instant, on_the_wall};
use super::{Entries, Frame};
use crate::place::Found;
use crate::reading::Text;

/// In a title: nobody is on.
pub(super) const NOBODY: &str = "-";
const DAY_MINUTES: u16 = 24 * 60;
const TITLE: &str = "e.g. SUMMARY:AM: Dr Ann Archer, Dr Ben Bright; or AM: - for nobody";

/// The entries of a calendar's events.
pub(super) fn entries(
    found: &mut Found,
    text: &Text,
    frame: &Frame,
    events: Vec<Event>,
) -> Entries {
    let mut book = Book {
        text,
        frame,
        sessions: Vec::new(),
        dated: Vec::new(),
        taken: BTreeMap::new(),
    };
    let titles: Vec<Option<Title>> = events
        .iter()
        .map(|event| book.title(found, event))
        .collect();
    for (event, title) in events.iter().zip(&titles) {
        if let Some(title) = title {
            book.event(found, event, title, &events);
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

/// Dates on which something else holds.
struct Dated {
    line: usize,
    title: Title,
    dates: Vec<String>,
    times: Vec<String>,
}

struct Book<'c> {
    text: &'c Text,
    frame: &'c Frame,
    sessions: Vec<Weekly>,
    dated: Vec<Dated>,
    /// What is said of each date and session already: its title and line.
    taken: BTreeMap<(Date, String), (Title, usize)>,
}

type Refusal = (usize, String, &'static str);

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

    fn event(&mut self, found: &mut Found, event: &Event, title: &Title, events: &[Event]) {
        let done = match (&event.start, &event.instead_of) {
            (None, _) => Err((
                event.line,
                "the event has no DTSTART".to_owned(),
                "e.g. DTSTART;TZID=Europe/London:20261026T090000",
            )),
            (Some(_), Some((line, moment))) => self.instead(event, title, *line, moment, events),
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
            let session = title.session.clone().unwrap_or_default().to_uppercase();
            self.claim(event.line, first, session, title, &[])?;
        }
        let dates = if first == last {
            first.to_string()
        } else {
            format!("{first}..{last}")
        };
        self.put(event.line, title.clone(), &[dates], Vec::new());
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
            let (date, span) = self.span(event, at, clock)?;
            return self.dated(event.line, title, &[(date, span)]);
        };
        let Some(days) = rule.weekly(at.date()) else {
            let each = self.each(event, rule, *line, at, clock)?;
            return self.dated(event.line, title, &each);
        };
        let by_the_rota = self.is_of_the_rota(clock);
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
        let span = self.weekly_span(event, at, clock)?;
        let times = weekly_texts(&days, span);
        let known = self.sessions.iter_mut().find(|it| it.title == *title);
        match known {
            Some(session) => session.times.extend(times),
            None => self.sessions.push(Weekly {
                line: event.line,
                title: title.clone(),
                times,
            }),
        }
        for (line, moment) in &event.exceptions {
            let date = self.own_date(*line, moment, clock)?;
            let nobody = Title {
                session: Some(session_name(title, span)),
                people: Vec::new(),
            };
            self.off(*line, date, nobody)?;
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
        events: &[Event],
    ) -> Result<(), Refusal> {
        let of = |it: &&Event| it.uid == event.uid && it.rule.is_some();
        let whole = events.iter().find(of);
        let Some((
            Event {
                start: Some((_, Moment::At(at, clock))),
                ..
            },
            whole,
        )) = whole.map(|it| (it, it))
        else {
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
        let usual = self.weekly_span(whole, *at, clock)?;
        let date = self.own_date(line, moment, clock)?;
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
            return self.off(line, date, nobody);
        }
        let (day, span) = self.span(event, *at, clock)?;
        let title = Title {
            session: title.session.clone().or(Some(usual_name.clone())),
            people: title.people.clone(),
        };
        let same_session = session_name(&title, span).eq_ignore_ascii_case(&usual_name);
        if day != date || !same_session {
            self.off(line, date, nobody)?;
        }
        self.dated(event.line, &title, &[(day, span)])
    }

    /// Nobody on a session of a date.
    fn off(&mut self, line: usize, date: Date, nobody: Title) -> Result<(), Refusal> {
        let session = nobody.session.clone().unwrap_or_default().to_uppercase();
        self.claim(line, date, session, &nobody, &[])?;
        self.put(line, nobody, &[date.to_string()], Vec::new());
        Ok(())
    }

    /// Sessions of dates, those with the same times together.
    fn dated(
        &mut self,
        line: usize,
        title: &Title,
        each: &[(Date, DaySpan)],
    ) -> Result<(), Refusal> {
        for (date, span) in each {
            let name = session_name(title, *span);
            let times = span_text(*span);
            let named = Title {
                session: Some(name.clone()),
                people: title.people.clone(),
            };
            let more = self.claim(line, *date, name.to_uppercase(), &named, &[&times])?;
            let date = date.to_string();
            if more == Claim::Again {
                // A second time on the same date: taken out of where it stands, both put anew.
                self.add_times(&named, date, times);
            } else {
                self.put(line, named, &[date], vec![times]);
            }
        }
        Ok(())
    }

    fn add_times(&mut self, title: &Title, date: String, times: String) {
        let holds = |it: &&mut Dated| it.title == *title && it.dates.contains(&date);
        let Some(first) = self.dated.iter_mut().find(holds) else {
            return;
        };
        let (line, mut all) = (first.line, first.times.clone());
        first.dates.retain(|it| *it != date);
        all.push(times);
        self.put(line, title.clone(), &[date], all);
        self.dated.retain(|it| !it.dates.is_empty());
    }

    /// Adds dates to what says the same of others.
    fn put(&mut self, line: usize, title: Title, dates: &[String], times: Vec<String>) {
        let mut dated = self.dated.iter_mut();
        match dated.find(|it| it.title == title && it.times == times) {
            Some(same) => same.dates.extend_from_slice(dates),
            None => self.dated.push(Dated {
                line,
                title,
                dates: dates.to_vec(),
                times,
            }),
        }
    }

    /// Notes that a session of a date is said; of two overrides one would be lost.
    fn claim(
        &mut self,
        line: usize,
        date: Date,
        session: String,
        title: &Title,
        times: &[&str],
    ) -> Result<Claim, Refusal> {
        match self.taken.get(&(date, session.clone())) {
            None => {
                self.taken.insert((date, session), (title.clone(), line));
                Ok(Claim::First)
            }
            Some((same, _)) if same == title && !times.is_empty() => Ok(Claim::Again),
            Some((_, first)) => {
                let problem = format!("line {first} says who is on {session} on {date} too");
                let remedy = "leave one of the two, or name one of the sessions otherwise";
                Err((line, problem, remedy))
            }
        }
    }

    /// The times of what is on every week: a length is one on the wall, whatever the clocks do on
    /// the first date.
    fn weekly_span(&self, event: &Event, at: DateTime, clock: &Clock) -> Result<DaySpan, Refusal> {
        let clock = match event.end {
            Some((_, Length::For(_))) => &Clock::Floating,
            Some((_, Length::Until(_))) | None => clock,
        };
        self.span(event, at, clock).map(|(_, span)| span)
    }

    /// The date and times on the rota's wall.
    fn span(&self, event: &Event, at: DateTime, clock: &Clock) -> Result<(Date, DaySpan), Refusal> {
        let Some((line, end)) = &event.end else {
            return Err(no_end(event.line));
        };
        let start = self.wall(event.start_line(), at, clock)?;
        let end = match end {
            Length::Until(Moment::At(end, end_clock)) => match (clock, end_clock) {
                // Both on one wall, be it another: the end is on that date's.
                (Clock::Floating, _) => *end,
                (_, other) => self.wall(*line, *end, other)?,
            },
            Length::Until(Moment::Day(_)) => return Err(no_end(*line)),
            Length::For(length) => self
                .later(at, *length, clock)
                .ok_or_else(|| no_end(*line))?,
        };
        let minutes = |from: DateTime| -> Option<i64> {
            let span = from.date().since((jiff::Unit::Day, start.date())).ok()?;
            let days = i64::from(span.get_days());
            let minute = i64::from(from.hour()) * 60 + i64::from(from.minute());
            Some(days * i64::from(DAY_MINUTES) + minute)
        };
        let both = minutes(start).zip(minutes(end));
        let span = both.and_then(|(start, end)| {
            Some(DaySpan {
                start_minute: u16::try_from(start).ok()?,
                end_minute: u16::try_from(end).ok()?,
            })
        });
        let length = |span: &DaySpan| span.end_minute.checked_sub(span.start_minute);
        let is_day = |span: &DaySpan| span.start_minute == 0 && length(span) == Some(DAY_MINUTES);
        let good = |span: &DaySpan| length(span).is_some_and(|it| (1..DAY_MINUTES).contains(&it));
        match span.filter(|span| good(span) || is_day(span)) {
            Some(span) => Ok((start.date(), span)),
            None => {
                let problem = "a session lasts for less than a day, or a day from midnight";
                let remedy = "split the event at midnight";
                Err((*line, problem.to_owned(), remedy))
            }
        }
    }

    /// The end of what begins at a time and lasts so long.
    fn later(&self, at: DateTime, length: SignedDuration, clock: &Clock) -> Option<DateTime> {
        let zone = match clock {
            Clock::Floating => return at.checked_add(length).ok(),
            Clock::Of(zone) => zone,
        };
        let end = instant(at, zone)?.checked_add(length).ok()?;
        on_the_wall(end, self.frame.zone.as_ref().unwrap_or(zone))
    }

    /// A time on the rota's wall.
    fn wall(&self, line: usize, at: DateTime, clock: &Clock) -> Result<DateTime, Refusal> {
        self.wall_in(line, at, clock, self.frame.zone.as_ref())
    }

    /// A time on the wall of a zone; none: that of its own clock.
    fn wall_in(
        &self,
        line: usize,
        at: DateTime,
        clock: &Clock,
        own: Option<&TimeZone>,
    ) -> Result<DateTime, Refusal> {
        let Clock::Of(zone) = clock else {
            return Ok(at);
        };
        let Some(own) = own.filter(|own| *own != zone) else {
            return Ok(at);
        };
        let wall = instant(at, zone).and_then(|at| on_the_wall(at, own));
        wall.ok_or_else(|| {
            let problem = "at that moment the clock shows a time for the second time";
            let remedy = "begin and end outside the hour that the clocks go back";
            (line, problem.to_owned(), remedy)
        })
    }

    /// The date that an exception is of, on the wall of the event that it is an exception of.
    fn own_date(&self, line: usize, moment: &Moment, clock: &Clock) -> Result<Date, Refusal> {
        match moment {
            Moment::Day(day) => Ok(*day),
            // Some programs write these in UTC whichever zone the event has.
            Moment::At(at, own) => {
                let zone = match clock {
                    Clock::Floating => self.frame.zone.as_ref(),
                    Clock::Of(zone) => Some(zone),
                };
                self.wall_in(line, *at, own, zone).map(DateTime::date)
            }
        }
    }

    /// The dates and times of an event that is repeated until an end.
    fn each(
        &self,
        event: &Event,
        rule: &Rule,
        line: usize,
        at: DateTime,
        clock: &Clock,
    ) -> Result<Vec<(Date, DaySpan)>, Refusal> {
        let zone = match clock {
            Clock::Of(zone) => zone.clone(),
            Clock::Floating => self.frame.zone.clone().unwrap_or(TimeZone::UTC),
        };
        let on = |date: Date| DateTime::from_parts(date, at.time());
        let is_past = |date: Date| match &rule.end {
            End::Never | End::After(_) => false,
            End::Until(Moment::Day(last)) => date > *last,
            End::Until(Moment::At(last, Clock::Floating)) => on(date) > *last,
            End::Until(Moment::At(last, Clock::Of(utc))) => {
                instant(on(date), &zone) > instant(*last, utc)
            }
        };
        let dates = rule.dates(at.date(), is_past);
        let dates = dates.map_err(|error| (line, error.to_string(), error.remedy()))?;
        let mut each = Vec::with_capacity(dates.len());
        for date in dates {
            let left_out = event.exceptions.iter().any(|(line, moment)| {
                self.own_date(*line, moment, clock)
                    .is_ok_and(|it| it == date)
            });
            if !left_out {
                let shift = date - at.date();
                each.push(self.span(&shifted(event, shift), on(date), clock)?);
            }
        }
        Ok(each)
    }

    fn is_of_the_rota(&self, clock: &Clock) -> bool {
        match (clock, &self.frame.zone) {
            (Clock::Floating, _) | (Clock::Of(_), None) => true,
            (Clock::Of(zone), Some(own)) => zone == own,
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
        let dated = self.dated.into_iter().map(|it| {
            let more = [("dates", it.dates), ("times", it.times)];
            ("override", entry(it.title, "session", &more), it.line)
        });
        sessions.chain(dated).collect()
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Claim {
    First,
    /// The same session of the same date, at another time.
    Again,
}

fn no_end(line: usize) -> Refusal {
    let remedy = "give it DTEND, e.g. DTEND;TZID=Europe/London:20261026T130000";
    (line, "it has no end that fits its start".to_owned(), remedy)
}

fn before(date: Date, days: i32) -> Date {
    date.checked_sub(days.days()).unwrap_or(date)
}

/// The event, its end so many days later.
fn shifted(event: &Event, shift: jiff::Span) -> Event {
    let mut event = event.clone();
    if let Some((_, Length::Until(Moment::At(end, _)))) = &mut event.end {
        *end = end.checked_add(shift).unwrap_or(*end);
    }
    event
}

/// Its name; else by its times, as everywhere.
fn session_name(title: &Title, span: DaySpan) -> String {
    title
        .session
        .clone()
        .unwrap_or_else(|| name_of(span).to_owned())
}

/// `09:00-13:00`
pub(super) fn span_text(span: DaySpan) -> String {
    let clock = |minute: u16| {
        let minute = match minute {
            0..=DAY_MINUTES => minute,
            later => later - DAY_MINUTES,
        };
        format!("{:02}:{:02}", minute / 60, minute % 60)
    };
    format!("{}-{}", clock(span.start_minute), clock(span.end_minute))
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
