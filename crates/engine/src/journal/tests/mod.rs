//! Tests of the journal. Files are cut and damaged at every byte.

mod cursor;
mod frame;
mod interrupted;
mod kept;
mod kill;
mod limits;
mod sync;
mod tail;

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use rotaline_model::{CallId, CaseId, Dialled, EndCause, NodeId};
use rotaline_record::{CallKind, CallerId, Fact, Origin, Record};

use super::{Cursor, Journal, JournalConfig, Opened, Reader, open};
use crate::recording::tests::TestFolder;

/// Longest wait for the journal's thread on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

fn case(number: u128) -> CaseId {
    CaseId::from(uuid::Uuid::from_u128(number))
}

fn call(number: u128) -> CallId {
    CallId::from(uuid::Uuid::from_u128(number))
}

fn record(case_number: u128, sequence: u64, fact: Fact) -> Record {
    Record {
        case: case(case_number),
        origin: Origin::Call,
        sequence,
        at: Timestamp::UNIX_EPOCH,
        node: NodeId(1),
        fact,
    }
}

fn opened(case_number: u128) -> Record {
    let dialled = Dialled::parse("1001").unwrap();
    let fact = Fact::CaseOpened {
        dialled: Some(dialled),
        caller: CallerId::Withheld,
        organisation: None,
        practice: None,
        area: None,
    };
    record(case_number, 1, fact)
}

fn call_started(case_number: u128, sequence: u64, call_number: u128) -> Record {
    let fact = Fact::CallStarted {
        call: call(call_number),
        sip_call_id: None,
        kind: CallKind::Inbound,
    };
    record(case_number, sequence, fact)
}

fn call_ended(case_number: u128, sequence: u64, call_number: u128) -> Record {
    let fact = Fact::CallEnded {
        call: call(call_number),
        cause: EndCause::CallerHungUp,
    };
    record(case_number, sequence, fact)
}

fn closed(case_number: u128, sequence: u64) -> Record {
    let cause = EndCause::CallerHungUp;
    record(case_number, sequence, Fact::CaseClosed { cause })
}

/// Any record, told apart by its sequence.
fn any(sequence: u64) -> Record {
    let outcome = "o".repeat((sequence * 7 % 40) as usize);
    let fact = Fact::OutcomeSet {
        outcome,
        by: String::new(),
        how: rotaline_record::OutcomeHow::Key,
    };
    record(9, sequence, fact)
}

fn config(folder: &Path) -> JournalConfig {
    JournalConfig {
        folder: folder.to_owned(),
        segment_bytes: 1 << 20,
        total_bytes: 1 << 30,
    }
}

fn open_journal(folder: &TestFolder) -> Opened {
    open(config(folder.path()), Timestamp::UNIX_EPOCH, NodeId(1)).unwrap()
}

/// Puts records into a journal, and closes it.
fn write(folder: &TestFolder, records: &[Record]) {
    let Opened {
        journal, thread, ..
    } = open_journal(folder);
    for record in records {
        journal.append(record.clone());
    }
    thread.stop();
}

/// All that can be read now.
fn read_all(reader: &mut Reader) -> Vec<Record> {
    let mut records = Vec::new();
    loop {
        let batch = reader.next_batch(7, Duration::ZERO).unwrap();
        if batch.records.is_empty() {
            return records;
        }
        records.extend(batch.records);
    }
}

fn read_from_start(journal: &Journal) -> Vec<Record> {
    read_all(&mut journal.reader(Cursor::START))
}

fn sequences(records: &[Record]) -> Vec<u64> {
    records.iter().map(|record| record.sequence).collect()
}
