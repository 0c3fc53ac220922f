//! Events told to a receiver that fails, redirects, hangs, and may not be sent to at all.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

use crate::party::{Caller, Manner as PhoneManner, Phone};
use crate::server::{Home, Server, Wish, wait_until};

const CALLER_HZ: u16 = 700;
const PHONE_HZ: u16 = 1130;

/// What a receiver does with what it is sent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    Takes,
    Fails,
    Redirects,
    Hangs,
}

/// What it was sent.
#[derive(Clone, Debug)]
struct Told {
    line: String,
    id: String,
    signature: String,
    body: String,
    taken: bool,
}

impl Told {
    fn kind(&self) -> String {
        let body: Value = serde_json::from_str(&self.body).unwrap();
        assert_eq!(body["id"], self.id);
        body["type"].as_str().unwrap().to_owned()
    }
}

struct Receiver {
    port: u16,
    manner: Arc<Mutex<Manner>>,
    told: Arc<Mutex<Vec<Told>>>,
}

impl Receiver {
    fn new(manner: Manner) -> Receiver {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let receiver = Receiver {
            port: listener.local_addr().unwrap().port(),
            manner: Arc::new(Mutex::new(manner)),
            told: Arc::default(),
        };
        let (manner, told) = (Arc::clone(&receiver.manner), Arc::clone(&receiver.told));
        std::thread::spawn(move || {
            let mut hung = Vec::new();
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let manner = *manner.lock().unwrap();
                let Some(mut one) = read(&mut stream) else {
                    continue;
                };
                one.taken = manner == Manner::Takes;
                told.lock().unwrap().push(one);
                let answer = match manner {
                    Manner::Takes => "HTTP/1.1 204 No Content\r\n\r\n",
                    Manner::Fails => "HTTP/1.1 500 Broken\r\nContent-Length: 3\r\n\r\nno\n",
                    Manner::Redirects => "HTTP/1.1 307 There\r\nLocation: /elsewhere\r\n\r\n",
                    Manner::Hangs => {
                        hung.push(stream);
                        continue;
                    }
                };
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        receiver
    }

    fn now(&self, manner: Manner) {
        *self.manner.lock().unwrap() = manner;
    }

    fn told(&self) -> Vec<Told> {
        self.told.lock().unwrap().clone()
    }

    /// Ids and kinds of what was told, or taken.
    fn events(&self, wanted: impl Fn(&Told) -> bool) -> BTreeSet<(String, String)> {
        let told = self.told().into_iter().filter(|it| wanted(it));
        told.map(|it| (it.id.clone(), it.kind())).collect()
    }
}

fn read(stream: &mut TcpStream) -> Option<Told> {
    stream
        .set_read_timeout(Some(Duration::from_secs(5)))
        .unwrap();
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let field = |name: &str| {
                let mut lines = head.lines().filter_map(|line| line.split_once(": "));
                let found = lines.find(|(key, _)| key.eq_ignore_ascii_case(name));
                found.map(|(_, value)| value.to_owned()).unwrap_or_default()
            };
            let length: usize = field("content-length").parse().unwrap();
            if body.len() >= length {
                return Some(Told {
                    line: head.lines().next().unwrap().to_owned(),
                    id: field("rotaline-event"),
                    signature: field("rotaline-signature"),
                    body: body.to_owned(),
                    taken: false,
                });
            }
        }
        match stream.read(&mut chunk) {
            Ok(count) if count > 0 => bytes.extend_from_slice(&chunk[..count]),
            Ok(_) | Err(_) => return None,
        }
    }
}

