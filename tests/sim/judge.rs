//! What must be true of every call, whatever happens: checked after every event, from outside.
//!
//! It sees what leaves the switch (records, media commands) and what the phones did. It knows none
//! of the flows' rules.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rotaline_media::Command;
use rotaline_model::{CaseId, Digit, Mono, PersonId};
use rotaline_record::{AttemptResult, Fact, Origin, Record};

use crate::cast::{KEYS, OVERLAP};
use crate::sounds::Legs;

/// The longest silence to a caller who waits for us (SERVICE.md 1.5), and a packet's time.
const SILENCE: Duration = Duration::from_millis(2220);

/// What is known of one case.
#[derive(Debug, Default)]
struct Contact {
    opened: u32,
    closed: u32,
    sequence: u64,
    /// Attempts that have not ended, and whom they ring.
    open_attempts: BTreeMap<u16, Option<PersonId>>,
    /// Who has accepted.
    accepted: BTreeSet<PersonId>,
    /// Phones that may ring at once.
    may_ring: usize,
    /// Whether a specialist's keys may bring another.
    may_add: bool,
    /// Since when its caller waits for us.
    waiting_since: Option<Mono>,
    joined: bool,
    attempts: u32,
    outcome: bool,
}

impl Contact {
    /// What the plan of every world allows from now on.
    fn chooses(&mut self, specialty: &str) {
        self.may_ring = 1 + usize::from(specialty == OVERLAP);
        self.may_add = specialty == KEYS;
    }
}

/// Watches, and collects what was broken.
#[derive(Default)]
pub struct Judge {
    contacts: BTreeMap<CaseId, Contact>,
    /// Who is rung or talks, and for which case.
    busy: BTreeMap<PersonId, CaseId>,
    /// What was broken, in words.
    pub broken: Vec<String>,
    /// What came about, for the summary of a run.
    pub tally: Tally,
}

/// What came about in a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Cases closed.
    pub cases: u64,
    /// Cases in which somebody was joined.
    pub joined: u64,
    /// Attempts.
    pub attempts: u64,
    /// Cases with an outcome.
    pub outcomes: u64,
    /// Attempts that rang beside another.
    pub overlaps: u64,
    /// Specialists, or other phones of theirs, who came into a talk.
    pub added: u64,
    /// NHS numbers, flags and pauses of a recording.
    pub keyed: u64,
}

impl Judge {
    /// A record left the switch.
    pub fn record(&mut self, record: &Record) {
        let contact = self.contacts.entry(record.case).or_default();
        let mut broken = Vec::new();
        if record.origin != Origin::Call || record.sequence != contact.sequence + 1 {
            broken.push("the sequence of its records has a hole");
        }
        contact.sequence = record.sequence;
        if contact.opened == 0 && !matches!(record.fact, Fact::CaseOpened { .. }) {
            broken.push("its first fact is not its opening");
        }
        match &record.fact {
            Fact::CaseOpened { .. } => contact.opened += 1,
            Fact::CaseClosed { .. } => {
                contact.closed += 1;
                self.busy.retain(|_, case| *case != record.case);
                if !contact.open_attempts.is_empty() {
                    broken.push("it closed with an attempt open");
                }
            }
            Fact::AttemptStarted { .. } | Fact::AttemptEnded { .. } => {
                let rings = contact.open_attempts.len();
                broken.extend(attempt(&mut self.busy, contact, record));
                self.tally.overlaps += u64::from(rings == 1 && contact.open_attempts.len() == 2);
            }
            Fact::Joined { .. } => {
                if contact.joined {
                    if !contact.may_add {
                        broken.push("a second specialist was joined");
                    }
                    // Of several, each may go when they like: no fact tells when.
                    self.busy.retain(|_, case| *case != record.case);
                    self.tally.added += 1;
                }
                contact.joined = true;
            }
            Fact::NhsNumberGiven { .. } | Fact::Flagged { .. } | Fact::RecordingPaused { .. } => {
                self.tally.keyed += 1;
            }
            Fact::TalkEnded { .. } => self.busy.retain(|_, case| *case != record.case),
            Fact::OutcomeSet { .. } => contact.outcome = true,
            Fact::SpecialtyChosen { specialty, .. } => {
                contact.chooses(specialty.as_str());
            }
            Fact::CallStarted { .. }
            | Fact::CallerAnswered { .. }
            | Fact::AttemptRinging { .. }
            | Fact::AttemptAnswered { .. }
            | Fact::ErrandClaimed { .. }
            | Fact::CodeRefused { .. }
            | Fact::KeepTryingAsked { .. }
            | Fact::KeepTryingEnded { .. }
            | Fact::CallBackRequested { .. }
            | Fact::RequestChanged { .. }
            | Fact::CallsPaused { .. }
            | Fact::CallsResumed { .. }
            | Fact::PromptsHeard { .. }
            | Fact::LegQuality { .. }
            | Fact::Ladder { .. }
            | Fact::RecordingStarted { .. }
            | Fact::RecordingStored { .. }
            | Fact::RecordingEncoded { .. }
            | Fact::CallEnded { .. } => {}
        }
        if contact.opened > 1 || contact.closed > 1 {
            broken.push("it was opened or closed twice");
        }
        let case = record.case;
        self.broken
            .extend(broken.into_iter().map(|what| format!("{case}: {what}")));
    }

