//! Hanging up: CANCEL, BYE or a refusal, whatever fits the state.
//!
//! RFC 3261 sections 9.1 and 15.1.1.

use std::net::SocketAddr;

use bytes::Bytes;
use rotaline_model::Mono;

use super::Endpoint;
use super::admission::Refusal;
use super::emit::Nth;
use super::tables::ClientEntry;
use crate::boundary::{SessionId, TracedWhat};
use crate::dialog::Dialog;
use crate::message::{HeaderName, Method};
use crate::names::Branch;
use crate::session::{Answers, Exchange, State, Up};
use crate::transaction::Client;

/// What an INVITE gets that we hang up on.
const HUNG_UP_ON: u16 = 480;

impl Endpoint {
    /// Ends a session, with the value of a Reason header field if there is one to give. Whether the
    /// session was there and not being ended already. After it comes `Terminated`, and nothing
    /// else.
    pub fn hang_up(&mut self, now: Mono, session: SessionId, reason: Option<&str>) -> bool {
        let Some(it) = self.sessions.get_mut(&session) else {
            return false;
        };
        match &it.state {
            State::Calling { branch, .. } => {
                let branch = *branch;
                it.state = State::GivingUp;
                self.give_up(now, branch, reason);
            }
            State::Ringing(_) => {
                self.fail_ringing(now, session, &Refusal::plain(HUNG_UP_ON), reason);
            }
            State::Up(_) => self.hang_up_confirmed(now, session, reason),
            State::GivingUp | State::Leaving { .. } | State::Refused | State::Ending { .. } => {
                return false;
            }
        }
        true
    }

    fn hang_up_confirmed(&mut self, now: Mono, id: SessionId, reason: Option<&str>) {
        self.refuse_reoffer(now, id, &Refusal::plain(487));
        // A 2xx that waits for our answer is acknowledged without one: its BYE follows at once.
        self.acknowledge(now, id, Bytes::new());
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        let State::Up(up) = session.take_state() else {
            return;
        };
        let Up { dialog, exchange } = *up;
        match exchange {
            //= RFC 3261 section 15
            //# the callee's UA MUST NOT send a BYE on a confirmed dialog until it has received an
            //# ACK for its 2xx response or until the server transaction times out.
            // That 2xx is the one that made the dialog; a re-INVITE's holds no BYE up.
            Exchange::AckAwaited(success) if success.answers == Answers::Invite => {
                let (dialog, reason) = (Box::new(dialog), reason.map(Box::from));
                session.state = State::Leaving {
                    dialog,
                    success,
                    reason,
                };
            }
            Exchange::AckAwaited(_)
            | Exchange::Idle
            | Exchange::AckOwed { .. }
            | Exchange::ReofferOpen(_) => {
                self.send_bye(now, id, dialog, reason);
            }
        }
    }

    /// The ACK that a wished-for BYE has waited for is there, or will not come.
    pub(super) fn leave(&mut self, now: Mono, id: SessionId) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        match session.take_state() {
            State::Leaving { dialog, reason, .. } => {
                self.send_bye(now, id, *dialog, reason.as_deref());
            }
            other @ (State::Calling { .. }
            | State::GivingUp
            | State::Ringing(_)
            | State::Up(_)
            | State::Refused
            | State::Ending { .. }) => session.state = other,
        }
    }

    /// Sends the BYE of a session, of which nothing but its response is awaited from now on.
    pub(super) fn send_bye(
        &mut self,
        now: Mono,
        id: SessionId,
        mut dialog: Dialog,
        reason: Option<&str>,
    ) {
        let branch = self.names.branch();
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        session.state = State::Ending { bye: branch };
        let to = dialog.next_hop(session.peer);
        let mut writer = dialog.request(&Method::Bye, self.config.advertised, branch);
        if let Some(reason) = reason {
            writer.text(HeaderName::Reason, reason);
        }
        let bytes = self.finish_request(writer, None);
        self.arm_session(id);
        self.enter_client(now, branch, id, "BYE", (to, bytes));
    }

    /// Sends a request of ours in a transaction of its own.
    pub(super) fn enter_client(
        &mut self,
        now: Mono,
        branch: Branch,
        session: SessionId,
        method: &'static str,
        (to, bytes): (SocketAddr, Bytes),
    ) {
        let machine = Client::new(now, bytes.clone(), &self.config.timers);
        let entry = ClientEntry {
            machine,
            session,
            to,
            method,
            last_status: 0,
            armed: None,
        };
        self.transactions.clients.insert(branch, entry);
        self.arm_client(branch);
        self.send(
            Some(session),
            (to, bytes),
            TracedWhat::Request(method),
            Nth::First,
        );
    }
}
