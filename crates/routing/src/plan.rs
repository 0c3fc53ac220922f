//! The plan: everything that is configured about who is rung when. It never changes; an edit
//! makes a new one, and calls read the newest at each attempt.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rotaline_model::{
    Dialled, Digit, MenuKey, OrganisationId, PersonId, PhoneNumber, PracticeId, PromptId,
    SpecialtyId,
};

use crate::address::PhoneAddress;
use crate::bank_holidays::{BankHolidays, Nation};
use crate::day;
use crate::dial_out::{DialOutLimits, DialOutRules, OwnDialOut};
use crate::fault::{Fault, Source};
use crate::hours::WeeklySpan;
use crate::order::Order;
use crate::phrase::{Phrase, Phrases};
use crate::rota::{Absence, HoursOn, OnBankHoliday, Override, Session, Swap};
use crate::service::Service;

/// Organisations, numbers, specialties, people and practices; read by [`Plan::parse`].
#[derive(Clone, Debug)]
pub struct Plan {
    pub(crate) inbound_number: PhoneNumber,
    pub(crate) organisations: BTreeMap<OrganisationId, Organisation>,
    pub(crate) numbers: BTreeMap<Dialled, Service>,
    pub(crate) specialties: BTreeMap<SpecialtyId, Specialty>,
    pub(crate) people: BTreeMap<PersonId, Person>,
    pub(crate) practices: BTreeMap<PracticeId, Practice>,
    pub(crate) practice_by_number: BTreeMap<PhoneNumber, PracticeId>,
    pub(crate) practice_by_code: BTreeMap<String, PracticeId>,
    pub(crate) bank_holidays: BankHolidays,
    pub(crate) phrases: Phrases,
    pub(crate) prompts: BTreeSet<PromptId>,
    pub(crate) announcements: BTreeMap<PromptId, Announcement>,
    pub(crate) dial_out: Arc<DialOutRules>,
}

/// A trust, board or care area.
#[derive(Clone, Debug)]
pub struct Organisation {
    /// Its id.
    pub id: OrganisationId,
    /// Its name, as people read it.
    pub name: String,
    /// Its name, as it is said.
    pub prompt: PromptId,
    /// Its time zone.
    pub zone: TimeZone,
    /// Where it is, by its bank holidays; none: it has none.
    pub nation: Option<Nation>,
    /// How long a hunt may begin new attempts.
    pub budget: Duration,
    /// Rounds of a hunt.
    pub rounds: u8,
    /// Its help line, if it has one.
    pub help: Option<PhoneAddress>,
    /// Whether the patient's NHS number is asked for while a phone rings.
    pub ask_nhs_number: bool,
    /// What it says of numbers that people name.
    pub dial_out: OwnDialOut,
    pub(crate) ring_time: Option<Duration>,
}

/// A team that answers.
#[derive(Clone, Debug)]
pub struct Specialty {
    /// Its id.
    pub id: SpecialtyId,
    /// Whose it is.
    pub organisation: OrganisationId,
    /// Its name, as people read it.
    pub name: String,
    /// Its name, as it is said.
    pub prompt: PromptId,
    /// Its key in the menu; none: only its own numbers reach it.
    pub key: Option<MenuKey>,
    /// Where its people are based, as callers read it.
    pub base: Option<String>,
    /// When it is open, in the organisation's zone.
    pub hours: Vec<WeeklySpan>,
    /// Hours on dates, in place of all others.
    pub hours_on: Vec<HoursOn>,
    /// What it does on a bank holiday of its organisation's nation.
    pub on_bank_holiday: OnBankHoliday,
    /// Who answers when, each week, in the organisation's zone.
    pub sessions: Vec<Session>,
    /// Other people or times on some dates.
    pub overrides: Vec<Override>,
    /// Sessions that two people exchanged.
    pub swaps: Vec<Swap>,
    /// In which order its people are rung.
    pub order: Order,
    /// What may have come of a call, in the order of saying.
    pub outcomes: Vec<Outcome>,
    /// Who is hunted when its rota is exhausted: a regional or national pool.
    pub overflow: Option<SpecialtyId>,
    /// How long before a phone is given up the next one begins to ring; none: two never ring at
    /// the same time.
    pub overlap: Option<Duration>,
    /// Whether the keys of its specialists do something during a talk.
    pub in_call_keys: bool,
    /// Whether a caller whom nobody could take may ask that the search goes on and that they are
    /// rung back.
    pub keep_trying: bool,
    pub(crate) ring_time: Option<Duration>,
}

/// What came of a call.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Its id, e.g. `referral-avoided`.
    pub id: String,
    /// Its name, as people read it.
    pub name: String,
    /// Its key.
    pub key: Digit,
    /// Its name, as it is said.
    pub prompt: PromptId,
    /// How the monthly activity return counts it.
    pub activity: Activity,
}

