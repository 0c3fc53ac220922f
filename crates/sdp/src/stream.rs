//! What offer and answer come to: one audio stream, and which codec it carries.

use std::net::{IpAddr, SocketAddr};

use crate::description::{Description, Direction, Host, Media};

/// G.711 (RFC 3551 section 4.5.14).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Codec {
    /// A-law.
    Pcma,
    /// Mu-law.
    Pcmu,
}

/// A negotiated audio stream, as media needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    /// Where RTP goes to. The address is unspecified if the far end holds by `c=0.0.0.0`.
    pub remote_rtp: SocketAddr,
    /// Where RTCP goes to.
    pub remote_rtcp: SocketAddr,
    /// What both sides speak.
    pub codec: Codec,
    /// Payload type that we send audio with.
    pub payload_out: u8,
    /// Payload type that we receive audio with.
    pub payload_in: u8,
    /// Telephone-event payload type that we send with, if negotiated.
    pub events_out: Option<u8>,
    /// Telephone-event payload type that we receive, if negotiated.
    pub events_in: Option<u8>,
    /// Which way audio flows, seen from us.
    pub direction: Direction,
    /// Whether the far end has put us on hold: it does not want our audio.
    pub hold: bool,
}

/// Why a description gives us no stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoStream {
    /// No audio over plain RTP with a port.
    #[error("no audio over plain RTP")]
    NoAudio,
    /// Neither PCMA nor PCMU.
    #[error("no codec in common")]
    NoCommonCodec,
    /// No address, or none that our socket can send to: a name, multicast, the other IP version.
    #[error("no media address that can be sent to")]
    NoAddress,
}

impl Codec {
    /// Its payload type without an `a=rtpmap` (RFC 3551 section 6).
    pub const fn static_payload(self) -> u8 {
        match self {
            Codec::Pcma => 8,
            Codec::Pcmu => 0,
        }
    }

    /// Its encoding name.
    pub const fn encoding(self) -> &'static str {
        match self {
            Codec::Pcma => "PCMA",
            Codec::Pcmu => "PCMU",
        }
    }

    /// What a payload type of a media description stands for; its `a=rtpmap` goes before the
    /// static assignment.
    pub(crate) fn of(media: &Media<'_>, payload: u8) -> Option<Codec> {
        const BOTH: [Codec; 2] = [Codec::Pcma, Codec::Pcmu];
        let mut both = BOTH.into_iter();
        match media.map(payload) {
            Some(map) if map.clock_hz != 8000 || map.channels.is_some_and(|count| count != 1) => {
                None
            }
            Some(map) => both.find(|codec| codec.encoding().eq_ignore_ascii_case(map.encoding)),
            None => both.find(|codec| codec.static_payload() == payload),
        }
    }
}

/// A media description that we can speak to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usable {
    /// Its place among the media descriptions.
    pub index: usize,
    pub codec: Codec,
    pub payload: u8,
    pub events: Option<u8>,
    rtp: SocketAddr,
    rtcp: SocketAddr,
}

impl Usable {
    /// The first media description that carries one of `codecs` to where `local` can send.
    pub fn find(
        description: &Description<'_>,
        local: IpAddr,
        codecs: &[Codec],
    ) -> Result<Usable, NoStream> {
        let mut why = NoStream::NoAudio;
        for (index, media) in description.media.iter().enumerate() {
            if !is_plain_audio(media) {
                continue;
            }
            let found = media.payloads().find_map(|payload| {
                let codec = Codec::of(media, payload).filter(|codec| codecs.contains(codec))?;
                Some((codec, payload))
            });
            let Some((codec, payload)) = found else {
                why = NoStream::NoCommonCodec;
                continue;
            };
            let Some(ip) = sendable(description.host_of(media), local) else {
                why = NoStream::NoAddress;
                continue;
            };
            let rtp = SocketAddr::new(ip, media.port);
            let rtcp = rtcp_address(media, rtp, local);
            let events = events_payload(media);
            return Ok(Usable {
                index,
                codec,
                payload,
                events,
                rtp,
                rtcp,
            });
        }
        Err(why)
    }

