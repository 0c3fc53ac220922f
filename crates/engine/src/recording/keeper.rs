//! The keeper: the thread that makes recordings last. While they are written it forces them to disk
//! every few seconds; when they are complete it hashes them, reports them, lists them in the digest
//! chain, and passes them on to be encoded.
//!
//! Order matters: file on disk, record on disk, chain. A kill in between leaves a recording that
//! the chain does not list, and the next start reports it again; no recording is listed without
//! its record.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use jiff::Timestamp;
use rotaline_model::Mono;
use rotaline_record::{Fact, Record};

use super::alarm::Alarm;
use super::chain::{Chain, Deed, Entry};
use super::mp3::Mp3Queue;
use super::name::RecordingName;
use super::sink::{RecordSink, Stamp};
use super::wav::{self, Contents, RepairError};
use crate::clock::Clock;

/// What the writer may be ahead of the keeper.
pub(super) const KEEPER_MESSAGES: usize = 16_384;
/// Recordings that are finished together, with one wait for the disk.
const BATCH: usize = 256;
/// From so many files on, the whole file system is synced at once instead of each file.
const SYNC_ALL_FROM: usize = 4;
/// Recordings waiting to be finished; beyond it they are left for the next start.
const MAX_COMPLETE: usize = 65_536;
/// How often a recording that cannot be finished is tried before it is left for the next start.
const MAX_TRIES: u8 = 5;

/// What the keeper is told.
#[derive(Debug)]
pub(super) enum ToKeeper {
    /// A recording is being written.
    Opened(RecordingName, Arc<File>),
    /// A recording is complete, but for so many milliseconds that the disk did not take.
    Closed(RecordingName, u64),
}

/// A recording to be finished.
#[derive(Clone, Copy, Debug)]
struct Complete {
    name: RecordingName,
    ended: Ended,
    lost_ms: u64,
    tries: u8,
}

/// How a recording came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    Properly,
    /// By the end of an earlier process.
    Interrupted,
}

/// The keeper's state.
pub(super) struct Keeper {
    folder: PathBuf,
    sync_interval: Duration,
    sink: Arc<dyn RecordSink>,
    stamp: Arc<Stamp>,
    chain: Chain,
    mp3: Arc<Mp3Queue>,
    open: BTreeMap<RecordingName, Arc<File>>,
    complete: VecDeque<Complete>,
    alarm: Alarm,
}

impl Keeper {
    pub(super) fn new(
        folder: PathBuf,
        sync_interval: Duration,
        sink: Arc<dyn RecordSink>,
        stamp: Arc<Stamp>,
        chain: Chain,
        mp3: Arc<Mp3Queue>,
    ) -> Self {
        Keeper {
            folder,
            sync_interval,
            sink,
            stamp,
            chain,
            mp3,
            open: BTreeMap::new(),
            complete: VecDeque::new(),
            alarm: Alarm::new("recording_keep_errors"),
        }
    }

    /// Takes over what an earlier process left.
    pub(super) fn take_over(&mut self, interrupted: impl Iterator<Item = RecordingName>) {
        self.complete.extend(interrupted.map(|name| Complete {
            name,
            ended: Ended::Interrupted,
            lost_ms: 0,
            tries: 0,
        }));
    }

    /// Works until the writer is gone.
    pub(super) fn run(mut self, inbox: &Receiver<ToKeeper>, clock: Clock) {
        let mut next_sync = clock.mono() + self.sync_interval;
        let mut progress = self.finish_all(clock);
        while self.wait(inbox, clock.mono(), next_sync) == Writer::Lives {
            let sync_is_due = clock.mono() >= next_sync;
            if sync_is_due {
                self.sync_open(clock.mono());
                next_sync = clock.mono() + self.sync_interval;
            }
            if sync_is_due || progress == Progress::Made {
                progress = self.finish_all(clock);
            }
        }
        self.finish_all(clock);
    }

    fn finish_all(&mut self, clock: Clock) -> Progress {
        let mut progress = Progress::Made;
        while progress == Progress::Made && !self.complete.is_empty() {
            progress = self.finish_batch(clock.mono());
        }
        progress
    }

    fn wait(&mut self, inbox: &Receiver<ToKeeper>, now: Mono, until: Mono) -> Writer {
        let received = if self.open.is_empty() && self.complete.is_empty() {
            inbox.recv().map_err(|_| RecvTimeoutError::Disconnected)
        } else {
            inbox.recv_timeout(until.since(now))
        };
        match received {
            Ok(message) => self.take(message),
            Err(RecvTimeoutError::Timeout) => return Writer::Lives,
            Err(RecvTimeoutError::Disconnected) => return Writer::IsGone,
        }
        for message in inbox.try_iter().take(KEEPER_MESSAGES) {
            self.take(message);
        }
        Writer::Lives
    }

