//! Who calls, what was dialled, and by way of whom: what an INVITE says of them.
//!
//! RFC 3261 section 20.20, RFC 3323 and RFC 3325 (withheld and asserted identity), RFC 5806
//! (Diversion), RFC 7044 (History-Info). Whether a sender may be believed is not known here.

use std::net::SocketAddr;

use bytes::Bytes;

use crate::boundary::{CallerFrom, Incoming};
use crate::message::{Host, Message, NameAddr, Uri};

/// Diverting parties that are listed; a call that was diverted more often has other troubles.
const MAX_DIVERSIONS: usize = 10;

/// What an INVITE says of itself.
pub(super) fn incoming(invite: &Message, source: SocketAddr) -> Incoming {
    let dialled = invite
        .request_uri()
        .as_ref()
        .and_then(number)
        .unwrap_or_default();
    let (caller, caller_from) = caller(invite);
    Incoming {
        source,
        sip_call_id: invite.call_id().to_owned(),
        caller,
        caller_from,
        diverted_by: diverted_by(invite, &dialled),
        dialled,
        offer: description_in(invite),
    }
}

/// The offer or answer in a message; none if there is none, or none that is understood.
pub(super) fn description_in(message: &Message) -> Option<Bytes> {
    message.session_description().ok().flatten()
}

fn caller(invite: &Message) -> (Option<String>, CallerFrom) {
    let from = invite.from();
    if invite.privacy().any(withholds) || is_anonymous(&from) {
        return (None, CallerFrom::Nowhere);
    }
    let asserted = invite
        .p_asserted_identities()
        .flatten()
        .find_map(|it| number(&it.uri));
    match asserted {
        Some(asserted) => (Some(asserted), CallerFrom::AssertedIdentity),
        None => match number(&from.uri) {
            Some(number) => (Some(number), CallerFrom::From),
            None => (None, CallerFrom::Nowhere),
        },
    }
}

/// Whether a value of Privacy withholds the caller: RFC 3325 section 9.3, RFC 3323 section 4.2.
fn withholds(privacy: &str) -> bool {
    ["id", "user"]
        .iter()
        .any(|value| value.eq_ignore_ascii_case(privacy))
}

/// Whether a From hides its sender: RFC 3261 section 8.1.1.3, RFC 3323 section 4.1.1.3.
fn is_anonymous(from: &NameAddr<'_>) -> bool {
    let Uri::Sip(uri) = from.uri else {
        return false;
    };
    let user = uri
        .user
        .is_some_and(|user| user.eq_ignore_ascii_case("anonymous"));
    user || matches!(uri.host, Host::Name(name) if name.eq_ignore_ascii_case("anonymous.invalid"))
}

fn diverted_by(invite: &Message, dialled: &str) -> Vec<String> {
    let diversions = invite
        .diversions()
        .flatten()
        .filter_map(|it| number(&it.uri));
    let mut history: Vec<String> = invite
        .history_info()
        .flatten()
        .filter_map(|it| number(&it.uri))
        .collect();
    // The last entry of RFC 7044 is the present target: we, who have diverted nothing.
    if history.last().is_some_and(|last| last == dialled) {
        history.pop();
    }
    diversions.chain(history).take(MAX_DIVERSIONS).collect()
}

/// The user part, less the parameters that RFC 3966 and RFC 3261 section 19.1.6 let it carry.
fn number(uri: &Uri<'_>) -> Option<String> {
    let user = uri.user()?;
    let number = user.split(';').next().unwrap_or_default();
    (!number.is_empty()).then(|| number.to_owned())
}
