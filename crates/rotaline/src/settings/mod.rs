//! The settings file: read, checked as a whole, every fault named with what would be right.
//!
//! `raw` is what people write (serde, unknown keys refused); `check` turns it into what the crates
//! take. Paths are relative to the settings file. A faulty plan or prompt folder is a fault of the
//! settings too, so that `rotaline check` shows everything at once.

mod check;
mod fault;
mod raw;

use std::path::Path;

pub use check::{PlanOf, Settings, announced, prompts_missing};
pub use rotaline_routing::Fault;

use fault::{fault, fault_from_toml};

/// Reads and checks a settings file, with the plan and the prompts that it names.
pub fn load(file: &Path) -> Result<Settings, Vec<Fault>> {
    let shown = file.display().to_string();
    let text = std::fs::read_to_string(file).map_err(|error| {
        vec![fault(
            &shown,
            "",
            &format!("cannot be read: {error}"),
            "name a readable file",
        )]
    })?;
    let raw =
        toml::from_str(&text).map_err(|error| vec![fault_from_toml(&shown, &text, &error)])?;
    // Whole, so that a path that is shown can be copied from anywhere.
    let whole = file.canonicalize().unwrap_or_else(|_| file.to_owned());
    let folder = whole.parent().unwrap_or(Path::new("."));
    check::check(raw, &shown, folder).map(|settings| Settings {
        file: whole.clone(),
        ..settings
    })
}

#[cfg(test)]
mod tests;
