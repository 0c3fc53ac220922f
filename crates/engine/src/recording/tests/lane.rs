//! Tests of a lane that is full.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rotaline_media::TapeMessage;

use super::super::lane::{RecordingLane, Waker, WriterEnd, lane};
use super::{chunk, tape};

fn new_lane() -> (RecordingLane, WriterEnd) {
    let asleep = Arc::new(AtomicBool::new(false));
    lane(Waker::new(std::thread::current(), asleep))
}

fn fill(media: &mut RecordingLane, writer: &WriterEnd) -> u64 {
    let mut sent = 0;
    while writer.messages.slots() < 4_096 {
        media.tape(chunk(tape(0), sent, vec![[1, 2]]));
        sent += 1;
    }
    sent
}

#[test]
fn a_full_lane_drops_audio_and_keeps_beginnings_and_ends_in_order() {
    let (mut media, mut writer) = new_lane();
    let sent = fill(&mut media, &writer);
    media.tape(TapeMessage::Stopped(tape(0)));
    media.tape(chunk(tape(1), 0, vec![[1, 2]]));
    media.tape(TapeMessage::Started(tape(1)));
    assert_eq!(writer.lost.chunks.load(Ordering::Relaxed), 1);

    for n in 0..sent {
        let message = writer.messages.pop().unwrap();
        assert!(matches!(message, TapeMessage::Chunk(chunk) if chunk.start == n));
    }
    media.tape(chunk(tape(1), 7, vec![[1, 2]]));
    let rest: Vec<_> = std::iter::from_fn(|| writer.messages.pop().ok()).collect();
    assert!(matches!(&rest[0], TapeMessage::Stopped(id) if *id == tape(0)));
    assert!(matches!(&rest[1], TapeMessage::Started(id) if *id == tape(1)));
    assert!(matches!(&rest[2], TapeMessage::Chunk(chunk) if chunk.start == 7));
    assert_eq!(rest.len(), 3);
}

#[test]
fn what_is_kept_aside_is_bounded() {
    let (mut media, writer) = new_lane();
    fill(&mut media, &writer);
    for _ in 0..2_000 {
        media.tape(TapeMessage::Started(tape(0)));
    }
    assert_eq!(writer.lost.edges.load(Ordering::Relaxed), 2_000 - 1_024);
}

#[test]
fn emptied_chunks_come_back() {
    let (mut media, mut writer) = new_lane();
    for _ in 0..64 {
        assert!(media.spare_chunk(tape(5)).frames.capacity() >= 1_600);
    }
    let mut used = media.spare_chunk(tape(5));
    used.frames.reserve_exact(9_999);
    let capacity = used.frames.capacity();
    media.tape(TapeMessage::Chunk(used));
    let Ok(TapeMessage::Chunk(back)) = writer.messages.pop() else {
        panic!("no chunk");
    };
    writer.spare.push(back).unwrap();
    let again = media.spare_chunk(tape(6));
    assert_eq!((again.tape, again.frames.capacity()), (tape(6), capacity));
}

#[test]
fn a_chunk_that_was_not_sent_is_used_again() {
    let (mut media, writer) = new_lane();
    fill(&mut media, &writer);
    let mut frames = Vec::with_capacity(7_777);
    frames.push([1, 2]);
    media.tape(chunk(tape(0), 0, frames));
    let again = media.spare_chunk(tape(0));
    assert!(again.frames.capacity() >= 7_777 && again.frames.is_empty());
}
