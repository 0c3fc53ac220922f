//! Reading Rust sources: every file of the workspace, each line split into code, comment and text.
//!
//! The lexer knows comments (nested too), strings (raw too), characters and lifetimes; that is
//! all that is needed to find words and braces that count. It does not know macros: what they
//! expand to is not seen.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Folders with sources.
const FOLDERS: [&str; 3] = ["crates", "tests", "benches"];

/// One source file.
pub struct Source {
    /// Relative to the workspace.
    pub path: PathBuf,
    /// In order.
    pub lines: Vec<Line>,
    /// The lines inside `#[cfg(test)] mod ... { }`, counted from 0.
    test_modules: Vec<Range<usize>>,
}

/// One line, and what it is made of.
#[derive(Default)]
pub struct Line {
    /// As it stands in the file.
    pub raw: String,
    /// The same without comments and with blanks for what is inside strings and characters.
    pub code: String,
    /// What stands in comments.
    pub comment: String,
    /// How many characters are inside strings.
    pub text_chars: usize,
}

impl Source {
    /// Takes a file apart.
    pub fn new(path: impl Into<PathBuf>, text: &str) -> Source {
        let lines = split(text);
        let test_modules = find_test_modules(&lines);
        Source {
            path: path.into(),
            lines,
            test_modules,
        }
    }

    /// Whether the whole file is for tests: `tests.rs`, or below a folder `tests`.
    pub fn is_test_file(&self) -> bool {
        let below_tests = self.path.iter().any(|part| part == "tests");
        below_tests || self.path.file_name().is_some_and(|name| name == "tests.rs")
    }

    /// Whether a line, counted from 0, is for tests.
    pub fn is_test_line(&self, index: usize) -> bool {
        self.is_test_file()
            || self
                .test_modules
                .iter()
                .any(|module| module.contains(&index))
    }

    /// Lines with their numbers, counted from 1.
    pub fn numbered(&self) -> impl Iterator<Item = (usize, &Line)> {
        (1..).zip(&self.lines)
    }
}

/// Every source of the workspace, in the order of paths.
pub fn all(root: &Path) -> Vec<Source> {
    let mut paths = Vec::new();
    for folder in FOLDERS {
        files_below(&root.join(folder), "rs", &mut paths);
    }
    paths.sort();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("a source can be read");
        Source::new(
            path.strip_prefix(root).expect("found below the root"),
            &text,
        )
    };
    paths.into_iter().map(read).collect()
}

/// Adds the files with an extension, except what is built and what begins with a dot.
pub fn files_below(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        if name.is_none_or(|name| name == "target" || name.starts_with('.')) {
            continue;
        }
        if path.is_dir() {
            files_below(&path, extension, found);
        } else if path.extension().is_some_and(|this| this == extension) {
            found.push(path);
        }
    }
}

/// Where a word stands in code, as a whole word.
pub fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let part_of_name = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word)
        .map(|(at, _)| at)
        .filter(move |&at| {
            let before = code[..at].chars().next_back();
            let after = code[at + word.len()..].chars().next();
            let goes_on_before = word.starts_with(part_of_name) && before.is_some_and(part_of_name);
            let goes_on_after = word.ends_with(part_of_name) && after.is_some_and(part_of_name);
            !goes_on_before && !goes_on_after
        })
}

/// The line, counted from 0, on which the block ends that opens at or after `(line, column)`;
/// none if a `;` comes first. Columns are bytes of `code`.
pub fn block_end(lines: &[Line], line: usize, column: usize) -> Option<usize> {
    let (mut braces, mut nested) = (0usize, 0usize);
    for (index, this) in lines.iter().enumerate().skip(line) {
        let from = if index == line { column } else { 0 };
        for c in this.code.get(from..).unwrap_or_default().chars() {
            match c {
                '(' | '[' => nested += 1,
                ')' | ']' => nested = nested.saturating_sub(1),
                ';' if braces == 0 && nested == 0 => return None,
                '{' => braces += 1,
                '}' => braces = braces.saturating_sub(1),
                _ => continue,
            }
            if c == '}' && braces == 0 {
                return Some(index);
            }
        }
    }
    None
}

fn find_test_modules(lines: &[Line]) -> Vec<Range<usize>> {
    let begins = |index: &usize| lines[*index].code.trim_start().starts_with("#[cfg(test)]");
    let module = |start: usize| {
        let next = start + 1;
        let is_module = words(&lines.get(next)?.code, "mod").next().is_some();
        let end = block_end(lines, next, 0)?;
        is_module.then_some(start..end + 1)
    };
    (0..lines.len()).filter(begins).filter_map(module).collect()
}

