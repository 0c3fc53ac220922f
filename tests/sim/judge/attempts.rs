//! Whom a call may ring, and who is let in: the judge's rules for attempts.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rotaline_media::MediaLeg;
use rotaline_model::{Acceptance, CaseId, ErrandId, PersonId};
use rotaline_record::{AttemptResult, CallKind, Callee, Fact, PhoneKind, Record, Undertaking};

use super::{Contact, Line};
use crate::roster::Roster;

/// What is known before a world begins.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Whom each code or PIN is for.
    pub callees: BTreeMap<ErrandId, Callee>,
    /// What was asked for on a screen.
    pub screens: BTreeMap<CaseId, Undertaking>,
    /// Whose phones have which numbers.
    pub people: BTreeMap<String, PersonId>,
}

/// What decides whether somebody may be rung.
pub struct Asked<'a> {
    /// The plan as it is.
    pub roster: Option<&'a Roster>,
    /// What is known beforehand.
    pub known: &'a Known,
    /// Who has paused their calls, and until when.
    pub paused: &'a BTreeMap<PersonId, Timestamp>,
}

/// An attempt that has not ended.
#[derive(Debug)]
pub(super) struct Open {
    pub person: Option<PersonId>,
    phone: PhoneKind,
    acceptance: Acceptance,
    joined: bool,
    /// A hunt rings it, and it has not answered.
    hunted: bool,
}

impl Open {
    /// Whether it rings a caller.
    pub fn is_callers(&self) -> bool {
        self.phone == PhoneKind::Caller
    }

    /// It answers.
    pub fn answers(&mut self) {
        self.hunted = false;
    }

    /// Whether a hunt rings somebody's phone.
    pub fn is_hunted(&self, person: &PersonId) -> bool {
        self.hunted && self.person.as_ref() == Some(person)
    }
}

/// What a code or a click opened.
#[derive(Debug, Default)]
pub(super) enum Errand {
    /// Nothing, or it is done.
    #[default]
    None,
    /// Whoever it is for is yet to be rung.
    Waiting(Option<Callee>),
}

impl Errand {
    pub fn is_waiting(&self) -> bool {
        matches!(self, Errand::Waiting(_))
    }

    /// A call begins: on a screen the errand is known.
    pub fn starts(&mut self, case: CaseId, kind: CallKind, known: &Known) {
        if let (CallKind::ClickToCall, Some(Undertaking::Errand { errand, .. })) =
            (kind, known.screens.get(&case))
        {
            *self = Errand::Waiting(Some(errand.callee.clone()));
        }
    }
}

fn person_of(callee: &Callee) -> Option<&PersonId> {
    match callee {
        Callee::Person(person) => Some(person),
        Callee::Practice(_) | Callee::Number(_) => None,
    }
}

/// Somebody is joined: what is wrong with that, and the leg that they talked on before, if any.
pub(super) fn joined(
    contact: &mut Contact,
    attempt: u16,
    entered: Option<MediaLeg>,
) -> (Option<&'static str>, Option<MediaLeg>) {
    let again = std::mem::replace(&mut contact.joined, true);
    let unasked = again && !contact.may_add;
    let unasked = unasked.then_some("a second specialist was joined");
    if let Some(open) = contact.open_attempts.get_mut(&attempt)
        && open.acceptance != Acceptance::Required
    {
        open.joined = true;
        return (unasked, None);
    }
    let waited = contact.waits.take_if(|(number, _)| *number == attempt);
    let person = match waited {
        Some((_, person)) => {
            // The caller, who was rung back.
            contact.owed.clear();
            Some(Some(person))
        }
        None => contact.owed.remove(&attempt),
    };
    let Some(person) = person else {
        return (Some("somebody was joined who had not accepted"), None);
    };
    let leg = person.zip(entered);
    let former = leg.and_then(|(who, leg)| contact.talks_on.insert(who, leg));
    (unasked, former)
}

/// An attempt starts or ends.
pub(super) fn attempt(
    busy: &mut BTreeMap<PersonId, CaseId>,
    contact: &mut Contact,
    record: &Record,
    asked: &Asked<'_>,
) -> Vec<&'static str> {
    match &record.fact {
        Fact::AttemptStarted { .. } => starts(busy, contact, record, asked),
        Fact::AttemptEnded {
            attempt, result, ..
        } => ends(busy, contact, *attempt, *result).into_iter().collect(),
        _ => Vec::new(),
    }
}

