//! What every backend must do, in tests that know none of them. A new backend adds one line at
//! the end.

mod plan;
pub(crate) mod reports;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rotaline_model::{NodeId, PersonId, Pii, SpecialtyId};
use rotaline_record::CallerId;
use tempfile::TempDir;

use crate::conformance_desk::*;
use crate::memory::MemoryStorage;
use crate::stories::{Story, case_id};
use crate::{
    Action, AuditEntry, CallQuery, CaseRow, CaseState, Commit, Database, Limit, LineQuery,
    OutcomeFilter, Position, PracticeFilter, Seen, Sight, SqliteStorage, Storage,
};

use plan::{
    every_version_is_kept_and_what_was_before_is_known, plan_is_changed_as_a_whole,
    what_somebody_else_changed_is_named_and_nothing_is_written,
};
use reports::{
    attempts_are_paged_and_filtered, lines_follow_their_cases, lines_stand_in_every_order,
    sums_are_those_of_the_lines,
};

const NODE: NodeId = NodeId(1);

/// A backend, empty, and the folder that it lives in.
struct Fresh {
    storage: Arc<dyn Storage>,
    _folder: TempDir,
}

async fn memory() -> Fresh {
    let storage = Arc::new(MemoryStorage::default());
    Fresh {
        storage,
        _folder: TempDir::new().unwrap(),
    }
}

async fn sqlite() -> Fresh {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("new/rotaline.db");
    let storage = Arc::new(SqliteStorage::open(&path).await.unwrap());
    Fresh {
        storage,
        _folder: folder,
    }
}

async fn postgres() -> Fresh {
    let url = rotaline_testkit::postgres::fresh();
    let folder = TempDir::new().unwrap();
    let database = Database::parse(&url, folder.path()).unwrap();
    Fresh {
        storage: database.open().await.unwrap(),
        _folder: folder,
    }
}

fn rows(stories: &[Story]) -> Vec<CaseRow> {
    stories
        .iter()
        .map(|story| CaseRow::render(&story.case()).unwrap())
        .collect()
}

async fn write(storage: &dyn Storage, stories: &[Story]) {
    let cases = rows(stories);
    storage
        .write(Commit {
            cases,
            cursor: None,
        })
        .await
        .unwrap();
}

/// The numbers of the stories that a query finds, in its order.
async fn found(storage: &dyn Storage, query: CallQuery) -> Vec<u32> {
    let rows = storage.list(query).await.unwrap();
    let number = |row: &crate::StoredCase| {
        u32::try_from(row.id.uuid().as_u128() - case_id(0).uuid().as_u128()).unwrap()
    };
    rows.iter().map(number).collect()
}

async fn empty_database_knows_nothing(storage: &dyn Storage) {
    assert_eq!(storage.cursor(NODE).await.unwrap(), None);
    assert_eq!(storage.newest_opening().await.unwrap(), None);
    assert!(storage.load(vec![case_id(1)]).await.unwrap().is_empty());
    assert!(storage.load(Vec::new()).await.unwrap().is_empty());
    let owing = Some(Vec::new());
    let nobodys = LineQuery {
        owing,
        ..LineQuery::default()
    };
    assert!(storage.call_lines(nobodys, 1).await.unwrap().is_empty());
    assert!(found(storage, CallQuery::default()).await.is_empty());
}

async fn what_was_written_is_read(storage: &dyn Storage) {
    let stories: Vec<_> = (1..=75).map(Story::new).collect();
    write(storage, &stories).await;
    let ids = stories.iter().map(Story::id).collect();
    let loaded = storage.load(ids).await.unwrap();
    assert_eq!(loaded.len(), 75);
    for row in loaded {
        let story = stories.iter().find(|story| story.id() == row.id).unwrap();
        assert_eq!(row.read().unwrap(), story.case());
    }
    let newest = stories[74].case().opened_at;
    assert_eq!(storage.newest_opening().await.unwrap(), Some(newest));
}

