//! [`Media`]: the legs, rooms and recordings of one media thread, and what it is told.
//!
//! Packets are in `packets.rs`, the 20 ms tick in `ticks.rs`. Nothing here reads a clock, opens a
//! socket or waits: the driver passes time and packets in and takes the rest by [`Io`]. Neither a
//! packet nor a tick allocates, locks or searches; commands may.

use std::sync::Arc;
use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;
use rotaline_model::{Mono, PlayId, Seed, Sound};

use crate::answerphone::Ear;
use crate::leg::{Chosen, Leg, Link, Periods, Taped};
use crate::phases::Phases;
use crate::play::{Ended, Playing};
use crate::prompts::PromptBank;
use crate::recordings::{InAudio, NotStarted, Recordings};
use crate::room::{Full, Members, Others, Rooms};
use crate::rtcp::Ending;
use crate::tape::Side;
use crate::tone::Tones;
use crate::{Codec, Command, Event, Io, MediaLeg, MediaRoom, StreamConfig, TapeId};

/// The generator's purpose (see [`Seed::generator`]).
const RANDOMNESS_OF_MEDIA: u64 = 0x6d_6564_6961;
/// Reports leave every 5 s on average, half to one and a half of it (RFC 3550 section 6.2).
const REPORT_MEAN_MS: u32 = 5_000;
/// Recordings for each slot: a case's own may outlive the leg that it began on.
const TAPES_PER_SLOT: usize = 2;

/// What a thread is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// Socket pairs of the thread; commands for others are ignored and counted.
    pub slots: u32,
    /// Without RTP and RTCP for so long, a leg is dead.
    pub dead_after: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            slots: 1024,
            dead_after: Duration::from_secs(60),
        }
    }
}

/// What was dropped or refused, since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Packets for a slot without a leg.
    pub without_leg: u64,
    /// Packets from an address that was not signalled.
    pub foreign: u64,
    /// Packets that are neither RTP nor RTCP, or lie about their length.
    pub malformed: u64,
    /// Packets of a payload type that was not negotiated.
    pub unknown_payload: u64,
    /// Packets that came although the stream is on hold.
    pub on_hold: u64,
    /// Packets that came twice, or far out of order.
    pub repeated: u64,
    /// Commands for a leg that is gone, or never was.
    pub stale_commands: u64,
    /// Prompts that are not in the bank.
    pub unknown_prompts: u64,
    /// Recordings that were not started: there are too many, or one of the same id.
    pub refused_tapes: u64,
    /// Legs that found their room full.
    pub full_rooms: u64,
}

/// The sans-IO core of one media thread.
pub struct Media {
    pub(crate) config: Config,
    pub(crate) prompts: Arc<PromptBank>,
    pub(crate) tones: [Tones; 2],
    pub(crate) random: ChaCha8Rng,
    pub(crate) slots: Vec<Option<Box<Leg>>>,
    pub(crate) rooms: Rooms,
    pub(crate) tapes: Recordings,
    pub(crate) phases: Phases,
    /// Slots whose key is down.
    pub(crate) keys_down: Vec<u32>,
    pub(crate) counts: Counts,
}

impl Media {
    /// A thread without legs.
    pub fn new(config: Config, prompts: Arc<PromptBank>, seed: Seed) -> Self {
        let slots = config.slots as usize;
        Media {
            config,
            prompts,
            tones: [Tones::new(Codec::Pcma), Tones::new(Codec::Pcmu)],
            random: seed.generator(RANDOMNESS_OF_MEDIA),
            slots: std::iter::repeat_with(|| None).take(slots).collect(),
            rooms: Rooms::default(),
            tapes: Recordings::new(slots * TAPES_PER_SLOT),
            phases: Phases::default(),
            keys_down: Vec::with_capacity(slots),
            counts: Counts::default(),
        }
    }

    /// What was dropped or refused.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Plays from another bank from now on; what is playing goes on as it was.
    pub fn replace_prompts(&mut self, prompts: Arc<PromptBank>) {
        self.prompts = prompts;
    }

