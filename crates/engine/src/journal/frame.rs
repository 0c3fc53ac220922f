//! A frame of the journal: one record.
//!
//! ```text
//!  0  A7 4A     magic
//!  2  01        version of header and payload
//!  3  00        not used
//!  4  length    of the payload, little-endian
//!  8  CRC-32    of bytes 2 to 7 and the payload, little-endian
//! 12  payload   version 1: a record as JSON
//! ```
//!
//! Every later version keeps bytes 0 to 11, so that an older program knows that it meets a newer
//! frame, not a damaged one. Older versions stay readable for as long as a journal may hold them.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use rotaline_record::Record;

const MAGIC: [u8; 2] = [0xA7, 0x4A];
const VERSION: u8 = 1;
const HEADER_BYTES: usize = 12;
/// Largest payload; a record beyond it is refused.
pub(super) const MAX_PAYLOAD_BYTES: usize = 1 << 20;
/// How much is read at a time.
const READ_BYTES: usize = 256 * 1_024;

/// Why a record cannot be written.
#[derive(Debug, thiserror::Error)]
pub(super) enum EncodeError {
    #[error("a record of {0} bytes is too large for the journal")]
    TooLarge(usize),
    #[error("a record cannot be put into JSON: {0}")]
    Json(#[from] serde_json::Error),
}

/// Appends a record's frame; leaves `out` as it was on an error.
pub(super) fn encode(record: &Record, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let start = out.len();
    out.extend_from_slice(&[0; HEADER_BYTES]);
    if let Err(error) = serde_json::to_writer(&mut *out, record) {
        out.truncate(start);
        return Err(error.into());
    }
    let length = out.len() - start - HEADER_BYTES;
    let Some(length_field) = u32::try_from(length)
        .ok()
        .filter(|_| length <= MAX_PAYLOAD_BYTES)
    else {
        out.truncate(start);
        return Err(EncodeError::TooLarge(length));
    };
    let frame = &mut out[start..];
    frame[..2].copy_from_slice(&MAGIC);
    frame[2] = VERSION;
    frame[4..8].copy_from_slice(&length_field.to_le_bytes());
    let crc = checksum(&frame[2..8], &frame[HEADER_BYTES..]);
    frame[8..12].copy_from_slice(&crc.to_le_bytes());
    Ok(())
}

fn checksum(header: &[u8], payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(header);
    hasher.update(payload);
    hasher.finalize()
}

/// What bytes begin with.
enum Parsed<'a> {
    Frame {
        version: u8,
        payload: &'a [u8],
    },
    /// A frame may begin here, if more bytes follow.
    Incomplete,
    Damaged,
}

fn parse(bytes: &[u8]) -> Parsed<'_> {
    let known = bytes.len().min(MAGIC.len());
    if bytes[..known] != MAGIC[..known] {
        return Parsed::Damaged;
    }
    let Some((header, rest)) = bytes.split_at_checked(HEADER_BYTES) else {
        return Parsed::Incomplete;
    };
    let field = |at: usize| {
        let bytes = [header[at], header[at + 1], header[at + 2], header[at + 3]];
        u32::from_le_bytes(bytes)
    };
    let length = field(4) as usize;
    if length > MAX_PAYLOAD_BYTES {
        return Parsed::Damaged;
    }
    let Some(payload) = rest.get(..length) else {
        return Parsed::Incomplete;
    };
    if checksum(&header[2..8], payload) != field(8) {
        return Parsed::Damaged;
    }
    Parsed::Frame {
        version: header[2],
        payload,
    }
}

/// What a segment holds at one place.
#[derive(Debug)]
pub(super) enum Item {
    Record(Box<Record>),
    /// So many bytes are no frames; a frame or the end follows.
    Damage(u64),
    /// A whole frame that does not say what it should.
    Unreadable(serde_json::Error),
    /// A frame of a newer program. It is not passed.
    Newer(u8),
}

/// Reads the frames of one segment, from a place to an end that may move on.
#[derive(Debug)]
pub(super) struct Frames {
    file: File,
    end: u64,
    buffer: Vec<u8>,
    /// Where in the file the buffer begins.
    buffer_offset: u64,
    /// Where in the buffer the next frame begins.
    at: usize,
}

impl Frames {
    pub(super) fn open(path: &Path, from: u64) -> io::Result<Self> {
        Ok(Frames {
            file: File::open(path)?,
            end: from,
            buffer: Vec::new(),
            buffer_offset: from,
            at: 0,
        })
    }

    /// What may be read ends there.
    pub(super) fn set_end(&mut self, end: u64) {
        self.end = self.end.max(end);
    }

    /// Everything may be read.
    pub(super) fn set_end_to_files(&mut self) -> io::Result<()> {
        self.set_end(self.file.metadata()?.len());
        Ok(())
    }

    /// Where the next frame begins.
    pub(super) fn offset(&self) -> u64 {
        self.buffer_offset + self.at as u64
    }

    /// The next thing before the end.
    pub(super) fn next(&mut self) -> io::Result<Option<Item>> {
        let mut damaged = 0;
        loop {
            let rest = &self.buffer[self.at..];
            let parsed = parse(rest);
            let passed = match parsed {
                Parsed::Incomplete if self.can_load() => {
                    self.load()?;
                    continue;
                }
                Parsed::Damaged | Parsed::Incomplete if rest.is_empty() => {
                    return Ok((damaged > 0).then_some(Item::Damage(damaged)));
                }
                Parsed::Damaged | Parsed::Incomplete => {
                    let bytes = until_magic(rest);
                    damaged += bytes as u64;
                    bytes
                }
                Parsed::Frame { .. } if damaged > 0 => return Ok(Some(Item::Damage(damaged))),
                Parsed::Frame {
                    version: VERSION,
                    payload,
                } => {
                    let item = match serde_json::from_slice(payload) {
                        Ok(record) => Item::Record(record),
                        Err(error) => Item::Unreadable(error),
                    };
                    self.at += HEADER_BYTES + payload.len();
                    return Ok(Some(item));
                }
                Parsed::Frame { version, .. } => return Ok(Some(Item::Newer(version))),
            };
            self.at += passed;
        }
    }

    fn can_load(&self) -> bool {
        self.buffer_offset + (self.buffer.len() as u64) < self.end
    }

    fn load(&mut self) -> io::Result<()> {
        self.buffer.drain(..self.at);
        self.buffer_offset += self.at as u64;
        self.at = 0;
        let held = self.buffer.len();
        let from = self.buffer_offset + held as u64;
        let more = (self.end - from).min(READ_BYTES as u64) as usize;
        self.buffer.resize(held + more, 0);
        let read = self.file.read_at(&mut self.buffer[held..], from);
        self.buffer.truncate(held + *read.as_ref().unwrap_or(&0));
        match read {
            // Shorter than it was: what is missing is not waited for.
            Ok(0) => self.end = from,
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

/// How many bytes to pass until something could be a frame again.
fn until_magic(rest: &[u8]) -> usize {
    let next = rest.iter().skip(1).position(|byte| *byte == MAGIC[0]);
    next.map_or(rest.len(), |position| position + 1)
}
