//! Shared by the benchmarks: CPU time, medians, a table.
//!
//! Figures are CPU time of this process, not wall time, so that a busy machine does not show in
//! them; each is the median of several rounds, and rounds of what is compared take turns.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Rounds of each subject.
const ROUNDS: usize = 15;

/// CPU time that each round of a subject should take at least.
const ROUND_CPU: Duration = Duration::from_millis(20);

/// CPU time that this process has used.
pub fn cpu_time() -> Duration {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = u64::try_from(used.tv_sec).unwrap_or_default();
    let nanoseconds = u32::try_from(used.tv_nsec).unwrap_or_default();
    Duration::new(seconds, nanoseconds)
}

/// One thing to measure.
pub struct Subject<'a> {
    name: &'static str,
    work: Box<dyn FnMut() + 'a>,
}

impl<'a> Subject<'a> {
    /// `work` is done once a call.
    pub fn new(name: &'static str, work: impl FnMut() + 'a) -> Self {
        Self {
            name,
            work: Box::new(work),
        }
    }

    /// How often `work` must be done to fill a round.
    fn calibrate(&mut self) -> u32 {
        let mut times = 1;
        while self.round(times) < ROUND_CPU {
            times *= 2;
        }
        times
    }

    fn round(&mut self, times: u32) -> Duration {
        let begin = cpu_time();
        for _ in 0..times {
            (self.work)();
        }
        cpu_time() - begin
    }
}

/// Measures all subjects in turn and prints their medians; the first is the yardstick's other side,
/// the last is the yardstick. Gives the medians in nanoseconds.
pub fn compare(title: &str, mut subjects: Vec<Subject<'_>>) -> Vec<f64> {
    let times: Vec<u32> = subjects.iter_mut().map(Subject::calibrate).collect();
    let mut rounds: Vec<Vec<f64>> = vec![Vec::new(); subjects.len()];
    for _ in 0..ROUNDS {
        for ((subject, &times), rounds) in subjects.iter_mut().zip(&times).zip(&mut rounds) {
            rounds.push(subject.round(times).as_nanos() as f64 / f64::from(times));
        }
    }
    let medians: Vec<f64> = rounds.into_iter().map(median).collect();
    let yardstick = medians.last().copied().unwrap_or(f64::NAN);
    println!("{title}");
    for (subject, &median) in subjects.iter().zip(&medians) {
        let ratio = yardstick / median;
        println!("  {:<44} {median:>9.0} ns   {ratio:>6.1}x", subject.name);
    }
    medians
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
