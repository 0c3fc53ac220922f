//! The hunt: SERVICE 1.5, 1.6, 1.9, 1.10, 1.13.

use jiff::Timestamp;
use rotaline_call::{Action, Input, Refusal};
use rotaline_model::{EndCause, HangupCause, LegId, PersonId, PhoneNumber};
use rotaline_record::{AttemptResult, CallerId, EndedBy, Fact, RecordingPart};

use crate::stage::{CALLER, MONDAY, NORTHFIELD, Stage, dead_phone, phone, world};

const DIAL_IN: &str = "020 7946 0001";

/// A call whose caller keys Cardiology at 2 s.
fn cardiology() -> Stage {
    Stage::new(NORTHFIELD, DIAL_IN).caller(phone().keys(2_000, "1"))
}

fn rung(stage: &Stage) -> Vec<(u64, String)> {
    stage.rung()
}

fn times<const N: usize>(expected: [(u64, &str); N]) -> Vec<(u64, String)> {
    expected
        .iter()
        .map(|(at, to)| (*at, format!("sip:{to}@h")))
        .collect()
}

fn reasons(stage: &Stage) -> Vec<String> {
    let facts = stage.facts();
    facts
        .filter_map(|(_, fact)| match fact {
            Fact::AttemptStarted { reason, .. } => Some(reason.clone()),
            _ => None,
        })
        .collect()
}

#[test]
fn a_phone_stops_at_once_when_its_owner_pauses_and_the_next_one_rings() {
    let mut stage = Stage::new(NORTHFIELD, "020 7946 0002").phone("sip:ann@h", phone().rings(100));
    stage.play_until(3_000);
    let ann = PersonId::parse("ann").unwrap();
    let until: Timestamp = "2026-11-23T14:30:00Z".parse().unwrap();
    stage.world.presence.borrow_mut().pause(&ann, until);
    stage.tell(Input::Timeout);
    let rung: Vec<String> = stage.rung().into_iter().map(|(_, to)| to).collect();
    assert_eq!(rung, ["sip:ann@h", "sip:ben@h"]);
    let paused = stage.facts().any(|(_, fact)| {
        matches!(
            fact,
            Fact::AttemptEnded {
                attempt: 1,
                result: AttemptResult::Paused,
                ..
            }
        )
    });
    assert!(paused, "{:#?}", stage.log);
}

#[test]
fn second_specialist_is_busy_and_third_accepts() {
    let stage = cardiology()
        .phone("sip:ann@h", phone().rings(100))
        .phone("sip:ben@h", phone().refuses(300, Refusal::Busy))
        .phone(
            "sip:cat@h",
            phone()
                .rings(100)
                .answers(4_000)
                .keys(8_000, "1")
                .hangs_up(60_000),
        )
        .play();
    assert_eq!(
        rung(&stage),
        times([(2_000, "ann"), (17_100, "ben"), (17_400, "cat")])
    );
    let results = [
        AttemptResult::NoAnswer,
        AttemptResult::Busy,
        AttemptResult::Accepted,
    ];
    assert_eq!(stage.results(), results);
    let cancelled = Action::HangUp(LegId(1), HangupCause::NoAnswer);
    assert_eq!(stage.when(|action| *action == cancelled), Some(17_100));
    let joined = stage.when(|action| matches!(action, Action::Note(Fact::Joined { .. })));
    assert_eq!(joined, Some(25_400));
    let entered = |leg| move |action: &Action| matches!(action, Action::Enter(l, _) if *l == leg);
    assert_eq!(stage.when(entered(CALLER)), Some(25_400));
    assert_eq!(stage.when(entered(LegId(3))), Some(25_400));
    let whisper = RecordingPart::Whisper(3);
    let started = Action::StartRecording(LegId(3), whisper);
    assert_eq!(stage.when(|action| *action == started), Some(21_400));
    let stopped = Action::StopRecording(whisper);
    assert_eq!(stage.when(|action| *action == stopped), Some(25_400));
    let talk = stage.facts().find_map(|(at, fact)| match fact {
        Fact::TalkEnded { by, .. } => Some((at, *by)),
        _ => None,
    });
    assert_eq!(talk, Some((77_400, EndedBy::Specialist)));
    assert_eq!(stage.cause(), EndCause::SpecialistHungUp);
}

