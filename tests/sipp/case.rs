//! The case as the API shows it, against what the scenario says that it must read.

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use serde_json::Value;

use crate::scenario::Scenario;
use crate::server::Server;

/// The end of a case whose process was killed: its ladder was not on disk yet.
pub const INTERRUPTED: &str = "interrupted";

/// How an outcome reads that was not given.
const NO_OUTCOME: &str = "-";

/// The ids of every case.
pub fn list(server: &Server) -> Result<Vec<String>> {
    let answer = server.get("/api/v1/calls")?;
    ensure!(answer.status == 200, "GET /api/v1/calls: {}", answer.status);
    let list: Value = serde_json::from_slice(&answer.body)?;
    let cases = list["calls"].as_array().context("a list of calls")?;
    let ids = cases
        .iter()
        .map(|case| Ok(case["id"].as_str().context("an id")?.to_owned()));
    ids.collect()
}

/// One case.
pub fn get(server: &Server, id: &str) -> Result<Value> {
    let answer = server.get(&format!("/api/v1/calls/{id}"))?;
    ensure!(
        answer.status == 200,
        "GET /api/v1/calls/{id}: {}",
        answer.status
    );
    Ok(serde_json::from_slice(&answer.body)?)
}

/// Whether the contact is over.
pub fn is_closed(case: &Value) -> bool {
    case["closed_at"].is_string()
}

/// Whether it is of a call that came round to us (SERVICE 1.13): no contact of its own.
pub fn came_round(case: &Value) -> bool {
    case["end_cause"] == "diverted_to_us"
}

/// Everything in the case that reads otherwise than it must.
pub fn problems(case: &Value, scenario: &Scenario) -> Vec<String> {
    let facts = &scenario.is.case;
    let mut problems = Vec::new();
    let mut compare = |what: &str, is: Option<String>, must: Option<String>| {
        if is != must {
            problems.push(format!("case: {what} is {is:?}, must be {must:?}"));
        }
    };
    compare(
        "end_cause",
        text(&case["end_cause"]),
        Some(facts.end.clone()),
    );
    if facts.caller.is_some() {
        compare("caller", text(&case["caller"]), facts.caller.clone());
    }
    compare(
        "specialty",
        text(&case["specialty"]),
        facts.specialty.clone(),
    );
    compare(
        "talk_ended_by",
        text(&case["talk_ended_by"]),
        facts.talk_ended_by.clone(),
    );
    let outcome = facts
        .outcome
        .clone()
        .unwrap_or_else(|| NO_OUTCOME.to_owned());
    compare("outcome", text(&case["outcome"]), Some(outcome));
    let attempts: Vec<String> = list_of(case, "attempts")
        .iter()
        .map(attempt_words)
        .collect();
    compare(
        "attempts",
        Some(attempts.join(", ")),
        Some(facts.attempts.join(", ")),
    );
    let signs: Vec<String> = list_of(case, "attempts")
        .iter()
        .flat_map(|attempt| {
            let who = name_of(attempt);
            let signs = list_of(attempt, "answerphone").iter();
            signs.filter_map(move |sign| Some(format!("{who} {}", text(&sign["sign"])?)))
        })
        .collect();
    if signs != facts.signs {
        problems.push(format!(
            "case: signs are {signs:?}, must be {:?}",
            facts.signs
        ));
    }
    problems.extend(requests(case, scenario));
    problems.extend(bookkeeping(case, scenario));
    problems.extend(proofs(case));
    problems.extend(heard(case, scenario));
    if facts.end != INTERRUPTED {
        problems.extend(ladder(case, &facts.ladder));
    }
    problems
}

/// `ann no_answer`; the phone of a direct line has nobody's name.
fn attempt_words(attempt: &Value) -> String {
    let who = name_of(attempt);
    let result = text(&attempt["result"]).unwrap_or_else(|| "open".to_owned());
    format!("{who} {result}")
}

/// What the secretaries are asked.
fn requests(case: &Value, scenario: &Scenario) -> Option<String> {
    let (asked, wanted) = (list_of(case, "requests"), &scenario.is.case.requests);
    let asked: Vec<String> = asked.iter().map(request_words).collect();
    (asked != *wanted).then(|| format!("case: requests are {asked:?}, must be {wanted:?}"))
}

/// `+441632960101 out_of_hours open`
fn request_words(request: &Value) -> String {
    let words = ["number", "why", "state"].map(|field| text(&request[field]).unwrap_or_default());
    words.join(" ")
}

fn name_of(attempt: &Value) -> String {
    text(&attempt["person"]).unwrap_or_else(|| "line".to_owned())
}

/// How long a phone had to accept, where nobody did (SERVICE 1.7): 8 s with a sign of an
/// answerphone; without, 6 s after the second speaking, and 16 s at most.
fn window(attempt: &Value) -> Option<String> {
    if attempt["result"] != "not_accepted" {
        return None;
    }
    let at = |field: &str| attempt[field].as_str()?.parse::<Timestamp>().ok();
    let lasted = at("ended_at")?.duration_since(at("answered_at")?);
    let seconds = lasted.as_secs_f64();
    let bounds = match list_of(attempt, "answerphone").first() {
        Some(_) => 8.0..9.0,
        None => 10.0..17.0,
    };
    (!bounds.contains(&seconds))
        .then(|| format!("case: {} after {seconds:.1} s", attempt_words(attempt)))
}

