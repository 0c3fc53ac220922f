//! Tests of single frames.

use std::fs;

use super::super::frame::{EncodeError, Frames, Item, MAX_PAYLOAD_BYTES, encode};
use super::{TestFolder, any, record};

fn frame(sequence: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(&any(sequence), &mut bytes).unwrap();
    bytes
}

fn items(bytes: &[u8]) -> Vec<Item> {
    let folder = TestFolder::new();
    let path = folder.join("x");
    fs::write(&path, bytes).unwrap();
    let mut frames = Frames::open(&path, 0).unwrap();
    frames.set_end_to_files().unwrap();
    let mut items = Vec::new();
    while let Some(item) = frames.next().unwrap() {
        let is_last = matches!(item, Item::Newer(_));
        items.push(item);
        if is_last {
            break;
        }
    }
    items
}

fn is_record(item: &Item, sequence: u64) -> bool {
    matches!(item, Item::Record(record) if **record == any(sequence))
}

/// The CRC over all that it covers, made right again.
fn seal(frame: &mut [u8]) {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&frame[2..8]);
    hasher.update(&frame[12..]);
    frame[8..12].copy_from_slice(&hasher.finalize().to_le_bytes());
}

#[test]
fn a_frame_looks_as_documented() {
    let frame = frame(0);
    assert_eq!(frame[..4], [0xA7, 0x4A, 1, 0]);
    let length = u32::from_le_bytes(frame[4..8].try_into().unwrap());
    assert_eq!(length as usize, frame.len() - 12);
    let json: serde_json::Value = serde_json::from_slice(&frame[12..]).unwrap();
    assert_eq!(json["fact"]["type"], "outcome_set");
    let mut sealed = frame.clone();
    seal(&mut sealed);
    assert_eq!(sealed, frame);
}

#[test]
fn a_damaged_byte_costs_its_own_frame_only() {
    let whole = [frame(1), frame(2), frame(3)].concat();
    let (first, second) = (frame(1).len(), frame(1).len() + frame(2).len());
    for at in first..second {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x41;
        let items = items(&bytes);
        assert_eq!(items.len(), 3, "byte {at}: {items:?}");
        assert!(is_record(&items[0], 1) && is_record(&items[2], 3));
        assert!(matches!(items[1], Item::Damage(bytes) if bytes == (second - first) as u64));
    }
}

#[test]
fn garbage_of_any_length_is_passed_over() {
    for length in [1, 2, 11, 12, 13, 300_000, 600_000] {
        // Full of magic, so that every place looks like a frame.
        let garbage: Vec<u8> = [0xA7, 0x4A].into_iter().cycle().take(length).collect();
        let items = items(&[frame(1), garbage, frame(2)].concat());
        assert_eq!(items.len(), 3, "{length} bytes");
        assert!(is_record(&items[2], 2));
    }
}

#[test]
fn a_newer_frame_is_not_passed() {
    let mut newer = frame(1);
    newer[2] = 2;
    seal(&mut newer);
    let items = items(&[frame(0), newer, frame(2)].concat());
    assert_eq!(items.len(), 2);
    assert!(matches!(items[1], Item::Newer(2)));
}

#[test]
fn a_whole_frame_that_is_no_record_is_unreadable() {
    let mut odd = frame(1);
    odd[12] = b'[';
    seal(&mut odd);
    let items = items(&[odd, frame(2)].concat());
    assert!(matches!(items[0], Item::Unreadable(_)));
    assert!(is_record(&items[1], 2));
}

#[test]
fn a_record_that_is_too_large_leaves_no_trace() {
    let mut bytes = frame(1);
    let before = bytes.clone();
    let fact = rotaline_record::Fact::OutcomeSet {
        outcome: "x".repeat(MAX_PAYLOAD_BYTES),
        by: String::new(),
        how: rotaline_record::OutcomeHow::Key,
    };
    let refused = encode(&record(1, 1, fact), &mut bytes);
    assert!(matches!(refused, Err(EncodeError::TooLarge(_))));
    assert_eq!(bytes, before);
}
