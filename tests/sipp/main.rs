//! Runs `sipp-scenarios/*/` against the real binary: SIPp signals, `rtppeer` talks, keys and
//! listens, and what the service says of the call is read by its API.
//!
//! ```text
//!             SIP                SIP
//!   caller  ───────▶  rotaline ───────▶  phones (ann, ben, cat, line)      SIPp, one process each
//!   caller  ◀══════▶           ◀══════▶  phones                            rtppeer, one each
//!             RTP        │       RTP
//!                        └── HTTP: case, recording ──▶ this runner ──▶ judge-recording
//! ```
//!
//! Each scenario has a server, a plan, ports and a folder of its own, so that they run side by
//! side. Order is asserted exactly, delays against ceilings of ten times the service's bounds (the
//! exact bounds are held on the virtual clock, in `sim`), and what was measured is printed.
//! Not here: load, faults of the network, TLS.

#![allow(clippy::disallowed_methods)] // real programs on real time

mod case;
mod delays;
mod figures;
mod http;
mod party;
mod plan;
mod ports;
mod recording;
mod run;
mod scenario;
mod secret;
mod selfcheck;
mod server;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};
use libtest_mimic::{Arguments, Trial};

use scenario::Scenario;

/// Scenarios at a time: each is mostly waiting, but SIPp and the peers must not be late.
const AT_A_TIME: usize = 4;

/// Programs that scenarios start, and folders that they read and write.
#[derive(Clone, Debug)]
struct House {
    rotaline: PathBuf,
    peer: PathBuf,
    judge: PathBuf,
    prompts: PathBuf,
    work: PathBuf,
}

impl House {
    /// The programs of `ROTALINE_BIN`'s folder; without it they are built first, so that no
    /// scenario is passed by a binary of yesterday.
    fn find(root: &Path) -> Result<House> {
        let rotaline = match std::env::var_os("ROTALINE_BIN") {
            Some(path) => PathBuf::from(path),
            None => built(root)?,
        };
        let rotaline = rotaline
            .canonicalize()
            .with_context(|| rotaline.display().to_string())?;
        let folder = rotaline.parent().context("a program is in a folder")?;
        Ok(House {
            peer: folder.join("rtppeer"),
            judge: folder.join("judge-recording"),
            prompts: root.join("config/prompts/en-GB"),
            work: folder.with_file_name("test-logs").join("sipp"),
            rotaline,
        })
    }
}

fn built(root: &Path) -> Result<PathBuf> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["build", "--quiet", "--workspace", "--bins"])
        .current_dir(root);
    ensure!(cargo.status()?.success(), "the programs could not be built");
    let this = std::env::current_exe()?; // .../debug/deps/sipp-...
    let folder = this
        .ancestors()
        .nth(2)
        .context("tests are built into a target folder")?;
    Ok(folder.join("rotaline"))
}

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(AT_A_TIME);
    match trials(&mut arguments) {
        Ok(trials) => libtest_mimic::run(&arguments, trials).exit_code(),
        Err(error) => {
            eprintln!("sipp: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn trials(arguments: &mut Arguments) -> Result<Vec<Trial>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .canonicalize()?;
    // A list must not build anything.
    let house = if arguments.list {
        None
    } else {
        Some(House::find(&root)?)
    };
    if let (Some(house), Some(calls)) = (&house, figures::calls()) {
        let figures = |name: &str| {
            let (house, folder) = (house.clone(), root.join("sipp-scenarios").join(name));
            Trial::test(format!("figures/{name}"), move || {
                let measured = Scenario::read(&folder)
                    .and_then(|scenario| figures::measure(&house, &scenario, calls));
                measured.map_err(|error| format!("{error:#}").into())
            })
        };
        // One after the other: each plays several calls at a time.
        arguments.test_threads = Some(1);
        return Ok(figures::SCENARIOS.into_iter().map(figures).collect());
    }
    let trial = |folder: PathBuf| {
        let name = folder
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let house = house.clone();
        Trial::test(name, move || {
            let house = house.ok_or("this is only a list")?;
            let played = Scenario::read(&folder).and_then(|scenario| run::run(&house, &scenario));
            played.map_err(|error| format!("{error:#}").into())
        })
    };
    let played = folders(&root)?.into_iter().map(trial);
    Ok(selfcheck::trials().into_iter().chain(played).collect())
}

/// The scenarios' folders, in order.
fn folders(root: &Path) -> Result<Vec<PathBuf>> {
    let mut folders = Vec::new();
    for entry in fs::read_dir(root.join("sipp-scenarios"))? {
        let path = entry?.path();
        if path.join("scenario.toml").is_file() {
            folders.push(path);
        }
    }
    ensure!(!folders.is_empty(), "sipp-scenarios/ holds no scenario");
    folders.sort();
    Ok(folders)
}