async fn written_again_replaces(storage: &dyn Storage) {
    let story = Story {
        outcome: None,
        ..Story::new(1)
    };
    let records = story.records();
    let open = crate::stories::folded(&records[..6]);
    let cases = vec![CaseRow::render(&open).unwrap()];
    storage
        .write(Commit {
            cases,
            cursor: None,
        })
        .await
        .unwrap();
    let state = |state| CallQuery {
        state: Some(state),
        ..CallQuery::default()
    };
    assert_eq!(found(storage, state(CaseState::Open)).await, [1]);
    write(storage, &[story]).await;
    assert!(found(storage, state(CaseState::Open)).await.is_empty());
    assert_eq!(found(storage, state(CaseState::Closed)).await, [1]);
    let loaded = storage.load(vec![story.id()]).await.unwrap();
    assert_eq!(loaded[0].read().unwrap(), story.case());

    let story = Story {
        outcome: Some("referral-made"),
        ..story
    };
    write(storage, &[story]).await;
    let outcome = Some(OutcomeFilter::Missing);
    assert!(
        found(
            storage,
            CallQuery {
                outcome,
                ..CallQuery::default()
            }
        )
        .await
        .is_empty()
    );
    let outcome = Some(OutcomeFilter::Is("referral-made".into()));
    assert_eq!(
        found(
            storage,
            CallQuery {
                outcome,
                ..CallQuery::default()
            }
        )
        .await,
        [1]
    );
}

async fn cursor_moves_with_its_transaction_and_belongs_to_its_node(storage: &dyn Storage) {
    let commit = |node, place: &str| Commit {
        cases: rows(&[Story::new(1)]),
        cursor: Some((NodeId(node), place.into())),
    };
    storage.write(commit(1, "a:1")).await.unwrap();
    storage.write(commit(2, "b:7")).await.unwrap();
    storage.write(commit(1, "a:2")).await.unwrap();
    write(storage, &[Story::new(2)]).await;
    assert_eq!(storage.cursor(NodeId(1)).await.unwrap().unwrap(), "a:2");
    assert_eq!(storage.cursor(NodeId(2)).await.unwrap().unwrap(), "b:7");
}

async fn list_is_newest_first_and_pages_without_gaps(storage: &dyn Storage) {
    let stories: Vec<_> = (1..=20).map(Story::new).collect();
    write(storage, &stories).await;
    let limit = Limit::new(7).unwrap();
    let mut query = CallQuery {
        limit,
        ..CallQuery::default()
    };
    let mut all = Vec::new();
    loop {
        let page = found(storage, query.clone()).await;
        let Some(last) = page.last() else { break };
        query.after = Some(Position::of(&Story::new(*last).case()));
        all.extend(page);
    }
    assert_eq!(all, (1..=20).rev().collect::<Vec<_>>());
}

/// Six calls, each of which differs from the first in one thing; the sixth in its outcome too.
fn various() -> [Story; 6] {
    let plain = Story::new(1);
    [
        plain,
        Story {
            number: 2,
            specialty: "dermatology",
            ..plain
        },
        Story {
            number: 3,
            practice: "oak-lane",
            ..plain
        },
        Story {
            number: 4,
            person: "ben",
            ..plain
        },
        Story {
            number: 5,
            outcome: None,
            ..plain
        },
        Story {
            number: 6,
            outcome: Some("referral-made"),
            ..plain
        },
    ]
}

