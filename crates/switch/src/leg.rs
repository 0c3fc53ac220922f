//! One leg, as the switch holds it: a SIP session on one side, a media slot on the other.
//!
//! Either side may go first. The leg is forgotten when both are gone.

use bytes::Bytes;
use rotaline_media as media;
use rotaline_model::{LegId, Mono};
use rotaline_sdp as sdp;
use rotaline_sip::SessionId;

use crate::ports::Port;
use crate::trunks::OverTrunks;

/// One leg of a live call.
#[derive(Debug)]
pub(crate) struct Leg {
    /// Its number in the call.
    pub id: LegId,
    /// Its SIP session, until that is terminated.
    pub session: Option<SessionId>,
    /// Whether the session is being ended or has ended: the flow hears no more of it.
    pub over: bool,
    /// Its media slot, until media has closed it.
    pub port: Option<Port>,
    /// How far offer and answer have come.
    pub negotiation: Negotiation,
    /// What it speaks, once that is agreed or will be by our answer.
    pub codec: Option<sdp::Codec>,
    /// Whether its media flows.
    pub media: MediaState,
    /// What we said of ourselves last.
    pub local: sdp::Local,
    /// The description that we sent last, sent again when a refresh changes nothing.
    pub sent: Bytes,
    /// Its way over the trunks, if it is rung by number.
    pub over_trunks: Option<Box<OverTrunks>>,
    /// When it is too old.
    pub expires: Mono,
}

/// How far offer and answer have come (RFC 3264).
#[derive(Debug)]
pub(crate) enum Negotiation {
    /// The caller's offer is understood; this answer waits for the flow to answer.
    Answerable(Bytes, sdp::Stream),
    /// The caller made no offer: ours goes into the 2xx, its answer comes with the ACK.
    OfferInAnswer,
    /// Our offer is out.
    OurOffer,
    /// Agreed.
    Agreed,
}

/// Whether media flows.
#[derive(Debug)]
pub(crate) enum MediaState {
    /// Not yet; what it is to do then.
    Waiting(Vec<media::Command>),
    /// Yes.
    Open,
    /// Closed, or being closed.
    Closed,
}

impl Leg {
    /// A new description of ours, as it is sent.
    //= RFC 3264 section 8
    //# When issuing an offer that modifies the session, the "o=" line of the new SDP MUST be
    //# identical to that in the previous SDP, except that the version in the origin field MUST
    //# increment by one from the previous SDP.
    pub fn says(&mut self, description: Bytes) -> Bytes {
        if !sdp::same_but_for_version(&description, &self.sent) {
            self.local.version += 1;
            self.sent = sdp::with_version(&description, self.local.version);
        }
        self.sent.clone()
    }

    /// Whether nothing of it is left.
    pub fn is_gone(&self) -> bool {
        self.session.is_none() && self.port.is_none()
    }
}

/// What we offer to a leg that is to speak `first`: equal codecs are relayed as they are.
pub(crate) fn codecs(first: Option<sdp::Codec>) -> &'static [sdp::Codec] {
    match first {
        Some(sdp::Codec::Pcmu) => &[sdp::Codec::Pcmu, sdp::Codec::Pcma],
        Some(sdp::Codec::Pcma) | None => sdp::CODECS,
    }
}

/// What media needs to know of an agreed stream.
pub(crate) fn stream_config(stream: &sdp::Stream) -> media::StreamConfig {
    media::StreamConfig {
        remote_rtp: stream.remote_rtp,
        remote_rtcp: stream.remote_rtcp,
        codec: match stream.codec {
            sdp::Codec::Pcma => media::Codec::Pcma,
            sdp::Codec::Pcmu => media::Codec::Pcmu,
        },
        payload_out: stream.payload_out,
        payload_in: stream.payload_in,
        events_out: stream.events_out,
        events_in: stream.events_in,
        direction: match stream.direction {
            sdp::Direction::SendRecv => media::Direction::SendRecv,
            sdp::Direction::SendOnly => media::Direction::SendOnly,
            sdp::Direction::RecvOnly => media::Direction::RecvOnly,
            sdp::Direction::Inactive => media::Direction::Inactive,
        },
    }
}
