//! How a source has to look: lengths, its head, nothing unfinished, no sleeping test.

use crate::Finding;
use crate::source::{Source, block_end, words};

const MAX_FILE_LINES: usize = 800;
const MAX_FUNCTION_LINES: usize = 70;
const MAX_LINE_CHARS: usize = 100;

/// Files, functions and lines that are too long.
pub fn lengths(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    let count = source.lines.len();
    if count > MAX_FILE_LINES {
        let what = format!("{count} lines in the file, {MAX_FILE_LINES} allowed");
        findings.push(Finding::new(&source.path, count, what));
    }
    for (line, name, length) in functions(source) {
        if length > MAX_FUNCTION_LINES {
            let what = format!("fn {name} has {length} lines, {MAX_FUNCTION_LINES} allowed");
            findings.push(Finding::new(&source.path, line, what));
        }
    }
    for (number, line) in source.numbered() {
        let chars = line.raw.chars().count();
        // A link cannot be broken; nor can, in a test, the text that is the test's case.
        let link = line.raw.contains("://");
        let text = source.is_test_line(number - 1) && chars - line.text_chars <= MAX_LINE_CHARS;
        if chars > MAX_LINE_CHARS && !link && !text {
            let what = format!("{chars} columns, {MAX_LINE_CHARS} allowed");
            findings.push(Finding::new(&source.path, number, what));
        }
    }
    findings
}

/// Each function with a body: its line, name, and length in lines.
fn functions(source: &Source) -> Vec<(usize, String, usize)> {
    let mut found = Vec::new();
    for (index, line) in source.lines.iter().enumerate() {
        for at in words(&line.code, "fn") {
            let after = line.code[at + 2..].trim_start();
            let is_name = |c: &char| c.is_alphanumeric() || *c == '_';
            let name: String = after.chars().take_while(is_name).collect();
            if name.is_empty() {
                continue; // the type of a function
            }
            if let Some(end) = block_end(&source.lines, index, at) {
                found.push((index + 1, name, end - index + 1));
            }
        }
    }
    found
}

/// A file that does not begin with `//!`.
pub fn head(source: &Source) -> Option<Finding> {
    let first = source.lines.iter().find(|line| !line.raw.trim().is_empty());
    let says = first.is_some_and(|line| line.raw.starts_with("//! "));
    (!says).then(|| Finding::new(&source.path, 1, "no //! head that says what the file is"))
}

/// Marks of work that was not finished, or of a check that was switched off.
pub fn unfinished(source: &Source) -> Vec<Finding> {
    const IN_CODE: [&str; 4] = ["todo!", "unimplemented!", "dbg!", "allow(dead_code"];
    let mark = concat!("FIX", "ME");
    let mut findings = Vec::new();
    for (number, line) in source.numbered() {
        let mut note = |what: &str| findings.push(Finding::new(&source.path, number, what));
        for word in IN_CODE {
            if words(&line.code, word).next().is_some() {
                note(word);
            }
        }
        let attribute = line
            .code
            .split_once("[ignore")
            .map(|(_, after)| after.chars().next());
        if matches!(attribute, Some(Some(']' | ' ' | '='))) {
            note("a test that is ignored");
        }
        if words(&line.comment, mark).next().is_some() {
            note(mark);
        }
    }
    findings
}

/// Tests that wait for time to pass in place of an event.
pub fn sleeps(source: &Source) -> Vec<Finding> {
    let sleeping = |&(number, _): &(usize, _)| source.is_test_line(number - 1);
    let lines = source.numbered().filter(sleeping);
    lines
        .filter(|(_, line)| words(&line.code, "sleep(").next().is_some())
        .map(|(number, _)| Finding::new(&source.path, number, "a test that sleeps"))
        .collect()
}
