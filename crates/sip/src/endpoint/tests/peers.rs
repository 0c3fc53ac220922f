//! Who may begin something, where a list says so.

use bytes::Bytes;

use super::refusals::request;
use super::solo::{INVITE, Solo, header};
use crate::boundary::{Invite, SessionId};
use crate::endpoint::stateless::MAX_OUTSIDER_ANSWERS_PER_S;

const OUTSIDER: &str = "203.0.113.5:5060";
const PEER: &str = "192.0.2.9:5090";

fn closed() -> Solo {
    Solo::with(|config| config.peers = vec!["192.0.2.8/29".parse().unwrap()])
}

#[test]
fn an_outsider_gets_403_whatever_they_ask_and_leaves_nothing_behind() {
    let mut solo = closed();
    for method in ["INVITE", "OPTIONS", "BYE", "REGISTER", "CANCEL", "BREW"] {
        let text = match method {
            "INVITE" => INVITE.to_owned(),
            _ => request(method, ""),
        };
        let forbidden = solo.hears_from(OUTSIDER, &text).answer();
        assert!(
            forbidden.starts_with("SIP/2.0 403 Forbidden\r\n"),
            "{forbidden}"
        );
        assert!(header(&forbidden, "To").unwrap().contains(";tag="));
        assert_eq!(
            solo.hears_from(OUTSIDER, &text).answer(),
            forbidden,
            "a copy"
        );
        if method == "INVITE" {
            let to = format!("To: {}", header(&forbidden, "To").unwrap());
            let ack = INVITE.replace("INVITE", "ACK");
            solo.hears_from(OUTSIDER, &ack.replace("To: <sip:1001@192.0.2.1>", &to));
        }
    }
    solo.hears_from(
        OUTSIDER,
        &INVITE.replace("CSeq: 1 INVITE", "CSeq: one INVITE"),
    );
    assert_eq!(solo.said, [], "what is malformed is not answered at all");
    assert_eq!(solo.told(), [""; 0]);
    assert_eq!(solo.endpoint.transactions() + solo.endpoint.leftovers(), 0);
    let counters = solo.endpoint.counters();
    assert_eq!((counters.outsiders, counters.stray_acks), (13, 0));
}

#[test]
fn answers_to_outsiders_are_so_many_a_second() {
    let mut solo = closed();
    for _ in 0..MAX_OUTSIDER_ANSWERS_PER_S + 5 {
        solo.hears_from(OUTSIDER, INVITE);
    }
    let most = usize::try_from(MAX_OUTSIDER_ANSWERS_PER_S).unwrap();
    assert_eq!(solo.first_lines().len(), most);
    assert_eq!(solo.endpoint.counters().muted, 5);
    solo.hears_from(PEER, INVITE);
    assert_eq!(
        solo.told(),
        ["incoming 1001"],
        "a peer is served all the same"
    );
}

#[test]
fn what_is_part_of_a_call_may_come_from_anywhere() {
    let mut solo = closed();
    // A phone that is nobody's trunk, and that we ring: its responses, and its BYE.
    let invite = Invite {
        target: format!("sip:phone@{OUTSIDER}"),
        destination: OUTSIDER.parse().unwrap(),
        from_user: "100".to_owned(),
        identity: Default::default(),
        offer: Bytes::from_static(b"offer"),
    };
    let session = solo.act(|it, now| it.invite(now, invite));
    assert_eq!(session, SessionId(1));
    let invite = solo.answer();
    let copied = |name: &str| header(&invite, name).unwrap().to_owned();
    let (via, from, to, call_id) = (
        copied("Via"),
        copied("From"),
        copied("To"),
        copied("Call-ID"),
    );
    let cseq = copied("CSeq");
    let answer = format!(
        "SIP/2.0 200 OK
Via: {via}
From: {from}
To: {to};tag=p
Call-ID: {call_id}
CSeq: {cseq}
Contact: <sip:phone@{OUTSIDER}>
Content-Type: application/sdp

answer"
    );
    solo.hears_from(OUTSIDER, &answer);
    assert_eq!(solo.told(), ["answered answer"]);
    solo.said.clear();
    let bye = format!(
        "BYE sip:100@192.0.2.1 SIP/2.0
Via: SIP/2.0/UDP {OUTSIDER};branch=z9hG4bKb
From: {to};tag=p
To: {from}
Call-ID: {call_id}
CSeq: 1 BYE"
    );
    solo.hears_from(OUTSIDER, &bye);
    assert_eq!(solo.first_lines(), ["SIP/2.0 200 OK"]);
    assert_eq!(solo.told(), ["ended"]);
    assert_eq!(solo.endpoint.counters().outsiders, 0);
}

#[test]
fn a_cancel_by_another_way_than_its_invite_is_heard() {
    let mut solo = closed();
    solo.hears(INVITE).answer();
    let (head, _) = INVITE.split_once("Contact").unwrap();
    solo.hears_from(OUTSIDER, &head.replace("INVITE", "CANCEL"));
    assert_eq!(solo.told(), ["incoming 1001", "ended"]);
}
