//! One leg's stream: where its packets go, whose are accepted, and what is known of both.
//!
//! Addresses: packets are accepted from the IP address of the session description only (SERVICE.md:
//! the signalled media address is the SDP's). The port that we send to begins as signalled and
//! follows the far end's source port once [`PROOF_PACKETS`] packets in a row have come from it
//! (symmetric RTP, RFC 4961); it never leaves the IP address.
//!
//! Direction (RFC 3264 section 5.1): where it lets us send, a packet leaves every 20 ms, silence if
//! nothing else, as SERVICE.md wants in every state. While the far end has us `recvonly` or
//! `inactive` it has told us that it takes no media; then no RTP leaves (RTCP goes on, the stream's
//! clock runs on, its sequence does not), and the first packet after it bears the marker.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use rotaline_model::{Digit, Mono};

use crate::answerphone::{Ear, Ours};
use crate::digits::Digits;
use crate::inband::Inband;
use crate::mix::Voice;
use crate::play::Playing;
use crate::quality::{self, Suffered};
use crate::receive::{Arrival, Incoming};
use crate::recordings::InAudio;
use crate::room::Members;
use crate::rtcp::{self, CanonicalName, Ending, LastReport, Report, Sent};
use crate::rtp::{Header, Ssrc};
use crate::send::Outgoing;
use crate::tape::{Side, SourceClock};
use crate::{Codec, Direction, Event, Io, MediaLeg, MediaRoom, Quality, StreamConfig};

/// Packets in a row from another port of the signalled address that make us send there.
const PROOF_PACKETS: u8 = 3;
/// What is left of an event's key in the audio is followed by the event within this time: both
/// ends of a gateway hear a tone for about 40 ms before they know it.
const EVENT_WITHIN: Duration = Duration::from_millis(60);
/// RFC 3551 section 4.5.3's neighbour in the table of section 6: comfort noise (RFC 3389).
const COMFORT_NOISE: u8 = 13;

/// A leg.
pub(crate) struct Leg {
    pub(crate) id: MediaLeg,
    pub(crate) stream: StreamConfig,
    pub(crate) send_to: SocketAddr,
    candidate: (u16, u8),
    pub(crate) out: Outgoing,
    pub(crate) incoming: Option<Incoming>,
    /// Of sources that are gone.
    received_before: u64,
    lost_before: u64,
    gaps_before: u32,
    pub(crate) clock: SourceClock,
    pub(crate) digits: Digits,
    /// Whether the leg is in the list of those whose key is down.
    pub(crate) key_listed: bool,
    /// Listens for keys in the audio (see [`Leg::tend_ear`]).
    pub(crate) inband: Option<Box<Inband>>,
    /// A key in the audio of a leg that may send it as an event yet.
    pub(crate) doubtful: Option<Doubtful>,
    /// Whether a key has come as an event.
    pub(crate) keys_by_event: bool,
    /// While the leg is asked whether it lets the caller in.
    pub(crate) ear: Option<Box<Ear>>,
    /// What was keyed before the leg was joined to others, and is not for them.
    pub(crate) barred: Barred,
    pub(crate) playing: Option<Playing>,
    pub(crate) playings: u32,
    pub(crate) room: Option<MediaRoom>,
    pub(crate) link: Link,
    /// What it said last, while it is mixed.
    pub(crate) voice: Option<Box<Voice>>,
    pub(crate) tape: Option<Taped>,
    pub(crate) phase: u8,
    heard_at: Mono,
    dead_told: bool,
    /// When a report or the verdict that the leg is dead may be due.
    pub(crate) check_at: Mono,
    report_at: Mono,
    reported_packets: u64,
    last_report: Option<(Ssrc, LastReport)>,
    round_trip_ms: Option<u32>,
    cname: CanonicalName,
}

/// Who else is in the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    Alone,
    /// One other: packets are relayed.
    With(u32),
    /// Several (and the leg itself): they are mixed.
    Mixed(Members),
}

/// Keys that began before a leg was joined.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Barred {
    /// Presses up to this number.
    pub(crate) presses: u32,
    /// The tone that sounds at present.
    pub(crate) tone: bool,
}

/// A key in the audio that may be what is left of an event's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Doubtful {
    digit: Digit,
    /// When it counts.
    due: Mono,
}

/// A leg's place on a recording.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taped {
    pub(crate) index: u32,
    pub(crate) says: Side,
}

