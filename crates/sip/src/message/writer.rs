//! Writes messages: start line, header fields, body, into one buffer.
//!
//! RFC 3261 sections 7, 8.2.6, 18.2.1 and 20; RFC 3581 section 4. Values copied from another
//! message keep their raw text, unfolded. Nothing that is written can begin a new line: CR and LF
//! in a value become spaces, whoever it came from.

use std::fmt::{self, Display, Write as _};
use std::net::SocketAddr;

use bytes::Bytes;

use super::Message;
use super::header::name_addr::NameAddr;
use super::header::via::{Rport, Via};
use super::index::Raw;
use super::method::Method;
use super::name::HeaderName;
use super::scan::Elements;
use super::status::reason_phrase;

/// Room for a message without its body, at first.
const USUAL_HEAD_BYTES: usize = 1024;

/// A message in the making. Content-Type and Content-Length are written by `finish`.
#[derive(Debug)]
#[must_use]
pub struct Writer {
    out: Vec<u8>,
}

impl Writer {
    /// Begins a request.
    pub fn request(method: &Method, uri: &str) -> Self {
        let mut writer = Self {
            out: Vec::with_capacity(USUAL_HEAD_BYTES),
        };
        writer.put(method.as_str().as_bytes());
        writer.put(b" ");
        writer.put_safe(uri.as_bytes());
        writer.put(b" SIP/2.0\r\n");
        writer
    }

    /// Begins a response with a phrase of one's own. Everything else is up to the caller.
    pub fn response(status: u16, phrase: &str) -> Self {
        let mut writer = Self {
            out: Vec::with_capacity(USUAL_HEAD_BYTES),
        };
        writer.put(b"SIP/2.0 ");
        writer.put_number(u32::from(status));
        writer.put(b" ");
        writer.put_safe(phrase.as_bytes());
        writer.put(b"\r\n");
        writer
    }

    /// Begins the response to a request that came from `source`: its Vias (the topmost with
    /// `received` and `rport`), From, To (with `to_tag` if it has none), Call-ID, CSeq, and what
    /// else the status copies.
    pub fn response_to(
        request: &Message,
        source: SocketAddr,
        status: u16,
        to_tag: Option<&str>,
    ) -> Self {
        let mut writer = Self::response(status, reason_phrase(status));
        writer.answer_headers(&request.raw, source, to_tag);
        //= RFC 3261 section 8.2.6.1
        //# any Timestamp header field present in the request MUST be copied into this 100 (Trying)
        //# response
        if status == 100 {
            writer.copy(request, HeaderName::Timestamp);
        }
        //= RFC 3261 section 12.1.1
        //# the UAS MUST copy all Record-Route header field values from the request into the
        //# response
        if (101..300).contains(&status) {
            writer.copy(request, HeaderName::RecordRoute);
        }
        writer
    }

    /// Writes a header field.
    pub fn header(&mut self, name: HeaderName, value: impl Display) -> &mut Self {
        self.put(name.as_str().as_bytes());
        self.put(b": ");
        // Writing into memory does not fail, and a `Display` that fails leaves what it has written.
        let _ = write!(SafeText(self), "{value}");
        self.put(b"\r\n");
        self
    }

    /// Writes a header field from text or another message's raw value, without formatting.
    pub fn text(&mut self, name: HeaderName, value: impl AsRef<[u8]>) -> &mut Self {
        self.line(name.as_str().as_bytes(), value.as_ref());
        self
    }

    /// Writes a header field that has no [`HeaderName`].
    pub fn extension_header(&mut self, name: &str, value: &str) -> &mut Self {
        self.line(name.as_bytes(), value.as_bytes());
        self
    }

    /// Writes a header field with a number.
    pub fn number(&mut self, name: HeaderName, value: u32) -> &mut Self {
        self.put(name.as_str().as_bytes());
        self.put(b": ");
        self.put_number(value);
        self.put(b"\r\n");
        self
    }

    /// Writes every field of a name as it stands in another message.
    pub fn copy(&mut self, from: &Message, name: HeaderName) -> &mut Self {
        for value in from.raw.values(name) {
            self.line(name.as_str().as_bytes(), value);
        }
        self
    }

    /// Ends a message without a body.
    pub fn finish(mut self) -> Bytes {
        self.put(b"Content-Length: 0\r\n\r\n");
        self.into_bytes()
    }

