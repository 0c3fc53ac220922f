//! Answers that leave nothing behind: to what is no message, and to an INVITE for which there is no
//! room.
//!
//! RFC 3261 section 8.2.7: no 100, the same To tag for each copy, ACK and CANCEL left alone. One
//! bound on all of them, so that nobody makes an amplifier or a full-time job of us: beyond
//! [`MAX_STATELESS_ANSWERS_PER_S`] what asks for more is dropped and counted.

use std::net::SocketAddr;
use std::time::Duration;

use rotaline_model::Mono;

use super::admission::{BUSY_RETRY_AFTER_S, Refusal};
use super::{Endpoint, Request};
use crate::message::{Fault, ParseError};
use crate::names::LocalTag;

/// Most answers without state in a second by the clock that begins with the first of them.
pub const MAX_STATELESS_ANSWERS_PER_S: u32 = 500;

/// How many more answers without state may go out.
#[derive(Debug, Default)]
pub(super) struct Allowance {
    /// When the present second began; none before the first answer.
    since: Option<Mono>,
    given: u32,
}

impl Allowance {
    /// Takes one, if one is left.
    fn take(&mut self, now: Mono) -> bool {
        let second = Duration::from_secs(1);
        if self.since.is_none_or(|since| now.since(since) >= second) {
            (self.since, self.given) = (Some(now), 0);
        }
        let is_left = self.given < MAX_STATELESS_ANSWERS_PER_S;
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
            (Some(request), _) if self.allowance.take(now) => {
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

    /// An INVITE that there is no room to remember: its sender shall come again.
    pub(super) fn no_room_for_invite(&mut self, request: &Request<'_>) {
        let refusal = Refusal::retry_after(503, BUSY_RETRY_AFTER_S);
        self.refuse_statelessly(request, &refusal);
    }

    /// Whether an ACK is that of a refusal that we kept no state of.
    pub(super) fn is_ack_of_stateless(&self, ack: &Request<'_>) -> bool {
        let to = ack.message.to();
        to.tag().and_then(LocalTag::parse) == Some(self.stateless_tag_of(ack))
    }

    fn refuse_statelessly(&mut self, request: &Request<'_>, refusal: &Refusal) {
        if !self.allowance.take(request.now) {
            self.counters.muted += 1;
            return;
        }
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
