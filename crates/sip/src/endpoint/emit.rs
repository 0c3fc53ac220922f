//! What goes out: datagrams, events, lines of the ladder; and the count of what was dropped.

use std::net::SocketAddr;

use bytes::Bytes;
use rotaline_model::Mono;

use super::Endpoint;
use super::timers::Timer;
use crate::boundary::{Event, Output, SessionId, Traced, TracedWhat};
use crate::message::{HeaderName, Message, Method, Writer};
use crate::names::{Branch, LocalTag};
use crate::transaction::TransactionKey;

/// What was dropped or answered without being looked into, since the beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Malformed requests that got a 400 or another failure.
    pub malformed_answered: u64,
    /// Datagrams that were no SIP or could not be answered.
    pub malformed_dropped: u64,
    /// Responses that match no request of ours.
    pub stray_responses: u64,
    /// ACKs that match nothing.
    pub stray_acks: u64,
    /// Requests for which there was no room among the transactions: INVITEs got 503, others were
    /// dropped.
    pub overloaded: u64,
    /// Answers without state that were kept back, since there had been too many of them that
    /// second.
    pub muted: u64,
    /// Datagrams dropped since outputs had not been polled.
    pub backlogged: u64,
    /// 2xx responses from more forks than are followed up.
    pub excess_forks: u64,
    /// Requests of senders who may begin nothing here.
    pub outsiders: u64,
    /// INVITEs of senders who acknowledge too little, which got 503.
    pub unacknowledged: u64,
}

impl Counters {
    /// How many there are.
    pub const COUNT: usize = 10;

    /// Each with its name, for metrics.
    pub fn named(&self) -> [(&'static str, u64); Self::COUNT] {
        [
            ("malformed_answered", self.malformed_answered),
            ("malformed_dropped", self.malformed_dropped),
            ("stray_response", self.stray_responses),
            ("stray_ack", self.stray_acks),
            ("overload", self.overloaded),
            ("muted", self.muted),
            ("backlog", self.backlogged),
            ("excess_fork", self.excess_forks),
            ("outsider", self.outsiders),
            ("unacknowledged", self.unacknowledged),
        ]
    }
}

/// Whether a message goes by for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nth {
    First,
    Again,
}

impl Nth {
    /// A response of a status that was already there is a copy.
    pub(super) fn of_status(status: u16, last: u16) -> Self {
        if status == last {
            Self::Again
        } else {
            Self::First
        }
    }
}

/// What the ladder calls a method.
pub(super) fn name_of(method: &Method) -> &'static str {
    method.known_name().unwrap_or("OTHER")
}

