//! The journal's thread: turns queued records into frames, writes and syncs them in groups, rolls
//! segments, removes those that are consumed.
//!
//! Until what it holds is on disk it takes nothing else: a disk that fails is retried every second,
//! loudly, while the queue fills up to its bound.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use metrics::Gauge;
use rotaline_record::Record;
use tokio::sync::oneshot;

use super::Shared;
use super::config::JournalConfig;
use super::cursor::Cursor;
use super::frame;
use super::open_cases::OpenCases;
use super::queue::{Entry, GoOn, NotDurable};
use super::segment::{self, AppendError, Segment};
use crate::clock::Clock;
use crate::recording::alarm::Alarm;

/// Records written and synced together at most.
const MAX_GROUP: usize = 4_096;
/// How long after a failure the next try comes.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// With less room on the disk no new calls are taken: what is left is for those that are up.
const LEAST_FREE_BYTES: u64 = 16 << 20;
/// With so much they are taken again.
const ENOUGH_FREE_BYTES: u64 = 24 << 20;

/// The thread's state.
#[derive(Debug)]
pub(super) struct JournalWriter {
    shared: Arc<Shared>,
    folder: PathBuf,
    segment_bytes: u64,
    total_bytes: u64,
    segment: Segment,
    /// Sizes of the segments before it.
    sealed: BTreeMap<u64, u64>,
    open_cases: OpenCases,
    frames: Vec<u8>,
    #[expect(clippy::vec_box, reason = "records come boxed; moving them costs more")]
    group: Vec<Box<Record>>,
    told: Vec<oneshot::Sender<Result<(), NotDurable>>>,
    fill: Fill,
    clock: Clock,
    alarm: Alarm,
    size: Size,
}

/// How full the journal is, and its disk. Between two bounds it stays what it was, so that calls
/// are not taken and refused by turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fill {
    /// At most three fifths, and enough room on the disk.
    Fine,
    /// Over four fifths, or hardly any room on the disk.
    High,
}

struct Size(Gauge);

impl std::fmt::Debug for Size {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Size")
    }
}

impl JournalWriter {
    pub(super) fn new(
        shared: Arc<Shared>,
        config: JournalConfig,
        segment: Segment,
        sealed: BTreeMap<u64, u64>,
        open_cases: OpenCases,
    ) -> Self {
        JournalWriter {
            shared,
            folder: config.folder,
            segment_bytes: config.segment_bytes,
            total_bytes: config.total_bytes,
            segment,
            sealed,
            open_cases,
            frames: Vec::new(),
            group: Vec::new(),
            told: Vec::new(),
            fill: Fill::Fine,
            clock: Clock::start(),
            alarm: Alarm::new("journal_errors"),
            size: Size(metrics::gauge!("rotaline_journal_bytes")),
        }
    }

    /// Works until the journal is stopped.
    pub(super) fn run(mut self) {
        let mut batch = Vec::new();
        loop {
            let go_on = self.shared.queue.take(&mut batch);
            self.work(&mut batch);
            if go_on == GoOn::No {
                return;
            }
        }
    }

    /// Does all of a batch, in order.
    pub(super) fn work(&mut self, batch: &mut Vec<Entry>) {
        let mut release = None;
        let mut outcome = Ok(());
        for entry in batch.drain(..) {
            match entry {
                Entry::Append(record) => {
                    match frame::encode(&record, &mut self.frames) {
                        Ok(()) => self.group.push(record),
                        Err(error) => {
                            self.alarm.raise(self.clock.mono(), &error);
                            outcome = Err(NotDurable::TooLarge);
                        }
                    }
                    if self.group.len() >= MAX_GROUP {
                        outcome = outcome.and(self.commit());
                    }
                }
                Entry::Tell(told) => self.told.push(told),
                Entry::Release(cursor) => release = release.max(Some(cursor)),
            }
        }
        outcome = outcome.and(self.commit());
        for told in self.told.drain(..) {
            // Whoever does not wait any more does not mind.
            let _ = told.send(outcome);
        }
        if let Some(cursor) = release {
            self.release(cursor);
            self.judge_fill();
        }
        self.size.0.set(self.total() as f64);
    }

