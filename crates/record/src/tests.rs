//! Stories of cases, told fact by fact.

use jiff::Timestamp;
use rotaline_model::{
    Acceptance, CallId, CaseId, Dialled, EndCause, LegId, MenuKey, NodeId, NotAsked,
    OrganisationId, PersonId, PhoneNumber, Pii, PromptId, RequestId, SpecialtyId,
};
use uuid::Uuid;

use super::*;

mod live;

const CALLER_NUMBER: &str = "+442079460001";

/// Tells a case second by second.
struct Story {
    records: Vec<Record>,
    sequence: u64,
}

impl Story {
    fn new() -> Self {
        let mut story = Story {
            records: Vec::new(),
            sequence: 0,
        };
        story.at(0.0, opened());
        story.at(
            0.0,
            Fact::CallStarted {
                call: call(),
                sip_call_id: Some("a@b".into()),
                kind: CallKind::Inbound,
            },
        );
        story.at(0.1, Fact::CallerAnswered { call: call() });
        story
    }

    fn at(&mut self, second: f64, fact: Fact) -> &mut Self {
        self.sequence += 1;
        let record = record(Origin::Call, self.sequence, second, fact);
        self.records.push(record);
        self
    }

    fn attempt(&mut self, second: f64, number: u16, person: &str) -> &mut Self {
        self.at(
            second,
            Fact::AttemptStarted {
                attempt: number,
                call: call(),
                leg: LegId(number.into()),
                person: Some(PersonId::parse(person).unwrap()),
                phone: PhoneKind::Mobile,
                acceptance: Acceptance::Required,
                round: 1,
                reason: "on the rota".into(),
            },
        )
    }

    fn attempt_ends(
        &mut self,
        second: f64,
        attempt: u16,
        result: AttemptResult,
        ring_ms: u32,
    ) -> &mut Self {
        let evidence = Vec::new();
        self.at(
            second,
            Fact::AttemptEnded {
                attempt,
                result,
                evidence,
                answerphone: Vec::new(),
                ring_ms,
            },
        )
    }

    fn told(&self) -> Case {
        let mut case = Case::open(&self.records[0]).unwrap();
        for record in &self.records[1..] {
            assert_eq!(case.apply(record), Applied::Applied, "{record:?}");
        }
        case
    }
}

fn case_id() -> CaseId {
    CaseId::from(Uuid::from_u128(7))
}

fn call() -> CallId {
    CallId::from(Uuid::from_u128(8))
}

fn record(origin: Origin, sequence: u64, second: f64, fact: Fact) -> Record {
    let at = Timestamp::from_millisecond(1_790_000_000_000 + (second * 1_000.0) as i64).unwrap();
    Record {
        case: case_id(),
        origin,
        sequence,
        at,
        node: NodeId(1),
        fact,
    }
}

fn opened() -> Fact {
    Fact::CaseOpened {
        dialled: Some(Dialled::parse("+442079460100").unwrap()),
        caller: CallerId::Number(Pii::new(PhoneNumber::parse(CALLER_NUMBER).unwrap())),
        organisation: None,
        practice: None,
        area: None,
    }
}

fn chosen(specialty: &str) -> Fact {
    Fact::SpecialtyChosen {
        specialty: SpecialtyId::parse(specialty).unwrap(),
        key: MenuKey::from_number(1).ok(),
    }
}

fn joined(attempt: u16) -> Fact {
    Fact::Joined {
        call: call(),
        leg: LegId(attempt.into()),
        attempt,
    }
}

fn talk_ended(by: EndedBy) -> Fact {
    Fact::TalkEnded { call: call(), by }
}

fn outcome(outcome: &str) -> Fact {
    Fact::OutcomeSet {
        outcome: outcome.into(),
        by: "the caller".into(),
        how: OutcomeHow::Key,
    }
}

fn call_ended(cause: EndCause) -> Fact {
    Fact::CallEnded {
        call: call(),
        cause,
    }
}

