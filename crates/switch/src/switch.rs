//! The switch itself: its tables, and the loop that takes one input to its last consequence.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;

use jiff::Timestamp;
use rand_chacha::ChaCha8Rng;
use rotaline_call::{self as call, World};
use rotaline_model::{EndCause, LegId, Mono, Now, PersonId, Seed};
use rotaline_record::Fact;
use rotaline_routing::{Plan, Presence};
use rotaline_sip::{self as sip, Endpoint, SessionId};

use crate::boundary::{Admission, Input, MediaSlot, Output};
use crate::config::{Adjustable, Config};
use crate::jobs::{Jobs, MAX_JOBS};
use crate::live_call::{CallKey, LiveCall};
use crate::ports::Ports;

/// Which stream of the seed the switch draws its own ids from; the endpoint has another.
const IDS: u64 = 1;

/// What is in use, for metrics and for checks that nothing is left over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Load {
    /// Calls that are up or whose last messages are on their way.
    pub calls: usize,
    /// Those of them that are up.
    pub up: usize,
    /// SIP sessions.
    pub sessions: usize,
    /// SIP transactions.
    pub transactions: usize,
    /// Free media slots.
    pub free_slots: usize,
    /// People reserved or talking.
    pub busy_people: usize,
    /// Keep-trying jobs, held or running.
    pub jobs: usize,
}

/// How a call that rings us begins; all do by [`call::Call::inbound`], unless somebody tries what
/// becomes of one that goes wrong.
pub type Begin = Box<dyn Fn(call::Inbound, World) -> call::Call>;

/// SIP sessions, media slots and call flows of one node.
pub struct Switch {
    pub(crate) config: Config,
    pub(crate) endpoint: Endpoint,
    pub(crate) ports: Ports,
    pub(crate) calls: BTreeMap<CallKey, Box<LiveCall>>,
    /// How many of them are over, but for their last messages.
    finished: usize,
    pub(crate) by_session: HashMap<SessionId, (CallKey, LegId)>,
    pub(crate) world: World,
    pub(crate) begin: Begin,
    pub(crate) ids: ChaCha8Rng,
    pub(crate) now: Now,
    pub(crate) ready: VecDeque<(CallKey, call::Input)>,
    pub(crate) unclaimed: Vec<sip::Traced>,
    pub(crate) draining: bool,
    pub(crate) admission: Admission,
    pub(crate) jobs: Jobs,
    pub(crate) next_key: u64,
    outputs: VecDeque<Output>,
    wakes: BTreeSet<(Mono, CallKey)>,
    /// Legs whose trunk has not replied; each is looked at once, at most one for each leg.
    pub(crate) trunk_waits: BTreeSet<(Mono, CallKey, LegId)>,
    endpoint_wake: Option<Mono>,
}

impl Switch {
    /// A switch with no calls. `slots` are all media slots, each thread's in order.
    pub fn new(config: Config, plan: Arc<Plan>, slots: &[MediaSlot], seed: Seed, now: Now) -> Self {
        let begin = Box::new(call::Call::inbound);
        Switch::beginning(config, plan, slots, (seed, now), begin)
    }

    /// The same, with another way for calls to begin.
    pub fn beginning(
        config: Config,
        plan: Arc<Plan>,
        slots: &[MediaSlot],
        (seed, now): (Seed, Now),
        begin: Begin,
    ) -> Self {
        let endpoint = Endpoint::new(config.sip.clone(), seed);
        let room_for_jobs = Rc::new(Cell::new(MAX_JOBS));
        let world = World {
            plan: Rc::new(RefCell::new(plan)),
            presence: Rc::new(RefCell::new(Presence::default())),
            guard: Rc::default(),
            dial_out: Rc::default(),
            room_for_jobs: room_for_jobs.clone(),
        };
        Switch {
            config,
            endpoint,
            ports: Ports::new(slots),
            calls: BTreeMap::new(),
            finished: 0,
            by_session: HashMap::new(),
            world,
            begin,
            ids: seed.generator(IDS),
            now,
            ready: VecDeque::new(),
            unclaimed: Vec::new(),
            draining: false,
            admission: Admission::default(),
            jobs: Jobs::new(room_for_jobs),
            next_key: 1,
            outputs: VecDeque::new(),
            wakes: BTreeSet::new(),
            trunk_waits: BTreeSet::new(),
            endpoint_wake: None,
        }
    }

