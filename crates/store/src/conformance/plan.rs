//! What every backend must do with a plan.

use jiff::Timestamp;

use crate::plan::{ChangeSet, Changed, Expected, HistoryQuery, PlanChange, PlanConflict, PlanKey};
use crate::{PlanVersion, Storage};

fn key(id: &str) -> PlanKey {
    ("person".to_owned(), id.to_owned())
}

fn change(id: &str, body: Option<&str>, expected: Expected) -> PlanChange {
    PlanChange {
        key: key(id),
        body: body.map(str::to_owned),
        expected,
    }
}

async fn make(storage: &dyn Storage, checked_against: u64, changes: Vec<PlanChange>) -> Changed {
    let set = ChangeSet {
        changes,
        checked_against,
        at: Timestamp::from_second(1_790_000_000).unwrap(),
        by: "token".to_owned(),
    };
    storage.change_plan(set).await.unwrap()
}

fn shown(versions: &[PlanVersion]) -> Vec<(u64, &str, Option<&str>)> {
    versions
        .iter()
        .map(|version| {
            (
                version.revision,
                version.key.1.as_str(),
                version.body.as_deref(),
            )
        })
        .collect()
}

pub(super) async fn plan_is_changed_as_a_whole(storage: &dyn Storage) {
    assert_eq!(storage.plan().await.unwrap().revision, 0);
    assert_eq!(storage.plan_revision().await.unwrap(), 0);
    let both = vec![
        change("ann", Some("1"), Expected::Absent),
        change("ben", Some("1"), Expected::Absent),
    ];
    assert_eq!(make(storage, 0, both).await, Changed::Done(1));
    let mixed = vec![
        change("ann", Some("2"), Expected::Version(1)),
        change("ben", None, Expected::Anything),
        change("cat", Some("1; DROP TABLE plan_items"), Expected::Absent),
    ];
    assert_eq!(make(storage, 1, mixed).await, Changed::Done(2));
    let plan = storage.plan().await.unwrap();
    assert_eq!(plan.revision, 2);
    assert_eq!(storage.plan_revision().await.unwrap(), 2);
    let ids: Vec<_> = plan.items.keys().map(|(_, id)| id.as_str()).collect();
    assert_eq!(ids, ["ann", "cat"]);
    let ann = &plan.items[&key("ann")];
    assert_eq!((ann.body.as_str(), ann.version), ("2", 2));
    assert_eq!(ann.changed_by, "token");
    assert_eq!(ann.changed_at.as_second(), 1_790_000_000);
}

pub(super) async fn what_somebody_else_changed_is_named_and_nothing_is_written(
    storage: &dyn Storage,
) {
    let ann = |body, expected| change("ann", Some(body), expected);
    make(storage, 0, vec![ann("1", Expected::Absent)]).await;
    make(storage, 1, vec![ann("2", Expected::Version(1))]).await;
    let late = vec![
        change("dot", Some("1"), Expected::Anything),
        ann("3", Expected::Version(1)),
        change("eve", Some("1"), Expected::Version(9)),
    ];
    let conflict = |id, version| PlanConflict {
        key: key(id),
        version,
    };
    let conflicts = vec![conflict("ann", Some(2)), conflict("eve", None)];
    assert_eq!(make(storage, 2, late).await, Changed::Conflict(conflicts));
    let unchecked = vec![change("dot", Some("1"), Expected::Anything)];
    assert_eq!(make(storage, 1, unchecked).await, Changed::Overtaken(2));
    let plan = storage.plan().await.unwrap();
    assert_eq!((plan.revision, plan.items.len()), (2, 1));
}

pub(super) async fn every_version_is_kept_and_what_was_before_is_known(storage: &dyn Storage) {
    let any = Expected::Anything;
    make(
        storage,
        0,
        vec![change("ann", Some("1"), any), change("ben", Some("1"), any)],
    )
    .await;
    make(storage, 1, vec![change("ann", None, any)]).await;
    make(
        storage,
        2,
        vec![change("ann", Some("3"), any), change("ben", Some("3"), any)],
    )
    .await;
    let of_ann = HistoryQuery {
        key: Some(key("ann")),
        revisions: 10,
        ..HistoryQuery::default()
    };
    let history = storage.plan_history(of_ann).await.unwrap();
    let expected = [
        (3, "ann", Some("3")),
        (2, "ann", None),
        (1, "ann", Some("1")),
    ];
    assert_eq!(shown(&history), expected);
    let page = HistoryQuery {
        key: None,
        before: Some(3),
        revisions: 1,
    };
    let history = storage.plan_history(page).await.unwrap();
    assert_eq!(shown(&history), [(2, "ann", None)]);
    let before = storage.plan_before(3).await.unwrap();
    assert_eq!(shown(&before), [(2, "ann", None), (1, "ben", Some("1"))]);
    let before = storage.plan_before(1).await.unwrap();
    assert_eq!(shown(&before), [(0, "ann", None), (0, "ben", None)]);
    assert!(storage.plan_before(9).await.unwrap().is_empty());
}
