//! The two small languages of the command line: script steps and expectations.

use crate::hear::Sound;
use crate::rtp::event_code_of;

const KEY_MS: u64 = 100;
const PRESENT_MS: u64 = 200;
const SPEECH_MS: u64 = 100;
const GONE_MS: u64 = 1_000;
/// Also bounds the memory and time that a script can ask for.
const MAX_MS: u64 = 3_600_000;

#[derive(Clone, Debug)]
pub enum Step {
    Wait(Wait),
    TimeoutMs(u64),
    SleepMs(u64),
    Key(char, u64),
    Inband(char, u64),
    Tone(Option<u32>),
    Wav {
        path: String,
        looped: bool,
    },
    LossPercent(u32),
    /// Comfort noise in place of audio, or audio again.
    Noise(bool),
    /// A line on standard output, for whoever runs the peer.
    Cue,
    Stop,
    Start,
    End,
}

#[derive(Clone, Debug)]
pub enum Wait {
    Rtp,
    /// This sound, now, for so long without a break.
    Sound(Sound, u64),
    /// Nothing audible for so long (silent frames or no packets).
    Quiet(u64),
    Digit(char),
    /// No packet for so long, after there was one.
    Gone(u64),
    /// Own WAV played to its end.
    Played,
}

/// Steps with their text; `#` at the start of a step makes it a comment.
pub fn parse_script(text: &str) -> Result<Vec<(String, Step)>, String> {
    let lines = text.split([';', '\n']).map(str::trim);
    let steps = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    steps
        .map(
            |line| match parse_step(&line.split_whitespace().collect::<Vec<_>>()) {
                Ok(step) => Ok((line.to_string(), step)),
                Err(why) => Err(format!("script step {line:?}: {why}")),
            },
        )
        .collect()
}

fn parse_step(words: &[&str]) -> Result<Step, String> {
    match words {
        ["wait", what @ ..] => parse_wait(what).map(Step::Wait),
        ["timeout", ms] => Ok(Step::TimeoutMs(millis(ms)?)),
        ["sleep", ms] => Ok(Step::SleepMs(millis(ms)?)),
        ["key", key] => Ok(Step::Key(digit(key)?, KEY_MS)),
        ["key", key, ms] => Ok(Step::Key(digit(key)?, millis(ms)?)),
        ["inband", key] => Ok(Step::Inband(digit(key)?, KEY_MS)),
        ["inband", key, ms] => Ok(Step::Inband(digit(key)?, millis(ms)?)),
        ["tone", "off"] => Ok(Step::Tone(None)),
        ["tone", hz] => Ok(Step::Tone(Some(hertz(hz)?))),
        ["wav", path] => Ok(Step::Wav {
            path: path.to_string(),
            looped: false,
        }),
        ["wav", path, "loop"] => Ok(Step::Wav {
            path: path.to_string(),
            looped: true,
        }),
        ["loss", percent] => match percent.trim_end_matches('%').parse() {
            Ok(percent @ 0..=100) => Ok(Step::LossPercent(percent)),
            _ => Err("want 0 to 100".into()),
        },
        ["noise"] => Ok(Step::Noise(true)),
        ["noise", "off"] => Ok(Step::Noise(false)),
        ["cue"] => Ok(Step::Cue),
        ["stop"] => Ok(Step::Stop),
        ["start"] => Ok(Step::Start),
        ["end"] => Ok(Step::End),
        _ => Err("no such step".into()),
    }
}

fn parse_wait(words: &[&str]) -> Result<Wait, String> {
    match words {
        ["rtp"] => Ok(Wait::Rtp),
        ["played"] => Ok(Wait::Played),
        ["gone"] => Ok(Wait::Gone(GONE_MS)),
        ["gone", ms] => Ok(Wait::Gone(millis(ms)?)),
        ["digit", key] => Ok(Wait::Digit(digit(key)?)),
        ["silence", ms] => Ok(Wait::Quiet(millis(ms)?)),
        ["speech", ms] => Ok(Wait::Sound(Sound::Speech, millis(ms)?)),
        ["speech"] => Ok(Wait::Sound(Sound::Speech, SPEECH_MS)),
        ["ring", ms] => Ok(Wait::Sound(Sound::parse(&["ring"])?, millis(ms)?)),
        ["tone" | "inband", _, ms] => Ok(Wait::Sound(Sound::parse(&words[..2])?, millis(ms)?)),
        ["inband", _] => Ok(Wait::Sound(Sound::parse(words)?, 40)),
        ["tone", _] | ["ring"] => Ok(Wait::Sound(Sound::parse(words)?, PRESENT_MS)),
        _ => Err("no such wait".into()),
    }
}

