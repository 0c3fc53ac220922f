//! What a sans-IO crate must not mention outside its tests: clocks, chance, threads, channels,
//! locks, sockets, files, and iteration over a map whose order differs between runs.
//!
//! `clippy.toml` bans the same calls by type; this scan also sees imports, and code that only some
//! features or targets compile.

use crate::Finding;
use crate::source::{Source, words};

/// The crates that are told the time and never ask.
pub const CRATES: [&str; 10] = [
    "model", "record", "sip", "sdp", "media", "routing", "call", "switch", "phone", "exchange",
];

/// Words, and why not.
const BANNED: [(&str, &str); 29] = [
    ("Instant", "a clock: time is passed in"),
    ("SystemTime", "a clock: time is passed in"),
    ("Timestamp::now", "a clock: time is passed in"),
    ("Zoned::now", "a clock: time is passed in"),
    (
        "TimeZone::system",
        "the machine's zone: zones are named by the plan",
    ),
    ("now_v7", "a clock: ids are made of passed time and seed"),
    ("new_v4", "chance: ids are made of passed time and seed"),
    ("thread_rng", "chance: a seed is passed in"),
    ("rand::rng", "chance: a seed is passed in"),
    ("rand::random", "chance: a seed is passed in"),
    ("from_os_rng", "chance: a seed is passed in"),
    ("from_entropy", "chance: a seed is passed in"),
    ("SysRng", "chance: a seed is passed in"),
    ("OsRng", "chance: a seed is passed in"),
    ("getrandom", "chance: a seed is passed in"),
    ("RandomState", "chance: order would differ between runs"),
    ("thread", "a thread"),
    ("mpsc", "a channel"),
    ("Mutex", "a lock"),
    ("RwLock", "a lock"),
    ("Condvar", "a lock"),
    ("tokio", "a runtime"),
    ("UdpSocket", "a socket"),
    ("TcpStream", "a socket"),
    ("TcpListener", "a socket"),
    ("std::fs", "a file"),
    ("File", "a file"),
    ("std::env", "the process's surroundings"),
    ("std::process", "the process's surroundings"),
];

/// Ways of walking through a map.
const WALKS: [&str; 9] = [
    ".iter(",
    ".iter_mut(",
    ".into_iter(",
    ".keys(",
    ".values(",
    ".values_mut(",
    ".drain(",
    ".retain(",
    ".extract_if(",
];

/// Everything that the file must not mention; nothing for a file of another crate.
pub fn check(source: &Source) -> Vec<Finding> {
    let is_sans_io = CRATES
        .iter()
        .any(|name| source.path.starts_with(format!("crates/{name}/src")));
    if !is_sans_io {
        return Vec::new();
    }
    let maps = hashed(source);
    let mut findings = Vec::new();
    for (number, line) in source
        .numbered()
        .filter(|(n, _)| !source.is_test_line(n - 1))
    {
        for (word, why) in BANNED {
            if words(&line.code, word).next().is_some() && !is_name_of_ours(&line.code, word) {
                findings.push(Finding::new(
                    &source.path,
                    number,
                    format!("`{word}`: {why}"),
                ));
            }
        }
        for map in &maps {
            if walks_through(&line.code, map) {
                let what = format!("`{map}` is hashed: its order would differ between runs");
                findings.push(Finding::new(&source.path, number, what));
            }
        }
    }
    findings
}

/// A media thread's number is no thread: `thread` as a field or variable, never as a path.
fn is_name_of_ours(code: &str, word: &str) -> bool {
    let path = code.contains("std::thread") || code.contains("thread::");
    word == "thread" && !path
}

/// Names that the file gives to hashed maps and sets.
fn hashed(source: &Source) -> Vec<String> {
    let mut names = Vec::new();
    for line in &source.lines {
        let Some(at) = ["HashMap", "HashSet"]
            .iter()
            .find_map(|w| words(&line.code, w).next())
        else {
            continue;
        };
        let before = line.code[..at].trim_end_matches(|c: char| c.is_alphanumeric() || c == ':');
        let Some(before) = before.trim_end().strip_suffix([':', '=']) else {
            continue;
        };
        let is_name = |c: &char| c.is_alphanumeric() || *c == '_';
        let name: String = before
            .trim_end()
            .chars()
            .rev()
            .take_while(is_name)
            .collect();
        if !name.is_empty() {
            names.push(name.chars().rev().collect());
        }
    }
    names
}

fn walks_through(code: &str, map: &str) -> bool {
    words(code, map).any(|at| {
        let after = &code[at + map.len()..];
        let looped = code[..at].trim_end().trim_end_matches("self.").trim_end();
        let looped = looped
            .trim_end_matches("mut")
            .trim_end()
            .trim_end_matches('&')
            .trim_end();
        let in_for = words(code, "for").next().is_some()
            && looped.ends_with(" in")
            && after.trim_start().starts_with('{');
        in_for || WALKS.iter().any(|walk| after.starts_with(walk))
    })
}
