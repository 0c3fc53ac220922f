//! The writer: one thread for all recordings. It takes what the media threads' lanes bring, appends
//! it to the WAV files, and after each round makes the headers right.
//!
//! It never syncs and never hashes (the keeper does). A disk that is full or refuses costs audio,
//! not calls: it says so loudly, counts, and tries again with the next piece; since every piece
//! carries its place, what is missing becomes silence and nothing shifts.

use std::collections::BTreeMap;
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::mpsc::SyncSender;
use std::time::Duration;

use rotaline_media::{TapeChunk, TapeId, TapeMessage};
use rotaline_model::Mono;

use super::alarm::Alarm;
use super::keeper::ToKeeper;
use super::lane::WriterEnd;
use super::name::RecordingName;
use super::wav::{FRAMES_PER_S, WavFile};

/// A recording of which nothing is heard for so long was forgotten by its media thread (which sends
/// silence too): it is closed.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(30);
/// How long after a failure to create a file the next try comes.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// Copies of one name.
const MAX_COPIES: u16 = 1_000;

/// The writer's state; its thread calls [`Writer::poll`].
#[derive(Debug)]
pub(super) struct Writer {
    folder: PathBuf,
    lanes: Vec<WriterEnd>,
    tapes: BTreeMap<TapeId, OpenTape>,
    keeper: SyncSender<ToKeeper>,
    write_alarm: Alarm,
    lane_alarm: Alarm,
    keeper_alarm: Alarm,
}

#[derive(Debug)]
struct OpenTape {
    place: Place,
    last_heard: Mono,
    /// Pieces that could not be written.
    lost_ms: u64,
}

#[derive(Debug)]
enum Place {
    /// On disk.
    File { name: RecordingName, wav: WavFile },
    /// Could not be created; tried again from then on.
    Nowhere { retry_at: Mono },
}

impl Writer {
    pub(super) fn new(folder: PathBuf, keeper: SyncSender<ToKeeper>) -> Self {
        Writer {
            folder,
            lanes: Vec::new(),
            tapes: BTreeMap::new(),
            keeper,
            write_alarm: Alarm::new("recording_write_errors"),
            lane_alarm: Alarm::new("recording_chunks_lost"),
            keeper_alarm: Alarm::new("recording_unlisted"),
        }
    }

    /// One more media thread.
    pub(super) fn add_lane(&mut self, lane: WriterEnd) {
        self.lanes.push(lane);
    }

    /// Whether nothing is being recorded.
    pub(super) fn is_idle(&self) -> bool {
        self.tapes.is_empty() && self.lanes.iter().all(|lane| lane.messages.is_empty())
    }

    /// Writes all that has come.
    pub(super) fn poll(&mut self, now: Mono) {
        let mut lanes = std::mem::take(&mut self.lanes);
        for lane in &mut lanes {
            self.drain(now, lane);
        }
        lanes.retain(|lane| !(lane.messages.is_abandoned() && lane.messages.is_empty()));
        self.lanes = lanes;
        for tape in self.tapes.values_mut() {
            if let Place::File { wav, .. } = &mut tape.place
                && let Err(error) = wav.write_header()
            {
                self.write_alarm.raise(now, &error);
            }
        }
        self.close_forgotten(now);
    }

    /// Ends every recording: nothing more will come.
    pub(super) fn close_all(&mut self, now: Mono) {
        while let Some((id, _)) = self.tapes.first_key_value() {
            self.stop(now, *id);
        }
    }

    fn drain(&mut self, now: Mono, lane: &mut WriterEnd) {
        // What comes meanwhile waits for the next round, so that headers are not kept waiting.
        for _ in 0..lane.messages.slots() {
            let Ok(message) = lane.messages.pop() else {
                break;
            };
            match message {
                TapeMessage::Started(id) => self.start(now, id),
                TapeMessage::Chunk(mut chunk) => {
                    self.write(now, &chunk);
                    chunk.frames.clear();
                    // A full ring: there are more chunks about than are ever needed; one less.
                    drop(lane.spare.push(chunk));
                }
                TapeMessage::Stopped(id) => self.stop(now, id),
            }
        }
        let chunks = lane.lost.chunks.swap(0, Ordering::Relaxed);
        let edges = lane.lost.edges.swap(0, Ordering::Relaxed);
        if chunks + edges > 0 {
            self.lane_alarm.raise_many(now, chunks + edges, &LaneFull);
        }
    }

