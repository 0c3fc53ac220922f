//! What must be true of every call, whatever happens: checked after every event, from outside.
//!
//! It sees what leaves the switch (records, media commands) and what the phones did. It knows none
//! of the flows' rules.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use rotaline_media::{Command, MediaLeg, MediaRoom};
use rotaline_model::{CaseId, Dialled, Digit, EndCause, Mono, PersonId, PracticeId, SpecialtyId};
use rotaline_record::{CallKind, CallerId, Fact, Origin, Record, RecordingPart};

use crate::cast::{KEYS, OVERLAP};
use crate::roster::Roster;
use crate::sounds::Legs;

mod attempts;

pub use attempts::{Asked, Known};
use attempts::{Errand, Open, attempt, joined};

/// The longest silence to a caller who waits for us (SERVICE.md 1.5), and a packet's time.
const SILENCE: Duration = Duration::from_millis(2220);

/// What somebody rang, as far as it changes what must be true.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Line {
    /// The menu.
    DialIn,
    /// The address of a specialty.
    Specialty,
    /// A patients' line, and the team that answers.
    Pifu(&'static str),
    /// The inbound number.
    Inbound,
    /// Nobody rang us.
    Screen,
    /// Anything else.
    #[default]
    Other,
}

impl Line {
    /// What was dialled.
    pub fn of(dialled: Option<&str>) -> Self {
        match dialled {
            None => Line::Screen,
            Some("+442079460000") => Line::Inbound,
            Some("+442079460001") => Line::DialIn,
            Some("+442079460012") => Line::Pifu(KEYS),
            Some("+442079460013") => Line::Pifu("secretaries"),
            Some(other) if other.starts_with('+') => Line::Other,
            Some(_) => Line::Specialty,
        }
    }
}

/// What is known of one case.
#[derive(Debug, Default)]
struct Contact {
    opened: u32,
    closed: u32,
    sequence: u64,
    /// Attempts that have not ended, and whom they ring.
    open_attempts: BTreeMap<u16, Open>,
    /// Attempts that were accepted, and by whom, until they are joined.
    owed: BTreeMap<u16, Option<PersonId>>,
    /// A specialist who has accepted, and waits for the caller to be rung back.
    waits: Option<(u16, PersonId)>,
    /// The legs of those who were joined.
    talks_on: BTreeMap<PersonId, MediaLeg>,
    line: Line,
    /// Whose phone rings us, if it is a specialist's.
    caller_person: Option<PersonId>,
    /// Its present call, or its last.
    kind: CallKind,
    call_is_up: bool,
    /// Whether its team was open when that call began.
    open_at_start: bool,
    errand: Errand,
    /// Where it comes from.
    practice: Option<PracticeId>,
    /// Who may be rung for it.
    team: String,
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
    /// Every record follows the one before; those of a later call are numbered above all of the
    /// calls before it.
    fn follows(&mut self, record: &Record) -> Vec<&'static str> {
        let mut broken = Vec::new();
        if self.opened == 0 && !matches!(record.fact, Fact::CaseOpened { .. }) {
            broken.push("its first fact is not its opening");
        }
        if record.origin == Origin::Recovery {
            return broken;
        }
        let begins = match record.fact {
            Fact::CallStarted { .. } => self.sequence > 1,
            // No call runs for what ends so.
            Fact::KeepTryingEnded { .. } => !self.call_is_up,
            _ => false,
        };
        let next = match begins {
            true => (((self.sequence >> 32) + 1) << 32) + 1,
            false => self.sequence + 1,
        };
        if record.origin != Origin::Call || record.sequence != next {
            broken.push("the sequence of its records has a hole");
        }
        self.sequence = record.sequence;
        broken
    }

    /// Whether an attempt rings whoever pressed *call* on a screen.
    fn is_own_phone(&self, open: &Open) -> bool {
        let on_screen = matches!(self.kind, CallKind::OnScreen | CallKind::ClickToCall);
        on_screen && open.is_callers()
    }

    fn opens(&mut self, record: &Record, known: &Known) {
        let Fact::CaseOpened {
            practice,
            dialled,
            caller,
            ..
        } = &record.fact
        else {
            return;
        };
        self.opened += 1;
        self.practice.clone_from(practice);
        self.line = Line::of(dialled.as_ref().map(Dialled::as_str));
        if let Line::Pifu(team) = self.line {
            self.team = team.to_owned();
        }
        if let CallerId::Number(number) = caller {
            let person = known.people.get(number.expose().as_str());
            self.caller_person = person.cloned();
        }
    }

    /// What the plan allows from now on; what is wrong with the choice, if anything.
    fn chooses(
        &mut self,
        specialty: &SpecialtyId,
        by_key: bool,
        open: bool,
        last_choices: &mut BTreeMap<PracticeId, SpecialtyId>,
    ) -> Option<&'static str> {
        self.may_ring = 1 + usize::from(specialty.as_str() == OVERLAP);
        self.may_add = specialty.as_str() == KEYS;
        if self.errand.is_waiting() && !by_key {
            // Only whose outcomes are asked for.
            return None;
        }
        self.errand = Errand::None;
        if !matches!(self.line, Line::Pifu(_)) {
            self.team = specialty.as_str().to_owned();
        }
        if matches!(self.line, Line::Pifu(_) | Line::Inbound) {
            return None;
        }
        let practice = self.practice.clone();
        let last = practice.and_then(|it| last_choices.insert(it, specialty.clone()));
        if self.line == Line::DialIn && !by_key && last.as_ref() != Some(specialty) {
            return Some("# gave what its practice had not called last");
        }
        (!open).then_some("a team was chosen that is closed")
    }
}

