//! Calls that nobody rings us for: started now, or held until they are due (keep trying).
//!
//! ```text
//! asked in a call ──▶ waiting for its last leg ──▶ due after 1, 1, 2, 4, 8, 15, 15... minutes
//!                        ▲                            │      └─ hours over, called off: ended
//!                        └────── asked again ◀── running in a call of its own ──▶ over
//! ```
//!
//! A job's next call begins when nothing is left of the one before: records of one case are
//! numbered call by call. While new calls are refused, a job that is due waits another minute.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use rotaline_call::{self as call, Call};
use rotaline_model::{AskId, CallId, EndCause, JobId, Mono, Now};
use rotaline_record::{
    Answer, CallKind, CallerId, Fact, Intent, KeepTrying, KeepTryingEnd, Origin, Record,
    Undertaking,
};

use crate::boundary::{Admission, AskHandle, Output};
use crate::live_call::{CallKey, LiveCall};
use crate::switch::Switch;

/// Jobs at a time. At the bound no caller is offered one; what a restart hands back is held all
/// the same, since it is promised.
pub(crate) const MAX_JOBS: usize = 1_000;

/// The first try is not before this, and the pause doubles from it...
const SHORTEST_PAUSE: Duration = Duration::from_secs(60);
/// ... up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(15 * 60);

/// The jobs of a node.
#[derive(Debug)]
pub(crate) struct Jobs {
    held: BTreeMap<JobId, Held>,
    due: BTreeSet<(Mono, JobId)>,
    room: Rc<Cell<usize>>,
}

#[derive(Debug)]
struct Held {
    intent: Intent,
    state: State,
    /// How it ends as soon as nothing runs for it, if that is settled.
    ends: Option<Ending>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// For the last leg of the call that asked for it.
    Waiting(CallKey),
    Due(Mono),
    Running(CallKey),
}

/// How a job ends that no call ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    HoursOver,
    CalledOff,
    CameThrough,
}

impl Ending {
    fn of_job(self) -> KeepTryingEnd {
        match self {
            Ending::HoursOver => KeepTryingEnd::HoursOver,
            Ending::CalledOff => KeepTryingEnd::CalledOff,
            Ending::CameThrough => KeepTryingEnd::Joined,
        }
    }

    fn of_case(self) -> EndCause {
        match self {
            Ending::HoursOver => EndCause::KeptTryingInVain,
            Ending::CalledOff => EndCause::CalledOff,
            Ending::CameThrough => EndCause::CallerCameThrough,
        }
    }
}

impl Jobs {
    pub fn new(room: Rc<Cell<usize>>) -> Self {
        Jobs {
            held: BTreeMap::new(),
            due: BTreeSet::new(),
            room,
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.held.len()
    }

    /// When the next one is due.
    pub fn next_due(&self) -> Option<Mono> {
        self.due.first().map(|(at, _)| *at)
    }

    /// A flow broke: its case is closed, and so is its job.
    pub fn forget(&mut self, key: CallKey) {
        self.held.retain(|_, held| match held.state {
            State::Waiting(of) | State::Running(of) => of != key,
            State::Due(_) => true,
        });
        self.count();
    }

    fn set(&mut self, id: JobId, state: State) {
        let Some(held) = self.held.get_mut(&id) else {
            return;
        };
        if let State::Due(at) = std::mem::replace(&mut held.state, state) {
            self.due.remove(&(at, id));
        }
        if let State::Due(at) = state {
            self.due.insert((at, id));
        }
    }

    fn insert(&mut self, id: JobId, held: Held) {
        let state = held.state;
        self.held.insert(id, held);
        self.set(id, state);
        self.count();
    }

    fn remove(&mut self, id: JobId) -> Option<Held> {
        let held = self.held.remove(&id)?;
        if let State::Due(at) = held.state {
            self.due.remove(&(at, id));
        }
        self.count();
        Some(held)
    }

    fn count(&self) {
        self.room.set(MAX_JOBS.saturating_sub(self.held.len()));
    }

    /// Whether a call is one of a job, and not only the one that asked for it.
    pub fn has(&self, key: CallKey) -> bool {
        self.running_in(key).is_some()
    }

    /// The job that a call is one of.
    pub fn running_in(&self, key: CallKey) -> Option<JobId> {
        match self.of_call(key) {
            Some((job, State::Running(_))) => Some(job),
            Some((_, State::Waiting(_) | State::Due(_))) | None => None,
        }
    }

    fn of_call(&self, key: CallKey) -> Option<(JobId, State)> {
        let mut held = self.held.iter();
        held.find_map(|(id, held)| match held.state {
            State::Waiting(of) | State::Running(of) if of == key => Some((*id, held.state)),
            State::Waiting(_) | State::Running(_) | State::Due(_) => None,
        })
    }
}

impl Held {
    fn job(&self) -> Option<&KeepTrying> {
        job_of(&self.intent)
    }
}

fn job_of(intent: &Intent) -> Option<&KeepTrying> {
    match &intent.undertaking {
        Undertaking::KeepTrying(job) => Some(job),
        Undertaking::Specialty { .. } | Undertaking::Errand { .. } => None,
    }
}

/// "first try not before 60 s, then 1, 2, 4, 8, ... 15 minutes", but never beyond its hours.
fn due_at(now: Now, job: &KeepTrying) -> Mono {
    let doublings = u32::from(job.hunts.saturating_sub(1)).min(8);
    let pause = SHORTEST_PAUSE * 2_u32.pow(doublings);
    let left = Duration::try_from(job.until.duration_since(now.wall)).unwrap_or_default();
    now.mono + pause.min(LONGEST_PAUSE).min(left)
}

impl Switch {
    /// Starts a call that nobody rings us for, or holds its job.
    pub(crate) fn start(&mut self, intent: Box<Intent>) {
        let Some(job) = job_of(&intent) else {
            if let Err(intent) = self.try_start_call(intent) {
                self.refuse(&intent);
            }
            return;
        };
        let (id, at) = (job.job, due_at(self.now, job));
        if !self.jobs.held.contains_key(&id) {
            let (intent, state, ends) = (*intent, State::Due(at), None);
            self.jobs.insert(
                id,
                Held {
                    intent,
                    state,
                    ends,
                },
            );
        }
    }