    /// Puts the group on disk.
    fn commit(&mut self) -> Result<(), NotDurable> {
        self.judge_fill();
        let outcome = if self.total() + self.frames.len() as u64 > self.total_bytes {
            Err(NotDurable::Full)
        } else {
            self.write()
        };
        match outcome {
            Ok(()) => {
                let number = self.segment.number;
                for record in self.group.drain(..) {
                    self.open_cases.note(*record, number);
                }
            }
            Err(_) => self.shared.count_dropped(self.group.len() as u64),
        }
        self.group.clear();
        self.frames.clear();
        outcome
    }

    /// Writes `frames`, however long it takes; gives up only when the journal is stopped.
    fn write(&mut self) -> Result<(), NotDurable> {
        if self.frames.is_empty() {
            return Ok(());
        }
        loop {
            match self.try_write() {
                Ok(()) => {
                    self.shared.failing.store(false, Ordering::Relaxed);
                    self.shared.show(Cursor {
                        segment: self.segment.number,
                        offset: self.segment.offset,
                    });
                    return Ok(());
                }
                Err(error) => {
                    self.alarm.raise(self.clock.mono(), &error);
                    self.shared.failing.store(true, Ordering::Relaxed);
                    self.told.drain(..).for_each(|told| {
                        let _ = told.send(Err(NotDurable::Disk));
                    });
                }
            }
            if self.shared.queue.hold(RETRY_AFTER) == GoOn::No {
                // The last try.
                return self.try_write().map_err(|_| NotDurable::Disk);
            }
        }
    }

    fn try_write(&mut self) -> Result<(), AppendError> {
        if self.segment.offset >= self.segment_bytes {
            self.roll().map_err(AppendError::Roll)?;
        }
        let written = self.segment.append(&self.frames);
        if let Err(AppendError::Sync(_)) = written {
            // What the kernel has thrown away cannot be written back in its place. The next try
            // writes the same frames into another segment; readers know copies by their keys.
            if let Err(error) = self.roll() {
                self.alarm.raise(self.clock.mono(), &error);
            }
        }
        written
    }

    fn roll(&mut self) -> io::Result<()> {
        let next = Segment::create(&self.folder, self.segment.number + 1)?;
        let full = std::mem::replace(&mut self.segment, next);
        self.sealed.insert(full.number, full.offset);
        Ok(())
    }

    /// Removes the segments before a cursor; what still tells of open cases is copied first.
    fn release(&mut self, cursor: Cursor) {
        let consumed = cursor.segment.min(self.segment.number);
        if self.sealed.range(..consumed).next().is_none() {
            return;
        }
        for record in self.open_cases.before(consumed) {
            if let Err(error) = frame::encode(record, &mut self.frames) {
                self.alarm.raise(self.clock.mono(), &error);
            }
        }
        // Even if the journal is full: it is about to have more room.
        let copied = self.write();
        self.frames.clear();
        if copied.is_err() {
            return;
        }
        self.open_cases.moved(consumed, self.segment.number);
        let kept = self.sealed.split_off(&consumed);
        for number in std::mem::replace(&mut self.sealed, kept).into_keys() {
            if let Err(error) = fs::remove_file(segment::path(&self.folder, number)) {
                self.alarm.raise(self.clock.mono(), &error);
            }
        }
    }

    /// Room on the disk; if that is not known, the writes will tell.
    fn free_bytes(&self) -> u64 {
        rustix::fs::statvfs(&self.folder).map_or(u64::MAX, |disk| disk.f_bavail * disk.f_frsize)
    }

    fn total(&self) -> u64 {
        self.sealed.values().sum::<u64>() + self.segment.offset
    }

    /// The alarm comes well before the journal or its disk is full.
    fn judge_fill(&mut self) {
        let (total, fifth, free) = (self.total(), self.total_bytes / 5, self.free_bytes());
        let fill = if total > fifth * 4 || free < LEAST_FREE_BYTES {
            Fill::High
        } else if total <= fifth * 3 && free >= ENOUGH_FREE_BYTES {
            Fill::Fine
        } else {
            self.fill
        };
        if fill == Fill::High && self.fill == Fill::Fine {
            tracing::error!(
                used_mib = total >> 20,
                limit_mib = self.total_bytes >> 20,
                free_mib = free >> 20,
                "the journal is four fifths full, or its disk nearly: no new calls are taken"
            );
        }
        self.fill = fill;
        self.shared
            .high
            .store(fill == Fill::High, Ordering::Relaxed);
    }
}
