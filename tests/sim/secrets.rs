//! What nobody may read or hear again: a patient's NHS number, as its caller keys it.
//!
//! SERVICE.md 8: "Codes, PINs, keyed NHS numbers and their read-back are masked." Seen from
//! outside: the question and the reading back by their sounds, keys as media reports them, masks as
//! media is told of them, and everything that is written down.

use std::collections::{BTreeMap, BTreeSet};

use rotaline_media::{Command, Event, MediaLeg};
use rotaline_model::{CaseId, Digit, PlayId, Sound};
use rotaline_record::{Fact, OutcomeHow, Record};

use crate::tapes::Tapes;

/// The question.
const KEY_IT: &str = "nhs/key-it";
/// Said before it: whoever knows the question may answer it already.
const TRYING: &str = "hunt/trying";
/// The reading back.
const READ_BACK: &str = "nhs/read-back";
/// What a telephone number is read back with, which is no secret.
const READ_BACK_TO_ALL: [&str; 2] = ["ring-back/we-ring-you-on", "pifu/we-will-ring-you-on"];
/// What the announcements of digits begin with.
const NUMBER: &str = "number/";
/// Digits of an NHS number.
const DIGITS: usize = 10;
/// So many digits of a number in a row are no accident.
const NO_ACCIDENT: usize = 5;

/// Watches keyed NHS numbers, and the recordings that they must not be in.
#[derive(Default)]
pub struct Secrets {
    /// Legs that are asked.
    asked: BTreeSet<MediaLeg>,
    /// Legs that a number is read back to.
    reading: BTreeMap<MediaLeg, PlayId>,
    /// A leg with a digit's key that has just gone down.
    begun: Option<MediaLeg>,
    /// What was keyed while it was asked for.
    keyed: BTreeMap<CaseId, String>,
    /// Legs that are told that somebody is rung.
    waiting: BTreeSet<MediaLeg>,
    /// A leg that has just been told so.
    begins_anew: Option<MediaLeg>,
    /// A leg that has just been asked.
    is_asked: Option<MediaLeg>,
    /// A leg of these with a digit's key that has just gone down.
    ahead: Option<MediaLeg>,
    /// Whether it was masked then.
    down: BTreeMap<MediaLeg, bool>,
    /// What was keyed on them, the answers to the question among it, and whether it was masked.
    keyed_waiting: BTreeMap<CaseId, Vec<(char, bool)>>,
}

impl Secrets {
    /// A command is about to be done.
    pub fn command(&mut self, command: &Command) {
        match command {
            Command::Play { leg, play, sounds } => {
                self.asked.remove(leg);
                self.reading.remove(leg);
                if says(sounds, KEY_IT) {
                    self.asked.insert(*leg);
                }
                if says(sounds, TRYING) {
                    self.waiting.insert(*leg);
                    self.begins_anew = Some(*leg);
                } else if says(sounds, KEY_IT) {
                    self.waiting.insert(*leg);
                    self.is_asked = Some(*leg);
                } else if sounds != &[Sound::RingTone] {
                    self.waiting.remove(leg);
                }
                if says(sounds, READ_BACK) {
                    self.reading.insert(*leg, *play);
                }
            }
            // An acceptance: the question is dropped.
            Command::Enter { leg, .. } | Command::Close { leg } => {
                self.asked.remove(leg);
                self.reading.remove(leg);
                self.waiting.remove(leg);
            }
            Command::Open { .. }
            | Command::Update { .. }
            | Command::Stop { .. }
            | Command::WatchForAnswerphone { .. }
            | Command::Leave { .. }
            | Command::StartTape { .. }
            | Command::TurnTape { .. }
            | Command::MaskTape { .. }
            | Command::StopTape { .. } => {}
        }
    }

    /// The switch is about to be told.
    pub fn event(&mut self, event: &Event, tapes: &Tapes) {
        self.key_of_one_who_waits(event, tapes);
        match event {
            Event::KeyDown { leg, digit } if is_number(*digit) && self.asked.contains(leg) => {
                self.begun = Some(*leg);
            }
            Event::Digit { leg, digit } if is_number(*digit) && self.asked.contains(leg) => {
                if let Some(tape) = tapes.of(*leg) {
                    self.keyed
                        .entry(tape.case)
                        .or_default()
                        .push(digit.as_char());
                }
            }
            Event::Played { leg, play, .. } if self.reading.get(leg) == Some(play) => {
                self.reading.remove(leg);
            }
            Event::KeyDown { .. }
            | Event::Digit { .. }
            | Event::Played { .. }
            | Event::AnswerphoneSign { .. }
            | Event::Dead { .. }
            | Event::Closed { .. } => {}
        }
    }

    /// A key that went down before its leg was told that somebody is rung is late to be masked.
    fn key_of_one_who_waits(&mut self, event: &Event, tapes: &Tapes) {
        match event {
            Event::KeyDown { leg, digit } if is_number(*digit) && self.waiting.contains(leg) => {
                self.ahead = Some(*leg);
            }
            Event::Digit { leg, digit } if is_number(*digit) && self.waiting.contains(leg) => {
                let masked = self.down.remove(leg).unwrap_or(true);
                if let Some(tape) = tapes.of(*leg) {
                    let keyed = self.keyed_waiting.entry(tape.case).or_default();
                    keyed.push((digit.as_char(), masked));
                }
            }
            Event::Closed { leg, .. } => {
                self.down.remove(leg);
            }
            Event::KeyDown { .. }
            | Event::Digit { .. }
            | Event::Played { .. }
            | Event::AnswerphoneSign { .. }
            | Event::Dead { .. } => {}
        }
    }

