//! Tests of the mu-law table and the silence rule.

use super::super::law::{is_silent, to_alaw};
use crate::Codec;

/// ITU-T G.711's expansion of A-law, written down independently of the table under test.
fn linear_of_alaw(code: u8) -> i32 {
    let code = code ^ 0x55;
    let segment = u32::from((code & 0x70) >> 4);
    let step = i32::from(code & 0x0F);
    let magnitude = match segment {
        0 => (step << 4) + 8,
        _ => ((step << 4) + 0x108) << (segment - 1),
    };
    if code & 0x80 == 0 {
        -magnitude
    } else {
        magnitude
    }
}

fn linear_of_mulaw(code: u8) -> i32 {
    let code = !code;
    let magnitude = (((i32::from(code & 0x0F) << 3) + 132) << ((code & 0x70) >> 4)) - 132;
    if code & 0x80 != 0 {
        -magnitude
    } else {
        magnitude
    }
}

#[test]
fn mu_law_becomes_the_nearest_a_law() {
    for code in 0..=255 {
        let wanted = linear_of_mulaw(code);
        let got = linear_of_alaw(to_alaw(Codec::Pcmu, code));
        let nearest = (0..=255)
            .map(|alaw| (linear_of_alaw(alaw) - wanted).abs())
            .min()
            .unwrap();
        let off = (got - wanted).abs();
        assert!(off <= nearest + 8, "{code:#x}: {wanted} became {got}");
    }
}

#[test]
fn a_law_stays_as_it_is() {
    for code in 0..=255 {
        assert_eq!(to_alaw(Codec::Pcma, code), code);
    }
}

#[test]
fn both_zeros_of_mu_law_are_silence() {
    assert_eq!(to_alaw(Codec::Pcmu, 0xFF), 0xD5);
    assert!(is_silent(Codec::Pcmu, &[0xFF, 0x7F]));
    assert!(is_silent(Codec::Pcma, &[0xD5, 0x55]));
}

#[test]
fn one_loud_sample_is_no_silence() {
    let mut payload = [0xD5; 160];
    assert!(is_silent(Codec::Pcma, &payload));
    payload[159] = 0xF5;
    assert!(!is_silent(Codec::Pcma, &payload));
}
