//! What is written and not yet on disk: a thread that does nothing but fdatasync, so that writing
//! goes on while a slow disk syncs, and what becomes of its results.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, Sender};
use std::time::Duration;

use rotaline_record::Record;
use tokio::sync::oneshot;

use super::Shared;
use super::cursor::Cursor;
use super::queue::{GoOn, NotDurable};
use super::thread::{JournalWriter, RETRY_AFTER};

/// What nobody waits for is synced so long after it was written.
const SYNC_INTERVAL: Duration = Duration::from_millis(100);
/// With so much that is not on disk, the next write waits for it.
const MAX_UNSYNCED_BYTES: usize = 8 << 20;

/// Frames that may have to be written again, what they say, and who waits for them.
#[derive(Debug, Default)]
pub(super) struct Unsynced {
    pub(super) frames: Vec<u8>,
    #[expect(clippy::vec_box, reason = "records come boxed; moving them costs more")]
    pub(super) records: Vec<Box<Record>>,
    pub(super) told: Vec<oneshot::Sender<Result<(), NotDurable>>>,
}

impl Unsynced {
    fn is_empty(&self) -> bool {
        self.frames.is_empty() && self.told.is_empty()
    }

    /// Takes what another has written; who waits stays there.
    fn take_written(&mut self, other: &mut Unsynced) {
        self.frames.append(&mut other.frames);
        self.records.append(&mut other.records);
    }

    pub(super) fn tell(&mut self, outcome: Result<(), NotDurable>) {
        for told in self.told.drain(..) {
            // Whoever does not wait any more does not mind.
            let _ = told.send(outcome);
        }
    }
}

/// A sync that is under way.
#[derive(Debug)]
pub(super) struct Syncing {
    what: Unsynced,
    end: Cursor,
}

/// The writer's hand on the thread that syncs, which ends when this is dropped.
#[derive(Debug)]
pub(super) struct Syncer {
    files: Sender<Arc<File>>,
}

impl Syncer {
    pub(super) fn start(shared: Arc<Shared>) -> io::Result<Self> {
        let (files, wanted) = mpsc::channel::<Arc<File>>();
        std::thread::Builder::new()
            .name("journal-sync".to_owned())
            .spawn(move || {
                for file in wanted {
                    shared.queue.push_synced(file.sync_data());
                }
            })?;
        Ok(Syncer { files })
    }

    /// How it ends comes through the queue.
    fn begin(&self, file: Arc<File>) {
        self.files
            .send(file)
            .expect("the thread lives until the sender is dropped");
    }
}

impl JournalWriter {
    /// The group has been written.
    pub(super) fn note_written(&mut self) {
        if self.written.frames.is_empty() {
            self.sync_at = self.clock.mono() + SYNC_INTERVAL;
        }
        self.written.take_written(&mut self.group);
    }

    /// How long the next sync may wait; none: there is nothing to sync, or it is under way.
    pub(super) fn until_sync(&self) -> Option<Duration> {
        if self.syncing.is_some() || self.written.is_empty() {
            return None;
        }
        if self.written.told.is_empty() {
            return Some(self.clock.until(self.sync_at));
        }
        Some(self.clock.until(self.retry_at))
    }

    pub(super) fn begin_sync_if_due(&mut self) {
        if self.until_sync() == Some(Duration::ZERO) {
            self.begin_sync();
        }
    }

    fn begin_sync(&mut self) {
        let mut what = std::mem::take(&mut self.written);
        if what.frames.is_empty() {
            // All that came before it is on disk.
            what.tell(Ok(()));
            return;
        }
        let end = Cursor {
            segment: self.segment.number,
            offset: self.segment.offset,
        };
        self.syncing = Some(Syncing { what, end });
        self.syncer.begin(Arc::clone(&self.segment.file));
    }

    /// A sync has ended. An error: the journal is stopped, and what it was about is lost.
    pub(super) fn end_sync(&mut self, result: io::Result<()>) -> Result<(), NotDurable> {
        let Some(Syncing { mut what, end }) = self.syncing.take() else {
            return Ok(());
        };
        match result {
            Ok(()) => {
                self.shared.failing.store(false, Ordering::Relaxed);
                for record in what.records.drain(..) {
                    self.open_cases.note(*record, end.segment);
                }
                self.shared.show(end);
                what.tell(Ok(()));
                Ok(())
            }
            Err(error) => {
                what.tell(Err(NotDurable::Disk));
                what.take_written(&mut self.written);
                self.written.take_written(&mut what);
                self.complain(&error);
                self.write_again()
            }
        }
    }

    /// What the kernel has thrown away cannot be written back in its place: all that is not on disk
    /// goes into another segment. Readers know copies by their keys.
    fn write_again(&mut self) -> Result<(), NotDurable> {
        let failed = self.segment.number;
        let again = self.persist(|writer| {
            if writer.segment.number == failed {
                writer.roll()?;
            }
            writer.segment.append(&writer.written.frames)
        });
        if again.is_err() {
            self.drop_written();
        }
        self.retry_at = self.clock.mono() + RETRY_AFTER;
        self.sync_at = self.retry_at;
        again
    }

    pub(super) fn has_much_unsynced(&self) -> bool {
        let syncing = self.syncing.as_ref();
        let syncing_bytes = syncing.map_or(0, |syncing| syncing.what.frames.len());
        self.written.frames.len() + syncing_bytes >= MAX_UNSYNCED_BYTES
    }

    /// Waits until all that is written is on disk, however long it takes; gives up only when the
    /// journal is stopped.
    pub(super) fn settle(&mut self) -> Result<(), NotDurable> {
        let mut go_on = GoOn::Yes;
        while !self.written.is_empty() || self.syncing.is_some() {
            if self.syncing.is_none() {
                self.begin_sync();
                continue;
            }
            let result = self.shared.queue.wait_synced();
            let failed = result.is_err();
            self.end_sync(result)?;
            if failed && go_on == GoOn::No {
                self.drop_written();
                return Err(NotDurable::Disk);
            }
            if failed {
                go_on = self.shared.queue.hold(RETRY_AFTER);
            }
        }
        Ok(())
    }

    fn drop_written(&mut self) {
        self.shared.count_dropped(self.written.records.len() as u64);
        self.written = Unsynced::default();
    }
}