fn third_accepts() -> Story {
    let mut story = Story::new();
    story
        .at(3.0, chosen("cardiology"))
        .attempt(3.0, 1, "ann")
        .at(4.0, Fact::AttemptRinging { attempt: 1 })
        .attempt_ends(19.0, 1, AttemptResult::NoAnswer, 15_000)
        .attempt(19.1, 2, "ben")
        .attempt_ends(20.0, 2, AttemptResult::Busy, 0)
        .attempt(20.1, 3, "cleo")
        .at(21.0, Fact::AttemptRinging { attempt: 3 })
        .at(24.0, Fact::AttemptAnswered { attempt: 3 })
        .attempt_ends(28.5, 3, AttemptResult::Accepted, 3_000)
        .at(28.5, joined(3))
        .at(148.5, talk_ended(EndedBy::Specialist))
        .at(152.0, outcome("referral-avoided"))
        .at(155.0, call_ended(EndCause::SpecialistHungUp))
        .at(
            155.0,
            Fact::CaseClosed {
                cause: EndCause::SpecialistHungUp,
            },
        );
    story
}

#[test]
fn third_specialist_accepts_and_the_case_says_all_of_it() {
    let case = third_accepts().told();
    assert_eq!(case.wait_ms, Some(25_500));
    assert_eq!(case.talk_ms, 120_000);
    assert_eq!(case.specialist().unwrap().as_str(), "cleo");
    assert_eq!(case.specialty.as_ref().unwrap().as_str(), "cardiology");
    let results: Vec<_> = case.attempts.iter().map(|attempt| attempt.result).collect();
    let expected = [
        AttemptResult::NoAnswer,
        AttemptResult::Busy,
        AttemptResult::Accepted,
    ];
    assert_eq!(results, expected.map(Some));
    assert_eq!(case.attempts[0].ring_ms, Some(15_000));
    assert_eq!(case.outcome().unwrap().outcome, "referral-avoided");
    assert_eq!(case.end_words(), Some("The specialist hung up"));
    assert!(!case.is_open());
    assert_eq!(case.calls[0].end_cause, Some(EndCause::SpecialistHungUp));
}

#[test]
fn caller_who_leaves_waited_until_they_left() {
    let mut story = Story::new();
    story
        .at(3.0, chosen("cardiology"))
        .attempt(3.0, 1, "ann")
        .attempt_ends(11.0, 1, AttemptResult::Abandoned, 7_000)
        .at(11.0, call_ended(EndCause::CallerLeftWaiting))
        .at(
            12.0,
            Fact::CaseClosed {
                cause: EndCause::CallerLeftWaiting,
            },
        );
    let case = story.told();
    assert_eq!(case.wait_ms, Some(8_000));
    assert_eq!(case.talk_ms, 0);
    assert!(case.outcome().is_none());
}

#[test]
fn caller_who_chose_nothing_has_no_wait() {
    let mut story = Story::new();
    story.at(20.0, call_ended(EndCause::NothingKeyed)).at(
        20.0,
        Fact::CaseClosed {
            cause: EndCause::NothingKeyed,
        },
    );
    let case = story.told();
    assert_eq!(case.wait_ms, None);
    assert_eq!(case.end_words(), Some("Nothing was keyed"));
}

#[test]
fn wait_goes_on_for_the_same_specialty_and_begins_anew_for_another() {
    let mut story = Story::new();
    story
        .at(3.0, chosen("cardiology"))
        .at(30.0, chosen("cardiology"))
        .attempt(30.0, 1, "ann")
        .at(40.0, joined(1));
    assert_eq!(story.told().wait_ms, Some(37_000));

    let mut story = Story::new();
    story
        .at(3.0, chosen("cardiology"))
        .at(30.0, chosen("dermatology"))
        .attempt(30.0, 1, "ann")
        .at(40.0, joined(1));
    assert_eq!(story.told().wait_ms, Some(10_000));
}

