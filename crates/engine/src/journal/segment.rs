//! The journal's files: `<number>.journal`, numbers growing, twenty digits so that they sort.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const ENDING: &str = "journal";
/// Held while a process uses the folder.
const LOCK_FILE: &str = "lock";

/// Where a segment is.
pub(super) fn path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:020}.{ENDING}"))
}

/// Numbers and sizes of the segments that there are.
pub(super) fn list(folder: &Path) -> io::Result<BTreeMap<u64, u64>> {
    let mut segments = BTreeMap::new();
    for file in fs::read_dir(folder)? {
        let file = file?;
        let name = file.file_name();
        let number = name
            .to_str()
            .and_then(|name| name.strip_suffix(ENDING))
            .and_then(|name| name.strip_suffix('.'))
            .and_then(|number| number.parse().ok());
        if let Some(number) = number {
            segments.insert(number, file.metadata()?.len());
        }
    }
    Ok(segments)
}

/// Makes the folder if need be, and keeps other processes out of it. None: one is in it.
pub(super) fn take_folder(folder: &Path) -> io::Result<Option<File>> {
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o700).create(folder)?;
    let lock = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(folder.join(LOCK_FILE))?;
    match lock.try_lock() {
        Ok(()) => Ok(Some(lock)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// The segment that is being written.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) number: u64,
    pub(super) file: Arc<File>,
    /// Where the next frame goes.
    pub(super) offset: u64,
}

impl Segment {
    /// A new, empty segment; what is left of an earlier try under that number is emptied.
    pub(super) fn create(folder: &Path, number: u64) -> io::Result<Self> {
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(path(folder, number))?;
        File::open(folder)?.sync_all()?;
        Ok(Segment {
            number,
            file: Arc::new(file),
            offset: 0,
        })
    }

    /// Appends frames. From then on the kernel has them, and a kill of this process costs nothing.
    pub(super) fn append(&mut self, frames: &[u8]) -> io::Result<()> {
        if let Err(error) = self.file.write_all_at(frames, self.offset) {
            // Best effort: a reader passes over a torn frame, too.
            let _ = self.file.set_len(self.offset);
            return Err(error);
        }
        self.offset += frames.len() as u64;
        Ok(())
    }
}
