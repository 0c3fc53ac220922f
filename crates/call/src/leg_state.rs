//! What is known of a leg: latches for what happens once, a bounded inbox for keys, and what has
//! been played to it.

use std::collections::VecDeque;

use jiff::Timestamp;
use rotaline_model::{AnswerphoneSign, Digit, LegId, Mono, Now, PlayId, Sound};
use rotaline_record::{AnswerphoneEvidence, Heard};
use rotaline_routing::Plan;

use crate::boundary::{Gone, LegEvent, Refusal};

/// Keys that wait to be acted on; the newest beyond it is dropped (nobody types so far ahead).
const MAX_KEYS: usize = 16;

/// Playings whose end has not been reported; beyond it the oldest is settled by the clock.
const MAX_PLAYINGS: usize = 8;

/// Announcements of one leg that are kept as evidence; later ones are not.
const MAX_HEARD: usize = 256;

/// A key, and when it was complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub digit: Digit,
    pub at: Mono,
    pub wall: Timestamp,
}

/// Whether a key stops what is playing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BargeIn {
    Stops,
    PlaysOn,
}

/// A leg, from its INVITE until its handle is dropped.
#[derive(Debug)]
pub(crate) struct LegState {
    pub id: LegId,
    pub began: Mono,
    /// By the trunk that it is tried by now.
    pub tried_at: Mono,
    pub proceeding: bool,
    pub ringing_at: Option<Mono>,
    pub answered_at: Option<Mono>,
    pub refused: Option<Refusal>,
    /// Its ring time is over.
    pub rang_out: bool,
    /// The end is a latch: whoever looks later sees it too.
    pub gone: Option<Gone>,
    pub heard: Vec<Heard>,
    /// Each once, in the order of their coming.
    pub signs: Vec<AnswerphoneEvidence>,
    /// The key that is held down.
    pub down: Option<Digit>,
    keys: VecDeque<Key>,
    speaking: Option<(PlayId, BargeIn)>,
    playings: Vec<Playing>,
}

/// A playing with announcements in it whose end has not been reported.
#[derive(Debug)]
struct Playing {
    play: PlayId,
    sounds: Vec<Sound>,
    began: Mono,
    stopped: Option<Mono>,
}

impl LegState {
    pub(crate) fn new(id: LegId, began: Mono) -> Self {
        LegState {
            id,
            began,
            tried_at: began,
            proceeding: false,
            ringing_at: None,
            answered_at: None,
            refused: None,
            rang_out: false,
            gone: None,
            heard: Vec::new(),
            signs: Vec::new(),
            down: None,
            keys: VecDeque::new(),
            speaking: None,
            playings: Vec::new(),
        }
    }

    /// Takes in what happened; true if what is playing must stop.
    pub(crate) fn apply(&mut self, now: Now, event: LegEvent, plan: &Plan) -> bool {
        if self.gone.is_some() || self.refused.is_some() {
            return false;
        }
        match event {
            LegEvent::Proceeding => self.proceeding = true,
            LegEvent::NextTrunk => {
                self.proceeding = false;
                self.tried_at = now.mono;
            }
            LegEvent::Ringing => {
                self.proceeding = true;
                if self.answered_at.is_none() {
                    self.ringing_at.get_or_insert(now.mono);
                }
            }
            LegEvent::Answered => {
                self.proceeding = true;
                self.answered_at.get_or_insert(now.mono);
            }
            LegEvent::Refused(refusal) if self.answered_at.is_none() => {
                self.refused = Some(refusal);
            }
            // A refusal after the answer is none; but the leg is gone.
            LegEvent::Refused(_) => self.gone = Some(Gone::HungUp),
            LegEvent::KeyDown(digit) => {
                self.down = Some(digit);
                return self.answered_at.is_some() && self.barge_in(now.mono);
            }
            LegEvent::Digit(digit) => {
                self.down = None;
                let key = Key {
                    digit,
                    at: now.mono,
                    wall: now.wall,
                };
                // SERVICE 1.7: keys count from the 200 on.
                if self.answered_at.is_some() && self.keys.len() < MAX_KEYS {
                    self.keys.push_back(key);
                }
            }
            LegEvent::AnswerphoneSign(sign) => self.shows(sign, now.mono),
            LegEvent::Played {
                play,
                heard_ms,
                complete: _,
            } => {
                if self.is_speaking(play) {
                    self.speaking = None;
                }
                self.settle(play, heard_ms, plan);
            }
            LegEvent::Ended(gone) => self.gone = Some(gone),
        }
        false
    }

