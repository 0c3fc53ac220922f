//! A hostile network: whatever is sent, the service goes on, nothing is left over, and nobody is
//! let in who was not asked.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

use crate::party::{Caller, Manner, Message, Phone};
use crate::server::{Home, Server, Wish, wait_until};
use crate::voice::{EVENTS, Marker, event, rtp};

const CALLER_HZ: u16 = 700;
const PHONE_HZ: u16 = 1130;
/// What is kept for a far end that may send again (RFC 3261, Timers H and J: 32 s; a call that is
/// never acknowledged first has to be ended: 32 s more).
const REMEMBERED: Duration = Duration::from_secs(80);
/// How often the gauges are set (5 s), and a little.
const GAUGES_EVERY: Duration = Duration::from_secs(6);
/// Resident memory that an attack may add for good: buffers that have grown to their bounds.
const MAY_GROW_KB: u64 = 24 * 1024;
const MEDIA_PORTS: u16 = 32;
/// An address on this machine that no description names.
const FOREIGN: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
/// As long as a key is pressed, and a little.
const KEY: Duration = Duration::from_millis(300);

#[test]
fn thousands_of_malformed_datagrams_cost_nobody_a_call() {
    let home = Home::new("malformed", &Wish::default());
    let mut server = home.serve();
    let phone = Phone::at(home.phone, PHONE_HZ, Manner::Answers);
    let mut caller = Caller::new(home.sip_address(), "1000", CALLER_HZ);
    assert_eq!(caller.call().status(), 200);
    let resident_kb = server.resident_kb();

    let attacker = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let whole = Caller::new(home.sip_address(), "02079460001", CALLER_HZ);
    let whole = whole.request("INVITE", &whole.voice.sdp()).into_bytes();
    let mut dice = Dice(1);
    for round in 0..6000_u32 {
        let bytes = damaged(&whole, round, &mut dice);
        let _ = attacker.send_to(&bytes, home.sip_address());
        if round % 50 == 0 {
            thread::park_timeout(Duration::from_millis(5)); // no more than a socket's buffer
        }
    }
    assert!(server.runs());
    wait_until("they hear each other", || {
        caller.voice.hears(PHONE_HZ) && phone.voice.hears(CALLER_HZ)
    });
    assert_eq!(caller.hang_up().status(), 200);
    drop(caller);
    nothing_is_left(&mut server, resident_kb);
    server.close(&[]);
}

#[test]
fn a_flood_of_calls_is_refused_beyond_the_bound_and_leaves_nothing_behind() {
    let home = Home::new("flood", &Wish::default());
    let mut server = home.serve();
    let phone = Phone::at(home.phone, PHONE_HZ, Manner::Rings);
    let resident_kb = server.resident_kb();
    let attacker = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    attacker.set_nonblocking(true).unwrap();
    let (mut refused, mut taken) = (0, 0);
    let mut bytes = [0; 65_535];
    for round in 0..1500_u32 {
        let _ = attacker.send_to(flooding(&home, round).as_bytes(), home.sip_address());
        if round % 20 == 0 || round == 1499 {
            thread::park_timeout(Duration::from_millis(5));
        }
        while let Ok((length, _)) = attacker.recv_from(&mut bytes) {
            let message = Message(String::from_utf8_lossy(&bytes[..length]).into_owned());
            let asks_to_wait = message.header("Retry-After").is_some();
            refused += u32::from(message.status() == 503 && asks_to_wait);
            taken += u32::from(message.status() == 200);
        }
    }
    println!("{taken} taken (with repetitions), {refused} refused");
    assert!(refused > 50, "{refused} refused");
    assert!(taken > 0);
    assert_eq!(phone.invited(), 0, "a menu alone rings nobody");
    nothing_is_left(&mut server, resident_kb);
    let mut honest = Caller::new(home.sip_address(), "02079460001", CALLER_HZ);
    assert_eq!(honest.call().status(), 200);
    assert_eq!(honest.hang_up().status(), 200);
    server.close(&[]);
}

