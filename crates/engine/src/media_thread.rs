//! A media thread: the sockets of its slots, and the sans-IO `Media` that they feed.
//!
//! One wait, then commands, then a packet from each readable socket, then the tick. Commands come
//! first: one that opens a leg may have waited for the leg's first packet to wake us. A relayed
//! packet is received, rewritten and sent here, without a lock, a queue, an allocation or a log
//! line. (One packet a wake-up and socket: a stream of 50 packets a second never has two waiting,
//! and what is left is reported by the next wait.)

use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::thread::JoinHandle;

use rotaline_media::{Command, Event, Io, Media, PromptBank, TapeChunk, TapeId, TapeMessage};
use rotaline_model::Mono;

use crate::clock::Clock;
use crate::link::{Receiver, Sender};
use crate::poller::{Haste, Poller};
use crate::recording::RecordingLane;
use crate::refusal::{self, FarEnd};
use crate::sockets::Pairs;

/// The largest datagram that is looked at; what is longer is no RTP of ours.
const DATAGRAM_BYTES: usize = 2048;

/// What a media thread owns.
pub(crate) struct MediaThread {
    pub number: u16,
    pub poller: Poller,
    pub pairs: Pairs,
    pub media: Media,
    pub clock: Clock,
    pub commands: Receiver<MediaInput>,
    pub events: Sender<Event>,
    pub recording: RecordingLane,
}

/// What a media thread is told.
#[derive(Debug)]
pub(crate) enum MediaInput {
    /// Something to do.
    Command(Command),
    /// What is said from now on.
    Prompts(Arc<PromptBank>),
    /// End the thread.
    Stop,
}

impl MediaInput {
    /// What nobody hears as late waits for a tick that is near.
    pub fn haste(&self) -> Haste {
        match self {
            MediaInput::Command(
                Command::Open { .. }
                | Command::Update { .. }
                | Command::Play { .. }
                | Command::WatchForAnswerphone { .. }
                | Command::StartTape { .. }
                | Command::TurnTape { .. }
                | Command::StopTape { .. }
                | Command::Close { .. },
            )
            | MediaInput::Prompts(_) => Haste::Soon,
            MediaInput::Command(
                Command::Stop { .. }
                | Command::Enter { .. }
                | Command::Leave { .. }
                | Command::MaskTape { .. },
            )
            | MediaInput::Stop => Haste::AtOnce,
        }
    }
}

/// The thread's side of what `Media` asks for.
struct Driver {
    pairs: Pairs,
    /// One for each pair.
    far_ends: Vec<FarEnd>,
    events: Sender<Event>,
    recording: RecordingLane,
    /// When this round began.
    now: Mono,
}

impl MediaThread {
    /// Starts the thread. It ends when it is told to.
    pub fn spawn(self) -> std::io::Result<JoinHandle<()>> {
        std::thread::Builder::new()
            .name(format!("media-{}", self.number))
            .spawn(move || self.run())
    }

    fn run(self) {
        let MediaThread {
            mut poller,
            pairs,
            mut media,
            clock,
            mut commands,
            ..
        } = self;
        let mut driver = Driver {
            far_ends: vec![FarEnd::default(); pairs.len()],
            pairs,
            events: self.events,
            recording: self.recording,
            now: clock.mono(),
        };
        for (slot, pair) in driver.pairs.iter().enumerate() {
            let token = slot as u64 * 2;
            let added = poller
                .add(&pair.rtp, token)
                .and_then(|()| poller.add(&pair.rtcp, token + 1));
            if let Err(error) = added {
                tracing::error!(%error, slot, "a media socket cannot be waited for");
            }
        }
        let mut datagram = [0; DATAGRAM_BYTES];
        loop {
            let timeout = media.deadline().map(|at| clock.until(at));
            if let Err(error) = poller.wait(timeout, || !commands.is_empty()) {
                tracing::error!(%error, "waiting for media sockets failed");
                return;
            }
            let now = clock.mono();
            driver.now = now;
            while let Some(input) = commands.pop() {
                let command = match input {
                    MediaInput::Command(command) => command,
                    MediaInput::Prompts(bank) => {
                        media.replace_prompts(bank);
                        continue;
                    }
                    MediaInput::Stop => return,
                };
                if let Command::Open { leg, .. } = &command {
                    driver.begin(leg.slot);
                }
                media.command(now, command, &mut driver);
            }
            for token in poller.ready() {
                let slot = (token / 2) as u32;
                if token % 2 == 0 {
                    if let Some((length, source)) = driver.receive_rtp(slot, &mut datagram) {
                        let packet = &mut datagram[..length];
                        media.receive_rtp(now, slot, source, packet, &mut driver);
                    }
                } else if let Some((length, source)) = driver.receive_rtcp(slot, &mut datagram) {
                    media.receive_rtcp(now, slot, source, &datagram[..length], &mut driver);
                }
            }
            if media.deadline().is_some_and(|at| at <= now) {
                media.tick(now, &mut driver);
            }
            driver.events.flush();
        }
    }
}

impl Driver {
    /// A leg begins in a slot.
    fn begin(&mut self, slot: u32) {
        if let Some(far_end) = self.far_ends.get_mut(slot as usize) {
            *far_end = FarEnd::default();
        }
    }

    fn receive_rtp(&mut self, slot: u32, datagram: &mut [u8]) -> Option<(usize, SocketAddr)> {
        let pair = self.pairs.get(slot as usize)?;
        let far_end = self.far_ends.get_mut(slot as usize)?;
        match pair.rtp.recv_from(datagram) {
            Ok(received) => {
                far_end.heard(self.now);
                Some(received)
            }
            Err(error) => {
                note(&error, &pair.rtp, far_end, self.now);
                None
            }
        }
    }

    fn receive_rtcp(&mut self, slot: u32, datagram: &mut [u8]) -> Option<(usize, SocketAddr)> {
        let pair = self.pairs.get(slot as usize)?;
        pair.rtcp.recv_from(datagram).ok()
    }
}

/// Something is wrong with a packet that was sent before: the stream goes on.
fn note(error: &std::io::Error, socket: &UdpSocket, far_end: &mut FarEnd, now: Mono) {
    if error.kind() == ErrorKind::WouldBlock {
        return;
    }
    if error.kind() == ErrorKind::ConnectionRefused {
        far_end.refused(now);
    }
    refusal::forget_refusals(socket);
}

impl Io for Driver {
    fn send_rtp(&mut self, slot: u32, to: SocketAddr, packet: &[u8]) {
        let index = slot as usize;
        let (Some(pair), Some(far_end)) = (self.pairs.get(index), self.far_ends.get_mut(index))
        else {
            return;
        };
        if far_end.rests(self.now) {
            return;
        }
        if let Err(error) = pair.rtp.send_to(packet, to) {
            note(&error, &pair.rtp, far_end, self.now);
            if !far_end.rests(self.now) {
                // The error was an earlier packet's. One that cannot be sent is lost, as on any
                // network.
                let _ = pair.rtp.send_to(packet, to);
            }
        }
    }

    fn send_rtcp(&mut self, slot: u32, to: SocketAddr, packet: &[u8]) {
        if let Some(pair) = self.pairs.get(slot as usize) {
            let _ = pair.rtcp.send_to(packet, to);
        }
    }

    fn tape(&mut self, message: TapeMessage) {
        self.recording.tape(message);
    }

    fn spare_chunk(&mut self, tape: TapeId) -> Box<TapeChunk> {
        self.recording.spare_chunk(tape)
    }

    fn event(&mut self, event: Event) {
        self.events.push(event, Haste::AtOnce);
    }
}
