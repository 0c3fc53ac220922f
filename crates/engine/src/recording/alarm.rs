//! A fault that may come a thousand times a second: every one is counted, few are logged.

use std::fmt::Display;
use std::time::Duration;

use metrics::Counter;
use rotaline_model::Mono;

/// Least time between two log lines of one alarm.
const LOG_INTERVAL: Duration = Duration::from_secs(10);

/// One kind of fault.
pub(crate) struct Alarm {
    name: &'static str,
    counter: Counter,
    last_logged: Option<Mono>,
    unlogged: u64,
}

impl Alarm {
    /// Counts as the metric `rotaline_<name>`.
    pub(crate) fn new(name: &'static str) -> Self {
        Alarm {
            name,
            counter: metrics::counter!(format!("rotaline_{name}_total")),
            last_logged: None,
            unlogged: 0,
        }
    }

    /// It happened.
    pub(crate) fn raise(&mut self, now: Mono, why: &dyn Display) {
        self.raise_many(now, 1, why);
    }

    /// It happened so many times.
    pub(crate) fn raise_many(&mut self, now: Mono, times: u64, why: &dyn Display) {
        self.counter.increment(times);
        self.unlogged += times;
        let quiet = self
            .last_logged
            .is_some_and(|last| now.since(last) < LOG_INTERVAL);
        if !quiet {
            tracing::error!(alarm = self.name, times = self.unlogged, why = %why, "data at risk");
            self.last_logged = Some(now);
            self.unlogged = 0;
        }
    }
}

impl std::fmt::Debug for Alarm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Alarm").field(&self.name).finish()
    }
}
