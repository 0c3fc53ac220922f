//! Typed views of a message's header fields, and the checks over them.
//!
//! RFC 3261 sections 8.1.1 (the mandatory fields, which every message has: their views cannot fail)
//! and 20; the others parse when asked for and may be malformed.

use super::Message;
use super::error::Fault;
use super::header::contact::Contact;
use super::header::cseq::CSeq;
use super::header::name_addr::NameAddr;
use super::header::retry_after;
use super::header::session_expires::SessionExpires;
use super::header::tagged::{MediaType, Tagged};
use super::header::via::Via;
use super::index::Raw;
use super::name::HeaderName;
use super::scan::{Elements, whole_number, whole_token};

const CHECKED: &str = "checked when the message was read";

/// Fields that may stand once, and that would mean two things if they stood twice. A second
/// Subject or Date does no harm.
const SINGLE: &[HeaderName] = &[
    HeaderName::CallId,
    HeaderName::ContentLength,
    HeaderName::ContentType,
    HeaderName::CSeq,
    HeaderName::Event,
    HeaderName::Expires,
    HeaderName::From,
    HeaderName::MaxForwards,
    HeaderName::MinSe,
    HeaderName::RAck,
    HeaderName::ReferTo,
    HeaderName::Replaces,
    HeaderName::RSeq,
    HeaderName::SessionExpires,
    HeaderName::To,
];

const SINGLE_BITS: u128 = bits(SINGLE);

const fn bits(names: &[HeaderName]) -> u128 {
    let (mut bits, mut at) = (0, 0);
    while at < names.len() {
        bits |= 1 << names[at] as u32;
        at += 1;
    }
    bits
}

//= RFC 3261 section 7.3.1
//# Multiple header field rows with the same field-name MAY be present in a message if and only if
//# the entire field-value for that header field is defined as a comma-separated list
pub(super) fn each_single_field_once(raw: &Raw) -> Result<(), Fault> {
    let mut seen = 0_u128;
    for (name, _, _) in raw.all() {
        let bit = 1 << name as u32;
        if seen & bit & SINGLE_BITS != 0 {
            return Err(Fault::Repeated(name));
        }
        seen |= bit;
    }
    Ok(())
}

//= RFC 3261 section 8.1.1
//# A valid SIP request formulated by a UAC MUST, at a minimum, contain the following header
//# fields: To, From, CSeq, Call-ID, Max-Forwards, and Via
pub(super) fn check_mandatory(raw: &Raw) -> Result<(), Fault> {
    let value = |name| raw.first(name).ok_or(Fault::Missing(name));
    let address_is_sound = |name| {
        let address = NameAddr::parse(value(name)?).ok_or(Fault::Malformed(name))?;
        if address.tag_is_sound() {
            Ok(())
        } else {
            Err(Fault::Malformed(name))
        }
    };
    first_via(raw)
        .ok_or(Fault::Missing(HeaderName::Via))?
        .ok_or(Fault::Malformed(HeaderName::Via))?;
    address_is_sound(HeaderName::From)?;
    address_is_sound(HeaderName::To)?;
    let call_id = value(HeaderName::CallId)?;
    if call_id.is_empty() || !call_id.iter().all(u8::is_ascii_graphic) {
        return Err(Fault::Malformed(HeaderName::CallId));
    }
    Ok(())
}

fn first_via(raw: &Raw) -> Option<Option<Via<'_>>> {
    let value = raw.first(HeaderName::Via)?;
    Some(Elements::new(value).next().and_then(Via::parse))
}

/// A view of a field that may stand once: none if it is missing.
type Single<T> = Result<Option<T>, Fault>;