impl Endpoint {
    pub(super) fn event(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    pub(super) fn transmit(&mut self, to: SocketAddr, bytes: Bytes) {
        self.outputs.push_back(Output::Transmit { to, bytes });
    }

    /// Sends a message of a session and draws its line.
    pub(super) fn send(
        &mut self,
        session: Option<SessionId>,
        (to, bytes): (SocketAddr, Bytes),
        what: TracedWhat,
        nth: Nth,
    ) {
        self.transmit(to, bytes);
        self.trace(session, true, what, nth);
    }

    /// Draws the line of a message that came.
    pub(super) fn received(&mut self, session: Option<SessionId>, message: &Message, nth: Nth) {
        let method = name_of(message.method());
        let what = match message.status() {
            None => TracedWhat::Request(method),
            Some(status) => TracedWhat::Response(status, method),
        };
        self.trace(session, false, what, nth);
    }

    fn trace(&mut self, session: Option<SessionId>, sent: bool, what: TracedWhat, nth: Nth) {
        let Some(session) = session.filter(|session| self.sessions.contains_key(session)) else {
            return;
        };
        let again = nth == Nth::Again;
        self.outputs.push_back(Output::Traced(Traced {
            session,
            sent,
            what,
            again,
        }));
    }

    /// Begins a response of ours.
    pub(super) fn writer(
        &self,
        request: &Message,
        source: SocketAddr,
        status: u16,
        tag: LocalTag,
    ) -> Writer {
        let tag = tag.to_string();
        //= RFC 3261 section 8.2.6.2
        //# the UAS MUST add a tag to the To header field in the response (with the exception of the
        //# 100 (Trying) response, in which a tag MAY be present)
        let tag = (status > 100).then_some(tag.as_str());
        let mut writer = Writer::response_to(request, source, status, tag);
        writer.text(HeaderName::Server, &self.config.product);
        writer
    }

    pub(super) fn arm_session(&mut self, id: SessionId) {
        if let Some(session) = self.sessions.get_mut(&id) {
            let at = session.deadline();
            self.timers.set(Timer::Session(id), &mut session.armed, at);
        }
    }

    /// Sets an INVITE client's timer, or drops it if it is over.
    pub(super) fn arm_invite_client(&mut self, branch: Branch) {
        let Some(entry) = self.transactions.invite_clients.get_mut(&branch) else {
            return;
        };
        let at = entry.machine.deadline();
        self.timers
            .set(Timer::InviteClient(branch), &mut entry.armed, at);
    }

    pub(super) fn arm_client(&mut self, branch: Branch) {
        let Some(entry) = self.transactions.clients.get_mut(&branch) else {
            return;
        };
        let at = entry.machine.deadline();
        self.timers.set(Timer::Client(branch), &mut entry.armed, at);
    }

    pub(super) fn arm_invite_server(&mut self, key: TransactionKey) {
        let Some(entry) = self.transactions.invite_servers.get_mut(&key) else {
            return;
        };
        let at = entry.machine.deadline();
        self.timers
            .set(Timer::InviteServer(key), &mut entry.armed, at);
    }

    pub(super) fn arm_server(&mut self, key: TransactionKey) {
        let Some(entry) = self.transactions.servers.get_mut(&key) else {
            return;
        };
        let at = entry.machine.deadline();
        self.timers.set(Timer::Server(key), &mut entry.armed, at);
    }

    /// The final failure of an INVITE of theirs goes out, unless one went before.
    pub(super) fn fail_invite(
        &mut self,
        now: Mono,
        key: TransactionKey,
        status: u16,
        bytes: Bytes,
    ) {
        let timers = self.config.timers;
        let Some(entry) = self.transactions.invite_servers.get_mut(&key) else {
            return;
        };
        match entry.machine.failure(now, bytes.clone(), &timers) {
            crate::transaction::Sending::Send => {}
            crate::transaction::Sending::TooLate => return,
        }
        entry.last_status = status;
        let (session, to) = (entry.session, entry.to);
        // Refused, it is no ongoing transaction (RFC 3261 section 8.2.2.2): a proxy that tries one
        // of our numbers after the other sends the same request by another branch.
        if let Some(merged) = entry.merged.take() {
            self.transactions.merged.remove(&merged);
        }
        self.awaits_ack(key);
        self.arm_invite_server(key);
        let what = TracedWhat::Response(status, "INVITE");
        self.send(session, (to, bytes), what, Nth::First);
    }

    /// The final response to another request of theirs goes out, unless one went before.
    pub(super) fn reply(&mut self, now: Mono, key: TransactionKey, status: u16, bytes: Bytes) {
        let timers = self.config.timers;
        let Some(entry) = self.transactions.servers.get_mut(&key) else {
            return;
        };
        match entry.machine.response(now, bytes.clone(), &timers) {
            crate::transaction::Sending::Send => {}
            crate::transaction::Sending::TooLate => return,
        }
        entry.last_status = status;
        let (session, to, method) = (entry.session, entry.to, entry.method);
        self.arm_server(key);
        let what = TracedWhat::Response(status, method);
        self.send(session, (to, bytes), what, Nth::First);
    }
}
