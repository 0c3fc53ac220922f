//! What is told of two files.

use super::*;

fn table(text: &str) -> toml::Table {
    toml::from_str(text).expect("TOML")
}

const HOLDS: &str = "data = \"d\"\n[sip]\nlisten = \"a\"\ntrunks = []\n[log]\nlevel = \"info\"\n";

#[test]
fn what_can_be_changed_is_told_from_what_waits_for_a_restart() {
    let mut holds = table(HOLDS);
    let written = HOLDS.replace("trunks = []", "trunks = [\"192.0.2.0/24\"]");
    let written = table(
        &written
            .replace("data = \"d\"", "data = \"e\"")
            .replace("\"a\"", "\"b\""),
    );
    let reloaded = compare(&holds, &written);
    assert_eq!(reloaded.changed, ["sip.trunks"]);
    assert_eq!(reloaded.waiting, ["data", "sip.listen"]);
    take_over(&mut holds, &written, "sip.trunks");
    let again = compare(&holds, &written);
    assert_eq!(again.changed, Vec::<String>::new(), "it holds now");
    assert_eq!(again.waiting, ["data", "sip.listen"], "until the restart");
}

#[test]
fn what_follows_at_once_is_in_the_settings_file_and_nothing_is_said_of_nothing() {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/rotaline.toml");
    let settings = settings::load(&file).expect("settings");
    for key in AT_ONCE {
        assert!(at(&settings.written, key).is_some(), "{key}");
    }
    let nothing = compare(&settings.written, &settings.written);
    assert_eq!(nothing.lines(), ["nothing has changed"]);
}
