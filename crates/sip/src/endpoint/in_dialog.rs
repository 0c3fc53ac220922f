//! Requests inside a dialog: BYE, re-INVITE, UPDATE, INFO, OPTIONS.
//!
//! RFC 3261 sections 12.2.2, 14.2 and 15.1.2, RFC 3311 section 5.2 (UPDATE), RFC 6086 (INFO: the
//! body is for someone else), RFC 6337 section 4 (one exchange at a time).

use super::admission::{Place, Refusal, refusal};
use super::emit::Nth;
use super::{Endpoint, Request, caller};
use crate::boundary::{Event, SessionId};
use crate::dialog::Order;
use crate::message::{HeaderName, Method};
use crate::session::{Awaits, Exchange, Reoffer, State};

/// Whether a new offer may be looked at now.
enum Turn {
    /// It may.
    Free,
    /// It may, and it proves that the far end has our 2xx, whose ACK was lost.
    FreeAcknowledged,
    /// Not now.
    Refused(Refusal),
}

impl Endpoint {
    pub(super) fn in_dialog(&mut self, request: &Request<'_>, id: SessionId) {
        self.received(Some(id), request.message, Nth::First);
        if let Some(refusal) = refusal(request.message, Place::InDialog) {
            return self.refuse(request, Some(id), &refusal);
        }
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        session.peer = request.source;
        // With our refusal the early dialog is gone.
        if matches!(session.state, State::Refused) {
            return self.refuse(request, Some(id), &Refusal::plain(481));
        }
        let cseq = request.message.cseq().number;
        let order = match &mut session.state {
            State::Ringing(ringing) => ringing.dialog.order(cseq),
            State::Up(up) => up.dialog.order(cseq),
            State::Leaving { dialog, .. } => dialog.order(cseq),
            State::Calling { .. } | State::GivingUp | State::Refused | State::Ending { .. } => {
                Order::InOrder
            }
        };
        if order == Order::OutOfOrder {
            return self.refuse(request, Some(id), &Refusal::plain(500));
        }
        match request.message.method() {
            Method::Bye => self.bye(request, id),
            Method::Invite | Method::Update => self.reoffer(request, id),
            Method::Options => self.options(request, Some(id)),
            Method::Info => self.accept(request, id),
            // Refused above, or not a request of this kind.
            Method::Ack
            | Method::Cancel
            | Method::Register
            | Method::Prack
            | Method::Subscribe
            | Method::Notify
            | Method::Refer
            | Method::Message
            | Method::Publish
            | Method::Other(_) => {
                self.refuse(request, Some(id), &Refusal::plain(405));
            }
        }
    }

    /// 200 without a body.
    fn accept(&mut self, request: &Request<'_>, id: SessionId) {
        let Some(session) = self.sessions.get(&id) else {
            return;
        };
        let mut writer = self.writer(request.message, request.source, 200, session.local_tag);
        if *request.message.method() == Method::Update {
            writer.text(HeaderName::Contact, &*session.contact);
        }
        self.enter_server(request, Some(id));
        self.reply(request.now, request.key, 200, writer.finish());
    }

    fn bye(&mut self, request: &Request<'_>, id: SessionId) {
        self.accept(request, id);
        //= RFC 3261 section 15.1.2
        //# The UAS MUST still respond to any pending requests received for that dialog. It is
        //# RECOMMENDED that a 487 (Request Terminated) response be generated to those pending
        //# requests.
        let Some(session) = self.sessions.get(&id) else {
            return;
        };
        let ended = match &session.state {
            State::Up(_) => {
                self.refuse_reoffer(request.now, id, &Refusal::plain(487));
                Event::Ended {
                    session: id,
                    lost: false,
                }
            }
            State::Ringing(_) => {
                self.fail_ringing(request.now, id, &Refusal::plain(487), None);
                Event::Ended {
                    session: id,
                    lost: false,
                }
            }
            // A callee that answered, got no ACK and gave up; we never saw its answer.
            State::Calling { branch, .. } => {
                let branch = *branch;
                self.give_up(request.now, branch, None);
                Event::Ended {
                    session: id,
                    lost: false,
                }
            }
            State::GivingUp | State::Leaving { .. } => Event::Terminated(id),
            // Our own BYE, or the ACK of our refusal, is still on its way.
            State::Refused | State::Ending { .. } => return,
        };
        self.event(ended);
        self.forget(id);
    }

