//! The rules against planted faults: a rule that finds nothing anywhere would hold nothing.

use std::path::Path;

use crate::arrows::{Kind, rules_of};
use crate::source::Source;
use crate::{Finding, config, sans_io, style};

fn found(findings: &[Finding]) -> Vec<(usize, &str)> {
    findings
        .iter()
        .map(|finding| (finding.line, finding.what.as_str()))
        .collect()
}

fn lines_of(findings: &[Finding]) -> Vec<usize> {
    findings.iter().map(|finding| finding.line).collect()
}

#[test]
fn lexer_tells_code_from_comments_and_text() {
    let text = "let a = \"x { // y\"; // todo! {\n/* { /* nested */ } */ let b = '{';\n\
                let c: &'static str = r#\"\"quoted\" }\"#; let d = b'\\'';\n\"open\nstill } text\";";
    let source = Source::new("x.rs", text);
    let code: String = source.lines.iter().map(|line| line.code.as_str()).collect();
    assert!(!code.contains(['{', '}']), "{code}");
    for kept in ["let a =", "let b =", "let c: &'static str =", "let d ="] {
        assert!(code.contains(kept), "{kept} in {code}");
    }
    assert_eq!(source.lines[0].comment, "// todo! {");
    assert_eq!(source.lines[0].text_chars, 8);
    assert!(source.lines[4].code.trim_start().ends_with("\";"));
}

#[test]
fn long_functions_are_found_and_short_ones_are_not() {
    let body = "    call();\n".repeat(69);
    let text = format!("fn short() {{\n}}\ntype F = fn(u8);\npub async fn long(\n) {{\n{body}}}\n");
    let findings = style::lengths(&Source::new("x.rs", &text));
    assert_eq!(found(&findings), [(4, "fn long has 72 lines, 70 allowed")]);
}

#[test]
fn a_function_ends_where_its_block_ends_and_not_where_its_text_does() {
    let text = "fn a() { let s = \"}\"; let c = '}'; // }\n}\nfn b();\n".to_owned();
    let findings = style::lengths(&Source::new("x.rs", &(text + &"\n".repeat(90))));
    assert!(findings.is_empty(), "{findings:?}");
}

#[test]
fn long_files_and_lines_are_found() {
    let long = "x".repeat(101);
    let text = format!("{}{long}\n// https://{long}\n", "\n".repeat(800));
    let findings = style::lengths(&Source::new("crates/a/src/x.rs", &text));
    assert_eq!(lines_of(&findings), [802, 801]);
    let in_text = format!("let case = \"{long}\";\nlet case = {long};");
    let findings = style::lengths(&Source::new("tests/it/x.rs", &in_text));
    assert_eq!(lines_of(&findings), [2]);
    let findings = style::lengths(&Source::new("crates/a/src/x.rs", &in_text));
    assert_eq!(lines_of(&findings), [1, 2]);
}

#[test]
fn a_file_without_a_head_is_found() {
    assert!(style::head(&Source::new("x.rs", "use a::b;\n//! late\n")).is_some());
    assert!(style::head(&Source::new("x.rs", "//!\n")).is_some());
    assert!(style::head(&Source::new("x.rs", "//! What it is.\n")).is_none());
}

#[test]
fn unfinished_work_is_found_in_code_and_in_comments() {
    let text = format!(
        "todo!();\nunimplemented!(\"x\");\ndbg!(1);\n#[{}nore = \"slow\"]\n#[allow({}_code)]\n// {}: x\n",
        "ig",
        "dead",
        concat!("FIX", "ME"),
    );
    let findings = style::unfinished(&Source::new("x.rs", &text));
    assert_eq!(lines_of(&findings), [1, 2, 3, 4, 5, 6]);
    let innocent = "//! x\n\"todo!\" // todo! is a macro\nlet ignored = list[ignore_from];\n";
    assert!(style::unfinished(&Source::new("x.rs", innocent)).is_empty());
}

