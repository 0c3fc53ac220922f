//! Calls from a screen, and to a specialty's own address: SERVICE 1, "On screen".

use rotaline_model::{
    Acceptance, CallId, EndCause, ErrandId, LegId, OrganisationId, PersonId, PhoneNumber,
    PracticeId, SpecialtyId,
};
use rotaline_record::{
    Answer, Answerphone, CallKind, Callee, Errand, ErrandKind, Fact, Opening, Undertaking,
};

use crate::stage::{CALLER, LINES, MONDAY, NORTHFIELD, Stage, phone};

const OWN: &str = "+441632960101";
const SPECIALIST: LegId = LegId(1);

fn opening() -> Opening {
    Opening {
        organisation: None,
        by: "nurse".to_owned(),
        nhs_number: None,
    }
}

fn pressed_call(first: Callee) -> Stage {
    let specialty = SpecialtyId::parse("cardiology").unwrap();
    let undertaking = Undertaking::Specialty { first, specialty };
    Stage::intended(NORTHFIELD, undertaking, Some(opening()))
}

fn by_number() -> Stage {
    let number = PhoneNumber::parse("01632 960101").unwrap();
    pressed_call(Callee::Number(number.into()))
}

fn ann() -> crate::stage::Script {
    phone().rings(100).answers(1_000).keys(3_000, "1")
}

#[test]
fn the_own_phone_is_rung_first_and_whoever_presses_1_goes_straight_to_the_hunt() {
    let stage = by_number()
        .phone(
            OWN,
            phone()
                .rings(100)
                .answers(2_000)
                .keys(5_000, "1")
                .hangs_up(30_000),
        )
        .phone("sip:ann@h", ann())
        .play();
    let rung = [(0, OWN.to_owned()), (5_000, "sip:ann@h".to_owned())];
    assert_eq!(stage.rung(), rung);
    let said = stage.said(CALLER);
    let whisper = "silence 400, click/your-call-to, specialty/cardiology, click/press-1";
    assert_eq!((said[0].0, said[0].1.join(", ").as_str()), (2_000, whisper));
    assert_eq!(stage.joined_at(), Some(8_000));
    let kinds = stage.facts().filter_map(|(_, fact)| match fact {
        Fact::CallStarted { kind, .. } => Some(*kind),
        _ => None,
    });
    assert_eq!(kinds.collect::<Vec<_>>(), [CallKind::OnScreen]);
    assert_eq!(stage.cause(), EndCause::CallerHungUp);
}

#[test]
fn an_own_app_is_not_asked_to_press_anything() {
    let stage = pressed_call(Callee::Person(PersonId::parse("cat").unwrap()))
        .phone(
            "sip:cat@h",
            phone().rings(100).answers(2_000).hangs_up(30_000),
        )
        .phone("sip:ann@h", ann())
        .play();
    assert_eq!(stage.rung()[1], (2_000, "sip:ann@h".to_owned()));
    assert_eq!(stage.joined_at(), Some(5_000));
}

#[test]
fn click_to_call_rings_the_clinician_first_and_then_whom_they_want() {
    let number = |text| Callee::Number(PhoneNumber::parse(text).unwrap().into());
    let mut random = rotaline_model::Seed::from_number(2).generator(1);
    let id = CallId::new(MONDAY.parse().unwrap(), &mut random).uuid();
    let errand = Errand {
        id: ErrandId::from(id),
        kind: ErrandKind::CallBack,
        organisation: OrganisationId::parse("northfield").unwrap(),
        requester: "nurse".to_owned(),
        callee: number("07700 900123"),
        acceptance: Acceptance::Required,
        answerphone: Answerphone::NotAllowed,
        outcomes: None,
        case: None,
        nhs_number: None,
    };
    let first = number("01632 960101");
    let other = phone()
        .rings(100)
        .answers(1_000)
        .keys(3_000, "1")
        .hangs_up(20_000);
    let stage = Stage::intended(
        NORTHFIELD,
        Undertaking::Errand { first, errand },
        Some(opening()),
    )
    .phone(OWN, phone().rings(100).answers(2_000).keys(5_000, "1"))
    .phone("+447700900123", other)
    .play();
    let rung = [(0, OWN.to_owned()), (5_000, "+447700900123".to_owned())];
    assert_eq!(stage.rung(), rung);
    assert_eq!(stage.joined_at(), Some(8_000));
}

