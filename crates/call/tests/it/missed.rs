//! The inbound number, rung back: SERVICE 2.

use jiff::Timestamp;
use rotaline_call::{Action, Vouched};
use rotaline_model::{EndCause, LegId, PersonId, PhoneNumber, Pii, SpecialtyId};
use rotaline_record::{Answer, CallerId, Fact, MissedCall, Question};
use rotaline_routing::Availability;

use crate::stage::{CALLER, LINES, MONDAY, NORTHFIELD, Stage, phone, world};

const INBOUND: &str = "020 7946 0000";
const DOT: &str = "07700 900104";
const SURGERY: &str = "01632 960101";
const CASE: &str = "0192f0c1-0000-7000-8000-000000000001";

fn number(text: &str) -> CallerId {
    CallerId::Number(Pii::new(PhoneNumber::parse(text).unwrap()))
}

fn rung_by(caller: CallerId) -> Stage {
    let plan = format!("{NORTHFIELD}{LINES}");
    Stage::at(MONDAY, world(&plan), INBOUND, |call| call.caller = caller)
}

/// A call of Dot's to the inbound number; one call was missed.
fn stage(answered: bool) -> Stage {
    rung_by(number(DOT)).desk(move |question| {
        Some(match question {
            Question::Missed { person, since } => {
                assert_eq!(person.as_str(), "dot");
                assert_eq!(since.to_string(), "2026-11-22T14:00:00Z");
                Answer::Missed(vec![MissedCall {
                    case: CASE.parse().unwrap(),
                    specialty: SpecialtyId::parse("cardiology").ok(),
                    at: "2026-11-23T13:00:00Z".parse().unwrap(),
                    caller: number(SURGERY),
                    answered,
                }])
            }
            Question::CheckPin { person, pin } if pin.expose() == b"2468" => {
                assert_eq!(person.as_str(), "dot");
                Answer::Confirmed
            }
            Question::AwaitedOutcome { person, since } => {
                assert_eq!(person.as_str(), "dot");
                assert!(
                    since.to_string().starts_with("2026-11-22T14:00:08"),
                    "{since}"
                );
                Answer::AwaitedOutcome {
                    case: CASE.parse().unwrap(),
                    specialty: SpecialtyId::parse("cardiology").unwrap(),
                }
            }
            Question::GiveOutcome { case, outcome, by } => {
                let given = (case.to_string(), outcome.as_str(), by.as_str());
                assert_eq!(given, (CASE.to_owned(), "referral-made", "dot"));
                Answer::Confirmed
            }
            Question::CheckPin { .. } | Question::Claim { .. } | Question::OutcomeGiven { .. } => {
                Answer::Refused
            }
        })
    })
}

fn availability(stage: &Stage, at: &str) -> Availability {
    let dot = PersonId::parse("dot").unwrap();
    let presence = stage.world.presence.borrow();
    presence.availability(&dot, at.parse().unwrap())
}

#[test]
fn a_missed_call_is_returned_with_the_persons_pin_and_names_nobody() {
    let mut stage = stage(false)
        .caller(
            phone()
                .keys(5_000, "1")
                .keys(8_000, "2468#")
                .hangs_up(40_000),
        )
        .phone("+441632960101", phone().rings(100).answers(3_000));
    stage.play_until(20_000);
    assert_eq!(availability(&stage, MONDAY), Availability::Busy);
    let stage = stage.play();
    assert_eq!(availability(&stage, MONDAY), Availability::Free);
    assert!(stage.was_told(CALLER, "missed/press-1-to-return"));
    assert_eq!(stage.rung().len(), 1);
    assert!(stage.joined_at().is_some());
    let (_, first) = &stage.said(LegId(1))[0];
    assert_eq!(
        first[1..],
        [
            "patient/this-call-is-recorded",
            "patient/a-call-from",
            "organisation/northfield-hospitals"
        ]
    );
    let linked = stage.facts().any(
        |(_, fact)| matches!(fact, Fact::AttemptStarted { reason, .. } if reason.contains(CASE)),
    );
    assert!(linked, "the case that is returned is named");
    let all = stage.said(CALLER).into_iter().flat_map(|(_, names)| names);
    assert!(all.into_iter().all(|name| !name.starts_with("practice/")));
}

