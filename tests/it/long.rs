//! What shows only after a long time, or after many ends: a soak, a kill loop, a long outage.
//!
//! Each ends by itself and prints its figures in one line. Without its variable it runs in a form
//! of seconds: `cargo test -p rotaline-tests --test it long::`. `tests/run it` leaves them out,
//! since they keep the disk from the tests beside them, and `tests/run --long` runs them for hours.

pub mod audit;
mod kills;
pub mod load;
pub mod outage;
mod reports;
mod soak;

use std::time::Duration;

/// A number from the environment.
fn wished<T: std::str::FromStr>(variable: &str) -> Option<T> {
    let text = std::env::var(variable).ok()?;
    let number = text.parse();
    Some(number.unwrap_or_else(|_| panic!("{variable}={text}: a number is wanted")))
}

/// How long: so many minutes, or the form of seconds.
fn minutes(variable: &str, short: Duration) -> Duration {
    let minutes: Option<f64> = wished(variable);
    minutes.map_or(short, |minutes| Duration::from_secs_f64(minutes * 60.0))
}

/// Where chance begins: `ROTALINE_SEED`, or another every time; printed, to be given again.
fn seed(what: &str) -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let other = u64::from(now.map_or(0, |since| since.subsec_nanos()));
    let seed = wished("ROTALINE_SEED").unwrap_or(other);
    println!("{what}: ROTALINE_SEED={seed}");
    seed
}
