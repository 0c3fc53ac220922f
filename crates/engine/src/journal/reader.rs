//! Reads the journal from a cursor on, and waits at its end. Only what is on disk is shown.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rotaline_record::Record;

use super::Shared;
use super::cursor::Cursor;
use super::frame::{Frames, Item};
use super::segment;

/// Reads the journal in order. Each consumer has its own.
#[derive(Debug)]
pub struct Reader {
    shared: Arc<Shared>,
    folder: PathBuf,
    cursor: Cursor,
    frames: Option<Frames>,
}

/// Some records, and where they end.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// In order. A record may come again, under its key (case, origin, sequence).
    pub records: Vec<Record>,
    /// To be kept together with what was made of the records, and then passed to
    /// [`super::Journal::release`].
    pub next: Cursor,
}

/// Why the journal cannot be read on.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// A newer program wrote here. Nothing is skipped: run that program, or a newer one.
    #[error("the journal at {cursor} is of version {version}, which this program cannot read")]
    NewerVersion {
        /// The version found.
        version: u8,
        /// Where.
        cursor: Cursor,
    },
    /// The disk fails.
    #[error("the journal at {cursor} cannot be read: {source}")]
    Io {
        /// Where.
        cursor: Cursor,
        /// Why.
        source: io::Error,
    },
}

impl Reader {
    pub(super) fn new(shared: Arc<Shared>, folder: PathBuf, cursor: Cursor) -> Self {
        Reader {
            shared,
            folder,
            cursor,
            frames: None,
        }
    }

    /// Up to `max` records; if there are none, waits for some, for `wait` at most. Blocks its
    /// thread. An empty batch is no error, and its cursor may have moved.
    ///
    /// Damaged places are passed over, and reported as errors in the log.
    pub fn next_batch(&mut self, max: usize, wait: Duration) -> Result<Batch, ReadError> {
        let records = self.read(max)?;
        let records = if records.is_empty() && self.shared.wait_beyond(self.cursor, wait) {
            self.read(max)?
        } else {
            records
        };
        Ok(Batch {
            records,
            next: self.cursor,
        })
    }

    fn read(&mut self, max: usize) -> Result<Vec<Record>, ReadError> {
        let mut records = Vec::new();
        let synced = self.shared.synced();
        while records.len() < max && self.cursor < synced {
            let failed_at = self.cursor;
            let next = self.next_item(synced);
            match next.map_err(|source| ReadError::Io {
                cursor: failed_at,
                source,
            })? {
                Step::Item(Item::Record(record)) => records.push(*record),
                Step::Item(Item::Damage(bytes)) => {
                    tracing::error!(at = %failed_at, bytes, "the journal is damaged; passed over");
                    self.shared.damaged.increment(1);
                }
                Step::Item(Item::Unreadable(error)) => {
                    // Not the error's text, which repeats names and numbers.
                    let column = error.column();
                    tracing::error!(at = %failed_at, column, "a record without sense; passed over");
                    self.shared.damaged.increment(1);
                }
                Step::Item(Item::Newer(version)) => {
                    let cursor = self.cursor;
                    return Err(ReadError::NewerVersion { version, cursor });
                }
                Step::NextSegment => {}
            }
        }
        Ok(records)
    }

    fn next_item(&mut self, synced: Cursor) -> io::Result<Step> {
        let Some(frames) = &mut self.frames else {
            return self.open(synced);
        };
        let mut item = frames.next()?;
        if item.is_none() {
            if self.cursor.segment == synced.segment {
                frames.set_end(synced.offset);
            } else {
                frames.set_end_to_files()?;
            }
            item = frames.next()?;
        }
        self.cursor.offset = frames.offset();
        if let Some(item) = item {
            return Ok(Step::Item(item));
        }
        self.frames = None;
        if self.cursor.segment < synced.segment {
            self.cursor = Cursor {
                segment: self.cursor.segment + 1,
                offset: 0,
            };
        } else if self.cursor < synced {
            tracing::error!(at = %self.cursor, "the journal's end is gone; passed over");
            self.cursor = synced;
        }
        Ok(Step::NextSegment)
    }

    /// Opens the cursor's segment, or the next that there is.
    fn open(&mut self, synced: Cursor) -> io::Result<Step> {
        let segments = segment::list(&self.folder)?;
        let next = segments.range(self.cursor.segment..=synced.segment).next();
        let Some((number, _)) = next else {
            // The segment that is being written is there.
            return Err(io::Error::from(io::ErrorKind::NotFound));
        };
        if *number != self.cursor.segment {
            self.cursor = Cursor {
                segment: *number,
                offset: 0,
            };
        }
        let path = segment::path(&self.folder, *number);
        self.frames = Some(Frames::open(&path, self.cursor.offset)?);
        Ok(Step::NextSegment)
    }
}

enum Step {
    Item(Item),
    /// Another segment, or another place in it.
    NextSegment,
}
