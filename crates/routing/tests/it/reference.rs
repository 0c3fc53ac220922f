//! Hours and rota, minute by minute, against a reference that knows neither instants nor rules of
//! clock changes: it looks at a clock on the wall, minute after minute, and remembers the highest
//! that it has shown. A span begins when that passes its start, and ends when it passes its end.

use std::fmt::Write;

use jiff::civil::{Date, DateTime, date};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;
use rotaline_model::SpecialtyId;
use rotaline_routing::{Plan, Source};

const PEOPLE: [&str; 4] = ["ann", "ben", "cat", "dev"];
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// The two clock changes, a leap day, bank holidays beside a weekend, the turn of a year.
fn focus() -> impl Strategy<Value = Date> {
    prop::sample::select(vec![
        date(2026, 3, 29),
        date(2026, 10, 25),
        date(2027, 3, 28),
        date(2028, 2, 29),
        date(2026, 12, 25),
        date(2026, 12, 28),
        date(2027, 1, 1),
    ])
}

/// Start and end on paper, in quarters of an hour; an end below the start is of the next day.
type Span = (u16, u16);

fn span() -> impl Strategy<Value = Span> {
    let near_midnight = prop::sample::select(vec![(92, 4), (88, 96), (0, 6), (80, 32), (4, 8)]);
    let any = (0_u16..96, 0_u16..=96).prop_filter("empty", |(start, end)| start != end);
    prop_oneof![near_midnight, any]
}

fn people() -> impl Strategy<Value = Vec<usize>> {
    prop::sample::subsequence(vec![0, 1, 2, 3], 0..=3)
}

/// First day relative to the focus, and how many days.
type Days = (i32, i32);

fn days() -> impl Strategy<Value = Days> {
    (-2..=2, prop_oneof![Just(1), Just(1), 2..=4])
}

#[derive(Clone, Debug)]
struct Rota {
    focus: Date,
    hours: Vec<(usize, Span)>,
    /// Name, weekday, times, people.
    sessions: Vec<(&'static str, usize, Span, Vec<usize>)>,
    overrides: Vec<(Days, Option<&'static str>, Vec<usize>)>,
    hours_on: Vec<(Days, Vec<Span>)>,
    /// Person, first minute relative to the focus's midnight, how many minutes.
    absences: Vec<(usize, i32, i32)>,
    bank_holidays: &'static str,
    /// Hours and one session of a bank holiday, where it has its own.
    own: (Span, Span, Vec<usize>),
    /// Who gives which session of which day (relative to the focus) to whom, for which.
    swaps: Vec<Swap>,
}

/// A person, what they give; another person, what they give: days relative to the focus.
type Swap = (usize, (i32, &'static str), usize, (i32, &'static str));

fn swap() -> impl Strategy<Value = Swap> {
    let on = || (-2..=1, name());
    (0_usize..4, on(), 1_usize..4, on())
        .prop_map(|(first, gives, others, takes)| (first, gives, (first + others) % 4, takes))
}

fn name() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["AM", "PM"])
}

fn rota() -> impl Strategy<Value = Rota> {
    let many = |size| 0..=size;
    (
        focus(),
        prop::collection::vec((0_usize..7, span()), many(6)),
        prop::collection::vec((name(), 0_usize..7, span(), people()), many(8)),
        prop::collection::vec((days(), prop::option::of(name()), people()), many(4)),
        prop::collection::vec((days(), prop::collection::vec(span(), many(2))), many(2)),
        prop::collection::vec((0_usize..4, -1440..2880, 1..1500), many(3)),
        prop::sample::select(vec!["closed", "as-usual", "own"]),
        (span(), span(), people()),
        prop::collection::vec(swap(), many(3)),
    )
        .prop_map(
            |(focus, hours, sessions, overrides, hours_on, absences, bank_holidays, own, swaps)| {
                Rota {
                    focus,
                    hours,
                    sessions,
                    overrides,
                    hours_on,
                    absences,
                    bank_holidays,
                    own,
                    swaps,
                }
            },
        )
}

