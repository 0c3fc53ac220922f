//! The orders in which people are rung, and the figures that they are made of.

use std::time::Duration;

use jiff::Timestamp;
use rotaline_model::{PersonId, SpecialtyId};
use rotaline_routing::{Hunt, Next, PastTurn, Plan, Presence, Source};

fn plan(order: &str) -> Plan {
    plan_and(order, "")
}

fn plan_and(order: &str, more: &str) -> Plan {
    let people: String = ["ann", "ben", "cat"]
        .iter()
        .map(|id| {
            format!(
                "[person.{id}]\nname = \"{id}\"\n[[person.{id}.phone]]\nkind = \"app\"\n\
                 to = \"sip:{id}@h\"\n"
            )
        })
        .collect();
    let text = format!(
        "inbound_number = \"020 7946 0000\"\n[organisation.o]\nname = \"O\"\n\
         zone = \"Europe/London\"\n[specialty.s]\norganisation = \"o\"\nname = \"S\"\n\
         hours = [\"daily 00:00-24:00\"]\norder = \"{order}\"\n[[specialty.s.session]]\n\
         times = [\"daily 00:00-24:00\"]\npeople = [\"ann\", \"ben\", \"cat\"]\n{more}{people}"
    );
    let name = "plan.toml".to_owned();
    Plan::parse(&[Source { name, text }]).unwrap()
}

fn person(id: &str) -> PersonId {
    PersonId::parse(id).unwrap()
}

/// Ten in the morning in London.
fn now() -> Timestamp {
    "2026-07-20T09:00:00Z".parse().unwrap()
}

fn order(plan: &Plan, presence: &Presence) -> Vec<(String, String)> {
    let mut hunt = Hunt::new(SpecialtyId::parse("s").unwrap());
    let mut rung = Vec::new();
    while let Next::Ring(candidate) = hunt.next(plan, presence, &[], now()) {
        rung.push((candidate.person.to_string(), candidate.reason));
    }
    rung
}

fn rung(order: &[(String, String)]) -> Vec<&str> {
    order.iter().map(|(person, _)| person.as_str()).collect()
}

#[test]
fn without_figures_every_order_is_the_rotas() {
    for policy in ["rota", "fair-share", "longest-idle", "best-answer-rate"] {
        let order = order(&plan(policy), &Presence::default());
        assert_eq!(rung(&order), ["ann", "ben", "cat"], "{policy}");
    }
}

#[test]
fn a_fair_share_is_of_today_and_says_its_figure() {
    let mut presence = Presence::default();
    let yesterday = "2026-07-19T22:59:00Z".parse().unwrap();
    let today = "2026-07-19T23:00:00Z".parse().unwrap();
    for (who, at) in [
        ("ann", today),
        ("ann", now()),
        ("ben", yesterday),
        ("cat", today),
    ] {
        presence.tally_mut().accepted(&person(who), 9, at);
    }
    let order = order(&plan("fair-share"), &presence);
    assert_eq!(rung(&order), ["ben", "cat", "ann"]);
    assert_eq!(order[1].1, "fewest calls taken today: 1");
}

#[test]
fn whoever_was_longest_without_a_call_comes_first() {
    let mut presence = Presence::default();
    for (who, minutes) in [("ann", 5), ("cat", 90)] {
        let ended = now() - Duration::from_secs(minutes * 60);
        presence.tally_mut().talk_ended(&person(who), ended);
    }
    let order = order(&plan("longest-idle"), &presence);
    let expected = [
        ("ben", "longest without a call: none yet"),
        ("cat", "longest without a call: 90 minutes"),
        ("ann", "longest without a call: 5 minutes"),
    ];
    let expected = expected.map(|(who, why)| (who.to_owned(), why.to_owned()));
    assert_eq!(order, expected);
}

#[test]
fn the_best_answer_rate_is_of_this_hour_of_the_day() {
    let mut presence = Presence::default();
    let tally = presence.tally_mut();
    for (who, hour, rings, accepts) in [
        ("ann", 10, 4, 1),
        ("ann", 15, 9, 9),
        ("ben", 10, 1, 1),
        ("cat", 10, 10, 9),
    ] {
        for ring in 0..rings {
            tally.seed([PastTurn {
                person: person(who),
                hour,
                talked: (ring < accepts).then_some((now(), now())),
            }]);
        }
    }
    let order = order(&plan("best-answer-rate"), &presence);
    // One answered call of one is not better than nine of ten.
    assert_eq!(rung(&order), ["cat", "ben", "ann"]);
    assert_eq!(order[0].1, "best answer rate from 10:00: 9 of 10");
}

#[test]
fn calls_are_shared_evenly_when_everybody_answers() {
    let plan = plan("fair-share");
    let mut presence = Presence::default();
    let mut taken = [0; 3];
    for _ in 0..60 {
        let first = order(&plan, &presence)[0].0.clone();
        taken[["ann", "ben", "cat"]
            .iter()
            .position(|it| **it == first)
            .unwrap()] += 1;
        presence.tally_mut().accepted(&person(&first), 10, now());
    }
    assert_eq!(taken, [20, 20, 20]);
}

/// 200 callers at once on two rotas that share people: nobody is rung twice at once, and whoever
/// waits has their turn when somebody is free again.
#[test]
fn two_hundred_callers_at_once_share_the_people_and_none_starves() {
    let two = "[specialty.t]\norganisation = \"o\"\nname = \"T\"\n\
               hours = [\"daily 00:00-24:00\"]\norder = \"fair-share\"\n\
               [[specialty.t.session]]\ntimes = [\"daily 00:00-24:00\"]\n\
               people = [\"cat\", \"ben\"]\n";
    let plan = plan_and("fair-share", two);
    let mut presence = Presence::default();
    let mut waiting: Vec<&str> = (0..200)
        .map(|n| if n % 2 == 0 { "s" } else { "t" })
        .collect();
    let mut taken = std::collections::BTreeMap::new();
    for turn in 0.. {
        assert!(turn < 200, "{} still wait", waiting.len());
        let mut talking: Vec<PersonId> = Vec::new();
        waiting.retain(|specialty| {
            let mut hunt = Hunt::new(SpecialtyId::parse(specialty).unwrap());
            let Next::Ring(candidate) = hunt.next(&plan, &presence, &[], now()) else {
                return true;
            };
            assert!(presence.reserve(&candidate.person), "rung twice at once");
            presence.tally_mut().accepted(&candidate.person, 10, now());
            *taken.entry(candidate.person.to_string()).or_insert(0) += 1;
            talking.push(candidate.person);
            false
        });
        assert!(talking.len() <= 3);
        for person in talking {
            presence.release(&person);
        }
        if waiting.is_empty() {
            break;
        }
    }
    let shares: Vec<i32> = taken.values().copied().collect();
    assert_eq!(shares.iter().sum::<i32>(), 200);
    assert!(
        shares.iter().all(|share| (66..=68).contains(share)),
        "{taken:?}"
    );
}
