//! What every backend must do for users, sessions, tokens and the audit, in tests that know none
//! of them. A new backend adds one line at the end.

use jiff::Timestamp;
use rotaline_model::{OrganisationId, PersonId, SpecialtyId};
use tempfile::TempDir;
use uuid::Uuid;

use crate::stories::case_id;
use crate::{
    Action, ApiToken, AuditEntry, AuditQuery, Grant, PostgresStorage, Reach, Role, Session,
    SqliteStorage, Storage, Strength, TotpSalt, User, UserQuery, UserStorage,
};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + seconds).unwrap()
}

fn organisation(id: &str) -> OrganisationId {
    OrganisationId::parse(id).unwrap()
}

fn grant(id: &str, role: Role) -> Grant {
    Grant {
        organisation: organisation(id),
        role,
        specialty: None,
    }
}

fn user(name: &str, grants: &[Grant]) -> User {
    User {
        name: name.to_owned(),
        person: Some(PersonId::parse("ann").unwrap()),
        reach: Reach::Granted,
        grants: grants.to_vec(),
        password: "$argon2id$x".to_owned(),
        totp: None,
        made_at: at(0),
        disabled_at: None,
    }
}

async fn a_name_is_given_once(storage: &dyn UserStorage) {
    let narrowed = Grant {
        specialty: Some(SpecialtyId::parse("cardiology").unwrap()),
        ..grant("southfield", Role::ClinicalLead)
    };
    let ann = user("ann", &[grant("northfield", Role::Specialist), narrowed]);
    assert!(storage.add_user(ann.clone()).await.unwrap());
    assert!(!storage.add_user(user("ann", &[])).await.unwrap());
    assert_eq!(storage.user("ann".into()).await.unwrap(), Some(ann));
    assert_eq!(storage.user("Ann".into()).await.unwrap(), None);
}

async fn what_is_put_replaces_all_of_a_user(storage: &dyn UserStorage) {
    let ann = user("ann", &[grant("northfield", Role::Specialist)]);
    assert!(
        !storage.put_user(ann.clone()).await.unwrap(),
        "not there yet"
    );
    storage.add_user(ann.clone()).await.unwrap();
    let changed = User {
        person: None,
        reach: Reach::Everywhere,
        grants: vec![grant("southfield", Role::Administrator)],
        password: "$argon2id$y".to_owned(),
        totp: Some(TotpSalt {
            salt: [7; 16],
            confirmed: true,
        }),
        disabled_at: Some(at(5)),
        ..ann
    };
    assert!(storage.put_user(changed.clone()).await.unwrap());
    assert_eq!(storage.user("ann".into()).await.unwrap(), Some(changed));
}

async fn users_are_listed_by_organisation_and_paged(storage: &dyn UserStorage) {
    let users = [
        user("ann", &[grant("northfield", Role::Caller)]),
        user("ben", &[grant("southfield", Role::Caller)]),
        user(
            "cat",
            &[
                grant("northfield", Role::Caller),
                grant("southfield", Role::Secretary),
            ],
        ),
        user("dan", &[]),
    ];
    for user in users {
        storage.add_user(user).await.unwrap();
    }
    let names = async |organisations: Option<&[&str]>, after: Option<&str>, bound| {
        let organisations =
            organisations.map(|ids| ids.iter().map(|id| organisation(id)).collect());
        let query = UserQuery {
            organisations,
            after: after.map(str::to_owned),
            bound,
        };
        let users = storage.users(query).await.unwrap().into_iter();
        users.map(|user| user.name).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names(None, None, 9).await, "ann ben cat dan");
    assert_eq!(names(Some(&["northfield"]), None, 9).await, "ann cat");
    assert_eq!(names(Some(&["southfield", "x"]), None, 1).await, "ben");
    assert_eq!(names(None, Some("ben"), 1).await, "cat");
    assert_eq!(names(Some(&[]), None, 9).await, "");
}

