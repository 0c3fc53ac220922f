//! The switch's door: who is let in, and who is told to come again.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use rotaline_model::{CaseId, Mono, Now, Seed};
use rotaline_record::Fact;

use super::{CallKey, call as calls};
use crate::{Admission, Begin, Input, Output, Switch, small};

mod broken;

const LINE: &str = r#"
inbound_number = "020 7946 0000"
[number.1001]
service = "direct"
to = "sip:far@10.0.0.9:5060"
answer = "on-arrival"
acceptance = "direct-line"
recording = "off"
[number.1002]
service = "direct"
to = "sip:far@10.0.0.9:5060"
answer = "when-answered"
acceptance = "direct-line"
ring_timeout_s = 120
recording = "off"
"#;

pub(crate) const NOW: Now = Now {
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

pub(crate) fn at(second: u64) -> Now {
    Now {
        mono: Mono::ZERO + Duration::from_secs(second),
        wall: Timestamp::UNIX_EPOCH,
    }
}

fn switch() -> Switch {
    small::switch(LINE, NOW)
}

/// A switch whose calls begin so.
fn switch_with(begin: Begin) -> Switch {
    small::switch_with(LINE, NOW, begin)
}

#[test]
fn the_callers_codec_is_offered_to_the_called_phone_first() {
    for (theirs, ours) in [
        ("0 8", "0 8 101"),
        ("0", "0 8 101"),
        ("8 0", "8 0 101"),
        ("18 8", "8 0 101"),
    ] {
        let mut switch = switch();
        let offer = format!(
            "v=0\r\no=- 1 1 IN IP4 10.0.0.7\r\ns=-\r\nc=IN IP4 10.0.0.7\r\nt=0 0\r\n\
             m=audio 4000 RTP/AVP {theirs}\r\n"
        );
        let sent = call(&mut switch, "1001", "pcmu", &offer);
        let invite = sent.iter().find(|(to, _)| *to == FAR).expect("an INVITE");
        assert!(invite.1.starts_with("INVITE "), "{}", invite.1);
        let formats = format!(" RTP/AVP {ours}\r\n");
        assert!(invite.1.contains(&formats), "{theirs}: {}", invite.1);
    }
    let mut switch = switch();
    let late = call(&mut switch, "1001", "late", "");
    let invite = late.iter().find(|(to, _)| *to == FAR).expect("an INVITE");
    assert!(invite.1.contains(" RTP/AVP 8 0 101\r\n"), "no offer yet");
}

#[test]
fn a_refresh_without_an_offer_is_offered_what_was_said_or_a_newer_version() {
    let last = |sent: &[(SocketAddr, String)]| {
        let last = sent.iter().rfind(|(to, _)| *to == CALLER);
        last.expect("a 200").1.clone()
    };
    let line = |answer: &str, name: &str| {
        let line = answer.lines().find(|line| line.starts_with(name));
        line.expect("a line").to_owned()
    };
    let version = |answer: &str| -> (u64, String) {
        let origin = line(answer, "o=");
        let version = origin.split(' ').nth(2).expect("a version");
        (version.parse().expect("a number"), line(answer, "m="))
    };
    let mut switch = switch();
    let taken = last(&call(&mut switch, "1001", "a", OFFER));
    let to = line(&taken, "To:");
    let (_, tag) = to.split_once(";tag=").expect("a tag");
    let first = version(&last(&again(&mut switch, tag, 2, OFFER)));
    let offered = version(&last(&again(&mut switch, tag, 3, "")));
    let once_more = version(&last(&again(&mut switch, tag, 4, "")));
    assert_eq!(first.0, 1);
    assert_ne!(first.1, offered.1, "one codec answered, two offered");
    assert_eq!(offered.0, 2);
    assert_eq!(once_more, offered);
}

#[test]
fn the_ladder_of_a_call_begins_with_its_invite_however_many_were_refused_before() {
    let mut switch = switch();
    switch.handle_input(NOW, Input::Admission(Admission::Closed));
    for name in ["a", "b", "c", "d", "e"] {
        answers(&mut switch, "1001", name);
    }
    // Nobody acknowledges, so that each refusal goes out again and again.
    let mut again = 0;
    for second in 1..20 {
        switch.handle_input(at(second), Input::Timeout);
        again += sent(&mut switch).0.len();
    }
    assert!(again > 20, "{again}");
    switch.handle_input(at(20), Input::Admission(Admission::Open));
    answers(&mut switch, "1002", "taken");
    let ladder: Vec<String> = switch
        .calls
        .values_mut()
        .filter_map(|call| call.take_ladder())
        .flat_map(|fact| match fact {
            Fact::Ladder { entries, .. } => entries,
            other => panic!("{other:?}"),
        })
        .map(|entry| entry.what)
        .collect();
    assert_eq!(ladder[..2], ["INVITE", "100 INVITE"]);
}

#[test]
fn an_administrator_ends_a_call_by_its_case_and_each_phone_is_told_why() {
    let mut switch = switch();
    call(&mut switch, "1002", "up", OFFER);
    let case = switch.calls.values().next().expect("a call").case;
    let another = CaseId::new(NOW.wall, &mut Seed::from_number(2).generator(0));
    switch.handle_input(at(1), Input::HangUp(another));
    assert_eq!(sent(&mut switch).0, [], "nobody's call");
    let far_rings = switch.load().sessions;
    switch.handle_input(at(1), Input::HangUp(case));
    let (sent, _) = sent(&mut switch);
    let refused = sent
        .iter()
        .find(|(to, _)| *to == CALLER)
        .expect("an answer");
    assert!(refused.1.starts_with("SIP/2.0 4"), "{}", refused.1);
    assert_eq!((far_rings, switch.load().up), (2, 0));
}

//= RFC 3261 section 13.3.1.1
//= type=test
//# To prevent cancellation, the UAS MUST send a non-100 provisional response at every minute
#[test]
fn a_caller_of_a_line_that_answers_late_hears_of_it_each_minute() {
    let mut switch = switch();
    let invite = call(&mut switch, "1002", "late", OFFER);
    let (_, invite) = invite.iter().find(|(to, _)| *to == FAR).expect("an INVITE");
    let copied = |name: &str| invite.lines().find(|line| line.starts_with(name));
    let fields: Vec<&str> = ["Via:", "From:", "To:", "Call-ID:", "CSeq:"]
        .into_iter()
        .filter_map(copied)
        .collect();
    let mut heard = Vec::new();
    let rings = format!(
        "SIP/2.0 180 Ringing\r\n{}\r\nContent-Length: 0\r\n\r\n",
        fields.join("\r\n")
    );
    let (source, bytes) = (FAR, Bytes::from(rings));
    switch.handle_input(at(1), Input::Datagram { source, bytes });
    for second in 1..=120 {
        let (sent, _) = sent(&mut switch);
        let to_caller = sent.iter().filter(|(to, _)| *to == CALLER);
        heard.extend(to_caller.map(|(_, text)| (second, text[8..11].to_owned())));
        switch.handle_input(at(second + 1), Input::Timeout);
    }
    let expected = [(1, "180"), (61, "180"), (120, "480")];
    assert_eq!(heard, expected.map(|(at, status)| (at, status.to_owned())));
}

pub(crate) const CALLER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 7)), 5060);
const FAR: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 9)), 5060);
pub(crate) const OFFER: &str = "v=0\r\no=- 1 1 IN IP4 10.0.0.7\r\ns=-\r\nc=IN IP4 10.0.0.7\r\nt=0 0\r\n\
                     m=audio 4000 RTP/AVP 0 8\r\n";

