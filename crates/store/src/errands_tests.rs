//! Codes as clinicians and callers meet them, over a database in memory.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rotaline_model::{Acceptance, Digit, Keyed, OrganisationId, PersonId, PhoneNumber, Pii, Seed};
use rotaline_record::{Answerphone, Callee, CallerId, Errand, ErrandKind};

use crate::memory::MemoryStorage;
use crate::{Codes, LIVE_CODES, NotMade};

fn codes() -> (Codes, Arc<MemoryStorage>) {
    let storage = Arc::new(MemoryStorage::default());
    let codes = Codes::new(storage.clone(), [7; 32], &Seed::from_number(1));
    (codes, storage)
}

fn now() -> Timestamp {
    "2026-11-23T14:00:00Z".parse().unwrap()
}

fn errand(codes: &Codes, kind: ErrandKind) -> Errand {
    Errand {
        id: codes.new_id(now()),
        kind,
        organisation: organisation(),
        requester: "ann".to_owned(),
        callee: Callee::Person(PersonId::parse("ben").unwrap()),
        acceptance: Acceptance::Required,
        answerphone: Answerphone::NotAllowed,
        outcomes: None,
        case: None,
        nhs_number: None,
    }
}

fn organisation() -> OrganisationId {
    OrganisationId::parse("northfield").unwrap()
}

fn keyed(digits: &str) -> Keyed {
    let mut keyed = Keyed::default();
    for digit in digits.chars() {
        assert!(keyed.push(Digit::parse(digit).unwrap()));
    }
    keyed
}

async fn make(codes: &Codes, kind: ErrandKind, bound: bool) -> Result<String, NotMade> {
    let number = PhoneNumber::parse("01632 960101").unwrap();
    let bound = bound.then(|| vec![number]);
    let expires = now() + SignedDuration::from_mins(10);
    let errand = errand(codes, kind);
    let code = codes.make(&errand, bound, now(), expires).await?;
    assert_eq!(format!("{code:?}"), "Code(..)");
    Ok(code.expose().to_owned())
}

async fn claim(codes: &Codes, code: &str, caller: CallerId) -> Option<Errand> {
    let (organisation, code) = (organisation(), keyed(code));
    let claimed = codes.claim(&organisation, &code, &caller, now());
    claimed.await.unwrap()
}

#[tokio::test]
async fn codes_tell_their_length_by_their_first_digit() {
    let (codes, _) = codes();
    for _ in 0..20 {
        let short = make(&codes, ErrandKind::CallBack, true).await.unwrap();
        assert!(short.len() == 4 && !short.starts_with('9'), "{short}");
        let long = make(&codes, ErrandKind::CallBack, false).await.unwrap();
        assert!(long.len() == 6 && long.starts_with('9'), "{long}");
        let pin = make(&codes, ErrandKind::PatientCall, false).await.unwrap();
        assert_eq!(pin.len(), 8);
    }
}

#[tokio::test]
async fn a_bound_code_opens_once_and_only_from_its_number() {
    let (codes, _) = codes();
    let code = make(&codes, ErrandKind::CallBack, true).await.unwrap();
    let own = || CallerId::Number(Pii::new(PhoneNumber::parse("01632 960101").unwrap()));
    assert_eq!(claim(&codes, &code, CallerId::Withheld).await, None);
    let opened = claim(&codes, &code, own()).await.unwrap();
    assert_eq!(opened.requester, "ann");
    assert_eq!(claim(&codes, &code, own()).await, None);
}

#[tokio::test]
async fn live_codes_are_all_different_and_bounded() {
    let (codes, _) = codes();
    let mut drawn = BTreeSet::new();
    for _ in 0..LIVE_CODES {
        let code = make(&codes, ErrandKind::CallBack, true).await.unwrap();
        assert!(drawn.insert(code), "two live codes are the same");
    }
    let more = make(&codes, ErrandKind::CallBack, true).await;
    assert!(matches!(more, Err(NotMade::Full)));
    assert_eq!(
        codes.live(ErrandKind::CallBack, now()).await.unwrap().len(),
        100
    );
}

#[tokio::test]
async fn a_persons_pin_is_checked_and_belongs_to_them() {
    let (codes, storage) = codes();
    let person = |name: &str| PersonId::parse(name).unwrap();
    for bad in ["", "123", "12a4", "12*4", "1234567890123"] {
        assert!(!codes.set_pin(&person("ann"), bad).await.unwrap(), "{bad}");
    }
    assert!(codes.set_pin(&person("ann"), "2468").await.unwrap());
    let right = async |name: &str, pin: &str| {
        let (person, pin) = (person(name), keyed(pin));
        codes.check_pin(&person, &pin).await.unwrap()
    };
    assert!(right("ann", "2468").await);
    assert!(!right("ann", "2469").await);
    assert!(!right("ben", "2468").await);
    storage.set_away(true);
    assert!(
        codes
            .check_pin(&person("ann"), &keyed("2468"))
            .await
            .is_err()
    );
}