    fn take(&mut self, message: ToKeeper) {
        match message {
            ToKeeper::Opened(name, file) => {
                self.open.insert(name, file);
            }
            ToKeeper::Closed(name, lost_ms) => {
                self.open.remove(&name);
                self.requeue(Complete {
                    name,
                    ended: Ended::Properly,
                    lost_ms,
                    tries: 0,
                });
            }
        }
    }

    fn requeue(&mut self, complete: Complete) {
        if complete.tries < MAX_TRIES && self.complete.len() < MAX_COMPLETE {
            self.complete.push_back(complete);
        } else {
            tracing::error!(
                case = %complete.name.tape.case,
                part = complete.name.tape.part,
                "a recording cannot be finished; the next start will try again"
            );
        }
    }

    fn sync_open(&mut self, now: Mono) {
        let files = self.open.values().map(Arc::as_ref);
        if let Err(error) = force_to_disk(&self.folder, self.open.len(), files) {
            self.alarm.raise(now, &error);
        }
    }

    /// Finishes what is complete, as far as it goes; what fails is tried again later.
    fn finish_batch(&mut self, now: Mono) -> Progress {
        let length = self.complete.len().min(BATCH);
        let batch: Vec<Complete> = self.complete.drain(..length).collect();
        match self.finish(&batch) {
            Ok(failed) if failed.is_empty() => Progress::Made,
            Ok(failed) => {
                for (complete, error) in failed {
                    self.alarm.raise(now, &error);
                    let tries = complete.tries + 1;
                    self.requeue(Complete { tries, ..complete });
                }
                Progress::Stuck
            }
            // The disk's or the journal's fault, not the recordings'.
            Err(error) => {
                self.alarm.raise(now, &error);
                batch
                    .into_iter()
                    .for_each(|complete| self.requeue(complete));
                Progress::Stuck
            }
        }
    }

    /// Gives back those that failed by themselves.
    fn finish(&mut self, batch: &[Complete]) -> io::Result<Vec<(Complete, RepairError)>> {
        let mut failed = Vec::new();
        let mut whole = Vec::new();
        for complete in batch {
            match wav::repair(&self.path(complete.name)) {
                Ok(_) => whole.push(*complete),
                Err(error) => failed.push((*complete, error)),
            }
        }
        self.force(&whole)?;
        let mut entries = Vec::new();
        let mut records = Vec::new();
        for complete in whole {
            match wav::hash(&self.path(complete.name)) {
                Ok(contents) => {
                    records.push(self.report(complete, &contents));
                    entries.push(Entry {
                        deed: Deed::Stored,
                        at: Timestamp::now(),
                        name: complete.name,
                        contents,
                    });
                }
                Err(error) => failed.push((complete, error.into())),
            }
        }
        if !self.sink.store(records) {
            return Err(io::Error::other("the journal did not take the records"));
        }
        self.chain.append(&entries)?;
        for entry in &entries {
            self.mp3.push(entry.name);
        }
        Ok(failed)
    }

    fn report(&self, complete: Complete, contents: &Contents) -> Record {
        let fact = Fact::RecordingStored {
            part: complete.name.part(),
            file: complete.name.to_string(),
            sha256: contents.sha256.clone(),
            duration_ms: contents.duration_ms(),
            bytes: contents.bytes,
            repaired: complete.ended == Ended::Interrupted,
            lost_ms: complete.lost_ms,
        };
        self.stamp.record(complete.name.tape.case, fact)
    }

    /// Files, and the folders that name them.
    fn force(&self, whole: &[Complete]) -> io::Result<()> {
        let mut files = Vec::new();
        if whole.len() < SYNC_ALL_FROM {
            let mut days = BTreeSet::new();
            for complete in whole {
                files.push(File::open(self.path(complete.name))?);
                days.insert(complete.name.day());
            }
            for day in days {
                files.push(File::open(self.folder.join(day))?);
            }
            files.push(File::open(&self.folder)?);
        }
        force_to_disk(&self.folder, whole.len(), files.iter())
    }

    fn path(&self, name: RecordingName) -> PathBuf {
        self.folder.join(name.to_string())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Writer {
    Lives,
    IsGone,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Made,
    /// Something failed; the next try is at the next sync.
    Stuck,
}

/// A few files one by one; for many, one `syncfs` costs less than a wait for each.
fn force_to_disk<'a>(
    folder: &Path,
    count: usize,
    files: impl Iterator<Item = &'a File>,
) -> io::Result<()> {
    if count < SYNC_ALL_FROM {
        for file in files {
            file.sync_data()?;
        }
        return Ok(());
    }
    rustix::fs::syncfs(File::open(folder)?)?;
    Ok(())
}
