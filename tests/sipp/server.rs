//! One `rotaline serve` for one scenario: settings, start, API, log, stop.

use std::fs::{self, OpenOptions};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use crate::House;
use crate::http::{self, Answer};

const START_LIMIT: Duration = Duration::from_secs(15);
const DRAIN_LIMIT: Duration = Duration::from_secs(1);
const STOP_LIMIT: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// A number in a log line: longer than any counter, time of day or port.
const NUMBER_DIGITS: usize = 10;

/// A running service.
pub struct Server {
    child: Child,
    http: SocketAddr,
    token: String,
    log: PathBuf,
}

impl Server {
    /// Starts it with `folder/rotaline.toml`, and waits until its API answers.
    pub fn start(house: &House, folder: &Path, http_port: u16) -> Result<Server> {
        let log = folder.join("server.log");
        let file = OpenOptions::new().create(true).append(true).open(&log)?;
        let mut command = Command::new(&house.rotaline);
        command
            .arg("serve")
            .arg("--config")
            .arg(folder.join("rotaline.toml"));
        command
            .stdout(file.try_clone()?)
            .stderr(file)
            .env("NO_COLOR", "1");
        let child = command.spawn().context("rotaline")?;
        let http = SocketAddr::from((Ipv4Addr::LOCALHOST, http_port));
        let mut server = Server {
            child,
            http,
            token: String::new(),
            log,
        };
        server.wait_until_ready()?;
        server.token = fs::read_to_string(folder.join("data/api-token"))?
            .trim()
            .to_owned();
        Ok(server)
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let limit = Instant::now() + START_LIMIT;
        while Instant::now() < limit {
            if let Some(status) = self.child.try_wait()? {
                bail!(
                    "the server ended at start with {status}: {}",
                    self.log_tail()
                );
            }
            if http::get(self.http, "/healthz", "").is_ok_and(|answer| answer.status == 200) {
                return Ok(());
            }
            thread::park_timeout(LOOK_EVERY);
        }
        bail!(
            "the server is not ready after {START_LIMIT:?}: {}",
            self.log_tail()
        )
    }

    /// Reads from the API.
    pub fn get(&self, path: &str) -> Result<Answer> {
        http::get(self.http, path, &self.token)
    }

    /// SIGKILL: it has no time to put anything in order.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Asks it to stop, and waits. It has no call left, but may wait for what a far end could still
    /// send again (RFC 3261, Timer J: 32 s); told a second time it must go at once, and in order.
    pub fn stop(mut self) -> Result<()> {
        let pid = Pid::from_child(&self.child);
        for patience in [DRAIN_LIMIT, STOP_LIMIT] {
            kill_process(pid, Signal::TERM)?;
            let limit = Instant::now() + patience;
            while Instant::now() < limit {
                if let Some(status) = self.child.try_wait()? {
                    if status.success() {
                        return Ok(());
                    }
                    bail!("the server ended with {status}: {}", self.log_tail());
                }
                thread::park_timeout(LOOK_EVERY);
            }
        }
        bail!("the server does not stop within {STOP_LIMIT:?} of a second SIGTERM")
    }

    fn log_tail(&self) -> String {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(8)..].join("\n")
    }
}

impl Drop for Server {
    /// However the scenario ends, no server outlives it.
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|status| status.is_none()) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// What a log must not hold: an error, or anybody's number (STYLE rules 11 and 12).
pub fn log_problems(folder: &Path, numbers: &[&str]) -> Result<Vec<String>> {
    let text = fs::read_to_string(folder.join("server.log"))?;
    let mut problems = Vec::new();
    for line in text.lines() {
        if line.contains("ERROR") || line.contains("panicked at") {
            problems.push(format!("log: {line}"));
        }
        if holds_number(line) || numbers.iter().any(|number| line.contains(number)) {
            problems.push(format!("log with a telephone number: {line}"));
        }
    }
    Ok(problems)
}

/// Whether a line holds as many digits in a row as a telephone number has. Fractions of a second
/// and parts of identifiers are none.
pub fn holds_number(line: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '.' || c == '-';
    line.split(|c: char| !part(c)).any(|word| {
        let bare = !word.contains('.') && !word.contains('-');
        bare && word.len() >= NUMBER_DIGITS && word.chars().all(|c| c.is_ascii_digit())
    })
}
