//! The patient's NHS number, asked while a phone rings: SERVICE 1.4.

use rotaline_call::Action;
use rotaline_record::{Fact, RecordingPart};

use crate::stage::{CALLER, KEY_MS, MONDAY, NORTHFIELD, Script, Stage, phone, world};

/// A call to Cardiology, keyed at 2 s, whose organisation asks; Ann rings, and takes it at 30 s.
fn asked(caller: Script) -> Stage {
    let section = "[organisation.northfield]\n";
    let plan = NORTHFIELD.replace(section, &format!("{section}ask_nhs_number = true\n"));
    Stage::at(MONDAY, world(&plan), "020 7946 0001", |_| {})
        .caller(phone().keys(2_000, "1"))
        .caller(caller)
        .phone(
            "sip:ann@h",
            phone().rings(100).answers(12_000).keys(28_000, "1"),
        )
}

fn given(stage: &Stage) -> Vec<(u64, String)> {
    let facts = stage.facts();
    facts
        .filter_map(|(at, fact)| match fact {
            Fact::NhsNumberGiven { nhs_number, .. } => {
                Some((at, String::from(*nhs_number.expose())))
            }
            _ => None,
        })
        .collect()
}

fn masks(stage: &Stage) -> Vec<(u64, bool)> {
    let actions = stage.log.iter();
    actions
        .filter_map(|(at, action)| match action {
            Action::MaskRecording(RecordingPart::Case, masked) => Some((*at, *masked)),
            _ => None,
        })
        .collect()
}

#[test]
fn ten_digits_are_kept_read_back_and_masked_from_the_first_to_the_end_of_the_reading() {
    let stage = asked(phone().keys(8_000, "9434765919").hangs_up(60_000)).play();
    assert!(stage.was_told(CALLER, "nhs/key-it"));
    assert_eq!(given(&stage), [(8_000, "9434765919".to_owned())]);
    // The phrase and ten digits of a second each.
    assert_eq!(masks(&stage), [(6_200 - KEY_MS, true), (19_000, false)]);
    let names = ["number/9", "number/4", "number/3", "number/7", "number/6"];
    let read_back = |name: &str| stage.was_told(CALLER, name);
    assert!(read_back("nhs/read-back") && names.iter().all(|name| read_back(name)));
    assert_eq!(stage.joined_at(), Some(30_000));
}

#[test]
fn what_was_heard_does_not_spell_the_number() {
    let stage = asked(phone().keys(8_000, "9434765919").hangs_up(60_000)).play();
    let facts = stage.facts();
    let heard: Vec<String> = facts
        .filter_map(|(_, fact)| match fact {
            Fact::PromptsHeard { heard, .. } => Some(heard),
            _ => None,
        })
        .flatten()
        .map(|heard| heard.prompt.as_str().to_owned())
        .collect();
    assert!(heard.iter().any(|name| name == "nhs/read-back"));
    let digits = ["number/9", "number/4", "number/7", "number/6", "number/5"];
    let spelt = |name: &&String| digits.contains(&name.as_str());
    assert_eq!(heard.iter().find(spelt), None);
}

#[test]
fn what_is_keyed_before_the_question_answers_it_and_is_masked_too() {
    // "Trying Cardiology." is said from 2 s on.
    for at in [4_000, 4_400] {
        let stage = asked(phone().keys(at, "9434765919").hangs_up(60_000)).play();
        assert_eq!(given(&stage), [(at, "9434765919".to_owned())]);
        assert!(!stage.was_told(CALLER, "nhs/key-it"), "they know it");
        assert!(stage.was_told(CALLER, "nhs/read-back"));
        let begun = masks(&stage)[0];
        assert!(begun.1, "{begun:?}");
        let first_key = at - 9 * 200;
        assert!(
            begun.0 <= first_key.max(2_000),
            "from the first key on: {begun:?}"
        );
    }
}

#[test]
fn one_digit_by_mistake_before_the_question_is_no_number_and_it_is_asked() {
    let stage = asked(phone().keys(2_600, "1").hangs_up(60_000)).play();
    assert!(stage.was_told(CALLER, "nhs/not-valid"));
    assert!(stage.was_told(CALLER, "nhs/key-it"));
    assert_eq!(stage.joined_at(), Some(30_000));
}

#[test]
fn where_nobody_asks_what_is_keyed_meanwhile_is_neither_masked_nor_kept() {
    let stage = Stage::at(MONDAY, world(NORTHFIELD), "020 7946 0001", |_| {})
        .caller(phone().keys(2_000, "1").keys(4_400, "9434765919"))
        .caller(phone().hangs_up(9_000))
        .phone("sip:ann@h", phone().rings(100))
        .play();
    assert_eq!((given(&stage), masks(&stage)), (vec![], vec![]));
}

#[test]
fn an_acceptance_drops_the_question_and_ends_the_mask() {
    let stage = asked(phone().keys(30_400, "94347").hangs_up(60_000));
    let stage = stage.play();
    assert_eq!(given(&stage), []);
    assert_eq!(masks(&stage), [], "asked for 8 s, and no longer");
    let late = asked(
        phone()
            .keys(8_000, "943")
            .keys(14_000, "4")
            .keys(21_000, "7"),
    );
    let stage = late
        .caller(phone().keys(28_500, "6").hangs_up(60_000))
        .play();
    assert_eq!(masks(&stage), [(7_600 - KEY_MS, true), (30_000, false)]);
    assert_eq!(given(&stage), []);
    assert_eq!(stage.joined_at(), Some(30_000));
}

#[test]
fn a_wrong_number_is_said_to_be_none_and_asked_again() {
    let stage = asked(
        phone()
            .keys(8_000, "9434765918")
            .keys(14_000, "9434765919")
            .hangs_up(60_000),
    )
    .play();
    assert!(stage.was_told(CALLER, "nhs/not-valid"));
    assert_eq!(given(&stage), [(14_000, "9434765919".to_owned())]);
}

#[test]
fn hash_skips_and_star_goes_back_to_the_menu() {
    let skipped = asked(phone().keys(5_000, "#").hangs_up(60_000)).play();
    assert_eq!((given(&skipped), masks(&skipped)), (vec![], vec![]));
    assert_eq!(skipped.joined_at(), Some(30_000));
    let back = asked(phone().keys(5_000, "*").hangs_up(9_000)).play();
    assert_eq!(back.joined_at(), None);
    let times = |name: &str| {
        let said = back.said(CALLER).into_iter();
        said.filter(|(_, names)| names.iter().any(|it| it == name))
            .count()
    };
    assert_eq!(times("specialty/cardiology"), 3, "menu, trying, menu");
}

#[test]
fn nobody_is_asked_twice_in_one_call() {
    let stage = asked(phone().keys(5_000, "#").keys(6_000, "*").keys(9_000, "1"));
    let stage = stage.caller(phone().hangs_up(60_000)).play();
    let asked = stage.said(CALLER).into_iter();
    let asked = asked.filter(|(_, names)| names.iter().any(|name| name == "nhs/key-it"));
    assert_eq!(asked.count(), 1);
}
