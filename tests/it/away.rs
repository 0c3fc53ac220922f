//! A start without the database: calls are taken by the copies beside the journal, and what
//! happened is in the database once, as soon as that is back.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::http;
use crate::lock::{Lock, rows};
use crate::long::audit;
use crate::long::load::{Lanes, Placed};
use crate::long::outage;
use crate::party::{Caller, Manner, Phone};
use crate::server::{Home, Server, Wish, wait_until};

const LANES: u16 = 2;
const CALLER_HZ: u16 = 700;
const PHONE_HZ: u16 = 1130;
/// Once the database is back.
const DRAINED_WITHIN: Duration = Duration::from_secs(30);
/// What is journalled is on disk after 20 ms: a call that old has a case.
const LOST_AT_MOST: Duration = Duration::from_secs(1);
/// The journal is written every 20 ms: a call that was younger may have a recording and no case.
const NEVER_OPENED: &str = "their case cannot be had";

#[test]
fn killed_under_load_and_started_without_its_database_calls_go_on_and_are_stored_once() {
    let lanes = Lanes::new("away-at-start", LANES);
    let file = lanes.home.folder.join("data/rotaline.db");
    let server = lanes.home.serve();
    let load = lanes.begin(1);
    wait_until("some calls are over", || closed(&server) > 3);
    let killed = Instant::now();
    server.kill();
    let before = load.end_killed();
    let lock = Lock::of_all(&file);

    let server = lanes.home.serve();
    says_that_it_goes_by_the_copy(&server);
    let load = lanes.begin(2);
    wait_until("calls are seen to be joined and over", || {
        let calls = audit::cases(&server);
        let talks = calls.iter().filter(|it| it["talk_s"].as_f64() > Some(0.0));
        talks.filter(|it| it["closed_at"].is_string()).count() > 2
    });
    let edit = server.put("/api/v1/numbers/1999", r#"{"service":"speaking-clock"}"#);
    assert_ne!(edit.status, 503, "what is faulty is told, database or not");
    let person = server.get("/api/v1/people/person-1").to_string();
    let edit = server.put(
        "/api/v1/people/person-1",
        &person.replace("Person 1", "Person A"),
    );
    assert_eq!(edit.status, 503);
    let problem: Value = serde_json::from_slice(&edit.body).unwrap();
    assert_eq!(problem["code"], "database-away", "{problem}");

    let unwritten = server.metric("rotaline_store_unwritten_cases");
    lock.release();
    let released = Instant::now();
    while server.get("/healthz")["status"] != "ok" || is_away(&server) {
        let health = server.get("/healthz");
        assert!(released.elapsed() < DRAINED_WITHIN, "{health}");
        std::thread::park_timeout(Duration::from_millis(50));
    }
    let after = load.end();
    audit::settled_within(&server, DRAINED_WITHIN);
    let drained = released.elapsed();
    let edit = server.put(
        "/api/v1/people/person-1",
        &person.replace("Person 1", "Person A"),
    );
    assert_eq!(edit.status, 200);
    server.kill(); // what is not stored is not seen by the next one

    let server = lanes.home.serve();
    let cases = audit::cases(&server);
    assert_eq!(
        rows(&file, "cases"),
        cases.len() as i64,
        "rows of the database"
    );
    all_are_there(&before, &after, killed, &cases);
    recorded(&server, &after, &cases);
    audit::recordings_verify(&lanes.home, DRAINED_WITHIN);
    println!(
        "figures: {} calls before the kill, {} without the database, {} unwritten at its end, \
         drained in {:.2} s",
        before.len(),
        after.len(),
        unwritten.unwrap_or(0.0),
        drained.as_secs_f64()
    );
    server.close(&[NEVER_OPENED]);
}

fn closed(server: &Server) -> usize {
    let cases = audit::cases(server);
    cases
        .iter()
        .filter(|case| case["closed_at"].is_string())
        .count()
}

fn is_away(server: &Server) -> bool {
    let gauges = ["rotaline_plan_by_copy", "rotaline_store_database_away"];
    gauges.iter().any(|name| server.metric(name) != Some(0.0))
}

fn says_that_it_goes_by_the_copy(server: &Server) {
    let readiness = http::get(server.http, "/readyz", "").unwrap();
    assert_eq!(readiness.status, 200, "calls are taken");
    let readiness: Value = serde_json::from_slice(&readiness.body).unwrap();
    let health = server.get("/healthz");
    assert_eq!(health["status"], "degraded");
    for told in [&readiness["degraded"], &health["degraded"]] {
        let parts: Vec<&str> = told
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|it| it["part"].as_str())
            .collect();
        assert!(
            parts.contains(&"plan") && parts.contains(&"database"),
            "{told}"
        );
    }
    for gauge in ["rotaline_plan_by_copy", "rotaline_store_database_away"] {
        assert_eq!(server.metric(gauge), Some(1.0), "{gauge}");
    }
    let log = fs::read_to_string(server.log()).unwrap();
    assert!(
        log.contains("WARN") && log.contains("started without the database"),
        "{log}"
    );
}

