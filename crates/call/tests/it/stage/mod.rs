//! A stage for calls on a virtual clock: phones with scripts, a media side that plays
//! announcements of one second each, and a checker that watches every action.

mod checker;
mod plans;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rotaline_call::{
    Action, Call, Gone, Inbound, Input, LegEvent, Output, Refusal, Vouched, World,
};
use rotaline_model::{
    AnswerphoneSign, CallId, CaseId, Dialled, Digit, EndCause, LegId, Mono, Now, PersonId,
    PhoneNumber, Pii, PlayId, Seed, Sound,
};
use rotaline_record::{
    Answer, AttemptResult, CallerId, Fact, Intent, Opening, Question, Undertaking,
};
use rotaline_routing::{Announcement, Plan, Presence, Source};

pub use checker::{Checker, Origin};
pub use plans::{DIRECT, LINES, NORTHFIELD};

/// Every announcement lasts so long, where a story says nothing else.
pub const PROMPT_MS: u64 = 1000;
/// A key is held so long.
pub const KEY_MS: u64 = 80;

pub const CALLER: LegId = LegId(0);
/// An answer of the world outside takes so long.
pub const ANSWER_MS: u64 = 20;

type Desk = Box<dyn FnMut(&Question) -> Option<Answer>>;

/// What a phone does, in milliseconds from its INVITE (the caller: from the call's start).
#[derive(Clone, Debug, Default)]
pub struct Script(Vec<(u64, LegEvent)>);

/// A phone that does nothing yet; the network takes its call after 20 ms.
pub fn phone() -> Script {
    Script(vec![(20, LegEvent::Proceeding)])
}

/// A phone that not even the network answers for.
pub fn dead_phone() -> Script {
    Script(Vec::new())
}

impl Script {
    pub fn goes_by_the_next_trunk(mut self, at_ms: u64) -> Self {
        self.0.push((at_ms, LegEvent::NextTrunk));
        self
    }
    pub fn rings(mut self, at_ms: u64) -> Self {
        self.0.push((at_ms, LegEvent::Ringing));
        self
    }
    pub fn answers(mut self, at_ms: u64) -> Self {
        self.0.push((at_ms, LegEvent::Answered));
        self
    }
    pub fn refuses(mut self, at_ms: u64, refusal: Refusal) -> Self {
        self.0.push((at_ms, LegEvent::Refused(refusal)));
        self
    }
    /// Keys; the last one is complete at `at_ms`, those before it 200 ms apart.
    pub fn keys(mut self, at_ms: u64, keys: &str) -> Self {
        let count = u64::try_from(keys.len()).unwrap();
        for (place, key) in (0..).zip(keys.chars()) {
            let digit = Digit::parse(key).unwrap();
            let complete = at_ms - (count - 1 - place) * 200;
            self.0.push((complete - KEY_MS, LegEvent::KeyDown(digit)));
            self.0.push((complete, LegEvent::Digit(digit)));
        }
        self
    }
    /// Sounds like an answerphone.
    pub fn shows(mut self, at_ms: u64, sign: AnswerphoneSign) -> Self {
        self.0.push((at_ms, LegEvent::AnswerphoneSign(sign)));
        self
    }
    pub fn hangs_up(mut self, at_ms: u64) -> Self {
        self.0.push((at_ms, LegEvent::Ended(Gone::HungUp)));
        self
    }
    pub fn dies(mut self, at_ms: u64) -> Self {
        self.0.push((at_ms, LegEvent::Ended(Gone::LineDead)));
        self
    }
}

/// One call on its stage.
pub struct Stage {
    pub world: World,
    pub log: Vec<(u64, Action)>,
    pub checker: Checker,
    /// How long an announcement lasts.
    pub prompt_ms: u64,
    /// Whether the disk keeps what is to be durable.
    pub keeps: bool,
    desk: Desk,
    call: Call,
    now: Now,
    began: Mono,
    queue: BTreeMap<(Mono, u64), Input>,
    sequence: u64,
    phones: BTreeMap<String, Vec<Script>>,
    playing: BTreeMap<LegId, (PlayId, Mono, Option<Mono>)>,
    over: BTreeSet<LegId>,
    timeout: Option<Mono>,
    finished: bool,
}

/// A Monday afternoon in winter, 14:00 in London.
pub const MONDAY: &str = "2026-11-23T14:00:00Z";

pub fn world(plan: &str) -> World {
    let source = Source {
        name: "plan.toml".to_owned(),
        text: plan.to_owned(),
    };
    let plan = Plan::parse(&[source]).unwrap();
    let plan = plan.with_announcements(|prompt| {
        Some(Announcement {
            version: 3,
            length_ms: u32::try_from(PROMPT_MS).unwrap(),
            // In time for New Year's Day.
            expires: (prompt.as_str() == "menu/calls-are-recorded")
                .then(|| "2027-01-01T00:00:00Z".parse().unwrap()),
        })
    });
    World {
        plan: Rc::new(RefCell::new(Arc::new(plan))),
        presence: Rc::new(RefCell::new(Presence::default())),
        guard: Rc::default(),
        dial_out: Rc::default(),
        room_for_jobs: Rc::new(Cell::new(1)),
    }
}

