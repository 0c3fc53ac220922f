//! Requests outside any dialog: a new call, an OPTIONS, or something to refuse.
//!
//! RFC 3261 sections 8.2, 11.2, 12.1.1 and 13.3.

use std::time::Duration;

use super::admission::{ACCEPT, ALLOW, BUSY_RETRY_AFTER_S, Place, Refusal, refusal};
use super::answering::PROVISIONAL_EVERY;
use super::emit::Nth;
use super::{Endpoint, Request, caller};
use crate::boundary::{Event, SessionId, TracedWhat};
use crate::dialog::Dialog;
use crate::message::{EscapedUser, HeaderName, Method};
use crate::session::{Ringing, Session, State};
use crate::transaction::{Sending, TransactionKey};

impl Endpoint {
    pub(super) fn outside(&mut self, request: &Request<'_>) {
        if let Some(refusal) = refusal(request.message, Place::Outside) {
            return self.refuse(request, None, &refusal);
        }
        //= RFC 3261 section 8.2.2.2
        //# If the From tag, Call-ID, and CSeq exactly match those associated with an ongoing
        //# transaction, but the request does not match that transaction ..., the UAS core SHOULD
        //# generate a 482 (Loop Detected) response
        let merged = TransactionKey::of_merged(request.message, &self.names);
        if self.transactions.merged.contains_key(&merged) {
            return self.refuse(request, None, &Refusal::plain(482));
        }
        match request.message.method() {
            Method::Invite => self.new_session(request),
            Method::Options => self.options(request, None),
            //= RFC 3261 section 15.1.2
            //# If the BYE does not match an existing dialog, the UAS core SHOULD generate a 481
            Method::Bye
            | Method::Info
            | Method::Update
            | Method::Ack
            | Method::Cancel
            | Method::Register
            | Method::Prack
            | Method::Subscribe
            | Method::Notify
            | Method::Refer
            | Method::Message
            | Method::Publish
            | Method::Other(_) => {
                self.refuse(request, None, &Refusal::plain(481));
            }
        }
    }

    //= RFC 3261 section 11.2
    //# Allow, Accept, Accept-Encoding, Accept-Language, and Supported header fields SHOULD be
    //# present in a 200 (OK) response to an OPTIONS request.
    // The empty encoding, language and extension lists are left out.
    pub(super) fn options(&mut self, request: &Request<'_>, session: Option<SessionId>) {
        let tag = self.names.tag();
        self.enter_server(request, session);
        let mut writer = self.writer(request.message, request.source, 200, tag);
        writer
            .text(HeaderName::Allow, ALLOW)
            .text(HeaderName::Accept, ACCEPT);
        self.reply(request.now, request.key, 200, writer.finish());
    }

    fn new_session(&mut self, request: &Request<'_>) {
        if self.sessions.len() >= self.config.max_sessions {
            let refusal = Refusal::retry_after(503, BUSY_RETRY_AFTER_S);
            return self.refuse(request, None, &refusal);
        }
        let invite = request.message;
        let (tag, first_cseq) = (self.names.tag(), self.names.cseq());
        //= RFC 3261 section 8.1.1.8
        //# The Contact header field MUST be present and contain exactly one SIP or SIPS URI in any
        //# request that can result in the establishment of a dialog.
        let Some(dialog) = Dialog::of_request(invite, tag, first_cseq) else {
            return self.refuse(request, None, &Refusal::plain(400));
        };
        let incoming = caller::incoming(invite, request.source);
        let expires_s = invite.expires_s().ok().flatten();
        let expires_after = expires_s.map(|it| Duration::from_secs(it.into()));
        let advertised = self.config.advertised;
        let contact = match incoming.dialled.as_str() {
            "" => format!("<sip:{advertised}>"),
            dialled => format!("<sip:{}@{advertised}>", EscapedUser(dialled)),
        };
        let id = self.enter(Session {
            call_id: invite.call_id().into(),
            local_tag: tag,
            remote_tag: invite.from().tag().map(Box::from),
            peer: request.source,
            contact: contact.into(),
            state: State::Ringing(Box::new(Ringing {
                key: request.key,
                invite: invite.clone(),
                source: request.source,
                dialog,
                remind_at: request.now + PROVISIONAL_EVERY,
                expires_at: expires_after.map(|it| request.now + it),
            })),
            requests: 0,
            armed: None,
        });
        self.arm_session(id);
        self.enter_invite_server(request, Some(id), tag);
        self.received(Some(id), invite, Nth::First);
        self.trying(request, id);
        self.event(Event::Incoming(id, Box::new(incoming)));
    }

    //= RFC 3261 section 17.2.1
    //# The server transaction MUST generate a 100 (Trying) response unless it knows that the TU
    //# will generate a provisional or final response within 200 ms
    fn trying(&mut self, request: &Request<'_>, id: SessionId) {
        let Some(entry) = self.transactions.invite_servers.get(&request.key) else {
            return;
        };
        let (to, tag) = (entry.to, entry.tag);
        let bytes = self
            .writer(request.message, request.source, 100, tag)
            .finish();
        let Some(entry) = self.transactions.invite_servers.get_mut(&request.key) else {
            return;
        };
        entry.last_status = 100;
        match entry.machine.provisional(bytes.clone()) {
            Sending::Send => {
                self.send(
                    Some(id),
                    (to, bytes),
                    TracedWhat::Response(100, "INVITE"),
                    Nth::First,
                );
            }
            Sending::TooLate => {}
        }
    }
}
