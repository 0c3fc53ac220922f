//! The simulation: whole calls over a bad network among unreliable people, on a virtual clock.
//!
//! Most worlds have the dial-in number and a direct line; every third has every line of the
//! service, screens, edits of the plan, some of them a kill of the process (`lines`,
//! `world::crash`). Two worlds are tests of their own: ten thousand guesses, and two hundred
//! callers at once.
//!
//! `SIM_CALLS=1000000 cargo test -p rotaline-tests --test sim` runs a million;
//! `SIM_SEED=n` runs the world with that seed alone, and prints what came about.

mod cast;
mod codes;
mod crowd;
mod desk;
mod guessing;
mod hearing;
mod judge;
mod lines;
mod media_model;
mod packets;
mod promises;
mod rogue;
mod roster;
mod rung;
mod secrets;
mod sounds;
mod tapes;
mod text;
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use rotaline_model::{Mono, NodeId, Now};
use rotaline_phone::Manner;
use rotaline_sip as sip;
use rotaline_switch::{Config, MediaSlot, Trunk};
use rotaline_testkit::network::Weather;

use cast::{Dice, GATEWAY, Media, SPECIALISTS, SWITCH, TIMERS};
use desk::Desk;
use judge::Known;
use media_model::MediaModel;
use packets::Packets;
use rogue::{CALLED, CALLER, Vice};
use roster::Roster;
use world::{Ending, Scene, Station, World};

/// Calls in one world.
const CALLERS: usize = 40;
/// One world of so many has real packets...
const PACKETS_EVERY: u64 = 200;
/// ... and this is the first.
const PACKETS_FIRST: u64 = 5;
/// With so many worlds in which a rule was broken, no more are begun.
const ENOUGH: u64 = 8;
/// Calls in all, unless SIM_CALLS says otherwise.
const CALLS: u64 = 20_000;

/// One world in so many has every line of the service...
const ALL_LINES_EVERY: u64 = 3;
/// ... and this is the first.
const ALL_LINES_FIRST: u64 = 1;

/// One world from its seed to its end.
fn run(seed: u64) -> Ending {
    let media = match seed % PACKETS_EVERY {
        PACKETS_FIRST => Media::Packets,
        _ => Media::Model,
    };
    let mut dice = Dice::new(seed);
    let weather = Weather {
        loss_percent: dice.below(6) as u8,
        duplicate_percent: dice.below(4) as u8,
        delay_min: Duration::from_millis(1),
        delay_max: Duration::from_millis(u64::from(1 + dice.below(120))),
    };
    let mut scene = match seed % ALL_LINES_EVERY {
        ALL_LINES_FIRST => all_lines(media, &mut dice, seed),
        _ => dial_in(media, &mut dice, seed),
    };
    scene.weather = weather;
    if media == Media::Packets {
        let plan = cast::plan(&scene.roster, &scene.lines);
        scene.media = Box::new(Packets::new(SWITCH, &scene.slots, &plan, seed));
    }
    World::new(scene, seed, beginning()).run()
}

fn beginning() -> Now {
    Now {
        mono: Mono::ZERO,
        wall: Timestamp::UNIX_EPOCH + Duration::from_secs(roster::BEGINS_S.unsigned_abs()),
    }
}

/// Callers of the dial-in number and of a direct line.
fn dial_in(media: Media, dice: &mut Dice, seed: u64) -> Scene {
    let mut stations = Vec::new();
    for number in 0..SPECIALISTS {
        stations.push(cast::specialist(number, media, dice, seed));
    }
    stations.push(cast::desk(media, dice, seed));
    for number in 0..CALLERS {
        stations.push(cast::caller(
            number,
            media,
            dice,
            seed,
            vec![Manner::RingOut],
            cast::dial_in_or_direct,
        ));
    }
    // Nobody rings these callers.
    let lines = cast::practices("reception = \"01632 960100\"\ncode = \"77\"", "");
    Scene {
        lines,
        ..scene(cast::roster(), stations, seed)
    }
}

/// Callers of every line, and whatever else there is.
fn all_lines(media: Media, dice: &mut Dice, seed: u64) -> Scene {
    let (callers, wall) = (CALLERS as u32, beginning().wall);
    let desk = lines::desk(callers, dice, wall, seed);
    let events = lines::events(callers, media, dice, wall, seed);
    let mut stations = Vec::new();
    for number in 0..SPECIALISTS {
        let mut station = cast::specialist(number, media, dice, seed);
        lines::rings_back(&mut station, number, dice);
        stations.push(station);
    }
    stations.push(cast::desk(media, dice, seed));
    stations.extend(lines::rung_only(media, dice, seed));
    for number in 0..CALLERS {
        let manners = lines::rung_back(dice);
        let dials = |dice: &mut Dice| lines::dials(dice, &desk);
        stations.push(cast::caller(number, media, dice, seed, manners, dials));
    }
    Scene {
        lines: format!("{}{}", lines::LINES, lines::practices()),
        known: lines::known(&desk, &events),
        desk,
        events,
        ..scene(lines::roster(), stations, seed)
    }
}

