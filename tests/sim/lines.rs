//! Worlds with every line of the service: codes and PINs, patients, practices, screens, the inbound
//! number, promises to keep trying; and plans that are edited while calls are up.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{Timestamp, ToSpan};
use rand_chacha::ChaCha8Rng;
use rotaline_model::{
    Acceptance, CallId, CaseId, ErrandId, Mono, NhsNumber, NotAsked, OrganisationId, PersonId,
    PhoneNumber, PracticeId, Seed, SpecialtyId,
};
use rotaline_phone::{Manner, Step};
use rotaline_record::{
    Answerphone, Callee, CallerId, Errand, ErrandKind, Intent, Opening, Undertaking,
};

use crate::cast::{
    self, Dice, KEYS, Media, OVERLAP, SPECIALISTS, in_full, key, mobile_number, mood, pause,
};
use crate::desk::{Desk, Live, missed_call};
use crate::hearing::Role;
use crate::judge::Known;
use crate::roster::{ALL_DAY, Minutes, Roster, Shift, Team};
use crate::world::{Dial, Event, Station};

/// The lines, beside those that every plan has.
pub const LINES: &str = r#"
[number."020 7946 0010"]
service = "call-back"
organisation = "northfield"
[number."020 7946 0011"]
service = "directory"
organisation = "northfield"
[number."020 7946 0012"]
service = "pifu"
organisation = "northfield"
specialty = "rheumatology"
option = 1
secretaries = "secretaries"
[number."020 7946 0013"]
service = "pifu"
organisation = "northfield"
specialty = "rheumatology"
option = 2
secretaries = "secretaries"
[person.s0]
name = "Sue"
[[person.s0.phone]]
kind = "desk"
to = "sip:s0@10.4.0.0:5060"
[person.s1]
name = "Tim"
[[person.s1.phone]]
kind = "desk"
to = "sip:s1@10.4.0.1:5060"
"#;

/// Where a practice is rung, beside its queue and in it.
pub const RECEPTION: &str = "01632960100";
const BYPASS: &str = "01632960201";
const PATIENTS: [&str; 2] = ["01632960150", "07700900150"];

/// From seven until a quarter past eight, and a minute: what is promised ends soon.
const HOURS: Minutes = (7 * 60, 8 * 60 + 16);
/// The secretaries are there for a few minutes.
const SECRETARIES: Minutes = (8 * 60 + 4, 8 * 60 + 11);

/// PINs of their own, by specialist.
const PINS: [&str; SPECIALISTS] = ["835683", "583656", "658365", "365858", "856386", "638565"];

/// Practices, some of whose lines can be rung.
pub fn practices() -> String {
    cast::practices(
        "reception = \"01632 960100\"\ncode = \"77\"",
        "bypass = \"01632 960201\"\ncode = \"78\"",
    )
}

