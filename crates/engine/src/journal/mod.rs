//! The journal: every record of every case, on local disk before anybody else hears of it.
//!
//! ```text
//!  signalling ─append──────▶ ┌───────┐          ┌─▶ 00000000000000000007.journal  sealed
//!  api, calls ─append_durably▶ queue ─▶ thread ─┼─▶ 00000000000000000008.journal  written, synced
//!  recorder  ─RecordSink───▶ └───────┘          └─▶ synced cursor ─▶ Reader (the store)
//! ```
//!
//! - Plain appends never wait. They are written in groups, every 20 ms at most, and synced every
//!   100 ms, both at once when somebody waits. A process that is killed loses at most those 20 ms,
//!   even while the disk is slow to sync; a machine that loses its power, 120 ms and a sync.
//! - At the queue's bound (65,536) a record is dropped, counted and logged; [`Journal::pressure`]
//!   says so at half of it, in time to take no new calls. Blocking here would stop all calls for
//!   one slow disk.
//! - Segments are removed when the consumer has passed them; when the journal is four fifths full,
//!   or its disk has less than 16 MiB left, an alarm comes and no new calls are taken; when the
//!   journal is full, records are refused and counted; when the disk is, they wait in the queue.
//! - At start the torn end of the last segment is cut off, and a new segment begun. Damage
//!   elsewhere is passed over, loudly. A newer program's frames are an error, never skipped.
//!
//! Beside the segments are small files that a start needs while the database is away (`kept`).
//! It keeps no indexes and answers no questions: that is the store's work.

mod config;
mod cursor;
mod frame;
mod kept;
mod open_cases;
mod queue;
mod reader;
mod segment;
mod sync;
mod thread;

use std::fs::{File, OpenOptions};
use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::thread::JoinHandle;
use std::time::Duration;

use jiff::Timestamp;
use metrics::Counter;
use rotaline_model::NodeId;
use rotaline_record::{Intent, Record};
use tokio::sync::oneshot;

pub use config::{BadJournalSetting, JournalConfig, JournalSettings};
pub use cursor::{BadCursor, Cursor};
pub use kept::{KeptError, KeptFile};
pub use queue::NotDurable;
pub use reader::{Batch, ReadError, Reader};

use crate::recording::RecordSink;
use frame::{Frames, Item};
use open_cases::OpenCases;
use queue::{Entry, Queue};
use segment::Segment;
use thread::JournalWriter;

/// Why the journal cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Its folder cannot be made, read or written.
    #[error("journal folder {folder} cannot be used")]
    Folder {
        /// Which folder.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process writes there.
    #[error("journal folder {folder}: another process uses it")]
    InUse {
        /// Which folder.
        folder: PathBuf,
    },
    /// A newer program wrote there.
    #[error("the journal at {cursor} is of version {version}, which this program cannot read")]
    NewerVersion {
        /// The version found.
        version: u8,
        /// Where.
        cursor: Cursor,
    },
}

/// A handle on the journal, for everybody who appends or reads.
#[derive(Clone, Debug)]
pub struct Journal {
    shared: Arc<Shared>,
    folder: Arc<Path>,
    began_at: Cursor,
}

/// The journal's thread, to be stopped last.
#[derive(Debug)]
pub struct JournalThread {
    shared: Arc<Shared>,
    thread: JoinHandle<()>,
    _lock: File,
}

/// An opened journal.
#[derive(Debug)]
pub struct Opened {
    /// The handle.
    pub journal: Journal,
    /// The thread.
    pub thread: JournalThread,
    /// What has to be appended so that every case of an interrupted process is closed that no job
    /// goes on with.
    pub interrupted: Vec<Record>,
    /// Jobs that go on with theirs: to be handed to the engine.
    pub jobs: Vec<Intent>,
}

/// How the journal bears the load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pressure {
    /// Well.
    Normal,
    /// The disk fails or is too slow, or the journal fills up: take no new calls.
    High,
}

/// Resolves when a record, and all before it, is on disk. Dropping it loses nothing.
#[derive(Debug)]
pub struct Receipt(Result<oneshot::Receiver<Result<(), NotDurable>>, NotDurable>);

#[derive(Debug)]
struct Shared {
    queue: Queue,
    synced: Mutex<Cursor>,
    moved: Condvar,
    /// The last write failed.
    failing: AtomicBool,
    /// The journal or its disk is nearly full.
    high: AtomicBool,
    dropped: Count,
    damaged: Count,
}

