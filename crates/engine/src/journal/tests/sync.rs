//! Tests of what happens between writing and syncing. The writer is driven by hand, so that a sync
//! takes as long, and ends, as the test says.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use tokio::sync::oneshot;

use super::super::open_cases::OpenCases;
use super::super::queue::Entry;
use super::super::segment::Segment;
use super::super::thread::JournalWriter;
use super::super::{Cursor, NotDurable, Reader, Shared};
use super::{TestFolder, any, config, open_journal, read_all, read_from_start, sequences};

struct Hand {
    folder: TestFolder,
    shared: Arc<Shared>,
    writer: JournalWriter,
}

impl Hand {
    fn new() -> Self {
        let folder = TestFolder::new();
        let shared = Arc::new(Shared::new(1));
        let segment = Segment::create(folder.path(), 1).unwrap();
        let (config, cases) = (config(folder.path()), OpenCases::default());
        let writer = Arc::clone(&shared);
        let writer = JournalWriter::new(writer, config, segment, BTreeMap::new(), cases).unwrap();
        Hand {
            folder,
            shared,
            writer,
        }
    }

    fn write(&mut self, sequence: u64) {
        let entry = Entry::Append(any(sequence).into());
        self.writer.work(&mut vec![entry]);
    }

    fn ask(&mut self) -> oneshot::Receiver<Result<(), NotDurable>> {
        let (told, receipt) = oneshot::channel();
        self.writer.work(&mut vec![Entry::Tell(told)]);
        receipt
    }

    /// The thread has synced, and says so; the test may say something else.
    fn sync_ends(&self) {
        self.shared.queue.wait_synced().unwrap();
    }

    fn shown(&self) -> Vec<u64> {
        let folder = self.folder.path().to_path_buf();
        let mut reader = Reader::new(Arc::clone(&self.shared), folder, Cursor::START);
        sequences(&read_all(&mut reader))
    }

    /// What a process that starts after a kill finds.
    fn found_after_a_kill(self) -> Vec<u64> {
        drop(self.writer);
        let again = open_journal(&self.folder);
        let found = sequences(&read_from_start(&again.journal));
        again.thread.stop();
        found
    }
}

#[test]
fn what_is_written_while_a_sync_takes_its_time_outlives_a_kill() {
    let mut hand = Hand::new();
    hand.write(1);
    let receipt = hand.ask();
    hand.writer.begin_sync_if_due();
    hand.write(2);
    hand.write(3);
    assert!(hand.shown().is_empty(), "nothing is on disk yet");
    drop(receipt);
    assert_eq!(hand.found_after_a_kill(), [1, 2, 3]);
}

#[test]
fn who_waits_is_told_after_the_sync_that_covers_it_and_no_sooner() {
    let mut hand = Hand::new();
    hand.write(1);
    let mut first = hand.ask();
    hand.writer.begin_sync_if_due();
    hand.write(2);
    let mut second = hand.ask();
    assert!(hand.writer.until_sync().is_none(), "one at a time");
    hand.sync_ends();
    assert!(first.try_recv().is_err(), "not before it is known");
    hand.writer.end_sync(Ok(())).unwrap();
    assert_eq!(first.try_recv(), Ok(Ok(())));
    assert!(
        second.try_recv().is_err(),
        "it was written after that sync began"
    );
    assert_eq!(hand.shown(), [1]);

    hand.writer.begin_sync_if_due();
    hand.sync_ends();
    hand.writer.end_sync(Ok(())).unwrap();
    assert_eq!(second.try_recv(), Ok(Ok(())));
    assert_eq!(hand.shown(), [1, 2]);

    let mut third = hand.ask();
    hand.writer.begin_sync_if_due();
    assert_eq!(third.try_recv(), Ok(Ok(())), "nothing is left to sync");
}

#[test]
fn what_nobody_waits_for_is_synced_within_100_ms() {
    let mut hand = Hand::new();
    assert_eq!(hand.writer.until_sync(), None);
    hand.write(1);
    let within = hand.writer.until_sync().unwrap();
    assert!(within <= std::time::Duration::from_millis(100));
    hand.writer.settle().unwrap();
    assert_eq!(hand.writer.until_sync(), None);
    assert_eq!(hand.shown(), [1]);
}

#[test]
fn after_a_sync_that_failed_all_that_it_leaves_in_doubt_is_written_again_in_order() {
    let mut hand = Hand::new();
    hand.write(1);
    hand.writer.settle().unwrap();
    hand.write(2);
    let mut receipt = hand.ask();
    hand.writer.begin_sync_if_due();
    hand.write(3);
    hand.sync_ends();
    let lost = io::Error::other("the disk has thrown it away");
    hand.writer.end_sync(Err(lost)).unwrap();
    assert_eq!(receipt.try_recv(), Ok(Err(NotDurable::Disk)));
    assert_eq!(hand.writer.segment.number, 2);
    let pause = hand.writer.until_sync().unwrap();
    assert!(
        !pause.is_zero(),
        "a disk that fails is not asked at once again"
    );

    hand.write(4);
    hand.writer.settle().unwrap();
    // Copies may come twice, under their own keys.
    assert_eq!(hand.shown(), [1, 2, 3, 2, 3, 4]);
    assert_eq!(hand.found_after_a_kill(), [1, 2, 3, 2, 3, 4]);
}
