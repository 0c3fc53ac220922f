//! Told to stop, refused a start, and without its database.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::time::Duration;

use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

use crate::http;
use crate::party::{Caller, Manner, Phone};
use crate::server::{Home, LIMIT, Server, Wish, wait_until};

const CALLER_HZ: u16 = 700;
const PHONE_HZ: u16 = 1130;
/// What a BYE's answer is kept for (RFC 3261, Timer J: 32 s), and the end of everything.
const LAST_TRANSACTION: Duration = Duration::from_secs(45);

#[test]
fn sigterm_lets_a_call_go_on_refuses_the_next_and_ends_with_the_last() {
    let home = Home::new("sigterm", &Wish::default());
    let mut server = home.serve();
    let phone = Phone::at(home.phone, PHONE_HZ, Manner::Answers);
    let mut caller = Caller::new(home.sip_address(), "1000", CALLER_HZ);
    assert_eq!(caller.call().status(), 200);
    wait_until("they hear each other", || caller.voice.hears(PHONE_HZ));

    server.terminate();
    let mut refused = None;
    wait_until("a new call is refused", || {
        // The menu, which rings nobody: this one may still be let in, and the phone is taken.
        let mut next = Caller::new(home.sip_address(), "02079460001", CALLER_HZ);
        let answer = next.call();
        if answer.status() == 200 {
            next.hang_up();
        }
        let is_503 = answer.status() == 503;
        refused = is_503.then_some(answer);
        is_503
    });
    let refused = refused.expect("it was refused");
    let seconds = refused
        .header("Retry-After")
        .and_then(|text| text.parse::<u32>().ok());
    assert!(seconds.is_some_and(|seconds| seconds > 0), "{refused:?}");

    let before = caller.voice.packets();
    wait_until("the call goes on", || caller.voice.packets() > before + 50);
    wait_until("they still hear each other", || {
        caller.voice.hears(PHONE_HZ) && phone.voice.hears(CALLER_HZ)
    });
    assert!(server.runs());
    assert_eq!(caller.hang_up().status(), 200);
    let status = server
        .ended_within(LAST_TRANSACTION)
        .expect("it ends with its last call");
    assert_eq!(status.code(), Some(0));
    server.check_log(&[]);

    let server = home.serve();
    let list = server.get("/api/v1/calls");
    let first = list["calls"].as_array().and_then(|calls| calls.last());
    assert_eq!(first.expect("a call")["end_cause"], "caller_hung_up");
    server.close(&[]);
}

#[test]
fn told_twice_it_ends_the_call_that_is_up_and_keeps_its_record() {
    let home = Home::new("sigterm-twice", &Wish::default());
    let mut server = home.serve();
    let phone = Phone::at(home.phone, PHONE_HZ, Manner::Answers);
    let mut caller = Caller::new(home.sip_address(), "1000", CALLER_HZ);
    assert_eq!(caller.call().status(), 200);
    wait_until("they hear each other", || caller.voice.hears(PHONE_HZ));
    server.terminate();
    assert!(
        server.ended_within(Duration::from_millis(500)).is_none(),
        "the call is cut"
    );
    server.terminate();
    ends_with_a_reason(&home, &mut server, &caller, &phone);
}

#[test]
fn calls_that_go_on_for_longer_than_it_may_drain_are_ended_with_a_reason_and_kept() {
    let home = Home::new("drain-is-over", &Wish::default());
    let settings = home.folder.join("rotaline.toml");
    let mut text = fs::read_to_string(&settings).unwrap();
    text += "drain_s = 1\n"; // `[limits]` is the last
    fs::write(settings, text).unwrap();
    let mut server = home.serve();
    let phone = Phone::at(home.phone, PHONE_HZ, Manner::Answers);
    let mut caller = Caller::new(home.sip_address(), "1000", CALLER_HZ);
    assert_eq!(caller.call().status(), 200);
    wait_until("they hear each other", || caller.voice.hears(PHONE_HZ));
    let readiness = || http::get(server.http, "/readyz", "").unwrap();
    assert_eq!(readiness().status, 200);
    server.terminate();
    let mut why = serde_json::Value::Null;
    wait_until("it says that it is not ready, and why", || {
        let answer = readiness();
        why = serde_json::from_slice(&answer.body).unwrap();
        answer.status == 503
    });
    assert_eq!(why["why"][0]["part"], "stopping", "{why}");
    assert_eq!(why["ready"], false);
    ends_with_a_reason(&home, &mut server, &caller, &phone);
}

