//! How a running service is told things on its own machine: SIGHUP, and a socket in the data folder
//! that its own user alone may open.
//!
//! ```text
//! reload          ──▶
//!                 ◀──  done | refused
//!                 ◀──  a line for each key or fault
//! ```
//!
//! One question at a time, each within [`PATIENCE`]; others wait in the system's queue.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream as Connection;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::reload::Reloader;
use crate::settings::Settings;

/// The socket, in the data folder.
const SOCKET: &str = "control.sock";
/// A question has at most so many bytes.
const QUESTION_BYTES: u64 = 64;
/// For a question to come, and for its answer to be taken.
const PATIENCE: Duration = Duration::from_secs(5);
/// An answer is waited for so long: files are read and checked meanwhile.
const ANSWERED_WITHIN: Duration = Duration::from_secs(60);
/// After a connection that could not be taken, before the next.
const PAUSE: Duration = Duration::from_millis(100);

const RELOAD: &str = "reload";
const DONE: &str = "done";
const REFUSED: &str = "refused";

/// Listens for what it is told.
pub struct Control {
    listening: JoinHandle<()>,
    hearing: JoinHandle<()>,
    socket: PathBuf,
}

impl Control {
    /// Listens from now on. Who starts it holds the data folder, so that a socket which is there is
    /// left of a process that was killed.
    pub fn start(data: &Path, reloader: Reloader) -> Result<Control> {
        let socket = data.join(SOCKET);
        let _ = std::fs::remove_file(&socket);
        let listener = UnixListener::bind(&socket)
            .with_context(|| format!("cannot listen on {}", socket.display()))?;
        // The folder is this user's alone, too, while it has any other mode.
        std::fs::set_permissions(&socket, PermissionsExt::from_mode(0o600))?;
        let reloader = Arc::new(Mutex::new(reloader));
        let mut hang_up = signal(SignalKind::hangup())?;
        let of_signal = Arc::clone(&reloader);
        Ok(Control {
            listening: tokio::spawn(listen(listener, reloader)),
            hearing: tokio::spawn(async move {
                while hang_up.recv().await.is_some() {
                    reload(&of_signal).await;
                }
            }),
            socket,
        })
    }

    /// Listens no longer.
    pub fn stop(self) {
        self.listening.abort();
        self.hearing.abort();
        let _ = std::fs::remove_file(&self.socket);
    }
}

async fn listen(listener: UnixListener, reloader: Arc<Mutex<Reloader>>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                if let Err(error) = answer(stream, &reloader).await {
                    tracing::debug!(%error, "a question on the control socket broke off");
                }
            }
            Err(error) => {
                tracing::warn!(%error, "the control socket failed");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn answer(mut stream: UnixStream, reloader: &Arc<Mutex<Reloader>>) -> io::Result<()> {
    let mut question = String::new();
    let (mut reading, mut writing) = stream.split();
    let mut bounded = (&mut reading).take(QUESTION_BYTES);
    timeout(PATIENCE, bounded.read_to_string(&mut question)).await??;
    let lines = match question.trim_end() {
        RELOAD => reload(reloader).await,
        _ => vec![REFUSED.to_owned(), "it is asked for: reload".to_owned()],
    };
    let text = lines.join("\n") + "\n";
    timeout(PATIENCE, writing.write_all(text.as_bytes())).await?
}

/// Reloads, and says in the log and in lines what came of it.
async fn reload(reloader: &Arc<Mutex<Reloader>>) -> Vec<String> {
    let reloader = Arc::clone(reloader);
    let reloaded = tokio::task::spawn_blocking(move || {
        let mut reloader = reloader.lock().unwrap_or_else(PoisonError::into_inner);
        reloader.reload()
    });
    let (word, lines) = match reloaded.await {
        Ok(Ok(reloaded)) => {
            tracing::info!(
                changed = reloaded.changed.join(" "),
                waiting = reloaded.waiting.join(" "),
                "the settings were read again"
            );
            (DONE, reloaded.lines())
        }
        Ok(Err(faults)) => {
            let count = faults.len();
            tracing::warn!(count, "the settings have faults: nothing was changed");
            let faults = faults.iter().map(ToString::to_string);
            (REFUSED, faults.collect())
        }
        Err(error) => {
            tracing::error!(%error, "the settings could not be read again");
            (REFUSED, vec!["it could not; the log says why".to_owned()])
        }
    };
    std::iter::once(word.to_owned()).chain(lines).collect()
}

/// `rotaline reload`: asks the running service, and prints what it says.
pub fn ask_to_reload(settings: &Settings) -> Result<()> {
    let socket = settings.data.join(SOCKET);
    let stream = Connection::connect(&socket).with_context(|| {
        let socket = socket.display();
        format!("no service runs with these settings: {socket} does not answer")
    })?;
    stream.set_read_timeout(Some(ANSWERED_WITHIN))?;
    (&stream).write_all(RELOAD.as_bytes())?;
    stream.shutdown(std::net::Shutdown::Write)?;
    let mut lines = BufReader::new(&stream).lines();
    let word = lines.next().context("the service gave no answer")??;
    let mut said = String::new();
    for line in lines {
        said += &format!("{}\n", line?);
    }
    if word != DONE {
        eprint!("{said}");
        bail!("nothing was changed");
    }
    crate::plan_files::print(&said)
}
