//! The name of something that can be said.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A prompt's id in the manifest, e.g. `specialty/cardiology`: one or more slugs joined by `/`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PromptId(Arc<str>);

/// Why a text names no prompt.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a prompt id: use parts of a-z, 0-9 and - joined by /")]
pub struct BadPromptId(pub String);

impl PromptId {
    /// Parses an id as the manifest writes it.
    pub fn parse(text: &str) -> Result<Self, BadPromptId> {
        let part = |part: &str| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        if text.len() <= 96 && text.split('/').all(part) {
            Ok(PromptId(text.into()))
        } else {
            Err(BadPromptId(text.to_owned()))
        }
    }

    /// The id as the manifest writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for PromptId {
    type Error = BadPromptId;
    fn try_from(text: String) -> Result<Self, BadPromptId> {
        PromptId::parse(&text)
    }
}

impl From<PromptId> for String {
    fn from(id: PromptId) -> String {
        id.0.as_ref().to_owned()
    }
}

impl fmt::Display for PromptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for PromptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PromptId({})", self.0)
    }
}
