//! Names of recordings below their folder:
//! `2026-11-24/<case>[-whisper-<n>|-call-<n>][-<copy>].wav`.
//!
//! The day is the case's (UTC, from its UUIDv7), so that all of a case is in one place, and a
//! folder holds what one day makes.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rotaline_media::TapeId;
use rotaline_model::CaseId;
use rotaline_record::RecordingPart;

/// Length of a UUID as text.
const UUID_CHARACTERS: usize = 36;

/// Where one recording is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordingName {
    /// What was recorded.
    pub tape: TapeId,
    /// 1 for the first of that name; 2 and on when the case is recorded again later.
    pub copy: u16,
}

/// Why a text is no recording's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a recording's name: {0:?}")]
pub struct NotARecording(pub String);

impl RecordingName {
    /// The first of its name.
    pub fn first(tape: TapeId) -> Self {
        RecordingName { tape, copy: 1 }
    }

    /// The next copy's.
    pub fn next_copy(self) -> Option<Self> {
        let copy = self.copy.checked_add(1)?;
        Some(RecordingName { copy, ..self })
    }

    /// The folder below the recordings folder, e.g. `2026-11-24`.
    pub fn day(&self) -> String {
        let uuid = self.tape.case.uuid();
        let at = match uuid.get_version_num() {
            // RFC 9562 section 5.7: 48 bits of milliseconds come first.
            7 => i64::try_from(uuid.as_u128() >> 80).unwrap_or(0),
            _ => 0,
        };
        let at = Timestamp::from_millisecond(at).unwrap_or(Timestamp::UNIX_EPOCH);
        TimeZone::UTC.to_datetime(at).date().to_string()
    }

    /// Its name as an MP3, below the recordings folder.
    pub fn mp3(&self) -> String {
        format!("{}/{}.mp3", self.day(), Stem(self))
    }

    /// Which part of the case it is, as records say it.
    pub fn part(&self) -> RecordingPart {
        RecordingPart::from_number(self.tape.part)
    }
}

/// Its name as a WAV, below the recordings folder.
impl fmt::Display for RecordingName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}.wav", self.day(), Stem(self))
    }
}

struct Stem<'a>(&'a RecordingName);

impl fmt::Display for Stem<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let RecordingName { tape, copy } = self.0;
        tape.case.fmt(f)?;
        match RecordingPart::from_number(tape.part) {
            RecordingPart::Case => {}
            RecordingPart::Whisper(attempt) => write!(f, "-whisper-{attempt}")?,
            RecordingPart::Later(calls_before) => {
                write!(f, "-call-{}", u16::from(calls_before) + 1)?
            }
        }
        if *copy != 1 {
            write!(f, "-{copy}")?;
        }
        Ok(())
    }
}

impl FromStr for RecordingName {
    type Err = NotARecording;

    /// With or without its folder; only the one spelling that `Display` gives is taken.
    fn from_str(text: &str) -> Result<Self, NotARecording> {
        let file = text.rsplit('/').next().unwrap_or(text);
        let name = parse_file(file).ok_or_else(|| NotARecording(text.to_owned()))?;
        if name.to_string().ends_with(text) {
            Ok(name)
        } else {
            Err(NotARecording(text.to_owned()))
        }
    }
}

fn parse_file(file: &str) -> Option<RecordingName> {
    let stem = file.strip_suffix(".wav")?;
    let (case, rest) = stem.split_at_checked(UUID_CHARACTERS)?;
    let case: CaseId = case.parse().ok()?;
    let (part, copy) = if let Some(rest) = rest.strip_prefix("-whisper-") {
        let (attempt, copy) = number_and_copy(rest)?;
        (RecordingPart::Whisper(attempt), copy)
    } else if let Some(rest) = rest.strip_prefix("-call-") {
        let (call, copy) = number_and_copy(rest)?;
        let calls_before = u8::try_from(call.checked_sub(1)?).ok()?;
        (RecordingPart::Later(calls_before), copy)
    } else if rest.is_empty() {
        (RecordingPart::Case, 1)
    } else {
        (RecordingPart::Case, rest.strip_prefix('-')?.parse().ok()?)
    };
    let part = part.number();
    let tape = TapeId { case, part };
    Some(RecordingName { tape, copy })
}

/// `3` or, of a second copy, `3-2`.
fn number_and_copy(text: &str) -> Option<(u16, u16)> {
    match text.split_once('-') {
        Some((number, copy)) => Some((number.parse().ok()?, copy.parse().ok()?)),
        None => Some((text.parse().ok()?, 1)),
    }
}
