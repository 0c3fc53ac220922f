//! The files of a folder, which of them are read, and as what.

use std::path::Path;
use std::sync::Arc;

/// Most files of a folder.
pub const MAX_FILES: usize = 2000;
/// Most bytes of one file.
pub const MAX_FILE_BYTES: usize = 16 * 1024 * 1024;
/// Most bytes of all files of a folder.
pub const MAX_FOLDER_BYTES: usize = 64 * 1024 * 1024;

/// The folder of rotas.
pub(crate) const ROTAS: &str = "rotas";

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanFile {
    /// Its path within the folder, with `/`.
    pub name: Arc<str>,
    /// What stands in it.
    pub bytes: Vec<u8>,
}

/// What a file is, by its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Toml,
    People,
    Practices,
    Absences,
    /// Of a specialty.
    RotaSheet(String),
    /// Of a specialty.
    RotaCalendar(String),
    /// It looks like something that is to be read, and is not.
    Stray,
}

/// Whether a file is looked at: not what has another ending, nor what is hidden.
pub fn is_read(name: &str) -> bool {
    Kind::of(name).is_some()
}

impl Kind {
    /// By its path within the folder; none: nothing to do with a plan.
    pub(crate) fn of(name: &str) -> Option<Kind> {
        let path = Path::new(name);
        let stem = path.file_stem()?.to_str()?;
        let ending = path.extension()?.to_str()?.to_ascii_lowercase();
        if stem.starts_with('.') || !matches!(ending.as_str(), "toml" | "csv" | "ics") {
            return None;
        }
        let folder = path.parent().and_then(Path::to_str).unwrap_or_default();
        Some(match (folder, ending.as_str(), stem) {
            ("", "toml", _) => Kind::Toml,
            ("", "csv", "people") => Kind::People,
            ("", "csv", "practices") => Kind::Practices,
            ("", "csv", "absences") => Kind::Absences,
            (ROTAS, "csv", specialty) => Kind::RotaSheet(specialty.to_owned()),
            (ROTAS, "ics", specialty) => Kind::RotaCalendar(specialty.to_owned()),
            (_, _, _) => Kind::Stray,
        })
    }
}
