//! Media without packets: what each leg plays, in which room it is, what its phone hears, and the
//! events that the real media would send.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use rotaline_media::{Command, Event, MediaLeg, Quality};
use rotaline_model::{AnswerphoneSign, Digit, Mono, PlayId, Sound};
use rotaline_phone::Hearing;

use crate::sounds::{Happening, Legs, Packet, Sounds};

/// How long a prompt lasts here; the flows must not care.
const PROMPT: Duration = Duration::from_millis(900);
/// How long a key is held.
const KEY: Duration = Duration::from_millis(100);
/// When a leg has talked for long, or beeps.
const LONG_TALK: Duration = Duration::from_millis(4_300);
const GREETING: Duration = Duration::from_secs(10);
/// The beep before a specialist is joined.
const BEEP: Duration = Duration::from_millis(200);

/// All legs of all media threads.
#[derive(Default)]
pub struct MediaModel {
    legs: BTreeMap<MediaLeg, Leg>,
    by_phone: BTreeMap<SocketAddr, MediaLeg>,
    due: BTreeMap<(Mono, u64), Due>,
    next: u64,
    happenings: VecDeque<Happening>,
    seen: Legs,
}

struct Leg {
    phone: SocketAddr,
    playing: Option<Playing>,
    hearing: Hearing,
}

struct Playing {
    play: PlayId,
    since: Mono,
    sounds: VecDeque<Sound>,
    token: u64,
}

enum Due {
    /// The sound that a leg plays is over.
    Sound(MediaLeg, u64),
    /// A key goes up.
    KeyUp(MediaLeg, Digit),
    /// A leg that is listened to sounds like an answerphone, whoever is there.
    Sign(MediaLeg, AnswerphoneSign),
}

impl Sounds for MediaModel {
    fn deadline(&self) -> Option<Mono> {
        self.due.first_key_value().map(|((at, _), _)| *at)
    }

    fn happenings(&mut self) -> &mut VecDeque<Happening> {
        &mut self.happenings
    }

    fn legs(&self) -> &Legs {
        &self.seen
    }

    fn receive(&mut self, _now: Mono, _packet: Packet) {
        // Nobody sends any.
    }

    fn sent(&mut self) -> Option<Packet> {
        None
    }

    fn press(&mut self, now: Mono, phone: SocketAddr, digit: Digit) {
        let Some(name) = self.by_phone.get(&phone).copied() else {
            return;
        };
        self.seen.pressed(now, phone, digit);
        self.happenings
            .push_back(Happening::Event(Event::KeyDown { leg: name, digit }));
        self.at(now + KEY, Due::KeyUp(name, digit));
    }

    // The real media would notice after its limit.
    fn dead(&mut self, phone: SocketAddr) {
        if let Some(leg) = self.by_phone.get(&phone).copied() {
            self.happenings
                .push_back(Happening::Event(Event::Dead { leg }));
        }
    }

    fn tick(&mut self, now: Mono) {
        while let Some(entry) = self.due.first_entry()
            && entry.key().0 <= now
        {
            match entry.remove() {
                Due::Sound(leg, token) => self.sound_over(now, leg, token),
                Due::KeyUp(name, digit) => {
                    if self.legs.contains_key(&name) {
                        let event = Event::Digit { leg: name, digit };
                        self.happenings.push_back(Happening::Event(event));
                    }
                }
                Due::Sign(leg, sign) => {
                    if self.seen.get(leg).is_some_and(|seen| seen.room.is_none()) {
                        let event = Event::AnswerphoneSign { leg, sign };
                        self.happenings.push_back(Happening::Event(event));
                    }
                }
            }
        }
    }