/// Socket pairs of two media threads.
fn slots(count: u32) -> Vec<MediaSlot> {
    let slot = |n: u32| MediaSlot {
        thread: (n % 2) as u16,
        slot: n / 2,
        rtp_port: 40_000 + 2 * n as u16,
    };
    (0..count).map(slot).collect()
}

/// Quiet weather, and nothing but these phones.
fn scene(roster: Roster, stations: Vec<Station>, seed: u64) -> Scene {
    let weather = Weather {
        loss_percent: 0,
        duplicate_percent: 0,
        delay_min: Duration::from_millis(1),
        delay_max: Duration::from_millis(2),
    };
    Scene {
        config: config(),
        roster,
        lines: String::new(),
        known: Known::default(),
        desk: Desk::new(Vec::new(), BTreeMap::new(), seed),
        events: Vec::new(),
        slots: slots(200),
        stations,
        media: Box::new(MediaModel::default()),
        weather,
    }
}

fn config() -> Config {
    Config {
        sip: sip::Config {
            advertised: SWITCH,
            product: "Rotaline".to_owned(),
            timers: TIMERS,
            max_sessions: 1000,
            max_transactions: 4000,
            peers: Vec::new(),
        },
        media_address: IpAddr::from([10, 0, 0, 1]),
        trunks: vec![Trunk::to(GATEWAY)],
        node: NodeId(1),
        max_calls: 500,
        max_leg_age: Duration::from_secs(1800),
    }
}

fn number_from(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// What comes about in few worlds, and must in some.
fn rare(total: impl Fn(fn(&Ending) -> u64) -> u64) -> [(&'static str, u64); 11] {
    [
        ("phones rung beside another", total(|e| e.tally.overlaps)),
        ("added to a talk", total(|e| e.tally.added)),
        ("other keys that did something", total(|e| e.tally.keyed)),
        ("codes that opened something", total(|e| e.tally.claimed)),
        ("codes refused", total(|e| e.tally.refused)),
        ("calls from a screen", total(|e| e.tally.on_screen)),
        ("requests of patients", total(|e| e.tally.requests)),
        ("pauses", total(|e| e.tally.pauses)),
        ("callers rung back", total(|e| e.ring_backs)),
        ("joined then", total(|e| e.came_back)),
        ("promises kept beyond a kill", total(|e| e.resumed)),
    ]
}

#[test]
fn every_call_ends_well_whatever_happens() {
    if let Some(seed) = number_from("SIM_SEED") {
        let ending = run(seed);
        println!("{ending:#?}");
        assert!(ending.broken.is_empty(), "SIM_SEED={seed} breaks a rule");
        return;
    }
    let worlds = number_from("SIM_CALLS")
        .unwrap_or(CALLS)
        .div_ceil(CALLERS as u64);
    let (next, spoilt) = (AtomicU64::new(0), AtomicU64::new(0));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let endings: Vec<(u64, Ending)> = std::thread::scope(|scope| {
        let work = || {
            let mut endings = Vec::new();
            loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= worlds || spoilt.load(Ordering::Relaxed) >= ENOUGH {
                    return endings;
                }
                let ending = run(seed);
                spoilt.fetch_add(u64::from(!ending.broken.is_empty()), Ordering::Relaxed);
                endings.push((seed, ending));
            }
        };
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().expect("a world panicked"))
            .collect()
    });
    let total = |figure: fn(&Ending) -> u64| endings.iter().map(|(_, e)| figure(e)).sum::<u64>();
    println!(
        "{} cases, {} joined, {} attempts, {} outcomes in {worlds} worlds",
        total(|e| e.tally.cases),
        total(|e| e.tally.joined),
        total(|e| e.tally.attempts),
        total(|e| e.tally.outcomes),
    );
    let rare = rare(total);
    let words = rare.map(|(what, figure)| format!("{figure} {what}"));
    println!("{}", words.join(", "));
    let broken: Vec<_> = endings
        .iter()
        .filter(|(_, ending)| !ending.broken.is_empty())
        .collect();
    for (seed, ending) in broken.iter().take(5) {
        println!("SIM_SEED={seed}: {:#?}", ending.broken);
    }
    assert!(broken.is_empty(), "{} worlds broke a rule", broken.len());
    // A simulation in which nobody is ever joined proves nothing.
    assert!(total(|e| e.tally.joined) * 4 > total(|e| e.tally.cases));
    if worlds > PACKETS_EVERY {
        assert!(rare.iter().all(|(_, figure)| *figure > 0), "{rare:?}");
        let with_packets = |(seed, _): &&(u64, Ending)| seed % PACKETS_EVERY == PACKETS_FIRST;
        let mut packets = endings.iter().filter(with_packets);
        assert!(packets.all(|(_, ending)| ending.tally.joined > 0));
        let vices: BTreeSet<Vice> = endings.iter().flat_map(|(_, e)| e.vices.clone()).collect();
        let idle = |vice: &&Vice| !vices.contains(vice);
        let idle: Vec<&Vice> = CALLED.iter().chain(&CALLER).filter(idle).collect();
        assert!(idle.is_empty(), "vices that nobody had: {idle:?}");
    }
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    assert_eq!(run(3), run(3));
    assert_eq!(run(PACKETS_FIRST), run(PACKETS_FIRST));
    assert_ne!(run(3).trace, run(4).trace);
}
