//! Which trunk has a call, what it is told, and what it is believed.

use std::net::{Ipv4Addr, SocketAddr};

use bytes::Bytes;
use rotaline_call::Vouched;
use rotaline_sip::{Asserted, CallerFrom, Incoming};

use super::{NumberForm, Trunk, UserPhone, Vouches};
use crate::switch::tests::{CALLER, NOW, OFFER, at, sent};
use crate::{Input, Switch, small};

/// A direct line that is rung by number.
const PLAN: &str = r#"
inbound_number = "020 7946 0000"
[number.1001]
service = "direct"
to = "01632 960101"
answer = "on-arrival"
acceptance = "direct-line"
recording = "off"
ring_timeout_s = 60
"#;

const FIRST: SocketAddr = address(21);
const SECOND: SocketAddr = address(22);

const fn address(last: u8) -> SocketAddr {
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::new(10, 0, 0, last)), 5060)
}

fn two_trunks() -> Vec<Trunk> {
    let second = Trunk {
        numbers: NumberForm::National,
        user_phone: UserPhone::Unsaid,
        asserted: Asserted::Header,
        ..Trunk::to(SECOND)
    };
    vec![Trunk::to(FIRST), second]
}

/// The switch, rung by somebody with this From.
fn rung(trunks: Vec<Trunk>, from: &str) -> (Switch, Vec<(SocketAddr, String)>) {
    let mut switch = small::with_trunks(PLAN, NOW, trunks);
    let text = format!(
        "INVITE sip:1001@10.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.7;branch=z9hG4bKa\r\n\
         Max-Forwards: 70\r\nFrom: {from};tag=a\r\nTo: <sip:1001@10.0.0.1>\r\nCall-ID: a\r\n\
         CSeq: 1 INVITE\r\nContact: <sip:7@10.0.0.7>\r\nContent-Type: application/sdp\r\n\
         Content-Length: {}\r\n\r\n{OFFER}",
        OFFER.len()
    );
    let (source, bytes) = (CALLER, Bytes::from(text));
    switch.handle_input(NOW, Input::Datagram { source, bytes });
    let sent = sent(&mut switch).0;
    (switch, sent)
}

/// The first message of a kind to an address.
fn to<'a>(sent: &'a [(SocketAddr, String)], whom: SocketAddr, kind: &str) -> Option<&'a str> {
    let mut sent = sent.iter();
    let found = sent.find(|(to, text)| *to == whom && text.starts_with(kind));
    found.map(|(_, text)| text.as_str())
}

/// What is sent after a trunk's response to its INVITE.
fn responds(
    switch: &mut Switch,
    second: u64,
    source: SocketAddr,
    invite: &str,
    status: &str,
) -> Vec<(SocketAddr, String)> {
    let copied = |name: &&str| invite.lines().find(|line| line.starts_with(*name));
    let fields: Vec<&str> = ["Via:", "From:", "To:", "Call-ID:", "CSeq:"]
        .iter()
        .filter_map(copied)
        .collect();
    let tagged = fields
        .join("\r\n")
        .replace("\r\nCall-ID", ";tag=b\r\nCall-ID");
    let bytes = Bytes::from(format!(
        "SIP/2.0 {status}\r\n{tagged}\r\nContent-Length: 0\r\n\r\n"
    ));
    switch.handle_input(at(second), Input::Datagram { source, bytes });
    sent(switch).0
}

#[test]
fn a_trunk_that_does_not_reply_for_2_s_is_given_up_for_the_next_in_its_own_form() {
    let (mut switch, first) = rung(two_trunks(), "<sip:01632960199@10.0.0.7>");
    let invite = to(&first, FIRST, "INVITE").expect("the first trunk");
    assert!(invite.starts_with("INVITE sip:+441632960101@10.0.0.21:5060;user=phone SIP/2.0\r\n"));
    assert!(invite.contains("\r\nFrom: <sip:+442079460000@10.0.0.1>;tag="));
    assert!(!invite.contains("P-Asserted-Identity") && !invite.contains("Privacy"));
    let invite = invite.to_owned();
    switch.handle_input(at(1), Input::Timeout);
    assert!(to(&sent(&mut switch).0, SECOND, "INVITE").is_none());
    switch.handle_input(at(2), Input::Timeout);
    let next = sent(&mut switch).0;
    let second = to(&next, SECOND, "INVITE").expect("the second trunk");
    assert!(
        second.starts_with("INVITE sip:01632960101@10.0.0.22:5060 SIP/2.0\r\n"),
        "{second}"
    );
    assert!(
        second.contains("\r\nFrom: <sip:02079460000@10.0.0.1>;tag="),
        "{second}"
    );
    assert!(second.contains("\r\nP-Asserted-Identity: <sip:02079460000@10.0.0.1>\r\n"));
    // The first one wakes up: its call is not wanted any more.
    let late = responds(&mut switch, 3, FIRST, &invite, "180 Ringing");
    assert!(to(&late, FIRST, "CANCEL").is_some(), "{late:?}");
    for second in 3..8 {
        switch.handle_input(at(second), Input::Timeout);
        let sent = sent(&mut switch).0;
        let invites = sent.iter().filter(|(_, text)| text.starts_with("INVITE"));
        assert!(invites.into_iter().all(|(to, _)| *to == SECOND), "{sent:?}");
    }
    assert_eq!(switch.load().up, 1, "the caller still waits");
}