async fn a_code_is_used_once(storage: &dyn UserStorage) {
    storage.add_user(user("ann", &[])).await.unwrap();
    let used = async |step| storage.use_totp_step("ann".into(), step).await.unwrap();
    assert!(used(100).await);
    assert!(!used(100).await);
    assert!(!used(99).await, "an older one neither");
    assert!(used(101).await);
}

fn session(number: u128) -> Session {
    Session {
        id: Uuid::from_u128(number),
        user: "ann".into(),
        hash: [number as u8; 32],
        before: None,
        strength: Strength::Password,
        made_at: at(number as i64),
        renewed_at: at(number as i64),
        used_at: at(number as i64),
    }
}

async fn a_session_is_renewed_once_from_each_token(storage: &dyn UserStorage) {
    storage.add_session(session(1), at(0)).await.unwrap();
    assert_eq!(storage.session([1; 32]).await.unwrap(), Some(session(1)));
    let renewed = Session {
        hash: [9; 32],
        before: Some([1; 32]),
        strength: Strength::SecondFactor,
        renewed_at: at(60),
        used_at: at(60),
        ..session(1)
    };
    assert!(storage.renew_session(renewed.clone()).await.unwrap());
    assert!(
        !storage.renew_session(renewed.clone()).await.unwrap(),
        "of two, one"
    );
    let found = storage.session([1; 32]).await.unwrap();
    assert_eq!(found.as_ref(), Some(&renewed), "by the token before too");
    storage.touch_session(renewed.id, at(70)).await.unwrap();
    let found = storage.session([9; 32]).await.unwrap().unwrap();
    assert_eq!(found.used_at, at(70));
}

async fn sessions_end_one_by_one_all_at_once_or_by_age(storage: &dyn UserStorage) {
    for number in 1..=4 {
        storage.add_session(session(number), at(0)).await.unwrap();
    }
    storage.end_session(Uuid::from_u128(1)).await.unwrap();
    assert_eq!(storage.session([1; 32]).await.unwrap(), None);
    storage.add_session(session(5), at(3)).await.unwrap();
    assert_eq!(storage.session([2; 32]).await.unwrap(), None, "too old");
    assert!(storage.session([3; 32]).await.unwrap().is_some());
    storage.add_token(token(1), 9, at(0)).await.unwrap();
    storage.end_all("ben".into()).await.unwrap();
    assert!(storage.session([3; 32]).await.unwrap().is_some());
    storage.end_all("ann".into()).await.unwrap();
    assert_eq!(storage.session([3; 32]).await.unwrap(), None);
    assert_eq!(storage.token([1; 32]).await.unwrap(), None);
}

fn token(number: u128) -> ApiToken {
    ApiToken {
        id: Uuid::from_u128(number),
        user: "ann".into(),
        name: "export of the night".into(),
        hash: [number as u8; 32],
        scopes: vec!["reports".into()],
        strength: Strength::Password,
        made_at: at(number as i64),
        expires_at: at(1_000),
    }
}

async fn tokens_are_bounded_listed_and_withdrawn(storage: &dyn UserStorage) {
    for number in 1..=2 {
        assert!(storage.add_token(token(number), 2, at(0)).await.unwrap());
    }
    assert!(!storage.add_token(token(3), 2, at(0)).await.unwrap());
    assert_eq!(storage.token([2; 32]).await.unwrap(), Some(token(2)));
    assert_eq!(
        storage.tokens("ann".into()).await.unwrap(),
        [token(2), token(1)]
    );
    let gone = async |user: &str, number| {
        let id = Uuid::from_u128(number);
        storage.withdraw_token(user.into(), id).await.unwrap()
    };
    assert!(!gone("ben", 1).await, "another's is not there");
    assert!(gone("ann", 1).await);
    assert!(!gone("ann", 1).await);
    let late = at(2_000);
    assert!(
        storage.add_token(token(3), 1, late).await.unwrap(),
        "what ended is forgotten"
    );
}