    /// Takes one input to its last consequence; then drain [`Switch::poll_output`].
    pub fn handle_input(&mut self, now: Now, input: Input) {
        self.now = now;
        self.trunks_are_due();
        match input {
            Input::Datagram { source, bytes } => {
                self.endpoint
                    .handle_input(now.mono, sip::Input::Datagram { source, bytes });
            }
            Input::Media(event) => self.media_event(event),
            Input::Plan(plan) => *self.world.plan.borrow_mut() = plan,
            Input::Start(intent) => self.start(intent),
            Input::CallOff(job) => self.call_off(job),
            Input::Pause(person, until) => self.pause(&person, until),
            Input::History(turns) => {
                self.world.presence.borrow_mut().tally_mut().seed(turns);
            }
            Input::Answer(handle, answer) => self.answered_outside(handle, answer),
            Input::Adjust(to) => self.adjust(*to),
            Input::HangUp(case) => self.dismiss(case),
            Input::Drain => self.draining = true,
            Input::EndCalls => self.end_calls(),
            Input::Admission(admission) => self.admission = admission,
            Input::Timeout => self.time_has_come(),
        }
        self.settle();
    }

    /// The next output; [`Output::Timeout`] when there is nothing more to do now.
    pub fn poll_output(&mut self) -> Output {
        if let Some(output) = self.outputs.pop_front() {
            return output;
        }
        let first_call = self.wakes.first().map(|(at, _)| *at);
        let wakes = [
            first_call,
            self.endpoint_wake,
            self.jobs.next_due(),
            self.next_trunk_wait(),
        ];
        Output::Timeout(wakes.into_iter().flatten().min())
    }

    /// What is in use.
    pub fn load(&self) -> Load {
        Load {
            calls: self.calls.len(),
            up: self.calls.len() - self.finished,
            sessions: self.endpoint.sessions(),
            transactions: self.endpoint.transactions(),
            free_slots: self.ports.free(),
            busy_people: self.world.presence.borrow().reserved(),
            jobs: self.jobs.len(),
        }
    }

    /// What SIP dropped, or answered without looking into it, since the beginning.
    pub fn sip_counters(&self) -> sip::Counters {
        self.endpoint.counters()
    }

    /// Whether as many calls are up as may be. Calls that are over and wait for their last messages
    /// (an ACK that never comes: 32 s) are none; the endpoint's bound on sessions bounds them.
    pub(crate) fn is_full(&self) -> bool {
        self.calls.len() - self.finished >= self.config.max_calls
    }

    pub(crate) fn put_out(&mut self, output: Output) {
        self.outputs.push_back(output);
    }

    fn adjust(&mut self, to: Adjustable) {
        self.endpoint.set_peers(to.peers);
        self.config.trunks = to.trunks;
        self.config.max_leg_age = to.max_leg_age;
    }

    fn pause(&mut self, person: &PersonId, until: Option<Timestamp>) {
        let mut presence = self.world.presence.borrow_mut();
        match until {
            Some(until) => presence.pause(person, until),
            None => presence.resume(person),
        }
        drop(presence);
        self.somebody_paused();
    }

    /// Every call looks at once whether it rings somebody who has paused.
    pub(crate) fn somebody_paused(&mut self) {
        let up = self.calls.values().filter(|call| !call.finished);
        let look = up.map(|call| (call.key, call::Input::Timeout));
        self.ready.extend(look);
    }

    fn time_has_come(&mut self) {
        let now = self.now.mono;
        if self.endpoint_wake.is_some_and(|at| at <= now) {
            self.endpoint.handle_input(now, sip::Input::Timeout);
        }
        while let Some((at, key)) = self.wakes.first().copied()
            && at <= now
        {
            self.wakes.pop_first();
            let Some(call) = self.calls.get_mut(&key) else {
                continue;
            };
            call.wake = None;
            self.end_legs_too_old(key);
            self.ready.push_back((key, call::Input::Timeout));
        }
        self.start_due_jobs();
    }

    /// Runs flows and the endpoint until neither has anything more to say.
    fn settle(&mut self) {
        loop {
            self.drain_endpoint();
            let Some((key, input)) = self.ready.pop_front() else {
                return;
            };
            self.run_flow(key, input);
        }
    }

    fn drain_endpoint(&mut self) {
        loop {
            match self.endpoint.poll_output() {
                sip::Output::Transmit { to, bytes } => self.put_out(Output::Transmit { to, bytes }),
                sip::Output::Event(event) => self.sip_event(event),
                sip::Output::Traced(traced) => self.traced(traced),
                sip::Output::Timeout(at) => {
                    self.endpoint_wake = at;
                    return;
                }
            }
        }
    }

