//! The engine: its threads started in order, and stopped in the order that loses nothing.
//!
//! Signalling goes first (no new commands), then the media threads (no new audio), then the
//! recording writer (all audio is on disk), and the journal last, by its owner.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::JoinHandle;

use rotaline_media::{self as media, Media, PromptBank};
use rotaline_model::{Now, Seed};
use rotaline_switch::{Input, Load, MediaSlot, Plan, Switch};
use tokio::sync::watch;

use crate::clock::Clock;
use crate::config::Config;
use crate::link::{Receiver, Sender, link};
use crate::media_thread::{MediaInput, MediaThread};
use crate::outside::{Outside, Remote};
use crate::poller::{Poller, Waker};
use crate::recording::RecordingLane;
use crate::signalling::Signalling;
use crate::sockets::{self, Pairs};

/// Commands that wait for a media thread, and events that wait for signalling.
const LINK: usize = 4096;

/// Which streams of the engine's seed the media threads draw from: this one and those after it.
const MEDIA: u64 = 100;

/// Why an engine cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// SIP's socket.
    #[error("cannot listen for SIP on {address}: {error}")]
    Sip {
        /// Where.
        address: SocketAddr,
        /// What the system says.
        error: io::Error,
    },
    /// Media's sockets.
    #[error(
        "cannot open media ports {first} to {last}: {error} (each takes a file: see ulimit -n)"
    )]
    Media {
        /// The first port.
        first: u16,
        /// The last.
        last: u16,
        /// What the system says.
        error: io::Error,
    },
    /// Not one pair of media ports is free.
    #[error("none of the media ports {first} to {last} is free")]
    NoMediaPorts {
        /// The first port.
        first: u16,
        /// The last.
        last: u16,
    },
    /// A thread, a poller or a link.
    #[error("cannot start a thread: {0}")]
    Thread(#[from] io::Error),
}

/// A running engine.
pub struct Engine {
    remote: Remote,
    load: watch::Receiver<Load>,
    sip: SocketAddr,
    signalling: JoinHandle<()>,
    media: Vec<JoinHandle<()>>,
}

/// What an engine is given beside its configuration.
pub struct Parts<O> {
    /// Who is rung when.
    pub plan: Arc<Plan>,
    /// What is said.
    pub prompts: Arc<PromptBank>,
    /// The journal, and whoever answers what calls ask.
    pub outside: O,
    /// Where the media threads put recordings; one lane for each.
    pub lanes: Vec<RecordingLane>,
    /// Randomness from the operating system.
    pub seed: Seed,
    /// What signalling is told before its first call.
    pub told: Vec<Input>,
}

impl Engine {
    /// Starts all threads. Calls are taken from now on.
    pub fn start<O: Outside>(
        config: Config,
        clock: Clock,
        parts: Parts<O>,
    ) -> Result<Engine, StartError> {
        sockets::raise_file_limit(config.last_port.saturating_sub(config.first_port));
        let socket = sockets::bind_sip(config.sip_listen).map_err(|error| StartError::Sip {
            address: config.sip_listen,
            error,
        })?;
        let sip = socket.local_addr()?;
        let (pairs, slots) = media_ports(&config)?;
        let poller = Poller::new()?;
        let waker = poller.waker();
        let mut threads = MediaThreads::default();
        for ((number, pairs), lane) in (0..).zip(pairs).zip(parts.lanes) {
            let media = Media::new(
                media::Config {
                    slots: pairs.len() as u32,
                    dead_after: config.dead_after,
                },
                Arc::clone(&parts.prompts),
                parts.seed.child(MEDIA + u64::from(number)),
            );
            threads.start(number, pairs, media, lane, clock, &waker)?;
        }
        let (control, control_end) = mpsc::channel();
        let remote = Remote::new(control, waker);
        let (load_end, load) = watch::channel(Load::default());
        let make_switch = make_switch(config, sip, parts.plan, slots, parts.seed, clock.now());
        let signalling = Signalling {
            poller,
            family: sockets::Family::of(&socket)?,
            socket,
            clock,
            make_switch,
            told: parts.told,
            outside: parts.outside,
            remote: remote.clone(),
            media: threads.commands,
            events: threads.events,
            control: control_end,
            load: load_end,
        }
        .spawn()?;
        Ok(Engine {
            remote,
            load,
            sip,
            signalling,
            media: threads.handles,
        })
    }

    /// Where SIP is received.
    pub fn sip_address(&self) -> SocketAddr {
        self.sip
    }

    /// What is in use, as it changes.
    pub fn load(&self) -> watch::Receiver<Load> {
        self.load.clone()
    }

    /// What tells it things from anywhere.
    pub fn remote(&self) -> Remote {
        self.remote.clone()
    }

    /// Ends the threads; recordings so far have been handed to their lanes.
    pub fn stop(self) {
        self.remote.stop();
        for thread in std::iter::once(self.signalling).chain(self.media) {
            if thread.join().is_err() {
                tracing::error!("a thread of the engine had panicked");
            }
        }
    }
}

fn media_ports(config: &Config) -> Result<(Vec<Pairs>, Vec<MediaSlot>), StartError> {
    let (first, last) = (config.first_port, config.last_port);
    let bound = sockets::bind_media(config.media_address, first, last, config.media_threads)
        .map_err(|error| StartError::Media { first, last, error })?;
    if bound.1.is_empty() {
        Err(StartError::NoMediaPorts { first, last })
    } else {
        Ok(bound)
    }
}

fn make_switch(
    config: Config,
    sip: SocketAddr,
    plan: Arc<Plan>,
    slots: Vec<MediaSlot>,
    seed: Seed,
    now: Now,
) -> impl FnOnce() -> Switch + Send + 'static {
    let mut switch = config.switch;
    if switch.sip.advertised.port() == 0 {
        // Port 0 asks the system for a free one; now it is known.
        switch.sip.advertised.set_port(sip.port());
    }
    move || Switch::new(switch, plan, &slots, seed, now)
}

#[derive(Default)]
struct MediaThreads {
    handles: Vec<JoinHandle<()>>,
    commands: Vec<Sender<MediaInput>>,
    events: Vec<Receiver<media::Event>>,
}

impl MediaThreads {
    fn start(
        &mut self,
        number: u16,
        pairs: Pairs,
        media: Media,
        recording: RecordingLane,
        clock: Clock,
        signalling: &Waker,
    ) -> io::Result<()> {
        let poller = Poller::new()?;
        let (commands, commands_end) = link("media commands", LINK, poller.waker());
        let (events, events_end) = link("media events", LINK, signalling.clone());
        let thread = MediaThread {
            number,
            poller,
            pairs,
            media,
            clock,
            commands: commands_end,
            events,
            recording,
        };
        self.handles.push(thread.spawn()?);
        self.commands.push(commands);
        self.events.push(events_end);
        Ok(())
    }
}
