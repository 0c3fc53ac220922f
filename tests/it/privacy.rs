//! Nothing personal is in any line of the log, at its most talkative, as text and as JSON (STYLE
//! rules 11 and 12): the real program is fed what people have, in every way that there is, and its
//! log is searched for it.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::http;
use crate::party::{Caller, Manner, Phone};
use crate::server::{Home, Server, Wish, wait_until};

const CALLER_HZ: u16 = 700;
const CALLED_HZ: u16 = 1130;
const KEY: Duration = Duration::from_millis(300);

/// What must not be in the log, whatever its spelling: the last digits of numbers (they are the
/// same in +44, 0044 and 0), and words of names.
const PERSONAL: [&str; 16] = [
    "960101",   // the practice's number
    "960147",   // an unknown caller's
    "900105",   // a specialist's mobile
    "900188",   // a patient's
    "1234567",  // a number that may not be rung
    "94347659", // NHS numbers, a false one among them
    "482193",   // a PIN
    "foxglove",
    "archer",
    "beech",
    "elm",
    "larkspur", // names, and ids made of them
    "sip:ann",
    "sip:line",
    "sip:it", // addresses of people
    "rheumatoid",
];

#[test]
fn no_line_of_text_holds_a_name_or_a_number() {
    let text = log_of_a_busy_day("text");
    assert!(text.contains("DEBUG") && text.contains("INFO"), "{text}");
    assert_eq!(personal_lines(&text), Vec::<String>::new());
}

