//! What a flow has at hand: the time, the world, its actions, its timers, its legs' states.

use std::cell::{Cell, RefCell, RefMut};
use std::collections::VecDeque;
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;

use jiff::Timestamp;
use rotaline_model::{EndCause, LegId, Mono, Now, PersonId, PlayId};
use rotaline_record::{Fact, RecordingPart};
use rotaline_routing::{Plan, Presence, Recording};

use crate::boundary::{Action, Gone, Input};
use crate::call::{Inbound, World};
use crate::leg_state::LegState;

/// A handle to what one call's flow has at hand; cheap to clone.
#[derive(Clone)]
pub(crate) struct Cx(Rc<Inner>);

struct Inner {
    inbound: Inbound,
    world: World,
    now: Cell<Now>,
    /// How the call ends if the caller leaves now.
    left_as: Cell<EndCause>,
    recording: Cell<Recording>,
    next_leg: Cell<u32>,
    next_play: Cell<u32>,
    next_attempt: Cell<u16>,
    actions: RefCell<VecDeque<Action>>,
    legs: RefCell<Vec<LegState>>,
    timers: RefCell<Timers>,
    /// Who has passed this call on.
    passed_on: RefCell<Vec<PersonId>>,
}

#[derive(Default)]
struct Timers {
    next: u32,
    armed: Vec<(u32, Mono)>,
}

impl Cx {
    pub(crate) fn new(inbound: Inbound, world: World) -> Self {
        let next_leg = inbound.leg.0.wrapping_add(1);
        Cx(Rc::new(Inner {
            inbound,
            world,
            now: Cell::new(Now {
                mono: Mono::ZERO,
                wall: Timestamp::UNIX_EPOCH,
            }),
            left_as: Cell::new(EndCause::CallerLeftInMenu),
            recording: Cell::new(Recording::Off),
            next_leg: Cell::new(next_leg),
            next_play: Cell::new(1),
            next_attempt: Cell::new(1),
            actions: RefCell::default(),
            legs: RefCell::default(),
            timers: RefCell::default(),
            passed_on: RefCell::default(),
        }))
    }

    // ---- told by the call ----

    /// Takes in what happened; the flow sees it when it is polled.
    pub(crate) fn take_in(&self, now: Now, input: Input) {
        self.0.now.set(now);
        match input {
            Input::Timeout => {}
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

    // ---- for the flows ----

    pub(crate) fn inbound(&self) -> &Inbound {
        &self.0.inbound
    }

    pub(crate) fn now(&self) -> Mono {
        self.0.now.get().mono
    }

    pub(crate) fn wall(&self) -> Timestamp {
        self.0.now.get().wall
    }

    /// The plan as it is now.
    pub(crate) fn plan(&self) -> Arc<Plan> {
        self.0.world.plan.borrow().clone()
    }

    pub(crate) fn presence(&self) -> &Rc<RefCell<Presence>> {
        &self.0.world.presence
    }

    pub(crate) fn act(&self, action: Action) {
        self.0.actions.borrow_mut().push_back(action);
    }

    pub(crate) fn note(&self, fact: Fact) {
        self.act(Action::Note(fact));
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
        self.act(Action::StartRecording(leg, RecordingPart::Case));
    }

    pub(crate) fn stop_recording(&self) {
        if self.0.recording.replace(Recording::Off) == Recording::On {
            self.act(Action::StopRecording(RecordingPart::Case));
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
}

impl Drop for Timer<'_> {
    fn drop(&mut self) {
        self.cx
            .0
            .timers
            .borrow_mut()
            .armed
            .retain(|(id, _)| *id != self.id);
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
    std::future::poll_fn(move |context| {
        if let Poll::Ready(value) = one.as_mut().poll(context) {
            return Poll::Ready(Either::First(value));
        }
        other.as_mut().poll(context).map(Either::Second)
    })
    .await
}