    /// Tells a flow something and does what it asks for. A bug in it costs this call only.
    fn run_flow(&mut self, key: CallKey, input: call::Input) {
        let now = self.now;
        let Some(mut flow) = self.calls.get_mut(&key).and_then(|call| call.flow.take()) else {
            return;
        };
        let told = AssertUnwindSafe(|| flow.handle_input(now, input));
        if catch_unwind(told).is_ok() {
            return self.follow(key, flow);
        }
        // Once it may say that something went wrong; if that goes wrong too, it is over.
        let first = self.breaks(key);
        let broke = AssertUnwindSafe(|| flow.broke(now));
        if first && catch_unwind(broke).is_ok() {
            self.follow(key, flow);
        } else {
            self.flow_broke(key);
        }
    }

    /// A flow panicked; whether for the first time. No job goes on with its case.
    fn breaks(&mut self, key: CallKey) -> bool {
        self.jobs.forget(key);
        let call = self.calls.get_mut(&key);
        call.is_some_and(|call| !std::mem::replace(&mut call.broken, true))
    }

    /// Does what a flow asks for.
    pub(crate) fn follow(&mut self, key: CallKey, mut flow: call::Call) {
        loop {
            match flow.poll_output() {
                call::Output::Action(action) => self.act(key, action),
                call::Output::Finished => return self.finish(key),
                call::Output::Timeout(at) => {
                    if let Some(call) = self.calls.get_mut(&key) {
                        call.flow = Some(flow);
                    }
                    return self.schedule(key, at);
                }
            }
        }
    }

    /// A flow panicked and cannot end its call: its legs are ended and its case closed here, and
    /// its record says so.
    pub(crate) fn flow_broke(&mut self, key: CallKey) {
        let Some(call) = self.calls.get(&key).map(|call| call.call) else {
            return;
        };
        let cause = EndCause::Fault;
        self.note(key, Fact::CallEnded { call, cause });
        self.note(key, Fact::CaseClosed { cause });
        self.jobs.forget(key);
        self.finish(key);
    }

    /// A flow is over; a leg that it has left up (it should not have) is ended.
    fn finish(&mut self, key: CallKey) {
        let Some(call) = self.calls.get_mut(&key) else {
            return;
        };
        self.finished += usize::from(!std::mem::replace(&mut call.finished, true));
        let left: Vec<LegId> = call
            .legs
            .iter()
            .filter(|leg| !leg.over)
            .map(|leg| leg.id)
            .collect();
        for leg in left {
            self.fail(key, leg);
        }
        self.schedule(key, None);
        self.forget_if_gone(key);
    }

    /// Journals a fact of a call.
    pub(crate) fn note(&mut self, key: CallKey, fact: Fact) {
        let node = self.config.node;
        let now = self.now;
        if let Some(call) = self.calls.get_mut(&key) {
            let record = call.record(now, node, fact);
            self.put_out(Output::Record(record));
        }
    }

    /// Sets when a call is to be woken: by its flow's wish or its oldest leg's age.
    pub(crate) fn schedule(&mut self, key: CallKey, flow_at: Option<Mono>) {
        let Some(call) = self.calls.get_mut(&key) else {
            return;
        };
        let expiry = call.oldest_expiry();
        let at = match (flow_at, expiry) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (one, other) => one.or(other),
        };
        if call.wake == at {
            return;
        }
        if let Some(former) = std::mem::replace(&mut call.wake, at) {
            self.wakes.remove(&(former, key));
        }
        if let Some(at) = at {
            self.wakes.insert((at, key));
        }
    }

    /// Drops what is gone: legs whose session and slot are free, and the call with its last leg.
    pub(crate) fn forget_if_gone(&mut self, key: CallKey) {
        let Some(call) = self.calls.get_mut(&key) else {
            return;
        };
        call.legs.retain(|leg| !leg.is_gone());
        if !call.is_gone() {
            return;
        }
        if let Some(fact) = call.take_ladder() {
            self.note(key, fact);
        }
        if let Some(call) = self.calls.remove(&key) {
            self.finished -= usize::from(call.finished);
            if let Some(at) = call.wake {
                self.wakes.remove(&(at, key));
            }
            self.call_is_gone(key);
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
