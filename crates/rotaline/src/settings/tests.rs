//! The settings file and the code say the same.

use std::path::Path;

use rotaline_switch::{NumberForm, UserPhone, Vouches};

use super::raw::Raw;
use super::*;

fn config(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../config")
        .join(name)
}

#[test]
fn commented_defaults_equal_the_codes() {
    let text = std::fs::read_to_string(config("rotaline.toml")).unwrap();
    let uncommented: String = text
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(rest) if is_assignment(rest) => format!("{rest}\n"),
            Some(_) | None => format!("{line}\n"),
        })
        .collect();
    let written: toml::Table = toml::from_str(&uncommented).unwrap();
    let coded = toml::Table::try_from(Raw::default()).unwrap();
    assert_eq!(written, coded);
}

fn is_assignment(line: &str) -> bool {
    line.split_once(" = ").is_some_and(|(key, _)| {
        key.bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    })
}

#[test]
fn shipped_settings_are_faultless() {
    for name in ["rotaline.toml", "bench.toml"] {
        if let Err(faults) = load(&config(name)) {
            panic!("{name}: {faults:?}");
        }
    }
}

#[test]
fn bank_holidays_beside_the_settings_file_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let holidays = folder.path().join("bank-holidays");
    std::fs::create_dir(&holidays).unwrap();
    std::fs::write(holidays.join("notes.txt"), "not read").unwrap();
    let text = "[bank_holidays.england]\nsoon = \"Easter\"\n";
    std::fs::write(holidays.join("england.toml"), text).unwrap();
    let raw = Raw {
        plan: config("bench/plan.toml"),
        prompts: config("prompts/en-GB"),
        ..Raw::default()
    };
    let faults = check::check(raw, "x.toml", folder.path()).unwrap_err();
    let keys: Vec<&str> = faults.iter().map(|fault| fault.key.as_str()).collect();
    assert_eq!(keys, ["bank_holidays.england.soon"]);
}

#[test]
fn an_unknown_key_is_refused_with_its_line() {
    let text = "[sip]\nlisten = \"127.0.0.1:5060\"\nlissten = 1\n";
    let error = toml::from_str::<Raw>(text).unwrap_err();
    let fault = fault_from_toml("x.toml", text, &error);
    assert_eq!(fault.file, "x.toml:3");
    assert!(fault.problem.contains("lissten"), "{fault}");
}

#[test]
fn trunks_are_tried_in_their_order_and_may_call_where_others_may_not() {
    let mut raw: Raw = toml::from_str(
        "[sip]\ngateway = \"192.0.2.1:5060\"\ntrunks = [\"198.51.100.0/24\"]\n\
         [[trunk]]\naddress = \"192.0.2.2:5080\"\nnumbers = \"0044\"\nuser_phone = false\n\
         [[trunk]]\nnetworks = [\"203.0.113.0/24\"]\nvouches = \"asserted\"\nasserted = true\n",
    )
    .unwrap();
    raw.plan = config("bench/plan.toml");
    raw.prompts = config("prompts/en-GB");
    let settings = check::check(raw, "x.toml", Path::new("/nonexistent")).unwrap();
    let switch = settings.engine.switch;
    let addresses: Vec<_> = switch.trunks.iter().map(|it| it.address).collect();
    let expected = ["192.0.2.1:5060", "192.0.2.2:5080"].map(|it| it.parse().ok());
    assert_eq!(addresses, [expected[0], expected[1], None]);
    assert_eq!(switch.trunks[1].numbers, NumberForm::Abroad);
    assert_eq!(switch.trunks[1].user_phone, UserPhone::Unsaid);
    assert_eq!(switch.trunks[2].vouches, Vouches::Asserted);
    for peer in ["198.51.100.7", "192.0.2.1", "192.0.2.2", "203.0.113.7"] {
        let address = peer.parse().unwrap();
        let known = switch.sip.peers.iter().any(|it| it.contains(address));
        assert!(known, "{peer}");
    }
}

#[test]
fn every_fault_is_named_at_once() {
    let mut raw = Raw {
        plan: "missing.toml".into(),
        prompts: "missing".into(),
        ..Raw::default()
    };
    raw.sip.gateway = "provider.example".into();
    raw.sip.trunks = ["192.0.2.0/24", "192.0.2.0/33", "provider.example"]
        .map(String::from)
        .to_vec();
    raw.trunk.push(raw::Trunk {
        address: "provider.example".into(),
        networks: vec!["192.0.2.0/33".into()],
        vouches: "all".into(),
        numbers: "44".into(),
        ..raw::Trunk::default()
    });
    raw.trunk.push(raw::Trunk::default());
    raw.media.last_port = raw.media.first_port;
    raw.limits.calls = 0;
    raw.dial_out.prefixes.push(String::new());
    raw.dial_out.except.push("44".into());
    raw.dial_out.at_once = 1_001;
    raw.dial_out.an_hour = u32::MAX;
    let faults = check::check(raw, "x.toml", Path::new("/nonexistent")).unwrap_err();
    let keys: Vec<&str> = faults.iter().map(|fault| fault.key.as_str()).collect();
    for key in [
        "plan",
        "prompts",
        "sip.gateway",
        "sip.trunks",
        "trunk.1.address",
        "trunk.1.networks",
        "trunk.1.vouches",
        "trunk.1.numbers",
        "trunk.2",
        "media.last_port",
        "limits.calls",
        "dial_out.prefixes",
        "dial_out.except",
        "dial_out.at_once",
        "dial_out.an_hour",
    ] {
        assert!(keys.contains(&key), "{key} is missing from {keys:?}");
    }
    let bad_trunks = keys.iter().filter(|key| **key == "sip.trunks");
    assert_eq!(bad_trunks.count(), 2, "each that is none, and no other");
}

#[test]
fn a_database_that_is_none_is_a_fault_that_says_what_would_be_right() {
    let folder = tempfile::tempdir().unwrap();
    let mut raw = Raw {
        plan: config("bench/plan.toml"),
        prompts: config("prompts/en-GB"),
        ..Raw::default()
    };
    raw.database.url = "mysql://db/calls".to_owned();
    let faults = check::check(raw.clone(), "x.toml", folder.path()).unwrap_err();
    let [fault] = &faults[..] else {
        panic!("{faults:?}");
    };
    assert_eq!(fault.key, "database.url");
    assert!(fault.remedy.contains("postgres://"), "{fault}");
    raw.database.url = "sqlite:calls.db".to_owned();
    let settings = check::check(raw, "x.toml", folder.path()).unwrap();
    let shown = settings.database().to_string();
    assert_eq!(shown, folder.path().join("calls.db").display().to_string());
}
