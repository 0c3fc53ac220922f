//! Tests of appending and reading behind it.

use std::fs;
use std::thread;
use std::time::Duration;

use super::super::{Cursor, JournalConfig, OpenError, Opened, open, segment};
use super::{
    PATIENCE, TestFolder, any, config, open_journal, read_all, read_from_start, sequences, write,
};
use jiff::Timestamp;
use rotaline_model::NodeId;

#[test]
fn records_are_read_in_order_and_unchanged() {
    let folder = TestFolder::new();
    let records: Vec<_> = (0..100).map(any).collect();
    write(&folder, &records);
    let opened = open_journal(&folder);
    assert_eq!(read_from_start(&opened.journal), records);
    opened.thread.stop();
}

#[test]
fn a_durable_record_is_readable_when_its_receipt_resolves() {
    let folder = TestFolder::new();
    let Opened {
        journal, thread, ..
    } = open_journal(&folder);
    for sequence in 0..10 {
        journal.append_durably(any(sequence)).wait().unwrap();
        let read = sequences(&read_from_start(&journal));
        assert_eq!(read.last(), Some(&sequence));
    }
    thread.stop();
}

#[test]
fn a_receipt_is_a_future_too() {
    let folder = TestFolder::new();
    let Opened {
        journal, thread, ..
    } = open_journal(&folder);
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.build().unwrap();
    let told = runtime.block_on(journal.append_durably(any(0)));
    assert_eq!(told, Ok(()));
    thread.stop();
}

#[test]
fn a_flush_covers_what_was_appended_before() {
    let folder = TestFolder::new();
    let Opened {
        journal, thread, ..
    } = open_journal(&folder);
    journal.append(any(1));
    journal.append(any(2));
    journal.flush().wait().unwrap();
    assert_eq!(sequences(&read_from_start(&journal)), [1, 2]);
    thread.stop();
}

#[test]
fn a_plain_record_is_on_disk_without_anybody_asking() {
    let folder = TestFolder::new();
    let Opened {
        journal, thread, ..
    } = open_journal(&folder);
    let mut reader = journal.reader(Cursor::START);
    journal.append(any(5));
    let batch = reader.next_batch(10, PATIENCE).unwrap();
    assert_eq!(sequences(&batch.records), [5]);
    thread.stop();
}

#[test]
fn a_waiting_reader_is_woken() {
    let folder = TestFolder::new();
    let Opened {
        journal, thread, ..
    } = open_journal(&folder);
    let mut reader = journal.reader(Cursor::START);
    assert!(
        reader
            .next_batch(10, Duration::ZERO)
            .unwrap()
            .records
            .is_empty()
    );
    let waiting = thread::spawn(move || reader.next_batch(10, PATIENCE).unwrap());
    journal.append_durably(any(6)).wait().unwrap();
    assert_eq!(sequences(&waiting.join().unwrap().records), [6]);
    thread.stop();
}

#[test]
fn a_reader_goes_on_where_its_cursor_says() {
    let folder = TestFolder::new();
    write(&folder, &(0..10).map(any).collect::<Vec<_>>());
    let Opened {
        journal, thread, ..
    } = open_journal(&folder);
    let first = journal.reader(Cursor::START).next_batch(4, Duration::ZERO);
    let first = first.unwrap();
    assert_eq!(sequences(&first.records), [0, 1, 2, 3]);
    let kept: Cursor = first.next.to_string().parse().unwrap();
    let rest = read_all(&mut journal.reader(kept));
    assert_eq!(sequences(&rest), [4, 5, 6, 7, 8, 9]);
    thread.stop();
}

#[test]
fn segments_roll_and_are_removed_when_they_are_consumed() {
    let folder = TestFolder::new();
    let config = JournalConfig {
        segment_bytes: 300,
        ..config(folder.path())
    };
    let opened = open(config, Timestamp::UNIX_EPOCH, NodeId(1)).unwrap();
    let Opened {
        journal, thread, ..
    } = opened;
    for sequence in 0..50 {
        journal.append_durably(any(sequence)).wait().unwrap();
    }
    let before = segment::list(folder.path()).unwrap();
    assert!(before.len() > 10);
    let mut reader = journal.reader(Cursor::START);
    let half = reader.next_batch(25, Duration::ZERO).unwrap();
    journal.release(half.next);
    journal.flush().wait().unwrap();
    journal.flush().wait().unwrap();

    let after = segment::list(folder.path()).unwrap();
    assert_eq!(after.keys().next(), Some(&half.next.segment));
    let rest = read_all(&mut reader);
    assert_eq!(sequences(&rest), (25..50).collect::<Vec<_>>());
    // A reader that has lost its cursor reads what there is.
    assert!(read_from_start(&journal).len() >= 25);
    thread.stop();
}

#[test]
fn only_the_owner_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt;

    let folder = TestFolder::new();
    write(&folder, &[any(1)]);
    for file in fs::read_dir(folder.path()).unwrap() {
        let mode = file.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn two_processes_never_share_a_journal() {
    let folder = TestFolder::new();
    let opened = open_journal(&folder);
    let second = open(config(folder.path()), Timestamp::UNIX_EPOCH, NodeId(1));
    assert!(matches!(second, Err(OpenError::InUse { .. })));
    opened.thread.stop();
}
