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
                if says(sounds, READ_BACK) {
                    self.reading.insert(*leg, *play);
                }
            }
            // An acceptance: the question is dropped.
            Command::Enter { leg, .. } | Command::Close { leg } => {
                self.asked.remove(leg);
                self.reading.remove(leg);
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

    /// The switch has done all that an input led to; what is wrong, if anything.
    pub fn settled(&mut self, tapes: &Tapes) -> Option<String> {
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
            let keyed = self.keyed.get(&record.case);
            if !keyed.is_some_and(|keyed| keyed.contains(&number)) {
                return Some("it has an NHS number that its caller has not keyed");
            }
            return (!fits(&number)).then_some("it has an NHS number whose check digit is wrong");
        }
        let keyed = self.keyed.get(&record.case)?;
        let told = written(record).iter().any(|text| tells(text, keyed));
        if matches!(record.fact, Fact::CaseClosed { .. }) {
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
