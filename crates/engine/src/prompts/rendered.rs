//! What a speech program has written, as a prompt: any rate to 8 kHz, both channels to one, quiet
//! at its ends taken off, and as loud as the prompts that come with us.

use std::path::{Path, PathBuf};

use hound::{SampleFormat, WavReader, WavWriter};
use rotaline_media::MAX_PROMPT_SAMPLES;
use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Async, FixedAsync, Resampler, SincInterpolationParameters};

use super::FORMAT;

/// Rates that are read, in Hz.
const RATES: std::ops::RangeInclusive<u32> = 8_000..=96_000;
/// The mean level of what is heard of a prompt, as a part of full scale: -20 dBFS, that of our own.
const LEVEL: f32 = 0.098;
/// No sample is louder: -1 dBFS.
const PEAK: f32 = 0.89;
/// What is below is quiet: -46 dBFS before the level is set.
const QUIET: f32 = 0.005;
/// So much quiet is left at either end, in samples: 40 ms.
const MARGIN: usize = 320;
/// Frames that are resampled at a time.
const CHUNK: usize = 1024;

/// Why a file is no prompt.
#[derive(Debug, thiserror::Error)]
pub enum NotSpeech {
    /// It is missing, or no WAV file.
    #[error("{} cannot be read: {error}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        error: hound::Error,
    },
    /// It is a WAV of another kind.
    #[error(
        "{} has {rate} Hz, {channels} channels, {bits} bits; it must have 8000 to 96000 Hz, one or \
         two channels, 16 bits", path.display()
    )]
    Format {
        /// Which file.
        path: PathBuf,
        /// Its sample rate.
        rate: u32,
        /// Its channels.
        channels: u16,
        /// Bits of a sample.
        bits: u16,
    },
    /// Nothing is heard.
    #[error("{} is silent", path.display())]
    Silent {
        /// Which file.
        path: PathBuf,
    },
    /// Longer than media plays.
    #[error("{} is longer than a prompt may be", path.display())]
    Long {
        /// Which file.
        path: PathBuf,
    },
    /// Its rate cannot be changed.
    #[error("{} cannot be brought to 8000 Hz", path.display())]
    Rate {
        /// Which file.
        path: PathBuf,
    },
}

/// The samples of a prompt, 8 kHz, from whatever a speech program wrote.
pub fn samples(path: &Path) -> Result<Vec<i16>, NotSpeech> {
    let unreadable = |error| NotSpeech::File {
        path: path.to_owned(),
        error,
    };
    let mut reader = WavReader::open(path).map_err(unreadable)?;
    let spec = reader.spec();
    let (rate, channels) = (spec.sample_rate, spec.channels);
    let known = spec.sample_format == SampleFormat::Int && spec.bits_per_sample == 16;
    if !known || !RATES.contains(&rate) || !(1..=2).contains(&channels) {
        return Err(NotSpeech::Format {
            path: path.to_owned(),
            rate,
            channels,
            bits: spec.bits_per_sample,
        });
    }
    let ratio = f64::from(FORMAT.sample_rate) / f64::from(rate);
    if f64::from(reader.duration()) * ratio > MAX_PROMPT_SAMPLES as f64 {
        return Err(NotSpeech::Long {
            path: path.to_owned(),
        });
    }
    let read: Result<Vec<i16>, _> = reader.samples().collect();
    let read = read.map_err(unreadable)?;
    let one = read.chunks(usize::from(channels)).map(|frame| {
        let sum: f32 = frame.iter().map(|sample| f32::from(*sample)).sum();
        sum / (frame.len() as f32 * 32_768.0)
    });
    let speech = resampled(one.collect(), ratio).ok_or_else(|| NotSpeech::Rate {
        path: path.to_owned(),
    })?;
    let heard = trimmed(&speech).ok_or_else(|| NotSpeech::Silent {
        path: path.to_owned(),
    })?;
    Ok(levelled(heard))
}

/// Writes a prompt's file, as [`load`](super::load) reads one.
pub fn write(path: &Path, samples: &[i16]) -> Result<(), hound::Error> {
    let mut writer = WavWriter::create(path, FORMAT)?;
    for sample in samples {
        writer.write_sample(*sample)?;
    }
    writer.finalize()
}

fn resampled(input: Vec<f32>, ratio: f64) -> Option<Vec<f32>> {
    if input.is_empty() || (ratio - 1.0).abs() < f64::EPSILON {
        return Some(input);
    }
    let parameters = SincInterpolationParameters::default();
    let fixed = FixedAsync::Input;
    let mut resampler = Async::<f32>::new_sinc(ratio, 1.0, &parameters, CHUNK, 1, fixed).ok()?;
    let frames = InterleavedSlice::new(&input, 1, input.len()).ok()?;
    let output = resampler.process_all(&frames, input.len(), None).ok()?;
    Some(output.take_data())
}

