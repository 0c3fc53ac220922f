//! The greeting and the menu: SERVICE 1.1, 1.2, 1.3.

use rotaline_call::{Action, Refusal};
use rotaline_model::{EndCause, HangupCause, LegId, Sound};
use rotaline_record::{AttemptResult, Fact, RecordingPart};

use crate::stage::{CALLER, NORTHFIELD, Stage, phone, world};

const DIAL_IN: &str = "020 7946 0001";
const CARDIOLOGY: &str = "020 7946 0002";
const DERMATOLOGY: &str = "020 7946 0003";

/// 400 ms, organisation, "calls are recorded", two specialties with their keys.
const GREETING_MS: u64 = 6_700;
/// Two specialties with their keys.
const MENU_MS: u64 = 4_300;

fn said(stage: &Stage) -> Vec<(u64, String)> {
    let said = stage.said(CALLER).into_iter();
    said.map(|(at, names)| (at, names.join(", "))).collect()
}

fn menu() -> String {
    "specialty/cardiology, number/1, silence 150, specialty/neurology, number/3, silence 150".into()
}

#[test]
fn the_call_is_answered_and_recorded_at_once_and_greeted_400_ms_later() {
    let mut stage = Stage::new(NORTHFIELD, DIAL_IN);
    stage.play_until(0);
    let order: Vec<&Action> = stage
        .log
        .iter()
        .map(|(_, action)| action)
        .filter(|action| !matches!(action, Action::Note(_) | Action::Play { .. }))
        .collect();
    let start = Action::StartRecording(CALLER, RecordingPart::Case);
    assert_eq!(order, [&Action::Answer(CALLER), &start]);
    let greeting = format!(
        "silence 400, organisation/northfield-hospitals, menu/calls-are-recorded, {}",
        menu()
    );
    assert_eq!(said(&stage), [(0, greeting)]);
}

#[test]
fn nothing_keyed_for_5_s_brings_the_menu_twice_more_and_then_a_goodbye() {
    let stage = Stage::new(NORTHFIELD, DIAL_IN).play();
    let second = GREETING_MS + 5_000;
    let third = second + MENU_MS + 5_000;
    let goodbye = third + MENU_MS + 5_000;
    let expected = [
        (second, menu()),
        (third, menu()),
        (goodbye, "menu/nothing-keyed".to_owned()),
    ];
    assert_eq!(said(&stage)[1..], expected);
    assert_eq!(stage.cause(), EndCause::NothingKeyed);
    assert_eq!(stage.ended_at(), goodbye + 1_000);
    let hung_up = Action::HangUp(CALLER, HangupCause::Normal);
    assert_eq!(
        stage.when(|action| *action == hung_up),
        Some(goodbye + 1_000)
    );
}

#[test]
fn a_key_stops_the_greeting_as_it_goes_down_and_rings_as_it_is_complete() {
    let mut stage = Stage::new(NORTHFIELD, DIAL_IN)
        .caller(phone().keys(600, "1"))
        .phone("sip:ann@h", phone().rings(100));
    stage.play_until(700);
    let stopped = Action::StopPlaying(CALLER);
    assert_eq!(stage.when(|action| *action == stopped), Some(520));
    assert_eq!(stage.rung(), [(600, "sip:ann@h".to_owned())]);
    let place = |is: &dyn Fn(&Action) -> bool| stage.log.iter().position(|(_, a)| is(a)).unwrap();
    let invite = place(&|action| matches!(action, Action::Dial { .. }));
    let trying = place(&|action| match action {
        Action::Play { sounds, .. } => sounds
            .iter()
            .any(|it| matches!(it, Sound::Prompt(id) if id.as_str() == "hunt/trying")),
        _ => false,
    });
    assert!(
        invite < trying,
        "the INVITE leaves before anything is said about it"
    );
    assert_eq!(
        said(&stage)[1],
        (600, "hunt/trying, specialty/cardiology".to_owned())
    );
}

#[test]
fn star_repeats_the_menu() {
    let mut stage = Stage::new(NORTHFIELD, DIAL_IN).caller(phone().keys(1_000, "*"));
    stage.play_until(2_000);
    assert_eq!(said(&stage)[1], (1_000, menu()));
}

#[test]
fn a_key_that_is_no_choice_is_said_to_be_none() {
    for key in ["7", "A"] {
        let mut stage = Stage::new(NORTHFIELD, DIAL_IN).caller(phone().keys(1_000, key));
        stage.play_until(2_000);
        assert_eq!(
            said(&stage)[1],
            (1_000, format!("menu/not-a-choice, {}", menu()))
        );
        assert_eq!(stage.rung(), []);
    }
}

