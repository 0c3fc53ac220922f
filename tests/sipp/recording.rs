//! The recordings of a case: files that the API gives, digests, and who is heard on which channel.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::House;
use crate::case::{INTERRUPTED, list_of, text};
use crate::delays::LINES;
use crate::scenario::Scenario;
use crate::secret;
use crate::server::Server;

/// By how much a recording may be longer or shorter than its call (SERVICE 8), and what the start
/// and the end of a file on a busy machine may add.
const LENGTH_ERROR: f64 = 0.005;
const LENGTH_SLACK_MS: f64 = 500.0;
const LOST_AT_MOST_MS: f64 = 1_000.0;
/// Of a whisper, this much is heard before any key cuts it.
const LEAST_WHISPER_MS: f64 = 200.0;

/// Whether everything that was recorded is on disk, the case's own recording among it.
pub fn all_stored(case: &Value) -> bool {
    let recordings = list_of(case, "recordings");
    recordings
        .iter()
        .any(|recording| recording["part"] == "case")
        && recordings
            .iter()
            .all(|recording| recording["sha256"].is_string())
}

/// Everything that is wrong with the recordings.
pub fn problems(
    house: &House,
    server: &Server,
    scenario: &Scenario,
    case: &Value,
    folder: &Path,
) -> Result<Vec<String>> {
    let id = text(&case["id"]).context("a case has an id")?;
    let files = Files {
        house,
        server,
        folder,
        path: format!("/api/v1/calls/{id}/recording"),
    };
    if !scenario.is.case.recorded {
        let answer = server.get(&format!("{}.wav", files.path))?;
        let none = answer.status == 404 && list_of(case, "recordings").is_empty();
        return Ok(if none {
            vec![]
        } else {
            vec!["there is a recording".to_owned()]
        });
    }
    let mut problems = Vec::new();
    let sides = Sides::of_case(scenario);
    let wav = files.fetch("case", stored(case, "case"), &mut problems)?;
    let verdict = files.judge(&wav, &sides, &mut problems)?;
    let wav_ms = verdict["length_ms"].as_f64().unwrap_or(0.0);
    if scenario.is.case.end == INTERRUPTED {
        problems.extend(what_is_lost(folder, wav_ms)?);
    } else {
        problems.extend(length(case, wav_ms));
    }
    let prompts_ms = speech_ms(&verdict);
    if prompts_ms < scenario.is.case.prompts_ms as f64 {
        problems.push(format!("recording: only {prompts_ms} ms of prompts"));
    }
    problems.extend(secret::problems(scenario, folder, &verdict)?);
    if scenario.is.case.mp3 {
        files.judge(&files.fetch_mp3()?, &sides, &mut problems)?;
    }
    for attempt in list_of(case, "attempts") {
        whisper(&files, scenario, case, attempt, &mut problems)?;
    }
    Ok(problems)
}

/// Whoever answered and had to accept has a recording of that: themselves left, what they heard
/// right, and never the caller.
fn whisper(
    files: &Files<'_>,
    scenario: &Scenario,
    case: &Value,
    attempt: &Value,
    problems: &mut Vec<String>,
) -> Result<()> {
    if !attempt["answered_at"].is_string() || attempt["acceptance"] != "required" {
        return Ok(());
    }
    let number = text(&attempt["number"]).context("an attempt has a number")?;
    let part = format!("whisper-{number}");
    let person = text(&attempt["person"]).unwrap_or_default();
    let tone_hz = scenario
        .is
        .phone
        .get(&person)
        .map_or(0, |phone| phone.tone_hz);
    let sides = Sides {
        left: [tone_hz].into_iter().filter(|hz| *hz > 0).collect(),
        right: Vec::new(),
        never: vec![scenario.is.caller.tone_hz],
    };
    let wav = files.fetch(&part, stored(case, &part), problems)?;
    let verdict = files.judge(&wav, &sides, problems)?;
    let heard_ms = speech_ms(&verdict);
    if heard_ms < LEAST_WHISPER_MS {
        problems.push(format!(
            "recording: {person} heard only {heard_ms} ms in {part}"
        ));
    }
    Ok(())
}

fn stored<'a>(case: &'a Value, part: &str) -> &'a Value {
    let recordings = list_of(case, "recordings");
    recordings
        .iter()
        .find(|recording| recording["part"] == part)
        .unwrap_or(&Value::Null)
}

/// Which tones must be where.
struct Sides {
    left: Vec<u32>,
    right: Vec<u32>,
    never: Vec<u32>,
}

