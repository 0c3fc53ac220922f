//! G.711: A-law and mu-law to and from 16-bit linear, and straight from one law to the other.
//!
//! Decoding and transcoding go by tables of 256 entries, built at compile time.

use crate::Codec;

/// A-law's idle sample (ITU-T G.711 with even bits inverted).
pub const ALAW_SILENCE: u8 = 0xd5;

/// Mu-law's idle sample.
pub const ULAW_SILENCE: u8 = 0xff;

/// Linear samples by A-law byte.
pub const ALAW_TO_LINEAR: [i16; 256] = linear_table(Codec::Pcma);

/// Linear samples by mu-law byte.
pub const ULAW_TO_LINEAR: [i16; 256] = linear_table(Codec::Pcmu);

static DECODE_ALAW: [i16; 256] = ALAW_TO_LINEAR;
static DECODE_ULAW: [i16; 256] = ULAW_TO_LINEAR;
static ALAW_TO_ULAW: [u8; 256] = transcoding_table(Codec::Pcma);
static ULAW_TO_ALAW: [u8; 256] = transcoding_table(Codec::Pcmu);

impl Codec {
    /// The byte that stands for silence.
    pub const fn silence(self) -> u8 {
        match self {
            Codec::Pcma => ALAW_SILENCE,
            Codec::Pcmu => ULAW_SILENCE,
        }
    }

    /// One sample to its byte.
    pub const fn encode(self, sample: i16) -> u8 {
        match self {
            Codec::Pcma => encode_alaw(sample),
            Codec::Pcmu => encode_ulaw(sample),
        }
    }

    /// One byte to its sample.
    pub fn decode(self, byte: u8) -> i16 {
        match self {
            Codec::Pcma => DECODE_ALAW[usize::from(byte)],
            Codec::Pcmu => DECODE_ULAW[usize::from(byte)],
        }
    }
}

/// Rewrites bytes of one law as bytes of the other, in place; the same law is left as it is.
pub fn transcode(from: Codec, to: Codec, bytes: &mut [u8]) {
    let table = match (from, to) {
        (Codec::Pcma, Codec::Pcmu) => &ALAW_TO_ULAW,
        (Codec::Pcmu, Codec::Pcma) => &ULAW_TO_ALAW,
        (Codec::Pcma, Codec::Pcma) | (Codec::Pcmu, Codec::Pcmu) => return,
    };
    for byte in bytes {
        *byte = table[usize::from(*byte)];
    }
}

const fn encode_alaw(sample: i16) -> u8 {
    let (mask, magnitude) = if sample >= 0 {
        (0xd5, sample >> 3)
    } else {
        (0x55, -(sample >> 3) - 1)
    };
    // 12 bits of magnitude: segment 0 and 1 below 32 and 64, each further one twice as wide.
    let bits = 16 - magnitude.leading_zeros();
    let segment = bits.saturating_sub(5);
    let shift = if segment < 2 { 1 } else { segment };
    let interval = (magnitude >> shift) & 0x0f;
    (((segment as u8) << 4) | interval as u8) ^ mask
}

const fn encode_ulaw(sample: i16) -> u8 {
    const BIAS: i16 = 33;
    const CLIP: i16 = 8158;
    let (mask, magnitude) = if sample >= 0 {
        (0xff, sample >> 2)
    } else {
        (0x7f, -(sample >> 2))
    };
    let biased = if magnitude > CLIP { CLIP } else { magnitude } + BIAS;
    let segment = (16 - biased.leading_zeros()).saturating_sub(6);
    let interval = (biased >> (segment + 1)) & 0x0f;
    (((segment as u8) << 4) | interval as u8) ^ mask
}

const fn decode_alaw(byte: u8) -> i16 {
    let byte = byte ^ 0x55;
    let interval = ((byte & 0x0f) as i16) << 4;
    let magnitude = match (byte & 0x70) >> 4 {
        0 => interval + 8,
        segment => (interval + 0x108) << (segment - 1),
    };
    if byte & 0x80 != 0 {
        magnitude
    } else {
        -magnitude
    }
}

