//! What comes from the network, and the relaying of it to the other leg of a room.
//!
//! ```text
//!  datagram ─▶ right address? ─▶ RTP? ─▶ direction ─▶ audio ──────▶ account ─▶ tape ─▶ relay
//!                │ no            │ no      │ held     │ event ────▶ keys ─▶ relay as event
//!                ▼ counted       ▼ counted ▼ counted  └ comfort noise ─▶ silence to the other
//! ```
//!
//! In a room of three and more, audio goes into the leg's voice instead (see `mix.rs`) and keys
//! are told but not passed on.

use std::net::SocketAddr;
use std::ops::Range;

use rotaline_model::Mono;

use crate::g711;
use crate::leg::{Content, Leg, Link, Taped};
use crate::play::Ended;
use crate::receive::Arrival;
use crate::recordings::Recordings;
use crate::rtp::{self, HEADER_LENGTH, Header, Packet, TelephoneEvent};
use crate::send::Relayed;
use crate::tape::{Side, is_silent};
use crate::ticks::tones_of;
use crate::tone::Tones;
use crate::{Codec, Event, Io, Media};

impl Media {
    /// Takes a datagram from a slot's RTP socket; what is relayed is rewritten in place.
    pub fn receive_rtp(
        &mut self,
        now: Mono,
        slot: u32,
        source: SocketAddr,
        packet: &mut [u8],
        io: &mut impl Io,
    ) {
        if rtp::is_rtcp(packet) {
            self.receive_rtcp(now, slot, source, packet, io);
            return;
        }
        let Some(leg) = self
            .slots
            .get_mut(slot as usize)
            .and_then(Option::as_deref_mut)
        else {
            self.counts.without_leg += 1;
            return;
        };
        if !leg.accepts(source.ip()) {
            self.counts.foreign += 1;
            return;
        }
        let Ok(Packet { header, payload }) = Packet::parse(packet) else {
            self.counts.malformed += 1;
            return;
        };
        leg.was_heard(now);
        leg.prove_port(source.port());
        if !leg.receives() {
            self.counts.on_hold += 1;
            return;
        }
        match leg.content(header.payload_type) {
            Content::Audio => self.audio(now, slot, &header, packet, payload, io),
            Content::Event => self.event(now, slot, &header, packet, payload, io),
            Content::ComfortNoise => {
                if leg.is_of_source(&header) {
                    leg.account(&header);
                }
                if let Some(ear) = &mut leg.ear {
                    let leg = leg.id;
                    ear.hush(|sign| io.event(Event::AnswerphoneSign { leg, sign }));
                }
                self.hush(slot);
            }
            Content::Unknown => {
                if leg.is_of_source(&header) {
                    leg.account(&header);
                }
                self.counts.unknown_payload += 1;
            }
        }
    }

    /// Takes a datagram from a slot's RTCP socket.
    pub fn receive_rtcp(
        &mut self,
        now: Mono,
        slot: u32,
        source: SocketAddr,
        packet: &[u8],
        _io: &mut impl Io,
    ) {
        let Some(leg) = self.slot(slot) else {
            self.counts.without_leg += 1;
            return;
        };
        if !leg.accepts(source.ip()) {
            self.counts.foreign += 1;
        } else if !leg.hears_rtcp(now, packet) {
            self.counts.malformed += 1;
        }
    }

    fn audio(
        &mut self,
        now: Mono,
        slot: u32,
        header: &Header,
        packet: &mut [u8],
        payload: Range<usize>,
        io: &mut impl Io,
    ) {
        let Some((leg, mut other)) = pair(&mut self.slots, slot) else {
            return;
        };
        let arrival = leg.account(header);
        match arrival {
            Arrival::Duplicate | Arrival::Stray => {
                self.counts.repeated += 1;
                return;
            }
            Arrival::Restarted => {
                if let Some(other) = other.as_deref_mut() {
                    other.out.interrupt_relay();
                }
            }
            Arrival::Next | Arrival::Late => {}
        }
        let codec = leg.codec();
        let audio = packet.get(payload.clone()).unwrap_or_default();
        if arrival != Arrival::Late {
            leg.follow_audio(now, header, audio, |event| io.event(event));
        }
        let other_tape = other.as_deref().and_then(|other| other.tape);
        let mut at = now;
        if leg.tape.is_some() || other_tape.is_some() || leg.voice.is_some() {
            let silent = || is_silent(codec, audio);
            at = leg.clock.map(header.timestamp, now, silent);
        }
        place_said(&mut self.tapes, leg, now, (at, codec, audio), io);
        if let Some(voice) = &mut leg.voice
            && !leg.barred.tone
        {
            voice.write(at, codec, audio);
        }
        let Some(other) = other.filter(|other| other.hears_room() && !payload.is_empty()) else {
            return;
        };
        if leg.barred.tone {
            other.out.interrupt_relay();
            return;
        }
        let what = Relayed::Audio {
            samples: payload.len() as u32,
        };
        let kind = other.stream.payload_out;
        let relayed = other.out.relay(now, header, what, kind, payload.len());
        let Some(relayed) = relayed else {
            return;
        };
        if let Some(audio) = packet.get_mut(payload.clone()) {
            add_playing(other, tones_of(&self.tones, codec), codec, audio, io);
            if let Some(taped) = other_tape {
                let side = taped.hears();
                place(&mut self.tapes, taped, side, (at, codec, audio), io);
            }
            g711::transcode(codec, other.codec(), audio);
        }
        send_rewritten(other, &relayed, packet, payload, io);
    }

