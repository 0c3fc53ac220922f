//! Codes and PINs: the call-back line, patient calls, the directory (SERVICE 3, 4, 5).

use std::cell::Cell;
use std::rc::Rc;

use rotaline_call::Action;
use rotaline_model::{
    Acceptance, AnswerphoneSign, EndCause, ErrandId, LegId, NotAsked, OrganisationId, PersonId,
    PhoneNumber, Pii, SpecialtyId,
};
use rotaline_record::{
    Answer, Answerphone, AttemptResult, Callee, CallerId, Errand, ErrandKind, Fact, Question,
    RecordingPart,
};

use crate::stage::{ANSWER_MS, CALLER, LINES, MONDAY, NORTHFIELD, Stage, phone, world};

const CALL_BACK: &str = "020 7946 0010";
const DIRECTORY: &str = "020 7946 0011";
const DIAL_IN: &str = "020 7946 0001";
const PATIENT: &str = "+441632960150";

fn plan() -> String {
    format!("{NORTHFIELD}{LINES}")
}

fn stage(dialled: &str) -> Stage {
    Stage::at(MONDAY, world(&plan()), dialled, |_| {})
}

fn to_ann() -> Errand {
    Errand {
        id: "0192f0c1-0000-7000-8000-000000000007"
            .parse::<ErrandId>()
            .unwrap(),
        kind: ErrandKind::CallBack,
        organisation: OrganisationId::parse("northfield").unwrap(),
        requester: "Dr Who".to_owned(),
        callee: Callee::Person(PersonId::parse("ann").unwrap()),
        acceptance: Acceptance::Required,
        answerphone: Answerphone::NotAllowed,
        outcomes: None,
        case: None,
        nhs_number: None,
    }
}

fn to_patient() -> Errand {
    Errand {
        kind: ErrandKind::PatientCall,
        callee: Callee::Number(Pii::new(PhoneNumber::parse(PATIENT).unwrap())),
        acceptance: Acceptance::NotAsked(NotAsked::Patient),
        answerphone: Answerphone::Allowed,
        outcomes: Some(SpecialtyId::parse("cardiology").unwrap()),
        ..to_ann()
    }
}

/// A desk that knows one code, once.
fn knows(code: &'static str, errand: Errand) -> impl FnMut(&Question) -> Option<Answer> {
    let mut errand = Some(errand);
    move |question| match question {
        Question::Claim { code: keyed, .. } if keyed.expose() == code.as_bytes() => Some(
            errand
                .take()
                .map_or(Answer::Refused, |errand| Answer::Claimed(Box::new(errand))),
        ),
        _ => Some(Answer::Refused),
    }
}

fn masks(stage: &Stage) -> Vec<(u64, bool)> {
    let mask = |(at, action): &(u64, Action)| match action {
        Action::MaskRecording(RecordingPart::Case, masked) => Some((*at, *masked)),
        _ => None,
    };
    stage.log.iter().filter_map(mask).collect()
}

fn asked(stage: &Stage) -> usize {
    let asks = stage.log.iter();
    asks.filter(|(_, it)| matches!(it, Action::Ask(..))).count()
}

fn tries(stage: &Stage) -> Vec<u8> {
    let facts = stage.facts();
    facts
        .filter_map(|(_, fact)| match fact {
            Fact::CodeRefused { tries } => Some(*tries),
            _ => None,
        })
        .collect()
}

#[test]
fn a_code_rings_the_clinician_who_accepts_and_is_joined() {
    let stage = stage(CALL_BACK)
        .desk(knows("4711", to_ann()))
        .caller(phone().keys(5_000, "4711").hangs_up(30_000))
        .phone(
            "sip:ann@h",
            phone().rings(100).answers(4_000).keys(8_000, "1"),
        )
        .play();
    // Acted on as soon as it is complete: no `#`, no pause.
    assert_eq!(stage.rung(), [(5_000 + ANSWER_MS, "sip:ann@h".to_owned())]);
    assert_eq!(stage.joined_at(), Some(5_000 + ANSWER_MS + 8_000));
    assert!(stage.was_told(LegId(1), "whisper/call-back"));
    assert!(stage.was_told(CALLER, "call/ringing"));
    let claimed = |(_, fact): (u64, &Fact)| matches!(fact, Fact::ErrandClaimed { .. });
    assert_eq!(stage.facts().filter(|it| claimed(*it)).count(), 1);
    assert_eq!(stage.cause(), EndCause::CallerHungUp);
}

