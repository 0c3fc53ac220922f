//! Keys from tones in the audio (ITU-T Q.23, Q.24), where they are listened for (`Leg::tend_ear`).
//!
//! Blocks of 15 ms, one every 5 ms, each through eight Goertzel filters. A block holds a key if one
//! tone of each group stands out from its group, the two are not too different in level (twist),
//! together they are nearly all there is, and neither has a second harmonic as speech has. A key
//! is down after [`HITS`] such blocks in a row (35 ms of tone), up after [`MISSES`] others. So a
//! key is recognised about 40 ms after its start; the switch is told then, as down and complete.

use std::f32::consts::TAU;

use rotaline_model::Digit;

const RATE_HZ: f32 = 8000.0;
const BLOCK: usize = 120;
const HOP: usize = 40;
/// Blocks in a row that make a key.
const HITS: u8 = 5;
/// Blocks in a row that end it.
const MISSES: u8 = 5;
const LOW_HZ: [f32; 4] = [697.0, 770.0, 852.0, 941.0];
const HIGH_HZ: [f32; 4] = [1209.0, 1336.0, 1477.0, 1633.0];
const KEYS: [[char; 4]; 4] = [
    ['1', '2', '3', 'A'],
    ['4', '5', '6', 'B'],
    ['7', '8', '9', 'C'],
    ['*', '0', '#', 'D'],
];
/// 2 cos(2 pi f / 8000) of the low group and of the high one.
const COEFFICIENTS: [f32; 8] = [
    1.7077378, 1.645281, 1.568687, 1.4782046, 1.164104, 0.9963702, 0.7986184, 0.5685327,
];
/// Mean square of a block that may hold a key: -40 dBm0, about.
const LEAST_POWER: f32 = 50_000.0;
/// The two tones' least share of the block's energy.
const LEAST_SHARE: f32 = 0.7;
/// The high tone may be 8 dB above the low one, or 6 dB below (ITU-T Q.24 asks for 6 and 4).
const HIGH_OVER_LOW: f32 = 6.3;
const LOW_OVER_HIGH: f32 = 4.0;
/// A tone stands out from its group by 8 dB.
const OUTSTANDING: f32 = 6.3;
/// A second harmonic stronger than this share of its tone is speech's.
const HARMONIC: f32 = 0.35;

/// The ear of one leg.
#[derive(Clone, Debug)]
pub(crate) struct Inband {
    samples: [i16; BLOCK],
    filled: usize,
    candidate: Option<Digit>,
    hits: u8,
    misses: u8,
    down: Option<Digit>,
}

impl Default for Inband {
    fn default() -> Self {
        Inband {
            samples: [0; BLOCK],
            filled: 0,
            candidate: None,
            hits: 0,
            misses: 0,
            down: None,
        }
    }
}

impl Inband {
    /// Listens to samples; tells each key when it is recognised.
    pub(crate) fn listen(
        &mut self,
        samples: impl IntoIterator<Item = i16>,
        mut tell: impl FnMut(Digit),
    ) {
        for sample in samples {
            if let Some(place) = self.samples.get_mut(self.filled) {
                *place = sample;
                self.filled += 1;
            }
            if self.filled == BLOCK {
                let heard = key_in(&self.samples);
                self.samples.copy_within(HOP.., 0);
                self.filled = BLOCK - HOP;
                if let Some(digit) = self.follow(heard) {
                    tell(digit);
                }
            }
        }
    }

    /// Whether a key sounds at present.
    pub(crate) fn is_down(&self) -> bool {
        self.down.is_some() || self.hits > 0
    }

    fn follow(&mut self, heard: Option<Digit>) -> Option<Digit> {
        if heard.is_some() && heard == self.candidate {
            self.hits = self.hits.saturating_add(1);
        } else {
            self.candidate = heard;
            self.hits = u8::from(heard.is_some());
        }
        if self.down.is_some() {
            self.misses = if heard == self.down {
                0
            } else {
                self.misses + 1
            };
            if self.misses >= MISSES {
                self.down = None;
                self.misses = 0;
            }
        }
        if self.hits >= HITS && self.down.is_none() {
            self.down = heard;
            return heard;
        }
        None
    }
}

fn key_in(block: &[i16; BLOCK]) -> Option<Digit> {
    let energy: f32 = block.iter().map(|s| f32::from(*s) * f32::from(*s)).sum();
    if energy < LEAST_POWER * BLOCK as f32 {
        return None;
    }
    let (low, high) = powers(block);
    let (row, low_power) = outstanding(&low)?;
    let (column, high_power) = outstanding(&high)?;
    let share = 2.0 * (low_power + high_power) / (BLOCK as f32 * energy);
    let twisted = high_power > HIGH_OVER_LOW * low_power || low_power > LOW_OVER_HIGH * high_power;
    if share < LEAST_SHARE || twisted {
        return None;
    }
    let spoken = power(block, 2.0 * LOW_HZ[row]) > HARMONIC * low_power.max(high_power / 2.0)
        && share < 0.9
        || power(block, 2.0 * HIGH_HZ[column]) > HARMONIC * high_power;
    if spoken {
        return None;
    }
    Digit::parse(KEYS[row][column]).ok()
}

/// The strongest of a group, if it stands out.
fn outstanding(group: &[f32; 4]) -> Option<(usize, f32)> {
    let (strongest, power) = group
        .iter()
        .copied()
        .enumerate()
        .max_by(|(_, a), (_, b)| a.total_cmp(b))?;
    let stands_out = group
        .iter()
        .enumerate()
        .all(|(n, other)| n == strongest || power > OUTSTANDING * other);
    stands_out.then_some((strongest, power))
}

/// Goertzel's filters of both groups. All take a sample before any takes the next, so that the
/// machine does them side by side: one after the other they wait for themselves.
fn powers(block: &[i16; BLOCK]) -> ([f32; 4], [f32; 4]) {
    let coefficients = COEFFICIENTS;
    let (mut last, mut before) = ([0.0f32; 8], [0.0f32; 8]);
    for sample in block {
        let sample = f32::from(*sample);
        let mut next = [0.0f32; 8];
        for n in 0..8 {
            next[n] = sample + coefficients[n] * last[n] - before[n];
        }
        before = last;
        last = next;
    }
    let power = |n: usize| {
        last[n] * last[n] + before[n] * before[n] - coefficients[n] * last[n] * before[n]
    };
    let of = |group: usize| std::array::from_fn(|n| power(group + n));
    (of(0), of(4))
}

/// Goertzel's filter: the squared magnitude of one frequency.
fn power(block: &[i16; BLOCK], hertz: f32) -> f32 {
    let coefficient = 2.0 * (TAU * hertz / RATE_HZ).cos();
    let (mut last, mut before) = (0.0f32, 0.0f32);
    for sample in block {
        let next = f32::from(*sample) + coefficient * last - before;
        before = last;
        last = next;
    }
    last * last + before * before - coefficient * last * before
}

#[cfg(test)]
mod tests;
