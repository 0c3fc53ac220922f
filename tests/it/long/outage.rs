//! The database is locked for long while calls go on: none is dropped or refused, and all are
//! stored soon after, each once.

use std::time::{Duration, Instant};

use super::audit;
use super::load::{Lanes, Placed};
use crate::lock::{Lock, rows};

const LANES: u16 = 4;
const SHORT: Duration = Duration::from_secs(8);
/// Once the database is back.
const DRAINED_WITHIN: Duration = Duration::from_secs(30);

#[test]
fn outage_of_the_database_loses_no_call_and_drains_within_thirty_seconds() {
    let wanted = super::minutes("ROTALINE_OUTAGE_MINUTES", SHORT);
    let lanes = Lanes::new("outage", LANES);
    let seed = super::seed("outage");
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
    assert_eq!(rows(&file), placed.len() as i64, "rows of the database");
    server.kill(); // what is not stored is not seen by the next one

    let server = lanes.home.serve();
    let cases = audit::cases(&server);
    audit::one_case_a_call(&placed, &cases);
    audit::recordings_verify(&lanes.home, DRAINED_WITHIN);
    println!(
        "figures: outage {:.1} min, {} calls, none dropped or refused, {} unwritten at its end, \
         {} cases stored once, drained in {:.2} s",
        wanted.as_secs_f64() / 60.0,
        placed.len(),
        unwritten.unwrap_or(0.0),
        cases.len(),
        drained.as_secs_f64(),
    );
    server.close(&["database"]);
}
