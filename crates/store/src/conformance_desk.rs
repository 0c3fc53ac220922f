//! What every backend must do for codes, PINs, pauses, requests and missed calls; run by
//! `conformance.rs`.

use jiff::{SignedDuration, Timestamp};
use rotaline_model::{ErrandId, OrganisationId, PersonId, RequestId};
use rotaline_record::{PhoneKind, RequestState};

use crate::stories::{Story, case_id};
use crate::{Added, AssignmentRow, CaseRow, Claim, Commit, ErrandRow, RequestRow, Storage};

const NOW_US: i64 = 1_800_000_000_000_000;
const MINUTE_US: i64 = 60_000_000;

pub(crate) fn errand(number: u8, code: u8) -> ErrandRow {
    let id = format!("0192f0c1-0000-7000-8000-0000000000{number:02}");
    ErrandRow {
        id: id.parse::<ErrandId>().unwrap(),
        kind: "call-back".to_owned(),
        organisation: OrganisationId::parse("northfield").unwrap(),
        mac: [code; 32],
        bound: None,
        made_us: NOW_US,
        expires_us: NOW_US + 10 * MINUTE_US,
        uses_left: 1,
        claimed_us: None,
        body: format!("errand {number}"),
    }
}

fn claim(code: u8) -> Claim {
    Claim {
        organisation: OrganisationId::parse("northfield").unwrap(),
        mac: [code; 32],
        caller: None,
        now_us: NOW_US + MINUTE_US,
    }
}

fn person(name: &str) -> PersonId {
    PersonId::parse(name).unwrap()
}

pub(crate) async fn a_code_opens_its_errand_once(storage: &dyn Storage) {
    assert_eq!(
        storage.add_errand(errand(1, 1), 9).await.unwrap(),
        Added::Added
    );
    assert_eq!(storage.claim_errand(claim(2)).await.unwrap(), None);
    let elsewhere = Claim {
        organisation: OrganisationId::parse("southfield").unwrap(),
        ..claim(1)
    };
    assert_eq!(storage.claim_errand(elsewhere).await.unwrap(), None);
    let (one, other) = tokio::join!(
        storage.claim_errand(claim(1)),
        storage.claim_errand(claim(1))
    );
    let opened = [one.unwrap(), other.unwrap()];
    assert_eq!(opened.iter().flatten().count(), 1, "{opened:?}");
    assert_eq!(storage.claim_errand(claim(1)).await.unwrap(), None);
}

pub(crate) async fn a_code_opens_nothing_when_expired_or_keyed_from_elsewhere(
    storage: &dyn Storage,
) {
    let bound = ErrandRow {
        bound: Some(vec!["+441632960101".to_owned(), "+441632960102".to_owned()]),
        uses_left: 2,
        ..errand(1, 1)
    };
    storage.add_errand(bound, 9).await.unwrap();
    let from = |caller: Option<&str>, minutes| Claim {
        caller: caller.map(str::to_owned),
        now_us: NOW_US + minutes * MINUTE_US,
        ..claim(1)
    };
    let opens = async |claim| storage.claim_errand(claim).await.unwrap().is_some();
    assert!(!opens(from(None, 1)).await);
    assert!(!opens(from(Some("+441632960199"), 1)).await);
    assert!(opens(from(Some("+441632960102"), 1)).await);
    assert!(!opens(from(Some("+441632960102"), 10)).await);
}

pub(crate) async fn live_codes_are_bounded_and_never_collide(storage: &dyn Storage) {
    assert_eq!(
        storage.add_errand(errand(1, 1), 2).await.unwrap(),
        Added::Added
    );
    assert_eq!(
        storage.add_errand(errand(2, 1), 2).await.unwrap(),
        Added::Taken
    );
    assert_eq!(
        storage.add_errand(errand(3, 3), 2).await.unwrap(),
        Added::Added
    );
    assert_eq!(
        storage.add_errand(errand(4, 4), 2).await.unwrap(),
        Added::Full
    );
    let elsewhere = ErrandRow {
        organisation: OrganisationId::parse("southfield").unwrap(),
        ..errand(5, 1)
    };
    assert_eq!(
        storage.add_errand(elsewhere, 2).await.unwrap(),
        Added::Added
    );
    // What is used or over makes room.
    storage.claim_errand(claim(1)).await.unwrap();
    assert_eq!(
        storage.add_errand(errand(6, 1), 2).await.unwrap(),
        Added::Added
    );
    let later = ErrandRow {
        made_us: NOW_US + 11 * MINUTE_US,
        expires_us: NOW_US + 21 * MINUTE_US,
        ..errand(7, 1)
    };
    assert_eq!(storage.add_errand(later, 2).await.unwrap(), Added::Added);
}