/// Both phones get BYE with a reason (RFC 3326), and record and recording are whole.
fn ends_with_a_reason(home: &Home, server: &mut Server, caller: &Caller, phone: &Phone) {
    let bye = caller.bye_within(LIMIT).expect("a BYE");
    let reason = bye.header("Reason");
    assert_eq!(reason, Some("Q.850;cause=41;text=\"Service stopping\""));
    wait_until("the called phone gets its BYE", || phone.ended() == 1);
    let status = server
        .ended_within(Duration::from_secs(10))
        .expect("it ends");
    assert_eq!(status.code(), Some(0));
    server.check_log(&[]);

    let server = home.serve();
    let case = server.only_case();
    assert!(case["closed_at"].is_string(), "{case}");
    assert_eq!(case["end_cause"], "interrupted", "{case}");
    assert_eq!(case["calls"][0]["end_cause"], "interrupted", "{case}");
    wait_until("its recording is there", || {
        let path = format!(
            "/api/v1/calls/{}/recording.wav",
            case["id"].as_str().unwrap()
        );
        http::get(server.http, &path, &server.token).is_ok_and(|answer| answer.status == 200)
    });
    server.close(&[]);
}

#[test]
fn a_second_process_on_the_same_data_is_refused_and_the_first_goes_on() {
    let home = Home::new("second-process", &Wish::default());
    let server = home.serve();
    let second = Home::new("second-process-2", &Wish::default());
    let settings = std::fs::read_to_string(second.folder.join("rotaline.toml")).unwrap();
    let data = home.folder.join("data");
    let settings = settings.replace("data = \"data\"", &format!("data = {data:?}"));
    std::fs::write(second.folder.join("rotaline.toml"), settings).unwrap();
    let said = second.fails_to_serve();
    assert!(said.contains("another process"), "{said}");

    let _phone = Phone::at(home.phone, PHONE_HZ, Manner::Answers);
    let mut caller = Caller::new(home.sip_address(), "1000", CALLER_HZ);
    assert_eq!(caller.call().status(), 200);
    assert_eq!(caller.hang_up().status(), 200);
    server.close(&[]);
}

#[test]
fn a_port_in_use_is_named() {
    let home = Home::new("port-in-use", &Wish::default());
    let sip = UdpSocket::bind((Ipv4Addr::LOCALHOST, home.sip)).unwrap();
    let said = home.fails_to_serve();
    let address = format!("127.0.0.1:{}", home.sip);
    assert!(
        said.contains(&format!("cannot listen for SIP on {address}")),
        "{said}"
    );
    assert!(said.contains("in use"), "{said}");
    drop(sip);

    let home = Home::new("http-port-in-use", &Wish::default());
    let http = TcpListener::bind((Ipv4Addr::LOCALHOST, home.http)).unwrap();
    let said = home.fails_to_serve();
    let address = format!("127.0.0.1:{}", home.http);
    assert!(
        said.contains(&format!("cannot listen for HTTP on {address}")),
        "{said}"
    );
    drop(http);
    home.serve().close(&[]);
}

#[test]
fn without_its_database_calls_go_through_and_are_stored_once_it_is_back() {
    let home = Home::new("database-away", &Wish::default());
    let server = home.serve();
    let _phone = Phone::at(home.phone, PHONE_HZ, Manner::Answers);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let file = home.folder.join("data/rotaline.db");
    let options = SqliteConnectOptions::new().filename(&file);
    let mut lock = runtime
        .block_on(SqliteConnection::connect_with(&options))
        .unwrap();
    // Whoever holds this keeps every other writer out, as a full or frozen disk does.
    runtime
        .block_on(sqlx::query("BEGIN EXCLUSIVE").execute(&mut lock))
        .unwrap();

    let mut caller = Caller::new(home.sip_address(), "1000", CALLER_HZ);
    assert_eq!(caller.call().status(), 200);
    wait_until("they hear each other", || caller.voice.hears(PHONE_HZ));
    assert_eq!(caller.hang_up().status(), 200);
    wait_until("the call is seen, though not stored", || {
        let list = server.get("/api/v1/calls");
        list["calls"][0]["closed_at"].is_string()
    });
    wait_until("health tells of it", || {
        server.get("/healthz")["status"] == "degraded"
    });

    runtime
        .block_on(sqlx::query("COMMIT").execute(&mut lock))
        .unwrap();
    runtime.block_on(lock.close()).unwrap();
    wait_until("health is back", || {
        server.get("/healthz")["status"] == "ok"
    });
    assert_eq!(server.metric("rotaline_store_unwritten_cases"), Some(0.0));
    server.kill(); // what is not stored is not seen by the next one

    let server = home.serve();
    assert_eq!(server.only_case()["end_cause"], "caller_hung_up");
    server.close(&["database"]);
}