/// An INVITE that its sender never acknowledges.
fn flooding(home: &Home, round: u32) -> String {
    format!(
        "INVITE sip:02079460001@127.0.0.1 SIP/2.0\r\n\
         Via: SIP/2.0/UDP 127.0.0.1:9;rport;branch=z9hG4bKflood{round}\r\nMax-Forwards: 70\r\n\
         From: <sip:x@127.0.0.1>;tag=f{round}\r\nTo: <sip:02079460001@127.0.0.1:{}>\r\n\
         Call-ID: flood{round}\r\nCSeq: 1 INVITE\r\nContact: <sip:x@127.0.0.1:9>\r\n\
         Content-Length: 0\r\n\r\n",
        home.sip
    )
}

/// The gauges are at rest, and memory is about what it was.
fn nothing_is_left(server: &mut Server, resident_kb: u64) {
    // What the gauges show may be from before the attack.
    thread::park_timeout(GAUGES_EVERY);
    let limit = Instant::now() + REMEMBERED;
    let at_rest = |server: &Server| {
        server.metric("rotaline_calls_up") == Some(0.0)
            && server.metric("rotaline_sip_sessions") == Some(0.0)
            && server.metric("rotaline_sip_transactions") == Some(0.0)
            && server.metric("rotaline_people_busy") == Some(0.0)
            && server.metric("rotaline_media_slots_free") == Some(f64::from(MEDIA_PORTS / 2))
    };
    while !at_rest(server) {
        let left = [
            "calls_up",
            "sip_sessions",
            "sip_transactions",
            "people_busy",
            "media_slots_free",
        ]
        .map(|name| (name, server.metric(&format!("rotaline_{name}"))));
        assert!(Instant::now() < limit, "left over: {left:?}");
        thread::park_timeout(Duration::from_millis(200));
    }
    let now_kb = server.resident_kb();
    println!("resident {resident_kb} kB, after the attack {now_kb} kB");
    assert!(
        now_kb < resident_kb + MAY_GROW_KB,
        "{resident_kb} kB before, {now_kb} kB after"
    );
}

/// A small generator (xorshift) that every run begins anew.
struct Dice(u64);

impl Dice {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % below.max(1) as u64) as usize
    }
}

/// A message, damaged in one of many ways.
fn damaged(whole: &[u8], round: u32, dice: &mut Dice) -> Vec<u8> {
    let text = String::from_utf8_lossy(whole).into_owned();
    let replaced = |old: &str, new: &str| text.replace(old, new).into_bytes();
    match round % 12 {
        0 => whole[..dice.next(whole.len())].to_vec(),
        1 => {
            let mut bytes = whole.to_vec();
            for _ in 0..=dice.next(8) {
                let at = dice.next(bytes.len());
                bytes[at] = dice.next(256) as u8;
            }
            bytes
        }
        2 => replaced("Content-Length: ", "Content-Length: 9"),
        3 => replaced("Content-Length: ", "Content-Length: -"),
        4 => replaced(
            "Max-Forwards",
            &format!("X-Long: {}\r\nMax-Forwards", "a".repeat(60_000)),
        ),
        5 => replaced(
            "Max-Forwards",
            &format!("{}Max-Forwards", "Via: x\r\n".repeat(2000)),
        ),
        6 => replaced("CSeq: 1", "CSeq: 99999999999999999999"),
        7 => (0..dice.next(1400)).map(|_| dice.next(256) as u8).collect(),
        8 => replaced("INVITE", "BYE"),
        9 => replaced("sip:", "sip:\u{0}\u{7f}%00%ff"),
        10 => replaced("m=audio", "m=audio 0 RTP/AVP 8\r\nm=audio"),
        _ => format!(
            "SIP/2.0 {} x\r\n{}",
            dice.next(1000),
            &text[text.find("Via").unwrap_or(0)..]
        )
        .into_bytes(),
    }
}

