//! The log: to standard error, INFO unless RUST_LOG says otherwise.

use tracing_subscriber::EnvFilter;

/// Starts the log; a second start changes nothing.
pub fn start(default_level: &str) {
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default_level));
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .try_init();
}
