//! Speech-like sounds, tones and noise, against the ear.

use rotaline_model::{AnswerphoneSign, Mono};

use super::{Ear, Ours};
use crate::Codec;

const RATE: f32 = 8000.0;
const LOUD: f32 = 6000.0;

/// A voice of a kind: 120 Hz and its overtones, syllables of 250 ms, each followed by a dip.
fn talk(ms: usize) -> Vec<f32> {
    let sample = |n: usize| {
        let t = n as f32 / RATE;
        let overtones = (1..20).map(|k| (k as f32 * 120.0 * t * std::f32::consts::TAU).sin());
        let in_syllable = (n % 2000) as f32 / 2000.0;
        let level = if in_syllable < 0.7 { 1.0 } else { 0.02 };
        overtones.sum::<f32>() * 700.0 * level
    };
    (0..ms * 8).map(sample).collect()
}

fn tone(hertz: f32, level: f32, ms: usize) -> Vec<f32> {
    let sample = |n: usize| level * (n as f32 / RATE * hertz * std::f32::consts::TAU).sin();
    (0..ms * 8).map(sample).collect()
}

fn silence(ms: usize) -> Vec<f32> {
    vec![0.0; ms * 8]
}

fn noise(level: f32, ms: usize) -> Vec<f32> {
    let mut state = 0x9e37_79b9_u32;
    let sample = |_| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        level * (state as f32 / u32::MAX as f32 * 2.0 - 1.0) * 1.7
    };
    (0..ms * 8).map(sample).collect()
}

fn sum(one: &[f32], other: &[f32]) -> Vec<f32> {
    one.iter().zip(other).map(|(a, b)| a + b).collect()
}

/// The signs, each with the millisecond at which it was told.
fn signs(ours: Ours, parts: &[Vec<f32>]) -> Vec<(AnswerphoneSign, u64)> {
    let mut told = Vec::new();
    let mut ear = Ear::new();
    let audio = parts.concat();
    for (n, packet) in (0..).zip(audio.chunks(160)) {
        let at_ms = 20 * n;
        let now = Mono::from_nanos(9_000_000_000 + at_ms * 1_000_000);
        let samples = packet.iter().map(|sample| {
            let sample = sample.clamp(-32_000.0, 32_000.0) as i16;
            Codec::Pcma.decode(Codec::Pcma.encode(sample))
        });
        ear.listen(now, ours, samples, |sign| told.push((sign, at_ms)));
    }
    told
}

fn quietly(parts: &[Vec<f32>]) -> Vec<(AnswerphoneSign, u64)> {
    signs(Ours::IsSilent, parts)
}

#[test]
fn four_seconds_of_talk_without_a_pause_are_a_sign_and_told_once() {
    let told = quietly(&[silence(500), talk(12_000)]);
    assert_eq!(told.len(), 1);
    let (sign, at_ms) = told[0];
    assert_eq!(sign, AnswerphoneSign::LongTalk);
    assert!((4_500..4_700).contains(&at_ms), "{at_ms}");
    assert_eq!(quietly(&[silence(500), talk(3_900), silence(400)]), []);
}

#[test]
fn pauses_of_300_ms_make_talk_short() {
    let phrases: Vec<Vec<f32>> = (0..10).flat_map(|_| [talk(2_000), silence(320)]).collect();
    assert_eq!(quietly(&phrases), []);
    let breaths: Vec<Vec<f32>> = (0..10).flat_map(|_| [talk(2_000), silence(180)]).collect();
    assert_eq!(quietly(&breaths).len(), 1);
}

#[test]
fn a_pause_without_packets_is_a_pause() {
    let mut told = Vec::new();
    let mut ear = Ear::new();
    let audio = talk(2_000);
    let mut at_ms = 0;
    for _ in 0..5 {
        for packet in audio.chunks(160) {
            let now = Mono::from_nanos(at_ms * 1_000_000);
            let samples = packet.iter().map(|sample| *sample as i16);
            ear.listen(now, Ours::IsSilent, samples, |sign| told.push(sign));
            at_ms += 20;
        }
        at_ms += 400;
    }
    assert_eq!(told, []);
}

#[test]
fn talk_over_noise_is_talk_and_noise_alone_is_none() {
    for level in [30.0, 300.0, 3_000.0] {
        assert_eq!(quietly(&[noise(level, 20_000)]), [], "{level}");
    }
    let over = sum(&talk(10_000), &noise(150.0, 10_000));
    assert_eq!(quietly(&[noise(150.0, 1_000), over]).len(), 1);
}

