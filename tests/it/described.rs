//! The API against its own description: schemathesis, which knows nothing but that, sends what it
//! allows and what it forbids, and no answer is a 5xx or one that it does not have.

use std::path::PathBuf;
use std::process::Command;

use crate::server::{Home, Wish, root};

/// Requests that are made up for an operation, beside those at each edge of its description.
const EXAMPLES: &str = "12";
/// Whether it rejects all that its description allows is not asked: of a rota's dates and sessions
/// most are faulty by the plan, which no schema tells.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_headers_conformance,response_schema_conformance,\
                      unsupported_method,ignored_auth";

#[test]
fn every_answer_is_one_that_the_description_has_and_none_is_a_fault_of_the_server() {
    let Some(schemathesis) = schemathesis() else {
        println!("!!!! schemathesis is not here (PyPI): the API was not held to its description");
        return;
    };
    let home = Home::new("described", &Wish::default());
    let server = home.serve();
    let settings = root().join("tests/it/schemathesis.toml");
    let run = Command::new(schemathesis)
        .arg("--config-file")
        .arg(settings)
        .args(["run", "--continue-on-failure", "--no-shrink", "--seed", "1"])
        .args(["--max-examples", EXAMPLES, "--checks", CHECKS])
        .args(["--phases", "examples,coverage,fuzzing,stateful"])
        // Events have no end, which a client that waits for one does not bear; and the token of
        // the first start has no session, so that all it would get there is 403.
        .args(["--exclude-path-regex", "^/api/v1/(events|session)"])
        .args([
            "--header",
            &format!("Authorization: Bearer {}", server.token),
        ])
        .arg(format!("http://{}/api/v1/openapi.json", server.http))
        .current_dir(&home.folder)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout).into_owned();
    let complained = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{said}{complained}");
    // Its own words, so that a run of nothing is not taken for a good one.
    assert!(said.contains("generated"), "{said}");
    server.close(&[]);
}

/// Where schemathesis is: on the path, or where `tests/run` has installed it.
fn schemathesis() -> Option<PathBuf> {
    let installed = root().join("target/tools/schemathesis/bin/schemathesis");
    let candidates = [PathBuf::from("schemathesis"), installed];
    candidates.into_iter().find(|it| {
        let version = Command::new(it).arg("--version").output();
        version.is_ok_and(|output| output.status.success())
    })
}
