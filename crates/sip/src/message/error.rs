//! Why a datagram is no message that we serve, and how to answer it all the same.
//!
//! RFC 3261 sections 7, 8.2 and 16.3 step 1; RFC 4475 for what is a fault. A request with a Via is
//! answered without state (400 or 505), never an ACK; all else is dropped.

use std::net::SocketAddr;

use bytes::Bytes;
use thiserror::Error;

use super::header::via::Via;
use super::index::Raw;
use super::name::HeaderName;
use super::scan::Elements;
use super::start_line::is_response;
use super::writer::Writer;

/// What is wrong with a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Fault {
    /// Nothing but white space or zeros: a keep-alive.
    #[error("Keep-alive")]
    Empty,
    /// More than [`super::MAX_MESSAGE_BYTES`].
    #[error("Message too large")]
    TooLarge,
    /// No SIP start line at all.
    #[error("Not SIP")]
    NotSip,
    /// The start line is malformed.
    #[error("Malformed start line")]
    StartLine,
    /// The Request-URI is malformed.
    #[error("Malformed Request-URI")]
    RequestUri,
    /// A version of SIP other than 2.0.
    #[error("Version Not Supported")]
    Version,
    /// A header line is malformed: no colon, no name, a stray CR or LF.
    #[error("Malformed header line")]
    HeaderLine,
    /// More than [`super::MAX_HEADERS`].
    #[error("Too many header fields")]
    TooManyHeaders,
    /// A header value of more than [`super::MAX_HEADER_BYTES`].
    #[error("Header field too long")]
    HeaderTooLong,
    /// No empty line behind the header fields.
    #[error("Header fields do not end")]
    Unterminated,
    /// A mandatory header field is missing.
    #[error("Missing {0} header field")]
    Missing(HeaderName),
    /// A header field that may stand once stands more than once.
    #[error("Repeated {0} header field")]
    Repeated(HeaderName),
    /// A header field's value is malformed.
    #[error("Malformed {0} header field")]
    Malformed(HeaderName),
    /// Content-Length is more than there is.
    #[error("Body shorter than Content-Length")]
    BodyTooShort,
    /// CSeq names another method than the start line.
    #[error("CSeq method does not match")]
    MethodMismatch,
}

impl Fault {
    /// The status that answers a request with this fault.
    pub fn status(self) -> u16 {
        match self {
            Self::Version => 505,
            Self::TooLarge => 513,
            Self::Empty
            | Self::NotSip
            | Self::StartLine
            | Self::RequestUri
            | Self::HeaderLine
            | Self::TooManyHeaders
            | Self::HeaderTooLong
            | Self::Unterminated
            | Self::Missing(_)
            | Self::Repeated(_)
            | Self::Malformed(_)
            | Self::BodyTooShort
            | Self::MethodMismatch => 400,
        }
    }
}

/// A datagram that is no message.
#[derive(Clone, Debug, Error)]
#[error("{fault}")]
pub struct ParseError {
    /// What is wrong with it.
    pub fault: Fault,
    /// The request, if it can be answered; none: drop it.
    pub request: Option<Box<FaultyRequest>>,
}

/// A faulty request that can be answered.
#[derive(Clone, Debug)]
pub struct FaultyRequest {
    raw: Raw,
    fault: Fault,
}

impl ParseError {
    pub(super) fn new(fault: Fault, raw: Raw) -> Self {
        let start = raw.start();
        let silent = matches!(fault, Fault::Empty | Fault::TooLarge | Fault::NotSip);
        // An ACK is never answered: it has no transaction of its own that could end.
        let answerable = !silent
            && !is_response(start)
            && !start.starts_with(b"ACK ")
            && raw.first(HeaderName::Via).is_some();
        let request = answerable.then(|| Box::new(FaultyRequest { raw, fault }));
        Self { fault, request }
    }
}

impl FaultyRequest {
    /// The response and where it goes to, for a request that came from `source`: where the topmost
    /// Via says, or back to `source` if that cannot be read (RFC 4475 section 3.1.2.1). `to_tag` is
    /// added to To where it can be read and has no tag.
    pub fn answer(&self, source: SocketAddr, to_tag: &str) -> (SocketAddr, Bytes) {
        let mut writer = Writer::response(self.fault.status(), &self.fault.to_string());
        writer.answer_headers(&self.raw, source, Some(to_tag));
        let topmost = self
            .raw
            .first(HeaderName::Via)
            .and_then(|vias| Elements::new(vias).next());
        let to = topmost
            .and_then(Via::parse)
            .map_or(source, |via| via.reply_to(source));
        (to, writer.finish())
    }
}