#[test]
fn direct_line_waits_from_its_first_attempt() {
    let mut story = Story::new();
    story.at(
        1.0,
        Fact::AttemptStarted {
            attempt: 1,
            call: call(),
            leg: LegId(1),
            person: None,
            phone: PhoneKind::Line,
            acceptance: Acceptance::NotAsked(NotAsked::DirectLine),
            round: 1,
            reason: "the line".into(),
        },
    );
    story.at(5.0, joined(1));
    let case = story.told();
    assert_eq!(case.wait_ms, Some(4_000));
    assert!(case.specialist().is_none());
}

#[test]
fn every_record_applies_once_however_often_it_comes() {
    let story = third_accepts();
    let once = story.told();
    for cut in 1..=story.records.len() {
        let mut case = Case::open(&story.records[0]).unwrap();
        for record in &story.records[1..cut] {
            case.apply(record);
        }
        for record in &story.records[..cut] {
            assert_eq!(case.apply(record), Applied::Duplicate);
        }
        for record in &story.records[1..] {
            case.apply(record);
        }
        assert_eq!(case, once, "cut at {cut}");
    }
}

#[test]
fn interrupted_talk_lasts_until_the_last_that_was_heard_of_it() {
    let mut story = Story::new();
    story
        .at(3.0, chosen("cardiology"))
        .attempt(3.0, 1, "ann")
        .at(10.0, joined(1))
        .at(
            40.0,
            Fact::Ladder {
                call: call(),
                entries: vec![],
            },
        );
    let mut case = story.told();
    let cause = EndCause::Interrupted;
    let next_day = 86_400.0;
    case.apply(&record(Origin::Recovery, 1, next_day, call_ended(cause)));
    case.apply(&record(
        Origin::Recovery,
        2,
        next_day,
        Fact::CaseClosed { cause },
    ));
    assert_eq!(case.talk_ms, 30_000);
    assert_eq!(case.wait_ms, Some(7_000));
    assert_eq!(
        case.end_words(),
        Some("The call was interrupted by a restart")
    );
    assert_eq!(
        case.closed_at.unwrap().as_second() - case.opened_at.as_second(),
        86_400
    );
}

#[test]
fn case_closed_without_its_call_ended_ends_the_call_too() {
    let mut story = Story::new();
    story.at(3.0, chosen("cardiology")).at(
        9.0,
        Fact::CaseClosed {
            cause: EndCause::Fault,
        },
    );
    let case = story.told();
    assert_eq!(case.wait_ms, Some(6_000));
    assert_eq!(case.calls[0].end_cause, Some(EndCause::Fault));
}

#[test]
fn first_closing_counts() {
    let mut case = third_accepts().told();
    let again = record(
        Origin::Recovery,
        1,
        500.0,
        Fact::CaseClosed {
            cause: EndCause::Fault,
        },
    );
    assert_eq!(case.apply(&again), Applied::Ignored(Ignored::AlreadyClosed));
    assert_eq!(case.end_cause, Some(EndCause::SpecialistHungUp));
}

#[test]
fn outcome_changes_are_kept_and_the_last_counts() {
    let mut case = third_accepts().told();
    let command = Command::SetOutcome {
        case: case_id(),
        outcome: "referral-made".into(),
        by: "cleo".into(),
    };
    let given = command.into_record(case.opened_at, 1, NodeId(1));
    assert_eq!(case.apply(&given), Applied::Applied);
    let ids: Vec<_> = case.outcomes.iter().map(|o| o.outcome.as_str()).collect();
    assert_eq!(ids, ["referral-avoided", "referral-made"]);
    assert_eq!(case.outcome().unwrap().how, OutcomeHow::Screen);
}

#[test]
fn outcome_can_always_be_changed_and_the_first_is_never_lost() {
    let mut case = third_accepts().told();
    for n in 1..=200 {
        let fact = outcome(&format!("choice-{n}"));
        assert_eq!(
            case.apply(&record(Origin::Api, n, 200.0, fact)),
            Applied::Applied
        );
    }
    assert_eq!(case.outcomes.len(), MAX_OUTCOMES);
    assert_eq!(case.outcomes[0].outcome, "referral-avoided");
    assert_eq!(case.outcome().unwrap().outcome, "choice-200");
    assert!(case.left_out > 0);
}

