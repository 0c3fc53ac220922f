//! Codes and PINs (SERVICE.md 3, 5): nobody may read or hear them again, each opens one call, and
//! guessing is hopeless.
//!
//! Seen from outside: what is asked for by its sounds, keys as media reports them, masks as media
//! is told of them, the questions that leave the switch, and everything that is written down.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use rotaline_media::{Command, Event, MediaLeg};
use rotaline_model::{CaseId, ErrandId, Mono, PersonId, Sound};
use rotaline_record::{Answer, CallerId, Fact, Question, Record};
use serde_json::Value;

use crate::tapes::Tapes;

/// The questions: for a code, for a PIN or a practice's code, for one's own PIN.
const KEY_IT: [&str; 3] = ["code/key-your-code", "code/key-it", "pin/key-your-pin"];
/// Why a surgery is rung that somebody had missed.
const RETURNS: &str = "returns the missed call";
/// What the announcements of digits begin with.
const NUMBER: &str = "number/";
/// Fewer digits are no code.
const SHORTEST: usize = 4;
/// Codes and PINs that one call may have evaluated.
const TRIES_A_CALL: usize = 3;
/// Evaluations of one caller number in any hour.
const AN_HOUR: usize = 30;
const HOUR: Duration = Duration::from_secs(3_600);

/// Watches codes and PINs.
#[derive(Default)]
pub struct Codes {
    asked: BTreeSet<MediaLeg>,
    /// Legs with a digit's key down.
    held: BTreeSet<MediaLeg>,
    /// What is being keyed, and in which case; parted where `#` or `*` was keyed.
    keying: BTreeMap<MediaLeg, (CaseId, Vec<String>)>,
    /// What was keyed while it was asked for.
    keyed: BTreeMap<CaseId, Vec<String>>,
    /// By the number, or what stands in its place.
    evaluations: BTreeMap<String, VecDeque<Mono>>,
    /// How many of them there were in all.
    pub evaluated: u64,
    /// The case that each code was good for, and how often it connected.
    claimed: BTreeMap<ErrandId, (CaseId, u32)>,
    tries: BTreeMap<CaseId, usize>,
    /// Whose own PIN was right.
    proved: BTreeSet<PersonId>,
}

impl Codes {
    /// A command is about to be done; what is wrong with it, if anything.
    pub fn command(&mut self, command: &Command, tapes: &Tapes) -> Option<String> {
        match command {
            Command::Play { leg, sounds, .. } => {
                let said = self.says_a_code(*leg, sounds, tapes);
                self.over(*leg);
                if sounds.iter().any(asks) {
                    self.asked.insert(*leg);
                }
                said.then(|| format!("{leg:?} is told a code"))
            }
            Command::Enter { leg, .. } | Command::Close { leg } => {
                self.over(*leg);
                None
            }
            Command::Open { .. }
            | Command::Update { .. }
            | Command::Stop { .. }
            | Command::WatchForAnswerphone { .. }
            | Command::Leave { .. }
            | Command::StartTape { .. }
            | Command::TurnTape { .. }
            | Command::MaskTape { .. }
            | Command::StopTape { .. } => None,
        }
    }

    /// The question is over.
    fn over(&mut self, leg: MediaLeg) {
        self.asked.remove(&leg);
        self.held.remove(&leg);
        if let Some((case, keyed)) = self.keying.remove(&leg) {
            self.keyed.entry(case).or_default().extend(keyed);
        }
    }

    fn says_a_code(&self, leg: MediaLeg, sounds: &[Sound], tapes: &Tapes) -> bool {
        let known = tapes.of(leg).and_then(|tape| self.keyed.get(&tape.case));
        let Some(known) = known else { return false };
        let spelt: String = sounds.iter().map(spelt).collect();
        let secret = |code: &&String| code.len() >= SHORTEST;
        let mut known = known.iter().filter(secret);
        known.any(|code| spelt.contains(code.as_str()))
    }

