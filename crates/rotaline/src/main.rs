//! The `rotaline` program: its commands, and nothing else.

// The binary joins the parts, the real clock among them.
#![allow(clippy::disallowed_methods)]

mod demo;
mod serve;
mod service;
mod settings;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use demo::Afterwards;

/// Telephony call routing that reaches a specialist while the patient is still in the room.
#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Takes calls until it is told to stop (SIGTERM lets calls that are up finish).
    Serve {
        /// The settings file; config/rotaline.toml shows every key.
        #[arg(long)]
        config: PathBuf,
    },
    /// Places one whole call on this machine, draws it, and goes on serving.
    Demo {
        /// Take free ports, and end after the call: 0 if all went well, 1 if not.
        #[arg(long)]
        once: bool,
        /// The settings file.
        #[arg(long, default_value = "config/demo/rotaline.toml")]
        config: PathBuf,
    },
    /// Checks settings, plan and prompts, and names every fault at once.
    Check {
        /// The settings file.
        #[arg(long)]
        config: PathBuf,
    },
}

fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Serve { config } => with_settings(&config, serve::run),
        Command::Demo { once, config } => {
            let afterwards = if once {
                Afterwards::End
            } else {
                Afterwards::Serve
            };
            with_settings(&config, |settings| demo::run(settings, afterwards))
        }
        Command::Check { config } => with_settings(&config, |_| {
            println!("{}: no faults", config.display());
            Ok(())
        }),
    }
}

/// Runs a command with checked settings; without them every fault is printed and nothing is run.
fn with_settings(
    file: &Path,
    command: impl FnOnce(settings::Settings) -> anyhow::Result<()>,
) -> ExitCode {
    let settings = match settings::load(file) {
        Ok(settings) => settings,
        Err(faults) => {
            for fault in &faults {
                eprintln!("{fault}");
            }
            eprintln!("{} fault(s) in {}", faults.len(), file.display());
            return ExitCode::FAILURE;
        }
    };
    match command(settings) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("rotaline: {error:#}");
            ExitCode::FAILURE
        }
    }
}
