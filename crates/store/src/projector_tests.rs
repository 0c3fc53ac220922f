//! Stories of projection: cut, repeated, refused, late.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rotaline_model::NodeId;
use rotaline_record::{Origin, Record};
use tempfile::TempDir;
use tokio::sync::{mpsc, watch};

use crate::live::Due;
use crate::memory::MemoryStorage;
use crate::stories::{Story, folded};
use crate::{
    Backend, Batch, CallQuery, Completeness, Limit, Limits, Projector, SqliteStorage, Storage,
    Store, StoreError,
};

const NODE: NodeId = NodeId(1);
const AT_ONCE: Duration = Duration::from_millis(1);

async fn begin(storage: &Arc<MemoryStorage>) -> (Projector, Option<String>) {
    let storage: Arc<dyn Storage> = Arc::clone(storage) as _;
    Projector::begin(storage, NODE, Limits::default())
        .await
        .unwrap()
}

fn batch(records: &[Record], resume_at: usize) -> Batch {
    Batch {
        records: records.to_vec(),
        resume_at: resume_at.to_string(),
    }
}

async fn case_of(store: &Store, story: &Story) -> rotaline_record::Case {
    store
        .case(story.id())
        .await
        .unwrap()
        .unwrap()
        .as_ref()
        .clone()
}

/// What a journal holds: two calls whose records alternate, then the late facts of both.
fn two_calls() -> (Story, Story, Vec<Record>) {
    let (one, two) = (Story::new(1), Story::new(2));
    let mut records = vec![];
    for (a, b) in one.records().into_iter().zip(two.records()) {
        records.extend([a, b]);
    }
    records.push(one.recording_started());
    records.push(two.outcome_given(5, "referral-made"));
    records.push(one.recording_encoded());
    (one, two, records)
}

fn records_of(story: &Story, records: &[Record]) -> Vec<Record> {
    let of_story = records.iter().filter(|record| record.case == story.id());
    of_story.cloned().collect()
}

#[tokio::test]
async fn killed_at_any_record_the_next_start_makes_the_same_cases() {
    let (one, two, records) = two_calls();
    let expected = [&one, &two].map(|story| folded(&records_of(story, &records)));
    for cut in 0..=records.len() {
        let storage = Arc::new(MemoryStorage::default());
        let (projector, cursor) = begin(&storage).await;
        assert_eq!(cursor, None);
        for (n, record) in records[..cut].iter().enumerate() {
            projector.take(&batch(std::slice::from_ref(record), n + 1), Instant::now());
            // Some of it reaches the database before the kill, now this, now that.
            if n % 3 == 0 {
                let settled = Due::At(Instant::now() + Duration::from_secs(1));
                projector.catch_up(settled).await.unwrap();
            }
        }
        drop(projector);

        let (projector, cursor) = begin(&storage).await;
        let from: usize = cursor.map_or(0, |place| place.parse().unwrap());
        assert!(from <= cut, "the cursor never runs ahead");
        projector.take(&batch(&records[from..], records.len()), Instant::now());
        projector.catch_up(Due::All).await.unwrap();
        let store = projector.store();
        assert_eq!(case_of(&store, &one).await, expected[0], "cut at {cut}");
        assert_eq!(case_of(&store, &two).await, expected[1], "cut at {cut}");
        let stored = storage.cursor(NODE).await.unwrap().unwrap();
        assert_eq!(stored, records.len().to_string());
    }
}

#[tokio::test]
async fn same_batch_twice_writes_nothing_new() {
    let storage = Arc::new(MemoryStorage::default());
    let (projector, _) = begin(&storage).await;
    let story = Story::new(1);
    let all = batch(&story.records(), 1);
    projector.take(&all, Instant::now());
    projector.catch_up(Due::All).await.unwrap();
    let written = storage.cases_written.load(Ordering::Relaxed);
    projector.take(&all, Instant::now());
    projector.catch_up(Due::All).await.unwrap();
    assert_eq!(storage.cases_written.load(Ordering::Relaxed), written);
    assert_eq!(case_of(&projector.store(), &story).await, story.case());
    assert_eq!(projector.store().health().unusable, 0);
}