impl Taped {
    pub(crate) fn hears(self) -> Side {
        match self.says {
            Side::Left => Side::Right,
            Side::Right => Side::Left,
        }
    }
}

/// What a packet is, by its payload type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    Audio,
    Event,
    ComfortNoise,
    Unknown,
}

/// Random values for a new leg.
pub(crate) struct Chosen {
    pub(crate) ssrc: u32,
    pub(crate) sequence: u16,
    pub(crate) timestamp: u32,
    pub(crate) cname: CanonicalName,
}

/// When the periodic work of a leg is due.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Periods {
    pub(crate) dead_after: Duration,
    pub(crate) next_report: Duration,
}

impl Leg {
    /// `epoch` is the tick before `now` that the leg's packets are counted from.
    pub(crate) fn new(
        id: MediaLeg,
        stream: StreamConfig,
        (now, epoch, phase): (Mono, Mono, u8),
        chosen: &Chosen,
        periods: Periods,
    ) -> Self {
        let report_at = now + periods.next_report;
        Leg {
            id,
            send_to: stream.remote_rtp,
            stream,
            candidate: (0, 0),
            out: Outgoing::new(Ssrc(chosen.ssrc), chosen.sequence, chosen.timestamp, epoch),
            incoming: None,
            received_before: 0,
            lost_before: 0,
            gaps_before: 0,
            clock: SourceClock::new(),
            digits: Digits::default(),
            key_listed: false,
            inband: Some(Box::default()),
            doubtful: None,
            keys_by_event: false,
            ear: None,
            barred: Barred::default(),
            playing: None,
            playings: 0,
            room: None,
            link: Link::Alone,
            voice: None,
            tape: None,
            phase,
            heard_at: now,
            dead_told: false,
            check_at: report_at.min(now + periods.dead_after),
            report_at,
            reported_packets: 0,
            last_report: None,
            round_trip_ms: None,
            cname: chosen.cname,
        }
    }

    /// The stream was negotiated anew.
    pub(crate) fn update(&mut self, now: Mono, stream: StreamConfig) {
        // A session refresh that names the same address must not undo what was proved.
        if stream.remote_rtp != self.stream.remote_rtp {
            self.send_to = stream.remote_rtp;
            self.candidate = (0, 0);
        }
        self.stream = stream;
        self.tend_ear();
        self.heard_at = now;
        self.dead_told = false;
        if !self.sends() {
            self.out.pause();
        }
    }

    pub(crate) fn accepts(&self, source: IpAddr) -> bool {
        source.to_canonical() == self.stream.remote_rtp.ip().to_canonical()
    }

    /// Whether RTP may leave.
    pub(crate) fn sends(&self) -> bool {
        let direction = match self.stream.direction {
            Direction::SendRecv | Direction::SendOnly => true,
            Direction::RecvOnly | Direction::Inactive => false,
        };
        direction && is_reachable(self.stream.remote_rtp)
    }

    /// Whether incoming media is taken.
    pub(crate) fn receives(&self) -> bool {
        match self.stream.direction {
            Direction::SendRecv | Direction::RecvOnly => true,
            Direction::SendOnly | Direction::Inactive => false,
        }
    }

    pub(crate) fn content(&self, payload_type: u8) -> Content {
        if payload_type == self.stream.payload_in {
            Content::Audio
        } else if Some(payload_type) == self.stream.events_in {
            Content::Event
        } else if payload_type == COMFORT_NOISE {
            Content::ComfortNoise
        } else {
            Content::Unknown
        }
    }

    /// Something well formed came from the far end.
    pub(crate) fn was_heard(&mut self, now: Mono) {
        self.heard_at = now;
        self.dead_told = false;
    }

    /// Follows the far end's source port once it is proved.
    pub(crate) fn prove_port(&mut self, port: u16) {
        if port == self.send_to.port() {
            self.candidate = (0, 0);
            return;
        }
        let (candidate, packets) = self.candidate;
        self.candidate = if candidate == port {
            (port, packets + 1)
        } else {
            (port, 1)
        };
        if self.candidate.1 >= PROOF_PACKETS {
            self.send_to.set_port(port);
            self.candidate = (0, 0);
        }
    }

