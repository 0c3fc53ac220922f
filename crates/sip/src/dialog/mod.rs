//! A dialog: what two user agents keep of each other between an INVITE and its BYE.
//!
//! RFC 3261 section 12. Kept as text that is ready to be written, since all that is ever done with
//! it is to write requests: ACK, BYE. The remote display name is not kept; only URI and tag count.
//! Session state, timers and transactions are elsewhere.

mod route;

use std::net::SocketAddr;
use std::sync::Arc;

use crate::message::{HeaderName, Message, Method, Writer};
use crate::names::{Branch, LocalTag};

pub(crate) use route::RouteSet;
pub use route::destination;

/// Hops that a request of ours may take (RFC 3261 section 8.1.1.6).
pub(crate) const MAX_FORWARDS: u32 = 70;

/// One side's view of a dialog.
pub(crate) struct Dialog {
    call_id: Arc<str>,
    /// Our From: URI and tag.
    local: Box<str>,
    /// Our To: URI and tag.
    remote: Box<str>,
    routes: RouteSet,
    /// Remote target: the far end's Contact.
    target: Box<str>,
    /// Number of our last request.
    local_cseq: u32,
    /// Number of the far end's last request, once there was one.
    remote_cseq: Option<u32>,
}

/// An INVITE of ours.
pub(crate) struct Invited<'a> {
    pub(crate) call_id: &'a Arc<str>,
    /// The whole From: URI and tag.
    pub(crate) from: &'a str,
    /// Request-URI, and the URI in To.
    pub(crate) target: &'a str,
    pub(crate) cseq: u32,
}

/// How a request's CSeq stands to those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Higher than all before.
    InOrder,
    /// Not higher.
    OutOfOrder,
}

impl Dialog {
    /// The dialog of an INVITE that we answer with `tag`; none if it names no remote target.
    pub(crate) fn of_request(invite: &Message, tag: LocalTag, first_cseq: u32) -> Option<Self> {
        let contact = invite.contact().ok().flatten()?;
        let from = invite.from();
        Some(Self {
            call_id: invite.call_id().into(),
            local: format!("<{}>;tag={tag}", invite.to().uri).into(),
            remote: party(from.uri.as_str(), from.tag()),
            //= RFC 3261 section 12.1.1
            //# The route set MUST be set to the list of URIs in the Record-Route header field from
            //# the request, taken in order and preserving all URI parameters.
            routes: RouteSet::in_order(invite),
            target: contact.uri.as_str().into(),
            local_cseq: first_cseq,
            remote_cseq: Some(invite.cseq().number),
        })
    }

    /// The dialog that a 2xx to our INVITE has made; what was invited stands in for a missing
    /// Contact.
    pub(crate) fn of_response(response: &Message, invited: &Invited<'_>) -> Self {
        let contact = response.contact().ok().flatten();
        //= RFC 3261 section 12.1.2
        //# The local sequence number MUST be set to the value of the sequence number in the CSeq
        //# header field of the request. ... The call identifier component of the dialog ID MUST be
        //# set to the value of the Call-ID in the request. The local tag component of the dialog ID
        //# MUST be set to the tag in the From field in the request
        // What the response repeats of these is not believed.
        Self {
            call_id: invited.call_id.clone(),
            local: invited.from.into(),
            remote: party(invited.target, response.to().tag()),
            //= RFC 3261 section 12.1.2
            //# The route set MUST be set to the list of URIs in the Record-Route header field from
            //# the response, taken in reverse order and preserving all URI parameters.
            routes: RouteSet::reversed(response),
            target: contact
                .map_or(invited.target, |contact| contact.uri.as_str())
                .into(),
            local_cseq: invited.cseq,
            remote_cseq: None,
        }
    }

    /// Takes note of the number of a request of the far end.
    pub(crate) fn order(&mut self, cseq: u32) -> Order {
        //= RFC 3261 section 12.2.2
        //# If the remote sequence number was not empty, but the sequence number of the request is
        //# lower than the remote sequence number, the request is out of order and MUST be rejected
        //# with a 500 (Server Internal Error) response.
        // An equal number is a replay: section 12.2.1.1 has each new request count one more.
        if self.remote_cseq.is_some_and(|last| cseq <= last) {
            return Order::OutOfOrder;
        }
        self.remote_cseq = Some(cseq);
        Order::InOrder
    }

    /// A re-INVITE or UPDATE was accepted: its Contact is where requests go to from now on.
    pub(crate) fn refresh_target(&mut self, request: &Message) {
        //= RFC 3261 section 12.2.2
        //# When a UAS receives a target refresh request, it MUST replace the dialog's remote target
        //# URI with the URI from the Contact header field in that request, if present.
        if let Ok(Some(contact)) = request.contact() {
            self.target = contact.uri.as_str().into();
        }
    }

    /// Begins the dialog's next request, with all but what is the method's own.
    pub(crate) fn request(&mut self, method: &Method, via: SocketAddr, branch: Branch) -> Writer {
        //= RFC 3261 section 12.2.1.1
        //# Requests within a dialog MUST contain strictly monotonically increasing and contiguous
        //# CSeq sequence numbers ... (except for ACK and CANCEL, of course)
        self.local_cseq += 1;
        self.write(method, self.local_cseq, via, branch)
    }

    /// Begins the ACK of the 2xx to our INVITE that had this number.
    pub(crate) fn ack(&self, cseq: u32, via: SocketAddr, branch: Branch) -> Writer {
        self.write(&Method::Ack, cseq, via, branch)
    }

    /// Where its requests go to: the first hop if it is named by address, else where the far end's
    /// last message came from, since nobody here can resolve a name.
    pub(crate) fn next_hop(&self, peer: SocketAddr) -> SocketAddr {
        let hop = self.routes.first_uri().unwrap_or(&self.target);
        destination(hop).unwrap_or(peer)
    }

    fn write(&self, method: &Method, cseq: u32, via: SocketAddr, branch: Branch) -> Writer {
        let (uri, route) = self.routes.apply(&self.target);
        let mut writer = Writer::request(method, &uri);
        write_via(&mut writer, via, branch);
        writer.number(HeaderName::MaxForwards, MAX_FORWARDS);
        if let Some(route) = route {
            writer.text(HeaderName::Route, &*route);
        }
        writer
            .text(HeaderName::From, &*self.local)
            .text(HeaderName::To, &*self.remote)
            .text(HeaderName::CallId, &*self.call_id)
            .header(HeaderName::CSeq, format_args!("{cseq} {method}"));
        writer
    }
}

/// Writes the one Via of a request of ours.
pub(crate) fn write_via(writer: &mut Writer, via: SocketAddr, branch: Branch) {
    //= RFC 3581 section 3
    //# MAY include an "rport" parameter in the top Via header field value of requests it
    //# generates. This parameter MUST have no value
    writer.header(
        HeaderName::Via,
        format_args!("SIP/2.0/UDP {via};rport;branch={branch}"),
    );
}

/// A From or To value; a peer of RFC 2543 may have no tag.
fn party(uri: &str, tag: Option<&str>) -> Box<str> {
    match tag {
        Some(tag) => format!("<{uri}>;tag={tag}").into(),
        None => format!("<{uri}>").into(),
    }
}
