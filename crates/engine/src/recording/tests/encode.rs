//! WAV and MP3 as other people's programs see them (ffprobe and sox, if they are installed).

use std::path::Path;
use std::process::{Command, Stdio};

use super::super::wav::WavFile;
use super::{TestFolder, frames_of};

/// 700 Hz on the left, 1130 Hz on the right, loud, as A-law.
fn tones(frames: usize) -> Vec<[u8; 2]> {
    let sample = |hertz: f64, n: usize| {
        let phase = n as f64 / 8_000.0 * hertz * std::f64::consts::TAU;
        alaw((phase.sin() * 12_000.0) as i32)
    };
    (0..frames)
        .map(|n| [sample(700.0, n), sample(1_130.0, n)])
        .collect()
}

/// The A-law code that is nearest, by the expansion of ITU-T G.711.
fn alaw(linear: i32) -> u8 {
    (0..=255u8)
        .min_by_key(|code| (linear_of(*code) - linear).abs())
        .unwrap()
}

fn linear_of(code: u8) -> i32 {
    let plain = code ^ 0x55;
    let segment = u32::from((plain & 0x70) >> 4);
    let step = i32::from(plain & 0x0F) << 4;
    let magnitude = match segment {
        0 => step + 8,
        _ => (step + 0x108) << (segment - 1),
    };
    if plain & 0x80 == 0 {
        -magnitude
    } else {
        magnitude
    }
}

fn recording(folder: &TestFolder, frames: usize) -> std::path::PathBuf {
    let path = folder.join("a.wav");
    let mut wav = WavFile::create(&path).unwrap();
    wav.write(0, &tones(frames)).unwrap();
    wav.write_header().unwrap();
    path
}

/// What ffprobe says of a file, or nothing (loudly) if it is not there.
fn ffprobe(path: &Path) -> Option<String> {
    let mut command = Command::new("ffprobe");
    let command = command.args(["-v", "error", "-of", "default=nw=1", "-show_streams"]);
    match command.arg(path).output() {
        Ok(output) => {
            assert!(output.stderr.is_empty(), "ffprobe complains: {output:?}");
            Some(String::from_utf8(output.stdout).unwrap())
        }
        Err(_) => {
            eprintln!("SKIPPED: ffprobe is not installed; nobody else judges {path:?}");
            None
        }
    }
}

/// What sox plays of a file: 16-bit samples of both channels at 8000 Hz.
fn sox(path: &Path) -> Option<Vec<[i16; 2]>> {
    let mut command = Command::new("sox");
    command.arg(path);
    command.args(["-t", "raw", "-e", "signed", "-b", "16", "-r", "8000", "-"]);
    play(command)
}

/// What ffmpeg plays of a file, likewise.
#[cfg(feature = "mp3")]
fn ffmpeg(path: &Path) -> Option<Vec<[i16; 2]>> {
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-i"]).arg(path);
    command.args(["-f", "s16le", "-ar", "8000", "-"]);
    play(command)
}

fn play(mut command: Command) -> Option<Vec<[i16; 2]>> {
    match command.stderr(Stdio::inherit()).output() {
        Ok(output) => {
            assert!(output.status.success(), "{command:?}");
            let words = output.stdout.chunks_exact(4);
            let sample = |word: &[u8]| i16::from_le_bytes([word[0], word[1]]);
            Some(words.map(|w| [sample(&w[..2]), sample(&w[2..])]).collect())
        }
        Err(_) => {
            eprintln!("SKIPPED: not installed, so nobody else judges: {command:?}");
            None
        }
    }
}

/// Energy of one tone in a channel, relative to all of it.
#[cfg(feature = "mp3")]
fn share(frames: &[[i16; 2]], channel: usize, hertz: f64) -> f64 {
    let (mut re, mut im, mut all) = (0.0, 0.0, 0.0);
    for (n, frame) in frames.iter().enumerate() {
        let x = f64::from(frame[channel]);
        let phase = n as f64 / 8_000.0 * hertz * std::f64::consts::TAU;
        re += x * phase.cos();
        im += x * phase.sin();
        all += x * x;
    }
    2.0 * (re * re + im * im) / (all * frames.len() as f64)
}

#[test]
fn others_read_the_wav_as_stereo_a_law_of_its_length() {
    let folder = TestFolder::new();
    let path = recording(&folder, 12_000);
    if let Some(said) = ffprobe(&path) {
        for line in [
            "codec_name=pcm_alaw",
            "sample_rate=8000",
            "channels=2",
            "duration=1.500000",
        ] {
            assert!(said.contains(line), "{line} is not in {said}");
        }
    }
    if let Some(played) = sox(&path) {
        let wanted: Vec<[i16; 2]> = frames_of(&folder.read("a.wav"))
            .iter()
            .map(|frame| frame.map(|code| linear_of(code) as i16))
            .collect();
        assert!(played == wanted);
    }
}

#[test]
fn others_play_a_wav_whose_header_a_kill_kept_from_being_rewritten() {
    let folder = TestFolder::new();
    let path = folder.join("a.wav");
    let mut wav = WavFile::create(&path).unwrap();
    wav.write(0, &tones(8_000)).unwrap();
    wav.write_header().unwrap();
    wav.write(8_000, &tones(1_600)).unwrap();
    if let Some(said) = ffprobe(&path) {
        assert!(said.contains("codec_name=pcm_alaw"), "{said}");
    }
    if let Some(played) = sox(&path) {
        assert!(played.len() >= 8_000);
    }
}

#[cfg(feature = "mp3")]
#[test]
fn others_hear_each_side_of_the_mp3_on_its_channel() {
    use super::super::encode::encode;

    let folder = TestFolder::new();
    let wav = recording(&folder, 40_000);
    let mp3 = folder.join("a.mp3");
    let bytes = encode(&wav, &mp3).unwrap();
    assert_eq!(bytes, folder.read("a.mp3").len() as u64);
    assert!((19_000..22_000).contains(&bytes), "{bytes} bytes for 5 s");
    if let Some(said) = ffprobe(&mp3) {
        for line in ["codec_name=mp3", "sample_rate=8000", "channels=2"] {
            assert!(said.contains(line), "{line} is not in {said}");
        }
    }
    if let Some(played) = ffmpeg(&mp3) {
        let seconds = played.len() as f64 / 8_000.0;
        assert!((4.95..5.25).contains(&seconds), "{seconds} s");
        let middle = &played[8_000..32_000];
        assert!(share(middle, 0, 700.0) > 0.9 && share(middle, 1, 1_130.0) > 0.9);
        assert!(share(middle, 0, 1_130.0) < 0.01 && share(middle, 1, 700.0) < 0.01);
    }
}

#[cfg(feature = "mp3")]
#[test]
fn a_short_recording_is_encoded_to_its_last_frame() {
    use super::super::encode::encode;

    for frames in [0, 1, 80, 575, 576, 577, 1_151, 1_152, 1_153, 1_729, 2_400] {
        let folder = TestFolder::new();
        let (wav, mp3) = (recording(&folder, frames), folder.join("a.mp3"));
        encode(&wav, &mp3).unwrap();
        if let Some(played) = ffmpeg(&mp3) {
            assert!(played.len() >= frames, "{frames}: {}", played.len());
            assert!(
                played.len() < frames + 4 * 1_152,
                "{frames}: {}",
                played.len()
            );
        }
    }
}