#[test]
fn no_line_of_json_holds_a_name_or_a_number() {
    let text = log_of_a_busy_day("json");
    for line in text.lines() {
        let event: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
        let keys = ["timestamp", "level", "target", "message"];
        assert!(keys.iter().all(|key| event[key].is_string()), "{line}");
    }
    assert!(text.contains(r#""level":"DEBUG""#), "{text}");
    assert_eq!(personal_lines(&text), Vec::<String>::new());
}

#[test]
fn what_is_searched_for_is_found_in_every_spelling() {
    let lines = [
        "a call from +441632960101",
        "a call from 01632 960 147",
        "digits=9 4 3-476 5919",
        r#"{"name":"Dr Jane Foxglove"}"#,
        "GET /api/v1/people/bo-beech",
        "practice=elm-street-surgery",
    ];
    for line in lines {
        assert_eq!(personal_lines(line), [line], "{line}");
    }
    assert_eq!(personal_lines("calls are taken"), Vec::<String>::new());
}

/// The lines with anything of [`PERSONAL`], spaces, dots and hyphens between digits or not.
fn personal_lines(log: &str) -> Vec<String> {
    let is_personal = |line: &&str| {
        let lower = line.to_lowercase();
        let close: String = lower.chars().filter(|c| !" -.()".contains(*c)).collect();
        let found = |word: &&str| lower.contains(*word) || close.contains(*word);
        PERSONAL.iter().any(found)
    };
    log.lines().filter(is_personal).map(String::from).collect()
}

/// What a service logs of all that can be done to it by phone and by HTTP.
fn log_of_a_busy_day(format: &str) -> String {
    let home = Home::new(&format!("privacy-{format}"), &Wish::default());
    let settings = home.folder.join("rotaline.toml");
    let mut settings = OpenOptions::new().append(true).open(settings).unwrap();
    let log = format!("[log]\nlevel = \"trace\"\nformat = \"{format}\"\n");
    settings.write_all(log.as_bytes()).unwrap();
    let mut server = home.serve();
    people_are_entered(&server, home.phone + 1);
    strangers_call(&home);
    a_call_is_taken(&home, &server);
    calls_are_started_on_screens(&home, &server);
    codes_are_made(&server);
    a_patient_asks_to_be_rung_back(&home, &server);
    everything_is_read(&server);
    server.terminate();
    let ended = server.ended_within(Duration::from_millis(500));
    if ended.is_none() {
        server.terminate();
    }
    assert!(server.ended_within(crate::server::LIMIT).is_some());
    let log = fs::read_to_string(home.folder.join("server.log")).unwrap();
    assert!(!log.contains("ERROR"), "{log}");
    log
}

fn people_are_entered(server: &Server, app: u16) {
    let beech = json!({"name": "Dr Bo Beech", "phone": [
        {"kind": "app", "to": format!("sip:bo@127.0.0.1:{app}")},
        {"kind": "mobile", "to": "07700 900105"}]});
    assert_eq!(put(server, "people/bo-beech", &beech), 201);
    let faulty = json!({"name": "Dr Jane Foxglove", "phone": [
        {"kind": "mobile", "to": "07700 900105 x"}, {"kind": "larkspur", "to": "07700 900105"}]});
    assert_ne!(put(server, "people/jane-foxglove", &faulty), 201);
    let practice =
        json!({"name": "Larkspur Surgery", "area": "North", "numbers": ["01632 960147x"]});
    assert_ne!(put(server, "practices/larkspur", &practice), 201);
    assert_eq!(
        put(server, "people/bo-beech/pin", &json!({"pin": "482193"})),
        204
    );
    assert_eq!(
        put(
            server,
            "people/bo-beech/pin",
            &json!({"pin": "482193 Beech"})
        ),
        400
    );
    assert_eq!(
        put(server, "people/bo-beech", &json!("Dr Beech, 07700 900105")),
        400
    );
}

fn put(server: &Server, path: &str, body: &Value) -> u16 {
    server
        .put(&format!("/api/v1/{path}"), &body.to_string())
        .status
}

/// Withheld, wrong, malformed, and with a name beside the number.
fn strangers_call(home: &Home) {
    let stranger = |dialled: &str, number: &str| {
        Caller::with_number(home.sip_address(), dialled, CALLER_HZ, number)
    };
    assert_eq!(
        stranger("01632960147", "+441632960147").call().status(),
        404
    );
    assert_eq!(
        stranger("jane.foxglove", "Jane.Foxglove").call().status(),
        404
    );
    let caller = stranger("02079460099", "+441632960147");
    let named = caller.request("INVITE", &caller.voice.sdp());
    let named = named
        .replace("From: <", "From: \"Dr Jane Foxglove\" <")
        .replace(
            "Max-Forwards: 70\r\n",
            "Max-Forwards: 70\r\nSubject: rheumatoid, NHS 943 476 5919\r\n\
         P-Asserted-Identity: \"Foxglove\" <tel:+441632960147>\r\nDiversion: <tel:07700900105>\r\n",
        );
    let broken = named.replace("CSeq: 1 INVITE", "CSeq: Foxglove 01632960147");
    let half = &named[..named.len() / 2];
    for text in [named.as_str(), &broken, half, "Dr Jane Foxglove\r\n\r\n"] {
        caller
            .socket
            .send_to(text.as_bytes(), home.sip_address())
            .unwrap();
    }
}

fn a_call_is_taken(home: &Home, server: &Server) {
    let phone = Phone::at(home.phone, CALLED_HZ, Manner::Answers);
    let mut caller = Caller::new(home.sip_address(), "02079460002", CALLER_HZ);
    assert_eq!(caller.call().status(), 200);
    wait_until("they hear each other", || {
        phone.voice.press(1);
        thread::park_timeout(KEY);
        phone.voice.hears(CALLER_HZ) && caller.voice.hears(CALLED_HZ)
    });
    phone.hang_up();
    wait_until("the outcome is keyed", || {
        caller.voice.press(1);
        thread::park_timeout(KEY);
        newest(server)["outcome"].is_string()
    });
    caller.hang_up();
    wait_until("the case is closed", || {
        newest(server)["closed_at"].is_string()
    });
    let outcome = format!("calls/{}/outcome", newest(server)["id"].as_str().unwrap());
    assert_eq!(
        put(
            server,
            &outcome,
            &json!({"outcome": "Foxglove 01632 960147"})
        ),
        422
    );
}

fn newest(server: &Server) -> Value {
    let list = server.get("/api/v1/calls");
    let newest = list["calls"][0].clone();
    server.get(&format!("/api/v1/calls/{}", newest["id"].as_str().unwrap()))
}

fn calls_are_started_on_screens(home: &Home, server: &Server) {
    let busy = [Manner::Busy, Manner::Busy];
    let _phones = [0, 1].map(|at| Phone::at(home.phone + at, CALLED_HZ, busy[usize::from(at)]));
    let post = |body: Value| server.post("/api/v1/calls", &body.to_string()).status;
    let whom = json!({"patient": {"number": "07700 900188"}});
    for wish in [
        json!({"first": {"person": "bo-beech"}, "to": {"specialty": "cardiology"},
               "nhs_number": "943 476 5919"}),
        json!({"first": {"person": "bo-beech"}, "to": whom, "nhs_number": "943 476 5918"}),
        json!({"first": {"number": "0906 1234567"}, "to": {"number": "Foxglove"}}),
        json!({"first": "Dr Foxglove, 01632 960147"}),
    ] {
        post(wish);
    }
}

fn codes_are_made(server: &Server) {
    let post = |path: &str, body: Value| server.post(path, &body.to_string()).status;
    let patient = json!({"organisation": "northfield", "number": "07700 900188",
                         "nhs_number": "943 476 5919"});
    assert_eq!(post("/api/v1/patient-calls", patient), 201);
    for body in [
        json!({"organisation": "northfield", "number": "07700 900188x"}),
        json!({"organisation": "northfield", "number": "07700 900188",
               "nhs_number": "943 476 5918"}),
        json!({"organisation": "northfield", "number": ["07700 900188"], "name": "Foxglove"}),
    ] {
        assert_ne!(post("/api/v1/patient-calls", body), 201);
    }
    let call_back = json!({"organisation": "northfield", "number": "0906 1234567"});
    assert_ne!(post("/api/v1/call-backs", call_back), 201);
}

fn a_patient_asks_to_be_rung_back(home: &Home, server: &Server) {
    let number = "+447700900188";
    let mut patient = Caller::with_number(home.sip_address(), "02079460013", CALLER_HZ, number);
    assert_eq!(patient.call().status(), 200);
    wait_until("the number is confirmed and kept", || {
        patient.voice.press(1);
        assert!(!patient.is_hung_up_within(Duration::from_millis(700)));
        let requests = newest(server)["requests"].clone();
        requests.as_array().is_some_and(|it| it.len() == 1)
    });
    patient.hang_up();
    wait_until("the case is closed", || {
        newest(server)["closed_at"].is_string()
    });
}

fn everything_is_read(server: &Server) {
    let wav = "/api/v1/calls/{}/recording.wav";
    let calls = server.get("/api/v1/calls");
    for call in calls["calls"].as_array().unwrap() {
        let path = wav.replace("{}", call["id"].as_str().unwrap());
        http::get(server.http, &path, &server.token).unwrap();
    }
    for path in [
        "/api/v1/people/bo-beech",
        "/api/v1/people/jane-foxglove",
        "/api/v1/calls?caller=01632960147",
        "/api/v1/calls?limit=Foxglove",
        "/api/v1/calls/01632960147",
        "/api/v1/practices/elm-street-surgery?part=Foxglove",
        "/foxglove/01632960147",
        "/metrics",
    ] {
        http::get(server.http, path, &server.token).unwrap();
        http::get(server.http, path, "foxglove").unwrap();
    }
}