fn after(date: Date, days: i32) -> Date {
    date.checked_add(days.days()).unwrap()
}

fn minute(date: Date, minutes: i32) -> DateTime {
    date.at(0, 0, 0, 0).checked_add(minutes.minutes()).unwrap()
}

fn times((start, end): &Span) -> String {
    let clock = |at: u16| format!("{:02}:{:02}", at / 4, at % 4 * 15);
    format!("{}-{}", clock(*start), clock(*end))
}

fn named(ids: &[usize]) -> String {
    let ids = ids.iter().map(|id| format!("\"{}\"", PEOPLE[*id]));
    ids.collect::<Vec<String>>().join(", ")
}

impl Rota {
    fn text(&self) -> String {
        let mut text = "inbound_number = \"020 7946 0000\"\n[organisation.o]\nname = \"O\"\n\
                        zone = \"Europe/London\"\nnation = \"england\"\n[specialty.s]\n\
                        organisation = \"o\"\nname = \"S\"\n"
            .to_owned();
        let dates = |(first, count): &Days| {
            let first = after(self.focus, *first);
            format!("\"{first}..{}\"", after(first, count - 1))
        };
        let hours: Vec<String> = self
            .hours
            .iter()
            .map(|(day, span)| format!("\"{} {}\"", DAYS[*day], times(span)))
            .collect();
        let _ = writeln!(text, "hours = [{}]", hours.join(", "));
        let _ = writeln!(text, "bank_holidays = \"{}\"", self.bank_holidays);
        if self.bank_holidays == "own" {
            let _ = writeln!(text, "bank_holiday_hours = [\"{}\"]", times(&self.own.0));
        }
        for (name, day, span, ids) in &self.sessions {
            let (day, times, people) = (DAYS[*day], times(span), named(ids));
            let _ = writeln!(
                text,
                "[[specialty.s.session]]\nname = \"{name}\"\ntimes = [\"{day} {times}\"]\n\
                 people = [{people}]"
            );
        }
        for (days, session, ids) in &self.overrides {
            let (dates, people) = (dates(days), named(ids));
            let session = session.map(|name| format!("session = \"{name}\"\n"));
            let session = session.unwrap_or_default();
            let _ = writeln!(
                text,
                "[[specialty.s.override]]\ndates = [{dates}]\n{session}people = [{people}]"
            );
        }
        for (days, spans) in &self.hours_on {
            let spans: Vec<String> = spans
                .iter()
                .map(|span| format!("\"{}\"", times(span)))
                .collect();
            let (dates, hours) = (dates(days), spans.join(", "));
            let _ = writeln!(
                text,
                "[[specialty.s.hours_on]]\ndates = [{dates}]\nhours = [{hours}]"
            );
        }
        if self.bank_holidays == "own" {
            let (_, session, ids) = &self.own;
            let (session, people) = (times(session), named(ids));
            let _ = writeln!(
                text,
                "[[specialty.s.bank_holiday_session]]\nname = \"AM\"\ntimes = [\"{session}\"]\n\
                 people = [{people}]"
            );
        }
        self.swaps_and_people(&mut text);
        text
    }

    fn swaps_and_people(&self, text: &mut String) {
        for (first, gives, second, takes) in &self.swaps {
            let on = |(days, name): &(i32, &str)| format!("{} {name}", after(self.focus, *days));
            let (gives, takes) = (on(gives), on(takes));
            let (first, second) = (PEOPLE[*first], PEOPLE[*second]);
            let _ = writeln!(
                text,
                "[[specialty.s.swap]]\nfirst = \"{first}\"\ngives = \"{gives}\"\n\
                 second = \"{second}\"\ntakes = \"{takes}\""
            );
        }
        for (number, id) in PEOPLE.iter().enumerate() {
            let _ = writeln!(
                text,
                "[person.{id}]\nname = \"{id}\"\n[[person.{id}.phone]]\nkind = \"app\"\n\
                 to = \"sip:{id}@h\""
            );
            for (_, from, length) in self.absences.iter().filter(|it| it.0 == number) {
                let said = |minutes| minute(self.focus, minutes).strftime("%Y-%m-%d %H:%M");
                let (from, to) = (said(*from), said(from + length));
                let _ = writeln!(
                    text,
                    "[[person.{id}.absence]]\nfrom = \"{from}\"\nto = \"{to}\""
                );
            }
        }
    }

