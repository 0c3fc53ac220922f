//! What a flow has at hand: the time, the world, its actions, its timers, its legs' states.

use std::cell::{Cell, RefCell, RefMut};
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use jiff::Timestamp;
use rotaline_model::{
    AskId, CallId, CaseId, EndCause, HangupCause, LegId, Mono, Now, PersonId, PlayId,
};
use rotaline_record::{Answer, CallerId, Fact, Intent, Question, RecordingPart};
use rotaline_routing::{DialOut, Guard, Plan, Presence, Recording};

use crate::boundary::{Action, Gone, Input, RejectCause};
use crate::call::{CallOrigin, Contact, Vouched, World};
use crate::leg::Leg;
use crate::leg_state::LegState;

/// A handle to what one call's flow has at hand; cheap to clone.
#[derive(Clone)]
pub(crate) struct Cx(Rc<Inner>);

struct Inner {
    contact: Contact,
    world: World,
    now: Cell<Now>,
    /// How the call ends if the caller leaves now.
    left_as: Cell<EndCause>,
    recording: Cell<Recording>,
    next_leg: Cell<u32>,
    next_play: Cell<u32>,
    next_attempt: Cell<u16>,
    next_ask: Cell<u32>,
    /// Codes and PINs that were keyed in this call.
    code_tries: Cell<u8>,
    who_calls: Cell<WhoCalls>,
    /// A job holds the case open after this call.
    goes_on: Cell<bool>,
    /// Answers that nobody has taken yet.
    answers: RefCell<Vec<(AskId, Answer)>>,
    actions: RefCell<VecDeque<Action>>,
    legs: RefCell<Vec<LegState>>,
    timers: RefCell<Timers>,
    /// The patient's number was asked for.
    nhs_asked: Cell<bool>,
    /// What goes on beside the flow, until the call takes it over.
    background: RefCell<Vec<Background>>,
    /// Who has passed this call on.
    passed_on: RefCell<Vec<PersonId>>,
    /// Caller and specialist hear each other.
    talking: Cell<bool>,
    ending: Cell<Ending>,
    /// Legs that outlive their flow, to be told why it ends.
    kept_legs: RefCell<Vec<LegId>>,
}

/// How the call comes to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// By its flow: a leg that its flow drops is hung up.
    OfItself,
    /// From outside, just now: a leg that has answered is kept when its flow drops it.
    Dismissed,
    /// From outside: who is still here is told so.
    Farewell,
}

/// Something that goes on beside the flow, e.g. a goodbye to somebody who was not the first.
pub(crate) type Background = Pin<Box<dyn Future<Output = ()>>>;

/// Who the caller is, as far as it changes what is said and asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WhoCalls {
    /// Somebody of a practice, or of a rota.
    Clinician,
    /// A patient: nobody hears more of them than that, and they are asked no outcome (SERVICE 6).
    Patient,
}

#[derive(Default)]
struct Timers {
    next: u32,
    armed: Vec<(u32, Mono)>,
}

impl Cx {
    pub(crate) fn new(contact: Contact, world: World) -> Self {
        let (next_leg, attempts_before) = (contact.first_leg.0, contact.attempts_before);
        Cx(Rc::new(Inner {
            contact,
            world,
            now: Cell::new(Now {
                mono: Mono::ZERO,
                wall: Timestamp::UNIX_EPOCH,
            }),
            left_as: Cell::new(EndCause::CallerLeftInMenu),
            recording: Cell::new(Recording::Off),
            next_leg: Cell::new(next_leg),
            next_play: Cell::new(1),
            next_attempt: Cell::new(attempts_before.saturating_add(1)),
            next_ask: Cell::new(1),
            code_tries: Cell::new(0),
            who_calls: Cell::new(WhoCalls::Clinician),
            goes_on: Cell::new(false),
            answers: RefCell::default(),
            actions: RefCell::default(),
            legs: RefCell::default(),
            timers: RefCell::default(),
            nhs_asked: Cell::new(false),
            background: RefCell::default(),
            passed_on: RefCell::default(),
            talking: Cell::new(false),
            ending: Cell::new(Ending::OfItself),
            kept_legs: RefCell::default(),
        }))
    }

    // ---- told by the call ----

