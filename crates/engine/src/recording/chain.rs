//! The digest chain: an append-only list of what was recorded, in `chain.log`.
//!
//! ```text
//! stored 2026-11-24T06:20:00Z <sha256 of the file> <bytes> <day>/<name>.wav <link>
//! deleted 2027-11-24T06:20:00Z <sha256 it had> <bytes> <day>/<name>.wav <link>
//! ```
//!
//! `<link>` is the SHA-256 of the link before and the line up to it: no line can be altered, put in
//! or left out without breaking every later one. It cannot tell that the last lines were cut off,
//! or that somebody with write access made the whole chain anew: the digests are also in the
//! journal and the store.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::name::RecordingName;
use super::scan::scan;
use super::wav::{Contents, hash, hex};

/// The chain's file, below the recordings folder.
pub(super) const CHAIN_FILE: &str = "chain.log";
/// What the first line is linked to.
const FIRST_LINK: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// What a line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// The recording was stored.
    Stored,
    /// The recording was deleted, by retention.
    Deleted,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) deed: Deed,
    pub(super) at: Timestamp,
    pub(super) name: RecordingName,
    pub(super) contents: Contents,
}

/// The chain, open for appending.
#[derive(Debug)]
pub(super) struct Chain {
    file: File,
    link: String,
}

impl Chain {
    /// Opens the chain and says what is stored according to it. A line that was torn off by a kill
    /// is cut away; a broken link is logged, and left for [`verify`] to show.
    pub(super) fn open(folder: &Path) -> io::Result<(Self, BTreeSet<RecordingName>)> {
        let path = folder.join(CHAIN_FILE);
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&path)?;
        let mut lines = Lines::open(&path)?;
        let mut stored = BTreeSet::new();
        while let Some(line) = lines.next()? {
            match line {
                Line::Good(entry) => match entry.deed {
                    Deed::Stored => drop(stored.insert(entry.name)),
                    Deed::Deleted => drop(stored.remove(&entry.name)),
                },
                Line::Broken(entry) => {
                    tracing::error!(
                        line = lines.number,
                        "the recordings' digest chain is broken"
                    );
                    stored.insert(entry.name);
                }
                Line::Unreadable => {
                    tracing::error!(line = lines.number, "the digest chain has a bad line");
                }
            }
        }
        if lines.torn_bytes > 0 {
            tracing::warn!(
                bytes = lines.torn_bytes,
                "cut a torn line off the digest chain"
            );
            file.set_len(lines.whole_bytes)?;
        }
        let link = lines.link;
        Ok((Chain { file, link }, stored))
    }

    /// Appends lines, and waits until they are on disk.
    pub(super) fn append(&mut self, entries: &[Entry]) -> io::Result<()> {
        let mut link = self.link.clone();
        let mut text = String::new();
        for entry in entries {
            let said = entry.text();
            link = link_of(&link, &said);
            text.push_str(&said);
            text.push(' ');
            text.push_str(&link);
            text.push('\n');
        }
        let before = self.file.metadata()?.len();
        let written = self.file.write_all(text.as_bytes());
        let synced = written.and_then(|()| self.file.sync_data());
        if let Err(error) = synced {
            self.file.set_len(before)?;
            return Err(error);
        }
        self.link = link;
        Ok(())
    }
}

impl Entry {
    /// The line without its link.
    fn text(&self) -> String {
        let deed = match self.deed {
            Deed::Stored => "stored",
            Deed::Deleted => "deleted",
        };
        let Contents { sha256, bytes } = &self.contents;
        format!("{deed} {} {sha256} {bytes} {}", self.at, self.name)
    }

    fn parse(text: &str) -> Option<Entry> {
        let mut words = text.split(' ');
        let deed = match words.next()? {
            "stored" => Deed::Stored,
            "deleted" => Deed::Deleted,
            _ => return None,
        };
        let entry = Entry {
            deed,
            at: words.next()?.parse().ok()?,
            contents: Contents {
                sha256: words.next()?.to_owned(),
                bytes: words.next()?.parse().ok()?,
            },
            name: words.next()?.parse().ok()?,
        };
        words.next().is_none().then_some(entry)
    }
}

fn link_of(before: &str, text: &str) -> String {
    let mut hasher = Sha256::new();
    hasher.update(before);
    hasher.update("\n");
    hasher.update(text);
    hex(&hasher.finalize())
}

/// A line of the file, judged.
enum Line {
    Good(Entry),
    /// Its link does not follow from the line before.
    Broken(Entry),
    Unreadable,
}

struct Lines {
    reader: BufReader<File>,
    link: String,
    number: u64,
    whole_bytes: u64,
    torn_bytes: u64,
}

impl Lines {
    fn open(path: &Path) -> io::Result<Self> {
        Ok(Lines {
            reader: BufReader::new(File::open(path)?),
            link: FIRST_LINK.to_owned(),
            number: 0,
            whole_bytes: 0,
            torn_bytes: 0,
        })
    }

