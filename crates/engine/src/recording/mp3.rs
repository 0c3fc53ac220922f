//! MP3 copies: a queue that survives restarts, because it is what the folder shows: every recording
//! in the digest chain that has no MP3 is due.
//!
//! One thread works it off at idle priority: it runs only when a core has nothing else to do, so
//! that calls come first. A download that cannot wait encodes in its own thread
//! ([`super::Recorder::encode_now`]). The WAV stays the evidence; an MP3 may be thrown away and
//! made again.

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use rotaline_record::Fact;

use super::alarm::Alarm;
use super::encode::{EncodeError, encode};
use super::name::RecordingName;
use super::scan::UNFINISHED;
use super::sink::{RecordSink, Stamp};
use crate::clock::Clock;

/// Most recordings waiting; more wait for the next start (a hundred bytes each: 6 MB).
const MAX_WAITING: usize = 65_536;

/// The queue and what its worker needs.
pub(super) struct Mp3Queue {
    folder: PathBuf,
    sink: Arc<dyn RecordSink>,
    stamp: Arc<Stamp>,
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    names: VecDeque<RecordingName>,
    state: State,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Open,
    /// MP3s are only made on demand.
    OnDemand,
    Stopped,
}

impl Mp3Queue {
    pub(super) fn new(folder: PathBuf, sink: Arc<dyn RecordSink>, stamp: Arc<Stamp>) -> Self {
        Mp3Queue {
            folder,
            sink,
            stamp,
            waiting: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// Takes no recordings from now on.
    pub(super) fn only_on_demand(&self) {
        self.lock().state = State::OnDemand;
    }

    /// One more recording to encode. Beyond [`MAX_WAITING`] it waits for the next start.
    pub(super) fn push(&self, name: RecordingName) {
        let mut waiting = self.lock();
        if waiting.state != State::Open {
            return;
        }
        if waiting.names.len() >= MAX_WAITING {
            tracing::error!("too many recordings wait for their MP3; the next start takes them up");
            return;
        }
        waiting.names.push_back(name);
        self.changed.notify_one();
    }

    /// Lets the worker end after what it is encoding; the rest waits for the next start.
    pub(super) fn stop(&self) {
        self.lock().state = State::Stopped;
        self.changed.notify_all();
    }

    /// The worker's thread: works at idle priority until stopped.
    pub(super) fn run(&self, clock: Clock) {
        lower_priority();
        self.work(clock);
    }

    pub(super) fn work(&self, clock: Clock) {
        let mut alarm = Alarm::new("recording_encode_errors");
        while let Some(name) = self.next() {
            if self.folder.join(name.mp3()).exists() {
                continue;
            }
            if let Err(error) = self.encode(name, UNFINISHED) {
                alarm.raise(clock.mono(), &error);
            }
        }
    }

    /// Encodes one recording unless it is there already; gives its path.
    pub(super) fn encode_now(&self, name: RecordingName) -> Result<PathBuf, EncodeError> {
        let mp3 = self.folder.join(name.mp3());
        if !mp3.exists() {
            self.encode(name, "now.part")?;
        }
        Ok(mp3)
    }

    fn next(&self) -> Option<RecordingName> {
        let mut waiting = self.lock();
        loop {
            if waiting.state == State::Stopped {
                return None;
            }
            if let Some(name) = waiting.names.pop_front() {
                return Some(name);
            }
            waiting = self
                .changed
                .wait(waiting)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Its record is on disk before the MP3 has its name: what has an MP3 has been reported.
    fn encode(&self, name: RecordingName, ending: &str) -> Result<(), EncodeError> {
        let mp3 = self.folder.join(name.mp3());
        let unfinished = mp3.with_extension(ending);
        let encoded = encode(&self.folder.join(name.to_string()), &unfinished);
        let renamed = encoded.and_then(|bytes| {
            let fact = Fact::RecordingEncoded {
                part: name.part(),
                file: name.mp3(),
                bytes,
            };
            if !self
                .sink
                .store(vec![self.stamp.record(name.tape.case, fact)])
            {
                return Err(EncodeError::NotReported);
            }
            Ok(fs::rename(&unfinished, &mp3)?)
        });
        if renamed.is_err() {
            remove_unfinished(&unfinished);
        }
        renamed
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Removes what an encoder left.
pub(super) fn remove_unfinished(path: &Path) {
    match fs::remove_file(path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => tracing::warn!(%error, "an unfinished MP3 could not be removed"),
    }
}

/// This thread runs when a core is idle.
fn lower_priority() {
    let parameters = libc::sched_param { sched_priority: 0 };
    // SAFETY: the call reads the passed structure and changes this thread's policy only.
    let set = unsafe { libc::sched_setscheduler(0, libc::SCHED_IDLE, &raw const parameters) };
    if set != 0 {
        // A kernel or sandbox that refuses: at least be nice (on Linux this is the thread's).
        if let Err(error) = rustix::process::setpriority_process(None, 19) {
            tracing::warn!(%error, "MP3s are made at ordinary priority");
        }
    }
}
