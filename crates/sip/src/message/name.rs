//! Names of header fields, long and compact.
//!
//! RFC 3261 sections 7.3.1, 7.3.3 and 20, and the extensions whose fields we may read or copy.
//! Names compare without regard to case; unknown ones are kept in the index under `Other`.

use std::fmt;

macro_rules! header_names {
    ($($variant:ident $name:literal $($compact:literal)?,)*) => {
        /// The name of a header field.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum HeaderName {
            $(#[doc = concat!("`", $name, "`")] $variant,)*
            /// Any other.
            Other,
        }

        const ALL: &[(HeaderName, &str, Option<u8>)] = &[
            $((HeaderName::$variant, $name, header_names!(@compact $($compact)?)),)*
        ];
    };
    (@compact $compact:literal) => { Some($compact) };
    (@compact) => { None };
}

header_names! {
    Accept "Accept",
    AcceptContact "Accept-Contact" b'a',
    AcceptEncoding "Accept-Encoding",
    AcceptLanguage "Accept-Language",
    AlertInfo "Alert-Info",
    Allow "Allow",
    AllowEvents "Allow-Events" b'u',
    AuthenticationInfo "Authentication-Info",
    Authorization "Authorization",
    CallId "Call-ID" b'i',
    CallInfo "Call-Info",
    Contact "Contact" b'm',
    ContentDisposition "Content-Disposition",
    ContentEncoding "Content-Encoding" b'e',
    ContentLanguage "Content-Language",
    ContentLength "Content-Length" b'l',
    ContentType "Content-Type" b'c',
    CSeq "CSeq",
    Date "Date",
    Diversion "Diversion",
    ErrorInfo "Error-Info",
    Event "Event" b'o',
    Expires "Expires",
    From "From" b'f',
    HistoryInfo "History-Info",
    Identity "Identity" b'y',
    InReplyTo "In-Reply-To",
    MaxForwards "Max-Forwards",
    MimeVersion "MIME-Version",
    MinExpires "Min-Expires",
    MinSe "Min-SE",
    Organization "Organization",
    PAssertedIdentity "P-Asserted-Identity",
    PPreferredIdentity "P-Preferred-Identity",
    Path "Path",
    Priority "Priority",
    Privacy "Privacy",
    ProxyAuthenticate "Proxy-Authenticate",
    ProxyAuthorization "Proxy-Authorization",
    ProxyRequire "Proxy-Require",
    RAck "RAck",
    Reason "Reason",
    RecordRoute "Record-Route",
    ReferTo "Refer-To" b'r',
    ReferredBy "Referred-By" b'b',
    RejectContact "Reject-Contact" b'j',
    RemotePartyId "Remote-Party-ID",
    Replaces "Replaces",
    ReplyTo "Reply-To",
    RequestDisposition "Request-Disposition" b'd',
    Require "Require",
    RetryAfter "Retry-After",
    Route "Route",
    RSeq "RSeq",
    Server "Server",
    ServiceRoute "Service-Route",
    SessionExpires "Session-Expires" b'x',
    Subject "Subject" b's',
    Supported "Supported" b'k',
    Timestamp "Timestamp",
    To "To" b't',
    Unsupported "Unsupported",
    UserAgent "User-Agent",
    Via "Via" b'v',
    Warning "Warning",
    WwwAuthenticate "WWW-Authenticate",
}

/// Longest name that is ours.
const MAX_KNOWN_LEN: usize = 20;

/// Names by length, then in the order above: the few of one length are compared in turn.
const BY_LEN: ([u8; MAX_KNOWN_LEN + 2], [u8; ALL.len()]) = by_len();

const fn by_len() -> ([u8; MAX_KNOWN_LEN + 2], [u8; ALL.len()]) {
    let mut starts = [0; MAX_KNOWN_LEN + 2];
    let mut order = [0; ALL.len()];
    let (mut len, mut filled) = (0, 0);
    while len <= MAX_KNOWN_LEN {
        starts[len] = filled as u8;
        let mut at = 0;
        while at < ALL.len() {
            if ALL[at].1.len() == len {
                order[filled] = at as u8;
                filled += 1;
            }
            at += 1;
        }
        len += 1;
    }
    starts[MAX_KNOWN_LEN + 1] = filled as u8;
    assert!(
        filled == ALL.len(),
        "MAX_KNOWN_LEN is the longest name's length"
    );
    (starts, order)
}

const COMPACT: [HeaderName; 26] = compact();

const fn compact() -> [HeaderName; 26] {
    let mut letters = [HeaderName::Other; 26];
    let mut at = 0;
    while at < ALL.len() {
        if let Some(letter) = ALL[at].2 {
            letters[(letter - b'a') as usize] = ALL[at].0;
        }
        at += 1;
    }
    letters
}

impl HeaderName {
    /// The field that a name, long or compact, stands for.
    pub fn parse(name: &[u8]) -> Self {
        if let [letter] = name {
            let place = usize::from(letter.to_ascii_lowercase().wrapping_sub(b'a'));
            return COMPACT.get(place).copied().unwrap_or(Self::Other);
        }
        let (starts, order) = &BY_LEN;
        let (Some(&start), Some(&end)) = (starts.get(name.len()), starts.get(name.len() + 1))
        else {
            return Self::Other;
        };
        let candidates = order
            .get(usize::from(start)..usize::from(end))
            .unwrap_or_default();
        candidates
            .iter()
            .filter_map(|&place| ALL.get(usize::from(place)))
            .find(|(_, known, _)| is_same(known.as_bytes(), name))
            .map_or(Self::Other, |(found, _, _)| *found)
    }

    /// The long form; empty for `Other`.
    pub fn as_str(self) -> &'static str {
        ALL.get(self as usize).map_or("", |(_, name, _)| name)
    }
}

/// Whether names of one length are the same. Most differ in their first letter, and most that are
/// the same are written as we write them.
fn is_same(known: &[u8], name: &[u8]) -> bool {
    let first_letters = known.first().zip(name.first());
    first_letters.is_some_and(|(a, b)| a | CASE_BIT == b | CASE_BIT)
        && (known == name || known.eq_ignore_ascii_case(name))
}

/// What tells a small letter from a capital.
const CASE_BIT: u8 = 0x20;

impl fmt::Display for HeaderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_finds_itself_in_any_case_and_in_compact_form() {
        for (place, (name, long, compact)) in ALL.iter().enumerate() {
            assert_eq!(*name as usize, place);
            assert_eq!(HeaderName::parse(long.as_bytes()), *name);
            assert_eq!(
                HeaderName::parse(long.to_ascii_uppercase().as_bytes()),
                *name
            );
            assert_eq!(
                HeaderName::parse(long.to_ascii_lowercase().as_bytes()),
                *name
            );
            assert_eq!(name.as_str(), *long);
            if let Some(letter) = compact {
                assert_eq!(HeaderName::parse(&[*letter]), *name);
                assert_eq!(HeaderName::parse(&[letter.to_ascii_uppercase()]), *name);
            }
        }
    }

    #[test]
    fn anything_else_is_other() {
        for name in [
            "",
            "z",
            "1",
            "Vias",
            "Via ",
            "X-Very-Long-Header-Name-Of-Ours",
            "é",
        ] {
            assert_eq!(
                HeaderName::parse(name.as_bytes()),
                HeaderName::Other,
                "{name}"
            );
        }
    }
}
