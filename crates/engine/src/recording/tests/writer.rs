//! Tests of the writer, on virtual time and real files.

use std::fs;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Receiver, sync_channel};

use rotaline_media::tape::{Side, Tape};
use rotaline_media::{Codec, Event, Io, TapeChunk, TapeId, TapeMessage};

use super::super::keeper::ToKeeper;
use super::super::lane::{RecordingLane, Waker, lane};
use super::super::name::RecordingName;
use super::super::writer::Writer;
use super::{TestFolder, assert_header_is_right, at_ms, case, chunk, frames_of, tape};

struct Bench {
    folder: TestFolder,
    writer: Writer,
    media: RecordingLane,
    keeper: Receiver<ToKeeper>,
}

impl Bench {
    fn new() -> Self {
        let folder = TestFolder::new();
        let (to_keeper, keeper) = sync_channel(100);
        let mut writer = Writer::new(folder.path().to_owned(), to_keeper);
        let asleep = Arc::new(AtomicBool::new(false));
        let (media, end) = lane(Waker::new(std::thread::current(), asleep));
        writer.add_lane(end);
        Bench {
            folder,
            writer,
            media,
            keeper,
        }
    }

    fn closed(&self) -> Vec<RecordingName> {
        self.keeper
            .try_iter()
            .filter_map(|message| match message {
                ToKeeper::Closed(name, _) => Some(name),
                ToKeeper::Opened(..) => None,
            })
            .collect()
    }

    fn read(&self, name: &str) -> Vec<u8> {
        self.folder.read(&format!("2025-11-24/{name}"))
    }
}

impl Io for Bench {
    fn send_rtp(&mut self, _slot: u32, _to: SocketAddr, _packet: &[u8]) {}
    fn send_rtcp(&mut self, _slot: u32, _to: SocketAddr, _packet: &[u8]) {}
    fn event(&mut self, _event: Event) {}
    fn tape(&mut self, message: TapeMessage) {
        self.media.tape(message);
    }
    fn spare_chunk(&mut self, tape: TapeId) -> Box<TapeChunk> {
        self.media.spare_chunk(tape)
    }
}

#[test]
fn case_and_whisper_are_separate_files_with_right_headers_after_each_round() {
    let mut bench = Bench::new();
    bench.media.tape(TapeMessage::Started(tape(0)));
    bench.media.tape(TapeMessage::Started(tape(2)));
    bench.media.tape(chunk(tape(0), 0, vec![[1, 2]; 10]));
    bench.media.tape(chunk(tape(2), 0, vec![[3, 4]; 20]));
    bench.writer.poll(at_ms(0));
    let name = format!("{}.wav", case());
    let whisper = format!("{}-whisper-2.wav", case());
    for (file, length, frame) in [(&name, 10, [1, 2]), (&whisper, 20, [3, 4])] {
        let file = bench.read(file);
        assert_header_is_right(&file);
        assert_eq!(frames_of(&file), vec![frame; length]);
    }
    bench.media.tape(TapeMessage::Stopped(tape(0)));
    bench.media.tape(TapeMessage::Stopped(tape(2)));
    bench.writer.poll(at_ms(100));
    assert_eq!(bench.closed().len(), 2);
    assert!(bench.writer.is_idle());
}

#[test]
fn a_case_recorded_again_gets_a_file_of_its_own() {
    let mut bench = Bench::new();
    for frame in [[1, 1], [2, 2]] {
        bench.media.tape(TapeMessage::Started(tape(0)));
        bench.media.tape(chunk(tape(0), 0, vec![frame; 4]));
        bench.media.tape(TapeMessage::Stopped(tape(0)));
        bench.writer.poll(at_ms(0));
    }
    assert_eq!(
        frames_of(&bench.read(&format!("{}.wav", case()))),
        [[1, 1]; 4]
    );
    assert_eq!(
        frames_of(&bench.read(&format!("{}-2.wav", case()))),
        [[2, 2]; 4]
    );
}

