//! Call-back codes, made by the API and keyed on a real phone: who is rung, who is heard, and that
//! a code opens one call and stands nowhere (SERVICE 3).

use std::time::Duration;

use serde_json::{Value, json};

use crate::party::{Caller, Manner, Phone};
use crate::server::{Home, Server, Wish, wait_until};
use crate::tape::{self, Tape};
use crate::voice::Voice;

const CALLER_HZ: u16 = 700;
const PHONE_HZ: u16 = 1130;
/// Where call-back codes are keyed, as the API says it.
const LINE: &str = "+442079460010";
/// Until a code is refused, and a little of the sentence that says so is heard.
const REFUSED_WITHIN: Duration = Duration::from_millis(600);
/// The number that [`Caller::new`] presents.
const OWN: &str = "+441632960101";

#[test]
fn a_code_joins_whoever_keys_it_with_whom_it_is_for_and_opens_nothing_again() {
    let home = Home::new("call-back-code", &Wish::default());
    let server = home.serve();
    let specialist = Phone::at(home.phone, PHONE_HZ, Manner::Answers);
    let wish = json!({"organisation": "northfield", "person": "ann", "from": [OWN]});
    let code = made(&server, &wish);
    assert_eq!(code.len(), 4, "bound to a number, four digits will do");

    let mut caller = Caller::new(home.sip_address(), LINE, CALLER_HZ);
    let answered = caller.is_answered();
    let keyed = caller.voice.key(&code);
    wait_until("the specialist answers", || specialist.acknowledged() == 1);
    caller.voice.listen_for(Duration::from_millis(500));
    let heard_before = (
        caller.voice.has_heard(PHONE_HZ),
        specialist.voice.has_heard(CALLER_HZ),
    );
    assert_eq!(
        heard_before,
        (false, false),
        "nobody is heard before the key"
    );
    wait_until("they hear each other once it is accepted", || {
        specialist.voice.key("1");
        caller.voice.hears(PHONE_HZ) && specialist.voice.hears(CALLER_HZ)
    });
    caller.voice.listen_for(Duration::from_millis(500));
    assert_eq!(caller.hang_up().status(), 200);
    wait_until("the case is closed", || is_closed(&server.only_case()));
    let case = server.only_case();
    assert_eq!(case["specialist"], "ann", "{case}");
    assert_eq!(case["attempts"][0]["acceptance"], "required");
    let recorded = Tape::of(&server, &case);
    recorded.holds_talk(CALLER_HZ, PHONE_HZ);
    recorded.is_silent_while(keyed, answered);

    let mut again = Caller::new(home.sip_address(), LINE, CALLER_HZ);
    again.is_answered();
    again.voice.key(&code);
    again.voice.listen_for(REFUSED_WITHIN);
    assert_eq!(again.hang_up().status(), 200);
    wait_until("the second case is closed", || {
        server.cases().iter().all(is_closed)
    });
    let refused = heard_in_any(&server, "code/not-valid");
    assert!(refused, "it opens nothing any more");
    assert_eq!(specialist.invited(), 1);
    tape::are_not_told(&home, &server, &code);
    server.close(&[]);
}

#[test]
fn a_code_keyed_in_the_audio_reaches_an_answerphone_and_leaves_no_tone_in_the_recording() {
    let home = Home::new("call-back-code-in-the-audio", &Wish::default());
    let far = home.gateway(PHONE_HZ);
    let server = home.serve();
    let wish = json!({"organisation": "northfield", "number": "07700 900123",
                      "answerphone": true});
    let code = made(&server, &wish);
    assert_eq!(code.len(), 6, "bound to nobody's number");

    let mut caller = Caller::new(home.sip_address(), LINE, CALLER_HZ);
    caller.voice = Voice::without_events(CALLER_HZ);
    let answered = caller.is_answered();
    let keyed = caller.voice.key(&code);
    // Nobody there could press a key, so nobody is asked for one.
    wait_until("they hear each other", || {
        caller.voice.hears(PHONE_HZ) && far.voice.hears(CALLER_HZ)
    });
    caller.voice.listen_for(Duration::from_millis(500));
    assert_eq!(caller.hang_up().status(), 200);
    wait_until("the case is closed", || is_closed(&server.only_case()));
    let case = server.only_case();
    assert_eq!(case["attempts"][0]["acceptance"], "patient", "{case}");
    let recorded = Tape::of(&server, &case);
    recorded.holds_talk(CALLER_HZ, PHONE_HZ);
    recorded.is_silent_while(keyed, answered);
    tape::are_not_told(&home, &server, &code);
    server.close(&[]);
}

#[test]
fn after_three_wrong_codes_the_call_is_over_and_nobody_was_rung() {
    let home = Home::new("wrong-codes", &Wish::default());
    let server = home.serve();
    let specialist = Phone::at(home.phone, PHONE_HZ, Manner::Answers);
    let wish = json!({"organisation": "northfield", "person": "ann", "from": [OWN]});
    let code: u16 = made(&server, &wish).parse().unwrap();
    let mut caller = Caller::new(home.sip_address(), LINE, CALLER_HZ);
    caller.is_answered();
    for guess in 1..=3 {
        // Below 9000, where those of six digits begin.
        caller.voice.key(&format!("{:04}", (code + guess) % 9_000));
        caller.voice.listen_for(REFUSED_WITHIN);
    }
    assert!(caller.is_hung_up_within(Duration::from_secs(5)));
    wait_until("the case is closed", || is_closed(&server.only_case()));
    let case = server.only_case();
    assert_eq!(case["end_cause"], "no_valid_code", "{case}");
    assert!(heard(&case, "code/too-many-tries"));
    assert!(heard(&case, "code/not-valid"));
    assert_eq!(specialist.invited(), 0);
    server.close(&[]);
}

/// A code, once the API has made it; it says which number to ring.
fn made(server: &Server, wish: &Value) -> String {
    let answer = server.post("/api/v1/call-backs", &wish.to_string());
    assert_eq!(answer.status, 201);
    let made: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(made["ring"], LINE, "the number to ring");
    made["code"].as_str().expect("a code").to_owned()
}

fn heard_in_any(server: &Server, prompt: &str) -> bool {
    server.cases().iter().any(|case| heard(case, prompt))
}

fn heard(case: &Value, prompt: &str) -> bool {
    let told = case["prompts"].as_array().into_iter().flatten();
    told.into_iter().any(|it| it["prompt"] == prompt)
}

fn is_closed(case: &Value) -> bool {
    case["closed_at"].is_string()
}
