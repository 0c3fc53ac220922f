//! What is left of many calls, compared with the calls: cases by the API, records in the journal,
//! recordings on the disk.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::load::Placed;
use crate::recordings::{ffprobe_seconds, verified, wav_seconds, wavs};
use crate::server::{Home, Server};

/// Cases of a page; the API's bound.
const PAGE: usize = 200;
/// A probe is a process, and takes longer than its recording's header is worth.
const PROBES: usize = 100;
/// What stands before a record in the journal.
const FRAME_HEADER: usize = 12;

/// All cases, newest first.
pub fn cases(server: &Server) -> Vec<Value> {
    let mut cases = Vec::new();
    let mut after = String::new();
    loop {
        let page = server.get(&format!("/api/v1/calls?limit={PAGE}{after}"));
        cases.extend(page["calls"].as_array().expect("a list").iter().cloned());
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return cases,
        }
    }
}

/// Waits until no case is open and nothing is unwritten; how long that took.
pub fn settled_within(server: &Server, limit: Duration) -> Duration {
    let began = Instant::now();
    loop {
        let open = server.get("/api/v1/calls?state=open&limit=1")["calls"].clone();
        let waiting = [
            "rotaline_store_unwritten_cases",
            "rotaline_store_waiting_records",
        ]
        .map(|name| server.metric(name));
        if open.as_array().is_some_and(Vec::is_empty) && waiting == [Some(0.0); 2] {
            return began.elapsed();
        }
        let health = server.get("/healthz");
        assert!(
            began.elapsed() < limit,
            "not settled within {limit:?}: open {open}, waiting {waiting:?}, {health}"
        );
        std::thread::park_timeout(Duration::from_millis(50));
    }
}

/// What a call and its case have in common: who rang, and what was dialled.
pub fn key_of_case(case: &Value) -> (String, String) {
    let text = |field: &str| case[field].as_str().unwrap_or_default().to_owned();
    (text("caller"), text("dialled"))
}

/// Every call that was placed has one case, and no case is of a call that was not placed.
pub fn one_case_a_call(placed: &[Placed], cases: &[Value]) {
    let mut differs: BTreeMap<(String, String), i64> = BTreeMap::new();
    for call in placed {
        *differs.entry(key_of_call(call)).or_default() += 1;
    }
    for case in cases {
        *differs.entry(key_of_case(case)).or_default() -= 1;
    }
    differs.retain(|_, more| *more != 0);
    assert!(
        differs.is_empty(),
        "calls (+) and cases (-) differ: {differs:?}"
    );
}

/// As its case has it: numbers that are telephone numbers in E.164.
pub fn key_of_call(call: &Placed) -> (String, String) {
    let dialled = match call.dialled.strip_prefix('0') {
        Some(national) => format!("+44{national}"),
        None => call.dialled.clone(),
    };
    (call.caller.clone(), dialled)
}

/// Waits until the chain holds and lists all; how many recordings there are.
pub fn recordings_verify(home: &Home, limit: Duration) -> BTreeMap<String, String> {
    let folder = home.folder.join("recordings");
    let began = Instant::now();
    loop {
        match verified(&folder) {
            Ok(stored) => return stored,
            Err(fault) => assert!(began.elapsed() < limit, "not within {limit:?}: {fault:#}"),
        }
        std::thread::park_timeout(Duration::from_millis(200));
    }
}

/// Every WAV that was not judged yet has a right header, and ffprobe can play so many of them.
pub fn all_playable(home: &Home, judged: &mut BTreeSet<String>) {
    let mut probes = PROBES;
    for file in wavs(&home.folder.join("recordings")) {
        if !judged.insert(file.to_string_lossy().into_owned()) {
            continue;
        }
        let wav = fs::read(&file).unwrap();
        let seconds = wav_seconds(&wav).unwrap_or_else(|fault| panic!("{file:?}: {fault}"));
        if probes == 0 {
            continue;
        }
        probes -= 1;
        // It says N/A of an empty one.
        if let Some(probed) = ffprobe_seconds(&file) {
            assert!(
                (probed - seconds).abs() < 0.01,
                "{file:?}: {probed} of {seconds} s"
            );
        }
    }
}

/// Records of a journal: how often each case was closed, and every record's place.
#[derive(Default)]
pub struct Journalled {
    places: BTreeSet<String>,
    closed: BTreeMap<String, usize>,
}

impl Journalled {
    /// Reads what the journal holds now; what was read before is not counted again.
    pub fn read(&mut self, home: &Home) {
        let mut files = Vec::new();
        all_files(&home.folder.join("data/journal"), &mut files);
        for file in files {
            for record in records(&fs::read(file).unwrap_or_default()) {
                let place = ["case", "origin", "sequence"].map(|field| record[field].to_string());
                let is_new = self.places.insert(place.join(" "));
                if is_new && record["fact"]["type"] == "case_closed" {
                    let case = record["case"].as_str().expect("a case").to_owned();
                    *self.closed.entry(case).or_default() += 1;
                }
            }
        }
    }

    /// Each of these cases was closed once.
    pub fn closed_once(&self, cases: &[Value]) {
        for case in cases {
            let id = case["id"].as_str().expect("an id");
            let times = self.closed.get(id).copied().unwrap_or(0);
            assert_eq!(times, 1, "closed so often: {case}");
        }
    }
}

fn all_files(folder: &Path, files: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all_files(&path, files);
        } else {
            files.push(path);
        }
    }
}

/// Frames: a header of 12 bytes, A7 4A and the version first, the length at 4; then JSON. A file
/// that begins otherwise is none of the journal's; what follows a torn frame is looked for.
fn records(bytes: &[u8]) -> Vec<Value> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(frame) = bytes.get(at..) {
        let record = frame.get(..FRAME_HEADER).and_then(|header| {
            let length = u32::from_le_bytes(header[4..8].try_into().ok()?) as usize;
            let payload = frame.get(FRAME_HEADER..FRAME_HEADER.checked_add(length)?)?;
            let is_frame = header[..3] == [0xA7, 0x4A, 1];
            Some((FRAME_HEADER + length, serde_json::from_slice(payload).ok()?))
                .filter(|_| is_frame)
        });
        match record {
            Some((length, record)) => {
                found.push(record);
                at += length;
            }
            None if frame.is_empty() => break,
            None => at += 1,
        }
    }
    found
}
