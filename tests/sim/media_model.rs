//! Media without packets: what each leg plays, in which room it is, what its phone hears, and the
//! events that the real media would send.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use rotaline_media::{Command, Event, MediaLeg, MediaRoom, Quality, TapeId};
use rotaline_model::{Digit, Mono, PlayId, Sound};
use rotaline_phone::Hearing;

/// How long a prompt lasts here; the flows must not care.
const PROMPT: Duration = Duration::from_millis(900);
/// How long a key is held.
const KEY: Duration = Duration::from_millis(100);
/// The beep before a specialist is joined.
const BEEP: Duration = Duration::from_millis(200);

/// One thing that a phone hears from now on, or that the switch is to be told.
#[derive(Debug)]
pub enum Happening {
    /// An event for the switch.
    Event(Event),
    /// The phone at this RTP address hears something else from now on.
    Hears(SocketAddr, Hearing),
}

/// All legs of all media threads.
#[derive(Default)]
pub struct MediaModel {
    legs: BTreeMap<MediaLeg, Leg>,
    by_phone: BTreeMap<SocketAddr, MediaLeg>,
    due: BTreeMap<(Mono, u64), Due>,
    next: u64,
    /// What has come about and is to be taken.
    pub happenings: VecDeque<Happening>,
    /// Each case's caller leg, as its recording names it.
    pub taped: BTreeMap<TapeId, MediaLeg>,
}

struct Leg {
    phone: SocketAddr,
    opened_at: Mono,
    playing: Option<Playing>,
    room: Option<MediaRoom>,
    hearing: Hearing,
    hearing_since: Mono,
    keys: Vec<Digit>,
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
}

impl MediaModel {
    /// When something is due.
    pub fn deadline(&self) -> Option<Mono> {
        self.due.first_key_value().map(|((at, _), _)| *at)
    }

    /// Whether no leg is open.
    pub fn is_empty(&self) -> bool {
        self.legs.is_empty()
    }

    /// Keys pressed on a leg since it opened.
    pub fn keys(&self, leg: MediaLeg) -> &[Digit] {
        self.legs.get(&leg).map_or(&[], |leg| &leg.keys)
    }

    /// The phone at a leg's far end.
    pub fn phone(&self, leg: MediaLeg) -> Option<SocketAddr> {
        self.legs.get(&leg).map(|leg| leg.phone)
    }

    /// The legs of a room.
    pub fn room(&self, room: MediaRoom) -> Vec<MediaLeg> {
        self.legs
            .iter()
            .filter(|(_, leg)| leg.room == Some(room))
            .map(|(name, _)| *name)
            .collect()
    }

    /// How long a leg has heard nothing.
    pub fn silent_for(&self, leg: MediaLeg, now: Mono) -> Option<Duration> {
        let leg = self.legs.get(&leg)?;
        let since = leg.hearing_since.max(leg.opened_at);
        (leg.hearing == Hearing::Silence).then(|| now.since(since))
    }

    /// A key goes down on a phone.
    pub fn press(&mut self, now: Mono, phone: SocketAddr, digit: Digit) {
        let Some(name) = self.by_phone.get(&phone).copied() else {
            return;
        };
        self.happenings
            .push_back(Happening::Event(Event::KeyDown { leg: name, digit }));
        self.at(now + KEY, Due::KeyUp(name, digit));
    }

    /// A line goes dead: the real media would notice after its limit.
    pub fn dead(&mut self, phone: SocketAddr) {
        if let Some(leg) = self.by_phone.get(&phone).copied() {
            self.happenings
                .push_back(Happening::Event(Event::Dead { leg }));
        }
    }

    /// What is due now comes about.
    pub fn tick(&mut self, now: Mono) {
        while let Some(entry) = self.due.first_entry()
            && entry.key().0 <= now
        {
            match entry.remove() {
                Due::Sound(leg, token) => self.sound_over(now, leg, token),
                Due::KeyUp(name, digit) => {
                    if let Some(leg) = self.legs.get_mut(&name) {
                        leg.keys.push(digit);
                        self.happenings
                            .push_back(Happening::Event(Event::Digit { leg: name, digit }));
                    }
                }
            }
        }
    }

    /// Does what the switch asks for.
    pub fn command(&mut self, now: Mono, command: Command) {
        match command {
            Command::Open { leg, stream } => {
                let phone = stream.remote_rtp;
                self.by_phone.insert(phone, leg);
                let leg_state = Leg {
                    phone,
                    opened_at: now,
                    playing: None,
                    room: None,
                    hearing: Hearing::Silence,
                    hearing_since: now,
                    keys: Vec::new(),
                };
                self.legs.insert(leg, leg_state);
            }
            Command::Update { .. } => {}
            Command::Play { leg, play, sounds } => {
                self.stop(now, leg, false);
                if let Some(state) = self.legs.get_mut(&leg) {
                    state.playing = Some(Playing {
                        play,
                        since: now,
                        sounds: sounds.into(),
                        token: 0,
                    });
                    self.next_sound(now, leg);
                }
            }
            Command::Stop { leg } => {
                self.stop(now, leg, false);
                self.listen_all(now);
            }
            Command::Enter { leg, room } => self.move_to(now, leg, Some(room)),
            Command::Leave { leg } => self.move_to(now, leg, None),
            Command::StartTape { tape, leg } | Command::TurnTape { tape, leg } => {
                self.taped.insert(tape, leg);
            }
            Command::MaskTape { .. } => {}
            Command::StopTape { tape } => {
                self.taped.remove(&tape);
            }
            Command::Close { leg } => {
                self.stop(now, leg, false);
                if let Some(state) = self.legs.remove(&leg) {
                    self.by_phone.remove(&state.phone);
                    let quality = Quality::default();
                    self.happenings
                        .push_back(Happening::Event(Event::Closed { leg, quality }));
                }
                self.listen_all(now);
            }
        }
    }

    fn move_to(&mut self, now: Mono, leg: MediaLeg, room: Option<MediaRoom>) {
        if let Some(leg) = self.legs.get_mut(&leg) {
            leg.room = room;
        }
        self.listen_all(now);
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
        let rooms: Vec<(MediaLeg, Option<MediaRoom>)> = self
            .legs
            .iter()
            .map(|(name, leg)| (*name, leg.room))
            .collect();
        for (name, leg) in &mut self.legs {
            let sound = leg
                .playing
                .as_ref()
                .and_then(|playing| playing.sounds.front());
            let hearing = match sound {
                Some(Sound::Prompt(_) | Sound::Beep) => Hearing::Speech,
                Some(Sound::RingTone) => Hearing::RingTone,
                Some(Sound::Silence { .. }) => Hearing::Silence,
                None => match leg.room {
                    Some(room) if rooms.iter().any(|(n, r)| n != name && *r == Some(room)) => {
                        Hearing::Tone(1000)
                    }
                    Some(_) | None => Hearing::Silence,
                },
            };
            if hearing != leg.hearing {
                leg.hearing = hearing;
                leg.hearing_since = now;
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
