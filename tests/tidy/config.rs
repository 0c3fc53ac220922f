//! Configuration files: every one parses.
//!
//! That the commented defaults of `config/rotaline.toml` are the code's is tested where the code's
//! defaults are, in the crate `rotaline`.

use std::fs;
use std::path::Path;

use crate::Finding;
use crate::source::files_below;

/// Everything that is no TOML.
pub fn check(root: &Path) -> Vec<Finding> {
    let mut paths = Vec::new();
    files_below(&root.join("config"), "toml", &mut paths);
    assert!(!paths.is_empty(), "config/ holds no settings");
    let faults = paths.iter().filter_map(|path| {
        let text = fs::read_to_string(path).expect("a settings file can be read");
        let relative = path.strip_prefix(root).expect("found below the root");
        fault(relative, &text)
    });
    faults.collect()
}

/// What keeps a text from being TOML.
pub fn fault(path: &Path, text: &str) -> Option<Finding> {
    let error = text.parse::<toml::Table>().err()?;
    let start = error.span().map_or(0, |span| span.start);
    let before = text.get(..start).unwrap_or_default();
    Some(Finding::new(
        path,
        before.lines().count().max(1),
        error.message(),
    ))
}
