//! Two phones ring each other, without a switch: each hears the other by the other's tone.

use std::net::SocketAddr;
use std::time::Duration;

use rotaline_model::{Digit, Mono, Seed};
use rotaline_phone::{Config, Event, Hearing, Input, Manner, Output, Phone, Step};
use rotaline_sip::TimerConfig;

const SIP: [&str; 2] = ["192.0.2.1:5060", "192.0.2.2:5060"];
const TONES_HZ: [u16; 2] = [700, 1000];
const CALLER: usize = 0;
const CALLED: usize = 1;

/// Two phones on a network that loses nothing and takes no time.
struct Pair {
    now: Mono,
    phones: [Phone; 2],
    events: [Vec<Event>; 2],
}

fn address(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

fn phone(which: usize, manner: Manner, seed: u64) -> Phone {
    let sip = address(SIP[which]);
    let config = Config {
        user: format!("phone{which}"),
        sip,
        rtp: SocketAddr::new(sip.ip(), 4000),
        tone_hz: Some(TONES_HZ[which]),
        manners: vec![manner],
        audio: true,
        timers: TimerConfig {
            t1: Duration::from_millis(500),
            t2: Duration::from_secs(4),
            t4: Duration::from_secs(5),
        },
    };
    Phone::new(config, Seed::from_number(seed))
}

impl Pair {
    fn new(called: Manner) -> Self {
        Pair {
            now: Mono::ZERO,
            phones: [phone(CALLER, Manner::RingOut, 1), phone(CALLED, called, 2)],
            events: [Vec::new(), Vec::new()],
        }
    }

    fn dial(&mut self, steps: Vec<Step>) {
        let destination = address(SIP[CALLED]);
        self.phones[CALLER].dial(self.now, "sip:phone1@192.0.2.2", destination, steps);
    }

    /// Lets time go by.
    fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        loop {
            let next = (0..2).filter_map(|which| self.drain(which)).min();
            // What one puts out may wake the other, so ask both again.
            let next = (0..2)
                .filter_map(|which| self.drain(which))
                .chain(next)
                .min();
            let Some(at) = next.filter(|at| *at <= until) else {
                self.now = until;
                return;
            };
            self.now = self.now.max(at);
            for phone in &mut self.phones {
                phone.handle_input(self.now, Input::Timeout);
            }
        }
    }

    fn drain(&mut self, which: usize) -> Option<Mono> {
        loop {
            let source = address(SIP[which]);
            let other = &mut self.phones;
            match other[which].poll_output() {
                Output::Sip { bytes, .. } => {
                    other[1 - which].handle_input(self.now, Input::Sip { source, bytes });
                }
                Output::Rtp { bytes, .. } => {
                    other[1 - which].handle_input(self.now, Input::Rtp { bytes });
                }
                Output::Event(event) => self.events[which].push(event),
                Output::Timeout(at) => return at,
            }
        }
    }

    fn hears(&self, which: usize, hearing: Hearing) -> bool {
        self.events[which].contains(&Event::Hears(hearing))
    }
}

fn answers(then: Vec<Step>) -> Manner {
    Manner::Answer {
        after: Duration::from_secs(1),
        then,
    }
}

#[test]
fn each_hears_the_others_tone_until_the_caller_hangs_up() {
    let mut pair = Pair::new(answers(Vec::new()));
    pair.dial(vec![Step::Pause(Duration::from_secs(2)), Step::HangUp]);
    pair.pass(Duration::from_secs(2));
    assert!(pair.hears(CALLER, Hearing::Tone(1000)));
    assert!(pair.hears(CALLED, Hearing::Tone(700)));
    assert!(!pair.phones[CALLED].is_idle());
    pair.pass(Duration::from_secs(2));
    assert_eq!(pair.events[CALLER].last(), Some(&Event::HangsUp));
    assert_eq!(pair.events[CALLED].last(), Some(&Event::Ended));
    pair.pass(Duration::from_secs(60));
    assert!(pair.phones.iter().all(Phone::is_quiet));
}

#[test]
fn a_script_waits_for_what_it_hears() {
    let key = Step::Key(Digit::parse('1').unwrap());
    let wait = |hz| Step::WaitFor {
        hearing: Hearing::Tone(hz),
        lasting: Duration::from_millis(500),
    };
    let mut pair = Pair::new(answers(vec![wait(700), key]));
    pair.dial(vec![wait(600), key]);
    pair.pass(Duration::from_secs(30));
    let keyed = |events: &[Event]| events.iter().any(|it| matches!(it, Event::Keys(_)));
    assert!(keyed(&pair.events[CALLED]));
    // The tone that it waits for never comes; it gives up in the end.
    assert!(!keyed(&pair.events[CALLER]));
    pair.pass(Duration::from_secs(60));
    assert!(pair.events[CALLER].contains(&Event::GaveUpWaiting));
    assert!(pair.phones[CALLED].is_idle());
}

#[test]
fn a_phone_that_refuses_says_so_and_one_that_talks_is_busy() {
    let mut pair = Pair::new(Manner::Refuse(603));
    pair.dial(Vec::new());
    pair.pass(Duration::from_secs(1));
    assert_eq!(pair.events[CALLER].last(), Some(&Event::Refused(603)));
    let mut pair = Pair::new(answers(Vec::new()));
    pair.dial(Vec::new());
    pair.pass(Duration::from_secs(2));
    let mut third = phone(CALLER, Manner::RingOut, 3);
    third.dial(
        pair.now,
        "sip:phone1@192.0.2.2",
        address(SIP[CALLED]),
        Vec::new(),
    );
    // It takes the caller's place on the network; the called phone is still up.
    pair.phones[CALLER] = third;
    pair.events[CALLER].clear();
    pair.pass(Duration::from_secs(1));
    assert!(pair.events[CALLER].contains(&Event::Refused(486)));
}

#[test]
fn a_caller_who_gives_up_while_it_rings_leaves_nothing_behind() {
    let mut pair = Pair::new(Manner::RingOut);
    pair.dial(Vec::new());
    pair.pass(Duration::from_secs(3));
    assert!(pair.events[CALLED].contains(&Event::Rings));
    let now = pair.now;
    pair.phones[CALLER].hang_up(now);
    pair.pass(Duration::from_secs(60));
    assert!(pair.phones.iter().all(Phone::is_quiet));
    assert_eq!(pair.events[CALLED].last(), Some(&Event::Ended));
}
