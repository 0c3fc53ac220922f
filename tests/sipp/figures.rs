//! A few scenarios many times over, on servers of their own: median and 99th percentile of every
//! delay. Asked for by `ROTALINE_CALLS=200`, since it takes minutes (`tests/run --long`).

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{Result, bail};

use crate::delays::Delays;
use crate::scenario::Scenario;
use crate::{AT_A_TIME, House, run};

/// The calls that are measured: one key chooses, one key accepts; phones refuse; callers hang up.
pub const SCENARIOS: [&str; 5] = [
    "accepted-by-the-first",
    "two-passes-on",
    "nobody-accepts",
    "caller-leaves-while-ringing",
    "caller-leaves-in-whisper",
];

/// How many calls are asked for; none: no figures.
pub fn calls() -> Option<usize> {
    std::env::var("ROTALINE_CALLS").ok()?.parse().ok()
}

/// Plays a scenario's calls, a few at a time, and prints what they took; an error lists those that
/// failed.
pub fn measure(house: &House, scenario: &Scenario, calls: usize) -> Result<()> {
    let (next, results) = (AtomicUsize::new(1), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number > calls {
                        return;
                    }
                    let played = run::call(house, &scenario.numbered(number));
                    results
                        .lock()
                        .unwrap_or_else(|poisoned| poisoned.into_inner())
                        .push(played);
                }
            });
        }
    });
    let results = results
        .into_inner()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    let (played, failed): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    println!("{}", scenario.name);
    print(&played.into_iter().flatten().collect::<Vec<_>>());
    let failed: Vec<String> = failed
        .into_iter()
        .filter_map(Result::err)
        .map(|error| format!("\n{error:#}"))
        .collect();
    if failed.is_empty() {
        Ok(())
    } else {
        bail!("{} of {calls}: {}", failed.len(), failed.concat())
    }
}

fn print(calls: &[Delays]) {
    let mut names: Vec<&str> = calls.iter().flat_map(Delays::names).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let mut values: Vec<f64> = calls.iter().flat_map(|delays| delays.of(name)).collect();
        values.sort_by(f64::total_cmp);
        let percentile =
            |percent: usize| values[(values.len() * percent / 100).min(values.len() - 1)];
        let (median, p99, count) = (percentile(50), percentile(99), values.len());
        println!("  {name:<24} median {median:6.1} ms, p99 {p99:6.1} ms of {count}");
    }
}
