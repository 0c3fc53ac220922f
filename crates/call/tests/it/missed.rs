//! The inbound number, rung back: SERVICE 2.

use jiff::Timestamp;
use rotaline_model::{EndCause, LegId, PersonId, PhoneNumber, Pii, SpecialtyId};
use rotaline_record::{Answer, CallerId, Fact, MissedCall, Question};
use rotaline_routing::Availability;

use crate::stage::{CALLER, LINES, MONDAY, NORTHFIELD, Stage, phone, world};

const INBOUND: &str = "020 7946 0000";
const DOT: &str = "07700 900104";
const SURGERY: &str = "01632 960101";

fn number(text: &str) -> CallerId {
    CallerId::Number(Pii::new(PhoneNumber::parse(text).unwrap()))
}

/// A call from a number to the inbound number, on which Dot was missed.
fn stage(from: &str, answered: bool) -> Stage {
    let plan = format!("{NORTHFIELD}{LINES}");
    let stage = Stage::at(MONDAY, world(&plan), INBOUND, |call| {
        call.caller = number(from)
    });
    stage.desk(move |question| {
        Some(match question {
            Question::Missed { person, since } => {
                assert_eq!(person.as_str(), "dot");
                assert_eq!(since.to_string(), "2026-11-22T14:00:00Z");
                Answer::Missed(vec![MissedCall {
                    case: "0192f0c1-0000-7000-8000-000000000001".parse().unwrap(),
                    specialty: SpecialtyId::parse("cardiology").ok(),
                    at: "2026-11-23T13:00:00Z".parse().unwrap(),
                    caller: number(SURGERY),
                    answered,
                }])
            }
            Question::CheckPin { pin, .. } if pin.expose() == b"2468" => Answer::Confirmed,
            _ => Answer::Refused,
        })
    })
}

#[test]
fn a_missed_call_is_returned_with_the_persons_pin_and_names_nobody() {
    let stage = stage(DOT, false)
        .caller(
            phone()
                .keys(5_000, "1")
                .keys(8_000, "2468#")
                .hangs_up(40_000),
        )
        .phone("+441632960101", phone().rings(100).answers(3_000))
        .play();
    assert!(stage.was_told(CALLER, "missed/press-1-to-return"));
    assert_eq!(stage.rung().len(), 1);
    assert!(stage.joined_at().is_some());
    let (_, first) = &stage.said(LegId(1))[0];
    assert_eq!(first[1], "patient/this-call-is-recorded");
    let all = stage.said(CALLER).into_iter().flat_map(|(_, names)| names);
    assert!(all.into_iter().all(|name| !name.starts_with("practice/")));
}

#[test]
fn a_wrong_pin_returns_nothing() {
    let stage = stage(DOT, false)
        .caller(
            phone()
                .keys(5_000, "1")
                .keys(8_000, "1111#")
                .keys(12_000, "2222#")
                .keys(16_000, "3333#"),
        )
        .play();
    assert_eq!(stage.rung(), []);
    assert!(stage.was_told(CALLER, "code/too-many-tries"));
    assert_eq!(stage.cause(), EndCause::NoValidCode);
}

#[test]
fn what_a_colleague_answered_cannot_be_returned() {
    let stage = stage(DOT, true)
        .caller(phone().keys(5_000, "1").hangs_up(9_000))
        .play();
    assert!(stage.was_told(CALLER, "missed/colleague-answered"));
    assert!(!stage.was_told(CALLER, "missed/press-1-to-return"));
    assert!(!stage.was_told(CALLER, "pin/key-your-pin"));
    assert_eq!(stage.cause(), EndCause::Told);
}

#[test]
fn two_pauses_for_thirty_minutes_and_three_resumes() {
    let paused = stage(DOT, true)
        .caller(phone().keys(5_000, "2").hangs_up(9_000))
        .play();
    let until = paused.facts().find_map(|(_, fact)| match fact {
        Fact::CallsPaused { person, until } if person.as_str() == "dot" => Some(*until),
        _ => None,
    });
    let expected: Timestamp = "2026-11-23T14:30:05Z".parse().unwrap();
    assert_eq!(until, Some(expected));
    let dot = PersonId::parse("dot").unwrap();
    let at = |text: &str| {
        let now = text.parse().unwrap();
        paused.world.presence.borrow().availability(&dot, now)
    };
    assert_eq!(at("2026-11-23T14:30:00Z"), Availability::Paused);
    assert_eq!(at("2026-11-23T14:31:00Z"), Availability::Free);
    let resumed = stage(DOT, true)
        .caller(phone().keys(5_000, "2").keys(9_000, "3").hangs_up(12_000))
        .play();
    let now = "2026-11-23T14:10:00Z".parse().unwrap();
    let presence = resumed.world.presence.borrow();
    assert_eq!(presence.availability(&dot, now), Availability::Free);
}

#[test]
fn anyone_else_hears_the_neutral_message() {
    let plan = format!("{NORTHFIELD}{LINES}");
    for caller in [number(SURGERY), CallerId::Withheld, number(DOT)] {
        let stage = Stage::at(MONDAY, world(&plan), INBOUND, |call| call.caller = caller);
        // Dot has missed nothing, or the database is away.
        let stage = stage.desk(|_| Some(Answer::Missed(Vec::new()))).play();
        let said = stage.said(CALLER);
        assert_eq!(said.len(), 1);
        assert_eq!(said[0].1[1..], ["missed/neutral"]);
        assert_eq!(stage.cause(), EndCause::Told);
    }
}