#[test]
fn what_is_keyed_is_masked_from_its_start_and_stands_nowhere() {
    let stage = stage(CALL_BACK)
        .desk(knows("4711", to_ann()))
        .caller(phone().keys(5_000, "4711").hangs_up(8_000))
        .play();
    assert_eq!(masks(&stage), [(4_320, true), (5_000 + ANSWER_MS, false)]);
    let without_sounds = stage
        .log
        .iter()
        .filter(|(_, action)| !matches!(action, Action::Play { .. } | Action::Dial { .. }));
    for (_, action) in without_sounds {
        let text = format!("{action:?}");
        assert!(!text.contains("4711"), "{text}");
    }
}

#[test]
fn a_long_code_begins_with_nine_and_has_six_digits() {
    let stage = stage(CALL_BACK)
        .desk(knows("947110", to_ann()))
        .caller(phone().keys(5_000, "947110").hangs_up(8_000))
        .play();
    assert_eq!(stage.rung().len(), 1);
    assert_eq!(asked(&stage), 1);
}

#[test]
fn a_clinician_who_has_paused_their_calls_is_not_rung_by_a_code_either() {
    let ann = PersonId::parse("ann").unwrap();
    let stage = stage(CALL_BACK)
        .desk(knows("4711", to_ann()))
        .caller(phone().keys(5_000, "4711"));
    let until = "2026-11-23T14:30:00Z".parse().unwrap();
    stage.world.presence.borrow_mut().pause(&ann, until);
    let stage = stage.play();
    assert_eq!(stage.rung(), []);
    assert!(stage.was_told(CALLER, "call/no-answer"));
    assert_eq!(stage.cause(), EndCause::NotAnswered);
}

#[test]
fn three_wrong_codes_end_the_call_and_no_fourth_is_asked() {
    let stage = stage(CALL_BACK)
        .desk(knows("4711", to_ann()))
        .caller(
            phone()
                .keys(5_000, "1111")
                .keys(10_000, "2222")
                .keys(15_000, "3333")
                .keys(16_200, "4711"),
        )
        .play();
    assert_eq!((asked(&stage), tries(&stage)), (3, vec![1, 2, 3]));
    assert!(stage.was_told(CALLER, "code/not-valid"));
    assert!(stage.was_told(CALLER, "code/too-many-tries"));
    assert_eq!(stage.rung(), []);
    assert_eq!(stage.cause(), EndCause::NoValidCode);
}

#[test]
fn with_the_database_away_it_is_said_so_within_two_seconds() {
    let stage = stage(CALL_BACK).caller(phone().keys(5_000, "4711")).play();
    let told = |(_, names): &&(u64, Vec<String>)| names.iter().any(|it| it == "code/unavailable");
    let said = stage.said(CALLER);
    assert_eq!(said.iter().find(told).map(|(at, _)| *at), Some(7_000));
    assert_eq!(stage.cause(), EndCause::CodesUnavailable);
    assert_eq!(tries(&stage), [], "nothing was refused");
}

#[test]
fn nothing_keyed_is_asked_again_and_then_let_go() {
    let stage = stage(CALL_BACK).play();
    assert_eq!(asked(&stage), 0);
    assert_eq!(stage.cause(), EndCause::NothingKeyed);
}

#[test]
fn ten_thousand_guesses_over_a_thousand_calls_ask_thirty_times_an_hour_and_lock_nobody_else_out() {
    let world = world(&plan());
    let asks = Rc::new(Cell::new(0));
    for call in 0..1_000_u32 {
        let asks = Rc::clone(&asks);
        let mut script = phone();
        for guess in 0..10 {
            let code = format!("{:04}", (call * 10 + guess) % 9_000);
            script = script.keys(5_000 + u64::from(guess) * 4_500, &code);
        }
        // All of them within the same hour of the stage's clock.
        let stage = Stage::at(MONDAY, world.clone(), CALL_BACK, |_| {})
            .desk(move |_| {
                asks.set(asks.get() + 1);
                Some(Answer::Refused)
            })
            .caller(script)
            .play();
        assert!(asked(&stage) <= 3);
        assert_eq!(stage.cause(), EndCause::NoValidCode);
    }
    assert_eq!(asks.get(), 30);
    let honest = Stage::at(MONDAY, world, CALL_BACK, |call| {
        call.caller = CallerId::Number(Pii::new(PhoneNumber::parse("01632 960102").unwrap()));
    });
    let honest = honest
        .desk(knows("4711", to_ann()))
        .caller(phone().keys(5_000, "4711").hangs_up(8_000))
        .play();
    assert_eq!(honest.rung().len(), 1);
}