#[test]
fn a_repaired_recording_tells_how_long_an_interrupted_talk_lasted() {
    let cause = EndCause::Interrupted;
    let part = RecordingPart::Case;
    let stored = Fact::RecordingStored {
        part,
        file: "x.wav".into(),
        sha256: "ab".into(),
        duration_ms: 50_000,
        bytes: 800_058,
        repaired: true,
        lost_ms: 0,
    };
    let closing = [
        record(Origin::Recovery, 1, 900.0, call_ended(cause)),
        record(Origin::Recovery, 2, 900.0, Fact::CaseClosed { cause }),
    ];
    let repaired = record(Origin::Recorder, 2, 901.0, stored);
    for repaired_first in [true, false] {
        let mut story = Story::new();
        story
            .at(0.0, Fact::RecordingStarted { part })
            .at(3.0, chosen("cardiology"))
            .attempt(3.0, 1, "ann")
            .at(10.0, joined(1));
        let mut case = story.told();
        if repaired_first {
            case.apply(&repaired);
        }
        for record in &closing {
            case.apply(record);
        }
        case.apply(&repaired);
        assert_eq!(
            case.talk_ms, 40_000,
            "from the joining to the last of the audio"
        );
        assert_eq!(case.wait_ms, Some(7_000));
        let ended = case.calls[0].ended_at.unwrap();
        assert_eq!(ended.as_second() - case.opened_at.as_second(), 50);
    }
}

#[test]
fn a_request_knows_where_its_name_is_spoken() {
    let request = CallBackRequest {
        id: RequestId::from(Uuid::from_u128(7)),
        organisation: OrganisationId::parse("northfield").unwrap(),
        specialty: SpecialtyId::parse("cardiology").unwrap(),
        number: Pii::new(PhoneNumber::parse(CALLER_NUMBER).unwrap()),
        why: RequestReason::OutOfHours,
    };
    let from = "2026-11-23T14:00:06Z".parse().unwrap();
    let spoken = |request| Fact::NameSpoken {
        request,
        from,
        ms: 2500,
    };
    let mut story = Story::new();
    story.at(
        5.0,
        Fact::CallBackRequested {
            request: request.clone(),
        },
    );
    story.at(9.0, spoken(request.id));
    let mut case = story.told();
    let other = spoken(RequestId::from(Uuid::from_u128(8)));
    let other = record(Origin::Call, 9, 10.0, other);
    assert_eq!(
        case.apply(&other),
        Applied::Ignored(Ignored::UnknownRequest)
    );
    assert_eq!(case.requests.len(), 1);
    assert_eq!(case.requests[0].name, Some(SpokenName { from, ms: 2500 }));
}

#[test]
fn recording_is_stored_then_encoded_after_the_case_is_closed() {
    let mut case = third_accepts().told();
    let part = RecordingPart::Whisper(3);
    let stored = Fact::RecordingStored {
        part,
        file: "x.whisper-3.wav".into(),
        sha256: "ab".into(),
        duration_ms: 4_500,
        bytes: 72_044,
        repaired: false,
        lost_ms: 0,
    };
    case.apply(&record(
        Origin::Recorder,
        10,
        24.0,
        Fact::RecordingStarted { part },
    ));
    case.apply(&record(Origin::Recorder, 11, 156.0, stored));
    let encoded = Fact::RecordingEncoded {
        part,
        file: "x.whisper-3.mp3".into(),
        bytes: 9_000,
    };
    case.apply(&record(Origin::Recorder, 12, 170.0, encoded));
    let recording = case.recording(part).unwrap();
    assert_eq!(recording.wav.as_ref().unwrap().duration_ms, 4_500);
    assert_eq!(recording.mp3.as_ref().unwrap().bytes, 9_000);
    assert!(recording.started_at.is_some());
    assert!(case.recording(RecordingPart::Case).is_none());
}

