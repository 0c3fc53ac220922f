//! In which order people are rung goes on where it was after a restart (SERVICE 1.6): what calls
//! did to them before is read again.

use serde_json::{Value, json};

use crate::party::{Caller, Manner, Phone};
use crate::server::{Home, Server, Wish, wait_until};

const CALLER_HZ: u16 = 700;
const PHONE_HZ: u16 = 1130;
const CARDIOLOGY: &str = "02079460002";

/// Calls, and has who was rung first accept: the attempt.
fn first_who_takes_it(home: &Home, server: &Server, phone: &Phone) -> Value {
    let before = server.cases().len();
    let mut caller = Caller::new(home.sip_address(), CARDIOLOGY, CALLER_HZ);
    assert_eq!(caller.call().status(), 200);
    wait_until("they hear each other once it is accepted", || {
        phone.voice.key("1");
        caller.voice.hears(PHONE_HZ) && phone.voice.hears(CALLER_HZ)
    });
    caller.hang_up();
    phone.hang_up();
    let all_closed = || {
        let cases = server.cases();
        cases.len() > before && cases.iter().all(|case| case["closed_at"].is_string())
    };
    wait_until("the case is closed", all_closed);
    server.cases()[0]["attempts"][0].clone()
}

#[test]
fn a_fair_share_of_today_is_fair_across_a_restart() {
    let home = Home::new("orders", &Wish::default());
    let server = home.serve();
    let to = format!("sip:bea@127.0.0.1:{}", home.phone);
    let bea = json!({"name": "Dr Bea Brook", "phone": [{"kind": "mobile", "to": to}]});
    let bea = server.put("/api/v1/people/bea", &bea.to_string());
    assert!([200, 201].contains(&bea.status), "{}", bea.status);
    let mut team = server.get("/api/v1/specialties/cardiology");
    team["order"] = "fair-share".into();
    team["session"] = json!([{"times": ["daily 00:00-24:00"], "people": ["ann", "bea"]}]);
    let team = server.put("/api/v1/specialties/cardiology", &team.to_string());
    assert_eq!(team.status, 200);

    let phone = Phone::at(home.phone, PHONE_HZ, Manner::Answers);
    let first = first_who_takes_it(&home, &server, &phone);
    assert_eq!(first["person"], "ann", "as the rota has them: {first}");
    server.close(&[]);

    let server = home.serve();
    let second = first_who_takes_it(&home, &server, &phone);
    assert_eq!(
        second["person"], "bea",
        "who has taken fewer today: {second}"
    );
    server.close(&[]);
}
