//! Responses that come in: each finds the client transaction that it is for, or is dropped.
//!
//! RFC 3261 sections 8.1.3, 13.2.2, 17.1.3 and 18.1.2.

use std::net::SocketAddr;

use rotaline_model::Mono;

use super::Endpoint;
use super::emit::Nth;
use crate::boundary::{Event, SessionId, TracedWhat};
use crate::message::{Message, Method};
use crate::names::Branch;
use crate::session::State;
use crate::transaction::Received;

impl Endpoint {
    pub(super) fn response(&mut self, now: Mono, source: SocketAddr, response: &Message) {
        let matched = match (
            self.branch_of(response),
            response.status(),
            response.method(),
        ) {
            (Some(branch), Some(status), Method::Invite) => {
                self.invite_response(now, source, branch, status, response)
            }
            (Some(branch), Some(status), method) => {
                self.other_response(now, source, branch, (status, method), response)
            }
            (None, _, _) | (_, None, _) => false,
        };
        if !matched {
            self.counters.stray_responses += 1;
        }
    }

    /// Our branch in a response that can be to a request of ours.
    fn branch_of(&self, response: &Message) -> Option<Branch> {
        let via = response.via();
        //= RFC 3261 section 18.1.2
        //# If the value of the "sent-by" parameter in that header field value does not correspond
        //# to a value that the client transport is configured to insert into requests, the response
        //# MUST be silently discarded.
        if !via.is_sent_by(self.config.advertised) {
            return None;
        }
        //= RFC 3261 section 8.1.3.3
        //# If more than one Via header field value is present in a response, the UAC SHOULD discard
        //# the message.
        if response.vias().nth(1).is_some() {
            return None;
        }
        Branch::parse(via.branch()?)
    }

    fn invite_response(
        &mut self,
        now: Mono,
        source: SocketAddr,
        branch: Branch,
        status: u16,
        response: &Message,
    ) -> bool {
        let timers = self.config.timers;
        // Written before it is known to be wanted, since the machine and the INVITE lie together.
        let ack = match status {
            300.. => self.write_failure_ack(branch, response),
            _ => bytes::Bytes::new(),
        };
        let Some(entry) = self.transactions.invite_clients.get_mut(&branch) else {
            return false;
        };
        let (id, to) = (entry.session, entry.origin.to);
        let nth = Nth::of_status(status, entry.last_status);
        let received = entry.machine.response(now, status, &timers, || ack);
        if !matches!(received, Received::Copy) {
            entry.last_status = status;
        }
        self.arm_invite_client(branch);
        match received {
            Received::Pass if status < 200 => {
                self.received(Some(id), response, nth);
                self.proceeding(id, source, status, nth);
                self.cancel_if_wished(now, branch);
            }
            Received::Pass => self.success(now, branch, source, response),
            Received::PassAfter(ack) => {
                self.received(Some(id), response, Nth::First);
                self.send(Some(id), (to, ack), TracedWhat::Request("ACK"), Nth::First);
                self.failed(
                    id,
                    Event::Failed {
                        session: id,
                        status,
                        timed_out: false,
                    },
                );
            }
            Received::Again(ack) => {
                self.received(Some(id), response, Nth::Again);
                self.send(Some(id), (to, ack), TracedWhat::Request("ACK"), Nth::Again);
            }
            Received::Copy => self.received(Some(id), response, Nth::Again),
            Received::Stray => return false,
        }
        true
    }

    /// A provisional response to our INVITE.
    fn proceeding(&mut self, id: SessionId, source: SocketAddr, status: u16, nth: Nth) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        session.peer = source;
        if !matches!(session.state, State::Calling { .. }) {
            return;
        }
        match (status, nth) {
            (100, Nth::First) => self.event(Event::Trying(id)),
            (100, Nth::Again) => {}
            (_, Nth::First | Nth::Again) => self.event(Event::Progress(id, status)),
        }
    }

    /// Our INVITE came to nothing.
    pub(super) fn failed(&mut self, id: SessionId, failed: Event) {
        match self.sessions.get(&id).map(|session| &session.state) {
            Some(State::Calling { .. }) => {
                self.event(failed);
                self.forget(id);
            }
            Some(State::GivingUp) => self.terminated(id),
            Some(
                State::Ringing(_)
                | State::Up(_)
                | State::Leaving { .. }
                | State::Refused
                | State::Ending { .. },
            )
            | None => {}
        }
    }

    fn other_response(
        &mut self,
        now: Mono,
        source: SocketAddr,
        branch: Branch,
        (status, method): (u16, &Method),
        response: &Message,
    ) -> bool {
        let timers = self.config.timers;
        let Some(entry) = self.transactions.clients.get_mut(&branch) else {
            return false;
        };
        //= RFC 3261 section 17.1.3
        //# 2. If the method parameter in the CSeq header field matches the method of the request
        //# that created the transaction.
        if method.known_name() != Some(entry.method) {
            return false;
        }
        let id = entry.session;
        let nth = Nth::of_status(status, entry.last_status);
        let received = entry.machine.response(now, status, &timers);
        entry.last_status = status;
        self.arm_client(branch);
        match received {
            Received::Pass => {
                self.received(Some(id), response, nth);
                if let Some(session) = self.sessions.get_mut(&id) {
                    session.peer = source;
                }
                if status >= 200 {
                    self.bye_is_over(id, branch);
                }
            }
            Received::Copy => self.received(Some(id), response, Nth::Again),
            Received::PassAfter(_) | Received::Again(_) | Received::Stray => return false,
        }
        true
    }

    /// A request of ours was answered, in whatever way, or never will be. If it was the BYE that a
    /// session waits for, the session is over.
    pub(super) fn bye_is_over(&mut self, id: SessionId, branch: Branch) {
        let state = self.sessions.get(&id).map(|session| &session.state);
        if matches!(state, Some(State::Ending { bye }) if *bye == branch) {
            self.terminated(id);
        }
    }

    pub(super) fn terminated(&mut self, id: SessionId) {
        self.event(Event::Terminated(id));
        self.forget(id);
    }
}
