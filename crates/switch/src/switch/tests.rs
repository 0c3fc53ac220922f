//! The switch's door: who is let in, and who is told to come again.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use rotaline_model::{Mono, NodeId, Now, Seed};
use rotaline_routing::{Plan, Source};
use rotaline_sip as sip;

use crate::{Admission, Config, Input, MediaSlot, Output, Switch};

const LINE: &str = r#"
inbound_number = "020 7946 0000"
[number.1001]
service = "direct"
to = "sip:far@10.0.0.9:5060"
answer = "on-arrival"
acceptance = "direct-line"
recording = "off"
"#;

const NOW: Now = Now {
    mono: Mono::ZERO,
    wall: Timestamp::UNIX_EPOCH,
};

#[test]
fn while_admission_is_closed_a_caller_gets_503_and_once_it_is_open_again_a_call() {
    let mut switch = switch();
    switch.handle_input(NOW, Input::Admission(Admission::Closed));
    let refused = answers(&mut switch, "1001", "first");
    let last = refused.last().expect("an answer");
    assert!(last.starts_with("SIP/2.0 503 "), "{refused:?}");
    assert!(last.contains("\r\nRetry-After: 5\r\n"), "{last}");
    assert_eq!(switch.load().calls, 0);

    switch.handle_input(NOW, Input::Admission(Admission::Open));
    let taken = answers(&mut switch, "1001", "second");
    assert!(
        taken
            .iter()
            .any(|answer| answer.starts_with("SIP/2.0 200 ")),
        "{taken:?}"
    );
    assert_eq!(switch.load().calls, 1);
}

#[test]
fn a_call_that_is_up_outlives_the_closing_of_admission() {
    let mut switch = switch();
    answers(&mut switch, "1001", "first");
    let before = switch.load();
    switch.handle_input(NOW, Input::Admission(Admission::Closed));
    assert_eq!(before.calls, 1);
    assert_eq!(switch.load(), before);
}

#[test]
fn calls_that_were_refused_and_never_acknowledged_keep_no_caller_out() {
    let mut switch = switch();
    for name in ["a", "b", "c", "d", "e", "f"] {
        let refused = answers(&mut switch, "1999", name);
        let last = refused.last().expect("an answer");
        assert!(last.starts_with("SIP/2.0 404 "), "{refused:?}");
    }
    let taken = answers(&mut switch, "1001", "honest");
    let last = taken.last().expect("an answer");
    assert!(last.starts_with("SIP/2.0 200 "), "{taken:?}");
}

fn switch() -> Switch {
    let timers = sip::TimerConfig {
        t1: Duration::from_millis(500),
        t2: Duration::from_secs(4),
        t4: Duration::from_secs(5),
    };
    let config = Config {
        sip: sip::Config {
            advertised: SocketAddr::from(([10, 0, 0, 1], 5060)),
            product: "Rotaline".to_owned(),
            timers,
            max_sessions: 10,
            max_transactions: 20,
        },
        media_address: IpAddr::from([10, 0, 0, 1]),
        gateway: None,
        node: NodeId(1),
        max_calls: 5,
        max_leg_age: Duration::from_secs(60),
    };
    let source = Source {
        name: "plan.toml".to_owned(),
        text: LINE.to_owned(),
    };
    let plan = Plan::parse(&[source]).expect("a plan");
    let slots: Vec<MediaSlot> = (0..10)
        .map(|slot| MediaSlot {
            thread: 0,
            slot,
            rtp_port: 40_000 + 2 * slot as u16,
        })
        .collect();
    Switch::new(config, Arc::new(plan), &slots, Seed::from_number(1), NOW)
}

/// What the caller of a new call is sent at once.
fn answers(switch: &mut Switch, dialled: &str, name: &str) -> Vec<String> {
    let caller = SocketAddr::from(([10, 0, 0, 7], 5060));
    let invite = format!(
        "INVITE sip:{dialled}@10.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.7;branch=z9hG4bK{name}\r\n\
         Max-Forwards: 70\r\nFrom: <sip:7@10.0.0.7>;tag={name}\r\nTo: <sip:{dialled}@10.0.0.1>\r\n\
         Call-ID: {name}\r\nCSeq: 1 INVITE\r\nContact: <sip:7@10.0.0.7>\r\n\
         Content-Length: 0\r\n\r\n"
    );
    let bytes = Bytes::from(invite);
    let source = caller;
    switch.handle_input(NOW, Input::Datagram { source, bytes });
    let mut answers = Vec::new();
    loop {
        match switch.poll_output() {
            Output::Transmit { to, bytes } if to == caller => {
                answers.push(String::from_utf8_lossy(&bytes).into_owned());
            }
            Output::Transmit { .. } | Output::Media { .. } | Output::Record(_) => {}
            Output::Timeout(_) => return answers,
        }
    }
}
