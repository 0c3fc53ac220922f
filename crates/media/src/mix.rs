//! Rooms of three and more: each leg hears the sum of the others, in linear samples.
//!
//! What a leg says is written into its [`Voice`] at the engine's instant that its source clock
//! names; whoever listens reads every other's voice [`DELAY`] behind its own tick. So no listener
//! waits for another, reordered packets find their place, drift is the source clock's business,
//! and jitter up to [`DELAY`] less a packet is not heard. A lost packet is silence.

use std::time::Duration;

use rotaline_model::Mono;

use crate::Codec;
use crate::send::PACKET_SAMPLES;

/// How far behind the present a mix is.
pub(crate) const DELAY: Duration = Duration::from_millis(60);
/// Samples that are kept of a voice (256 ms); a power of two.
const KEPT: usize = 2048;
const SAMPLE_NS: u64 = 125_000;

/// What one leg said last.
#[derive(Clone, Debug)]
pub(crate) struct Voice {
    samples: [i16; KEPT],
    /// The sample after the newest, counted from the clock's origin.
    end: u64,
}

/// A packet's worth of a mix, before it is cut to 16 bits.
#[derive(Clone, Debug)]
pub(crate) struct Mix([i32; PACKET_SAMPLES]);

impl Voice {
    pub(crate) fn new() -> Box<Self> {
        Box::new(Voice {
            samples: [0; KEPT],
            end: 0,
        })
    }

    /// What was said at `at`, over what was there; older than what is kept is dropped.
    pub(crate) fn write(&mut self, at: Mono, codec: Codec, audio: &[u8]) {
        let first = at.as_nanos() / SAMPLE_NS;
        let gap = first.saturating_sub(self.end).min(KEPT as u64);
        for n in first - gap..first {
            self.samples[place(n)] = 0;
        }
        let oldest = self.end.saturating_sub(KEPT as u64);
        for (n, byte) in (first..).zip(audio) {
            if n >= oldest {
                self.samples[place(n)] = codec.decode(*byte);
            }
        }
        self.end = self.end.max(first + audio.len() as u64);
    }

    fn at(&self, n: u64) -> i16 {
        if n < self.end && self.end - n <= KEPT as u64 {
            self.samples[place(n)]
        } else {
            0
        }
    }
}

impl Mix {
    pub(crate) fn silence() -> Self {
        Mix([0; PACKET_SAMPLES])
    }

    /// Adds a voice, as it is heard in the packet that belongs to the instant `at`.
    pub(crate) fn add(&mut self, voice: &Voice, at: Mono) {
        let first = (at.as_nanos() / SAMPLE_NS).saturating_sub(DELAY.as_nanos() as u64 / SAMPLE_NS);
        for (n, sum) in (first..).zip(&mut self.0) {
            *sum += i32::from(voice.at(n));
        }
    }

    /// The packet; what is too loud is cut.
    pub(crate) fn encode(&self, codec: Codec, packet: &mut [u8]) {
        for (byte, sum) in packet.iter_mut().zip(&self.0) {
            let sample = (*sum).clamp(i32::from(i16::MIN), i32::from(i16::MAX));
            *byte = codec.encode(sample as i16);
        }
    }
}

fn place(n: u64) -> usize {
    // Less than KEPT.
    (n % KEPT as u64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODEC: Codec = Codec::Pcmu;

    fn at(ms: u64) -> Mono {
        Mono::from_nanos(5_000_000_000 + ms * 1_000_000)
    }

    fn heard(voices: &[&Voice], now: Mono) -> Vec<i16> {
        let mut mix = Mix::silence();
        for voice in voices {
            mix.add(voice, now);
        }
        let mut packet = [0; PACKET_SAMPLES];
        mix.encode(CODEC, &mut packet);
        packet.iter().map(|byte| CODEC.decode(*byte)).collect()
    }

    fn say(voice: &mut Voice, now: Mono, sample: i16) {
        voice.write(now, CODEC, &[CODEC.encode(sample); 160]);
    }

    #[test]
    fn voices_are_added_and_what_is_too_loud_is_cut() {
        let (mut a, mut b) = (Voice::new(), Voice::new());
        say(&mut a, at(0), 1000);
        say(&mut b, at(0), -3000);
        let sum = heard(&[&a, &b], at(60))[7];
        assert!((-2100..-1900).contains(&sum), "{sum}");
        say(&mut a, at(20), 30_000);
        say(&mut b, at(20), 30_000);
        assert!(heard(&[&a, &b], at(80))[0] > 31_000);
    }

    #[test]
    fn reordered_packets_find_their_place_and_lost_ones_are_silence() {
        let mut voice = Voice::new();
        for (ms, sample) in [(0, 1000), (40, 3000), (20, 2000), (80, 5000)] {
            say(&mut voice, at(ms), sample);
        }
        let heard: Vec<_> = (0..6)
            .map(|n| heard(&[&voice], at(60 + n * 20))[80])
            .collect();
        let near = [1000, 2000, 3000, 0, 5000, 0];
        for (heard, near) in heard.iter().zip(near) {
            assert!((heard - near).abs() < 200, "{heard} for {near}");
        }
    }

    #[test]
    fn nothing_old_is_heard_again() {
        let mut voice = Voice::new();
        say(&mut voice, at(0), 9000);
        say(&mut voice, at(10_000), 100);
        say(&mut voice, at(0), 9000);
        for ms in (9_700..10_300).step_by(20) {
            assert!(heard(&[&voice], at(ms)).iter().all(|s| s.abs() < 200));
        }
    }
}