impl Stage {
    /// A call to a number, at the usual time.
    pub fn new(plan: &str, dialled: &str) -> Self {
        Stage::at(MONDAY, world(plan), dialled, |_| {})
    }

    pub fn at(wall: &str, world: World, dialled: &str, change: impl FnOnce(&mut Inbound)) -> Self {
        let wall: Timestamp = wall.parse().unwrap();
        let mut random = Seed::from_number(1).generator(1);
        let caller = PhoneNumber::parse("01632 960101").unwrap();
        let mut inbound = Inbound {
            case: CaseId::new(wall, &mut random),
            call: CallId::new(wall, &mut random),
            leg: CALLER,
            sip_call_id: "a84b4c76e66710".to_owned(),
            dialled: Dialled::parse(dialled).ok(),
            caller: CallerId::Number(Pii::new(caller)),
            vouched: Vouched::Not,
            diverted_by: Vec::new(),
        };
        change(&mut inbound);
        Stage::of(Call::inbound(inbound, world.clone()), world, wall)
    }

    /// A call that nobody rings us for, at the usual time, of the usual caller.
    pub fn intended(plan: &str, undertaking: Undertaking, opening: Option<Opening>) -> Self {
        let wall: Timestamp = MONDAY.parse().unwrap();
        let mut random = Seed::from_number(1).generator(1);
        let caller = PhoneNumber::parse("01632 960101").unwrap();
        let later = opening.is_none();
        let intent = Intent {
            case: CaseId::new(wall, &mut random),
            call: CallId::new(wall, &mut random),
            calls_before: u8::from(later),
            attempts_before: if later { 3 } else { 0 },
            caller: CallerId::Number(Pii::new(caller)),
            opening,
            undertaking,
        };
        let world = world(plan);
        let mut stage = Stage::of(Call::intended(intent, world.clone()), world, wall);
        stage.checker.begins(match later {
            true => Origin::Later,
            false => Origin::Screen,
        });
        stage
    }

    fn of(call: Call, world: World, wall: Timestamp) -> Self {
        let began = Mono::from_nanos(5_000_000_000);
        let mut stage = Stage {
            call,
            world,
            log: Vec::new(),
            checker: Checker::default(),
            prompt_ms: PROMPT_MS,
            keeps: true,
            desk: Box::new(|_| None),
            now: Now { mono: began, wall },
            began,
            queue: BTreeMap::new(),
            sequence: 0,
            phones: BTreeMap::new(),
            playing: BTreeMap::new(),
            over: BTreeSet::new(),
            timeout: None,
            finished: false,
        };
        stage.enqueue(began, Input::Timeout);
        stage
    }

    /// What a phone does when it is rung; given twice, the second time it is rung, and so on. The
    /// last script holds for every further time.
    pub fn phone(mut self, address: &str, script: Script) -> Self {
        self.phones
            .entry(address.to_owned())
            .or_default()
            .push(script);
        self
    }

    /// What the caller does.
    pub fn caller(mut self, script: Script) -> Self {
        for (at, event) in script.0 {
            if !matches!(event, LegEvent::Proceeding) {
                self.enqueue(self.began + ms(at), Input::Leg(CALLER, event));
            }
        }
        self
    }

    /// Who answers the call's questions, 20 ms later; none: nobody does.
    pub fn desk(mut self, answers: impl FnMut(&Question) -> Option<Answer> + 'static) -> Self {
        self.desk = Box::new(answers);
        self
    }

    /// Reserves somebody, as another call would.
    pub fn busy(self, person: &str) -> Self {
        let person = PersonId::parse(person).unwrap();
        assert!(self.world.presence.borrow_mut().reserve(&person));
        self
    }

    /// Plays the call to its end.
    pub fn play(mut self) -> Stage {
        self.play_until(u64::MAX);
        assert!(
            self.finished,
            "nothing more happens, and the call is not over: {:#?}",
            self.log
        );
        self
    }

    /// Plays the call until a time, in milliseconds from its start.
    pub fn play_until(&mut self, until_ms: u64) {
        let mut steps = 0;
        while !self.finished {
            let event = self.queue.keys().next().copied();
            let at = match (event.map(|(at, _)| at), self.timeout) {
                (Some(a), Some(b)) => a.min(b),
                (Some(a), None) => a,
                (None, Some(b)) => b,
                (None, None) => return,
            };
            if at.since(self.began) > ms(until_ms) {
                return;
            }
            let input = match event {
                Some(key) if key.0 == at => self.queue.remove(&key).unwrap(),
                _ => Input::Timeout,
            };
            self.now = self.now.plus(at.since(self.now.mono));
            self.tell(input);
            steps += 1;
            assert!(steps < 20_000, "the call does not end: {:#?}", self.log);
        }
    }

