//! A rota as a calendar, if one says it exactly: it is read back, and what differs is not written.

use std::fmt::Write as _;

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use rotaline_routing::{Dates, DaySpan, Item, ItemKey, ItemKind, Items, WeeklySpan};
use toml::{Table, Value};

use super::rule::day_name;
use super::sessions::NOBODY;
use super::{Frame, People, read};
use crate::lines::Lines;
use crate::place::Found;
use crate::reading::Text;
use crate::rota::CALENDAR_LISTS;

/// The week that weekly sessions are written from: long past, so that they are on wherever it is
/// read.
const FIRST_MONDAY: Date = Date::constant(2001, 1, 1);
/// Bytes of a line, its end apart (RFC 5545 section 3.1).
const LINE_BYTES: usize = 75;

/// The sessions and overrides of a specialty; none if a calendar does not say them exactly.
pub(crate) fn write(items: &Items, id: &str, specialty: &Item) -> Option<String> {
    let organisation = specialty.text_at("organisation")?;
    let organisation = items.get(&ItemKey::new(ItemKind::Organisation, organisation))?;
    let zone_name = organisation.text_at("zone")?;
    let frame = Frame {
        zone: Some(TimeZone::get(zone_name).ok()?),
        people: People::of(items),
        today: Date::MAX,
    };
    let mut calendar = Calendar {
        text: String::new(),
        people: &frame.people,
        zone: zone_name,
        specialty: id,
        events: 0,
    };
    calendar.line("BEGIN:VCALENDAR");
    calendar.line("VERSION:2.0");
    calendar.line("PRODID:-//Rotaline//Rota//EN");
    let mut written = 0;
    for list in CALENDAR_LISTS {
        let Some(entries) = specialty.table().get(list) else {
            continue;
        };
        for entry in entries.as_array().filter(|entries| !entries.is_empty())? {
            written += 1;
            let entry = entry.as_table()?;
            if list == "session" {
                calendar.session(entry)?;
            } else {
                calendar.override_of(entry)?;
            }
        }
    }
    calendar.line("END:VCALENDAR");
    let text = calendar.text;
    (written > 0 && says(&text, &frame, specialty)).then_some(text)
}

/// Whether a calendar says the sessions and overrides of a specialty, and no others.
fn says(text: &str, frame: &Frame, specialty: &Item) -> bool {
    let text = Text {
        file: "".into(),
        text: text.to_owned(),
        lines: Lines::of(text.as_bytes()),
    };
    let mut found = Found::default();
    let entries = read(&mut found, &text, frame);
    let list = |list: &str| -> Vec<Value> {
        let of_list = entries.iter().filter(|(it, _, _)| *it == list);
        of_list
            .map(|(_, entry, _)| Value::Table(entry.clone()))
            .collect()
    };
    found.into_faults().is_empty()
        && CALENDAR_LISTS.iter().all(|name| {
            let kept = specialty.table().get(*name).and_then(Value::as_array);
            kept.map_or(&[] as &[Value], Vec::as_slice) == list(name)
        })
}

struct Calendar<'p> {
    text: String,
    people: &'p People,
    zone: &'p str,
    specialty: &'p str,
    events: usize,
}

impl Calendar<'_> {
    /// A weekly session: an event for each of its times.
    fn session(&mut self, entry: &Table) -> Option<()> {
        let title = self.title(entry, "name")?;
        for times in texts(entry, "times")? {
            let spans = WeeklySpan::parse(times)?;
            let first = spans.first()?;
            let days: Vec<&str> = spans.iter().map(|it| day_name(it.day)).collect();
            let rule = format!("RRULE:FREQ=WEEKLY;BYDAY={}", days.join(","));
            let date = first_on(first.day);
            self.event(&title, Some(&rule), |calendar| {
                calendar.times(date, first.span);
            });
        }
        Some(())
    }

    /// An override: an event for each of its dates and times.
    fn override_of(&mut self, entry: &Table) -> Option<()> {
        let title = self.title(entry, "session")?;
        let times = match entry.get("times") {
            None => Vec::new(),
            Some(_) => texts(entry, "times")?,
        };
        for text in texts(entry, "dates")? {
            let dates = Dates::parse(text)?;
            if times.is_empty() {
                self.event(&title, None, |calendar| calendar.all_day(dates));
            }
            for span in &times {
                let span = DaySpan::parse(span)?;
                self.event(&title, None, |calendar| calendar.times(dates.first, span));
            }
        }
        Some(())
    }

    fn title(&self, entry: &Table, session: &str) -> Option<String> {
        let people = texts(entry, "people")?;
        let names: Vec<String> = people.iter().map(|id| self.people.title(id)).collect();
        let names = if names.is_empty() {
            NOBODY.to_owned()
        } else {
            names.join(", ")
        };
        let session = entry.get(session).map(Value::as_str);
        Some(match session {
            Some(session) => format!("{}: {names}", session?),
            None => names,
        })
    }

    fn event(&mut self, title: &str, rule: Option<&str>, times: impl FnOnce(&mut Self)) {
        self.events += 1;
        self.line("BEGIN:VEVENT");
        self.line(&format!("UID:{}-{}@rotaline", self.specialty, self.events));
        //= RFC 5545 section 3.6.1
        //# The following are REQUIRED [...] 'dtstamp' / 'uid'
        self.line("DTSTAMP:20010101T000000Z");
        times(self);
        if let Some(rule) = rule {
            self.line(rule);
        }
        self.line(&format!("SUMMARY:{}", escaped(title)));
        self.line("END:VEVENT");
    }

    fn times(&mut self, date: Date, span: DaySpan) {
        for (name, minute) in [("DTSTART", span.start_minute), ("DTEND", span.end_minute)] {
            let date = later(date, i32::from(minute / (24 * 60)));
            let (hour, minute) = (minute / 60 % 24, minute % 60);
            let day = date.strftime("%Y%m%d");
            let zone = self.zone;
            self.line(&format!("{name};TZID={zone}:{day}T{hour:02}{minute:02}00"));
        }
    }

    fn all_day(&mut self, dates: Dates) {
        for (name, date) in [("DTSTART", dates.first), ("DTEND", later(dates.last, 1))] {
            let day = date.strftime("%Y%m%d");
            self.line(&format!("{name};VALUE=DATE:{day}"));
        }
    }

    //= RFC 5545 section 3.1
    //# Lines of text SHOULD NOT be longer than 75 octets, excluding the line break.
    fn line(&mut self, line: &str) {
        let mut room = LINE_BYTES;
        for character in line.chars() {
            if character.len_utf8() > room {
                self.text.push_str("\r\n ");
                room = LINE_BYTES - 1;
            }
            room -= character.len_utf8();
            self.text.push(character);
        }
        self.text.push_str("\r\n");
    }
}

fn texts<'t>(entry: &'t Table, key: &str) -> Option<Vec<&'t str>> {
    let list = entry.get(key)?.as_array()?.iter();
    list.map(Value::as_str).collect()
}

fn first_on(day: Weekday) -> Date {
    later(FIRST_MONDAY, i32::from(day.to_monday_zero_offset()))
}

fn later(date: Date, days: i32) -> Date {
    date.checked_add(days.days()).unwrap_or(date)
}

/// RFC 5545 section 3.3.11
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' | ';' | ',' => {
                let _ = write!(escaped, "\\{character}");
            }
            '\n' => escaped.push_str("\\n"),
            other => escaped.push(other),
        }
    }
    escaped
}