#[test]
fn nobody_at_the_own_phone_is_an_end_and_nobody_else_is_rung() {
    for script in [phone().rings(100), phone().rings(100).answers(2_000)] {
        let stage = by_number().phone(OWN, script).play();
        assert_eq!(stage.rung().len(), 1);
        assert_eq!(stage.cause(), EndCause::NotAnswered);
    }
}

#[test]
fn a_number_that_is_not_rung_is_an_end_of_its_own() {
    let number = PhoneNumber::parse("0906 1234567").unwrap();
    let stage = pressed_call(Callee::Number(number.into())).play();
    assert_eq!(stage.rung(), []);
    assert_eq!(stage.cause(), EndCause::NotAllowed);
}

#[test]
fn an_organisation_s_own_prefixes_and_numbers_of_calls_hold() {
    for (own, rung) in [
        ("prefixes = [\"01632\"]", true),
        ("prefixes = [\"+353\"]", false),
        ("except = [\"01632 96\"]", false),
        ("at_once = 0", false),
        ("an_hour = 0", false),
    ] {
        let dial_out = format!("{NORTHFIELD}[organisation.northfield.dial_out]\n{own}\n");
        let undertaking = Undertaking::Specialty {
            first: Callee::Number(PhoneNumber::parse("01632 960101").unwrap().into()),
            specialty: SpecialtyId::parse("cardiology").unwrap(),
        };
        let stage = Stage::intended(&dial_out, undertaking, Some(opening())).play();
        assert_eq!(stage.rung().len(), usize::from(rung), "{own}");
        let cause = match rung {
            true => EndCause::NotAnswered,
            false => EndCause::NotAllowed,
        };
        assert_eq!(stage.cause(), cause, "{own}");
    }
}

#[test]
fn a_practice_that_calls_from_a_screen_is_the_practice_of_the_case() {
    let practice = PracticeId::parse("oak-lane-surgery").unwrap();
    let undertaking = Undertaking::Specialty {
        first: Callee::Practice(practice.clone()),
        specialty: SpecialtyId::parse("cardiology").unwrap(),
    };
    let plan = format!("{NORTHFIELD}{LINES}");
    let mut stage = Stage::intended(&plan, undertaking, Some(opening()));
    stage.play_until(100);
    let opened = stage.facts().find_map(|(_, fact)| match fact {
        Fact::CaseOpened { practice, .. } => practice.clone(),
        _ => None,
    });
    assert_eq!(opened, Some(practice));
}

#[test]
fn the_outcome_is_asked_for_only_if_it_is_not_set_on_the_screen_within_5_s() {
    for (given, asked) in [
        (Answer::Refused, true),
        (Answer::Unavailable, true),
        (Answer::Confirmed, false),
    ] {
        let stage = by_number()
            .desk(move |_| Some(given.clone()))
            .phone(OWN, phone().rings(100).answers(2_000).keys(5_000, "1"))
            .phone("sip:ann@h", ann().hangs_up(20_000));
        let stage = stage.play();
        let question = stage
            .said(CALLER)
            .into_iter()
            .find(|(_, names)| names.iter().any(|name| name == "outcome/before-you-go"));
        assert_eq!(question.map(|(at, _)| at), asked.then_some(30_020));
        assert_eq!(stage.said(SPECIALIST).len(), 2, "the whisper, and a beep");
    }
}

#[test]
fn a_call_to_the_address_of_a_specialty_goes_straight_to_its_hunt() {
    let mut stage = Stage::new(NORTHFIELD, "cardiology").phone("sip:ann@h", ann());
    stage.play_until(100);
    assert_eq!(stage.rung(), [(0, "sip:ann@h".to_owned())]);
    let mut nobody = Stage::new(NORTHFIELD, "oncology");
    nobody.play_until(100);
    assert_eq!(nobody.cause(), EndCause::NoSuchNumber);
}