#[test]
fn somebody_who_keys_nonsense_for_ever_is_let_go() {
    let script = (1..60).fold(phone(), |script, turn| script.keys(turn * 1_000, "7"));
    let stage = Stage::new(NORTHFIELD, DIAL_IN).caller(script).play();
    assert_eq!(stage.cause(), EndCause::NothingKeyed);
    assert_eq!(stage.ended_at(), 31_000);
}

#[test]
fn a_closed_specialty_is_not_read_out_but_its_key_tells_when_it_opens() {
    let stage = Stage::new(NORTHFIELD, DIAL_IN)
        .caller(phone().keys(1_000, "2").hangs_up(5_000))
        .play();
    let closed = "specialty/dermatology, closed/is-closed, closed/it-opens, day/tomorrow, \
                  clock/at, number/9, number/30, clock/am";
    assert_eq!(said(&stage)[1], (1_000, format!("{closed}, {}", menu())));
    assert_eq!(stage.rung(), []);
    assert_eq!(stage.cause(), EndCause::Closed);
}

#[test]
fn opening_times_are_said_as_people_say_them() {
    let times = [
        ("tue 12:00-13:00", "day/tomorrow, clock/midday"),
        ("wed 00:00-13:00", "day/wednesday, clock/midnight"),
        ("mon 18:00-20:00", "day/today, clock/at, number/6, clock/pm"),
        (
            "sun 12:05-20:00",
            "day/sunday, clock/at, number/12, clock/oh, number/5, clock/pm",
        ),
        (
            "sat 00:45-20:00",
            "day/saturday, clock/at, number/12, number/45, clock/am",
        ),
        // Today's hours are over: it is a week until they come again.
        (
            "mon 09:00-13:00",
            "day/monday, clock/at, number/9, clock/am",
        ),
    ];
    for (hours, expected) in times {
        let plan = NORTHFIELD.replace("tue 09:30-12:00", hours);
        let mut stage = Stage::new(&plan, DIAL_IN).caller(phone().keys(1_000, "2"));
        stage.play_until(1_000);
        let said = said(&stage)[1].1.clone();
        assert!(
            said.contains(&format!("closed/it-opens, {expected}, specialty")),
            "{said}"
        );
    }
    let never = NORTHFIELD.replace("\"tue 09:30-12:00\"", "");
    let mut stage = Stage::new(&never, DIAL_IN).caller(phone().keys(1_000, "2"));
    stage.play_until(1_000);
    assert!(
        said(&stage)[1]
            .1
            .contains("closed/is-closed, closed/no-hours")
    );
}

#[test]
fn an_opening_after_more_than_a_week_is_not_named_by_its_weekday() {
    let section = "[specialty.neurology]\n";
    let away = format!(
        "[[specialty.dermatology.hours_on]]\ndates = [\"2026-11-24\"]\nhours = []\n{section}"
    );
    let plan = NORTHFIELD.replace(section, &away);
    let mut stage = Stage::new(&plan, DIAL_IN).caller(phone().keys(1_000, "2"));
    stage.play_until(1_000);
    let closed = "specialty/dermatology, closed/is-closed";
    assert_eq!(said(&stage)[1].1, format!("{closed}, {}", menu()));
}

#[test]
fn a_menu_without_an_open_specialty_says_so() {
    let plan = NORTHFIELD.replace("daily 00:00-24:00", "tue 09:30-12:00");
    let mut stage = Stage::new(&plan, DIAL_IN);
    stage.play_until(0);
    assert!(stage.was_told(CALLER, "menu/all-closed"));
    assert!(!stage.was_told(CALLER, "specialty/cardiology"));
}

#[test]
fn a_caller_who_leaves_in_the_menu_has_left_in_the_menu() {
    let stage = Stage::new(NORTHFIELD, DIAL_IN)
        .caller(phone().hangs_up(1_500))
        .play();
    assert_eq!(stage.cause(), EndCause::CallerLeftInMenu);
    assert_eq!(stage.ended_at(), 1_500);
    let stage = Stage::new(NORTHFIELD, DIAL_IN).caller(phone().dies(61_000).keys(60_000, "*"));
    let stage = stage.caller(phone().keys(5_000, "*").keys(15_000, "*").keys(25_000, "*"));
    let stage = stage
        .caller(phone().keys(35_000, "*").keys(45_000, "*"))
        .play();
    assert_eq!(stage.cause(), EndCause::LineDead);
}

