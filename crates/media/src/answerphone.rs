//! Signs that a phone that answered is an answerphone: a long talk run, a beep (SERVICE.md 1.7).
//!
//! Signs only: a person may talk long, and an answerphone may not. What they lead to is the
//! flow's. The ear is there only while a leg is asked whether it lets the caller in, and costs
//! nothing else.
//!
//! ```text
//!  20 ms frame ─▶ level ─▶ over the floor? ─▶ talk run ── 4 s, no pause of 300 ms ─▶ LongTalk
//!       └──────▶ one steady tone? ─▶ tone run ── 200 ms to 1.5 s, then another sound ─▶ Beep
//! ```
//!
//! The floor is the quietest frame of the last second or so: speech dips to it between its sounds,
//! noise, music on hold and a steady tone hardly leave it. A tone is told by its frequency from
//! three neighbouring samples (Pisarenko's method) and by its share of the frame at that
//! frequency; DTMF and ring tone are two tones, and fail by their share and their envelope. A tone
//! that does not end is no beep.

use std::f32::consts::TAU;
use std::time::Duration;

use rotaline_model::{AnswerphoneSign, Mono};

/// Samples of a frame: 20 ms.
const FRAME: usize = 160;
const RATE_HZ: f32 = 8000.0;

/// Talk that goes on for so long...
const TALK_RUN: Duration = Duration::from_secs(4);
/// ...without a pause of this length.
const PAUSE: Duration = Duration::from_millis(300);
/// Mean square below which nothing is talk: -44 dBm0, about. While we speak ourselves, -34: what
/// comes back of that is fainter.
const TALK_POWER: f32 = 40_000.0;
const TALK_POWER_OVER_OURS: f32 = 400_000.0;
/// Talk is louder than the floor by 9 dB.
const OVER_FLOOR: f32 = 8.0;
/// The floor is the quietest frame of so many spans of so many frames: of 0.9 to 1.2 s.
const FLOOR_SPANS: usize = 4;
const SPAN_FRAMES: u8 = 15;

/// A tone of 200 ms holds so many whole frames.
const BEEP_FRAMES: u32 = 9;
/// A longer tone is something else: a fax, a test, a fault.
const LONGEST_BEEP_FRAMES: u32 = 75;
const BEEP_HZ: std::ops::RangeInclusive<f32> = 400.0..=2000.0;
/// Mean square of a tone: -40 dBm0, about.
const BEEP_POWER: f32 = 100_000.0;
/// The tone's least share of its frame.
const BEEP_SHARE: f32 = 0.85;
/// Parts of a frame whose levels tell one tone from two that beat (5 ms).
const PARTS: usize = 4;
/// The loudest part over the quietest: 3 dB.
const STEADY_PART: f32 = 2.0;
/// From frame to frame: 3 dB, and 25 Hz.
const STEADY_POWER: f32 = 2.0;
const STEADY_HZ: f32 = 25.0;

/// Whether we are heard on the leg at the same time, and so perhaps in what comes from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ours {
    Speaks,
    IsSilent,
}

/// What listens to a leg that answered.
#[derive(Clone, Debug)]
pub(crate) struct Ear {
    frame: [i16; FRAME],
    filled: usize,
    floor: Floor,
    /// When the present talk run began, and when there was talk last.
    talk: Option<(Mono, Mono)>,
    tone: Option<Tone>,
    told_talk: bool,
    told_beep: bool,
}

/// The quietest frames of the last spans, the present one first.
#[derive(Clone, Copy, Debug)]
struct Floor {
    spans: [f32; FLOOR_SPANS],
    frames: u8,
}

/// A tone that goes on.
#[derive(Clone, Copy, Debug)]
struct Tone {
    hertz: f32,
    power: f32,
    frames: u32,
}

impl Ear {
    pub(crate) fn new() -> Box<Self> {
        Box::new(Ear {
            frame: [0; FRAME],
            filled: 0,
            floor: Floor {
                spans: [f32::INFINITY; FLOOR_SPANS],
                frames: 0,
            },
            talk: None,
            tone: None,
            told_talk: false,
            told_beep: false,
        })
    }

    /// Listens to samples that came at `now`; tells each sign once.
    pub(crate) fn listen(
        &mut self,
        now: Mono,
        ours: Ours,
        samples: impl IntoIterator<Item = i16>,
        mut tell: impl FnMut(AnswerphoneSign),
    ) {
        for sample in samples {
            if let Some(place) = self.frame.get_mut(self.filled) {
                *place = sample;
                self.filled += 1;
            }
            if self.filled == FRAME {
                self.filled = 0;
                self.follow(now, ours, &mut tell);
            }
        }
    }

    /// Comfort noise came: what was said is over.
    pub(crate) fn hush(&mut self, mut tell: impl FnMut(AnswerphoneSign)) {
        self.filled = 0;
        self.follow_tone(None, &mut tell);
    }

