//! The phone itself: one line, its SIP session, and the script that its owner follows.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use rotaline_model::{Mono, Seed};
use rotaline_sdp as sdp;
use rotaline_sip::{self as sip, Endpoint, RejectWith, SessionId};

use crate::audio::Audio;
use crate::boundary::{Event, Hearing, Input, Output};
use crate::script::{Manner, Step};

/// How long a step may wait before the phone gives up and hangs up.
const PATIENCE: Duration = Duration::from_secs(60);

/// How a phone is set up.
#[derive(Clone, Debug)]
pub struct Config {
    /// Its own number or name: the user part of From and Contact.
    pub user: String,
    /// Where it receives SIP.
    pub sip: SocketAddr,
    /// Where it receives RTP.
    pub rtp: SocketAddr,
    /// The tone that it sends while its owner talks, in hertz; none: silence.
    pub tone_hz: Option<u16>,
    /// What it does when it is rung, the first time, the second...; the last goes for all after.
    pub manners: Vec<Manner>,
    /// Whether it sends and hears RTP; else [`Input::Hears`] says what it hears.
    pub audio: bool,
    /// Its SIP timers.
    pub timers: sip::TimerConfig,
}

/// A scripted SIP phone with one line.
pub struct Phone {
    config: Config,
    endpoint: Endpoint,
    seed: Seed,
    line: Line,
    rung: usize,
    hearing: Hearing,
    hearing_since: Mono,
    outputs: VecDeque<Output>,
    endpoint_wake: Option<Mono>,
}

/// The line's state.
enum Line {
    Idle,
    /// It rings; at this time it is answered, if ever.
    Ringing {
        session: SessionId,
        answer_at: Option<Mono>,
        offer: Option<Bytes>,
        steps: Vec<Step>,
    },
    /// It has dialled.
    Dialling {
        session: SessionId,
        steps: Vec<Step>,
    },
    /// It talks.
    Up {
        session: SessionId,
        steps: VecDeque<Step>,
        step_since: Mono,
        audio: Option<Box<Audio>>,
    },
}

impl Phone {
    /// A phone on the hook.
    pub fn new(config: Config, seed: Seed) -> Self {
        let endpoint = Endpoint::new(
            sip::Config {
                advertised: config.sip,
                product: "Rotaline phone".to_owned(),
                timers: config.timers,
                max_sessions: 8,
                max_transactions: 64,
                peers: Vec::new(),
            },
            seed,
        );
        Phone {
            config,
            endpoint,
            seed,
            line: Line::Idle,
            rung: 0,
            hearing: Hearing::Silence,
            hearing_since: Mono::ZERO,
            outputs: VecDeque::new(),
            endpoint_wake: None,
        }
    }

    /// Dials; `steps` are what its owner does once it is answered.
    pub fn dial(&mut self, now: Mono, target: &str, destination: SocketAddr, steps: Vec<Step>) {
        let offer = sdp::offer(&self.local(), sdp::CODECS);
        let from_user = self.config.user.clone();
        let target = target.to_owned();
        let invite = sip::Invite {
            target,
            destination,
            from_user,
            identity: sip::Identity::default(),
            offer,
        };
        let session = self.endpoint.invite(now, invite);
        self.line = Line::Dialling { session, steps };
        self.show(Event::Dials);
        self.settle(now);
    }

    /// Takes one input to its last consequence; then drain [`Phone::poll_output`].
    pub fn handle_input(&mut self, now: Mono, input: Input) {
        match input {
            Input::Sip { source, bytes } => {
                self.endpoint
                    .handle_input(now, sip::Input::Datagram { source, bytes });
            }
            Input::Rtp { bytes } => {
                if let Line::Up {
                    audio: Some(audio), ..
                } = &mut self.line
                {
                    audio.receive(now, &bytes);
                }
            }
            Input::Hears(hearing) => self.hears(now, hearing),
            Input::Timeout => {
                if self.endpoint_wake.is_some_and(|at| at <= now) {
                    self.endpoint.handle_input(now, sip::Input::Timeout);
                }
            }
        }
        self.settle(now);
    }

