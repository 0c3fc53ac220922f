//! What was kept of the demo's call, shown, and whether it is what it should be.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use rotaline_record::{AttemptResult, Case, RecordingPart};
use rotaline_store::CallQuery;

use super::ladder::Ladder;
use crate::service::Service;

/// The WAV is there at hang-up; this is far more.
const LONGEST: Duration = Duration::from_secs(10);
/// How often the case is looked at while its recording is awaited.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Shows the case, its recording and the API; fails if the call did not go as it should.
pub async fn show(service: &Service, ladder: &Ladder, recordings: &Path) -> Result<()> {
    let Ok(case) = tokio::time::timeout(LONGEST, kept(service)).await else {
        anyhow::bail!("the case was not closed with its recording in {LONGEST:?}");
    };
    let seconds = |ms: u64| ms as f64 / 1000.0;
    ladder.say(&format!(
        "\nCase {}: {}",
        case.reference(),
        case.end_words().unwrap_or("open")
    ));
    for attempt in &case.attempts {
        let who = attempt
            .person
            .as_ref()
            .map_or("-", |person| person.as_str());
        let result = attempt.result.map_or("-", words);
        ladder.say(&format!("  rang {who:<6} {result} ({})", attempt.reason));
    }
    let outcome = case
        .outcome()
        .map_or("-", |outcome| outcome.outcome.as_str());
    let (wait, talk) = (seconds(case.wait_ms.unwrap_or(0)), seconds(case.talk_ms));
    ladder.say(&format!(
        "  waited {wait:.1} s, talked {talk:.1} s, outcome {outcome}"
    ));
    for recording in &case.recordings {
        if let Some(wav) = &recording.wav {
            let file = recordings.join(&wav.file);
            let file = file.canonicalize().unwrap_or(file);
            ladder.say(&format!(
                "  recording {} ({:.1} s)",
                file.display(),
                seconds(wav.duration_ms)
            ));
        }
    }
    let http = service.http_address();
    ladder.say(&format!(
        "  record    http://{http}/api/v1/calls/{}",
        case.id
    ));
    ladder.say(&format!("  API       http://{http}/api/v1/openapi.json"));
    ladder.say(&format!("  token     {}", service.token().text()));

    let results: Vec<_> = case
        .attempts
        .iter()
        .filter_map(|attempt| attempt.result)
        .collect();
    let wanted = [
        AttemptResult::NoAnswer,
        AttemptResult::NotAccepted,
        AttemptResult::Accepted,
    ];
    ensure!(
        results == wanted,
        "the attempts ended as {results:?}, not as {wanted:?}"
    );
    ensure!(
        outcome == "referral-avoided",
        "the outcome is {outcome}, not referral-avoided"
    );
    ensure!(
        case.talk_ms > 1000,
        "they talked for {} ms only",
        case.talk_ms
    );
    Ok(())
}

/// The newest case, once it is closed and its recording stored.
async fn kept(service: &Service) -> Arc<Case> {
    loop {
        let page = service.store().calls(&CallQuery::default()).await;
        if let Some(case) = page.cases.into_iter().next()
            && !case.is_open()
            && case
                .recordings
                .iter()
                .any(|it| it.part == RecordingPart::Case && it.wav.is_some())
        {
            return case;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn words(result: AttemptResult) -> &'static str {
    match result {
        AttemptResult::Accepted => "accepted with 1",
        AttemptResult::NoAnswer => "did not answer",
        AttemptResult::Busy => "was busy",
        AttemptResult::Refused => "refused",
        AttemptResult::NoSuchNumber => "has no such number",
        AttemptResult::Unreachable => "could not be reached",
        AttemptResult::PassedOn => "passed on with 2",
        AttemptResult::NotAccepted => "answered without accepting: a voicemail, perhaps",
        AttemptResult::HungUp => "hung up",
        AttemptResult::DivertedToUs => "is diverted to us",
        AttemptResult::Paused => "paused their calls",
        AttemptResult::Abandoned => "was not needed",
        AttemptResult::Fault => "failed",
    }
}