/// Watches, and collects what was broken.
#[derive(Default)]
pub struct Judge {
    /// The plan as it is.
    roster: Option<Roster>,
    known: Known,
    /// Who has paused their calls, and until when.
    paused: BTreeMap<PersonId, Timestamp>,
    /// Legs of callers, by what is recorded of them.
    callers: BTreeSet<MediaLeg>,
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
    /// Attempts that ring somebody who has just paused.
    must_stop: Vec<(CaseId, u16)>,
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
    /// Codes and PINs that opened something.
    pub claimed: u64,
    /// Codes and PINs that opened nothing.
    pub refused: u64,
    /// Requests of patients to be rung back.
    pub requests: u64,
    /// Specialists who paused their calls.
    pub pauses: u64,
    /// Calls that began on a screen.
    pub on_screen: u64,
}

impl Tally {
    fn count(&mut self, fact: &Fact) {
        let figure = match fact {
            Fact::NhsNumberGiven { .. }
            | Fact::GenderGiven { .. }
            | Fact::Flagged { .. }
            | Fact::RecordingPaused { .. } => &mut self.keyed,
            Fact::CallStarted {
                kind: CallKind::OnScreen | CallKind::ClickToCall,
                ..
            } => &mut self.on_screen,
            Fact::ErrandClaimed { .. } => &mut self.claimed,
            Fact::CodeRefused { .. } => &mut self.refused,
            Fact::CallBackRequested { .. } => &mut self.requests,
            Fact::CallsPaused { .. } => &mut self.pauses,
            _ => return,
        };
        *figure += 1;
    }
}

impl Judge {
    /// What is known beforehand.
    pub fn knowing(known: Known, roster: Roster) -> Self {
        Judge {
            known,
            roster: Some(roster),
            ..Judge::default()
        }
    }

    /// The plan is edited.
    pub fn edited(&mut self, roster: Roster) {
        self.roster = Some(roster);
    }

    /// Somebody pauses their calls until a time, or (none) takes them again: the phone that a hunt
    /// rings for them stops at once.
    pub fn pauses(&mut self, person: &PersonId, until: Option<Timestamp>) {
        let Some(until) = until else {
            self.paused.remove(person);
            return;
        };
        self.paused.insert(person.clone(), until);
        for (case, contact) in &self.contacts {
            let open = contact.open_attempts.iter();
            let rings = open.filter(|(_, open)| open.is_hunted(person));
            self.must_stop
                .extend(rings.map(|(attempt, _)| (*case, *attempt)));
        }
    }

    /// The process was killed: all that is known is what the journal has kept.
    pub fn restarted(&mut self, kept: &[Record]) {
        let before = std::mem::take(self);
        self.roster = before.roster;
        self.known = before.known;
        for record in kept {
            self.record(record);
        }
        // What a whole record would break was broken before.
        self.broken = before.broken;
        self.busy.clear();
        // Handed back at the start.
        self.paused.clear();
        self.owing.clear();
        self.must_stop.clear();
        self.left_behind.clear();
        self.last_choices.clear();
        for contact in self.contacts.values_mut() {
            contact.owed.clear();
            contact.waits = None;
            contact.talks_on.clear();
            contact.call_is_up = false;
            if contact.closed == 0 {
                contact.open_attempts.clear();
            }
        }
        self.tally = before.tally;
    }

