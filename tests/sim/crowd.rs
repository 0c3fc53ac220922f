//! Two hundred callers at once on rotas that overlap: nobody is rung twice at once (the judge sees
//! to that), each team's order is kept, and no caller is starved within the budget.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::ops::Range;
use std::time::Duration;

use jiff::Timestamp;
use rotaline_model::{CaseId, Mono, PersonId};
use rotaline_phone::{Manner, Step};
use rotaline_record::{AttemptResult, EndedBy, Fact, Record};

use crate::cast::{self, Dice, Media, key, pause};
use crate::hearing::Role;
use crate::roster::{ALL_DAY, Roster, Shift, Team};
use crate::world::{Dial, Scene, Station, World};
use crate::{beginning, scene};

/// Callers, all within a second.
const CALLERS: usize = 200;
/// Specialists; some are on two rotas.
const SPECIALISTS: usize = 60;
/// "one total budget (3 min ...)"
const BUDGET: Duration = Duration::from_secs(180);

/// How a team orders its people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    FairShare,
    LongestIdle,
    Rota,
}

/// Name, key, order, and who is on the rota.
const TEAMS: [(&str, u8, Order, &str, Range<usize>); 3] = [
    ("fair", 1, Order::FairShare, "order = \"fair-share\"", 0..30),
    (
        "idle",
        2,
        Order::LongestIdle,
        "order = \"longest-idle\"",
        20..50,
    ),
    ("ordered", 3, Order::Rota, "order = \"rota\"", 40..60),
];

fn roster() -> Roster {
    let team = |(name, key, _, more, people): (&'static str, u8, Order, &'static str, Range<_>)| {
        let shift = |nth: usize| Shift {
            person: format!("c{nth}"),
            minutes: ALL_DAY,
        };
        Team {
            more,
            shifts: people.map(shift).collect(),
            ..Team::all_day(name, key, &[])
        }
    };
    Roster {
        teams: TEAMS.into_iter().map(team).collect(),
    }
}

/// Takes nearly every call soon, and talks for some seconds.
fn specialist(nth: usize, dice: &mut Dice, seed: u64) -> Station {
    let manner = |dice: &mut Dice| {
        let accepts = if dice.percent(10) { '2' } else { '1' };
        let then = vec![
            Step::Pause(Duration::from_millis(800)),
            key(accepts),
            Step::Pause(Duration::from_secs(2)),
            pause(dice, 5_000),
            Step::HangUp,
        ];
        Manner::Answer {
            after: Duration::from_millis(500),
            then,
        }
    };
    let manners = (0..40).map(|_| manner(dice)).collect();
    let place = [10, 9, 0, nth as u8];
    let mut station = cast::station(place, &format!("c{nth}"), manners, Media::Model, seed);
    station.role = Role::Specialist;
    station
}

/// Chooses a team, tries again whenever that is offered, and gives an outcome.
fn caller(nth: usize, dice: &mut Dice, seed: u64) -> Station {
    let place = [10, 9, 1, nth as u8];
    let user = format!("01632963{nth:03}");
    let mut station = cast::station(place, &user, vec![Manner::RingOut], Media::Model, seed);
    let choice = ['1', '2', '3'][nth % 3];
    let mut steps = vec![Step::Pause(Duration::from_secs(1)), key(choice)];
    for _ in 0..40 {
        steps.extend([Step::Pause(Duration::from_secs(5)), key('1')]);
    }
    steps.push(Step::HangUp);
    station.dials.push_back(Dial {
        at: Mono::ZERO + Duration::from_millis(1) + dice.up_to_ms(1_000),
        target: "sip:02079460001@10.0.0.1".to_owned(),
        steps,
    });
    station
}

fn world(seed: u64) -> World {
    let mut dice = Dice::new(seed);
    let mut lines = String::new();
    for nth in 0..SPECIALISTS {
        write!(
            lines,
            "[person.c{nth}]\nname = \"Dr {nth}\"\n[[person.c{nth}.phone]]\nkind = \"app\"\n\
             to = \"sip:c{nth}@10.9.0.{nth}:5060\"\n"
        )
        .expect("a string takes all");
    }
    let mut stations: Vec<Station> = Vec::new();
    stations.extend((0..SPECIALISTS).map(|nth| specialist(nth, &mut dice, seed)));
    stations.extend((0..CALLERS).map(|nth| caller(nth, &mut dice, seed)));
    let mut scene = Scene {
        lines,
        ..scene(roster(), stations, seed)
    };
    // Each caller has a leg, and so has each specialist.
    scene.slots = crate::slots(2 * CALLERS as u32);
    World::new(scene, seed, beginning())
}

/// What a specialist has done so far.
#[derive(Debug, Default)]
struct Done {
    taken: u32,
    last_talk: Option<Timestamp>,
    busy: bool,
    /// Since when they are free again.
    free_since: Option<Timestamp>,
}

