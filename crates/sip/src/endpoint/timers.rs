//! One table of all deadlines, in the order in which they come.
//!
//! Every transaction and session has at most one entry and knows when it is for, so that an entry
//! is found again to move or remove it. Nothing that is over is left in the table.

use std::collections::BTreeSet;

use rotaline_model::Mono;

use crate::boundary::SessionId;
use crate::names::Branch;
use crate::transaction::TransactionKey;

/// Whose deadline it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Timer {
    InviteClient(Branch),
    Client(Branch),
    InviteServer(TransactionKey),
    Server(TransactionKey),
    Session(SessionId),
}

/// All deadlines of an endpoint.
#[derive(Debug, Default)]
pub(crate) struct Timers(BTreeSet<(Mono, Timer)>);

impl Timers {
    /// Moves a deadline from where it is (`armed`) to `at`.
    pub(crate) fn set(&mut self, timer: Timer, armed: &mut Option<Mono>, at: Option<Mono>) {
        if *armed == at {
            return;
        }
        if let Some(former) = std::mem::replace(armed, at) {
            self.0.remove(&(former, timer));
        }
        if let Some(at) = at {
            self.0.insert((at, timer));
        }
    }

    /// The first deadline.
    pub(crate) fn first(&self) -> Option<Mono> {
        self.0.first().map(|(at, _)| *at)
    }

    /// Takes the first deadline that has come. Its owner is no longer armed.
    pub(crate) fn take_due(&mut self, now: Mono) -> Option<Timer> {
        self.first().filter(|at| *at <= now)?;
        self.0.pop_first().map(|(_, timer)| timer)
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}