    fn follow(&mut self, now: Mono, ours: Ours, tell: &mut impl FnMut(AnswerphoneSign)) {
        let parts = powers(&self.frame);
        let power = parts.iter().sum::<f32>() / PARTS as f32;
        let floor = self.floor.with(power);
        let tone = if power >= BEEP_POWER && is_even(&parts) {
            tone_in(&self.frame, power)
        } else {
            None
        };
        let least = match ours {
            Ours::Speaks => TALK_POWER_OVER_OURS,
            Ours::IsSilent => TALK_POWER,
        };
        if tone.is_none() && power > least.max(floor * OVER_FLOOR) {
            self.follow_talk(now, tell);
        }
        self.follow_tone(tone, tell);
    }

    fn follow_talk(&mut self, now: Mono, tell: &mut impl FnMut(AnswerphoneSign)) {
        let began = match self.talk {
            Some((began, last)) if now.since(last) < PAUSE => began,
            Some(_) | None => now,
        };
        self.talk = Some((began, now));
        if now.since(began) >= TALK_RUN && !self.told_talk {
            self.told_talk = true;
            tell(AnswerphoneSign::LongTalk);
        }
    }

    fn follow_tone(&mut self, heard: Option<Tone>, tell: &mut impl FnMut(AnswerphoneSign)) {
        if let (Some(tone), Some(heard)) = (&mut self.tone, &heard)
            && tone.goes_on_in(heard)
        {
            tone.frames = tone.frames.saturating_add(1);
            return;
        }
        let over = std::mem::replace(&mut self.tone, heard);
        let was_beep =
            over.is_some_and(|tone| (BEEP_FRAMES..=LONGEST_BEEP_FRAMES).contains(&tone.frames));
        if was_beep && !self.told_beep {
            self.told_beep = true;
            tell(AnswerphoneSign::Beep);
        }
    }
}

impl Floor {
    fn with(&mut self, power: f32) -> f32 {
        if self.frames == SPAN_FRAMES {
            self.spans.rotate_right(1);
            self.spans[0] = f32::INFINITY;
            self.frames = 0;
        }
        self.frames += 1;
        self.spans[0] = self.spans[0].min(power);
        self.spans.iter().copied().fold(f32::INFINITY, f32::min)
    }
}

impl Tone {
    fn goes_on_in(&self, next: &Tone) -> bool {
        let ratio = next.power / self.power;
        (next.hertz - self.hertz).abs() < STEADY_HZ
            && (1.0 / STEADY_POWER..STEADY_POWER).contains(&ratio)
    }
}

/// The one tone that a frame is, if it is one.
fn tone_in(frame: &[i16; FRAME], power: f32) -> Option<Tone> {
    let hertz = frequency(frame)?;
    if !BEEP_HZ.contains(&hertz) {
        return None;
    }
    let share = 2.0 * goertzel(frame, hertz) / (FRAME * FRAME) as f32 / power;
    (share >= BEEP_SHARE).then_some(Tone {
        hertz,
        power,
        frames: 1,
    })
}

/// Whether all parts of a frame are about as loud.
fn is_even(parts: &[f32; PARTS]) -> bool {
    let least = parts.iter().copied().fold(f32::INFINITY, f32::min);
    let most = parts.iter().copied().fold(0.0, f32::max);
    most <= STEADY_PART * least
}

/// Pisarenko's harmonic decomposition: of one tone in white noise, r2 / r1 = cos 2w / cos w.
fn frequency(frame: &[i16; FRAME]) -> Option<f32> {
    let (mut r1, mut r2) = (0.0f32, 0.0f32);
    for three in frame.windows(3) {
        let [before, this, next] = [three[0], three[1], three[2]].map(f32::from);
        r1 += this * (before + next) / 2.0;
        r2 += before * next;
    }
    let cosine = (r2 + (r2 * r2 + 8.0 * r1 * r1).sqrt()) / (4.0 * r1);
    (cosine.abs() <= 1.0).then(|| cosine.acos() / TAU * RATE_HZ)
}

/// The mean square of each part of a frame.
fn powers(frame: &[i16; FRAME]) -> [f32; PARTS] {
    let mut powers = [0.0; PARTS];
    for (power, part) in powers.iter_mut().zip(frame.chunks(FRAME / PARTS)) {
        let sum: i64 = part.iter().map(|s| i64::from(*s) * i64::from(*s)).sum();
        *power = sum as f32 / part.len() as f32;
    }
    powers
}

/// Goertzel's filter: the squared magnitude of one frequency.
fn goertzel(frame: &[i16; FRAME], hertz: f32) -> f32 {
    let coefficient = 2.0 * (TAU * hertz / RATE_HZ).cos();
    let (mut last, mut before) = (0.0f32, 0.0f32);
    for sample in frame {
        let next = f32::from(*sample) + coefficient * last - before;
        before = last;
        last = next;
    }
    last * last + before * before - coefficient * last * before
}

#[cfg(test)]
mod tests;