    /// Keeps a sign of an answerphone as evidence.
    pub(crate) fn shows(&mut self, sign: AnswerphoneSign, now: Mono) {
        let Some(answered_at) = self.answered_at else {
            return;
        };
        if self.signs.iter().all(|seen| seen.sign != sign) {
            let after_answer = now.since(answered_at).as_millis();
            self.signs.push(AnswerphoneEvidence {
                sign,
                after_answer_ms: u32::try_from(after_answer).unwrap_or(u32::MAX),
            });
        }
    }

    pub(crate) fn next_key(&mut self) -> Option<Key> {
        self.keys.pop_front()
    }

    pub(crate) fn forget_keys(&mut self) {
        self.keys.clear();
    }

    /// Whether a playing is neither over nor stopped nor replaced.
    pub(crate) fn is_speaking(&self, play: PlayId) -> bool {
        self.speaking.is_some_and(|(current, _)| current == play)
    }

    /// The playing that is neither over nor stopped, if there is one.
    pub(crate) fn speaking(&self) -> Option<PlayId> {
        self.speaking.map(|(play, _)| play)
    }

    pub(crate) fn plays(&mut self, play: PlayId, sounds: &[Sound], barge_in: BargeIn, now: Mono) {
        self.stopped(now);
        self.speaking = Some((play, barge_in));
        if sounds.iter().any(|sound| matches!(sound, Sound::Prompt(_))) {
            let sounds = sounds.to_vec();
            self.playings.push(Playing {
                play,
                sounds,
                began: now,
                stopped: None,
            });
        }
    }

    /// What was playing, plays no longer; true if there was anything.
    pub(crate) fn stopped(&mut self, now: Mono) -> bool {
        if let Some(last) = self.playings.last_mut() {
            last.stopped.get_or_insert(now);
        }
        self.speaking.take().is_some()
    }

    /// Settles, by the clock, the playings whose end will not be reported any more.
    pub(crate) fn settle_all(&mut self, now: Mono, plan: &Plan) {
        while !self.playings.is_empty() {
            self.settle_oldest(now, plan);
        }
    }

    pub(crate) fn settle_surplus(&mut self, now: Mono, plan: &Plan) {
        while self.playings.len() > MAX_PLAYINGS {
            self.settle_oldest(now, plan);
        }
    }

    fn barge_in(&mut self, now: Mono) -> bool {
        match self.speaking {
            Some((_, BargeIn::Stops)) => self.stopped(now),
            Some((_, BargeIn::PlaysOn)) | None => false,
        }
    }

    fn settle_oldest(&mut self, now: Mono, plan: &Plan) {
        let Some(oldest) = self.playings.first() else {
            return;
        };
        let elapsed = oldest.stopped.unwrap_or(now).since(oldest.began);
        let heard_ms = u32::try_from(elapsed.as_millis()).unwrap_or(u32::MAX);
        self.settle(oldest.play, heard_ms, plan);
    }

    /// Shares what was heard of a playing out among its announcements, in their order. Where a
    /// length is not known, the announcement takes all that is left.
    fn settle(&mut self, play: PlayId, heard_ms: u32, plan: &Plan) {
        let Some(place) = self.playings.iter().position(|it| it.play == play) else {
            return;
        };
        let mut left_ms = heard_ms;
        for sound in self.playings.remove(place).sounds {
            let known = match &sound {
                Sound::Prompt(prompt) => plan.announcement(prompt),
                Sound::Silence { .. } | Sound::RingTone | Sound::Beep => None,
            };
            let length_ms = match &sound {
                Sound::Prompt(_) => known.map(|known| known.length_ms),
                Sound::Silence { ms } => Some(*ms),
                Sound::RingTone | Sound::Beep => None,
            };
            let ms = length_ms.unwrap_or(left_ms).min(left_ms);
            left_ms -= ms;
            if let Sound::Prompt(prompt) = sound
                && ms > 0
                && self.heard.len() < MAX_HEARD
            {
                self.heard.push(Heard {
                    prompt,
                    ms,
                    version: known.map_or(0, |known| known.version),
                });
            }
        }
    }
}
