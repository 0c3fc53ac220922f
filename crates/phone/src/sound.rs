//! What a phone sends: a tone, frame by frame.

use std::f64::consts::TAU;

use rotaline_media::{Codec, g711};

/// Samples in a packet of 20 ms.
pub(crate) const FRAME: usize = 160;

/// Sampling rate (RFC 3551 section 4.5.14).
const RATE_HZ: f64 = 8000.0;

/// Level of a tone: -13 dBFS, near what talk reaches.
const AMPLITUDE: f64 = 7336.0;

/// A steady tone whose phase goes on from frame to frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tone {
    hz: u16,
    sample: u64,
}

impl Tone {
    pub fn new(hz: u16) -> Self {
        Tone { hz, sample: 0 }
    }

    /// The next 20 ms.
    pub fn frame(&mut self, codec: Codec) -> [u8; FRAME] {
        std::array::from_fn(|_| {
            let cycles = f64::from(self.hz) * self.sample as f64 / RATE_HZ;
            self.sample += 1;
            codec.encode((AMPLITUDE * (TAU * cycles.fract()).sin()) as i16)
        })
    }
}

/// 20 ms of nothing.
pub(crate) fn silence(codec: Codec) -> [u8; FRAME] {
    [match codec {
        Codec::Pcma => g711::ALAW_SILENCE,
        Codec::Pcmu => g711::ULAW_SILENCE,
    }; FRAME]
}
