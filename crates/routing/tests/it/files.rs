//! The plans that are delivered are read without a fault, and mean what their comments say.

use std::time::Duration;

use jiff::Timestamp;
use rotaline_model::{Acceptance, Dialled, NotAsked, PhoneNumber};
use rotaline_routing::{Answer, Plan, Recording, Service, Source};

fn plan(path: &str) -> Plan {
    let path = format!("{}/../../config/{path}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap();
    let faults = |faults: Vec<rotaline_routing::Fault>| -> String {
        faults.iter().map(|fault| format!("\n{fault}")).collect()
    };
    Plan::parse(&[Source { name: path, text }])
        .map_err(faults)
        .unwrap()
}

#[test]
fn the_bench_plan_has_three_direct_lines() {
    let plan = plan("bench/plan.toml");
    let expected = [
        ("1000", Answer::OnArrival, Recording::On),
        ("1001", Answer::OnArrival, Recording::Off),
        ("1002", Answer::WhenAnswered, Recording::Off),
    ];
    for (number, answer, recording) in expected {
        let dialled = Dialled::parse(number).unwrap();
        let Some(Service::Direct(line)) = plan.service(&dialled) else {
            panic!("{number}")
        };
        assert_eq!(
            (line.answer, line.recording),
            (answer, recording),
            "{number}"
        );
        assert_eq!(line.to.to_string(), "sip:uas@127.0.0.1:5090");
        assert_eq!(line.acceptance, Acceptance::NotAsked(NotAsked::DirectLine));
    }
}

#[test]
fn the_demo_has_a_rota_at_any_time_of_the_week() {
    let plan = plan("demo/plan.toml");
    let Some(Service::DialIn { organisation }) =
        plan.service(&Dialled::parse("020 7946 0001").unwrap())
    else {
        panic!("no dial-in number");
    };
    let menu = plan.menu(organisation);
    let names: Vec<&str> = menu
        .iter()
        .map(|specialty| specialty.name.as_str())
        .collect();
    assert_eq!(
        names,
        ["Cardiology", "Dermatology", "Neurology", "Rheumatology"]
    );
    let monday: Timestamp = "2026-11-23T00:00:00Z".parse().unwrap();
    for quarter in 0..7 * 24 * 4 {
        let now = monday + Duration::from_secs(quarter * 900);
        let people: Vec<&str> = plan
            .on_rota(menu[0], now)
            .iter()
            .map(|person| person.id.as_str())
            .collect();
        assert_eq!(people, ["ann", "ben", "cat"], "{now}");
        assert!(plan.open_at(menu[0], now), "{now}");
        assert!(plan.on_rota(menu[2], now).is_empty());
    }
    assert!(!plan.open_at(menu[3], monday));
}

#[test]
fn the_demo_knows_its_callers_practice() {
    let plan = plan("demo/plan.toml");
    let caller = PhoneNumber::parse("01632 960101").unwrap();
    let practice = plan.practice_of(&caller).unwrap();
    assert_eq!(practice.name, "Elm Street Surgery");
    assert_eq!(practice.prompt.as_str(), "practice/elm-street-surgery");
    assert!(plan.is_ours(&PhoneNumber::parse("020 7946 0000").unwrap()));
    assert!(plan.is_ours(&PhoneNumber::parse("020 7946 0001").unwrap()));
    assert!(!plan.is_ours(&caller));
}
