//! The log: to standard error, a line of text or of JSON an event. RUST_LOG overrides its level.
//!
//! A thread of its own writes it, so that whoever reads it, or does not, holds no call. What waits
//! for it is bounded; at the bound the newest lines are dropped, and counted.
//!
//! Whoever logs a value sees to it that it is nobody's; `tests/it/privacy.rs` looks. A panic is
//! logged here with its place and, if it is a constant, its text: anything else in a panic may
//! hold what a caller has sent.

#[cfg(test)]
mod tests;

use std::io;
use std::panic::PanicHookInfo;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};
use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Layered, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt, reload};

/// How much is logged, and in which form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogSettings {
    /// The least important events that are logged.
    pub level: Level,
    /// How a line looks.
    pub format: Format,
}

/// Least important events that are logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Broken.
    Error,
    /// Look today.
    Warn,
    /// Milestones.
    Info,
    /// What was not as usual.
    Debug,
    /// Everything.
    Trace,
}

/// How a line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// For people.
    Text,
    /// For programs: an object a line.
    Json,
}

impl Default for LogSettings {
    fn default() -> Self {
        LogSettings {
            level: Level::Info,
            format: Format::Text,
        }
    }
}

impl Level {
    fn filter(self) -> EnvFilter {
        let level = match self {
            Level::Error => LevelFilter::ERROR,
            Level::Warn => LevelFilter::WARN,
            Level::Info => LevelFilter::INFO,
            Level::Debug => LevelFilter::DEBUG,
            Level::Trace => LevelFilter::TRACE,
        };
        let from_environment = EnvFilter::try_from_default_env();
        from_environment.unwrap_or_else(|_| EnvFilter::default().add_directive(level.into()))
    }
}

/// Changes what is logged from now on; RUST_LOG goes on to override it.
pub fn set_level(level: Level) {
    // It fails only if the log is gone.
    if let Some(filter) = FILTER.get() {
        let _ = filter.reload(level.filter());
    }
}

/// Lines that wait for whoever reads the log, about a megabyte; beyond, the newest are dropped.
const LINES: usize = 4096;

static FILTER: OnceLock<reload::Handle<EnvFilter, Registry>> = OnceLock::new();

static DROPPED: OnceLock<ErrorCounter> = OnceLock::new();

/// The log, running. Dropped, it writes what waits, for a second at most: to be held until the
/// program ends.
#[must_use]
pub struct Log {
    _writer: WorkerGuard,
}

/// Starts the log; a second start changes nothing.
pub fn start(settings: LogSettings) -> Log {
    let (lines, writer) = lossy(io::stderr());
    let dropped = lines.error_counter();
    let (filter, handle) = reload::Layer::new(settings.level.filter());
    let filtered = tracing_subscriber::registry().with(filter);
    if filtered
        .with(layer(settings.format, lines))
        .try_init()
        .is_ok()
    {
        let _ = DROPPED.set(dropped);
        let _ = FILTER.set(handle);
        std::panic::set_hook(Box::new(log_panic));
    }
    Log { _writer: writer }
}

/// Lines that were dropped so far, since nobody read the log fast enough.
pub fn lines_dropped() -> u64 {
    let dropped = DROPPED.get().map_or(0, ErrorCounter::dropped_lines);
    u64::try_from(dropped).unwrap_or(u64::MAX)
}

fn lossy(out: impl io::Write + Send + 'static) -> (NonBlocking, WorkerGuard) {
    NonBlockingBuilder::default()
        .buffered_lines_limit(LINES)
        .lossy(true)
        .thread_name("log")
        .finish(out)
}

type Filtered = Layered<reload::Layer<EnvFilter, Registry>, Registry>;

fn layer(format: Format, lines: NonBlocking) -> Box<dyn Layer<Filtered> + Send + Sync> {
    match format {
        Format::Text => fmt::layer().with_writer(lines).boxed(),
        Format::Json => fmt::layer()
            .json()
            .flatten_event(true)
            .with_writer(lines)
            .boxed(),
    }
}

fn log_panic(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string);
    let text = panic.payload().downcast_ref::<&'static str>();
    let thread = std::thread::current();
    tracing::error!(
        place = place.unwrap_or_default(),
        text = text.copied().unwrap_or("not constant, so not logged"),
        thread = thread.name().unwrap_or_default(),
        "a panic: a bug in the service"
    );
}