    /// Takes in what happened; the flow sees it when it is polled.
    pub(crate) fn take_in(&self, now: Now, input: Input) {
        self.0.now.set(now);
        match input {
            Input::Timeout => {}
            Input::Answer(ask, answer) => self.answered(ask, answer),
            Input::Leg(id, event) => {
                let stop = match self.leg_state(id) {
                    Some(mut state) => state.apply(now, event, &self.plan()),
                    None => return,
                };
                if stop {
                    self.act(Action::StopPlaying(id));
                }
            }
        }
    }

    pub(crate) fn next_action(&self) -> Option<Action> {
        self.0.actions.borrow_mut().pop_front()
    }

    pub(crate) fn next_deadline(&self) -> Option<Mono> {
        self.0.timers.borrow().armed.iter().map(|(_, at)| *at).min()
    }

    /// The flow is gone, and not by its own will: what it was about to end is not ended, and no job
    /// goes on with the case. Whoever waits for the call is given back, if they were answered; if
    /// they were not, they are refused.
    pub(crate) fn survive(&self) -> Option<Leg> {
        self.0.goes_on.set(false);
        let waits = self.0.contact.waits;
        let mut ended = None;
        self.0.actions.borrow_mut().retain(|action| match action {
            Action::HangUp(leg, cause) if Some(*leg) == waits => {
                ended = Some(*cause);
                false
            }
            Action::Undertake(_)
            | Action::Note(Fact::CallEnded { .. } | Fact::CaseClosed { .. }) => false,
            _ => true,
        });
        let caller = waits.zip(ended);
        match caller {
            Some((leg, HangupCause::Normal)) => return Some(Leg::answered(self, leg)),
            Some((leg, _)) if self.0.contact.rang_us() => {
                self.act(Action::Reject(leg, RejectCause::Fault));
            }
            Some((leg, cause)) => self.act(Action::HangUp(leg, cause)),
            None => {}
        }
        None
    }

    // ---- for the flows ----

    pub(crate) fn call(&self) -> CallId {
        self.0.contact.call
    }

    pub(crate) fn case(&self) -> CaseId {
        self.0.contact.case
    }

    pub(crate) fn origin(&self) -> CallOrigin {
        self.0.contact.origin
    }

    /// Calls that the case had before this one.
    pub(crate) fn calls_before(&self) -> u8 {
        self.0.contact.calls_before
    }

    /// Attempts of the case so far.
    pub(crate) fn attempts_so_far(&self) -> u16 {
        self.0.next_attempt.get().saturating_sub(1)
    }

    /// Who the case's caller is.
    pub(crate) fn caller(&self) -> &CallerId {
        &self.0.contact.caller
    }

    pub(crate) fn vouched(&self) -> Vouched {
        self.0.contact.vouched
    }

    pub(crate) fn now(&self) -> Mono {
        self.0.now.get().mono
    }

    pub(crate) fn wall(&self) -> Timestamp {
        self.0.now.get().wall
    }

    /// When a wall time comes, or came.
    pub(crate) fn mono_at(&self, wall: Timestamp) -> Mono {
        let ahead = wall.duration_since(self.wall());
        self.now() + Duration::try_from(ahead).unwrap_or_default()
    }

    /// The plan as it is now.
    pub(crate) fn plan(&self) -> Arc<Plan> {
        self.0.world.plan.borrow().clone()
    }

    pub(crate) fn presence(&self) -> &Rc<RefCell<Presence>> {
        &self.0.world.presence
    }