#[test]
fn some_failures_are_the_trunk_s_and_others_the_phone_s() {
    for (before, status, fails_over) in [
        (None, "500 No", true),
        (None, "502 No", true),
        (None, "503 No", true),
        (None, "504 No", true),
        (None, "408 No", true),
        (Some("100 Trying"), "503 No", true),
        (Some("180 Ringing"), "408 No", false),
        (None, "486 Busy", false),
        (None, "404 No", false),
        (None, "501 No", false),
        (None, "603 No", false),
    ] {
        let (mut switch, first) = rung(two_trunks(), "<sip:01632960199@10.0.0.7>");
        let invite = to(&first, FIRST, "INVITE")
            .expect("the first trunk")
            .to_owned();
        if let Some(before) = before {
            responds(&mut switch, 1, FIRST, &invite, before);
            // It has replied: nobody waits 2 s for it any more.
            switch.handle_input(at(3), Input::Timeout);
            assert!(to(&sent(&mut switch).0, SECOND, "INVITE").is_none());
        }
        let second = if before.is_some() { 3 } else { 1 };
        let next = responds(&mut switch, second, FIRST, &invite, status);
        assert!(to(&next, FIRST, "ACK").is_some());
        let next = to(&next, SECOND, "INVITE");
        assert_eq!(next.is_some(), fails_over, "{before:?} {status}");
    }
}

#[test]
fn the_last_trunk_s_failure_is_the_call_s() {
    let (mut switch, first) = rung(two_trunks(), "<sip:01632960199@10.0.0.7>");
    let invite = to(&first, FIRST, "INVITE")
        .expect("the first trunk")
        .to_owned();
    let next = responds(&mut switch, 1, FIRST, &invite, "503 No");
    let invite = to(&next, SECOND, "INVITE").expect("the second").to_owned();
    let last = responds(&mut switch, 1, SECOND, &invite, "503 No");
    assert!(
        last.iter().all(|(_, text)| !text.starts_with("INVITE")),
        "{last:?}"
    );
    assert_eq!(switch.load().sessions, 1, "the caller's alone");
}

#[test]
fn a_caller_who_goes_takes_the_call_off_every_trunk() {
    let (mut switch, first) = rung(two_trunks(), "<sip:01632960199@10.0.0.7>");
    let ok = to(&first, CALLER, "SIP/2.0 200").expect("a 200");
    let to_line = ok.lines().find(|line| line.starts_with("To:")).expect("To");
    let bye = format!(
        "BYE sip:1001@10.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.7;branch=z9hG4bKb\r\n\
         Max-Forwards: 70\r\nFrom: <sip:01632960199@10.0.0.7>;tag=a\r\n{to_line}\r\n\
         Call-ID: a\r\nCSeq: 2 BYE\r\nContent-Length: 0\r\n\r\n"
    );
    let (source, bytes) = (CALLER, Bytes::from(bye));
    switch.handle_input(at(1), Input::Datagram { source, bytes });
    for second in 2..70 {
        switch.handle_input(at(second), Input::Timeout);
        assert!(to(&sent(&mut switch).0, SECOND, "INVITE").is_none());
    }
    assert_eq!(switch.load().sessions, 0);
}

#[test]
fn a_withheld_caller_of_a_direct_line_stays_withheld() {
    let mut trunks = two_trunks();
    trunks.remove(0);
    let anonymous = "\"Anonymous\" <sip:anonymous@anonymous.invalid>";
    let (_, sent) = rung(trunks, anonymous);
    let invite = to(&sent, SECOND, "INVITE").expect("an INVITE");
    assert!(
        invite.contains(&format!("\r\nFrom: {anonymous};tag=")),
        "{invite}"
    );
    assert!(invite.contains("\r\nPrivacy: id\r\n"), "{invite}");
    assert!(invite.contains("\r\nContact: <sip:anonymous@10.0.0.1:5060>\r\n"));
    // Whom the trunk bills.
    assert!(invite.contains("\r\nP-Asserted-Identity: <sip:02079460000@10.0.0.1>\r\n"));
}

#[test]
fn a_caller_is_believed_as_far_as_the_trunk_that_brings_the_call() {
    let incoming = |source: SocketAddr, caller_from: CallerFrom| Incoming {
        source,
        sip_call_id: "a".to_owned(),
        dialled: "1001".to_owned(),
        caller: (caller_from != CallerFrom::Nowhere).then(|| "+447700900104".to_owned()),
        caller_from,
        diverted_by: Vec::new(),
        offer: None,
    };
    let asserted = Trunk {
        vouches: Vouches::Asserted,
        ..Trunk::to(FIRST)
    };
    let everybody = Trunk {
        address: None,
        networks: vec!["10.0.1.0/24".parse().expect("a network")],
        vouches: Vouches::Everybody,
        ..Trunk::to(FIRST)
    };
    let switch = small::with_trunks(PLAN, NOW, vec![asserted, everybody, Trunk::to(SECOND)]);
    let within = SocketAddr::from(([10, 0, 1, 7], 5060));
    let stranger = SocketAddr::from(([10, 0, 2, 7], 5060));
    for (source, from, vouched) in [
        (FIRST, CallerFrom::AssertedIdentity, Vouched::ByTrunk),
        (FIRST, CallerFrom::From, Vouched::Not),
        (within, CallerFrom::From, Vouched::ByTrunk),
        (within, CallerFrom::Nowhere, Vouched::Not),
        (SECOND, CallerFrom::AssertedIdentity, Vouched::Not),
        (stranger, CallerFrom::AssertedIdentity, Vouched::Not),
    ] {
        assert_eq!(
            switch.vouched(&incoming(source, from)),
            vouched,
            "{source} {from:?}"
        );
    }
}