#[test]
fn audio_without_a_beginning_opens_its_file() {
    let mut bench = Bench::new();
    bench.media.tape(chunk(tape(0), 5, vec![[1, 2]; 5]));
    bench.writer.poll(at_ms(0));
    let frames = frames_of(&bench.read(&format!("{}.wav", case())));
    assert_eq!(frames[..5], [[0xD5; 2]; 5]);
    assert_eq!(frames[5..], [[1, 2]; 5]);
}

#[test]
fn a_recording_whose_end_was_lost_is_closed() {
    let mut bench = Bench::new();
    bench.media.tape(TapeMessage::Started(tape(0)));
    bench.writer.poll(at_ms(0));
    bench.writer.poll(at_ms(29_999));
    assert!(bench.closed().is_empty());
    bench.writer.poll(at_ms(30_000));
    assert_eq!(bench.closed().len(), 1);
}

#[test]
fn when_the_disk_takes_nothing_the_writer_tries_on_and_time_does_not_shift() {
    let mut bench = Bench::new();
    // A file stands where the day's folder must be.
    fs::write(bench.folder.join("2025-11-24"), b"").unwrap();
    bench.media.tape(TapeMessage::Started(tape(0)));
    bench.media.tape(chunk(tape(0), 0, vec![[1, 2]; 1_600]));
    bench.writer.poll(at_ms(0));
    fs::remove_file(bench.folder.join("2025-11-24")).unwrap();
    bench.media.tape(chunk(tape(0), 1_600, vec![[3, 4]; 1_600]));
    bench.writer.poll(at_ms(999));
    bench.media.tape(chunk(tape(0), 3_200, vec![[5, 6]; 1_600]));
    bench.media.tape(TapeMessage::Stopped(tape(0)));
    bench.writer.poll(at_ms(1_000));

    let file = bench.read(&format!("{}.wav", case()));
    assert_header_is_right(&file);
    let frames = frames_of(&file);
    assert_eq!(frames[..3_200], vec![[0xD5; 2]; 3_200]);
    assert_eq!(frames[3_200..], vec![[5, 6]; 1_600]);
    assert_eq!(bench.closed().len(), 1);
}

#[test]
fn a_lane_whose_media_thread_is_gone_is_read_to_its_end() {
    let mut bench = Bench::new();
    let asleep = Arc::new(AtomicBool::new(false));
    let (mut other, end) = lane(Waker::new(std::thread::current(), asleep));
    other.tape(TapeMessage::Started(tape(9)));
    other.tape(TapeMessage::Stopped(tape(9)));
    drop(other);
    bench.writer.add_lane(end);
    bench.writer.poll(at_ms(0));
    assert_eq!(bench.closed().len(), 1);
}

#[test]
fn a_kill_at_any_moment_loses_less_than_a_second() {
    let mut bench = Bench::new();
    let mut recording = Tape::start(tape(0), at_ms(0), &mut bench);
    let path = bench.folder.join(&format!("2025-11-24/{}.wav", case()));
    let mut worst_ms = 0;
    for ms in 0..10_000 {
        if ms % 20 == 0 {
            let at = at_ms(ms);
            recording.place(Side::Left, at, Codec::Pcma, &[1; 160], &mut bench);
            recording.advance(at, &mut bench);
        }
        // What a kill right before the writer's next round would find; rounds may be late.
        if ms % 107 == 0 {
            let on_disk = fs::metadata(&path).map_or(58, |file| file.len()) - 58;
            worst_ms = worst_ms.max(ms - on_disk / 16);
            bench.writer.poll(at_ms(ms));
            assert_header_is_right(&fs::read(&path).unwrap());
        }
    }
    assert!(worst_ms < 1_000, "{worst_ms} ms");
    recording.finish(at_ms(10_000), &mut bench);
    bench.writer.poll(at_ms(10_000));
    assert_eq!(fs::metadata(&path).unwrap().len(), 58 + 160_000);
}
