//! Tests of recordings. Files are cut where a kill could have cut them; time is passed in where
//! anything depends on it.

mod chain;
mod encode;
mod folder;
mod lane;
mod name;
mod recorder;
mod wav;
mod writer;

use rotaline_media::{TapeChunk, TapeId, TapeMessage};
use rotaline_model::{CaseId, Mono};

pub(crate) use folder::TestFolder;

/// A case of 2026-11-24 06:20 UTC.
fn case() -> CaseId {
    "019ab473-4c00-7bbb-8bbb-0123456789ab".parse().unwrap()
}

fn tape(part: u16) -> TapeId {
    TapeId { case: case(), part }
}

fn at_ms(milliseconds: u64) -> Mono {
    Mono::from_nanos(milliseconds * 1_000_000)
}

fn chunk(tape: TapeId, start: u64, frames: Vec<[u8; 2]>) -> TapeMessage {
    TapeMessage::Chunk(Box::new(TapeChunk {
        tape,
        start,
        frames,
    }))
}

/// Frames of a file, its header apart.
fn frames_of(file: &[u8]) -> Vec<[u8; 2]> {
    file[58..]
        .chunks(2)
        .map(|frame| [frame[0], frame[1]])
        .collect()
}

/// What the header says, by its own offsets: RIFF size, frames, data size.
fn sizes_of(file: &[u8]) -> [u32; 3] {
    [4, 46, 54].map(|at| u32::from_le_bytes(file[at..at + 4].try_into().unwrap()))
}

fn assert_header_is_right(file: &[u8]) {
    let data = file.len() as u32 - 58;
    assert_eq!(data % 2, 0, "half a frame");
    assert_eq!(sizes_of(file), [data + 50, data / 2, data]);
    assert_eq!(&file[..4], b"RIFF");
    assert_eq!(&file[8..16], b"WAVEfmt ");
}
