//! A disk that fills up while calls are up: they go on, new ones are refused, and when there is
//! room again nothing of them is lost that the disk could have taken.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::party::{Caller, Manner, Message, Phone};
use crate::server::{Home, Server, Wish, wait_until};

const CALLER_HZ: u16 = 700;
const PHONE_HZ: u16 = 1130;
/// Rings nobody.
const MENU: &str = "02079460001";
/// Callers in the menu while the disk fills up.
const OTHERS: usize = 5;
/// What the log may say of it.
const EXPECTED: &[&str] = &[
    "journal",
    "recording",
    "No space left",
    "project",
    "database",
];

/// A file system in memory, small enough to be filled.
struct SmallDisk {
    at: PathBuf,
}

impl SmallDisk {
    /// None, loudly, where nothing may be mounted.
    fn mount(at: &Path) -> Option<SmallDisk> {
        fs::create_dir_all(at).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=40m,mode=0700", "rotaline-test"]);
        match mount.arg(at).output() {
            Ok(output) if output.status.success() => Some(SmallDisk { at: at.to_owned() }),
            _ => {
                eprintln!("SKIPPED: a small disk cannot be mounted here; a full one was not tried");
                None
            }
        }
    }

    fn fill(&self) {
        let mut file = self.filler();
        while file.write_all(&[1; 4096]).is_ok() {}
    }

    /// Leaves 10 MiB.
    fn fill_nearly(&self) {
        self.filler().set_len(0).unwrap();
        self.filler().write_all(&vec![1; 30 << 20]).unwrap();
    }

    fn filler(&self) -> File {
        let mut options = OpenOptions::new();
        options.create(true).append(true);
        options.open(self.at.join("filler")).unwrap()
    }

    fn make_room(&self) {
        fs::remove_file(self.at.join("filler")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a server that failed its test may still hold it for a moment.
        let _ = Command::new("umount").arg("-l").arg(&self.at).status();
    }
}

#[test]
fn on_a_full_disk_calls_go_on_new_ones_are_refused_and_room_brings_all_back() {
    let home = Home::new("full-disk", &Wish::default());
    let Some(disk) = SmallDisk::mount(&home.folder.join("data")) else {
        return;
    };
    fs::create_dir(home.folder.join("data/recordings")).unwrap();
    std::os::unix::fs::symlink("data/recordings", home.folder.join("recordings")).unwrap();
    let server = home.serve();
    let phone = Phone::at(home.phone, PHONE_HZ, Manner::Answers);
    let mut caller = Caller::new(home.sip_address(), "1000", CALLER_HZ);
    assert_eq!(caller.call().status(), 200);
    wait_until("they hear each other", || caller.voice.hears(PHONE_HZ));

    disk.fill();
    let refused = until_answered_with(&home, 503);
    let seconds = refused.header("Retry-After").map(str::parse::<u32>);
    assert!(matches!(seconds, Some(Ok(1..))), "{refused:?}");
    assert_eq!(server.get("/healthz")["status"], "degraded");
    let before = caller.voice.packets();
    wait_until("the call goes on", || caller.voice.packets() > before + 50);
    wait_until("they still hear each other", || {
        caller.voice.hears(PHONE_HZ) && phone.voice.hears(CALLER_HZ)
    });

    disk.make_room();
    until_answered_with(&home, 200);
    assert_eq!(caller.hang_up().status(), 200);
    the_call_is_kept(&server);
    server.close(EXPECTED);
}

#[test]
fn the_last_records_of_calls_wait_for_a_full_journal_disk_and_new_calls_for_a_nearly_full_one() {
    let home = Home::new("full-journal", &Wish::default());
    let Some(disk) = SmallDisk::mount(&home.folder.join("data/journal")) else {
        return;
    };
    let server = home.serve();
    let _phone = Phone::at(home.phone, PHONE_HZ, Manner::Answers);
    let mut caller = Caller::new(home.sip_address(), "1000", CALLER_HZ);
    assert_eq!(caller.call().status(), 200);
    wait_until("they hear each other", || caller.voice.hears(PHONE_HZ));
    // Their ends are more than the last page that a file may still have on a full disk.
    let mut others = [(); OTHERS].map(|()| Caller::new(home.sip_address(), MENU, CALLER_HZ));
    for other in &mut others {
        assert_eq!(other.call().status(), 200);
    }

    disk.fill_nearly();
    until_answered_with(&home, 503);
    for _ in 0..20 {
        let answer = Caller::new(home.sip_address(), MENU, CALLER_HZ).call();
        assert_eq!(answer.status(), 503, "taken and refused by turns");
    }
    disk.fill();
    assert_eq!(caller.hang_up().status(), 200);
    for other in &mut others {
        assert_eq!(other.hang_up().status(), 200);
    }
    wait_until("the disk refuses their last records", || {
        server.metric("rotaline_journal_errors_total") > Some(0.0)
    });

    disk.make_room();
    wait_until("all their cases are closed", || {
        let list = server.get("/api/v1/calls");
        let calls = list["calls"].as_array().expect("a list");
        calls.len() > OTHERS && calls.iter().all(|call| call["closed_at"].is_string())
    });
    assert_eq!(server.metric("rotaline_journal_dropped_total"), Some(0.0));
    until_answered_with(&home, 200);
    // What was told is on disk: a process that starts from it tells the same.
    server.kill();
    let server = home.serve();
    let list = server.get("/api/v1/calls");
    let calls = list["calls"].as_array().expect("a list");
    let first = calls.iter().find(|call| call["dialled"] == "1000");
    assert_eq!(first.expect("a case")["end_cause"], "caller_hung_up");
    server.close(EXPECTED);
}

/// Calls the menu until a new call is answered so.
fn until_answered_with(home: &Home, status: u16) -> Message {
    let mut answered = None;
    wait_until("new calls are answered otherwise", || {
        let mut next = Caller::new(home.sip_address(), "02079460001", CALLER_HZ);
        let answer = next.call();
        if answer.status() == 200 {
            next.hang_up();
        }
        let so = answer.status() == status;
        answered = so.then_some(answer);
        so
    });
    answered.expect("it was waited for")
}

/// Its case is whole, and its recording is there and says what it lacks.
fn the_call_is_kept(server: &Server) {
    let mut kept = None;
    wait_until("the first call's case and recording are told", || {
        let list = server.get("/api/v1/calls");
        let calls = list["calls"].as_array().cloned().unwrap_or_default();
        let id = calls.iter().find(|call| call["dialled"] == "1000");
        let case = id.map(|call| server.get(&format!("/api/v1/calls/{}", text(&call["id"]))));
        kept = case.filter(|case| case["recordings"][0]["duration_s"].is_number());
        kept.is_some()
    });
    let case = kept.expect("it was waited for");
    assert_eq!(case["end_cause"], "caller_hung_up", "{case}");
    assert!(case["talk_s"].as_f64() > Some(2.0), "{case}");
    let recording = &case["recordings"][0];
    let lost_s = recording["lost_s"].as_f64().expect("a figure");
    let lasted_s = recording["duration_s"].as_f64().expect("a length");
    println!("{lost_s} of {lasted_s} s were not recorded");
    assert!(lost_s > 0.0 && lost_s < lasted_s, "{recording}");
    let alarms = server.metric("rotaline_recording_write_errors_total");
    assert!(alarms > Some(0.0), "an alarm counts it");
}

fn text(value: &serde_json::Value) -> &str {
    value.as_str().expect("a text")
}