    fn event(
        &mut self,
        now: Mono,
        slot: u32,
        header: &Header,
        packet: &mut [u8],
        payload: Range<usize>,
        io: &mut impl Io,
    ) {
        let Some((leg, other)) = pair(&mut self.slots, slot) else {
            return;
        };
        let read = packet.get(payload.clone()).and_then(TelephoneEvent::parse);
        let Some(event) = read else {
            self.counts.malformed += 1;
            return;
        };
        let arrival = leg.is_of_source(header).then(|| leg.account(header));
        let id = leg.id;
        let press = leg
            .digits
            .packet(now, header, event, |key| io.event(key.of(id)));
        if press.is_some() {
            leg.keys_by_event();
        }
        if !leg.key_listed && leg.digits.deadline().is_some() {
            leg.key_listed = true;
            // As long as the slots at most: a leg is listed once.
            self.keys_down.push(slot);
        }
        let Some(other) = other.filter(|other| other.hears_room()) else {
            return;
        };
        let (Some(kind), Some(press)) = (other.stream.events_out, press) else {
            other.out.interrupt_relay();
            return;
        };
        if press <= leg.barred.presses {
            other.out.interrupt_relay();
            return;
        }
        let length = payload.len();
        let relayed = match arrival {
            Some(Arrival::Duplicate | Arrival::Stray) => return,
            Some(Arrival::Next | Arrival::Late | Arrival::Restarted) => {
                if arrival == Some(Arrival::Restarted) {
                    other.out.interrupt_relay();
                }
                let duration = u32::from(event.duration);
                let what = Relayed::Event { duration, press };
                other.out.relay(now, header, what, kind, length)
            }
            None => {
                let marker = header.marker;
                Some(other.out.insert_event(now, press, marker, kind, length))
            }
        };
        if let Some(relayed) = relayed {
            send_rewritten(other, &relayed, packet, payload, io);
        }
    }

    /// What this leg says is silence: the other gets it from the next tick on.
    fn hush(&mut self, slot: u32) {
        if let Some((_, Some(other))) = pair(&mut self.slots, slot) {
            other.out.interrupt_relay();
        }
    }
}

/// A leg, and the other of its room if there is just one.
fn pair(slots: &mut [Option<Box<Leg>>], slot: u32) -> Option<(&mut Leg, Option<&mut Leg>)> {
    let place = slot as usize;
    match slots.get(place)?.as_deref()?.link {
        Link::Alone | Link::Mixed(_) => Some((slots.get_mut(place)?.as_deref_mut()?, None)),
        Link::With(other) => {
            let [leg, other] = slots.get_disjoint_mut([place, other as usize]).ok()?;
            Some((leg.as_deref_mut()?, other.as_deref_mut()))
        }
    }
}

/// What a leg hears over its room goes into what is relayed to it.
fn add_playing(to: &mut Leg, tones: &Tones, codec: Codec, audio: &mut [u8], io: &mut impl Io) {
    let Some(playing) = &mut to.playing else {
        return;
    };
    match playing.add_to(codec, tones, audio) {
        0 => {
            io.event(playing.ended(to.id, Ended::Complete));
            to.playing = None;
        }
        added => playing.was_heard(added),
    }
}

fn place(
    tapes: &mut Recordings,
    taped: Taped,
    side: Side,
    (at, codec, audio): (Mono, Codec, &[u8]),
    io: &mut impl Io,
) {
    if let Some(recording) = tapes.get_mut(taped.index) {
        recording.tape.place(side, at, codec, audio, io);
    }
}

/// What a leg says goes onto its tape, whose mask may wait for the end of a key in it.
fn place_said(
    tapes: &mut Recordings,
    leg: &Leg,
    now: Mono,
    (at, codec, audio): (Mono, Codec, &[u8]),
    io: &mut impl Io,
) {
    let Some(taped) = leg.tape else { return };
    if let Some(recording) = tapes.get_mut(taped.index) {
        recording.follow(now, leg.in_audio());
        recording.tape.place(taped.says, at, codec, audio, io);
    }
}

/// Puts our header right before the payload, over what was there, and sends that.
fn send_rewritten(
    to: &Leg,
    header: &Header,
    packet: &mut [u8],
    payload: Range<usize>,
    io: &mut impl Io,
) {
    let start = payload.start.saturating_sub(HEADER_LENGTH);
    if let Some(packet) = packet.get_mut(start..payload.end)
        && let Some(head) = packet.first_chunk_mut::<HEADER_LENGTH>()
    {
        *head = header.to_bytes();
        io.send_rtp(to.id.slot, to.send_to, packet);
    }
}
