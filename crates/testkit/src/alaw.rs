//! A-law (ITU-T G.711), written apart from the product's: by search among the values of its bytes.

/// The byte whose value is nearest to a sample.
pub fn encode(sample: i16) -> u8 {
    // Idle is 0xd5: of two bytes that are equally near zero the positive one is meant.
    let distance = |byte: &u8| (i32::from(decode(*byte)) - i32::from(sample)).abs();
    let sign = if sample < 0 { 0x00 } else { 0x80 };
    let bytes = (0..0x80).map(|low: u8| (low | sign) ^ 0x55);
    bytes
        .min_by_key(distance)
        .expect("there are 128 bytes of each sign")
}

/// A byte's value, 16-bit linear.
pub fn decode(byte: u8) -> i16 {
    let byte = byte ^ 0x55;
    let (segment, step) = (i16::from(byte >> 4 & 7), i16::from(byte & 0x0f));
    // Segments 0 and 1 have steps of 16, each further one steps twice as wide.
    let magnitude = match segment {
        0 => step * 16 + 8,
        _ => (step * 16 + 0x108) << (segment - 1),
    };
    if byte & 0x80 == 0 {
        -magnitude
    } else {
        magnitude
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_stands_for_its_own_value() {
        for byte in 0..=255 {
            assert_eq!(encode(decode(byte)), byte);
        }
        assert_eq!(
            (encode(0), decode(0xaa), decode(0x2a)),
            (0xd5, 32_256, -32_256)
        );
        assert_eq!((encode(i16::MAX), encode(i16::MIN)), (0xaa, 0x2a));
    }
}
