//! The order of a hunt, ring times, and who can be rung.

use std::time::Duration;

use jiff::Timestamp;
use rotaline_model::{Dialled, PersonId, SpecialtyId};
use rotaline_routing::{Availability, Hunt, Next, PhoneAddress, Plan, Presence, Source};

fn plan(rounds: &str) -> Plan {
    let text = format!(
        r#"
inbound_number = "020 7946 0000"
[organisation.o]
name = "O"
zone = "Europe/London"
{rounds}
ring_time_s = 20
[specialty.s]
organisation = "o"
name = "S"
hours = ["daily 00:00-24:00"]
ring_time_s = 18
[[specialty.s.session]]
times = ["daily 00:00-24:00"]
people = ["ann", "ben"]
[[specialty.s.session]]
times = ["daily 12:00-13:00"]
people = ["cat", "ann"]
[specialty.t]
organisation = "o"
name = "T"
hours = ["daily 00:00-24:00"]
[person.ann]
name = "Ann"
ring_time_s = 16
[[person.ann.phone]]
kind = "mobile"
to = "sip:a1@h"
ring_time_s = 14
[[person.ann.phone]]
kind = "desk"
to = "sip:a2@h"
[[person.ann.phone]]
kind = "home"
to = "sip:a3@h"
[person.ben]
name = "Ben"
[[person.ben.phone]]
kind = "app"
to = "sip:b1@h"
[person.cat]
name = "Cat"
[[person.cat.phone]]
kind = "app"
to = "sip:c1@h"
"#
    );
    Plan::parse(&[Source {
        name: "plan.toml".to_owned(),
        text,
    }])
    .unwrap()
}

fn person(id: &str) -> PersonId {
    PersonId::parse(id).unwrap()
}

fn specialty(id: &str) -> SpecialtyId {
    SpecialtyId::parse(id).unwrap()
}

fn morning() -> Timestamp {
    "2026-11-23T10:00:00Z".parse().unwrap()
}

/// The user parts of the phones in the order of ringing.
fn order(plan: &Plan, presence: &Presence, passed_on: &[PersonId], now: Timestamp) -> Vec<String> {
    let mut hunt = Hunt::new(specialty("s"));
    let mut rung = Vec::new();
    while let Next::Ring(candidate) = hunt.next(plan, presence, passed_on, now) {
        rung.push(candidate.to.to_string()[4..6].to_owned());
        assert!(rung.len() < 20, "{rung:?}");
    }
    rung
}

#[test]
fn first_phones_come_first_and_the_others_in_the_second_round() {
    let none = Presence::default();
    assert_eq!(
        order(&plan(""), &none, &[], morning()),
        ["a1", "b1", "a2", "a3"]
    );
    assert_eq!(
        order(&plan("rounds = 1"), &none, &[], morning()),
        ["a1", "b1"]
    );
    assert_eq!(
        order(&plan("rounds = 4"), &none, &[], morning()),
        ["a1", "b1", "a2", "a3"]
    );
}

#[test]
fn overlapping_sessions_follow_each_other_and_name_nobody_twice() {
    let noon = "2026-11-23T12:30:00Z".parse().unwrap();
    let rung = order(&plan(""), &Presence::default(), &[], noon);
    assert_eq!(rung, ["a1", "b1", "c1", "a2", "a3"]);
}

#[test]
fn who_was_busy_in_the_first_round_may_be_rung_in_the_second() {
    let plan = plan("");
    let mut presence = Presence::default();
    assert!(presence.reserve(&person("ann")));
    let mut hunt = Hunt::new(specialty("s"));
    let next =
        |hunt: &mut Hunt, presence: &Presence| match hunt.next(&plan, presence, &[], morning()) {
            Next::Ring(candidate) => Some((candidate.to.to_string(), candidate.reason.clone())),
            Next::Exhausted | Next::NobodyOnRota => None,
        };
    let reason = "number 2 on the rota; skipped ann (busy on another call)".to_owned();
    assert_eq!(
        next(&mut hunt, &presence),
        Some(("sip:b1@h".to_owned(), reason))
    );
    presence.release(&person("ann"));
    let reason = "number 1 on the rota, second round".to_owned();
    assert_eq!(
        next(&mut hunt, &presence),
        Some(("sip:a1@h".to_owned(), reason))
    );
}

