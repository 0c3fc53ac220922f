//! Calls from a screen (SERVICE 1, "On screen") and click to call (SERVICE 3), by `POST /calls`.

use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::http::Answer;
use crate::party::{Manner, Phone};
use crate::server::{Home, Server, Wish, wait_until};
use crate::tape::Tape;

const CALLER_HZ: u16 = 700;
const CALLED_HZ: u16 = 1130;
/// As long as a key is pressed, and a little.
const KEY: Duration = Duration::from_millis(300);

/// Somebody whose own phone is an app at this port.
fn with_an_app(server: &Server, port: u16) {
    let person = format!(
        r#"{{"name":"Dr Bo Beech","phone":[{{"kind":"app","to":"sip:bo@127.0.0.1:{port}"}}]}}"#
    );
    assert_eq!(server.put("/api/v1/people/bo", &person).status, 201);
}

fn json(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap()
}

#[test]
fn two_clicks_are_one_call_and_whoever_made_them_is_joined_to_a_specialist() {
    let home = Home::new("screen", &Wish::default());
    let server = home.serve();
    let own = Phone::at(home.phone + 1, CALLER_HZ, Manner::Answers);
    let specialist = Phone::at(home.phone, CALLED_HZ, Manner::Answers);
    with_an_app(&server, home.phone + 1);
    let wish = json!({"first": {"person": "bo"}, "to": {"specialty": "cardiology"},
                      "nhs_number": "943 476 5919"});
    let click = || {
        let key = "Idempotency-Key: 8e03978e-40d5-43e8-bc93-6894a57f9324\r\n";
        server.send("POST", "/api/v1/calls", key, &wish.to_string())
    };
    let (first, second) = (click(), click());
    assert_eq!((first.status, second.status), (201, 201));
    assert_eq!(json(&first), json(&second));
    wait_until("the specialist's phone is answered", || {
        specialist.acknowledged() == 1
    });
    wait_until("the parties hear each other", || {
        specialist.voice.press(1);
        thread::park_timeout(KEY);
        own.voice.hears(CALLED_HZ) && specialist.voice.hears(CALLER_HZ)
    });
    own.voice.listen_for(KEY);
    own.hang_up();
    // It is not given on the screen: the specialist is asked.
    wait_until("the outcome is keyed", || {
        specialist.voice.press(1);
        thread::park_timeout(KEY);
        server.only_case()["outcome"] == "referral-avoided"
    });
    specialist.hang_up();
    wait_until("the case is closed", || {
        server.only_case()["closed_at"].is_string()
    });
    let case = server.only_case();
    assert_eq!(case["id"], json(&first)["id"]);
    assert_eq!(case["calls"][0]["kind"], "on_screen", "{case}");
    assert_eq!(case["specialist"], "ann", "{case}");
    assert_eq!((own.invited(), specialist.invited()), (1, 1));
    Tape::of(&server, &case).holds_talk(CALLER_HZ, CALLED_HZ);
    server.close(&[]);
}

#[test]
fn click_to_call_rings_the_clinician_and_then_whom_they_want() {
    let home = Home::new("click", &Wish::default());
    let server = home.serve();
    let own = Phone::at(home.phone + 1, CALLER_HZ, Manner::Answers);
    let called = Phone::at(home.phone, CALLED_HZ, Manner::Answers);
    with_an_app(&server, home.phone + 1);
    let wish = json!({"organisation": "northfield", "first": {"person": "bo"},
                      "to": {"person": "ann"}});
    let started = server.post("/api/v1/calls", &wish.to_string());
    assert_eq!(started.status, 201);
    let again = server.post("/api/v1/calls", &wish.to_string());
    assert_eq!(
        (again.status, &json(&again)["code"]),
        (409, &json!("caller-busy"))
    );
    wait_until("they are joined once the called phone has accepted", || {
        called.voice.press(1);
        thread::park_timeout(KEY);
        own.voice.hears(CALLED_HZ) && called.voice.hears(CALLER_HZ)
    });
    own.voice.listen_for(KEY);
    called.hang_up();
    own.hang_up();
    let path = format!("/api/v1/calls/{}", json(&started)["id"].as_str().unwrap());
    wait_until("the case is closed", || {
        server.get(&path)["closed_at"].is_string()
    });
    let case = server.get(&path);
    assert_eq!(case["calls"][0]["kind"], "click_to_call");
    Tape::of(&server, &case).holds_talk(CALLER_HZ, CALLED_HZ);
    server.close(&[]);
}