/// Follows the records, and asks at each first attempt whether it was the right one's turn.
#[derive(Default)]
struct Turns {
    people: BTreeMap<PersonId, Done>,
    team_of: BTreeMap<CaseId, usize>,
    rung: BTreeMap<(CaseId, u16), PersonId>,
    talks: BTreeMap<CaseId, PersonId>,
    checked: u32,
}

impl Turns {
    fn record(&mut self, record: &Record) {
        let (case, at) = (record.case, record.at);
        match &record.fact {
            Fact::SpecialtyChosen { specialty, .. } => {
                let team = TEAMS.iter().position(|team| team.0 == specialty.as_str());
                self.team_of
                    .insert(case, team.expect("a team of this world"));
            }
            Fact::AttemptStarted {
                attempt,
                person: Some(person),
                ..
            } => {
                if *attempt == 1 {
                    self.check(case, person, at);
                }
                self.person(person).busy = true;
                self.rung.insert((case, *attempt), person.clone());
            }
            Fact::AttemptEnded {
                attempt, result, ..
            } => {
                let Some(person) = self.rung.remove(&(case, *attempt)) else {
                    return;
                };
                if *result == AttemptResult::Accepted {
                    self.person(&person).taken += 1;
                    self.talks.insert(case, person);
                } else {
                    self.free(&person, at);
                }
            }
            Fact::TalkEnded { by, .. } => {
                if let Some(person) = self.talks.get(&case).cloned() {
                    self.person(&person).last_talk = Some(at);
                    if *by == EndedBy::Specialist {
                        self.talks.remove(&case);
                        self.free(&person, at);
                    }
                }
            }
            Fact::CallEnded { .. } => {
                if let Some(person) = self.talks.remove(&case) {
                    self.free(&person, at);
                }
            }
            _ => {}
        }
    }

    fn person(&mut self, person: &PersonId) -> &mut Done {
        self.people.entry(person.clone()).or_default()
    }

    fn free(&mut self, person: &PersonId, at: Timestamp) {
        let done = self.person(person);
        (done.busy, done.free_since) = (false, Some(at));
    }

    /// Nobody who was free for certain had a better claim to be rung.
    fn check(&mut self, case: CaseId, rung: &PersonId, at: Timestamp) {
        let (_, _, order, _, on_rota) = TEAMS[self.team_of[&case]].clone();
        let nothing = Done::default();
        let claim = |place: usize| {
            let person = PersonId::parse(&format!("c{place}")).expect("an id");
            let done = self.people.get(&person).unwrap_or(&nothing);
            let claim = match order {
                Order::FairShare => (done.taken, None, place),
                Order::LongestIdle => (0, done.last_talk, place),
                Order::Rota => (0, None, place),
            };
            let free = !done.busy && done.free_since.is_none_or(|since| since < at);
            (person, claim, free)
        };
        let claims: Vec<_> = on_rota.map(claim).collect();
        let mut of_rung = claims.iter().filter(|(person, ..)| person == rung);
        let (_, mine, _) = of_rung.next().expect("somebody of the rota");
        for (person, claim, free) in &claims {
            let better = *free && claim < mine;
            assert!(
                !better,
                "{order:?}: {person:?} {claim:?} before {rung:?} {mine:?}"
            );
        }
        self.checked += 1;
    }
}

/// From the choice to the talk, of each case.
fn waits(records: &[Record]) -> Vec<Duration> {
    let mut chosen = BTreeMap::new();
    let mut waits = Vec::new();
    for record in records {
        match &record.fact {
            Fact::SpecialtyChosen { .. } => {
                chosen.entry(record.case).or_insert(record.at);
            }
            Fact::Joined { .. } => {
                let waited = record.at.duration_since(chosen[&record.case]);
                waits.push(waited.unsigned_abs());
            }
            _ => {}
        }
    }
    waits
}

#[test]
fn two_hundred_callers_at_once_are_served_in_the_order_of_each_rota_and_none_is_starved() {
    let (ending, records) = world(1).run_journalled();
    assert_eq!(ending.broken, Vec::<String>::new());
    let mut turns = Turns::default();
    records.iter().for_each(|record| turns.record(record));
    assert_eq!(turns.checked, CALLERS as u32);
    let mut waits = waits(&records);
    waits.sort();
    assert_eq!(waits.len(), CALLERS, "somebody was not served");
    let longest = waits[CALLERS - 1];
    println!("median wait {:?}, longest {longest:?}", waits[CALLERS / 2]);
    assert!(longest <= BUDGET);
    // It is a crowd: most of them had to wait for somebody to be free again.
    let joined: BTreeSet<CaseId> = records
        .iter()
        .filter(|record| matches!(record.fact, Fact::Joined { .. }))
        .map(|record| record.case)
        .collect();
    assert_eq!(joined.len(), CALLERS);
    assert!(
        waits
            .iter()
            .filter(|wait| **wait > Duration::from_secs(5))
            .count()
            > CALLERS / 2
    );
}
