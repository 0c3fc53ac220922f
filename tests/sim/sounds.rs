//! What a world needs of media: a plain model for most worlds, the real one with packets for some.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use rotaline_media::{Command, Event, MediaLeg, MediaRoom};
use rotaline_model::{CaseId, Digit, Mono};
use rotaline_phone::Hearing;

/// One thing that a phone hears from now on, or that the switch is to be told.
#[derive(Debug)]
pub enum Happening {
    /// An event for the switch.
    Event(Event),
    /// The phone at this RTP address hears something else from now on.
    Hears(SocketAddr, Hearing),
}

/// A packet on its way: from, to, and what.
pub type Packet = (SocketAddr, SocketAddr, Vec<u8>);

/// All legs of all media threads.
pub trait Sounds {
    /// When something is due.
    fn deadline(&self) -> Option<Mono>;
    /// What is due now comes about.
    fn tick(&mut self, now: Mono);
    /// Does what the switch asks for.
    fn command(&mut self, now: Mono, command: Command);
    /// What has come about, until it is taken.
    fn happenings(&mut self) -> &mut VecDeque<Happening>;
    /// A key goes down on a phone.
    fn press(&mut self, now: Mono, phone: SocketAddr, digit: Digit);
    /// The line of a phone that sends no packets goes dead.
    fn dead(&mut self, phone: SocketAddr);
    /// A packet arrives.
    fn receive(&mut self, now: Mono, packet: Packet);
    /// The next packet that leaves.
    fn sent(&mut self) -> Option<Packet>;
    /// What of each leg can be seen from outside.
    fn legs(&self) -> &Legs;
}

/// What of each leg can be seen from outside.
#[derive(Debug, Default)]
pub struct Legs {
    legs: std::collections::BTreeMap<MediaLeg, Seen>,
    taped: std::collections::BTreeMap<CaseId, MediaLeg>,
    last_keys: std::collections::BTreeMap<SocketAddr, (Mono, Digit)>,
}

/// A key's packets may arrive for so long after it was pressed, while our side of the leg opens.
const KEY_ON_ITS_WAY: Duration = Duration::from_millis(500);

/// One leg, seen from outside.
#[derive(Debug)]
pub struct Seen {
    /// The phone at its far end.
    pub phone: SocketAddr,
    /// The room that it is in.
    pub room: Option<MediaRoom>,
    /// Since when its phone has heard nothing; none: it hears something, or must not.
    pub silent_since: Option<Mono>,
    keys: Vec<Digit>,
}

impl Legs {
    /// Whether no leg is open.
    pub fn is_empty(&self) -> bool {
        self.legs.is_empty()
    }

    /// A leg that is open.
    pub fn get(&self, leg: MediaLeg) -> Option<&Seen> {
        self.legs.get(&leg)
    }

    /// A leg that is open, to be changed.
    pub fn get_mut(&mut self, leg: MediaLeg) -> Option<&mut Seen> {
        self.legs.get_mut(&leg)
    }

    /// Keys that its phone has pressed since a leg opened.
    pub fn keys(&self, leg: MediaLeg) -> &[Digit] {
        self.legs.get(&leg).map_or(&[], |leg| &leg.keys)
    }

    /// The legs in a room: what each of their phones has pressed.
    pub fn inside(&self, room: MediaRoom) -> impl Iterator<Item = &[Digit]> {
        let inside = move |leg: &&Seen| leg.room == Some(room);
        self.legs
            .values()
            .filter(inside)
            .map(|leg| leg.keys.as_slice())
    }

    /// How long the caller of a case has heard nothing.
    pub fn caller_silent_for(&self, case: CaseId, now: Mono) -> Option<Duration> {
        let leg = self.legs.get(self.taped.get(&case)?)?;
        leg.silent_since.map(|since| now.since(since))
    }

    /// A command is done.
    pub fn command(&mut self, now: Mono, command: &Command) {
        match command {
            Command::Open { leg, stream } => {
                let phone = stream.remote_rtp;
                let last = self.last_keys.get(&phone);
                let on_its_way = last.filter(|(at, _)| now.since(*at) < KEY_ON_ITS_WAY);
                let seen = Seen {
                    phone,
                    room: None,
                    silent_since: Some(now),
                    keys: on_its_way.map(|(_, digit)| *digit).into_iter().collect(),
                };
                self.legs.insert(*leg, seen);
            }
            Command::Enter { leg, room } => {
                if let Some(leg) = self.legs.get_mut(leg) {
                    leg.room = Some(*room);
                }
            }
            Command::Leave { leg } => {
                if let Some(leg) = self.legs.get_mut(leg) {
                    leg.room = None;
                }
            }
            Command::StartTape { tape, leg } | Command::TurnTape { tape, leg } => {
                if tape.part == 0 {
                    self.taped.insert(tape.case, *leg);
                }
            }
            Command::StopTape { tape } => {
                if tape.part == 0 {
                    self.taped.remove(&tape.case);
                }
            }
            Command::Close { leg } => {
                self.legs.remove(leg);
            }
            Command::Update { .. }
            | Command::WatchForAnswerphone { .. }
            | Command::Play { .. }
            | Command::Stop { .. }
            | Command::MaskTape { .. } => {}
        }
    }

    /// A key goes down on a phone: whatever leg it has may be told so.
    pub fn pressed(&mut self, now: Mono, phone: SocketAddr, digit: Digit) {
        self.last_keys.insert(phone, (now, digit));
        for seen in self.legs.values_mut().filter(|leg| leg.phone == phone) {
            seen.keys.push(digit);
        }
    }
}
