//! SIP state: transactions a second, and whole calls between two endpoints, in CPU time.
//!
//! A whole call is INVITE, 100, 180, 200, ACK, BYE, 200, written and read on both sides: what one
//! leg in and one leg out cost a back-to-back user agent, less the switch. The clock goes on by
//! 1 ms a call, so that the tables hold what lingers at 1,000 calls a second (32 s of
//! transactions).

use std::time::Duration;

use bytes::Bytes;
use rotaline_benches::{Subject, compare};
use rotaline_model::{Mono, Seed};
use rotaline_sip::message::Message;
use rotaline_sip::{Config, Endpoint, Event, Input, Invite, Output, SessionId, TimerConfig};

const OFFER: &[u8] = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
    m=audio 40000 RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n\
    a=rtpmap:101 telephone-event/8000\r\na=ptime:20\r\n";

/// Two endpoints and their clock.
struct Pair {
    now: Mono,
    sides: [Endpoint; 2],
    wakes: [Option<Mono>; 2],
    messages: u64,
    incoming: Option<SessionId>,
}

const ADDRESSES: [&str; 2] = ["192.0.2.1:5060", "192.0.2.2:5060"];

fn endpoint(address: &str, seed: u64) -> Endpoint {
    let config = Config {
        advertised: address.parse().expect("an address"),
        product: "Rotaline".to_owned(),
        timers: TimerConfig {
            t1: Duration::from_millis(500),
            t2: Duration::from_secs(4),
            t4: Duration::from_secs(5),
        },
        max_sessions: 100_000,
        max_transactions: 1_000_000,
        peers: Vec::new(),
    };
    Endpoint::new(config, Seed::from_number(seed))
}

impl Pair {
    fn new() -> Self {
        Pair {
            now: Mono::ZERO,
            sides: [endpoint(ADDRESSES[0], 1), endpoint(ADDRESSES[1], 2)],
            wakes: [None; 2],
            messages: 0,
            incoming: None,
        }
    }

    /// Carries datagrams across until both sides are silent.
    fn settle(&mut self) {
        let mut side = 0;
        let mut silent = 0;
        while silent < 2 {
            match self.sides[side].poll_output() {
                Output::Transmit { bytes, .. } => {
                    silent = 0;
                    self.messages += 1;
                    let source = ADDRESSES[side].parse().expect("an address");
                    let other = &mut self.sides[1 - side];
                    other.handle_input(self.now, Input::Datagram { source, bytes });
                }
                Output::Event(Event::Incoming(session, _)) => self.incoming = Some(session),
                Output::Event(_) | Output::Traced(_) => {}
                Output::Timeout(at) => {
                    self.wakes[side] = at;
                    silent += 1;
                    side = 1 - side;
                }
            }
        }
    }

    fn call(&mut self) {
        self.now += Duration::from_millis(1);
        for side in 0..2 {
            if self.wakes[side].is_some_and(|at| at <= self.now) {
                self.sides[side].handle_input(self.now, Input::Timeout);
            }
        }
        let caller = self.sides[0].invite(
            self.now,
            Invite {
                target: "sip:+447700900001@192.0.2.2;user=phone".to_owned(),
                destination: ADDRESSES[1].parse().expect("an address"),
                from_user: "+442079460000".to_owned(),
                identity: Default::default(),
                offer: Bytes::from_static(OFFER),
            },
        );
        self.settle();
        let callee = self.incoming.take().expect("the INVITE arrived");
        self.sides[1].progress(self.now, callee, 180);
        self.settle();
        self.sides[1].answer(self.now, callee, Bytes::from_static(OFFER));
        self.settle();
        self.sides[0].hang_up(self.now, caller, Some("Q.850;cause=16"));
        self.settle();
        assert_eq!(
            self.sides[0].sessions() + self.sides[1].sessions(),
            0,
            "the call is over"
        );
    }
}

/// A stream of OPTIONS, each a server transaction of its own.
struct Options {
    now: Mono,
    endpoint: Endpoint,
    wake: Option<Mono>,
    sent: u64,
}

impl Options {
    fn datagram(&mut self) -> Bytes {
        self.sent += 1;
        let nth = self.sent;
        Bytes::from(format!(
            "OPTIONS sip:192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK{nth}\r\n\
             Max-Forwards: 70\r\nFrom: <sip:probe@192.0.2.9>;tag={nth}\r\nTo: <sip:192.0.2.1>\r\n\
             Call-ID: {nth}@192.0.2.9\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
        ))
    }

    fn transaction(&mut self) {
        self.now += Duration::from_millis(1);
        if self.wake.is_some_and(|at| at <= self.now) {
            self.endpoint.handle_input(self.now, Input::Timeout);
        }
        let source = "192.0.2.9:5060".parse().expect("an address");
        let bytes = self.datagram();
        self.endpoint
            .handle_input(self.now, Input::Datagram { source, bytes });
        loop {
            if let Output::Timeout(at) = self.endpoint.poll_output() {
                self.wake = at;
                return;
            }
        }
    }
}

fn main() {
    let mut pair = Pair::new();
    let mut options = Options {
        now: Mono::ZERO,
        endpoint: endpoint(ADDRESSES[0], 3),
        wake: None,
        sent: 0,
    };
    // Fill the tables with what lingers, before anything is measured.
    for _ in 0..40_000 {
        pair.call();
        options.transaction();
    }
    let per_call = pair.messages / 40_000;
    println!(
        "{per_call} messages a call; transactions that linger: {} and {}",
        pair.sides[0].transactions(),
        pair.sides[1].transactions()
    );
    let invite = Options {
        now: Mono::ZERO,
        endpoint: endpoint(ADDRESSES[0], 4),
        wake: None,
        sent: 0,
    }
    .datagram();
    let medians = compare(
        "SIP state",
        vec![
            Subject::new("whole call, both sides", || pair.call()),
            Subject::new("OPTIONS server transaction", || options.transaction()),
            Subject::new("yardstick: one request read", || {
                std::hint::black_box(Message::parse(std::hint::black_box(invite.clone())).is_ok());
            }),
        ],
    );
    for (what, nanoseconds) in ["calls", "transactions"].iter().zip(&medians) {
        println!("{what} a second of CPU: {:.0}", 1e9 / nanoseconds);
    }
}
