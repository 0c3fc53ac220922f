//! Components of a calendar (RFC 5545 section 3.6): its events, their properties taken apart.
//!
//! Time zones are known by name, so a VTIMEZONE is passed over, and so is an alarm of an event.
//! Everything else that is no event is a fault: a rota has nothing for it.

use jiff::SignedDuration;

use super::line::ContentLine;
use super::rule::Rule;
use super::time::{BadTime, Moment, duration};
use crate::place::Found;
use crate::reading::Text;

/// Most events of a calendar.
const MAX_EVENTS: usize = 10_000;

/// VEVENT
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub line: usize,
    pub uid: String,
    pub title: Option<(usize, String)>,
    pub start: Option<(usize, Moment)>,
    pub end: Option<(usize, Length)>,
    pub rule: Option<(usize, Rule)>,
    pub exceptions: Vec<(usize, Moment)>,
    /// Which one of a repeated event this is in place of.
    pub instead_of: Option<(usize, Moment)>,
    pub is_cancelled: bool,
    /// Something of it could not be read, which is told already.
    pub is_broken: bool,
}

/// DTEND or DURATION
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Length {
    Until(Moment),
    For(SignedDuration),
}

/// All events.
pub(super) fn events(found: &mut Found, text: &Text, lines: Vec<ContentLine>) -> Vec<Event> {
    let mut events = Vec::new();
    // Components that are open, outermost first, with their lines.
    let mut open: Vec<(usize, String)> = Vec::new();
    let mut event: Option<Event> = None;
    if lines.first().is_none_or(|it| it.name != "BEGIN") {
        let remedy = "save it as iCalendar; it begins with BEGIN:VCALENDAR";
        found.add(&text.place(1), "is no calendar", remedy);
        return events;
    }
    for line in lines {
        let place = text.place(line.line);
        let value = line.value.trim().to_ascii_uppercase();
        match line.name.as_str() {
            "BEGIN" => {
                let inside: Vec<&str> = open.iter().map(|(_, name)| name.as_str()).collect();
                match (inside.as_slice(), value.as_str()) {
                    ([], "VCALENDAR") | (["VCALENDAR"], "VTIMEZONE") => {}
                    (["VCALENDAR", "VTIMEZONE" | "VEVENT", ..], _) => {}
                    (["VCALENDAR"], "VEVENT") if events.len() < MAX_EVENTS => {
                        event = Some(Event::new(line.line));
                    }
                    (["VCALENDAR"], "VEVENT") => {
                        let problem = format!("is more than {MAX_EVENTS} events");
                        found.add(&place, &problem, "take out what is past");
                        return events;
                    }
                    (_, _) => {
                        let problem = format!("a rota has nothing for {value}");
                        found.add(&place, &problem, "take it out; sessions are VEVENT");
                    }
                }
                open.push((line.line, value));
            }
            "END" => {
                if open.pop().is_none_or(|(_, name)| name != value) {
                    let problem = format!("ends {value}, which is not what was begun last");
                    found.add(&place, &problem, "let every BEGIN have its END");
                    return events;
                }
                if open.len() == 1
                    && let Some(event) = event.take()
                    && !event.is_broken
                {
                    events.push(event);
                }
            }
            _ => {
                let inside_event = open.len() == 2;
                if let Some(event) = event.as_mut().filter(|_| inside_event)
                    && let Err((problem, remedy)) = event.take(&line)
                {
                    found.add(&place, &problem, remedy);
                    event.is_broken = true;
                }
            }
        }
    }
    if let Some((begun, name)) = open.last() {
        let problem = format!("{name} has no END");
        let remedy = "save the calendar again: it is cut off";
        found.add(&text.place(*begun), &problem, remedy);
    }
    events
}

impl Event {
    pub(super) fn new(line: usize) -> Event {
        Event {
            line,
            uid: String::new(),
            title: None,
            start: None,
            end: None,
            rule: None,
            exceptions: Vec::new(),
            instead_of: None,
            is_cancelled: false,
            is_broken: false,
        }
    }

    /// Where it says when it begins.
    pub(super) fn start_line(&self) -> usize {
        self.start.as_ref().map_or(self.line, |(line, _)| *line)
    }

    /// Takes a property; what a rota has no use for (who made it, when, where) is passed over.
    fn take(&mut self, line: &ContentLine) -> Result<(), (String, &'static str)> {
        let bad = |error: BadTime| {
            let problem = format!("{} {:?}: {error}", line.name, line.value);
            (problem, error.remedy())
        };
        let at = line.line;
        match line.name.as_str() {
            "UID" => line.value.trim().clone_into(&mut self.uid),
            "SUMMARY" => self.title = Some((at, unescaped(&line.value))),
            "DTSTART" => self.start = Some((at, Moment::of(line).map_err(bad)?)),
            "DTEND" => self.end = Some((at, Length::Until(Moment::of(line).map_err(bad)?))),
            "DURATION" => {
                self.end = Some((at, Length::For(duration(&line.value).map_err(bad)?)));
            }
            "RRULE" if self.rule.is_none() => {
                let rule = Rule::parse(line);
                let rule = rule.map_err(|error| (error.to_string(), error.remedy()))?;
                self.rule = Some((at, rule));
            }
            "EXDATE" => {
                for value in line.value.split(',') {
                    let moment = Moment::parse(line, value).map_err(bad)?;
                    self.exceptions.push((at, moment));
                }
            }
            "RECURRENCE-ID" if line.param("RANGE").is_none() => {
                self.instead_of = Some((at, Moment::of(line).map_err(bad)?));
            }
            "STATUS" => self.is_cancelled = line.value.trim().eq_ignore_ascii_case("CANCELLED"),
            name @ ("RRULE" | "RDATE" | "EXRULE" | "RECURRENCE-ID") => {
                let problem = format!("a rota has nothing for this {name}");
                return Err((problem, "write an event for each date"));
            }
            _ => {}
        }
        Ok(())
    }
}

/// RFC 5545 section 3.3.11
fn unescaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some('n' | 'N') => text.push('\n'),
                Some(other) => text.push(other),
                None => text.push('\\'),
            },
            other => text.push(other),
        }
    }
    text
}
