//! What an `Endpoint` is told, and what it puts out.
//!
//! Debug output has no telephone numbers, addresses of callers or bytes of messages in it.
//!
//! The endpoint's methods take the time, and none fails on a session that is gone (the far end may
//! have been faster): they return whether it was there.
//!
//! - `Endpoint::new(config: Config, seed: Seed)`
//! - `handle_input(&mut self, now: Mono, input: Input)`, `poll_output(&mut self) -> Output`
//! - `invite(&mut self, now: Mono, invite: Invite) -> SessionId`
//! - `progress(&mut self, now, session, status: u16) -> bool`
//! - `answer(&mut self, now, session, sdp: Bytes) -> bool`
//! - `reject(&mut self, now, session, with: RejectWith) -> bool`
//! - `acknowledge(&mut self, now, session, answer: Bytes) -> bool`
//! - `accept_reoffer(&mut self, now, session, sdp: Bytes) -> bool`, `reject_reoffer(.., status)`
//! - `hang_up(&mut self, now, session, reason: Option<&str>) -> bool`: CANCEL, BYE or a refusal,
//!   whatever fits the state; a late 2xx after CANCEL gets its ACK and BYE
//! - `sessions(&self) -> usize`, `transactions(&self) -> usize`: for leak checks
//! - `counters(&self) -> Counters`: what was dropped, and why

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use rotaline_model::Mono;

use crate::network::Network;

/// Names one INVITE session (early or confirmed dialog) of an endpoint. Never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u64);

/// T1, T2 and T4 of RFC 3261 section 17.1.1.1 and table 4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimerConfig {
    /// Round-trip time estimate.
    pub t1: Duration,
    /// Longest interval between copies of a non-INVITE request or a 2xx.
    pub t2: Duration,
    /// How long a message may stay in the network.
    pub t4: Duration,
}

/// How an endpoint behaves.
#[derive(Clone, Debug)]
pub struct Config {
    /// The address that goes into Via and Contact.
    pub advertised: SocketAddr,
    /// `User-Agent` and `Server`.
    pub product: String,
    /// Transaction timers.
    pub timers: TimerConfig,
    /// Most INVITE sessions at a time; beyond it a new INVITE gets 503 with Retry-After.
    pub max_sessions: usize,
    /// Most non-INVITE server transactions of strangers at a time; beyond it requests are dropped
    /// and counted. INVITEs have `max_sessions` more, and beyond that get 503 with Retry-After;
    /// what belongs to a call has `max_sessions` more again.
    pub max_transactions: usize,
    /// Who may begin something, by address; empty: everybody, but whoever acknowledges no answers
    /// gets 503 after a while. Others get 403, whatever they ask; what is part of a call may come
    /// from anywhere.
    pub peers: Vec<Network>,
}

/// What an endpoint is told.
pub enum Input {
    /// A datagram arrived.
    Datagram {
        /// From where.
        source: SocketAddr,
        /// What.
        bytes: Bytes,
    },
    /// The time that [`Output::Timeout`] asked for has come.
    Timeout,
}

/// What an endpoint puts out; drained until [`Output::Timeout`].
pub enum Output {
    /// A datagram to send.
    Transmit {
        /// To where.
        to: SocketAddr,
        /// What.
        bytes: Bytes,
    },
    /// Something happened in a session.
    Event(Event),
    /// A message of a session was received or sent: a line of its ladder.
    Traced(Traced),
    /// Nothing more now. Call again at this time, if any.
    Timeout(Option<Mono>),
}

/// One message of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traced {
    /// Which session.
    pub session: SessionId,
    /// Whether we sent it.
    pub sent: bool,
    /// What it was.
    pub what: TracedWhat,
    /// Whether it is a retransmission.
    pub again: bool,
}

/// A request's method, or a response's status and the method that it answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TracedWhat {
    /// A request.
    Request(&'static str),
    /// A response.
    Response(u16, &'static str),
}

/// An INVITE that begins a session.
#[derive(Clone)]
pub struct Incoming {
    /// Where it came from.
    pub source: SocketAddr,
    /// The Call-ID.
    pub sip_call_id: String,
    /// User part of the request-URI, unescaped: what was dialled.
    pub dialled: String,
    /// User part of P-Asserted-Identity if there is one, else of From, unescaped; none if anonymous
    /// or withheld (`Privacy: id`, `anonymous`).
    pub caller: Option<String>,
    /// Where that stands.
    pub caller_from: CallerFrom,
    /// User parts of Diversion and History-Info entries (RFC 5806, RFC 7044), in order.
    pub diverted_by: Vec<String>,
    /// The SDP offer; none is a late offer (the offer goes into our 2xx, the answer into the ACK).
    pub offer: Option<Bytes>,
}

/// Where an INVITE says who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallerFrom {
    /// P-Asserted-Identity (RFC 3325).
    AssertedIdentity,
    /// From alone, which is whatever the sender likes.
    From,
    /// Nowhere: it is withheld.
    Nowhere,
}