    fn next(&mut self) -> io::Result<Option<Line>> {
        let mut raw = Vec::new();
        let length = self.reader.read_until(b'\n', &mut raw)? as u64;
        if raw.pop() != Some(b'\n') {
            self.torn_bytes = length;
            return Ok(None);
        }
        self.number += 1;
        self.whole_bytes += length;
        Ok(Some(self.judge(&raw)))
    }

    fn judge(&mut self, raw: &[u8]) -> Line {
        let Some((said, link)) = std::str::from_utf8(raw)
            .ok()
            .and_then(|text| text.rsplit_once(' '))
        else {
            return Line::Unreadable;
        };
        let right = link == link_of(&self.link, said);
        link.clone_into(&mut self.link);
        match Entry::parse(said) {
            Some(entry) if right => Line::Good(entry),
            Some(entry) => Line::Broken(entry),
            None => Line::Unreadable,
        }
    }
}

/// Something that is wrong with the recordings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainFault {
    /// A line does not follow from the one before: it, or one before it, was altered, put in or
    /// taken out.
    #[error("{CHAIN_FILE} line {line}: the chain is broken here")]
    Broken {
        /// Which line, from 1.
        line: u64,
    },
    /// A line says nothing that is understood.
    #[error("{CHAIN_FILE} line {line}: unreadable")]
    Unreadable {
        /// Which line, from 1.
        line: u64,
    },
    /// The last line is torn.
    #[error("{CHAIN_FILE}: the last line is torn")]
    Torn,
    /// A recording is gone, and no deletion was listed.
    #[error("{name}: missing")]
    Missing {
        /// Its name.
        name: RecordingName,
    },
    /// A recording is not what it was when it was stored.
    #[error("{name}: altered")]
    Altered {
        /// Its name.
        name: RecordingName,
    },
    /// A recording cannot be read.
    #[error("{name}: {why:?}")]
    Unread {
        /// Its name.
        name: RecordingName,
        /// Why.
        why: io::ErrorKind,
    },
    /// A recording that the chain does not list: it is being made now, or was put there by hand.
    #[error("{name}: not in the chain (a recording in progress is not)")]
    Unlisted {
        /// Its name.
        name: RecordingName,
    },
    /// A recording that was deleted is there again.
    #[error("{name}: listed as deleted, but there")]
    Undeleted {
        /// Its name.
        name: RecordingName,
    },
}

/// What [`verify`] found.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Verified {
    /// Recordings that are there and as they were stored.
    pub intact: u64,
    /// Everything that is wrong.
    pub faults: Vec<ChainFault>,
}

/// Checks every recording below `folder` against the digest chain, and the chain itself. Reads all
/// of them; may run beside the service.
pub fn verify(folder: &Path) -> io::Result<Verified> {
    let mut verified = Verified::default();
    let mut listed: BTreeMap<RecordingName, Entry> = BTreeMap::new();
    let mut lines = Lines::open(&folder.join(CHAIN_FILE))?;
    while let Some(line) = lines.next()? {
        let line_number = lines.number;
        let entry = match line {
            Line::Good(entry) => entry,
            Line::Broken(entry) => {
                verified
                    .faults
                    .push(ChainFault::Broken { line: line_number });
                entry
            }
            Line::Unreadable => {
                verified
                    .faults
                    .push(ChainFault::Unreadable { line: line_number });
                continue;
            }
        };
        listed.insert(entry.name, entry);
    }
    if lines.torn_bytes > 0 {
        verified.faults.push(ChainFault::Torn);
    }
    let there = scan(folder)?.wavs;
    for (name, entry) in &listed {
        check(folder, *name, entry, there.contains(name), &mut verified);
    }
    let unlisted = there.iter().filter(|name| !listed.contains_key(name));
    let unlisted = unlisted.map(|name| ChainFault::Unlisted { name: *name });
    verified.faults.extend(unlisted);
    Ok(verified)
}

fn check(folder: &Path, name: RecordingName, entry: &Entry, there: bool, found: &mut Verified) {
    let fault = match (entry.deed, there) {
        (Deed::Deleted, false) => return,
        (Deed::Deleted, true) => ChainFault::Undeleted { name },
        (Deed::Stored, false) => ChainFault::Missing { name },
        (Deed::Stored, true) => match hash(&path_of(folder, name)) {
            Ok(contents) if contents == entry.contents => {
                found.intact += 1;
                return;
            }
            Ok(_) => ChainFault::Altered { name },
            Err(error) => ChainFault::Unread {
                name,
                why: error.kind(),
            },
        },
    };
    found.faults.push(fault);
}

fn path_of(folder: &Path, name: RecordingName) -> PathBuf {
    folder.join(name.to_string())
}
