//! Where the recorder's records go, and the sequence numbers that they get.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use rotaline_model::{CaseId, NodeId};
use rotaline_record::{Fact, Origin, Record};

/// Takes records; in the engine, the journal. Called by the recorder's own threads, which it may
/// block.
pub trait RecordSink: Send + Sync {
    /// Takes records, and returns once they are on disk. False: they may not be; the recorder will
    /// report the same facts again later.
    fn store(&self, records: Vec<Record>) -> bool;
}

/// Makes records of facts about recordings.
#[derive(Debug)]
pub(super) struct Stamp {
    node: NodeId,
    last_us: AtomicI64,
}

impl Stamp {
    pub(super) fn new(node: NodeId) -> Self {
        Stamp {
            node,
            last_us: AtomicI64::new(0),
        }
    }

    /// A record of now; its sequence is greater than that of every record before it.
    pub(super) fn record(&self, case: CaseId, fact: Fact) -> Record {
        let at = Timestamp::now();
        let now_us = at.as_microsecond();
        let before = self
            .last_us
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| {
                Some(now_us.max(last + 1))
            });
        let last = before.unwrap_or_else(|last| last);
        let sequence = u64::try_from(now_us.max(last + 1)).unwrap_or(0);
        Record {
            case,
            origin: Origin::Recorder,
            sequence,
            at,
            node: self.node,
            fact,
        }
    }
}
