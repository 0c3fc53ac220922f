//! Mixed calls for a long time: what the process holds when it is idle does not grow.
//!
//! The time is cut into ten parts. After each the callers pause until nothing is up, so that each
//! sample is of the same state; the first tenth is for what is made once.

use std::time::{Duration, Instant};

use super::audit::{self, Journalled};
use super::load::Lanes;
use crate::server::Server;

const LANES: u16 = 4;
const TENTHS: u32 = 10;
const SHORT: Duration = Duration::from_secs(15);
const SETTLED_WITHIN: Duration = Duration::from_secs(60);
/// What stays of a call for good: the name of each of its recordings.
const KB_A_CALL: f64 = 1.0;
/// Pages that the database's connections keep, 2 MB each at most, and what an allocator keeps.
const KB_OF_NOISE: f64 = 12_288.0;
/// Connections of the database's pool, files and all.
const FILES_OF_NOISE: usize = 6;

/// What the idle process holds.
#[derive(Clone, Copy, Debug)]
struct Sample {
    resident_kb: f64,
    files: usize,
    calls: usize,
}

#[test]
fn soak_under_mixed_calls_memory_and_files_stay_and_every_case_is_closed() {
    let wanted = super::minutes("ROTALINE_SOAK_MINUTES", SHORT);
    let lanes = Lanes::new("soak", LANES);
    let seed = super::seed("soak");
    let server = lanes.home.serve();
    let began = Instant::now();
    let mut placed = Vec::new();
    let mut samples = Vec::new();
    for tenth in 1..=TENTHS {
        let load = lanes.begin(seed ^ u64::from(tenth));
        while began.elapsed() < wanted * tenth / TENTHS {
            std::thread::park_timeout(Duration::from_millis(200));
        }
        placed.extend(load.end());
        audit::settled_within(&server, SETTLED_WITHIN);
        samples.push(sample(&server, placed.len()));
    }
    no_growth(&samples);
    let cases = audit::cases(&server);
    audit::one_case_a_call(&placed, &cases);
    let wrong = ["fault", "interrupted", "line_dead", "overloaded"];
    for case in &cases {
        assert!(case["closed_at"].is_string(), "{case}");
        let cause = case["end_cause"].as_str().expect("a cause");
        assert!(!wrong.contains(&cause), "{case}");
    }
    let mut journal = Journalled::default();
    journal.read(&lanes.home);
    journal.closed_once(&cases);
    let recordings = audit::recordings_verify(&lanes.home, SETTLED_WITHIN);
    assert!(recordings.len() >= cases.len(), "every call is recorded");
    audit::all_playable(&lanes.home, &mut Default::default());
    let (first, last) = (samples[0], samples[samples.len() - 1]);
    println!(
        "figures: soak {:.1} min, {} calls, all closed, {} recordings verified, resident \
         {:.0} kB after a tenth and {:.0} at the end, files {} and {}",
        began.elapsed().as_secs_f64() / 60.0,
        cases.len(),
        recordings.len(),
        first.resident_kb,
        last.resident_kb,
        first.files,
        last.files,
    );
    server.close(&[]);
}

fn sample(server: &Server, calls: usize) -> Sample {
    let sample = Sample {
        resident_kb: server.resident_kb() as f64,
        files: server.open_files(),
        calls,
    };
    println!("soak: {sample:?}");
    sample
}

fn no_growth(samples: &[Sample]) {
    let first = samples[0];
    for sample in samples {
        let calls = (sample.calls - first.calls) as f64;
        let most_kb = first.resident_kb + KB_OF_NOISE + calls * KB_A_CALL;
        assert!(
            sample.resident_kb < most_kb,
            "more than {most_kb} kB: {samples:?}"
        );
        let most_files = first.files + FILES_OF_NOISE;
        assert!(
            sample.files <= most_files,
            "more than {most_files} files: {samples:?}"
        );
    }
}

#[test]
fn soak_samples_that_grow_are_seen() {
    let sample = |resident_kb, files, calls| Sample {
        resident_kb,
        files,
        calls,
    };
    let first = sample(40_000.0, 60, 100);
    no_growth(&[first, sample(41_000.0, 62, 1000)]);
    let seen = |last| std::panic::catch_unwind(|| no_growth(&[first, last])).is_err();
    assert!(seen(sample(60_000.0, 60, 1000)));
    assert!(seen(sample(40_000.0, 80, 1000)));
}