#[test]
fn a_pin_is_masked_from_before_its_first_key_until_it_is_judged() {
    let stage = stage(false)
        .caller(
            phone()
                .keys(5_000, "1")
                .keys(8_000, "2468#")
                .hangs_up(40_000),
        )
        .play();
    let masked = |on: bool| {
        stage.when(|action| matches!(action, Action::MaskRecording(_, masked) if *masked == on))
    };
    let (on, off) = (masked(true).unwrap(), masked(false).unwrap());
    assert!(on < 8_000 && off > 8_000, "{on} {off}");
    let known = format!("{:?}", stage.log);
    assert!(!known.contains("2468"), "a PIN is nowhere");
}

#[test]
fn three_wrong_pins_return_nothing() {
    let stage = stage(false)
        .caller(
            phone()
                .keys(5_000, "1")
                .keys(8_000, "1111#")
                .keys(12_000, "2222#")
                .keys(16_000, "3333#"),
        )
        .play();
    assert_eq!(stage.rung(), []);
    let refused = |fact: &Fact| matches!(fact, Fact::CodeRefused { .. });
    assert_eq!(stage.facts().filter(|(_, fact)| refused(fact)).count(), 3);
    assert!(stage.was_told(CALLER, "code/too-many-tries"));
    assert_eq!(stage.cause(), EndCause::NoValidCode);
}

#[test]
fn a_surgery_that_does_not_answer_is_said_not_to() {
    let stage = stage(false)
        .caller(phone().keys(5_000, "1").keys(8_000, "2468#"))
        .phone("+441632960101", phone().rings(100))
        .play();
    assert!(stage.was_told(CALLER, "call/no-answer"));
    assert_eq!(stage.cause(), EndCause::NotAnswered);
    assert_eq!(availability(&stage, MONDAY), Availability::Free);
}

#[test]
fn what_a_colleague_answered_cannot_be_returned() {
    let stage = stage(true)
        .caller(phone().keys(5_000, "1").hangs_up(9_000))
        .play();
    assert!(stage.was_told(CALLER, "missed/colleague-answered"));
    assert!(!stage.was_told(CALLER, "missed/press-1-to-return"));
    assert!(!stage.was_told(CALLER, "pin/key-your-pin"));
    assert_eq!(stage.cause(), EndCause::Told);
}

#[test]
fn two_pauses_for_thirty_minutes_and_three_resumes() {
    let paused = stage(true)
        .caller(phone().keys(5_000, "2").hangs_up(9_000))
        .play();
    let until = paused.facts().find_map(|(_, fact)| match fact {
        Fact::CallsPaused { person, until } if person.as_str() == "dot" => Some(*until),
        _ => None,
    });
    let earliest: Timestamp = "2026-11-23T14:30:05Z".parse().unwrap();
    let latest: Timestamp = "2026-11-23T14:30:06Z".parse().unwrap();
    assert!(until.is_some_and(|until| (earliest..latest).contains(&until)));
    assert_eq!(
        availability(&paused, "2026-11-23T14:30:00Z"),
        Availability::Paused
    );
    assert_eq!(
        availability(&paused, "2026-11-23T14:31:00Z"),
        Availability::Free
    );
    let resumed = stage(true)
        .caller(phone().keys(5_000, "2").keys(9_000, "3").hangs_up(12_000))
        .play();
    assert!(resumed.was_told(CALLER, "missed/resumed"));
    assert_eq!(
        availability(&resumed, "2026-11-23T14:10:00Z"),
        Availability::Free
    );
}

#[test]
fn who_missed_nothing_or_cannot_be_told_may_pause_all_the_same() {
    for answer in [
        Some(Answer::Missed(Vec::new())),
        Some(Answer::Unavailable),
        None,
    ] {
        let waits_ms = if answer.is_some() { 20 } else { 1_000 };
        let stage = rung_by(number(DOT))
            .desk(move |_| answer.clone())
            .caller(phone().keys(6_000, "2").hangs_up(9_000))
            .play();
        let (at, first) = &stage.said(CALLER)[0];
        assert_eq!(*at, waits_ms);
        assert_eq!(first[1..], ["missed/nothing", "missed/choices"]);
        assert_eq!(
            availability(&stage, "2026-11-23T14:10:00Z"),
            Availability::Paused
        );
        assert_eq!(stage.cause(), EndCause::Told);
    }
}

