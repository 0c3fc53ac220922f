//! A whole call in simulation: what the switch costs, in CPU time, from INVITE to the last record.
//!
//! Calls are first played with phones and a plain model of media, and everything that the switch is
//! told is kept. Then a switch of the same seed is told the same again, call by call; only that is
//! measured. Parsing, transactions, dialogs, offer and answer, the flow, media commands and records
//! are in it; sockets, RTP, journal and store are not.

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use rotaline_benches::{Subject, compare};
use rotaline_media::{Command, Event, MediaLeg, Quality};
use rotaline_model::{Digit, Mono, NodeId, Now, PlayId, Seed, Sound};
use rotaline_phone::{self as phone, Manner, Phone, Step};
use rotaline_record::Answer;
use rotaline_routing::{Plan, Source};
use rotaline_sip as sip;
use rotaline_switch::{AskHandle, Config, Input, MediaSlot, Output, Switch};

/// Calls of one trace: one after another, so that each finds what the last minute has left behind.
const CALLS: usize = 400;
/// How long a prompt lasts.
const PROMPT: Duration = Duration::from_millis(900);
/// Where the switch is.
const SWITCH: &str = "10.0.0.1:5060";
/// No call lasts so long.
const LONGEST: Duration = Duration::from_secs(60);

const PLAN: &str = r#"
inbound_number = "020 7946 0000"
[organisation.northfield]
name = "Northfield Hospitals"
zone = "Europe/London"
[number."020 7946 0001"]
service = "dial-in"
organisation = "northfield"
[number."020 7946 0003"]
service = "direct"
to = "sip:desk@10.1.0.2:5060"
acceptance = "direct-line"
[[outcomes.advice.choice]]
id = "referral-avoided"
name = "Referral avoided"
key = 1
[specialty.cardiology]
organisation = "northfield"
name = "Cardiology"
key = 1
hours = ["daily 00:00-24:00"]
outcomes = "advice"
[[specialty.cardiology.session]]
times = ["daily 00:00-24:00"]
people = ["smith"]
[person.smith]
name = "Dr Smith"
[[person.smith.phone]]
kind = "mobile"
to = "sip:smith@10.1.0.2:5060"
"#;

fn plan() -> Arc<Plan> {
    let source = Source {
        name: "bench.toml".to_owned(),
        text: PLAN.to_owned(),
    };
    Arc::new(Plan::parse(&[source]).expect("the bench's plan is sound"))
}

fn switch() -> Switch {
    let config = Config {
        sip: sip::Config {
            advertised: address(SWITCH),
            product: "Rotaline".to_owned(),
            timers: timers(),
            max_sessions: 10_000,
            max_transactions: 100_000,
            peers: Vec::new(),
        },
        media_address: IpAddr::from([10, 0, 0, 1]),
        trunks: Vec::new(),
        node: NodeId(1),
        max_calls: 1000,
        max_leg_age: Duration::from_secs(4 * 3600),
    };
    let slots: Vec<MediaSlot> = (0..100)
        .map(|slot| MediaSlot {
            thread: 0,
            slot,
            rtp_port: 40_000 + 2 * slot as u16,
        })
        .collect();
    Switch::new(config, plan(), &slots, Seed::from_number(1), start())
}

fn timers() -> sip::TimerConfig {
    sip::TimerConfig {
        t1: Duration::from_millis(500),
        t2: Duration::from_secs(4),
        t4: Duration::from_secs(5),
    }
}

fn start() -> Now {
    Now {
        mono: Mono::ZERO,
        wall: Timestamp::UNIX_EPOCH + Duration::from_secs(1_800_000_000),
    }
}

fn address(text: &str) -> SocketAddr {
    text.parse().expect("an address of the bench")
}

/// What the switch was told, to be told again.
enum Told {
    Datagram(SocketAddr, Bytes),
    Media(Event),
    Answer(AskHandle, Answer),
    Timeout,
}

impl Told {
    fn again(&self) -> Input {
        match self {
            Told::Datagram(source, bytes) => Input::Datagram {
                source: *source,
                bytes: bytes.clone(),
            },
            Told::Media(event) => Input::Media(event.clone()),
            Told::Answer(handle, answer) => Input::Answer(*handle, answer.clone()),
            Told::Timeout => Input::Timeout,
        }
    }
}

type Trace = Vec<Vec<(Now, Told)>>;