    /// Does what the switch says.
    pub fn command(&mut self, now: Mono, command: Command, io: &mut impl Io) {
        match command {
            Command::Open { leg, stream } => self.open(now, leg, stream, io),
            Command::Update { leg, stream } => {
                if let Some(leg) = self.leg(leg) {
                    leg.update(now, stream);
                }
            }
            Command::Play { leg, play, sounds } => self.play(leg, play, &sounds, io),
            Command::Stop { leg } => {
                if let Some(leg) = self.leg(leg) {
                    stop_playing(leg, io);
                }
            }
            Command::WatchForAnswerphone { leg } => {
                if let Some(leg) = self.leg(leg) {
                    leg.ear.get_or_insert_with(Ear::new);
                }
            }
            Command::Enter { leg, room } => self.enter(leg, room),
            Command::Leave { leg } => {
                if self.leg(leg).is_some() {
                    self.leave(leg.slot);
                }
            }
            Command::StartTape { tape, leg } => self.start_tape(now, tape, leg, io),
            Command::TurnTape { tape, leg } => self.turn_tape(tape, leg),
            Command::MaskTape { tape, masked } => self.mask_tape(now, tape, masked),
            Command::StopTape { tape } => {
                if let Some(slot) = self.tapes.stop(now, tape, io)
                    && let Some(leg) = self.slot(slot)
                {
                    leg.tape = None;
                }
            }
            Command::Close { leg } => {
                if self.leg(leg).is_some() {
                    self.close(now, leg.slot, io);
                }
            }
        }
    }

    fn mask_tape(&mut self, now: Mono, tape: TapeId, masked: bool) {
        let place = self.tapes.place_of(tape);
        let Some(recording) = place.and_then(|place| self.tapes.get_mut(place)) else {
            self.counts.stale_commands += 1;
            return;
        };
        let leg = recording.leg.and_then(|slot| self.slots.get(slot as usize));
        let audio = leg
            .and_then(Option::as_deref)
            .map_or(InAudio::NoKey, Leg::in_audio);
        recording.mask(now, masked, audio);
    }

    fn open(&mut self, now: Mono, id: MediaLeg, stream: StreamConfig, io: &mut impl Io) {
        let Some(place) = self.slots.get(id.slot as usize) else {
            self.counts.stale_commands += 1;
            return;
        };
        if let Some(before) = place {
            if before.id.generation >= id.generation {
                self.counts.stale_commands += 1;
                return;
            }
            self.close(now, id.slot, io);
        }
        let step = self.phases.for_a_leg(now);
        let chosen = self.choose();
        let periods = Periods {
            dead_after: self.config.dead_after,
            // The first report comes after half an interval (RFC 3550 section 6.2).
            next_report: self.report_interval() / 2,
        };
        let when = (now, step.at, step.phase);
        let leg = Box::new(Leg::new(id, stream, when, &chosen, periods));
        if let Some(place) = self.slots.get_mut(id.slot as usize) {
            *place = Some(leg);
            self.phases.add(step.phase, id.slot);
            self.tick_leg(id.slot, step.at, now, io);
        }
    }

    fn close(&mut self, now: Mono, slot: u32, io: &mut impl Io) {
        self.leave(slot);
        let interval = self.report_interval();
        let Some(mut leg) = self.slots.get_mut(slot as usize).and_then(Option::take) else {
            return;
        };
        self.phases.remove(leg.phase, slot);
        self.keys_down.retain(|other| *other != slot);
        if let Some(taped) = leg.tape
            && let Some(recording) = self.tapes.get_mut(taped.index)
        {
            recording.leg = None;
        }
        stop_playing(&mut leg, io);
        leg.report(now, interval, Ending::Goodbye, io);
        io.event(Event::Closed {
            leg: leg.id,
            quality: leg.quality(),
        });
    }

    fn play(&mut self, id: MediaLeg, play: PlayId, sounds: &[Sound], io: &mut impl Io) {
        let (playing, unknown) = Playing::new(play, sounds, &self.prompts);
        self.counts.unknown_prompts += unknown;
        if let Some(leg) = self.leg(id) {
            stop_playing(leg, io);
            leg.playing = Some(playing);
            leg.playings = leg.playings.wrapping_add(1);
        }
    }

