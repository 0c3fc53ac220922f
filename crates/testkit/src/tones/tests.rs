//! Every sound is named as what it is, and by no other name.

use super::*;

fn names(tone: &mut Tone) -> Vec<Heard> {
    (0..20).map(|_| name_alaw(&tone.alaw_frame())).collect()
}

fn keys() -> impl Iterator<Item = Digit> {
    "0123456789*#ABCD"
        .chars()
        .map(|key| Digit::parse(key).unwrap())
}

#[test]
fn parties_are_told_apart_at_any_level_of_talk() {
    for hz in PARTIES_HZ {
        for dbfs in [-40.0, -20.0, -10.0, -4.0] {
            let mut tone = Tone::new(f64::from(hz), dbfs);
            assert_eq!(
                names(&mut tone),
                [Heard::Party(hz); 20],
                "{hz} Hz, {dbfs} dBFS"
            );
        }
    }
}

#[test]
fn ring_tone_is_its_two_tones_together() {
    assert_eq!(
        names(&mut Tone::sum(&[400.0, 450.0], -13.0)),
        [Heard::RingTone; 20]
    );
    for alone in [400.0, 450.0, 425.0] {
        assert_eq!(
            names(&mut Tone::new(alone, -13.0)),
            [Heard::Other; 20],
            "{alone} Hz"
        );
    }
}

#[test]
fn all_sixteen_keys_are_named() {
    for digit in keys() {
        assert_eq!(
            names(&mut Tone::key(digit, -13.0)),
            [Heard::Key(digit); 20],
            "{digit:?}"
        );
    }
}

#[test]
fn other_sounds_have_no_name() {
    for hz in [300.0, 550.0, 850.0, 1000.0, 1250.0, 1400.0, 2000.0, 3000.0] {
        assert_eq!(
            names(&mut Tone::new(hz, -13.0)),
            [Heard::Other; 20],
            "{hz} Hz"
        );
    }
    let both = PARTIES_HZ.map(f64::from);
    assert_eq!(
        names(&mut Tone::sum(&both, -13.0)),
        [Heard::Other; 20],
        "two parties"
    );
}

#[test]
fn silence_is_what_is_below_the_threshold() {
    assert_eq!(name_alaw(&[alaw::encode(0); FRAME]), Heard::Silence);
    assert_eq!(name(&[0; FRAME]), Heard::Silence);
    assert_eq!(name(&[]), Heard::Silence);
    assert_eq!(name(&Tone::new(700.0, -52.0).frame()), Heard::Silence);
    assert_eq!(name(&Tone::new(700.0, -48.0).frame()), Heard::Party(700));
}

#[test]
fn a_tone_has_its_level_and_goes_on_from_frame_to_frame() {
    let mut tone = Tone::new(700.0, -20.0);
    let samples: Vec<i16> = (0..50).flat_map(|_| tone.frame()).collect();
    let square = |sample: &i16| (f64::from(*sample) / 32_768.0).powi(2);
    let mean = samples.iter().map(square).sum::<f64>() / samples.len() as f64;
    assert!((10.0 * mean.log10() + 20.0).abs() < 0.05);
    // A second of whole cycles: a break of phase would spread the energy.
    let held = 2.0 * power(&samples, 700.0) / (samples.len() as f64).powi(2) / 32_768f64.powi(2);
    assert!(held > 0.999 * mean);
}