pub(crate) async fn live_errands_are_listed_and_withdrawn(storage: &dyn Storage) {
    for number in 1..=3 {
        let row = ErrandRow {
            made_us: NOW_US + i64::from(number),
            ..errand(number, number)
        };
        storage.add_errand(row, 9).await.unwrap();
    }
    let list = async || {
        let rows = storage.live_errands("call-back".to_owned(), NOW_US).await;
        let bodies = rows.unwrap().into_iter().map(|row| row.body);
        bodies.collect::<Vec<_>>()
    };
    assert_eq!(list().await, ["errand 3", "errand 2", "errand 1"]);
    let withdraw = async |kind: &str| {
        let id = errand(2, 2).id;
        storage
            .withdraw_errand(kind.to_owned(), id, NOW_US)
            .await
            .unwrap()
    };
    assert!(!withdraw("patient-call").await);
    assert!(withdraw("call-back").await);
    assert!(!withdraw("call-back").await);
    assert_eq!(list().await, ["errand 3", "errand 1"]);
    assert_eq!(storage.claim_errand(claim(2)).await.unwrap(), None);
}

pub(crate) async fn pins_are_replaced(storage: &dyn Storage) {
    assert_eq!(storage.pin(person("ann")).await.unwrap(), None);
    storage.set_pin(person("ann"), [1; 32]).await.unwrap();
    storage.set_pin(person("ann"), [2; 32]).await.unwrap();
    assert_eq!(storage.pin(person("ann")).await.unwrap(), Some(vec![2; 32]));
    assert_eq!(storage.pin(person("ben")).await.unwrap(), None);
}

pub(crate) async fn pauses_end_by_themselves_or_by_hand(storage: &dyn Storage) {
    let now = Timestamp::from_microsecond(NOW_US).unwrap();
    let later = |minutes| now + SignedDuration::from_mins(minutes);
    storage
        .set_pause(person("ben"), Some(later(30)))
        .await
        .unwrap();
    storage
        .set_pause(person("ann"), Some(later(5)))
        .await
        .unwrap();
    storage
        .set_pause(person("ann"), Some(later(10)))
        .await
        .unwrap();
    let both = [(person("ann"), later(10)), (person("ben"), later(30))];
    assert_eq!(storage.pauses(now).await.unwrap(), both);
    assert_eq!(storage.pauses(later(10)).await.unwrap(), both[1..]);
    storage.set_pause(person("ben"), None).await.unwrap();
    assert_eq!(storage.pauses(later(10)).await.unwrap(), []);
}

pub(crate) async fn requests_follow_their_cases(storage: &dyn Storage) {
    let request = |state: &str| RequestRow {
        id: "0192f0c1-0000-7000-8000-000000000001".parse().unwrap(),
        organisation: "northfield".to_owned(),
        state: state.to_owned(),
        at_us: NOW_US,
    };
    let write = async |state: &str| {
        let case = CaseRow {
            requests: vec![request(state)],
            ..CaseRow::render(&Story::new(1).case()).unwrap()
        };
        let commit = Commit {
            cases: vec![case],
            cursor: None,
        };
        storage.write(commit).await.unwrap();
    };
    let open = async || {
        storage
            .cases_with_requests(RequestState::Open)
            .await
            .unwrap()
    };
    write("open").await;
    assert_eq!(open().await, [case_id(1)]);
    write("done").await;
    assert_eq!(open().await, []);
    let done = storage.cases_with_requests(RequestState::Done).await;
    assert_eq!(done.unwrap(), [case_id(1)]);
}

pub(crate) async fn missed_calls_are_those_rung_and_not_joined(storage: &dyn Storage) {
    let rung = |number: u32, joined_us: Option<i64>| {
        let mut case = CaseRow::render(&Story::new(number).case()).unwrap();
        let mut attempt = case.attempts.pop().expect("a story rings somebody");
        attempt.person = Some("zoe".to_owned());
        attempt.started_us = NOW_US + i64::from(number);
        attempt.joined_us = joined_us;
        case.attempts = vec![attempt];
        case
    };
    let cases = vec![rung(1, None), rung(2, Some(NOW_US + 9)), rung(3, None)];
    let commit = Commit {
        cases,
        cursor: None,
    };
    storage.write(commit).await.unwrap();
    let since = |us| Timestamp::from_microsecond(us).unwrap();
    let missed = async |name, since, bound| {
        let missed = storage.cases_missed_by(person(name), since, bound);
        missed.await.unwrap()
    };
    let both = [case_id(3), case_id(1)];
    assert_eq!(missed("zoe", since(NOW_US), 9).await, both);
    assert_eq!(missed("zoe", since(NOW_US), 1).await, both[..1]);
    assert_eq!(missed("zoe", since(NOW_US + 2), 9).await, both[..1]);
    assert_eq!(missed("ann-nobody", since(NOW_US), 9).await, []);
}