fn home(name: &str, webhooks: &str) -> Home {
    let home = Home::new(name, &Wish::default());
    let file = home.folder.join("rotaline.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(file, format!("{text}[webhooks]\n{webhooks}\n")).unwrap();
    home
}

fn to(receiver: &Receiver) -> String {
    let port = receiver.port;
    format!("urls = [\"http://127.0.0.1:{port}/hook?key=x\"]\nprivate = [\"127.0.0.1\"]")
}

fn a_call(home: &Home) {
    let _phone = Phone::at(home.phone, PHONE_HZ, PhoneManner::Answers);
    let mut caller = Caller::new(home.sip_address(), "1000", CALLER_HZ);
    assert_eq!(caller.call().status(), 200);
    wait_until("they hear each other", || caller.voice.hears(PHONE_HZ));
    assert_eq!(caller.hang_up().status(), 200);
}

fn refused(server: &Server) -> Option<f64> {
    server.metric("rotaline_webhooks_refused_total")
}

#[test]
fn events_outlive_failures_redirections_and_a_kill_with_one_id_and_are_signed() {
    let receiver = Receiver::new(Manner::Fails);
    let home = home("webhooks", &to(&receiver));
    let server = home.serve();
    a_call(&home);
    wait_until("two events are told", || {
        receiver.events(|_| true).len() == 2
    });
    let first = receiver.events(|_| true);
    let kinds: Vec<&str> = first.iter().map(|(_, kind)| kind.as_str()).collect();
    let kinds = BTreeSet::from_iter(kinds);
    assert_eq!(kinds, BTreeSet::from(["call.ended", "recording.ready"]));
    receiver.now(Manner::Redirects);
    let before = receiver.told().len();
    wait_until("they are told again", || receiver.told().len() > before + 1);
    server.kill();

    receiver.now(Manner::Takes);
    let server = home.serve();
    wait_until("both are taken", || {
        receiver.events(|it| it.taken).len() == 2
    });
    assert_eq!(receiver.events(|_| true), first, "each with its one id");
    wait_until("nothing waits", || {
        server.metric("rotaline_webhooks_waiting") == Some(0.0)
    });
    let key = fs::read_to_string(home.folder.join("data/webhook-key")).unwrap();
    let id = server.only_case()["id"].as_str().unwrap().to_owned();
    for told in receiver.told() {
        assert!(told.line.starts_with("POST /hook?key=x "), "{}", told.line);
        assert!(told.body.contains(&id), "{}", told.body);
        let (at, signature) = told.signature.split_once(",v1=").unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(key.trim().as_bytes()).unwrap();
        mac.update(at.strip_prefix("t=").unwrap().as_bytes());
        mac.update(b".");
        mac.update(told.body.as_bytes());
        let bytes = mac.finalize().into_bytes();
        let expected: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(signature, expected);
    }
    server.close(&[]);
}

#[test]
fn a_receiver_that_hangs_holds_up_nothing_and_is_told_again() {
    let receiver = Receiver::new(Manner::Hangs);
    let home = home("webhooks-hang", &to(&receiver));
    let server = home.serve();
    a_call(&home);
    wait_until("both hang", || receiver.events(|_| true).len() == 2);
    receiver.now(Manner::Takes);
    a_call(&home);
    wait_until("the next call's are taken meanwhile", || {
        receiver.events(|it| it.taken).len() == 2
    });
    wait_until("those that hung are given up", || {
        refused(&server) >= Some(2.0)
    });
    wait_until("and are taken then", || {
        receiver.events(|it| it.taken).len() == 4
    });
    server.close(&[]);
}

#[test]
fn a_name_that_leads_into_this_machine_is_never_connected_to() {
    let receiver = Receiver::new(Manner::Takes);
    let port = receiver.port;
    let home = home(
        "webhooks-private",
        &format!("urls = [\"https://localhost:{port}/\"]"),
    );
    let server = home.serve();
    a_call(&home);
    wait_until("it is refused", || refused(&server) >= Some(2.0));
    assert!(receiver.told().is_empty());
    let log = fs::read_to_string(home.log()).unwrap();
    assert!(log.contains("an address that is not public"), "{log}");
    server.close(&[]);
}

#[test]
fn urls_in_the_clear_and_private_ones_are_refused_at_the_start() {
    let webhooks = "urls = [\"http://hooks.example/a-secret\", \"https://a:b@hooks.example/\"]";
    let said = home("webhooks-bad", webhooks).fails_to_serve();
    assert_eq!(said.matches("webhooks.urls").count(), 2, "{said}");
    assert!(!said.contains("a-secret"), "{said}");
}