#[test]
fn each_trunk_has_2_s_to_reply_in_and_the_attempt_is_the_same() {
    let ann = dead_phone().goes_by_the_next_trunk(1_900);
    let ben = dead_phone().goes_by_the_next_trunk(1_900);
    let stage = cardiology()
        .phone("sip:ann@h", ann.goes_by_the_next_trunk(3_800))
        .phone("sip:ben@h", ben.rings(3_000))
        .phone("sip:cat@h", dead_phone())
        .play();
    let expected = times([
        (2_000, "ann"),
        (2_000 + 3_800 + 2_000, "ben"),
        (7_800 + 3_000 + 15_000, "cat"),
    ]);
    assert_eq!(rung(&stage)[..3], expected);
}

#[test]
fn no_reply_in_2_s_and_no_ring_in_10_s_lead_to_the_next_phone() {
    let stage = cardiology()
        .phone("sip:ann@h", dead_phone())
        .phone("sip:ben@h", phone())
        .phone("sip:cat@h", phone().rings(9_000))
        .phone("sip:ben-desk@h", phone().rings(500))
        .play();
    // The third rings for 15 s; the fourth, with its own ring time, for 8 s.
    let expected = [
        (2_000, "ann"),
        (4_000, "ben"),
        (14_000, "cat"),
        (38_000, "ben-desk"),
    ];
    assert_eq!(rung(&stage), times(expected));
    use AttemptResult::{NoAnswer, Unreachable};
    assert_eq!(
        stage.results(),
        [Unreachable, Unreachable, NoAnswer, NoAnswer]
    );
    let ended = stage.when(|action| matches!(action, Action::HangUp(LegId(4), _)));
    assert_eq!(ended, Some(38_000 + 500 + 8_000));
    assert!(stage.was_told(CALLER, "hunt/nobody-answered"));
    assert!(stage.was_told(CALLER, "menu/goodbye"));
    assert_eq!(stage.cause(), EndCause::NobodyAccepted);
}

#[test]
fn ringing_is_capped_at_28_s_from_the_invite() {
    let plan = NORTHFIELD.replace("zone =", "ring_time_s = 25\nzone =");
    let stage = Stage::new(&plan, DIAL_IN)
        .caller(phone().keys(2_000, "1"))
        .phone("sip:ann@h", phone().rings(9_000))
        .phone("sip:ben@h", phone().rings(1_000))
        .play();
    assert_eq!(
        rung(&stage)[..3],
        times([(2_000, "ann"), (30_000, "ben"), (56_000, "cat")])
    );
}

#[test]
fn every_refusal_rings_the_next_phone_at_once() {
    let refusals = [
        (Refusal::Busy, AttemptResult::Busy),
        (Refusal::Refused, AttemptResult::Refused),
        (Refusal::NoSuchNumber, AttemptResult::NoSuchNumber),
        (Refusal::NoAnswer, AttemptResult::NoAnswer),
        (Refusal::Unreachable, AttemptResult::Unreachable),
        (Refusal::DivertedToUs, AttemptResult::DivertedToUs),
    ];
    for (refusal, result) in refusals {
        let mut stage = cardiology().phone("sip:ann@h", phone().rings(100).refuses(700, refusal));
        stage.play_until(3_000);
        assert_eq!(
            rung(&stage),
            times([(2_000, "ann"), (2_700, "ben")]),
            "{refusal:?}"
        );
        assert_eq!(stage.results(), [result]);
    }
}

#[test]
fn other_phones_are_tried_in_the_second_round_alone() {
    let busy = || phone().refuses(100, Refusal::Busy);
    let stage = cardiology()
        .phone("sip:ann@h", busy())
        .phone("sip:ben@h", busy())
        .phone("sip:cat@h", busy())
        .phone("sip:ben-desk@h", busy())
        .play();
    let expected = [
        (2_000, "ann"),
        (2_100, "ben"),
        (2_200, "cat"),
        (2_300, "ben-desk"),
    ];
    assert_eq!(rung(&stage), times(expected));
    let second = "number 2 on the rota, second round";
    assert_eq!(reasons(&stage)[3], second);
}