/// Every call has its case, once: those that the kill found in their first moment need not.
fn all_are_there(before: &[Placed], after: &[Placed], killed: Instant, cases: &[Value]) {
    for call in before.iter().chain(after) {
        let key = audit::key_of_call(call);
        let own: Vec<&Value> = cases
            .iter()
            .filter(|case| audit::key_of_case(case) == key)
            .collect();
        let young = killed.saturating_duration_since(call.answered) < LOST_AT_MOST;
        let may_be_lost = young && call.answered < killed && call.ended.is_none();
        assert!(
            own.len() == 1 || (may_be_lost && own.is_empty()),
            "{call:?}: {own:?}"
        );
        assert!(
            own.iter().all(|case| case["closed_at"].is_string()),
            "{own:?}"
        );
    }
    let most = before.len() + after.len() + usize::from(LANES);
    assert!(
        cases.len() <= most,
        "{} cases of {most} calls at most",
        cases.len()
    );
}

/// One of the calls without the database was hunted, joined and recorded.
fn recorded(server: &Server, after: &[Placed], cases: &[Value]) {
    let keys: Vec<_> = after.iter().map(audit::key_of_call).collect();
    let joined = cases.iter().find(|case| {
        let talked = case["refs"].as_u64() > Some(0) && case["talk_s"].as_f64() > Some(0.0);
        talked && keys.contains(&audit::key_of_case(case))
    });
    let id = joined.expect("a hunt that joined")["id"].as_str().unwrap();
    wait_until("its recording is there", || {
        let path = format!("/api/v1/calls/{id}/recording.wav");
        http::get(server.http, &path, &server.token).is_ok_and(|answer| answer.status == 200)
    });
}

#[test]
fn locked_for_some_seconds_under_load_no_call_is_refused_and_each_is_stored_once() {
    outage::outage("away-for-seconds", LANES, Duration::from_secs(9));
}

#[test]
fn stopped_in_order_before_its_database_came_the_next_start_stores_the_call() {
    let home = Home::new("away-until-stopped", &Wish::default());
    home.serve().close(&[]);
    let lock = Lock::of_all(&home.folder.join("data/rotaline.db"));
    let server = home.serve();
    one_call(&home, &server);
    server.close(&[]);
    lock.release();
    let server = home.serve();
    assert_eq!(server.only_case()["end_cause"], "caller_hung_up");
    server.close(&[]);
}

#[test]
fn started_while_another_program_writes_a_call_is_taken_and_stored_once_it_may() {
    let home = Home::new("away-to-write", &Wish::default());
    home.serve().close(&[]);
    let file = home.folder.join("data/rotaline.db");
    let lock = Lock::of_writers(&file);
    let server = home.serve();
    one_call(&home, &server);
    assert_eq!(rows(&file, "cases"), 0);
    lock.release();
    wait_until("it is stored", || rows(&file, "cases") == 1);
    server.kill();
    let server = home.serve();
    assert_eq!(server.only_case()["end_cause"], "caller_hung_up");
    server.close(&[]);
}

fn one_call(home: &Home, server: &Server) {
    let phone = Phone::at(home.phone, PHONE_HZ, Manner::Answers);
    let mut caller = Caller::new(home.sip_address(), "1000", CALLER_HZ);
    assert_eq!(caller.call().status(), 200);
    wait_until("they hear each other", || {
        caller.voice.hears(PHONE_HZ) && phone.voice.hears(CALLER_HZ)
    });
    assert_eq!(caller.hang_up().status(), 200);
    wait_until("its case is seen", || closed(server) == 1);
}

#[test]
fn a_first_start_without_the_database_fails_and_says_why() {
    let home = Home::new("away-at-first", &Wish::default());
    let file = home.folder.join("data/rotaline.db");
    fs::create_dir_all(&file).unwrap(); // a folder in its place: it cannot be opened
    let said = home.fails_to_serve();
    assert!(
        said.contains("there is no plan to answer calls by"),
        "{said}"
    );
    assert!(said.contains("rotaline.db cannot be opened"), "{said}");
}

#[test]
fn a_damaged_database_is_called_so_and_calls_go_on_until_a_backup_is_in_its_place() {
    let home = Home::new("damaged", &Wish::default());
    home.serve().close(&[]);
    let file = home.folder.join("data/rotaline.db");
    let backup = fs::read(&file).unwrap();
    fs::write(&file, "no database".repeat(1000)).unwrap();
    let server = home.serve();
    says_that_it_goes_by_the_copy(&server);
    let health = server.get("/healthz");
    assert!(
        health["degraded"].to_string().contains("is damaged"),
        "{health}"
    );
    let next = file.with_extension("next");
    fs::write(&next, backup).unwrap();
    fs::rename(next, file).unwrap();
    wait_until("it goes by the database", || {
        server.get("/healthz")["status"] == "ok" && !is_away(&server)
    });
    server.close(&["the database is damaged"]);
}
