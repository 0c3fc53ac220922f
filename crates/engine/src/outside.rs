//! Between a running engine and its owner: what calls need of the world outside, and what the
//! world tells the engine. Nothing here blocks, and nothing here waits.

use std::fmt;
use std::sync::Arc;
use std::sync::mpsc;

use jiff::Timestamp;
use rotaline_media::PromptBank;
use rotaline_model::{CaseId, JobId, PersonId};
use rotaline_record::{Answer, Intent, Question, Record};
use rotaline_switch::{Adjustable, Admission, AskHandle, Input, Plan};

use crate::poller::Waker;
use crate::signalling::Control;

/// What the engine needs of its owner. Called on the signalling thread: must not block.
pub trait Outside: Send + 'static {
    /// Takes a record.
    fn journal(&mut self, record: Record);

    /// Takes a record, and answers [`Answer::Kept`] once it is on disk, or
    /// [`Answer::Unavailable`].
    fn journal_durably(&mut self, record: Record, reply: Reply);

    /// Answers a question, at any time; a reply that is dropped is no answer, and the call goes on
    /// without at the end of its patience.
    fn ask(&mut self, question: Question, reply: Reply);
}

/// Where an answer goes.
pub struct Reply {
    handle: AskHandle,
    remote: Remote,
}

impl Reply {
    pub(crate) fn new(handle: AskHandle, remote: Remote) -> Self {
        Reply { handle, remote }
    }

    /// Answers.
    pub fn answer(self, answer: Answer) {
        self.remote.input(Input::Answer(self.handle, answer));
    }
}

/// Tells a running engine things, from any thread. Once the engine is gone it tells nobody.
#[derive(Clone)]
pub struct Remote {
    control: mpsc::Sender<Control>,
    waker: Waker,
}

impl Remote {
    pub(crate) fn new(control: mpsc::Sender<Control>, waker: Waker) -> Self {
        Remote { control, waker }
    }

    /// Calls and attempts from now on follow this plan.
    pub fn set_plan(&self, plan: Arc<Plan>) {
        self.input(Input::Plan(plan));
    }

    /// What is said from now on; what is playing goes on as it was. To be told before a plan that
    /// says something new.
    pub fn set_prompts(&self, bank: Arc<PromptBank>) {
        self.tell(Control::Prompts(bank));
    }

    /// Whether new calls are taken from now on; those that are up go on.
    pub fn set_admission(&self, admission: Admission) {
        self.input(Input::Admission(admission));
    }

    /// Starts a call that nobody rings us for, or holds its job until it is due.
    pub fn start_call(&self, intent: Intent) {
        self.input(Input::Start(Box::new(intent)));
    }

    /// Calls a keep-trying job off; its case is closed. A job that is over is none.
    pub fn call_off(&self, job: JobId) {
        self.input(Input::CallOff(job));
    }

    /// Somebody takes no calls until a time, or (none) takes them again. A phone that rings for
    /// them stops at once.
    pub fn set_pause(&self, person: PersonId, until: Option<Timestamp>) {
        self.input(Input::Pause(person, until));
    }

    /// Settings were changed; calls that are up go on as they began.
    pub fn adjust(&self, to: Adjustable) {
        self.input(Input::Adjust(Box::new(to)));
    }

    /// An administrator ends a case's call, if one is up: whoever has answered is told so first.
    pub fn hang_up(&self, case: CaseId) {
        self.input(Input::HangUp(case));
    }

    /// Takes no more calls; those that are up go on.
    pub fn drain(&self) {
        self.input(Input::Drain);
    }

    /// Ends the calls that are up; their phones are told that the service stops.
    pub fn end_calls(&self) {
        self.input(Input::EndCalls);
    }

    pub(crate) fn stop(&self) {
        self.tell(Control::Stop);
    }

    fn input(&self, input: Input) {
        self.tell(Control::Input(input));
    }

    fn tell(&self, control: Control) {
        // It fails only if the thread is gone, which `Engine::stop` reports.
        let _ = self.control.send(control);
        self.waker.wake();
    }
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Remote")
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reply")
    }
}
