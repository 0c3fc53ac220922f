//! A phone's RTP: one stream out, 20 ms a packet (RFC 3550, RFC 3551), its keys as telephone events
//! (RFC 4733), and an ear on what comes in.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use rand_chacha::rand_core::Rng;
use rotaline_media::rtp::{HEADER_LENGTH, Header, Packet, Ssrc, TelephoneEvent};
use rotaline_media::{Codec, g711};
use rotaline_model::{Digit, Mono, Seed};
use rotaline_sdp as sdp;

use crate::boundary::Hearing;
use crate::hear::Ear;
use crate::sound::{FRAME, Tone, silence};

/// Time between packets.
const PACKET: Duration = Duration::from_millis(20);

/// Packets of one key press: 100 ms.
const KEY_PACKETS: u16 = 5;

/// How often the end of a key is sent (RFC 4733 section 2.5.1.4).
const KEY_ENDS: u8 = 3;

/// Keys that wait to be sent; more are not taken.
const KEYS: usize = 32;

/// Which stream of the phone's seed its RTP draws from.
const PURPOSE: u64 = 2;

/// One call's audio.
#[derive(Debug)]
pub(crate) struct Audio {
    remote: SocketAddr,
    codec: Codec,
    payload_out: u8,
    payload_in: u8,
    events_out: Option<u8>,
    header: Header,
    next: Mono,
    tone: Option<Tone>,
    keys: VecDeque<Digit>,
    pressing: Option<Pressing>,
    ear: Ear,
    heard: Option<Hearing>,
}

/// A key on its way out.
#[derive(Clone, Copy, Debug)]
struct Pressing {
    digit: Digit,
    timestamp: u32,
    packets: u16,
    ends: u8,
}

impl Audio {
    pub fn new(now: Mono, stream: &sdp::Stream, tone_hz: Option<u16>, seed: Seed) -> Self {
        let mut random = seed.generator(PURPOSE);
        Audio {
            remote: stream.remote_rtp,
            codec: match stream.codec {
                sdp::Codec::Pcma => Codec::Pcma,
                sdp::Codec::Pcmu => Codec::Pcmu,
            },
            payload_out: stream.payload_out,
            payload_in: stream.payload_in,
            events_out: stream.events_out,
            header: Header {
                marker: true,
                payload_type: stream.payload_out,
                sequence: random.next_u32() as u16,
                timestamp: random.next_u32(),
                ssrc: Ssrc(random.next_u32()),
            },
            next: now,
            tone: tone_hz.map(Tone::new),
            keys: VecDeque::new(),
            pressing: None,
            ear: Ear::new(),
            heard: None,
        }
    }

    /// Where its packets go.
    pub fn remote(&self) -> SocketAddr {
        self.remote
    }

    /// When its next packet is due.
    pub fn deadline(&self) -> Mono {
        self.next
    }

    /// Presses a key, after those that are being pressed.
    pub fn key(&mut self, digit: Digit) {
        if self.events_out.is_some() && self.keys.len() < KEYS {
            self.keys.push_back(digit);
        }
    }

    /// What is heard from now on, if that has changed.
    pub fn heard(&mut self) -> Option<Hearing> {
        self.heard.take()
    }

    /// Hears a packet.
    pub fn receive(&mut self, _now: Mono, datagram: &[u8]) {
        let Ok(packet) = Packet::parse(datagram) else {
            return;
        };
        let Some(payload) = datagram.get(packet.payload.clone()) else {
            return;
        };
        if packet.header.payload_type != self.payload_in {
            return;
        }
        let table = match self.codec {
            Codec::Pcma => &g711::ALAW_TO_LINEAR,
            Codec::Pcmu => &g711::ULAW_TO_LINEAR,
        };
        for frame in payload.chunks_exact(FRAME) {
            let samples: Vec<i16> = frame.iter().map(|byte| table[usize::from(*byte)]).collect();
            self.heard = self.ear.listen(&samples).or(self.heard);
        }
    }

    /// The next packet, if it is due.
    pub fn due(&mut self, now: Mono) -> Option<Bytes> {
        if self.next > now {
            return None;
        }
        self.next += PACKET;
        if self.pressing.is_none()
            && let Some(digit) = self.keys.pop_front()
        {
            let timestamp = self.header.timestamp;
            self.pressing = Some(Pressing {
                digit,
                timestamp,
                packets: 0,
                ends: 0,
            });
        }
        let packet = match (self.pressing, self.events_out) {
            (Some(pressing), Some(payload_type)) => self.key_packet(pressing, payload_type),
            (Some(_), None) | (None, _) => self.sound_packet(),
        };
        self.header.sequence = self.header.sequence.wrapping_add(1);
        self.header.timestamp = self.header.timestamp.wrapping_add(FRAME as u32);
        Some(packet)
    }

    fn sound_packet(&mut self) -> Bytes {
        let frame = match &mut self.tone {
            Some(tone) => tone.frame(self.codec),
            None => silence(self.codec),
        };
        let header = Header {
            payload_type: self.payload_out,
            ..self.header
        };
        self.header.marker = false;
        packet(header, &frame)
    }

    fn key_packet(&mut self, mut pressing: Pressing, payload_type: u8) -> Bytes {
        let first = pressing.packets == 0;
        pressing.packets = (pressing.packets + 1).min(KEY_PACKETS);
        let end = pressing.packets == KEY_PACKETS;
        if end {
            pressing.ends += 1;
        }
        self.pressing = (pressing.ends < KEY_ENDS).then_some(pressing);
        // The audio after the key begins a talkspurt of its own.
        self.header.marker = self.pressing.is_none();
        let event = TelephoneEvent {
            event: pressing.digit.event(),
            end,
            volume: 10,
            duration: pressing.packets * FRAME as u16,
        };
        let header = Header {
            marker: first,
            payload_type,
            timestamp: pressing.timestamp,
            ..self.header
        };
        packet(header, &event.to_bytes())
    }
}

fn packet(header: Header, payload: &[u8]) -> Bytes {
    let mut bytes = BytesMut::with_capacity(HEADER_LENGTH + payload.len());
    bytes.put_slice(&header.to_bytes());
    bytes.put_slice(payload);
    bytes.freeze()
}
