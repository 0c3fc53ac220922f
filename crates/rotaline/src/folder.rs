//! A folder of plan files on the disk: read within bounds, written as a whole.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rotaline_exchange::{MAX_FILE_BYTES, MAX_FILES, MAX_FOLDER_BYTES, PlanFile, is_read};

/// Folders within folders that are looked into.
const DEPTH: usize = 3;

/// The files of a folder that have to do with a plan, in the order of their names.
pub fn read(folder: &Path) -> Result<Vec<PlanFile>> {
    let mut paths = Vec::new();
    list(folder, "", DEPTH, &mut paths)?;
    paths.sort();
    let mut files = Vec::with_capacity(paths.len());
    let mut room = MAX_FOLDER_BYTES;
    // One more than the bound: that there is one too many is a fault of the folder.
    for (name, path) in paths.into_iter().take(MAX_FILES + 1) {
        let bytes = contents(&path, room).with_context(|| format!("cannot read {name}"))?;
        room = room.saturating_sub(bytes.len());
        files.push(PlanFile {
            name: name.into(),
            bytes,
        });
    }
    Ok(files)
}

/// Writes files into a folder that is new or empty. It is there whole, or not at all; it holds
/// people's telephone numbers, so its owner alone reads it.
pub fn write(folder: &Path, files: &[PlanFile]) -> Result<()> {
    let shown = folder.display();
    let is_free = match fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    };
    anyhow::ensure!(
        is_free,
        "{shown} is not empty: name a new folder, or empty this one"
    );
    let whole = std::path::absolute(folder)?;
    let (Some(parent), Some(name)) = (whole.parent(), whole.file_name()) else {
        anyhow::bail!("{shown} is no folder that can be made: name a new one");
    };
    let half = parent.join(format!(
        ".{}.{}",
        name.to_string_lossy(),
        std::process::id()
    ));
    let written = write_all(&half, files).and_then(|()| fs::rename(&half, &whole));
    if written.is_err() {
        let _ = fs::remove_dir_all(&half);
    }
    written.with_context(|| format!("cannot write {shown}"))
}

fn write_all(folder: &Path, files: &[PlanFile]) -> io::Result<()> {
    let mut private = DirBuilder::new();
    private.recursive(true).mode(0o700);
    private.create(folder)?;
    for file in files {
        let path = folder.join(&*file.name);
        if let Some(parent) = path.parent() {
            private.create(parent)?;
        }
        let mut options = OpenOptions::new();
        let mut out = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        out.write_all(&file.bytes)?;
        out.sync_all()?;
    }
    Ok(())
}

fn list(
    folder: &Path,
    within: &str,
    depth: usize,
    paths: &mut Vec<(String, PathBuf)>,
) -> Result<()> {
    let shown = || format!("cannot read the folder {}", folder.display());
    for entry in fs::read_dir(folder).with_context(shown)? {
        let entry = entry.with_context(shown)?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with('.') || paths.len() > MAX_FILES {
            continue;
        }
        let path = entry.path();
        let name = format!("{within}{name}");
        if path.is_dir() {
            if depth > 0 {
                list(&path, &format!("{name}/"), depth - 1, paths)?;
            }
        } else if is_read(&name) {
            paths.push((name, path));
        }
    }
    Ok(())
}

/// The bytes of a plain file, and of one that is too large one more than there may be.
fn contents(path: &Path, room: usize) -> io::Result<Vec<u8>> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no plain file"));
    }
    let bound = MAX_FILE_BYTES.min(room) + 1;
    let mut bytes = Vec::new();
    let file = fs::File::open(path)?;
    file.take(u64::try_from(bound).unwrap_or(u64::MAX))
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}