struct Count(Counter);

impl std::fmt::Debug for Count {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Count")
    }
}

impl Count {
    fn increment(&self, by: u64) {
        self.0.increment(by);
    }
}

/// Opens the journal and starts its thread. Reads all that is there: `now` and `node` go into the
/// records that close what was interrupted.
pub fn open(config: JournalConfig, now: Timestamp, node: NodeId) -> Result<Opened, OpenError> {
    let folder = config.folder.clone();
    let failed = |source| OpenError::Folder {
        folder: folder.clone(),
        source,
    };
    let Some(lock) = segment::take_folder(&folder).map_err(failed)? else {
        return Err(OpenError::InUse { folder });
    };
    let mut sealed = segment::list(&folder).map_err(failed)?;
    let mut open_cases = OpenCases::default();
    let last = sealed.keys().next_back().copied();
    for (number, bytes) in &mut sealed {
        let found = examine(&folder, *number, &mut open_cases).map_err(failed)?;
        if let Some((version, cursor)) = found.newer {
            return Err(OpenError::NewerVersion { version, cursor });
        }
        if Some(*number) == last && found.good_bytes < *bytes {
            cut(&folder, *number, found.good_bytes).map_err(failed)?;
            *bytes = found.good_bytes;
        }
    }
    // Never the old one again, unless it is empty: what a reader has seen stays where it was.
    sealed.retain(|number, bytes| *bytes > 0 || Some(*number) != last);
    let number = match last {
        Some(last) if sealed.contains_key(&last) => last + 1,
        Some(last) => last,
        None => 1,
    };
    let segment = Segment::create(&folder, number).map_err(failed)?;
    let shared = Arc::new(Shared::new(number));
    let interrupted = open_cases.interrupted(now, node);
    let jobs = open_cases.jobs();
    let writer = JournalWriter::new(Arc::clone(&shared), config, segment, sealed, open_cases)
        .map_err(failed)?;
    let thread = std::thread::Builder::new()
        .name("journal".to_owned())
        .spawn(move || writer.run())
        .map_err(failed)?;
    Ok(Opened {
        journal: Journal {
            shared: Arc::clone(&shared),
            folder: folder.into(),
            began_at: Cursor {
                segment: number,
                offset: 0,
            },
        },
        thread: JournalThread {
            shared,
            thread,
            _lock: lock,
        },
        interrupted,
        jobs,
    })
}

impl Journal {
    /// Appends a record; never waits. At the queue's bound it is dropped, counted and logged.
    pub fn append(&self, record: impl Into<Box<Record>>) {
        let refused = self.shared.queue.push(Entry::Append(record.into()));
        if refused.is_err() {
            self.shared.count_dropped(1);
        }
    }

    /// Appends a record; the receipt resolves when it is on disk.
    pub fn append_durably(&self, record: impl Into<Box<Record>>) -> Receipt {
        self.request(vec![record.into()])
    }

    /// A receipt for all that was appended so far (and taken: see [`Journal::append`]).
    pub fn flush(&self) -> Receipt {
        self.request(Vec::new())
    }

    /// Everything before the cursor has been consumed, and whole segments of it may be removed.
    pub fn release(&self, cursor: Cursor) {
        // At the queue's bound: the next release says the same and more.
        let _ = self.shared.queue.push(Entry::Release(cursor));
    }

    /// Reads from a cursor on.
    pub fn reader(&self, from: Cursor) -> Reader {
        Reader::new(Arc::clone(&self.shared), self.folder.to_path_buf(), from)
    }

    /// Where this process began to write.
    pub fn began_at(&self) -> Cursor {
        self.began_at
    }

    /// A file beside the segments; each name once.
    pub fn kept(&self, name: &'static str) -> KeptFile {
        KeptFile::new(&self.folder, name)
    }

    /// Whether new calls should be refused.
    pub fn pressure(&self) -> Pressure {
        let shared = &self.shared;
        let high = shared.failing.load(Ordering::Relaxed) || shared.high.load(Ordering::Relaxed);
        if high || shared.queue.is_pressing() {
            Pressure::High
        } else {
            Pressure::Normal
        }
    }

