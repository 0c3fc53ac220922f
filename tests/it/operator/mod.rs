//! What `operator/` holds, against the program as it runs: the page's table of metrics, the
//! dashboard, the alert rules.

mod expression;
mod scrape;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::party::{Caller, Manner, Phone};
use crate::server::{Home, Server, Wish, root, wait_until};
use expression::Expression;
use scrape::Scrape;

const CALLER_HZ: u16 = 700;
const PHONE_HZ: u16 = 1130;
const KEY: Duration = Duration::from_millis(300);
/// What Prometheus makes itself.
const NOT_OURS: [&str; 1] = ["up"];

#[test]
fn after_a_call_every_metric_that_is_promised_is_there_and_what_is_asked_for_exists() {
    let home = Home::new("operator", &Wish::default());
    let server = home.serve();
    a_call_is_taken(&home, &server);
    // The gauges are set every five seconds, the recording is encoded on a quiet machine.
    wait_until("a recording is encoded, its legs are judged", || {
        server.metric("rotaline_recordings_encoded_total") > Some(0.0)
            && server.metric("process_open_fds") > Some(0.0)
            && server.metric("rotaline_media_mos_count") > Some(0.0)
    });
    let scrape = Scrape::of(&server);
    assert_eq!(
        scrape.types,
        table(),
        "shown, and promised in operator/README.md"
    );

    let mut faults = Vec::new();
    let mut asked = 0;
    for (place, text) in dashboard().into_iter().chain(rules()).chain(examples()) {
        let expression = Expression::read(&text);
        asked += expression.series.len();
        faults.extend(
            expression
                .faults(&scrape, &NOT_OURS)
                .map(|it| format!("{place}: {it}")),
        );
    }
    assert_eq!(faults, Vec::<String>::new());
    assert!(asked > 60, "only {asked} series are asked for");

    let failed = scrape.sum(
        "rotaline_call_failures_total",
        "cause",
        "A fault in the service",
    );
    assert_eq!(failed, Some(0.0), "the first fault is seen as one more");
    let joined = scrape.sum("rotaline_wait_seconds_count", "end", "joined");
    assert_eq!(joined, Some(1.0));
    let accepted = scrape.sum("rotaline_attempts_total", "result", "accepted");
    assert_eq!(accepted, Some(1.0));
    server.close(&[]);
}

#[test]
fn prometheus_itself_takes_the_rules_and_they_fire_when_they_should() {
    let Some(promtool) = promtool() else {
        println!("!!!! promtool is not here (Debian: prometheus): the alert rules were only read");
        return;
    };
    let folder = root().join("operator/prometheus");
    for arguments in [
        ["check", "rules", "alerts.yml"],
        ["test", "rules", "alerts_test.yml"],
    ] {
        let mut command = Command::new(&promtool);
        let output = command
            .args(arguments)
            .current_dir(&folder)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let complained = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {said}{complained}");
    }
}

fn a_call_is_taken(home: &Home, server: &Server) {
    let phone = Phone::at(home.phone, PHONE_HZ, Manner::Answers);
    let mut caller = Caller::new(home.sip_address(), "02079460002", CALLER_HZ);
    assert_eq!(caller.call().status(), 200);
    wait_until("they hear each other", || {
        phone.voice.press(1);
        thread::park_timeout(KEY);
        phone.voice.hears(CALLER_HZ) && caller.voice.hears(PHONE_HZ)
    });
    caller.hang_up();
    wait_until("the outcome is keyed", || {
        phone.voice.press(1);
        thread::park_timeout(KEY);
        server.only_case()["outcome"].is_string()
    });
    phone.hang_up();
    wait_until("the case is closed", || {
        server.only_case()["closed_at"].is_string()
    });
}

/// Where promtool is: on the path, where `tests/run` puts it, or has unpacked it before.
fn promtool() -> Option<PathBuf> {
    let unpacked = root().join("target/tools/bin/promtool");
    let candidates = [PathBuf::from("promtool"), unpacked];
    candidates.into_iter().find(|it| {
        let version = Command::new(it).arg("--version").output();
        version.is_ok_and(|output| output.status.success())
    })
}

/// Name and type of each row of the page's table.
fn table() -> BTreeSet<(String, String)> {
    let page = fs::read_to_string(root().join("operator/README.md")).unwrap();
    let rows = page.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| `")?.split('|').map(str::trim);
        let name = cells.next()?.trim_end_matches('`').to_owned();
        let is_metric = name.starts_with("rotaline_") || name.starts_with("process_");
        is_metric.then(|| (name, cells.next().unwrap_or_default().to_owned()))
    });
    rows.collect()
}

/// Every expression of the dashboard, with its panel's title; each panel has one.
fn dashboard() -> Vec<(String, String)> {
    let text = fs::read_to_string(root().join("operator/grafana/rotaline.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    let mut found = Vec::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        let title = panel["title"].as_str().unwrap();
        let targets = panel["targets"].as_array().map_or(&[][..], Vec::as_slice);
        assert!(
            !targets.is_empty() || panel["type"] == "row",
            "{title} asks for nothing"
        );
        for target in targets {
            let text = target["expr"].as_str().unwrap().to_owned();
            found.push((format!("dashboard, {title}"), text));
        }
    }
    assert!(found.len() > 20);
    found
}

/// Every `expr:` of the alert rules; a `|` is followed by lines that are indented further.
fn rules() -> Vec<(String, String)> {
    let text = fs::read_to_string(root().join("operator/prometheus/alerts.yml")).unwrap();
    let mut found: Vec<(String, String)> = Vec::new();
    let mut block = None;
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        let line = line.trim_start();
        if block.is_some_and(|than| indent > than) {
            let (_, text) = found.last_mut().expect("its `expr:` came before");
            *text += &format!(" {line}");
            continue;
        }
        block = None;
        if let Some(name) = line.strip_prefix("- alert: ") {
            found.push((format!("rule {name}"), String::new()));
        }
        if let (Some(text), Some(rule)) = (line.strip_prefix("expr: "), found.last_mut()) {
            block = (text == "|").then_some(indent);
            rule.1 = text.trim_start_matches('|').to_owned();
        }
    }
    assert!(found.len() > 10 && found.iter().all(|(_, text)| text.len() > 5));
    found
}

/// The examples of the page: its indented lines.
fn examples() -> Vec<(String, String)> {
    let page = fs::read_to_string(root().join("operator/README.md")).unwrap();
    let lines = page.lines().filter_map(|line| line.strip_prefix("    "));
    let query = lines.filter(|line| line.contains("rotaline_"));
    let query = query.filter(|line| line.contains("rate("));
    query
        .map(|line| ("README".to_owned(), line.to_owned()))
        .collect()
}
