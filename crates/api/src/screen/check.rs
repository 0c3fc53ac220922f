//! A wish for a call against the plan: an intent, or every fault that the wish has.

use jiff::Timestamp;
use rotaline_model::{
    Acceptance, NhsNumber, NotAsked, OrganisationId, PersonId, PhoneNumber, Pii, PracticeId,
    SpecialtyId,
};
use rotaline_record::{
    Answerphone, Callee, CallerId, Errand, ErrandKind, Intent, Opening, Undertaking,
};
use rotaline_routing::{Fault, PhoneAddress, Plan, Practice};

use super::{CallWish, First, Wanted};
use crate::ApiState;
use crate::access::{Asker, Right, Tenancy};

/// What is to be done.
pub(super) fn intent(
    state: &ApiState,
    asker: &Asker,
    wish: &CallWish,
    now: Timestamp,
) -> Result<Intent, Vec<Fault>> {
    let edition = state.plan.current();
    let mut checker = Checker {
        plan: &edition.plan,
        asker,
        tenancy: Tenancy::of(&edition),
        named: Vec::new(),
        faults: Vec::new(),
    };
    let first = checker.first(&wish.first);
    let wanted = checker.wanted(&wish.to);
    checker.not_themselves(first.as_ref().map(|(callee, _)| callee), wanted.as_ref());
    let organisation = checker.organisation(wish, wanted.as_ref());
    checker.may_be_rung(organisation.as_ref());
    let nhs_number = checker.nhs_number(wish.nhs_number.as_deref());
    let outcomes = checker.outcomes(wish, organisation.as_ref());
    if !checker.faults.is_empty() {
        return Err(checker.faults);
    }
    let parts = first.zip(wanted).zip(organisation);
    let Some((((first, caller), to), organisation)) = parts else {
        return Err(checker.faults);
    };
    let undertaking = match to {
        To::Specialty(specialty) => Undertaking::Specialty { first, specialty },
        To::Somebody { kind, callee } => {
            let (acceptance, answerphone) = match kind {
                ErrandKind::CallBack => (Acceptance::Required, Answerphone::NotAllowed),
                ErrandKind::PatientCall => {
                    let not_asked = Acceptance::NotAsked(NotAsked::Patient);
                    (not_asked, Answerphone::Allowed)
                }
            };
            let errand = Errand {
                id: state.codes.new_id(now),
                kind,
                organisation: organisation.clone(),
                requester: asker.name(),
                callee,
                acceptance,
                answerphone,
                outcomes,
                case: None,
                // The case is opened with it.
                nhs_number: None,
            };
            Undertaking::Errand { first, errand }
        }
    };
    Ok(Intent {
        case: state.codes.new_id(now).uuid().into(),
        call: state.codes.new_id(now).uuid().into(),
        calls_before: 0,
        attempts_before: 0,
        caller,
        opening: Some(Opening {
            organisation: Some(organisation),
            by: asker.name(),
            nhs_number: nhs_number.map(Pii::new),
        }),
        undertaking,
    })
}

/// Whom the caller wants, if there are such.
enum To {
    Specialty(SpecialtyId),
    Somebody { kind: ErrandKind, callee: Callee },
}

struct Checker<'a> {
    plan: &'a Plan,
    asker: &'a Asker,
    tenancy: Tenancy<'a>,
    /// Numbers that somebody named, and where.
    named: Vec<(&'static str, PhoneNumber)>,
    faults: Vec<Fault>,
}

