//! What must be true of every call, whatever happens: checked after every event, from outside.
//!
//! It sees what leaves the switch (records, media commands) and what the phones did. It knows none
//! of the flows' rules.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rotaline_media::{Command, MediaLeg, MediaRoom};
use rotaline_model::{CaseId, Digit, Mono, PersonId, PracticeId, SpecialtyId};
use rotaline_record::{AttemptResult, Fact, Origin, Record};

use crate::cast::{self, KEYS, OVERLAP};
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
    /// Attempts that were accepted, and by whom, until they are joined.
    owed: BTreeMap<u16, Option<PersonId>>,
    /// The legs of those who were joined.
    talks_on: BTreeMap<PersonId, MediaLeg>,
    /// Where it comes from.
    practice: Option<PracticeId>,
    /// Who may be rung for it.
    team: &'static [&'static str],
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
    /// Every record follows the one before.
    fn follows(&mut self, record: &Record) -> Vec<&'static str> {
        let mut broken = Vec::new();
        if record.origin != Origin::Call || record.sequence != self.sequence + 1 {
            broken.push("the sequence of its records has a hole");
        }
        self.sequence = record.sequence;
        if self.opened == 0 && !matches!(record.fact, Fact::CaseOpened { .. }) {
            broken.push("its first fact is not its opening");
        }
        broken
    }

    /// What the plan of every world allows from now on; what the practice called last before.
    fn chooses(
        &mut self,
        specialty: &SpecialtyId,
        last_choices: &mut BTreeMap<PracticeId, SpecialtyId>,
    ) -> Option<SpecialtyId> {
        self.may_ring = 1 + usize::from(specialty.as_str() == OVERLAP);
        self.may_add = specialty.as_str() == KEYS;
        self.team = cast::team(specialty.as_str());
        last_choices.insert(self.practice.clone()?, specialty.clone())
    }
}

/// Watches, and collects what was broken.
#[derive(Default)]
pub struct Judge {
    contacts: BTreeMap<CaseId, Contact>,
    /// Who is rung or talks, and for which case.
    busy: BTreeMap<PersonId, CaseId>,
    /// What each practice has called last.
    last_choices: BTreeMap<PracticeId, SpecialtyId>,
    /// Specialists' legs in rooms.
    inside: BTreeMap<MediaRoom, BTreeSet<MediaLeg>>,
    /// `*2` and `*3` of a leg that have brought somebody in.
    spent: BTreeMap<MediaLeg, usize>,
    /// How many have come into a room so.
    brought: BTreeMap<MediaRoom, usize>,
    /// The specialist's leg that entered last.
    entered: Option<MediaLeg>,
    /// Cases in which somebody has just accepted.
    owing: BTreeSet<CaseId>,
    /// Phones that a call was moved away from.
    left_behind: Vec<MediaLeg>,
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
        let mut broken = contact.follows(record);
        match &record.fact {
            Fact::CaseOpened { practice, .. } => {
                contact.opened += 1;
                contact.practice.clone_from(practice);
            }
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
                let owing = (!contact.owed.is_empty()).then_some(record.case);
                self.owing.extend(owing);
            }
            Fact::Joined { attempt, .. } => {
                self.tally.added += u64::from(contact.joined);
                let (rule, former) = joined(contact, *attempt, self.entered.take());
                broken.extend(rule);
                self.left_behind.extend(former);
            }
            Fact::NhsNumberGiven { .. } | Fact::Flagged { .. } | Fact::RecordingPaused { .. } => {
                self.tally.keyed += 1;
            }
            Fact::TalkEnded { .. } => self.busy.retain(|_, case| *case != record.case),
            Fact::OutcomeSet { .. } => contact.outcome = true,
            Fact::SpecialtyChosen { specialty, key } => {
                let last = contact.chooses(specialty, &mut self.last_choices);
                if key.is_none() && last.as_ref() != Some(specialty) {
                    broken.push("# gave what its practice had not called last");
                }
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
            | Fact::NameSpoken { .. }
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
        let broken = broken.into_iter();
        self.broken
            .extend(broken.map(|what| format!("{}: {what}", record.case)));
    }

