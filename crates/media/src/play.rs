//! What is played to a leg: sounds one after another, a packet at a time.

use std::sync::Arc;

use rotaline_model::{PlayId, Sound};

use crate::prompts::{Prompt, PromptBank};
use crate::tone::Tones;
use crate::{Codec, Event, MediaLeg};

/// Most sounds of one playing; what is beyond is not played.
pub const MAX_SOUNDS: usize = 64;

/// Samples that are added to a room's packet at a time.
const ADDED_AT_ONCE: usize = 160;

/// One playing.
#[derive(Debug)]
pub(crate) struct Playing {
    play: PlayId,
    clips: Box<[Clip]>,
    clip: usize,
    /// Samples of the present clip that were played.
    position: u32,
    /// Samples that were sent.
    heard: u64,
}

#[derive(Debug)]
enum Clip {
    Prompt(Arc<Prompt>),
    Silence { samples: u32 },
    RingTone,
    Beep,
}

/// How a playing ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Complete,
    Cut,
}

impl Playing {
    /// Prepares sounds; the second value is how many of them are not in the bank and skipped.
    pub(crate) fn new(play: PlayId, sounds: &[Sound], prompts: &PromptBank) -> (Self, u64) {
        let mut unknown = 0;
        let clips = sounds
            .iter()
            .take(MAX_SOUNDS)
            .filter_map(|sound| match sound {
                Sound::Prompt(id) => {
                    let prompt = prompts.get(id).cloned();
                    unknown += u64::from(prompt.is_none());
                    prompt.map(Clip::Prompt)
                }
                Sound::Silence { ms } => Some(Clip::Silence {
                    samples: ms.saturating_mul(8),
                }),
                Sound::RingTone => Some(Clip::RingTone),
                Sound::Beep => Some(Clip::Beep),
            })
            .collect();
        let playing = Playing {
            play,
            clips,
            clip: 0,
            position: 0,
            heard: 0,
        };
        (playing, unknown)
    }

    /// Fills a packet, as far as there is something to play; the rest is silence. Answers with the
    /// number of samples played, 0 at the end.
    pub(crate) fn fill(&mut self, codec: Codec, tones: &Tones, packet: &mut [u8]) -> usize {
        let mut filled = 0;
        while let Some(clip) = self.clips.get(self.clip)
            && let Some(room) = packet.get_mut(filled..)
            && !room.is_empty()
        {
            let copied = clip.copy(self.position, codec, tones, room);
            if copied == 0 {
                self.clip += 1;
                self.position = 0;
            } else {
                self.position += copied as u32;
                filled += copied;
            }
        }
        packet[filled..].fill(codec.silence());
        filled
    }

    /// Whether the room is heard under it. SERVICE 1.8: the beep is short, and those whom it tells
    /// that they are joined are not kept apart by it.
    pub(crate) fn is_over_room(&self) -> bool {
        self.clips.iter().all(|clip| matches!(clip, Clip::Beep))
    }

    /// Adds what is played to a packet of the room's. Answers with the number of samples played, 0
    /// at the end.
    pub(crate) fn add_to(&mut self, codec: Codec, tones: &Tones, packet: &mut [u8]) -> usize {
        let mut added = 0;
        for part in packet.chunks_mut(ADDED_AT_ONCE) {
            let mut sounds = [codec.silence(); ADDED_AT_ONCE];
            let filled = self.fill(codec, tones, &mut sounds[..part.len()]);
            for (byte, sound) in part.iter_mut().zip(&sounds[..filled]) {
                let sum = codec.decode(*byte).saturating_add(codec.decode(*sound));
                *byte = codec.encode(sum);
            }
            added += filled;
        }
        added
    }

    /// Samples of a packet that left.
    pub(crate) fn was_heard(&mut self, samples: usize) {
        self.heard += samples as u64;
    }

    /// What the switch is told at the end.
    pub(crate) fn ended(&self, leg: MediaLeg, how: Ended) -> Event {
        Event::Played {
            leg,
            play: self.play,
            heard_ms: u32::try_from(self.heard / 8).unwrap_or(u32::MAX),
            complete: how == Ended::Complete,
        }
    }
}

impl Clip {
    /// Copies as much as there is and fits; 0 at the clip's end.
    fn copy(&self, position: u32, codec: Codec, tones: &Tones, out: &mut [u8]) -> usize {
        let from_slice = |audio: &[u8], out: &mut [u8]| {
            let rest = audio.get(position as usize..).unwrap_or_default();
            let length = rest.len().min(out.len());
            out[..length].copy_from_slice(&rest[..length]);
            length
        };
        match self {
            Clip::Prompt(prompt) => from_slice(prompt.audio(codec), out),
            Clip::Beep => from_slice(tones.beep(), out),
            Clip::Silence { samples } => {
                let length = samples.saturating_sub(position).min(out.len() as u32) as usize;
                out[..length].fill(codec.silence());
                length
            }
            Clip::RingTone => {
                tones.ring(position, out);
                out.len()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rotaline_model::PromptId;

    use super::*;

    const CODEC: Codec = Codec::Pcma;

    fn bank() -> PromptBank {
        let mut bank = PromptBank::new();
        let id = PromptId::parse("one").unwrap();
        bank.insert(id, Prompt::new(1, &[1000; 200]));
        bank
    }

    fn prompt(id: &str) -> Sound {
        Sound::Prompt(PromptId::parse(id).unwrap())
    }

    fn all(playing: &mut Playing, tones: &Tones) -> Vec<u8> {
        let mut audio = Vec::new();
        let mut packet = [0; 160];
        loop {
            let filled = playing.fill(CODEC, tones, &mut packet);
            if filled == 0 {
                return audio;
            }
            playing.was_heard(filled);
            audio.extend_from_slice(&packet);
        }
    }

    #[test]
    fn sounds_follow_each_other_inside_a_packet() {
        let sounds = [prompt("one"), Sound::Silence { ms: 5 }, prompt("one")];
        let (mut playing, unknown) = Playing::new(PlayId(1), &sounds, &bank());
        let audio = all(&mut playing, &Tones::new(CODEC));
        let (loud, silence) = (CODEC.encode(1000), CODEC.silence());
        let mut expected = [[loud; 200].as_slice(), &[silence; 40], &[loud; 200]].concat();
        expected.resize(480, silence);
        assert_eq!(audio, expected);
        assert_eq!(unknown, 0);
        let leg = MediaLeg {
            thread: 0,
            slot: 0,
            generation: 0,
        };
        assert_eq!(
            playing.ended(leg, Ended::Complete),
            Event::Played {
                leg,
                play: PlayId(1),
                heard_ms: 55,
                complete: true
            }
        );
    }

    #[test]
    fn an_unknown_prompt_is_skipped_and_counted() {
        let sounds = [prompt("two"), prompt("one"), prompt("three")];
        let (mut playing, unknown) = Playing::new(PlayId(1), &sounds, &bank());
        assert_eq!(unknown, 2);
        assert_eq!(all(&mut playing, &Tones::new(CODEC)).len(), 320);
    }

    #[test]
    fn ring_tone_does_not_end() {
        let sounds = [Sound::RingTone, prompt("one")];
        let (mut playing, _) = Playing::new(PlayId(1), &sounds, &bank());
        let tones = Tones::new(CODEC);
        let mut packet = [0; 160];
        for _ in 0..10_000 {
            assert_eq!(playing.fill(CODEC, &tones, &mut packet), 160);
        }
    }
}
