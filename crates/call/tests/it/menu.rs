//! Keys of the menu beyond one digit: two-digit keys, `#`, and `9` with a practice's code
//! (SERVICE 1.2, 4).

use rotaline_call::Action;
use rotaline_model::{Acceptance, EndCause, NotAsked, SpecialtyId};
use rotaline_record::{AttemptResult, Fact, PhoneKind};

use crate::stage::{CALLER, MONDAY, NORTHFIELD, Stage, phone, world};

const DIAL_IN: &str = "020 7946 0001";

/// Dermatology is open and has the key 41, neurology the key 42.
fn two_digits() -> String {
    NORTHFIELD
        .replace(
            "key = 2\nhours = [\"tue 09:30-12:00\"]",
            "key = 41\nhours = [\"daily 00:00-24:00\"]",
        )
        .replace("key = 3\n", "key = 42\n")
}

fn stage(plan: &str) -> Stage {
    Stage::at(MONDAY, world(plan), DIAL_IN, |_| {})
}

fn chosen(stage: &Stage) -> Vec<(u64, String)> {
    let facts = stage.facts();
    facts
        .filter_map(|(at, fact)| match fact {
            Fact::SpecialtyChosen { specialty, .. } => Some((at, specialty.to_string())),
            _ => None,
        })
        .collect()
}

#[test]
fn a_key_of_two_digits_is_read_out_and_acted_on_as_soon_as_it_is_complete() {
    let stage = stage(&two_digits())
        .caller(phone().keys(3_000, "42").hangs_up(20_000))
        .play();
    assert_eq!(chosen(&stage), [(3_000, "neurology".to_owned())]);
    let (_, greeting) = &stage.said(CALLER)[0];
    let read_out = greeting.join(", ");
    let line = "specialty/neurology, number/4, number/2, silence 150";
    assert!(read_out.ends_with(line), "{read_out}");
}

#[test]
fn a_second_digit_that_does_not_come_or_does_not_fit_is_no_choice() {
    for keys in ["4", "47"] {
        let mut stage = stage(&two_digits()).caller(phone().keys(3_000, keys));
        stage.play_until(7_000);
        assert_eq!(chosen(&stage), []);
        assert!(stage.was_told(CALLER, "menu/not-a-choice"), "{keys}");
    }
    let mut repeated = stage(&two_digits()).caller(phone().keys(3_000, "4*"));
    repeated.play_until(4_000);
    assert!(!repeated.was_told(CALLER, "menu/not-a-choice"));
}

#[test]
fn hash_is_the_specialty_that_this_practice_called_last() {
    let world = world(NORTHFIELD);
    let first = Stage::at(MONDAY, world.clone(), DIAL_IN, |_| {});
    let first = first.caller(phone().keys(3_000, "#").keys(6_000, "1").hangs_up(8_000));
    let first = first.phone("sip:ann@h", phone().rings(100)).play();
    assert!(first.was_told(CALLER, "menu/nothing-called-before"));
    let again = Stage::at(MONDAY, world, DIAL_IN, |_| {});
    let again = again.caller(phone().keys(1_000, "#").hangs_up(9_000));
    let again = again.phone("sip:ann@h", phone().rings(100)).play();
    assert_eq!(chosen(&again), [(1_000, "cardiology".to_owned())]);
    assert_eq!(again.rung(), [(1_000, "sip:ann@h".to_owned())]);
    let cardiology = SpecialtyId::parse("cardiology").unwrap();
    let presence = again.world.presence.borrow();
    let practice = rotaline_model::PracticeId::parse("elm-street-surgery").unwrap();
    assert_eq!(presence.last_choice(&practice), Some(&cardiology));
}

/// Elm Street has a bypass number and a code, Mill Lane a reception and a code.
fn directory() -> String {
    format!(
        "{NORTHFIELD}bypass = \"01632 960109\"\ncode = \"2041\"\nreception = \"01632 960100\"\n\
         [practice.mill-lane]\nname = \"Mill Lane\"\ncode = \"77\"\nreception = \"01632 960200\"\n"
    )
}

#[test]
fn nine_and_a_code_rings_the_practices_bypass_number_and_says_so() {
    let stage = stage(&directory())
        .caller(phone().keys(3_000, "92041#").hangs_up(20_000))
        .phone("+441632960109", phone().rings(100).answers(2_000))
        .play();
    assert_eq!(stage.rung(), [(3_000, "+441632960109".to_owned())]);
    assert!(stage.was_told(CALLER, "directory/bypass-number-of"));
    assert!(stage.was_told(CALLER, "practice/elm-street-surgery"));
    assert_eq!(
        stage.joined_at(),
        Some(5_000),
        "a trusted line accepts nothing"
    );
    let not_asked = stage.facts().any(|(_, fact)| {
        matches!(fact, Fact::AttemptStarted { acceptance, phone, .. }
            if *acceptance == Acceptance::NotAsked(NotAsked::Bypass) && *phone == PhoneKind::Line)
    });
    assert!(not_asked);
    let unmasked = stage.when(|it| matches!(it, Action::MaskRecording(_, false)));
    assert_eq!(
        unmasked,
        Some(3_000),
        "what is said while it rings is recorded"
    );
    assert_eq!(stage.cause(), EndCause::CallerHungUp);
}

#[test]
fn without_a_bypass_number_reception_is_said_as_reception() {
    let stage = stage(&directory())
        .caller(phone().keys(3_000, "977#").hangs_up(60_000))
        .phone("+441632960200", phone().rings(100))
        .play();
    assert!(stage.was_told(CALLER, "directory/reception-of"));
    // It rings for 45 s, and then the menu comes again.
    assert_eq!(stage.results(), [AttemptResult::NoAnswer]);
    assert!(stage.was_told(CALLER, "call/no-answer"));
}

#[test]
fn a_code_that_is_nobodys_is_said_to_be_none() {
    let mut stage = stage(&directory()).caller(phone().keys(3_000, "9999#"));
    stage.play_until(5_000);
    assert_eq!(stage.rung(), []);
    assert!(stage.was_told(CALLER, "code/not-valid"));
}