#[test]
fn busy_and_paused_people_are_skipped_with_the_reason() {
    let mut stage = cardiology().busy("ann");
    let ben = PersonId::parse("ben").unwrap();
    stage
        .world
        .presence
        .borrow_mut()
        .pause(&ben, "2026-11-23T14:30:00Z".parse().unwrap());
    stage.play_until(3_000);
    assert_eq!(rung(&stage), times([(2_000, "cat")]));
    let expected = "number 3 on the rota; skipped ann (busy on another call); \
                    skipped ben (has paused their calls)";
    assert_eq!(reasons(&stage), [expected]);
}

#[test]
fn everybody_rung_is_reserved_until_their_part_is_over() {
    let mut stage = cardiology().phone("sip:ann@h", phone().rings(100)).phone(
        "sip:ben@h",
        phone()
            .rings(100)
            .answers(1_000)
            .keys(3_000, "1")
            .hangs_up(9_000),
    );
    let busy = |stage: &Stage| stage.world.presence.borrow().reserved();
    stage.play_until(1_999);
    assert_eq!(busy(&stage), 0);
    stage.play_until(17_000);
    assert_eq!(busy(&stage), 1);
    // Ann is free again as Ben is rung, and Ben until he hangs up.
    stage.play_until(26_000);
    assert_eq!(busy(&stage), 1);
    stage.play_until(26_100);
    assert_eq!(busy(&stage), 0);
    let stage = stage.play();
    assert_eq!(busy(&stage), 0);
}

#[test]
fn the_budget_bars_new_attempts_and_never_cuts_an_acceptance() {
    let plan = NORTHFIELD.replace("zone =", "budget_s = 15\nzone =");
    let call = |plan: &str| Stage::new(plan, DIAL_IN).caller(phone().keys(2_000, "1"));
    let spent = call(&plan).phone("sip:ann@h", phone().rings(100)).play();
    assert_eq!(rung(&spent), times([(2_000, "ann")]));
    assert_eq!(spent.cause(), EndCause::NobodyAccepted);
    let late = call(&plan)
        .phone(
            "sip:ann@h",
            phone()
                .rings(100)
                .answers(15_000)
                .keys(25_000, "1")
                .hangs_up(40_000),
        )
        .play();
    assert_eq!(late.results(), [AttemptResult::Accepted]);
}

#[test]
fn the_waiting_caller_hears_trying_then_ring_tone_then_still_trying_every_30_s() {
    let mut stage = cardiology()
        .phone("sip:ann@h", phone().rings(100))
        .phone("sip:ben@h", phone().rings(100))
        .phone("sip:cat@h", phone().rings(100))
        .phone("sip:ben-desk@h", phone().rings(100));
    stage.play_until(54_000);
    let said: Vec<(u64, String)> = stage.said(CALLER)[1..]
        .iter()
        .map(|(at, names)| (*at, names.join(", ")))
        .collect();
    // The second attempt begins at 17.1 s, the third at 32.2, the fourth at 47.3.
    let expected = [
        (2_000, "hunt/trying, specialty/cardiology"),
        (4_000, "ring tone"),
        (17_100, "hunt/still-trying"),
        (18_100, "ring tone"),
        (47_100, "hunt/still-trying"),
        (48_100, "ring tone"),
    ]
    .map(|(at, what)| (at, what.to_owned()));
    assert_eq!(said, expected);
}

#[test]
fn still_trying_waits_until_trying_is_said() {
    let mut stage = cardiology()
        .phone("sip:ann@h", phone().refuses(100, Refusal::Busy))
        .phone("sip:ben@h", phone().rings(100));
    stage.play_until(5_500);
    let said: Vec<(u64, String)> = stage.said(CALLER)[1..]
        .iter()
        .map(|(at, names)| (*at, names.join(", ")))
        .collect();
    assert_eq!(said[2], (4_000, "hunt/still-trying".to_owned()));
}

#[test]
fn star_goes_back_to_the_menu_and_stops_the_ringing() {
    let stage = cardiology()
        .caller(phone().keys(6_000, "5").keys(8_000, "*").hangs_up(10_000))
        .phone("sip:ann@h", phone().rings(100))
        .play();
    let cancelled = Action::HangUp(LegId(1), HangupCause::NotNeeded);
    assert_eq!(stage.when(|action| *action == cancelled), Some(8_000));
    assert_eq!(stage.results(), [AttemptResult::Abandoned]);
    let (at, names) = stage.said(CALLER).pop().unwrap();
    assert_eq!((at, names[0].as_str()), (8_000, "specialty/cardiology"));
    assert_eq!(stage.cause(), EndCause::CallerLeftInMenu);
}

