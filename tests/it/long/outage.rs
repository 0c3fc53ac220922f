//! The database is locked for long while calls go on: none is dropped or refused, and all are
//! stored within 30 s after it, each once. `away` has it for some seconds, as part of `tests/run`.

use std::time::{Duration, Instant};

use super::audit;
use super::load::{Lanes, Placed};
use crate::lock::{Lock, rows};

const LANES: u16 = 8;
const SHORT: Duration = Duration::from_secs(8);
/// Once the database is back.
const DRAINED_WITHIN: Duration = Duration::from_secs(30);

#[test]
fn outage_of_the_database_loses_no_call_and_drains_within_thirty_seconds() {
    outage(
        "outage",
        LANES,
        super::minutes("ROTALINE_OUTAGE_MINUTES", SHORT),
    );
}

/// Locks the database for so long while so many callers place one call after the other.
pub fn outage(name: &str, lanes: u16, wanted: Duration) {
    let lanes = Lanes::new(name, lanes);
    let seed = super::seed(name);
    let server = lanes.home.serve();
    let file = lanes.home.folder.join("data/rotaline.db");
    let lock = Lock::of_writers(&file);
    let began = Instant::now();
    let load = lanes.begin(seed);
    let mut away = false;
    while began.elapsed() < wanted {
        std::thread::park_timeout(Duration::from_millis(200));
        away |= server.metric("rotaline_store_database_away") == Some(1.0);
    }
    assert!(away, "the outage is seen");
    let unwritten = server.metric("rotaline_store_unwritten_cases");
    let away_for = began.elapsed().as_secs_f64();
    // The callers go on while it drains, as they would.
    lock.release();
    let released = Instant::now();
    while server.metric("rotaline_store_database_away") != Some(0.0) {
        assert!(
            released.elapsed() < DRAINED_WITHIN,
            "{}",
            server.get("/healthz")
        );
        std::thread::park_timeout(Duration::from_millis(50));
    }
    let placed: Vec<Placed> = load.end();
    audit::settled_within(&server, DRAINED_WITHIN);
    let drained = released.elapsed();
    assert!(drained < DRAINED_WITHIN, "drained in {drained:?}");
    assert_eq!(server.metric("rotaline_journal_dropped_total"), Some(0.0));
    audit::one_case_a_call(&placed, &audit::cases(&server));
    for table in ["cases", "report_calls"] {
        assert_eq!(rows(&file, table), placed.len() as i64, "rows of {table}");
    }
    server.kill(); // what is not stored is not seen by the next one

    let server = lanes.home.serve();
    let cases = audit::cases(&server);
    audit::one_case_a_call(&placed, &cases);
    audit::recordings_verify(&lanes.home, DRAINED_WITHIN);
    println!(
        "figures: outage {away_for:.0} s, {} calls at {:.1}/s, none dropped or refused, {} \
         unwritten at its end, {} cases stored once, drained in {:.2} s",
        placed.len(),
        placed.len() as f64 / away_for,
        unwritten.unwrap_or(0.0),
        cases.len(),
        drained.as_secs_f64(),
    );
    server.close(&["database"]);
}