    /// Ends a message with a body.
    pub fn finish_with(mut self, content_type: &str, body: &[u8]) -> Bytes {
        self.out.reserve(body.len() + content_type.len() + 64);
        self.text(HeaderName::ContentType, content_type);
        self.number(
            HeaderName::ContentLength,
            u32::try_from(body.len()).unwrap_or(u32::MAX),
        );
        self.put(b"\r\n");
        self.put(body);
        self.into_bytes()
    }

    /// The fields that every response copies; as many of them as a faulty request has.
    pub(super) fn answer_headers(&mut self, request: &Raw, source: SocketAddr, tag: Option<&str>) {
        for (place, value) in request.values(HeaderName::Via).enumerate() {
            match place {
                0 => self.topmost_via(value, source),
                _ => self.line(b"Via", value),
            }
        }
        for name in [
            HeaderName::From,
            HeaderName::To,
            HeaderName::CallId,
            HeaderName::CSeq,
        ] {
            let Some(value) = request.first(name) else {
                continue;
            };
            self.put(name.as_str().as_bytes());
            self.put(b": ");
            self.put_safe(value);
            //= RFC 3261 section 8.2.6.2
            //# if the To header field in the request did not contain a tag, the URI in the To
            //# header field in the response MUST equal the URI in the To header field;
            //# additionally, the UAS MUST add a tag to the To header field in the response
            if let (HeaderName::To, Some(tag)) = (name, tag)
                && NameAddr::parse(value).is_some_and(|to| to.params.get("tag").is_none())
            {
                self.put(b";tag=");
                self.put_safe(tag.as_bytes());
            }
            self.put(b"\r\n");
        }
    }

    /// The first Via line of a request, with the address that it came from in its first element.
    fn topmost_via(&mut self, value: &[u8], source: SocketAddr) {
        let element = Elements::new(value).next().unwrap_or_default();
        let Some(via) = Via::parse(element) else {
            return self.line(b"Via", value);
        };
        let asked = via.rport() != Rport::Absent;
        //= RFC 3261 section 18.2.1
        //# If the host portion of the "sent-by" parameter contains a domain name, or if it contains
        //# an IP address that differs from the packet source address, the server MUST add a
        //# "received" parameter to that Via header field value.
        let received = asked || via.host.ip() != Some(source.ip());
        self.put(b"Via: ");
        let params = via.params.as_bytes();
        let head_len = element.len().saturating_sub(params.len());
        self.put_safe(super::scan::trim(
            element.get(..head_len).unwrap_or_default(),
        ));
        for param in via.params.iter() {
            // What the sender itself claims of these is not repeated.
            if ["received", "rport"]
                .iter()
                .any(|ours| param.name.eq_ignore_ascii_case(ours))
            {
                continue;
            }
            self.put(b";");
            self.put(param.name.as_bytes());
            if let Some(value) = param.value {
                self.put(b"=");
                self.put_safe(value);
            }
        }
        if asked {
            self.put(b";rport=");
            self.put_number(u32::from(source.port()));
        }
        if received {
            let _ = write!(SafeText(self), ";received={}", source.ip());
        }
        self.put_safe(value.get(element.len()..).unwrap_or_default());
        self.put(b"\r\n");
    }

    fn line(&mut self, name: &[u8], value: &[u8]) {
        self.put_safe(name);
        self.put(b": ");
        self.put_safe(value);
        self.put(b"\r\n");
    }

    fn put(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    fn put_safe(&mut self, bytes: &[u8]) {
        if memchr::memchr2(b'\r', b'\n', bytes).is_none() {
            return self.put(bytes);
        }
        let plain = |byte: &u8| {
            if matches!(byte, b'\r' | b'\n') {
                b' '
            } else {
                *byte
            }
        };
        self.out.extend(bytes.iter().map(plain));
    }

    fn put_number(&mut self, number: u32) {
        if number >= 10 {
            self.put_number(number / 10);
        }
        self.out
            .extend(u8::try_from(number % 10).map(|digit| b'0' + digit));
    }

    /// Without spare room: responses are kept for retransmission.
    fn into_bytes(self) -> Bytes {
        Bytes::from(self.out.into_boxed_slice())
    }
}

/// Formats into a writer without ever beginning a new line.
struct SafeText<'a>(&'a mut Writer);

impl fmt::Write for SafeText<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.put_safe(text.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests;
