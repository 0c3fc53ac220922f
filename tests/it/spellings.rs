//! Hundreds of spellings of a way out of the recordings' folder, of which none leads out.
//!
//! What lies outside has a mark in it that no recording has, and so has the token's file.

use std::fs;
use std::thread;
use std::time::Duration;

use crate::http;
use crate::party::{Caller, Manner, Phone};
use crate::server::{Home, Server, Wish, wait_until};

const CALLER_HZ: u16 = 700;
const CALLED_HZ: u16 = 1130;
const HEARD: Duration = Duration::from_millis(300);
const MARK: &str = "what lies outside";
/// Up one folder: as it is, encoded once and twice, overlong, wide, and with what servers strip.
const UP: [&str; 12] = [
    "..",
    "%2e%2e",
    "%2E.",
    ".%2e",
    "%252e%252e",
    "%c0%ae%c0%ae",
    "%ef%bc%8e%ef%bc%8e",
    "..;",
    "....",
    "..%00",
    "..%20",
    "%u002e%u002e",
];
/// Between folders.
const SEPARATORS: [&str; 7] = ["/", "%2f", "\\", "%5c", "%252f", "%c0%af", "//"];
const DEPTHS: [usize; 2] = [1, 3];
const TARGETS: [&str; 3] = ["outside.wav", "data/api-token", "rotaline.toml"];
/// Ways that do not go up.
const DIRECT: [&str; 8] = [
    "{folder}/outside.wav",
    "file://{folder}/outside.wav",
    "//localhost{folder}/outside.wav",
    "%2f{folder}/outside.wav",
    "case/{folder}/outside.wav",
    "chain.log",
    "case%00.wav",
    "case%0a.wav",
];

#[test]
fn no_spelling_of_a_recordings_path_leads_out_of_their_folder() {
    let home = Home::new("spellings", &Wish::default());
    let outside = home.folder.join("outside.wav");
    fs::write(&outside, format!("RIFF{MARK}")).unwrap();
    let server = home.serve();
    let id = recorded(&home, &server);

    let folder = home.folder.to_str().unwrap();
    let spellings = spellings(folder);
    assert!(spellings.len() >= 300, "{}", spellings.len());
    for spelling in &spellings {
        for path in [
            format!("/api/v1/calls/{id}/recording.wav?part={spelling}"),
            format!("/api/v1/calls/{id}/{spelling}"),
            format!("/api/v1/calls/{spelling}/recording.wav"),
        ] {
            let answer = http::get(server.http, &path, &server.token).unwrap();
            assert!(
                (400..500).contains(&answer.status),
                "{path}: {}",
                answer.status
            );
            let body = String::from_utf8_lossy(&answer.body);
            let tells = [MARK, server.token.as_str(), "first_port"];
            assert!(!tells.iter().any(|it| body.contains(it)), "{path}: {body}");
        }
    }

    // Nor does a link that somebody has put in the place of a recording.
    let path = format!("/api/v1/calls/{id}/recording.wav");
    assert!(server.file(&path).starts_with(b"RIFF"));
    let stored = stored(&home);
    fs::remove_file(&stored).unwrap();
    std::os::unix::fs::symlink(&outside, &stored).unwrap();
    let answer = http::get(server.http, &path, &server.token).unwrap();
    assert_eq!(answer.status, 500);
    assert!(!String::from_utf8_lossy(&answer.body).contains(MARK));
    server.close(&["recording file name leaves the folder"]);
}

fn spellings(folder: &str) -> Vec<String> {
    let direct = DIRECT.map(|it| it.replace("{folder}", folder));
    let mut spellings = Vec::from(direct);
    for (number, up) in UP.iter().enumerate() {
        for separator in SEPARATORS {
            for (depth, target) in DEPTHS.iter().zip(TARGETS.iter().cycle().skip(number)) {
                let target = target.replace('/', separator);
                let ways = format!("{up}{separator}").repeat(*depth);
                spellings.push(format!("{ways}{target}"));
                spellings.push(format!("case{separator}{ways}{target}"));
            }
        }
    }
    spellings
}

/// A call of which the recording is stored.
fn recorded(home: &Home, server: &Server) -> String {
    let phone = Phone::at(home.phone, CALLED_HZ, Manner::Answers);
    let mut caller = Caller::new(home.sip_address(), "1000", CALLER_HZ);
    caller.is_answered();
    wait_until("they hear each other", || {
        thread::park_timeout(HEARD);
        phone.voice.hears(CALLER_HZ) && caller.voice.hears(CALLED_HZ)
    });
    caller.hang_up();
    phone.hang_up();
    let id = || Some(server.only_case()["id"].as_str()?.to_owned());
    wait_until("the recording is stored", || {
        id().is_some_and(|id| {
            let path = format!("/api/v1/calls/{id}/recording.wav");
            let answer = http::get(server.http, &path, &server.token);
            answer.is_ok_and(|answer| answer.status == 200)
        })
    });
    id().unwrap()
}

fn stored(home: &Home) -> std::path::PathBuf {
    let chain = fs::read_to_string(home.folder.join("recordings/chain.log")).unwrap();
    let name = chain.lines().next().unwrap().split(' ').nth(4).unwrap();
    home.folder.join("recordings").join(name)
}
