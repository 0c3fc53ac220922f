//! Tests of the RIFF writer and of repair.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::{FileExt, PermissionsExt};

use super::super::wav::{MAX_FRAMES, RepairError, WavFile, hash, repair};
use super::{TestFolder, assert_header_is_right, frames_of, sizes_of};

const TALK: [u8; 2] = [0x2A, 0xAA];
const SILENT: [u8; 2] = [0xD5; 2];

#[test]
fn the_header_is_a_wave_of_stereo_a_law() {
    let folder = TestFolder::new();
    let path = folder.join("a.wav");
    let mut wav = WavFile::create(&path).unwrap();
    wav.write(0, &[TALK; 3]).unwrap();
    wav.write_header().unwrap();
    let mut wanted = Vec::new();
    wanted.extend(b"RIFF\x38\0\0\0WAVEfmt \x12\0\0\0");
    wanted.extend(b"\x06\0\x02\0\x40\x1F\0\0\x80\x3E\0\0\x02\0\x08\0\0\0");
    wanted.extend(b"fact\x04\0\0\0\x03\0\0\0data\x06\0\0\0");
    wanted.extend([0x2A, 0xAA, 0x2A, 0xAA, 0x2A, 0xAA]);
    assert_eq!(folder.read("a.wav"), wanted);
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "others may not read it");
}

#[test]
fn before_the_header_is_rewritten_it_states_less_than_there_is() {
    let folder = TestFolder::new();
    let mut wav = WavFile::create(&folder.join("a.wav")).unwrap();
    wav.write(0, &[TALK; 100]).unwrap();
    wav.write_header().unwrap();
    wav.write(100, &[TALK; 50]).unwrap();
    let file = folder.read("a.wav");
    assert_eq!(file.len(), 58 + 300);
    assert_eq!(sizes_of(&file), [250, 100, 200]);
}

#[test]
fn missing_audio_becomes_silence_and_nothing_is_written_twice() {
    let folder = TestFolder::new();
    let mut wav = WavFile::create(&folder.join("a.wav")).unwrap();
    wav.write(10_000, &[TALK; 2]).unwrap();
    wav.write(10_001, &[TALK; 2]).unwrap();
    wav.write(0, &[TALK; 2]).unwrap();
    let frames = frames_of(&folder.read("a.wav"));
    assert_eq!(frames.len(), 10_003);
    assert_eq!(frames[..10_000], vec![SILENT; 10_000]);
    assert_eq!(frames[10_000..], [TALK; 3]);
}

#[test]
fn a_recording_has_a_bound() {
    let folder = TestFolder::new();
    let mut wav = WavFile::create(&folder.join("a.wav")).unwrap();
    assert!(wav.write(MAX_FRAMES, &[TALK]).is_err());
    assert!(wav.write(u64::MAX, &[TALK]).is_err());
    assert_eq!(folder.read("a.wav").len(), 58);
}

#[test]
fn a_file_that_exists_is_not_overwritten() {
    let folder = TestFolder::new();
    fs::write(folder.join("a.wav"), b"evidence").unwrap();
    assert!(WavFile::create(&folder.join("a.wav")).is_err());
    assert_eq!(folder.read("a.wav"), b"evidence");
}

#[test]
fn a_file_cut_at_any_byte_is_made_whole() {
    let folder = TestFolder::new();
    let path = folder.join("a.wav");
    let mut wav = WavFile::create(&path).unwrap();
    wav.write(0, &[TALK; 40]).unwrap();
    wav.write_header().unwrap();
    wav.write(40, &[TALK; 40]).unwrap();
    let whole = folder.read("a.wav");
    for cut in 0..=whole.len() {
        fs::write(&path, &whole[..cut]).unwrap();
        repair(&path).unwrap();
        let repaired = folder.read("a.wav");
        assert_header_is_right(&repaired);
        assert_eq!(frames_of(&repaired).len(), cut.saturating_sub(58) / 2);
        assert!(frames_of(&repaired).iter().all(|frame| *frame == TALK));
        assert!(!repair(&path).unwrap(), "cut at {cut}: repaired twice");
    }
}

#[test]
fn a_header_that_a_power_cut_left_empty_is_made_anew() {
    let folder = TestFolder::new();
    let path = folder.join("a.wav");
    fs::write(&path, [0; 58 + 20]).unwrap();
    assert!(repair(&path).unwrap());
    assert_header_is_right(&folder.read("a.wav"));
}

#[test]
fn a_file_of_another_format_is_left_alone() {
    let folder = TestFolder::new();
    let path = folder.join("a.wav");
    WavFile::create(&path).unwrap();
    let file = OpenOptions::new().write(true).open(&path).unwrap();
    file.write_all_at(&[1, 0], 20).unwrap();
    let before = folder.read("a.wav");
    assert!(matches!(repair(&path), Err(RepairError::Foreign)));
    assert_eq!(folder.read("a.wav"), before);
}

#[test]
fn the_digest_is_of_the_whole_file() {
    let folder = TestFolder::new();
    let path = folder.join("a.wav");
    fs::write(&path, b"abc").unwrap();
    let contents = hash(&path).unwrap();
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!((contents.sha256.as_str(), contents.bytes), (abc, 3));
}
