//! Tests of the whole recorder, with its threads: what it leaves, and what it makes of what an
//! interrupted one left.

use std::fs;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
#[cfg(feature = "mp3")]
use std::time::Duration;

use rotaline_media::TapeMessage;
use rotaline_model::NodeId;
use rotaline_record::{Fact, Origin, Record, RecordingPart};

use super::super::{
    BadRecordingSetting, Mp3, RecordSink, Recorder, RecordingConfig, RecordingSettings, StartError,
    verify,
};
use super::{TestFolder, assert_header_is_right, case, chunk, frames_of, tape};

/// Longest wait for a thread that runs at idle priority on a busy machine.
#[cfg(feature = "mp3")]
const PATIENCE: Duration = Duration::from_secs(120);

struct Sink(Mutex<Sender<Record>>);

impl RecordSink for Sink {
    fn store(&self, records: Vec<Record>) -> bool {
        let sender = self.0.lock().unwrap();
        records
            .into_iter()
            .all(|record| sender.send(record).is_ok())
    }
}

/// A journal that is out of order.
struct BrokenSink;

impl RecordSink for BrokenSink {
    fn store(&self, _records: Vec<Record>) -> bool {
        false
    }
}

fn config(folder: &Path, mp3: Mp3) -> RecordingConfig {
    let settings = RecordingSettings {
        folder: folder.to_owned(),
        mp3,
        ..RecordingSettings::default()
    };
    settings.try_into().unwrap()
}

fn start(folder: &Path, mp3: Mp3) -> (Recorder, Receiver<Record>) {
    let (sender, records) = channel();
    let sink = Arc::new(Sink(Mutex::new(sender)));
    let recorder = Recorder::start(config(folder, mp3), NodeId(3), sink).unwrap();
    (recorder, records)
}

fn record_one(recorder: &Recorder, part: u16, frames: usize) {
    let mut lane = recorder.lane();
    lane.tape(TapeMessage::Started(tape(part)));
    lane.tape(chunk(tape(part), 0, vec![[0x2A, 0xAA]; frames]));
    lane.tape(TapeMessage::Stopped(tape(part)));
}

#[test]
fn a_recording_is_stored_reported_and_listed() {
    let folder = TestFolder::new();
    let (recorder, records) = start(folder.path(), Mp3::OnDemand);
    record_one(&recorder, 0, 4_000);
    recorder.stop();

    let file = format!("2025-11-24/{}.wav", case());
    let record = records.recv().unwrap();
    assert_eq!((record.case, record.node), (case(), NodeId(3)));
    assert_eq!(record.origin, Origin::Recorder);
    let now_us = jiff::Timestamp::now().as_microsecond() as u64;
    assert!((now_us - 60_000_000..=now_us).contains(&record.sequence));
    let Fact::RecordingStored {
        part,
        file: stored,
        duration_ms,
        bytes,
        repaired,
        ..
    } = record.fact
    else {
        panic!("{:?}", record.fact);
    };
    assert_eq!(part, RecordingPart::Case);
    assert_eq!((stored.as_str(), duration_ms), (file.as_str(), 500));
    assert_eq!((bytes, repaired), (8_058, false));
    assert_header_is_right(&folder.read(&file));
    let verified = verify(folder.path()).unwrap();
    assert_eq!((verified.intact, verified.faults.len()), (1, 0));
}

#[test]
fn what_an_interrupted_process_left_is_made_whole_reported_and_listed_once() {
    let folder = TestFolder::new();
    let (recorder, _records) = start(folder.path(), Mp3::OnDemand);
    record_one(&recorder, 0, 4_000);
    recorder.stop();
    // A whisper that was being written: its header is behind, half a frame at its end.
    let whisper = format!("2025-11-24/{}-whisper-1.wav", case());
    let mut bytes = folder.read(&format!("2025-11-24/{}.wav", case()));
    bytes[4..8].fill(0);
    bytes[54..58].fill(0);
    fs::write(folder.join(&whisper), &bytes[..4_059]).unwrap();

    let (recorder, records) = start(folder.path(), Mp3::OnDemand);
    recorder.stop();
    let facts: Vec<Fact> = records.iter().map(|record| record.fact).collect();
    assert_eq!(facts.len(), 1);
    let Fact::RecordingStored {
        part,
        file,
        repaired,
        ..
    } = &facts[0]
    else {
        panic!("{facts:?}");
    };
    assert_eq!((*part, file), (RecordingPart::Whisper(1), &whisper));
    assert!(repaired);
    assert_header_is_right(&folder.read(&whisper));
    assert_eq!(frames_of(&folder.read(&whisper)).len(), 2_000);
    assert_eq!(verify(folder.path()).unwrap().intact, 2);

    let (recorder, records) = start(folder.path(), Mp3::OnDemand);
    recorder.stop();
    assert_eq!(records.iter().count(), 0, "reported twice");
}

