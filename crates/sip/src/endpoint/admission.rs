//! Which requests are refused whatever they are about.
//!
//! RFC 3261 sections 8.2.1 to 8.2.3, 20.5, 21.4; RFC 7332 (a back-to-back user agent is a hop, and
//! loops through one must end).

use crate::message::{BodyFault, HeaderName, Message, Method, SipScheme, Uri, Writer};

/// The methods that are served.
pub(super) const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE";

/// The one type of body that is understood, and sent.
pub(super) const SDP: &str = "application/sdp";

/// What bodies may be: a session description, or parts with one among them (RFC 5621 section 3).
pub(super) const ACCEPT: &str = "application/sdp, multipart/mixed";

/// Seconds after which a refused caller may try again.
pub(super) const BUSY_RETRY_AFTER_S: u32 = 5;

/// How a request is refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    hint: Hint,
}

/// What a refusal tells beside its status.
#[derive(Debug, PartialEq, Eq)]
enum Hint {
    Nothing,
    Allow,
    Accept,
    AcceptEncoding,
    RecvInfo,
    Unsupported(String),
    RetryAfter(u32),
}

/// Whether a request is part of a dialog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Outside,
    InDialog,
}

impl Refusal {
    pub(super) fn plain(status: u16) -> Self {
        Self {
            status,
            hint: Hint::Nothing,
        }
    }

    pub(super) fn retry_after(status: u16, seconds: u32) -> Self {
        Self {
            status,
            hint: Hint::RetryAfter(seconds),
        }
    }

    /// Writes what it tells.
    pub(super) fn write(&self, writer: &mut Writer) {
        match &self.hint {
            Hint::Nothing => {}
            Hint::Allow => {
                writer.text(HeaderName::Allow, ALLOW);
            }
            Hint::Accept => {
                writer.text(HeaderName::Accept, ACCEPT);
            }
            Hint::AcceptEncoding => {
                writer.text(HeaderName::AcceptEncoding, "identity");
            }
            Hint::RecvInfo => {
                writer.extension_header("Recv-Info", "");
            }
            Hint::Unsupported(options) => {
                writer.text(HeaderName::Unsupported, options);
            }
            Hint::RetryAfter(seconds) => {
                writer.number(HeaderName::RetryAfter, *seconds);
            }
        }
    }
}

/// Why a request is refused, if it is.
pub(super) fn refusal(request: &Message, place: Place) -> Option<Refusal> {
    if request.check().is_err() {
        return Some(Refusal::plain(400));
    }
    method_refusal(request.method())
        .or_else(|| match place {
            Place::Outside => uri_refusal(request),
            Place::InDialog => None,
        })
        .or_else(|| require_refusal(request))
        .or_else(|| body_refusal(request))
        .or_else(|| info_refusal(request))
        .or_else(|| match place {
            Place::Outside => hops_refusal(request),
            Place::InDialog => None,
        })
}

fn method_refusal(method: &Method) -> Option<Refusal> {
    match method {
        Method::Invite
        | Method::Ack
        | Method::Bye
        | Method::Cancel
        | Method::Options
        | Method::Info
        | Method::Update => None,
        //= RFC 3261 section 8.2.1
        //# If the UAS recognizes but does not support the method of a request, it MUST generate a
        //# 405 (Method Not Allowed) response. ... The UAS MUST also add an Allow header field
        Method::Register
        | Method::Prack
        | Method::Subscribe
        | Method::Notify
        | Method::Refer
        | Method::Message
        | Method::Publish => Some(Refusal {
            status: 405,
            hint: Hint::Allow,
        }),
        Method::Other(_) => Some(Refusal {
            status: 501,
            hint: Hint::Allow,
        }),
    }
}

fn uri_refusal(request: &Message) -> Option<Refusal> {
    //= RFC 3261 section 8.2.2.1
    //# If the Request-URI uses a scheme not supported by the UAS, it SHOULD reject the request with
    //# a 416 (Unsupported URI Scheme) response.
    match request.request_uri()? {
        Uri::Sip(uri) if uri.scheme == SipScheme::Sip => None,
        Uri::Tel(_) => None,
        Uri::Sip(_) | Uri::Other(_) => Some(Refusal::plain(416)),
    }
}

fn require_refusal(request: &Message) -> Option<Refusal> {
    //= RFC 3261 section 8.2.2.3
    //# If a UAS does not understand an option-tag listed in a Require header field, it MUST respond
    //# by generating a response with status code 420 (Bad Extension). The UAS MUST add an
    //# Unsupported header field, and list in it those options it does not understand
    // We understand none: 100rel (RFC 3262) and timer (RFC 4028) are not offered either.
    let options: Vec<&str> = request.require().flatten().collect();
    if options.is_empty() {
        return None;
    }
    Some(Refusal {
        status: 420,
        hint: Hint::Unsupported(options.join(", ")),
    })
}

fn body_refusal(request: &Message) -> Option<Refusal> {
    if !matches!(request.method(), Method::Invite | Method::Update) {
        return None;
    }
    //= RFC 3261 section 8.2.3
    //# If there are any bodies whose type (indicated by the Content-Type), language ... or encoding
    //# ... are not understood, and that body part is not optional ..., the UAS MUST reject the
    //# request with a 415 (Unsupported Media Type) response.
    let (status, hint) = match request.session_description() {
        Ok(_) => return None,
        Err(BodyFault::NotUnderstood) => (415, Hint::Accept),
        Err(BodyFault::Encoded) => (415, Hint::AcceptEncoding),
        Err(BodyFault::Malformed) => (400, Hint::Nothing),
    };
    Some(Refusal { status, hint })
}

fn info_refusal(request: &Message) -> Option<Refusal> {
    //= RFC 6086 section 4.2.2
    //# If a UA receives an INFO request associated with an Info Package that the UA has not
    //# indicated willingness to receive, the UA MUST send a 469 (Bad Info Package) response ...,
    //# which contains a Recv-Info header field with Info Packages for which the UA is willing
    // There are none. An INFO of before that RFC names no package.
    let names_one =
        *request.method() == Method::Info && request.extension_header("Info-Package").is_some();
    names_one.then_some(Refusal {
        status: 469,
        hint: Hint::RecvInfo,
    })
}

fn hops_refusal(request: &Message) -> Option<Refusal> {
    // RFC 7332: a back-to-back user agent is a hop. Only what would make us call on is refused: an
    // OPTIONS with 0 has come as far as it should (RFC 3261 section 11).
    let spent = *request.method() == Method::Invite && request.max_forwards() == Ok(Some(0));
    spent.then(|| Refusal::plain(483))
}
