//! What is keyed that nobody may find again (SERVICE 8): the recording is silent on both sides
//! while it is keyed, holds no key's tones anywhere, and no line of the log spells it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::case::{list_of, text};
use crate::scenario::Scenario;

/// The mask reaches back from the first key's start by more than this.
const BEFORE_MS: f64 = 100.0;
/// The last key acts at its first end packet, and a code is answered at once.
const AFTER_MS: f64 = -60.0;
/// A key in the audio, shorter than this, is an edge of something else.
const KEY_TONE_MS: f64 = 30.0;

/// A run of keys, in milliseconds from the caller's answer, with which a recording begins.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    from_ms: f64,
    to_ms: f64,
}

/// Everything that can be found again of what the caller keyed.
pub fn problems(scenario: &Scenario, folder: &Path, verdict: &Value) -> Result<Vec<String>> {
    let Some(secret) = &scenario.is.caller.secret else {
        return Ok(Vec::new());
    };
    let report: Value = serde_json::from_slice(&fs::read(folder.join("caller.json"))?)?;
    let log = fs::read_to_string(folder.join("server.log"))?;
    judge(secret, &report, &log, verdict)
}

/// The same, from what the caller's peer, the server's log and `judge-recording` say.
pub fn judge(secret: &str, report: &Value, log: &str, verdict: &Value) -> Result<Vec<String>> {
    let answered_ms = report["received"]["first_ms"].as_f64().context("RTP")?;
    let keyed = stretch(report, secret, answered_ms);
    let keyed = keyed.with_context(|| format!("the caller's peer did not key {secret}"))?;
    let mut problems = audible(verdict, keyed);
    problems.extend(spelt(log, secret));
    Ok(problems)
}

/// When these digits were keyed, one after the other.
fn stretch(report: &Value, secret: &str, zero_ms: f64) -> Option<Stretch> {
    let keys = list_of(&report["sent"], "keys");
    let spells = |keys: &&[Value]| {
        let digits: Option<String> = keys.iter().map(|key| text(&key["digit"])).collect();
        digits.as_deref() == Some(secret)
    };
    let run = keys.windows(secret.len()).find(spells)?;
    Some(Stretch {
        from_ms: run.first()?["start_ms"].as_f64()? - zero_ms,
        to_ms: run.last()?["end_ms"].as_f64()? - zero_ms,
    })
}

fn audible(verdict: &Value, keyed: Stretch) -> Vec<String> {
    let (from, to) = (keyed.from_ms - BEFORE_MS, keyed.to_ms + AFTER_MS);
    let mut problems = Vec::new();
    for channel in list_of(verdict, "channels") {
        let name = text(&channel["channel"]).unwrap_or_default();
        let heard = list_of(channel, "heard");
        let at = |segment: &Value, field: &str| segment[field].as_f64().unwrap_or(f64::NAN);
        let is_silent = heard.iter().any(|segment| {
            segment["what"] == "silence"
                && at(segment, "from_ms") <= from
                && at(segment, "to_ms") >= to
        });
        if !is_silent {
            let during: Vec<String> = heard
                .iter()
                .filter(|segment| at(segment, "to_ms") > from && at(segment, "from_ms") < to)
                .filter_map(|segment| text(&segment["what"]))
                .collect();
            problems.push(format!(
                "recording: {name} is not silent from {from:.0} to {to:.0} ms: {during:?}"
            ));
        }
        let keys = heard.iter().filter(|segment| {
            let what = text(&segment["what"]).unwrap_or_default();
            what.starts_with("inband") && at(segment, "audio_ms") >= KEY_TONE_MS
        });
        problems.extend(keys.map(|key| format!("recording: {name} holds {}", key["what"])));
    }
    problems
}

fn spelt(log: &str, secret: &str) -> Option<String> {
    let line = log.lines().find(|line| line.contains(secret))?;
    Some(format!("log: what was keyed is in: {line}"))
}