/// What the caller of a new call is sent at once.
fn answers(switch: &mut Switch, dialled: &str, name: &str) -> Vec<String> {
    let sent = call(switch, dialled, name, "").into_iter();
    sent.filter(|(to, _)| *to == CALLER)
        .map(|(_, text)| text)
        .collect()
}

/// What is sent at once when a caller calls.
fn call(switch: &mut Switch, dialled: &str, name: &str, offer: &str) -> Vec<(SocketAddr, String)> {
    let to = format!("<sip:{dialled}@10.0.0.1>");
    request(switch, "INVITE", name, &to, 1, offer)
}

/// The caller acknowledges, and offers anew in the same dialog.
fn again(switch: &mut Switch, tag: &str, cseq: u32, offer: &str) -> Vec<(SocketAddr, String)> {
    let to = format!("<sip:1001@10.0.0.1>;tag={tag}");
    request(switch, "ACK", "a", &to, cseq - 1, OFFER);
    request(switch, "INVITE", "a", &to, cseq, offer)
}

/// What is sent at once after a request of the caller's.
fn request(
    switch: &mut Switch,
    method: &str,
    name: &str,
    to: &str,
    cseq: u32,
    sdp: &str,
) -> Vec<(SocketAddr, String)> {
    let target = to.trim_start_matches('<').split('>').next().unwrap_or(to);
    let kind = if sdp.is_empty() {
        ""
    } else {
        "Content-Type: application/sdp\r\n"
    };
    let text = format!(
        "{method} {target} SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.7;branch=z9hG4bK{name}{method}{cseq}\r\n\
         Max-Forwards: 70\r\nFrom: <sip:7@10.0.0.7>;tag={name}\r\nTo: {to}\r\n\
         Call-ID: {name}\r\nCSeq: {cseq} {method}\r\nContact: <sip:7@10.0.0.7>\r\n{kind}\
         Content-Length: {}\r\n\r\n{sdp}",
        sdp.len()
    );
    let bytes = Bytes::from(text);
    let source = CALLER;
    switch.handle_input(NOW, Input::Datagram { source, bytes });
    sent(switch).0
}

/// What is sent, and when the switch wants to go on.
pub(crate) fn sent(switch: &mut Switch) -> (Vec<(SocketAddr, String)>, Option<Mono>) {
    let mut sent = Vec::new();
    loop {
        match switch.poll_output() {
            Output::Transmit { to, bytes } => {
                sent.push((to, String::from_utf8_lossy(&bytes).into_owned()));
            }
            Output::Media { .. }
            | Output::Record(_)
            | Output::RecordDurably(..)
            | Output::Ask(..) => {}
            Output::Timeout(at) => return (sent, at),
        }
    }
}
