//! The journal's thread: turns queued records into frames and writes them, has them synced, rolls
//! segments, removes those that are consumed.
//!
//! Writing and syncing are apart. What is written outlives a kill of the process, and is written at
//! once; what is synced outlives a power cut, and is synced ten times a second, or when somebody
//! waits for it. Until the sync has succeeded, what it is about stays in memory: after one that
//! failed, all of it is written again. A disk that fails is retried every second, loudly, while
//! the queue fills up to its bound.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use metrics::Gauge;
use rotaline_model::Mono;

use super::Shared;
use super::config::JournalConfig;
use super::cursor::Cursor;
use super::frame;
use super::open_cases::OpenCases;
use super::queue::{Entry, GoOn, NotDurable};
use super::segment::{self, Segment};
use super::sync::{Syncer, Syncing, Unsynced};
use crate::clock::Clock;
use crate::recording::alarm::Alarm;

/// Records written together at most.
const MAX_GROUP: usize = 4_096;
/// With nothing to do, the thread looks at the disk so often.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// How long after a failure the next try comes.
pub(super) const RETRY_AFTER: Duration = Duration::from_secs(1);
/// With less room on the disk no new calls are taken: what is left is for those that are up.
const LEAST_FREE_BYTES: u64 = 16 << 20;
/// With so much they are taken again.
const ENOUGH_FREE_BYTES: u64 = 24 << 20;

/// The thread's state. What is about syncing is in `sync`.
#[derive(Debug)]
pub(super) struct JournalWriter {
    pub(super) shared: Arc<Shared>,
    folder: PathBuf,
    segment_bytes: u64,
    total_bytes: u64,
    pub(super) segment: Segment,
    /// Sizes of the segments before it.
    sealed: BTreeMap<u64, u64>,
    pub(super) open_cases: OpenCases,
    pub(super) syncer: Syncer,
    /// To be written next.
    pub(super) group: Unsynced,
    /// Written, and not yet being synced.
    pub(super) written: Unsynced,
    pub(super) syncing: Option<Syncing>,
    /// When `written` is synced if nobody waits for it, and if somebody does: at once, unless the
    /// disk has just failed.
    pub(super) sync_at: Mono,
    pub(super) retry_at: Mono,
    fill: Fill,
    pub(super) clock: Clock,
    pub(super) alarm: Alarm,
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
    ) -> io::Result<Self> {
        let clock = Clock::start();
        Ok(JournalWriter {
            syncer: Syncer::start(Arc::clone(&shared))?,
            shared,
            folder: config.folder,
            segment_bytes: config.segment_bytes,
            total_bytes: config.total_bytes,
            segment,
            sealed,
            open_cases,
            group: Unsynced::default(),
            written: Unsynced::default(),
            syncing: None,
            sync_at: clock.mono(),
            retry_at: clock.mono(),
            fill: Fill::Fine,
            clock,
            alarm: Alarm::new("journal_errors"),
            size: Size(metrics::gauge!("rotaline_journal_bytes")),
        })
    }

    /// Works until the journal is stopped.
    pub(super) fn run(mut self) {
        let mut batch = Vec::new();
        loop {
            let patience = self.until_sync().unwrap_or(LOOK_INTERVAL);
            let taken = self.shared.queue.take(&mut batch, patience);
            if let Some(result) = taken.synced {
                // If it failed for good, so will what follows, and say so.
                let _ = self.end_sync(result);
            }
            self.work(&mut batch);
            if taken.go_on == GoOn::No {
                let _ = self.settle();
                return;
            }
            self.begin_sync_if_due();
        }
    }

    /// Writes all of a batch, in order.
    pub(super) fn work(&mut self, batch: &mut Vec<Entry>) {
        let mut release = None;
        let mut outcome = Ok(());
        for entry in batch.drain(..) {
            match entry {
                Entry::Append(record) => {
                    match frame::encode(&record, &mut self.group.frames) {
                        Ok(()) => self.group.records.push(record),
                        Err(error) => {
                            self.alarm.raise(self.clock.mono(), &error);
                            outcome = Err(NotDurable::TooLarge);
                        }
                    }
                    if self.group.records.len() >= MAX_GROUP {
                        outcome = outcome.and(self.commit());
                    }
                }
                Entry::Tell(told) => self.group.told.push(told),
                Entry::Release(cursor) => release = release.max(Some(cursor)),
            }
        }
        outcome = outcome.and(self.commit());
        match outcome {
            // They are told when it is synced.
            Ok(()) => self.written.told.append(&mut self.group.told),
            Err(_) => self.group.tell(outcome),
        }
        if let Some(cursor) = release {
            self.release(cursor);
        }
        self.judge_fill();
        self.size.0.set(self.total() as f64);
    }

    /// Writes the group.
    fn commit(&mut self) -> Result<(), NotDurable> {
        let outcome = if self.total() + self.group.frames.len() as u64 > self.total_bytes {
            Err(NotDurable::Full)
        } else {
            self.write()
        };
        if outcome.is_err() {
            let dropped = self.group.records.len() as u64;
            self.shared.count_dropped(dropped);
        }
        self.group.records.clear();
        self.group.frames.clear();
        outcome
    }

    /// Writes the group, however long it takes; gives up only when the journal is stopped.
    fn write(&mut self) -> Result<(), NotDurable> {
        if self.group.frames.is_empty() {
            return Ok(());
        }
        if self.is_full() || self.has_much_unsynced() {
            self.settle()?;
        }
        self.persist(|writer| {
            if writer.is_full() {
                writer.roll()?;
            }
            writer.segment.append(&writer.group.frames)
        })?;
        self.note_written();
        Ok(())
    }

    /// Tries until it succeeds; gives up only when the journal is stopped.
    pub(super) fn persist(
        &mut self,
        mut attempt: impl FnMut(&mut Self) -> io::Result<()>,
    ) -> Result<(), NotDurable> {
        while let Err(error) = attempt(self) {
            self.complain(&error);
            if self.shared.queue.hold(RETRY_AFTER) == GoOn::No {
                // The last try.
                return attempt(self).map_err(|_| NotDurable::Disk);
            }
        }
        Ok(())
    }

    /// The disk fails: says so, here and to everybody who waits for it.
    pub(super) fn complain(&mut self, error: &io::Error) {
        self.alarm.raise(self.clock.mono(), error);
        self.shared.failing.store(true, Ordering::Relaxed);
        self.group.tell(Err(NotDurable::Disk));
        self.written.tell(Err(NotDurable::Disk));
    }

    fn is_full(&self) -> bool {
        self.segment.offset >= self.segment_bytes
    }

    pub(super) fn roll(&mut self) -> io::Result<()> {
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
            if let Err(error) = frame::encode(record, &mut self.group.frames) {
                self.alarm.raise(self.clock.mono(), &error);
            }
        }
        // Even if the journal is full: it is about to have more room.
        let copied = self.write().and_then(|()| self.settle());
        self.group.frames.clear();
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