#[test]
fn a_patient_hears_first_that_the_call_is_recorded_and_the_clinician_is_asked_for_the_outcome() {
    let stage = stage(DIAL_IN)
        .desk(knows("47110815", to_patient()))
        .caller(
            phone()
                .keys(3_000, "9")
                .keys(6_000, "47110815")
                .keys(34_000, "1"),
        )
        .phone(PATIENT, phone().rings(100).answers(4_000).hangs_up(25_000))
        .play();
    assert_eq!(stage.rung(), [(6_000 + ANSWER_MS, PATIENT.to_owned())]);
    let (_, first) = &stage.said(LegId(1))[0];
    assert_eq!(first[1], "patient/this-call-is-recorded");
    // 400 ms, and three announcements of a second each.
    assert_eq!(stage.joined_at(), Some(6_000 + ANSWER_MS + 4_000 + 3_400));
    assert_eq!(stage.results(), [AttemptResult::Accepted]);
    let outcomes = stage.outcomes();
    assert_eq!(outcomes[0].0, "referral-avoided");
    assert!(masks(&stage).len() == 2);
}

#[test]
fn an_answerphone_may_be_spoken_to_and_its_signs_are_kept() {
    let stage = stage(DIAL_IN)
        .desk(knows("47110815", to_patient()))
        .caller(
            phone()
                .keys(3_000, "9")
                .keys(6_000, "47110815")
                .hangs_up(30_000),
        )
        .phone(
            PATIENT,
            phone()
                .rings(100)
                .answers(4_000)
                .shows(12_000, AnswerphoneSign::Beep),
        )
        .play();
    assert!(stage.joined_at().is_some());
    let signs = stage.facts().find_map(|(_, fact)| match fact {
        Fact::AttemptEnded { answerphone, .. } => Some(answerphone.clone()),
        _ => None,
    });
    assert_eq!(signs.unwrap()[0].sign, AnswerphoneSign::Beep);
    // The patient's leg is asked nothing when the clinician hangs up.
    assert!(!stage.was_told(LegId(1), "outcome/before-you-go"));
    assert_eq!(stage.results(), [AttemptResult::Accepted]);
}

#[test]
fn a_premium_number_is_not_rung() {
    let premium = Callee::Number(Pii::new(PhoneNumber::parse("0906 1234567").unwrap()));
    let errand = Errand {
        callee: premium,
        ..to_patient()
    };
    let stage = stage(CALL_BACK)
        .desk(knows("4711", errand))
        .caller(phone().keys(5_000, "4711"))
        .play();
    assert_eq!(stage.rung(), []);
    assert!(stage.was_told(CALLER, "call/not-allowed"));
    assert_eq!(stage.cause(), EndCause::NotAllowed);
}

#[test]
fn a_patient_who_does_not_answer_is_said_not_to() {
    let stage = stage(CALL_BACK)
        .desk(knows("4711", to_patient()))
        .caller(phone().keys(5_000, "4711"))
        .phone(PATIENT, phone().rings(100))
        .play();
    assert_eq!(stage.results(), [AttemptResult::NoAnswer]);
    assert!(stage.was_told(CALLER, "call/no-answer"));
    assert_eq!(stage.cause(), EndCause::NotAnswered);
}

#[test]
fn the_directory_rings_the_bypass_number_and_says_reception_where_there_is_none() {
    let bypass = stage(DIRECTORY)
        .caller(phone().keys(5_000, "4711#").hangs_up(20_000))
        .phone("+441632960202", phone().rings(100).answers(2_000))
        .play();
    assert!(bypass.was_told(CALLER, "directory/bypass-number-of"));
    assert_eq!(bypass.joined_at(), Some(7_000));
    let reception = stage(DIRECTORY)
        .caller(phone().keys(5_000, "4712#").hangs_up(20_000))
        .phone("+441632960303", phone().rings(100).answers(2_000))
        .play();
    assert!(reception.was_told(CALLER, "directory/reception-of"));
    let nobody = stage(DIRECTORY).caller(phone().keys(5_000, "9999#")).play();
    assert!(nobody.was_told(CALLER, "directory/no-such-practice"));
    assert_eq!(nobody.cause(), EndCause::NoValidCode);
    assert_eq!(masks(&nobody), [], "a directory code is no secret");
}
