//! Ten thousand guesses over a thousand calls: "guessing 10,000 codes is hopeless" (SERVICE.md 3),
//! and nobody's guesses keep an honest other out.

use std::collections::BTreeMap;
use std::time::Duration;

use rotaline_model::{
    Acceptance, CallId, ErrandId, Mono, NotAsked, OrganisationId, PhoneNumber, Seed,
};
use rotaline_phone::{Manner, Step};
use rotaline_record::{Answerphone, Callee, Errand, ErrandKind};

use crate::cast::{self, Dice, Media, in_full, key};
use crate::desk::{Desk, Live};
use crate::hearing::Role;
use crate::judge::Known;
use crate::lines;
use crate::world::{Dial, Ending, Scene, Station, World};
use crate::{beginning, scene};

/// The number that all guesses come from.
const GUESSER: &str = "01632960777";
/// Phones that guess, each so often.
const PHONES: u32 = 40;
const CALLS: u32 = 25;
/// Codes that each call keys.
const GUESSES: u32 = 10;
/// A call in so long: all of them in less than an hour.
const EVERY: Duration = Duration::from_secs(60);
/// Others who have a code.
const HONEST: u32 = 20;
/// Evaluations of one number in an hour.
const ALLOWED: u64 = 30;

const LINE: &str = "sip:02079460010@10.0.0.1";

fn world(seed: u64) -> Ending {
    let mut dice = Dice::new(seed);
    let (wall, mut random) = (beginning().wall, Seed::from_number(seed).generator(13));
    let mut live = Vec::new();
    let mut stations = Vec::new();
    for nth in 0..HONEST {
        let called = format!("01632961{nth:03}");
        let id = ErrandId::from(CallId::new(wall, &mut random).uuid());
        // Guesses have no 8; two have the same, each for its own number.
        let code = format!("88{}{}", nth / 5 % 2, 3 + nth % 5);
        live.push(Live {
            code: code.clone(),
            errand: errand(id, &called),
            bound: PhoneNumber::parse(&format!("01632962{nth:03}")).ok(),
            until: wall
                .checked_add(Duration::from_secs(7_200))
                .expect("a time"),
        });
        stations.push(honest(nth, &code, &mut dice, seed));
        stations.push(rung(nth, &called, seed));
    }
    stations.extend((0..PHONES).map(|nth| guesser(nth, &mut dice, seed)));
    let desk = Desk::new(live, BTreeMap::new(), seed).reliable();
    let scene = Scene {
        lines: format!("{}{}", lines::LINES, lines::practices()),
        known: Known {
            callees: desk
                .errands()
                .map(|it| (it.id, it.callee.clone()))
                .collect(),
            ..Known::default()
        },
        desk,
        ..scene(lines::roster(), stations, seed)
    };
    World::new(scene, seed, beginning()).run()
}

fn errand(id: ErrandId, called: &str) -> Errand {
    let number = PhoneNumber::parse(called).expect("a number");
    Errand {
        id,
        kind: ErrandKind::CallBack,
        organisation: OrganisationId::parse("northfield").expect("an id"),
        requester: "p1".to_owned(),
        callee: Callee::Number(number.into()),
        acceptance: Acceptance::NotAsked(NotAsked::Patient),
        answerphone: Answerphone::Allowed,
        outcomes: None,
        case: None,
        nhs_number: None,
    }
}

fn phone(place: [u8; 4], user: &str, manners: Vec<Manner>, seed: u64) -> Station {
    cast::station(place, user, manners, Media::Model, seed)
}

fn pressed(keys: &str) -> Vec<Step> {
    let press = |digit| [key(digit), Step::Pause(Duration::from_millis(200))];
    keys.chars().flat_map(press).collect()
}

/// Keys the right code, at any time.
fn honest(nth: u32, code: &str, dice: &mut Dice, seed: u64) -> Station {
    let user = format!("01632962{nth:03}");
    let mut station = phone([10, 8, 1, nth as u8], &user, vec![Manner::RingOut], seed);
    let mut steps = vec![Step::Pause(Duration::from_secs(4))];
    steps.extend(pressed(code));
    steps.extend([Step::Pause(Duration::from_secs(30)), Step::HangUp]);
    station.dials.push_back(Dial {
        at: Mono::ZERO + Duration::from_secs(60) + dice.up_to_ms(1_300_000),
        target: LINE.to_owned(),
        steps,
    });
    station
}

/// Whom an honest code is for.
fn rung(nth: u32, called: &str, seed: u64) -> Station {
    let then = vec![Step::Pause(Duration::from_secs(60)), Step::HangUp];
    let manner = Manner::Answer {
        after: Duration::from_secs(2),
        then,
    };
    let mut station = phone([10, 8, 2, nth as u8], called, vec![manner], seed);
    station.role = Role::Patient;
    station.number = Some(in_full(called));
    station
}

/// Guesses, call by call.
fn guesser(nth: u32, dice: &mut Dice, seed: u64) -> Station {
    let mut station = phone([10, 8, 3, nth as u8], GUESSER, vec![Manner::RingOut], seed);
    for call in 0..CALLS {
        let mut steps = vec![Step::Pause(Duration::from_secs(3))];
        for _ in 0..GUESSES {
            // None of them is right, so that each goes on.
            let guess: String = (0..4)
                .map(|_| *dice.one_of(&['0', '1', '2', '4']))
                .collect();
            steps.extend(pressed(&guess));
            steps.push(Step::Pause(Duration::from_millis(1_500)));
        }
        steps.push(Step::HangUp);
        station.dials.push_back(Dial {
            at: Mono::ZERO + EVERY * call + dice.up_to_ms(20_000) + Duration::from_millis(1),
            target: LINE.to_owned(),
            steps,
        });
    }
    station
}

#[test]
fn ten_thousand_guesses_are_evaluated_thirty_times_and_lock_out_no_honest_other() {
    assert_eq!(PHONES * CALLS * GUESSES, 10_000);
    let ending = world(1);
    assert_eq!(ending.broken, Vec::<String>::new());
    assert_eq!(ending.tally.cases, u64::from(PHONES * CALLS + HONEST));
    assert_eq!(ending.tally.refused, ALLOWED);
    assert_eq!(ending.evaluated, ALLOWED + u64::from(HONEST));
    assert_eq!(ending.tally.joined, u64::from(HONEST));
}