#[test]
fn strange_facts_are_ignored_by_name() {
    let mut case = Story::new().told();
    let ringing = record(Origin::Call, 50, 1.0, Fact::AttemptRinging { attempt: 9 });
    assert_eq!(
        case.apply(&ringing),
        Applied::Ignored(Ignored::UnknownAttempt)
    );
    let other = CallId::from(Uuid::from_u128(99));
    let answered = record(Origin::Call, 51, 1.0, Fact::CallerAnswered { call: other });
    assert_eq!(
        case.apply(&answered),
        Applied::Ignored(Ignored::UnknownCall)
    );
    let mut foreign = record(Origin::Call, 52, 1.0, chosen("cardiology"));
    foreign.case = CaseId::from(Uuid::from_u128(1234));
    assert_eq!(case.apply(&foreign), Applied::Ignored(Ignored::OtherCase));
    assert_eq!(case.applied(Origin::Call), 51);
    assert!(Case::open(&ringing).is_err());
}

#[test]
fn ladder_stops_at_its_bound_and_counts_what_it_left_out() {
    let entry = LadderEntry {
        at: record(Origin::Call, 0, 0.0, opened()).at,
        leg: LegId(0),
        direction: LadderDirection::In,
        what: "INVITE".into(),
        again: true,
    };
    let mut case = Story::new().told();
    for n in 0..(MAX_LADDER as u64 / 100 + 3) {
        let fact = Fact::Ladder {
            call: call(),
            entries: vec![entry.clone(); 100],
        };
        case.apply(&record(Origin::Call, 100 + n, 1.0, fact));
    }
    assert_eq!(case.ladder[0].entries.len(), MAX_LADDER);
    assert_eq!(case.left_out, 3);
}

#[test]
fn prompts_are_kept_by_leg() {
    let heard = |ms| Heard {
        prompt: PromptId::parse("greeting").unwrap(),
        ms,
        version: 1,
    };
    let of = |leg, ms| Fact::PromptsHeard {
        call: call(),
        leg: LegId(leg),
        heard: vec![heard(ms)],
    };
    let mut story = Story::new();
    story
        .at(1.0, of(0, 10))
        .at(2.0, of(1, 20))
        .at(3.0, of(0, 30));
    let case = story.told();
    assert_eq!(case.prompts.len(), 2);
    assert_eq!(case.prompts[0].heard, [heard(10), heard(30)]);
}

#[test]
fn case_survives_its_own_json_and_json_of_a_leaner_version() {
    let case = third_accepts().told();
    let text = serde_json::to_string(&case).unwrap();
    assert!(text.contains(CALLER_NUMBER), "records show who rang");
    assert_eq!(serde_json::from_str::<Case>(&text).unwrap(), case);
    let mut value: serde_json::Value = serde_json::from_str(&text).unwrap();
    let fields = value.as_object_mut().unwrap();
    let needed = [
        "id",
        "node",
        "opened_at",
        "dialled",
        "caller",
        "last_heard_of",
    ];
    fields.retain(|name, _| needed.contains(&name.as_str()));
    let lean: Case = serde_json::from_value(value).unwrap();
    assert!(lean.attempts.is_empty() && lean.is_open());
}

#[test]
fn quality_that_is_no_number_does_not_make_a_case_unreadable() {
    let quality = Quality {
        jitter_ms: f32::NAN,
        mos: f32::INFINITY,
        ..Quality::default()
    };
    let mut story = Story::new();
    story.at(
        1.0,
        Fact::LegQuality {
            call: call(),
            leg: LegId(0),
            quality,
        },
    );
    let text = serde_json::to_string(&story.told()).unwrap();
    assert_eq!(serde_json::from_str::<Case>(&text).unwrap(), story.told());
}

#[test]
fn log_line_of_a_case_names_nobody() {
    let text = format!("{:?}", third_accepts().told());
    assert!(!text.contains("2079460001"), "{text}");
    assert!(!text.contains("2079460100"), "{text}");
}
