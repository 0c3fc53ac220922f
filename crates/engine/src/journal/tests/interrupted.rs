//! What an interrupted process left, and its closing.

use jiff::Timestamp;
use rotaline_model::{Acceptance, EndCause, JobId, LegId, NodeId, PhoneNumber, SpecialtyId};
use rotaline_record::{CallerId, Fact, KeepTrying, KeepTryingEnd, Origin, PhoneKind, Undertaking};

use super::super::{Cursor, JournalConfig, Opened, open, segment};
use super::{
    TestFolder, any, call, call_ended, call_started, case, closed, config, open_journal, opened,
    read_from_start, record, write,
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

fn keep_trying() -> KeepTrying {
    KeepTrying {
        job: JobId::from(call(11).uuid()),
        specialty: SpecialtyId::parse("cardiology").unwrap(),
        ring_back: PhoneNumber::parse("01632 960101").unwrap().into(),
        until: Timestamp::from_second(9_000).unwrap(),
        hunts: 0,
        ring_backs: 0,
    }
}

fn attempt(sequence: u64, number: u16, phone: PhoneKind) -> rotaline_record::Record {
    let fact = Fact::AttemptStarted {
        attempt: number,
        call: call(11),
        leg: LegId(1),
        person: None,
        phone,
        acceptance: Acceptance::Required,
        round: 1,
        reason: String::new(),
    };
    record(1, sequence, fact)
}

/// A case whose caller was promised a call back, tried once more and rung once, and killed in the
/// call after that.
fn promised() -> Vec<rotaline_record::Record> {
    let second = 1 << 32;
    let third = 2 << 32;
    vec![
        opened(1),
        call_started(1, 2, 11),
        attempt(3, 1, PhoneKind::Mobile),
        attempt(4, 2, PhoneKind::Mobile),
        record(1, 5, Fact::KeepTryingAsked { job: keep_trying() }),
        call_ended(1, 6, 11),
        call_started(1, second + 1, 12),
        attempt(second + 2, 3, PhoneKind::Mobile),
        attempt(second + 3, 4, PhoneKind::Caller),
        call_ended(1, second + 4, 12),
        call_started(1, third + 1, 13),
        attempt(third + 2, 5, PhoneKind::Mobile),
    ]
}

#[test]
fn a_case_with_an_open_job_is_not_closed_and_its_job_goes_on_where_it_was() {
    let folder = TestFolder::new();
    write(&folder, &promised());
    // However often the process is killed.
    for _ in 0..2 {
        let again = open_journal(&folder);
        let ended: Vec<Fact> = again.interrupted.iter().map(|it| it.fact.clone()).collect();
        let cause = EndCause::Interrupted;
        let call_13 = Fact::CallEnded {
            call: call(13),
            cause,
        };
        assert!(ended.is_empty() || ended == [call_13], "{ended:?}");
        let [intent] = again.jobs.as_slice() else {
            panic!("one job: {:?}", again.jobs);
        };
        assert_eq!(intent.case, case(1));
        assert_eq!((intent.calls_before, intent.attempts_before), (3, 5));
        assert_eq!(
            (&intent.caller, &intent.opening),
            (&CallerId::Withheld, &None)
        );
        let wanted = KeepTrying {
            hunts: 2,
            ring_backs: 1,
            ..keep_trying()
        };
        assert_eq!(intent.undertaking, Undertaking::KeepTrying(wanted));
        for record in again.interrupted {
            again.journal.append(record);
        }
        again.thread.stop();
    }
}

#[test]
fn a_case_whose_job_is_over_is_closed_as_interrupted() {
    let folder = TestFolder::new();
    let mut records = promised();
    let fact = Fact::KeepTryingEnded {
        job: keep_trying().job,
        end: KeepTryingEnd::Joined,
    };
    records.push(record(1, (2 << 32) + 3, fact));
    write(&folder, &records);
    let again = open_journal(&folder);
    assert_eq!(again.jobs, []);
    let last = again.interrupted.last().map(|it| it.fact.clone());
    let cause = EndCause::Interrupted;
    assert_eq!(last, Some(Fact::CaseClosed { cause }));
    again.thread.stop();
}