    /// The stream, where the far end's description says which way it flows.
    pub fn stream(&self, payload_in: u8, events_in: Option<u8>, theirs: Direction) -> Stream {
        let is_unspecified = self.rtp.ip().is_unspecified();
        let direction = our_direction(theirs, self.rtp.ip());
        Stream {
            remote_rtp: self.rtp,
            remote_rtcp: self.rtcp,
            codec: self.codec,
            payload_out: self.payload,
            payload_in,
            // One side's events need both sides' consent: each names its own payload type.
            events_out: events_in.and(self.events),
            events_in: self.events.and(events_in),
            direction,
            hold: is_unspecified || matches!(theirs, Direction::SendOnly | Direction::Inactive),
        }
    }
}

/// Which way audio flows, seen from us.
fn our_direction(theirs: Direction, remote: IpAddr) -> Direction {
    //= RFC 3264 section 8.4
    //# An agent MUST be capable of receiving SDP with a connection address of 0.0.0.0, in which
    //# case it means that neither RTP nor RTCP should be sent to the peer.
    if remote.is_unspecified() {
        theirs.mirrored().without_sending()
    } else {
        theirs.mirrored()
    }
}

/// AVPF (RFC 4585) without feedback is AVP with other RTCP intervals: phones offer it to speak AVP.
fn is_plain_audio(media: &Media<'_>) -> bool {
    media.kind.eq_ignore_ascii_case("audio")
        && media.port != 0
        && ["RTP/AVP", "RTP/AVPF"]
            .iter()
            .any(|name| name.eq_ignore_ascii_case(media.protocol))
}

/// An address that a socket of `local`'s IP version can send to, or the unspecified one (hold).
fn sendable(host: Option<Host<'_>>, local: IpAddr) -> Option<IpAddr> {
    match host? {
        Host::Ip(ip) if ip.is_unspecified() => Some(ip),
        Host::Ip(IpAddr::V4(ip)) if ip.is_broadcast() => None,
        Host::Ip(ip) if ip.is_ipv4() == local.is_ipv4() => Some(ip),
        Host::Ip(_) | Host::Other(_) => None,
    }
}

/// RFC 3605, or one port above RTP (RFC 3550 section 11).
fn rtcp_address(media: &Media<'_>, rtp: SocketAddr, local: IpAddr) -> SocketAddr {
    let above = SocketAddr::new(rtp.ip(), rtp.port().saturating_add(1));
    let Some(rtcp) = media.rtcp else { return above };
    match rtcp.host {
        None => SocketAddr::new(rtp.ip(), rtcp.port),
        Some(_) => match sendable(rtcp.host, local) {
            Some(ip) => SocketAddr::new(ip, rtcp.port),
            None => above,
        },
    }
}

/// The telephone-event payload type that carries the sixteen DTMF events.
fn events_payload(media: &Media<'_>) -> Option<u8> {
    media.payloads().find(|payload| {
        let is_event = media.map(*payload).is_some_and(|map| {
            map.encoding.eq_ignore_ascii_case("telephone-event") && map.clock_hz == 8000
        });
        //= RFC 4733 section 7.1.1
        //# If the "events" parameter is omitted, support for events 0-15 (the DTMF tones) is
        //# assumed.
        is_event && media.parameters(*payload).is_none_or(lists_the_keys)
    })
}

/// Whether a list such as `0-11,16` or `events=0-15` has the keys 0 to 9, `*` and `#`.
fn lists_the_keys(list: &str) -> bool {
    // All keys one by one are twelve parts; what comes after so many is not looked at.
    const PARTS: usize = 32;
    let list = list.strip_prefix("events=").unwrap_or(list);
    let has = |event: u8| {
        list.split(',').take(PARTS).any(|part| {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let bound = |text: &str| text.trim_ascii().parse::<u8>();
            matches!((bound(first), bound(last)), (Ok(f), Ok(l)) if (f..=l).contains(&event))
        })
    };
    (0..12).all(has)
}
