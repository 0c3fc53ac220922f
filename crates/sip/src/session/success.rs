//! Our 2xx to an INVITE, repeated until its ACK comes: the core's duty, not the transaction's.
//!
//! RFC 3261 sections 13.3.1.4 and 14.2.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use rotaline_model::Mono;

use crate::boundary::TimerConfig;
use crate::transaction::{Expired, TransactionKey};

/// A 2xx whose ACK is outstanding.
pub(crate) struct Success {
    /// The transaction of the INVITE.
    pub(crate) key: TransactionKey,
    /// CSeq of the INVITE, and so of the ACK.
    pub(crate) cseq: u32,
    /// Where it goes to.
    pub(crate) to: SocketAddr,
    /// What it answers.
    pub(crate) answers: Answers,
    /// What the ACK brings.
    pub(crate) awaits: Awaits,
    response: Bytes,
    interval: Duration,
    next: Mono,
    until: Mono,
}

/// What a 2xx answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answers {
    /// The INVITE that began the session: no BYE of ours before its ACK.
    Invite,
    /// A later one.
    Reinvite,
}

/// What the ACK of a 2xx brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Awaits {
    /// Nothing but itself.
    Ack,
    /// The answer to the offer in our 2xx.
    Answer,
}

impl Success {
    /// The 2xx is being sent.
    pub(crate) fn new(
        now: Mono,
        timers: &TimerConfig,
        (answers, key, cseq): (Answers, TransactionKey, u32),
        (to, response): (SocketAddr, Bytes),
        awaits: Awaits,
    ) -> Self {
        Self {
            key,
            cseq,
            to,
            answers,
            awaits,
            response,
            interval: timers.t1,
            next: now + timers.t1,
            until: now + timers.timeout(),
        }
    }

    /// When something is due.
    pub(crate) fn deadline(&self) -> Mono {
        self.next.min(self.until)
    }

    /// Time has passed.
    pub(crate) fn timeout(&mut self, now: Mono, timers: &TimerConfig) -> Expired {
        if self.deadline() > now {
            return Expired::NotDue;
        }
        //= RFC 3261 section 13.3.1.4
        //# If the server retransmits the 2xx response for 64*T1 seconds without receiving an ACK,
        //# the dialog is confirmed, but the session SHOULD be terminated.
        if self.until <= now {
            return Expired::Failed;
        }
        //= RFC 3261 section 13.3.1.4
        //# The 2xx response is passed to the transport with an interval that starts at T1 seconds
        //# and doubles for each retransmission until it reaches T2 seconds
        self.interval = timers.doubled(self.interval);
        self.next = now + self.interval;
        Expired::Again(self.response.clone())
    }
}
