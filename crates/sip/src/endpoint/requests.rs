//! Requests that come in: copies are absorbed, ACK and CANCEL find their INVITE, the rest goes on
//! to its dialog or to none.
//!
//! RFC 3261 sections 8.2, 9.2, 12.2.2, 17.2.3 and 18.2.

use std::net::SocketAddr;

use rotaline_model::Mono;

use super::admission::Refusal;
use super::debts::Debt;
use super::emit::{Nth, name_of};
use super::tables::{InviteServerEntry, ServerEntry};
use super::{Endpoint, Request};
use crate::boundary::{Event, SessionId, TracedWhat};
use crate::message::{HeaderName, Message, Method};
use crate::names::LocalTag;
use crate::session::{Awaits, Exchange, Session, State};
use crate::transaction::{InviteServer, Repeated, Server, TransactionKey};

/// Most bytes of a request that is looked into. Its response repeats much of it and is kept for
/// 32 s, so that a stranger who sends larger ones would fill the memory; an ACK leaves nothing.
const MAX_REQUEST_BYTES: usize = 16 * 1024;

/// Server transactions that a call may have in the reserve; each is there for 32 s.
const MAX_REQUESTS_OF_A_CALL: u16 = 8;

/// Who sends a request, as far as a bound is concerned.
#[derive(Clone, Copy)]
enum Whose {
    /// The other side of a session, or of the INVITE that began one.
    InACall,
    /// Anybody.
    Stranger,
}

impl Endpoint {
    /// A request came.
    pub(super) fn request(&mut self, now: Mono, source: SocketAddr, message: Message) {
        let is_ack = *message.method() == Method::Ack;
        if message.as_bytes().len() > MAX_REQUEST_BYTES && !is_ack {
            return self.too_large(now, source, &message);
        }
        let key = TransactionKey::of(&message, &self.names);
        let request = Request {
            now,
            source,
            message: &message,
            key,
        };
        match message.method() {
            Method::Ack => self.ack(&request),
            Method::Invite => {
                if !self.repeated_invite(&request) {
                    self.new_request(&request);
                }
            }
            Method::Cancel => {
                if !self.repeated(&request) {
                    self.cancel(&request);
                }
            }
            Method::Bye
            | Method::Options
            | Method::Register
            | Method::Info
            | Method::Update
            | Method::Prack
            | Method::Subscribe
            | Method::Notify
            | Method::Refer
            | Method::Message
            | Method::Publish
            | Method::Other(_) => {
                if !self.repeated(&request) {
                    self.new_request(&request);
                }
            }
        }
    }

    /// The session that a request inside a dialog is of.
    pub(super) fn session_of(&self, request: &Message) -> Option<SessionId> {
        let tag = LocalTag::parse(request.to().tag()?)?;
        let id = *self.by_tag.get(&tag)?;
        let session = self.sessions.get(&id)?;
        session
            .is_of(request.call_id(), request.from().tag())
            .then_some(id)
    }

    /// Enters a server transaction for an INVITE.
    pub(super) fn enter_invite_server(
        &mut self,
        request: &Request<'_>,
        session: Option<SessionId>,
        tag: LocalTag,
    ) {
        let entry = InviteServerEntry {
            machine: InviteServer::new(),
            session,
            to: request.message.via().reply_to(request.source),
            source: request.source,
            debt: None,
            tag,
            merged: self.remember_merged(request),
            last_status: 0,
            armed: None,
        };
        self.transactions.invite_servers.insert(request.key, entry);
        self.count_request(session);
    }

    /// Enters a server transaction for another request.
    pub(super) fn enter_server(&mut self, request: &Request<'_>, session: Option<SessionId>) {
        let entry = ServerEntry {
            machine: Server::new(),
            session,
            to: request.message.via().reply_to(request.source),
            merged: self.remember_merged(request),
            method: name_of(request.message.method()),
            last_status: 0,
            armed: None,
        };
        self.transactions.servers.insert(request.key, entry);
        self.count_request(session);
    }

