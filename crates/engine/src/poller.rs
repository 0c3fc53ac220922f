//! Waiting for sockets and for other threads: epoll with an eventfd to be woken by.
//!
//! A wake-up is the dearest thing that one thread can do to another, so it is left out where the
//! poller comes by itself: it says how it sleeps, *then* looks once more whether anything came,
//! and sleeps; the other thread puts its message down, *then* reads how the poller sleeps.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering, fence};
use std::time::Duration;

use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::event::{EventfdFlags, Timespec, eventfd};

/// Most events that one wait returns; the rest comes with the next.
const EVENTS: usize = 256;

/// The token of the poller's own eventfd.
const WAKE: u64 = u64::MAX;

/// A nap ends by itself so soon that what is not urgent can wait for it.
const NAP: Duration = Duration::from_millis(10);

/// How a poller sleeps, for its wakers: not at all (it looks for messages before it does), ...
const AWAKE: u8 = 0;
/// ...for no longer than [`NAP`], ...
const NAPPING: u8 = 1;
/// ...or for longer.
const ASLEEP: u8 = 2;

/// Waits for readable sockets and for wakers.
#[derive(Debug)]
pub(crate) struct Poller {
    epoll: OwnedFd,
    wake: Arc<Wake>,
    ready: Vec<u64>,
}

/// Wakes a poller from another thread.
#[derive(Clone, Debug)]
pub(crate) struct Waker(Arc<Wake>);

#[derive(Debug)]
struct Wake {
    eventfd: OwnedFd,
    sleep: AtomicU8,
}

/// How soon a message is to be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Haste {
    /// Within [`NAP`].
    Soon,
    /// Now.
    AtOnce,
}

impl Poller {
    /// A poller that waits for nothing but its wakers.
    pub fn new() -> io::Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let eventfd = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        // Edge-triggered: each write is an event, and nobody has to read it away.
        let events = EventFlags::IN | EventFlags::ET;
        epoll::add(&epoll, &eventfd, EventData::new_u64(WAKE), events)?;
        let sleep = AtomicU8::new(AWAKE);
        let wake = Arc::new(Wake { eventfd, sleep });
        Ok(Poller {
            epoll,
            wake,
            ready: Vec::with_capacity(EVENTS),
        })
    }

    /// Something that wakes this poller.
    pub fn waker(&self) -> Waker {
        Waker(Arc::clone(&self.wake))
    }

    /// Waits for `source` to be readable too, under the name `token` (not `u64::MAX`).
    pub fn add(&self, source: impl AsFd, token: u64) -> io::Result<()> {
        Ok(epoll::add(
            &self.epoll,
            source,
            EventData::new_u64(token),
            EventFlags::IN,
        )?)
    }

    /// Waits until something is readable, somebody wakes us, or `timeout` is over (none: for ever);
    /// not at all if `has_messages`, which is asked once more before sleeping. Then
    /// [`Poller::ready`] names what is readable.
    pub fn wait(
        &mut self,
        timeout: Option<Duration>,
        has_messages: impl FnOnce() -> bool,
    ) -> io::Result<()> {
        let naps = timeout.is_some_and(|timeout| timeout <= NAP);
        let sleep = if naps { NAPPING } else { ASLEEP };
        self.wake.sleep.store(sleep, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        let timeout = if has_messages() {
            Some(Duration::ZERO)
        } else {
            timeout
        };
        self.ready.clear();
        let result = self.poll(timeout);
        self.wake.sleep.store(AWAKE, Ordering::Relaxed);
        result
    }

    fn poll(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        // Rounded up, or a timer that is due in half a millisecond would spin.
        let timeout = timeout.map(|timeout| {
            let milliseconds = timeout.as_nanos().div_ceil(1_000_000).min(60_000);
            let milliseconds = i64::try_from(milliseconds).unwrap_or(60_000);
            Timespec {
                tv_sec: milliseconds / 1000,
                tv_nsec: milliseconds % 1000 * 1_000_000,
            }
        });
        let mut events = [MaybeUninit::uninit(); EVENTS];
        let found = match epoll::wait(&self.epoll, &mut events, timeout.as_ref()) {
            Ok((found, _)) => found,
            Err(rustix::io::Errno::INTR) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let tokens = found.iter().map(|event| event.data.u64());
        self.ready.extend(tokens.filter(|token| *token != WAKE));
        Ok(())
    }

    /// What the last wait found readable.
    pub fn ready(&self) -> &[u64] {
        &self.ready
    }
}

impl Waker {
    /// Wakes the poller, now or at its next wait.
    pub fn wake(&self) {
        // It fails only if the counter is full, after more writes than there is time for.
        let _ = rustix::io::write(&self.0.eventfd, &1u64.to_ne_bytes());
    }

    /// Sees to it that a message is seen which its `has_messages` tells of, and which has been put
    /// down.
    pub fn announce(&self, haste: Haste) {
        fence(Ordering::SeqCst);
        let comes_by_itself = match haste {
            Haste::Soon => NAPPING,
            Haste::AtOnce => AWAKE,
        };
        if self.0.sleep.load(Ordering::Relaxed) > comes_by_itself {
            self.wake();
        }
    }
}

#[cfg(test)]
mod tests;