    pub(crate) fn guard(&self) -> RefMut<'_, Guard> {
        self.0.world.guard.borrow_mut()
    }

    pub(crate) fn dial_out(&self) -> &Rc<RefCell<DialOut>> {
        &self.0.world.dial_out
    }

    /// Another code or PIN is keyed: how many there were in this call, with it.
    pub(crate) fn another_code(&self) -> u8 {
        let tries = self.0.code_tries.get().saturating_add(1);
        self.0.code_tries.set(tries);
        tries
    }

    /// How many codes and PINs were keyed in this call.
    pub(crate) fn code_tries(&self) -> u8 {
        self.0.code_tries.get()
    }

    pub(crate) fn who_calls(&self) -> WhoCalls {
        self.0.who_calls.get()
    }

    /// This is a patient's call.
    pub(crate) fn is_a_patients(&self) {
        self.0.who_calls.set(WhoCalls::Patient);
    }

    pub(crate) fn act(&self, action: Action) {
        self.0.actions.borrow_mut().push_back(action);
    }

    pub(crate) fn note(&self, fact: Fact) {
        if matches!(fact, Fact::Joined { .. }) {
            self.0.talking.set(true);
        } else if matches!(fact, Fact::TalkEnded { .. }) {
            self.0.talking.set(false);
        }
        self.act(Action::Note(fact));
    }

    /// Whether caller and specialist hear each other.
    pub(crate) fn is_talking(&self) -> bool {
        self.0.talking.get()
    }

    /// How the call comes to its end, as far as is known.
    pub(crate) fn ending(&self) -> Ending {
        self.0.ending.get()
    }

    /// The call comes to its end in another way.
    pub(crate) fn ends(&self, ending: Ending) {
        self.0.ending.set(ending);
    }

    /// A leg outlives its flow.
    pub(crate) fn keep_leg(&self, state: LegState) {
        self.0.kept_legs.borrow_mut().push(state.id);
        self.add_leg(state);
    }

    pub(crate) fn take_kept_legs(&self) -> Vec<LegId> {
        self.0.kept_legs.take()
    }

    /// From now on a caller who leaves has left so.
    pub(crate) fn if_left(&self, cause: EndCause) {
        self.0.left_as.set(cause);
    }

    /// How the call ends for a caller who has gone.
    pub(crate) fn left(&self, gone: Gone) -> EndCause {
        match gone {
            Gone::HungUp => self.0.left_as.get(),
            Gone::LineDead => EndCause::LineDead,
        }
    }

    pub(crate) fn recording(&self) -> Recording {
        self.0.recording.get()
    }

    /// The case is recorded from now on, beginning with this leg.
    pub(crate) fn start_recording(&self, leg: LegId) {
        self.0.recording.set(Recording::On);
        self.act(Action::StartRecording(leg, self.case_part()));
    }

    pub(crate) fn stop_recording(&self) {
        if self.0.recording.replace(Recording::Off) == Recording::On {
            self.act(Action::StopRecording(self.case_part()));
        }
    }

    /// This call's recording of the case.
    pub(crate) fn case_part(&self) -> RecordingPart {
        match self.0.contact.calls_before {
            0 => RecordingPart::Case,
            calls_before => RecordingPart::Later(calls_before),
        }
    }

    /// Whether the patient's number has been asked for in this call.
    pub(crate) fn has_asked_nhs_number(&self) -> bool {
        self.0.nhs_asked.get()
    }

    /// Whether the patient's number has not been asked for yet in this call; now it has.
    pub(crate) fn asks_nhs_number_first(&self) -> bool {
        !self.0.nhs_asked.replace(true)
    }

    /// Lets something go on beside the flow; with the flow it ends.
    pub(crate) fn in_background(&self, what: impl Future<Output = ()> + 'static) {
        self.0.background.borrow_mut().push(Box::pin(what));
    }

    pub(crate) fn take_background(&self) -> Vec<Background> {
        self.0.background.take()
    }

    // ---- the world outside ----

    /// Journals a fact, and waits until it is on disk, but no longer than `patience`. It is kept
    /// even if that takes longer, unless it is refused.
    pub(crate) async fn note_durably(&self, fact: Fact, patience: Duration) -> Answer {
        let waiting = self.expect();
        self.act(Action::NoteDurably(waiting.ask, Box::new(fact)));
        waiting.within(patience).await
    }

    /// Asks, and waits no longer than `patience`.
    pub(crate) async fn ask(&self, question: Question, patience: Duration) -> Answer {
        let waiting = self.expect();
        self.act(Action::Ask(waiting.ask, Box::new(question)));
        waiting.within(patience).await
    }

    /// A job goes on with the case after this call.
    pub(crate) fn undertake(&self, intent: Intent) {
        self.0.goes_on.set(true);
        self.act(Action::Undertake(Box::new(intent)));
    }

    /// Whether there is room for one more job, and this call has asked for none yet.
    pub(crate) fn has_room_for_a_job(&self) -> bool {
        !self.goes_on() && self.0.world.room_for_jobs.get() > 0
    }

    pub(crate) fn goes_on(&self) -> bool {
        self.0.goes_on.get()
    }

    fn expect(&self) -> Waiting<'_> {
        Waiting {
            cx: self,
            ask: AskId(take_next(&self.0.next_ask)),
        }
    }

    fn answered(&self, ask: AskId, answer: Answer) {
        let mut answers = self.0.answers.borrow_mut();
        // Whoever asked may have gone, or be at the end of their patience.
        if answers.len() < MAX_ANSWERS {
            answers.push((ask, answer));
        }
    }

    pub(crate) fn new_leg(&self) -> LegId {
        LegId(take_next(&self.0.next_leg))
    }

    pub(crate) fn new_play(&self) -> PlayId {
        PlayId(take_next(&self.0.next_play))
    }

    pub(crate) fn new_attempt(&self) -> u16 {
        let number = self.0.next_attempt.get();
        self.0.next_attempt.set(number.saturating_add(1));
        number
    }

    pub(crate) fn passed_on(&self) -> RefMut<'_, Vec<PersonId>> {
        self.0.passed_on.borrow_mut()
    }

    pub(crate) fn add_leg(&self, state: LegState) {
        self.0.legs.borrow_mut().push(state);
    }

    /// A leg's state; none once its handle is dropped.
    pub(crate) fn leg_state(&self, id: LegId) -> Option<RefMut<'_, LegState>> {
        let legs = self.0.legs.borrow_mut();
        RefMut::filter_map(legs, |legs| legs.iter_mut().find(|state| state.id == id)).ok()
    }

    pub(crate) fn remove_leg(&self, id: LegId) -> Option<LegState> {
        let mut legs = self.0.legs.borrow_mut();
        let place = legs.iter().position(|state| state.id == id)?;
        Some(legs.swap_remove(place))
    }

    /// A timer, not set yet.
    pub(crate) fn timer(&self) -> Timer<'_> {
        let mut timers = self.0.timers.borrow_mut();
        timers.next = timers.next.wrapping_add(1);
        Timer {
            cx: self,
            id: timers.next,
        }
    }
}

