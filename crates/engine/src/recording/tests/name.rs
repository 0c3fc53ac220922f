//! Tests of names.

use super::super::name::RecordingName;
use super::{case, tape};

fn name(part: u16, copy: u16) -> RecordingName {
    RecordingName {
        tape: tape(part),
        copy,
    }
}

#[test]
fn names_tell_day_case_part_and_copy() {
    let case = case();
    for (name, text) in [
        (name(0, 1), format!("2025-11-24/{case}.wav")),
        (name(0, 2), format!("2025-11-24/{case}-2.wav")),
        (name(3, 1), format!("2025-11-24/{case}-whisper-3.wav")),
        (name(3, 2), format!("2025-11-24/{case}-whisper-3-2.wav")),
    ] {
        assert_eq!(name.to_string(), text);
        assert_eq!(text.parse(), Ok(name));
        let (_, file) = text.split_once('/').unwrap();
        assert_eq!(file.parse(), Ok(name));
        assert_eq!(name.mp3(), text.replace(".wav", ".mp3"));
    }
}

#[test]
fn only_our_own_spelling_is_a_name() {
    let case = case();
    for text in [
        String::new(),
        "x.wav".to_owned(),
        format!("{case}"),
        format!("{case}.mp3"),
        format!("{case}-1.wav"),
        format!("{case}-02.wav"),
        format!("{case}-whisper-0.wav"),
        format!("{case}-whisper-99999.wav"),
        format!("2025-11-25/{case}.wav"),
        format!("../2025-11-24/{case}.wav"),
        format!("{}.wav", case.to_string().to_uppercase()),
        "ä".repeat(20) + ".wav",
    ] {
        assert!(text.parse::<RecordingName>().is_err(), "{text}");
    }
}
