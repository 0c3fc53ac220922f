//! The plan is edited while the service runs, and outlives it.

use crate::party::{Caller, Manner, Phone};
use crate::server::{Home, Wish, wait_until};

const CALLER_HZ: u16 = 700;
const PHONE_HZ: u16 = 1130;

#[test]
fn an_edit_holds_for_the_next_call_and_after_a_restart() {
    let home = Home::new("edits", &Wish::default());
    let server = home.serve();
    let wrong = server.put(
        "/api/v1/numbers/1000",
        r#"{"service":"direct","to":"nobody"}"#,
    );
    assert_eq!(wrong.status, 422);
    // The line rings nobody's port now; then it is put right while the service runs.
    let port = home.phone + 1;
    let line = format!(
        r#"{{"service":"direct","to":"sip:line@127.0.0.1:{port}","answer":"on-arrival",
            "acceptance":"direct-line"}}"#
    );
    assert_eq!(server.put("/api/v1/numbers/1000", &line).status, 200);
    let phone = Phone::at(port, PHONE_HZ, Manner::Answers);
    let mut caller = Caller::new(home.sip_address(), "1000", CALLER_HZ);
    assert_eq!(caller.call().status(), 200);
    wait_until("they hear each other", || {
        caller.voice.hears(PHONE_HZ) && phone.voice.hears(CALLER_HZ)
    });
    assert_eq!(caller.hang_up().status(), 200);
    server.close(&[]);

    let server = home.serve();
    let kept = server.get("/api/v1/numbers/1000");
    assert_eq!(kept["to"], format!("sip:line@127.0.0.1:{port}"));
    server.close(&[]);
}

#[test]
fn a_week_without_anybody_rings_nobody_until_it_is_as_usual_again() {
    let home = Home::new("rota-edits", &Wish::default());
    let server = home.serve();
    let phone = Phone::at(home.phone, PHONE_HZ, Manner::Rings);
    // Whatever day it is where the team is: yesterday's and tomorrow's week too.
    let today = jiff::tz::TimeZone::UTC
        .to_datetime(jiff::Timestamp::now())
        .date();
    let days = [today.yesterday().unwrap(), today.tomorrow().unwrap()];
    let weeks = days.map(|day| format!("/api/v1/rotas/cardiology/weeks/{day}"));
    for week in &weeks {
        assert_eq!(server.put(week, r#"{"people":[]}"#).status, 200);
    }
    let mut caller = Caller::new(home.sip_address(), "02079460002", CALLER_HZ);
    assert_eq!(caller.call().status(), 200);
    wait_until("the hunt has begun", || {
        server.get("/api/v1/calls")["calls"][0]["specialty"] == "cardiology"
    });
    caller.hang_up();
    wait_until("the case is closed", || {
        server.only_case()["closed_at"].is_string()
    });
    assert_eq!(phone.invited(), 0);

    let first = server.send("DELETE", &weeks[0], "", "");
    assert_eq!(first.status, 200);
    // The same week again, unless today is its edge.
    server.send("DELETE", &weeks[1], "", "");
    let mut caller = Caller::new(home.sip_address(), "02079460002", CALLER_HZ);
    assert_eq!(caller.call().status(), 200);
    wait_until("the phone rings", || phone.invited() == 1);
    caller.hang_up();
    wait_until("the call is over", || {
        server.get("/api/v1/calls")["calls"][0]["closed_at"].is_string()
    });
    server.close(&[]);
}
