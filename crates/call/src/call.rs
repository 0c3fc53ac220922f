//! A call: its flow, polled after every input, and what it puts out.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use rotaline_model::{CallId, CaseId, Dialled, EndCause, LegId, Now};
use rotaline_record::{CallerId, EndedBy, Fact, Intent, Undertaking};
use rotaline_routing::{DialOut, Guard, Plan, Presence};

use crate::boundary::{Input, Output};
use crate::cx::{Background, Cx, Ending};
use crate::flow;

/// A call that rings us.
#[derive(Clone, Debug)]
pub struct Inbound {
    /// Its case.
    pub case: CaseId,
    /// Its id.
    pub call: CallId,
    /// The leg that rings us.
    pub leg: LegId,
    /// That leg's SIP Call-ID.
    pub sip_call_id: String,
    /// What was dialled; none if it is nothing that could be a number of ours.
    pub dialled: Option<Dialled>,
    /// Who it presents.
    pub caller: CallerId,
    /// Whether that may be believed.
    pub vouched: Vouched,
    /// Who diverted it to us (Diversion, History-Info).
    pub diverted_by: Vec<Dialled>,
}

/// Whether a caller's number may be believed: caller id alone can be forged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Vouched {
    /// It is what the far end says.
    #[default]
    Not,
    /// The trunk that brought the call has verified it.
    ByTrunk,
}

/// What all of a call's flow has to know of how it began.
#[derive(Clone, Debug)]
pub(crate) struct Contact {
    pub case: CaseId,
    pub call: CallId,
    pub origin: CallOrigin,
    /// Who the case's caller is.
    pub caller: CallerId,
    /// Whether that may be believed.
    pub vouched: Vouched,
    /// Calls that the case had before.
    pub calls_before: u8,
    /// Attempts that the case had before.
    pub attempts_before: u16,
    /// The first number that a leg of ours may have.
    pub first_leg: LegId,
    /// The leg of whoever waits for the call to come to something, if anybody does.
    pub waits: Option<LegId>,
}

/// Where a caller's choices come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallOrigin {
    /// A telephone.
    Rung,
    /// A screen, where an outcome can be set too.
    Screen,
}

impl Contact {
    /// Whether its first leg is one that rang us.
    pub fn rang_us(&self) -> bool {
        self.first_leg > LegId(0)
    }

    fn inbound(inbound: &Inbound) -> Self {
        Contact {
            case: inbound.case,
            call: inbound.call,
            origin: CallOrigin::Rung,
            caller: inbound.caller.clone(),
            vouched: inbound.vouched,
            calls_before: 0,
            attempts_before: 0,
            first_leg: LegId(inbound.leg.0.wrapping_add(1)),
            waits: Some(inbound.leg),
        }
    }

    fn intended(intent: &Intent) -> Self {
        let first_leg = LegId(0);
        // Whoever asked for a call on a screen is rung first; who was promised one, last.
        let (origin, waits) = match intent.undertaking {
            Undertaking::Specialty { .. } => (CallOrigin::Screen, Some(first_leg)),
            Undertaking::Errand { .. } => (CallOrigin::Rung, Some(first_leg)),
            Undertaking::KeepTrying(_) => (CallOrigin::Rung, None),
        };
        Contact {
            case: intent.case,
            call: intent.call,
            origin,
            caller: intent.caller.clone(),
            vouched: Vouched::Not,
            calls_before: intent.calls_before,
            attempts_before: intent.attempts_before,
            first_leg,
            waits,
        }
    }
}

/// What all calls of a node share.
#[derive(Clone, Debug)]
pub struct World {
    /// The current plan; replaced when it is edited.
    pub plan: Rc<RefCell<Arc<Plan>>>,
    /// Who is busy or paused.
    pub presence: Rc<RefCell<Presence>>,
    /// Who may have codes and PINs evaluated.
    pub guard: Rc<RefCell<Guard>>,
    /// Calls to numbers that people name.
    pub dial_out: Rc<RefCell<DialOut>>,
    /// How many more keep-trying jobs there is room for.
    pub room_for_jobs: Rc<Cell<usize>>,
}

/// What a call does, from its first input to how it ends.
pub type Flow = Pin<Box<dyn Future<Output = EndCause>>>;

