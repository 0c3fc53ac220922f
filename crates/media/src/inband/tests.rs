//! Keys in the audio, and sounds that are none.

use std::f64::consts::TAU;

use super::*;

/// Sines of frequency and amplitude, for a time.
fn tones(parts: &[(f64, f64)], ms: usize) -> Vec<i16> {
    (0..ms * 8)
        .map(|n| {
            let at = n as f64 / 8000.0;
            let sum: f64 = parts.iter().map(|(hz, a)| a * (TAU * hz * at).sin()).sum();
            sum as i16
        })
        .collect()
}

fn quiet(ms: usize) -> Vec<i16> {
    vec![0; ms * 8]
}

/// Keys that are told, with the sample after which each was.
fn keys(audio: &[i16]) -> Vec<(char, usize)> {
    let mut inband = Inband::default();
    let mut told = Vec::new();
    for (n, sample) in audio.iter().enumerate() {
        inband.listen([*sample], |digit| told.push((digit.as_char(), n + 1)));
    }
    told
}

fn heard(audio: &[i16]) -> String {
    keys(audio).into_iter().map(|(key, _)| key).collect()
}

fn pair_of(key: char) -> (f64, f64) {
    for (row, low) in KEYS.iter().zip(LOW_HZ) {
        for (candidate, high) in row.iter().zip(HIGH_HZ) {
            if *candidate == key {
                return (f64::from(low), f64::from(high));
            }
        }
    }
    panic!("no key {key}");
}

fn key(key: char, ms: usize) -> Vec<i16> {
    let (low, high) = pair_of(key);
    tones(&[(low, 6000.0), (high, 6000.0)], ms)
}

/// Noise of an even distribution, the same each time.
fn noise(amplitude: i32, samples: usize) -> Vec<i16> {
    let mut state = 12_345u32;
    std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((state >> 16) as i32 % (2 * amplitude) - amplitude) as i16
    })
    .take(samples)
    .collect()
}

fn sum(a: &[i16], b: &[i16]) -> Vec<i16> {
    a.iter().zip(b).map(|(a, b)| a.saturating_add(*b)).collect()
}

#[test]
fn every_key_of_40_ms_is_heard_once_and_early() {
    for row in KEYS {
        for name in row {
            for offset in 0..5 {
                let audio = [quiet(20 + offset), key(name, 40), quiet(60)].concat();
                let told = keys(&audio);
                assert_eq!(told.len(), 1, "{name}");
                assert_eq!(told[0].0, name);
                let after_ms = told[0].1 / 8 - (20 + offset);
                assert!(after_ms <= 40, "{name} after {after_ms} ms");
            }
        }
    }
}

#[test]
fn a_long_key_is_one_and_the_same_key_again_is_two() {
    assert_eq!(heard(&[key('5', 2000), quiet(50)].concat()), "5");
    let twice = [key('5', 60), quiet(50), key('5', 60), quiet(50)].concat();
    assert_eq!(heard(&twice), "55");
    let dropout = [key('5', 60), quiet(10), key('5', 60), quiet(50)].concat();
    assert_eq!(heard(&dropout), "5", "a lost packet's half is no new key");
}

#[test]
fn shorter_than_20_ms_is_no_key() {
    for ms in [5, 10, 15, 20] {
        assert_eq!(heard(&[quiet(20), key('5', ms), quiet(60)].concat()), "");
    }
}

#[test]
fn frequencies_that_are_a_little_off_are_keys_and_those_far_off_are_none() {
    for name in ['1', '5', '9', 'D', '*', '#'] {
        let (low, high) = pair_of(name);
        for off in [0.985, 1.015] {
            let audio = tones(&[(low * off, 6000.0), (high * off, 6000.0)], 60);
            assert_eq!(heard(&audio), name.to_string(), "{off}");
        }
        for off in [0.95, 1.05] {
            let audio = tones(&[(low * off, 6000.0), (high * off, 6000.0)], 60);
            assert_eq!(heard(&audio), "", "{off}");
        }
    }
}

#[test]
fn levels_and_twist_as_lines_have_them() {
    for (low_level, high_level, wanted) in [
        (12_000.0, 12_000.0, "8"),
        (600.0, 600.0, "8"),
        (3000.0, 6000.0, "8"), // 6 dB
        (5000.0, 3200.0, "8"), // -4 dB
        (100.0, 100.0, ""),
        (1000.0, 6000.0, ""),
        (6000.0, 1000.0, ""),
        (6000.0, 0.0, ""),
        (0.0, 6000.0, ""),
    ] {
        let (low, high) = pair_of('8');
        let audio = tones(&[(low, low_level), (high, high_level)], 80);
        assert_eq!(heard(&audio), wanted, "{low_level} {high_level}");
    }
}

#[test]
fn noise_20_db_down_hides_no_key_and_noise_alone_is_none() {
    let audio = [quiet(20), key('3', 80), quiet(60)].concat();
    let noisy = sum(&audio, &noise(1000, audio.len()));
    assert_eq!(heard(&noisy), "3");
    assert_eq!(heard(&noise(8000, 8000 * 30)), "");
}

#[test]
fn ring_tone_and_voices_are_no_keys() {
    assert_eq!(heard(&tones(&[(400.0, 6000.0), (450.0, 6000.0)], 2000)), "");
    // Vowels: all harmonics of pitches that glide, with and without formants.
    for tilt in [0.0, 0.5, 1.0, 1.5] {
        let mut phase = 0.0f64;
        let audio: Vec<i16> = (0..8000 * 60)
            .map(|n| {
                let pitch = 80.0 + 170.0 * (0.5 - 0.5 * (TAU * f64::from(n) / 56_000.0).cos());
                phase += TAU * pitch / 8000.0;
                let voice: f64 = (1..30)
                    .filter(|h| f64::from(*h) * pitch < 3800.0)
                    .map(|h| (f64::from(h) * phase).sin() / f64::from(h).powf(tilt))
                    .sum();
                (voice * 2000.0) as i16
            })
            .collect();
        assert_eq!(heard(&audio), "", "tilt {tilt}");
    }
}

#[test]
fn two_tones_with_the_overtones_of_speech_are_no_key() {
    let (low, high) = pair_of('1');
    let with = |amplitude: f64| {
        tones(
            &[
                (low, 6000.0),
                (high, 6000.0),
                (2.0 * low, amplitude),
                (2.0 * high, amplitude),
            ],
            80,
        )
    };
    assert_eq!(heard(&with(300.0)), "1");
    assert_eq!(heard(&with(4500.0)), "");
}

#[test]
fn the_coefficients_are_those_of_the_tones() {
    for (hertz, coefficient) in LOW_HZ.iter().chain(&HIGH_HZ).zip(COEFFICIENTS) {
        let exact = 2.0 * (std::f32::consts::TAU * hertz / RATE_HZ).cos();
        assert!((coefficient - exact).abs() < 1e-6, "{hertz} Hz");
    }
}