#[test]
fn other_keys_leave_the_ring_tone_alone() {
    let mut stage = cardiology()
        .caller(phone().keys(6_000, "5").keys(7_000, "1"))
        .phone("sip:ann@h", phone().rings(100));
    stage.play_until(9_000);
    let stopped = stage
        .log
        .iter()
        .filter(|(at, action)| *at > 2_000 && matches!(action, Action::StopPlaying(CALLER)));
    assert_eq!(stopped.count(), 0);
}

#[test]
fn caller_hangs_up_while_second_specialist_rings() {
    let stage = cardiology()
        .caller(phone().hangs_up(20_000))
        .phone("sip:ann@h", phone().rings(100))
        .phone("sip:ben@h", phone().rings(100).answers(10_000))
        .play();
    let cancelled = Action::HangUp(LegId(2), HangupCause::NotNeeded);
    assert_eq!(stage.when(|action| *action == cancelled), Some(20_000));
    assert_eq!(
        stage.results(),
        [AttemptResult::NoAnswer, AttemptResult::Abandoned]
    );
    assert_eq!(stage.cause(), EndCause::CallerLeftWaiting);
    assert_eq!(stage.ended_at(), 20_000);
}

#[test]
fn caller_hangs_up_while_a_specialist_hears_the_whisper() {
    let stage = cardiology()
        .caller(phone().hangs_up(5_000))
        .phone(
            "sip:ann@h",
            phone().rings(100).answers(1_000).keys(4_000, "1"),
        )
        .play();
    let ended = Action::HangUp(LegId(1), HangupCause::Normal);
    assert_eq!(stage.when(|action| *action == ended), Some(5_000));
    let stopped = Action::StopRecording(RecordingPart::Whisper(1));
    assert_eq!(stage.when(|action| *action == stopped), Some(5_000));
    assert_eq!(stage.results(), [AttemptResult::Abandoned]);
    assert_eq!(stage.cause(), EndCause::CallerLeftWaiting);
}

#[test]
fn nobody_on_the_rota_rings_nobody_and_says_so() {
    let stage = Stage::new(NORTHFIELD, DIAL_IN)
        .caller(phone().keys(2_000, "3"))
        .play();
    assert_eq!(rung(&stage), []);
    assert!(stage.was_told(CALLER, "hunt/nobody-on-rota"));
    assert_eq!(stage.cause(), EndCause::NobodyOnRota);
}

#[test]
fn one_tries_again_and_reaches_somebody() {
    let busy = || phone().refuses(100, Refusal::Busy);
    let accepts = phone()
        .rings(100)
        .answers(1_000)
        .keys(3_000, "1")
        .hangs_up(9_000);
    // Everybody was tried at 2.4 s; the offer is 2 s long.
    let stage = cardiology()
        .caller(phone().keys(5_000, "1").hangs_up(15_000))
        .phone("sip:ann@h", busy())
        .phone("sip:ann@h", accepts)
        .phone("sip:ben@h", busy())
        .phone("sip:ben-desk@h", busy())
        .phone("sip:cat@h", busy())
        .play();
    assert_eq!(rung(&stage)[4..], times([(5_000, "ann")]));
    assert_eq!(stage.results()[4], AttemptResult::Accepted);
    assert_eq!(stage.cause(), EndCause::SpecialistHungUp);
}

#[test]
fn the_offer_to_try_again_is_said_twice_and_then_goodbye() {
    let stage = Stage::new(NORTHFIELD, DIAL_IN)
        .caller(phone().keys(2_000, "3"))
        .play();
    let said: Vec<(u64, String)> = stage.said(CALLER)[1..]
        .iter()
        .map(|(at, names)| (*at, names.join(", ")))
        .collect();
    let expected = [
        (
            2_000,
            "hunt/trying, specialty/neurology, hunt/nobody-on-rota, \
             hunt/keep-trying-offer, hunt/try-again",
        ),
        (12_000, "hunt/keep-trying-offer, hunt/try-again"),
        (19_000, "menu/goodbye"),
    ]
    .map(|(at, what)| (at, what.to_owned()));
    assert_eq!(said, expected);
    assert_eq!(stage.ended_at(), 20_000);
}

