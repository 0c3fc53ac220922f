//! Deadlines that come: copies go out, what is overdue is given up, what is over is dropped.
//!
//! RFC 3261 sections 9.1, 13.3.1.4, 17.1 and 17.2, table 4.

use rotaline_model::Mono;

use super::emit::Nth;
use super::timers::Timer;
use super::{Endpoint, MAX_PENDING_OUTPUTS};
use crate::boundary::{Event, SessionId, TracedWhat};
use crate::names::Branch;
use crate::session::State;
use crate::transaction::{Expired, InviteClient, TransactionKey};

impl Endpoint {
    /// Serves the deadlines that have come, as long as there is room for what they put out: those
    /// left are due at once when the outputs have been polled.
    pub(super) fn expire(&mut self, now: Mono) {
        while self.outputs.len() < MAX_PENDING_OUTPUTS {
            let Some(timer) = self.timers.take_due(now) else {
                return;
            };
            match timer {
                Timer::InviteClient(branch) => self.invite_client_due(now, branch),
                Timer::Client(branch) => self.client_due(now, branch),
                Timer::InviteServer(key) => self.invite_server_due(now, key),
                Timer::Server(key) => self.server_due(now, key),
                Timer::Session(id) => self.session_due(now, id),
            }
        }
    }

    fn invite_client_due(&mut self, now: Mono, branch: Branch) {
        let Some(entry) = self.transactions.invite_clients.get_mut(&branch) else {
            return;
        };
        entry.armed = None;
        let (id, to) = (entry.session, entry.origin.to);
        let was_calling = matches!(entry.machine, InviteClient::Calling { .. });
        match entry.machine.timeout(now) {
            Expired::NotDue => self.arm_invite_client(branch),
            Expired::Again(bytes) => {
                self.arm_invite_client(branch);
                self.send(
                    Some(id),
                    (to, bytes),
                    TracedWhat::Request("INVITE"),
                    Nth::Again,
                );
            }
            Expired::Failed => {
                self.transactions.invite_clients.remove(&branch);
                //= RFC 3261 section 8.1.3.1
                //# When a timeout error is received from the transaction layer, it MUST be treated
                //# as if a 408 (Request Timeout) status code has been received.
                let timed_out = was_calling;
                self.failed(
                    id,
                    Event::Failed {
                        session: id,
                        status: 408,
                        timed_out,
                    },
                );
            }
            Expired::Over => {
                self.transactions.invite_clients.remove(&branch);
            }
        }
    }

    fn client_due(&mut self, now: Mono, branch: Branch) {
        let timers = self.config.timers;
        let Some(entry) = self.transactions.clients.get_mut(&branch) else {
            return;
        };
        entry.armed = None;
        let (id, to, method) = (entry.session, entry.to, entry.method);
        match entry.machine.timeout(now, &timers) {
            Expired::NotDue => self.arm_client(branch),
            Expired::Again(bytes) => {
                self.arm_client(branch);
                self.send(
                    Some(id),
                    (to, bytes),
                    TracedWhat::Request(method),
                    Nth::Again,
                );
            }
            Expired::Failed => {
                self.transactions.clients.remove(&branch);
                self.bye_is_over(id, branch);
            }
            Expired::Over => {
                self.transactions.clients.remove(&branch);
            }
        }
    }

    fn invite_server_due(&mut self, now: Mono, key: TransactionKey) {
        let timers = self.config.timers;
        let Some(entry) = self.transactions.invite_servers.get_mut(&key) else {
            return;
        };
        entry.armed = None;
        let (session, to, status) = (entry.session, entry.to, entry.last_status);
        match entry.machine.timeout(now, &timers) {
            Expired::NotDue => self.arm_invite_server(key),
            Expired::Again(bytes) => {
                self.awaits_ack_still(key);
                self.arm_invite_server(key);
                self.send(
                    session,
                    (to, bytes),
                    TracedWhat::Response(status, "INVITE"),
                    Nth::Again,
                );
            }
            Expired::Failed | Expired::Over => {
                let entry = self.transactions.invite_servers.remove(&key);
                if let Some(debt) = entry.as_ref().and_then(|entry| entry.debt) {
                    self.debts.settle(debt);
                }
                self.drop_server(session, entry.and_then(|entry| entry.merged));
                self.refusal_is_over(session);
            }
        }
    }

    fn server_due(&mut self, now: Mono, key: TransactionKey) {
        let Some(entry) = self.transactions.servers.get_mut(&key) else {
            return;
        };
        entry.armed = None;
        match entry.machine.timeout(now) {
            Expired::NotDue | Expired::Again(_) => self.arm_server(key),
            Expired::Failed | Expired::Over => {
                let entry = self.transactions.servers.remove(&key);
                let session = entry.as_ref().and_then(|entry| entry.session);
                self.drop_server(session, entry.and_then(|entry| entry.merged));
            }
        }
    }

    /// An INVITE has expired, or a provisional response is due; or our 2xx is to go out again, or
    /// its ACK will not come.
    fn session_due(&mut self, now: Mono, id: SessionId) {
        let timers = self.config.timers;
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        session.armed = None;
        if let State::Ringing(ringing) = &session.state {
            //= RFC 3261 section 13.3.1
            //# If the invitation expires before the UAS has generated a final response, a 487
            //# (Request Terminated) response SHOULD be generated.
            if ringing.expires_at.is_some_and(|at| at <= now) {
                return self.withdrawn(now, id);
            }
            return self.remind(now, id);
        }
        let Some(success) = session.success_mut() else {
            return;
        };
        let (to, key) = (success.to, success.key);
        match success.timeout(now, &timers) {
            Expired::NotDue => self.arm_session(id),
            Expired::Again(bytes) => {
                self.awaits_ack_still(key);
                self.arm_session(id);
                self.send(
                    Some(id),
                    (to, bytes),
                    TracedWhat::Response(200, "INVITE"),
                    Nth::Again,
                );
            }
            Expired::Failed | Expired::Over => self.never_acknowledged(now, id),
        }
    }

    fn never_acknowledged(&mut self, now: Mono, id: SessionId) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        if matches!(session.state, State::Leaving { .. }) {
            return self.leave(now, id);
        }
        //= RFC 3261 section 13.3.1.4
        //# If the server retransmits the 2xx response for 64*T1 seconds without receiving an ACK,
        //# ... the session SHOULD be terminated. This is accomplished with a BYE
        if matches!(session.state, State::Up(_))
            && let State::Up(up) = session.take_state()
        {
            self.send_bye(now, id, up.dialog, None);
            self.event(Event::Ended {
                session: id,
                lost: true,
            });
            self.forget(id);
        }
    }
}