    /// The next output; [`Output::Timeout`] when there is nothing more to do now.
    pub fn poll_output(&mut self) -> Output {
        if let Some(output) = self.outputs.pop_front() {
            return output;
        }
        let own = self.own_wake();
        Output::Timeout(match (own, self.endpoint_wake) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (one, other) => one.or(other),
        })
    }

    /// Whether it is on the hook.
    pub fn is_idle(&self) -> bool {
        matches!(self.line, Line::Idle)
    }

    /// Whether nothing is left of its calls: no session, no transaction.
    pub fn is_quiet(&self) -> bool {
        self.is_idle() && self.endpoint.sessions() == 0 && self.endpoint.transactions() == 0
    }

    fn settle(&mut self, now: Mono) {
        loop {
            self.drain_endpoint(now);
            if !self.go_on(now) {
                return self.drain_endpoint(now);
            }
        }
    }

    fn drain_endpoint(&mut self, now: Mono) {
        loop {
            match self.endpoint.poll_output() {
                sip::Output::Transmit { to, bytes } => {
                    self.outputs.push_back(Output::Sip { to, bytes });
                }
                sip::Output::Event(event) => self.sip_event(now, event),
                sip::Output::Traced(_) => {}
                sip::Output::Timeout(at) => {
                    self.endpoint_wake = at;
                    return;
                }
            }
        }
    }

    fn sip_event(&mut self, now: Mono, event: sip::Event) {
        match event {
            sip::Event::Incoming(session, incoming) => self.rung(now, session, incoming.offer),
            sip::Event::Progress(..) => self.show(Event::Rings),
            sip::Event::Answered(session, answer) => self.was_answered(now, session, &answer),
            sip::Event::Failed {
                session, status, ..
            } => {
                if self.is_mine(session) {
                    self.line = Line::Idle;
                    self.show(Event::Refused(status));
                }
            }
            sip::Event::Reoffer(session, Some(offer)) => self.reoffered(now, session, &offer),
            sip::Event::Reoffer(session, None) => {
                self.endpoint.reject_reoffer(now, session, 488);
            }
            sip::Event::Ended { session, .. } => {
                if self.is_mine(session) {
                    self.line = Line::Idle;
                    self.show(Event::Ended);
                }
            }
            sip::Event::Trying(_) | sip::Event::Acknowledged(..) | sip::Event::Terminated(_) => {}
        }
    }

    fn rung(&mut self, now: Mono, session: SessionId, offer: Option<Bytes>) {
        if !self.is_idle() {
            self.endpoint.reject(
                now,
                session,
                RejectWith {
                    status: 486,
                    retry_after_s: None,
                },
            );
            return;
        }
        let last = self.config.manners.len().saturating_sub(1);
        let manner = self.config.manners.get(self.rung.min(last)).cloned();
        self.rung += 1;
        let (answer_at, steps) = match manner {
            Some(Manner::Answer { after, then }) => (Some(now + after), then),
            Some(Manner::RingOut) | None => (None, Vec::new()),
            Some(Manner::Refuse(status)) => {
                self.endpoint.reject(
                    now,
                    session,
                    RejectWith {
                        status,
                        retry_after_s: None,
                    },
                );
                return;
            }
        };
        self.endpoint.progress(now, session, 180);
        self.line = Line::Ringing {
            session,
            answer_at,
            offer,
            steps,
        };
        self.show(Event::Rings);
    }

    fn was_answered(&mut self, now: Mono, session: SessionId, answer: &[u8]) {
        let Line::Dialling {
            session: mine,
            steps,
        } = &mut self.line
        else {
            return;
        };
        if *mine != session {
            return;
        }
        let steps = std::mem::take(steps);
        let stream = sdp::Description::parse(answer)
            .ok()
            .and_then(|answer| sdp::accept(&answer, &self.local()).ok());
        match stream {
            Some(stream) => self.up(now, session, steps, &stream),
            None => {
                self.endpoint.hang_up(now, session, None);
                self.line = Line::Idle;
                self.show(Event::Refused(488));
            }
        }
    }

    fn reoffered(&mut self, now: Mono, session: SessionId, offer: &[u8]) {
        let answer = sdp::Description::parse(offer)
            .ok()
            .and_then(|offer| sdp::answer(&offer, &self.local()).ok());
        match answer {
            Some((answer, _)) => self.endpoint.accept_reoffer(now, session, answer),
            None => self.endpoint.reject_reoffer(now, session, 488),
        };
    }

    fn up(&mut self, now: Mono, session: SessionId, steps: Vec<Step>, stream: &sdp::Stream) {
        let audio = self
            .config
            .audio
            .then(|| Box::new(Audio::new(now, stream, self.config.tone_hz, self.seed)));
        self.line = Line::Up {
            session,
            steps: steps.into(),
            step_since: now,
            audio,
        };
        self.hearing_since = now;
        self.show(Event::Answered);
    }

    /// Does what is due now; whether anything was done that may have a consequence.
    fn go_on(&mut self, now: Mono) -> bool {
        match &mut self.line {
            Line::Idle | Line::Dialling { .. } => false,
            Line::Ringing {
                session,
                answer_at,
                offer,
                steps,
            } => {
                if answer_at.is_none_or(|at| at > now) {
                    return false;
                }
                let (session, offer) = (*session, offer.take());
                let steps = std::mem::take(steps);
                self.pick_up(now, session, offer.as_deref(), steps);
                true
            }
            Line::Up { .. } => {
                self.audio_goes_on(now);
                self.step(now)
            }
        }
    }

    fn pick_up(&mut self, now: Mono, session: SessionId, offer: Option<&[u8]>, steps: Vec<Step>) {
        let agreed = offer
            .and_then(|offer| sdp::Description::parse(offer).ok())
            .and_then(|offer| sdp::answer(&offer, &self.local()).ok());
        let Some((answer, stream)) = agreed else {
            self.endpoint.reject(
                now,
                session,
                RejectWith {
                    status: 488,
                    retry_after_s: None,
                },
            );
            self.line = Line::Idle;
            return;
        };
        self.endpoint.answer(now, session, answer);
        self.up(now, session, steps, &stream);
    }

    fn audio_goes_on(&mut self, now: Mono) {
        let Line::Up {
            audio: Some(audio), ..
        } = &mut self.line
        else {
            return;
        };
        while let Some(bytes) = audio.due(now) {
            self.outputs.push_back(Output::Rtp {
                to: audio.remote(),
                bytes,
            });
        }
        if let Some(hearing) = audio.heard() {
            self.hears(now, hearing);
        }
    }

    /// Takes the script's next step if it is due.
    fn step(&mut self, now: Mono) -> bool {
        let (hearing, since) = (self.hearing, self.hearing_since);
        let Line::Up {
            session,
            steps,
            step_since,
            audio,
        } = &mut self.line
        else {
            return false;
        };
        let Some(step) = steps.front().copied() else {
            return false;
        };
        let due = match step {
            Step::WaitFor {
                hearing: wanted,
                lasting,
            } => {
                if now.since(*step_since) >= PATIENCE {
                    self.show(Event::GaveUpWaiting);
                    self.hang_up(now);
                    return true;
                }
                hearing == wanted && now.since(since) >= lasting
            }
            Step::Pause(pause) => now.since(*step_since) >= pause,
            Step::Key(digit) => {
                if let Some(audio) = audio {
                    audio.key(digit);
                }
                self.outputs.push_back(Output::Event(Event::Keys(digit)));
                true
            }
            Step::HangUp => {
                let session = *session;
                self.endpoint.hang_up(now, session, None);
                self.line = Line::Idle;
                self.show(Event::HangsUp);
                return true;
            }
        };
        if due {
            steps.pop_front();
            *step_since = now;
        }
        due
    }

    /// Hangs up at once, whatever the script says.
    pub fn hang_up(&mut self, now: Mono) {
        let session = match &self.line {
            Line::Idle => return,
            Line::Ringing { session, .. }
            | Line::Dialling { session, .. }
            | Line::Up { session, .. } => *session,
        };
        self.endpoint.hang_up(now, session, None);
        self.line = Line::Idle;
        self.show(Event::HangsUp);
        self.drain_endpoint(now);
    }

    fn hears(&mut self, now: Mono, hearing: Hearing) {
        if hearing != self.hearing {
            self.hearing = hearing;
            self.hearing_since = now;
            self.show(Event::Hears(hearing));
        }
    }

    fn own_wake(&self) -> Option<Mono> {
        match &self.line {
            Line::Idle | Line::Dialling { .. } => None,
            Line::Ringing { answer_at, .. } => *answer_at,
            Line::Up {
                steps,
                step_since,
                audio,
                ..
            } => {
                let script = steps.front().map(|step| match step {
                    Step::WaitFor { hearing, lasting } if *hearing == self.hearing => {
                        self.hearing_since + *lasting
                    }
                    Step::WaitFor { .. } => *step_since + PATIENCE,
                    Step::Pause(pause) => *step_since + *pause,
                    Step::Key(_) | Step::HangUp => *step_since,
                });
                let audio = audio.as_ref().map(|audio| audio.deadline());
                match (script, audio) {
                    (Some(a), Some(b)) => Some(a.min(b)),
                    (one, other) => one.or(other),
                }
            }
        }
    }

    fn is_mine(&self, session: SessionId) -> bool {
        match &self.line {
            Line::Idle => false,
            Line::Ringing { session: mine, .. }
            | Line::Dialling { session: mine, .. }
            | Line::Up { session: mine, .. } => *mine == session,
        }
    }

    fn local(&self) -> sdp::Local {
        let rtp = self.config.rtp;
        sdp::Local {
            address: rtp.ip(),
            rtp_port: rtp.port(),
            session_id: 1,
            version: 1,
        }
    }

    fn show(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }
}
