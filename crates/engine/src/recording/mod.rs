//! Recordings: from the media threads' tapes to WAV files with digests, records and MP3s.
//!
//! ```text
//!  media thread ─lane─▶ writer ─────▶ <day>/<case>.wav          (appended, header right: 100 ms)
//!  media thread ─lane─▶   │
//!                         └─▶ keeper ─▶ sync, SHA-256, record, chain.log
//!                               └─▶ encoder ─▶ <day>/<case>.mp3, record     (idle priority)
//! ```
//!
//! A killed process loses what was in the media threads' delay lines (0.5 s), in a chunk (0.2 s)
//! and in the lane (0.1 s); what is on disk is playable, and the next start makes it whole, reports
//! it, and has it encoded. SERVICE.md section 8 is the requirement. Deleting (retention) and
//! encryption at rest are not here yet.

pub(crate) mod alarm;
mod chain;
mod config;
mod encode;
mod keeper;
mod lane;
mod mp3;
mod name;
mod scan;
mod sink;
mod wav;
mod writer;

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rotaline_model::NodeId;

pub use chain::{ChainFault, Verified, verify};
pub use config::{BadRecordingSetting, Mp3, RecordingConfig, RecordingSettings};
pub use encode::EncodeError;
pub use lane::RecordingLane;
pub use name::{NotARecording, RecordingName};
pub use sink::RecordSink;

use crate::clock::Clock;
use chain::Chain;
use keeper::{KEEPER_MESSAGES, Keeper};
use lane::{Waker, WriterEnd};
use mp3::Mp3Queue;
use sink::Stamp;
use writer::Writer;

/// How often the writer looks at its lanes while something is recorded.
const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// How often it looks when nothing is (a new recording wakes it).
const IDLE_INTERVAL: Duration = Duration::from_secs(10);
/// Held while a process uses the folder.
const LOCK_FILE: &str = "lock";

/// Why recording cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The folder cannot be made, read or written.
    #[error("recordings folder {folder} cannot be used")]
    Folder {
        /// Which folder.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process records there.
    #[error("recordings folder {folder}: another process uses it")]
    InUse {
        /// Which folder.
        folder: PathBuf,
    },
}

/// The recorder: its threads, and what others ask of it.
pub struct Recorder {
    shared: Arc<Shared>,
    mp3: Arc<Mp3Queue>,
    waker: Waker,
    writer: JoinHandle<()>,
    keeper: JoinHandle<()>,
    encoder: JoinHandle<()>,
    _lock: File,
}

/// What the writer's thread looks at.
#[derive(Debug, Default)]
struct Shared {
    new_lanes: Mutex<Vec<WriterEnd>>,
    stopping: AtomicBool,
}

impl Recorder {
    /// Begins: takes the folder, repairs what an interrupted process left (in the background), and
    /// queues what has no MP3 yet.
    pub fn start(
        config: RecordingConfig,
        node: NodeId,
        sink: Arc<dyn RecordSink>,
    ) -> Result<Self, StartError> {
        let lock = take_folder(&config.folder)?;
        let folder_error = |source| StartError::Folder {
            folder: config.folder.clone(),
            source,
        };
        let (chain, stored) = Chain::open(&config.folder).map_err(folder_error)?;
        let found = scan::scan(&config.folder).map_err(folder_error)?;
        for path in &found.unfinished {
            mp3::remove_unfinished(path);
        }

        let clock = Clock::start();
        let stamp = Arc::new(Stamp::new(node));
        let mp3 = Arc::new(Mp3Queue::new(
            config.folder.clone(),
            Arc::clone(&sink),
            Arc::clone(&stamp),
        ));
        if config.mp3 == Mp3::OnDemand || cfg!(not(feature = "mp3")) {
            mp3.only_on_demand();
        }
        let due = stored.intersection(&found.wavs);
        for name in due.filter(|name| !found.mp3s.contains(&name.mp3())) {
            mp3.push(*name);
        }
        let mut keeper = Keeper::new(
            config.folder.clone(),
            config.sync_interval,
            sink,
            stamp,
            chain,
            Arc::clone(&mp3),
        );
        keeper.take_over(found.wavs.difference(&stored).copied());
        Self::start_threads(&config.folder, lock, clock, keeper, mp3).map_err(folder_error)
    }