/// A switch, two phones, and sounds that last as long as they last.
struct Stage {
    now: Now,
    switch: Switch,
    phones: [(SocketAddr, Phone); 2],
    /// Each phone's RTP port names its leg.
    legs: BTreeMap<u16, MediaLeg>,
    playing: BTreeMap<MediaLeg, (PlayId, Option<Mono>)>,
    events: VecDeque<Event>,
    told: Vec<(Now, Told)>,
    records: u64,
}

impl Stage {
    fn new(called: &[Step]) -> Self {
        let answers = Manner::Answer {
            after: Duration::from_millis(400),
            then: called.to_vec(),
        };
        let of = |user: &str, place: &str, rtp, manner, seed| {
            let sip = address(place);
            let config = phone::Config {
                user: user.to_owned(),
                sip,
                rtp: SocketAddr::new(sip.ip(), rtp),
                tone_hz: None,
                manners: vec![manner],
                audio: false,
                timers: timers(),
            };
            (sip, Phone::new(config, Seed::from_number(seed)))
        };
        Stage {
            now: start(),
            switch: switch(),
            phones: [
                of("01632960001", "10.1.0.1:5060", 4001, Manner::RingOut, 2),
                of("smith", "10.1.0.2:5060", 4002, answers, 3),
            ],
            legs: BTreeMap::new(),
            playing: BTreeMap::new(),
            events: VecDeque::new(),
            told: Vec::new(),
            records: 0,
        }
    }

    /// One call to its end; what the switch was told during it.
    fn call(&mut self, number: &str, steps: &[Step]) -> Vec<(Now, Told)> {
        let target = format!("sip:{number}@10.0.0.1");
        let began = self.now.mono;
        self.phones[0]
            .1
            .dial(self.now.mono, &target, address(SWITCH), steps.to_vec());
        loop {
            let next = self.settle();
            let over = self.legs.is_empty() && self.phones.iter().all(|(_, it)| it.is_idle());
            if over && self.now.mono > began {
                self.now = self.now.plus(Duration::from_millis(1));
                return std::mem::take(&mut self.told);
            }
            let at = next.expect("a call that is not over waits for something");
            assert!(at < began + LONGEST, "a call of the bench does not end");
            self.now = self.now.plus(at.since(self.now.mono));
            self.sounds_end();
            self.tell(Told::Timeout);
            for (_, phone) in &mut self.phones {
                phone.handle_input(self.now.mono, phone::Input::Timeout);
            }
        }
    }

    fn tell(&mut self, told: Told) {
        self.switch.handle_input(self.now, told.again());
        self.told.push((self.now, told));
    }

    /// Carries everything across until all are silent; when the first of them wants to go on.
    fn settle(&mut self) -> Option<Mono> {
        let mut next: Option<Mono> = None;
        let mut wait = |at: Option<Mono>| next = [next, at].into_iter().flatten().min();
        while !(self.switch_is_silent(&mut wait)
            && self.phone_is_silent(0, &mut wait)
            && self.phone_is_silent(1, &mut wait))
        {
            // Somebody has spoken: all are asked again.
        }
        let sounds = self.playing.values().filter_map(|(_, until)| *until).min();
        [next, sounds].into_iter().flatten().min()
    }

    fn switch_is_silent(&mut self, wait: &mut impl FnMut(Option<Mono>)) -> bool {
        if let Some(event) = self.events.pop_front() {
            self.tell(Told::Media(event));
        }
        match self.switch.poll_output() {
            Output::Transmit { to, bytes } => {
                if let Some((_, phone)) = self.phones.iter_mut().find(|(at, _)| *at == to) {
                    let source = address(SWITCH);
                    phone.handle_input(self.now.mono, phone::Input::Sip { source, bytes });
                }
            }
            Output::Media { command, .. } => self.media(command),
            Output::Record(_) => self.records += 1,
            Output::RecordDurably(handle, _) => {
                self.records += 1;
                self.tell(Told::Answer(handle, Answer::Kept));
            }
            Output::Ask(handle, _) => self.tell(Told::Answer(handle, Answer::Unavailable)),
            Output::Timeout(at) => {
                wait(at);
                return self.events.is_empty();
            }
        }
        false
    }