/// From the first sound to the last, and a little; none: there is none.
fn trimmed(speech: &[f32]) -> Option<&[f32]> {
    let loud = |sample: &f32| sample.abs() >= QUIET;
    let first = speech.iter().position(loud)?;
    let last = speech.iter().rposition(loud)?;
    let end = speech.len().min(last + 1 + MARGIN);
    speech.get(first.saturating_sub(MARGIN)..end)
}

fn levelled(heard: &[f32]) -> Vec<i16> {
    let loud = heard.iter().filter(|sample| sample.abs() >= QUIET);
    let (count, power) = loud.fold((0u32, 0.0f32), |(count, power), sample| {
        (count + 1, power + sample * sample)
    });
    let mean = (power / count.max(1) as f32).sqrt();
    let peak = heard.iter().fold(0.0f32, |peak, it| peak.max(it.abs()));
    let gain = (LEVEL / mean).min(PEAK / peak);
    let scaled = heard.iter().map(|sample| sample * gain * 32_768.0);
    scaled.map(|sample| sample.round() as i16).collect()
}

#[cfg(test)]
mod tests {
    use std::f32::consts::TAU;

    use hound::WavSpec;

    use super::*;

    /// A tone of 440 Hz with quiet around it, in both channels where there are two.
    fn spoken(spec: WavSpec, level: f32) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut writer = WavWriter::create(file.path(), spec).unwrap();
        for n in 0..spec.sample_rate * 2 {
            let within = (spec.sample_rate / 2..spec.sample_rate * 3 / 2).contains(&n);
            let wave = (TAU * 440.0 * n as f32 / spec.sample_rate as f32).sin();
            let sample = if within { wave * level * 32_767.0 } else { 0.0 };
            for _ in 0..spec.channels {
                writer.write_sample(sample as i16).unwrap();
            }
        }
        writer.finalize().unwrap();
        file
    }

    fn spec(sample_rate: u32, channels: u16) -> WavSpec {
        WavSpec {
            channels,
            sample_rate,
            ..FORMAT
        }
    }

    /// Without what a filter leaves at the ends.
    fn cycles(samples: &[i16]) -> usize {
        let loud = samples.iter().filter(|sample| sample.abs() > 1_000);
        let signs: Vec<bool> = loud.map(|sample| *sample > 0).collect();
        let pairs = signs.windows(2);
        pairs.filter(|pair| !pair[0] && pair[1]).count()
    }

    #[test]
    fn whatever_its_rate_and_level_it_is_as_long_as_loud_and_as_high_as_it_was_spoken() {
        for (rate, channels, level) in [
            (8_000, 1, 0.5),
            (16_000, 2, 0.05),
            (22_050, 1, 0.9),
            (44_100, 2, 0.2),
        ] {
            let file = spoken(spec(rate, channels), level);
            let samples = samples(file.path()).unwrap();
            let ms = samples.len() / 8;
            assert!((1_030..=1_130).contains(&ms), "{rate} Hz: {ms} ms");
            let cycles = cycles(&samples);
            assert!((438..=442).contains(&cycles), "{rate} Hz: {cycles}");
            let power: f64 = samples.iter().map(|it| f64::from(*it).powi(2)).sum();
            let mean = (power / samples.len() as f64).sqrt() / 32_768.0;
            assert!((0.088..=0.100).contains(&mean), "{rate} Hz: {mean}");
        }
    }

    #[test]
    fn what_is_no_speech_is_refused() {
        let silent = spoken(spec(16_000, 1), 0.0);
        assert!(matches!(
            samples(silent.path()),
            Err(NotSpeech::Silent { .. })
        ));
        let low = spoken(spec(4_000, 1), 0.5);
        assert!(matches!(samples(low.path()), Err(NotSpeech::Format { .. })));
        let none = tempfile::NamedTempFile::new().unwrap();
        assert!(matches!(samples(none.path()), Err(NotSpeech::File { .. })));
    }

    #[test]
    fn what_is_written_is_read_as_it_was() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let tone: Vec<i16> = (0..800).map(|n| n * 20).collect();
        write(file.path(), &tone).unwrap();
        let read: Vec<i16> = WavReader::open(file.path())
            .unwrap()
            .samples()
            .map(Result::unwrap)
            .collect();
        assert_eq!(read, tone);
    }
}
