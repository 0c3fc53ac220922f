//! A fault in a configuration: where it is, what it is, what would be right.

use std::fmt;

/// One fault. Its texts are for the person who edits the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file.
    pub file: String,
    /// The key, dotted; empty for the file as a whole.
    pub key: String,
    /// What is wrong.
    pub problem: String,
    /// What would be right.
    pub remedy: String,
}

impl Fault {
    /// A fault at a key.
    pub fn new(file: &str, key: &str, problem: &str, remedy: &str) -> Self {
        Fault {
            file: file.to_owned(),
            key: key.to_owned(),
            problem: problem.to_owned(),
            remedy: remedy.to_owned(),
        }
    }

    /// What the TOML parser or serde found.
    pub fn from_toml(file: &str, text: &str, error: &toml::de::Error) -> Self {
        let line = error.span().map_or(1, |span| {
            1 + text
                .bytes()
                .take(span.start)
                .filter(|byte| *byte == b'\n')
                .count()
        });
        Fault {
            file: format!("{file}:{line}"),
            key: String::new(),
            problem: error.message().trim().replace('\n', "; "),
            remedy: "config/rotaline.toml shows every key and its form".to_owned(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Fault {
            file,
            key,
            problem,
            remedy,
        } = self;
        if key.is_empty() {
            write!(f, "{file}: {problem} ({remedy})")
        } else {
            write!(f, "{file}: {key}: {problem} ({remedy})")
        }
    }
}

impl From<rotaline_routing::Fault> for Fault {
    fn from(fault: rotaline_routing::Fault) -> Self {
        let rotaline_routing::Fault {
            file,
            key,
            problem,
            remedy,
        } = fault;
        Fault {
            file,
            key,
            problem,
            remedy,
        }
    }
}
