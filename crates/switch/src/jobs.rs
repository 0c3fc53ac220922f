//! Calls that nobody rings us for: started now, or held until they are due (keep trying).

use rotaline_call::{self as call, Call};
use rotaline_model::AskId;
use rotaline_record::{Answer, Fact, Intent};

use crate::boundary::{AskHandle, Output};
use crate::live_call::{CallKey, LiveCall};
use crate::switch::Switch;

impl Switch {
    /// Starts a call of ours. Without room for it nothing is started.
    pub(crate) fn start_call(&mut self, intent: Intent) {
        let Some(thread) = self.ports.thread_for_call() else {
            return;
        };
        let key = CallKey(self.next_key);
        self.next_key += 1;
        let (case, call, calls_before) = (intent.case, intent.call, intent.calls_before);
        let flow = Call::intended(intent, self.world.clone());
        let mut live = LiveCall::new(key, case, call, flow, thread);
        live.number_on_from(calls_before);
        self.calls.insert(key, Box::new(live));
        self.ready.push_back((key, call::Input::Timeout));
    }

    /// Holds a job until it is due.
    pub(crate) fn undertake(&mut self, intent: Intent) {
        self.start_call(intent);
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
