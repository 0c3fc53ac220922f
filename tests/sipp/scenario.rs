//! What a scenario's folder says: who calls, who is rung, what each does and must hear, and what
//! the record of the case must read.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

/// The folder of what several scenarios share.
const COMMON: &str = "common";

/// One behaviour, as its `scenario.toml` describes it.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The folder's name.
    pub name: String,
    /// What is in the file.
    pub is: Description,
    folder: PathBuf,
}

/// The file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// One sentence: what happens.
    #[serde(rename = "about")]
    pub _about: String,
    /// What the caller dials.
    pub dial: String,
    /// `media.dead_after_s` of the server's settings.
    #[serde(default = "sixty")]
    pub dead_after_s: u32,
    /// The scenario is over within so many seconds, or has failed.
    #[serde(default = "ninety")]
    pub limit_s: u64,
    /// Two phones ring at once.
    #[serde(default)]
    pub overlap: bool,
    /// The normal call: it is printed second by second.
    #[serde(default)]
    pub second_by_second: bool,
    /// Who calls.
    pub caller: Party,
    /// The phones that are rung, by their names in the plan. Any other phone of the plan must not
    /// be sent a single datagram.
    #[serde(default)]
    pub phone: BTreeMap<String, Party>,
    /// Cases besides, of calls that came round to us and were refused.
    #[serde(default)]
    pub came_round: usize,
    /// What the record must read.
    pub case: CaseFacts,
}

/// One end of the call: a SIPp process, and a peer if it talks.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Party {
    /// SIPp's scenario: in the folder, or else in `common/`.
    pub sipp: String,
    /// What SIPp's `<pause/>` lasts: on a phone, how long it rings.
    #[serde(default)]
    pub pause_ms: u64,
    /// The peer's script; without it there is no peer, and no RTP is expected.
    pub script: Option<String>,
    /// The peer's own tone.
    #[serde(default)]
    pub tone_hz: u32,
    /// What must hold besides what holds for every peer.
    #[serde(default)]
    pub expect: Vec<String>,
    /// What happens once the script has ended.
    #[serde(default)]
    pub then: Then,
    /// What it speaks: the one codec of its description.
    #[serde(default)]
    pub codec: Codec,
    /// Its telephone-event payload type.
    #[serde(default = "hundred_and_one")]
    pub event_pt: u8,
    /// Keys that it is sent as events, e.g. of the other side in the talk; `none`: none.
    #[serde(default = "none")]
    pub digits: String,
    /// The longest that it may be sent nothing for: longer where it holds.
    #[serde(default = "four_hundred")]
    pub gap_ms: u64,
    /// It sends before it is answered: to the server's n-th leg, counted from the caller's, 0.
    pub sends_to_leg: Option<u16>,
    /// Digits that it keys and that nobody may find again: silent in the recording, in no log.
    pub secret: Option<String>,
    /// Words of its SIPp scenario, each for a `[name]` there.
    #[serde(default)]
    pub keys: BTreeMap<String, String>,
}

/// G.711.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Codec {
    /// A-law.
    #[default]
    Pcma,
    /// Mu-law.
    Pcmu,
}

impl Codec {
    /// Its payload type and encoding name.
    pub fn sdp(self) -> (&'static str, &'static str) {
        match self {
            Codec::Pcma => ("8", "PCMA"),
            Codec::Pcmu => ("0", "PCMU"),
        }
    }
}

/// What a party does once its peer's script has ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Then {
    /// It stays until the far side hangs up.
    #[default]
    Stays,
    /// It is told to go; how it goes is in its SIPp scenario.
    Leaves,
    /// The server is killed (SIGKILL), and started again once every peer has ended.
    KillsServer,
}

/// What the record of the case must read.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseFacts {
    /// `end_cause`.
    pub end: String,
    /// `caller`; none: whatever it reads.
    pub caller: Option<String>,
    /// `specialty`; none: nothing was chosen.
    pub specialty: Option<String>,
    /// Attempts in order, each `name result`.
    #[serde(default)]
    pub attempts: Vec<String>,
    /// Signs of an answerphone, each `name sign`; all there are.
    #[serde(default)]
    pub signs: Vec<String>,
    /// Who ended the talk; none: there was none.
    pub talk_ended_by: Option<String>,
    /// The outcome that counts.
    pub outcome: Option<String>,
    /// Prompts that the caller must have heard, in this order (others may be between them).
    #[serde(default)]
    pub caller_heard: Vec<String>,
    /// Prompts that a called phone must have heard, in this order.
    #[serde(default)]
    pub phones_heard: Vec<String>,
    /// Prompts that no called phone must have heard.
    #[serde(default)]
    pub phones_not_heard: Vec<String>,
    /// Prompts that the caller must not have heard.
    #[serde(default)]
    pub caller_not_heard: Vec<String>,
    /// Messages of the ladder in this order (others may be between them): `out CANCEL`.
    #[serde(default)]
    pub ladder: Vec<String>,
    /// Requests to be rung back, each `number why state`.
    #[serde(default)]
    pub requests: Vec<String>,
    /// Whether there is a recording.
    #[serde(default = "yes")]
    pub recorded: bool,
    /// Whether its MP3 is fetched too, and judged by the same ears.
    #[serde(default)]
    pub mp3: bool,
    /// Least speech on the recording's right channel, in milliseconds.
    #[serde(default = "thousand")]
    pub prompts_ms: u64,
}

impl Scenario {
    /// Reads a folder.
    pub fn read(folder: &Path) -> Result<Scenario> {
        let path = folder.join("scenario.toml");
        let text = fs::read_to_string(&path)?;
        let is: Description = toml::from_str(&text).with_context(|| path.display().to_string())?;
        let name = folder
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let scenario = Scenario {
            name,
            is,
            folder: folder.to_path_buf(),
        };
        for (who, party) in scenario.parties() {
            let file = scenario.file(&party.sipp);
            ensure!(file.is_file(), "{who}: there is no {}", party.sipp);
        }
        Ok(scenario)
    }

    /// One that no folder describes.
    pub fn planted(is: Description) -> Scenario {
        Scenario {
            name: "planted".to_owned(),
            is,
            folder: PathBuf::new(),
        }
    }

    /// The same once more, with a name and so with traces of its own.
    pub fn numbered(&self, number: usize) -> Scenario {
        Scenario {
            name: format!("{}-{number}", self.name),
            ..self.clone()
        }
    }

    /// A file of the folder, or else of `common/`.
    pub fn file(&self, name: &str) -> PathBuf {
        let own = self.folder.join(name);
        if own.is_file() {
            own
        } else {
            self.folder.with_file_name(COMMON).join(name)
        }
    }

    /// The caller, then the phones.
    pub fn parties(&self) -> impl Iterator<Item = (&str, &Party)> {
        let phones = self
            .is
            .phone
            .iter()
            .map(|(name, party)| (name.as_str(), party));
        std::iter::once(("caller", &self.is.caller)).chain(phones)
    }
}

fn sixty() -> u32 {
    60
}

fn ninety() -> u64 {
    90
}

fn thousand() -> u64 {
    1_000
}

fn none() -> String {
    "none".to_owned()
}

fn hundred_and_one() -> u8 {
    101
}

fn four_hundred() -> u64 {
    400
}

fn yes() -> bool {
    true
}