pub fn millis(text: &str) -> Result<u64, String> {
    match text.parse() {
        Ok(ms) if ms <= MAX_MS => Ok(ms),
        _ => Err(format!("{text:?} is not 0 to {MAX_MS} ms")),
    }
}

/// A frequency that 8 kHz audio can carry.
pub fn hertz(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(hz @ 50..=3_900) => Ok(hz),
        _ => Err(format!("{text:?} is not 50 to 3900 Hz")),
    }
}

fn digit(text: &str) -> Result<char, String> {
    let mut chars = text.chars();
    match (
        chars.next().filter(|&c| event_code_of(c).is_some()),
        chars.next(),
    ) {
        (Some(key), None) => Ok(key.to_ascii_uppercase()),
        _ => Err(format!("{text:?} is not a key (0-9 * # A-D)")),
    }
}

#[derive(Clone, Debug)]
pub enum Expectation {
    Heard(Sound, Compare, f64),
    Never(Sound),
    Digits(String),
    Number(String, Compare, f64),
}

#[derive(Clone, Copy, Debug)]
pub enum Compare {
    AtLeast,
    AtMost,
    Equal,
}

impl Compare {
    fn parse(text: &str) -> Result<Compare, String> {
        match text {
            ">=" => Ok(Compare::AtLeast),
            "<=" => Ok(Compare::AtMost),
            "==" => Ok(Compare::Equal),
            _ => Err(format!("{text:?} is not >=, <= or ==")),
        }
    }

    pub fn holds(self, saw: f64, wanted: f64) -> bool {
        match self {
            Compare::AtLeast => saw >= wanted,
            Compare::AtMost => saw <= wanted,
            Compare::Equal => saw == wanted,
        }
    }
}

/// `heard WHAT >= MS`, `never WHAT`, `digits == 12` (`none` for none), `NAME <=|>=|== N`.
pub fn parse_expectation(text: &str) -> Result<Expectation, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let number = |text: &str| {
        text.parse::<f64>()
            .map_err(|_| format!("{text:?}: not a number"))
    };
    match words[..] {
        ["never", ref what @ ..] => Sound::parse(what).map(Expectation::Never),
        ["digits", "==", "none"] => Ok(Expectation::Digits(String::new())),
        ["digits", "==", digits] => Ok(Expectation::Digits(digits.to_ascii_uppercase())),
        ["heard", ref what @ .., op, ms] => Ok(Expectation::Heard(
            Sound::parse(what)?,
            Compare::parse(op)?,
            number(ms)?,
        )),
        // The brief form, without "heard".
        ["tone", _, op, ms] | ["inband", _, op, ms] => Ok(Expectation::Heard(
            Sound::parse(&words[..2])?,
            Compare::parse(op)?,
            number(ms)?,
        )),
        ["ring" | "speech" | "silence" | "event" | "no-rtp", op, ms] => Ok(Expectation::Heard(
            Sound::parse(&words[..1])?,
            Compare::parse(op)?,
            number(ms)?,
        )),
        [name, op, value] if NUMBERS.contains(&name) => Ok(Expectation::Number(
            name.into(),
            Compare::parse(op)?,
            number(value)?,
        )),
        _ => Err(format!("no such expectation: {text:?}")),
    }
}

/// What an expectation can compare; `rtppeer.rs` gives the values.
pub const NUMBERS: [&str; 18] = [
    "max_gap",
    "ssrc",
    "ssrc_changes",
    "ts_dev",
    "ts_seq_dev",
    "ts_arrival_dev",
    "lost",
    "duplicates",
    "reordered",
    "restarts",
    "stray",
    "markers",
    "received",
    "sent",
    "rtcp",
    "cname",
    "garbage",
    "tail",
];
