//! What a body means to a user agent that knows session descriptions: the description, alone or in
//! a multipart; nothing; or a fault.
//!
//! RFC 3261 sections 8.2.3 and 20.11 to 20.15, RFC 5621 (multipart bodies, handling of parts), RFC
//! 2046 section 5.1 (their syntax). A description in a disposition other than `session` (RFC 3959
//! has one) is not understood, and neither are transfer encodings that change bytes.

use bytes::Bytes;

use super::Message;
use super::header::tagged::{MediaType, Tagged};
use super::name::HeaderName;
use super::scan::{is_space, split, trim};

/// Most parts of one multipart.
const MAX_PARTS: usize = 16;

/// Most multiparts in one another.
const MAX_DEPTH: usize = 3;

/// Longest boundary (RFC 2046 section 5.1.1).
const MAX_BOUNDARY_BYTES: usize = 70;

/// Why a body is not understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyFault {
    /// Its type, its disposition, or those of a part that must be understood.
    NotUnderstood,
    /// It is encoded.
    Encoded,
    /// Its parts cannot be told apart, or two of them are descriptions.
    Malformed,
}

/// A body, or a part of one.
struct Entity<'a> {
    kind: Option<MediaType<'a>>,
    disposition: Option<Tagged<'a>>,
    encoded: bool,
    content: &'a [u8],
}

impl Message {
    /// The session description in the body, sharing its buffer; none if there is no body, or none
    /// that has to be understood.
    ///
    /// # Errors
    /// [`BodyFault`] if the body must be understood and is not.
    pub fn session_description(&self) -> Result<Option<Bytes>, BodyFault> {
        let content = self.raw.body();
        if content.is_empty() {
            return Ok(None);
        }
        let entity = Entity {
            kind: self.content_type().ok().flatten(),
            disposition: self.content_disposition().ok().flatten(),
            encoded: !self.content_encodings().flatten().all(is_identity),
            content,
        };
        let found = entity.description(0)?;
        Ok(found.map(|found| self.raw.bytes.slice_ref(found)))
    }
}

impl<'a> Entity<'a> {
    //= RFC 3261 section 20.11
    //# If the handling parameter has the value "optional", the UAS MUST ignore the message body; if
    //# the handling parameter is missing, the value "required" SHOULD be assumed.
    fn description(&self, depth: usize) -> Result<Option<&'a [u8]>, BodyFault> {
        let handling = self.disposition.and_then(|it| it.params.text("handling"));
        match self.required_description(depth) {
            Err(_) if handling.is_some_and(|it| it.eq_ignore_ascii_case("optional")) => Ok(None),
            result => result,
        }
    }

    fn required_description(&self, depth: usize) -> Result<Option<&'a [u8]>, BodyFault> {
        if self.content.is_empty() {
            return Ok(None);
        }
        if self.encoded {
            return Err(BodyFault::Encoded);
        }
        let kind = self.kind.ok_or(BodyFault::NotUnderstood)?;
        if kind.kind.eq_ignore_ascii_case("multipart") {
            return self.description_in_parts(&kind, depth);
        }
        let is_session = self
            .disposition
            .is_none_or(|it| it.token.eq_ignore_ascii_case("session"));
        if kind.is("application", "sdp") && is_session {
            Ok(Some(self.content))
        } else {
            Err(BodyFault::NotUnderstood)
        }
    }

    fn description_in_parts(
        &self,
        kind: &MediaType<'_>,
        depth: usize,
    ) -> Result<Option<&'a [u8]>, BodyFault> {
        if depth >= MAX_DEPTH {
            return Err(BodyFault::NotUnderstood);
        }
        let parts = parts(self.content, kind).ok_or(BodyFault::Malformed)?;
        if parts.len() > MAX_PARTS {
            return Err(BodyFault::NotUnderstood);
        }
        let descriptions = parts
            .into_iter()
            .map(|part| Entity::of_part(part).description(depth + 1));
        // RFC 2046 section 5.1.4: the last alternative that is understood.
        if kind.subkind.eq_ignore_ascii_case("alternative") {
            let understood = descriptions.rev().find_map(Result::ok);
            return understood.ok_or(BodyFault::NotUnderstood);
        }
        // RFC 2046 section 5.1.7: a subtype that is not known is treated as mixed.
        let mut found = None;
        for description in descriptions {
            if let Some(description) = description?
                && found.replace(description).is_some()
            {
                return Err(BodyFault::Malformed);
            }
        }
        Ok(found)
    }

    /// A part: header lines, an empty line, content.
    fn of_part(part: &'a [u8]) -> Self {
        let (head, content) = match memchr::memmem::find(part, b"\r\n\r\n") {
            _ if part.starts_with(b"\r\n") => (&[][..], part.get(2..).unwrap_or_default()),
            Some(end) => (split(part, end).0, part.get(end + 4..).unwrap_or_default()),
            None => (part, &[][..]),
        };
        let mut entity = Entity {
            kind: None,
            disposition: None,
            encoded: false,
            content,
        };
        for (name, value) in Fields(head) {
            match HeaderName::parse(name) {
                HeaderName::ContentType => entity.kind = MediaType::parse(value),
                HeaderName::ContentDisposition => entity.disposition = Tagged::parse(value),
                HeaderName::ContentEncoding => {
                    entity.encoded |= !std::str::from_utf8(value).is_ok_and(is_identity);
                }
                _ if name.eq_ignore_ascii_case(b"Content-Transfer-Encoding") => {
                    let plain = ["binary", "8bit", "7bit"];
                    entity.encoded |= !plain
                        .iter()
                        .any(|plain| value.eq_ignore_ascii_case(plain.as_bytes()));
                }
                _ => {}
            }
        }
        entity
    }
}