    /// The switch is about to be told.
    pub fn event(&mut self, event: &Event, tapes: &Tapes) {
        match event {
            Event::KeyDown { leg, digit } if digit.number().is_some() => {
                if self.asked.contains(leg) {
                    self.held.insert(*leg);
                }
            }
            Event::Digit { leg, digit } => {
                self.held.remove(leg);
                let Some(tape) = tapes.of(*leg).filter(|_| self.asked.contains(leg)) else {
                    return;
                };
                let none = (tape.case, vec![String::new()]);
                let (_, keying) = self.keying.entry(*leg).or_insert(none);
                match keying.last_mut() {
                    Some(last) if digit.number().is_some() => last.push(digit.as_char()),
                    Some(_) | None => keying.push(String::new()),
                }
            }
            Event::KeyDown { .. }
            | Event::Played { .. }
            | Event::AnswerphoneSign { .. }
            | Event::Dead { .. }
            | Event::Closed { .. } => {}
        }
    }

    /// The switch has done all that an input led to; what is wrong, if anything.
    pub fn settled(&mut self, tapes: &Tapes) -> Option<String> {
        let mut held = self.held.iter().filter_map(|leg| tapes.of(*leg));
        held.find(|tape| !tapes.is_masked(*tape))
            .map(|tape| format!("{tape:?} has a code or PIN on it"))
    }

    /// A question leaves the switch; what is wrong with it, if anything.
    pub fn question(&mut self, now: Mono, question: &Question) -> Option<String> {
        let (code, caller) = match question {
            Question::Claim { code, caller, .. } => (code, in_words(caller)),
            Question::CheckPin { person, pin } => (pin, person.as_str().to_owned()),
            Question::GiveOutcome { by, .. } => {
                let unproved = !self.proved.contains(by);
                return unproved.then(|| "an outcome was left without a PIN".to_owned());
            }
            Question::OutcomeGiven { .. }
            | Question::Missed { .. }
            | Question::AwaitedOutcome { .. } => return None,
        };
        self.evaluated += 1;
        let text = std::str::from_utf8(code.expose()).unwrap_or_default();
        // It is complete: what is keyed from now on is none of it.
        let is_it = |(_, keyed): &(CaseId, Vec<String>)| keyed.iter().any(|it| it == text);
        let keyed = self.keying.iter().find(|(_, keying)| is_it(keying));
        if let Some(leg) = keyed.map(|(leg, _)| *leg) {
            self.over(leg);
        }
        if text.len() >= SHORTEST && format!("{question:?}").contains(text) {
            return Some("a log line about a question would have a code in it".to_owned());
        }
        let last = self.evaluations.entry(caller).or_default();
        last.retain(|at| *at + HOUR > now);
        last.push_back(now);
        (last.len() > AN_HOUR).then(|| "somebody had too many codes evaluated".to_owned())
    }

    /// A question is answered, or will be.
    pub fn answered(&mut self, question: &Question, answer: &Answer) {
        if let (Question::CheckPin { person, .. }, Answer::Confirmed) = (question, answer) {
            self.proved.insert(person.clone());
        }
    }

