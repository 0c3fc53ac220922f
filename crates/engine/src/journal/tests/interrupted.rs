//! What an interrupted process left, and its closing.

use jiff::Timestamp;
use rotaline_model::{EndCause, NodeId};
use rotaline_record::{Fact, Origin};

use super::super::{Cursor, JournalConfig, Opened, open, segment};
use super::{
    TestFolder, any, call, call_ended, call_started, case, closed, config, open_journal, opened,
    read_from_start, write,
};

#[test]
fn a_case_that_was_not_closed_is_closed_as_interrupted_and_only_once() {
    let folder = TestFolder::new();
    write(
        &folder,
        &[
            opened(1),
            call_started(1, 2, 11),
            opened(2),
            call_started(2, 2, 21),
            call_ended(2, 3, 21),
            closed(2, 4),
            call_ended(1, 3, 11),
            call_started(1, 4, 12),
            call_started(1, 5, 13),
        ],
    );
    let now = Timestamp::from_second(1_000).unwrap();
    let again = open(config(folder.path()), now, NodeId(7)).unwrap();
    let cause = EndCause::Interrupted;
    let facts: Vec<Fact> = again
        .interrupted
        .iter()
        .map(|record| record.fact.clone())
        .collect();
    let wanted = [
        Fact::CallEnded {
            call: call(12),
            cause,
        },
        Fact::CallEnded {
            call: call(13),
            cause,
        },
        Fact::CaseClosed { cause },
    ];
    assert_eq!(facts, wanted);
    for (n, record) in again.interrupted.iter().enumerate() {
        assert_eq!((record.case, record.origin), (case(1), Origin::Recovery));
        assert_eq!((record.at, record.node), (now, NodeId(7)));
        assert_eq!(record.sequence, 1_000_000_000 + n as u64);
    }
    for record in again.interrupted {
        again.journal.append(record);
    }
    again.thread.stop();

    let third = open_journal(&folder);
    assert_eq!(third.interrupted, []);
    third.thread.stop();
}

#[test]
fn a_long_call_is_not_forgotten_when_its_segment_is_removed() {
    let folder = TestFolder::new();
    let small = JournalConfig {
        segment_bytes: 300,
        ..config(folder.path())
    };
    let Opened {
        journal, thread, ..
    } = open(small, Timestamp::UNIX_EPOCH, NodeId(1)).unwrap();
    journal.append(opened(1));
    journal.append(call_started(1, 2, 11));
    for sequence in 0..50 {
        journal.append_durably(any(sequence)).wait().unwrap();
        let end = journal.shared.synced();
        journal.release(end);
    }
    journal.flush().wait().unwrap();
    assert!(segment::list(folder.path()).unwrap().len() <= 3);
    let left = read_from_start(&journal);
    assert!(left.contains(&opened(1)) && left.contains(&call_started(1, 2, 11)));
    thread.stop();

    let again = open_journal(&folder);
    assert_eq!(again.interrupted.len(), 2);
    for record in again.interrupted {
        again.journal.append(record);
    }
    again.journal.flush().wait().unwrap();
    again.journal.release(Cursor {
        segment: u64::MAX,
        offset: 0,
    });
    again.thread.stop();
    let last = open_journal(&folder);
    assert_eq!(last.interrupted, []);
    last.thread.stop();
}
