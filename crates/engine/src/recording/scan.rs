//! What is in the recordings folder.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::name::RecordingName;

/// Ending of an MP3 that is being made.
pub(super) const UNFINISHED: &str = "part";

/// The recordings folder's contents.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Recordings.
    pub(super) wavs: BTreeSet<RecordingName>,
    /// MP3s, by their names below the folder.
    pub(super) mp3s: BTreeSet<String>,
    /// MP3s that were being made.
    pub(super) unfinished: Vec<PathBuf>,
}

/// Lists all day folders. Files that are not ours are left alone.
pub(super) fn scan(folder: &Path) -> io::Result<Found> {
    let mut found = Found::default();
    for day in fs::read_dir(folder)? {
        let day = day?;
        if !day.file_type()?.is_dir() {
            continue;
        }
        let day_name = day.file_name();
        for file in fs::read_dir(day.path())? {
            let file = file?.path();
            let ending = file.extension().and_then(|ending| ending.to_str());
            let file_name = file.file_name().and_then(|name| name.to_str());
            let (Some(day_name), Some(file_name)) = (day_name.to_str(), file_name) else {
                continue;
            };
            let name = format!("{day_name}/{file_name}");
            match ending {
                Some("wav") => match name.parse() {
                    Ok(recording) => drop(found.wavs.insert(recording)),
                    Err(_) => tracing::warn!("a file in the recordings folder is not ours"),
                },
                Some("mp3") => drop(found.mp3s.insert(name)),
                Some(UNFINISHED) => found.unfinished.push(file),
                Some(_) | None => {}
            }
        }
    }
    Ok(found)
}
