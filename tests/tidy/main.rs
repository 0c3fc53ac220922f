//! Holds the house rules: which crate may use which, what a sans-IO crate must not mention, how
//! long files, functions and lines are, that every configuration file parses.
//!
//! Each test lists everything that it found, `file:line` each. Sources are read as text behind a
//! small lexer (`source`), so that a word in a comment or a string is not taken for code; what
//! needs types (iteration over a `HashMap` behind an alias, `unwrap`) is clippy's, by `clippy.toml`
//! and the workspace's lints. Not judged here: formatting (rustfmt), wording, imports' blocks.

mod arrows;
mod config;
mod sans_io;
mod source;
mod style;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::{Path, PathBuf};

/// One thing that is not as it should be.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    file: PathBuf,
    line: usize,
    what: String,
}

impl Finding {
    fn new(file: &Path, line: usize, what: impl Into<String>) -> Self {
        Finding {
            file: file.to_path_buf(),
            line,
            what: what.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file.display(), self.line, self.what)
    }
}

/// The workspace's folder.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Fails with everything that was found.
fn none_of(mut findings: Vec<Finding>) {
    findings.sort();
    let list: String = findings
        .iter()
        .map(|finding| format!("\n  {finding}"))
        .collect();
    assert!(
        findings.is_empty(),
        "{} finding(s):{list}\n",
        findings.len()
    );
}

#[test]
fn crates_use_only_what_their_arrows_allow() {
    none_of(arrows::check(&root()));
}

#[test]
fn sans_io_crates_mention_no_clock_no_chance_and_no_outside_world() {
    none_of(
        source::all(&root())
            .iter()
            .flat_map(sans_io::check)
            .collect(),
    );
}

#[test]
fn files_functions_and_lines_keep_their_lengths() {
    none_of(
        source::all(&root())
            .iter()
            .flat_map(style::lengths)
            .collect(),
    );
}

#[test]
fn files_begin_by_saying_what_they_are() {
    none_of(
        source::all(&root())
            .iter()
            .filter_map(style::head)
            .collect(),
    );
}

#[test]
fn nothing_is_left_unfinished_or_switched_off() {
    none_of(
        source::all(&root())
            .iter()
            .flat_map(style::unfinished)
            .collect(),
    );
}

#[test]
fn tests_do_not_sleep() {
    none_of(
        source::all(&root())
            .iter()
            .flat_map(style::sleeps)
            .collect(),
    );
}

#[test]
fn configuration_files_parse() {
    none_of(config::check(&root()));
}

#[test]
fn the_scan_sees_the_whole_workspace() {
    let sources = source::all(&root());
    let has = |path: &str| sources.iter().any(|source| source.path == Path::new(path));
    for path in [
        "crates/rotaline/src/main.rs",
        "crates/sip/src/lib.rs",
        "tests/tidy/main.rs",
    ] {
        assert!(has(path), "{path} was not scanned");
    }
    for (name, _) in arrows::ARROWS {
        let folder = Path::new("crates").join(name);
        assert!(
            sources
                .iter()
                .any(|source| source.path.starts_with(&folder)),
            "no {name}"
        );
    }
}