/// How the monthly activity return counts calls with an outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Activity {
    /// Advice was given.
    #[default]
    Processed,
    /// Advice was given, and no referral came of it.
    Diverted,
    /// Neither.
    NotCounted,
}

/// Somebody on a rota.
#[derive(Clone, Debug)]
pub struct Person {
    /// Their id.
    pub id: PersonId,
    /// Their name.
    pub name: String,
    /// The organisations that they are a member of; empty: those on whose rotas they are.
    pub organisations: Vec<OrganisationId>,
    /// When they are away.
    pub absences: Vec<Absence>,
    /// Their phones, in the order of trying.
    pub phones: Vec<Phone>,
    pub(crate) ring_time: Option<Duration>,
}

/// One of a person's phones.
#[derive(Clone, Debug)]
pub struct Phone {
    /// What it is.
    pub kind: PhoneKind,
    /// Where it is reached.
    pub to: PhoneAddress,
    pub(crate) ring_time: Option<Duration>,
}

/// What kind of phone it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PhoneKind {
    /// A mobile.
    Mobile,
    /// A desk phone.
    Desk,
    /// A phone at home.
    Home,
    /// A SIP phone or app.
    App,
}

/// Where callers work.
#[derive(Clone, Debug)]
pub struct Practice {
    /// Its id.
    pub id: PracticeId,
    /// Its name, as people read it.
    pub name: String,
    /// Its name, as it is said.
    pub prompt: PromptId,
    /// Its area.
    pub area: Option<String>,
    /// Numbers that its calls come from.
    pub numbers: Vec<PhoneNumber>,
    /// Where it is rung back.
    pub reception: Option<PhoneNumber>,
    /// A number that skips its queue.
    pub bypass: Option<PhoneNumber>,
    /// Its code in the directory, 2 to 6 digits; keyed after `9`.
    pub code: Option<String>,
    /// Where it is, as people search for it.
    pub place: Option<String>,
}

/// What is known of an announcement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// Which wording it is.
    pub version: u32,
    /// How long it lasts, in milliseconds.
    pub length_ms: u32,
    /// From when on it is not said any more.
    pub expires: Option<Timestamp>,
}

/// SERVICE 1.6: how long a phone rings where nothing else is said.
const RING_TIME: Duration = Duration::from_secs(15);

impl Plan {
    /// Reads a plan. All faults are found before any is reported.
    pub fn parse(sources: &[Source]) -> Result<Plan, Vec<Fault>> {
        crate::parse::parse(sources)
    }

    /// The caller id of every outgoing call.
    pub fn inbound_number(&self) -> &PhoneNumber {
        &self.inbound_number
    }

    /// What answers at a number.
    pub fn service(&self, dialled: &Dialled) -> Option<&Service> {
        self.numbers.get(dialled)
    }

    /// The first number behind which there is such a service.
    pub fn number_of(&self, is: impl Fn(&Service) -> bool) -> Option<&Dialled> {
        let mut numbers = self.numbers.iter();
        numbers.find(|(_, service)| is(service)).map(|it| it.0)
    }

    /// Whether a number is one of ours: a call that comes from it has come round.
    pub fn is_ours(&self, number: &PhoneNumber) -> bool {
        *number == self.inbound_number || self.numbers.contains_key(&Dialled::Full(number.clone()))
    }

    /// An organisation.
    pub fn organisation(&self, id: &OrganisationId) -> Option<&Organisation> {
        self.organisations.get(id)
    }

    /// All organisations, by their ids.
    pub fn organisations(&self) -> impl Iterator<Item = &Organisation> {
        self.organisations.values()
    }

    /// A specialty.
    pub fn specialty(&self, id: &SpecialtyId) -> Option<&Specialty> {
        self.specialties.get(id)
    }

    /// Every specialty, by id.
    pub fn specialties(&self) -> impl Iterator<Item = &Specialty> {
        self.specialties.values()
    }

    /// A person.
    pub fn person(&self, id: &PersonId) -> Option<&Person> {
        self.people.get(id)
    }

    /// Whose phone has a number.
    pub fn person_with_phone(&self, number: &PhoneNumber) -> Option<&Person> {
        let has = |phone: &Phone| matches!(&phone.to, PhoneAddress::Number(it) if it == number);
        let mut people = self.people.values();
        people.find(|person| person.phones.iter().any(has))
    }

    /// A practice.
    pub fn practice(&self, id: &PracticeId) -> Option<&Practice> {
        self.practices.get(id)
    }

    /// Every practice, by id.
    pub fn practices(&self) -> impl Iterator<Item = &Practice> {
        self.practices.values()
    }