/// Teams whose sessions and hours begin and end while calls are up.
pub fn roster() -> Roster {
    let shifts = |shifts: &[(&'static str, i64, i64)]| {
        let shift = |(person, from, until): &(&'static str, i64, i64)| Shift {
            person: (*person).to_owned(),
            minutes: (8 * 60 + from, 8 * 60 + until),
        };
        shifts.iter().map(shift).collect::<Vec<_>>()
    };
    let team = |name, key, more, shifts| Team {
        name,
        key: Some(key),
        hours: HOURS,
        more,
        shifts,
        overflow: None,
    };
    let cardiologists = [
        ("p0", 0, 7),
        ("p1", 0, 7),
        ("p2", 0, 40),
        ("p3", 5, 40),
        ("p1", 10, 20),
    ];
    let mut overlapping = Team::all_day(OVERLAP, 2, &["p4", "p5", "p0"]);
    overlapping.more = "keep_trying = false\noverlap_s = 4";
    let mut secretaries = Team::all_day("secretaries", 0, &["s0", "s1"]);
    (secretaries.key, secretaries.hours) = (None, SECRETARIES);
    let rheumatologists = shifts(&[("p2", 0, 9), ("p5", 0, 40), ("p3", 8, 20)]);
    Roster {
        teams: vec![
            team("cardiology", 1, "", shifts(&cardiologists)),
            overlapping,
            team("neurology", 3, "", Vec::new()),
            team(KEYS, 41, "in_call_keys = true", rheumatologists),
            Team {
                overflow: Some("cardiology"),
                ..team("renal", 42, "", Vec::new())
            },
            Team {
                hours: ALL_DAY,
                ..team("oncology", 43, "keep_trying = false", Vec::new())
            },
            secretaries,
        ],
    }
}

/// Phones that are only rung.
pub fn rung_only(media: Media, dice: &mut Dice, seed: u64) -> Vec<Station> {
    let mut stations = Vec::new();
    let mut add = |place: [u8; 4], user: &str, role, manners: Vec<Manner>| {
        let mut station = cast::station(place, user, manners, media, seed);
        station.role = role;
        station.number = user.starts_with('0').then(|| in_full(user));
        stations.push(station);
    };
    for (nth, user) in ["s0", "s1"].into_iter().enumerate() {
        let manners = (0..8).map(|_| mood(dice)).collect();
        add([10, 4, 0, nth as u8], user, Role::Line, manners);
    }
    for (nth, number) in [RECEPTION, BYPASS].into_iter().enumerate() {
        add([10, 5, 0, nth as u8], number, Role::Line, rung_back(dice));
    }
    for (nth, number) in PATIENTS.into_iter().enumerate() {
        add(
            [10, 6, 0, nth as u8],
            number,
            Role::Patient,
            rung_back(dice),
        );
    }
    stations
}

/// What somebody does who is rung back; sooner or later they hang up.
pub fn rung_back(dice: &mut Dice) -> Vec<Manner> {
    let manner = |dice: &mut Dice| match dice.below(8) {
        0 => Manner::RingOut,
        1 => Manner::Refuse(*dice.one_of(&[486, 480, 603])),
        2 => Manner::Answer {
            after: dice.up_to_ms(19_000),
            then: vec![pause(dice, 40_000), Step::HangUp],
        },
        _ => {
            let mut then = vec![pause(dice, 5_000), key('1'), pause(dice, 60_000)];
            if dice.percent(40) {
                then.extend([key('1'), pause(dice, 5_000)]);
            }
            then.push(Step::HangUp);
            Manner::Answer {
                after: dice.up_to_ms(10_000),
                then,
            }
        }
    };
    (0..6).map(|_| manner(dice)).collect()
}

/// A code of so many digits; such digits are in no number of the plan.
fn digits(dice: &mut Dice, count: usize) -> String {
    (0..count)
        .map(|_| *dice.one_of(&['3', '5', '6', '8']))
        .collect()
}

fn id(wall: Timestamp, random: &mut ChaCha8Rng) -> ErrandId {
    ErrandId::from(CallId::new(wall, random).uuid())
}

/// An errand to anybody.
fn errand(kind: ErrandKind, dice: &mut Dice, id: ErrandId) -> Errand {
    let patient = *dice.one_of(&PATIENTS);
    let practice = *dice.one_of(&["elm-street", "oak-road"]);
    let person = *dice.one_of(&["p1", "p2", "p3", "p4", "p5"]);
    let patient = || {
        let number = PhoneNumber::parse(patient).expect("a number");
        (
            Callee::Number(number.into()),
            Acceptance::NotAsked(NotAsked::Patient),
        )
    };
    let (callee, acceptance) = match (kind, dice.below(4)) {
        (ErrandKind::PatientCall, _) | (ErrandKind::CallBack, 0) => patient(),
        (ErrandKind::CallBack, 1) => {
            let practice = PracticeId::parse(practice).expect("an id");
            (
                Callee::Practice(practice),
                Acceptance::NotAsked(NotAsked::Bypass),
            )
        }
        (ErrandKind::CallBack, _) => {
            let person = PersonId::parse(person).expect("an id");
            (Callee::Person(person), Acceptance::Required)
        }
    };
    let asks = dice.percent(50);
    let nhs_number = (kind == ErrandKind::PatientCall).then(|| {
        NhsNumber::parse("4010232137")
            .expect("its check digit is right")
            .into()
    });
    Errand {
        id,
        kind,
        organisation: OrganisationId::parse("northfield").expect("an id"),
        requester: "p1".to_owned(),
        callee,
        acceptance,
        answerphone: match dice.percent(50) {
            true => Answerphone::Allowed,
            false => Answerphone::NotAllowed,
        },
        outcomes: asks.then(|| SpecialtyId::parse("cardiology").expect("an id")),
        case: None,
        nhs_number,
    }
}

/// The number of a caller's phone.
fn callers_number(number: u32) -> PhoneNumber {
    PhoneNumber::parse(&format!("0163296{number:04}")).expect("a number")
}

/// What the world outside knows: codes, PINs, a call that was missed.
pub fn desk(callers: u32, dice: &mut Dice, wall: Timestamp, seed: u64) -> Desk {
    let mut random = Seed::from_number(seed).generator(11);
    let mut live = Vec::new();
    for nth in 0..16 {
        let pin = nth % 3 == 2;
        let (kind, code) = match (pin, dice.percent(30)) {
            (true, _) => (ErrandKind::PatientCall, digits(dice, 8)),
            (false, true) => (ErrandKind::CallBack, format!("9{}", digits(dice, 5))),
            (false, false) => (ErrandKind::CallBack, digits(dice, 4)),
        };
        let bound = dice
            .percent(20)
            .then(|| callers_number(dice.below(callers)));
        // Some run out while they are in use.
        let lasts = if dice.percent(20) { dice.below(12) } else { 60 };
        live.push(Live {
            code,
            errand: errand(kind, dice, id(wall, &mut random)),
            bound,
            until: wall
                .checked_add(i64::from(lasts).minutes())
                .expect("a time"),
        });
    }
    let pins = (0..SPECIALISTS)
        .map(|nth| (person(nth), PINS[nth]))
        .collect();
    let mut desk = Desk::new(live, pins, seed);
    let caller = callers_number(dice.below(callers));
    let case = CaseId::new(wall, &mut random);
    desk.missed(missed_call(&caller, case, wall, dice.percent(30)));
    desk
}

fn person(nth: usize) -> PersonId {
    PersonId::parse(&format!("p{nth}")).expect("an id")
}

/// What the judge knows beforehand.
pub fn known(desk: &Desk, events: &[(Mono, Event)]) -> Known {
    let callees = desk.errands().map(|it| (it.id, it.callee.clone()));
    let screens = events.iter().filter_map(|(_, event)| match event {
        Event::Call(intent) => Some((intent.case, intent.undertaking.clone())),
        Event::Edit | Event::CallOff | Event::Pause(..) | Event::Crash(_) => None,
    });
    let people =
        (0..SPECIALISTS).filter_map(|nth| Some((in_full(&mobile_number(nth)?), person(nth))));
    Known {
        callees: callees.collect(),
        screens: screens.collect::<BTreeMap<_, _>>(),
        people: people.collect(),
    }
}

/// What comes about besides what phones do.
pub fn events(
    callers: u32,
    media: Media,
    dice: &mut Dice,
    wall: Timestamp,
    seed: u64,
) -> Vec<(Mono, Event)> {
    let mut random = Seed::from_number(seed).generator(12);
    let at = |dice: &mut Dice| Mono::ZERO + dice.up_to_ms(900_000);
    let mut events = Vec::new();
    for _ in 0..dice.below(5) {
        events.push((at(dice), Event::Edit));
    }
    for _ in 0..4 {
        let when = at(dice);
        let call = Event::Call(Box::new(intent(callers, media, dice, wall, &mut random)));
        events.push((when, call));
    }
    if dice.percent(30) {
        events.push((at(dice), Event::CallOff));
    }
    for _ in 0..dice.below(5) {
        let who = person(dice.below(SPECIALISTS as u32) as usize);
        let lasts = dice.percent(75).then(|| dice.up_to_ms(300_000));
        events.push((at(dice), Event::Pause(who, lasts)));
    }
    if media == Media::Model && dice.percent(30) {
        let down = Duration::from_secs(1) + dice.up_to_ms(60_000);
        events.push((at(dice), Event::Crash(down)));
    }
    events
}

/// Somebody presses *call*.
fn intent(
    callers: u32,
    media: Media,
    dice: &mut Dice,
    wall: Timestamp,
    random: &mut ChaCha8Rng,
) -> Intent {
    let number = callers_number(dice.below(callers));
    let own = dice.below(SPECIALISTS as u32) as usize;
    // A specialist may stay for long, which real packets make dear.
    let first = match media == Media::Model && dice.percent(30) {
        true => Callee::Person(person(own)),
        false => Callee::Number(number.clone().into()),
    };
    let undertaking = match dice.percent(50) {
        true => {
            let specialty = *dice.one_of(&["cardiology", OVERLAP, KEYS, "neurology"]);
            let specialty = SpecialtyId::parse(specialty).expect("an id");
            Undertaking::Specialty { first, specialty }
        }
        false => {
            let kind = *dice.one_of(&[ErrandKind::CallBack, ErrandKind::PatientCall]);
            let errand = errand(kind, dice, id(wall, random));
            Undertaking::Errand { first, errand }
        }
    };
    Intent {
        case: CaseId::new(wall, random),
        call: CallId::new(wall, random),
        calls_before: 0,
        attempts_before: 0,
        caller: CallerId::Number(number.into()),
        opening: Some(Opening {
            organisation: None,
            by: "p1".to_owned(),
            nhs_number: None,
        }),
        undertaking,
    }
}

/// Some specialists ring the inbound number, to hear what they missed, and to pause their calls.
pub fn rings_back(station: &mut Station, number: usize, dice: &mut Dice) {
    if mobile_number(number).is_none() || dice.percent(30) {
        return;
    }
    let mut steps = vec![pause(dice, 6_000)];
    match dice.below(4) {
        // Returns it, or leaves an outcome.
        wish @ 0..=1 => {
            let wish = ['1', '4'][wish as usize];
            steps.extend([key(wish), pause(dice, 4_000)]);
            for _ in 0..4 {
                let wrong = digits(dice, 6);
                let pin = if dice.percent(50) {
                    PINS[number]
                } else {
                    &wrong
                };
                steps.extend(keyed(dice, &format!("{pin}#")));
                steps.push(pause(dice, 5_000));
                if wish == '4' {
                    steps.extend([key('1'), pause(dice, 5_000)]);
                }
            }
        }
        2 => steps.extend([key('2'), pause(dice, 90_000)]),
        _ => steps.extend([key('2'), pause(dice, 4_000), key('3'), pause(dice, 4_000)]),
    }
    steps.extend([pause(dice, 60_000), Step::HangUp]);
    station.dials.push_back(Dial {
        at: Mono::ZERO + dice.up_to_ms(600_000),
        target: "sip:02079460000@10.0.0.1".to_owned(),
        steps,
    });
}

fn keyed(dice: &mut Dice, keys: &str) -> Vec<Step> {
    let press = |character| [key(character), pause(dice, 700)];
    keys.chars().flat_map(press).collect()
}

/// Whom somebody rings, and what they do then.
pub fn dials(dice: &mut Dice, desk: &Desk) -> (String, Vec<Step>) {
    match dice.below(20) {
        0..=3 => cast::dial_in_or_direct(dice),
        4..=7 => ("02079460001".to_owned(), wants_to_be_rung_back(dice)),
        8..=10 => ("02079460010".to_owned(), guesses(dice, &desk.short_codes())),
        11 | 12 => {
            let mut steps = vec![pause(dice, 3_000), key('9'), pause(dice, 2_000)];
            for code in guesses_of(dice, &desk.pins(), 8) {
                steps.extend(keyed(dice, &code));
                steps.extend([pause(dice, 9_000), key('9'), pause(dice, 2_000)]);
            }
            ("02079460001".to_owned(), steps)
        }
        13 => {
            let code = *dice.one_of(&["77#", "78#", "5#"]);
            let mut steps = vec![pause(dice, 6_000)];
            steps.extend(keyed(dice, code));
            ("02079460011".to_owned(), steps)
        }
        14..=17 => {
            let line = *dice.one_of(&["02079460012", "02079460013"]);
            (line.to_owned(), patient(dice))
        }
        18 => ("02079460000".to_owned(), Vec::new()),
        _ => {
            let address = *dice.one_of(&["cardiology", KEYS, "neurology"]);
            (address.to_owned(), wants_to_be_rung_back(dice))
        }
    }
}

/// Chooses, and agrees to whatever is offered.
fn wants_to_be_rung_back(dice: &mut Dice) -> Vec<Step> {
    let mut steps = vec![pause(dice, 7_000)];
    let choice = *dice.one_of(&["1", "3", "3", "41", "42"]);
    steps.extend(keyed(dice, choice));
    for _ in 0..14 {
        steps.extend([pause(dice, 8_000), key('2'), pause(dice, 5_000)]);
        if dice.percent(8) {
            // Another number, which nobody has.
            steps.extend(keyed(dice, "07700900888#"));
        }
        steps.push(key('1'));
    }
    steps
}

/// A patient: asks to be rung back where nobody comes, and keys at random.
fn patient(dice: &mut Dice) -> Vec<Step> {
    let mut steps = Vec::new();
    for _ in 0..12 {
        let what = *dice.one_of(&['1', '1', '1', '*', '#', '2', '0']);
        steps.extend([pause(dice, 14_000), key(what)]);
    }
    steps
}

fn guesses_of(dice: &mut Dice, known: &[String], length: usize) -> Vec<String> {
    let guess = |dice: &mut Dice| match dice.percent(55) {
        true => dice.one_of(known).clone(),
        false => digits(dice, length),
    };
    (0..1 + dice.below(5)).map(|_| guess(dice)).collect()
}

fn guesses(dice: &mut Dice, known: &[String]) -> Vec<Step> {
    let mut steps = vec![pause(dice, 6_000)];
    for code in guesses_of(dice, known, 4) {
        steps.extend(keyed(dice, &code));
        steps.push(pause(dice, 9_000));
    }
    steps
}