    /// Accounts for a packet of the source whose audio we take; another SSRC becomes that source.
    pub(crate) fn account(&mut self, header: &Header) -> Arrival {
        if let Some(incoming) = &mut self.incoming {
            if incoming.ssrc() == header.ssrc {
                return incoming.accept(header.sequence);
            }
            self.received_before += incoming.received();
            self.lost_before += incoming.lost();
            self.gaps_before += incoming.gaps();
        }
        self.incoming = Some(Incoming::new(header));
        self.clock.reset();
        Arrival::Restarted
    }

    /// Whether the packet is of the source that [`Leg::account`] follows, or begins it.
    pub(crate) fn is_of_source(&self, header: &Header) -> bool {
        self.incoming
            .as_ref()
            .is_none_or(|incoming| incoming.ssrc() == header.ssrc)
    }

    /// Follows the source's jitter; listens for keys in its audio, and for signs of an answerphone.
    pub(crate) fn follow_audio(
        &mut self,
        now: Mono,
        header: &Header,
        audio: &[u8],
        mut tell: impl FnMut(Event),
    ) {
        if let Some(incoming) = &mut self.incoming {
            incoming.follow_jitter(header.timestamp, now);
        }
        let (leg, codec) = (self.id, self.codec());
        if let Some(inband) = &mut self.inband {
            let samples = audio.iter().map(|byte| codec.decode(*byte));
            let (may_be_event, doubtful) = (self.stream.events_in.is_some(), &mut self.doubtful);
            inband.listen(samples, |digit| {
                if may_be_event {
                    let due = now + EVENT_WITHIN;
                    *doubtful = Some(Doubtful { digit, due });
                } else {
                    tell_key(leg, digit, &mut tell);
                }
            });
            self.barred.tone &= inband.is_down();
            self.tend_ear();
        }
        if let Some(ear) = &mut self.ear {
            let ours = match self.playing {
                Some(_) => Ours::Speaks,
                None => Ours::IsSilent,
            };
            let samples = audio.iter().map(|byte| codec.decode(*byte));
            ear.listen(now, ours, samples, |sign| {
                tell(Event::AnswerphoneSign { leg, sign });
            });
        }
    }

    /// Keys are listened for in the audio where events were not negotiated; and where they were,
    /// until one has come, as long as the leg is by itself: some phones negotiate events and key in
    /// the audio, but in a talk a voice could be taken for a key. A tone is heard to its end.
    fn tend_ear(&mut self) {
        let by_itself = self.link == Link::Alone && !self.keys_by_event;
        let is_down = self.inband.as_ref().is_some_and(|inband| inband.is_down());
        if self.stream.events_in.is_none() || by_itself {
            self.inband.get_or_insert_default();
        } else if self.keys_by_event || !is_down {
            self.inband = None;
            self.barred.tone = false;
        }
    }

    /// A key has come as an event: what of it is in the audio is no other.
    pub(crate) fn keys_by_event(&mut self) {
        self.doubtful = None;
        if !self.keys_by_event {
            self.keys_by_event = true;
            self.tend_ear();
        }
    }

    /// Tells a key in the audio of which no event has come in time.
    pub(crate) fn settle_doubt(&mut self, now: Mono, tell: impl FnMut(Event)) {
        if let Some(key) = self.doubtful.filter(|key| key.due <= now) {
            self.doubtful = None;
            tell_key(self.id, key.digit, tell);
        }
    }

    /// Whether a key sounds in what it says.
    pub(crate) fn in_audio(&self) -> InAudio {
        match &self.inband {
            Some(inband) if inband.is_down() => InAudio::Key,
            Some(_) | None => InAudio::NoKey,
        }
    }

    /// Whether what the others of its room say is what this leg hears.
    pub(crate) fn hears_room(&self) -> bool {
        !self.is_kept_from_room() && self.sends()
    }

    /// Whether something plays in place of the room.
    pub(crate) fn is_kept_from_room(&self) -> bool {
        self.playing.as_ref().is_some_and(|it| !it.is_over_room())
    }

    /// Others are in the room from now on: what was keyed before is not for them.
    pub(crate) fn join(&mut self, link: Link) {
        self.voice = match link {
            Link::Mixed(_) => Some(self.voice.take().unwrap_or_else(Voice::new)),
            Link::Alone | Link::With(_) => None,
        };
        self.link = link;
        self.out.forget_source();
        self.bar_keys();
        self.tend_ear();
    }

    fn bar_keys(&mut self) {
        self.barred = Barred {
            presses: self.digits.presses(),
            tone: self.inband.as_ref().is_some_and(|inband| inband.is_down()),
        };
    }