    /// The practice that a caller number belongs to.
    pub fn practice_of(&self, caller: &PhoneNumber) -> Option<&Practice> {
        self.practices.get(self.practice_by_number.get(caller)?)
    }

    /// The practice that has a directory code.
    pub fn practice_with_code(&self, code: &str) -> Option<&Practice> {
        self.practices.get(self.practice_by_code.get(code)?)
    }

    /// Which numbers that people name may be rung for an organisation, and how many.
    pub fn dial_out(&self, organisation: &OrganisationId) -> DialOutLimits<'_> {
        let own = self.organisation(organisation).map(|it| &it.dial_out);
        DialOutLimits::new(&self.dial_out, own)
    }

    /// The same for an organisation that says nothing of its own.
    pub fn dial_out_by_default(&self) -> DialOutLimits<'_> {
        DialOutLimits::new(&self.dial_out, None)
    }

    /// An organisation's specialties that have a key, in the order of their keys.
    pub fn menu(&self, organisation: &OrganisationId) -> Vec<&Specialty> {
        let mut menu: Vec<&Specialty> = self
            .specialties
            .values()
            .filter(|specialty| specialty.organisation == *organisation && specialty.key.is_some())
            .collect();
        menu.sort_by_key(|specialty| specialty.key);
        menu
    }

    /// Who is on a specialty's rota and not away, in the order of the rota. Where sessions overlap,
    /// the people of the one that stands first come first; nobody is named twice.
    pub fn on_rota(&self, specialty: &Specialty, now: Timestamp) -> Vec<&Person> {
        let zone = self.zone(specialty);
        let mut people: Vec<&Person> = Vec::new();
        for session in self.sessions_at(specialty, now) {
            for turn in day::turns(specialty, &session) {
                let Some(person) = self.people.get(turn.person) else {
                    continue;
                };
                let known = people.iter().any(|known| known.id == person.id);
                if !known && !person.is_away(zone, now) {
                    people.push(person);
                }
            }
        }
        people
    }

    /// How long a phone rings: the most specific of phone, person, specialty and organisation.
    pub fn ring_time(&self, specialty: &Specialty, person: &Person, phone: &Phone) -> Duration {
        let organisation = self.organisations.get(&specialty.organisation);
        phone
            .ring_time
            .or(person.ring_time)
            .or(specialty.ring_time)
            .or(organisation.and_then(|organisation| organisation.ring_time))
            .unwrap_or(RING_TIME)
    }

    /// Whether the keys of a specialty's specialists do something during a talk.
    pub fn in_call_keys(&self, specialty: &SpecialtyId) -> bool {
        self.specialty(specialty)
            .is_some_and(|specialty| specialty.in_call_keys)
    }

    /// The id of a fixed announcement.
    pub fn phrase(&self, phrase: Phrase) -> &PromptId {
        self.phrases.get(phrase)
    }

    /// The id of a number's announcement, 0 to 59.
    pub fn number_prompt(&self, number: u8) -> &PromptId {
        self.phrases.number(number)
    }

    /// Every announcement that may be played under this plan.
    pub fn prompts(&self) -> impl Iterator<Item = &PromptId> {
        self.phrases.all().chain(&self.prompts)
    }

    /// What is known of an announcement, if that was said by [`Plan::with_announcements`].
    pub fn announcement(&self, prompt: &PromptId) -> Option<&Announcement> {
        self.announcements.get(prompt)
    }

    /// The plan with a person's first phone elsewhere: for a demo or test whose phones take the
    /// ports that are free.
    pub fn with_phone(mut self, person: &PersonId, to: PhoneAddress) -> Self {
        let first = self
            .people
            .get_mut(person)
            .and_then(|person| person.phones.first_mut());
        if let Some(phone) = first {
            phone.to = to;
        }
        self
    }

    /// The plan in a deployment that has its own rules for numbers that people name.
    #[must_use]
    pub fn with_dial_out(mut self, rules: Arc<DialOutRules>) -> Self {
        self.dial_out = rules;
        self
    }

    /// The plan, knowing its announcements, so that a case can say which version of each was
    /// heard, and how much of it, and so that none is said beyond its day.
    #[must_use]
    pub fn with_announcements(mut self, of: impl Fn(&PromptId) -> Option<Announcement>) -> Self {
        let known: Vec<(PromptId, Announcement)> = self
            .prompts()
            .filter_map(|prompt| Some((prompt.clone(), of(prompt)?)))
            .collect();
        self.announcements = known.into_iter().collect();
        self
    }
}

impl Person {
    /// Whether they are away, by the clock of `zone`.
    pub fn is_away(&self, zone: &TimeZone, now: Timestamp) -> bool {
        self.absences
            .iter()
            .any(|absence| absence.covers(zone, now))
    }
}