    /// Of entries in the order of writing: the narrowest, then the one with a name, then the last.
    fn best<'a, T>(
        &self,
        entries: impl Iterator<Item = (Days, bool, &'a T)>,
        on: Date,
    ) -> Option<&'a T> {
        let mut best: Option<(i32, bool, &T)> = None;
        for ((first, count), named, entry) in entries {
            let first = after(self.focus, first);
            if on < first || on >= after(first, count) {
                continue;
            }
            let better = best.is_none_or(|(days, was_named, _)| {
                count < days || (count == days && (named || !was_named))
            });
            if better {
                best = Some((count, named, entry));
            }
        }
        best.map(|(_, _, entry)| entry)
    }

    fn is_holiday(day: Date) -> bool {
        let holidays = [
            date(2026, 12, 25),
            date(2026, 12, 28),
            date(2027, 1, 1),
            date(2027, 3, 26),
            date(2027, 3, 29),
        ];
        holidays.contains(&day)
    }

    /// What is on paper for a date: when it is open, and who is on when.
    fn on_paper(&self, on: Date) -> DayOnPaper {
        let paper = |(start, end): Span| {
            let over = if end < start { 96 } else { 0 };
            let at = |quarters: u16| minute(on, i32::from(quarters) * 15);
            (at(start), at(end + over))
        };
        let weekday = usize::try_from(on.weekday().to_monday_zero_offset()).unwrap();
        let special = self.best(self.hours_on.iter().map(|it| (it.0, false, &it.1)), on);
        let holiday = Self::is_holiday(on);
        if holiday && self.bank_holidays == "closed" && special.is_none() {
            return (Vec::new(), Vec::new());
        }
        let own = holiday && self.bank_holidays == "own";
        let week = self.hours.iter().filter(|(day, _)| *day == weekday && !own);
        let usual = week.map(|(_, span)| *span).chain(own.then_some(self.own.0));
        let open = special.cloned().unwrap_or_else(|| usual.collect());
        let holiday_session = ("AM", weekday, self.own.1, self.own.2.clone());
        let week = self.sessions.iter().enumerate().filter(|_| !own);
        let mut sessions = Vec::new();
        for (place, (name, day, span, people)) in week.chain(own.then_some((0, &holiday_session))) {
            if *day != weekday {
                continue;
            }
            let overrides = self.overrides.iter();
            let fitting = overrides.filter(|it| it.1.is_none_or(|session| session == *name));
            let best = self.best(fitting.map(|it| (it.0, it.1.is_some(), &it.2)), on);
            let mut people = best.unwrap_or(people).clone();
            for (first, gives, second, takes) in &self.swaps {
                let is = |(days, session): &(i32, &str)| {
                    after(self.focus, *days) == on && session == name
                };
                let (aside, instead) = match (is(gives), is(takes)) {
                    (true, _) => (first, second),
                    (false, true) => (second, first),
                    (false, false) => continue,
                };
                if people.contains(instead) {
                    people.retain(|person| person != aside);
                } else {
                    let stands = people.iter_mut().filter(|person| *person == aside);
                    stands.for_each(|person| *person = *instead);
                }
            }
            sessions.push((paper(*span), place, people));
        }
        (open.into_iter().map(paper).collect(), sessions)
    }
}

/// From and until, on the wall.
type Paper = (DateTime, DateTime);

