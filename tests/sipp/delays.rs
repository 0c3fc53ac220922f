//! What happened when: SIPp's logs and the peers' reports on one clock; order and delays.
//!
//! Delays are the service's bounds (SERVICE 1.1 to 1.9) as seen from outside on a machine that
//! does other things too; each is held to ten times its bound.

mod second_by_second;

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::case::list_of;
use crate::scenario::{Party, Scenario};

/// Ceilings, in milliseconds.
const ANSWER_TO_RTP: f64 = 500.0;
/// SERVICE 1.1, 1.7: 300 to 600 ms; earlier is over before a handset is at the ear.
const ANSWER_TO_SPEECH: std::ops::RangeInclusive<f64> = 280.0..=1_500.0;
const KEY_TO_INVITE: f64 = 1_000.0;
const END_TO_NEXT: f64 = 5_000.0;
const KEY_TO_BRIDGE: f64 = 400.0;
const HANG_UP_TO_PHONE: f64 = 5_000.0;

/// What the phones that refuse a call log.
const REFUSALS: [&str; 2] = ["BUSY", "DECLINED"];

/// Two processes' clocks are one, but a log line is written after its event.
const SLACK: f64 = 20.0;

/// Phones that are nobody's own: of a direct line, the help line's, whatever the gateway rings.
pub const LINES: [&str; 2] = ["line", "help"];
/// The medical secretary's.
const SECRETARY: &str = "sue";

/// Whether a phone lets the caller in without a key.
fn is_trusted(name: &str) -> bool {
    LINES.contains(&name) || name == SECRETARY
}

/// What was traced of each party. Instants are milliseconds since 1970.
pub struct Traces(BTreeMap<String, Trace>);

