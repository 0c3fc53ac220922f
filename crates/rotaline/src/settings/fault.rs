//! Faults of the settings file, in the form that the plan's faults have.

use rotaline_routing::Fault;

/// A fault at a key; an empty key is the file as a whole.
pub(super) fn fault(file: &str, key: &str, problem: &str, remedy: &str) -> Fault {
    Fault {
        file: file.to_owned(),
        key: key.to_owned(),
        problem: problem.to_owned(),
        remedy: remedy.to_owned(),
    }
}

/// What the TOML parser or serde found, with its line.
pub(super) fn fault_from_toml(file: &str, text: &str, error: &toml::de::Error) -> Fault {
    let line = error.span().map_or(1, |span| {
        1 + text
            .bytes()
            .take(span.start)
            .filter(|byte| *byte == b'\n')
            .count()
    });
    let problem = error.message().trim().replace('\n', "; ");
    let remedy = "config/rotaline.toml shows every key and its form";
    fault(&format!("{file}:{line}"), "", &problem, remedy)
}