    /// Tells the call something now.
    pub fn tell(&mut self, input: Input) {
        if let Input::Leg(leg, event) = &input {
            if self.over.contains(leg) && !matches!(event, LegEvent::Played { .. }) {
                return;
            }
            match event {
                LegEvent::Ended(_) | LegEvent::Refused(_) => self.leg_is_over(*leg),
                LegEvent::Played { play, .. } => {
                    if self
                        .playing
                        .get(leg)
                        .is_some_and(|(current, ..)| current == play)
                    {
                        self.playing.remove(leg);
                    }
                }
                LegEvent::Proceeding
                | LegEvent::NextTrunk
                | LegEvent::Ringing
                | LegEvent::Answered
                | LegEvent::AnswerphoneSign(_)
                | LegEvent::KeyDown(_)
                | LegEvent::Digit(_) => {}
            }
            self.checker.happened(*leg, *event, self.now.mono);
        }
        self.call.handle_input(self.now, input);
        self.drain();
    }

    /// An administrator ends the call, in milliseconds from its start.
    pub fn dismiss(&mut self, at_ms: u64) {
        self.play_until(at_ms);
        let at = self.began + ms(at_ms);
        self.now = self.now.plus(at.since(self.now.mono));
        self.call.dismiss(self.now);
        self.drain();
    }

    fn drain(&mut self) {
        loop {
            match self.call.poll_output() {
                Output::Action(action) => self.act(action),
                Output::Timeout(at) => {
                    assert!(
                        at.is_none_or(|at| at > self.now.mono),
                        "a timer that is due for ever"
                    );
                    self.timeout = at;
                    break;
                }
                Output::Finished => {
                    self.finished = true;
                    break;
                }
            }
        }
        self.checker.after(self.now.mono);
        if self.finished {
            self.checker.finished();
            assert_eq!(self.call.poll_output(), Output::Finished);
        }
    }

    pub fn is_finished(&self) -> bool {
        self.finished
    }

    pub fn was_dialled(&self, leg: LegId) -> bool {
        self.when(|action| matches!(action, Action::Dial { leg: of, .. } if *of == leg))
            .is_some()
    }

    fn act(&mut self, action: Action) {
        self.checker.done(&action, self.now.mono);
        match &action {
            Action::NoteDurably(ask, _) if self.keeps => {
                self.enqueue(self.now.mono, Input::Answer(*ask, Answer::Kept));
            }
            Action::Ask(ask, question) => {
                if let Some(answer) = (self.desk)(question) {
                    let at = self.now.mono + ms(ANSWER_MS);
                    self.enqueue(at, Input::Answer(*ask, answer));
                }
            }
            Action::Dial { leg, to, .. } => {
                let scripts = self.phones.get_mut(&to.to_string());
                let script = match scripts {
                    Some(scripts) if scripts.len() > 1 => scripts.remove(0),
                    Some(scripts) => scripts[0].clone(),
                    None => Script::default(),
                };
                for (at, event) in script.0 {
                    self.enqueue(self.now.mono + ms(at), Input::Leg(*leg, event));
                }
            }
            Action::Play { leg, play, sounds } => {
                self.stop(*leg);
                let length = length(sounds, self.prompt_ms);
                let end = length.map(|length| self.now.mono + length);
                self.playing.insert(*leg, (*play, self.now.mono, end));
                if let (Some(end), Some(length)) = (end, length) {
                    let heard_ms = u32::try_from(length.as_millis()).unwrap();
                    let event = LegEvent::Played {
                        play: *play,
                        heard_ms,
                        complete: true,
                    };
                    self.enqueue(end, Input::Leg(*leg, event));
                }
            }
            Action::StopPlaying(leg) => self.stop(*leg),
            Action::HangUp(leg, _) | Action::Reject(leg, _) => self.leg_is_over(*leg),
            _ => {}
        }
        let at = u64::try_from(self.now.mono.since(self.began).as_millis()).unwrap();
        self.log.push((at, action));
    }

    fn leg_is_over(&mut self, leg: LegId) {
        self.over.insert(leg);
        self.stop(leg);
        self.queue.retain(|_, input| {
            !matches!(input, Input::Leg(of, event)
                if *of == leg && !matches!(event, LegEvent::Played { .. }))
        });
    }

