//! One endpoint and a peer that is written by hand.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use rotaline_model::{Mono, Seed};

use super::config;
use super::pair::tell;
use crate::boundary::{Config, Event, Input, Output, SessionId};
use crate::endpoint::Endpoint;

/// A new call of the usual peer.
pub(crate) const INVITE: &str = "\
INVITE sip:1001@192.0.2.1 SIP/2.0
Via: SIP/2.0/UDP 192.0.2.9:5090;branch=z9hG4bKone
Max-Forwards: 70
From: \"Elm Street\" <sip:01632960001@192.0.2.9>;tag=theirs
To: <sip:1001@192.0.2.1>
Call-ID: one@192.0.2.9
CSeq: 1 INVITE
Contact: <sip:elm@192.0.2.9:5090>
Content-Type: application/sdp

offer";

/// One endpoint at 192.0.2.1:5060.
pub(crate) struct Solo {
    pub(crate) now: Mono,
    pub(crate) endpoint: Endpoint,
    pub(crate) said: Vec<(SocketAddr, String)>,
    pub(crate) events: Vec<Event>,
}

impl Solo {
    pub(crate) fn new() -> Self {
        Solo::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = config("192.0.2.1:5060".parse().unwrap());
        change(&mut config);
        Solo {
            now: Mono::from_nanos(1_000_000_000),
            endpoint: Endpoint::new(config, Seed::from_number(7)),
            said: Vec::new(),
            events: Vec::new(),
        }
    }

    /// A datagram from the usual peer, 192.0.2.9:5090. Lines may end in LF; a body follows an empty
    /// line. Content-Length is added.
    pub(crate) fn hears(&mut self, text: &str) -> &mut Self {
        self.hears_from("192.0.2.9:5090", text)
    }

    pub(crate) fn hears_from(&mut self, source: &str, text: &str) -> &mut Self {
        let text = text.trim_start().replace("\r\n", "\n");
        self.datagram(source, &text)
    }

    /// As `hears`, with the line ends of the body left alone.
    pub(crate) fn hears_exactly(&mut self, text: &str) -> &mut Self {
        self.datagram("192.0.2.9:5090", text)
    }

    fn datagram(&mut self, source: &str, text: &str) -> &mut Self {
        let (head, body) = text.split_once("\n\n").unwrap_or((text.trim_end(), ""));
        let head = head.replace('\n', "\r\n");
        let whole = format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        self.input(Input::Datagram {
            source: source.parse().unwrap(),
            bytes: Bytes::from(whole),
        })
    }

    pub(crate) fn input(&mut self, input: Input) -> &mut Self {
        self.endpoint.handle_input(self.now, input);
        self.drain();
        self
    }

    pub(crate) fn act<T>(&mut self, act: impl FnOnce(&mut Endpoint, Mono) -> T) -> T {
        let result = act(&mut self.endpoint, self.now);
        self.drain();
        result
    }

    /// Lets time pass.
    pub(crate) fn run(&mut self, time: Duration) -> &mut Self {
        let until = self.now + time;
        while let Some(at) = self.drain().filter(|at| *at <= until) {
            self.now = self.now.max(at);
            self.endpoint.handle_input(self.now, Input::Timeout);
        }
        self.now = until;
        self
    }

    /// The one message that was said since the last time.
    pub(crate) fn answer(&mut self) -> String {
        let mut said = std::mem::take(&mut self.said);
        assert_eq!(said.len(), 1, "{said:#?}");
        said.remove(0).1
    }

    /// First lines of what was said since the last time.
    pub(crate) fn first_lines(&mut self) -> Vec<String> {
        let said = std::mem::take(&mut self.said);
        said.iter()
            .map(|(_, text)| text.lines().next().unwrap().to_owned())
            .collect()
    }

    pub(crate) fn told(&mut self) -> Vec<String> {
        self.events.drain(..).map(|event| tell(&event)).collect()
    }

    /// The session of the first event.
    pub(crate) fn session(&self) -> SessionId {
        match self.events.first().unwrap() {
            Event::Incoming(session, _) => *session,
            other => panic!("{other:?}"),
        }
    }

    fn drain(&mut self) -> Option<Mono> {
        loop {
            match self.endpoint.poll_output() {
                Output::Transmit { to, bytes } => {
                    self.said
                        .push((to, String::from_utf8(bytes.to_vec()).unwrap()));
                }
                Output::Event(event) => self.events.push(event),
                Output::Traced(_) => {}
                Output::Timeout(at) => return at,
            }
        }
    }
}

/// The value of a header field in a message.
pub(crate) fn header<'a>(message: &'a str, name: &str) -> Option<&'a str> {
    message
        .lines()
        .take_while(|line| !line.is_empty())
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}
