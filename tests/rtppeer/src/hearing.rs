//! What the peer hears: every datagram of the RTP port, judged and named as it comes.

use std::net::SocketAddr;

use crate::audio::Law;
use crate::hear::{Ear, Sound, Timeline};
use crate::options::Options;
use crate::rtp;
use crate::send::{FRAME_MS, FRAME_SAMPLES};

const MAX_STRANGERS: usize = 16;
const COMFORT_NOISE: u8 = 13; // RFC 3389

/// Everything received so far. Instants are milliseconds since the program's start.
pub struct Hearing {
    pub far: Option<SocketAddr>,
    dtmf_payload_type: u8,
    ear: Ear,
    part_frame: Vec<i16>,
    pub timeline: Timeline,
    pub continuity: rtp::Continuity,
    pub events: rtp::Events,
    pub rtcp: rtp::Rtcp,
    pub garbage: u64,
    pub strangers: Vec<(SocketAddr, u64)>,
    pub last_loud_ms: f64,
    pub recording: Option<Recording>,
}

impl Hearing {
    pub fn new(options: &Options) -> Hearing {
        let limit = options.secs as usize * 8_000;
        Hearing {
            far: options.to,
            dtmf_payload_type: options.dtmf_payload_type,
            ear: Ear::new(8_000, &options.hear),
            part_frame: Vec::new(),
            timeline: Timeline::default(),
            continuity: rtp::Continuity::default(),
            events: rtp::Events::default(),
            rtcp: rtp::Rtcp::default(),
            garbage: 0,
            strangers: Vec::new(),
            last_loud_ms: 0.0,
            recording: options.record.as_ref().map(|_| Recording::new(limit)),
        }
    }

    /// Takes one datagram of the RTP port in.
    pub fn take_rtp(&mut self, from: SocketAddr, at_ms: f64, datagram: &[u8]) {
        // RFC 5761 section 4: RTCP on the RTP port, told by its packet type.
        if datagram.len() >= 8 && datagram[0] >> 6 == 2 && (192..=223).contains(&datagram[1]) {
            return self.rtcp.take(at_ms, datagram);
        }
        let Some(packet) = rtp::parse(datagram) else {
            self.garbage += 1;
            return;
        };
        let law = Law::of_payload_type(packet.payload_type);
        let is_event = packet.payload_type == self.dtmf_payload_type;
        if self.far.is_none() && (law.is_some() || is_event) {
            self.far = Some(from);
        }
        if self.far != Some(from) {
            return self.note_stranger(from);
        }
        if !self.continuity.take(at_ms, &packet) {
            return;
        }
        if is_event {
            let opens = self.events.take(at_ms, &packet);
            self.continuity.note_event_time(at_ms, &packet, opens);
            self.timeline.note_event(at_ms);
        } else if let Some(law) = law {
            self.continuity.note_audio_time(at_ms, &packet);
            self.listen(at_ms, law, &packet);
        } else if packet.payload_type == COMFORT_NOISE {
            self.timeline.push(at_ms, FRAME_MS as f64, Sound::Silence);
        }
    }

    /// Only the far side is judged; others are counted, so that garbage cannot pass for the call.
    fn note_stranger(&mut self, from: SocketAddr) {
        if let Some((_, count)) = self.strangers.iter_mut().find(|(known, _)| *known == from) {
            *count += 1;
        } else if self.strangers.len() < MAX_STRANGERS {
            self.strangers.push((from, 1));
        } else {
            self.garbage += 1;
        }
    }

    fn listen(&mut self, at_ms: f64, law: Law, packet: &rtp::Packet) {
        let samples = packet.payload.iter().map(|&code| law.decode(code));
        if let Some(recording) = &mut self.recording {
            recording.add(packet, samples.clone());
        }
        self.part_frame.extend(samples);
        let mut heard_ms = at_ms;
        while self.part_frame.len() >= FRAME_SAMPLES {
            let frame: Vec<i16> = self.part_frame.drain(..FRAME_SAMPLES).collect();
            let sound = self.ear.name(&frame);
            if sound != Sound::Silence {
                self.last_loud_ms = heard_ms;
            }
            self.timeline.push(heard_ms, FRAME_MS as f64, sound);
            heard_ms += FRAME_MS as f64;
        }
    }
}

/// Received audio laid out by timestamp, holes silent; a new SSRC goes on at the end.
pub struct Recording {
    pub samples: Vec<i16>,
    limit: usize,
    anchor: Option<(u32, u32, usize)>,
}

impl Recording {
    fn new(limit: usize) -> Recording {
        Recording {
            samples: Vec::new(),
            limit,
            anchor: None,
        }
    }

    fn add(&mut self, packet: &rtp::Packet, samples: impl Iterator<Item = i16>) {
        let (ssrc, first, base) = match self.anchor {
            Some(anchor) if anchor.0 == packet.ssrc => anchor,
            _ => (packet.ssrc, packet.timestamp, self.samples.len()),
        };
        self.anchor = Some((ssrc, first, base));
        let at = base as i64 + i64::from(packet.timestamp.wrapping_sub(first) as i32);
        for (at, sample) in (at..).zip(samples) {
            let Some(at) = usize::try_from(at).ok().filter(|&at| at < self.limit) else {
                continue;
            };
            if at >= self.samples.len() {
                self.samples.resize(at + 1, 0);
            }
            self.samples[at] = sample;
        }
    }
}
