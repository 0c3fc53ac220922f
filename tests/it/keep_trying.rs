//! "We keep trying and ring you back", killed between the promise and the call back (SERVICE 1.10).

use std::thread;
use std::time::{Duration, Instant};

use crate::party::{Caller, Manner, Phone};
use crate::server::{Home, Wish, wait_until};

const CALLER_HZ: u16 = 700;
const RUNG_BACK_HZ: u16 = 1130;
const SPECIALIST_HZ: u16 = 700;
/// "first try not before 60 s", and what starting and ringing take.
const FIRST_TRY: Duration = Duration::from_secs(60 + 15);
/// As long as a key is pressed, and a little.
const KEY: Duration = Duration::from_millis(300);

#[test]
fn promised_and_killed_the_caller_is_rung_back_once_all_the_same() {
    let home = Home::new("keep-trying", &Wish::default());
    let rung_back = home.gateway(RUNG_BACK_HZ);
    promise_and_kill(&home);

    let specialist = Phone::at(home.phone, SPECIALIST_HZ, Manner::Answers);
    let server = home.serve();
    let case = server.only_case();
    assert!(case["closed_at"].is_null(), "the job goes on: {case}");
    let limit = Instant::now() + FIRST_TRY;
    while specialist.acknowledged() == 0 {
        assert!(Instant::now() < limit, "nobody was tried again");
        thread::park_timeout(KEY);
    }
    wait_until("the specialist accepts, and the caller is rung", || {
        specialist.voice.press(1);
        thread::park_timeout(KEY);
        rung_back.acknowledged() == 1
    });
    wait_until("the parties hear each other", || {
        rung_back.voice.press(1);
        thread::park_timeout(KEY);
        rung_back.voice.hears(SPECIALIST_HZ) && specialist.voice.hears(RUNG_BACK_HZ)
    });
    assert_eq!(rung_back.invited(), 1, "the caller is rung once");
    assert_eq!(specialist.invited(), 1);
    wait_until("the case tells of both calls", || {
        let case = server.only_case();
        let attempts = case["attempts"].as_array().cloned().unwrap_or_default();
        let kinds: Vec<_> = attempts.iter().map(|it| it["phone"].clone()).collect();
        case["specialist"] == "ann" && kinds == ["mobile", "mobile", "caller"]
    });
    let case = server.only_case();
    assert_eq!(case["calls"].as_array().map(Vec::len), Some(2), "{case}");
    server.close(&[]);
}

/// Nobody accepts; 2, and 1 for the number that is said; killed once it is promised.
fn promise_and_kill(home: &Home) {
    let server = home.serve();
    let phone = Phone::at(home.phone, SPECIALIST_HZ, Manner::Rings);
    let mut caller = Caller::new(home.sip_address(), "02079460002", CALLER_HZ);
    assert_eq!(caller.call().status(), 200);
    wait_until("the specialist's phone is given up", || phone.ended() == 1);
    caller.voice.press(2);
    thread::park_timeout(2 * KEY);
    caller.voice.press(1);
    let promised = caller.is_hung_up_within(Duration::from_secs(15));
    assert!(promised, "we say that we ring back, and hang up");
    server.kill();
}
