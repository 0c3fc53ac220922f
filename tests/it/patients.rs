//! A booked call to a patient: the PIN is keyed after 9 on the dial-in number (SERVICE 5).

use std::time::Duration;

use serde_json::{Value, json};

use crate::party::Caller;
use crate::server::{Home, Wish, wait_until};
use crate::tape::{self, Tape};

const CLINICIAN_HZ: u16 = 700;
const PATIENT_HZ: u16 = 1130;
const DIAL_IN: &str = "+442079460001";

#[test]
fn a_pin_rings_the_patient_who_first_hears_that_it_is_recorded_and_the_outcome_is_kept() {
    let home = Home::new("patient-call", &Wish::default());
    let patient = home.gateway(PATIENT_HZ);
    let server = home.serve();
    let wish = json!({"organisation": "northfield", "number": "07700 900123",
                      "nhs_number": "943 476 5919", "specialty": "cardiology"});
    let answer = server.post("/api/v1/patient-calls", &wish.to_string());
    assert_eq!(answer.status, 201);
    let made: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(made["ring"], DIAL_IN);
    let pin = made["code"].as_str().expect("a PIN");

    let mut clinician = Caller::new(home.sip_address(), DIAL_IN, CLINICIAN_HZ);
    let answered = clinician.is_answered();
    clinician.voice.key("9");
    let keyed = clinician.voice.key(pin);
    wait_until("the patient's phone is answered", || {
        patient.acknowledged() == 1
    });
    // The sentence that it is recorded lasts for more than a second.
    clinician.voice.listen_for(Duration::from_millis(800));
    assert!(!patient.voice.has_heard(CLINICIAN_HZ), "before it is said");
    wait_until("they hear each other, and no key was needed", || {
        clinician.voice.hears(PATIENT_HZ) && patient.voice.hears(CLINICIAN_HZ)
    });
    let invite = patient.last_invite().expect("an INVITE");
    let from = invite.header("From").expect("a From");
    assert!(from.contains("2079460000"), "the inbound number: {from}");
    clinician.voice.listen_for(Duration::from_millis(500));
    patient.hang_up();
    wait_until("the clinician says what came of it", || {
        clinician.voice.key("2");
        server.only_case()["outcome"] == "referral-made"
    });
    assert_eq!(clinician.hang_up().status(), 200);
    wait_until("the case is closed", || {
        server.only_case()["closed_at"].is_string()
    });
    let case = server.only_case();
    assert_eq!(case["attempts"][0]["phone"], "patient", "{case}");
    assert_eq!(case["attempts"][0]["acceptance"], "patient");
    assert_eq!(first_heard(&case, 1), ["patient/this-call-is-recorded"]);
    let recorded = Tape::of(&server, &case);
    recorded.holds_talk(CLINICIAN_HZ, PATIENT_HZ);
    recorded.is_silent_while(keyed, answered);
    tape::stand_nowhere(&home, &server, pin);
    server.close(&[]);
}

/// The first announcement that a leg heard something of.
fn first_heard(case: &Value, leg: u64) -> Vec<String> {
    let told = case["prompts"].as_array().into_iter().flatten();
    let of_leg = told.filter(|it| it["leg"] == leg && it["heard_s"].as_f64() > Some(0.0));
    let names = of_leg.filter_map(|it| it["prompt"].as_str().map(str::to_owned));
    names.take(1).collect()
}
