//! WAV as recordings use it: A-law, stereo, 8000 Hz, written so that a kill at any moment leaves a
//! file that players open.
//!
//! ```text
//!   0 RIFF <file - 8> WAVE
//!  12 fmt  18: format 6 (A-law), 2 channels, 8000 Hz, 16000 bytes/s, 2 a frame, 8 bits, no more
//!  38 fact 4: <frames>
//!  50 data <bytes>
//!  58 frames...
//! ```
//!
//! Audio is appended first, and the whole header then rewritten in one write: in between, the
//! header states less than there is, which players take. Not here: other formats, and files over
//! 4 GB (a recording is bounded by [`MAX_FRAMES`]).

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};

/// Length of the header.
pub const HEADER_BYTES: u64 = 58;
/// Frames a second.
pub const FRAMES_PER_S: u64 = 8_000;
/// Longest recording: 12 hours, three times the age at which a leg is ended.
pub const MAX_FRAMES: u64 = 12 * 3_600 * FRAMES_PER_S;
const FRAME_BYTES: u64 = 2;
/// A-law for no sound.
const SILENCE: u8 = 0xD5;

/// A recording that is being written.
#[derive(Debug)]
pub struct WavFile {
    file: Arc<File>,
    frames: u64,
    header_frames: u64,
}

impl WavFile {
    /// Creates the file, readable by its owner only; it must not exist.
    pub fn create(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        let mut wav = WavFile {
            file: Arc::new(file),
            frames: 0,
            header_frames: u64::MAX,
        };
        if let Err(error) = wav.write_header() {
            // A disk that takes a name but no contents would be filled with names.
            let _ = std::fs::remove_file(path);
            return Err(error);
        }
        Ok(wav)
    }

    /// Writes audio that belongs at frame `start`; what is missing before it becomes silence, what
    /// is there already is kept. May be called again with the same audio if it fails.
    pub fn write(&mut self, start: u64, frames: &[[u8; 2]]) -> io::Result<()> {
        let end = start.saturating_add(frames.len() as u64);
        if end > MAX_FRAMES {
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        self.fill_until(start)?;
        let there = self.frames.saturating_sub(start).min(frames.len() as u64);
        let frames = &frames[there as usize..];
        self.append(frames)
    }

    /// Makes the header state all that was written.
    pub fn write_header(&mut self) -> io::Result<()> {
        if self.header_frames != self.frames {
            self.file.write_all_at(&header(self.frames), 0)?;
            self.header_frames = self.frames;
        }
        Ok(())
    }

    /// The file, for others to sync.
    pub fn file(&self) -> &Arc<File> {
        &self.file
    }

    fn fill_until(&mut self, start: u64) -> io::Result<()> {
        const PIECE: [[u8; 2]; 4_096] = [[SILENCE; 2]; 4_096];
        while self.frames < start {
            let missing = (start - self.frames).min(PIECE.len() as u64);
            self.append(&PIECE[..missing as usize])?;
        }
        Ok(())
    }

    /// Written at its place, not at the file's end: what a failed write left is overwritten.
    fn append(&mut self, frames: &[[u8; 2]]) -> io::Result<()> {
        let at = HEADER_BYTES + self.frames * FRAME_BYTES;
        self.file.write_all_at(frames.as_flattened(), at)?;
        self.frames += frames.len() as u64;
        Ok(())
    }
}

/// What a file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    /// SHA-256 of the whole file, in hexadecimal.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
}

impl Contents {
    /// Length in milliseconds.
    pub fn duration_ms(&self) -> u64 {
        self.bytes.saturating_sub(HEADER_BYTES) / FRAME_BYTES * 1_000 / FRAMES_PER_S
    }
}

/// Reads and hashes a file.
pub fn hash(path: &Path) -> io::Result<Contents> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 64 * 1_024];
    let mut bytes = 0;
    loop {
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => {
                hasher.update(&buffer[..length]);
                bytes += length as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let sha256 = hex(&hasher.finalize());
    Ok(Contents { sha256, bytes })
}

/// In lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0x0F]);
    digits
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
}

/// Why a file cannot be repaired.
#[derive(Debug, thiserror::Error)]
pub enum RepairError {
    /// It cannot be read or written.
    #[error("cannot be read or written: {0}")]
    Io(#[from] io::Error),
    /// It is something else, and is left alone.
    #[error("is no recording of this format")]
    Foreign,
}

/// Makes a file whole that a kill or a power cut left: cut to whole frames, sizes set right. Says
/// whether anything had to be done.
pub fn repair(path: &Path) -> Result<bool, RepairError> {
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    let found_bytes = file.metadata()?.len();
    let mut found = [0; HEADER_BYTES as usize];
    let whole_header = found_bytes >= HEADER_BYTES;
    if whole_header {
        file.read_exact_at(&mut found, 0)?;
        if !is_ours(&found) {
            return Err(RepairError::Foreign);
        }
    }
    let frames = found_bytes.saturating_sub(HEADER_BYTES) / FRAME_BYTES;
    let right = header(frames);
    let right_bytes = HEADER_BYTES + frames * FRAME_BYTES;
    if whole_header && found == right && found_bytes == right_bytes {
        return Ok(false);
    }
    file.write_all_at(&right, 0)?;
    file.set_len(right_bytes)?;
    Ok(true)
}

/// Everything but the sizes is as we write it, or nothing was written (zeros after a power cut).
fn is_ours(found: &[u8; HEADER_BYTES as usize]) -> bool {
    let right = header(0);
    let same = |range: std::ops::Range<usize>| found[range.clone()] == right[range];
    (same(0..4) && same(8..46) && same(50..54)) || found.iter().all(|byte| *byte == 0)
}

/// The header of a file of so many frames.
fn header(frames: u64) -> [u8; HEADER_BYTES as usize] {
    let frames = u32::try_from(frames.min(MAX_FRAMES)).unwrap_or(0);
    let data_bytes = frames * FRAME_BYTES as u32;
    let mut header = [0; HEADER_BYTES as usize];
    let mut at = 0;
    let mut put = |bytes: &[u8]| {
        header[at..at + bytes.len()].copy_from_slice(bytes);
        at += bytes.len();
    };
    put(b"RIFF");
    put(&(HEADER_BYTES as u32 - 8 + data_bytes).to_le_bytes());
    put(b"WAVEfmt ");
    put(&18u32.to_le_bytes());
    put(&6u16.to_le_bytes());
    put(&2u16.to_le_bytes());
    put(&(FRAMES_PER_S as u32).to_le_bytes());
    put(&(FRAMES_PER_S as u32 * FRAME_BYTES as u32).to_le_bytes());
    put(&(FRAME_BYTES as u16).to_le_bytes());
    put(&8u16.to_le_bytes());
    put(&0u16.to_le_bytes());
    put(b"fact");
    put(&4u32.to_le_bytes());
    put(&frames.to_le_bytes());
    put(b"data");
    put(&data_bytes.to_le_bytes());
    header
}