    fn enter(&mut self, id: MediaLeg, room: MediaRoom) {
        let Some(leg) = self.leg(id) else {
            return;
        };
        leg.ear = None;
        if leg.room == Some(room) {
            return;
        }
        self.leave(id.slot);
        match self.rooms.enter(room, id.slot) {
            Ok(members) => {
                if let Some(leg) = self.slot(id.slot) {
                    leg.room = Some(room);
                }
                self.link(members);
            }
            Err(Full) => self.counts.full_rooms += 1,
        }
    }

    fn leave(&mut self, slot: u32) {
        let Some(leg) = self.slot(slot) else {
            return;
        };
        leg.join(Link::Alone);
        if let Some(room) = leg.room.take() {
            let stay = self.rooms.leave(room, slot);
            self.link(stay);
        }
    }

    /// Joins those who are in a room now.
    fn link(&mut self, members: Members) {
        for slot in members.iter() {
            let link = match members.others(slot) {
                Others::None => Link::Alone,
                Others::One(other) => Link::With(other),
                Others::More => Link::Mixed(members),
            };
            if let Some(leg) = self.slot(slot)
                && leg.link != link
            {
                leg.join(link);
            }
        }
    }

    fn start_tape(&mut self, now: Mono, tape: TapeId, id: MediaLeg, io: &mut impl Io) {
        if self.leg(id).is_none() {
            return;
        }
        match self.tapes.start(now, tape, io) {
            Ok(place) => self.put_tape(place, id.slot, Side::Left),
            Err(NotStarted::Runs | NotStarted::Full) => self.counts.refused_tapes += 1,
        }
    }

    fn turn_tape(&mut self, tape: TapeId, id: MediaLeg) {
        match self.tapes.place_of(tape) {
            Some(place) if self.leg(id).is_some() => self.put_tape(place, id.slot, Side::Right),
            Some(_) => {}
            None => self.counts.stale_commands += 1,
        }
    }

    /// A leg has one tape; the one that it had before runs on in silence until it is stopped.
    fn put_tape(&mut self, place: u32, slot: u32, says: Side) {
        let before = self
            .tapes
            .get_mut(place)
            .and_then(|recording| recording.leg.replace(slot));
        if let Some(leg) = before.and_then(|before| self.slot(before)) {
            leg.tape = None;
        }
        let taped = Taped { index: place, says };
        if let Some(leg) = self.slot(slot)
            && let Some(other) = leg.tape.replace(taped)
            && other.index != place
            && let Some(recording) = self.tapes.get_mut(other.index)
        {
            recording.leg = None;
        }
    }

    /// The leg in a slot, whichever it is.
    pub(crate) fn slot(&mut self, slot: u32) -> Option<&mut Leg> {
        self.slots.get_mut(slot as usize)?.as_deref_mut()
    }

    /// The leg, if its slot is still in this use.
    fn leg(&mut self, id: MediaLeg) -> Option<&mut Leg> {
        let leg = self
            .slots
            .get_mut(id.slot as usize)
            .and_then(Option::as_deref_mut)
            .filter(|leg| leg.id.generation == id.generation);
        if leg.is_none() {
            self.counts.stale_commands += 1;
        }
        leg
    }

    fn choose(&mut self) -> Chosen {
        const LETTERS: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut cname = [0; 16];
        self.random.fill_bytes(&mut cname);
        for byte in &mut cname {
            *byte = LETTERS[usize::from(*byte % 64)];
        }
        Chosen {
            ssrc: self.random.next_u32(),
            sequence: self.random.next_u32() as u16,
            timestamp: self.random.next_u32(),
            cname,
        }
    }

    //= RFC 3550 section 6.2
    //# The calculated interval between RTCP packets is varied randomly over the range [0.5,1.5]
    //# times the calculated interval
    pub(crate) fn report_interval(&mut self) -> Duration {
        let ms = REPORT_MEAN_MS / 2 + self.random.next_u32() % REPORT_MEAN_MS;
        Duration::from_millis(u64::from(ms))
    }
}

fn stop_playing(leg: &mut Leg, io: &mut impl Io) {
    if let Some(playing) = leg.playing.take() {
        io.event(playing.ended(leg.id, Ended::Cut));
    }
}