impl Message {
    /// The topmost Via.
    pub fn via(&self) -> Via<'_> {
        first_via(&self.raw).flatten().expect(CHECKED)
    }

    /// All Vias, topmost first.
    pub fn vias(&self) -> impl Iterator<Item = Result<Via<'_>, Fault>> {
        self.list(HeaderName::Via, Via::parse)
    }

    /// From.
    pub fn from(&self) -> NameAddr<'_> {
        self.raw
            .first(HeaderName::From)
            .and_then(NameAddr::parse)
            .expect(CHECKED)
    }

    /// To.
    pub fn to(&self) -> NameAddr<'_> {
        self.raw
            .first(HeaderName::To)
            .and_then(NameAddr::parse)
            .expect(CHECKED)
    }

    /// Call-ID.
    pub fn call_id(&self) -> &str {
        let value = self.raw.first(HeaderName::CallId).expect(CHECKED);
        std::str::from_utf8(value).expect(CHECKED)
    }

    /// CSeq.
    pub fn cseq(&self) -> &CSeq {
        &self.cseq
    }

    /// Contact, each element.
    pub fn contacts(&self) -> impl Iterator<Item = Result<Contact<'_>, Fault>> {
        self.list(HeaderName::Contact, Contact::parse)
    }

    /// The first address of Contact: the remote target of a dialog.
    pub fn contact(&self) -> Single<NameAddr<'_>> {
        match self.contacts().next().transpose()? {
            Some(Contact::Address(address)) => Ok(Some(address)),
            Some(Contact::Star) | None => Ok(None),
        }
    }

    /// Route, each element.
    pub fn routes(&self) -> impl Iterator<Item = Result<NameAddr<'_>, Fault>> {
        self.list(HeaderName::Route, NameAddr::parse)
    }

    /// Record-Route, each element, topmost first.
    pub fn record_routes(&self) -> impl Iterator<Item = Result<NameAddr<'_>, Fault>> {
        self.list(HeaderName::RecordRoute, NameAddr::parse)
    }

    /// P-Asserted-Identity (RFC 3325), each element.
    pub fn p_asserted_identities(&self) -> impl Iterator<Item = Result<NameAddr<'_>, Fault>> {
        self.list(HeaderName::PAssertedIdentity, NameAddr::parse)
    }

    /// Diversion (RFC 5806), most recent first.
    pub fn diversions(&self) -> impl Iterator<Item = Result<NameAddr<'_>, Fault>> {
        self.list(HeaderName::Diversion, NameAddr::parse)
    }

    /// History-Info (RFC 7044), oldest first.
    pub fn history_info(&self) -> impl Iterator<Item = Result<NameAddr<'_>, Fault>> {
        self.list(HeaderName::HistoryInfo, NameAddr::parse)
    }

    /// Privacy (RFC 3323), each value.
    pub fn privacy(&self) -> impl Iterator<Item = &str> {
        self.raw
            .values(HeaderName::Privacy)
            .flat_map(|value| value.split(|byte| matches!(byte, b';' | b',')))
            .filter_map(|value| whole_token(super::scan::trim(value)))
    }

    /// Max-Forwards.
    pub fn max_forwards(&self) -> Single<u8> {
        self.single(HeaderName::MaxForwards, |value| {
            whole_number(value).and_then(|number| u8::try_from(number).ok())
        })
    }

    /// Expires, in seconds; more than 32 bits is the most there is (RFC 4475 section 3.1.2.4).
    pub fn expires_s(&self) -> Single<u32> {
        self.single(HeaderName::Expires, |value| {
            let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
            digits.then(|| whole_number(value).unwrap_or(u32::MAX))
        })
    }

    /// Require, each option tag.
    pub fn require(&self) -> impl Iterator<Item = Result<&str, Fault>> {
        self.list(HeaderName::Require, whole_token)
    }

    /// Proxy-Require, each option tag.
    pub fn proxy_require(&self) -> impl Iterator<Item = Result<&str, Fault>> {
        self.list(HeaderName::ProxyRequire, whole_token)
    }

    /// Supported, each option tag.
    pub fn supported(&self) -> impl Iterator<Item = Result<&str, Fault>> {
        self.list(HeaderName::Supported, whole_token)
    }

    /// Whether Supported names an option tag.
    pub fn supports(&self, option: &str) -> bool {
        self.supported()
            .flatten()
            .any(|tag| tag.eq_ignore_ascii_case(option))
    }

    /// Allow, each method.
    pub fn allow(&self) -> impl Iterator<Item = Result<&str, Fault>> {
        self.list(HeaderName::Allow, whole_token)
    }

    /// Content-Type.
    pub fn content_type(&self) -> Single<MediaType<'_>> {
        self.single(HeaderName::ContentType, MediaType::parse)
    }

    /// Content-Disposition.
    pub fn content_disposition(&self) -> Single<Tagged<'_>> {
        self.single(HeaderName::ContentDisposition, Tagged::parse)
    }

    /// Content-Encoding, each coding.
    pub fn content_encodings(&self) -> impl Iterator<Item = Result<&str, Fault>> {
        self.list(HeaderName::ContentEncoding, whole_token)
    }

    /// Session-Expires (RFC 4028).
    pub fn session_expires(&self) -> Single<SessionExpires> {
        self.single(HeaderName::SessionExpires, SessionExpires::parse)
    }

    /// Retry-After, in seconds.
    pub fn retry_after_s(&self) -> Single<u32> {
        self.single(HeaderName::RetryAfter, retry_after::parse)
    }

    /// Reason (RFC 3326), each element.
    pub fn reasons(&self) -> impl Iterator<Item = Result<Tagged<'_>, Fault>> {
        self.list(HeaderName::Reason, Tagged::parse)
    }

    /// Event (RFC 6665).
    pub fn event(&self) -> Single<Tagged<'_>> {
        self.single(HeaderName::Event, Tagged::parse)
    }

    /// Whether all that a user agent reads of this message is well-formed. A request that fails
    /// gets 400; of a response only the faulty field is to be ignored.
    ///
    /// # Errors
    /// The first fault. Fields that nobody here reads may be malformed (RFC 4475 section 3.1.2.12).
    pub fn check(&self) -> Result<(), Fault> {
        all(self.vias())?;
        all(self.contacts())?;
        all(self.routes())?;
        all(self.record_routes())?;
        all(self.require())?;
        all(self.proxy_require())?;
        all(self.content_encodings())?;
        self.max_forwards()?;
        self.expires_s()?;
        self.content_type()?;
        self.content_disposition()?;
        self.session_expires()?;
        self.event()?;
        Ok(())
    }

    fn list<'a, T: 'a>(
        &'a self,
        name: HeaderName,
        parse: impl Fn(&'a [u8]) -> Option<T> + 'a,
    ) -> impl Iterator<Item = Result<T, Fault>> + 'a {
        self.elements(name)
            .map(move |element| parse(element).ok_or(Fault::Malformed(name)))
    }

    fn single<'a, T>(
        &'a self,
        name: HeaderName,
        parse: impl Fn(&'a [u8]) -> Option<T>,
    ) -> Single<T> {
        match self.raw.first(name) {
            None => Ok(None),
            Some(value) => parse(value).map(Some).ok_or(Fault::Malformed(name)),
        }
    }
}

fn all<T>(mut views: impl Iterator<Item = Result<T, Fault>>) -> Result<(), Fault> {
    views.try_for_each(|view| view.map(drop))
}
