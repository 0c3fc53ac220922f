//! The log goes into a pipe that nobody reads: calls do not notice.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;

use crate::party::{Caller, Manner, Phone};
use crate::server::{Home, LIMIT, Server, Wish, wait_until};

const CALLER_HZ: u16 = 700;
const PHONE_HZ: u16 = 1130;
/// A pipe holds 64 kB, and 4096 lines wait for it: more lines than that.
const REFUSED: usize = 8_000;

#[test]
fn a_log_that_nobody_reads_holds_no_call_and_what_it_drops_is_counted() {
    let home = Home::new("log-unread", &Wish::default());
    let server = home.serve_unread();
    let phone = Phone::at(home.phone, PHONE_HZ, Manner::Answers);
    let mut caller = Caller::new(home.sip_address(), "1000", CALLER_HZ);
    assert_eq!(caller.call().status(), 200);
    let joined = |caller: &Caller| caller.voice.hears(PHONE_HZ) && phone.voice.hears(CALLER_HZ);
    wait_until("they hear each other", || joined(&caller));

    ask_without_a_token(&server);
    wait_until("lines are dropped", || {
        server.metric("rotaline_log_lines_dropped_total") > Some(0.0)
    });
    let before = caller.voice.packets();
    wait_until("the call goes on", || caller.voice.packets() > before + 50);
    wait_until("they still hear each other", || joined(&caller));
    assert_eq!(caller.hang_up().status(), 200);
    wait_until("the phone is left", || !phone.is_in_call());
    let mut next = Caller::new(home.sip_address(), "1000", CALLER_HZ);
    assert_eq!(next.call().status(), 200);
    wait_until("the next two hear each other", || joined(&next));
    assert_eq!(next.hang_up().status(), 200);
    wait_until("both cases are told", || server.lists_calls(2));
    server.close(&[]);
}

/// Each of these requests is refused, and a line of the log.
fn ask_without_a_token(server: &Server) {
    let mut stream = TcpStream::connect(server.http).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    let mut answers = stream.try_clone().unwrap();
    let asking = thread::spawn(move || {
        let one = b"GET /api/v1/calls HTTP/1.1\r\nHost: it\r\n\r\n";
        let last = b"GET /api/v1/calls HTTP/1.1\r\nHost: it\r\nConnection: close\r\n\r\n";
        stream.write_all(&one.repeat(REFUSED - 1)).unwrap();
        stream.write_all(last).unwrap();
    });
    let mut answered = Vec::new();
    answers.read_to_end(&mut answered).unwrap();
    asking.join().unwrap();
    let refused = b"HTTP/1.1 401 ";
    let count = answered
        .windows(refused.len())
        .filter(|it| it == refused)
        .count();
    assert_eq!(count, REFUSED);
}
