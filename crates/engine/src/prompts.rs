//! A folder of prompts, from its manifest and WAV files to what media plays.
//!
//! `manifest.toml` names every prompt; its audio is `8k/<id>.wav`, 8 kHz, 16-bit, mono. Everything
//! that is wrong with a folder is found at once. What a speech program writes becomes a prompt in
//! [`rendered`]; running one is not done here.

pub mod rendered;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use hound::{SampleFormat, WavReader, WavSpec};
use rotaline_media::{MAX_PROMPT_SAMPLES, Prompt, PromptBank};
use rotaline_model::PromptId;
use serde::Deserialize;

/// Most prompts of one folder; a manifest with more is refused.
pub const MAX_PROMPTS: usize = 4096;

/// The only format of a prompt's file.
const FORMAT: WavSpec = WavSpec {
    channels: 1,
    sample_rate: 8000,
    bits_per_sample: 16,
    sample_format: SampleFormat::Int,
};

/// How far the manifest's length may be from the file's, in milliseconds: it was rounded.
const LENGTH_TOLERANCE_MS: u32 = 1;

/// What is wrong with a folder of prompts.
#[derive(Debug, thiserror::Error)]
pub enum PromptFault {
    /// There is no manifest, or it cannot be read.
    #[error("{} cannot be read: {error}", path.display())]
    Manifest {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// The manifest is no TOML, or has other keys than a manifest.
    #[error("{}: {error}", path.display())]
    Syntax {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it, and where.
        error: toml::de::Error,
    },
    /// More than [`MAX_PROMPTS`].
    #[error("{count} prompts are more than {MAX_PROMPTS}")]
    TooMany {
        /// How many there are.
        count: usize,
    },
    /// A key of `[prompts]` is no prompt id.
    #[error(transparent)]
    Id(#[from] rotaline_model::BadPromptId),
    /// A prompt's entry lacks a key, or has one that does not belong there.
    #[error("prompt {id}: {message}")]
    Entry {
        /// Whose.
        id: PromptId,
        /// What is wrong with it.
        message: Box<str>,
    },
    /// A prompt's file is missing or no WAV file.
    #[error("prompt {id}: {} cannot be read: {error}", path.display())]
    File {
        /// Whose.
        id: PromptId,
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        error: hound::Error,
    },
    /// A prompt's file is in another format.
    #[error(
        "prompt {id}: {} has {} Hz, {} channels, {} bits; it must have 8000 Hz, 1 channel, 16 bits",
        path.display(), found.sample_rate, found.channels, found.bits_per_sample
    )]
    Format {
        /// Whose.
        id: PromptId,
        /// Which file.
        path: PathBuf,
        /// Its format.
        found: WavSpec,
    },
    /// A prompt's file is empty, or longer than media plays.
    #[error("prompt {id}: {samples} samples; there must be 1 to {MAX_PROMPT_SAMPLES}")]
    Length {
        /// Whose.
        id: PromptId,
        /// How many it has.
        samples: usize,
    },
    /// The manifest gives another length: the file is of another version.
    #[error("prompt {id}: ms = {said_ms}, but its file lasts {found_ms} ms: write what is right")]
    OtherLength {
        /// Whose.
        id: PromptId,
        /// What the manifest says.
        said_ms: u32,
        /// What the file says.
        found_ms: u32,
    },
    /// A prompt that is needed is not in the manifest.
    #[error("prompt {id} is needed and not in the manifest")]
    Lacking {
        /// Which.
        id: PromptId,
    },
}

/// Loads a folder of prompts; all its faults, if there is one.
pub fn load(folder: &Path) -> Result<PromptBank, Vec<PromptFault>> {
    let manifest = Manifest::read(folder.join("manifest.toml")).map_err(|fault| vec![fault])?;
    let mut bank = PromptBank::new();
    let mut faults = Vec::new();
    for (key, entry) in manifest.prompts {
        match load_prompt(folder, &key, entry) {
            Ok((id, prompt)) => bank.insert(id, prompt),
            Err(fault) => faults.push(fault),
        }
    }
    if faults.is_empty() {
        Ok(bank)
    } else {
        Err(faults)
    }
}

/// The prompts that are needed and not there, each once, in the order that they are asked for.
pub fn lacking<'a>(
    bank: &PromptBank,
    needed: impl IntoIterator<Item = &'a PromptId>,
) -> Vec<PromptFault> {
    let mut seen = std::collections::BTreeSet::new();
    let absent = needed
        .into_iter()
        .filter(|id| bank.get(id).is_none() && seen.insert(*id));
    absent
        .map(|id| PromptFault::Lacking { id: id.clone() })
        .collect()
}

/// `manifest.toml`. What only people and the renderer read must be there all the same.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    #[serde(rename = "language")]
    _language: String,
    #[serde(rename = "voice")]
    _voice: String,
    #[serde(rename = "licence")]
    _licence: String,
    prompts: BTreeMap<String, toml::Value>,
}

/// One prompt's line in the manifest.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    version: u32,
    ms: u32,
    /// From when on it is not said any more, RFC 3339.
    #[serde(default)]
    expires: Option<jiff::Timestamp>,
    #[serde(rename = "text")]
    _text: String,
    #[serde(rename = "say", default)]
    _say: Option<String>,
    #[serde(rename = "speed", default)]
    _speed: Option<f64>,
}

impl Manifest {
    fn read(path: PathBuf) -> Result<Manifest, PromptFault> {
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) => return Err(PromptFault::Manifest { path, error }),
        };
        let manifest: Manifest = match toml::from_str(&text) {
            Ok(manifest) => manifest,
            Err(error) => return Err(PromptFault::Syntax { path, error }),
        };
        match manifest.prompts.len() {
            count if count > MAX_PROMPTS => Err(PromptFault::TooMany { count }),
            _ => Ok(manifest),
        }
    }
}

fn load_prompt(
    folder: &Path,
    key: &str,
    entry: toml::Value,
) -> Result<(PromptId, Prompt), PromptFault> {
    let id = PromptId::parse(key)?;
    let entry: Entry = match entry.try_into() {
        Ok(entry) => entry,
        Err(error) => {
            return Err(PromptFault::Entry {
                id,
                message: error.message().into(),
            });
        }
    };
    let path = folder.join("8k").join(format!("{id}.wav"));
    let samples = read_samples(&id, path)?;
    let prompt = Prompt::new(entry.version, &samples).expiring(entry.expires);
    let (said_ms, found_ms) = (entry.ms, prompt.length_ms());
    if said_ms.abs_diff(found_ms) > LENGTH_TOLERANCE_MS {
        return Err(PromptFault::OtherLength {
            id,
            said_ms,
            found_ms,
        });
    }
    Ok((id, prompt))
}

fn read_samples(id: &PromptId, path: PathBuf) -> Result<Vec<i16>, PromptFault> {
    let unreadable = |path, error| PromptFault::File {
        id: id.clone(),
        path,
        error,
    };
    let mut reader = match WavReader::open(&path) {
        Ok(reader) => reader,
        Err(error) => return Err(unreadable(path, error)),
    };
    let found = reader.spec();
    if found != FORMAT {
        return Err(PromptFault::Format {
            id: id.clone(),
            path,
            found,
        });
    }
    let samples = reader.len() as usize;
    if samples == 0 || samples > MAX_PROMPT_SAMPLES {
        return Err(PromptFault::Length {
            id: id.clone(),
            samples,
        });
    }
    reader
        .samples()
        .collect::<Result<_, _>>()
        .map_err(|error| unreadable(path, error))
}

#[cfg(test)]
mod tests;
