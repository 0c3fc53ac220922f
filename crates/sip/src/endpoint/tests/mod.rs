//! Endpoints on a virtual wire and a virtual clock, and one endpoint against hand-written text.

mod bounds;
mod calling;
mod calls;
mod debts;
mod hostile;
mod in_dialog;
mod pair;
mod peers;
mod refusals;
mod solo;
mod text;
mod trouble;

use std::net::SocketAddr;
use std::time::Duration;

use crate::boundary::{Config, TimerConfig};

/// The usual timers: T1 500 ms, T2 4 s, T4 5 s.
pub(super) const TIMERS: TimerConfig = TimerConfig {
    t1: Duration::from_millis(500),
    t2: Duration::from_secs(4),
    t4: Duration::from_secs(5),
};

pub(super) fn config(advertised: SocketAddr) -> Config {
    Config {
        advertised,
        product: "Test".to_owned(),
        timers: TIMERS,
        max_sessions: 100,
        max_transactions: 1000,
        peers: Vec::new(),
    }
}
