//! The events that were sent last, and those who read on from there.
//!
//! | bound | at it |
//! | --- | --- |
//! | [`KEPT`] events | the oldest goes; who resumes from before it gets everything as it is now |
//! | [`READERS`] | 503 |
//! | [`UNREAD`] events of one reader | its stream ends, and is counted; it may resume |
//!
//! Nothing here waits for a reader: an event is handed over, or its reader is let go.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

/// Events that a reader may have missed and still resume from.
pub(super) const KEPT: usize = 1_024;
/// Readers at a time.
pub(super) const READERS: usize = 64;
/// Events that one reader has not taken.
pub(super) const UNREAD: usize = 256;
/// So long after the last reader events are still gathered: one that was cut off resumes.
const LINGER: Duration = Duration::from_secs(120);

/// Something that was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    /// Grows by one.
    pub number: u64,
    /// What kind.
    pub kind: &'static str,
    /// Whose; none: everybody's.
    pub organisation: Option<Arc<str>>,
    /// In JSON.
    pub data: Arc<str>,
}

/// What happens to a pump that looks for its readers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Watched {
    /// There are some, or there were a short time ago.
    Yes,
    /// There are none: the pump is to end, and has ended as far as the hub is concerned.
    NoMore,
}

/// A reader's way in.
#[derive(Debug)]
pub(super) struct Reading {
    /// What it has missed; none: too much, or it begins.
    pub missed: Option<Vec<Seen>>,
    /// The last event before what is to come.
    pub last: u64,
    /// What is to come.
    pub coming: mpsc::Receiver<Seen>,
    /// Whether nobody pumps: whoever reads must start that.
    pub first: bool,
}

/// Why nobody reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotRead {
    /// As many read as may.
    Full,
    /// The service stops.
    Closed,
}

/// The hub.
#[derive(Debug, Default)]
pub(super) struct Hub(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// The number of the last event; never falls, so that an id names one event of a process.
    last: u64,
    kept: VecDeque<Seen>,
    readers: Vec<mpsc::Sender<Seen>>,
    pumped: bool,
    /// Since when nobody reads.
    idle_since: Option<Instant>,
    closed: bool,
}

impl Hub {
    /// Reads on after an event, or from now on.
    pub fn read(&self, after: Option<u64>) -> Result<Reading, NotRead> {
        let mut state = self.lock();
        if state.closed {
            return Err(NotRead::Closed);
        }
        state.forget_the_gone();
        if state.readers.len() >= READERS {
            return Err(NotRead::Full);
        }
        let (sender, coming) = mpsc::channel(UNREAD);
        state.readers.push(sender);
        state.idle_since = None;
        state.show();
        Ok(Reading {
            missed: after.and_then(|after| state.after(after)),
            last: state.last,
            coming,
            first: !std::mem::replace(&mut state.pumped, true),
        })
    }

    /// Hands an event to everybody.
    pub fn tell(&self, kind: &'static str, organisation: Option<&str>, data: &str) {
        let mut state = self.lock();
        state.last += 1;
        let seen = Seen {
            number: state.last,
            kind,
            organisation: organisation.map(Arc::from),
            data: Arc::from(data),
        };
        if state.kept.len() >= KEPT {
            state.kept.pop_front();
        }
        state.kept.push_back(seen.clone());
        let before = state.readers.len();
        state
            .readers
            .retain(|reader| match reader.try_send(seen.clone()) {
                Ok(()) => true,
                Err(mpsc::error::TrySendError::Closed(_)) => false,
                Err(mpsc::error::TrySendError::Full(_)) => {
                    metrics::counter!("rotaline_event_readers_dropped_total").increment(1);
                    false
                }
            });
        if state.readers.len() != before {
            state.show();
        }
    }

    /// Whether anybody reads; once nobody has for a while, what was kept is forgotten.
    pub fn look(&self, now: Instant) -> Watched {
        let mut state = self.lock();
        state.forget_the_gone();
        if !state.readers.is_empty() {
            return Watched::Yes;
        }
        let since = *state.idle_since.get_or_insert(now);
        if state.closed || now.duration_since(since) >= LINGER {
            state.stop();
            return Watched::NoMore;
        }
        Watched::Yes
    }

    /// Something may have been missed: nobody can resume from before now.
    pub fn forget(&self) {
        let mut state = self.lock();
        state.last += 1;
        state.kept.clear();
    }

    /// Ends every stream; nobody reads any more.
    pub fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.readers.clear();
        state.show();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The events after one; none: some of them are not kept any more, or never were.
    fn after(&self, after: u64) -> Option<Vec<Seen>> {
        let oldest = self.kept.front().map_or(self.last + 1, |seen| seen.number);
        if after > self.last || after + 1 < oldest {
            return None;
        }
        let later = self.kept.iter().filter(|seen| seen.number > after);
        Some(later.cloned().collect())
    }

    fn forget_the_gone(&mut self) {
        let before = self.readers.len();
        self.readers.retain(|reader| !reader.is_closed());
        if self.readers.len() != before {
            self.show();
        }
    }

    fn stop(&mut self) {
        self.pumped = false;
        self.idle_since = None;
        // What happens until somebody reads again is in no event.
        self.last += 1;
        self.kept.clear();
    }

    fn show(&self) {
        metrics::gauge!("rotaline_event_readers").set(self.readers.len() as f64);
    }
}
