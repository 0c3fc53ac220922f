//! Lines of the calls report, from memory and the database as one, as many as somebody wants.
//!
//! Memory is looked at once, at the beginning: what leaves it later is then in the database, and
//! is not taken from there a second time. The database is asked page by page from the last line
//! on, so that an export holds no connection and no more than a page, and what is written
//! meanwhile shifts nothing.

use std::cmp::Ordering;
use std::collections::{BTreeSet, VecDeque};

use rotaline_model::CaseId;

use crate::{Backend, CallLine, LinePosition, LineQuery, Store, StoreError};

/// Lines that one question to the database asks for at most.
const PAGE: usize = 2_000;

/// The lines that a query asks for, one after another.
pub struct Lines {
    backend: Backend,
    query: LineQuery,
    in_memory: BTreeSet<CaseId>,
    live: VecDeque<CallLine>,
    stored: VecDeque<CallLine>,
    /// Whether the database has more.
    more: bool,
}

impl Store {
    /// The lines of a report, as they are from now on.
    pub fn lines(&self, query: LineQuery) -> Lines {
        let cases = self.live.matching(|_| true);
        let in_memory = cases.iter().map(|case| case.id).collect();
        let line = |case: &rotaline_record::Case| {
            let line = CallLine::of(case);
            query.matches(case, &line).then_some(line)
        };
        let mut live: Vec<CallLine> = cases.iter().filter_map(|case| line(case)).collect();
        live.sort_unstable_by(|one, other| query.order.compare_lines(one, other));
        Lines {
            backend: self.backend.clone(),
            query,
            in_memory,
            live: live.into(),
            stored: VecDeque::new(),
            more: true,
        }
    }
}

impl Lines {
    /// The next lines, as many as `bound` unless there are no more.
    pub async fn next(&mut self, bound: usize) -> Result<Vec<CallLine>, StoreError> {
        let mut lines = Vec::with_capacity(bound.min(PAGE));
        while lines.len() < bound {
            if self.stored.is_empty() && self.more {
                self.ask(bound - lines.len()).await?;
                continue;
            }
            let first = match (self.live.front(), self.stored.front()) {
                (Some(live), Some(stored)) => self.query.order.compare_lines(live, stored),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => break,
            };
            lines.extend(match first {
                Ordering::Less | Ordering::Equal => self.live.pop_front(),
                Ordering::Greater => self.stored.pop_front(),
            });
        }
        Ok(lines)
    }

    async fn ask(&mut self, wanted: usize) -> Result<(), StoreError> {
        let page = wanted.min(PAGE);
        let lines = self
            .backend
            .get()?
            .call_lines(self.query.clone(), page)
            .await?;
        self.more = lines.len() == page;
        if let Some(last) = lines.last() {
            self.query.after = Some(LinePosition::of(last, self.query.order.by));
        }
        let newer = |line: &CallLine| self.in_memory.contains(&line.case);
        self.stored
            .extend(lines.into_iter().filter(|line| !newer(line)));
        Ok(())
    }
}

impl std::fmt::Debug for Lines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lines")
            .field("query", &self.query)
            .finish_non_exhaustive()
    }
}
