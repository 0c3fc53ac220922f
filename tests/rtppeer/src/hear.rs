//! Hearing by frequency: names each 20 ms frame by Goertzel, and keeps the names as a timeline.
//!
//! In 20 ms a Goertzel bin is 50 Hz wide, so the 400 and 450 Hz of the UK ring tone fall exactly
//! into neighbouring bins and are told apart. Test tones should be 80 Hz or more from each other,
//! from ring tone and from the keypad's eight frequencies (700 Hz is near 697; that is harmless,
//! since a digit needs its second frequency too).

use crate::json;

/// Root mean square below which a frame is silent: -52 dBFS, above comfort noise.
const SILENT_RMS: f64 = 80.0;
/// Part of a frame's energy that its tones must hold together, or else it counts as speech.
const PURE: f64 = 0.8;
/// Part of the energy that one tone must hold to be named in a mixture.
const PRESENT: f64 = 0.12;
/// Frames may come this much late before the timeline shows a hole.
const HOLE_MS: f64 = 60.0;
const MAX_SEGMENTS: usize = 20_000;

pub const RING: [u32; 2] = [400, 450];
pub const ROWS: [u32; 4] = [697, 770, 852, 941];
pub const COLUMNS: [u32; 4] = [1209, 1336, 1477, 1633];
pub const KEYPAD: [[char; 4]; 4] = [
    ['1', '2', '3', 'A'],
    ['4', '5', '6', 'B'],
    ['7', '8', '9', 'C'],
    ['*', '0', '#', 'D'],
];

/// What a frame sounds like.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Sound {
    Silence,
    /// Energy that is none of the tones: speech, music, noise.
    Speech,
    /// One or more of the tones listened for; 400 and 450 Hz alone are ring tone.
    Tones(Vec<u32>),
    /// A keypad digit in the audio.
    Digit(char),
    /// RTP without audio in it: a telephone event, for as long as it takes the audio's place.
    Event,
    /// Nothing arrived.
    NoRtp,
}

impl Sound {
    /// From the words of a script or expectation: `tone 700`, `ring`, `speech`, `inband 5`, ...
    pub fn parse(words: &[&str]) -> Result<Sound, String> {
        match words {
            ["silence"] => Ok(Sound::Silence),
            ["speech"] => Ok(Sound::Speech),
            ["ring"] => Ok(Sound::Tones(RING.to_vec())),
            ["event"] => Ok(Sound::Event),
            ["no-rtp"] => Ok(Sound::NoRtp),
            ["tone", hz] => Ok(Sound::Tones(vec![
                hz.parse().map_err(|_| format!("{hz} Hz?"))?,
            ])),
            ["inband", key] if key.chars().count() == 1 => {
                Ok(Sound::Digit(key.chars().next().unwrap_or('?')))
            }
            _ => Err(format!("{:?} is not a sound", words.join(" "))),
        }
    }

    pub fn name(&self) -> String {
        match self {
            Sound::Silence => "silence".into(),
            Sound::Speech => "speech".into(),
            Sound::Tones(list) if list[..] == RING => "ring".into(),
            Sound::Tones(list) => {
                format!(
                    "tone {}",
                    list.iter()
                        .map(u32::to_string)
                        .collect::<Vec<_>>()
                        .join("+")
                )
            }
            Sound::Digit(key) => format!("inband {key}"),
            Sound::Event => "event".into(),
            Sound::NoRtp => "no-rtp".into(),
        }
    }

    /// True also where the wanted tones are part of a mixture.
    pub fn has(&self, wanted: &Sound) -> bool {
        match (self, wanted) {
            (Sound::Tones(here), Sound::Tones(wanted)) => wanted.iter().all(|hz| here.contains(hz)),
            _ => self == wanted,
        }
    }
}

/// Names frames of one stream.
pub struct Ear {
    rate: u32,
    tones: Vec<u32>,
}

impl Ear {
    pub fn new(rate: u32, tones: &[u32]) -> Ear {
        Ear {
            rate,
            tones: tones.to_vec(),
        }
    }

    /// Samples in a frame of 20 ms.
    pub fn frame_len(&self) -> usize {
        self.rate as usize / 50
    }

    pub fn name(&self, frame: &[i16]) -> Sound {
        let energy: f64 = frame.iter().map(|&s| f64::from(s).powi(2)).sum();
        if energy <= SILENT_RMS.powi(2) * frame.len() as f64 {
            return Sound::Silence;
        }
        let share = |hz: u32| goertzel(frame, hz, self.rate) * 2.0 / (frame.len() as f64 * energy);
        let mut listed = self.tones.clone();
        // A vowel may put its energy at 400 or 450 Hz; ring tone has both.
        if RING.iter().all(|&hz| share(hz) >= PRESENT) {
            listed.extend(RING);
        }
        listed.sort_unstable();
        listed.dedup();
        listed.retain(|&hz| share(hz) >= PRESENT);
        if listed.iter().map(|&hz| share(hz)).sum::<f64>() >= PURE {
            return Sound::Tones(listed);
        }
        digit(share).map_or(Sound::Speech, Sound::Digit)
    }
}

/// The digit whose two frequencies hold the frame.
fn digit(share: impl Fn(u32) -> f64) -> Option<char> {
    let strongest = |list: [u32; 4]| {
        let shares = list.map(&share);
        (0..4)
            .max_by(|&a, &b| shares[a].total_cmp(&shares[b]))
            .map(|best| (best, shares[best]))
    };
    let ((row, low), (column, high)) = (strongest(ROWS)?, strongest(COLUMNS)?);
    (low >= 0.2 && high >= 0.2 && low + high >= PURE).then(|| KEYPAD[row][column])
}

