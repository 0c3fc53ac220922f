//! Judges a recording by frequency: per channel, which tone, ring tone, speech or silence is heard
//! when. Each party of a test call sends its own tone, so the left channel must hold the caller's
//! tone and none of the other's, and the right one the reverse.
//!
//! Reads 16-bit PCM, A-law or mu-law WAV, 8 or 16 kHz, stereo; a mono file (a mix) must hold all
//! tones. Also checks the header: sizes against the file, block align, byte rate.

use std::env;
use std::process::ExitCode;

use rtppeer::hear::{Ear, Sound, Timeline};
use rtppeer::{audio, audio::Wav, json};

const USAGE: &str =
    "usage: judge-recording FILE.wav [--left HZ[,HZ]] [--right HZ[,HZ]] [--never HZ[,HZ]]
exit: 0 header right and every tone on its channel only, 1 not, 2 unreadable or wrong use";
/// A tone for less than this on the wrong channel is an edge, not a leak.
const LEAK_MS: f64 = 40.0;

struct Options {
    path: String,
    left: Vec<u32>,
    right: Vec<u32>,
    /// Tones that must be on no channel.
    never: Vec<u32>,
}

impl Options {
    fn parse(mut words: impl Iterator<Item = String>) -> Result<Options, String> {
        let (mut path, mut left, mut right, mut never) = (None, vec![], vec![], vec![]);
        while let Some(word) = words.next() {
            match word.as_str() {
                "--left" => left = tones(words.next())?,
                "--right" => right = tones(words.next())?,
                "--never" => never = tones(words.next())?,
                _ if path.is_none() && !word.starts_with("--") => path = Some(word),
                _ => return Err(format!("{word:?}?\n{USAGE}")),
            }
        }
        Ok(Options {
            path: path.ok_or(USAGE)?,
            left,
            right,
            never,
        })
    }
}

fn tones(list: Option<String>) -> Result<Vec<u32>, String> {
    let list = list.ok_or(USAGE)?;
    let hertz = list.split(',').map(|hz| match hz.parse() {
        Ok(hz @ 50..=3_900) => Ok(hz),
        _ => Err(format!("{hz:?} is not 50 to 3900 Hz")),
    });
    hertz.collect()
}

fn listen(samples: &[i16], rate: u32, tones: &[u32]) -> Timeline {
    let ear = Ear::new(rate, tones);
    let mut timeline = Timeline::default();
    for (number, frame) in samples.chunks_exact(ear.frame_len()).enumerate() {
        timeline.push(number as f64 * 20.0, 20.0, ear.name(frame));
    }
    timeline.finish();
    timeline
}

/// What one channel has to hold and must not hold.
struct Duty<'a> {
    name: &'static str,
    own: &'a [u32],
    others: &'a [u32],
}

fn problems_of(duty: &Duty, timeline: &Timeline) -> Vec<String> {
    let total = |hz: u32| timeline.total_ms(&Sound::Tones(vec![hz]));
    let missing = duty.own.iter().filter(|&&hz| total(hz) == 0.0);
    let leaks = duty.others.iter().filter(|hz| !duty.own.contains(hz));
    let leaks = leaks.filter(|&&hz| total(hz) >= LEAK_MS);
    missing
        .map(|hz| format!("{}: tone {hz} is not there", duty.name))
        .chain(leaks.map(|hz| format!("{}: {} ms of the other's {hz}", duty.name, total(*hz))))
        .collect()
}

fn judge(wav: &Wav, options: &Options) -> (bool, String) {
    let Options {
        left, right, never, ..
    } = options;
    let wanted = [left.as_slice(), right].concat();
    let all = [wanted.as_slice(), never].concat();
    let (not_left, not_right) = (
        [right.as_slice(), never].concat(),
        [left.as_slice(), never].concat(),
    );
    let duties = match wav.channels.len() {
        1 => vec![Duty {
            name: "mono",
            own: &wanted,
            others: never,
        }],
        _ => vec![
            Duty {
                name: "left",
                own: left,
                others: &not_left,
            },
            Duty {
                name: "right",
                own: right,
                others: &not_right,
            },
        ],
    };
    let mut problems: Vec<String> = wav.faults.iter().map(|f| format!("header: {f}")).collect();
    let mut channels = Vec::new();
    for (duty, samples) in duties.iter().zip(&wav.channels) {
        // Both sides' tones are listened for on both channels: a leak must have an ear.
        let timeline = listen(samples, wav.rate, &all);
        problems.extend(problems_of(duty, &timeline));
        channels.push(json::object(&[
            ("channel", json::quote(duty.name)),
            ("heard_ms", timeline.totals_json()),
            ("heard", timeline.to_json(None)),
        ]));
    }
    let samples = wav.channels.first().map_or(0, Vec::len);
    let text = json::object(&[
        ("ok", problems.is_empty().to_string()),
        (
            "problems",
            json::array(problems.iter().map(|p| json::quote(p))),
        ),
        ("format", json::quote(wav.format)),
        ("rate_hz", wav.rate.to_string()),
        (
            "length_ms",
            json::ms(samples as f64 * 1e3 / f64::from(wav.rate)),
        ),
        ("header", header(wav)),
        ("channels", json::array(channels)),
    ]);
    (problems.is_empty(), text)
}

fn header(wav: &Wav) -> String {
    json::object(&[
        ("valid", wav.faults.is_empty().to_string()),
        ("file_bytes", wav.file_bytes.to_string()),
        ("riff_bytes", wav.riff_bytes.to_string()),
        ("data_bytes", wav.data_bytes.to_string()),
    ])
}

fn main() -> ExitCode {
    let read = Options::parse(env::args().skip(1))
        .and_then(|options| Ok((audio::read_wav(&options.path)?, options)));
    match read {
        Ok((wav, options)) => {
            let (ok, text) = judge(&wav, &options);
            println!("{text}");
            ExitCode::from(u8::from(!ok))
        }
        Err(why) => {
            eprintln!("judge-recording: {why}");
            ExitCode::from(2)
        }
    }
}