async fn filters_find_what_they_name(storage: &dyn Storage) {
    write(storage, &various()).await;
    let finds = async |set: fn(&mut CallQuery), expected: &[u32]| {
        let mut query = CallQuery::default();
        set(&mut query);
        assert_eq!(found(storage, query.clone()).await, expected, "{query:?}");
    };
    finds(
        |q| q.specialty = SpecialtyId::parse("dermatology").ok(),
        &[2],
    )
    .await;
    finds(
        |q| q.practice = PracticeFilter::parse("oak-lane").ok(),
        &[3],
    )
    .await;
    finds(|q| q.practice = PracticeFilter::parse("-").ok(), &[]).await;
    finds(|q| q.person = PersonId::parse("ben").ok(), &[4]).await;
    finds(|q| q.outcome = Some(OutcomeFilter::Missing), &[5]).await;
    let set = |q: &mut CallQuery| q.outcome = Some(OutcomeFilter::Is("referral-made".into()));
    finds(set, &[6]).await;
    let set = |q: &mut CallQuery| {
        q.from = Some(opened(2));
        q.to = Some(opened(4));
    };
    finds(set, &[3, 2]).await;
    let set = |q: &mut CallQuery| {
        q.specialty = SpecialtyId::parse("cardiology").ok();
        q.person = PersonId::parse("cleo").ok();
        q.to = Some(opened(4));
    };
    finds(set, &[3, 1]).await;
}

fn opened(number: u32) -> Timestamp {
    Story::new(number).case().opened_at
}

/// Calls of the same instant have an order too, or pages would skip some.
async fn calls_of_the_same_instant_are_paged_by_id(storage: &dyn Storage) {
    let opened_at = opened(1);
    let together = [1, 2, 3].map(|number| {
        let mut case = Story::new(number).case();
        case.opened_at = opened_at;
        CaseRow::render(&case).unwrap()
    });
    let commit = Commit {
        cases: together.into(),
        cursor: None,
    };
    storage.write(commit).await.unwrap();
    let limit = Limit::new(1).unwrap();
    let mut query = CallQuery {
        limit,
        ..CallQuery::default()
    };
    for expected in [3, 2, 1] {
        assert_eq!(found(storage, query.clone()).await, [expected]);
        let case = case_id(expected);
        query.after = Some(Position {
            opened_us: opened_at.as_microsecond(),
            case,
        });
    }
}

async fn text_from_outside_is_only_text(storage: &dyn Storage) {
    write(storage, &[Story::new(1)]).await;
    let outcome = Some(OutcomeFilter::Is("x' OR '1'='1".into()));
    assert!(
        found(
            storage,
            CallQuery {
                outcome,
                ..CallQuery::default()
            }
        )
        .await
        .is_empty()
    );
}

async fn each_sees_only_calls_in_sight(storage: &dyn Storage) {
    let by = |number, specialty, person| Story {
        specialty,
        person,
        ..Story::new(number)
    };
    let stories = [
        by(1, "cardiology", "cleo"),
        by(2, "dermatology", "cleo"),
        by(3, "dermatology", "dora"),
    ];
    write(storage, &stories).await;
    let in_sight = async |specialties: &[&str], party: Option<&str>| {
        let specialties = specialties.iter().map(|id| SpecialtyId::parse(id).unwrap());
        let seen = Seen {
            specialties: specialties.collect(),
            party: party.map(|id| PersonId::parse(id).unwrap()),
            ..Seen::default()
        };
        let sight = Sight::Only(seen);
        let query = CallQuery {
            sight: sight.clone(),
            ..CallQuery::default()
        };
        let seen = stories.iter().rev().filter(|it| sight.sees(&it.case()));
        let numbers: Vec<u32> = seen.map(|it| it.number).collect();
        assert_eq!(found(storage, query).await, numbers);
        numbers
    };
    assert!(in_sight(&[], None).await.is_empty());
    assert_eq!(in_sight(&["dermatology"], None).await, [3, 2]);
    assert_eq!(in_sight(&["dermatology"], Some("cleo")).await, [3, 2, 1]);
    assert_eq!(in_sight(&[], Some("dora")).await, [3]);
    // Rung in each, and joined in none.
    assert!(in_sight(&[], Some("ann")).await.is_empty());
}