fn starts(
    busy: &mut BTreeMap<PersonId, CaseId>,
    contact: &mut Contact,
    record: &Record,
    asked: &Asked<'_>,
) -> Vec<&'static str> {
    let Fact::AttemptStarted {
        attempt,
        person,
        phone,
        acceptance,
        ..
    } = &record.fact
    else {
        return Vec::new();
    };
    let mut broken = Vec::new();
    let returns = contact.line == Line::Inbound && *phone == PhoneKind::Caller;
    let taken = match returns {
        true => contact.caller_person.clone(),
        false => person.clone(),
    };
    let with_another = |case: CaseId| case != record.case;
    if let Some(person) = taken
        && busy.insert(person, record.case).is_some_and(with_another)
    {
        broken.push("it rang somebody who was busy with another");
    }
    let moves = |person: &PersonId| contact.talks_on.contains_key(person);
    let mut hunted = false;
    if *phone == PhoneKind::Caller {
        broken.extend(own_phone(contact, person.as_ref(), record, asked));
    } else if let Errand::Waiting(callee) = std::mem::take(&mut contact.errand) {
        let right = callee.is_some_and(|callee| person_of(&callee) == person.as_ref());
        broken.extend((!right).then_some("it rang somebody for whom its code was not"));
    } else if let Some(person) = person.as_ref().filter(|person| !moves(person)) {
        let (team, at) = (&contact.team, record.at);
        hunted = true;
        let roster = asked.roster;
        if roster.is_some_and(|roster| !roster.allows(team, person.as_str(), at)) {
            broken.push("it rang somebody of no session that it may be given to");
        }
        if contact.kind == CallKind::KeepTrying && !contact.open_at_start {
            broken.push("we kept trying a team that was closed");
        }
    }
    let until = person.as_ref().and_then(|person| asked.paused.get(person));
    let pause = until.is_some_and(|until| *until > record.at);
    if pause && *phone != PhoneKind::Caller && !person.as_ref().is_some_and(moves) {
        broken.push("it rang somebody who had paused their calls");
    }
    let open = Open {
        person: person.clone(),
        phone: *phone,
        acceptance: *acceptance,
        joined: false,
        hunted,
    };
    contact.open_attempts.insert(*attempt, open);
    if contact.open_attempts.len() > contact.may_ring.max(1) {
        broken.push("too many phones rang for it at a time");
    }
    contact.attempts += 1;
    broken
}

/// A caller's own phone is rung: theirs who asked for it, or a caller's who is owed a call.
fn own_phone(
    contact: &Contact,
    person: Option<&PersonId>,
    record: &Record,
    asked: &Asked<'_>,
) -> Option<&'static str> {
    let right = match contact.kind {
        CallKind::Inbound => contact.line == Line::Inbound && person.is_none(),
        CallKind::KeepTrying => contact.waits.is_some() && person.is_none(),
        CallKind::OnScreen | CallKind::ClickToCall => {
            let first = asked.known.screens.get(&record.case).map(|it| match it {
                Undertaking::Specialty { first, .. } | Undertaking::Errand { first, .. } => first,
                Undertaking::KeepTrying(_) => unreachable!("no screen asks for it"),
            });
            first.is_some_and(|first| person_of(first) == person)
        }
    };
    (!right).then_some("it rang a caller's phone who had not asked for it")
}

fn ends(
    busy: &mut BTreeMap<PersonId, CaseId>,
    contact: &mut Contact,
    attempt: u16,
    result: AttemptResult,
) -> Option<&'static str> {
    let Some(open) = contact.open_attempts.remove(&attempt) else {
        return Some("an attempt ended that was not open");
    };
    let to_caller = open.is_callers();
    if result == AttemptResult::Accepted {
        if open.joined || contact.is_own_phone(&open) {
            return None;
        }
        match open.person {
            Some(person) if contact.kind == CallKind::KeepTrying && !contact.joined => {
                contact.waits = Some((attempt, person));
            }
            person => {
                contact.owed.insert(attempt, person);
            }
        }
        return None;
    }
    if contact.kind == CallKind::KeepTrying
        && to_caller
        && let Some((_, person)) = contact.waits.take()
    {
        busy.remove(&person);
    }
    // Who returned a missed call is free again though they still hear that nobody answered.
    if contact.line == Line::Inbound
        && to_caller
        && let Some(person) = &contact.caller_person
    {
        busy.remove(person);
    }
    // Whose other phone was tried still talks.
    if let Some(person) = open.person
        && !contact.talks_on.contains_key(&person)
    {
        busy.remove(&person);
    }
    None
}
