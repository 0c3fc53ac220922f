//! What a phone hears: each 20 ms frame is named by its energy at a few frequencies (Goertzel).
//!
//! It judges what our own tones and prompts sound like, no more; tests of the service use an
//! independent peer.

use std::f64::consts::TAU;

use crate::boundary::Hearing;

/// The tones that phones send and know each other by, in hertz.
const TONES_HZ: [u16; 6] = [600, 700, 850, 1000, 1130, 1310];

/// UK ring tone's two, in hertz.
const RING_HZ: [u16; 2] = [400, 450];

/// Below this mean square (-50 dBFS) a frame is silent.
const SILENT: f64 = 10_700.0;

/// The share of a frame's energy that a tone holds if it is that tone.
const SHARE: f64 = 0.8;

/// Frames in a row before another name is believed, so that an edge between sounds is no sound.
const BELIEVED: u8 = 2;

/// Names what is heard, and says when it changes.
#[derive(Debug)]
pub(crate) struct Ear {
    now: Hearing,
    candidate: Hearing,
    frames: u8,
    ring_frames: u8,
    ring_rests: u8,
}

/// Frames of silence within ring tone's cadence: 2.0 s.
const RING_REST: u8 = 105;

/// Frames of ring tone in a row before its cadence is believed; a vowel may sound like one or two.
const RING_BELIEVED: u8 = 8;

impl Ear {
    pub fn new() -> Self {
        Ear {
            now: Hearing::Silence,
            candidate: Hearing::Silence,
            frames: 0,
            ring_frames: 0,
            ring_rests: 0,
        }
    }

    /// Listens to a frame; what is heard from now on, if that is something else than before.
    pub fn listen(&mut self, samples: &[i16]) -> Option<Hearing> {
        let mut name = name(samples);
        if name == Hearing::RingTone {
            self.ring_frames = self.ring_frames.saturating_add(1);
            if self.ring_frames >= RING_BELIEVED {
                self.ring_rests = RING_REST;
            } else if self.now != Hearing::RingTone {
                name = Hearing::Speech;
            }
        } else if name == Hearing::Silence && self.ring_rests > 0 {
            // The pause between rings is ring tone too.
            self.ring_rests -= 1;
            name = Hearing::RingTone;
        } else {
            self.ring_frames = 0;
        }
        if name != self.candidate {
            self.candidate = name;
            self.frames = 0;
        }
        self.frames = self.frames.saturating_add(1);
        if self.candidate == self.now || self.frames < BELIEVED {
            return None;
        }
        if self.candidate != Hearing::RingTone {
            self.ring_rests = 0;
        }
        self.now = self.candidate;
        Some(self.now)
    }
}

fn name(samples: &[i16]) -> Hearing {
    let energy: f64 = samples
        .iter()
        .map(|sample| f64::from(*sample).powi(2))
        .sum();
    if energy < SILENT * samples.len() as f64 {
        return Hearing::Silence;
    }
    let share = |hz: u16| 2.0 * power(samples, hz) / (samples.len() as f64 * energy);
    if RING_HZ.iter().map(|hz| share(*hz)).sum::<f64>() > SHARE {
        return Hearing::RingTone;
    }
    match TONES_HZ.iter().find(|hz| share(**hz) > SHARE) {
        Some(hz) => Hearing::Tone(*hz),
        None => Hearing::Speech,
    }
}

/// The squared magnitude of one frequency.
fn power(samples: &[i16], hz: u16) -> f64 {
    let coefficient = 2.0 * (TAU * f64::from(hz) / 8000.0).cos();
    let (mut one, mut two) = (0.0, 0.0);
    for sample in samples {
        let next = f64::from(*sample) + coefficient * one - two;
        two = one;
        one = next;
    }
    one * one + two * two - coefficient * one * two
}
