//! What a switch is told, and what it puts out.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use rotaline_media as media;
use rotaline_model::{AskId, CaseId, JobId, Mono, PersonId};
use rotaline_record::{Answer, Intent, Question, Record};
use rotaline_routing::{PastTurn, Plan};

use crate::config::Adjustable;

/// A bound socket pair of a media thread, as it is handed to the switch at start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MediaSlot {
    /// The media thread.
    pub thread: u16,
    /// The pair's index on that thread; indices of a thread are 0, 1, 2...
    pub slot: u32,
    /// The RTP port; RTCP is the next one.
    pub rtp_port: u16,
}

/// What a switch is told.
#[derive(Debug)]
pub enum Input {
    /// A SIP datagram arrived.
    Datagram {
        /// From where.
        source: SocketAddr,
        /// What.
        bytes: Bytes,
    },
    /// A media thread has something to tell.
    Media(media::Event),
    /// The plan was edited; attempts and calls from now on follow it.
    Plan(Arc<Plan>),
    /// A call that nobody rings us for. Keep-trying jobs are held until they are due; at a start
    /// they are handed back in the same way.
    Start(Box<Intent>),
    /// Somebody calls a keep-trying job off.
    CallOff(JobId),
    /// Somebody takes no calls until a time, or (none) takes them again.
    Pause(PersonId, Option<Timestamp>),
    /// Who was rung before this start, the oldest first: orders of ringing go on where they were.
    History(Vec<PastTurn>),
    /// The answer to [`Output::Ask`] or [`Output::RecordDurably`].
    Answer(AskHandle, Answer),
    /// Settings were changed; what is up goes on as it began.
    Adjust(Box<Adjustable>),
    /// An administrator ends a case's call, if one is up: whoever has answered is told so first.
    HangUp(CaseId),
    /// Take no more calls; those that are up go on.
    Drain,
    /// End the calls that are up, at once: each phone is told that the service stops.
    EndCalls,
    /// Whether new calls are taken for now; those that are up go on.
    Admission(Admission),
    /// The time that [`Output::Timeout`] asked for has come.
    Timeout,
}

/// Names a question; never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AskHandle {
    pub(crate) call: u64,
    pub(crate) ask: AskId,
}

/// Whether new calls are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Admission {
    /// As many as there is room for.
    #[default]
    Open,
    /// None: what they do could not be kept. Callers get 503 with Retry-After.
    Closed,
}

/// What a switch puts out; drained until [`Output::Timeout`].
#[derive(Debug)]
pub enum Output {
    /// A SIP datagram to send.
    Transmit {
        /// To where.
        to: SocketAddr,
        /// What.
        bytes: Bytes,
    },
    /// A command for one media thread.
    Media {
        /// Which thread.
        thread: u16,
        /// What it shall do.
        command: media::Command,
    },
    /// Something to journal.
    Record(Box<Record>),
    /// Something to journal, and to answer with [`Answer::Kept`] once it is on disk.
    RecordDurably(AskHandle, Box<Record>),
    /// A question to the world outside.
    Ask(AskHandle, Box<Question>),
    /// Nothing more now. Call again at this time, if any.
    Timeout(Option<Mono>),
}
