//! The route set of a dialog, and where a request goes by it.
//!
//! RFC 3261 sections 12.2.1.1 (loose and strict first hop) and 8.1.2. Names are not resolved here.

use std::borrow::Cow;
use std::net::SocketAddr;

use crate::message::{HeaderName, Message, NameAddr, SipScheme, Uri};

/// The port of a URI that names none.
const DEFAULT_PORT: u16 = 5060;

/// Longest route set that is kept: a longer one costs memory and nobody's proxies are that many.
/// What is beyond it is left out, and such a dialog's requests may not arrive.
const MAX_ROUTES: usize = 16;

/// Route elements as text, brackets and parameters included, in the order of Route.
#[derive(Default)]
pub(crate) struct RouteSet(Box<[Box<str>]>);

impl RouteSet {
    /// From the Record-Route of a request: we are its UAS.
    pub(crate) fn in_order(request: &Message) -> Self {
        Self(record_routes(request).collect())
    }

    /// From the Record-Route of a response: we are its UAC.
    pub(crate) fn reversed(response: &Message) -> Self {
        let mut routes: Vec<Box<str>> = record_routes(response).collect();
        routes.reverse();
        Self(routes.into())
    }

    /// The first hop's URI.
    pub(crate) fn first_uri(&self) -> Option<&str> {
        NameAddr::parse(self.0.first()?.as_bytes()).map(|route| route.uri.as_str())
    }

    /// Request-URI and Route value of a request to `target`.
    pub(crate) fn apply<'a>(&'a self, target: &'a str) -> (Cow<'a, str>, Option<Cow<'a, str>>) {
        let target_uri = without_what_no_request_has(target);
        let Some((first, others)) = self.0.split_first() else {
            return (target_uri, None);
        };
        let first_uri = NameAddr::parse(first.as_bytes()).map(|route| route.uri);
        match first_uri.as_ref().and_then(Uri::as_sip) {
            //= RFC 3261 section 12.2.1.1
            //# If the route set is not empty, and its first URI does not contain the lr parameter,
            //# the UAC MUST place the first URI from the route set into the Request-URI, stripping
            //# any parameters that are not allowed in a Request-URI. The UAC MUST add a Route
            //# header field containing the remainder of the route set values in order ... The UAC
            //# MUST then place the remote target URI into the Route header field as the last value.
            Some(strict) if !strict.is_loose_router() => {
                let uri = first_uri.map_or(target, |uri| uri.as_str());
                let mut route = others.join(", ");
                if !route.is_empty() {
                    route.push_str(", ");
                }
                route.extend(["<", target, ">"]);
                (without_what_no_request_has(uri), Some(Cow::Owned(route)))
            }
            //= RFC 3261 section 12.2.1.1
            //# If the route set is not empty, and the first URI in the route set contains the lr
            //# parameter ..., the UAC MUST place the remote target URI into the Request-URI and
            //# MUST include a Route header field containing the route set values in order
            Some(_) | None => {
                let route = match others {
                    [] => Cow::Borrowed(first.as_ref()),
                    _ => Cow::Owned(self.0.join(", ")),
                };
                (target_uri, Some(route))
            }
        }
    }
}

/// Where a request to a SIP URI goes to over UDP, if the URI names its host by address.
pub fn destination(uri: &str) -> Option<SocketAddr> {
    let uri = Uri::parse(uri)?;
    let sip = uri.as_sip().filter(|sip| sip.scheme == SipScheme::Sip)?;
    Some(SocketAddr::new(
        sip.host.ip()?,
        sip.port.unwrap_or(DEFAULT_PORT),
    ))
}

/// A URI without its header components and `method` parameter (RFC 3261 section 19.1.1, table 1):
/// a Contact may not have them either, but who writes one wants them in our requests.
fn without_what_no_request_has(uri: &str) -> Cow<'_, str> {
    let uri = uri.split_once('?').map_or(uri, |(uri, _)| uri);
    let is_method = |param: &&str| {
        param
            .get(..7)
            .is_some_and(|name| name.eq_ignore_ascii_case("method="))
    };
    if !uri.split(';').skip(1).any(|param| is_method(&param)) {
        return Cow::Borrowed(uri);
    }
    let kept: Vec<&str> = uri.split(';').filter(|part| !is_method(part)).collect();
    Cow::Owned(kept.join(";"))
}

/// Record-Route elements that can be read.
fn record_routes(message: &Message) -> impl Iterator<Item = Box<str>> {
    message
        .elements(HeaderName::RecordRoute)
        .filter(|element| NameAddr::parse(element).is_some())
        .filter_map(|element| std::str::from_utf8(element).ok())
        .map(Box::from)
        .take(MAX_ROUTES)
}
