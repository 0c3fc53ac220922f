//! The `rotaline` program: its commands, and nothing else.

// The binary joins the parts, the real clock among them.
#![allow(clippy::disallowed_methods)]

mod check;
mod demo;
mod folder;
mod plan_files;
mod serve;
mod service;
mod settings;
mod users;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use rotaline_exchange::{Extent, Rotas};

use demo::Afterwards;
use plan_files::Effect;

/// The settings file, where none is named.
const SETTINGS: &str = "config/rotaline.toml";

/// Telephony call routing that reaches a specialist while the patient is still in the room.
#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Users: who may log in, and what they are to which organisation. Works while the service
    /// runs, and before it ever did.
    User {
        #[command(subcommand)]
        what: users::What,
        /// The settings file.
        #[arg(long, default_value = SETTINGS, global = true)]
        config: PathBuf,
    },
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
    /// Checks settings, plan and prompts, and names every fault at once; then says what is amiss
    /// with the rotas of the weeks to come.
    Check {
        /// The settings file.
        #[arg(long)]
        config: PathBuf,
    },
    /// Has a running service read its settings again. What can change while it runs does, at once;
    /// what waits for a restart is named. With a fault nothing changes. (So does SIGHUP.)
    Reload {
        /// The settings file.
        #[arg(long, default_value = SETTINGS)]
        config: PathBuf,
    },
    /// Makes the plan what the files of a folder say: TOML, CSV, iCalendar. All of it or, with
    /// every fault named by file and line, nothing. A running service follows.
    Import {
        /// The folder.
        folder: PathBuf,
        /// The settings file.
        #[arg(long, default_value = SETTINGS)]
        config: PathBuf,
        /// The folder is a part of a plan: add it, and take nothing away.
        #[arg(long)]
        add: bool,
        /// Say what would be done, and do nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Writes the plan into a folder, which `import` reads back.
    Export {
        /// The folder: a new one, or an empty one.
        folder: PathBuf,
        /// The settings file.
        #[arg(long, default_value = SETTINGS)]
        config: PathBuf,
        /// Write rotas as iCalendar, as far as it holds them.
        #[arg(long)]
        calendars: bool,
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
        Command::User { what, config } => {
            with_settings(&config, |settings| users::run(&settings, what))
        }
        Command::Check { config } => with_settings(&config, |settings| {
            plan_files::print(&format!("{}: no faults\n", config.display()))?;
            check::run(&settings)
        }),
        Command::Reload { config } => {
            with_settings(&config, |settings| service::ask_to_reload(&settings))
        }
        Command::Import {
            folder,
            config,
            add,
            dry_run,
        } => with_settings(&config, |settings| {
            let import = plan_files::Import {
                folder: &folder,
                extent: if add { Extent::Part } else { Extent::Whole },
                effect: if dry_run { Effect::Shown } else { Effect::Made },
            };
            import.run(&settings)
        }),
        Command::Export {
            folder,
            config,
            calendars,
        } => with_settings(&config, |settings| {
            let rotas = if calendars {
                Rotas::Calendars
            } else {
                Rotas::Sheets
            };
            plan_files::export(&settings, &folder, rotas)
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