impl Sides {
    /// The caller's tone left; right the tones of those who talked; nobody else's anywhere.
    fn of_case(scenario: &Scenario) -> Sides {
        let mut sides = Sides {
            left: vec![scenario.is.caller.tone_hz],
            right: Vec::new(),
            never: Vec::new(),
        };
        for (name, phone) in scenario
            .is
            .phone
            .iter()
            .filter(|(_, phone)| phone.tone_hz > 0)
        {
            let who = if LINES.contains(&name.as_str()) {
                "line"
            } else {
                name
            };
            let talked = scenario
                .is
                .case
                .attempts
                .contains(&format!("{who} accepted"));
            let side = if talked {
                &mut sides.right
            } else {
                &mut sides.never
            };
            side.push(phone.tone_hz);
        }
        sides
    }
}

/// Where recordings come from and go to.
struct Files<'a> {
    house: &'a House,
    server: &'a Server,
    folder: &'a Path,
    path: String,
}

impl Files<'_> {
    /// A WAV by the API, its digest compared with the record's.
    fn fetch(&self, part: &str, stored: &Value, problems: &mut Vec<String>) -> Result<PathBuf> {
        let bytes = self.get(&format!("{}.wav?part={part}", self.path))?;
        let digest: String = Sha256::digest(&bytes)
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        if text(&stored["sha256"]) != Some(digest) {
            problems.push(format!("recording: the digest of {part} is not its file's"));
        }
        let file = self.folder.join(format!("{part}.wav"));
        fs::write(&file, bytes)?;
        Ok(file)
    }

    /// The MP3, turned into a WAV by somebody else's decoder.
    fn fetch_mp3(&self) -> Result<PathBuf> {
        let (mp3, wav) = (
            self.folder.join("case.mp3"),
            self.folder.join("case-mp3.wav"),
        );
        fs::write(&mp3, self.get(&format!("{}.mp3", self.path))?)?;
        let mut ffmpeg = Command::new("ffmpeg");
        ffmpeg
            .args(["-v", "error", "-y", "-i"])
            .arg(mp3)
            .args(["-ar", "8000"])
            .arg(&wav);
        let output = ffmpeg.output().context("ffmpeg")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.success(),
            "ffmpeg does not read the MP3: {said}"
        );
        Ok(wav)
    }

    fn get(&self, path: &str) -> Result<Vec<u8>> {
        let answer = self.server.get(path)?;
        ensure!(answer.status == 200, "GET {path}: {}", answer.status);
        Ok(answer.body)
    }

    fn judge(&self, file: &Path, sides: &Sides, problems: &mut Vec<String>) -> Result<Value> {
        let mut judge = Command::new(&self.house.judge);
        judge.arg(file);
        for (option, tones) in [
            ("--left", &sides.left),
            ("--right", &sides.right),
            ("--never", &sides.never),
        ] {
            if !tones.is_empty() {
                let list: Vec<String> = tones.iter().map(u32::to_string).collect();
                judge.args([option, &list.join(",")]);
            }
        }
        let output = judge.output().context("judge-recording")?;
        let verdict: Value = serde_json::from_slice(&output.stdout)
            .with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let said = list_of(&verdict, "problems").iter().filter_map(text);
        problems.extend(said.map(|what| format!("recording {name}: {what}")));
        Ok(verdict)
    }
}

fn speech_ms(verdict: &Value) -> f64 {
    let right = list_of(verdict, "channels")
        .iter()
        .find(|one| one["channel"] == "right");
    right
        .and_then(|right| right["heard_ms"]["speech"].as_f64())
        .unwrap_or(0.0)
}

/// The recording lasts as long as the call, from the answer to its end.
fn length(case: &Value, wav_ms: f64) -> Option<String> {
    let call = list_of(case, "calls").first()?;
    let from: Timestamp = call["answered_at"].as_str()?.parse().ok()?;
    let to: Timestamp = call["ended_at"].as_str()?.parse().ok()?;
    let call_ms = to.duration_since(from).as_secs_f64() * 1e3;
    let error_ms = (wav_ms - call_ms).abs();
    (error_ms > call_ms * LENGTH_ERROR + LENGTH_SLACK_MS)
        .then(|| format!("recording: {wav_ms:.0} ms of a call of {call_ms:.0} ms"))
}

/// A killed process loses the last second at most (SERVICE 8): the caller's peer received from the
/// answer until the process was killed.
fn what_is_lost(folder: &Path, wav_ms: f64) -> Result<Option<String>> {
    let report: Value = serde_json::from_slice(&fs::read(folder.join("caller.json"))?)?;
    let received = &report["received"];
    let at = |field: &str| {
        received[field]
            .as_f64()
            .context("the caller's peer received")
    };
    let call_ms = at("last_ms")? - at("first_ms")?;
    Ok((wav_ms < call_ms - LOST_AT_MOST_MS)
        .then(|| format!("recording: {wav_ms:.0} ms are left of {call_ms:.0} ms")))
}
