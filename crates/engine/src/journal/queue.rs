//! The queue between everybody who appends and the journal's thread.
//!
//! A plain append takes an uncontended lock and pushes; the thread is woken only if it has nothing
//! to do, if somebody waits for the disk, or when a sync has ended. Otherwise it comes by itself
//! every 20 ms, and once a second when nothing happens: the disk may fill up, or be given room,
//! without us.

use std::io;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rotaline_record::Record;
use tokio::sync::oneshot;

use super::cursor::Cursor;

/// Records and requests that wait for the thread: several seconds of the heaviest load.
pub(super) const MAX_QUEUED: usize = 65_536;
/// From so many on the engine should take no new calls.
const PRESSING: usize = MAX_QUEUED / 2;
/// Writes are gathered for so long, unless somebody waits.
const GROUP_INTERVAL: Duration = Duration::from_millis(20);

/// Why something may not be on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotDurable {
    /// The disk fails; the journal goes on trying.
    #[error("the journal's disk fails")]
    Disk,
    /// The journal has reached its size, or its queue its length.
    #[error("the journal is full")]
    Full,
    /// A record of the group is too large.
    #[error("a record is too large for the journal")]
    TooLarge,
    /// The journal has been stopped.
    #[error("the journal is closed")]
    Closed,
}

/// What the thread is asked.
#[derive(Debug)]
pub(super) enum Entry {
    Append(Box<Record>),
    /// Tell when all that came before is on disk.
    Tell(oneshot::Sender<Result<(), NotDurable>>),
    Release(Cursor),
}

#[derive(Debug, Default)]
pub(super) struct Queue {
    inner: Mutex<Inner>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Inner {
    entries: Vec<Entry>,
    /// How the sync ended that was under way.
    synced: Option<io::Result<()>>,
    thread: Thread,
    urgency: Urgency,
    state: State,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Thread {
    #[default]
    Busy,
    /// Sleeps until something comes.
    Idle,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Urgency {
    #[default]
    Gather,
    /// Somebody waits.
    AtOnce,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Open,
    Closed,
}

/// Whether the thread is to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GoOn {
    Yes,
    /// These are the last.
    No,
}

/// What there is for the thread to do, beside the batch.
#[derive(Debug)]
pub(super) struct Taken {
    /// How a sync ended.
    pub(super) synced: Option<io::Result<()>>,
    pub(super) go_on: GoOn,
}

impl Inner {
    fn go_on(&self) -> GoOn {
        match self.state {
            State::Open => GoOn::Yes,
            State::Closed => GoOn::No,
        }
    }
}

impl Queue {
    /// Adds something that nobody waits for.
    pub(super) fn push(&self, entry: Entry) -> Result<(), NotDurable> {
        let mut inner = self.open()?;
        inner.entries.push(entry);
        if inner.thread == Thread::Idle {
            inner.thread = Thread::Busy;
            self.changed.notify_one();
        }
        Ok(())
    }

    /// Adds things that somebody waits for, all or none of them.
    pub(super) fn push_urgently(
        &self,
        entries: impl ExactSizeIterator<Item = Entry>,
    ) -> Result<(), NotDurable> {
        let mut inner = self.open()?;
        // The last one asks to be told, and is let in at the bound.
        if inner.entries.len() + entries.len() > MAX_QUEUED + 1 {
            return Err(NotDurable::Full);
        }
        inner.entries.extend(entries);
        inner.thread = Thread::Busy;
        inner.urgency = Urgency::AtOnce;
        self.changed.notify_one();
        Ok(())
    }

    /// A sync has ended.
    pub(super) fn push_synced(&self, result: io::Result<()>) {
        let mut inner = self.lock();
        inner.synced = Some(result);
        inner.thread = Thread::Busy;
        self.changed.notify_one();
    }

    /// Whether the queue is filling up.
    pub(super) fn is_pressing(&self) -> bool {
        self.lock().entries.len() >= PRESSING
    }

    /// Lets the thread end when it has done what is queued.
    pub(super) fn close(&self) {
        self.lock().state = State::Closed;
        self.changed.notify_one();
    }

    /// The thread: waits for work, for `patience` at most, and swaps it into `batch`, which must be
    /// empty. Comes at once when a sync has ended.
    pub(super) fn take(&self, batch: &mut Vec<Entry>, patience: Duration) -> Taken {
        let mut inner = self.lock();
        inner.thread = Thread::Idle;
        let nothing = |inner: &mut Inner| {
            inner.entries.is_empty() && inner.synced.is_none() && inner.state == State::Open
        };
        let waited = self.changed.wait_timeout_while(inner, patience, nothing);
        inner = waited.unwrap_or_else(PoisonError::into_inner).0;
        inner.thread = Thread::Busy;
        let gathering = |inner: &mut Inner| {
            inner.urgency == Urgency::Gather
                && inner.synced.is_none()
                && inner.state == State::Open
                && (1..PRESSING).contains(&inner.entries.len())
        };
        let waited = self
            .changed
            .wait_timeout_while(inner, GROUP_INTERVAL, gathering);
        let (mut inner, _) = waited.unwrap_or_else(PoisonError::into_inner);
        inner.urgency = Urgency::Gather;
        std::mem::swap(&mut inner.entries, batch);
        Taken {
            synced: inner.synced.take(),
            go_on: inner.go_on(),
        }
    }

    /// The thread: waits until the sync that is under way has ended.
    pub(super) fn wait_synced(&self) -> io::Result<()> {
        let mut inner = self.lock();
        loop {
            if let Some(result) = inner.synced.take() {
                return result;
            }
            let woken = self.changed.wait(inner);
            inner = woken.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The thread, while the disk fails: nobody shall wait in vain. Then it waits for a while.
    pub(super) fn hold(&self, pause: Duration) -> GoOn {
        let mut inner = self.lock();
        inner.entries.retain_mut(|entry| match entry {
            Entry::Append(_) | Entry::Release(_) => true,
            // The receiver sees its sender gone, and knows that the disk failed.
            Entry::Tell(_) => false,
        });
        let waited = self
            .changed
            .wait_timeout_while(inner, pause, |inner| inner.state == State::Open);
        let (inner, _) = waited.unwrap_or_else(PoisonError::into_inner);
        inner.go_on()
    }

    fn open(&self) -> Result<MutexGuard<'_, Inner>, NotDurable> {
        let inner = self.lock();
        if inner.state == State::Closed {
            return Err(NotDurable::Closed);
        }
        if inner.entries.len() >= MAX_QUEUED {
            return Err(NotDurable::Full);
        }
        Ok(inner)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
