//! What is told, where it may be sent, and what a killed process has kept.

use std::net::{IpAddr, SocketAddr};

use jiff::Timestamp;
use rotaline_model::{CallId, CaseId, EndCause, NhsNumber, NodeId, Pii};
use rotaline_record::{Fact, Origin, OutcomeHow, Record};
use uuid::Uuid;

use super::destination::{BadDestination, Destination, is_public};
use super::event::Event;
use super::queue::{MAX_WAITING, Queue};
use super::send::signature;

fn record(fact: Fact) -> Record {
    Record {
        case: CaseId::from(Uuid::from_u128(7)),
        origin: Origin::Call,
        sequence: 9,
        at: Timestamp::from_second(1_790_000_000).unwrap(),
        node: NodeId(1),
        fact,
    }
}

fn ended() -> Event {
    let call = CallId::from(Uuid::from_u128(8));
    let cause = EndCause::CallerHungUp;
    Event::of(&record(Fact::CallEnded { call, cause })).expect("an event")
}

fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

#[test]
fn an_event_has_one_id_however_often_its_record_is_read_and_nothing_of_a_patient() {
    assert_eq!(ended(), ended());
    let body: serde_json::Value = serde_json::from_str(&ended().body).unwrap();
    assert_eq!(body["id"], ended().id.to_string());
    assert_eq!(body["type"], "call.ended");
    assert_eq!(body["end_cause"], "caller_hung_up");
    assert_eq!(body["call"], "00000000-0000-0000-0000-000000000007");
    let outcome = Event::of(&record(Fact::OutcomeSet {
        outcome: "referral-made".to_owned(),
        by: "ann".to_owned(),
        how: OutcomeHow::Key,
    }));
    let outcome = outcome.expect("an event");
    assert_ne!(outcome.id, ended().id);
    assert!(!outcome.body.contains("ann"), "{}", outcome.body);
    let of_a_patient = Fact::NhsNumberGiven {
        nhs_number: Pii::new(NhsNumber::parse("9434765919").unwrap()),
        by: "ann".to_owned(),
        how: OutcomeHow::Key,
    };
    assert_eq!(Event::of(&record(of_a_patient)), None);
}

#[test]
fn what_is_signed_is_the_time_and_the_body() {
    // By `printf '1790000000.{}' | openssl dgst -sha256 -hmac secret`.
    let expected = include_str!("tests/signature.hex").trim();
    assert_eq!(signature(b"secret", 1_790_000_000, "{}"), expected);
    assert_ne!(signature(b"secret", 1_790_000_001, "{}"), expected);
}

#[test]
fn addresses_that_are_not_public_are_known_in_every_guise() {
    let closed = [
        "0.0.0.0",
        "10.0.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "127.9.9.9",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.2.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:10.0.0.1",
        "::ffff:8.8.8.8",
        "::127.0.0.1",
        "64:ff9b::a00:1",
        "fc00::1",
        "fd12::1",
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "2001::1",
        "2001:db8::1",
        "2002:a00:1::1",
        "3fff::1",
    ];
    for text in closed {
        assert!(!is_public(ip(text)), "{text}");
    }
    for text in [
        "8.8.8.8",
        "100.63.0.1",
        "172.32.0.1",
        "2a00:1450::1",
        "2606:4700::1",
    ] {
        assert!(is_public(ip(text)), "{text}");
    }
}

#[test]
fn a_name_that_leads_to_one_private_address_is_not_sent_to_at_all() {
    let at = |text: &str| SocketAddr::new(ip(text), 443);
    let public = [at("8.8.8.8"), at("2a00:1450::1")];
    assert_eq!(Destination::choose(&public, &[]), Some(at("8.8.8.8")));
    let mixed = [at("8.8.8.8"), at("127.0.0.1")];
    assert_eq!(Destination::choose(&mixed, &[]), None);
    assert_eq!(Destination::choose(&[], &[]), None);
    let named = [ip("127.0.0.1")];
    assert_eq!(Destination::choose(&mixed, &named), Some(at("8.8.8.8")));
}

#[test]
fn urls_that_could_lead_elsewhere_are_refused() {
    let private = [ip("10.1.2.3")];
    let bad = |text: &str| Destination::parse(text, &private).unwrap_err();
    assert_eq!(bad("nonsense"), BadDestination::NoUrl);
    assert_eq!(bad("/path"), BadDestination::NoUrl);
    assert_eq!(bad("ftp://a.example/"), BadDestination::Scheme);
    assert_eq!(
        bad("https://me:secret@a.example/"),
        BadDestination::UserInfo
    );
    assert_eq!(bad("http://a.example/"), BadDestination::InTheClear);
    assert_eq!(bad("http://10.1.2.4/"), BadDestination::InTheClear);
    let good = Destination::parse("http://10.1.2.3:8000/hook?a=b", &private).unwrap();
    assert_eq!((good.host.as_str(), good.port), ("10.1.2.3", 8000));
    let good = Destination::parse("https://[2a00::1]/", &private).unwrap();
    assert_eq!((good.host.as_str(), good.port), ("2a00::1", 443));
    assert!(!format!("{good:?}").contains("https"));
}

#[test]
fn what_was_kept_is_there_after_a_kill_once_and_what_was_sent_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let to = ["one".to_owned(), "two".to_owned()];
    let queue = Queue::open(folder.path()).unwrap();
    queue.add(&[ended()], &to);
    queue.add(&[ended()], &to);
    assert_eq!(queue.take_fresh().len(), 2, "one for each destination");
    let half = folder.path().join("x.one.new");
    std::fs::write(&half, "half").unwrap();
    std::fs::write(folder.path().join("chased"), "2026-01-01T00:00:00Z").unwrap();

    let queue = Queue::open(folder.path()).unwrap();
    assert!(!half.exists(), "its record is read again");
    let mut found = queue.take_fresh();
    found.sort();
    let names = to.map(|to| format!("{}.{to}", ended().id));
    assert_eq!(found, names);
    assert_eq!(queue.read(&names[0]).unwrap().0, ended().body);
    queue.remove(&names[0]);
    let left = Queue::open(folder.path()).unwrap().take_fresh();
    assert_eq!(left, names[1..]);
}

#[test]
fn a_queue_that_is_full_takes_no_more() {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..MAX_WAITING {
        std::fs::File::create(folder.path().join(format!("{number}.one"))).unwrap();
    }
    let queue = Queue::open(folder.path()).unwrap();
    assert_eq!(queue.take_fresh().len(), MAX_WAITING);
    queue.add(&[ended()], &["one".to_owned()]);
    assert_eq!(queue.take_fresh(), Vec::<String>::new());
    queue.remove("0.one");
    queue.add(&[ended()], &["one".to_owned()]);
    assert_eq!(queue.take_fresh().len(), 1);
}
