//! The runner against planted faults: a judge who sees nothing would pass everything.

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use crate::delays::{Delays, Traces};
use crate::plan::{self, Values};
use crate::scenario::{Description, Scenario};
use crate::{case, http, secret, server};

type Check = fn() -> Result<(), Failed>;

/// Each as a trial of its own.
pub fn trials() -> Vec<Trial> {
    let checks: [(&str, Check); 7] = [
        ("a-name-without-a-value-is-refused", names_of_templates),
        ("chunked-and-short-bodies", bodies),
        ("numbers-in-a-log-are-seen", numbers_in_logs),
        ("a-wrong-case-is-seen", wrong_cases),
        ("two-phones-at-a-time-are-seen", two_phones_at_a_time),
        ("a-voice-before-the-key-is-seen", voice_before_key),
        ("a-secret-that-is-left-is-seen", secrets_left),
    ];
    checks
        .into_iter()
        .map(|(name, check)| Trial::test(format!("runner/{name}"), check))
        .collect()
}

fn hold(holds: bool, what: impl Into<String>) -> Result<(), Failed> {
    if holds {
        Ok(())
    } else {
        Err(what.into().into())
    }
}

fn names_of_templates() -> Result<(), Failed> {
    let template = "to = \"sip:ann@127.0.0.1:{{ann}}\"\n# {{nobody}}\n";
    hold(plan::phones(template) == ["ann"], "phones of the plan")?;
    let mut values = Values::from([("ann".to_owned(), "5071".to_owned())]);
    hold(
        plan::fill(template, &values).is_err(),
        "a name without a value",
    )?;
    values.insert("nobody".to_owned(), "-".to_owned());
    let filled = plan::fill(template, &values)?;
    hold(filled == "to = \"sip:ann@127.0.0.1:5071\"\n# -\n", filled)
}

fn bodies() -> Result<(), Failed> {
    let head = "HTTP/1.1 200 OK\r\n";
    let parse = |rest: &str| http::parse(format!("{head}{rest}").as_bytes());
    let chunked = parse("Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")?;
    hold(
        chunked.status == 200 && chunked.body == b"abcde",
        "a chunked body",
    )?;
    hold(
        parse("Content-Length: 3\r\n\r\nabc")?.body == b"abc",
        "a body of a stated length",
    )?;
    hold(
        parse("Content-Length: 4\r\n\r\nabc").is_err(),
        "a body cut short",
    )?;
    hold(
        parse("Transfer-Encoding: chunked\r\n\r\n9\r\nabc").is_err(),
        "a chunk cut short",
    )
}

fn numbers_in_logs() -> Result<(), Failed> {
    for line in [
        "caller=+441632960101",
        "rang 01632960101",
        "sip:441632960101@192.0.2.1",
    ] {
        hold(server::holds_number(line), line)?;
    }
    for line in [
        "2026-11-24T06:43:26.691222123Z INFO case_id=019ab3f2-1234-7890-8123-123456789012",
        "INFO bytes=123456789 port=40002 us=1795502",
        "INFO sha256=0123456789abcdef0123456789abcdef",
    ] {
        hold(!server::holds_number(line), line)?;
    }
    Ok(())
}

/// A scenario in which ann passes on and ben accepts.
fn scenario() -> Result<Scenario, Failed> {
    let is: Description = toml::from_str(
        r#"
        about = "planted"
        dial = "1"
        caller = { sipp = "uac.xml", tone_hz = 700, script = "end" }
        phone.ann = { sipp = "a.xml", tone_hz = 2000, script = "end" }
        phone.ben = { sipp = "b.xml", tone_hz = 1130, script = "end" }
        [case]
        end = "caller_hung_up"
        attempts = ["ann passed_on", "ben accepted"]
        talk_ended_by = "caller"
        ladder = ["out INVITE", "out BYE"]
        "#,
    )?;
    Ok(Scenario::planted(is))
}

fn wrong_cases() -> Result<(), Failed> {
    let accepted = |key: &str| {
        json!({"person": "ben", "result": "accepted", "joined_at": "x", "ended_at": "x",
               "acceptance": "required", "evidence": [{"key": key}]})
    };
    let good = json!({
        "closed_at": "x", "end_cause": "caller_hung_up", "talk_ended_by": "caller", "outcome": "-",
        "talk_s": 2.0, "wait_s": 1.0, "left_out": 0, "calls": [{"ended_at": "x"}],
        "attempts": [{"person": "ann", "result": "passed_on", "ended_at": "x",
                      "answerphone": []}, accepted("1")],
        "ladder": [{"direction": "in", "what": "INVITE"}, {"direction": "out", "what": "INVITE"},
                   {"direction": "out", "what": "BYE"}],
    });
    let scenario = scenario()?;
    let problems = case::problems(&good, &scenario);
    hold(problems.is_empty(), format!("a good case: {problems:?}"))?;
    let faults = [
        ("/end_cause", json!("fault")),
        ("/talk_ended_by", json!("us")),
        ("/outcome", json!("referral-made")),
        ("/talk_s", json!(0.0)),
        ("/calls/0/ended_at", json!(null)),
        ("/attempts/0/result", json!("busy")),
        ("/attempts/0/answerphone", json!([{"sign": "beep"}])),
        ("/attempts/1", accepted("5")),
        ("/ladder/0/direction", json!("out")),
        ("/ladder/2/what", json!("CANCEL")),
        ("/left_out", json!(1)),
    ];
    for (field, fault) in faults {
        let mut bad = good.clone();
        *bad.pointer_mut(field).ok_or("the case has this field")? = fault;
        hold(!case::problems(&bad, &scenario).is_empty(), field)?;
    }
    wrong_windows(&good, scenario)
}