/// A call that is up.
pub struct Call {
    cx: Cx,
    flow: Option<Flow>,
    background: Vec<Background>,
}

impl Call {
    /// A call that has arrived. Nothing happens before its first input; tell it
    /// [`Input::Timeout`] to start it.
    pub fn inbound(start: Inbound, world: World) -> Call {
        let cx = Cx::new(Contact::inbound(&start), world);
        Call {
            flow: Some(Box::pin(flow::arrive(cx.clone(), Box::new(start)))),
            background: Vec::new(),
            cx,
        }
    }

    /// A call that starts without anybody ringing us. Nothing happens before its first input; tell
    /// it [`Input::Timeout`] to start it.
    pub fn intended(start: Intent, world: World) -> Call {
        let cx = Cx::new(Contact::intended(&start), world);
        Call {
            flow: Some(Box::pin(flow::undertake(cx.clone(), Box::new(start)))),
            background: Vec::new(),
            cx,
        }
    }

    /// The same call with something around its flow.
    pub fn wrapped(mut self, wrap: impl FnOnce(Flow) -> Flow) -> Call {
        self.flow = self.flow.map(wrap);
        self
    }

    /// Its flow has panicked while it was told something: what it held is let go, and whoever waits
    /// hears that something went wrong. Then drain [`Call::poll_output`]; the call goes on until
    /// that is said. Not to be called twice.
    pub fn broke(&mut self, now: Now) {
        self.flow = None;
        self.background.clear();
        self.cx.take_background();
        let caller = self.cx.survive();
        self.flow = Some(Box::pin(flow::apologise(self.cx.clone(), caller)));
        self.handle_input(now, Input::Timeout);
    }

    /// Tells the call something; then drain [`Call::poll_output`].
    pub fn handle_input(&mut self, now: Now, input: Input) {
        self.cx.take_in(now, input);
        let Some(flow) = &mut self.flow else { return };
        let context = &mut Context::from_waker(Waker::noop());
        if let Poll::Ready(cause) = flow.as_mut().poll(context) {
            return self.finish(cause);
        }
        self.background.extend(self.cx.take_background());
        self.background
            .retain_mut(|what| what.as_mut().poll(context).is_pending());
    }

    /// An administrator ends the call, wherever its flow is: whoever has answered is told so and
    /// then hung up. Told again, it ends at once. Then drain [`Call::poll_output`].
    pub fn dismiss(&mut self, now: Now) {
        if self.flow.is_none() {
            return;
        }
        if self.cx.ending() != Ending::OfItself {
            return self.cut(now, EndCause::EndedByAdministrator);
        }
        self.cx.take_in(now, Input::Timeout);
        if self.cx.is_talking() {
            let call = self.cx.call();
            let by = EndedBy::Us;
            self.cx.note(Fact::TalkEnded { call, by });
        }
        self.cx.ends(Ending::Dismissed);
        self.flow = None;
        self.background.clear();
        self.cx.take_background();
        self.cx.ends(Ending::Farewell);
        let legs = self.cx.take_kept_legs();
        self.flow = Some(Box::pin(flow::farewell(self.cx.clone(), legs)));
        self.handle_input(now, Input::Timeout);
    }

    /// Ends the call from outside, wherever its flow is; then drain [`Call::poll_output`].
    pub fn cut(&mut self, now: Now, cause: EndCause) {
        self.cx.take_in(now, Input::Timeout);
        if self.flow.is_some() {
            self.finish(cause);
        }
    }

    /// The next output. After [`Output::Finished`] there is nothing more.
    pub fn poll_output(&mut self) -> Output {
        match self.cx.next_action() {
            Some(action) => Output::Action(action),
            None if self.flow.is_none() => Output::Finished,
            None => Output::Timeout(self.cx.next_deadline()),
        }
    }

    /// The one end of every call: with the flow go its legs (each hangs up as it is dropped),
    /// attempts and reservations; then the recording stops, and the case is closed, unless
    /// a job goes on with it.
    fn finish(&mut self, cause: EndCause) {
        self.flow = None;
        self.background.clear();
        self.cx.take_background();
        self.cx.stop_recording();
        self.cx.note(Fact::CallEnded {
            call: self.cx.call(),
            cause,
        });
        if !self.cx.goes_on() {
            self.cx.note(Fact::CaseClosed { cause });
        }
    }
}