#[test]
fn sleeping_tests_are_found_wherever_tests_are() {
    let sleeping = "fn a() {\n    thread::sleep(x);\n}\n";
    let sleeps = |path: &str, text: &str| lines_of(&style::sleeps(&Source::new(path, text)));
    assert_eq!(sleeps("tests/it/main.rs", sleeping), [2]);
    assert_eq!(sleeps("crates/a/src/b/tests.rs", sleeping), [2]);
    assert_eq!(sleeps("crates/a/src/b.rs", sleeping), [0; 0]);
    let within = format!("{sleeping}#[cfg(test)]\nmod tests {{\n{sleeping}}}\n{sleeping}");
    assert_eq!(sleeps("crates/a/src/b.rs", &within), [7]);
}

#[test]
fn a_sans_io_crate_that_asks_for_the_time_is_found() {
    let text = "//! Instant\nuse std::time::Instant;\nlet a = rand::random();\n\
                let thread = 1;\nstd::thread::spawn(f);\n#[cfg(test)]\nmod tests {\n\
                use std::time::Instant;\n}\n";
    let banned = |path: &str| lines_of(&sans_io::check(&Source::new(path, text)));
    assert_eq!(banned("crates/sip/src/a.rs"), [2, 3, 5]);
    assert_eq!(banned("crates/engine/src/a.rs"), [0; 0]);
    assert_eq!(banned("crates/sip/src/tests.rs"), [0; 0]);
}

#[test]
fn walking_through_a_hashed_map_is_found() {
    let text = "struct A {\n    legs: HashMap<LegId, Leg>,\n    rooms: BTreeMap<RoomId, Room>,\n}\n\
                for leg in &self.legs {\nself.legs.get(&id);\nself.legs.values_mut();\n\
                self.rooms.iter();\nlet seen = std::collections::HashSet::new();\n\
                for one in &mut seen {\n";
    let findings = sans_io::check(&Source::new("crates/switch/src/a.rs", text));
    assert_eq!(lines_of(&findings), [5, 7, 10]);
}

#[test]
fn arrows_against_the_grain_are_refused() {
    let refused = |place: &str, name: &str, kind| {
        let rules = rules_of(&Path::new(place).join("Cargo.toml")).expect("the table has it");
        rules.refuses(name, kind).is_some()
    };
    let cases = [
        ("crates/sip", "rotaline-model", Kind::Product, false),
        ("crates/sip", "rotaline-sdp", Kind::Product, true),
        ("crates/sip", "rotaline-sdp", Kind::Tests, true),
        ("crates/sip", "rotaline-testkit", Kind::Product, true),
        ("crates/sip", "rotaline-testkit", Kind::Tests, false),
        ("crates/sip", "tokio", Kind::Product, true),
        ("crates/sip", "tokio", Kind::Tests, false),
        ("crates/model", "rotaline-record", Kind::Product, true),
        ("crates/engine", "rotaline-store", Kind::Product, true),
        ("crates/engine", "sqlx", Kind::Product, true),
        ("crates/engine", "axum", Kind::Product, true),
        ("crates/engine", "tokio", Kind::Product, false),
        ("crates/store", "axum", Kind::Product, true),
        ("crates/api", "sqlx", Kind::Product, true),
        ("crates/api", "rotaline-engine", Kind::Product, true),
        ("crates/call", "rotaline-routing", Kind::Product, false),
        ("crates/rotaline", "rotaline-testkit", Kind::Product, true),
        ("tests/rtppeer", "libc", Kind::Product, true),
        ("tests", "rotaline-switch", Kind::Product, false),
    ];
    for (place, name, kind, expected) in cases {
        assert_eq!(
            refused(place, name, kind),
            expected,
            "{place} -> {name} for {kind:?}"
        );
    }
    assert!(rules_of(Path::new("crates/webrtc/Cargo.toml")).is_none());
}

#[test]
fn a_settings_file_that_does_not_parse_is_found() {
    let path = Path::new("config/x.toml");
    assert_eq!(config::fault(path, "[a]\nb = 1\n"), None);
    let fault = config::fault(path, "[a]\nb = 1\nc = = 2\n").expect("it does not parse");
    assert_eq!(fault.line, 3);
}