const fn decode_ulaw(byte: u8) -> i16 {
    let byte = !byte;
    let magnitude = ((((byte & 0x0f) as i16) << 3) + 0x84) << ((byte & 0x70) >> 4);
    if byte & 0x80 != 0 {
        0x84 - magnitude
    } else {
        magnitude - 0x84
    }
}

const fn linear_table(codec: Codec) -> [i16; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match codec {
            Codec::Pcma => decode_alaw(byte as u8),
            Codec::Pcmu => decode_ulaw(byte as u8),
        };
        byte += 1;
    }
    table
}

const fn transcoding_table(from: Codec) -> [u8; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match from {
            Codec::Pcma => encode_ulaw(decode_alaw(byte as u8)),
            Codec::Pcmu => encode_alaw(decode_ulaw(byte as u8)),
        };
        byte += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: [Codec; 2] = [Codec::Pcma, Codec::Pcmu];

    #[test]
    fn every_byte_survives_decoding_and_encoding() {
        for codec in BOTH {
            for byte in 0..=255u8 {
                let again = codec.encode(codec.decode(byte));
                // Mu-law has two zeros.
                let same = again == byte || (codec == Codec::Pcmu && byte == 0x7f && again == 0xff);
                assert!(same, "{codec:?} {byte:#x} became {again:#x}");
            }
        }
    }

    #[test]
    fn every_sample_is_encoded_to_a_nearest_byte() {
        for codec in BOTH {
            for sample in i16::MIN..=i16::MAX {
                let error = |byte: u8| (i32::from(codec.decode(byte)) - i32::from(sample)).abs();
                let chosen = error(codec.encode(sample));
                // Half an interval of the widest segment at worst, and in proportion below.
                let allowed = (i32::from(sample).abs() / 32).max(16) + 12;
                let clipped = i32::from(sample).abs() > 32_000;
                assert!(chosen <= allowed || clipped, "{codec:?} {sample}");
            }
        }
    }

    #[test]
    fn known_values_of_the_standard() {
        assert_eq!(Codec::Pcma.decode(0xd5), 8);
        assert_eq!(Codec::Pcma.decode(0xaa), 32_256);
        assert_eq!(Codec::Pcma.decode(0x2a), -32_256);
        assert_eq!(Codec::Pcmu.decode(0xff), 0);
        assert_eq!(Codec::Pcmu.decode(0x80), 32_124);
        assert_eq!(Codec::Pcmu.decode(0x00), -32_124);
        for codec in BOTH {
            assert_eq!(codec.encode(0), codec.silence());
            assert_eq!(codec.decode(codec.encode(i16::MAX)).signum(), 1);
            assert_eq!(codec.decode(codec.encode(i16::MIN)).signum(), -1);
        }
    }

    #[test]
    fn transcoding_keeps_silence_and_is_near_in_level() {
        let mut bytes: Vec<u8> = (0..=255).collect();
        transcode(Codec::Pcma, Codec::Pcmu, &mut bytes);
        for (alaw, ulaw) in (0..=255u8).zip(&bytes) {
            let before = i32::from(Codec::Pcma.decode(alaw));
            let after = i32::from(Codec::Pcmu.decode(*ulaw));
            assert!((before - after).abs() <= before.abs() / 24 + 8, "{alaw:#x}");
        }
        let mut silence = [ALAW_SILENCE, ULAW_SILENCE];
        transcode(Codec::Pcmu, Codec::Pcma, &mut silence[1..]);
        assert_eq!(silence[1], ALAW_SILENCE);
        transcode(Codec::Pcma, Codec::Pcma, &mut silence);
        assert_eq!(silence, [ALAW_SILENCE; 2]);
    }
}