    fn start(&mut self, now: Mono, id: TapeId) {
        // A case is recorded again while its last recording is still open: two files.
        self.stop(now, id);
        let place = self.create(now, id);
        self.tapes.insert(id, OpenTape::new(now, place));
    }

    fn write(&mut self, now: Mono, chunk: &TapeChunk) {
        if !self.tapes.contains_key(&chunk.tape) {
            // Its beginning was lost in a full lane.
            self.start(now, chunk.tape);
        }
        let needs_file = self.tapes.get(&chunk.tape).is_some_and(
            |tape| matches!(tape.place, Place::Nowhere { retry_at } if now >= retry_at),
        );
        let created = needs_file.then(|| self.create(now, chunk.tape));
        let Some(tape) = self.tapes.get_mut(&chunk.tape) else {
            return;
        };
        tape.last_heard = now;
        if let Some(place) = created {
            tape.place = place;
        }
        let written = match &mut tape.place {
            Place::File { wav, .. } => wav.write(chunk.start, &chunk.frames),
            Place::Nowhere { .. } => Err(io::Error::from(io::ErrorKind::NotFound)),
        };
        if let Err(error) = written {
            tape.lost_ms += chunk.frames.len() as u64 * 1_000 / FRAMES_PER_S;
            self.write_alarm.raise(now, &error);
        }
    }

    fn stop(&mut self, now: Mono, id: TapeId) {
        let Some(tape) = self.tapes.remove(&id) else {
            return;
        };
        if tape.lost_ms > 0 {
            tracing::error!(
                case = %id.case,
                part = id.part,
                lost_ms = tape.lost_ms,
                "a recording has holes: the disk did not take it all"
            );
        }
        let Place::File { name, mut wav } = tape.place else {
            tracing::error!(case = %id.case, part = id.part, "a recording was never written");
            return;
        };
        if let Err(error) = wav.write_header() {
            self.write_alarm.raise(now, &error);
        }
        self.tell_keeper(now, ToKeeper::Closed(name, tape.lost_ms));
    }

    fn close_forgotten(&mut self, now: Mono) {
        let forgotten: Vec<TapeId> = self
            .tapes
            .iter()
            .filter(|(_, tape)| now.since(tape.last_heard) >= FORGOTTEN_AFTER)
            .map(|(id, _)| *id)
            .collect();
        for id in forgotten {
            tracing::warn!(case = %id.case, part = id.part, "a recording without an end is closed");
            self.stop(now, id);
        }
    }

    /// Creates the file under the first name that is free.
    fn create(&mut self, now: Mono, id: TapeId) -> Place {
        match create_file(&self.folder, id) {
            Ok((name, wav)) => {
                let file = wav.file().clone();
                self.tell_keeper(now, ToKeeper::Opened(name, file));
                Place::File { name, wav }
            }
            Err(error) => {
                self.write_alarm.raise(now, &error);
                Place::Nowhere {
                    retry_at: now + RETRY_AFTER,
                }
            }
        }
    }

    fn tell_keeper(&mut self, now: Mono, message: ToKeeper) {
        // The keeper is far behind (thousands): the next start lists what it misses now.
        if let Err(error) = self.keeper.try_send(message) {
            self.keeper_alarm.raise(now, &error);
        }
    }
}

impl OpenTape {
    fn new(now: Mono, place: Place) -> Self {
        OpenTape {
            place,
            last_heard: now,
            lost_ms: 0,
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the lane from a media thread was full: the disk is too slow")]
struct LaneFull;

fn create_file(folder: &Path, id: TapeId) -> io::Result<(RecordingName, WavFile)> {
    let mut name = RecordingName::first(id);
    let day = folder.join(name.day());
    DirBuilder::new().recursive(true).mode(0o700).create(&day)?;
    loop {
        match WavFile::create(&folder.join(name.to_string())) {
            Ok(wav) => return Ok((name, wav)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let next = name.next_copy().filter(|next| next.copy <= MAX_COPIES);
                name = next.ok_or(error)?;
            }
            Err(error) => return Err(error),
        }
    }
}