/// Name, signalling, keys, sounds.
pub type Planted = (
    &'static str,
    Vec<(&'static str, f64)>,
    Vec<(&'static str, f64)>,
    Vec<(&'static str, f64)>,
);

/// What a key of a planted trace lasts.
const KEY_MS: f64 = 100.0;

struct Trace {
    /// SIPp's log, in order.
    signalling: Vec<(String, f64)>,
    keys: Vec<Key>,
    heard: Vec<Segment>,
    max_gap_ms: f64,
}

struct Key {
    digit: String,
    start: f64,
    end: f64,
}

struct Segment {
    what: String,
    from: f64,
    to: f64,
}

impl Traces {
    /// Reads logs and reports.
    pub fn read(scenario: &Scenario, folder: &Path) -> Result<Traces> {
        let parties = scenario.parties().map(|(name, party)| {
            let trace = Trace::read(name, party, folder);
            Ok((
                name.to_owned(),
                trace.with_context(|| format!("the traces of {name}"))?,
            ))
        });
        Ok(Traces(parties.collect::<Result<_>>()?))
    }

    /// Traces that nobody left: per party signalling, ends of keys, beginnings of sounds.
    pub fn planted<const N: usize>(parties: [Planted; N]) -> Traces {
        let parties = parties.map(|(name, signalling, keys, heard)| {
            let key = |(digit, end): (&str, f64)| Key {
                digit: digit.to_owned(),
                start: end - KEY_MS,
                end,
            };
            let segment = |(what, from): (&str, f64)| Segment {
                what: what.to_owned(),
                from,
                to: from,
            };
            let signal = |(word, at): (&str, f64)| (word.to_owned(), at);
            let trace = Trace {
                signalling: signalling.into_iter().map(signal).collect(),
                keys: keys.into_iter().map(key).collect(),
                heard: heard.into_iter().map(segment).collect(),
                max_gap_ms: 0.0,
            };
            (name.to_owned(), trace)
        });
        Traces(parties.into())
    }

    fn of(&self, name: &str) -> Option<&Trace> {
        self.0.get(name)
    }

    /// Phones in the order in which they were rung.
    fn rung(&self) -> Vec<(&str, &Trace, f64)> {
        let phones = self.0.iter().filter(|(name, _)| *name != "caller");
        let mut rung: Vec<_> = phones
            .filter_map(|(name, trace)| Some((name.as_str(), trace, trace.at("INVITE")?)))
            .collect();
        rung.sort_by(|a, b| a.2.total_cmp(&b.2));
        rung
    }
}

impl Trace {
    fn read(name: &str, party: &Party, folder: &Path) -> Result<Trace> {
        let log = fs::read_to_string(folder.join(format!("{name}.log")))?;
        let mut trace = Trace {
            signalling: log.lines().filter_map(signal).collect(),
            keys: Vec::new(),
            heard: Vec::new(),
            max_gap_ms: 0.0,
        };
        if party.script.is_some() {
            let report: Value =
                serde_json::from_slice(&fs::read(folder.join(format!("{name}.json")))?)?;
            let zero = report["start_unix_us"].as_f64().context("a start")? / 1e3;
            let at = |value: &Value| value.as_f64().map(|ms| zero + ms);
            let key = |key: &Value| {
                let digit = key["digit"].as_str()?.to_owned();
                Some(Key {
                    digit,
                    start: at(&key["start_ms"])?,
                    end: at(&key["end_ms"])?,
                })
            };
            let segment = |segment: &Value| {
                let what = segment["what"].as_str()?.to_owned();
                Some(Segment {
                    what,
                    from: at(&segment["from_ms"])?,
                    to: at(&segment["to_ms"])?,
                })
            };
            trace.keys = list_of(&report["sent"], "keys")
                .iter()
                .filter_map(key)
                .collect();
            trace.heard = list_of(&report, "heard")
                .iter()
                .filter_map(segment)
                .collect();
            trace.max_gap_ms = report["received"]["max_gap_ms"].as_f64().unwrap_or(0.0);
        }
        Ok(trace)
    }

    /// When a word was logged first.
    fn at(&self, word: &str) -> Option<f64> {
        self.signalling
            .iter()
            .find(|(this, _)| this == word)
            .map(|(_, at)| *at)
    }

    /// When a tone was heard first, alone or in a mixture.
    fn first_tone(&self, hz: u32) -> Option<f64> {
        let hz = hz.to_string();
        let has = |what: &str| {
            what.strip_prefix("tone ")
                .is_some_and(|list| list.split('+').any(|one| one == hz))
        };
        self.heard
            .iter()
            .find(|segment| has(&segment.what))
            .map(|segment| segment.from)
    }

    /// The last key of a kind that was pressed.
    fn last_key(&self, is_one: impl Fn(&Key) -> bool) -> Option<&Key> {
        self.keys.iter().rev().find(|key| is_one(key))
    }

    /// When the phone was done with, as far as it knows itself.
    fn end(&self) -> Option<f64> {
        let words = ["BUSY", "DECLINED", "CANCEL", "GONE", "BYE"];
        let ends = words.iter().filter_map(|word| self.at(word));
        ends.min_by(f64::total_cmp)
    }
}

/// `INVITE 2026-11-24 06:43:26.691222 1795502606.691222 call-id`
fn signal(line: &str) -> Option<(String, f64)> {
    let mut words = line.split_whitespace();
    let word = words.next()?.to_owned();
    let seconds: f64 = words.nth(2)?.parse().ok()?;
    Some((word, seconds * 1e3))
}

/// What was measured, in milliseconds, and what of it was wrong.
#[derive(Debug, Default)]
pub struct Delays {
    measured: Vec<(&'static str, f64)>,
    max_gap_ms: f64,
    /// Wrong order, and delays over their ceilings.
    pub problems: Vec<String>,
    /// The call second by second, where a scenario wants it.
    pub table: Option<String>,
}

impl Delays {
    /// Measures everything that the traces show.
    pub fn measure(scenario: &Scenario, traces: &Traces) -> Delays {
        let gaps = traces.0.values().map(|trace| trace.max_gap_ms);
        let mut delays = Delays {
            max_gap_ms: gaps.fold(0.0, f64::max),
            ..Delays::default()
        };
        if let Some(caller) = traces.of("caller") {
            delays.first_rtp(caller, "ANSWER");
            delays.first_speech(caller, "ANSWER");
            delays.key_to_invite(caller, traces);
            delays.hang_up(scenario, caller, traces);
        }
        for (name, trace, _) in traces.rung() {
            delays.first_rtp(trace, "ACK");
            if !is_trusted(name) {
                delays.first_speech(trace, "ACK");
            }
            delays.bridge(scenario, traces, name, trace);
        }
        delays.hunt(scenario, traces);
        if scenario.is.second_by_second {
            delays.tabulate(scenario, traces);
        }
        delays
    }

    fn tabulate(&mut self, scenario: &Scenario, traces: &Traces) {
        match second_by_second::table(scenario, traces, self) {
            Some((table, late)) => {
                self.table = Some(table);
                self.problems.extend(late);
            }
            None => self
                .problems
                .push("a moment of the call is missing".to_owned()),
        }
    }

    /// What was measured, by name.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.measured.iter().map(|(what, _)| *what)
    }

    /// Everything that was measured under a name.
    pub fn of(&self, name: &str) -> impl Iterator<Item = f64> {
        self.measured
            .iter()
            .filter(move |(what, _)| *what == name)
            .map(|(_, ms)| *ms)
    }

    fn note(&mut self, what: &'static str, ms: f64, ceiling_ms: f64) {
        self.measured.push((what, ms));
        if ms > ceiling_ms {
            self.problems
                .push(format!("{what}: {ms:.0} ms, ceiling {ceiling_ms} ms"));
        }
        if ms < -SLACK {
            self.problems.push(format!(
                "{what}: {ms:.0} ms: the effect came before its cause"
            ));
        }
    }

    fn first_rtp(&mut self, trace: &Trace, answered: &str) {
        if let (Some(answer), Some(first)) = (trace.at(answered), trace.heard.first()) {
            // A packet may overtake the 200 on its way.
            self.note("200 to RTP", (first.from - answer).max(0.0), ANSWER_TO_RTP);
        }
    }

    /// What is said first after an answer; a caller of a direct line hears ring tone or a voice.
    fn first_speech(&mut self, trace: &Trace, answered: &str) {
        let Some(answer) = trace.at(answered) else {
            return;
        };
        let sound = trace.heard.iter().find(|segment| segment.what != "silence");
        let Some(speech) = sound.filter(|sound| sound.what == "speech") else {
            return;
        };
        let ms = speech.from - answer;
        self.note("200 to speech", ms, *ANSWER_TO_SPEECH.end());
        if ms < *ANSWER_TO_SPEECH.start() {
            self.problems
                .push(format!("speech begins {ms:.0} ms after the 200"));
        }
    }

    // Below, a key is known to have begun before its effect; that a key in the audio has its effect
    // before it ends is as it should be.

    /// The last key that the caller pressed before the first phone was rung is the one that chose.
    fn key_to_invite(&mut self, caller: &Trace, traces: &Traces) {
        let rung = traces.rung();
        let Some((_, _, invite)) = rung.first() else {
            return;
        };
        if let Some(key) = caller.last_key(|key| key.start < *invite) {
            self.note("key to INVITE", (invite - key.end).max(0.0), KEY_TO_INVITE);
        }
    }

    /// One phone after the other, never two at a time where the scenario does not say so.
    fn hunt(&mut self, scenario: &Scenario, traces: &Traces) {
        if scenario.is.overlap {
            return;
        }
        for pair in traces.rung().windows(2) {
            let [(before, trace, _), (next, _, invite)] = pair else {
                continue;
            };
            let passed_on = |key: &Key| key.digit == "2" && key.start < *invite;
            let (what, end) = match trace.last_key(passed_on) {
                Some(key) => ("2 to next INVITE", Some(key.end)),
                None if REFUSALS.iter().any(|word| trace.at(word).is_some()) => {
                    ("refusal to next INVITE", trace.end())
                }
                None => ("end to next INVITE", trace.end()),
            };
            match end {
                Some(end) => self.note(what, invite - end, END_TO_NEXT),
                None => self
                    .problems
                    .push(format!("{next} was rung while {before} was")),
            }
        }
    }

    /// Nobody is heard before the key; both are soon after it. Measured from the phone's first
    /// end-of-event packet, as it is sent, to the first packet with the other's voice in it, by the
    /// kernel's time of its arrival: on loopback, the instants at the engine's sockets. The phone's
    /// own voice is back after 60 ms at the earliest (its three end packets take audio's place);
    /// the caller's packets come every 20 ms, so up to 20 ms are chance.
    fn bridge(&mut self, scenario: &Scenario, traces: &Traces, name: &str, phone: &Trace) {
        let Some(party) = scenario.is.phone.get(name) else {
            return;
        };
        let hears = phone.first_tone(scenario.is.caller.tone_hz);
        let is_heard = traces
            .of("caller")
            .and_then(|caller| caller.first_tone(party.tone_hz));
        let Some(first) = hears.into_iter().chain(is_heard).min_by(f64::total_cmp) else {
            return;
        };
        if is_trusted(name) {
            return;
        }
        match phone.last_key(|key| key.digit == "1" && key.start <= first) {
            Some(key) => self.note("key to bridge", (first - key.end).max(0.0), KEY_TO_BRIDGE),
            None => self
                .problems
                .push(format!("{name} was let in without a key")),
        }
    }

    /// The caller leaves; the phone that rings or talks at that moment is let go.
    fn hang_up(&mut self, scenario: &Scenario, caller: &Trace, traces: &Traces) {
        let hz = scenario.is.caller.tone_hz;
        let Some(left) = caller.at("BYE") else { return };
        for (name, trace, invite) in traces.rung() {
            if !is_trusted(name) && trace.first_tone(hz).is_some() {
                continue; // who has talked is asked for the outcome
            }
            let ends = [("CANCEL", "hang-up to CANCEL"), ("GONE", "hang-up to BYE")];
            let told = ends
                .iter()
                .find_map(|(word, what)| Some((what, trace.at(word)?)));
            if let Some((what, told)) = told
                && invite < left
                && told > left - SLACK
            {
                self.note(what, told - left, HANG_UP_TO_PHONE);
            }
        }
    }
}

impl fmt::Display for Delays {
    /// `200 to RTP 4/6 ms, key to INVITE 9 ms, largest gap 41 ms`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names: Vec<&str> = self.names().collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            let values: Vec<String> = self
                .of(name)
                .map(|ms| format!("{:.0}", ms.max(0.0)))
                .collect();
            write!(f, "{name} {} ms, ", values.join("/"))?;
        }
        write!(f, "largest gap {:.0} ms", self.max_gap_ms)
    }
}
