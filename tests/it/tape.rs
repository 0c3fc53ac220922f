//! A case's recording as somebody hears it: left and right, 20 ms by 20 ms, named by frequency.
//! And what nobody may find again of what was keyed: not in it, the log, the data folder, the API.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rotaline_testkit::tones::{self, FRAME, Heard};
use serde_json::Value;

use crate::server::{Home, Server, wait_until};

/// Where the audio of our WAVs begins.
const WAV_HEADER: usize = 58;
/// A-law, and two channels of 8 bits (RFC 2361; the format tag of A-law is 6).
const FORMAT: [u8; 4] = [6, 0, 2, 0];
const FRAME_MS: usize = 20;
/// What the instants of a test and those of a recording may differ by.
const SLACK: Duration = Duration::from_millis(60);

/// A stereo recording.
pub struct Tape {
    /// The caller.
    pub left: Vec<Heard>,
    /// What the caller hears.
    pub right: Vec<Heard>,
}

/// Keys that were pressed one after the other, from the first's start to the last's end.
#[derive(Clone, Copy)]
pub struct Keyed {
    /// When the first began.
    pub from: Instant,
    /// When the last was let go, or a little before.
    pub to: Instant,
}

impl Tape {
    /// A case's, once it is stored.
    pub fn of(server: &Server, case: &Value) -> Tape {
        let id = case["id"].as_str().expect("an id");
        let path = format!("/api/v1/calls/{id}");
        wait_until("the recording is stored", || {
            let recordings = server.get(&path)["recordings"].clone();
            let mut recordings = recordings.as_array().into_iter().flatten();
            recordings.any(|it| it["part"] == "case" && it["sha256"].is_string())
        });
        Tape::read(&server.file(&format!("{path}/recording.wav")))
    }

    fn read(wav: &[u8]) -> Tape {
        assert_eq!(wav[20..24], FORMAT, "stereo A-law");
        let audio = &wav[WAV_HEADER..];
        let channel = |first: usize| {
            let bytes: Vec<u8> = audio.iter().skip(first).step_by(2).copied().collect();
            bytes.chunks_exact(FRAME).map(tones::name_alaw).collect()
        };
        Tape {
            left: channel(0),
            right: channel(1),
        }
    }

    /// The parties of a talk are heard, each on their side alone.
    pub fn holds_talk(&self, caller_hz: u16, other_hz: u16) {
        let count = |side: &[Heard], hz| side.iter().filter(|it| **it == Heard::Party(hz)).count();
        assert!(count(&self.left, caller_hz) >= 10, "the caller is left");
        assert!(count(&self.right, other_hz) >= 10, "the other is right");
        assert_eq!(count(&self.left, other_hz), 0, "the other is not left");
        assert_eq!(count(&self.right, caller_hz), 0, "the caller is not right");
    }

    /// Nothing is heard on either side while it was keyed, nor a key's tones anywhere; the
    /// recording began when the caller was answered.
    pub fn is_silent_while(&self, keyed: Keyed, answered: Instant) {
        let frame = |at: Instant| at.duration_since(answered).as_millis() as usize / FRAME_MS;
        let (from, to) = (frame(keyed.from - SLACK), frame(keyed.to - SLACK));
        for (name, side) in [("left", &self.left), ("right", &self.right)] {
            let heard = side.get(from..to).expect("so long");
            assert!(!heard.is_empty(), "a stretch");
            let is_silent = heard.iter().all(|it| *it == Heard::Silence);
            assert!(is_silent, "{name} from frame {from} on: {heard:?}");
            let keys = side.iter().filter(|it| matches!(it, Heard::Key(_)));
            assert_eq!(keys.count(), 0, "{name}: keys are heard");
        }
    }
}

/// Digits that somebody keyed stand nowhere: in no line of the log, in no file of the data folder,
/// in no case of the API. So long that they stand nowhere by chance.
pub fn stand_nowhere(home: &Home, server: &Server, secret: &str) {
    assert!(secret.len() >= 8, "shorter ones stand somewhere by chance");
    for case in server.cases() {
        assert!(!case.to_string().contains(secret), "in a case");
    }
    let found = files_with(&home.folder, secret, Among::Anything);
    assert!(found.is_empty(), "{found:?}");
}

/// Digits that are short: in no line of the log, and in no case, as a word; six of them as a number
/// by itself in no file either. Four stand there by chance, in a millisecond or a port.
pub fn are_not_told(home: &Home, server: &Server, secret: &str) {
    let is_told = |text: &str| {
        let mut words = text.split(|c: char| !c.is_alphanumeric() && c != '.' && c != '-');
        words.any(|word| word == secret)
    };
    assert!(
        !is_told(&fs::read_to_string(home.log()).unwrap()),
        "in the log"
    );
    for case in server.cases() {
        assert!(!is_told(&case["prompts"].to_string()), "in {case}");
        assert!(!is_told(&case["attempts"].to_string()), "in {case}");
    }
    if secret.len() >= 6 {
        let found = files_with(&home.folder, secret, Among::OtherThanDigits);
        assert!(found.is_empty(), "{found:?}");
    }
}

/// What may stand around what is looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Among {
    Anything,
    OtherThanDigits,
}

/// Files, recordings aside, that hold these bytes: log, journal, database, whatever else.
fn files_with(folder: &Path, secret: &str, among: Among) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(&path, secret, among));
        } else if path.extension().is_none_or(|it| it != "wav" && it != "mp3") {
            let bytes = fs::read(&path).unwrap_or_default();
            if holds(&bytes, secret.as_bytes(), among) {
                found.push(path);
            }
        }
    }
    found
}

fn holds(bytes: &[u8], secret: &[u8], among: Among) -> bool {
    let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    let mut windows = bytes.windows(secret.len()).enumerate();
    windows.any(|(at, window)| {
        let before = at.checked_sub(1).and_then(|at| bytes.get(at));
        let apart = !is_digit(before) && !is_digit(bytes.get(at + secret.len()));
        window == secret && (among == Among::Anything || apart)
    })
}

#[test]
fn a_key_in_an_unmasked_stretch_and_a_secret_in_a_file_are_seen() {
    let tape = |heard: Heard| Tape {
        left: [vec![Heard::Party(700); 50], vec![heard; 50]].concat(),
        right: vec![Heard::Silence; 100],
    };
    let answered = Instant::now();
    let at = |ms| answered + Duration::from_millis(ms);
    let is_seen = |tape: Tape, from, to| {
        let keyed = Keyed {
            from: at(from),
            to: at(to),
        };
        std::panic::catch_unwind(|| tape.is_silent_while(keyed, answered)).is_err()
    };
    assert!(!is_seen(tape(Heard::Silence), 1_100, 1_900));
    assert!(is_seen(tape(Heard::Silence), 1_000, 1_900), "before it");
    assert!(is_seen(tape(Heard::Other), 1_100, 1_900));
    assert!(
        is_seen(tape(Heard::Silence), 1_100, 2_500),
        "beyond its end"
    );

    let this = std::env::current_exe().unwrap();
    let folder = this.ancestors().nth(3).expect("a target folder");
    let folder = folder.join("test-logs/it/secret-judged");
    fs::create_dir_all(folder.join("data")).unwrap();
    fs::write(folder.join("data/journal"), b"\0\x01pin:73910528\0").unwrap();
    let found = |secret| files_with(&folder, secret, Among::Anything).len();
    assert_eq!((found("73910528"), found("73910529")), (1, 0));
    let found = |secret| files_with(&folder, secret, Among::OtherThanDigits).len();
    assert_eq!((found("73910528"), found("739105")), (1, 0));
}
