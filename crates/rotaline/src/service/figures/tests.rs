//! What a story of facts comes to, as Prometheus reads it.

use std::collections::BTreeSet;

use rotaline_model::{CallId, Seed};
use rotaline_record::{AnswerphoneEvidence, EndedBy, Evidence, Origin};

use super::catalogue::{CATALOGUE, Kind, Metric};
use super::*;

/// A service that sees facts, one after another.
struct Story {
    case: CaseId,
    call: CallId,
    figures: Figures,
}

impl Story {
    fn fact(&mut self, at_s: i64, fact: Fact) {
        self.figures.see(&Record {
            case: self.case,
            origin: Origin::Call,
            sequence: 1,
            at: Timestamp::from_second(at_s).unwrap(),
            node: rotaline_model::NodeId(1),
            fact,
        });
    }

    fn starts(&mut self, at_s: i64) {
        let (call, kind) = (self.call, CallKind::Inbound);
        self.fact(
            at_s,
            Fact::CallStarted {
                call,
                sip_call_id: None,
                kind,
            },
        );
    }

    fn chooses(&mut self, at_s: i64, specialty: &str) {
        let specialty = SpecialtyId::parse(specialty).unwrap();
        self.fact(
            at_s,
            Fact::SpecialtyChosen {
                specialty,
                key: None,
            },
        );
    }

    fn attempt_ends(&mut self, at_s: i64, attempt: u16, result: AttemptResult) {
        let (evidence, answerphone) = (Vec::<Evidence>::new(), Vec::<AnswerphoneEvidence>::new());
        let ring_ms = 3_000;
        self.fact(
            at_s,
            Fact::AttemptEnded {
                attempt,
                result,
                evidence,
                answerphone,
                ring_ms,
            },
        );
    }

    fn ends(&mut self, at_s: i64, cause: EndCause) {
        let call = self.call;
        self.fact(at_s, Fact::CallEnded { call, cause });
        self.fact(at_s, Fact::CaseClosed { cause });
    }
}

/// What `/metrics` shows after a story.
fn shown(tell: impl FnOnce(&mut Story)) -> String {
    let recorder = exporter().unwrap().build_recorder();
    let handle = recorder.handle();
    metrics::with_local_recorder(&recorder, || {
        describe();
        let wall = Timestamp::from_second(0).unwrap();
        let mut random = Seed::from_bytes([1; 32]).generator(0);
        let mut story = Story {
            case: CaseId::new(wall, &mut random),
            call: CallId::new(wall, &mut random),
            figures: Figures::new(),
        };
        tell(&mut story);
    });
    handle.render()
}

fn value(text: &str, series: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(series));
    line.and_then(|rest| rest.strip_prefix(' ')?.parse().ok())
}

