//! A media thread: the sockets of its slots, and the sans-IO `Media` that they feed.
//!
//! One wait, then commands, then a packet from each readable socket, then the tick. Commands come
//! first: one that opens a leg may have waited for the leg's first packet to wake us. A relayed
//! packet is received, rewritten and sent here, without a lock, a queue, an allocation or a log
//! line. (One packet a wake-up and socket: a stream of 50 packets a second never has two waiting,
//! and what is left is reported by the next wait.)

use std::net::{SocketAddr, UdpSocket};
use std::thread::JoinHandle;

use rotaline_media::{Command, Event, Io, Media, TapeChunk, TapeId, TapeMessage};

use crate::clock::Clock;
use crate::link::{Receiver, Sender};
use crate::poller::{Haste, Poller};
use crate::recording::RecordingLane;
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
            ) => Haste::Soon,
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
    events: Sender<Event>,
    recording: RecordingLane,
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
            pairs,
            events: self.events,
            recording: self.recording,
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
            while let Some(input) = commands.pop() {
                match input {
                    MediaInput::Command(command) => media.command(now, command, &mut driver),
                    MediaInput::Stop => return,
                }
            }
            for token in poller.ready() {
                let slot = (token / 2) as u32;
                let Some(pair) = driver.pairs.get(slot as usize) else {
                    continue;
                };
                if token % 2 == 0 {
                    if let Some((length, source)) = receive(&pair.rtp, &mut datagram) {
                        let packet = &mut datagram[..length];
                        media.receive_rtp(now, slot, source, packet, &mut driver);
                    }
                } else if let Some((length, source)) = receive(&pair.rtcp, &mut datagram) {
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

fn receive(socket: &UdpSocket, datagram: &mut [u8]) -> Option<(usize, SocketAddr)> {
    // Nothing there, or an ICMP error of an earlier packet: the stream goes on in either case.
    socket.recv_from(datagram).ok()
}

impl Io for Driver {
    fn send_rtp(&mut self, slot: u32, to: SocketAddr, packet: &[u8]) {
        if let Some(pair) = self.pairs.get(slot as usize) {
            // A packet that cannot be sent is lost, as on any network.
            let _ = pair.rtp.send_to(packet, to);
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
