//! Answers that leave nothing behind: to what is no message or too large, to who may begin nothing
//! here, and to an INVITE for which there is no room.
//!
//! RFC 3261 section 8.2.7: no 100, the same To tag for each copy, ACK and CANCEL left alone. Each
//! kind has a bound a second, so that nobody makes an amplifier or a full-time job of us, and no
//! kind uses up another's: what is beyond it is dropped and counted.

use std::net::SocketAddr;
use std::time::Duration;

use rotaline_model::Mono;

use super::admission::{BUSY_RETRY_AFTER_S, Refusal};
use super::{Endpoint, Request};
use crate::message::{Fault, Message, ParseError};
use crate::names::LocalTag;
use crate::network::Network;
use crate::transaction::TransactionKey;

/// Most INVITEs without room that are told so in a second.
pub(super) const MAX_BUSY_ANSWERS_PER_S: u32 = 500;

/// Most malformed requests that are told so in a second.
const MAX_MALFORMED_ANSWERS_PER_S: u32 = 100;

/// Most requests of outsiders that are answered in a second: enough for an operator to see at the
/// far end what is wrong.
pub(super) const MAX_OUTSIDER_ANSWERS_PER_S: u32 = 20;

/// How many more answers without state may go out, of each kind.
#[derive(Debug, Default)]
pub(super) struct Allowances {
    busy: Allowance,
    malformed: Allowance,
    outsiders: Allowance,
}

/// What went out in the second that began with the first.
#[derive(Debug, Default)]
struct Allowance {
    since: Option<Mono>,
    given: u32,
}

impl Allowance {
    /// Takes one, if one is left.
    fn take(&mut self, now: Mono, most_per_s: u32) -> bool {
        let second = Duration::from_secs(1);
        if self.since.is_none_or(|since| now.since(since) >= second) {
            (self.since, self.given) = (Some(now), 0);
        }
        let is_left = self.given < most_per_s;
        self.given += u32::from(is_left);
        is_left
    }
}

impl Endpoint {
    /// A datagram that is no message.
    pub(super) fn malformed(
        &mut self,
        now: Mono,
        source: SocketAddr,
        datagram: &[u8],
        error: &ParseError,
    ) {
        match (&error.request, error.fault) {
            // A keep-alive is neither answered nor a fault.
            (None, Fault::Empty) => {}
            (None, _) => self.counters.malformed_dropped += 1,
            (Some(_), _) if !self.is_peer(source) => self.counters.outsiders += 1,
            (Some(request), _)
                if self
                    .allowances
                    .malformed
                    .take(now, MAX_MALFORMED_ANSWERS_PER_S) =>
            {
                self.counters.malformed_answered += 1;
                let tag = self.names.stateless_tag(datagram);
                let (to, bytes) = request.answer(source, &tag.to_string());
                self.transmit(to, bytes);
            }
            (Some(_), _) => {
                self.counters.malformed_dropped += 1;
                self.counters.muted += 1;
            }
        }
    }

    /// A request that is larger than those that are kept.
    pub(super) fn too_large(&mut self, now: Mono, source: SocketAddr, message: &Message) {
        let key = TransactionKey::of(message, &self.names);
        let request = Request {
            now,
            source,
            message,
            key,
        };
        if !self.is_peer(source) {
            self.counters.outsiders += 1;
        } else if self
            .allowances
            .malformed
            .take(now, MAX_MALFORMED_ANSWERS_PER_S)
        {
            self.counters.malformed_answered += 1;
            //= RFC 3261 section 21.5.14
            //# The server was unable to process the request since the message length exceeded its
            //# capabilities.
            self.refuse_statelessly(&request, &Refusal::plain(513));
        } else {
            self.counters.malformed_dropped += 1;
            self.counters.muted += 1;
        }
    }

    /// An INVITE that there is no room to remember: its sender shall come again.
    pub(super) fn no_room_for_invite(&mut self, request: &Request<'_>) {
        let refusal = Refusal::retry_after(503, BUSY_RETRY_AFTER_S);
        let busy = &mut self.allowances.busy;
        if busy.take(request.now, MAX_BUSY_ANSWERS_PER_S) {
            self.refuse_statelessly(request, &refusal);
        } else {
            self.counters.muted += 1;
        }
    }

    /// Whether a sender may begin something here.
    pub(super) fn is_peer(&self, source: SocketAddr) -> bool {
        let peers = &self.config.peers;
        peers.is_empty() || peers.iter().any(|it: &Network| it.contains(source.ip()))
    }

    /// A request of someone who may begin nothing here. It is answered, not dropped: a provider's
    /// new address that is missing from the list is seen at once at both ends, where silence would
    /// cost each caller 32 s. Nothing is kept of it.
    pub(super) fn not_a_peer(&mut self, request: &Request<'_>) {
        self.counters.outsiders += 1;
        let outsiders = &mut self.allowances.outsiders;
        if outsiders.take(request.now, MAX_OUTSIDER_ANSWERS_PER_S) {
            self.refuse_statelessly(request, &Refusal::plain(403));
        } else {
            self.counters.muted += 1;
        }
    }

    /// Whether an ACK is that of a refusal that we kept no state of.
    pub(super) fn is_ack_of_stateless(&self, ack: &Request<'_>) -> bool {
        let to = ack.message.to();
        to.tag().and_then(LocalTag::parse) == Some(self.stateless_tag_of(ack))
    }

    fn refuse_statelessly(&mut self, request: &Request<'_>, refusal: &Refusal) {
        //= RFC 3261 section 8.2.7
        //# A stateless UAS MUST NOT send provisional (1xx) responses. ... To header tags MUST be
        //# generated for responses in a stateless manner - in a manner that will generate the same
        //# tag for the same request consistently.
        let tag = self.stateless_tag_of(request);
        let mut writer = self.writer(request.message, request.source, refusal.status, tag);
        refusal.write(&mut writer);
        let to = request.message.via().reply_to(request.source);
        self.transmit(to, writer.finish());
    }

    /// The same for an INVITE, its copies and the ACK of its refusal, which share a key.
    fn stateless_tag_of(&self, request: &Request<'_>) -> LocalTag {
        self.names.stateless_tag(&request.key.to_bytes())
    }
}
