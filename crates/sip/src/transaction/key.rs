//! Which server transaction a request belongs to.
//!
//! RFC 3261 sections 17.2.3 (branch, sent-by and method; or, without the magic cookie, what RFC
//! 2543 went by), 9.2 (CANCEL) and 8.2.2.2 (merged requests). A key is a keyed hash of 128 bits:
//! of one size whatever a stranger sends, and none can be made to meet another.

use std::io::Write;

use crate::message::{HeaderName, Message, Method, Via};
use crate::names::Names;

/// Names a server transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TransactionKey(u128);

impl TransactionKey {
    /// The transaction of the request itself; an ACK's is that of its INVITE.
    pub(crate) fn of(request: &Message, names: &Names) -> Self {
        match request.method() {
            Method::Ack => Self::of_invite(request, names),
            method => Self::with_method(request, names, method.as_str()),
        }
    }

    /// The INVITE transaction that an ACK or CANCEL is about.
    pub(crate) fn of_invite(request: &Message, names: &Names) -> Self {
        Self::with_method(request, names, Method::Invite.as_str())
    }

    /// What copies of one request that came by different ways have in common.
    pub(crate) fn of_merged(request: &Message, names: &Names) -> Self {
        let cseq = request.cseq();
        Self(names.key(&[
            b"merged",
            request.from().tag().unwrap_or_default().as_bytes(),
            request.call_id().as_bytes(),
            &cseq.number.to_be_bytes(),
            cseq.method.as_str().as_bytes(),
        ]))
    }

    /// For what is derived from it.
    pub(crate) fn to_bytes(self) -> [u8; 16] {
        self.0.to_le_bytes()
    }

    fn with_method(request: &Message, names: &Names, method: &str) -> Self {
        let via = request.via();
        match via.branch() {
            //= RFC 3261 section 17.2.3
            //# 1. the branch parameter in the request is the same as the one in the top Via header
            //# field of the request that created the transaction, and
            //# 2. the sent-by value in the top Via of the request is equal ..., and
            //# 3. the method of the request matches ..., except for ACK, where the method of the
            //# request that created the transaction is INVITE.
            Some(branch) if via.has_magic_cookie() => {
                let mut sent_by = [0; MAX_SENT_BY];
                let sent_by = write_sent_by(&via, &mut sent_by);
                Self(names.key(&[method.as_bytes(), branch.as_bytes(), sent_by]))
            }
            // The To tag is left out: an ACK has one that its INVITE had not.
            Some(_) | None => Self(
                names.key(&[
                    b"RFC 2543",
                    method.as_bytes(),
                    request
                        .request_uri()
                        .map_or("", |uri| uri.as_str())
                        .as_bytes(),
                    request.from().tag().unwrap_or_default().as_bytes(),
                    request.call_id().as_bytes(),
                    &request.cseq().number.to_be_bytes(),
                    request.elements(HeaderName::Via).next().unwrap_or_default(),
                ]),
            ),
        }
    }
}

/// Room for a host name (RFC 1035) and a port; of a longer one the end does not count.
const MAX_SENT_BY: usize = 264;

/// Host in lower case and port.
fn write_sent_by<'a>(via: &Via<'_>, room: &'a mut [u8; MAX_SENT_BY]) -> &'a [u8] {
    let mut left = &mut room[..];
    // A write that finds no room left ends there, which is what the limit says.
    let _ = write!(left, "{}:{}", via.host, via.port.unwrap_or(5060));
    let len = MAX_SENT_BY - left.len();
    let sent_by = room.get_mut(..len).unwrap_or_default();
    sent_by.make_ascii_lowercase();
    sent_by
}