fn entry(n: i64) -> AuditEntry {
    AuditEntry {
        at: at(n),
        who: if n % 2 == 0 { "ann" } else { "ben" }.into(),
        action: if n % 3 == 0 {
            Action::Changed
        } else {
            Action::CallRead
        },
        case: (n < 4).then(|| case_id(n as u32)),
        organisation: (n != 5)
            .then(|| organisation(if n < 3 { "northfield" } else { "southfield" })),
        object: format!("object {n}"),
        reason: Some("complaint".into()),
    }
}

async fn the_audit_is_filtered_and_paged(storage: &dyn Storage, users: &dyn UserStorage) {
    for n in 1..=6 {
        storage.audit(entry(n)).await.unwrap();
    }
    let log = async |query: AuditQuery| {
        let bound = if query.bound == 0 { 99 } else { query.bound };
        users
            .audit_log(AuditQuery { bound, ..query })
            .await
            .unwrap()
    };
    let found = async |query| {
        let found: Vec<AuditEntry> = log(query).await.into_iter().map(|(_, it)| it).collect();
        found
    };
    let any = AuditQuery::default;
    let all: Vec<AuditEntry> = (1..=6).rev().map(entry).collect();
    assert_eq!(found(any()).await, all);
    let northfield = Some(vec![organisation("northfield")]);
    let query = AuditQuery {
        organisations: northfield,
        ..any()
    };
    assert_eq!(found(query).await, [entry(2), entry(1)]);
    let query = AuditQuery {
        organisations: Some(Vec::new()),
        ..any()
    };
    assert_eq!(found(query).await, []);
    let query = AuditQuery {
        from: Some(at(2)),
        to: Some(at(4)),
        ..any()
    };
    assert_eq!(found(query).await, [entry(3), entry(2)]);
    let query = AuditQuery {
        who: Some("ann".into()),
        action: Some(Action::Changed),
        ..any()
    };
    assert_eq!(found(query).await, [entry(6)]);
    let query = AuditQuery {
        case: Some(case_id(3)),
        ..any()
    };
    assert_eq!(found(query).await, [entry(3)]);
    let page = log(AuditQuery { bound: 2, ..any() }).await;
    let before = page.last().map(|(place, _)| *place);
    let query = AuditQuery {
        bound: 2,
        before,
        ..any()
    };
    assert_eq!(found(query).await, [entry(4), entry(3)]);
}

macro_rules! conformance {
    ($($backend:ident: $($test:ident)*; $audit:ident;)*) => {
        $(mod $backend {
            $(#[tokio::test]
            async fn $test() {
                let (storage, _folder) = super::$backend().await;
                super::$test(&storage).await;
            })*

            #[tokio::test]
            async fn $audit() {
                let (storage, _folder) = super::$backend().await;
                super::$audit(&storage, &storage).await;
            }
        })*
    };
    ($($backend:ident),*) => {
        $(conformance! { $backend:
            a_name_is_given_once
            what_is_put_replaces_all_of_a_user
            users_are_listed_by_organisation_and_paged
            a_code_is_used_once
            a_session_is_renewed_once_from_each_token
            sessions_end_one_by_one_all_at_once_or_by_age
            tokens_are_bounded_listed_and_withdrawn;
            the_audit_is_filtered_and_paged;
        })*
    };
}

async fn sqlite() -> (SqliteStorage, TempDir) {
    let folder = TempDir::new().unwrap();
    let storage = SqliteStorage::open(&folder.path().join("rotaline.db")).await;
    (storage.unwrap(), folder)
}

async fn postgres() -> (PostgresStorage, TempDir) {
    let url = rotaline_testkit::postgres::fresh();
    let storage = PostgresStorage::open(url.parse().unwrap()).await;
    (storage.unwrap(), TempDir::new().unwrap())
}

conformance!(sqlite, postgres);

#[test]
fn roles_and_actions_have_names_of_their_own() {
    for role in Role::ALL {
        assert_eq!(Role::parse(role.name()), Some(role));
    }
    for action in Action::ALL {
        assert_eq!(Action::parse(action.name()), Some(action));
    }
}
