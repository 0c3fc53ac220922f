//! Our INVITEs: sending, cancelling, and the 2xx of each fork.
//!
//! RFC 3261 sections 9.1, 12.1.2, 13.2 and 17.1.1.3. An INVITE that is answered twice, or after it
//! was given up, has its other answers acknowledged and ended.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;
use rotaline_model::Mono;

use super::admission::{ALLOW, SDP};
use super::emit::Nth;
use super::tables::{Fork, InviteClientEntry, Origin, Wish};
use super::timers::Timer;
use super::{Endpoint, caller};
use crate::boundary::{Asserted, Event, Identity, Invite, SessionId, Shown, TracedWhat};
use crate::dialog::{Dialog, Invited, MAX_FORWARDS, write_via};
use crate::message::{EscapedUser, HeaderName, Message, Method, Writer};
use crate::names::{Branch, LocalTag};
use crate::session::{Exchange, OfferIn, Session, State, Up};
use crate::transaction::{Cancel, InviteClient};

/// Forks of one INVITE whose 2xx is acknowledged and ended; 2xx of more are dropped and counted.
const MAX_FORKS: usize = 8;

impl Endpoint {
    /// Sends an INVITE. Without an offer in it (`offer` is empty) the far end is asked for its own.
    ///
    /// Beyond twice [`Config::max_sessions`](crate::Config) sessions it fails with 503 at once.
    pub fn invite(&mut self, now: Mono, invite: Invite) -> SessionId {
        let advertised = self.config.advertised;
        let (tag, branch) = (self.names.tag(), self.names.branch());
        let call_id = self.names.call_id();
        let cseq = self.names.cseq();
        let Presented {
            contact,
            from,
            asserted,
        } = presented(&invite, advertised, tag);
        let origin = Origin {
            to: invite.destination,
            target: invite.target.into(),
            from: from.into(),
            call_id: call_id.into(),
            cseq,
        };
        let offer = if invite.offer.is_empty() {
            OfferIn::Success
        } else {
            OfferIn::Invite
        };
        let id = self.enter(Session {
            call_id: origin.call_id.clone(),
            local_tag: tag,
            remote_tag: None,
            peer: invite.destination,
            contact: contact.into(),
            state: State::Calling { branch, offer },
            requests: 0,
            armed: None,
        });
        if self.sessions.len() > self.config.max_sessions.saturating_mul(2) {
            self.event(Event::Failed {
                session: id,
                status: 503,
                timed_out: false,
            });
            self.forget(id);
            return id;
        }
        let says = (invite.identity, asserted.as_deref());
        let bytes = self.write_invite(&origin, (branch, id), says, &invite.offer);
        let mut entry = InviteClientEntry {
            machine: InviteClient::new(now, bytes.clone(), &self.config.timers),
            session: id,
            origin: Box::new(origin),
            wish: Wish::Answer,
            forks: Vec::new(),
            last_status: 0,
            armed: None,
        };
        let at = entry.machine.deadline();
        self.timers
            .set(Timer::InviteClient(branch), &mut entry.armed, at);
        self.transactions.invite_clients.insert(branch, entry);
        let what = TracedWhat::Request("INVITE");
        self.send(Some(id), (invite.destination, bytes), what, Nth::First);
        id
    }

    /// Acknowledges a 2xx that brought an offer, with our answer. Whether one waited for it.
    pub fn acknowledge(&mut self, _now: Mono, session: SessionId, answer: Bytes) -> bool {
        let via_branch = self.names.branch();
        let Some(it) = self.sessions.get_mut(&session) else {
            return false;
        };
        let peer = it.peer;
        let State::Up(up) = &mut it.state else {
            return false;
        };
        let Exchange::AckOwed { branch, cseq } = up.exchange else {
            return false;
        };
        up.exchange = Exchange::Idle;
        let to = up.dialog.next_hop(peer);
        let writer = up.dialog.ack(cseq, self.config.advertised, via_branch);
        let answer = (!answer.is_empty()).then_some(answer.as_ref());
        let ack = self.finish_request(writer, answer);
        let tag = self
            .sessions
            .get(&session)
            .and_then(|it| it.remote_tag.clone());
        if let Some(entry) = self.transactions.invite_clients.get_mut(&branch)
            && let Some(fork) = entry.forks.iter_mut().find(|fork| fork.tag == tag)
        {
            fork.ack = Some(ack.clone());
        }
        self.send(
            Some(session),
            (to, ack),
            TracedWhat::Request("ACK"),
            Nth::First,
        );
        true
    }

    /// Wants an INVITE cancelled: at once if a provisional response is there, else with the first.
    pub(super) fn give_up(&mut self, now: Mono, branch: Branch, reason: Option<&str>) {
        if let Some(entry) = self.transactions.invite_clients.get_mut(&branch) {
            entry.wish = Wish::Cancel(reason.map(Box::from));
            self.cancel_if_wished(now, branch);
        }
    }

