//! What SIP did not serve, as counters of the process: `rotaline_sip_unserved_total`, by reason.

use metrics::Counter;
use rotaline_switch::SipCounters;

/// The counters, and what they show.
pub(crate) struct Unserved {
    shown: SipCounters,
    counters: [Counter; SipCounters::COUNT],
}

impl Unserved {
    /// All at nought, and there from the start.
    pub fn new() -> Self {
        let shown = SipCounters::default();
        let counters = shown
            .named()
            .map(|(why, _)| metrics::counter!("rotaline_sip_unserved_total", "why" => why));
        Unserved { shown, counters }
    }

    /// Shows what there is now.
    pub fn show(&mut self, now: SipCounters) {
        if now == self.shown {
            return;
        }
        self.shown = now;
        for (counter, (_, count)) in self.counters.iter().zip(now.named()) {
            counter.absolute(count);
        }
    }
}