    fn phone_is_silent(&mut self, which: usize, wait: &mut impl FnMut(Option<Mono>)) -> bool {
        let (place, phone) = &mut self.phones[which];
        match phone.poll_output() {
            phone::Output::Sip { bytes, .. } => {
                let place = *place;
                self.tell(Told::Datagram(place, bytes));
            }
            phone::Output::Event(phone::Event::Keys(digit)) => {
                if let Some(leg) = self.legs.get(&(4001 + which as u16)).copied() {
                    self.events.push_back(Event::KeyDown { leg, digit });
                    self.events.push_back(Event::Digit { leg, digit });
                }
            }
            phone::Output::Event(_) | phone::Output::Rtp { .. } => {}
            phone::Output::Timeout(at) => {
                wait(at);
                return true;
            }
        }
        false
    }

    fn media(&mut self, command: Command) {
        match command {
            Command::Open { leg, stream } => {
                self.legs.insert(stream.remote_rtp.port(), leg);
            }
            Command::Play { leg, play, sounds } => {
                self.stop(leg, false);
                let endless = sounds.contains(&Sound::RingTone);
                let until = (!endless).then(|| self.now.mono + PROMPT * sounds.len() as u32);
                self.playing.insert(leg, (play, until));
            }
            Command::Stop { leg } => self.stop(leg, false),
            Command::Close { leg } => {
                self.stop(leg, false);
                self.legs.retain(|_, other| *other != leg);
                let quality = Quality::default();
                self.events.push_back(Event::Closed { leg, quality });
            }
            Command::Update { .. }
            | Command::WatchForAnswerphone { .. }
            | Command::Enter { .. }
            | Command::Leave { .. }
            | Command::StartTape { .. }
            | Command::TurnTape { .. }
            | Command::MaskTape { .. }
            | Command::StopTape { .. } => {}
        }
    }

    fn stop(&mut self, leg: MediaLeg, complete: bool) {
        if let Some((play, _)) = self.playing.remove(&leg) {
            self.events.push_back(Event::Played {
                leg,
                play,
                heard_ms: 900,
                complete,
            });
        }
    }

    fn sounds_end(&mut self) {
        let now = self.now.mono;
        let over: Vec<MediaLeg> = self
            .playing
            .iter()
            .filter(|(_, (_, until))| until.is_some_and(|at| at <= now))
            .map(|(leg, _)| *leg)
            .collect();
        for leg in over {
            self.stop(leg, true);
        }
    }
}

/// Plays a story over and over; the trace, and how many inputs and records a call has.
fn trace(number: &str, caller: &[Step], called: &[Step]) -> (Trace, f64, f64) {
    let mut stage = Stage::new(called);
    let trace: Trace = (0..CALLS).map(|_| stage.call(number, caller)).collect();
    let inputs: usize = trace.iter().map(Vec::len).sum();
    let a_call = |count: f64| count / CALLS as f64;
    (trace, a_call(inputs as f64), a_call(stage.records as f64))
}

/// Tells a switch one call of a trace after another; a new switch when all have been told.
struct Replay {
    trace: Trace,
    switch: Switch,
    next: usize,
}

impl Replay {
    fn new(trace: Trace) -> Self {
        Replay {
            trace,
            switch: switch(),
            next: 0,
        }
    }

    fn call(&mut self) {
        if self.next == self.trace.len() {
            *self = Replay::new(std::mem::take(&mut self.trace));
        }
        for (now, told) in &self.trace[self.next] {
            self.switch.handle_input(*now, told.again());
            while !matches!(self.switch.poll_output(), Output::Timeout(_)) {}
        }
        self.next += 1;
    }
}

fn key(character: char) -> Step {
    Step::Key(Digit::parse(character).expect("a key"))
}

fn pause(ms: u64) -> Step {
    Step::Pause(Duration::from_millis(ms))
}

fn main() {
    let (direct, direct_inputs, direct_records) =
        trace("02079460003", &[], &[pause(2000), Step::HangUp]);
    let keyed = [pause(500), key('1'), pause(6000), key('1')];
    let accepts = [pause(500), key('1'), pause(2000), Step::HangUp];
    let (dial_in, dial_in_inputs, dial_in_records) = trace("02079460001", &keyed, &accepts);
    println!(
        "A call is {direct_inputs:.1} inputs and {direct_records:.1} records on the direct line, \
         {dial_in_inputs:.1} and {dial_in_records:.1} by dial-in, acceptance and outcome."
    );
    let (mut direct, mut dial_in) = (Replay::new(direct), Replay::new(dial_in));
    compare(
        "a whole call in the switch (CPU time a call; beside it, the direct line's share)",
        vec![
            Subject::new("dial-in, accepted, outcome", || dial_in.call()),
            Subject::new("direct line", || direct.call()),
        ],
    );
}
