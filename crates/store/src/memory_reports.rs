//! Reports of the reference model: every line is looked at, sorted and cut.

use std::collections::BTreeMap;

use rotaline_record::Case;

use crate::memory::MemoryStorage;
use crate::{
    AttemptFigure, AttemptLine, AttemptPosition, AttemptQuery, CallLine, CaseRow, FigureQuery,
    LineQuery, OutcomeFigure, OwedFigure, Pending, QuarterFigure, ReportStorage, WaitFigure,
};

impl ReportStorage for MemoryStorage {
    fn call_lines(&self, query: LineQuery, bound: usize) -> Pending<'_, Vec<CallLine>> {
        self.ask_cases(move |rows| {
            let case = |row: &CaseRow| serde_json::from_str::<Case>(&row.body).unwrap();
            let matching = rows.filter(|row| query.matches(&case(row), &row.line));
            let mut lines: Vec<CallLine> = matching.map(|row| row.line.clone()).collect();
            lines.sort_by(|one, other| query.order.compare_lines(one, other));
            lines.truncate(bound);
            lines
        })
    }

    fn attempt_lines(&self, query: AttemptQuery) -> Pending<'_, Vec<AttemptLine>> {
        self.ask_cases(move |rows| {
            let figures = FigureQuery {
                sight: query.sight.clone(),
                from: query.from,
                to: query.to,
                organisation: query.organisation.clone(),
                specialty: query.specialty.clone(),
                person: None,
            };
            let person = query.person.as_ref().map(|it| it.as_str());
            let rows = rows.filter(|row| is_of(&figures, &row.line));
            let mut lines: Vec<AttemptLine> = rows
                .flat_map(|row| row.attempt_lines.iter())
                .filter(|it| person.is_none() || person == it.person.as_deref())
                .filter(|it| query.result.is_none() || query.result == it.result)
                .filter(|it| {
                    query
                        .after
                        .is_none_or(|after| AttemptPosition::of(it) < after)
                })
                .cloned()
                .collect();
            lines.sort_by_key(|line| std::cmp::Reverse(AttemptPosition::of(line)));
            lines.truncate(query.bound);
            lines
        })
    }

    fn outcome_figures(&self, query: FigureQuery) -> Pending<'_, Vec<OutcomeFigure>> {
        self.ask_cases(move |rows| {
            let mut figures = BTreeMap::new();
            for line in of_calls(&query, rows) {
                let key = (line.specialty.clone(), line.outcome.clone());
                let (placed, answered, talk_ms) = figures.entry(key).or_insert((0, 0, 0));
                *placed += 1;
                *answered += i64::from(line.connected);
                *talk_ms += i64::from(line.connected) * line.talk_ms;
            }
            let figure = |((specialty, outcome), (placed, answered, talk_ms))| OutcomeFigure {
                specialty,
                outcome,
                placed,
                answered,
                talk_ms,
            };
            figures.into_iter().map(figure).collect()
        })
    }

    fn wait_figures(&self, query: FigureQuery) -> Pending<'_, Vec<WaitFigure>> {
        self.ask_cases(move |rows| {
            let mut figures = BTreeMap::new();
            for line in of_calls(&query, rows).filter(|line| line.connected) {
                if let Some(wait_ms) = line.wait_ms {
                    assert!(wait_ms < 600_000, "the model is exact to a tenth only");
                    let key = (line.specialty.clone(), wait_ms / 100);
                    *figures.entry(key).or_insert(0) += 1;
                }
            }
            let figure = |((specialty, bucket), calls)| WaitFigure {
                specialty,
                bucket,
                calls,
            };
            figures.into_iter().map(figure).collect()
        })
    }

    fn quarter_figures(&self, query: FigureQuery) -> Pending<'_, Vec<QuarterFigure>> {
        self.ask_cases(move |rows| {
            let mut figures = BTreeMap::new();
            let mut count = |opened_us: i64, answered: bool| {
                let sums = figures.entry(opened_us / 900_000_000).or_insert((0, 0));
                *sums = (sums.0 + 1, sums.1 + i64::from(answered));
            };
            if query.person.is_none() {
                let lines = of_calls(&query, rows).filter(|line| line.specialty.is_some());
                lines.for_each(|line| count(line.opened_us, line.connected));
            } else {
                let lines = of_attempts(&query, rows);
                lines.for_each(|line| count(line.opened_us, line.party));
            }
            let figure = |(quarter, (placed, answered))| QuarterFigure {
                quarter,
                placed,
                answered,
            };
            figures.into_iter().map(figure).collect()
        })
    }

    fn attempt_figures(&self, query: FigureQuery) -> Pending<'_, Vec<AttemptFigure>> {
        self.ask_cases(move |rows| {
            let mut figures = BTreeMap::new();
            for line in of_attempts(&query, rows) {
                let key = (line.person.clone(), line.result.clone());
                let (attempts, joined, ring_ms) = figures.entry(key).or_insert((0, 0, 0));
                *attempts += 1;
                *joined += i64::from(line.party);
                *ring_ms += line.ring_ms.unwrap_or(0);
            }
            let figure = |((person, result), (attempts, joined, ring_ms))| AttemptFigure {
                person,
                result,
                attempts,
                joined,
                ring_ms,
            };
            figures.into_iter().map(figure).collect()
        })
    }

    fn owed_figures(&self, query: FigureQuery) -> Pending<'_, Vec<OwedFigure>> {
        self.ask_cases(move |rows| {
            let mut figures = BTreeMap::new();
            for line in of_calls(&query, rows).filter(|line| line.connected) {
                let key = (line.specialty.clone(), line.specialist.clone());
                let (answered, missing, oldest) = figures.entry(key).or_insert((0, 0, None));
                *answered += 1;
                if line.outcome.is_none() {
                    *missing += 1;
                    let oldest: &mut Option<i64> = oldest;
                    *oldest = Some(oldest.map_or(line.opened_us, |it| it.min(line.opened_us)));
                }
            }
            let figure = |((specialty, specialist), (answered, missing, oldest_us))| OwedFigure {
                specialty,
                specialist,
                answered,
                missing,
                oldest_us,
            };
            figures.into_iter().map(figure).collect()
        })
    }
}

fn of_calls<'a>(
    query: &'a FigureQuery,
    rows: impl Iterator<Item = &'a CaseRow>,
) -> impl Iterator<Item = &'a CallLine> {
    let specialist = query.person.as_ref().map(|it| it.as_str());
    rows.map(|row| &row.line)
        .filter(|line| line.closed && is_of(query, line))
        .filter(move |line| specialist.is_none() || specialist == line.specialist.as_deref())
}

fn of_attempts<'a>(
    query: &'a FigureQuery,
    rows: impl Iterator<Item = &'a CaseRow>,
) -> impl Iterator<Item = &'a AttemptLine> {
    let person = query.person.as_ref().map(|it| it.as_str());
    rows.filter(|row| is_of(query, &row.line))
        .flat_map(|row| row.attempt_lines.iter())
        .filter(|line| line.sought)
        .filter(move |it| person.is_none() || person == it.person.as_deref())
}

fn is_of(query: &FigureQuery, line: &CallLine) -> bool {
    let lines = LineQuery {
        sight: query.sight.clone(),
        from: query.from,
        to: query.to,
        organisation: query.organisation.clone(),
        specialty: query.specialty.clone(),
        ..LineQuery::default()
    };
    lines.matches_line(line)
}