#[test]
fn what_cannot_be_rung_is_told_before_anybody_is_rung() {
    let home = Home::new("not-possible", &Wish::default());
    let server = home.serve();
    let wish = json!({"first": {"number": "0906 1234567"}, "to": {"specialty": "nothing"}});
    let answer = server.post("/api/v1/calls", &wish.to_string());
    assert_eq!(answer.status, 422);
    let errors = json(&answer)["errors"].clone();
    assert_eq!(errors[0]["field"], "to.specialty");
    assert_eq!(errors[1]["field"], "first.number");
    assert_eq!(server.get("/api/v1/calls")["calls"], json!([]));
    server.close(&[]);
}

/// A call to cardiology, from a number that is rung first.
fn click(server: &Server, number: &str) -> Answer {
    let wish = json!({"first": {"number": number}, "to": {"specialty": "cardiology"}});
    server.post("/api/v1/calls", &wish.to_string())
}

fn dials_out(server: &Server, own: &Value) -> Answer {
    const PATH: &str = "/api/v1/organisations/northfield";
    let mut organisation = server.get(PATH);
    organisation["dial_out"] = own.clone();
    server.put(PATH, &organisation.to_string())
}

fn is_told(answer: &Answer, status: u16, what: &str) {
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    assert_eq!(answer.status, status, "{text}");
    assert!(text.contains(what), "{text}");
}

#[test]
fn an_organisation_says_which_numbers_are_rung_and_how_many_and_what_holds_is_told() {
    let home = Home::new("dial-out", &Wish::default());
    let settings = home.folder.join("rotaline.toml");
    let text = std::fs::read_to_string(&settings).unwrap();
    let deployment = "[dial_out]\nprefixes = [\"01\", \"07\", \"+353\"]\nan_hour = 2\n";
    std::fs::write(&settings, text + deployment).unwrap();
    let gateway = home.gateway(CALLER_HZ);
    let server = home.serve();
    let holds = "rung are +441, +447, +353, but not +4470, +4476";
    is_told(&click(&server, "020 7946 0101"), 422, holds);
    let refused = dials_out(&server, &json!({"prefixes": ["", "+44x"], "at_once": -1}));
    is_told(
        &refused,
        422,
        "an empty prefix would be that of every number",
    );
    is_told(&refused, 422, "organisation.northfield.dial_out.at_once");

    let own = json!({"prefixes": ["01632"], "at_once": 1});
    assert_eq!(dials_out(&server, &own).status, 200);
    let holds = "rung are +441632, but not +4470";
    is_told(&click(&server, "07700 900123"), 422, holds);
    assert_eq!(click(&server, "01632 960150").status, 201);
    wait_until("the own phone is answered", || gateway.acknowledged() == 1);
    let refused = click(&server, "01632 960151");
    is_told(&refused, 429, "at most 1 at once and 2 an hour");
    gateway.hang_up();
    wait_until("the call is over", || {
        let cases = server.cases();
        cases.iter().all(|it| it["closed_at"].is_string())
    });
    assert_eq!(click(&server, "01632 960151").status, 201);
    wait_until("the other phone is answered", || {
        gateway.acknowledged() == 2
    });
    let own = json!({"prefixes": ["01632"], "at_once": 9});
    assert_eq!(dials_out(&server, &own).status, 200);
    let refused = click(&server, "01632 960152");
    is_told(&refused, 429, "at most 9 at once and 2 an hour");
    assert_eq!(gateway.invited(), 2);
    server.close(&[]);
}
