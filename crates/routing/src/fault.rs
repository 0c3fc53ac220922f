//! What is wrong with a plan, said so that the person who wrote it can put it right.

use std::fmt;

/// One file of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its name, as faults show it.
    pub name: String,
    /// What stands in it: TOML.
    pub text: String,
}

/// One fault. Its texts are for the person who edits the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file.
    pub file: String,
    /// The key, dotted, e.g. `specialty.cardiology.key`; empty for the file as a whole.
    pub key: String,
    /// What is wrong.
    pub problem: String,
    /// What would be right.
    pub remedy: String,
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