/// Squared magnitude of a frame's spectrum at one frequency (Goertzel's recurrence).
fn goertzel(frame: &[i16], hz: u32, rate: u32) -> f64 {
    let turn = 2.0 * (std::f64::consts::TAU * f64::from(hz) / f64::from(rate)).cos();
    let (mut last, mut before) = (0.0, 0.0);
    for &sample in frame {
        (last, before) = (f64::from(sample) + turn * last - before, last);
    }
    last * last + before * before - turn * last * before
}

/// A stretch of one sound. `audio_ms` is what was heard of it, frame by frame; the two instants
/// are arrival times, so a burst or a late packet shows as a difference between them.
pub struct Segment {
    pub from_ms: f64,
    pub to_ms: f64,
    pub audio_ms: f64,
    pub what: Sound,
}

impl Segment {
    fn length_ms(&self) -> f64 {
        match self.what {
            Sound::NoRtp | Sound::Event => self.to_ms - self.from_ms,
            _ => self.audio_ms,
        }
    }
}

/// The named frames of one stream, joined into segments.
#[derive(Default)]
pub struct Timeline {
    pub segments: Vec<Segment>,
    pub segments_left_out: u64,
    held: Option<(f64, f64, Sound)>,
    last_event_ms: f64,
}

impl Timeline {
    /// Adds a frame. It is held back until the next one: a single frame unlike both its neighbours
    /// is an edge (half one sound, half another) and takes the name of the sound that follows.
    pub fn push(&mut self, at_ms: f64, frame_ms: f64, what: Sound) {
        if let Some((at, length, mut held)) = self.held.take() {
            let like_last = self.segments.last().is_some_and(|last| last.what == held);
            if !like_last && held != what {
                held = what.clone();
            }
            self.commit(at, length, held);
        }
        self.held = Some((at_ms, frame_ms, what));
    }

    /// A telephone-event packet came.
    pub fn note_event(&mut self, at_ms: f64) {
        self.last_event_ms = at_ms;
    }

    /// Adds the frame still held; call at the end.
    pub fn finish(&mut self) {
        if let Some((at, length, held)) = self.held.take() {
            let what = self.segments.last().map_or(held, |last| last.what.clone());
            self.commit(at, length, what);
        }
    }

    fn commit(&mut self, at: f64, length: f64, what: Sound) {
        if let Some(last) = self.segments.last_mut() {
            let hole = at - last.to_ms > HOLE_MS;
            if !hole && last.what == what {
                last.to_ms = at + length;
                last.audio_ms += length;
                return;
            }
            if hole {
                let from_ms = last.to_ms;
                self.add_hole(from_ms, at);
            }
        }
        self.add(Segment {
            from_ms: at,
            to_ms: at + length,
            audio_ms: length,
            what,
        });
    }

    /// A hole in the audio: an event up to its last packet, nothing after that.
    fn add_hole(&mut self, from_ms: f64, to_ms: f64) {
        let event_to_ms = (self.last_event_ms + HOLE_MS).min(to_ms);
        let mut nothing_from_ms = from_ms;
        if self.last_event_ms > from_ms {
            nothing_from_ms = event_to_ms;
            let what = Sound::Event;
            self.add(Segment {
                from_ms,
                to_ms: event_to_ms,
                audio_ms: 0.0,
                what,
            });
        }
        if nothing_from_ms < to_ms {
            let what = Sound::NoRtp;
            self.add(Segment {
                from_ms: nothing_from_ms,
                to_ms,
                audio_ms: 0.0,
                what,
            });
        }
    }

    fn add(&mut self, segment: Segment) {
        if self.segments.len() < MAX_SEGMENTS {
            self.segments.push(segment);
        } else {
            self.segments_left_out += 1;
        }
    }

    /// How long the wanted sound has now been there without a break.
    pub fn run_ms(&self, wanted: &Sound) -> f64 {
        let newest_first = self.segments.iter().rev();
        newest_first
            .take_while(|s| s.what.has(wanted))
            .map(|s| s.audio_ms)
            .sum()
    }

    /// How much of a sound there was in all; for `event` and `no-rtp`, the length of the holes.
    pub fn total_ms(&self, wanted: &Sound) -> f64 {
        let found = self.segments.iter().filter(|s| s.what.has(wanted));
        found.map(Segment::length_ms).sum()
    }

    /// Segments as JSON; with `zero_ms`, also counted from that instant (`rel_`).
    pub fn to_json(&self, zero_ms: Option<f64>) -> String {
        json::array(self.segments.iter().map(|s| {
            let mut fields = vec![
                ("what", json::quote(&s.what.name())),
                ("from_ms", json::ms(s.from_ms)),
                ("to_ms", json::ms(s.to_ms)),
                ("audio_ms", json::ms(s.audio_ms)),
            ];
            if let Some(zero_ms) = zero_ms {
                fields.push(("rel_from_ms", json::ms(s.from_ms - zero_ms)));
                fields.push(("rel_to_ms", json::ms(s.to_ms - zero_ms)));
            }
            json::object(&fields)
        }))
    }

    /// Milliseconds per sound, as JSON.
    pub fn totals_json(&self) -> String {
        let mut names: Vec<Sound> = Vec::new();
        for segment in &self.segments {
            if !names.contains(&segment.what) {
                names.push(segment.what.clone());
            }
        }
        let exact = |what: &Sound| {
            let same = self.segments.iter().filter(|s| s.what == *what);
            same.map(Segment::length_ms).sum::<f64>()
        };
        let named: Vec<_> = names
            .iter()
            .map(|w| (w.name(), json::ms(exact(w))))
            .collect();
        json::object(
            &named
                .iter()
                .map(|(k, v)| (k.as_str(), v.clone()))
                .collect::<Vec<_>>(),
        )
    }
}
