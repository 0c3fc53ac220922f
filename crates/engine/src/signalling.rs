//! The signalling thread: SIP's socket, and the sans-IO `Switch` that it feeds.
//!
//! It alone owns SIP state, calls and presence. It waits for datagrams, for media events and for
//! control messages, and hands on what the switch puts out: datagrams to the socket, commands to
//! the media threads, records to the journal.

use std::net::UdpSocket;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use bytes::Bytes;
use rotaline_media::{Event, PromptBank};
use rotaline_switch::{Input, Load, Output, Switch};
use tokio::sync::watch;

use crate::clock::Clock;
use crate::link::{Receiver, Sender};
use crate::media_thread::MediaInput;
use crate::outside::{Outside, Remote, Reply};
use crate::poller::{Haste, Poller};
use crate::sockets::Family;
use crate::unserved::Unserved;

/// The token of SIP's socket.
const SIP: u64 = 0;

/// Datagrams that are handled before other queues get their turn.
const BURST: usize = 64;

/// The largest datagram: what UDP allows.
const DATAGRAM_BYTES: usize = 65_535;

/// What the signalling thread owns; the switch is made on the thread itself, since its flows stay
/// on one thread.
pub(crate) struct Signalling<S, O> {
    pub poller: Poller,
    pub socket: UdpSocket,
    pub family: Family,
    pub clock: Clock,
    pub make_switch: S,
    pub told: Vec<Input>,
    pub outside: O,
    pub remote: Remote,
    pub media: Vec<Sender<MediaInput>>,
    pub events: Vec<Receiver<Event>>,
    pub control: mpsc::Receiver<Control>,
    pub load: watch::Sender<Load>,
}

/// What the rest of the engine asks of the signalling thread.
pub(crate) enum Control {
    /// An input for the switch.
    Input(Input),
    /// What the media threads say from now on.
    Prompts(Arc<PromptBank>),
    /// End the thread, and the media threads with it.
    Stop,
}

impl<S, O> Signalling<S, O>
where
    S: FnOnce() -> Switch + Send + 'static,
    O: Outside,
{
    /// Starts the thread. It ends when it is told to.
    pub fn spawn(self) -> std::io::Result<JoinHandle<()>> {
        std::thread::Builder::new()
            .name("signalling".to_owned())
            .spawn(move || self.run())
    }

    fn run(mut self) {
        let switch = (self.make_switch)();
        let mut thread = Running {
            switch,
            socket: self.socket,
            clock: self.clock,
            outside: self.outside,
            remote: self.remote,
            media: self.media,
            load: self.load,
            unserved: Unserved::new(),
            family: self.family,
        };
        if let Err(error) = self.poller.add(&thread.socket, SIP) {
            tracing::error!(%error, "the SIP socket cannot be waited for");
            return;
        }
        for input in self.told {
            thread.handle(input);
        }
        let mut datagram = vec![0; DATAGRAM_BYTES];
        let mut wake = thread.drain();
        loop {
            let timeout = wake.map(|at| thread.clock.until(at));
            let has_events = || self.events.iter().any(|events| !events.is_empty());
            if let Err(error) = self.poller.wait(timeout, has_events) {
                tracing::error!(%error, "waiting for the SIP socket failed");
                return;
            }
            if self.poller.ready().contains(&SIP) {
                thread.receive(&mut datagram);
            }
            for events in &mut self.events {
                while let Some(event) = events.pop() {
                    thread.handle(Input::Media(event));
                }
            }
            while let Ok(control) = self.control.try_recv() {
                match control {
                    Control::Input(input) => thread.handle(input),
                    Control::Prompts(bank) => thread.set_prompts(&bank),
                    Control::Stop => return thread.stop(),
                }
            }
            if wake.is_some_and(|at| at <= thread.clock.mono()) {
                thread.handle(Input::Timeout);
            }
            wake = thread.drain();
        }
    }
}

struct Running<O> {
    switch: Switch,
    socket: UdpSocket,
    clock: Clock,
    outside: O,
    remote: Remote,
    media: Vec<Sender<MediaInput>>,
    load: watch::Sender<Load>,
    unserved: Unserved,
    family: Family,
}

impl<O: Outside> Running<O> {
    fn receive(&mut self, datagram: &mut [u8]) {
        for _ in 0..BURST {
            // Nothing there, or an ICMP error of an earlier datagram: transactions have timers.
            let Ok((length, source)) = self.socket.recv_from(datagram) else {
                return;
            };
            let source = self.family.inward(source);
            let bytes = Bytes::copy_from_slice(&datagram[..length]);
            self.handle(Input::Datagram { source, bytes });
        }
    }

    /// By the way that commands go, so that none is there before its prompts.
    fn set_prompts(&mut self, bank: &Arc<PromptBank>) {
        for media in &mut self.media {
            media.push(MediaInput::Prompts(Arc::clone(bank)), Haste::Soon);
        }
    }

    fn handle(&mut self, input: Input) {
        self.switch.handle_input(self.clock.now(), input);
        self.put_out();
    }

    /// Does what the switch asks for.
    fn put_out(&mut self) -> Option<rotaline_model::Mono> {
        loop {
            match self.switch.poll_output() {
                Output::Transmit { to, bytes } => {
                    // A datagram that cannot be sent is lost; the transaction sends it again.
                    let _ = self.socket.send_to(&bytes, self.family.outward(to));
                }
                Output::Media { thread, command } => {
                    if let Some(media) = self.media.get_mut(usize::from(thread)) {
                        let input = MediaInput::Command(command);
                        let haste = input.haste();
                        media.push(input, haste);
                    }
                }
                Output::Record(record) => self.outside.journal(*record),
                Output::RecordDurably(handle, record) => {
                    let reply = Reply::new(handle, self.remote.clone());
                    self.outside.journal_durably(*record, reply);
                }
                Output::Ask(handle, question) => {
                    let reply = Reply::new(handle, self.remote.clone());
                    self.outside.ask(*question, reply);
                }
                Output::Timeout(at) => return at,
            }
        }
    }

    /// After a round: media threads are woken, the load is shown; when to come again.
    fn drain(&mut self) -> Option<rotaline_model::Mono> {
        let wake = self.put_out();
        for media in &mut self.media {
            media.flush();
        }
        self.unserved.show(self.switch.sip_counters());
        let load = self.switch.load();
        self.load
            .send_if_modified(|shown| std::mem::replace(shown, load) != load);
        wake
    }

    fn stop(mut self) {
        for media in &mut self.media {
            media.push(MediaInput::Stop, Haste::AtOnce);
            media.flush();
        }
    }
}
