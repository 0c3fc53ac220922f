//! Ending calls from outside (RFC 3326: each phone is told why): all at once, since the service
//! stops and nothing is waited for; or one, since an administrator says so.
//!
//! A call ends as it always does, by its own `finish`, so that its attempts, its recording and its
//! case are closed here and not at the next start. The exception is a call of a keep-trying job:
//! its legs are ended, and the next start goes on with the job, as after a crash.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rotaline_model::{CaseId, EndCause, HangupCause, LegId};
use rotaline_record::{Fact, KeepTryingEnd};

use crate::live_call::CallKey;
use crate::switch::Switch;

impl Switch {
    /// Ends all calls, and takes no more.
    pub(crate) fn end_calls(&mut self) {
        self.draining = true;
        let keys: Vec<CallKey> = self.calls.keys().copied().collect();
        for key in keys {
            self.end_legs(key);
            if !self.jobs.has(key) {
                self.cut(key);
            } else if let Some(call) = self.calls.get_mut(&key) {
                // Nobody else is rung.
                call.flow = None;
            }
        }
    }

    /// An administrator ends a case's call. A job that runs in it is over too: it would ring them
    /// again within minutes.
    pub(crate) fn dismiss(&mut self, case: CaseId) {
        let mut calls = self.calls.values();
        let Some(key) = calls
            .find(|it| it.case == case && !it.finished)
            .map(|it| it.key)
        else {
            return;
        };
        if let Some(job) = self.jobs.running_in(key) {
            let end = KeepTryingEnd::CalledOff;
            self.note(key, Fact::KeepTryingEnded { job, end });
        }
        let now = self.now;
        let Some(mut flow) = self.calls.get_mut(&key).and_then(|call| call.flow.take()) else {
            return;
        };
        match catch_unwind(AssertUnwindSafe(|| flow.dismiss(now))) {
            Ok(()) => self.follow(key, flow),
            Err(_) => self.flow_broke(key),
        }
    }

    fn end_legs(&mut self, key: CallKey) {
        let Some(call) = self.calls.get(&key) else {
            return;
        };
        let up = call.legs.iter().filter(|leg| !leg.over);
        let up: Vec<LegId> = up.map(|leg| leg.id).collect();
        for leg in up {
            self.hang_up(key, leg, HangupCause::Stopping);
        }
    }

    fn cut(&mut self, key: CallKey) {
        let now = self.now;
        let Some(mut flow) = self.calls.get_mut(&key).and_then(|call| call.flow.take()) else {
            return;
        };
        let cut = AssertUnwindSafe(|| flow.cut(now, EndCause::Interrupted));
        match catch_unwind(cut) {
            Ok(()) => self.follow(key, flow),
            Err(_) => self.flow_broke(key),
        }
    }
}
