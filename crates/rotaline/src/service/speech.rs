//! Names that people type, spoken.
//!
//! ```text
//!  name ─▶ by a prompt of its id ─▶ else by what `[speech] command` wrote ─▶ else in general
//!                                   (once, kept in the data folder by what was said)
//! ```
//!
//! A choice of an outcome menu has no general wording: one that nobody can tell from another would
//! be keyed wrongly. The command is run without a shell, and a name is never an option of it, since
//! it is handed over as a word of its own.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rotaline_engine::prompts::rendered;
use rotaline_media::{Prompt, PromptBank};
use rotaline_model::PromptId;
use rotaline_routing::{Items, Name, Named};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::process::Command;

/// How long a name may be rendered.
const PATIENCE: Duration = Duration::from_secs(20);
/// Longer names are said in general; they would be no names.
const MAX_NAME_BYTES: usize = 200;
/// What stands in a command for the name, and for the file to be written.
const TEXT: &str = "{text}";
const FILE: &str = "{file}";

/// `[speech]`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SpeechSettings {
    /// A program and its arguments, with `{text}` and `{file}` among them; none: names without a
    /// prompt are said in general.
    pub command: Vec<String>,
}

/// What is wrong with a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadCommand {
    /// Nothing says where the audio goes.
    #[error("no argument has {FILE} in it")]
    File,
    /// Nothing says what is to be said.
    #[error("no argument is {TEXT}")]
    Text,
    /// The program itself is a placeholder.
    #[error("the program's name is no place for {TEXT} or {FILE}")]
    Program,
}

impl SpeechSettings {
    /// Whether it can be a command at all.
    pub fn check(&self) -> Result<(), BadCommand> {
        let Some((program, arguments)) = self.command.split_first() else {
            return Ok(());
        };
        if program.contains(TEXT) || program.contains(FILE) || program.is_empty() {
            Err(BadCommand::Program)
        } else if !arguments.iter().any(|it| it == TEXT) {
            Err(BadCommand::Text)
        } else if !arguments.iter().any(|it| it.contains(FILE)) {
            Err(BadCommand::File)
        } else {
            Ok(())
        }
    }
}

/// Says names.
pub struct Speech {
    /// The prompts that came with the settings.
    prompts: Arc<PromptBank>,
    settings: SpeechSettings,
    folder: PathBuf,
    /// By what was said; none: it could not be, and is not tried again until the next start.
    rendered: Mutex<HashMap<String, Option<Arc<Prompt>>>>,
}

impl Speech {
    /// With the folder that rendered names are kept in, which is made when there is one.
    pub fn new(prompts: Arc<PromptBank>, settings: SpeechSettings, folder: PathBuf) -> Speech {
        Speech {
            prompts,
            settings,
            folder,
            rendered: Mutex::default(),
        }
    }

    /// Has every name rendered that is said by no prompt and was not rendered before.
    pub async fn render(&self, items: &Items) {
        if self.settings.command.is_empty() {
            return;
        }
        for (id, name) in items.names() {
            if self.prompts.get(&id).is_some() || self.known(&name.text).is_some() {
                continue;
            }
            let prompt = match self.one(&name.text).await {
                Ok(prompt) => Some(Arc::new(prompt)),
                Err(error) => {
                    let error = format!("{error:#}");
                    tracing::warn!(prompt = id.as_str(), error, "a name cannot be rendered");
                    None
                }
            };
            let mut rendered = self.rendered.lock().unwrap_or_else(PoisonError::into_inner);
            rendered.insert(name.text, prompt);
        }
    }

    /// All that can be said of these items: the prompts, and their names as they are rendered by
    /// now, or in general.
    pub fn bank(&self, items: &Items) -> PromptBank {
        named(&self.prompts, items, |text| self.known(text).flatten())
    }

    fn known(&self, text: &str) -> Option<Option<Arc<Prompt>>> {
        let rendered = self.rendered.lock().unwrap_or_else(PoisonError::into_inner);
        rendered.get(text).cloned()
    }

    async fn one(&self, text: &str) -> anyhow::Result<Prompt> {
        anyhow::ensure!(text.len() <= MAX_NAME_BYTES, "it is too long for a name");
        let key = self.key(text);
        let kept = self.folder.join(format!("{key}.wav"));
        if !kept.exists() {
            tokio::fs::create_dir_all(&self.folder).await?;
            let raw = self.folder.join(format!("{key}.new"));
            let made = self.run(text, &raw).await;
            let kept = kept.clone();
            let keep = tokio::task::spawn_blocking(move || {
                let made = made.and_then(|()| keep(&raw, &kept));
                // What a failed command has begun is of no use.
                let _ = std::fs::remove_file(&raw);
                made
            });
            keep.await??;
        }
        let samples = tokio::task::spawn_blocking(move || rendered::samples(&kept)).await??;
        Ok(Prompt::new(version(&key), &samples))
    }

    async fn run(&self, text: &str, file: &Path) -> anyhow::Result<()> {
        let file = file.to_string_lossy();
        let filled = |word: &String| match word.as_str() {
            TEXT => text.to_owned(),
            word => word.replace(FILE, &file),
        };
        let mut words = self.settings.command.iter();
        let program = words.next().map(String::as_str).unwrap_or_default();
        let mut command = Command::new(program);
        command
            .args(words.map(filled))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        let ended = tokio::time::timeout(PATIENCE, command.status()).await;
        let status = ended.map_err(|_| anyhow::anyhow!("{program} took too long"))?;
        let status = status.map_err(|error| anyhow::anyhow!("{program}: {error}"))?;
        anyhow::ensure!(status.success(), "{program}: {status}");
        Ok(())
    }

    /// What was said, and by which command: another voice is another file.
    fn key(&self, text: &str) -> String {
        let mut hash = Sha256::new();
        for word in self
            .settings
            .command
            .iter()
            .map(String::as_str)
            .chain([text])
        {
            hash.update((word.len() as u64).to_le_bytes());
            hash.update(word);
        }
        let digest = hash.finalize();
        digest
            .iter()
            .take(16)
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

/// The prompts, and every name that none of them says in general.
pub fn in_general(prompts: &PromptBank, items: &Items) -> PromptBank {
    named(prompts, items, |_| None)
}

fn named(
    prompts: &PromptBank,
    items: &Items,
    said: impl Fn(&str) -> Option<Arc<Prompt>>,
) -> PromptBank {
    let mut bank = prompts.clone();
    for (id, name) in items.names() {
        if bank.get(&id).is_some() {
            continue;
        }
        if let Some(prompt) = said(&name.text).or_else(|| general(prompts, &name)) {
            bank.share(id, prompt);
        }
    }
    bank
}

/// What is said where no prompt says the name.
fn general(prompts: &PromptBank, name: &Name) -> Option<Arc<Prompt>> {
    let id = match name.of {
        Named::Organisation => "organisation/advice-and-guidance",
        Named::Specialty => "specialty/another-team",
        Named::Practice => "practice/a-practice",
        Named::Outcome => return None,
    };
    prompts.get(&PromptId::parse(id).ok()?).cloned()
}

/// First beside its place, so that what is there is whole.
fn keep(raw: &Path, kept: &Path) -> anyhow::Result<()> {
    let samples = rendered::samples(raw)?;
    let whole = kept.with_extension("whole");
    rendered::write(&whole, &samples)?;
    Ok(std::fs::rename(&whole, kept)?)
}

/// Which wording it is, for the evidence of what was heard: another name is another version.
fn version(key: &str) -> u32 {
    let first = key.get(..6).unwrap_or_default();
    u32::from_str_radix(first, 16).unwrap_or_default()
}