    /// Refuses a request that has no transaction yet.
    pub(super) fn refuse(
        &mut self,
        request: &Request<'_>,
        session: Option<SessionId>,
        refusal: &Refusal,
    ) {
        let tag = self.names.tag();
        let mut writer = self.writer(request.message, request.source, refusal.status, tag);
        refusal.write(&mut writer);
        let bytes = writer.finish();
        if *request.message.method() == Method::Invite {
            self.enter_invite_server(request, session, tag);
            self.fail_invite(request.now, request.key, refusal.status, bytes);
        } else {
            self.enter_server(request, session);
            self.reply(request.now, request.key, refusal.status, bytes);
        }
    }

    fn new_request(&mut self, request: &Request<'_>) {
        let session = self.session_of(request.message);
        if session.is_none() && !self.is_peer(request.source) {
            return self.not_a_peer(request);
        }
        let whose = self.whose(request.message.method(), session);
        if self.is_overloaded(request.message.method(), whose) {
            self.counters.overloaded += 1;
            if *request.message.method() == Method::Invite {
                self.no_room_for_invite(request);
            }
            return;
        }
        let begins = session.is_none() && *request.message.method() == Method::Invite;
        if begins
            && self
                .debts
                .is_spent(request.source, self.config.max_sessions)
        {
            self.counters.unacknowledged += 1;
            return self.no_room_for_invite(request);
        }
        //= RFC 3261 section 8.2.2.2
        //# If the request has no tag in the To header field, the UAS core MUST check the request
        //# against ongoing transactions.
        if request.message.to().tag().is_none() {
            return self.outside(request);
        }
        match session {
            Some(session) => self.in_dialog(request, session),
            //= RFC 3261 section 12.2.2
            //# If the UAS wishes to reject the request because it does not wish to recreate the
            //# dialog, it MUST respond to the request with a 481
            None => self.refuse(request, None, &Refusal::plain(481)),
        }
    }

    /// A call that sends more than its share is a stranger to the reserve, but for its BYE.
    fn whose(&self, method: &Method, session: Option<SessionId>) -> Whose {
        let session = session.and_then(|id| self.sessions.get(&id));
        let may = |it: &Session| *method == Method::Bye || it.requests < MAX_REQUESTS_OF_A_CALL;
        if session.is_some_and(may) {
            Whose::InACall
        } else {
            Whose::Stranger
        }
    }

    /// A server transaction of a session begins.
    fn count_request(&mut self, session: Option<SessionId>) {
        if let Some(session) = session.and_then(|id| self.sessions.get_mut(&id)) {
            session.requests = session.requests.saturating_add(1);
        }
    }

    /// A server transaction is over: nothing of it is left in the tables.
    pub(super) fn drop_server(
        &mut self,
        session: Option<SessionId>,
        merged: Option<TransactionKey>,
    ) {
        if let Some(merged) = merged {
            self.transactions.merged.remove(&merged);
        }
        if let Some(session) = session.and_then(|id| self.sessions.get_mut(&id)) {
            session.requests = session.requests.saturating_sub(1);
        }
    }

    /// Room is kept for those who have a call: a flood of OPTIONS must keep no BYE or CANCEL out, a
    /// flood of INVITEs no re-INVITE.
    fn is_overloaded(&self, method: &Method, whose: Whose) -> bool {
        let reserve = self.config.max_sessions;
        let (there, most) = if *method == Method::Invite {
            let most = self.config.max_transactions.saturating_add(reserve);
            (self.transactions.invite_servers.len(), most)
        } else {
            let most = self.config.max_transactions;
            (self.transactions.servers.len(), most)
        };
        match whose {
            Whose::InACall => there >= most.saturating_add(reserve),
            Whose::Stranger => there >= most,
        }
    }

    /// Whether an INVITE is a copy of one that is known; if so it has been dealt with.
    fn repeated_invite(&mut self, request: &Request<'_>) -> bool {
        let Some(entry) = self.transactions.invite_servers.get(&request.key) else {
            return false;
        };
        let (session, to, status) = (entry.session, entry.to, entry.last_status);
        let repeated = entry.machine.request();
        self.received(session, request.message, Nth::Again);
        if let Repeated::Again(bytes) = repeated {
            self.send(
                session,
                (to, bytes),
                TracedWhat::Response(status, "INVITE"),
                Nth::Again,
            );
        }
        true
    }

