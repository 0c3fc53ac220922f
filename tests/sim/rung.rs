//! Phones that we ring, as the wire shows it: an attempt that is over rings no longer.
//!
//! SERVICE.md 1.9: "CANCEL, BYE leave <= 500 ms (a CANCEL waits for the first provisional, RFC 3261
//! 9.1; a late 200 gets ACK and BYE)". Seen at the switch's socket, where nothing is lost yet.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rotaline_model::{CaseId, Mono};
use rotaline_record::{AttemptResult, Fact, Record};

use crate::text::{header, is_invite_response, is_request};

/// How soon a phone must be left alone.
const LEAVE: Duration = Duration::from_millis(500);

/// How long "A colleague has answered" may take.
const GOODBYE: Duration = Duration::from_secs(2);

/// A phone that we ring, or that has answered.
#[derive(Debug)]
struct Rung {
    attempt: (CaseId, u16),
    /// When the first response came: before it there is nothing to cancel.
    heard: Option<Mono>,
    /// When its attempt came to nothing.
    given_up: Option<Mono>,
    /// Whether it hears that a colleague has answered before it is left alone.
    goodbye: bool,
}

/// All phones that we ring, by their Call-ID.
#[derive(Debug, Default)]
pub struct RungPhones {
    phones: BTreeMap<String, Rung>,
    /// The attempt whose INVITE is about to leave.
    started: Option<(CaseId, u16)>,
    /// Cases that somebody has accepted.
    taken: BTreeSet<CaseId>,
}

impl RungPhones {
    /// A record left the switch.
    pub fn record(&mut self, now: Mono, record: &Record) {
        if let Fact::AttemptStarted { attempt, .. } = &record.fact {
            self.started = Some((record.case, *attempt));
        }
        if let Fact::AttemptEnded { result, .. } = &record.fact
            && *result == AttemptResult::Accepted
        {
            self.taken.insert(record.case);
        }
        if let Fact::CaseClosed { .. } = &record.fact {
            self.taken.remove(&record.case);
        }
        if let Fact::AttemptEnded {
            attempt, result, ..
        } = &record.fact
            && *result != AttemptResult::Accepted
        {
            let over = (record.case, *attempt);
            if let Some(rung) = self.phones.values_mut().find(|it| it.attempt == over) {
                rung.given_up = Some(now);
                rung.goodbye =
                    *result == AttemptResult::Abandoned && self.taken.contains(&record.case);
            }
        }
    }

    /// The switch sends something; what is wrong with it, if anything.
    pub fn sent(&mut self, bytes: &[u8]) -> Option<String> {
        let text = std::str::from_utf8(bytes).ok()?;
        let call_id = header(text, "Call-ID")?;
        if is_request(text, "INVITE") {
            if let Some(attempt) = self.started.take() {
                let rung = Rung {
                    attempt,
                    heard: None,
                    given_up: None,
                    goodbye: false,
                };
                self.phones.insert(call_id.to_owned(), rung);
            }
        } else if is_request(text, "BYE") {
            self.phones.remove(call_id);
        } else if is_request(text, "CANCEL")
            && let Some(rung) = self.phones.remove(call_id)
            && rung.heard.is_none()
        {
            return Some(format!("{call_id}: a CANCEL before any response"));
        }
        None
    }

    /// The switch receives something.
    pub fn received(&mut self, now: Mono, bytes: &[u8]) {
        let Ok(text) = std::str::from_utf8(bytes) else {
            return;
        };
        let Some(call_id) = header(text, "Call-ID") else {
            return;
        };
        if ["1", "2"]
            .iter()
            .any(|class| is_invite_response(text, class))
        {
            if let Some(rung) = self.phones.get_mut(call_id) {
                rung.heard.get_or_insert(now);
            }
        } else if text.starts_with("SIP/2.0") || is_request(text, "BYE") {
            // Refused, or it has hung up.
            self.phones.remove(call_id);
        }
    }

    /// The Call-ID of a phone that should have been left alone by now.
    pub fn overdue(&mut self, now: Mono) -> Option<String> {
        let late = |at: Option<Mono>, goodbye| {
            let allowed = if goodbye { LEAVE + GOODBYE } else { LEAVE };
            at.is_some_and(|at| now.since(at) > allowed)
        };
        let overdue = self
            .phones
            .iter()
            .find(|(_, rung)| late(rung.heard, false) && late(rung.given_up, rung.goodbye))
            .map(|(call_id, _)| call_id.clone())?;
        self.phones.remove(&overdue);
        Some(overdue)
    }
}
