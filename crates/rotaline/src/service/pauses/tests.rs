//! Pauses kept in a database: set on a screen, noted of a call, read at a start.

use std::path::Path;

use rotaline_store::{SqliteStorage, Storage};

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

/// Started without a copy.
async fn started(storage: &Arc<dyn Storage>) -> Arc<PauseKeeper> {
    let folder = tempfile::tempdir().unwrap();
    PauseKeeper::start(Arc::clone(storage), copy(folder.path())).await
}

fn copy(folder: &Path) -> KeptFile {
    KeptFile::new(folder, "pauses")
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

/// Waits until the copy has so many pauses, and so many that the database does not have.
async fn copied(folder: &Path, pauses: usize, unwritten: usize) {
    let has = |kept: Kept| (kept.until.len(), kept.unwritten.len()) == (pauses, unwritten);
    while !read(&copy(folder)).is_some_and(has) {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn without_the_database_pauses_hold_across_a_start_and_reach_it_once_it_answers() {
    let (folder, storage) = storage().await;
    let (ann, ben, cat) = (person("ann"), person("ben"), person("cat"));
    let until = in_minutes(30);
    let keeper = PauseKeeper::start(Arc::clone(&storage), copy(folder.path())).await;
    for who in [&ann, &ben] {
        keeper.set(who.clone(), Some(until)).await;
    }
    copied(folder.path(), 2, 0).await;
    drop(keeper);

    let away = Backend::awaited();
    let keeper = PauseKeeper::start(away.clone(), copy(folder.path())).await;
    assert_eq!(keeper.now(), [(ann.clone(), until), (ben.clone(), until)]);
    for (who, until) in [(&ben, None), (&cat, Some(until))] {
        assert_eq!(keeper.set(who.clone(), until).await, PauseKept::NotYet);
    }
    copied(folder.path(), 2, 2).await;
    drop(keeper);

    let backend = Backend::awaited();
    let keeper = PauseKeeper::start(backend.clone(), copy(folder.path())).await;
    let expected = [(ann, until), (cat, until)];
    assert_eq!(keeper.now(), expected);
    // Somebody's pause that only the database knows holds too.
    let dot = person("dot");
    storage.set_pause(dot.clone(), Some(until)).await.unwrap();
    backend.open(Arc::clone(&storage));
    keeper.read_stored().await.unwrap();
    keeper.write().await.unwrap();
    let [ann, cat] = expected;
    let expected = [ann, cat, (dot, until)];
    assert_eq!(keeper.now(), expected);
    assert_eq!(started(&storage).await.now(), expected);
}
