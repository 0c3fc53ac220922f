//! What the process itself takes, as the system tells (proc(5)); under the names that every
//! Prometheus client has for it.

use std::fs;
use std::io;

/// Sets the process's metrics. What the system does not tell stays as it was.
pub fn show() {
    if let Ok(stat) = stat() {
        metrics::counter!("process_cpu_seconds_total").absolute(stat.cpu_ticks / TICKS);
        let started = boot_seconds().unwrap_or(0) + stat.start_ticks / TICKS;
        metrics::gauge!("process_start_time_seconds").set(started as f64);
        let bytes = stat.resident_pages * PAGE_BYTES;
        metrics::gauge!("process_resident_memory_bytes").set(bytes as f64);
    }
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        metrics::gauge!("process_open_fds").set(open.count() as f64);
    }
    if let Some(most) = most_files() {
        metrics::gauge!("process_max_fds").set(most as f64);
    }
}

/// USER_HZ: 100 on every Linux that we run on.
const TICKS: u64 = 100;
const PAGE_BYTES: u64 = 4096;

struct Stat {
    cpu_ticks: u64,
    start_ticks: u64,
    resident_pages: u64,
}

fn stat() -> io::Result<Stat> {
    let text = fs::read_to_string("/proc/self/stat")?;
    // The name of the program, in brackets, may hold anything.
    let rest = text.rsplit_once(") ").map_or("", |(_, rest)| rest);
    let fields: Vec<u64> = rest
        .split(' ')
        .map(|field| field.parse().unwrap_or(0))
        .collect();
    // proc(5) numbers the state after the name 3.
    let field = |number: usize| fields.get(number - 3).copied().unwrap_or(0);
    Ok(Stat {
        cpu_ticks: field(14) + field(15),
        start_ticks: field(22),
        resident_pages: field(24),
    })
}

fn boot_seconds() -> Option<u64> {
    let text = fs::read_to_string("/proc/stat").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("btime "))?;
    line.trim().parse().ok()
}

fn most_files() -> Option<u64> {
    let text = fs::read_to_string("/proc/self/limits").ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}