    fn stop(&mut self, leg: LegId) {
        let Some((play, from, end)) = self.playing.remove(&leg) else {
            return;
        };
        if end.is_some_and(|end| end <= self.now.mono) {
            return;
        }
        self.queue.retain(|_, input| {
            !matches!(input, Input::Leg(_, LegEvent::Played { play: other, .. })
                if *other == play)
        });
        let heard_ms = u32::try_from(self.now.mono.since(from).as_millis()).unwrap();
        let event = LegEvent::Played {
            play,
            heard_ms,
            complete: false,
        };
        self.enqueue(self.now.mono + ms(5), Input::Leg(leg, event));
    }

    fn enqueue(&mut self, at: Mono, input: Input) {
        self.sequence += 1;
        self.queue.insert((at, self.sequence), input);
    }

    // ---- what was seen ----

    /// When an action was first asked for, in milliseconds from the start.
    pub fn when(&self, mut is: impl FnMut(&Action) -> bool) -> Option<u64> {
        self.log
            .iter()
            .find(|(_, action)| is(action))
            .map(|(at, _)| *at)
    }

    /// The addresses that were rung, with the times.
    pub fn rung(&self) -> Vec<(u64, String)> {
        self.log
            .iter()
            .filter_map(|(at, action)| match action {
                Action::Dial { to, .. } => Some((*at, to.to_string())),
                _ => None,
            })
            .collect()
    }

    /// What was said to a leg, by when: every announcement with the start of its playing.
    pub fn said(&self, to: LegId) -> Vec<(u64, Vec<String>)> {
        self.log
            .iter()
            .filter_map(|(at, action)| match action {
                Action::Play { leg, sounds, .. } if *leg == to => Some((*at, names(sounds))),
                _ => None,
            })
            .collect()
    }

    /// Whether an announcement was among what was said to a leg.
    pub fn was_told(&self, leg: LegId, prompt: &str) -> bool {
        self.said(leg)
            .iter()
            .any(|(_, names)| names.iter().any(|name| name == prompt))
    }

    pub fn facts(&self) -> impl Iterator<Item = (u64, &Fact)> {
        self.log.iter().filter_map(|(at, action)| match action {
            Action::Note(fact) => Some((*at, fact)),
            Action::NoteDurably(_, fact) => Some((*at, fact.as_ref())),
            _ => None,
        })
    }

    /// When caller and specialist were first joined.
    pub fn joined_at(&self) -> Option<u64> {
        self.when(|action| matches!(action, Action::Note(Fact::Joined { .. })))
    }

    /// The results of all attempts, in order of their ends.
    pub fn results(&self) -> Vec<AttemptResult> {
        self.facts()
            .filter_map(|(_, fact)| match fact {
                Fact::AttemptEnded { result, .. } => Some(*result),
                _ => None,
            })
            .collect()
    }

    pub fn outcomes(&self) -> Vec<(String, String)> {
        self.facts()
            .filter_map(|(_, fact)| match fact {
                Fact::OutcomeSet { outcome, by, .. } => Some((outcome.clone(), by.clone())),
                _ => None,
            })
            .collect()
    }

    /// The jobs that were asked for.
    pub fn undertaken(&self) -> Vec<(u64, Intent)> {
        let actions = self.log.iter();
        actions
            .filter_map(|(at, action)| match action {
                Action::Undertake(intent) => Some((*at, intent.as_ref().clone())),
                _ => None,
            })
            .collect()
    }

    /// How the call ended; the case may go on.
    pub fn call_cause(&self) -> EndCause {
        let ended = self.facts().find_map(|(_, fact)| match fact {
            Fact::CallEnded { cause, .. } => Some(*cause),
            _ => None,
        });
        ended.expect("the call did not end")
    }

    pub fn cause(&self) -> EndCause {
        self.facts()
            .find_map(|(_, fact)| match fact {
                Fact::CaseClosed { cause } => Some(*cause),
                _ => None,
            })
            .expect("the case was not closed")
    }

    pub fn ended_at(&self) -> u64 {
        self.when(|action| matches!(action, Action::Note(Fact::CaseClosed { .. })))
            .unwrap()
    }
}

pub fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// How long sounds last; none if they do not end.
fn length(sounds: &[Sound], prompt_ms: u64) -> Option<Duration> {
    sounds
        .iter()
        .try_fold(Duration::ZERO, |sum, sound| match sound {
            Sound::Prompt(_) => Some(sum + ms(prompt_ms)),
            Sound::Silence { ms: length } => Some(sum + ms((*length).into())),
            Sound::Beep => Some(sum + ms(200)),
            Sound::RingTone => None,
        })
}

fn names(sounds: &[Sound]) -> Vec<String> {
    sounds
        .iter()
        .map(|sound| match sound {
            Sound::Prompt(id) => id.as_str().to_owned(),
            Sound::Silence { ms } => format!("silence {ms}"),
            Sound::RingTone => "ring tone".to_owned(),
            Sound::Beep => "beep".to_owned(),
        })
        .collect()
}