    /// A command is about to be done: nobody is let in without a key on that very leg.
    pub fn command(&mut self, command: &Command, legs: &Legs, specialist: bool) {
        let Command::Enter { leg, .. } = command else {
            return;
        };
        let accepted = legs.keys(*leg).iter().any(|digit| *digit == one());
        if specialist && !accepted {
            self.broken
                .push(format!("{leg:?} was joined without an acceptance on it"));
        }
    }

    /// A room never holds more than a caller and one specialist, unless a specialist asked for it.
    pub fn rooms(&mut self, command: &Command, legs: &Legs) {
        let Command::Enter { room, .. } = command else {
            return;
        };
        let asked = legs.inside(*room).any(|keys| keys.contains(&Digit::STAR));
        let most = if asked { 4 } else { 2 };
        if legs.inside(*room).count() > most {
            self.broken
                .push(format!("{room:?} holds more than {most} legs"));
        }
    }

    /// A caller who waits for us hears something.
    pub fn silence(&mut self, now: Mono, legs: &Legs) {
        for (case, contact) in &mut self.contacts {
            if contact.open_attempts.is_empty() || contact.joined {
                contact.waiting_since = None;
                continue;
            }
            // What was silent while we waited for the caller's key does not count.
            let waits = now.since(*contact.waiting_since.get_or_insert(now));
            if let Some(silent) = legs.caller_silent_for(*case, now)
                && silent.min(waits) > SILENCE
            {
                self.broken
                    .push(format!("{case}: its caller heard nothing for {silent:?}"));
            }
        }
    }

    /// Everything is over: each case is closed, once.
    pub fn end(&mut self) {
        for (case, contact) in &self.contacts {
            if contact.closed != 1 {
                self.broken
                    .push(format!("{case}: closed {} times", contact.closed));
            }
            self.tally.cases += 1;
            self.tally.joined += u64::from(contact.joined);
            self.tally.attempts += u64::from(contact.attempts);
            self.tally.outcomes += u64::from(contact.outcome);
        }
        self.contacts.clear();
    }
}

/// An attempt starts or ends.
fn attempt(
    busy: &mut BTreeMap<PersonId, CaseId>,
    contact: &mut Contact,
    record: &Record,
) -> Vec<&'static str> {
    let mut broken = Vec::new();
    if let Fact::AttemptStarted {
        attempt, person, ..
    } = &record.fact
    {
        let with_another = |case: CaseId| case != record.case;
        if let Some(person) = person
            && busy
                .insert(person.clone(), record.case)
                .is_some_and(with_another)
        {
            broken.push("it rang somebody who was busy with another");
        }
        contact.open_attempts.insert(*attempt, person.clone());
        if contact.open_attempts.len() > contact.may_ring.max(1) {
            broken.push("too many phones rang for it at a time");
        }
        contact.attempts += 1;
    }
    if let Fact::AttemptEnded {
        attempt, result, ..
    } = &record.fact
    {
        match contact.open_attempts.remove(attempt) {
            None => broken.push("an attempt ended that was not open"),
            Some(Some(person)) if *result == AttemptResult::Accepted => {
                contact.accepted.insert(person);
            }
            // Whose other phone was tried still talks.
            Some(Some(person)) if !contact.accepted.contains(&person) => {
                busy.remove(&person);
            }
            Some(_) => {}
        }
    }
    broken
}

fn one() -> Digit {
    Digit::parse('1').expect("1 is a key")
}
