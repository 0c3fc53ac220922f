//! A phone of the demo, driven over real sockets; what happens to it is told as it happens.

use std::net::SocketAddr;

use bytes::Bytes;
use rotaline_engine::drive::{Channel, SansIo, Wish};
use rotaline_model::Mono;
use rotaline_phone::{Event, Input, Output, Phone};
use tokio::sync::mpsc;

/// What happened to which party, and when.
pub struct Scene {
    /// When.
    pub at: Mono,
    /// The party's column.
    pub party: usize,
    /// What.
    pub event: Event,
}

/// A phone with a column in the ladder.
pub struct Actor {
    phone: Phone,
    party: usize,
    scenes: mpsc::Sender<Scene>,
    now: Mono,
}

impl Actor {
    /// Puts a phone on the stage; its events go to `scenes` under its column.
    pub fn new(phone: Phone, party: usize, scenes: mpsc::Sender<Scene>) -> Self {
        Actor {
            phone,
            party,
            scenes,
            now: Mono::ZERO,
        }
    }
}

impl SansIo for Actor {
    fn datagram(&mut self, now: Mono, socket: Channel, source: SocketAddr, bytes: Bytes) {
        self.now = now;
        let input = match socket {
            Channel::Sip => Input::Sip { source, bytes },
            Channel::Rtp => Input::Rtp { bytes },
        };
        self.phone.handle_input(now, input);
    }

    fn timeout(&mut self, now: Mono) {
        self.now = now;
        self.phone.handle_input(now, Input::Timeout);
    }

    fn poll(&mut self) -> Wish {
        loop {
            match self.phone.poll_output() {
                Output::Sip { to, bytes } => {
                    return Wish::Send {
                        socket: Channel::Sip,
                        to,
                        bytes,
                    };
                }
                Output::Rtp { to, bytes } => {
                    return Wish::Send {
                        socket: Channel::Rtp,
                        to,
                        bytes,
                    };
                }
                Output::Event(event) => {
                    // Nobody looks, or not fast enough: the call goes on all the same.
                    let _ = self.scenes.try_send(Scene {
                        at: self.now,
                        party: self.party,
                        event,
                    });
                }
                Output::Timeout(at) => return Wish::Wait(at),
            }
        }
    }
}