#[test]
fn a_joined_call_is_counted_with_its_wait_talk_and_acceptance() {
    let text = shown(|story| {
        story.starts(100);
        story.chooses(104, "cardiology");
        story.attempt_ends(120, 1, AttemptResult::NoAnswer);
        story.fact(124, Fact::AttemptAnswered { attempt: 2 });
        story.attempt_ends(127, 2, AttemptResult::Accepted);
        let (call, leg) = (story.call, LegId(2));
        story.fact(
            127,
            Fact::Joined {
                call,
                leg,
                attempt: 2,
            },
        );
        let by = EndedBy::Caller;
        story.fact(187, Fact::TalkEnded { call, by });
        story.ends(190, EndCause::CallerHungUp);
        assert!(story.figures.cases.is_empty());
    });
    let is = |series: &str, expected: f64| {
        assert_eq!(value(&text, series), Some(expected), "{series} in:\n{text}");
    };
    is(r#"rotaline_calls_started_total{kind="inbound"}"#, 1.0);
    is(
        r#"rotaline_wait_seconds_sum{specialty="cardiology",end="joined"}"#,
        23.0,
    );
    is(
        r#"rotaline_wait_seconds_bucket{specialty="cardiology",end="joined",le="20"}"#,
        0.0,
    );
    is(
        r#"rotaline_wait_seconds_bucket{specialty="cardiology",end="joined",le="30"}"#,
        1.0,
    );
    is(r#"rotaline_talk_seconds_sum{specialty="cardiology"}"#, 60.0);
    is(
        r#"rotaline_acceptance_seconds_sum{specialty="cardiology"}"#,
        3.0,
    );
    is(
        r#"rotaline_ring_seconds_count{specialty="cardiology"}"#,
        2.0,
    );
    is(
        r#"rotaline_attempts_total{specialty="cardiology",result="no answer"}"#,
        1.0,
    );
    is(
        r#"rotaline_attempts_total{specialty="cardiology",result="accepted"}"#,
        1.0,
    );
    let ended = r#"rotaline_calls_ended_total{specialty="cardiology",cause="The caller hung up"}"#;
    is(ended, 1.0);
    is(r#"rotaline_call_seconds_sum{specialty="cardiology"}"#, 90.0);
    is(
        r#"rotaline_call_failures_total{cause="A fault in the service"}"#,
        0.0,
    );
}

#[test]
fn who_leaves_in_vain_has_waited_too_and_a_fault_is_one_of_ours() {
    let text = shown(|story| {
        story.starts(100);
        story.chooses(104, "cardiology");
        story.chooses(130, "cardiology"); // "1 to try again"
        story.ends(144, EndCause::Fault);
    });
    let waited = r#"rotaline_wait_seconds_sum{specialty="cardiology",end="left"}"#;
    assert_eq!(value(&text, waited), Some(40.0), "{text}");
    let failed = r#"rotaline_call_failures_total{cause="A fault in the service"}"#;
    assert_eq!(value(&text, failed), Some(1.0));
}

#[test]
fn a_leg_is_judged_by_what_it_sent() {
    let text = shown(|story| {
        let quality = Quality {
            received: 990,
            sent: 1000,
            lost: 10,
            gaps: 3,
            jitter_ms: 4.0,
            mos: 4.1,
        };
        let call = story.call;
        let mut leg_gone = |leg, quality| story.fact(9, Fact::LegQuality { call, leg, quality });
        leg_gone(LegId(0), quality);
        leg_gone(
            LegId(1),
            Quality {
                sent: 7,
                ..Quality::default()
            },
        );
    });
    let is = |series: &str, expected: f64| assert_eq!(value(&text, series), Some(expected));
    is(
        r#"rotaline_media_loss_ratio_bucket{leg="caller",le="0.005"}"#,
        0.0,
    );
    is(
        r#"rotaline_media_loss_ratio_bucket{leg="caller",le="0.01"}"#,
        1.0,
    );
    is(r#"rotaline_media_gaps_total{leg="caller"}"#, 3.0);
    is(r#"rotaline_media_jitter_seconds_count{leg="caller"}"#, 1.0);
    is(r#"rotaline_media_packets_sent_total{leg="called"}"#, 7.0);
    assert_eq!(
        value(&text, r#"rotaline_media_mos_count{leg="called"}"#),
        Some(0.0)
    );
}

#[test]
fn specialties_beyond_the_bound_share_a_name() {
    let text = shown(|story| {
        for number in 0..2 * MAX_SPECIALTIES {
            story.starts(100);
            story.chooses(101, &format!("team-{number}"));
            story.attempt_ends(110, 1, AttemptResult::Busy);
        }
    });
    let series = text
        .lines()
        .filter(|line| line.starts_with("rotaline_attempts_total{"));
    assert_eq!(series.count(), MAX_SPECIALTIES + 1);
    let other = r#"rotaline_attempts_total{specialty="other",result="busy"}"#;
    assert_eq!(value(&text, other), Some(MAX_SPECIALTIES as f64));
}

#[test]
fn cases_beyond_the_bound_are_forgotten_oldest_first() {
    shown(|story| {
        let mut random = Seed::from_bytes([2; 32]).generator(0);
        for second in 0..MAX_CASES as i64 + 5 {
            story.case = CaseId::new(Timestamp::from_second(second).unwrap(), &mut random);
            story.starts(second);
        }
        assert_eq!(story.figures.cases.len(), MAX_CASES);
        assert!(story.figures.cases.contains_key(&story.case));
    });
}

#[test]
fn names_are_in_prometheus_style_and_unique() {
    let mut names = BTreeSet::new();
    for Metric {
        name, kind, labels, ..
    } in CATALOGUE
    {
        assert!(names.insert(name), "{name} twice");
        let is_counter = matches!(kind, Kind::Counter);
        assert_eq!(name.ends_with("_total"), is_counter, "{name}");
        let clash = format!("{name}_total");
        assert!(
            CATALOGUE.iter().all(|other| other.name != clash),
            "{name} and {clash}"
        );
        assert!(labels.len() <= 2, "{name}");
        if let Kind::Histogram(buckets) = kind {
            assert!(buckets.is_sorted() && buckets.len() <= 12, "{name}");
        }
    }
}

#[test]
fn the_operators_page_has_a_row_for_each_metric() {
    let page = include_str!("../../../../../operator/README.md");
    let is_row = |line: &&str| line.starts_with("| `rotaline_") || line.starts_with("| `process_");
    let rows: Vec<&str> = page.lines().filter(is_row).collect();
    let expected: Vec<String> = CATALOGUE.iter().map(row).collect();
    for (row, expected) in rows.iter().zip(&expected) {
        assert_eq!(row, expected);
    }
    assert_eq!(rows.len(), expected.len());
}

fn row(metric: &Metric) -> String {
    let (kind, buckets) = match metric.kind {
        Kind::Counter => ("counter", String::new()),
        Kind::Gauge => ("gauge", String::new()),
        Kind::Histogram(buckets) => {
            let buckets: Vec<String> = buckets.iter().map(ToString::to_string).collect();
            ("histogram", format!("; buckets {}", buckets.join(", ")))
        }
    };
    let labels = metric.labels.join(", ");
    format!(
        "| `{}` | {kind} | {labels} | {}{buckets} |",
        metric.name, metric.help
    )
}
