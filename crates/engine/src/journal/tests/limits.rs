//! Tests of every bound, and of what happens at it.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::Timestamp;
use rotaline_model::NodeId;
use tokio::sync::oneshot;

use super::super::RecordSink;
use super::super::open_cases::OpenCases;
use super::super::queue::{Entry, GoOn, MAX_QUEUED, Queue};
use super::super::segment::Segment;
use super::super::thread::JournalWriter;
use super::super::{
    BadJournalSetting, Cursor, JournalConfig, JournalSettings, NotDurable, Opened, Pressure, open,
};
use super::{TestFolder, any, config, open_journal, read_from_start};

#[test]
fn at_its_size_the_journal_refuses_and_takes_again_when_it_is_consumed() {
    let folder = TestFolder::new();
    let small = JournalConfig {
        segment_bytes: 1_000,
        total_bytes: 4_000,
        ..config(folder.path())
    };
    let Opened {
        journal, thread, ..
    } = open(small, Timestamp::UNIX_EPOCH, NodeId(1)).unwrap();
    let mut sequence = 0;
    let mut was_pressed = false;
    let refused = loop {
        match journal.append_durably(any(sequence)).wait() {
            Ok(()) => sequence += 1,
            Err(why) => break why,
        }
        was_pressed |= journal.pressure() == Pressure::High;
    };
    assert_eq!(refused, NotDurable::Full);
    assert!(was_pressed, "there was no alarm before");
    assert_eq!(read_from_start(&journal).len() as u64, sequence);

    journal.release(Cursor {
        segment: u64::MAX,
        offset: 0,
    });
    journal.flush().wait().unwrap();
    journal.append_durably(any(sequence)).wait().unwrap();
    assert_eq!(journal.pressure(), Pressure::Normal);
    thread.stop();
}

#[test]
fn pressure_ends_with_the_room_that_is_made_though_nothing_is_appended() {
    let folder = TestFolder::new();
    let small = JournalConfig {
        segment_bytes: 1_000,
        total_bytes: 10_000,
        ..config(folder.path())
    };
    let Opened {
        journal, thread, ..
    } = open(small, Timestamp::UNIX_EPOCH, NodeId(1)).unwrap();
    let mut sequence = 0;
    while journal.pressure() == Pressure::Normal {
        journal.append_durably(any(sequence)).wait().unwrap();
        sequence += 1;
    }
    // Less than four fifths, more than three: as it was, so that it does not flap.
    for (segment, wanted) in [(3, Pressure::High), (u64::MAX, Pressure::Normal)] {
        journal.release(Cursor { segment, offset: 0 });
        // The first flush does what came before it, and the second shows that it is done.
        journal.flush().wait().unwrap();
        journal.flush().wait().unwrap();
        assert_eq!(journal.pressure(), wanted);
    }
    thread.stop();
}

#[test]
fn while_the_disk_fails_the_recorder_is_refused_and_fills_no_queue() {
    let folder = TestFolder::new();
    let Opened {
        journal, thread, ..
    } = open_journal(&folder);
    journal.shared.failing.store(true, Ordering::Relaxed);
    assert!(!journal.store(vec![any(1)]));
    journal.shared.failing.store(false, Ordering::Relaxed);
    assert!(journal.store(vec![any(2)]));
    assert_eq!(read_from_start(&journal), [any(2)]);
    thread.stop();
}

#[test]
fn the_queue_is_bounded_and_says_so_in_time() {
    let queue = Queue::default();
    for sequence in 0..MAX_QUEUED {
        assert_eq!(queue.is_pressing(), sequence >= MAX_QUEUED / 2);
        let taken = queue.push(Entry::Append(any(sequence as u64).into()));
        assert_eq!(taken, Ok(()));
    }
    let refused = queue.push(Entry::Append(any(0).into()));
    assert_eq!(refused, Err(NotDurable::Full));
    let mut batch = Vec::new();
    assert_eq!(queue.take(&mut batch, Duration::ZERO).go_on, GoOn::Yes);
    assert_eq!(batch.len(), MAX_QUEUED);
}

#[test]
fn after_the_end_nothing_is_taken() {
    let folder = TestFolder::new();
    let Opened {
        journal, thread, ..
    } = open_journal(&folder);
    thread.stop();
    let refused = journal.append_durably(any(1)).wait();
    assert_eq!(refused, Err(NotDurable::Closed));
}

#[test]
fn a_record_that_is_too_large_is_refused_and_costs_no_other() {
    let folder = TestFolder::new();
    let Opened {
        journal, thread, ..
    } = open_journal(&folder);
    let mut large = any(1);
    large.fact = rotaline_record::Fact::OutcomeSet {
        outcome: "x".repeat(2 << 20),
        by: String::new(),
        how: rotaline_record::OutcomeHow::Key,
    };
    let refused = journal.append_durably(large).wait();
    assert_eq!(refused, Err(NotDurable::TooLarge));
    journal.append_durably(any(2)).wait().unwrap();
    assert_eq!(read_from_start(&journal), [any(2)]);
    thread.stop();
}

#[test]
fn who_waits_is_told_that_the_disk_fails_and_nothing_is_lost_when_it_recovers() {
    let folder = TestFolder::new();
    let Opened {
        journal, thread, ..
    } = open_journal(&folder);
    thread.stop();
    let shared = Arc::clone(&journal.shared);
    let path = folder.join("away");
    fs::create_dir(&path).unwrap();
    let segment = Segment::create(&path, 1).unwrap();
    let config = JournalConfig {
        segment_bytes: 0,
        ..config(&path)
    };
    let open_cases = OpenCases::default();
    let mut writer = JournalWriter::new(
        Arc::clone(&shared),
        config,
        segment,
        BTreeMap::new(),
        open_cases,
    )
    .unwrap();
    // No next segment can be made. The queue is closed, so the writer gives up at its last try.
    fs::remove_dir_all(&path).unwrap();
    let (told, receipt) = oneshot::channel();
    let batch = [Entry::Append(any(1).into()), Entry::Tell(told)];
    writer.work(&mut batch.into());
    assert!(shared.failing.load(Ordering::Relaxed));
    assert_eq!(journal.pressure(), Pressure::High);
    assert_ne!(
        receipt.blocking_recv().unwrap_or(Err(NotDurable::Disk)),
        Ok(())
    );

    fs::create_dir(&path).unwrap();
    let (told, receipt) = oneshot::channel();
    let batch = [Entry::Append(any(2).into()), Entry::Tell(told)];
    writer.work(&mut batch.into());
    assert_eq!(writer.settle(), Ok(()));
    assert_eq!(receipt.blocking_recv(), Ok(Ok(())));
    assert_eq!(journal.pressure(), Pressure::Normal);
}

#[test]
fn all_faults_of_the_settings_are_told_at_once() {
    let settings = JournalSettings {
        folder: "".into(),
        segment_mib: 2_000,
        total_mib: 5,
    };
    let faults = JournalConfig::try_from(settings).unwrap_err();
    let wanted = [
        BadJournalSetting::NoFolder,
        BadJournalSetting::Segment(2_000),
        BadJournalSetting::Total {
            total: 5,
            least: 4_096,
        },
    ];
    assert_eq!(faults, wanted);
}

#[test]
fn the_default_settings_are_good() {
    assert!(JournalConfig::try_from(JournalSettings::default()).is_ok());
}