    /// A call asks that its case goes on after it. `ends` survives: what was settled meanwhile.
    pub(crate) fn undertake(&mut self, key: CallKey, intent: Intent) {
        let Some(id) = job_of(&intent).map(|job| job.job) else {
            return self.start(Box::new(intent));
        };
        let ends = self.jobs.remove(id).and_then(|held| held.ends);
        let state = State::Waiting(key);
        self.jobs.insert(
            id,
            Held {
                intent,
                state,
                ends,
            },
        );
    }

    /// Somebody calls a job off. A call that runs for it is not cut.
    pub(crate) fn call_off(&mut self, id: JobId) {
        self.settle_job(id, Ending::CalledOff);
    }

    /// A caller was joined: what we keep trying for them is over, unless it is this call.
    pub(crate) fn came_through(&mut self, key: CallKey) {
        if self.jobs.held.is_empty() {
            return;
        }
        let Some(call) = self.calls.get(&key) else {
            return;
        };
        let (caller, specialty) = (&call.caller, &call.specialty);
        let (Some(caller), Some(specialty)) = (caller, specialty) else {
            return;
        };
        let same = |held: &Held| {
            let of_caller =
                matches!(&held.intent.caller, CallerId::Number(of) if of.expose() == caller);
            of_caller && held.job().is_some_and(|job| job.specialty == *specialty)
        };
        let served = self.jobs.held.iter().filter(|(_, held)| same(held));
        let served: Vec<JobId> = served.map(|(id, _)| *id).collect();
        for id in served {
            self.settle_job(id, Ending::CameThrough);
        }
    }

    /// Nothing is left of a call: a job that waited for it has its turn set, one that ran in it and
    /// did not ask again is over.
    pub(crate) fn call_is_gone(&mut self, key: CallKey) {
        match self.jobs.of_call(key) {
            Some((id, State::Waiting(_))) => {
                let at = match self.jobs.held.get(&id) {
                    Some(held) if held.ends.is_some() => self.now.mono,
                    Some(held) => held
                        .job()
                        .map_or(self.now.mono, |job| due_at(self.now, job)),
                    None => return,
                };
                self.jobs.set(id, State::Due(at));
                self.start_due_jobs();
            }
            Some((id, State::Running(_) | State::Due(_))) => {
                self.jobs.remove(id);
            }
            None => {}
        }
    }

    /// Does what is due.
    pub(crate) fn start_due_jobs(&mut self) {
        while let Some((at, id)) = self.jobs.due.first().copied()
            && at <= self.now.mono
        {
            // Whatever becomes of it: the thread must come to an end here.
            self.jobs.due.pop_first();
            let Some(held) = self.jobs.held.get(&id) else {
                continue;
            };
            let over = held.job().is_none_or(|job| job.until <= self.now.wall);
            if let Some(ending) = held.ends.or(over.then_some(Ending::HoursOver)) {
                self.end_job(id, ending);
                continue;
            }
            let mut intent = Box::new(held.intent.clone());
            intent.call = CallId::new(self.now.wall, &mut self.ids);
            let state = match self.try_start_call(intent) {
                Ok(key) => State::Running(key),
                Err(intent) => State::Due(self.retry_at(&intent)),
            };
            self.jobs.set(id, state);
        }
    }

