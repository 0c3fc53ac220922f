//! Settings read again while the service runs.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::party::{Caller, Manner, Phone};
use crate::server::{Home, Wish, rotaline, wait_until};

const CALLER_HZ: u16 = 700;
const PHONE_HZ: u16 = 1130;
/// Nobody here is of this network.
const ELSEWHERE: &str = "trunks = [\"198.51.100.0/24\"]";

/// `rotaline reload`: its exit code, and what it says on both streams.
fn reload(home: &Home) -> (Option<i32>, String) {
    let output = Command::new(rotaline())
        .args(["reload", "--config"])
        .arg(home.folder.join("rotaline.toml"))
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

fn rewrite(home: &Home, from: &str, to: &str) {
    let file = home.folder.join("rotaline.toml");
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(file, text.replace(from, to)).unwrap();
}

fn calls(home: &Home) -> u16 {
    let mut caller = Caller::new(home.sip_address(), "1000", CALLER_HZ);
    let status = caller.call().status();
    if status == 200 {
        assert_eq!(caller.hang_up().status(), 200);
    }
    status
}

#[test]
fn trunks_follow_the_file_by_the_command_and_by_sighup_and_a_call_that_is_up_goes_on() {
    let home = Home::new("reload", &Wish::default());
    let server = home.serve();
    let phone = Phone::at(home.phone, PHONE_HZ, Manner::Answers);
    let mut up = Caller::new(home.sip_address(), "1000", CALLER_HZ);
    assert_eq!(up.call().status(), 200);
    wait_until("they hear each other", || up.voice.hears(PHONE_HZ));

    assert_eq!(reload(&home), (Some(0), "nothing has changed\n".to_owned()));
    rewrite(&home, "[media]", &format!("{ELSEWHERE}\n[media]"));
    rewrite(&home, "calls = ", "drain_s = 60\ncalls = 1");
    rewrite(&home, "threads = 1", "threads = 2");
    let (code, said) = reload(&home);
    assert_eq!(code, Some(0), "{said}");
    let expected = "changed: limits.drain_s\nchanged: sip.trunks\n\
                    waits for a restart: limits.calls\nwaits for a restart: media.threads\n";
    assert_eq!(said, expected);
    assert_eq!(calls(&home), 403);
    let before = up.voice.packets();
    wait_until("the call goes on", || up.voice.packets() > before + 50);
    assert_eq!(up.hang_up().status(), 200);
    wait_until("the phone is free", || phone.ended() == 1);

    rewrite(&home, ELSEWHERE, "");
    server.hang_up();
    wait_until("SIGHUP does the same", || calls(&home) == 200);
    server.close(&[]);
}

#[test]
fn a_faulty_file_changes_nothing_and_every_fault_is_named() {
    let home = Home::new("reload-faulty", &Wish::default());
    let mut server = home.serve();
    let _phone = Phone::at(home.phone, PHONE_HZ, Manner::Answers);
    rewrite(&home, "[media]", &format!("{ELSEWHERE}\n[media]"));
    rewrite(&home, "[limits]", "[limits]\nleg_age_s = 1");
    rewrite(&home, "threads = 1", "threads = 1\ndead_after_s = 1");
    let (code, said) = reload(&home);
    assert_eq!(code, Some(1), "{said}");
    for key in ["limits.leg_age_s", "media.dead_after_s"] {
        assert!(said.contains(key), "{key}: {said}");
    }
    server.hang_up();
    wait_until("the signal is seen", || {
        let log = fs::read_to_string(home.log()).unwrap();
        log.contains("the settings have faults: nothing was changed")
    });
    assert!(server.runs());
    assert_eq!(calls(&home), 200, "the trunks are as they were");
    server.close(&[]);
}

#[test]
fn the_socket_is_its_users_alone_and_goes_with_the_service() {
    let home = Home::new("reload-socket", &Wish::default());
    let socket = home.folder.join("data/control.sock");
    let (code, said) = reload(&home);
    assert_eq!(code, Some(1));
    assert!(
        said.contains("no service runs with these settings"),
        "{said}"
    );
    let server = home.serve();
    let mode = fs::metadata(&socket).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    server.kill();
    assert!(socket.exists(), "left of a process that was killed");
    let server = home.serve();
    assert_eq!(reload(&home).0, Some(0));
    server.close(&[]);
    assert!(!socket.exists());
}