#[tokio::test]
async fn whole_call_costs_one_write_and_no_question() {
    let storage = Arc::new(MemoryStorage::default());
    let (projector, _) = begin(&storage).await;
    let start = Instant::now();
    for number in 1..=10 {
        for (n, record) in Story::new(number).records().iter().enumerate() {
            let now = start + Duration::from_millis(100 * n as u64);
            projector.take(&batch(std::slice::from_ref(record), 1), now);
            projector.catch_up(Due::At(now)).await.unwrap();
        }
    }
    projector
        .catch_up(Due::At(start + Duration::from_secs(9)))
        .await
        .unwrap();
    assert_eq!(storage.cases_written.load(Ordering::Relaxed), 10);
    assert_eq!(storage.loads.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn long_open_call_is_written_while_it_goes_on() {
    let storage = Arc::new(MemoryStorage::default());
    let (projector, _) = begin(&storage).await;
    let story = Story::new(1);
    let start = Instant::now();
    projector.take(&batch(&story.records()[..5], 5), start);
    projector
        .catch_up(Due::At(start + Duration::from_secs(9)))
        .await
        .unwrap();
    assert!(storage.row(story.id()).is_none());
    projector
        .catch_up(Due::At(start + Duration::from_secs(10)))
        .await
        .unwrap();
    assert!(storage.row(story.id()).unwrap().closed_us.is_none());
    assert_eq!(storage.cursor(NODE).await.unwrap().unwrap(), "5");
}

#[tokio::test]
async fn cursor_waits_for_the_oldest_unwritten_case() {
    let storage = Arc::new(MemoryStorage::default());
    let (projector, _) = begin(&storage).await;
    let (open, over) = (Story::new(1), Story::new(2));
    let now = Instant::now();
    projector.take(&batch(&[], 10), now);
    projector.take(&batch(&open.records()[..3], 20), now);
    projector.take(&batch(&over.records(), 30), now);
    projector
        .catch_up(Due::At(now + Duration::from_secs(1)))
        .await
        .unwrap();
    assert!(storage.row(over.id()).is_some());
    assert_eq!(storage.cursor(NODE).await.unwrap().unwrap(), "10");
    projector.take(&batch(&open.records()[3..], 40), now);
    projector
        .catch_up(Due::At(now + Duration::from_secs(1)))
        .await
        .unwrap();
    assert_eq!(storage.cursor(NODE).await.unwrap().unwrap(), "40");
}

#[tokio::test]
async fn cursor_waits_for_records_whose_case_is_still_asked_for() {
    let storage = Arc::new(MemoryStorage::default());
    let (projector, _) = begin(&storage).await;
    let (early, late) = (Story::new(1), Story::new(2));
    projector.take(&batch(&early.records(), 10), Instant::now());
    projector.catch_up(Due::All).await.unwrap();
    // The late fact comes after the database was asked, and before the transaction is made up.
    let live = &projector.store().live;
    projector.take(
        &batch(&[early.outcome_given(1, "referral-made")], 20),
        Instant::now(),
    );
    projector.take(&batch(&late.records(), 30), Instant::now());
    let picked = live.pick(Due::All, 10).unwrap();
    assert_eq!(picked.cases.len(), 1);
    assert_eq!(picked.cursor, None, "still 10");
    live.written(picked, Instant::now());
    projector.catch_up(Due::All).await.unwrap();
    assert_eq!(storage.cursor(NODE).await.unwrap().unwrap(), "30");
}

#[tokio::test]
async fn database_away_live_calls_show_and_nothing_is_lost() {
    let storage = Arc::new(MemoryStorage::default());
    let (projector, _) = begin(&storage).await;
    let (early, late) = (Story::new(1), Story::new(2));
    projector.take(&batch(&early.records(), 1), Instant::now());
    projector.catch_up(Due::All).await.unwrap();

    storage.set_away(true);
    projector.take(&batch(&late.records()[..4], 2), Instant::now());
    projector.take(
        &batch(&[early.outcome_given(1, "referral-made")], 3),
        Instant::now(),
    );
    projector.catch_up(Due::All).await.unwrap_err();
    projector.take(&batch(&late.records()[4..], 4), Instant::now());
    projector.catch_up(Due::All).await.unwrap_err();
    let store = projector.store();
    let page = store.calls(&CallQuery::default()).await;
    assert_eq!(page.completeness, Completeness::MemoryOnly);
    let ids: Vec<_> = page.cases.iter().map(|case| case.id).collect();
    assert_eq!(ids, [late.id()]);
    store.case(early.id()).await.unwrap_err();
    let health = store.health();
    assert_eq!((health.unwritten, health.waiting), (1, 1));

    storage.set_away(false);
    projector.catch_up(Due::All).await.unwrap();
    assert_eq!(case_of(&store, &late).await, late.case());
    let early = case_of(&store, &early).await;
    assert_eq!(early.outcome().unwrap().outcome, "referral-made");
    assert_eq!(storage.cursor(NODE).await.unwrap().unwrap(), "4");
    assert_eq!(store.health().unwritten, 0);
}

#[tokio::test]
async fn change_while_a_transaction_is_refused_is_written_with_it() {
    let storage = Arc::new(MemoryStorage::default());
    let (projector, _) = begin(&storage).await;
    let story = Story::new(1);
    let start = Instant::now();
    let live = &projector.store().live;
    projector.take(&batch(&story.records()[..3], 1), start);
    let picked = live.pick(Due::All, 10).unwrap();
    projector.take(&batch(&story.records()[3..], 2), start);
    live.refused(picked);
    // Nothing is due yet, and the cursor may not pass what was refused.
    assert!(live.pick(Due::At(start), 10).is_none());
    projector.catch_up(Due::All).await.unwrap();
    let stored = storage.load(vec![story.id()]).await.unwrap();
    assert_eq!(stored[0].read().unwrap(), story.case());
    assert_eq!(storage.cursor(NODE).await.unwrap().unwrap(), "2");
}

#[tokio::test]
async fn change_while_a_transaction_commits_stays_due() {
    let storage = Arc::new(MemoryStorage::default());
    let (projector, _) = begin(&storage).await;
    let story = Story::new(1);
    let live = &projector.store().live;
    projector.take(&batch(&story.records()[..3], 1), Instant::now());
    let picked = live.pick(Due::All, 10).unwrap();
    projector.take(&batch(&story.records()[3..], 2), Instant::now());
    assert_eq!(picked.cursor.as_deref(), Some("1"));
    live.written(picked, Instant::now());
    assert_eq!(live.health().unwritten, 1);
    assert_eq!(case_of(&projector.store(), &story).await, story.case());
    projector.catch_up(Due::All).await.unwrap();
    assert_eq!(storage.cursor(NODE).await.unwrap().unwrap(), "2");
}

#[tokio::test]
async fn records_of_a_case_that_never_opened_are_passed_over_and_counted() {
    let storage = Arc::new(MemoryStorage::default());
    let (projector, _) = begin(&storage).await;
    let (lost, whole) = (Story::new(1), Story::new(2));
    let mut records = lost.records().split_off(1);
    let count = records.len() as u64;
    records.extend(whole.records());
    projector.take(&batch(&records, 1), Instant::now());
    projector.catch_up(Due::All).await.unwrap();
    let store = projector.store();
    assert_eq!(store.health().unusable, count);
    assert!(store.case(lost.id()).await.unwrap().is_none());
    assert_eq!(case_of(&store, &whole).await, whole.case());
}

#[tokio::test]
async fn recorder_may_be_faster_than_the_opening() {
    let storage = Arc::new(MemoryStorage::default());
    let (projector, _) = begin(&storage).await;
    let story = Story::new(1);
    let mut records = vec![story.recording_started()];
    records.extend(story.records());
    projector.take(&batch(&records, 1), Instant::now());
    projector.catch_up(Due::All).await.unwrap();
    let case = case_of(&projector.store(), &story).await;
    assert_eq!(case.recordings.len(), 1);
    assert_eq!(case.talk_ms, story.case().talk_ms);
}

#[tokio::test]
async fn case_leaves_memory_when_it_is_written_and_nothing_is_awaited() {
    let storage = Arc::new(MemoryStorage::default());
    let (projector, _) = begin(&storage).await;
    let (plain, recorded) = (Story::new(1), Story::new(2));
    projector.take(&batch(&plain.records(), 1), Instant::now());
    projector.take(&batch(&recorded.records(), 2), Instant::now());
    projector.take(&batch(&[recorded.recording_started()], 3), Instant::now());
    projector.catch_up(Due::All).await.unwrap();
    let live = &projector.store().live;
    assert!(live.case(plain.id()).is_none());
    assert!(live.case(recorded.id()).is_some(), "its MP3 is awaited");
    projector.take(&batch(&[recorded.recording_encoded()], 4), Instant::now());
    projector.catch_up(Due::All).await.unwrap();
    assert!(live.case(recorded.id()).is_none());
    assert_eq!(storage.loads.load(Ordering::Relaxed), 0);
    assert!(
        case_of(&projector.store(), &recorded).await.recordings[0]
            .mp3
            .is_some()
    );
}

#[tokio::test]
async fn memory_is_bounded_by_what_the_database_has() {
    let storage = Arc::new(MemoryStorage::default());
    let limits = Limits {
        written: 3,
        ..Limits::default()
    };
    let as_storage: Arc<dyn Storage> = Arc::clone(&storage) as _;
    let (projector, _) = Projector::begin(as_storage, NODE, limits).await.unwrap();
    for number in 1..=10 {
        let records = &Story::new(number).records()[..4];
        projector.take(&batch(records, 1), Instant::now());
    }
    projector.catch_up(Due::All).await.unwrap();
    let store = projector.store();
    let (in_memory, _) = store.live.list(&CallQuery::default(), 100);
    assert_eq!(in_memory.len(), 3);
    let page = store.calls(&CallQuery::default()).await;
    assert_eq!(page.cases.len(), 10);
    // One that left goes on where it was.
    let story = Story::new(1);
    projector.take(&batch(&story.records()[4..], 2), Instant::now());
    projector.catch_up(Due::All).await.unwrap();
    assert_eq!(case_of(&store, &story).await, story.case());
}

#[tokio::test]
async fn list_shows_the_newest_of_memory_and_database_as_one() {
    let storage = Arc::new(MemoryStorage::default());
    let (projector, _) = begin(&storage).await;
    let store = projector.store();
    for number in 1..=130 {
        projector.take(&batch(&Story::new(number).records(), 1), Instant::now());
        if number % 2 == 0 {
            projector.catch_up(Due::All).await.unwrap();
        }
        let open = &Story::new(1_000 + number).records()[..3];
        projector.take(&batch(open, 1), Instant::now());
    }
    let changed = Story::new(2);
    projector.take(
        &batch(&[changed.outcome_given(1, "referral-made")], 1),
        Instant::now(),
    );
    projector.catch_up(Due::At(Instant::now())).await.unwrap();

    let limit = Limit::new(13).unwrap();
    let mut query = CallQuery {
        limit,
        ..CallQuery::default()
    };
    let mut all = Vec::new();
    loop {
        let page = store.calls(&query).await;
        assert!(page.cases.len() <= 13);
        all.extend(page.cases);
        query.after = page.next;
        if page.next.is_none() {
            break;
        }
    }
    assert_eq!(all.len(), 260);
    assert!(all.is_sorted_by_key(|case| std::cmp::Reverse(crate::Position::of(case))));
    let of_changed = all.iter().find(|case| case.id == changed.id()).unwrap();
    assert_eq!(of_changed.outcome().unwrap().outcome, "referral-made");
}

#[tokio::test]
async fn who_gives_an_outcome_sees_it_even_on_a_case_of_long_ago() {
    let storage = Arc::new(MemoryStorage::default());
    let (projector, _) = begin(&storage).await;
    let story = Story::new(1);
    projector.take(&batch(&story.records(), 1), Instant::now());
    projector.catch_up(Due::All).await.unwrap();
    let store = projector.store();
    let too_early = store.applied(story.id(), Origin::Api, 7, AT_ONCE).await;
    assert!(too_early.is_err());

    let (journal, batches) = mpsc::channel(4);
    let (durable, mut cursor) = watch::channel(None);
    let running = tokio::spawn(projector.run(batches, durable));
    let given = batch(&[story.outcome_given(7, "referral-made")], 2);
    journal.send(given).await.unwrap();
    let within = Duration::from_secs(20);
    let case = store
        .applied(story.id(), Origin::Api, 7, within)
        .await
        .unwrap();
    assert_eq!(case.outcome().unwrap().outcome, "referral-made");
    drop(journal);
    running.await.unwrap().unwrap();
    assert_eq!(cursor.borrow_and_update().as_deref(), Some("2"));
    assert_eq!(
        storage.row(story.id()).unwrap().outcome.unwrap(),
        "referral-made"
    );
}

#[tokio::test]
async fn at_the_bound_batches_stay_in_the_journal() {
    let storage = Arc::new(MemoryStorage::default());
    let limits = Limits {
        unwritten: 3,
        ..Limits::default()
    };
    let as_storage: Arc<dyn Storage> = Arc::clone(&storage) as _;
    let (projector, _) = Projector::begin(as_storage, NODE, limits).await.unwrap();
    let store = projector.store();
    storage.set_away(true);
    let (journal, batches) = mpsc::channel(1);
    let (durable, _cursor) = watch::channel(None);
    let running = tokio::spawn(projector.run(batches, durable));
    // Three are taken, and one more waits in the channel: there is no room for a fifth.
    for number in 1..=4 {
        let next = batch(&Story::new(number).records(), number as usize);
        journal.send(next).await.unwrap();
    }
    while !store.health().full {
        tokio::task::yield_now().await;
    }
    let fifth = batch(&Story::new(5).records(), 5);
    assert!(journal.try_send(fifth.clone()).is_err());
    storage.set_away(false);
    journal.send(fifth).await.unwrap();
    drop(journal);
    running.await.unwrap().unwrap();
    assert_eq!(store.calls(&CallQuery::default()).await.cases.len(), 5);
    assert_eq!(storage.cursor(NODE).await.unwrap().unwrap(), "5");
}

/// The database has the first call but for its end, as at a kill; the service starts without it.
#[tokio::test]
async fn without_a_database_at_the_start_new_calls_are_shown_and_all_are_written_once_it_comes() {
    let (old, new) = (Story::new(1), Story::new(2));
    let storage = Arc::new(MemoryStorage::default());
    let (projector, _) = begin(&storage).await;
    let journal = [old.records(), new.records()].concat();
    let (half, of_old) = (old.records().len() / 2, old.records().len());
    projector.take(&batch(&journal[..half], half), Instant::now());
    projector.catch_up(Due::All).await.unwrap();
    drop(projector);
    let written = storage.cases_written.load(Ordering::Relaxed);

    let backend = Backend::awaited();
    let started = old.case().closed_at.unwrap();
    let projector = Projector::awaiting(backend.clone(), NODE, Limits::default(), started);
    let store = projector.store();
    assert_eq!(store.health().away_since, Some(started));
    let (shown, mut batches) = mpsc::channel(2);
    // What closes the old case, and the whole new call but for its end.
    shown
        .send(batch(&journal[of_old - 1..of_old], 1))
        .await
        .unwrap();
    shown
        .send(batch(&journal[of_old..journal.len() - 1], 2))
        .await
        .unwrap();
    drop(shown);
    projector.show(&mut batches).await;
    let seen = case_of(&store, &new).await;
    assert!(seen.is_open() && seen.outcome().is_some());
    let page = store.calls(&CallQuery::default()).await;
    assert_eq!(page.completeness, Completeness::MemoryOnly);
    assert_eq!(page.cases.len(), 1, "the old case may be in the database");
    assert!(matches!(
        store.case(old.id()).await,
        Err(StoreError::NotOpen)
    ));
    assert!(matches!(projector.go_on().await, Err(StoreError::NotOpen)));

    backend.open(storage.clone());
    let cursor = projector.go_on().await.unwrap();
    assert_eq!(case_of(&store, &new).await, seen, "still seen");
    assert_eq!(store.health().unwritten, 1);
    let from: usize = cursor.map_or(0, |place| place.parse().unwrap());
    projector.take(&batch(&journal[from..], journal.len()), Instant::now());
    projector.catch_up(Due::All).await.unwrap();
    assert_eq!(case_of(&store, &old).await, old.case());
    assert_eq!(case_of(&store, &new).await, new.case());
    let page = store.calls(&CallQuery::default()).await;
    assert_eq!(
        (page.cases.len(), page.completeness),
        (2, Completeness::Complete)
    );
    assert_eq!(storage.cases_written.load(Ordering::Relaxed), written + 2);
    let health = store.health();
    assert_eq!((health.unwritten, health.away_since), (0, None));
}

#[tokio::test]
async fn whole_day_through_sqlite() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("rotaline.db");
    let storage: Arc<dyn Storage> = Arc::new(SqliteStorage::open(&path).await.unwrap());
    let begin = || Projector::begin(Arc::clone(&storage), NODE, Limits::default());
    let (projector, _) = begin().await.unwrap();
    let all: Vec<Story> = (1..=300).map(Story::new).collect();
    for (n, story) in all.iter().enumerate() {
        projector.take(&batch(&story.records(), n + 1), Instant::now());
    }
    projector.catch_up(Due::All).await.unwrap();
    let (projector, cursor) = begin().await.unwrap();
    assert_eq!(cursor.as_deref(), Some("300"));
    let store = projector.store();
    for story in &all {
        assert_eq!(case_of(&store, story).await, story.case());
    }
}