#[test]
fn four_leaves_the_outcome_of_the_last_talk_after_the_persons_pin() {
    let stage = stage(true)
        .caller(
            phone()
                .keys(5_000, "4")
                .keys(8_000, "2468#")
                .keys(14_000, "2")
                .hangs_up(40_000),
        )
        .play();
    let said = stage.said(CALLER);
    let names: Vec<_> = said.iter().flat_map(|(_, names)| names).collect();
    let at = |name: &str| names.iter().position(|it| *it == name).unwrap();
    let order = [
        "pin/key-your-pin",
        "missed/your-last-call",
        "outcome/referral-made",
        "outcome/thank-you",
    ];
    assert!(order.map(at).is_sorted(), "{names:?}");
    let again = names.iter().filter(|it| **it == "missed/choices").count();
    assert!(again >= 2, "and anything else may be chosen: {names:?}");
    let here = stage.outcomes();
    assert!(here.is_empty(), "it is the other case's outcome");
    assert_eq!(stage.cause(), EndCause::Told);
}

#[test]
fn a_phone_that_the_trunk_vouches_for_needs_no_pin_and_one_that_says_so_itself_does() {
    for (vouched, asked) in [(Vouched::ByTrunk, false), (Vouched::Not, true)] {
        let plan = format!("{NORTHFIELD}{LINES}");
        let stage = Stage::at(MONDAY, world(&plan), INBOUND, |inbound| {
            inbound.caller = number(DOT);
            inbound.vouched = vouched;
        });
        let stage = stage
            .desk(move |question| match question {
                Question::Missed { .. } => Some(Answer::Missed(Vec::new())),
                Question::CheckPin { .. } => {
                    assert!(asked, "a PIN that nobody needs");
                    Some(Answer::Refused)
                }
                _ => Some(Answer::Refused),
            })
            .caller(
                phone()
                    .keys(5_000, "4")
                    .keys(8_000, "1111#")
                    .hangs_up(14_000),
            )
            .play();
        assert_eq!(stage.was_told(CALLER, "pin/key-your-pin"), asked);
        let told = stage.was_told(CALLER, "missed/no-call-for-an-outcome");
        assert_eq!(told, !asked);
    }
}

#[test]
fn without_the_pin_nothing_is_asked_and_nothing_kept() {
    let stage = rung_by(number(DOT))
        .desk(|question| match question {
            Question::Missed { .. } => Some(Answer::Missed(Vec::new())),
            Question::CheckPin { .. } => Some(Answer::Refused),
            other => panic!("asked without a PIN: {other:?}"),
        })
        .caller(
            phone()
                .keys(5_000, "4")
                .keys(8_000, "1111#")
                .keys(12_000, "2222#")
                .keys(16_000, "3333#"),
        )
        .play();
    assert_eq!(stage.cause(), EndCause::NoValidCode);
}

#[test]
fn who_has_nothing_to_give_an_outcome_for_or_cannot_be_told_hears_so() {
    for (answer, told) in [
        (Answer::Refused, "missed/no-call-for-an-outcome"),
        (Answer::Unavailable, "missed/not-possible-now"),
    ] {
        let stage = rung_by(number(DOT))
            .desk(move |question| match question {
                Question::Missed { .. } => Some(Answer::Missed(Vec::new())),
                Question::CheckPin { .. } => Some(Answer::Confirmed),
                _ => Some(answer.clone()),
            })
            .caller(
                phone()
                    .keys(5_000, "4")
                    .keys(8_000, "2468#")
                    .hangs_up(20_000),
            )
            .play();
        assert!(stage.was_told(CALLER, told));
    }
}

#[test]
fn anyone_else_hears_the_neutral_message() {
    for caller in [number(SURGERY), CallerId::Withheld] {
        let stage = rung_by(caller).play();
        let said = stage.said(CALLER);
        assert_eq!(said.len(), 1);
        assert_eq!(said[0].1[1..], ["missed/neutral"]);
        assert_eq!(stage.cause(), EndCause::Told);
    }
}
