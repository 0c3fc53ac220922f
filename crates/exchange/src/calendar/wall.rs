//! From the times of an event, on whichever wall, to dates and times on that of the rota.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use rotaline_routing::DaySpan;

use super::event::{Event, Length};
use super::rule::{End, Rule};
use super::time::{Clock, Moment, instant, on_the_wall};

const DAY_MINUTES: u16 = 24 * 60;

/// Why an event has no place in a rota: the line, what is wrong, what would be right.
pub(super) type Refusal = (usize, String, &'static str);

/// The wall of the rota, by its zone; none: that is not known, and is told elsewhere.
#[derive(Clone, Copy)]
pub(super) struct Wall<'f>(pub Option<&'f TimeZone>);

impl Wall<'_> {
    /// The times of what is on every week: a length is one on the wall, whatever the clocks do on
    /// the first date.
    pub(super) fn weekly_span(
        &self,
        event: &Event,
        at: DateTime,
        clock: &Clock,
    ) -> Result<DaySpan, Refusal> {
        let clock = match event.end {
            Some((_, Length::For(_))) => &Clock::Floating,
            Some((_, Length::Until(_))) | None => clock,
        };
        self.span(event, at, clock).map(|(_, span)| span)
    }

    /// The date and times on the rota's wall.
    pub(super) fn span(
        &self,
        event: &Event,
        at: DateTime,
        clock: &Clock,
    ) -> Result<(Date, DaySpan), Refusal> {
        let Some((line, end)) = &event.end else {
            return Err(no_end(event.line));
        };
        let start = self.wall(event.start_line(), at, clock)?;
        let end = match end {
            Length::Until(Moment::At(end, end_clock)) => self.wall(*line, *end, end_clock)?,
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
        on_the_wall(end, self.0.unwrap_or(zone))
    }

    /// A time on the rota's wall.
    fn wall(&self, line: usize, at: DateTime, clock: &Clock) -> Result<DateTime, Refusal> {
        self.wall_in(line, at, clock, self.0)
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
    pub(super) fn own_date(
        &self,
        line: usize,
        moment: &Moment,
        clock: &Clock,
    ) -> Result<Date, Refusal> {
        match moment {
            Moment::Day(day) => Ok(*day),
            // Some programs write these in UTC whichever zone the event has.
            Moment::At(at, own) => {
                let zone = match clock {
                    Clock::Floating => self.0,
                    Clock::Of(zone) => Some(zone),
                };
                self.wall_in(line, *at, own, zone).map(DateTime::date)
            }
        }
    }

    /// The dates and times of an event that is repeated until an end.
    pub(super) fn each(
        &self,
        event: &Event,
        rule: &Rule,
        line: usize,
        at: DateTime,
        clock: &Clock,
    ) -> Result<Vec<(Date, DaySpan)>, Refusal> {
        let zone = match clock {
            Clock::Of(zone) => zone.clone(),
            Clock::Floating => self.0.cloned().unwrap_or(TimeZone::UTC),
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
        let exceptions = event.exceptions.iter();
        let left_out: BTreeSet<Date> = exceptions
            .map(|(line, moment)| self.own_date(*line, moment, clock))
            .collect::<Result<_, _>>()?;
        let dates = dates.into_iter().filter(|date| !left_out.contains(date));
        dates
            .map(|date| self.span(&shifted(event, date - at.date()), on(date), clock))
            .collect()
    }

    pub(super) fn is_of_the_rota(&self, clock: &Clock) -> bool {
        match (clock, self.0) {
            (Clock::Floating, _) | (Clock::Of(_), None) => true,
            (Clock::Of(zone), Some(own)) => zone == own,
        }
    }
}

pub(super) fn no_end(line: usize) -> Refusal {
    let remedy = "give it DTEND, e.g. DTEND;TZID=Europe/London:20261026T130000";
    (line, "it has no end that fits its start".to_owned(), remedy)
}

/// The event, its end so many days later.
fn shifted(event: &Event, shift: jiff::Span) -> Event {
    let mut end = event.end.clone();
    if let Some((_, Length::Until(Moment::At(end, _)))) = &mut end {
        *end = end.checked_add(shift).unwrap_or(*end);
    }
    Event {
        end,
        start: event.start.clone(),
        ..Event::new(event.line)
    }
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
