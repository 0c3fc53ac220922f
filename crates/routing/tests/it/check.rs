//! What is amiss with a rota is found, with its place and its times.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rotaline_routing::{Finding, PhoneAddress, Plan, Problem, Source, check};

fn plan(specialties: &str, ann: &str) -> Plan {
    let text = format!(
        r#"
inbound_number = "020 7946 0000"
[organisation.o]
name = "O"
zone = "Europe/London"
{specialties}
[person.ann]
name = "ann"
[[person.ann.phone]]
kind = "mobile"
to = "07700 900101"
{ann}
[person.ben]
name = "ben"
[[person.ben.phone]]
kind = "app"
to = "sip:ben@h"
"#
    );
    let name = "plan.toml".to_owned();
    Plan::parse(&[Source { name, text }]).unwrap_or_else(|faults| panic!("{faults:#?}"))
}

fn specialty(id: &str, hours: &str, sessions: &[(&str, &str)]) -> String {
    let sessions: String = sessions
        .iter()
        .map(|(times, people)| {
            format!("[[specialty.{id}.session]]\ntimes = [\"{times}\"]\npeople = [{people}]\n")
        })
        .collect();
    format!(
        "[specialty.{id}]\norganisation = \"o\"\nname = \"{id}\"\nhours = [{hours}]\n{sessions}"
    )
}

fn found(plan: &Plan, first: &str, last: &str) -> Vec<String> {
    let (first, last) = (first.parse().unwrap(), last.parse().unwrap());
    let now = "2026-10-26T00:00:00Z".parse().unwrap();
    let findings = check(plan, first, last, &BTreeMap::new(), now);
    let said = findings.iter().map(|it: &Finding| {
        let (place, from, until, problem) = (&it.place, it.from, it.until, &it.problem);
        assert!(!it.remedy.is_empty());
        format!("{place} {from} {until}: {problem}")
    });
    said.collect()
}

const BOTH: &str = "\"ann\", \"ben\"";

#[test]
fn a_good_rota_has_no_findings() {
    let it = plan(
        &specialty("s", "\"daily 00:00-24:00\"", &[("daily 00:00-24:00", BOTH)]),
        "",
    );
    assert!(found(&it, "2026-10-19", "2026-11-01").is_empty());
}

#[test]
fn open_times_with_nobody_or_one_person_are_found_and_joined_over_midnight() {
    let sessions = [("mon 09:00-12:00", BOTH), ("mon 12:00-13:00", "\"ben\"")];
    let it = plan(
        &specialty("s", "\"mon 08:00-24:00\", \"tue 00:00-01:00\"", &sessions),
        "",
    );
    let expected = [
        "specialty.s 2026-10-26T08:00:00Z 2026-10-26T09:00:00Z: open, and nobody is on",
        "specialty.s 2026-10-26T12:00:00Z 2026-10-26T13:00:00Z: only ben is on",
        "specialty.s 2026-10-26T13:00:00Z 2026-10-27T01:00:00Z: open, and nobody is on",
    ];
    assert_eq!(found(&it, "2026-10-26", "2026-10-28"), expected);
}

#[test]
fn somebody_on_two_rotas_at_once_is_found() {
    let hours = "\"mon 09:00-17:00\"";
    let both = specialty("s", hours, &[("mon 09:00-17:00", BOTH)])
        + &specialty("t", "", &[("mon 12:00-18:00", "\"ben\"")]);
    let expected =
        ["specialty.s 2026-10-26T12:00:00Z 2026-10-26T17:00:00Z: ben is on the rota of t too"];
    assert_eq!(
        found(&plan(&both, ""), "2026-10-26", "2026-10-26"),
        expected
    );
}

#[test]
fn sessions_that_overlap_are_found_once() {
    let sessions = [("mon 20:00-08:00", BOTH), ("tue 07:00-12:00", BOTH)];
    let it = plan(&specialty("s", "", &sessions), "");
    let expected = ["specialty.s 2026-10-27T07:00:00Z 2026-10-27T08:00:00Z: NIGHT and AM overlap"];
    assert_eq!(found(&it, "2026-10-25", "2026-10-29"), expected);
}

#[test]
fn who_is_on_and_away_is_found_and_leaves_a_gap() {
    let hours = "\"mon 09:00-17:00\"";
    let it = plan(
        &specialty("s", hours, &[("mon 09:00-17:00", BOTH)]),
        "[[person.ann.absence]]\nfrom = \"2026-10-26 16:00\"\nto = \"2026-10-30\"\n",
    );
    let expected = [
        "specialty.s 2026-10-26T16:00:00Z 2026-10-26T17:00:00Z: only ben is on",
        "specialty.s 2026-10-26T09:00:00Z 2026-10-26T17:00:00Z: ann is on, and away",
    ];
    assert_eq!(found(&it, "2026-10-26", "2026-10-26"), expected);
}

#[test]
fn overrides_and_swaps_that_change_nothing_are_found() {
    let entries = "[[specialty.s.override]]\ndates = [\"2026-10-26\"]\nsession = \"Morning\"\n\
                   people = []\n[[specialty.s.override]]\ndates = [\"week 2026-10-26\"]\n\
                   session = \"AM\"\npeople = [\"ben\", \"ann\"]\n\
                   [[specialty.s.swap]]\nfirst = \"ann\"\ngives = \"2026-10-26 am\"\n\
                   second = \"ben\"\ntakes = \"2026-11-02 PM\"\n";
    let it = plan(
        &(specialty("s", "", &[("mon 09:00-12:00", BOTH)]) + entries),
        "",
    );
    let expected = [
        "specialty.s.override.1 2026-10-26T00:00:00Z 2026-10-27T00:00:00Z: changes nothing on \
         this date",
        "specialty.s.swap.1 2026-11-02T00:00:00Z 2026-11-03T00:00:00Z: changes nothing on this \
         date",
    ];
    assert_eq!(found(&it, "2026-10-26", "2026-11-03"), expected);
}

#[test]
fn a_number_without_an_answer_for_thirty_days_is_found() {
    let it = plan("", "");
    let now: Timestamp = "2026-10-31T00:00:00Z".parse().unwrap();
    let unanswered = |last: &str| {
        let to = PhoneAddress::parse("07700 900101").unwrap();
        let answered = BTreeMap::from([(to, last.parse().unwrap())]);
        let today = "2026-10-31".parse().unwrap();
        check(&it, today, today, &answered, now)
    };
    assert!(unanswered("2026-10-01T00:00:00Z").is_empty());
    let found = unanswered("2026-09-30T23:59:59Z");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].place, "person.ann.phone.1");
    assert!(matches!(&found[0].problem, Problem::Unanswered(id) if id.as_str() == "ann"));
}