    /// A record left the switch.
    pub fn record(&mut self, record: &Record) {
        self.tally.count(&record.fact);
        let contact = self.contacts.entry(record.case).or_default();
        let mut broken = contact.follows(record);
        match &record.fact {
            Fact::CaseOpened { .. } => contact.opens(record, &self.known),
            Fact::CallStarted { .. } | Fact::CallEnded { .. } | Fact::CaseClosed { .. } => {
                broken.extend(self.begins_or_ends(record));
            }
            Fact::AttemptStarted { .. } | Fact::AttemptEnded { .. } | Fact::Joined { .. } => {
                broken.extend(self.attempt(record));
            }
            Fact::TalkEnded { .. } => self.busy.retain(|_, case| *case != record.case),
            Fact::OutcomeSet { .. } => contact.outcome = true,
            Fact::SpecialtyChosen { specialty, key } => {
                let roster = self.roster.as_ref();
                let open = roster.is_none_or(|it| it.is_open(specialty.as_str(), record.at));
                let last = &mut self.last_choices;
                broken.extend(contact.chooses(specialty, key.is_some(), open, last));
            }
            Fact::ErrandClaimed { errand, .. } => {
                contact.errand = Errand::Waiting(self.known.callees.get(errand).cloned());
            }
            Fact::AttemptAnswered { attempt } => {
                if let Some(open) = contact.open_attempts.get_mut(attempt) {
                    open.answers();
                }
            }
            Fact::CallsPaused { person, until } => self.pauses(person, Some(*until)),
            Fact::CallsResumed { person } => self.pauses(person, None),
            Fact::CodeRefused { .. }
            | Fact::CallBackRequested { .. }
            | Fact::NhsNumberGiven { .. }
            | Fact::GenderGiven { .. }
            | Fact::Flagged { .. }
            | Fact::HangUpAsked { .. }
            | Fact::RecordingPaused { .. }
            | Fact::CallerAnswered { .. }
            | Fact::AttemptRinging { .. }
            | Fact::KeepTryingAsked { .. }
            | Fact::KeepTryingEnded { .. }
            | Fact::NameSpoken { .. }
            | Fact::PracticeAssigned { .. }
            | Fact::RequestChanged { .. }
            | Fact::PromptsHeard { .. }
            | Fact::LegQuality { .. }
            | Fact::Ladder { .. }
            | Fact::RecordingStarted { .. }
            | Fact::RecordingStored { .. }
            | Fact::RecordingEncoded { .. } => {}
        }
        let contact = self.contacts.get(&record.case);
        if contact.is_some_and(|it| it.opened > 1 || it.closed > 1) {
            broken.push("it was opened or closed twice");
        }
        let broken = broken.into_iter();
        self.broken
            .extend(broken.map(|what| format!("{}: {what}", record.case)));
    }

    /// A call begins, or a call or case ends.
    fn begins_or_ends(&mut self, record: &Record) -> Option<&'static str> {
        let contact = self.contacts.get_mut(&record.case)?;
        if let Fact::CallStarted { kind, .. } = &record.fact {
            let roster = self.roster.as_ref();
            contact.kind = *kind;
            contact.call_is_up = true;
            contact.joined = false;
            contact.open_at_start = roster.is_none_or(|it| it.is_open(&contact.team, record.at));
            contact.errand.starts(record.case, *kind, &self.known);
            return None;
        }
        self.busy.retain(|_, case| *case != record.case);
        if let Fact::CallEnded { cause, .. } = &record.fact {
            contact.call_is_up = false;
            return (*cause == EndCause::Fault).then_some("it ended by a fault");
        }
        contact.closed += 1;
        let open = !contact.open_attempts.is_empty() && record.origin == Origin::Call;
        open.then_some("it closed with an attempt open")
    }

    /// An attempt starts or ends, or somebody is joined.
    fn attempt(&mut self, record: &Record) -> Vec<&'static str> {
        let Some(contact) = self.contacts.get_mut(&record.case) else {
            return Vec::new();
        };
        if let Fact::Joined { attempt, .. } = &record.fact {
            self.tally.added += u64::from(contact.joined);
            let (rule, former) = joined(contact, *attempt, self.entered.take());
            self.left_behind.extend(former);
            return rule.into_iter().collect();
        }
        let rings = contact.open_attempts.len();
        let asked = Asked {
            roster: self.roster.as_ref(),
            known: &self.known,
            paused: &self.paused,
        };
        let broken = attempt(&mut self.busy, contact, record, &asked);
        self.tally.overlaps += u64::from(rings == 1 && contact.open_attempts.len() == 2);
        let owing = (!contact.owed.is_empty()).then_some(record.case);
        self.owing.extend(owing);
        broken
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
            self.callers.remove(leg);
            self.goes(*leg);
        }
        if let Command::StartTape { tape, leg } = command
            && !matches!(
                RecordingPart::from_number(tape.part),
                RecordingPart::Whisper(_)
            )
        {
            self.callers.insert(*leg);
        }
        let Command::Enter { leg, room } = command else {
            return;
        };
        if specialist && !self.callers.contains(leg) {
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
            let is_rung = |rung: &Open| rung.person.as_ref() == Some(&who);
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
        for (case, attempt) in std::mem::take(&mut self.must_stop) {
            let contact = self.contacts.get(&case);
            if contact.is_some_and(|it| it.open_attempts.contains_key(&attempt)) {
                self.broken
                    .push(format!("{case}: it rings on somebody who has paused"));
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
            // While their own phone is asked for a key, it is we who wait for them.
            let waits = |open: &Open| !contact.is_own_phone(open);
            if contact.joined || !contact.open_attempts.values().any(waits) {
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
