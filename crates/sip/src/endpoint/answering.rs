//! Our responses to INVITEs, re-INVITEs and UPDATEs that the user decided on.
//!
//! RFC 3261 sections 12.1.1, 13.3.1 and 14.2, RFC 3311 section 5.2.

use std::time::Duration;

use bytes::Bytes;
use rotaline_model::Mono;

use super::admission::{ALLOW, Refusal, SDP};
use super::emit::Nth;
use super::{Endpoint, caller};
use crate::boundary::{RejectWith, SessionId, TracedWhat};
use crate::message::{HeaderName, Message, Method};
use crate::session::{Answers, Awaits, Exchange, Reoffer, Session, State, Success, Up};
use crate::transaction::{Sending, TransactionKey};

/// The status of a refusal whose own is none.
const NO_STATUS: u16 = 500;

/// The status that a caller gets who has had nothing but 100 for a minute.
const SOMETHING_GOES_ON: u16 = 183;

//= RFC 3261 section 13.3.1.1
//# To prevent cancellation, the UAS MUST send a non-100 provisional response at every minute, to
//# handle the possibility of lost provisional responses.
pub(super) const PROVISIONAL_EVERY: Duration = Duration::from_secs(60);

impl Endpoint {
    /// Sends a provisional response, 101 to 199, to an INVITE that is not answered; it goes out
    /// again each minute until there is another. Whether the session was there for it.
    pub fn progress(&mut self, now: Mono, session: SessionId, status: u16) -> bool {
        (101..200).contains(&status) && self.provisional(now, session, status, Nth::First)
    }

    /// It is a minute since the last response to an INVITE that is not answered.
    pub(super) fn remind(&mut self, now: Mono, id: SessionId) {
        let Some(State::Ringing(ringing)) = self.sessions.get(&id).map(|it| &it.state) else {
            return;
        };
        let last = self.transactions.invite_servers.get(&ringing.key);
        let (status, nth) = match last.map(|entry| entry.last_status) {
            Some(status @ 101..200) => (status, Nth::Again),
            Some(_) | None => (SOMETHING_GOES_ON, Nth::First),
        };
        self.provisional(now, id, status, nth);
    }

    fn provisional(&mut self, now: Mono, id: SessionId, status: u16, nth: Nth) -> bool {
        let Some(it) = self.sessions.get(&id) else {
            return false;
        };
        let State::Ringing(ringing) = &it.state else {
            return false;
        };
        let key = ringing.key;
        let mut writer = self.writer(&ringing.invite, ringing.source, status, it.local_tag);
        writer
            .text(HeaderName::Contact, &*it.contact)
            .text(HeaderName::Allow, ALLOW);
        let bytes = writer.finish();
        let Some(entry) = self.transactions.invite_servers.get_mut(&key) else {
            return false;
        };
        match entry.machine.provisional(bytes.clone()) {
            Sending::TooLate => return false,
            Sending::Send => {}
        }
        entry.last_status = status;
        let to = entry.to;
        if let Some(Session {
            state: State::Ringing(ringing),
            ..
        }) = self.sessions.get_mut(&id)
        {
            ringing.remind_at = now + PROVISIONAL_EVERY;
        }
        self.arm_session(id);
        let what = TracedWhat::Response(status, "INVITE");
        self.send(Some(id), (to, bytes), what, nth);
        true
    }

    /// Answers an INVITE: 200 with our answer, or with our offer if it had none. Whether the
    /// session was there to be answered.
    pub fn answer(&mut self, now: Mono, session: SessionId, sdp: Bytes) -> bool {
        let Some(it) = self.sessions.get_mut(&session) else {
            return false;
        };
        if !matches!(it.state, State::Ringing(_)) {
            return false;
        }
        let State::Ringing(ringing) = it.take_state() else {
            return false;
        };
        let up = Up {
            dialog: ringing.dialog,
            exchange: Exchange::Idle,
        };
        it.state = State::Up(Box::new(up));
        self.succeed(
            now,
            session,
            (ringing.key, &ringing.invite, ringing.source),
            (Answers::Invite, &sdp),
        );
        true
    }

    /// Refuses an INVITE. Whether the session was there to be refused.
    pub fn reject(&mut self, now: Mono, session: SessionId, with: RejectWith) -> bool {
        let Some(it) = self.sessions.get(&session) else {
            return false;
        };
        if !matches!(it.state, State::Ringing(_)) {
            return false;
        }
        let status = if (300..700).contains(&with.status) {
            with.status
        } else {
            NO_STATUS
        };
        let refusal = match with.retry_after_s {
            Some(seconds) => Refusal::retry_after(status, seconds),
            None => Refusal::plain(status),
        };
        self.fail_ringing(now, session, &refusal, None);
        true
    }

