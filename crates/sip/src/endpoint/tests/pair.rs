//! Two endpoints, `a` and `b`, and the wire between them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use rotaline_model::{Mono, Seed};

use super::config;
use crate::boundary::{Event, Input, Invite, Output, SessionId, Traced, TracedWhat};
use crate::endpoint::Endpoint;

/// How long a datagram is under way.
const DELAY: Duration = Duration::from_millis(10);

/// What the wire does with a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Arrive,
    Vanish,
    Twice,
    /// Later than usual by this.
    Late(Duration),
}

/// One endpoint and what it said.
pub(crate) struct Side {
    pub(crate) endpoint: Endpoint,
    pub(crate) address: SocketAddr,
    pub(crate) events: Vec<Event>,
    pub(crate) ladder: Vec<Traced>,
    wake: Option<Mono>,
}

type Decide = Box<dyn FnMut(&str) -> Fate>;

/// Two endpoints and a wire.
pub(crate) struct Pair {
    pub(crate) now: Mono,
    pub(crate) a: Side,
    pub(crate) b: Side,
    wire: BTreeMap<(Mono, u64), (SocketAddr, SocketAddr, Bytes)>,
    sent: u64,
    decide: Decide,
    /// Each datagram as it was sent: `a>b INVITE`, `b>a 200 INVITE`, `a>| BYE` if it vanished.
    pub(crate) flow: Vec<String>,
    pub(crate) last_datagram: Bytes,
}

impl Side {
    fn new(address: &str, seed: u64) -> Self {
        let address = address.parse().unwrap();
        Side {
            endpoint: Endpoint::new(config(address), Seed::from_number(seed)),
            address,
            events: Vec::new(),
            ladder: Vec::new(),
            wake: None,
        }
    }
}

impl Pair {
    pub(crate) fn new() -> Self {
        Pair::seeded(1)
    }

    pub(crate) fn seeded(seed: u64) -> Self {
        Pair {
            now: Mono::from_nanos(1_000_000_000),
            a: Side::new("192.0.2.1:5060", seed * 2),
            b: Side::new("192.0.2.2:5060", seed * 2 + 1),
            wire: BTreeMap::new(),
            sent: 0,
            decide: Box::new(|_| Fate::Arrive),
            flow: Vec::new(),
            last_datagram: Bytes::new(),
        }
    }

    /// Sets what the wire does with each datagram, by its line in the flow.
    pub(crate) fn wire(&mut self, decide: impl FnMut(&str) -> Fate + 'static) {
        self.decide = Box::new(decide);
    }

    /// `a` calls `b`.
    pub(crate) fn call(&mut self) -> SessionId {
        let invite = Invite {
            target: format!("sip:1001@{}", self.b.address),
            destination: self.b.address,
            from_user: "+442079460000".to_owned(),
            identity: Default::default(),
            offer: Bytes::from_static(b"offer"),
        };
        self.invite(invite)
    }

    pub(crate) fn invite(&mut self, invite: Invite) -> SessionId {
        let session = self.a.endpoint.invite(self.now, invite);
        self.settle();
        session
    }

    /// Does something to an endpoint, and puts on the wire what comes of it.
    pub(crate) fn at_a<T>(&mut self, act: impl FnOnce(&mut Endpoint, Mono) -> T) -> T {
        let result = act(&mut self.a.endpoint, self.now);
        self.settle();
        result
    }

    pub(crate) fn at_b<T>(&mut self, act: impl FnOnce(&mut Endpoint, Mono) -> T) -> T {
        let result = act(&mut self.b.endpoint, self.now);
        self.settle();
        result
    }

    /// Lets time pass.
    pub(crate) fn run(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(at) = self.next().filter(|at| *at <= until) {
            self.now = self.now.max(at);
            self.step();
        }
        self.now = until;
    }

    /// Lets time pass until nothing at all is awaited; fails if that takes more than two minutes.
    pub(crate) fn run_out(&mut self) {
        let until = self.now + Duration::from_secs(120);
        while let Some(at) = self.next() {
            assert!(at <= until, "something goes on for ever: {:?}", self.flow);
            self.now = self.now.max(at);
            self.step();
        }
        for side in [&self.a, &self.b] {
            assert_eq!(side.endpoint.sessions(), 0, "a session is left");
            assert_eq!(side.endpoint.transactions(), 0, "a transaction is left");
            assert_eq!(side.endpoint.leftovers(), 0, "a table is not empty");
        }
    }

    /// What `a` was told since the last time, as text.
    pub(crate) fn a_heard(&mut self) -> Vec<String> {
        self.a.events.drain(..).map(|event| tell(&event)).collect()
    }

    pub(crate) fn b_heard(&mut self) -> Vec<String> {
        self.b.events.drain(..).map(|event| tell(&event)).collect()
    }