    /// A command is about to be done: nobody is let in without a key on that very leg.
    pub fn command(&mut self, command: &Command, legs: &Legs, specialist: bool) {
        if let Command::Leave { leg } | Command::Close { leg } = command {
            self.inside.values_mut().for_each(|inside| {
                inside.remove(leg);
            });
            self.spent.remove(leg);
        }
        if let Command::Close { leg } = command {
            self.goes(*leg);
        }
        let Command::Enter { leg, room } = command else {
            return;
        };
        if specialist {
            self.entered = Some(*leg);
            self.enters(*leg, *room, legs);
        }
        let accepted = legs.keys(*leg).iter().any(|digit| *digit == one());
        if specialist && !accepted {
            self.broken
                .push(format!("{leg:?} was joined without an acceptance on it"));
        }
    }

    /// Of several specialists, each may go when they like: no fact tells when.
    fn goes(&mut self, leg: MediaLeg) {
        for (case, contact) in &mut self.contacts {
            let talks = |(who, on): (&PersonId, &MediaLeg)| (*on == leg).then(|| who.clone());
            let Some(who) = contact.talks_on.iter().find_map(talks) else {
                continue;
            };
            contact.talks_on.remove(&who);
            let is_rung = |rung: &Option<PersonId>| rung.as_ref() == Some(&who);
            if self.busy.get(&who) == Some(case) && !contact.open_attempts.values().any(is_rung) {
                self.busy.remove(&who);
            }
        }
    }

    /// A second specialist comes in only because one who is inside has keyed `*2` or `*3`.
    fn enters(&mut self, leg: MediaLeg, room: MediaRoom, legs: &Legs) {
        let inside = self.inside.entry(room).or_default();
        if !inside.is_empty() {
            let spent = |leg: &MediaLeg| self.spent.get(leg).copied().unwrap_or(0);
            let asked = |leg: &&MediaLeg| times_asked(legs.keys(**leg)) > spent(leg);
            match inside.iter().find(asked) {
                Some(asked) => {
                    *self.spent.entry(*asked).or_default() += 1;
                    *self.brought.entry(room).or_default() += 1;
                }
                None => self
                    .broken
                    .push(format!("{leg:?} came in, and nobody had asked for it")),
            }
        }
        inside.insert(leg);
    }

    /// The switch has done all that an input led to: who has accepted is joined, and a phone that
    /// a call was moved away from is hung up.
    pub fn settled(&mut self, legs: &Legs) {
        for case in std::mem::take(&mut self.owing) {
            let owed = self.contacts.get(&case).map_or(0, |it| it.owed.len());
            if owed > 0 {
                self.broken
                    .push(format!("{case}: somebody accepted, and was not joined"));
            }
        }
        for leg in std::mem::take(&mut self.left_behind) {
            if legs.get(leg).is_some() {
                self.broken
                    .push(format!("{leg:?} is up, although its call has moved"));
            }
        }
    }

    /// A room never holds more than a caller and one specialist, unless a specialist asked for it.
    pub fn rooms(&mut self, command: &Command, legs: &Legs) {
        let Command::Enter { room, .. } = command else {
            return;
        };
        let brought = self.brought.get(room).copied().unwrap_or(0);
        let most = (2 + brought).min(4);
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

/// Somebody is joined: what is wrong with that, and the leg that they talked on before, if any.
fn joined(
    contact: &mut Contact,
    attempt: u16,
    entered: Option<MediaLeg>,
) -> (Option<&'static str>, Option<MediaLeg>) {
    let again = std::mem::replace(&mut contact.joined, true);
    let Some(person) = contact.owed.remove(&attempt) else {
        return (Some("somebody was joined who had not accepted"), None);
    };
    let leg = person.zip(entered);
    let former = leg.and_then(|(who, leg)| contact.talks_on.insert(who, leg));
    let unasked = again && !contact.may_add;
    (unasked.then_some("a second specialist was joined"), former)
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
        if let Some(person) = person
            && !contact.team.contains(&person.as_str())
        {
            broken.push("it rang somebody of no team that it may be given to");
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
            Some(person) if *result == AttemptResult::Accepted => {
                contact.owed.insert(*attempt, person);
            }
            // Whose other phone was tried still talks.
            Some(Some(person)) if !contact.talks_on.contains_key(&person) => {
                busy.remove(&person);
            }
            Some(_) => {}
        }
    }
    broken
}

/// How often a phone has keyed `*2` or `*3`.
fn times_asked(keys: &[Digit]) -> usize {
    let asks = |pair: &&[Digit]| match pair {
        [first, second] => *first == Digit::STAR && matches!(second.as_char(), '2' | '3'),
        _ => false,
    };
    keys.windows(2).filter(asks).count()
}

fn one() -> Digit {
    Digit::parse('1').expect("1 is a key")
}
