//! The recording of a case: the file that the API gives, its digest, and who is heard on which
//! channel.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::House;
use crate::case::{list_of, text};
use crate::scenario::Scenario;
use crate::server::Server;

/// By how much a recording may be longer or shorter than its call (SERVICE 8), and what the start
/// and the end of a file on a busy machine may add.
const LENGTH_ERROR: f64 = 0.005;
const LENGTH_SLACK_MS: f64 = 500.0;

/// Whether the case's own recording is on disk.
pub fn is_stored(case: &Value) -> bool {
    own(case).is_some_and(|recording| recording["wav"].is_object())
}

fn own(case: &Value) -> Option<&Value> {
    list_of(case, "recordings")
        .iter()
        .find(|recording| recording["part"] == "case")
}

/// Everything that is wrong with the recording.
pub fn problems(
    house: &House,
    server: &Server,
    scenario: &Scenario,
    case: &Value,
    folder: &Path,
) -> Result<Vec<String>> {
    let id = text(&case["id"]).context("a case has an id")?;
    let answer = server.get(&format!("/api/v1/calls/{id}/recording.wav"))?;
    if !scenario.is.case.recorded {
        let none = answer.status == 404 && own(case).is_none();
        return Ok(if none {
            vec![]
        } else {
            vec!["there is a recording".to_owned()]
        });
    }
    if answer.status != 200 {
        return Ok(vec![format!("GET recording.wav: {}", answer.status)]);
    }
    let file = folder.join("recording.wav");
    fs::write(&file, &answer.body)?;
    let mut problems = Vec::new();
    let wav = &own(case).context("it is stored")?["wav"];
    let digest: String = Sha256::digest(&answer.body)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    if text(&wav["sha256"]) != Some(digest) {
        problems.push("recording: the digest is not the file's".to_owned());
    }
    let verdict = judge(house, scenario, &file)?;
    let said = list_of(&verdict, "problems").iter().filter_map(text);
    problems.extend(said.map(|what| format!("recording: {what}")));
    problems.extend(length(case, &verdict));
    let speech_ms = channel(&verdict, "right")["heard_ms"]["speech"]
        .as_f64()
        .unwrap_or(0.0);
    if speech_ms < scenario.is.case.prompts_ms as f64 {
        problems.push(format!("recording: only {speech_ms} ms of prompts"));
    }
    Ok(problems)
}

/// The caller's tone left; right the tones of those who talked; nobody else's anywhere.
fn judge(house: &House, scenario: &Scenario, file: &Path) -> Result<Value> {
    let mut judge = Command::new(&house.judge);
    judge.arg(file);
    if scenario.is.caller.tone_hz > 0 {
        judge.args(["--left", &scenario.is.caller.tone_hz.to_string()]);
    }
    let talked = |name: &str| {
        scenario
            .is
            .case
            .attempts
            .contains(&format!("{name} accepted"))
    };
    for (option, wanted) in [("--right", true), ("--never", false)] {
        let phones = scenario.is.phone.iter();
        let tones: Vec<String> = phones
            .filter(|(name, phone)| phone.tone_hz > 0 && talked(name) == wanted)
            .map(|(_, phone)| phone.tone_hz.to_string())
            .collect();
        if !tones.is_empty() {
            judge.args([option, &tones.join(",")]);
        }
    }
    let output = judge.output().context("judge-recording")?;
    let verdict = serde_json::from_slice(&output.stdout);
    verdict.with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())
}

fn channel<'a>(verdict: &'a Value, name: &str) -> &'a Value {
    let channels = list_of(verdict, "channels");
    channels
        .iter()
        .find(|channel| channel["channel"] == name)
        .unwrap_or(&Value::Null)
}

/// The recording lasts as long as the call, from the answer to its end.
fn length(case: &Value, verdict: &Value) -> Option<String> {
    let call = list_of(case, "calls").first()?;
    let from: jiff::Timestamp = call["answered_at"].as_str()?.parse().ok()?;
    let to: jiff::Timestamp = call["ended_at"].as_str()?.parse().ok()?;
    let call_ms = to.duration_since(from).as_secs_f64() * 1e3;
    let wav_ms = verdict["length_ms"].as_f64()?;
    let error_ms = (wav_ms - call_ms).abs();
    (error_ms > call_ms * LENGTH_ERROR + LENGTH_SLACK_MS)
        .then(|| format!("recording: {wav_ms:.0} ms of a call of {call_ms:.0} ms"))
}