    pub(crate) fn hears_rtcp(&mut self, now: Mono, compound: &[u8]) -> bool {
        let (ours, last_report, round_trip) = (
            self.out.ssrc(),
            &mut self.last_report,
            &mut self.round_trip_ms,
        );
        let well_formed = rtcp::read(now, compound, |told| match told {
            rtcp::Told::SenderReport { ssrc, middle_ntp } => {
                let arrival = now;
                *last_report = Some((
                    ssrc,
                    LastReport {
                        middle_ntp,
                        arrival,
                    },
                ));
            }
            rtcp::Told::Block {
                about,
                round_trip_ms: Some(ms),
            } if about == ours => *round_trip = Some(ms),
            rtcp::Told::Block { .. } | rtcp::Told::Goodbye { .. } => {}
        });
        if well_formed {
            self.was_heard(now);
        }
        well_formed
    }

    /// Whether a report is due.
    pub(crate) fn is_report_due(&self, now: Mono) -> bool {
        now >= self.report_at
    }

    /// Sends a report, and fixes when the next is due.
    pub(crate) fn report(&mut self, now: Mono, next: Duration, ending: Ending, io: &mut impl Io) {
        self.report_at = now + next;
        if !is_reachable(self.stream.remote_rtcp) {
            return;
        }
        let packets = self.out.packets();
        //= RFC 3550 section 6.4
        //# The SR is issued if a site has sent any data packets during the interval since issuing
        //# the last report or the previous one, otherwise the RR is issued.
        let sent = (packets > self.reported_packets).then(|| Sent {
            timestamp: self.out.timestamp_at(now),
            packets: packets as u32,
            octets: self.out.octets() as u32,
        });
        self.reported_packets = packets;
        let last_report = self.last_report;
        let received = self.incoming.as_mut().map(|incoming| {
            let last = last_report.filter(|(ssrc, _)| *ssrc == incoming.ssrc());
            (incoming.report(), last.map(|(_, last)| last))
        });
        let mut bytes = [0; rtcp::MAX_LENGTH];
        let report = Report {
            now,
            ssrc: self.out.ssrc(),
            sent,
            received,
            cname: &self.cname,
            ending,
        };
        let length = report.write(&mut bytes);
        io.send_rtcp(self.id.slot, self.stream.remote_rtcp, &bytes[..length]);
    }

    /// Whether the leg is found dead now (told once); fixes when to look again.
    pub(crate) fn dies(&mut self, now: Mono, dead_after: Duration) -> bool {
        if self.stream.direction != Direction::SendRecv || !self.sends() {
            self.heard_at = now;
        }
        let dead_at = self.heard_at + dead_after;
        let dies = !self.dead_told && now >= dead_at;
        self.dead_told |= dies;
        self.check_at = if self.dead_told {
            self.report_at
        } else {
            self.report_at.min(dead_at)
        };
        dies
    }

    pub(crate) fn codec(&self) -> Codec {
        self.stream.codec
    }

    pub(crate) fn quality(&self) -> Quality {
        let (mut received, mut lost) = (self.received_before, self.lost_before);
        let (mut gaps, mut jitter_ms) = (self.gaps_before, 0.0);
        if let Some(incoming) = &self.incoming {
            received += incoming.received();
            lost += incoming.lost();
            gaps += incoming.gaps();
            jitter_ms = incoming.jitter_ms();
        }
        let mos = quality::mos(Suffered {
            received,
            lost,
            jitter_ms,
            round_trip_ms: self.round_trip_ms,
        });
        Quality {
            received,
            sent: self.out.packets(),
            lost,
            gaps,
            jitter_ms,
            mos,
        }
    }
}

/// A key in the audio is down and complete at once.
fn tell_key(leg: MediaLeg, digit: Digit, mut tell: impl FnMut(Event)) {
    tell(Event::KeyDown { leg, digit });
    tell(Event::Digit { leg, digit });
}

/// The hold of RFC 2543 (c=0.0.0.0) and port 0 are nowhere to send to.
fn is_reachable(address: SocketAddr) -> bool {
    !address.ip().is_unspecified() && address.port() != 0
}

/// A whole call has 64 kB, everything included; a leg without its tape takes 1 kB of them.
const _: () = assert!(size_of::<Leg>() <= 1024);
