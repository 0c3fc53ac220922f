//! Pauses kept in a database: set on a screen, noted of a call, read at a start.

use rotaline_store::SqliteStorage;

use super::*;

fn person(id: &str) -> PersonId {
    PersonId::parse(id).unwrap()
}

fn in_minutes(minutes: i64) -> Timestamp {
    let now = Timestamp::now();
    // Microseconds are what a database keeps.
    let us = now.as_microsecond() + minutes * 60_000_000;
    Timestamp::from_microsecond(us).unwrap()
}

async fn storage() -> (tempfile::TempDir, Arc<dyn Storage>) {
    let folder = tempfile::tempdir().unwrap();
    let storage = SqliteStorage::open(&folder.path().join("a.db")).await;
    (folder, Arc::new(storage.unwrap()))
}

async fn started(storage: &Arc<dyn Storage>) -> Arc<PauseKeeper> {
    PauseKeeper::start(Arc::clone(storage)).await.unwrap()
}

#[tokio::test]
async fn what_was_set_holds_after_a_start_and_what_is_over_does_not() {
    let (_folder, storage) = storage().await;
    let keeper = started(&storage).await;
    let until = in_minutes(30);
    for (who, until) in [("ann", until), ("ben", in_minutes(-1)), ("cat", until)] {
        let kept = keeper.set(person(who), Some(until)).await;
        assert_eq!(kept, PauseKept::Kept);
    }
    keeper.set(person("cat"), None).await;
    assert_eq!(keeper.now(), [(person("ann"), until)]);
    let again = started(&storage).await;
    assert_eq!(again.now(), [(person("ann"), until)]);
    let told = again.told();
    assert!(matches!(&told[..], [Input::Pause(who, Some(_))] if *who == person("ann")));
}

#[tokio::test]
async fn what_a_call_notes_is_kept_too() {
    let (_folder, storage) = storage().await;
    let keeper = started(&storage).await;
    let (who, until) = (person("ann"), in_minutes(30));
    keeper.noted(&Fact::CallsPaused {
        person: who.clone(),
        until,
    });
    keeper.write().await.unwrap();
    assert_eq!(started(&storage).await.now(), [(who.clone(), until)]);
    keeper.noted(&Fact::CallsResumed { person: who });
    keeper.write().await.unwrap();
    assert_eq!(started(&storage).await.now(), []);
}
