//! Small files beside the journal's segments, each written anew as a whole: what a start must know
//! while the database is away.
//!
//! ```text
//!  0  A7 4B     magic
//!  2  01        version of the header
//!  3  00        not used
//!  4  CRC-32    of the payload, little-endian
//!  8  payload   its owner's
//! ```
//!
//! Whoever reads finds the old content or the new, never a part: a new file is written and synced,
//! then takes the old one's name. Only the owner of the journal may read it, since it names people.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

const MAGIC: [u8; 2] = [0xA7, 0x4B];
const VERSION: u8 = 1;
const HEADER_BYTES: usize = 8;
/// Largest file that is read: far more than any plan.
const MAX_BYTES: u64 = 256 << 20;

/// One such file; whoever has it is the only one who writes it.
#[derive(Debug)]
pub struct KeptFile {
    folder: PathBuf,
    name: &'static str,
}

/// Why such a file cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum KeptError {
    /// The disk fails.
    #[error("cannot be read: {0}")]
    Disk(io::Error),
    /// It is not what was written.
    #[error("is damaged")]
    Damaged,
    /// It is of a newer program.
    #[error("is of version {0}, which this program cannot read")]
    Newer(u8),
}

impl KeptFile {
    /// Of this name, in this folder.
    pub fn new(folder: &Path, name: &'static str) -> Self {
        KeptFile {
            folder: folder.to_owned(),
            name,
        }
    }

    /// Where it is.
    pub fn path(&self) -> PathBuf {
        self.folder.join(format!("{}.kept", self.name))
    }

    /// Keeps this in place of what there was. Waits for the disk.
    pub fn write(&self, payload: &[u8]) -> io::Result<()> {
        let next = self.folder.join(format!("{}.new", self.name));
        let mut header = [0; HEADER_BYTES];
        header[..2].copy_from_slice(&MAGIC);
        header[2] = VERSION;
        header[4..].copy_from_slice(&crc32fast::hash(payload).to_le_bytes());
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&next)?;
        file.write_all(&header)?;
        file.write_all(payload)?;
        file.sync_all()?;
        fs::rename(next, self.path())?;
        File::open(&self.folder)?.sync_all()
    }

    /// What was kept last; none: nothing ever.
    pub fn read(&self) -> Result<Option<Vec<u8>>, KeptError> {
        let path = self.path();
        let mut bytes = match fs::metadata(&path) {
            Ok(file) if file.len() > MAX_BYTES => return Err(KeptError::Damaged),
            Ok(_) => fs::read(&path).map_err(KeptError::Disk)?,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(KeptError::Disk(error)),
        };
        let Some((header, payload)) = bytes.split_at_checked(HEADER_BYTES) else {
            return Err(KeptError::Damaged);
        };
        if header[..2] != MAGIC {
            return Err(KeptError::Damaged);
        }
        if header[2] != VERSION {
            return Err(KeptError::Newer(header[2]));
        }
        if header[4..] != crc32fast::hash(payload).to_le_bytes() {
            return Err(KeptError::Damaged);
        }
        bytes.drain(..HEADER_BYTES);
        Ok(Some(bytes))
    }
}
