//! `kill -9`, again and again, at moments of chance: every case closed once, every recording
//! playable, linked, and without more than its last second (SERVICE 7 and 8).

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::audit::{self, Journalled};
use super::load::{Chance, Lanes, Placed};
use crate::server::Server;

const LANES: u16 = 4;
const SHORT: u32 = 2;
/// How long the service runs before it is killed: at most so many milliseconds.
const LONGEST_MS: u64 = 6000;
const SHORTEST_MS: u64 = 500;
const SETTLED_WITHIN: Duration = Duration::from_secs(30);
/// SERVICE 8: a killed process loses at most the last second.
const LOST_AT_MOST: Duration = Duration::from_secs(1);
/// The recording begins before the caller has the 200, and ends when the kill is delivered.
const LONGER_AT_MOST_S: f64 = 0.5;

/// The journal is written every 20 ms: a call that was younger may have a recording and no case.
const NEVER_OPENED: &str = "their case cannot be had";

/// What is known from kill to kill.
#[derive(Default)]
struct Known {
    placed: Vec<Placed>,
    journal: Journalled,
    judged: BTreeSet<String>,
    /// When and why each case was closed.
    closed: BTreeMap<String, (Value, Value)>,
    interrupted: usize,
    most_lost: f64,
    longest_settling: Duration,
}

#[test]
fn kill_loop_closes_every_case_once_and_loses_a_second_of_audio_at_most() {
    let kills = super::wished("ROTALINE_KILLS").unwrap_or(SHORT);
    let lanes = Lanes::new("kill-loop", LANES);
    let seed = super::seed("kill loop");
    let mut chance = Chance(seed);
    let mut known = Known::default();
    let mut server = lanes.home.serve();
    let began = Instant::now();
    for kill in 1..=kills {
        let load = lanes.begin(chance.below(u64::MAX));
        let after_ms = SHORTEST_MS + chance.below(LONGEST_MS - SHORTEST_MS);
        std::thread::park_timeout(Duration::from_millis(after_ms));
        let killed = Instant::now();
        server.kill();
        // The next start throws away what the database has.
        known.journal.read(&lanes.home);
        let placed = load.end_killed();
        println!(
            "kill {kill} of {kills}: after {after_ms} ms, {} calls",
            placed.len()
        );
        server = lanes.home.serve();
        let settled = audit::settled_within(&server, SETTLED_WITHIN);
        known.longest_settling = known.longest_settling.max(settled);
        let recordings = audit::recordings_verify(&lanes.home, SETTLED_WITHIN);
        audit::all_playable(&lanes.home, &mut known.judged);
        known.learn(&server, placed, killed, recordings.len());
    }
    known.journal.read(&lanes.home);
    let cases = audit::cases(&server);
    known.journal.closed_once(&cases);
    assert!(known.interrupted > 0, "no call was up at any kill");
    println!(
        "figures: kill loop {kills} kills in {:.1} min, {} calls, {} interrupted, {} cases closed \
         once, {} recordings playable and verified, at most {:.2} s lost, settled in {:.2} s",
        began.elapsed().as_secs_f64() / 60.0,
        known.placed.len(),
        known.interrupted,
        cases.len(),
        known.judged.len(),
        known.most_lost,
        known.longest_settling.as_secs_f64(),
    );
    server.close(&[NEVER_OPENED]);
}

impl Known {
    /// Judges the calls before a kill by what there is after the start.
    fn learn(&mut self, server: &Server, placed: Vec<Placed>, killed: Instant, listed: usize) {
        let cases = audit::cases(server);
        for case in &cases {
            let id = case["id"].as_str().expect("an id").to_owned();
            let now = (case["closed_at"].clone(), case["end_cause"].clone());
            assert!(now.0.is_string(), "open: {case}");
            let before = self.closed.entry(id).or_insert_with(|| now.clone());
            assert_eq!(*before, now, "closed otherwise at an earlier start: {case}");
        }
        for call in &placed {
            let key = audit::key_of_call(call);
            // Newest first, and a number comes again after a thousand calls.
            let case = cases.iter().find(|case| audit::key_of_case(case) == key);
            let age = killed.saturating_duration_since(call.answered);
            match case {
                Some(case) => self.audio_is_kept(server, call, case, age),
                None => assert!(age < LOST_AT_MOST, "no case of {call:?}, {age:?} old"),
            }
        }
        self.placed.extend(placed);
        let told: usize = self.closed.len();
        assert!(
            told <= self.placed.len() + LANES as usize * 64,
            "cases of no call"
        );
        assert!(
            listed >= self.judged.len(),
            "{listed} of {} listed",
            self.judged.len()
        );
    }

    fn audio_is_kept(&mut self, server: &Server, call: &Placed, case: &Value, age: Duration) {
        if call.ended.is_some() {
            return;
        }
        if case["end_cause"] == "interrupted" {
            self.interrupted += 1;
        }
        if age < LOST_AT_MOST {
            return;
        }
        let id = case["id"].as_str().expect("an id");
        let case = server.get(&format!("/api/v1/calls/{id}"));
        let all = case["recordings"].as_array().expect("a list");
        let own = all.iter().find(|recording| recording["part"] == "case");
        let kept = own
            .and_then(|own| own["duration_s"].as_f64())
            .unwrap_or(0.0);
        let lost = age.as_secs_f64() - kept;
        // One whose end was under way is shorter: then it is closed as what ended it.
        if case["end_cause"] == "interrupted" {
            self.most_lost = self.most_lost.max(lost);
            assert!(
                lost <= LOST_AT_MOST.as_secs_f64(),
                "{lost} of {age:?} lost: {case}"
            );
        }
        assert!(lost >= -LONGER_AT_MOST_S, "{kept} s of {age:?}: {case}");
    }
}
