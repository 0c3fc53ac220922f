//! The fuzzer: everything that reads what strangers, a torn disk or a tired editor wrote, fed with
//! mutations of good and of bad examples, for a given time.
//!
//! ```text
//! rotaline-fuzz [TARGET...] [--seconds N] [--seed N]     each target, N seconds together
//! rotaline-fuzz TARGET --input FILE                      that input alone
//! ```
//!
//! Every input is made from its number, so a finding is run again by `--seed NUMBER --seconds 0`;
//! it is written to a file too. Mutation is our own and without coverage: it needs no nightly
//! compiler, and the corpora (RFC 4475, RFC 5118, the committed plans) already lie at the edges.
//!
//! Not here: orders of events (the simulation), floods (`it`).

#![allow(clippy::disallowed_methods)] // bounded by the real clock
#![allow(clippy::unwrap_used)] // a fuzzer that cannot make its examples has nothing to do

mod mutate;
mod targets;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use mutate::Chance;
use targets::{ALL, Target};

/// One that takes longer hangs, or would under load.
const SLOWEST: Duration = Duration::from_secs(2);

struct Wish {
    targets: Vec<&'static Target>,
    time: Duration,
    seed: u64,
    input: Option<PathBuf>,
}

fn main() -> ExitCode {
    let wish = match wish(std::env::args().skip(1)) {
        Ok(wish) => wish,
        Err(fault) => {
            eprintln!("rotaline-fuzz: {fault}");
            return ExitCode::from(2);
        }
    };
    let share = wish.time / wish.targets.len() as u32;
    let findings = wish.targets.iter().filter(|target| {
        let found = match &wish.input {
            Some(file) => run(target, 0, &std::fs::read(file).unwrap()).is_err(),
            None => fuzz(target, share, wish.seed).is_err(),
        };
        let verdict = if found { "FAILED" } else { "ok" };
        println!("test {} ... {verdict}", target.name);
        found
    });
    let found = findings.count();
    let passed = wish.targets.len() - found;
    let verdict = if found == 0 { "ok" } else { "FAILED" };
    println!("test result: {verdict}. {passed} passed; {found} failed; 0 ignored;");
    ExitCode::from(u8::from(found > 0))
}

fn wish(arguments: impl Iterator<Item = String>) -> Result<Wish, String> {
    let mut wish = Wish {
        targets: Vec::new(),
        time: Duration::from_secs(10),
        seed: 1,
        input: None,
    };
    let mut arguments = arguments;
    while let Some(argument) = arguments.next() {
        let mut number = || {
            let text = arguments.next().unwrap_or_default();
            text.parse::<u64>()
                .map_err(|_| format!("{argument} takes a number"))
        };
        match argument.as_str() {
            "--seconds" => wish.time = Duration::from_secs(number()?),
            "--seed" => wish.seed = number()?,
            "--input" => wish.input = arguments.next().map(PathBuf::from),
            name => {
                let target = ALL.iter().find(|target| target.name == name);
                let names: Vec<&str> = ALL.iter().map(|target| target.name).collect();
                let target =
                    target.ok_or_else(|| format!("no target {name:?}; there are {names:?}"))?;
                wish.targets.push(target);
            }
        }
    }
    if wish.targets.is_empty() {
        wish.targets.extend(ALL);
    }
    Ok(wish)
}

/// The input of `seed`, and those after it for as long as there is time. Err: a finding.
fn fuzz(target: &Target, time: Duration, seed: u64) -> Result<(), ()> {
    let corpus = (target.corpus)();
    let began = Instant::now();
    let mut number = seed;
    loop {
        let input = mutate::mutated(&corpus, &mut Chance::new(number));
        run(target, number, &input)?;
        number += 1;
        if began.elapsed() >= time {
            break;
        }
    }
    println!("{}: {} inputs", target.name, number - seed);
    Ok(())
}

fn run(target: &Target, number: u64, input: &[u8]) -> Result<(), ()> {
    let began = Instant::now();
    let fault = match catch_unwind(AssertUnwindSafe(|| (target.read)(input))) {
        Ok(()) if began.elapsed() <= SLOWEST => return Ok(()),
        Ok(()) => "slow",
        Err(_) => "panic",
    };
    let name = target.name;
    let file = std::env::temp_dir().join(format!("rotaline-fuzz-{name}-{number}"));
    let kept = std::fs::write(&file, input);
    println!("{name}: {fault} at input {number} ({} bytes)", input.len());
    println!("  again: rotaline-fuzz {name} --seed {number} --seconds 0");
    println!("  its bytes: {} ({kept:?})", file.display());
    Err(())
}