    fn start_threads(
        folder: &Path,
        lock: File,
        clock: Clock,
        keeper: Keeper,
        mp3: Arc<Mp3Queue>,
    ) -> io::Result<Self> {
        let (to_keeper, keeper_inbox) = sync_channel(KEEPER_MESSAGES);
        let writer = Writer::new(folder.to_owned(), to_keeper);
        let shared = Arc::new(Shared::default());
        let asleep = Arc::new(AtomicBool::new(false));

        let keeper = named("recording-keep", move || keeper.run(&keeper_inbox, clock))?;
        let queue = Arc::clone(&mp3);
        let encoder = named("recording-mp3", move || queue.run(clock))?;
        let (seen, sleeps) = (Arc::clone(&shared), Arc::clone(&asleep));
        let writer = named("recording-write", move || {
            write(writer, &seen, &sleeps, clock)
        })?;
        Ok(Recorder {
            shared,
            mp3,
            waker: Waker::new(writer.thread().clone(), asleep),
            writer,
            keeper,
            encoder,
            _lock: lock,
        })
    }

    /// A lane for one more media thread.
    pub fn lane(&self) -> RecordingLane {
        let (media_end, writer_end) = lane::lane(self.waker.clone());
        self.shared.lanes().push(writer_end);
        self.waker.wake();
        media_end
    }

    /// Makes a recording's MP3 at once, in this thread (a second for a call of ten minutes), unless
    /// it is there; gives its path. `file` is the name in its
    /// [`rotaline_record::Fact::RecordingStored`].
    pub fn encode_now(&self, file: &str) -> Result<PathBuf, EncodeError> {
        self.mp3.encode_now(file.parse::<RecordingName>()?)
    }

    /// Ends: writes what the lanes hold (the media threads must have ended), finishes every
    /// recording, and waits for the threads. MP3s not yet made are made after the next start.
    pub fn stop(self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        self.writer.thread().unpark();
        for (name, thread) in [("writer", self.writer), ("keeper", self.keeper)] {
            if thread.join().is_err() {
                tracing::error!(thread = name, "a recording thread had panicked");
            }
        }
        self.mp3.stop();
        if self.encoder.join().is_err() {
            tracing::error!(thread = "encoder", "a recording thread had panicked");
        }
    }
}

impl Shared {
    fn lanes(&self) -> std::sync::MutexGuard<'_, Vec<WriterEnd>> {
        self.new_lanes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// The writer's thread.
fn write(mut writer: Writer, shared: &Shared, asleep: &AtomicBool, clock: Clock) {
    loop {
        let stopping = shared.stopping.load(Ordering::SeqCst);
        for lane in shared.lanes().drain(..) {
            writer.add_lane(lane);
        }
        writer.poll(clock.mono());
        if stopping {
            writer.close_all(clock.mono());
            return;
        }
        if writer.is_idle() {
            // Look again after saying so: a message in between wakes nobody.
            asleep.store(true, Ordering::SeqCst);
            if writer.is_idle() {
                thread::park_timeout(IDLE_INTERVAL);
            }
            asleep.store(false, Ordering::SeqCst);
        } else {
            thread::park_timeout(POLL_INTERVAL);
        }
    }
}

fn named(name: &str, body: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    thread::Builder::new().name(name.to_owned()).spawn(body)
}

/// Makes the folder if need be, and keeps other processes out of it.
fn take_folder(folder: &Path) -> Result<File, StartError> {
    let failed = |source| StartError::Folder {
        folder: folder.to_owned(),
        source,
    };
    let mut builder = DirBuilder::new();
    let builder = builder.recursive(true).mode(0o700);
    builder.create(folder).map_err(failed)?;
    let lock = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(folder.join(LOCK_FILE))
        .map_err(failed)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(StartError::InUse {
            folder: folder.to_owned(),
        }),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

#[cfg(test)]
pub(crate) mod tests;
