//! Generated sounds: UK ring tone and the beep, from tables made at compile time or load.

use std::f64::consts::TAU;

use crate::Codec;

/// Samples a second.
const RATE_HZ: u32 = 8000;
/// Samples a millisecond.
const PER_MS: u32 = RATE_HZ / 1000;
/// 400 and 450 Hz are both whole multiples of 50 Hz: their sum repeats every 20 ms.
const RING_PERIOD: usize = 160;
/// On, off, on, off, in samples: 0.4, 0.2, 0.4, 2.0 s.
const RING_ON: u32 = 400 * PER_MS;
const RING_OFF: u32 = 200 * PER_MS;
const RING_CYCLE: u32 = 3000 * PER_MS;
/// About -13 dBm0 for each of the two.
const RING_AMPLITUDE: f64 = 5_000.0;
/// Away from every DTMF, ring and busy tone.
const BEEP_HZ: f64 = 1400.0;
const BEEP_LENGTH: usize = 120 * PER_MS as usize;
const BEEP_RAMP: usize = 5 * PER_MS as usize;
/// -15 dBm0: plain to hear, and a voice under it is understood.
const BEEP_AMPLITUDE: f64 = 4_000.0;

/// The tables of one codec.
#[derive(Debug)]
pub(crate) struct Tones {
    silence: u8,
    ring: [u8; RING_PERIOD],
    beep: [u8; BEEP_LENGTH],
}

impl Tones {
    pub(crate) fn new(codec: Codec) -> Self {
        let wave = |hertz: f64, n: usize| (TAU * hertz * n as f64 / f64::from(RATE_HZ)).sin();
        Tones {
            silence: codec.silence(),
            ring: std::array::from_fn(|n| {
                codec.encode((RING_AMPLITUDE * (wave(400.0, n) + wave(450.0, n))) as i16)
            }),
            beep: std::array::from_fn(|n| {
                let from_edge = n.min(BEEP_LENGTH - 1 - n).min(BEEP_RAMP);
                let ramp = from_edge as f64 / BEEP_RAMP as f64;
                codec.encode((BEEP_AMPLITUDE * ramp * wave(BEEP_HZ, n)) as i16)
            }),
        }
    }

    /// Ring tone from `position` samples after its start; it has no end.
    pub(crate) fn ring(&self, position: u32, out: &mut [u8]) {
        for (byte, position) in out.iter_mut().zip(position..) {
            let in_cycle = position % RING_CYCLE;
            let on = in_cycle < RING_ON
                || (RING_ON + RING_OFF..2 * RING_ON + RING_OFF).contains(&in_cycle);
            *byte = if on {
                self.ring[in_cycle as usize % RING_PERIOD]
            } else {
                self.silence
            };
        }
    }

    pub(crate) fn beep(&self) -> &[u8] {
        &self.beep
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn power_at(bytes: &[u8], codec: Codec, hertz: f64) -> f64 {
        let (mut real, mut imaginary) = (0.0, 0.0);
        for (n, byte) in bytes.iter().enumerate() {
            let phase = TAU * hertz * n as f64 / 8000.0;
            let sample = f64::from(codec.decode(*byte));
            real += sample * phase.cos();
            imaginary += sample * phase.sin();
        }
        (real.hypot(imaginary) * 2.0 / bytes.len() as f64).powi(2) / 2.0
    }

    #[test]
    fn ring_tone_begins_with_its_on_phase_and_has_the_uk_cadence() {
        for codec in [Codec::Pcma, Codec::Pcmu] {
            let mut audio = vec![0; 2 * RING_CYCLE as usize];
            Tones::new(codec).ring(0, &mut audio);
            let audible: Vec<bool> = audio
                .chunks(160)
                .map(|chunk| chunk.iter().any(|byte| *byte != codec.silence()))
                .collect();
            let cycle = [(true, 20), (false, 10), (true, 20), (false, 100)];
            let expected: Vec<bool> = cycle
                .iter()
                .chain(&cycle)
                .flat_map(|(on, packets)| std::iter::repeat_n(*on, *packets))
                .collect();
            assert_eq!(audible, expected);
        }
    }

    #[test]
    fn ring_tone_is_400_and_450_hz_and_nothing_else() {
        let codec = Codec::Pcma;
        let mut audio = [0; 3200];
        Tones::new(codec).ring(0, &mut audio);
        let each = RING_AMPLITUDE.powi(2) / 2.0;
        for hertz in [400.0, 450.0] {
            let power = power_at(&audio, codec, hertz);
            assert!((0.9..1.1).contains(&(power / each)), "{hertz} Hz: {power}");
        }
        for hertz in [425.0, 700.0, 850.0, 1209.0] {
            assert!(power_at(&audio, codec, hertz) < each / 500.0, "{hertz} Hz");
        }
    }

    #[test]
    fn two_pieces_are_one_tone() {
        let tones = Tones::new(Codec::Pcmu);
        let mut whole = [0; 5000];
        tones.ring(0, &mut whole);
        let mut pieces = [0; 5000];
        let (first, second) = pieces.split_at_mut(3_111);
        tones.ring(0, first);
        tones.ring(3_111, second);
        assert_eq!(whole, pieces);
    }

    #[test]
    fn the_beep_is_short_and_begins_and_ends_softly() {
        let codec = Codec::Pcma;
        let tones = Tones::new(codec);
        let beep = tones.beep();
        assert_eq!(beep.len(), 960);
        assert!(power_at(beep, codec, BEEP_HZ) > 5e6);
        for edge in [0, 1, 958, 959] {
            assert!(i32::from(codec.decode(beep[edge])).abs() < 400);
        }
    }
}