pub(crate) async fn what_phones_and_people_did_is_told(storage: &dyn Storage) {
    let at = |us: i64| Timestamp::from_microsecond(NOW_US + us).unwrap();
    let rung = |number: u32, kind: &str, answered: bool, joined: bool| {
        let mut case = CaseRow::render(&Story::new(number).case()).unwrap();
        let us = NOW_US + 10 * i64::from(number);
        let mut attempt = case.attempts.pop().expect("a story rings somebody");
        attempt.person = Some("zoe".to_owned());
        attempt.phone = kind.to_owned();
        attempt.started_us = us;
        attempt.answered_us = answered.then_some(us + 1);
        attempt.joined_us = joined.then_some(us + 2);
        case.attempts = vec![attempt];
        case.talk_ms = 1;
        case
    };
    let cases = vec![
        rung(1, "mobile", true, true),
        rung(2, "mobile", false, false),
        rung(3, "desk", false, false),
    ];
    let commit = Commit {
        cases,
        cursor: None,
    };
    storage.write(commit).await.unwrap();
    let uses = storage.phone_uses().await.unwrap();
    let seen: Vec<_> = uses
        .iter()
        .map(|it| {
            (
                it.person.as_str(),
                it.kind,
                it.first_rung_at,
                it.answered_at,
            )
        })
        .collect();
    let desk = ("zoe", PhoneKind::Desk, at(30), None);
    let mobile = ("zoe", PhoneKind::Mobile, at(10), Some(at(11)));
    assert_eq!(seen, [desk, mobile]);
    let past = async |since, bound| {
        let past = storage.attempts_since(at(since), bound).await.unwrap();
        past.into_iter()
            .map(|it| (it.rung_at, it.talked))
            .collect::<Vec<_>>()
    };
    let all = [
        (at(10), Some((at(12), at(1_012)))),
        (at(20), None),
        (at(30), None),
    ];
    assert_eq!(past(0, 9).await, all);
    assert_eq!(past(20, 9).await, all[1..]);
    assert_eq!(
        past(0, 2).await,
        all[1..],
        "the newest, and the oldest first"
    );
    let first = storage.attempts_since(at(0), 1).await.unwrap();
    let specialty = first[0].specialty.as_ref().unwrap();
    assert_eq!(specialty.as_str(), "cardiology");
}

pub(crate) async fn a_request_knows_its_case_and_a_number_its_practices(storage: &dyn Storage) {
    let id = |number: u8| -> RequestId {
        let id = format!("0192f0c1-0000-7000-8000-0000000000{number:02}");
        id.parse().unwrap()
    };
    let assigned = |number: u32, practice: Option<&str>, at_us: i64| {
        let mut case = CaseRow::render(&Story::new(number).case()).unwrap();
        case.assignment = Some(AssignmentRow {
            caller: "+441632960101".to_owned(),
            practice: practice.map(str::to_owned),
            at_us,
        });
        case
    };
    let write = async |cases| {
        let cursor = None;
        storage.write(Commit { cases, cursor }).await.unwrap();
    };
    let mut asked = assigned(1, Some("elm"), 1);
    asked.requests = vec![RequestRow {
        id: id(1),
        organisation: "northfield".to_owned(),
        state: "open".to_owned(),
        at_us: NOW_US,
    }];
    write(vec![
        asked,
        assigned(2, Some("oak"), 2),
        assigned(3, None, 3),
    ])
    .await;
    assert_eq!(
        storage.case_of_request(id(1)).await.unwrap(),
        Some(case_id(1))
    );
    assert_eq!(storage.case_of_request(id(2)).await.unwrap(), None);
    let practices = async |caller: &str, bound| {
        let practices = storage.practices_of_caller(caller.to_owned(), bound);
        let practices = practices.await.unwrap().into_iter();
        practices.map(String::from).collect::<Vec<_>>()
    };
    let known = "+441632960101";
    assert_eq!(practices(known, 9).await, ["oak", "elm"]);
    assert_eq!(practices(known, 1).await, ["oak"]);
    assert_eq!(practices("+441632960102", 9).await, Vec::<String>::new());
    // Said anew, it counts from then on; taken back, no more.
    write(vec![assigned(1, Some("elm"), 4), assigned(2, None, 5)]).await;
    assert_eq!(practices(known, 9).await, ["elm"]);
}