fn take_next(counter: &Cell<u32>) -> u32 {
    let number = counter.get();
    counter.set(number.wrapping_add(1));
    number
}

/// Answers that wait to be taken; a flow asks one thing at a time in each of its branches.
const MAX_ANSWERS: usize = 16;

/// Somebody who waits for an answer.
struct Waiting<'a> {
    cx: &'a Cx,
    ask: AskId,
}

impl Waiting<'_> {
    async fn within(&self, patience: Duration) -> Answer {
        let (timer, until) = (self.cx.timer(), self.cx.now() + patience);
        poll_fn(|_| match self.take() {
            Some(answer) => Poll::Ready(answer),
            None if timer.due(until) => Poll::Ready(Answer::Unavailable),
            None => Poll::Pending,
        })
        .await
    }

    fn take(&self) -> Option<Answer> {
        let mut answers = self.cx.0.answers.borrow_mut();
        let place = answers.iter().position(|(ask, _)| *ask == self.ask)?;
        Some(answers.swap_remove(place).1)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        // An answer that nobody took; one that comes later still is bounded.
        self.take();
    }
}

/// One timer of a flow; it is gone when it is dropped.
pub(crate) struct Timer<'a> {
    cx: &'a Cx,
    id: u32,
}

impl Timer<'_> {
    /// Sets it, in place of what it was set to; true if that time has come.
    pub(crate) fn due(&self, at: Mono) -> bool {
        let mut timers = self.cx.0.timers.borrow_mut();
        match timers.armed.iter_mut().find(|(id, _)| *id == self.id) {
            Some(timer) => timer.1 = at,
            None => timers.armed.push((self.id, at)),
        }
        self.cx.now() >= at
    }

    /// Sets it to no time at all.
    pub(crate) fn rest(&self) {
        let mut timers = self.cx.0.timers.borrow_mut();
        timers.armed.retain(|(id, _)| *id != self.id);
    }
}

impl Drop for Timer<'_> {
    fn drop(&mut self) {
        self.rest();
    }
}

/// Which of two futures was first.
pub(crate) enum Either<A, B> {
    /// The first one.
    First(A),
    /// The second one.
    Second(B),
}

/// Runs two futures until one is ready, and drops the other. They are polled in order, so it is
/// deterministic, and what the first does is seen by the second in the same turn.
pub(crate) async fn first<A, B>(
    one: impl Future<Output = A>,
    other: impl Future<Output = B>,
) -> Either<A, B> {
    let (mut one, mut other) = (pin!(one), pin!(other));
    poll_fn(move |context| {
        if let Poll::Ready(value) = one.as_mut().poll(context) {
            return Poll::Ready(Either::First(value));
        }
        other.as_mut().poll(context).map(Either::Second)
    })
    .await
}
