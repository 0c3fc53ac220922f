//! The command line: what to send, what to do, what to expect.

use std::fs;
use std::net::SocketAddr;

use crate::audio::Law;
use crate::hear::{self, Sound};
use crate::script::{self, Expectation, Step, Wait};
use crate::send::Source;

const USAGE: &str = "usage: rtppeer --bind ADDR:PORT [--to ADDR:PORT] [--tone HZ | --wav FILE]
  [--codec pcma|pcmu] [--dtmf-pt 101] [--secs 30] [--script 'STEP; STEP' | --script @FILE]
  [--hear HZ,HZ] [--expect 'EXPECTATION']... [--report FILE] [--record FILE.wav]
exit: 0 script done and expectations hold, 1 not, 2 wrong use. See README.md.";

const MAX_SECS: u64 = 3_600;

/// A run as the command line asks for it.
pub struct Options {
    pub bind: SocketAddr,
    pub to: Option<SocketAddr>,
    pub source: Source,
    pub law: Law,
    pub dtmf_payload_type: u8,
    pub secs: u64,
    pub steps: Vec<(String, Step)>,
    pub hear: Vec<u32>,
    pub expectations: Vec<(String, Expectation)>,
    pub report: Option<String>,
    pub record: Option<String>,
}

impl Options {
    /// From the words after the program's name.
    pub fn parse(mut words: impl Iterator<Item = String>) -> Result<Options, String> {
        let mut bind = None;
        let mut options = Options {
            bind: SocketAddr::from(([127, 0, 0, 1], 0)),
            to: None,
            source: Source::Silence,
            law: Law::A,
            dtmf_payload_type: 101,
            secs: 30,
            steps: Vec::new(),
            hear: Vec::new(),
            expectations: Vec::new(),
            report: None,
            record: None,
        };
        while let Some(name) = words.next() {
            let value = words
                .next()
                .ok_or(format!("{name} needs a value\n{USAGE}"))?;
            if name == "--bind" {
                bind = Some(address(&value)?);
            } else {
                options.set(&name, value)?;
            }
        }
        options.bind = bind.ok_or(USAGE)?;
        options.hear_what_is_asked_for();
        Ok(options)
    }

    fn set(&mut self, name: &str, value: String) -> Result<(), String> {
        match name {
            "--to" => self.to = Some(address(&value)?),
            "--tone" => self.source = Source::Tone(script::hertz(&value)?),
            "--wav" => self.source = Source::wav(&value, true)?,
            "--codec" => self.law = law(&value)?,
            "--dtmf-pt" => self.dtmf_payload_type = number(&value, 96, 127)? as u8,
            "--secs" => self.secs = number(&value, 1, MAX_SECS)?,
            "--script" => self.steps = script::parse_script(&text_or_file(&value)?)?,
            "--hear" => {
                let tones = value.split(',').map(script::hertz);
                self.hear.extend(tones.collect::<Result<Vec<_>, _>>()?);
            }
            "--expect" => {
                let expectation = script::parse_expectation(&value)?;
                self.expectations.push((value, expectation));
            }
            "--report" => self.report = Some(value),
            "--record" => self.record = Some(value),
            _ => return Err(format!("unknown option {name}\n{USAGE}")),
        }
        Ok(())
    }

    /// A tone named in a wait or an expectation is listened for, or `never tone 1130` would hold
    /// for want of an ear; so is the own tone, which would be an echo.
    fn hear_what_is_asked_for(&mut self) {
        let waits = self.steps.iter().filter_map(|(_, step)| match step {
            Step::Wait(Wait::Sound(sound, _)) => Some(sound),
            _ => None,
        });
        let expected = self.expectations.iter().filter_map(|(_, e)| match e {
            Expectation::Heard(sound, ..) | Expectation::Never(sound) => Some(sound),
            _ => None,
        });
        let mut tones = Vec::new();
        for sound in waits.chain(expected) {
            match sound {
                Sound::Tones(list) if list[..] != hear::RING => tones.extend(list),
                _ => {}
            }
        }
        if let Source::Tone(own) = self.source {
            tones.push(own);
        }
        self.hear.extend(tones);
        self.hear.sort_unstable();
        self.hear.dedup();
    }
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| format!("{text:?} is not ADDR:PORT"))
}

fn number(text: &str, least: u64, most: u64) -> Result<u64, String> {
    let value = text.parse().ok().filter(|n| (least..=most).contains(n));
    value.ok_or(format!("{text:?} is not {least} to {most}"))
}

fn law(text: &str) -> Result<Law, String> {
    match text {
        "pcma" => Ok(Law::A),
        "pcmu" => Ok(Law::Mu),
        _ => Err(format!("codec {text:?}: want pcma or pcmu")),
    }
}

fn text_or_file(value: &str) -> Result<String, String> {
    match value.strip_prefix('@') {
        Some(path) => fs::read_to_string(path).map_err(|e| format!("{path}: {e}")),
        None => Ok(value.into()),
    }
}