#[test]
fn what_was_heard_is_kept_to_the_millisecond() {
    let stage = Stage::new(NORTHFIELD, DIAL_IN)
        .caller(phone().hangs_up(2_700))
        .play();
    let heard = stage.facts().find_map(|(_, fact)| match fact {
        Fact::PromptsHeard {
            leg: CALLER, heard, ..
        } => Some(heard.clone()),
        _ => None,
    });
    let heard = heard.unwrap();
    assert!(heard.iter().all(|it| it.version == 3));
    let heard: Vec<(String, u32)> = heard
        .iter()
        .map(|it| (it.prompt.as_str().to_owned(), it.ms))
        .collect();
    let expected = [
        ("organisation/northfield-hospitals", 1_000),
        ("menu/calls-are-recorded", 1_000),
        ("specialty/cardiology", 300),
    ]
    .map(|(name, ms)| (name.to_owned(), ms));
    assert_eq!(heard, expected);
}

#[test]
fn an_announcement_beyond_its_day_is_left_out() {
    let mut stage = Stage::at("2027-01-01T14:00:00Z", world(NORTHFIELD), DIAL_IN, |_| {});
    stage.play_until(0);
    assert!(stage.was_told(CALLER, "organisation/northfield-hospitals"));
    assert!(!stage.was_told(CALLER, "menu/calls-are-recorded"));
}

#[test]
fn zero_rings_the_help_line_which_need_not_accept() {
    let stage = Stage::new(NORTHFIELD, DIAL_IN)
        .caller(phone().keys(1_000, "0").hangs_up(9_000))
        .phone("sip:help@h", phone().rings(100).answers(2_000))
        .play();
    assert_eq!(stage.rung(), [(1_000, "sip:help@h".to_owned())]);
    assert_eq!(
        stage.when(|a| matches!(a, Action::Enter(LegId(1), _))),
        Some(3_000)
    );
    assert_eq!(stage.cause(), EndCause::CallerHungUp);
    assert!(!stage.was_told(LegId(1), "outcome/before-you-go"));
}

#[test]
fn a_help_line_that_is_busy_leads_back_to_the_menu() {
    let mut stage = Stage::new(NORTHFIELD, DIAL_IN)
        .caller(phone().keys(1_000, "0"))
        .phone("sip:help@h", phone().refuses(300, Refusal::Busy));
    stage.play_until(1_500);
    assert_eq!(stage.results(), [AttemptResult::Busy]);
    assert_eq!(
        said(&stage)[2],
        (1_300, format!("hunt/help-unavailable, {}", menu()))
    );
}

#[test]
fn a_specialtys_own_number_rings_before_the_greeting_is_said() {
    let stage = Stage::new(NORTHFIELD, CARDIOLOGY)
        .phone(
            "sip:ann@h",
            phone()
                .rings(100)
                .answers(3_000)
                .keys(6_000, "1")
                .hangs_up(20_000),
        )
        .caller(phone().hangs_up(30_000))
        .play();
    assert_eq!(stage.rung(), [(0, "sip:ann@h".to_owned())]);
    let greeting = "silence 400, organisation/northfield-hospitals, menu/calls-are-recorded, \
                    hunt/trying, specialty/cardiology";
    assert_eq!(said(&stage)[0], (0, greeting.to_owned()));
    assert_eq!(stage.cause(), EndCause::SpecialistHungUp);
}

#[test]
fn a_closed_specialtys_own_number_says_when_it_opens_and_goodbye() {
    let stage = Stage::new(NORTHFIELD, DERMATOLOGY).play();
    assert!(stage.was_told(CALLER, "closed/it-opens"));
    assert!(stage.was_told(CALLER, "menu/goodbye"));
    assert_eq!(stage.rung(), []);
    assert_eq!(stage.cause(), EndCause::Closed);
}

#[test]
fn the_case_knows_practice_area_and_organisation() {
    let stage = Stage::new(NORTHFIELD, DIAL_IN).play();
    let opened = stage.facts().next().map(|(_, fact)| fact.clone());
    let Some(Fact::CaseOpened {
        organisation,
        practice,
        area,
        dialled,
        ..
    }) = opened
    else {
        panic!("the first fact is {opened:?}");
    };
    assert_eq!(dialled.unwrap().as_str(), "+442079460001");
    assert_eq!(organisation.unwrap().as_str(), "northfield");
    assert_eq!(practice.unwrap().as_str(), "elm-street-surgery");
    assert_eq!(area.unwrap(), "Northfield North");
}

#[test]
fn a_plan_that_is_edited_meanwhile_leaves_the_menu_as_it_was_heard() {
    let world = world(NORTHFIELD);
    let mut stage = Stage::at(crate::stage::MONDAY, world.clone(), DIAL_IN, |_| {})
        .caller(phone().keys(2_000, "1"))
        .phone("sip:ann@h", phone().rings(100));
    stage.play_until(1_000);
    let edited = NORTHFIELD.replace("key = 1\nhours", "key = 5\nhours");
    *world.plan.borrow_mut() = crate::stage::world(&edited).plan.borrow().clone();
    stage.play_until(2_000);
    assert_eq!(stage.rung(), [(2_000, "sip:ann@h".to_owned())]);
}