    fn command(&mut self, now: Mono, command: Command) {
        self.seen.command(now, &command);
        match command {
            Command::Open { leg, stream } => {
                let phone = stream.remote_rtp;
                self.by_phone.insert(phone, leg);
                let leg_state = Leg {
                    phone,
                    playing: None,
                    hearing: Hearing::Silence,
                };
                self.legs.insert(leg, leg_state);
            }
            Command::Play { leg, play, sounds } => {
                self.stop(now, leg, false);
                if let Some(state) = self.legs.get_mut(&leg) {
                    state.playing = Some(Playing {
                        play,
                        since: now,
                        sounds: sounds.into(),
                        // Nothing is due for it: a ring tone has no end.
                        token: u64::MAX,
                    });
                    self.next_sound(now, leg);
                }
            }
            Command::Stop { leg } => {
                self.stop(now, leg, false);
                self.listen_all(now);
            }
            Command::WatchForAnswerphone { leg } => self.will_sign(now, leg),
            Command::Enter { .. } | Command::Leave { .. } => self.listen_all(now),
            Command::Update { .. }
            | Command::StartTape { .. }
            | Command::TurnTape { .. }
            | Command::MaskTape { .. }
            | Command::StopTape { .. } => {}
            Command::Close { leg } => {
                self.stop(now, leg, false);
                if let Some(state) = self.legs.remove(&leg) {
                    if self.by_phone.get(&state.phone) == Some(&leg) {
                        self.by_phone.remove(&state.phone);
                    }
                    let quality = Quality::default();
                    self.happenings
                        .push_back(Happening::Event(Event::Closed { leg, quality }));
                }
                self.listen_all(now);
            }
        }
    }
}

impl MediaModel {
    /// Of three legs, one talks for long, and one beeps late: signs change nothing but a window.
    fn will_sign(&mut self, now: Mono, leg: MediaLeg) {
        let (after, sign) = match (leg.slot + leg.generation) % 3 {
            0 => (LONG_TALK, AnswerphoneSign::LongTalk),
            1 => (GREETING, AnswerphoneSign::Beep),
            _ => return,
        };
        self.at(now + after, Due::Sign(leg, sign));
    }

    fn stop(&mut self, now: Mono, name: MediaLeg, complete: bool) {
        let Some(playing) = self.legs.get_mut(&name).and_then(|leg| leg.playing.take()) else {
            return;
        };
        let heard_ms = u32::try_from(now.since(playing.since).as_millis()).unwrap_or(u32::MAX);
        let play = playing.play;
        let event = Event::Played {
            leg: name,
            play,
            heard_ms,
            complete,
        };
        self.happenings.push_back(Happening::Event(event));
    }

    fn sound_over(&mut self, now: Mono, name: MediaLeg, token: u64) {
        let Some(leg) = self.legs.get_mut(&name) else {
            return;
        };
        if let Some(playing) = leg
            .playing
            .as_mut()
            .filter(|playing| playing.token == token)
        {
            playing.sounds.pop_front();
            self.next_sound(now, name);
        }
    }

    fn next_sound(&mut self, now: Mono, name: MediaLeg) {
        let next = self
            .legs
            .get(&name)
            .and_then(|leg| leg.playing.as_ref()?.sounds.front().cloned());
        let lasting = match next {
            None => {
                self.stop(now, name, true);
                return self.listen_all(now);
            }
            Some(Sound::Prompt(_)) => Some(PROMPT),
            Some(Sound::Silence { ms }) => Some(Duration::from_millis(ms.into())),
            Some(Sound::Beep) => Some(BEEP),
            Some(Sound::RingTone) => None,
        };
        if let Some(lasting) = lasting {
            let token = self.at(now + lasting, Due::Sound(name, self.next));
            if let Some(playing) = self
                .legs
                .get_mut(&name)
                .and_then(|leg| leg.playing.as_mut())
            {
                playing.token = token;
            }
        }
        self.listen_all(now);
    }

    /// Every phone hears what its leg plays, else the other in its room, else nothing.
    fn listen_all(&mut self, now: Mono) {
        for (name, leg) in &mut self.legs {
            let sound = leg
                .playing
                .as_ref()
                .and_then(|playing| playing.sounds.front());
            let hearing = match sound {
                Some(Sound::Prompt(_) | Sound::Beep) => Hearing::Speech,
                Some(Sound::RingTone) => Hearing::RingTone,
                Some(Sound::Silence { .. }) => Hearing::Silence,
                None => match self.seen.get(*name).and_then(|seen| seen.room) {
                    Some(room) if self.seen.inside(room).count() > 1 => Hearing::Tone(1000),
                    Some(_) | None => Hearing::Silence,
                },
            };
            if hearing != leg.hearing {
                leg.hearing = hearing;
                if let Some(seen) = self.seen.get_mut(*name) {
                    seen.silent_since = (hearing == Hearing::Silence).then_some(now);
                }
                self.happenings
                    .push_back(Happening::Hears(leg.phone, hearing));
            }
        }
    }

    fn at(&mut self, at: Mono, due: Due) -> u64 {
        let token = self.next;
        self.next += 1;
        self.due.insert((at, token), due);
        token
    }
}