    fn retry_at(&self, intent: &Intent) -> Mono {
        let later = self.now.mono + SHORTEST_PAUSE;
        let Some(job) = job_of(intent) else {
            return later;
        };
        let left = Duration::try_from(job.until.duration_since(self.now.wall)).unwrap_or_default();
        later.min(self.now.mono + left)
    }

    fn settle_job(&mut self, id: JobId, ending: Ending) {
        let Some(held) = self.jobs.held.get_mut(&id) else {
            return;
        };
        match held.state {
            State::Due(_) => self.end_job(id, ending),
            State::Waiting(_) | State::Running(_) => {
                held.ends.get_or_insert(ending);
            }
        }
    }

    /// No call runs for the job: its end and its case's are noted here.
    fn end_job(&mut self, id: JobId, ending: Ending) {
        let Some(held) = self.jobs.remove(id) else {
            return;
        };
        let (end, cause) = (ending.of_job(), ending.of_case());
        let facts = [
            Fact::KeepTryingEnded { job: id, end },
            Fact::CaseClosed { cause },
        ];
        self.note_without_call(&held.intent, facts);
    }

    /// Starts a call of ours, unless no calls are taken or there is no room.
    fn try_start_call(&mut self, intent: Box<Intent>) -> Result<CallKey, Box<Intent>> {
        let closed = self.draining || self.admission == Admission::Closed || self.is_full();
        let thread = self.ports.thread_for_call().filter(|_| !closed);
        let Some(thread) = thread else {
            return Err(intent);
        };
        let key = CallKey(self.next_key);
        self.next_key += 1;
        let (case, call, calls_before) = (intent.case, intent.call, intent.calls_before);
        let flow = Call::intended(*intent, self.world.clone());
        let mut live = LiveCall::new(key, case, call, flow, thread);
        live.number_on_from(calls_before);
        self.calls.insert(key, Box::new(live));
        self.ready.push_back((key, call::Input::Timeout));
        Ok(key)
    }

    /// A call that cannot be started has a case all the same, which says so.
    fn refuse(&mut self, intent: &Intent) {
        let (call, cause) = (intent.call, EndCause::Overloaded);
        let opened = intent.opening.as_ref().map(|opening| Fact::CaseOpened {
            dialled: None,
            caller: intent.caller.clone(),
            organisation: opening.organisation.clone(),
            practice: None,
            area: None,
        });
        let kind = match intent.undertaking {
            Undertaking::KeepTrying(_) => CallKind::KeepTrying,
            Undertaking::Specialty { .. } => CallKind::OnScreen,
            Undertaking::Errand { .. } => CallKind::ClickToCall,
        };
        let started = Fact::CallStarted {
            call,
            sip_call_id: None,
            kind,
        };
        let ended = [Fact::CallEnded { call, cause }, Fact::CaseClosed { cause }];
        self.note_without_call(intent, opened.into_iter().chain([started]).chain(ended));
    }

    /// Facts of an intent whose call is not up.
    fn note_without_call(&mut self, intent: &Intent, facts: impl IntoIterator<Item = Fact>) {
        let first = (u64::from(intent.calls_before) << 32) + 1;
        for (sequence, fact) in (first..).zip(facts) {
            self.put_out(Output::Record(Box::new(Record {
                case: intent.case,
                origin: Origin::Call,
                sequence,
                at: self.now.wall,
                node: self.config.node,
                fact,
            })));
        }
    }

    /// Journals a fact of a call, and tells the call when it is on disk.
    pub(crate) fn note_durably(&mut self, key: CallKey, ask: AskId, fact: Fact) {
        let (node, now) = (self.config.node, self.now);
        if let Some(call) = self.calls.get_mut(&key) {
            let record = call.record(now, node, fact);
            let handle = AskHandle { call: key.0, ask };
            self.put_out(Output::RecordDurably(handle, record));
        }
    }

    /// An answer for a call; one whose call is over is nothing.
    pub(crate) fn answered_outside(&mut self, handle: AskHandle, answer: Answer) {
        let input = call::Input::Answer(handle.ask, answer);
        self.ready.push_back((CallKey(handle.call), input));
    }
}

#[cfg(test)]
mod tests;