    /// A record left the switch; what is wrong with it, if anything. `given` is who was given what.
    pub fn record(
        &mut self,
        record: &Record,
        given: &BTreeMap<ErrandId, CallerId>,
    ) -> Option<&'static str> {
        let broken = self.opens(record, given);
        let told = self.tells(record).then_some("a record has a code in it");
        if matches!(record.fact, Fact::CaseClosed { .. }) {
            self.keyed.remove(&record.case);
            self.tries.remove(&record.case);
        }
        broken.or(told)
    }

    /// The process was killed: nobody keys anything any more, and nothing is counted.
    pub fn restarted(&mut self) {
        self.asked.clear();
        self.held.clear();
        self.keying.clear();
        self.evaluations.clear();
    }

    fn opens(
        &mut self,
        record: &Record,
        given: &BTreeMap<ErrandId, CallerId>,
    ) -> Option<&'static str> {
        match &record.fact {
            Fact::ErrandClaimed { errand, .. } => {
                if !given.contains_key(errand) {
                    return Some("a code opened what nobody was given");
                }
                if self.claimed.insert(*errand, (record.case, 0)).is_some() {
                    return Some("a code opened something twice");
                }
                self.tried(record.case)
            }
            Fact::CodeRefused { .. } => self.tried(record.case),
            Fact::AttemptStarted { reason, .. } if reason.starts_with(RETURNS) => {
                let unproved = self.proved.is_empty();
                unproved.then_some("a missed call was returned without a PIN")
            }
            Fact::Joined { .. } => {
                let mut claimed = self.claimed.values_mut();
                let (_, joined) = claimed.find(|(case, _)| *case == record.case)?;
                *joined += 1;
                (*joined > 1).then_some("a code connected twice")
            }
            _ => None,
        }
    }

    fn tried(&mut self, case: CaseId) -> Option<&'static str> {
        let tries = self.tries.entry(case).or_default();
        *tries += 1;
        (*tries > TRIES_A_CALL).then_some("more than three codes were evaluated in one call")
    }

    fn tells(&self, record: &Record) -> bool {
        let mut known: Vec<&String> = self.keyed.get(&record.case).into_iter().flatten().collect();
        let keying = self
            .keying
            .values()
            .filter(|(case, _)| *case == record.case);
        known.extend(keying.flat_map(|(_, keyed)| keyed));
        known.retain(|code| code.len() >= SHORTEST);
        if known.is_empty() {
            return false;
        }
        let text = serde_json::to_value(record).expect("a record is written as JSON");
        let mut written = leaves("", &text);
        if let Fact::PromptsHeard { heard, .. } = &record.fact {
            let prompts = heard.iter().map(|it| Sound::Prompt(it.prompt.clone()));
            written.push(prompts.map(|it| spelt(&it)).collect());
        }
        if let Fact::AttemptEnded { evidence, .. } = &record.fact {
            written.push(evidence.iter().map(|key| key.key.as_char()).collect());
        }
        let has = |text: &String| known.iter().any(|code| text.contains(code.as_str()));
        written.iter().any(has)
    }
}

fn asks(sound: &Sound) -> bool {
    matches!(sound, Sound::Prompt(prompt) if KEY_IT.contains(&prompt.as_str()))
}

/// The digit that an announcement says; anything else parts what is spelt.
fn spelt(sound: &Sound) -> String {
    let digit = match sound {
        Sound::Prompt(prompt) => prompt.as_str().strip_prefix(NUMBER),
        Sound::Silence { .. } | Sound::Beep | Sound::RingTone => None,
    };
    digit.unwrap_or(" ").to_owned()
}

fn in_words(caller: &CallerId) -> String {
    match caller {
        CallerId::Number(number) => number.expose().as_str().to_owned(),
        CallerId::Other(text) => text.expose().clone(),
        CallerId::Withheld => String::new(),
    }
}

/// Everything in a record that could spell a code: without ids, times and figures of quality, which
/// have digits by chance.
fn leaves(name: &str, value: &Value) -> Vec<String> {
    let by_chance = [
        "case",
        "call",
        "at",
        "until",
        "from",
        "sip_call_id",
        "errand",
        "job",
        "id",
        "quality",
    ];
    if by_chance.contains(&name) || name.ends_with("ms") || name == "sequence" {
        return Vec::new();
    }
    match value {
        Value::Null | Value::Bool(_) => Vec::new(),
        Value::Number(number) => vec![format!(" {number} ")],
        Value::String(text) => {
            let words = text.split(' ').filter(|word| !is_uuid(word));
            vec![words.collect::<Vec<_>>().join(" ")]
        }
        Value::Array(values) => values.iter().flat_map(|it| leaves(name, it)).collect(),
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(name, it)| leaves(name, it))
            .collect(),
    }
}

fn is_uuid(word: &str) -> bool {
    word.len() == 36 && word.bytes().filter(|byte| *byte == b'-').count() == 4
}