#[test]
fn who_passed_the_call_on_is_left_alone() {
    let rung = order(&plan(""), &Presence::default(), &[person("ann")], morning());
    assert_eq!(rung, ["b1"]);
}

#[test]
fn an_empty_rota_is_not_an_exhausted_one() {
    let plan = plan("");
    let mut hunt = Hunt::new(specialty("t"));
    let next = hunt.next(&plan, &Presence::default(), &[], morning());
    assert!(matches!(next, Next::NobodyOnRota));
    let mut busy = Presence::default();
    assert!(busy.reserve(&person("ann")) && busy.reserve(&person("ben")));
    let next = Hunt::new(specialty("s")).next(&plan, &busy, &[], morning());
    assert!(matches!(next, Next::Exhausted));
}

#[test]
fn the_most_specific_ring_time_holds() {
    let plan = plan("");
    let mut hunt = Hunt::new(specialty("s"));
    let mut seconds = Vec::new();
    while let Next::Ring(it) = hunt.next(&plan, &Presence::default(), &[], morning()) {
        seconds.push((it.to.to_string(), it.ring_time.as_secs()));
    }
    let expected = [
        ("sip:a1@h", 14),
        ("sip:b1@h", 18),
        ("sip:a2@h", 16),
        ("sip:a3@h", 16),
    ]
    .map(|(to, s)| (to.to_owned(), s));
    assert_eq!(seconds, expected);
}

#[test]
fn a_reservation_is_one_calls_alone() {
    let mut presence = Presence::default();
    assert!(presence.reserve(&person("ann")));
    assert!(!presence.reserve(&person("ann")));
    assert_eq!(
        presence.availability(&person("ann"), morning()),
        Availability::Busy
    );
    presence.release(&person("ann"));
    assert_eq!(
        presence.availability(&person("ann"), morning()),
        Availability::Free
    );
}

#[test]
fn a_pause_ends_by_itself_or_by_hand() {
    let mut presence = Presence::default();
    let later = morning() + Duration::from_secs(1800);
    presence.pause(&person("ann"), later);
    assert_eq!(
        presence.availability(&person("ann"), morning()),
        Availability::Paused
    );
    assert_eq!(
        presence.availability(&person("ann"), later),
        Availability::Free
    );
    presence.resume(&person("ann"));
    assert_eq!(
        presence.availability(&person("ann"), morning()),
        Availability::Free
    );
}

#[test]
fn a_line_that_comes_round_is_known_by_name_or_by_being_the_only_one() {
    let line = |text: &str| Dialled::parse(text).unwrap();
    let (ann, ben) = (line("07700 900101"), line("ben"));
    let mut presence = Presence::default();
    presence.rings(&ann);
    presence.rings(&ben);
    presence.came_round(&[]);
    assert!(!presence.has_come_round(&ann) && !presence.has_come_round(&ben));
    presence.came_round(std::slice::from_ref(&ben));
    assert!(!presence.has_come_round(&ann) && presence.has_come_round(&ben));
    presence.rings_no_more(&ben);
    presence.rings(&ben);
    assert!(
        !presence.has_come_round(&ben),
        "a new ringing is a new question"
    );
    presence.rings_no_more(&ben);
    presence.came_round(&[]);
    assert!(presence.has_come_round(&ann));
}

#[test]
fn addresses_are_numbers_or_sip_addresses() {
    let address = |text: &str| PhoneAddress::parse(text).unwrap();
    assert_eq!(address("07700 900101").to_string(), "+447700900101");
    assert_eq!(
        address("07700 900101").line().unwrap().as_str(),
        "+447700900101"
    );
    assert_eq!(
        address("sip:ann@127.0.0.1:5071").line().unwrap().as_str(),
        "ann"
    );
    assert_eq!(
        address("sip:07700900101@[2001:db8::1]")
            .line()
            .unwrap()
            .as_str(),
        "+447700900101"
    );
    assert_eq!(address("sip:192.0.2.1:5060").line(), None);
    for bad in [
        "",
        "sip:",
        "sip:@h",
        "sip:ann@",
        "sip:a b@h",
        "sip:<a>@h",
        "ann@h",
        "12",
    ] {
        assert!(PhoneAddress::parse(bad).is_err(), "{bad}");
    }
}