#[test]
fn a_caller_who_hangs_up_at_the_offer_was_not_accepted_by_anybody() {
    let stage = Stage::new(NORTHFIELD, DIAL_IN)
        .caller(phone().keys(2_000, "3").hangs_up(4_000))
        .play();
    assert_eq!(stage.cause(), EndCause::NobodyOnRota);
}

#[test]
fn trying_again_for_ever_ends_but_not_before_the_time_of_one_hunt() {
    let again = |turns| {
        (1..turns).fold(phone().keys(2_000, "3"), |script, turn| {
            script.keys(2_000 + turn * 1_000, "1")
        })
    };
    let stage = Stage::new(NORTHFIELD, DIAL_IN).caller(again(250)).play();
    assert_eq!(stage.cause(), EndCause::NobodyOnRota);
    // From 2 s on, for 3 minutes; then it is said, and goodbye.
    assert_eq!(stage.ended_at(), 184_000);
}

#[test]
fn everybody_is_busy_and_whoever_tries_again_reaches_the_first_who_is_free() {
    let again = (0..30).fold(phone(), |script, turn| {
        script.keys(5_000 + turn * 3_000, "1")
    });
    let accepts = phone().rings(100).answers(1_000).keys(3_000, "1");
    let mut stage = cardiology()
        .busy("ann")
        .busy("ben")
        .busy("cat")
        .caller(again)
        .phone("sip:ann@h", accepts.hangs_up(9_000));
    stage.play_until(60_000);
    assert_eq!(rung(&stage), []);
    let offers = stage.said(CALLER).into_iter();
    let offered = offers.filter(|(_, names)| names.iter().any(|it| it == "hunt/nobody-answered"));
    let offered: Vec<u64> = offered.map(|(at, _)| at).collect();
    let at_once: Vec<u64> = (0..20).map(|turn| 2_000 + turn * 3_000).collect();
    assert_eq!(offered, at_once);
    let ann = PersonId::parse("ann").unwrap();
    stage.world.presence.borrow_mut().release(&ann);
    let stage = stage.play();
    assert_eq!(rung(&stage), times([(62_000, "ann")]));
    assert_eq!(stage.cause(), EndCause::SpecialistHungUp);
}

#[test]
fn a_session_that_ends_meanwhile_hands_over_to_the_next() {
    let plan = NORTHFIELD.replace(
        "[specialty.dermatology]",
        "[[specialty.cardiology.session]]\ntimes = [\"mon 14:00-14:01\"]\npeople = [\"ben\"]\n\
         [specialty.dermatology]",
    );
    let plan = plan.replace("mon-fri 13:00-17:00", "mon 14:01-15:00");
    let mut stage = Stage::at("2026-11-23T14:00:50Z", world(&plan), DIAL_IN, |_| {})
        .caller(phone().keys(2_000, "1"))
        .phone("sip:ben@h", phone().rings(100))
        .phone("sip:ann@h", phone().rings(100));
    stage.play_until(20_000);
    assert_eq!(rung(&stage), times([(2_000, "ben"), (17_100, "ann")]));
}

#[test]
fn a_phone_that_is_diverted_to_us_is_known_by_the_call_that_comes_round() {
    let world = world(NORTHFIELD);
    let mut stage = Stage::at(MONDAY, world.clone(), DIAL_IN, |_| {})
        .caller(phone().keys(2_000, "1"))
        .phone("sip:ann@h", phone().rings(100).refuses(900, Refusal::Busy))
        .phone("sip:ben@h", phone().refuses(100, Refusal::Busy));
    stage.play_until(2_500);
    let ours = PhoneNumber::parse("020 7946 0000").unwrap();
    let round = Stage::at(MONDAY, world, DIAL_IN, |call| {
        call.caller = CallerId::Number(ours.into());
        call.diverted_by = vec![rotaline_model::Dialled::parse("ann").unwrap()];
    })
    .play();
    assert_eq!(round.cause(), EndCause::DivertedToUs);
    stage.play_until(3_100);
    assert_eq!(
        stage.results(),
        [AttemptResult::DivertedToUs, AttemptResult::Busy]
    );
}