/// When it is open; and each session with its place in the plan and its people.
type DayOnPaper = (Vec<Paper>, Vec<(Paper, usize, Vec<usize>)>);

fn within((from, until): Paper, highest: DateTime) -> bool {
    from <= highest && highest < until
}

/// Every minute from an hour before the focus to two and a half hours after it.
fn compare(rota: &Rota) -> Result<(), TestCaseError> {
    let (name, text) = ("plan.toml".to_owned(), rota.text());
    let plan = Plan::parse(&[Source { name, text }])
        .map_err(|faults| TestCaseError::fail(format!("{}\n{faults:?}", rota.text())))?;
    let specialty = plan.specialty(&SpecialtyId::parse("s").unwrap()).unwrap();
    let london = TimeZone::get("Europe/London").unwrap();
    let papers: Vec<_> = (-3..=2)
        .map(|days| rota.on_paper(after(rota.focus, days)))
        .collect();
    let starts = starts(&papers, &london, rota.focus);
    let before = date_utc(after(rota.focus, -1)) + 12.hours();
    let (begin, end) = (before + 11.hours(), before + 39.hours());
    let mut highest = DateTime::MIN;
    let mut now = before;
    while now < end {
        highest = highest.max(london.to_datetime(now));
        if now >= begin {
            let open = papers.iter().flat_map(|(open, _)| open);
            let open = open.into_iter().any(|it| within(*it, highest));
            prop_assert_eq!(
                plan.open_at(specialty, now),
                open,
                "{} at {}",
                rota.text(),
                now
            );
            // Beyond the papers there is nothing to compare with.
            let next = plan.next_opening(specialty, now).map(|opening| opening.at);
            let next = next.filter(|at| *at < end);
            let expected_next = starts.iter().copied().find(|at| *at > now && *at < end);
            prop_assert_eq!(next, expected_next, "{} at {}", rota.text(), now);
            let people = plan.on_rota(specialty, now);
            let people: Vec<&str> = people.iter().map(|it| it.id.as_str()).collect();
            prop_assert_eq!(
                people,
                expected(rota, &papers, highest),
                "{} at {}",
                rota.text(),
                now
            );
        }
        now += 1.minute();
    }
    Ok(())
}

/// The minutes at which the wall first shows the start of hours that are not over by then.
fn starts(papers: &[DayOnPaper], london: &TimeZone, focus: Date) -> Vec<Timestamp> {
    let begin = date_utc(after(focus, -2));
    let (mut highest, mut starts) = (DateTime::MIN, Vec::new());
    for minutes in 0..5 * 1440 {
        let now = begin + minutes.minutes();
        let before = highest;
        highest = highest.max(london.to_datetime(now));
        let mut open = papers.iter().flat_map(|(open, _)| open);
        if open.any(|it| before < it.0 && within(*it, highest)) {
            starts.push(now);
        }
    }
    starts
}

fn date_utc(date: Date) -> Timestamp {
    TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).unwrap()
}

fn expected(rota: &Rota, papers: &[DayOnPaper], highest: DateTime) -> Vec<&'static str> {
    let sessions = papers.iter().flat_map(|(_, sessions)| sessions);
    let mut running: Vec<_> = sessions.filter(|it| within(it.0, highest)).collect();
    running.sort_by_key(|it| it.1);
    let mut people = Vec::new();
    for person in running.iter().flat_map(|it| &it.2) {
        let away = rota.absences.iter().any(|(who, from, length)| {
            let (from, until) = (minute(rota.focus, *from), minute(rota.focus, from + length));
            who == person && within((from, until), highest)
        });
        if !away && !people.contains(&PEOPLE[*person]) {
            people.push(PEOPLE[*person]);
        }
    }
    people
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 96,
        failure_persistence: None,
        ..Default::default()
    })]

    #[test]
    fn every_minute_of_hard_days_is_as_a_clock_on_the_wall_shows_it(rota in rota()) {
        compare(&rota)?;
    }
}
