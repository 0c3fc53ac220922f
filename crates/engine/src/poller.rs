//! Waiting for sockets and for other threads: epoll with an eventfd to be woken by.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::event::{EventfdFlags, Timespec, eventfd};

/// Most events that one wait returns; the rest comes with the next.
const EVENTS: usize = 256;

/// The token of the poller's own eventfd.
const WAKE: u64 = u64::MAX;

/// Waits for readable sockets and for wakers.
#[derive(Debug)]
pub(crate) struct Poller {
    epoll: OwnedFd,
    wake: Arc<OwnedFd>,
    ready: Vec<u64>,
}

/// Wakes a poller from another thread.
#[derive(Clone, Debug)]
pub(crate) struct Waker(Arc<OwnedFd>);

impl Poller {
    /// A poller that waits for nothing but its wakers.
    pub fn new() -> io::Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let wake = Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?);
        epoll::add(&epoll, &wake, EventData::new_u64(WAKE), EventFlags::IN)?;
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

    /// Waits until something is readable, somebody wakes us, or `timeout` is over (none: for ever).
    /// Then [`Poller::ready`] names
    /// what is readable.
    pub fn wait(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        // Rounded up, or a timer that is due in half a millisecond would spin.
        let timeout = timeout.map(|timeout| {
            let milliseconds = timeout.as_nanos().div_ceil(1_000_000).min(60_000);
            let milliseconds = i64::try_from(milliseconds).unwrap_or(60_000);
            Timespec {
                tv_sec: milliseconds / 1000,
                tv_nsec: milliseconds % 1000 * 1_000_000,
            }
        });
        self.ready.clear();
        let mut events = [MaybeUninit::uninit(); EVENTS];
        let found = match epoll::wait(&self.epoll, &mut events, timeout.as_ref()) {
            Ok((found, _)) => found,
            Err(rustix::io::Errno::INTR) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        for event in found {
            match event.data.u64() {
                WAKE => {
                    let mut count = [0; 8];
                    // Only to make it unreadable again; an empty read means that another did.
                    let _ = rustix::io::read(&self.wake, &mut count);
                }
                token => self.ready.push(token),
            }
        }
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
        // It fails only if the counter is full: then the poller is awake in any case.
        let _ = rustix::io::write(&self.0, &1u64.to_ne_bytes());
    }
}