/// What happens in a session.
pub enum Event {
    /// A new call. 100 has been sent. Decide with `progress`, `answer`, `reject`.
    Incoming(SessionId, Box<Incoming>),
    /// Outgoing: 100, once.
    Trying(SessionId),
    /// Outgoing: a provisional response above 100, with its body (early media is not passed on).
    Progress(SessionId, u16),
    /// Outgoing: the first 2xx, with its SDP. Its ACK was sent if our INVITE carried the offer;
    /// else the SDP is an offer: call `acknowledge` with the answer.
    Answered(SessionId, Bytes),
    /// Outgoing: a final failure, or none in time (408 with `timed_out`). The session is gone.
    Failed {
        /// Which.
        session: SessionId,
        /// The status; 408 on time-out.
        status: u16,
        /// Whether no response came at all.
        timed_out: bool,
    },
    /// Incoming: our 2xx was acknowledged; with the answer after a late offer.
    Acknowledged(SessionId, Option<Bytes>),
    /// The far end asks for a new description (re-INVITE or UPDATE; none: it wants our offer).
    /// Decide with `accept_reoffer` or `reject_reoffer`.
    Reoffer(SessionId, Option<Bytes>),
    /// The session ended from the far end: BYE, CANCEL or the time in Expires before our answer, or
    /// no ACK to our 2xx (`lost`). Whatever had to be answered has been. The session is gone.
    Ended {
        /// Which.
        session: SessionId,
        /// Whether it ended for want of an ACK or a reply.
        lost: bool,
    },
    /// A session that we ended is over: its CANCEL, BYE or refusal is answered, or never will be.
    /// Nothing of it is left but transactions that absorb copies.
    Terminated(SessionId),
}

/// An INVITE to send.
#[derive(Clone)]
pub struct Invite {
    /// Request-URI and To, e.g. `sip:+442079460000@192.0.2.1;user=phone`.
    pub target: String,
    /// Where the datagram goes to.
    pub destination: SocketAddr,
    /// User part of From and Contact: the presented number.
    pub from_user: String,
    /// To whom that number is shown, and where.
    pub identity: Identity,
    /// The SDP offer; empty: the far end is asked for its own.
    pub offer: Bytes,
}

/// To whom the presented number is shown, and where (RFC 3323, RFC 3325).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// Whether the called party sees it.
    pub shown: Shown,
    /// Where it stands.
    pub asserted: Asserted,
}

/// Whether the called party sees the presented number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shown {
    /// It stands in From.
    #[default]
    Number,
    /// From is anonymous, and `Privacy: id` asks for no more to be shown.
    Withheld,
}

/// Whether the trunk is told the presented number apart from From.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Asserted {
    /// No.
    #[default]
    Nowhere,
    /// By P-Asserted-Identity.
    Header,
}

/// How to refuse an incoming session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RejectWith {
    /// A final status, 300 to 699.
    pub status: u16,
    /// Seconds of `Retry-After`, if any.
    pub retry_after_s: Option<u32>,
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Datagram { bytes, .. } => write!(f, "Datagram({} bytes)", bytes.len()),
            Self::Timeout => f.write_str("Timeout"),
        }
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transmit { bytes, .. } => write!(f, "Transmit({} bytes)", bytes.len()),
            Self::Event(event) => event.fmt(f),
            Self::Traced(traced) => traced.fmt(f),
            Self::Timeout(at) => f.debug_tuple("Timeout").field(at).finish(),
        }
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tuple = |f: &mut fmt::Formatter<'_>,
                     name: &str,
                     session: &SessionId,
                     more: Option<&dyn fmt::Debug>| {
            let mut tuple = f.debug_tuple(name);
            tuple.field(session);
            if let Some(more) = more {
                tuple.field(more);
            }
            tuple.finish()
        };
        let bytes = |sdp: &Option<Bytes>| sdp.as_ref().map(Bytes::len);
        match self {
            Self::Incoming(id, incoming) => tuple(f, "Incoming", id, Some(incoming)),
            Self::Trying(id) => tuple(f, "Trying", id, None),
            Self::Progress(id, status) => tuple(f, "Progress", id, Some(status)),
            Self::Answered(id, sdp) => tuple(f, "Answered", id, Some(&sdp.len())),
            Self::Failed {
                session, status, ..
            } => tuple(f, "Failed", session, Some(status)),
            Self::Acknowledged(id, sdp) => tuple(f, "Acknowledged", id, Some(&bytes(sdp))),
            Self::Reoffer(id, sdp) => tuple(f, "Reoffer", id, Some(&bytes(sdp))),
            Self::Ended { session, lost } => tuple(f, "Ended", session, Some(lost)),
            Self::Terminated(id) => tuple(f, "Terminated", id, None),
        }
    }
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming")
            .field("has_caller", &self.caller.is_some())
            .field("diversions", &self.diverted_by.len())
            .field("offer_bytes", &self.offer.as_ref().map(Bytes::len))
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Invite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invite")
            .field("offer_bytes", &self.offer.len())
            .finish_non_exhaustive()
    }
}
