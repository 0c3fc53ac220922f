//! "2, and we keep trying and ring you back": SERVICE 1.10.

use rotaline_call::Refusal;
use rotaline_model::{CallId, EndCause, JobId, LegId, PhoneNumber, SpecialtyId};
use rotaline_record::{Fact, KeepTrying, KeepTryingEnd, RecordingPart, Undertaking};

use crate::stage::{CALLER, MONDAY, NORTHFIELD, Stage, phone};

const NEUROLOGY: &str = "020 7946 0004";
/// The caller's own number, said digit by digit, with the words around it.
const QUESTION_MS: u64 = 13_000;
const RING_BACK: &str = "+441632960101";

/// A number for the specialty that nobody is on the rota of.
fn plan() -> String {
    format!(
        "{NORTHFIELD}\n[number.\"{NEUROLOGY}\"]\nservice = \"specialty\"\n\
         specialty = \"neurology\"\n"
    )
}

/// Somebody who keys 2 at the offer, and then these. The offer begins after the greeting, since
/// nobody is there to be rung.
fn asks(keys: &[(u64, &str)]) -> Stage {
    let script = phone().keys(500, "2");
    let script = keys
        .iter()
        .fold(script, |script, (at, keys)| script.keys(*at, keys));
    Stage::new(&plan(), NEUROLOGY).caller(script)
}

fn job_of(stage: &Stage) -> (u64, KeepTrying) {
    let jobs = stage.undertaken();
    let [(at, intent)] = jobs.as_slice() else {
        panic!("one job: {jobs:?}");
    };
    let Undertaking::KeepTrying(job) = intent.undertaking.clone() else {
        panic!("no keep-trying job")
    };
    assert_eq!(intent.calls_before, 1);
    (*at, job)
}

fn job_end(stage: &Stage) -> Option<KeepTryingEnd> {
    stage.facts().find_map(|(_, fact)| match fact {
        Fact::KeepTryingEnded { end, .. } => Some(*end),
        _ => None,
    })
}

#[test]
fn whoever_presses_2_and_confirms_is_promised_it_once_it_is_on_disk_and_the_case_stays_open() {
    let stage = asks(&[(2_000, "1")]).play();
    let (at, job) = job_of(&stage);
    assert_eq!(at, 2_000);
    assert_eq!(job.ring_back.expose().as_str(), RING_BACK);
    assert_eq!((job.hunts, job.ring_backs), (0, 0));
    // Open day and night: a day at most.
    assert_eq!(job.until.to_string(), "2026-11-24T14:00:02Z");
    let asked = stage
        .facts()
        .find(|(_, fact)| matches!(fact, Fact::KeepTryingAsked { .. }));
    assert_eq!(asked.map(|(at, _)| at), Some(2_000));
    assert!(stage.was_told(CALLER, "ring-back/we-keep-trying"));
    assert_eq!(stage.call_cause(), EndCause::NobodyOnRota);
    let closed = stage
        .facts()
        .any(|(_, fact)| matches!(fact, Fact::CaseClosed { .. }));
    assert!(!closed, "a job goes on with the case");
}

#[test]
fn the_number_is_said_digit_by_digit_as_people_dial_it() {
    let stage = asks(&[]).play();
    let said = stage.said(CALLER);
    let question = said
        .iter()
        .find(|(_, names)| names[0] == "ring-back/we-ring-you-on");
    let digits = "01632960101".chars().map(|digit| format!("number/{digit}"));
    let wanted: Vec<String> = [String::from("ring-back/we-ring-you-on")]
        .into_iter()
        .chain(digits)
        .chain([String::from("ring-back/confirm-or-key")])
        .collect();
    assert_eq!(question, Some(&(500, wanted)));
    // Silent twice, and at the offer twice more: let go, and nothing is kept.
    assert_eq!(stage.cause(), EndCause::NobodyOnRota);
    assert!(stage.undertaken().is_empty());
    assert!(stage.ended_at() > 2 * QUESTION_MS);
}

#[test]
fn another_number_is_keyed_checked_read_back_and_confirmed() {
    let stage = asks(&[(4_000, "07700900123#"), (6_000, "1")]).play();
    let (at, job) = job_of(&stage);
    assert_eq!(
        (at, job.ring_back.expose().as_str()),
        (6_000, "+447700900123")
    );
    // Neither half a number nor one of ours.
    for wrong in [
        "0770#",
        "02079460000#",
        "02079460001#",
        "09061234567#",
        "5#",
    ] {
        let mut stage = asks(&[(4_000, wrong)]);
        stage.play_until(5_000);
        assert!(stage.was_told(CALLER, "ring-back/not-a-number"), "{wrong}");
        assert!(stage.undertaken().is_empty());
    }
}