    /// Sends the CANCEL of an INVITE if it is wished for and may go out.
    pub(super) fn cancel_if_wished(&mut self, now: Mono, branch: Branch) {
        let (timers, advertised) = (self.config.timers, self.config.advertised);
        let Some(entry) = self.transactions.invite_clients.get_mut(&branch) else {
            return;
        };
        let Wish::Cancel(reason) = &mut entry.wish else {
            return;
        };
        match entry.machine.cancel(now, &timers) {
            Cancel::Wait | Cancel::TooLate => return,
            Cancel::Send => {}
        }
        let reason = reason.take();
        let session = entry.session;
        let origin = &entry.origin;
        let to = origin.to;
        //= RFC 3261 section 9.1
        //# The Request-URI, Call-ID, To, the numeric part of CSeq, and From header fields in the
        //# CANCEL request MUST be identical to those in the request being cancelled, including
        //# tags.
        let mut writer = origin.request(&Method::Cancel, advertised, branch, None);
        if let Some(reason) = reason {
            writer.text(HeaderName::Reason, &*reason);
        }
        let bytes = self.finish_request(writer, None);
        self.arm_invite_client(branch);
        self.enter_client(now, branch, session, "CANCEL", (to, bytes));
    }

    /// The ACK of a failure.
    pub(super) fn write_failure_ack(&self, branch: Branch, response: &Message) -> Bytes {
        let Some(entry) = self.transactions.invite_clients.get(&branch) else {
            return Bytes::new();
        };
        let origin = &entry.origin;
        //= RFC 3261 section 17.1.1.3
        //# The ACK request constructed by the client transaction MUST contain values for the
        //# Call-ID, From, and Request-URI that are equal to the values of those header fields in
        //# the request passed to the transport by the client transaction
        let writer = origin.request(&Method::Ack, self.config.advertised, branch, Some(response));
        writer.finish()
    }

    /// A 2xx to our INVITE: the answer, a copy of it, or one too many.
    pub(super) fn success(
        &mut self,
        now: Mono,
        branch: Branch,
        source: SocketAddr,
        response: &Message,
    ) {
        let Some(entry) = self.transactions.invite_clients.get(&branch) else {
            return;
        };
        let id = entry.session;
        let to_tag = response.to();
        if let Some(fork) = entry.fork(to_tag.tag()) {
            //= RFC 3261 section 13.2.2.4
            //# The UAC core MUST generate an ACK request for each 2xx received from the transaction
            //# layer.
            let again = fork.ack.clone().map(|ack| (fork.to, ack));
            self.received(Some(id), response, Nth::Again);
            if let Some(ack) = again {
                self.send(Some(id), ack, TracedWhat::Request("ACK"), Nth::Again);
            }
            return;
        }
        if entry.forks.len() >= MAX_FORKS {
            self.counters.excess_forks += 1;
            return;
        }
        let dialog = Dialog::of_response(response, &entry.origin.invited());
        self.received(Some(id), response, Nth::First);
        let state = self.sessions.get(&id).map(|session| &session.state);
        match state {
            Some(State::Calling { offer, .. }) => {
                let offer = *offer;
                self.answered(branch, source, response, (dialog, offer));
            }
            Some(State::GivingUp) => {
                let bye = self.acknowledge_and_end(now, branch, source, response, dialog);
                if let (Some(bye), Some(session)) = (bye, self.sessions.get_mut(&id)) {
                    session.remote_tag = response.to().tag().map(Box::from);
                    session.state = State::Ending { bye };
                }
            }
            //= RFC 3261 section 13.2.2.4
            //# If, after acknowledging any 2xx response to an INVITE, the UAC does not want to
            //# continue with that dialog, then the UAC MUST terminate the dialog by sending a BYE
            Some(_) | None => {
                self.acknowledge_and_end(now, branch, source, response, dialog);
            }
        }
    }

    /// The first 2xx of an INVITE whose answer is wanted.
    fn answered(
        &mut self,
        branch: Branch,
        source: SocketAddr,
        response: &Message,
        (dialog, offer): (Dialog, OfferIn),
    ) {
        let ack_branch = self.names.branch();
        let Some(entry) = self.transactions.invite_clients.get_mut(&branch) else {
            return;
        };
        let (id, cseq) = (entry.session, entry.origin.cseq);
        let to = dialog.next_hop(source);
        let tag: Option<Box<str>> = response.to().tag().map(Box::from);
        let (ack, exchange) = match offer {
            OfferIn::Invite => {
                let writer = dialog.ack(cseq, self.config.advertised, ack_branch);
                (Some(writer.finish()), Exchange::Idle)
            }
            OfferIn::Success => (None, Exchange::AckOwed { branch, cseq }),
        };
        entry.forks.push(Fork {
            tag: tag.clone(),
            to,
            ack: ack.clone(),
        });
        if let Some(session) = self.sessions.get_mut(&id) {
            session.remote_tag = tag;
            session.peer = source;
            session.state = State::Up(Box::new(Up { dialog, exchange }));
        }
        if let Some(ack) = ack {
            self.send(Some(id), (to, ack), TracedWhat::Request("ACK"), Nth::First);
        }
        let sdp = caller::description_in(response).unwrap_or_default();
        self.event(Event::Answered(id, sdp));
    }