/// One such case refused would hold up all others for ever.
async fn a_nul_from_a_phone_keeps_nothing_else_from_being_written(storage: &dyn Storage) {
    let mut case = Story::new(1).case();
    case.caller = CallerId::Other(Pii::new("nobody\0here\\u0000".to_owned()));
    case.area = Some("\0".to_owned());
    let (row, other) = (&case, &Story::new(2).case());
    let cases = [row, other].map(|case| CaseRow::render(case).unwrap());
    let commit = Commit {
        cases: cases.into(),
        cursor: None,
    };
    storage.write(commit).await.unwrap();
    let outcome = Some(OutcomeFilter::Is("\0".to_owned()));
    let query = CallQuery {
        outcome,
        ..CallQuery::default()
    };
    assert!(found(storage, query).await.is_empty());
    let read = storage.load(vec![case.id]).await.unwrap()[0].read();
    let CallerId::Other(caller) = read.unwrap().caller else {
        panic!("another caller");
    };
    let shown = caller.expose().replace('\u{fffd}', "\0");
    assert_eq!(shown, "nobody\0here\\u0000");
}

async fn audit_is_kept_in_order(storage: &dyn Storage) {
    let at = Timestamp::from_second(1_790_000_000).unwrap();
    let entry = |n: i64, case| AuditEntry {
        at: at + SignedDuration::from_secs(n),
        who: "token".into(),
        action: Action::RecordingFetched,
        case: Some(case_id(case)),
        organisation: None,
        reason: Some("complaint".into()),
        object: format!("case.{n}"),
    };
    for (n, case) in [(1, 1), (2, 2), (3, 1)] {
        storage.audit(entry(n, case)).await.unwrap();
    }
    assert_eq!(
        storage.audited(case_id(1)).await.unwrap(),
        [entry(1, 1), entry(3, 1)]
    );
}

macro_rules! conformance {
    ($($backend:ident: $($test:ident)*;)*) => {
        $(mod $backend {
            $(#[tokio::test]
            async fn $test() {
                let fresh = super::$backend().await;
                super::$test(fresh.storage.as_ref()).await;
            })*
        })*
    };
    ($($backend:ident),*) => {
        $(conformance! { $backend:
            empty_database_knows_nothing
            what_was_written_is_read
            written_again_replaces
            cursor_moves_with_its_transaction_and_belongs_to_its_node
            list_is_newest_first_and_pages_without_gaps
            filters_find_what_they_name
            calls_of_the_same_instant_are_paged_by_id
            text_from_outside_is_only_text
            each_sees_only_calls_in_sight
            a_nul_from_a_phone_keeps_nothing_else_from_being_written
            audit_is_kept_in_order
            plan_is_changed_as_a_whole
            what_somebody_else_changed_is_named_and_nothing_is_written
            every_version_is_kept_and_what_was_before_is_known
            a_code_opens_its_errand_once
            a_code_opens_nothing_when_expired_or_keyed_from_elsewhere
            live_codes_are_bounded_and_never_collide
            live_errands_are_listed_and_withdrawn
            pins_are_replaced
            pauses_end_by_themselves_or_by_hand
            requests_follow_their_cases
            missed_calls_are_those_rung_and_not_joined
            what_phones_and_people_did_is_told
            lines_stand_in_every_order
            lines_follow_their_cases
            attempts_are_paged_and_filtered
            sums_are_those_of_the_lines
            a_request_knows_its_case_and_a_number_its_practices;
        })*
    };
}

conformance!(memory, sqlite, postgres);

#[tokio::test]
async fn sqlite_file_is_private_and_survives_a_restart() {
    use std::os::unix::fs::PermissionsExt;
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("rotaline.db");
    let storage = SqliteStorage::open(&path).await.unwrap();
    write(&storage, &[Story::new(1)]).await;
    for name in ["rotaline.db", "rotaline.db-wal"] {
        let mode = folder
            .path()
            .join(name)
            .metadata()
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    storage.close().await;
    let storage = SqliteStorage::open(&path).await.unwrap();
    assert_eq!(found(&storage, CallQuery::default()).await, [1]);
}