/// Nobody accepted, and the phone was given up too soon or too late.
fn wrong_windows(good: &Value, mut scenario: Scenario) -> Result<(), Failed> {
    scenario.is.case.attempts = vec!["ann not_accepted".into(), "ben accepted".into()];
    for (signs, ended_s, fits) in [
        (0, 14, true),
        (0, 8, false),
        (1, 8, true),
        (1, 14, false),
        (1, 7, false),
    ] {
        let mut case = good.clone();
        let sign = json!([{"sign": "beep"}]);
        case["attempts"][0] = json!({
            "person": "ann", "result": "not_accepted", "answered_at": "2026-11-24T10:00:00Z",
            "ended_at": format!("2026-11-24T10:00:{ended_s:02}.1Z"),
            "answerphone": if signs == 0 { json!([]) } else { sign },
        });
        scenario.is.case.signs = vec!["ann beep".to_owned(); signs];
        let problems = case::problems(&case, &scenario);
        let what = format!("{signs} signs, {ended_s} s: {problems:?}");
        hold(problems.is_empty() == fits, what)?;
    }
    Ok(())
}

/// Logs and reports as they should be: instants in milliseconds.
fn traces(ben_rung: f64, ben_heard: f64) -> Traces {
    Traces::planted([
        (
            "caller",
            vec![("ANSWER", 0.0)],
            vec![("1", 1_000.0)],
            vec![
                ("silence", 20.0),
                ("speech", 420.0),
                ("tone 1130", ben_heard),
            ],
        ),
        (
            "ann",
            vec![("INVITE", 1_050.0), ("ACK", 1_300.0)],
            vec![("2", 3_000.0)],
            vec![],
        ),
        (
            "ben",
            vec![("INVITE", ben_rung), ("ACK", 3_300.0)],
            vec![("1", 5_000.0)],
            vec![],
        ),
    ])
}

fn two_phones_at_a_time() -> Result<(), Failed> {
    let scenario = scenario()?;
    let good = Delays::measure(&scenario, &traces(3_130.0, 5_150.0));
    hold(good.problems.is_empty(), format!("{:?}", good.problems))?;
    let early = Delays::measure(&scenario, &traces(2_000.0, 5_150.0));
    hold(!early.problems.is_empty(), "ben rings while ann listens")?;
    let late = Delays::measure(&scenario, &traces(9_000.0, 5_150.0));
    hold(!late.problems.is_empty(), "ben is rung after six seconds")
}

fn voice_before_key() -> Result<(), Failed> {
    let scenario = scenario()?;
    let early = Delays::measure(&scenario, &traces(3_130.0, 4_000.0));
    hold(!early.problems.is_empty(), "ben is heard before the key")?;
    let late = Delays::measure(&scenario, &traces(3_130.0, 6_000.0));
    hold(
        !late.problems.is_empty(),
        "ben is heard a second after the key",
    )
}

/// Two keys, 1 s after the answer: masked, half masked, in the audio, in the log.
fn secrets_left() -> Result<(), Failed> {
    let key =
        |digit: &str, from: u32| json!({"digit": digit, "start_ms": from, "end_ms": from + 80});
    let keys = [key("4", 1_100), key("2", 1_300)];
    let report = json!({"received": {"first_ms": 100.0}, "sent": {"keys": keys}});
    let segment = |what: &str, from: u32, to: u32| {
        let ms = to - from;
        json!({"what": what, "from_ms": from, "to_ms": to, "audio_ms": ms})
    };
    let channel = |name: &str, heard: Value| json!({"channel": name, "heard": heard});
    let verdict = |left: Value| {
        let right = channel("right", json!([segment("silence", 0, 2_000)]));
        json!({"channels": [channel("left", left), right]})
    };
    let masked = json!([segment("tone 700", 0, 500), segment("silence", 500, 1_250)]);
    let found = |log: &str, left: &Value| {
        let verdict = verdict(left.clone());
        secret::judge("42", &report, log, &verdict)
    };
    hold(
        found("nothing", &masked)?.is_empty(),
        "a masked secret is none",
    )?;
    hold(found("it was 42", &masked)?.len() == 1, "spelt in the log")?;
    let half = json!([segment("tone 700", 0, 950), segment("silence", 950, 1_250)]);
    hold(found("", &half)?.len() == 1, "a mask that begins late")?;
    let key_heard = json!([
        segment("silence", 500, 1_250),
        segment("inband 2", 1_250, 1_300)
    ]);
    hold(found("", &key_heard)?.len() == 1, "a key in the audio")?;
    hold(
        secret::judge("43", &report, "", &verdict(masked)).is_err(),
        "it was not keyed",
    )
}