/// Where the lexer is.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Code,
    LineComment,
    BlockComment(u32),
    Text,
    RawText(usize),
}

fn split(text: &str) -> Vec<Line> {
    let mut place = Place::Code;
    let mut lines = Vec::new();
    for raw in text.lines() {
        if place == Place::LineComment {
            place = Place::Code;
        }
        let mut line = Line {
            raw: raw.to_owned(),
            ..Line::default()
        };
        let chars: Vec<char> = raw.chars().collect();
        let mut at = 0;
        while at < chars.len() {
            let (taken, next) = step(&chars, at, place);
            let piece = &chars[at..at + taken];
            match (place, next) {
                (Place::Code, Place::LineComment | Place::BlockComment(_))
                | (Place::LineComment | Place::BlockComment(_), _) => line.comment.extend(piece),
                (Place::Code, _) => line.code.extend(blanked(piece)),
                (Place::Text | Place::RawText(_), Place::Code) => line.code.push('"'),
                (Place::Text | Place::RawText(_), _) => {
                    line.text_chars += taken;
                    line.code.extend(piece.iter().map(|_| ' '));
                }
            }
            (at, place) = (at + taken, next);
        }
        lines.push(line);
    }
    lines
}

/// What is inside a character literal is no code; anything else of code stays.
fn blanked(piece: &[char]) -> impl Iterator<Item = char> + '_ {
    let literal = piece.len() > 1 && piece[0] == '\'';
    piece
        .iter()
        .map(move |&c| if literal && c != '\'' { ' ' } else { c })
}

/// How many characters belong together from here, and where the lexer is after them.
fn step(chars: &[char], at: usize, place: Place) -> (usize, Place) {
    let rest = &chars[at..];
    match (place, rest) {
        (Place::Code, ['/', '/', ..]) => (rest.len(), Place::LineComment),
        (Place::Code, ['/', '*', ..]) => (2, Place::BlockComment(1)),
        (Place::Code, ['"', ..]) => (1, Place::Text),
        (Place::Code, ['\'', ..]) => (character(rest), Place::Code),
        (Place::Code, ['r', ..]) if !ends_a_name(&chars[..at]) => match raw_opening(rest) {
            Some(hashes) => (hashes + 2, Place::RawText(hashes)),
            None => (1, Place::Code),
        },
        (Place::Code, _) => (1, Place::Code),
        (Place::LineComment, _) => (rest.len(), Place::LineComment),
        (Place::BlockComment(depth), ['/', '*', ..]) => (2, Place::BlockComment(depth + 1)),
        (Place::BlockComment(1), ['*', '/', ..]) => (2, Place::Code),
        (Place::BlockComment(depth), ['*', '/', ..]) => (2, Place::BlockComment(depth - 1)),
        (Place::BlockComment(depth), _) => (1, Place::BlockComment(depth)),
        (Place::Text, ['\\', _, ..]) => (2, Place::Text),
        (Place::Text, ['"', ..]) => (1, Place::Code),
        (Place::Text, _) => (1, Place::Text),
        (Place::RawText(hashes), ['"', tail @ ..])
            if tail.len() >= hashes && tail[..hashes].iter().all(|&c| c == '#') =>
        {
            (hashes + 1, Place::Code)
        }
        (Place::RawText(hashes), _) => (1, Place::RawText(hashes)),
    }
}

/// The length of a character literal, or 1: the quote of a lifetime.
fn character(rest: &[char]) -> usize {
    match rest {
        ['\'', '\\', _, tail @ ..] => match tail.iter().position(|&c| c == '\'') {
            Some(end) => end + 4,
            None => 1,
        },
        ['\'', _, '\'', ..] => 3,
        _ => 1,
    }
}

/// The hashes of a raw string that opens here.
fn raw_opening(rest: &[char]) -> Option<usize> {
    let hashes = rest.iter().skip(1).take_while(|&&c| c == '#').count();
    (rest.get(hashes + 1) == Some(&'"')).then_some(hashes)
}

/// Whether `r` would go on a name here; `b` alone is the prefix of a byte string.
fn ends_a_name(before: &[char]) -> bool {
    let name: Vec<char> = before
        .iter()
        .rev()
        .copied()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect();
    !name.is_empty() && name != ['b'] && name != ['c']
}