    /// Acknowledges a 2xx that nobody wants any more, and ends its dialog; gives the BYE's branch.
    fn acknowledge_and_end(
        &mut self,
        now: Mono,
        branch: Branch,
        source: SocketAddr,
        response: &Message,
        mut dialog: Dialog,
    ) -> Option<Branch> {
        let (ack_branch, bye_branch) = (self.names.branch(), self.names.branch());
        let advertised = self.config.advertised;
        let entry = self.transactions.invite_clients.get_mut(&branch)?;
        let id = entry.session;
        let to = dialog.next_hop(source);
        let ack = dialog
            .ack(entry.origin.cseq, advertised, ack_branch)
            .finish();
        let tag = response.to().tag().map(Box::from);
        entry.forks.push(Fork {
            tag,
            to,
            ack: Some(ack.clone()),
        });
        self.send(Some(id), (to, ack), TracedWhat::Request("ACK"), Nth::First);
        let bye = dialog.request(&Method::Bye, advertised, bye_branch);
        let bye = self.finish_request(bye, None);
        self.enter_client(now, bye_branch, id, "BYE", (to, bye));
        Some(bye_branch)
    }

    fn write_invite(
        &self,
        origin: &Origin,
        (branch, id): (Branch, SessionId),
        (identity, asserted): (Identity, Option<&str>),
        offer: &[u8],
    ) -> Bytes {
        let contact = self
            .sessions
            .get(&id)
            .map_or("", |session| &session.contact);
        let mut writer = origin.request(&Method::Invite, self.config.advertised, branch, None);
        writer
            .text(HeaderName::Contact, contact)
            .text(HeaderName::Allow, ALLOW)
            .text(HeaderName::Accept, SDP);
        if let Some(asserted) = asserted {
            writer.text(HeaderName::PAssertedIdentity, asserted);
        }
        if identity.shown == Shown::Withheld {
            writer.text(HeaderName::Privacy, "id");
        }
        self.finish_request(writer, (!offer.is_empty()).then_some(offer))
    }

    /// Ends a request of ours, with or without SDP.
    pub(super) fn finish_request(&self, mut writer: Writer, sdp: Option<&[u8]>) -> Bytes {
        writer.text(HeaderName::UserAgent, &self.config.product);
        match sdp {
            Some(sdp) => writer.finish_with(SDP, sdp),
            None => writer.finish(),
        }
    }
}

/// Who an INVITE says calls, header by header.
struct Presented {
    contact: String,
    from: String,
    asserted: Option<String>,
}

fn presented(invite: &Invite, advertised: SocketAddr, tag: LocalTag) -> Presented {
    let (user, host) = (EscapedUser(&invite.from_user), UriHost(advertised.ip()));
    //= RFC 3323 section 4.1.1.3
    //# it is RECOMMENDED that user agents use the display-name "Anonymous" in their From header
    //# ... and the URI sip:anonymous@anonymous.invalid
    let (contact, from) = match invite.identity.shown {
        Shown::Number => (
            format!("<sip:{user}@{advertised}>"),
            format!("<sip:{user}@{host}>;tag={tag}"),
        ),
        Shown::Withheld => (
            format!("<sip:anonymous@{advertised}>"),
            format!("\"Anonymous\" <sip:anonymous@anonymous.invalid>;tag={tag}"),
        ),
    };
    let asserted = match invite.identity.asserted {
        Asserted::Header => Some(format!("<sip:{user}@{host}>")),
        Asserted::Nowhere => None,
    };
    Presented {
        contact,
        from,
        asserted,
    }
}

impl Origin {
    /// For the dialog that it makes.
    fn invited(&self) -> Invited<'_> {
        Invited {
            call_id: &self.call_id,
            from: &self.from,
            target: &self.target,
            cseq: self.cseq,
        }
    }

    /// Begins an INVITE, or what repeats it in its transaction: its CANCEL, or the ACK of a
    /// failure, whose To is the response's.
    fn request(
        &self,
        method: &Method,
        via: SocketAddr,
        branch: Branch,
        answered: Option<&Message>,
    ) -> Writer {
        let mut writer = Writer::request(method, &self.target);
        write_via(&mut writer, via, branch);
        writer
            .number(HeaderName::MaxForwards, MAX_FORWARDS)
            .text(HeaderName::From, &*self.from);
        match answered {
            Some(response) => writer.copy(response, HeaderName::To),
            None => writer.header(HeaderName::To, format_args!("<{}>", self.target)),
        };
        writer
            .text(HeaderName::CallId, &*self.call_id)
            .header(HeaderName::CSeq, format_args!("{} {method}", self.cseq));
        writer
    }
}

/// An address as the host of a URI.
struct UriHost(IpAddr);

impl fmt::Display for UriHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(address) => address.fmt(f),
            IpAddr::V6(address) => write!(f, "[{address}]"),
        }
    }
}
