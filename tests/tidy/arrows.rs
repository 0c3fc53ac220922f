//! The arrows between crates, held against `cargo metadata`; the table is DESIGN's and
//! ARCHITECTURE's.
//!
//! A dependency that only tests need may also be the test kit. What a crate must not know is held
//! by packages too: no SQL in the engine, no runtime in a sans-IO crate.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::{Finding, sans_io};

/// Each crate, and what it may use of ours besides `model`.
pub const ARROWS: [(&str, &[&str]); 15] = [
    ("model", &[]),
    ("record", &[]),
    ("sip", &[]),
    ("sdp", &[]),
    ("media", &[]),
    ("routing", &[]),
    ("call", &["routing", "record"]),
    (
        "switch",
        &["sip", "sdp", "media", "call", "routing", "record"],
    ),
    ("engine", &["switch", "media", "record"]),
    ("store", &["record", "routing"]),
    ("api", &["store", "record", "routing"]),
    ("phone", &["sip", "sdp", "media"]),
    ("exchange", &["routing"]),
    (
        "rotaline",
        &[
            "api", "call", "engine", "exchange", "media", "phone", "record", "routing", "sdp",
            "sip", "store", "switch",
        ],
    ),
    ("testkit", &[]),
];

/// Packages that bring a clock, sockets, threads, locks or chance.
const OUTSIDE_WORLD: [&str; 22] = [
    "async-std",
    "axum",
    "crossbeam",
    "crossbeam-channel",
    "dashmap",
    "flume",
    "getrandom",
    "hyper",
    "libc",
    "mio",
    "nix",
    "parking_lot",
    "rand",
    "reqwest",
    "rtrb",
    "rustix",
    "smol",
    "socket2",
    "sqlx",
    "tokio",
    "tracing-subscriber",
    "ureq",
];
const SQL: [&str; 4] = ["sqlx", "sea-query", "rusqlite", "tokio-postgres"];
const HTTP: [&str; 5] = ["axum", "hyper", "utoipa", "utoipa-axum", "tower-http"];

/// Everything that a manifest has and should not have.
pub fn check(root: &Path) -> Vec<Finding> {
    let metadata = metadata(root);
    let packages = metadata["packages"]
        .as_array()
        .expect("cargo lists packages");
    packages
        .iter()
        .flat_map(|package| check_package(root, package))
        .collect()
}

fn metadata(root: &Path) -> Value {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args([
        "metadata",
        "--no-deps",
        "--offline",
        "--format-version",
        "1",
    ]);
    let output = cargo.current_dir(root).output().expect("cargo can be run");
    let fault = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo metadata: {fault}");
    serde_json::from_slice(&output.stdout).expect("cargo writes JSON")
}

fn check_package(root: &Path, package: &Value) -> Vec<Finding> {
    let manifest = Path::new(
        package["manifest_path"]
            .as_str()
            .expect("a package has a manifest"),
    );
    let root = fs::canonicalize(root).expect("the workspace is there");
    let file = manifest.strip_prefix(&root).unwrap_or(manifest);
    let text = fs::read_to_string(manifest).expect("a manifest can be read");
    let at = |name: &str| {
        let line = text
            .lines()
            .position(|line| line.trim_start().starts_with(name));
        line.map_or(1, |index| index + 1)
    };
    let dependencies = package["dependencies"]
        .as_array()
        .expect("cargo lists dependencies");
    let listed = dependencies.iter().map(|dependency| {
        let name = dependency["name"]
            .as_str()
            .expect("a dependency has a name");
        (name, Kind::of(&dependency["kind"]))
    });
    match rules_of(file) {
        Some(rules) => listed
            .filter_map(|(name, kind)| Some((name, rules.refuses(name, kind)?)))
            .map(|(name, why)| Finding::new(file, at(name), why))
            .collect(),
        None => vec![Finding::new(
            file,
            1,
            "a crate without arrows: add it to the table",
        )],
    }
}

/// What a dependency is for.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Kind {
    /// For the crate itself, or for building it.
    Product,
    /// For its tests.
    Tests,
}

impl Kind {
    fn of(kind: &Value) -> Kind {
        if kind.as_str() == Some("dev") {
            Kind::Tests
        } else {
            Kind::Product
        }
    }
}

/// What one package may depend on.
pub enum Rules {
    /// A crate of the product.
    Crate {
        name: String,
        ours: &'static [&'static str],
    },
    /// The independent RTP peer: nothing, so that no fault of ours is in it too.
    Nothing,
    /// Tests and benches: anything.
    Anything,
}

/// The rules for a manifest, by its place; none for a crate that the table does not name.
pub fn rules_of(manifest: &Path) -> Option<Rules> {
    let folder = manifest.parent()?;
    match folder.to_str()? {
        "tests/rtppeer" => Some(Rules::Nothing),
        "tests" | "tests/fuzz" | "benches" => Some(Rules::Anything),
        place => {
            let name = place.strip_prefix("crates/")?;
            let (_, ours) = ARROWS.iter().find(|(known, _)| *known == name)?;
            Some(Rules::Crate {
                name: name.into(),
                ours,
            })
        }
    }
}

impl Rules {
    /// Why a dependency must not be; none if it may.
    pub fn refuses(&self, dependency: &str, kind: Kind) -> Option<String> {
        let (name, arrows) = match self {
            Rules::Anything => return None,
            Rules::Nothing => return Some(format!("{dependency}: this package stands alone")),
            Rules::Crate { name, ours } => (name.as_str(), *ours),
        };
        let of_ours = dependency.strip_prefix("rotaline-");
        if let Some(other) = of_ours {
            let may = other == "model" && name != "model" || arrows.contains(&other);
            let for_tests = kind == Kind::Tests && other == "testkit";
            return (!may && !for_tests).then(|| format!("no arrow {name} -> {other}"));
        }
        let foreign: &[&str] = match name {
            _ if kind == Kind::Tests => &[],
            "engine" if SQL.contains(&dependency) => &SQL,
            "engine" | "store" => &HTTP,
            "api" => &SQL,
            _ if sans_io::CRATES.contains(&name) => &OUTSIDE_WORLD,
            _ => &[],
        };
        foreign
            .contains(&dependency)
            .then(|| format!("{name} must not know {dependency}"))
    }
}