#[test]
fn where_the_organisation_does_not_ring_the_caller_s_number_another_is_asked_for() {
    let own = "[organisation.northfield.dial_out]\nprefixes = [\"+353\"]\n";
    let script = phone().keys(500, "2").keys(4_000, "00353155501012#");
    let stage = Stage::new(&format!("{}{own}", plan()), NEUROLOGY).caller(script.keys(8_000, "1"));
    let stage = stage.play();
    assert!(stage.was_told(CALLER, "ring-back/key-a-number"));
    assert!(!stage.was_told(CALLER, "ring-back/not-a-number"));
    let (_, job) = job_of(&stage);
    assert_eq!(job.ring_back.expose().as_str(), "+353155501012");
}

#[test]
fn what_the_disk_does_not_keep_is_not_promised() {
    let mut stage = asks(&[(2_000, "1")]);
    stage.keeps = false;
    let stage = stage.play();
    assert!(stage.undertaken().is_empty());
    assert!(stage.was_told(CALLER, "ring-back/cannot-be-kept"));
    assert!(!stage.was_told(CALLER, "ring-back/we-keep-trying"));
    assert_eq!(job_end(&stage), Some(KeepTryingEnd::CalledOff));
    assert_eq!(stage.cause(), EndCause::NobodyOnRota);
}

#[test]
fn whoever_hangs_up_right_after_confirming_is_rung_back_and_before_it_is_not() {
    let stage = Stage::new(&plan(), NEUROLOGY)
        .caller(phone().keys(500, "2").keys(2_000, "1").hangs_up(2_000))
        .play();
    assert_eq!(stage.undertaken().len(), 1);
    let stage = Stage::new(&plan(), NEUROLOGY)
        .caller(phone().keys(500, "2").hangs_up(1_900))
        .play();
    assert!(stage.undertaken().is_empty());
}

#[test]
fn it_is_not_offered_where_the_specialty_does_not_want_it_or_there_is_no_room() {
    let never = plan().replace(
        "name = \"Neurology\"",
        "name = \"Neurology\"\nkeep_trying = false",
    );
    let stage = Stage::new(&never, NEUROLOGY)
        .caller(phone().keys(500, "2"))
        .play();
    assert!(!stage.was_told(CALLER, "hunt/keep-trying-offer"));
    assert!(stage.was_told(CALLER, "menu/not-a-choice"));
    let full = Stage::new(&plan(), NEUROLOGY);
    full.world.room_for_jobs.set(0);
    let stage = full.play();
    assert!(!stage.was_told(CALLER, "hunt/keep-trying-offer"));
}

/// A later call of a job.
fn later(change: impl FnOnce(&mut KeepTrying)) -> Stage {
    let number = PhoneNumber::parse("01632 960101").unwrap();
    let mut random = rotaline_model::Seed::from_number(2).generator(1);
    let mut job = KeepTrying {
        job: JobId::from(CallId::new(MONDAY.parse().unwrap(), &mut random).uuid()),
        specialty: SpecialtyId::parse("cardiology").unwrap(),
        ring_back: number.into(),
        until: "2026-11-23T17:00:00Z".parse().unwrap(),
        hunts: 0,
        ring_backs: 0,
    };
    change(&mut job);
    Stage::intended(NORTHFIELD, Undertaking::KeepTrying(job), None)
}

const SPECIALIST: LegId = LegId(0);
const RUNG_BACK: LegId = LegId(1);

#[test]
fn when_a_specialist_accepts_the_caller_is_rung_and_joined_after_pressing_1() {
    let stage = later(|_| {})
        .phone(
            "sip:ann@h",
            phone()
                .rings(100)
                .answers(2_000)
                .keys(4_000, "1")
                .hangs_up(60_000),
        )
        .phone(
            RING_BACK,
            phone().rings(100).answers(5_000).keys(7_000, "1"),
        )
        .play();
    let rung = [(0, "sip:ann@h".to_owned()), (4_000, RING_BACK.to_owned())];
    assert_eq!(stage.rung(), rung);
    assert!(stage.was_told(SPECIALIST, "ring-back/ringing-the-caller"));
    assert!(stage.was_told(SPECIALIST, "music/waiting"));
    assert!(stage.was_told(RUNG_BACK, "ring-back/your-call"));
    assert_eq!(stage.joined_at(), Some(11_000));
    assert_eq!(job_end(&stage), Some(KeepTryingEnd::Joined));
    // The specialist leaves first, so the caller is asked what came of it.
    assert!(stage.was_told(RUNG_BACK, "outcome/before-you-go"));
    assert_eq!(stage.cause(), EndCause::SpecialistHungUp);
    let start = rotaline_call::Action::StartRecording(RUNG_BACK, RecordingPart::Later(1));
    assert_eq!(stage.when(|action| *action == start), Some(9_000));
}