    /// Accepts a re-INVITE or UPDATE with our answer, or with our offer if it had none. Whether one
    /// was there.
    pub fn accept_reoffer(&mut self, now: Mono, session: SessionId, sdp: Bytes) -> bool {
        let Some(reoffer) = self.take_reoffer(session) else {
            return false;
        };
        if let Some(Session {
            state: State::Up(up),
            ..
        }) = self.sessions.get_mut(&session)
        {
            up.dialog.refresh_target(&reoffer.request);
        }
        let Reoffer {
            key,
            request,
            source,
        } = *reoffer;
        if *request.method() == Method::Invite {
            let answer = (Answers::Reinvite, sdp.as_ref());
            self.succeed(now, session, (key, &request, source), answer);
        } else if let Some(it) = self.sessions.get(&session) {
            let mut writer = self.writer(&request, source, 200, it.local_tag);
            writer.text(HeaderName::Contact, &*it.contact);
            self.reply(now, key, 200, writer.finish_with(SDP, &sdp));
        }
        true
    }

    /// Refuses a re-INVITE or UPDATE; the session goes on as it was. Whether one was there.
    pub fn reject_reoffer(&mut self, now: Mono, session: SessionId, status: u16) -> bool {
        let status = if (300..700).contains(&status) {
            status
        } else {
            NO_STATUS
        };
        self.refuse_reoffer(now, session, &Refusal::plain(status))
    }

    pub(super) fn refuse_reoffer(
        &mut self,
        now: Mono,
        session: SessionId,
        refusal: &Refusal,
    ) -> bool {
        let Some(reoffer) = self.take_reoffer(session) else {
            return false;
        };
        let Some(it) = self.sessions.get(&session) else {
            return false;
        };
        let Reoffer {
            key,
            request,
            source,
        } = *reoffer;
        let mut writer = self.writer(&request, source, refusal.status, it.local_tag);
        refusal.write(&mut writer);
        if *request.method() == Method::Invite {
            self.fail_invite(now, key, refusal.status, writer.finish());
        } else {
            self.reply(now, key, refusal.status, writer.finish());
        }
        true
    }

    fn take_reoffer(&mut self, session: SessionId) -> Option<Box<Reoffer>> {
        let State::Up(up) = &mut self.sessions.get_mut(&session)?.state else {
            return None;
        };
        match std::mem::replace(&mut up.exchange, Exchange::Idle) {
            Exchange::ReofferOpen(reoffer) => Some(reoffer),
            other @ (Exchange::Idle | Exchange::AckAwaited(_) | Exchange::AckOwed { .. }) => {
                up.exchange = other;
                None
            }
        }
    }

    /// Sends the 2xx of an INVITE or re-INVITE of a confirmed session, and awaits its ACK.
    fn succeed(
        &mut self,
        now: Mono,
        id: SessionId,
        (key, invite, source): (TransactionKey, &Message, std::net::SocketAddr),
        (answers, sdp): (Answers, &[u8]),
    ) {
        let timers = self.config.timers;
        let Some(session) = self.sessions.get(&id) else {
            return;
        };
        //= RFC 3261 section 13.3.1.4
        //# A 2xx response to an INVITE SHOULD contain the Allow header field
        //= RFC 3261 section 12.1.1
        //# The UAS MUST add a Contact header field to the response.
        let mut writer = self.writer(invite, source, 200, session.local_tag);
        writer
            .text(HeaderName::Contact, &*session.contact)
            .text(HeaderName::Allow, ALLOW);
        let bytes = writer.finish_with(SDP, sdp);
        let Some(entry) = self.transactions.invite_servers.get_mut(&key) else {
            return;
        };
        match entry.machine.success(now, &timers) {
            Sending::Send => {}
            Sending::TooLate => return,
        }
        entry.last_status = 200;
        let to = entry.to;
        self.awaits_ack(key);
        self.arm_invite_server(key);
        let awaits = match caller::description_in(invite) {
            None => Awaits::Answer,
            Some(_) => Awaits::Ack,
        };
        let cseq = invite.cseq().number;
        let (answers, sent) = ((answers, key, cseq), (to, bytes.clone()));
        let success = Success::new(now, &timers, answers, sent, awaits);
        if let Some(Session {
            state: State::Up(up),
            ..
        }) = self.sessions.get_mut(&id)
        {
            up.exchange = Exchange::AckAwaited(Box::new(success));
        }
        self.arm_session(id);
        self.send(
            Some(id),
            (to, bytes),
            TracedWhat::Response(200, "INVITE"),
            Nth::First,
        );
    }
}
