//! The HTTP server's bounds: connections that idle, and more of them than there are places.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::http;
use crate::server::{Home, Wish, wait_until};

/// A head must be there within 10 s; and a busy machine.
const HEAD_LIMIT: Duration = Duration::from_secs(14);
/// More connections than the server has places (256).
const CROWD: usize = 300;

#[test]
fn a_head_that_does_not_come_and_a_connection_that_idles_are_given_up() {
    let home = Home::new("http-idle", &Wish::default());
    let server = home.serve();
    let mut slow = TcpStream::connect(server.http).unwrap();
    slow.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        .unwrap();
    let mut idle = TcpStream::connect(server.http).unwrap();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    let begun = Instant::now();
    for (name, stream) in [("slow", &mut slow), ("idle", &mut idle)] {
        let answer = until_closed(stream);
        assert!(
            begun.elapsed() < HEAD_LIMIT,
            "{name}: {:?}",
            begun.elapsed()
        );
        assert_eq!(
            answer.starts_with("HTTP/1.1 200"),
            name == "idle",
            "{name}: {answer}"
        );
    }
    assert!(
        begun.elapsed() > Duration::from_secs(5),
        "an honest pause is not given up"
    );
    server.close(&[]);
}

#[test]
fn a_crowd_of_silent_connections_keeps_nobody_out_for_long() {
    let home = Home::new("http-crowd", &Wish::default());
    let mut server = home.serve();
    let crowd: Vec<TcpStream> = (0..CROWD)
        .map(|_| TcpStream::connect(server.http).unwrap())
        .collect();
    let resident_kb = server.resident_kb();
    let begun = Instant::now();
    wait_until("an honest request is answered", || {
        http::get(server.http, "/healthz", "").is_ok_and(|answer| answer.status == 200)
    });
    println!(
        "answered after {:?}, resident {resident_kb} kB",
        begun.elapsed()
    );
    drop(crowd);
    assert!(server.runs());
    server.close(&[]);
}

#[test]
fn a_head_beyond_the_bound_is_refused_and_a_body_is_not_read_for_nothing() {
    let home = Home::new("http-large", &Wish::default());
    let server = home.serve();
    let head = format!(
        "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: {}\r\n\r\n",
        "a".repeat(1 << 20)
    );
    let many = format!("GET /healthz HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(5000));
    for request in [head, many] {
        let mut stream = TcpStream::connect(server.http).unwrap();
        let _ = stream.write_all(request.as_bytes());
        let answer = until_closed(&mut stream);
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 431"),
            "{answer}"
        );
    }
    let long = format!("{{\"outcome\":\"{}\"}}", "a".repeat(100_000));
    let id = "01890000-0000-7000-8000-000000000000";
    let path = format!("/api/v1/calls/{id}/outcome");
    assert_eq!(server.put(&path, &long).status, 404);
    assert_eq!(server.put(&path, "{\"outcome\":\"x\"}").status, 404);
    server.close(&[]);
}

/// What comes until the connection is closed.
fn until_closed(stream: &mut TcpStream) -> String {
    stream.set_read_timeout(Some(HEAD_LIMIT)).unwrap();
    let mut bytes = Vec::new();
    match stream.read_to_end(&mut bytes) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}"),
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
