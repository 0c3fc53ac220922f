//! The demo, as a newcomer runs it: one whole call, and what it says of it.

use std::process::Command;

use crate::server::{root, rotaline};

#[test]
fn the_demo_places_one_whole_call_and_says_where_everything_is() {
    let demo = Command::new(rotaline())
        .args(["demo", "--once"])
        .current_dir(root())
        .output()
        .unwrap();
    let said = String::from_utf8(demo.stdout).unwrap();
    let complained = String::from_utf8(demo.stderr).unwrap();
    assert!(demo.status.success(), "{said}\n{complained}");
    for words in [
        "rang ann    did not answer",
        "rang ben    answered without accepting",
        "rang cat    accepted with 1",
        "outcome referral-avoided",
        "/api/v1/openapi.json",
    ] {
        assert!(said.contains(words), "{words:?} is missing from:\n{said}");
    }
}
