//! The inbound number rung back (SERVICE 2): by whoever was missed, with their PIN; and by others.

use std::fs;
use std::net::{Ipv4Addr, UdpSocket};
use std::time::Duration;

use serde_json::Value;

use crate::party::{Caller, Manner, Phone};
use crate::server::{Home, Server, Wish, wait_until};
use crate::tape::{self, Tape};

const CALLER_HZ: u16 = 700;
const PHONE_HZ: u16 = 1130;
const INBOUND: &str = "+442079460000";
/// Straight to Cy, who has this number.
const UROLOGY: &str = "+442079460003";
const CY: &str = "+447700900104";
/// Twelve digits stand nowhere by chance.
const PIN: &str = "739105284617";
/// From the answer until a phone rings or nobody does: the greeting lasts for 3 s.
const RUNG_WITHIN: Duration = Duration::from_secs(5);

#[test]
fn a_missed_call_is_returned_with_a_pin_and_a_pause_keeps_calls_away() {
    let home = Home::new("missed", &Wish::default());
    let gateway = home.gateway(PHONE_HZ);
    let server = home.serve();
    let pin = format!(r#"{{"pin": "{PIN}"}}"#);
    assert_eq!(server.put("/api/v1/people/cy/pin", &pin).status, 204);

    gateway.behave(Manner::Rings);
    let mut surgery = Caller::new(home.sip_address(), UROLOGY, CALLER_HZ);
    surgery.is_answered();
    wait_until("Cy's phone is given up", || gateway.ended() == 1);
    assert_eq!(surgery.hang_up().status(), 200);
    wait_until("the case is closed", || {
        server.cases().iter().all(is_closed)
    });

    // Now the gateway's phone is the surgery's.
    gateway.behave(Manner::Answers);
    let mut cy = Caller::with_number(home.sip_address(), INBOUND, CALLER_HZ, CY);
    let answered = cy.is_answered();
    cy.voice.listen_for(Duration::from_millis(2_200));
    cy.voice.key("1");
    let keyed = cy.voice.key(PIN);
    cy.voice.key("#");
    wait_until("the surgery answers", || gateway.is_in_call());
    wait_until("they hear each other", || {
        cy.voice.hears(PHONE_HZ) && gateway.voice.hears(CALLER_HZ)
    });
    cy.voice.listen_for(Duration::from_millis(500));
    assert_eq!(cy.hang_up().status(), 200);
    let returned = closed_case(&server, INBOUND);
    assert_eq!(returned["attempts"][0]["phone"], "caller", "{returned}");
    for sentence in ["missed/you-missed-a-call", "missed/press-1-to-return"] {
        assert!(
            heard(&returned).contains(&sentence.to_owned()),
            "{sentence}"
        );
    }
    let named = heard(&returned)
        .iter()
        .any(|it| it.starts_with("practice/"));
    assert!(!named, "no surgery is named: {returned}");
    let recorded = Tape::of(&server, &returned);
    recorded.holds_talk(CALLER_HZ, PHONE_HZ);
    recorded.is_silent_while(keyed, answered);
    tape::stand_nowhere(&home, &server, PIN);

    let rung = gateway.invited();
    let mut cy = Caller::with_number(home.sip_address(), INBOUND, CALLER_HZ, CY);
    cy.is_answered();
    cy.voice.listen_for(Duration::from_millis(1_500));
    cy.voice.key("2");
    cy.voice.listen_for(Duration::from_millis(500));
    assert_eq!(cy.hang_up().status(), 200);
    let mut surgery = Caller::new(home.sip_address(), UROLOGY, CALLER_HZ);
    surgery.is_answered();
    surgery.voice.listen_for(RUNG_WITHIN);
    assert_eq!(surgery.hang_up().status(), 200);
    assert_eq!(gateway.invited(), rung, "Cy has paused");
    server.close(&[]);
}

#[test]
fn the_outcome_of_the_last_talk_is_left_by_telephone_with_a_pin() {
    let home = Home::new("outcome-left", &Wish::default());
    let gateway = home.gateway(PHONE_HZ);
    let server = home.serve();
    let pin = format!(r#"{{"pin": "{PIN}"}}"#);
    assert_eq!(server.put("/api/v1/people/cy/pin", &pin).status, 204);

    let mut surgery = Caller::new(home.sip_address(), UROLOGY, CALLER_HZ);
    surgery.is_answered();
    wait_until("Cy answers", || gateway.acknowledged() == 1);
    wait_until("they hear each other once it is accepted", || {
        gateway.voice.key("1");
        surgery.voice.hears(PHONE_HZ) && gateway.voice.hears(CALLER_HZ)
    });
    assert_eq!(surgery.hang_up().status(), 200);
    gateway.hang_up();
    let talk = closed_case(&server, UROLOGY);
    assert_eq!(talk["outcome"], "-", "{talk}");

    let mut cy = Caller::with_number(home.sip_address(), INBOUND, CALLER_HZ, CY);
    cy.is_answered();
    cy.voice.listen_for(Duration::from_millis(1_500));
    cy.voice.key("4");
    cy.voice.key(PIN);
    cy.voice.key("#");
    cy.voice.listen_for(Duration::from_millis(1_500));
    cy.voice.key("2");
    wait_until("the outcome is kept", || {
        closed_case(&server, UROLOGY)["outcome"] == "referral-made"
    });
    assert_eq!(cy.hang_up().status(), 200);
    let talk = closed_case(&server, UROLOGY);
    let given = &talk["outcomes"][0];
    assert_eq!((&given["by"], &given["how"]), (&"cy".into(), &"key".into()));
    let ringing_back = closed_case(&server, INBOUND);
    assert!(heard(&ringing_back).contains(&"missed/your-last-call".to_owned()));
    assert_eq!(ringing_back["outcome"], "-", "{ringing_back}");
    server.close(&[]);
}

#[test]
fn a_phone_that_the_trunk_vouches_for_returns_without_a_pin_by_the_trunk_that_replies() {
    let home = Home::new("vouched", &Wish::default());
    // Receives, and never replies.
    let silent = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let (dead, works) = (silent.local_addr().unwrap(), home.phone + 1);
    let trunks = format!(
        "[[trunk]]\naddress = \"{dead}\"\nvouches = \"everybody\"\n\
         [[trunk]]\naddress = \"127.0.0.1:{works}\"\nnumbers = \"0\"\nasserted = true\n"
    );
    let settings = home.folder.join("rotaline.toml");
    let text = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, text + &trunks).unwrap();
    let gateway = Phone::at(works, PHONE_HZ, Manner::Rings);
    let server = home.serve();

    let mut surgery = Caller::new(home.sip_address(), UROLOGY, CALLER_HZ);
    surgery.is_answered();
    wait_until("Cy's phone is given up", || gateway.ended() == 1);
    let invite = gateway.last_invite().expect("an INVITE");
    assert!(
        invite.0.starts_with("INVITE sip:07700900104@"),
        "{}",
        invite.0
    );
    let asserted = invite.header("P-Asserted-Identity").expect("an identity");
    assert!(asserted.starts_with("<sip:02079460000@"), "{asserted}");
    assert_eq!(surgery.hang_up().status(), 200);
    let missed = closed_case(&server, UROLOGY);
    let attempts = missed["attempts"].as_array().unwrap();
    let results: Vec<_> = attempts.iter().map(|it| it["result"].as_str()).collect();
    assert_eq!(results, [Some("no_answer")], "one attempt: {missed}");

    gateway.behave(Manner::Answers);
    let mut cy = Caller::with_number(home.sip_address(), INBOUND, CALLER_HZ, CY);
    cy.is_answered();
    cy.voice.listen_for(Duration::from_millis(2_200));
    cy.voice.key("1");
    wait_until("they hear each other, and no PIN was asked", || {
        cy.voice.hears(PHONE_HZ) && gateway.voice.hears(CALLER_HZ)
    });
    assert_eq!(cy.hang_up().status(), 200);
    let returned = closed_case(&server, INBOUND);
    let asked = heard(&returned).iter().any(|it| it.starts_with("pin/"));
    assert!(!asked, "{returned}");
    server.close(&[]);
}

#[test]
fn somebody_else_hears_a_neutral_sentence_and_is_let_go() {
    let home = Home::new("neutral", &Wish::default());
    let server = home.serve();
    let mut stranger = Caller::new(home.sip_address(), INBOUND, CALLER_HZ);
    stranger.is_answered();
    assert!(stranger.is_hung_up_within(Duration::from_secs(10)));
    let case = closed_case(&server, INBOUND);
    assert_eq!(heard(&case), ["missed/neutral"]);
    assert_eq!(case["end_cause"], "told", "{case}");
    server.close(&[]);
}

/// The only case of a number, once it is closed.
fn closed_case(server: &Server, dialled: &str) -> Value {
    let of_number = || -> Vec<Value> {
        let cases = server.cases().into_iter();
        cases.filter(|case| case["dialled"] == dialled).collect()
    };
    wait_until(
        "its case is closed",
        || matches!(&of_number()[..], [case] if is_closed(case)),
    );
    of_number().remove(0)
}

/// What its caller heard something of.
fn heard(case: &Value) -> Vec<String> {
    let told = case["prompts"].as_array().into_iter().flatten();
    let of_caller = told.filter(|it| it["leg"] == 0 && it["heard_s"].as_f64() > Some(0.0));
    let names = of_caller.filter_map(|it| it["prompt"].as_str().map(str::to_owned));
    names.collect()
}

fn is_closed(case: &Value) -> bool {
    case["closed_at"].is_string()
}