#[test]
fn nobody_is_tried_twice_in_one_hunt_and_the_job_goes_on() {
    let refuses = || phone().refuses(100, Refusal::Busy);
    let stage = later(|_| {})
        .phone("sip:ann@h", refuses())
        .phone("sip:ben@h", refuses())
        .phone("sip:cat@h", refuses())
        .play();
    assert_eq!(stage.rung().len(), 3, "one round: {:?}", stage.rung());
    let jobs = stage.undertaken();
    let [(_, intent)] = jobs.as_slice() else {
        panic!()
    };
    assert_eq!((intent.calls_before, intent.attempts_before), (2, 6));
    let Undertaking::KeepTrying(job) = &intent.undertaking else {
        panic!()
    };
    assert_eq!((job.hunts, job.ring_backs), (1, 0));
    assert_eq!(stage.call_cause(), EndCause::NobodyAccepted);
}

#[test]
fn a_caller_who_is_not_reached_is_tried_for_two_more_acceptances() {
    let accepts = || phone().rings(100).answers(1_000).keys(3_000, "1");
    for (before, goes_on) in [(0, true), (1, true), (2, false)] {
        let stage = later(|job| job.ring_backs = before)
            .phone("sip:ann@h", accepts())
            .phone(RING_BACK, phone().rings(100))
            .play();
        let rung = stage.rung();
        assert_eq!(rung.len(), 2, "rung once for the acceptance: {rung:?}");
        assert!(stage.was_told(SPECIALIST, "ring-back/caller-not-reached"));
        assert_eq!(stage.undertaken().len(), usize::from(goes_on));
        assert_eq!(stage.call_cause(), EndCause::CallerNotReached);
        let end = (!goes_on).then_some(KeepTryingEnd::CallerNotReached);
        assert_eq!(job_end(&stage), end);
    }
}

#[test]
fn the_specialist_waits_30_s_at_most_and_may_leave() {
    let accepts = || phone().rings(100).answers(1_000).keys(3_000, "1");
    // Answers late, and says nothing.
    let stage = later(|_| {})
        .phone("sip:ann@h", accepts())
        .phone(RING_BACK, phone().rings(100).answers(19_500))
        .play();
    let sorry = stage.said(SPECIALIST).into_iter().last().unwrap();
    assert_eq!(
        sorry,
        (33_000, vec!["ring-back/caller-not-reached".to_owned()])
    );
    // Leaves while the caller hears what it is.
    let stage = later(|_| {})
        .phone("sip:ann@h", accepts().hangs_up(8_000))
        .phone(
            RING_BACK,
            phone().rings(100).answers(4_000).keys(20_000, "1"),
        )
        .play();
    assert_eq!(stage.joined_at(), None);
    let last = stage.said(RUNG_BACK).into_iter().last().unwrap();
    assert_eq!(last, (8_000, vec!["hunt/nobody-answered".to_owned()]));
    assert_eq!(stage.undertaken().len(), 1);
}

#[test]
fn nobody_is_rung_once_its_hours_are_over() {
    let rings_out = || phone().rings(100);
    let stage = later(|job| job.until = "2026-11-23T14:00:20Z".parse().unwrap())
        .phone("sip:ann@h", rings_out())
        .phone("sip:ben@h", rings_out())
        .phone("sip:cat@h", rings_out())
        .play();
    let rung: Vec<u64> = stage.rung().into_iter().map(|(at, _)| at).collect();
    assert_eq!(rung, [0, 15_100]);
    assert_eq!(job_end(&stage), Some(KeepTryingEnd::HoursOver));
    assert_eq!(stage.cause(), EndCause::KeptTryingInVain);
}

#[test]
fn a_team_that_was_closed_by_an_edit_is_not_tried_any_more() {
    // Dermatology opens tomorrow.
    let stage = later(|job| job.specialty = SpecialtyId::parse("dermatology").unwrap()).play();
    assert_eq!(stage.rung(), []);
    assert!(stage.undertaken().is_empty());
    assert_eq!(job_end(&stage), Some(KeepTryingEnd::HoursOver));
    assert_eq!(stage.cause(), EndCause::KeptTryingInVain);
}