fn is_identity(coding: &str) -> bool {
    coding.eq_ignore_ascii_case("identity")
}

/// The header fields of a part, folding left in.
struct Fields<'a>(&'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        while !self.0.is_empty() {
            let goes_on = |end: &usize| {
                let next = self.0.get(end + 2);
                next.is_some_and(|byte| matches!(byte, b' ' | b'\t'))
            };
            let end = memchr::memmem::find_iter(self.0, b"\r\n")
                .find(|end| !goes_on(end))
                .unwrap_or(self.0.len());
            let line = split(self.0, end).0;
            self.0 = self.0.get(end + 2..).unwrap_or_default();
            if let Some(colon) = memchr::memchr(b':', line) {
                let (name, value) = split(line, colon);
                return Some((trim(name), trim(value.get(1..).unwrap_or_default())));
            }
        }
        None
    }
}

/// The parts of a multipart, less what is before the first and after the last; none if it has no
/// boundary, or does not end.
fn parts<'a>(content: &'a [u8], kind: &MediaType<'_>) -> Option<Vec<&'a [u8]>> {
    let boundary = kind.params.text("boundary")?.trim_matches('"');
    if boundary.is_empty() || boundary.len() > MAX_BOUNDARY_BYTES {
        return None;
    }
    let dashes = [b"--", boundary.as_bytes()].concat();
    let mut parts = Vec::new();
    let mut start = None;
    for at in memchr::memmem::find_iter(content, &dashes) {
        let (before, rest) = split(content, at);
        let rest = rest.get(dashes.len()..).unwrap_or_default();
        // A boundary may begin with another one.
        let Some(line_end) = end_of_delimiter(rest) else {
            continue;
        };
        if !before.is_empty() && !before.ends_with(b"\r\n") {
            continue;
        }
        if let Some(start) = start {
            let end = before.len().saturating_sub(2);
            parts.push(content.get(start..end).unwrap_or_default());
        }
        match line_end {
            DelimiterEnd::Last => return (!parts.is_empty()).then_some(parts),
            DelimiterEnd::Line(length) if parts.len() <= MAX_PARTS => {
                start = Some(at + dashes.len() + length);
            }
            // So many are refused anyway.
            DelimiterEnd::Line(_) => return Some(parts),
        }
    }
    None
}

/// What stands behind the boundary of a delimiter.
enum DelimiterEnd {
    /// White space and the end of the line, so many bytes.
    Line(usize),
    /// That no part follows.
    Last,
}

fn end_of_delimiter(rest: &[u8]) -> Option<DelimiterEnd> {
    if rest.starts_with(b"--") {
        return Some(DelimiterEnd::Last);
    }
    let end = memchr::memmem::find(rest, b"\r\n")?;
    let padding = split(rest, end).0;
    padding
        .iter()
        .all(|&byte| is_space(byte))
        .then_some(DelimiterEnd::Line(end + 2))
}

#[cfg(test)]
mod tests;
