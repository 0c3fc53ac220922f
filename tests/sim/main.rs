//! The simulation: whole calls over a bad network among unreliable people, on a virtual clock.
//!
//! `SIM_CALLS=1000000 cargo test -p rotaline-tests --test sim` runs a million;
//! `SIM_SEED=n` runs the world with that seed alone, and prints what came about.

mod cast;
mod judge;
mod media_model;
mod packets;
mod rogue;
mod rung;
mod secrets;
mod sounds;
mod text;
mod world;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use rotaline_model::{Mono, NodeId, Now};
use rotaline_sip as sip;
use rotaline_switch::{Config, MediaSlot};
use rotaline_testkit::network::Weather;

use cast::{Dice, Media, SPECIALISTS, SWITCH, TIMERS};
use media_model::MediaModel;
use packets::Packets;
use rogue::{CALLED, CALLER, Vice};
use sounds::Sounds;
use world::{Ending, Scene, World};

/// Calls in one world.
const CALLERS: usize = 40;
/// One world of so many has real packets...
const PACKETS_EVERY: u64 = 200;
/// ... and this is the first.
const PACKETS_FIRST: u64 = 5;
/// Calls in all, unless SIM_CALLS says otherwise.
const CALLS: u64 = 20_000;

/// One world from its seed to its end.
fn run(seed: u64) -> Ending {
    let media = match seed % PACKETS_EVERY {
        PACKETS_FIRST => Media::Packets,
        _ => Media::Model,
    };
    let mut dice = Dice::new(seed);
    let mut stations = Vec::new();
    for number in 0..SPECIALISTS {
        stations.push(cast::specialist(number, media, &mut dice, seed));
    }
    stations.push(cast::desk(media, &mut dice, seed));
    for number in 0..CALLERS {
        stations.push(cast::caller(number, media, &mut dice, seed));
    }
    let weather = Weather {
        loss_percent: dice.below(6) as u8,
        duplicate_percent: dice.below(4) as u8,
        delay_min: Duration::from_millis(1),
        delay_max: Duration::from_millis(u64::from(1 + dice.below(120))),
    };
    let slots: Vec<MediaSlot> = (0..200)
        .map(|n| MediaSlot {
            thread: (n % 2) as u16,
            slot: n / 2,
            rtp_port: 40_000 + 2 * n as u16,
        })
        .collect();
    let now = Now {
        mono: Mono::ZERO,
        wall: Timestamp::UNIX_EPOCH + Duration::from_secs(1_800_000_000),
    };
    let plan = cast::plan();
    let media: Box<dyn Sounds> = match media {
        Media::Model => Box::new(MediaModel::default()),
        Media::Packets => Box::new(Packets::new(SWITCH, &slots, &plan, seed)),
    };
    let scene = Scene {
        config: config(),
        plan,
        slots,
        stations,
        media,
        weather,
    };
    World::new(scene, seed, now).run()
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
        gateway: None,
        node: NodeId(1),
        max_calls: 500,
        max_leg_age: Duration::from_secs(1800),
    }
}

fn number_from(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

#[test]
fn every_call_ends_well_whatever_happens() {
    if let Some(seed) = number_from("SIM_SEED") {
        println!("{:#?}", run(seed));
        return;
    }
    let worlds = number_from("SIM_CALLS")
        .unwrap_or(CALLS)
        .div_ceil(CALLERS as u64);
    let next = AtomicU64::new(0);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let endings: Vec<(u64, Ending)> = std::thread::scope(|scope| {
        let work = || {
            let mut endings = Vec::new();
            loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= worlds {
                    return endings;
                }
                endings.push((seed, run(seed)));
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
    let rare = [
        total(|e| e.tally.overlaps),
        total(|e| e.tally.added),
        total(|e| e.tally.keyed),
    ];
    let [overlaps, added, keyed] = rare;
    println!("{overlaps} overlaps, {added} added to a talk, {keyed} other keys that did something");
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
        assert!(rare.iter().all(|figure| *figure > 0), "{rare:?}");
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
