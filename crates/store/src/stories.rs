//! Records of made-up calls, for tests.

use jiff::Timestamp;
use rotaline_model::{
    Acceptance, CallId, CaseId, Dialled, EndCause, LegId, NodeId, PersonId, PhoneNumber, Pii,
    PracticeId, SpecialtyId,
};
use rotaline_record::{
    AttemptResult, CallKind, CallerId, Case, EndedBy, Fact, LadderDirection, LadderEntry, Origin,
    OutcomeHow, PhoneKind, Record, RecordingPart,
};
use uuid::Uuid;

pub(crate) const OPENED_MS: i64 = 1_790_000_000_000;

/// One call of a made-up day; `number` tells calls apart, and orders them.
#[derive(Clone, Copy)]
pub(crate) struct Story {
    pub(crate) number: u32,
    pub(crate) specialty: &'static str,
    pub(crate) practice: &'static str,
    pub(crate) person: &'static str,
    pub(crate) outcome: Option<&'static str>,
}

impl Story {
    pub(crate) fn new(number: u32) -> Self {
        Story {
            number,
            specialty: "cardiology",
            practice: "elm-street",
            person: "cleo",
            outcome: Some("referral-avoided"),
        }
    }

    pub(crate) fn id(&self) -> CaseId {
        case_id(self.number)
    }

    /// The whole call: one phone in vain, then joined, then its outcome.
    pub(crate) fn records(&self) -> Vec<Record> {
        let call = CallId::from(Uuid::from_u128(u128::from(self.number)));
        let cause = EndCause::SpecialistHungUp;
        let mut facts = vec![self.opened()];
        facts.push(Fact::CallStarted {
            call,
            sip_call_id: Some(format!("{}@a", self.number)),
            kind: CallKind::Inbound,
        });
        facts.push(Fact::CallerAnswered { call });
        facts.push(Fact::SpecialtyChosen {
            specialty: SpecialtyId::parse(self.specialty).unwrap(),
            key: None,
        });
        facts.extend(attempt(call, 1, "ann", AttemptResult::NoAnswer));
        facts.extend(attempt(call, 2, self.person, AttemptResult::Accepted));
        facts.push(Fact::Joined {
            call,
            leg: LegId(2),
            attempt: 2,
        });
        facts.push(Fact::Ladder {
            call,
            entries: vec![ladder_entry(); 24],
        });
        facts.push(Fact::TalkEnded {
            call,
            by: EndedBy::Specialist,
        });
        if let Some(outcome) = self.outcome {
            let (outcome, by, how) = (outcome.into(), "caller".into(), OutcomeHow::Key);
            facts.push(Fact::OutcomeSet { outcome, by, how });
        }
        facts.push(Fact::CallEnded { call, cause });
        facts.push(Fact::CaseClosed { cause });
        (1..)
            .zip(facts)
            .map(|(sequence, fact)| self.record(Origin::Call, sequence, fact))
            .collect()
    }

    pub(crate) fn record(&self, origin: Origin, sequence: u64, fact: Fact) -> Record {
        let ms = OPENED_MS + i64::from(self.number) * 60_000 + (sequence as i64 - 1) * 1_000;
        Record {
            case: self.id(),
            origin,
            sequence,
            at: Timestamp::from_millisecond(ms).unwrap(),
            node: NodeId(1),
            fact,
        }
    }

    fn opened(&self) -> Fact {
        Fact::CaseOpened {
            dialled: Some(Dialled::parse("+442079460100").unwrap()),
            caller: CallerId::Number(Pii::new(PhoneNumber::parse("+442079460001").unwrap())),
            organisation: None,
            practice: Some(PracticeId::parse(self.practice).unwrap()),
            area: Some("North".into()),
        }
    }

    pub(crate) fn outcome_given(&self, sequence: u64, outcome: &str) -> Record {
        let (outcome, by, how) = (outcome.into(), "cleo".into(), OutcomeHow::Screen);
        self.record(Origin::Api, sequence, Fact::OutcomeSet { outcome, by, how })
    }

    pub(crate) fn recording_started(&self) -> Record {
        let part = RecordingPart::Case;
        self.record(Origin::Recorder, 1, Fact::RecordingStarted { part })
    }

    pub(crate) fn recording_encoded(&self) -> Record {
        let (part, file) = (RecordingPart::Case, format!("{}.mp3", self.number));
        self.record(
            Origin::Recorder,
            9,
            Fact::RecordingEncoded {
                part,
                file,
                bytes: 1,
            },
        )
    }

    pub(crate) fn case(&self) -> Case {
        folded(&self.records())
    }
}

pub(crate) fn case_id(number: u32) -> CaseId {
    CaseId::from(Uuid::from_u128(1_000_000 + u128::from(number)))
}

pub(crate) fn folded(records: &[Record]) -> Case {
    let mut case = Case::open(&records[0]).unwrap();
    for record in &records[1..] {
        case.apply(record);
    }
    case
}

fn attempt(call: CallId, attempt: u16, person: &str, result: AttemptResult) -> [Fact; 3] {
    let started = Fact::AttemptStarted {
        attempt,
        call,
        leg: LegId(attempt.into()),
        person: Some(PersonId::parse(person).unwrap()),
        phone: PhoneKind::Mobile,
        acceptance: Acceptance::Required,
        round: 1,
        reason: "next on the rota".into(),
    };
    let ended = Fact::AttemptEnded {
        attempt,
        result,
        evidence: vec![],
        answerphone: vec![],
        ring_ms: 1_000,
    };
    [started, Fact::AttemptRinging { attempt }, ended]
}

fn ladder_entry() -> LadderEntry {
    LadderEntry {
        at: Timestamp::from_millisecond(OPENED_MS).unwrap(),
        leg: LegId(1),
        direction: LadderDirection::Out,
        what: "INVITE".into(),
        again: false,
    }
}
