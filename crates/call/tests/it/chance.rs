//! Whatever phones and people do, and in whatever order: the rules hold (see the checker), and the
//! call ends.

use proptest::prelude::*;
use rotaline_call::{Gone, Input, LegEvent, Refusal};
use rotaline_model::{AnswerphoneSign, Digit, LegId, PlayId};

use crate::stage::{CALLER, DIRECT, NORTHFIELD, Script, Stage, phone};

fn refusal() -> impl Strategy<Value = Refusal> {
    prop_oneof![
        Just(Refusal::Busy),
        Just(Refusal::Refused),
        Just(Refusal::NoSuchNumber),
        Just(Refusal::NoAnswer),
        Just(Refusal::Unreachable),
        Just(Refusal::DivertedToUs),
    ]
}

fn digit() -> impl Strategy<Value = Digit> {
    prop_oneof![
        4 => Just('1'),
        2 => Just('2'),
        1 => Just('*'),
        1 => Just('0'),
        2 => "[3-9#A-D]".prop_map(|text| text.chars().next().unwrap()),
    ]
    .prop_map(|character| Digit::parse(character).unwrap())
}

/// Anything that can happen on a leg, in no sensible order.
fn anything() -> impl Strategy<Value = LegEvent> {
    prop_oneof![
        3 => Just(LegEvent::Proceeding),
        4 => Just(LegEvent::Ringing),
        4 => Just(LegEvent::Answered),
        2 => refusal().prop_map(LegEvent::Refused),
        4 => digit().prop_map(LegEvent::KeyDown),
        8 => digit().prop_map(LegEvent::Digit),
        2 => prop_oneof![
            Just(AnswerphoneSign::LongTalk),
            Just(AnswerphoneSign::Beep),
        ].prop_map(LegEvent::AnswerphoneSign),
        // Stale, or cut short: media alone knows when a sound has come to its end.
        1 => (0..40u32).prop_map(|play| LegEvent::Played {
            play: PlayId(play),
            heard_ms: 100,
            complete: false,
        }),
        1 => Just(LegEvent::Ended(Gone::HungUp)),
        1 => Just(LegEvent::Ended(Gone::LineDead)),
    ]
}

/// Who rings us neither rings nor answers nor refuses.
fn fits_a_caller(event: LegEvent) -> bool {
    match event {
        LegEvent::KeyDown(_)
        | LegEvent::Digit(_)
        | LegEvent::Played { .. }
        | LegEvent::Ended(_) => true,
        LegEvent::AnswerphoneSign(_)
        | LegEvent::Proceeding
        | LegEvent::NextTrunk
        | LegEvent::Ringing
        | LegEvent::Answered
        | LegEvent::Refused(_) => false,
    }
}

/// What a phone might do: a likely course of things, with keys at any time.
fn behaviour() -> impl Strategy<Value = Script> {
    let keys = prop::collection::vec((100u64..40_000, digit()), 0..6);
    let rings = prop::option::weighted(0.8, 50u64..4_000);
    let answers = prop::option::weighted(0.7, 200u64..20_000);
    let refuses = prop::option::weighted(0.2, (50u64..15_000, refusal()));
    let leaves = prop::option::weighted(0.4, 500u64..90_000);
    (keys, rings, answers, refuses, leaves).prop_map(|(keys, rings, answers, refuses, leaves)| {
        let mut script = phone();
        script = rings.into_iter().fold(script, Script::rings);
        script = answers.into_iter().fold(script, Script::answers);
        for (at, digit) in keys {
            script = script.keys(at, &digit.to_string());
        }
        script = refuses
            .into_iter()
            .fold(script, |script, (at, why)| script.refuses(at, why));
        leaves.into_iter().fold(script, Script::hangs_up)
    })
}

fn caller() -> impl Strategy<Value = Script> {
    let keys = prop::collection::vec((100u64..200_000, digit()), 0..14);
    // Nobody waits for ever.
    (keys, 200u64..400_000).prop_map(|(keys, leaves)| {
        let script = keys.into_iter().fold(phone(), |script, (at, digit)| {
            script.keys(at, &digit.to_string())
        });
        script.hangs_up(leaves)
    })
}

fn number() -> impl Strategy<Value = (&'static str, &'static str)> {
    prop_oneof![
        4 => Just((NORTHFIELD, "020 7946 0001")),
        1 => Just((NORTHFIELD, "020 7946 0002")),
        1 => Just((DIRECT, "1001")),
        1 => Just((DIRECT, "1002")),
        1 => Just((DIRECT, "1003")),
    ]
}

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 600,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn people_do_what_they_like(
        (plan, dialled) in number(),
        caller in caller(),
        phones in prop::collection::vec(behaviour(), 6),
    ) {
        let addresses = ["sip:ann@h", "sip:ben@h", "sip:ben-desk@h", "sip:cat@h", "sip:help@h"];
        let mut stage = Stage::new(plan, dialled).caller(caller);
        for (address, script) in addresses.iter().chain(&["sip:uas@127.0.0.1:5090"]).zip(phones) {
            stage = stage.phone(address, script);
        }
        let world = stage.world.clone();
        stage.play();
        prop_assert_eq!(world.presence.borrow().reserved(), 0);
    }

    #[test]
    fn events_come_in_no_sensible_order(
        (plan, dialled) in number(),
        events in prop::collection::vec((0u64..4_000, 0u32..6, anything()), 1..80),
    ) {
        let mut stage = Stage::new(plan, dialled);
        let mut at = 0;
        stage.play_until(at);
        for (later, leg, event) in events {
            at += later;
            stage.play_until(at);
            let fits = if leg == 0 { fits_a_caller(event) } else { stage.was_dialled(LegId(leg)) };
            if !stage.is_finished() && fits {
                stage.tell(Input::Leg(LegId(leg), event));
            }
        }
        if !stage.is_finished() {
            stage.tell(Input::Leg(CALLER, LegEvent::Ended(Gone::HungUp)));
            let world = stage.world.clone();
            // A specialist who is left is asked for the outcome, and let go.
            stage.play();
            prop_assert_eq!(world.presence.borrow().reserved(), 0);
        }
    }
}