    /// The switch has done all that an input led to; what is wrong, if anything.
    pub fn settled(&mut self, tapes: &Tapes) -> Option<String> {
        if let Some(tape) = self.begins_anew.take().and_then(|leg| tapes.of(leg)) {
            self.keyed_waiting.remove(&tape.case);
        }
        if let Some(leg) = self.ahead.take()
            && let Some(tape) = tapes.of(leg)
        {
            self.down.insert(leg, tapes.is_masked(tape));
        }
        if let Some(tape) = self.is_asked.take().and_then(|leg| tapes.of(leg)) {
            let keyed = self.keyed_waiting.get(&tape.case);
            if keyed.is_some_and(|keyed| keyed.iter().any(|(_, masked)| !masked)) {
                return Some(format!(
                    "{tape:?} has what was keyed before it was asked for"
                ));
            }
        }
        let begun = self.begun.take().filter(|leg| self.asked.contains(leg));
        let secret = begun.iter().chain(self.reading.keys());
        let mut secret = secret.filter_map(|leg| tapes.of(*leg));
        secret
            .find(|tape| !tapes.is_masked(*tape))
            .map(|tape| format!("{tape:?} has an NHS number on it"))
    }

    /// A record left the switch; what is wrong with it, if anything.
    pub fn record(&mut self, record: &Record) -> Option<&'static str> {
        if let Fact::NhsNumberGiven {
            nhs_number,
            how: OutcomeHow::Key,
            ..
        } = &record.fact
        {
            let number = String::from(*nhs_number.expose());
            let keyed = self.keyed_waiting.get(&record.case);
            let keyed = keyed.map_or(&[][..], |keyed| keyed);
            let spells = |keyed: &&[(char, bool)]| keyed.iter().map(|key| key.0).eq(number.chars());
            let Some(digits) = keyed.windows(DIGITS).rfind(spells) else {
                return Some("it has an NHS number that its caller has not keyed");
            };
            if digits.iter().any(|(_, masked)| !masked) {
                return Some("it has an NHS number that is on the recording too");
            }
            return (!fits(&number)).then_some("it has an NHS number whose check digit is wrong");
        }
        let is_over = matches!(record.fact, Fact::CaseClosed { .. });
        if is_over {
            self.keyed_waiting.remove(&record.case);
        }
        let keyed = self.keyed.get(&record.case)?;
        let told = written(record).iter().any(|text| tells(text, keyed));
        if is_over {
            self.keyed.remove(&record.case);
        }
        told.then_some("a record other than its own has an NHS number in it")
    }
}

fn says(sounds: &[Sound], what: &str) -> bool {
    let is = |sound: &Sound| matches!(sound, Sound::Prompt(prompt) if prompt.as_str() == what);
    sounds.iter().any(is)
}

fn is_number(digit: Digit) -> bool {
    digit.as_char().is_ascii_digit()
}

/// Modulus 11: the digits, weighted 10 to 1, make a multiple of it.
fn fits(number: &str) -> bool {
    let digits = number.chars().filter_map(|digit| digit.to_digit(10));
    let sum: u32 = (1..=10).rev().zip(digits).map(|(by, it)| by * it).sum();
    number.len() == DIGITS && sum.is_multiple_of(11)
}

/// What a record tells to whoever reads it: its own text, keys that it has, and announcements that
/// spell something.
fn written(record: &Record) -> Vec<String> {
    let text = match &record.fact {
        // A telephone number, whatever was asked for as it was keyed.
        Fact::KeepTryingAsked { .. } | Fact::CallBackRequested { .. } => String::new(),
        _ => serde_json::to_string(record).expect("a record is written as JSON"),
    };
    let mut written = vec![text];
    if let Fact::PromptsHeard { heard, .. } = &record.fact {
        let mut spelt = String::new();
        let mut public = false;
        for name in heard.iter().map(|heard| heard.prompt.as_str()) {
            match name.strip_prefix(NUMBER) {
                Some(digit) if !public => spelt.push_str(digit),
                Some(_) => {}
                None => {
                    public = READ_BACK_TO_ALL.contains(&name);
                    spelt.push(' ');
                }
            }
        }
        written.push(spelt);
    }
    if let Fact::AttemptEnded { evidence, .. } = &record.fact {
        written.push(evidence.iter().map(|key| key.key.as_char()).collect());
    }
    written
}

/// Whether a text tells some of what was keyed: in a journal's line a whole number, else a part.
fn tells(text: &str, keyed: &str) -> bool {
    let telling = if text.starts_with('{') {
        DIGITS
    } else {
        NO_ACCIDENT
    };
    let last = keyed.len().saturating_sub(telling - 1);
    (0..last).any(|at| text.contains(&keyed[at..at + telling]))
}