/// What holds for every case, however it went.
fn bookkeeping(case: &Value, scenario: &Scenario) -> Vec<String> {
    let mut problems = Vec::new();
    let mut hold = |holds: bool, what: &str| {
        if !holds {
            problems.push(format!("case: {what}"));
        }
    };
    let calls = list_of(case, "calls");
    hold(calls.len() == 1, "there is not one call");
    hold(
        calls.iter().all(|call| call["ended_at"].is_string()),
        "a call has not ended",
    );
    hold(
        case["left_out"].as_u64().unwrap_or(0) == 0,
        "facts were left out",
    );
    // An interrupted talk has no end that anybody told, and lasts as long as its recording.
    let interrupted = scenario.is.case.end == INTERRUPTED
        && list_of(case, "attempts")
            .iter()
            .any(|attempt| attempt["joined_at"].is_string());
    let talked = interrupted || scenario.is.case.talk_ended_by.is_some();
    let talk_s = case["talk_s"].as_f64().unwrap_or(0.0);
    // Who has a voice talks for longer than a millisecond.
    let has_voice = scenario.is.caller.script.is_some();
    let fits = if talked {
        talk_s > 0.0 || !has_voice
    } else {
        talk_s == 0.0
    };
    hold(fits, "talk_s does not fit the talk");
    let waited = case["wait_s"].is_number();
    hold(
        waited || list_of(case, "attempts").is_empty(),
        "phones were rung, but nobody waited",
    );
    let attempts = list_of(case, "attempts");
    for attempt in attempts {
        hold(attempt["ended_at"].is_string(), "an attempt has not ended");
    }
    problems.extend(attempts.iter().filter_map(window));
    problems
}

/// Whoever was let in where acceptance is required pressed 1 after the answer (SERVICE 1.7).
fn proofs(case: &Value) -> Vec<String> {
    let attempts = list_of(case, "attempts").iter();
    let unproved = attempts.filter(|attempt| {
        let joined = attempt["joined_at"].is_string();
        let required = attempt["acceptance"].as_str() == Some("required");
        let keys = list_of(attempt, "evidence").last();
        joined && required && keys.and_then(|key| text(&key["key"])).as_deref() != Some("1")
    });
    unproved
        .map(|attempt| format!("case: {} without proof", attempt_words(attempt)))
        .collect()
}

/// What the caller was told, and what the phones were.
fn heard(case: &Value, scenario: &Scenario) -> Vec<String> {
    let (callers, phones): (Vec<&Value>, Vec<&Value>) = list_of(case, "prompts")
        .iter()
        .filter(|prompt| prompt["heard_s"].as_f64().unwrap_or(0.0) > 0.0)
        .partition(|prompt| prompt["leg"].as_u64() == Some(0));
    let names = |prompts: Vec<&Value>| -> Vec<String> {
        prompts
            .into_iter()
            .filter_map(|prompt| text(&prompt["prompt"]))
            .collect()
    };
    let facts = &scenario.is.case;
    let mut problems = Vec::new();
    let (callers, phones) = (names(callers), names(phones));
    for (who, heard, wanted, unheard) in [
        (
            "the caller",
            &callers,
            &facts.caller_heard,
            &facts.caller_not_heard,
        ),
        (
            "a phone",
            &phones,
            &facts.phones_heard,
            &facts.phones_not_heard,
        ),
    ] {
        if !in_this_order(heard, wanted) {
            problems.push(format!("case: {who} heard {heard:?}, not {wanted:?}"));
        }
        for prompt in unheard.iter().filter(|prompt| heard.contains(prompt)) {
            problems.push(format!("case: {who} heard {prompt}"));
        }
    }
    problems
}

/// The ladder begins with the caller's INVITE, and holds what the scenario names.
fn ladder(case: &Value, wanted: &[String]) -> Vec<String> {
    let entry_words = |entry: &Value| {
        Some(format!(
            "{} {}",
            text(&entry["direction"])?,
            text(&entry["what"])?
        ))
    };
    let words: Vec<String> = list_of(case, "ladder")
        .iter()
        .filter_map(entry_words)
        .collect();
    let mut problems = Vec::new();
    if words.first().map(String::as_str) != Some("in INVITE") {
        problems.push(format!("case: the ladder begins with {:?}", words.first()));
    }
    if !in_this_order(&words, wanted) {
        problems.push(format!(
            "case: the ladder {words:?} has not {wanted:?} in this order"
        ));
    }
    problems
}

fn in_this_order(all: &[String], wanted: &[String]) -> bool {
    let mut all = all.iter();
    wanted.iter().all(|wanted| all.any(|this| this == wanted))
}

/// A list, empty where the field is left out.
pub fn list_of<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value[field].as_array().map_or(&[], Vec::as_slice)
}

/// A text, or the number that stands for one.
pub fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}