#[test]
fn a_stored_recording_that_was_altered_is_not_touched_at_start() {
    let folder = TestFolder::new();
    let (recorder, _records) = start(folder.path(), Mp3::OnDemand);
    record_one(&recorder, 0, 4_000);
    recorder.stop();
    let file = format!("2025-11-24/{}.wav", case());
    let altered = &folder.read(&file)[..1_000];
    fs::write(folder.join(&file), altered).unwrap();
    let (recorder, records) = start(folder.path(), Mp3::OnDemand);
    recorder.stop();
    assert_eq!(records.iter().count(), 0);
    assert_eq!(folder.read(&file), altered);
    assert_eq!(verify(folder.path()).unwrap().faults.len(), 1);
}

#[test]
fn without_its_record_a_recording_is_not_listed_and_comes_again() {
    let folder = TestFolder::new();
    let config = config(folder.path(), Mp3::OnDemand);
    let recorder = Recorder::start(config, NodeId(3), Arc::new(BrokenSink)).unwrap();
    record_one(&recorder, 0, 4_000);
    recorder.stop();
    let (recorder, records) = start(folder.path(), Mp3::OnDemand);
    recorder.stop();
    assert_eq!(records.iter().count(), 1);
    assert_eq!(verify(folder.path()).unwrap().intact, 1);
}

#[test]
fn two_processes_never_share_a_folder() {
    let folder = TestFolder::new();
    let (recorder, _records) = start(folder.path(), Mp3::OnDemand);
    let config = config(folder.path(), Mp3::OnDemand);
    let second = Recorder::start(config, NodeId(4), Arc::new(BrokenSink));
    assert!(matches!(second.err(), Some(StartError::InUse { .. })));
    recorder.stop();
}

#[test]
fn a_folder_that_cannot_be_used_is_an_error_at_start() {
    let folder = TestFolder::new();
    fs::write(folder.join("x"), b"").unwrap();
    let config = config(&folder.join("x"), Mp3::OnDemand);
    let refused = Recorder::start(config, NodeId(3), Arc::new(BrokenSink));
    assert!(matches!(refused.err(), Some(StartError::Folder { .. })));
}

#[cfg(feature = "mp3")]
#[test]
fn an_mp3_follows_each_recording() {
    let folder = TestFolder::new();
    let (recorder, records) = start(folder.path(), Mp3::AfterCalls);
    record_one(&recorder, 2, 4_000);
    let stored = records.recv_timeout(PATIENCE).unwrap();
    let encoded = records.recv_timeout(PATIENCE).unwrap();
    assert!(matches!(stored.fact, Fact::RecordingStored { .. }));
    assert!(encoded.sequence > stored.sequence);
    let Fact::RecordingEncoded { part, file, bytes } = encoded.fact else {
        panic!("{:?}", encoded.fact);
    };
    recorder.stop();
    assert_eq!(part, RecordingPart::Whisper(2));
    assert_eq!(folder.read(&file).len() as u64, bytes);
}

#[cfg(feature = "mp3")]
#[test]
fn the_queue_of_mp3s_survives_a_restart() {
    let folder = TestFolder::new();
    let (recorder, _records) = start(folder.path(), Mp3::OnDemand);
    record_one(&recorder, 0, 4_000);
    recorder.stop();
    let unfinished = folder.join(&format!("2025-11-24/{}.part", case()));
    fs::write(&unfinished, b"half an MP3").unwrap();

    let (recorder, records) = start(folder.path(), Mp3::AfterCalls);
    // Its name may be in use again already.
    let left = fs::read(&unfinished).unwrap_or_default();
    assert_ne!(left, b"half an MP3");
    let encoded = records.recv_timeout(PATIENCE).unwrap();
    assert!(matches!(encoded.fact, Fact::RecordingEncoded { .. }));
    recorder.stop();
    assert!(folder.join(&format!("2025-11-24/{}.mp3", case())).exists());
}

#[cfg(feature = "mp3")]
#[test]
fn an_mp3_is_made_at_once_on_demand_and_only_once() {
    let folder = TestFolder::new();
    let (recorder, records) = start(folder.path(), Mp3::OnDemand);
    record_one(&recorder, 0, 4_000);
    records.recv_timeout(PATIENCE).unwrap();
    let file = format!("2025-11-24/{}.wav", case());
    let path = recorder.encode_now(&file).unwrap();
    assert!(path.exists());
    recorder.encode_now(&file).unwrap();
    assert!(recorder.encode_now("../../etc/passwd").is_err());
    recorder.stop();
    assert_eq!(records.iter().count(), 1);
}

#[test]
fn all_faults_of_the_settings_are_told_at_once() {
    let settings = RecordingSettings {
        folder: "".into(),
        sync_interval_s: 0,
        mp3: Mp3::AfterCalls,
    };
    let faults = RecordingConfig::try_from(settings).unwrap_err();
    let wanted = [
        BadRecordingSetting::NoFolder,
        BadRecordingSetting::SyncInterval(0),
    ];
    assert_eq!(faults, wanted);
}