#[test]
fn a_forged_bye_or_cancel_or_reinvite_ends_no_call() {
    let home = Home::new("forged", &Wish::default());
    let server = home.serve();
    let phone = Phone::at(home.phone, PHONE_HZ, Manner::Answers);
    let mut caller = Caller::new(home.sip_address(), "1000", CALLER_HZ);
    assert_eq!(caller.call().status(), 200);
    wait_until("they hear each other", || caller.voice.hears(PHONE_HZ));
    let attacker = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let own = caller.socket.local_addr().unwrap().to_string();
    let foreign = attacker.local_addr().unwrap().to_string();
    for method in [
        "BYE", "CANCEL", "INVITE", "ACK", "INFO", "UPDATE", "REFER", "OPTIONS",
    ] {
        let honest = caller.request(method, "").replace("CSeq: 1", "CSeq: 7");
        let tags: Vec<&str> = honest.split(";tag=").skip(1).collect();
        let ours = tags[0].split("\r\n").next().unwrap_or_default();
        let theirs = tags[1].split("\r\n").next().unwrap_or_default();
        let forged = [
            honest.replace(ours, "wrong"),
            honest.replace(theirs, "wrong"),
            honest.replace(&format!(";tag={theirs}"), ""),
            honest.replace("@it.invalid", "@elsewhere.invalid"),
        ];
        for message in forged {
            let message = message.replace(&own, &foreign);
            attacker
                .send_to(message.as_bytes(), home.sip_address())
                .unwrap();
        }
    }
    let before = (caller.voice.packets(), phone.voice.packets());
    wait_until("the call goes on", || {
        caller.voice.packets() > before.0 + 100 && phone.voice.packets() > before.1 + 100
    });
    assert!(!caller.is_hung_up_within(Duration::from_millis(200)));
    assert_eq!(phone.ended(), 0);
    wait_until("they still hear each other", || {
        caller.voice.hears(PHONE_HZ) && phone.voice.hears(CALLER_HZ)
    });
    assert_eq!(caller.hang_up().status(), 200);
    server.close(&[]);
}

#[test]
fn audio_keys_and_reports_from_a_foreign_address_are_heard_by_nobody() {
    let home = Home::new("foreign", &Wish::default());
    let mut server = home.serve();
    let phone = Phone::at(home.phone, PHONE_HZ, Manner::Answers);
    let mut caller = Caller::new(home.sip_address(), "02079460002", CALLER_HZ);
    assert_eq!(caller.call().status(), 200);
    wait_until("the specialist answers", || phone.acknowledged() == 1);
    let resident_kb = server.resident_kb();

    // Key 1 in every way but the right one: from elsewhere to every port, RTCP among them; and
    // from the caller, whose leg it is not.
    let attacker = UdpSocket::bind((FOREIGN, 0)).unwrap();
    let key = |n: u32| {
        rtp(
            Marker::Set,
            EVENTS,
            n as u16,
            n * 800,
            &event(1, 800, n.is_multiple_of(2)),
        )
    };
    let mut dice = Dice(7);
    for n in 0..200_u32 {
        for port in home.media..home.media + MEDIA_PORTS {
            let to = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            let _ = attacker.send_to(&key(n), to);
            let garbage: Vec<u8> = (0..dice.next(300)).map(|_| dice.next(256) as u8).collect();
            let _ = attacker.send_to(&garbage, to);
            let mut report = vec![0x80 | (dice.next(32) as u8), 200 + dice.next(7) as u8, 0xff];
            report.extend(garbage);
            let _ = attacker.send_to(&report, to);
        }
        if n % 20 == 0 {
            caller.voice.press(1);
        }
        thread::park_timeout(Duration::from_millis(20));
        assert!(
            !caller.voice.hears(PHONE_HZ) && !phone.voice.hears(CALLER_HZ),
            "let in"
        );
    }
    let case = server.only_case();
    assert!(case["attempts"][0]["joined_at"].is_null(), "{case}");
    assert!(server.runs());
    assert_eq!(caller.hang_up().status(), 200);
    drop(caller);
    nothing_is_left(&mut server, resident_kb);
    server.close(&[]);
}