    /// As `repeated_invite`, of other requests.
    fn repeated(&mut self, request: &Request<'_>) -> bool {
        let Some(entry) = self.transactions.servers.get(&request.key) else {
            return false;
        };
        let (session, to, what) = (
            entry.session,
            entry.to,
            TracedWhat::Response(entry.last_status, entry.method),
        );
        let repeated = entry.machine.request();
        self.received(session, request.message, Nth::Again);
        if let Repeated::Again(bytes) = repeated {
            self.send(session, (to, bytes), what, Nth::Again);
        }
        true
    }

    /// What copies of a request outside a dialog that come another way are recognised by.
    fn remember_merged(&mut self, request: &Request<'_>) -> Option<TransactionKey> {
        let message = request.message;
        if message.to().tag().is_some() || *message.method() == Method::Cancel {
            return None;
        }
        let merged = TransactionKey::of_merged(message, &self.names);
        // A copy that was answered 482 leaves the first request's entry alone.
        if self.transactions.merged.contains_key(&merged) {
            return None;
        }
        self.transactions.merged.insert(merged, request.key);
        Some(merged)
    }

    fn ack(&mut self, request: &Request<'_>) {
        let timers = self.config.timers;
        let Some(entry) = self.transactions.invite_servers.get_mut(&request.key) else {
            if self.is_ack_of_stateless(request) {
                return;
            }
            return self.ack_of_success(request);
        };
        let session = entry.session;
        let was_confirmed = matches!(entry.machine, InviteServer::Confirmed { .. });
        match entry.machine.ack(request.now, &timers) {
            Repeated::Pass => self.ack_of_success(request),
            Repeated::Absorbed => {
                if let Some(debt) = entry.debt.take() {
                    self.debts.settle(debt);
                }
                let nth = if was_confirmed {
                    Nth::Again
                } else {
                    Nth::First
                };
                self.arm_invite_server(request.key);
                self.received(session, request.message, nth);
                self.refusal_is_over(session);
            }
            Repeated::Again(_) | Repeated::Stray => self.counters.stray_acks += 1,
        }
    }

    /// A session that we refused is over with the ACK of its INVITE, or without it.
    pub(super) fn refusal_is_over(&mut self, session: Option<SessionId>) {
        let Some(id) = session else { return };
        if matches!(
            self.sessions.get(&id).map(|it| &it.state),
            Some(State::Refused)
        ) {
            self.event(Event::Terminated(id));
            self.forget(id);
        }
    }

    /// The ACK of a 2xx: a request of the dialog, without a transaction.
    fn ack_of_success(&mut self, request: &Request<'_>) {
        let Some(id) = self.session_of(request.message) else {
            self.counters.stray_acks += 1;
            return;
        };
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        session.peer = request.source;
        let cseq = request.message.cseq().number;
        let Some(awaits) = session
            .success_mut()
            .filter(|it| it.cseq == cseq)
            .map(|it| it.awaits)
        else {
            // Each copy of our 2xx brings another ACK.
            return self.received(Some(id), request.message, Nth::Again);
        };
        self.received(Some(id), request.message, Nth::First);
        let answer = super::caller::description_in(request.message);
        let answer = answer.filter(|_| awaits == Awaits::Answer);
        self.acknowledged(request.now, id, answer);
    }