    /// What was sent since the last time.
    pub(crate) fn flow(&mut self) -> Vec<String> {
        std::mem::take(&mut self.flow)
    }

    pub(crate) fn ladder_of_a(&self) -> Vec<String> {
        self.a.ladder.iter().map(draw).collect()
    }

    pub(crate) fn ladder_of_b(&self) -> Vec<String> {
        self.b.ladder.iter().map(draw).collect()
    }

    fn next(&self) -> Option<Mono> {
        let wire = self.wire.keys().next().map(|(at, _)| *at);
        [wire, self.a.wake, self.b.wake].into_iter().flatten().min()
    }

    fn step(&mut self) {
        let now = self.now;
        if let Some((&(at, nth), _)) = self.wire.first_key_value()
            && at <= now
        {
            let (from, to, bytes) = self.wire.remove(&(at, nth)).unwrap();
            let side = if to == self.a.address {
                &mut self.a
            } else {
                &mut self.b
            };
            if to == side.address {
                side.endpoint.handle_input(
                    now,
                    Input::Datagram {
                        source: from,
                        bytes,
                    },
                );
            }
        }
        for side in [&mut self.a, &mut self.b] {
            if side.wake.is_some_and(|at| at <= now) {
                side.endpoint.handle_input(now, Input::Timeout);
            }
        }
        self.settle();
    }

    fn settle(&mut self) {
        for is_a in [true, false] {
            loop {
                let side = if is_a { &mut self.a } else { &mut self.b };
                match side.endpoint.poll_output() {
                    Output::Event(event) => side.events.push(event),
                    Output::Traced(traced) => side.ladder.push(traced),
                    Output::Timeout(at) => {
                        side.wake = at;
                        break;
                    }
                    Output::Transmit { to, bytes } => {
                        let from = side.address;
                        self.put_on_wire(from, to, bytes);
                    }
                }
            }
        }
    }

    fn put_on_wire(&mut self, from: SocketAddr, to: SocketAddr, bytes: Bytes) {
        let name = |address| match address {
            _ if address == self.a.address => "a",
            _ if address == self.b.address => "b",
            _ => "?",
        };
        let line = format!("{}>{} {}", name(from), name(to), what(&bytes));
        let fate = (self.decide)(&line);
        let (arrivals, line): (&[Duration], _) = match fate {
            Fate::Arrive => (&[DELAY], line),
            Fate::Vanish => (&[], line.replacen('>', ">| to ", 1)),
            Fate::Twice => (&[DELAY, DELAY], line),
            Fate::Late(by) => (&[DELAY + by], line),
        };
        self.flow.push(line);
        self.last_datagram = bytes.clone();
        for delay in arrivals {
            self.sent += 1;
            self.wire
                .insert((self.now + *delay, self.sent), (from, to, bytes.clone()));
        }
    }
}

/// Method or status and method of a message.
pub(crate) fn what(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let first = text.lines().next().unwrap();
    let cseq = text.lines().find(|line| line.starts_with("CSeq:")).unwrap();
    let method = cseq.split(' ').next_back().unwrap();
    match first.strip_prefix("SIP/2.0 ") {
        Some(status) => format!("{} {method}", &status[..3]),
        None => method.to_owned(),
    }
}

/// A line of the ladder as text: `> INVITE`, `< 200 INVITE again`.
pub(crate) fn draw(line: &Traced) -> String {
    let arrow = if line.sent { '>' } else { '<' };
    let again = if line.again { " again" } else { "" };
    match line.what {
        TracedWhat::Request(method) => format!("{arrow} {method}{again}"),
        TracedWhat::Response(status, method) => format!("{arrow} {status} {method}{again}"),
    }
}

/// An event as text, without its session.
pub(crate) fn tell(event: &Event) -> String {
    let body = |bytes: &Bytes| String::from_utf8_lossy(bytes).into_owned();
    match event {
        Event::Incoming(_, incoming) => format!("incoming {}", incoming.dialled),
        Event::Trying(_) => "trying".to_owned(),
        Event::Progress(_, status) => format!("progress {status}"),
        Event::Answered(_, sdp) => format!("answered {}", body(sdp)),
        Event::Failed {
            status,
            timed_out: true,
            ..
        } => format!("failed {status} timed out"),
        Event::Failed {
            status,
            timed_out: false,
            ..
        } => format!("failed {status}"),
        Event::Acknowledged(_, None) => "acknowledged".to_owned(),
        Event::Acknowledged(_, Some(sdp)) => format!("acknowledged {}", body(sdp)),
        Event::Reoffer(_, None) => "reoffer".to_owned(),
        Event::Reoffer(_, Some(sdp)) => format!("reoffer {}", body(sdp)),
        Event::Ended { lost: true, .. } => "lost".to_owned(),
        Event::Ended { lost: false, .. } => "ended".to_owned(),
        Event::Terminated(_) => "terminated".to_owned(),
    }
}