    fn reoffer(&mut self, request: &Request<'_>, id: SessionId) {
        let offer = caller::description_in(request.message);
        // An UPDATE without an offer refreshes the target, and a session's timer.
        let is_refresh = *request.message.method() == Method::Update && offer.is_none();
        let later_s = self.names.retry_after_s();
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        let turn = match &session.state {
            State::Ringing(_) | State::Up(_) if is_refresh => Turn::Free,
            State::Calling { .. } | State::GivingUp if is_refresh => Turn::Free,
            //= RFC 3261 section 14.2
            //# A UAS that receives an INVITE on a dialog while an INVITE it had sent on that dialog
            //# is in progress MUST return a 491 (Request Pending) response
            State::Calling { .. } | State::GivingUp => Turn::Refused(Refusal::plain(491)),
            //= RFC 3261 section 14.2
            //# A UAS that receives a second INVITE before it sends the final response to a first
            //# INVITE ... MUST return a 500 (Server Internal Error) response to the second INVITE
            //# and MUST include a Retry-After header field with a randomly chosen value of between
            //# 0 and 10 seconds.
            State::Ringing(_) => Turn::Refused(Refusal::retry_after(500, later_s)),
            State::Up(up) => turn(&up.exchange, later_s),
            State::Leaving { .. } | State::Refused | State::Ending { .. } => {
                Turn::Refused(Refusal::plain(481))
            }
        };
        match turn {
            Turn::Refused(refusal) => return self.refuse(request, Some(id), &refusal),
            Turn::FreeAcknowledged => self.acknowledged(request.now, id, None),
            Turn::Free => {}
        }
        if is_refresh {
            return self.refresh(request, id);
        }
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        let State::Up(up) = &mut session.state else {
            return;
        };
        let tag = session.local_tag;
        up.exchange = Exchange::ReofferOpen(Box::new(Reoffer {
            key: request.key,
            request: request.message.clone(),
            source: request.source,
        }));
        if *request.message.method() == Method::Invite {
            self.enter_invite_server(request, Some(id), tag);
        } else {
            self.enter_server(request, Some(id));
        }
        self.event(Event::Reoffer(id, offer));
    }

    fn refresh(&mut self, request: &Request<'_>, id: SessionId) {
        if let Some(session) = self.sessions.get_mut(&id) {
            match &mut session.state {
                State::Ringing(ringing) => ringing.dialog.refresh_target(request.message),
                State::Up(up) => up.dialog.refresh_target(request.message),
                State::Calling { .. }
                | State::GivingUp
                | State::Leaving { .. }
                | State::Refused
                | State::Ending { .. } => {}
            }
        }
        self.accept(request, id);
    }
}

/// Whether it is a new offer's turn in a confirmed session.
fn turn(exchange: &Exchange, later_s: u32) -> Turn {
    match exchange {
        Exchange::Idle => Turn::Free,
        Exchange::AckAwaited(success) => match success.awaits {
            Awaits::Ack => Turn::FreeAcknowledged,
            // RFC 3311 section 5.2: an offer of ours is outstanding.
            Awaits::Answer => Turn::Refused(Refusal::plain(491)),
        },
        Exchange::AckOwed { .. } => Turn::Refused(Refusal::plain(491)),
        Exchange::ReofferOpen(_) => Turn::Refused(Refusal::retry_after(500, later_s)),
    }
}