    /// Our 2xx is acknowledged: the session goes on, or ends as was wished.
    pub(super) fn acknowledged(&mut self, now: Mono, id: SessionId, answer: Option<bytes::Bytes>) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        let answered = session.success_mut().map(|success| success.key);
        if let Some(debt) = answered.and_then(|key| self.debt_of(key)?.take()) {
            self.debts.settle(debt);
        }
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        match &mut session.state {
            State::Up(up) => {
                up.exchange = Exchange::Idle;
                self.arm_session(id);
                self.event(Event::Acknowledged(id, answer));
            }
            State::Leaving { .. } => self.leave(now, id),
            State::Calling { .. }
            | State::GivingUp
            | State::Ringing(_)
            | State::Refused
            | State::Ending { .. } => {}
        }
    }

    /// What is owed for the answer to an INVITE.
    pub(super) fn debt_of(&mut self, key: TransactionKey) -> Option<&mut Option<Debt>> {
        let entry = self.transactions.invite_servers.get_mut(&key)?;
        Some(&mut entry.debt)
    }

    /// The final answer to an INVITE goes out: of anybody but the peers it is counted.
    pub(super) fn awaits_ack(&mut self, key: TransactionKey) {
        if self.config.peers.is_empty()
            && let Some(entry) = self.transactions.invite_servers.get_mut(&key)
            && entry.debt.is_none()
        {
            entry.debt = Some(self.debts.owe(entry.source));
        }
    }

    /// It goes out again.
    pub(super) fn awaits_ack_still(&mut self, key: TransactionKey) {
        if let Some(entry) = self.transactions.invite_servers.get_mut(&key)
            && let Some(debt) = &mut entry.debt
        {
            self.debts.repeated(debt);
        }
    }

    fn cancel(&mut self, request: &Request<'_>) {
        let invite = TransactionKey::of_invite(request.message, &self.names);
        let known = self.transactions.invite_servers.get(&invite);
        if known.is_none() && !self.is_peer(request.source) {
            return self.not_a_peer(request);
        }
        let whose = known
            .and_then(|entry| entry.session)
            .map_or(Whose::Stranger, |_| Whose::InACall);
        if self.is_overloaded(request.message.method(), whose) {
            self.counters.overloaded += 1;
            return;
        }
        let Some(entry) = self.transactions.invite_servers.get(&invite) else {
            //= RFC 3261 section 9.2
            //# If the UAS did not find a matching transaction for the CANCEL according to the
            //# procedure above, it SHOULD respond to the CANCEL with a 481
            return self.refuse(request, None, &Refusal::plain(481));
        };
        let (session, tag) = (entry.session, entry.tag);
        let is_open = matches!(entry.machine, InviteServer::Proceeding { .. });
        self.received(session, request.message, Nth::First);
        //= RFC 3261 section 9.2
        //# the UAS answers the CANCEL request itself with a 200 (OK) response. ... the To tag of
        //# the response to the CANCEL and the To tag in the response to the original request
        //# SHOULD be the same.
        self.enter_server(request, session);
        let bytes = self
            .writer(request.message, request.source, 200, tag)
            .finish();
        self.reply(request.now, request.key, 200, bytes);
        //= RFC 3261 section 9.2
        //# the CANCEL request has no effect on the processing of the original request
        if let Some(id) = session.filter(|_| is_open) {
            self.cancelled(request.now, id, invite);
        }
    }

    /// An INVITE or re-INVITE was cancelled before we answered it.
    fn cancelled(&mut self, now: Mono, id: SessionId, invite: TransactionKey) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        match &mut session.state {
            State::Ringing(ringing) if ringing.key == invite => self.withdrawn(now, id),
            State::Up(_) => {
                self.refuse_reoffer(now, id, &Refusal::plain(487));
            }
            State::Ringing(_)
            | State::Calling { .. }
            | State::GivingUp
            | State::Leaving { .. }
            | State::Refused
            | State::Ending { .. } => {}
        }
    }

    /// An INVITE that began a session is not meant any more.
    pub(super) fn withdrawn(&mut self, now: Mono, id: SessionId) {
        self.fail_ringing(now, id, &Refusal::plain(487), None);
        self.event(Event::Ended {
            session: id,
            lost: false,
        });
        self.forget(id);
    }

    /// The final failure of an INVITE that began a session.
    pub(super) fn fail_ringing(
        &mut self,
        now: Mono,
        id: SessionId,
        refusal: &Refusal,
        reason: Option<&str>,
    ) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        let tag = session.local_tag;
        let State::Ringing(ringing) = session.take_state() else {
            return;
        };
        self.arm_session(id);
        let mut writer = self.writer(&ringing.invite, ringing.source, refusal.status, tag);
        refusal.write(&mut writer);
        if let Some(reason) = reason {
            writer.text(HeaderName::Reason, reason);
        }
        self.fail_invite(now, ringing.key, refusal.status, writer.finish());
    }
}
