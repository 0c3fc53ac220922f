//! Tones, and what a frame of 20 ms sounds like: who is heard is proved by frequency.
//!
//! Each party of a test call sends a tone of its own (700 or 1130 Hz, away from ring tone and
//! keys); the receiver names every frame by its energy at a few frequencies (Goertzel).

use std::f64::consts::TAU;

use rotaline_model::Digit;

use crate::alaw;

/// Samples a second.
pub const RATE_HZ: u32 = 8000;

/// Samples of a frame, 20 ms.
pub const FRAME: usize = 160;

/// The tones by which parties are known, in hertz.
pub const PARTIES_HZ: [u16; 2] = [700, 1130];

/// UK ring tone, in hertz.
pub const RING_HZ: [u16; 2] = [400, 450];

/// Rows and columns of the keypad (ITU-T Q.23), in hertz.
const ROWS_HZ: [u16; 4] = [697, 770, 852, 941];
const COLUMNS_HZ: [u16; 4] = [1209, 1336, 1477, 1633];
const KEYPAD: [&str; 4] = ["123A", "456B", "789C", "*0#D"];

/// A frame below this level is silent: what A-law makes of nothing is far below, a line's hiss too.
const SILENT_DBFS: f64 = -50.0;

/// The share of a frame's energy that its tones hold.
const SHARE: f64 = 0.8;

/// The same for ring tone: a frame resolves 50 Hz, so 425 Hz alone holds 0.81 in its two places.
const RING_SHARE: f64 = 0.9;

/// The share that each tone of a pair holds at least.
const SHARE_EACH: f64 = 0.2;

/// What a frame sounds like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Nothing audible.
    Silence,
    /// A party's tone, in hertz.
    Party(u16),
    /// UK ring tone in its on-phase.
    RingTone,
    /// A key in band.
    Key(Digit),
    /// Anything else: speech, two parties, an edge between sounds.
    Other,
}

/// A steady sum of sines, whose phase goes on from frame to frame.
#[derive(Clone, Debug)]
pub struct Tone {
    frequencies_hz: Vec<f64>,
    amplitude: f64,
    position: u64,
}

impl Tone {
    /// One sine. The level is that of the sine's RMS against a full-scale square wave's.
    pub fn new(hz: f64, dbfs: f64) -> Self {
        Tone::sum(&[hz], dbfs)
    }

    /// Several sines, each at this level.
    pub fn sum(frequencies_hz: &[f64], dbfs: f64) -> Self {
        let amplitude = 32_768.0 * std::f64::consts::SQRT_2 * 10f64.powf(dbfs / 20.0);
        Tone {
            frequencies_hz: frequencies_hz.to_vec(),
            amplitude,
            position: 0,
        }
    }

    /// A key in band.
    pub fn key(digit: Digit, dbfs: f64) -> Self {
        let (row, column) = place_of(digit);
        Tone::sum(
            &[f64::from(ROWS_HZ[row]), f64::from(COLUMNS_HZ[column])],
            dbfs,
        )
    }

    /// The next 20 ms, linear.
    pub fn frame(&mut self) -> [i16; FRAME] {
        std::array::from_fn(|_| {
            let seconds = self.position as f64 / f64::from(RATE_HZ);
            self.position += 1;
            let sines = self
                .frequencies_hz
                .iter()
                .map(|hz| (TAU * (hz * seconds).fract()).sin());
            // `as` saturates: a sum that is too loud is clipped, as it would be on a line.
            (self.amplitude * sines.sum::<f64>()).round() as i16
        })
    }

    /// The next 20 ms, A-law.
    pub fn alaw_frame(&mut self) -> [u8; FRAME] {
        self.frame().map(alaw::encode)
    }
}

/// Names a frame.
pub fn name(samples: &[i16]) -> Heard {
    let energy: f64 = samples
        .iter()
        .map(|sample| f64::from(*sample).powi(2))
        .sum();
    let full_scale = 32_768f64.powi(2) * samples.len() as f64;
    if energy <= full_scale * 10f64.powf(SILENT_DBFS / 10.0) {
        return Heard::Silence;
    }
    let share = |hz: u16| 2.0 * power(samples, f64::from(hz)) / (samples.len() as f64 * energy);
    let are_both = |one: u16, other: u16, of_all: f64| {
        let (one, other) = (share(one), share(other));
        one > SHARE_EACH && other > SHARE_EACH && one + other > of_all
    };
    if let Some(hz) = PARTIES_HZ.into_iter().find(|hz| share(*hz) > SHARE) {
        return Heard::Party(hz);
    }
    if are_both(RING_HZ[0], RING_HZ[1], RING_SHARE) {
        return Heard::RingTone;
    }
    let events = (0..16).filter_map(|event| Digit::from_event(event).ok());
    let key = events.into_iter().find(|digit| {
        let (row, column) = place_of(*digit);
        are_both(ROWS_HZ[row], COLUMNS_HZ[column], SHARE)
    });
    key.map_or(Heard::Other, Heard::Key)
}

/// Names a frame of A-law.
pub fn name_alaw(bytes: &[u8]) -> Heard {
    let samples: Vec<i16> = bytes.iter().map(|byte| alaw::decode(*byte)).collect();
    name(&samples)
}

/// The squared magnitude of one frequency (Goertzel).
pub fn power(samples: &[i16], hz: f64) -> f64 {
    let coefficient = 2.0 * (TAU * hz / f64::from(RATE_HZ)).cos();
    let (mut last, mut before) = (0.0, 0.0);
    for sample in samples {
        (last, before) = (f64::from(*sample) + coefficient * last - before, last);
    }
    last * last + before * before - coefficient * last * before
}

/// Row and column on the keypad.
fn place_of(digit: Digit) -> (usize, usize) {
    let places = KEYPAD.iter().enumerate();
    let mut found = places.filter_map(|(row, keys)| Some((row, keys.find(digit.as_char())?)));
    found.next().expect("the keypad has all sixteen keys")
}

#[cfg(test)]
mod tests;
