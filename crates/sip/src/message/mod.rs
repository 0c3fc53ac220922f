//! SIP messages: a datagram and an index into it, typed views that are parsed when asked for, and a
//! writer.
//!
//! RFC 3261 sections 7, 19.1, 20 and 25; strict where RFC 4475 and RFC 5118 say reject, tolerant
//! where they say accept. [`Message::parse`] holds what every message needs: start line, header
//! lines, the five header fields of each message, one of each that may stand once, Content-Length.
//! [`Message::check`] holds the rest that a user agent reads. Of bodies no more is known than where
//! a session description is; transactions, dialogs and what a method means are not known here.

mod body;
mod error;
mod header;
mod host;
mod index;
mod method;
mod name;
mod params;
mod scan;
mod start_line;
mod status;
mod typed;
mod uri;
mod writer;

use bytes::Bytes;

pub use body::BodyFault;
pub use error::{Fault, FaultyRequest, ParseError};
pub use header::contact::Contact;
pub use header::cseq::CSeq;
pub use header::name_addr::{NameAddr, Quoted};
pub use header::session_expires::{Refresher, SessionExpires};
pub use header::tagged::{MediaType, Tagged};
pub use header::via::{MAGIC_COOKIE, Rport, Via};
pub use host::Host;
pub use index::{MAX_HEADER_BYTES, MAX_HEADERS, MAX_MESSAGE_BYTES};
pub use method::{Method, OtherMethod};
pub use name::HeaderName;
pub use params::{Param, Params};
pub use start_line::StartLine;
pub use status::reason_phrase;
pub use uri::{EscapedUser, SipScheme, SipUri, TelUri, Uri, unescape};
pub use writer::Writer;

use index::Raw;
use scan::Elements;
use start_line::Start;

/// A request or response, whole and well-formed in what every message needs.
#[derive(Clone, Debug)]
pub struct Message {
    raw: Raw,
    start: Start,
    cseq: CSeq,
}

impl Message {
    /// Reads a datagram. Nothing is copied; the message keeps the datagram's buffer.
    ///
    /// # Errors
    /// [`ParseError`] says what is wrong and holds the request if it can be answered.
    pub fn parse(datagram: Bytes) -> Result<Self, ParseError> {
        let (mut raw, fault) = Raw::index(datagram);
        match Self::read(&raw, fault) {
            Ok((start, cseq, body_len)) => {
                raw.truncate_body(body_len);
                Ok(Self { raw, start, cseq })
            }
            Err(fault) => Err(ParseError::new(fault, raw)),
        }
    }

    /// Holds what every message needs, after the index with its first fault; gives the start line,
    /// CSeq and the length of the body.
    fn read(raw: &Raw, fault: Option<Fault>) -> Result<(Start, CSeq, usize), Fault> {
        if let Some(fault @ (Fault::Empty | Fault::TooLarge)) = fault {
            return Err(fault);
        }
        // A start line of no SIP, or of another version, weighs more than what follows it.
        let start = Start::parse(raw.start(), &raw.bytes)?;
        fault.map_or(Ok(()), Err)?;
        typed::each_single_field_once(raw)?;
        typed::check_mandatory(raw)?;
        let cseq = raw
            .first(HeaderName::CSeq)
            .ok_or(Fault::Missing(HeaderName::CSeq))?;
        let cseq = CSeq::parse(cseq, &raw.bytes).ok_or(Fault::Malformed(HeaderName::CSeq))?;
        //= RFC 3261 section 8.1.1.5
        //# The method MUST match that of the request.
        if let Start::Request { method } = &start
            && *method != cseq.method
        {
            return Err(Fault::MethodMismatch);
        }
        let body_len = match raw.first(HeaderName::ContentLength) {
            None => raw.body().len(),
            Some(value) => {
                let malformed = Fault::Malformed(HeaderName::ContentLength);
                let len = scan::whole_number(value).ok_or(malformed)?;
                usize::try_from(len).map_err(|_| malformed)?
            }
        };
        //= RFC 3261 section 18.3
        //# If the transport packet ends before the end of the message body, this is considered an
        //# error.
        if body_len > raw.body().len() {
            return Err(Fault::BodyTooShort);
        }
        Ok((start, cseq, body_len))
    }

    /// The first line.
    pub fn start_line(&self) -> StartLine<'_> {
        let line = self.raw.start();
        match &self.start {
            Start::Request { method } => {
                let uri = start_line::request_uri(line).expect("checked when the message was read");
                StartLine::Request { method, uri }
            }
            Start::Response { status } => StartLine::Response {
                status: *status,
                reason: start_line::reason(line),
            },
        }
    }

    /// Whether this is a request.
    pub fn is_request(&self) -> bool {
        matches!(self.start, Start::Request { .. })
    }

    /// The method of the request, or of the request that this response answers (from CSeq).
    pub fn method(&self) -> &Method {
        &self.cseq.method
    }

    /// The status of a response.
    pub fn status(&self) -> Option<u16> {
        match self.start {
            Start::Request { .. } => None,
            Start::Response { status } => Some(status),
        }
    }

    /// The Request-URI of a request.
    pub fn request_uri(&self) -> Option<Uri<'_>> {
        match self.start {
            Start::Request { .. } => start_line::request_uri(self.raw.start()),
            Start::Response { .. } => None,
        }
    }

    /// The body, sharing the datagram's buffer; empty if there is none.
    pub fn body(&self) -> Bytes {
        self.raw.bytes.slice_ref(self.raw.body())
    }

    /// The whole datagram as it came.
    pub fn as_bytes(&self) -> &Bytes {
        &self.raw.bytes
    }

    /// The first value of a header field, trimmed, folding left in; compact forms are found too.
    pub fn header(&self, name: HeaderName) -> Option<&[u8]> {
        self.raw.first(name)
    }

    /// Each value of a header field, one a line.
    pub fn headers(&self, name: HeaderName) -> impl Iterator<Item = &[u8]> {
        self.raw.values(name)
    }

    /// Each element of a header field whose grammar is a comma-separated list.
    pub fn elements(&self, name: HeaderName) -> impl Iterator<Item = &[u8]> {
        self.raw.values(name).flat_map(Elements::new)
    }

    /// The first value of a header field that has no [`HeaderName`].
    pub fn extension_header(&self, name: &str) -> Option<&[u8]> {
        self.raw
            .all()
            .find(|(_, sent, _)| sent.eq_ignore_ascii_case(name.as_bytes()))
            .map(|(_, _, value)| value)
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod torture;
