//! A SIP user agent over UDP, as a state machine: datagrams and time in; datagrams, events and a
//! ladder out.
//!
//! RFC 3261 sections 8 to 18 with RFC 6026 (2xx handling), RFC 3581 (rport), RFC 3311 (UPDATE),
//! RFC 6086 (INFO is answered, its body ignored), RFC 3326 (Reason). It offers no extension that a
//! far end could require (100rel, timer), registers nothing, challenges nobody, resolves no names,
//! forks nothing and proxies nothing.
//!
//! ```text
//!              ┌─ no message ─► 400, or dropped and counted            (stateless)
//!  datagram ───┼─ response ──► client transaction ─► session           (responses, calling)
//!              └─ request ───► server transaction: a copy, absorbed
//!                      └─ new ─► To tag of ours? ─ yes ─► session      (in_dialog)
//!                                     └─ no ─► refused or new session  (outside)
//!  deadline ────► transaction or session                               (expiry)
//!  methods ─────► session ─► transaction ─► datagram                   (calling, answering,
//!                                                                      leaving)
//! ```
//!
//! Bounds: [`Config::max_sessions`], [`Config::max_transactions`], [`MAX_PENDING_OUTPUTS`],
//! those in `stateless` and `debts`, and `MAX_FORKS` in `calling`.

mod admission;
mod answering;
mod caller;
mod calling;
mod debts;
mod emit;
mod expiry;
mod in_dialog;
mod leaving;
mod outside;
mod requests;
mod responses;
mod stateless;
mod tables;
#[cfg(test)]
mod tests;
mod timers;

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;

use rotaline_model::{Mono, Seed};

use crate::Network;
use crate::boundary::{Config, Input, Output, SessionId};
use crate::message::Message;
use crate::names::{LocalTag, Names};
use crate::session::Session;
use crate::transaction::TransactionKey;

pub use emit::Counters;

use debts::Debts;
use stateless::Allowances;
use tables::Transactions;
use timers::{Timer, Timers};

/// Outputs that may wait to be polled. Beyond it datagrams are dropped and counted, and deadlines
/// wait until there is room.
pub const MAX_PENDING_OUTPUTS: usize = 8192;

/// All SIP state of one address.
pub struct Endpoint {
    config: Config,
    names: Names,
    sessions: HashMap<SessionId, Session>,
    by_tag: HashMap<LocalTag, SessionId>,
    transactions: Transactions,
    timers: Timers,
    outputs: VecDeque<Output>,
    counters: Counters,
    allowances: Allowances,
    debts: Debts,
    last_session: u64,
}

/// A request that is being looked at.
struct Request<'a> {
    now: Mono,
    source: SocketAddr,
    message: &'a Message,
    key: TransactionKey,
}

impl Endpoint {
    /// An endpoint without sessions.
    pub fn new(config: Config, seed: Seed) -> Self {
        Self {
            config,
            names: Names::new(seed),
            sessions: HashMap::new(),
            by_tag: HashMap::new(),
            transactions: Transactions::default(),
            timers: Timers::default(),
            outputs: VecDeque::new(),
            counters: Counters::default(),
            allowances: Allowances::default(),
            debts: Debts::default(),
            last_session: 0,
        }
    }

    /// Takes one input; then drain [`Endpoint::poll_output`].
    pub fn handle_input(&mut self, now: Mono, input: Input) {
        match input {
            Input::Datagram { .. } if self.outputs.len() >= MAX_PENDING_OUTPUTS => {
                self.counters.backlogged += 1;
            }
            Input::Datagram { source, bytes } => match Message::parse(bytes.clone()) {
                Ok(message) if message.is_request() => self.request(now, source, message),
                Ok(message) => self.response(now, source, &message),
                Err(error) => self.malformed(now, source, &bytes, &error),
            },
            Input::Timeout => self.expire(now),
        }
    }

    /// The next output; [`Output::Timeout`] when there is nothing more to do now.
    pub fn poll_output(&mut self) -> Output {
        match self.outputs.pop_front() {
            Some(output) => output,
            None => Output::Timeout(self.timers.first()),
        }
    }

    /// INVITE sessions of which something is still awaited.
    pub fn sessions(&self) -> usize {
        self.sessions.len()
    }

    /// Transactions, those included that only absorb copies of what is over.
    pub fn transactions(&self) -> usize {
        self.transactions.len()
    }

    /// Who may call from now on; none: everybody. Calls that are up go on.
    pub fn set_peers(&mut self, peers: Vec<Network>) {
        self.config.peers = peers;
    }

    /// What was dropped, and why.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// Entries of the tables that `sessions` and `transactions` do not count.
    #[cfg(test)]
    fn leftovers(&self) -> usize {
        let kept = self.by_tag.len() + self.transactions.merged.len() + self.timers.len();
        kept + self.debts.len()
    }

    /// Puts a session into the tables.
    fn enter(&mut self, session: Session) -> SessionId {
        self.last_session += 1;
        let id = SessionId(self.last_session);
        self.by_tag.insert(session.local_tag, id);
        self.sessions.insert(id, session);
        id
    }

    /// Nothing of a session is awaited any more.
    fn forget(&mut self, id: SessionId) {
        if let Some(mut session) = self.sessions.remove(&id) {
            self.by_tag.remove(&session.local_tag);
            self.timers
                .set(Timer::Session(id), &mut session.armed, None);
        }
    }
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Endpoint")
            .field("sessions", &self.sessions())
            .field("transactions", &self.transactions())
            .finish_non_exhaustive()
    }
}