#[test]
fn what_comes_back_of_our_own_voice_is_no_talk() {
    let echo: Vec<f32> = talk(10_000).iter().map(|sample| sample / 12.0).collect();
    assert_eq!(signs(Ours::Speaks, std::slice::from_ref(&echo)), []);
    assert_eq!(quietly(&[echo]).len(), 1);
    assert_eq!(signs(Ours::Speaks, &[talk(10_000)]).len(), 1);
}

#[test]
fn a_beep_is_a_sign_once_it_is_over() {
    for hertz in [400.0, 425.0, 770.0, 1_000.0, 1_401.0, 1_777.0, 1_990.0] {
        for (ms, level) in [(200, LOUD), (500, 500.0), (1_400, LOUD)] {
            let told = quietly(&[silence(1_003), tone(hertz, level, ms), silence(500)]);
            assert_eq!(told.len(), 1, "{hertz} Hz, {ms} ms");
            let (sign, at_ms) = told[0];
            assert_eq!(sign, AnswerphoneSign::Beep);
            let end = 1_003 + ms as u64;
            assert!((end - 20..end + 40).contains(&at_ms), "{at_ms} for {end}");
        }
    }
}

#[test]
fn a_beep_in_noise_and_after_a_greeting_is_heard() {
    let beep = tone(1_000.0, 3_000.0, 400);
    let noisy = sum(&beep, &noise(300.0, 400));
    assert_eq!(
        quietly(&[noise(300.0, 1_000), noisy, noise(300.0, 500)]).len(),
        1
    );
    let told = quietly(&[talk(6_000), silence(300), beep, silence(1_000)]);
    let kinds: Vec<_> = told.iter().map(|(sign, _)| *sign).collect();
    assert_eq!(kinds, [AnswerphoneSign::LongTalk, AnswerphoneSign::Beep]);
}

#[test]
fn short_long_low_and_high_tones_are_no_beep() {
    for (hertz, ms) in [
        (1_000.0, 140),
        (1_000.0, 3_000),
        (300.0, 500),
        (2_100.0, 500),
    ] {
        let told = quietly(&[silence(500), tone(hertz, LOUD, ms), silence(500)]);
        assert_eq!(told, [], "{hertz} Hz, {ms} ms");
    }
    assert_eq!(
        quietly(&[tone(1_130.0, LOUD, 30_000)]),
        [],
        "it does not end"
    );
}

#[test]
fn a_tone_that_a_key_interrupts_is_the_same_tone() {
    // The events take the audio's place; 500 ms of it before, much after.
    let mut told = Vec::new();
    let mut ear = Ear::new();
    for (n, packet) in (0..).zip(tone(1_130.0, LOUD, 10_000).chunks(160)) {
        if !(25..32).contains(&n) {
            let now = Mono::from_nanos(20_000_000 * n);
            let samples = packet.iter().map(|sample| *sample as i16);
            ear.listen(now, Ours::IsSilent, samples, |sign| told.push(sign));
        }
    }
    assert_eq!(told, []);
}

#[test]
fn keys_ring_tone_and_busy_tones_of_two_are_no_beep() {
    for (low, high) in [
        (697.0, 1209.0),
        (770.0, 1477.0),
        (941.0, 1633.0),
        (400.0, 450.0),
    ] {
        let key = sum(&tone(low, 3_000.0, 400), &tone(high, 3_000.0, 400));
        assert_eq!(
            quietly(&[silence(507), key, silence(500)]),
            [],
            "{low} {high}"
        );
    }
}

#[test]
fn a_beep_that_ends_in_comfort_noise_is_over_with_it() {
    let mut told = Vec::new();
    let mut ear = Ear::new();
    for (n, packet) in (0..).zip(tone(1_000.0, LOUD, 400).chunks(160)) {
        let now = Mono::from_nanos(20_000_000 * n);
        let samples = packet.iter().map(|sample| *sample as i16);
        ear.listen(now, Ours::IsSilent, samples, |sign| told.push(sign));
    }
    assert_eq!(told, []);
    ear.hush(|sign| told.push(sign));
    assert_eq!(told, [AnswerphoneSign::Beep]);
}
