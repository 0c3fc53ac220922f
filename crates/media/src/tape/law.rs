//! The two laws of G.711, as far as a tape needs them: mu-law to A-law by table, and whether a
//! payload is silent. Decoding to linear samples for mixing is not done here.

use crate::Codec;

/// A-law for no sound.
pub(super) const SILENCE: u8 = 0xD5;

/// Quieter than this in every sample is silence: the lowest segment of A-law, -42 dBFS.
const SILENT_CODE: u8 = 0x0F;

static ALAW_OF_MULAW: [u8; 256] = alaw_of_mulaw();

/// One sample, in A-law.
#[inline]
pub(super) fn to_alaw(codec: Codec, sample: u8) -> u8 {
    match codec {
        Codec::Pcma => sample,
        Codec::Pcmu => ALAW_OF_MULAW[usize::from(sample)],
    }
}

/// Whether a payload holds nothing louder than -42 dBFS, so that a cut in it is not heard.
pub fn is_silent(codec: Codec, payload: &[u8]) -> bool {
    payload
        .iter()
        .all(|sample| (to_alaw(codec, *sample) ^ 0x55) & 0x7F <= SILENT_CODE)
}

/// ITU-T G.711 tables 3 and 4, by way of linear samples.
const fn alaw_of_mulaw() -> [u8; 256] {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        table[code] = alaw(linear_of_mulaw(code as u8));
        code += 1;
    }
    table
}

const fn linear_of_mulaw(code: u8) -> i16 {
    let code = !code;
    let magnitude = ((((code & 0x0F) as i16) << 3) + 0x84) << ((code & 0x70) >> 4);
    if code & 0x80 != 0 {
        0x84 - magnitude
    } else {
        magnitude - 0x84
    }
}

const fn alaw(linear: i16) -> u8 {
    let (mask, magnitude) = if linear >= 0 {
        (0xD5, linear >> 3)
    } else {
        (0x55, -(linear >> 3) - 1)
    };
    let mut segment = 0;
    while segment < 7 && magnitude > (0x20 << segment) - 1 {
        segment += 1;
    }
    let step = if segment < 2 { 1 } else { segment };
    let code = ((segment as u8) << 4) | ((magnitude >> step) & 0x0F) as u8;
    code ^ mask
}
