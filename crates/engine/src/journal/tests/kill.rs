//! What a kill, a power cut or a bad disk may leave, and what is read then.

use std::fs;

use jiff::Timestamp;
use rotaline_model::NodeId;

use super::super::frame::encode;
use super::super::{Cursor, OpenError, Opened, ReadError, open, segment};
use super::{TestFolder, any, config, open_journal, read_all, read_from_start, sequences, write};

/// A journal of three records in one segment, and where each ends.
fn three() -> (TestFolder, Vec<u8>, [usize; 3]) {
    let folder = TestFolder::new();
    write(&folder, &[any(1), any(2), any(3)]);
    let bytes = fs::read(segment::path(folder.path(), 1)).unwrap();
    let mut ends = [0; 3];
    let mut frames = Vec::new();
    for (n, end) in ends.iter_mut().enumerate() {
        encode(&any(n as u64 + 1), &mut frames).unwrap();
        *end = frames.len();
    }
    assert_eq!(frames, bytes);
    (folder, bytes, ends)
}

#[test]
fn a_journal_cut_at_any_byte_keeps_every_whole_record_and_goes_on() {
    let (_, whole, ends) = three();
    for cut in 0..=whole.len() {
        let folder = TestFolder::new();
        fs::write(segment::path(folder.path(), 1), &whole[..cut]).unwrap();
        let Opened {
            journal, thread, ..
        } = open_journal(&folder);
        journal.append_durably(any(4)).wait().unwrap();
        let kept = ends.iter().filter(|end| **end <= cut).count() as u64;
        let wanted: Vec<u64> = (1..=kept).chain([4]).collect();
        assert_eq!(
            sequences(&read_from_start(&journal)),
            wanted,
            "cut at {cut}"
        );
        let whole_bytes = ends.iter().filter(|end| **end <= cut).max().unwrap_or(&0);
        let left = fs::metadata(segment::path(folder.path(), 1)).unwrap().len();
        assert!(
            kept == 0 || left == *whole_bytes as u64,
            "the torn end is still there"
        );
        thread.stop();
    }
}

#[test]
fn damage_before_the_end_is_passed_over_and_stays() {
    let (folder, mut bytes, ends) = three();
    bytes[ends[0] + 20] ^= 0xFF;
    fs::write(segment::path(folder.path(), 1), &bytes).unwrap();
    let Opened {
        journal, thread, ..
    } = open_journal(&folder);
    assert_eq!(sequences(&read_from_start(&journal)), [1, 3]);
    assert_eq!(fs::read(segment::path(folder.path(), 1)).unwrap(), bytes);
    thread.stop();
}

#[test]
fn a_reader_is_not_misled_by_a_tail_that_was_cut() {
    let (folder, whole, ends) = three();
    let path = segment::path(folder.path(), 1);
    fs::write(&path, &whole[..ends[2] - 1]).unwrap();
    let Opened {
        journal, thread, ..
    } = open_journal(&folder);
    // It had consumed more than there is now: a disk that lied about its sync.
    let mut reader = journal.reader(Cursor {
        segment: 1,
        offset: ends[2] as u64,
    });
    journal.append_durably(any(4)).wait().unwrap();
    assert_eq!(sequences(&read_all(&mut reader)), [4]);
    thread.stop();
}

#[test]
fn a_journal_of_a_newer_program_is_refused_at_start_and_left_as_it_is() {
    let (folder, mut bytes, _) = three();
    bytes[2] = 9;
    let mut hasher = crc32fast::Hasher::new();
    let length = u32::from_le_bytes(bytes[4..8].try_into().unwrap()) as usize;
    hasher.update(&bytes[2..8]);
    hasher.update(&bytes[12..12 + length]);
    bytes[8..12].copy_from_slice(&hasher.finalize().to_le_bytes());
    fs::write(segment::path(folder.path(), 1), &bytes).unwrap();
    let refused = open(config(folder.path()), Timestamp::UNIX_EPOCH, NodeId(1));
    assert!(matches!(
        refused,
        Err(OpenError::NewerVersion { version: 9, .. })
    ));
    assert_eq!(fs::read(segment::path(folder.path(), 1)).unwrap(), bytes);
}

#[test]
fn a_newer_frame_stops_a_reader() {
    let (folder, bytes, _) = three();
    let Opened {
        journal, thread, ..
    } = open_journal(&folder);
    let mut reader = journal.reader(Cursor::START);
    // A newer program's frame appears in a segment that was good at start.
    let mut newer = bytes;
    newer[2] = 9;
    let length = u32::from_le_bytes(newer[4..8].try_into().unwrap()) as usize;
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&newer[2..8]);
    hasher.update(&newer[12..12 + length]);
    newer[8..12].copy_from_slice(&hasher.finalize().to_le_bytes());
    fs::write(segment::path(folder.path(), 1), &newer).unwrap();
    for _ in 0..2 {
        let refused = reader.next_batch(10, std::time::Duration::ZERO);
        assert!(matches!(
            refused,
            Err(ReadError::NewerVersion { version: 9, .. })
        ));
    }
    thread.stop();
}

#[test]
fn a_start_after_a_clean_stop_makes_no_empty_segments() {
    let folder = TestFolder::new();
    for _ in 0..5 {
        open_journal(&folder).thread.stop();
    }
    assert_eq!(segment::list(folder.path()).unwrap().len(), 1);
}