    #[expect(clippy::vec_box, reason = "the queue holds boxes")]
    fn request(&self, records: Vec<Box<Record>>) -> Receipt {
        let (told, receipt) = oneshot::channel();
        let mut entries: Vec<Entry> = records.into_iter().map(Entry::Append).collect();
        entries.push(Entry::Tell(told));
        match self.shared.queue.push_urgently(entries.into_iter()) {
            Ok(()) => Receipt(Ok(receipt)),
            Err(why) => Receipt(Err(why)),
        }
    }
}

/// The recorder's records go into the journal.
impl RecordSink for Journal {
    fn store(&self, records: Vec<Record>) -> bool {
        // It comes again with the same facts every few seconds: nothing but copies for the queue,
        // which the calls that are up need.
        if self.shared.failing.load(Ordering::Relaxed) {
            return false;
        }
        let records = records.into_iter().map(Box::new).collect();
        self.request(records).wait().is_ok()
    }
}

impl JournalThread {
    /// Writes what is queued, and ends.
    pub fn stop(self) {
        self.shared.queue.close();
        if self.thread.join().is_err() {
            tracing::error!("the journal's thread had panicked");
        }
    }
}

impl Receipt {
    /// Blocks this thread, which must not be one of the async runtime's, until it is known.
    pub fn wait(self) -> Result<(), NotDurable> {
        let told = self.0?.blocking_recv();
        told.unwrap_or(Err(NotDurable::Disk))
    }
}

impl Future for Receipt {
    type Output = Result<(), NotDurable>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            Ok(told) => Pin::new(told)
                .poll(cx)
                .map(|told| told.unwrap_or(Err(NotDurable::Disk))),
            Err(why) => Poll::Ready(Err(*why)),
        }
    }
}

impl Shared {
    /// A journal goes on in a new segment.
    fn new(segment: u64) -> Self {
        Shared {
            queue: Queue::default(),
            synced: Mutex::new(Cursor { segment, offset: 0 }),
            moved: Condvar::new(),
            failing: AtomicBool::new(false),
            high: AtomicBool::new(false),
            dropped: Count(metrics::counter!("rotaline_journal_dropped_total")),
            damaged: Count(metrics::counter!("rotaline_journal_damaged_total")),
        }
    }

    fn synced(&self) -> Cursor {
        *self.synced.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// More is on disk.
    fn show(&self, cursor: Cursor) {
        *self.synced.lock().unwrap_or_else(PoisonError::into_inner) = cursor;
        self.moved.notify_all();
    }

    /// Waits until there is something beyond a cursor; false: there is not.
    fn wait_beyond(&self, cursor: Cursor, wait: Duration) -> bool {
        let synced = self.synced.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self
            .moved
            .wait_timeout_while(synced, wait, |synced| *synced <= cursor);
        let (synced, _) = waited.unwrap_or_else(PoisonError::into_inner);
        *synced > cursor
    }

    fn count_dropped(&self, records: u64) {
        if records > 0 {
            self.dropped.increment(records);
            tracing::error!(
                records,
                "records were lost: the journal is full or its disk fails"
            );
        }
    }
}

/// What a segment was found to hold.
struct Examined {
    /// Bytes up to the end of the last good frame.
    good_bytes: u64,
    newer: Option<(u8, Cursor)>,
}

fn examine(folder: &Path, number: u64, open_cases: &mut OpenCases) -> io::Result<Examined> {
    let mut frames = Frames::open(&segment::path(folder, number), 0)?;
    frames.set_end_to_files()?;
    let mut good_bytes = 0;
    while let Some(item) = frames.next()? {
        match item {
            Item::Record(record) => open_cases.note(*record, number),
            Item::Unreadable(error) => {
                // Not the error's text, which repeats names and numbers.
                let column = error.column();
                tracing::error!(
                    segment = number,
                    column,
                    "a record in the journal makes no sense"
                );
            }
            Item::Damage(_) => continue,
            Item::Newer(version) => {
                let cursor = Cursor {
                    segment: number,
                    offset: frames.offset(),
                };
                return Ok(Examined {
                    good_bytes,
                    newer: Some((version, cursor)),
                });
            }
        }
        good_bytes = frames.offset();
    }
    Ok(Examined {
        good_bytes,
        newer: None,
    })
}

/// Cuts off what a kill left of the last frame.
fn cut(folder: &Path, number: u64, good_bytes: u64) -> io::Result<()> {
    tracing::warn!(
        segment = number,
        good_bytes,
        "cut a torn frame off the journal"
    );
    let path = segment::path(folder, number);
    let file = OpenOptions::new().write(true).open(path)?;
    file.set_len(good_bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests;
