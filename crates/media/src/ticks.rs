//! The 20 ms tick: local packets, reports, dead legs, keys whose end was lost, recordings.

use rotaline_model::Mono;

use crate::digits::Key;
use crate::leg::{Leg, Link};
use crate::mix::Mix;
use crate::phases::PERIOD;
use crate::play::Ended;
use crate::recordings::Recordings;
use crate::rtcp::Ending;
use crate::rtp::HEADER_LENGTH;
use crate::send::{Origin, PACKET_SAMPLES};
use crate::tone::Tones;
use crate::{Codec, Event, Io, Media, MediaLeg};

impl Media {
    /// When [`Media::tick`] is due; none while there is nothing to do without a packet or command.
    pub fn deadline(&self) -> Option<Mono> {
        let key = self.keys_down.iter().filter_map(|slot| {
            let leg = self.slots.get(*slot as usize)?.as_deref()?;
            leg.digits.deadline()
        });
        let step = self.phases.deadline(!self.tapes.is_empty());
        key.chain(step).min()
    }

    /// Does what is due.
    pub fn tick(&mut self, now: Mono, io: &mut impl Io) {
        self.complete_keys(now, io);
        while let Some(step) = self.phases.next(now) {
            let mut n = 0;
            while let Some(slot) = self.phases.slot(step.phase, n) {
                self.tick_leg(slot, step.at, now, io);
                n += 1;
            }
            if step.phase == 0 && !self.tapes.is_empty() {
                self.tapes.advance(now, io);
            }
        }
    }

    /// One leg's tick, which belongs to the instant `at`.
    pub(crate) fn tick_leg(&mut self, slot: u32, at: Mono, now: Mono, io: &mut impl Io) {
        let mix = self.mix_for(slot, at);
        let Some(leg) = self
            .slots
            .get_mut(slot as usize)
            .and_then(Option::as_deref_mut)
        else {
            return;
        };
        if leg.doubtful.is_some() {
            leg.settle_doubt(now, |event| io.event(event));
        }
        if leg.is_kept_from_room() || !leg.out.is_relaying(at) {
            let tones = tones_of(&self.tones, leg.codec());
            send_local(leg, tones, mix.as_ref(), &mut self.tapes, at, io);
        }
        if now >= leg.check_at {
            self.check(slot, now, io);
        }
    }

    /// What a leg hears of its room at the instant `at`, where it is mixed.
    fn mix_for(&self, slot: u32, at: Mono) -> Option<Mix> {
        let leg = self.slots.get(slot as usize)?.as_deref()?;
        let Link::Mixed(members) = leg.link else {
            return None;
        };
        if !leg.hears_room() {
            return None;
        }
        let mut mix = Mix::silence();
        for other in members.iter().filter(|other| *other != slot) {
            let other = self.slots.get(other as usize).and_then(Option::as_deref);
            if let Some(voice) = other.and_then(|other| other.voice.as_deref()) {
                mix.add(voice, at);
            }
        }
        Some(mix)
    }

    fn check(&mut self, slot: u32, now: Mono, io: &mut impl Io) {
        let interval = self.report_interval();
        let dead_after = self.config.dead_after;
        let Some(leg) = self.slot(slot) else {
            return;
        };
        if leg.is_report_due(now) {
            leg.report(now, interval, Ending::GoesOn, io);
        }
        if leg.dies(now, dead_after) {
            io.event(Event::Dead { leg: leg.id });
        }
    }

    fn complete_keys(&mut self, now: Mono, io: &mut impl Io) {
        let mut n = 0;
        while let Some(slot) = self.keys_down.get(n).copied() {
            let still_down = self.slot(slot).is_some_and(|leg| {
                let id = leg.id;
                leg.digits.timeout(now, |key| io.event(key.of(id)));
                leg.key_listed = leg.digits.deadline().is_some();
                leg.key_listed
            });
            if still_down {
                n += 1;
            } else {
                self.keys_down.swap_remove(n);
            }
        }
    }
}

impl Key {
    pub(crate) fn of(self, leg: MediaLeg) -> Event {
        match self {
            Key::Down(digit) => Event::KeyDown { leg, digit },
            Key::Complete(digit) => Event::Digit { leg, digit },
        }
    }
}

pub(crate) fn tones_of(tones: &[Tones; 2], codec: Codec) -> &Tones {
    let [alaw, ulaw] = tones;
    match codec {
        Codec::Pcma => alaw,
        Codec::Pcmu => ulaw,
    }
}

/// Sends what is played, or the mix, or silence, for the instant `at`.
fn send_local(
    leg: &mut Leg,
    tones: &Tones,
    mix: Option<&Mix>,
    tapes: &mut Recordings,
    at: Mono,
    io: &mut impl Io,
) {
    let sends = leg.sends();
    if sends && leg.out.is_covered(at) {
        return;
    }
    let codec = leg.codec();
    let mut packet = [codec.silence(); HEADER_LENGTH + PACKET_SAMPLES];
    let (head, payload) = packet.split_at_mut(HEADER_LENGTH);
    let mut origin = Origin::Silence;
    if let Some(mix) = mix {
        mix.encode(codec, payload);
        origin = Origin::Mix;
    }
    if let Some(playing) = &mut leg.playing {
        let over_mix = mix.is_some() && playing.is_over_room();
        let played = if over_mix {
            playing.add_to(codec, tones, payload)
        } else {
            playing.fill(codec, tones, payload)
        };
        if played == 0 {
            let event = playing.ended(leg.id, Ended::Complete);
            leg.playing = None;
            io.event(event);
        } else {
            if !over_mix {
                origin = Origin::Playing(leg.playings);
            }
            if sends {
                playing.was_heard(played);
            }
        }
    }
    if !sends {
        return;
    }
    let header = leg.out.local(at, origin, leg.stream.payload_out);
    head.copy_from_slice(&header.to_bytes());
    if origin != Origin::Silence
        && let Some(taped) = leg.tape
        && let Some(recording) = tapes.get_mut(taped.index)
    {
        // Silence is what a tape holds where nothing was placed.
        recording.tape.place(taped.hears(), at, codec, payload, io);
    }
    io.send_rtp(leg.id.slot, leg.send_to, &packet);
}

const _: () = assert!(PERIOD.as_millis() as usize * 8 == PACKET_SAMPLES);
