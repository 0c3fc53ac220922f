//! The live view of a call, as it goes on.

use super::*;

fn view(story: &Story) -> LiveCall {
    LiveCall::of(&story.told()).expect("a call is up")
}

fn second(at: f64) -> Timestamp {
    record(Origin::Call, 1, at, opened()).at
}

fn legs(view: &LiveCall) -> Vec<(u32, Role, bool)> {
    let legs = view.legs.iter();
    legs.map(|leg| (leg.leg.0, leg.role, leg.answered))
        .collect()
}

fn gone(leg: u32) -> Fact {
    let quality = Quality::default();
    let leg = LegId(leg);
    Fact::LegQuality {
        call: call(),
        leg,
        quality,
    }
}

#[test]
fn a_live_call_shows_what_goes_on_and_since_when() {
    let mut story = Story::new();
    let menu = view(&story);
    assert_eq!((menu.state, menu.since), (LiveState::Menu, second(0.1)));
    assert_eq!(legs(&menu), [(0, Role::Caller, true)]);

    story.at(5.0, chosen("cardiology"));
    let waiting = view(&story);
    assert_eq!(
        (waiting.state, waiting.since),
        (LiveState::Waiting, second(5.0))
    );

    story.attempt(6.0, 1, "ann");
    let ringing = view(&story);
    assert_eq!(
        (ringing.state, ringing.since),
        (LiveState::Ringing, second(6.0))
    );
    assert_eq!(
        legs(&ringing),
        [(0, Role::Caller, true), (1, Role::Called, false)]
    );

    story.attempt_ends(21.0, 1, AttemptResult::NoAnswer, 15_000);
    let between = view(&story);
    assert_eq!(
        (between.state, between.since),
        (LiveState::Waiting, second(21.0))
    );
    assert_eq!(legs(&between), [(0, Role::Caller, true)]);

    story.attempt(21.2, 2, "ben");
    story.at(23.0, Fact::AttemptAnswered { attempt: 2 });
    let accepting = view(&story);
    assert_eq!(
        (accepting.state, accepting.since),
        (LiveState::Accepting, second(23.0))
    );

    story.attempt_ends(25.0, 2, AttemptResult::Accepted, 1_000);
    story.at(25.0, joined(2));
    let talking = view(&story);
    assert_eq!(
        (talking.state, talking.since),
        (LiveState::Talking, second(25.0))
    );
    assert_eq!(
        legs(&talking),
        [(0, Role::Caller, true), (2, Role::Called, true)]
    );

    story.at(85.0, talk_ended(EndedBy::Caller));
    story.at(85.0, gone(0));
    let outcome = view(&story);
    assert_eq!(
        (outcome.state, outcome.since),
        (LiveState::Outcome, second(85.0))
    );
    assert_eq!(legs(&outcome), [(2, Role::Called, true)]);

    let call = call();
    let cause = EndCause::CallerHungUp;
    story.at(90.0, Fact::CallEnded { call, cause });
    assert_eq!(LiveCall::of(&story.told()), None);
}

#[test]
fn a_live_call_holds_no_number_and_nothing_of_a_patient() {
    let mut story = Story::new();
    story.at(
        1.0,
        Fact::NhsNumberGiven {
            nhs_number: Pii::new(rotaline_model::NhsNumber::parse("9434765919").unwrap()),
            by: "ann".into(),
            how: OutcomeHow::Key,
        },
    );
    let shown = serde_json::to_string(&view(&story)).unwrap();
    assert!(!shown.contains("9434765919"), "{shown}");
    assert!(!shown.contains(&CALLER_NUMBER[1..]), "{shown}");
}

#[test]
fn who_asked_that_a_call_be_ended_is_kept_on_its_case() {
    let mut case = Story::new().told();
    let by = "ann".to_owned();
    let command = Command::HangUp {
        case: case.id,
        by: by.clone(),
    };
    let record = command.into_record(second(3.0), 1, NodeId(1));
    assert_eq!(case.apply(&record), Applied::Applied);
    let at = second(3.0);
    assert_eq!(case.hang_ups, [HangUp { by, at }]);
    assert!(LiveCall::of(&case).is_some(), "it is up until it has ended");
}