impl Checker<'_> {
    /// The own phone, and what the caller presents.
    fn first(&mut self, first: &First) -> Option<(Callee, CallerId)> {
        match first {
            First::Person(id) => {
                let (person, address) = self.person("first.person", id)?;
                Some((Callee::Person(person), presented(address)))
            }
            First::Practice(id) => {
                let (practice, line) = self.practice("first.practice", id)?;
                Some((Callee::Practice(practice), CallerId::Number(Pii::new(line))))
            }
            First::Number(text) => {
                let number = self.number("first.number", text)?;
                let callee = Callee::Number(Pii::new(number.clone()));
                Some((callee, CallerId::Number(Pii::new(number))))
            }
        }
    }

    fn wanted(&mut self, wanted: &Wanted) -> Option<To> {
        let (kind, callee) = match wanted {
            Wanted::Specialty(id) => {
                let specialty = SpecialtyId::parse(id).ok();
                let known = specialty.filter(|id| {
                    let of = self.plan.specialty(id).map(|it| &it.organisation);
                    of.is_some_and(|of| self.asker.may(Right::PlaceCalls, of, Some(id)))
                });
                if known.is_none() {
                    let remedy = "the id of one of /api/v1/specialties";
                    self.fault("to.specialty", "there is no such specialty", remedy);
                }
                return known.map(To::Specialty);
            }
            Wanted::Person(id) => {
                let (person, _) = self.person("to.person", id)?;
                (ErrandKind::CallBack, Callee::Person(person))
            }
            Wanted::Practice(id) => {
                let (practice, _) = self.practice("to.practice", id)?;
                (ErrandKind::CallBack, Callee::Practice(practice))
            }
            Wanted::Number(text) => {
                let number = self.number("to.number", text)?;
                (ErrandKind::CallBack, Callee::Number(Pii::new(number)))
            }
            Wanted::Patient(text) => {
                let number = self.number("to.patient", text)?;
                (ErrandKind::PatientCall, Callee::Number(Pii::new(number)))
            }
        };
        Some(To::Somebody { kind, callee })
    }

    fn not_themselves(&mut self, first: Option<&Callee>, wanted: Option<&To>) {
        if let Some(To::Somebody { callee, .. }) = wanted
            && Some(callee) == first
        {
            self.fault("to", "is whoever calls", "name whom they want");
        }
    }

    /// That of the specialty, or what is said.
    fn organisation(&mut self, wish: &CallWish, to: Option<&To>) -> Option<OrganisationId> {
        const FIELD: &str = "organisation";
        let of_specialty = match to {
            Some(To::Specialty(id)) => self.plan.specialty(id).map(|it| &it.organisation),
            Some(To::Somebody { .. }) | None => None,
        };
        let Some(text) = &wish.organisation else {
            if of_specialty.is_none() && !matches!(wish.to, Wanted::Specialty(_)) {
                let problem = "is missing: it is left out only with a specialty";
                self.fault(FIELD, problem, "the id of one of /api/v1/organisations");
            }
            return of_specialty.cloned();
        };
        let given = OrganisationId::parse(text).ok();
        let right = match wish.to {
            Wanted::Patient(_) => Right::PatientCalls,
            _ => Right::PlaceCalls,
        };
        let given = given
            .filter(|id| self.plan.organisation(id).is_some() && self.asker.may(right, id, None));
        if given.is_none() {
            let remedy = "the id of one of /api/v1/organisations";
            self.fault(FIELD, "there is no such organisation", remedy);
        } else if of_specialty.is_some() && of_specialty != given.as_ref() {
            let remedy = "leave it out: the specialty says which it is";
            self.fault(FIELD, "is not the specialty's", remedy);
        }
        given
    }

    fn nhs_number(&mut self, text: Option<&str>) -> Option<NhsNumber> {
        let parsed = NhsNumber::parse(text?);
        if let Err(error) = &parsed {
            let remedy = "ten digits of which the last checks the others";
            self.fault("nhs_number", &error.to_string(), remedy);
        }
        parsed.ok()
    }

    fn outcomes(
        &mut self,
        wish: &CallWish,
        organisation: Option<&OrganisationId>,
    ) -> Option<SpecialtyId> {
        const FIELD: &str = "outcomes";
        let text = wish.outcomes.as_deref()?;
        if !matches!(wish.to, Wanted::Patient(_)) {
            let remedy = "leave it out: only a call to a patient is told whose menu is asked";
            self.fault(FIELD, "does nothing", remedy);
            return None;
        }
        let specialty = SpecialtyId::parse(text).ok();
        let known = specialty.filter(|id| {
            let of = self.plan.specialty(id).map(|it| &it.organisation);
            of.is_some() && (organisation.is_none() || of == organisation)
        });
        if known.is_none() {
            let problem = "this organisation has no such specialty";
            self.fault(FIELD, problem, "the id of one of its specialties");
        }
        known
    }

    fn person(&mut self, field: &str, id: &str) -> Option<(PersonId, PhoneAddress)> {
        let known = PersonId::parse(id).ok();
        let known = known.filter(|id| self.tenancy.person(self.asker, Right::PlaceCalls, id));
        let known = known.and_then(|id| self.plan.person(&id));
        let Some(person) = known else {
            let remedy = "the id of one of /api/v1/people";
            self.fault(field, "there is no such person", remedy);
            return None;
        };
        let Some(phone) = person.phones.first() else {
            let remedy = "give them a phone, or name a number";
            self.fault(field, "has no phone", remedy);
            return None;
        };
        Some((person.id.clone(), phone.to.clone()))
    }

    fn practice(&mut self, field: &str, id: &str) -> Option<(PracticeId, PhoneNumber)> {
        let known = PracticeId::parse(id).ok();
        let known = known.and_then(|id| self.plan.practice(&id));
        let Some(practice) = known else {
            let remedy = "the id of one of /api/v1/practices";
            self.fault(field, "there is no such practice", remedy);
            return None;
        };
        let Some(line) = line(practice) else {
            let remedy = "give it a bypass number or a reception, or name a number";
            self.fault(field, "has no number where it is rung", remedy);
            return None;
        };
        Some((practice.id.clone(), line.clone()))
    }

    /// What is wrong with a number is told, the number itself is not said back.
    fn number(&mut self, field: &'static str, text: &str) -> Option<PhoneNumber> {
        let number = match PhoneNumber::parse(text) {
            Ok(number) => number,
            Err(error) => {
                self.fault(field, &error.to_string(), "e.g. 01632 960101");
                return None;
            }
        };
        if self.plan.is_ours(&number) {
            let remedy = "name somebody else's number";
            self.fault(field, "is one of our own numbers", remedy);
            return None;
        }
        self.named.push((field, number.clone()));
        Some(number)
    }

    /// Which numbers are rung, an organisation says.
    fn may_be_rung(&mut self, organisation: Option<&OrganisationId>) {
        let limits = match organisation {
            Some(organisation) => self.plan.dial_out(organisation),
            None => self.plan.dial_out_by_default(),
        };
        for (field, number) in std::mem::take(&mut self.named) {
            if let Err(why) = limits.check(&number) {
                let remedy = format!("rung are {limits}");
                self.fault(field, &why.to_string(), &remedy);
            }
        }
    }

    fn fault(&mut self, field: &str, problem: &str, remedy: &str) {
        self.faults.push(Fault {
            file: "call".to_owned(),
            key: field.to_owned(),
            problem: problem.to_owned(),
            remedy: remedy.to_owned(),
        });
    }
}

fn line(practice: &Practice) -> Option<&PhoneNumber> {
    practice.bypass.as_ref().or(practice.reception.as_ref())
}

fn presented(address: PhoneAddress) -> CallerId {
    match address {
        PhoneAddress::Number(number) => CallerId::Number(Pii::new(number)),
        PhoneAddress::Sip(uri) => CallerId::Other(Pii::new(uri.to_string())),
    }
}