#[test]
fn a_key_before_the_answer_lets_nobody_in_and_one_on_the_answered_leg_does() {
    let home = Home::new("early-key", &Wish::default());
    let server = home.serve();
    let phone = Phone::at(home.phone, PHONE_HZ, Manner::Answers);
    // The phone talks and keys towards every media port from before its answer on.
    for port in (home.media..home.media + 8).step_by(2) {
        phone.voice.speak_to(&format!("m=audio {port} RTP/AVP 8"));
        phone.voice.press(1);
        thread::park_timeout(KEY);
    }
    let mut caller = Caller::new(home.sip_address(), "02079460002", CALLER_HZ);
    assert_eq!(caller.call().status(), 200);
    wait_until("the specialist answers", || phone.acknowledged() == 1);
    let until = Instant::now() + Duration::from_secs(1);
    while Instant::now() < until {
        assert!(!caller.voice.hears(PHONE_HZ), "let in by an early key");
        thread::park_timeout(Duration::from_millis(20));
    }
    phone.voice.press(1);
    wait_until("the specialist accepts", || {
        caller.voice.hears(PHONE_HZ) && phone.voice.hears(CALLER_HZ)
    });
    // A thousand keys in a row afterwards change nothing.
    for n in 0..1000_u32 {
        let key = (n % 16) as u8;
        let packet = rtp(
            Marker::Set,
            EVENTS,
            n as u16,
            n * 160,
            &event(key, 160, true),
        );
        let _ = caller.socket.send_to(&packet, caller.voice.to());
        phone.voice.press(key);
        if n % 100 == 0 {
            thread::park_timeout(Duration::from_millis(20));
        }
    }
    wait_until("they still hear each other", || {
        caller.voice.hears(PHONE_HZ) && phone.voice.hears(CALLER_HZ)
    });
    assert_eq!(caller.hang_up().status(), 200);
    let case = server.only_case();
    assert_eq!(case["attempts"].as_array().map(Vec::len), Some(1), "{case}");
    assert!(case["attempts"][0]["joined_at"].is_string(), "{case}");
    server.close(&[]);
}

#[test]
fn a_scanner_learns_nothing_and_rings_nobody() {
    let home = Home::new("scanner", &Wish::default());
    let mut server = home.serve();
    let phone = Phone::at(home.phone, PHONE_HZ, Manner::Answers);
    let resident_kb = server.resident_kb();
    let scanner = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    scanner
        .set_read_timeout(Some(Duration::from_millis(300)))
        .unwrap();
    let own = scanner.local_addr().unwrap();
    let mut said = std::collections::BTreeMap::new();
    for extension in 100..400_u32 {
        let methods = [
            "OPTIONS",
            "REGISTER",
            "INVITE",
            "SUBSCRIBE",
            "PUBLISH",
            "friendly-scanner",
        ];
        let method = methods[extension as usize % methods.len()];
        let request = format!(
            "{method} sip:{extension}@127.0.0.1 SIP/2.0\r\n\
             Via: SIP/2.0/UDP {own};rport;branch=z9hG4bK-{extension}\r\nMax-Forwards: 70\r\n\
             From: \"sipvicious\"<sip:{extension}@1.1.1.1>;tag={extension}\r\n\
             To: <sip:{extension}@127.0.0.1>\r\nCall-ID: scan{extension}\r\n\
             CSeq: 1 {method}\r\nContact: <sip:{extension}@{own}>\r\n\
             User-Agent: friendly-scanner\r\nContent-Length: 0\r\n\r\n"
        );
        scanner
            .send_to(request.as_bytes(), home.sip_address())
            .unwrap();
        if extension % 50 == 0 {
            thread::park_timeout(Duration::from_millis(10));
        }
    }
    let mut bytes = [0; 65_535];
    while let Ok((length, _)) = scanner.recv_from(&mut bytes) {
        let message = Message(String::from_utf8_lossy(&bytes[..length]).into_owned());
        let method = message.header("CSeq").unwrap_or_default().to_owned();
        said.entry(method)
            .or_insert_with(std::collections::BTreeSet::new)
            .insert(message.status());
    }
    println!("{said:?}");
    // The same answer for every extension: which of them exist is not told.
    for (method, statuses) in &said {
        let last: Vec<&u16> = statuses.iter().filter(|status| **status >= 200).collect();
        assert!(last.len() <= 2, "{method}: {last:?}");
    }
    assert_eq!(phone.invited(), 0);
    nothing_is_left(&mut server, resident_kb);
    server.close(&[]);
}
