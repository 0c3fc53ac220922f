//! A call: its flow, polled after every input, and what it puts out.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use rotaline_model::{CallId, CaseId, Dialled, EndCause, LegId, Now};
use rotaline_record::{CallerId, Fact};
use rotaline_routing::{Plan, Presence};

use crate::boundary::{Input, Output};
use crate::cx::Cx;
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
    /// Who diverted it to us (Diversion, History-Info).
    pub diverted_by: Vec<Dialled>,
}

/// What all calls of a node share.
#[derive(Clone, Debug)]
pub struct World {
    /// The current plan; replaced when it is edited.
    pub plan: Rc<RefCell<Arc<Plan>>>,
    /// Who is busy or paused.
    pub presence: Rc<RefCell<Presence>>,
}

/// A call that is up.
pub struct Call {
    cx: Cx,
    flow: Option<Pin<Box<dyn Future<Output = EndCause>>>>,
}

impl Call {
    /// A call that has arrived. Nothing happens before its first input; tell it
    /// [`Input::Timeout`] to start it.
    pub fn inbound(start: Inbound, world: World) -> Call {
        let cx = Cx::new(start, world);
        Call {
            flow: Some(Box::pin(flow::arrive(cx.clone()))),
            cx,
        }
    }

    /// Tells the call something; then drain [`Call::poll_output`].
    pub fn handle_input(&mut self, now: Now, input: Input) {
        self.cx.take_in(now, input);
        let Some(flow) = &mut self.flow else { return };
        if let Poll::Ready(cause) = flow.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
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
    /// attempts and reservations; then the recording stops, and the case is closed.
    fn finish(&mut self, cause: EndCause) {
        self.flow = None;
        self.cx.stop_recording();
        self.cx.note(Fact::CallEnded {
            call: self.cx.inbound().call,
            cause,
        });
        self.cx.note(Fact::CaseClosed { cause });
    }
}
