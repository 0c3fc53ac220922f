//! Our INVITEs to a peer written by hand: forks, routes, late and odd answers.

use std::time::Duration;

use bytes::Bytes;

use super::pair::what;
use super::solo::{Solo, header};
use crate::boundary::{Invite, SessionId};

const SESSION: SessionId = SessionId(1);

fn invite(offer: &'static str) -> Invite {
    Invite {
        target: "sip:+447700900001@192.0.2.9:5090;user=phone".to_owned(),
        destination: "192.0.2.9:5090".parse().unwrap(),
        from_user: "+442079460000".to_owned(),
        identity: Default::default(),
        offer: Bytes::from_static(offer.as_bytes()),
    }
}

/// A phone that is being rung.
struct Ringing {
    solo: Solo,
    invite: String,
}

impl Ringing {
    fn new() -> Ringing {
        Ringing::with("offer")
    }

    fn with(offer: &'static str) -> Ringing {
        let mut solo = Solo::new();
        assert_eq!(solo.act(|it, now| it.invite(now, invite(offer))), SESSION);
        let invite = solo.answer();
        Ringing { solo, invite }
    }

    /// A response to the INVITE.
    fn gets(&mut self, status: &str, to_tag: &str, more: &str) -> &mut Solo {
        let text = self.response("INVITE", status, to_tag, more);
        self.solo.hears(&text)
    }

    fn response(&self, method: &str, status: &str, to_tag: &str, more: &str) -> String {
        let copy = |name| header(&self.invite, name).unwrap();
        let cseq = copy("CSeq").replace("INVITE", method);
        let more = if more.is_empty() {
            "Allow: INVITE\n\n"
        } else {
            more
        };
        format!(
            "SIP/2.0 {status}
Via: {}
From: {}
To: {}{to_tag}
Call-ID: {}
CSeq: {cseq}
{more}",
            copy("Via"),
            copy("From"),
            copy("To"),
            copy("Call-ID"),
        )
    }

    fn said(&mut self) -> Vec<String> {
        self.solo
            .said
            .drain(..)
            .map(|(_, text)| what(text.as_bytes()))
            .collect()
    }
}

const ANSWER: &str = "Contact: <sip:phone@192.0.2.9:5099>\nContent-Type: application/sdp\n\nanswer";

#[test]
fn an_invite_word_for_word() {
    let Ringing { invite, .. } = Ringing::new();
    let copy = |name| header(&invite, name).unwrap();
    let branch = copy("Via").strip_prefix("SIP/2.0/UDP 192.0.2.1:5060;rport;branch=z9hG4bK");
    let tag = copy("From").strip_prefix("<sip:+442079460000@192.0.2.1>;tag=");
    let cseq: u32 = copy("CSeq")
        .strip_suffix(" INVITE")
        .unwrap()
        .parse()
        .unwrap();
    let (branch, tag, call_id) = (branch.unwrap(), tag.unwrap(), copy("Call-ID"));
    assert_eq!((branch.len(), tag.len(), call_id.len()), (16, 16, 32));
    assert!(cseq < 1 << 31);
    assert_eq!(
        invite,
        format!(
            "INVITE sip:+447700900001@192.0.2.9:5090;user=phone SIP/2.0\r\n\
             Via: SIP/2.0/UDP 192.0.2.1:5060;rport;branch=z9hG4bK{branch}\r\n\
             Max-Forwards: 70\r\n\
             From: <sip:+442079460000@192.0.2.1>;tag={tag}\r\n\
             To: <sip:+447700900001@192.0.2.9:5090;user=phone>\r\n\
             Call-ID: {call_id}\r\n\
             CSeq: {cseq} INVITE\r\n\
             Contact: <sip:+442079460000@192.0.2.1:5060>\r\n\
             Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE\r\n\
             Accept: application/sdp\r\n\
             User-Agent: Test\r\n\
             Content-Type: application/sdp\r\n\
             Content-Length: 5\r\n\r\noffer"
        )
    );
}

#[test]
fn trying_is_told_once_and_early_media_is_not_passed_on() {
    let mut phone = Ringing::new();
    phone.gets("100 Trying", "", "").hears(&phone_copy());
    phone.gets("100 Trying", "", "");
    let early = "Content-Type: application/sdp\n\nearly";
    phone.gets("183 Session Progress", ";tag=a", early);
    phone.gets("180 Ringing", ";tag=a", "");
    assert_eq!(
        phone.solo.told(),
        ["trying", "progress 183", "progress 180"]
    );
}

/// Something that is of no interest here.
fn phone_copy() -> String {
    "SIP/2.0 100 Trying
Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKffffffffffffffff
From: <sip:1@x>;tag=1
To: <sip:2@x>
Call-ID: 1
CSeq: 1 INVITE"
        .to_owned()
}

#[test]
fn the_ack_of_a_2xx_goes_to_its_contact_in_a_transaction_of_its_own() {
    let mut phone = Ringing::new();
    phone.gets("200 OK", ";tag=a", ANSWER);
    let (to, ack) = phone.solo.said.remove(0);
    assert_eq!(to, "192.0.2.9:5099".parse().unwrap());
    assert!(ack.starts_with("ACK sip:phone@192.0.2.9:5099 SIP/2.0\r\n"));
    assert_ne!(header(&ack, "Via"), header(&phone.invite, "Via"));
    let cseq = header(&phone.invite, "CSeq")
        .unwrap()
        .replace("INVITE", "ACK");
    assert_eq!(header(&ack, "CSeq"), Some(cseq.as_str()));
    let to = "<sip:+447700900001@192.0.2.9:5090;user=phone>;tag=a";
    assert_eq!(header(&ack, "To"), Some(to));
    assert_eq!(phone.solo.told(), ["answered answer"]);
    phone.gets("200 OK", ";tag=a", ANSWER);
    assert_eq!(phone.solo.answer(), ack, "the same ACK for a copy");
    assert_eq!(phone.solo.told(), [""; 0]);
}

//= RFC 3261 section 17.1.1.3
//= type=test
//# The ACK MUST contain a single Via header field, and this MUST be equal to the top Via header
//# field of the original request.
#[test]
fn the_ack_of_a_failure_goes_where_the_invite_went() {
    let mut phone = Ringing::new();
    phone.gets(
        "486 Busy Here",
        ";tag=a",
        "Contact: <sip:elsewhere@203.0.113.1>",
    );
    let (to, ack) = phone.solo.said.remove(0);
    assert_eq!(to, "192.0.2.9:5090".parse().unwrap());
    assert!(ack.starts_with("ACK sip:+447700900001@192.0.2.9:5090;user=phone SIP/2.0\r\n"));
    assert_eq!(header(&ack, "Via"), header(&phone.invite, "Via"));
    let to = "<sip:+447700900001@192.0.2.9:5090;user=phone>;tag=a";
    assert_eq!(header(&ack, "To"), Some(to));
    assert_eq!(phone.solo.told(), ["failed 486"]);
    phone.gets("486 Busy Here", ";tag=a", "");
    assert_eq!(phone.solo.answer(), ack);
}

#[test]
fn failures_are_passed_on_with_their_own_status() {
    for status in [302, 404, 408, 500, 503, 603] {
        let mut phone = Ringing::new();
        phone.gets(&format!("{status} No"), ";tag=a", "");
        assert_eq!(phone.solo.told(), [format!("failed {status}")]);
    }
}

//= RFC 3261 section 13.2.2.4
//= type=test
//# If, after acknowledging any 2xx response to an INVITE, the UAC does not want to continue with
//# that dialog, then the UAC MUST terminate the dialog by sending a BYE request
#[test]
fn a_second_fork_that_answers_is_acknowledged_and_ended() {
    let mut phone = Ringing::new();
    phone.gets("180 Ringing", ";tag=a", "");
    phone.gets("180 Ringing", ";tag=b", "");
    phone.gets("200 OK", ";tag=a", ANSWER);
    phone.solo.said.clear();
    let second = "Contact: <sip:other@192.0.2.77>\nRecord-Route: <sip:p1;lr>, <sip:192.0.2.78;lr>";
    phone.gets("200 OK", ";tag=b", second);
    let said = std::mem::take(&mut phone.solo.said);
    let kinds: Vec<String> = said.iter().map(|(_, text)| what(text.as_bytes())).collect();
    assert_eq!(kinds, ["ACK", "BYE"]);
    for (to, text) in &said {
        assert_eq!(*to, "192.0.2.78:5060".parse().unwrap());
        assert!(text.contains(" sip:other@192.0.2.77 SIP/2.0\r\n"));
        assert_eq!(
            header(text, "Route"),
            Some("<sip:192.0.2.78;lr>, <sip:p1;lr>")
        );
        assert!(header(text, "To").unwrap().ends_with(";tag=b"));
    }
    phone.gets("200 OK", ";tag=b", second);
    assert_eq!(phone.said(), ["ACK"]);
    let expected = ["progress 180", "progress 180", "answered answer"];
    assert_eq!(phone.solo.told(), expected);
    // The answer to that BYE ends nothing else.
    let bye = said[1].1.clone();
    phone.invite = bye;
    let response = phone.response("BYE", "200 OK", "", "");
    phone.solo.hears(&response);
    assert_eq!(phone.solo.told(), [""; 0]);
    assert_eq!(phone.solo.endpoint.sessions(), 1);
}

#[test]
fn the_end_of_another_fork_is_not_the_end_of_the_session() {
    let mut phone = Ringing::new();
    phone.gets("200 OK", ";tag=a", ANSWER);
    phone.gets("200 OK", ";tag=b", ANSWER);
    let of_fork = phone.solo.said.pop().unwrap().1;
    phone.solo.said.clear();
    phone.solo.act(|it, now| it.hang_up(now, SESSION, None));
    let of_session = phone.solo.answer();
    phone.solo.told();
    for (bye, told) in [(of_fork, vec![]), (of_session, vec!["terminated"])] {
        phone.invite = bye;
        let response = phone.response("BYE", "200 OK", "", "");
        phone.solo.hears(&response);
        assert_eq!(phone.solo.told(), told);
    }
}

#[test]
fn forks_beyond_the_limit_are_counted() {
    let mut phone = Ringing::new();
    for fork in 0..10 {
        phone.gets("200 OK", &format!(";tag={fork}"), ANSWER);
    }
    let said = phone.said();
    assert_eq!(said.iter().filter(|it| *it == "ACK").count(), 8);
    assert_eq!(said.iter().filter(|it| *it == "BYE").count(), 7);
    assert_eq!(phone.solo.endpoint.counters().excess_forks, 2);
}

#[test]
fn an_answer_after_a_failure_is_acknowledged_and_ended() {
    let mut phone = Ringing::new();
    phone.gets("486 Busy Here", ";tag=a", "");
    phone.gets("200 OK", ";tag=b", ANSWER);
    assert_eq!(phone.said(), ["ACK", "ACK", "BYE"]);
    assert_eq!(phone.solo.told(), ["failed 486"]);
}

#[test]
fn an_answer_after_hanging_up_is_acknowledged_and_ended() {
    let mut phone = Ringing::new();
    phone.solo.act(|it, now| it.hang_up(now, SESSION, None));
    assert_eq!(phone.said(), [""; 0]);
    phone.gets("200 OK", ";tag=a", ANSWER);
    assert_eq!(phone.said(), ["ACK", "BYE"]);
    phone.gets("200 OK", ";tag=a", ANSWER);
    assert_eq!(phone.said(), ["ACK"]);
    assert_eq!(phone.solo.told(), [""; 0]);
    phone.solo.run(Duration::from_secs(33));
    assert_eq!(phone.solo.told(), ["terminated"]);
    phone.solo.run(Duration::from_secs(10));
    assert_eq!(
        phone.solo.endpoint.transactions() + phone.solo.endpoint.leftovers(),
        0
    );
}

//= RFC 3261 section 9.1
//= type=test
//# The Request-URI, Call-ID, To, the numeric part of CSeq, and From header fields in the CANCEL
//# request MUST be identical to those in the request being cancelled, including tags. A CANCEL
//# constructed by a client MUST have only a single Via header field value matching the top Via
//# value in the request being cancelled.
#[test]
fn a_cancel_word_for_word() {
    let mut phone = Ringing::new();
    phone.gets("180 Ringing", ";tag=a", "");
    phone
        .solo
        .act(|it, now| it.hang_up(now, SESSION, Some("SIP;cause=200")));
    let copy = |name| header(&phone.invite, name).unwrap();
    let expected = format!(
        "CANCEL sip:+447700900001@192.0.2.9:5090;user=phone SIP/2.0\r\n\
         Via: {}\r\n\
         Max-Forwards: 70\r\n\
         From: {}\r\n\
         To: {}\r\n\
         Call-ID: {}\r\n\
         CSeq: {}\r\n\
         Reason: SIP;cause=200\r\n\
         User-Agent: Test\r\n\
         Content-Length: 0\r\n\r\n",
        copy("Via"),
        copy("From"),
        copy("To"),
        copy("Call-ID"),
        copy("CSeq").replace("INVITE", "CANCEL"),
    );
    assert_eq!(phone.solo.answer(), expected);
}

#[test]
fn a_callee_that_gave_up_on_our_ack_ends_the_session() {
    let mut phone = Ringing::new();
    phone.gets("180 Ringing", ";tag=a", "");
    let copy = |name| header(&phone.invite, name).unwrap();
    let bye = format!(
        "BYE sip:x@192.0.2.1 SIP/2.0
Via: SIP/2.0/UDP 192.0.2.9:5090;branch=z9hG4bKb
From: {};tag=a
To: {}
Call-ID: {}
CSeq: 1 BYE",
        copy("To"),
        copy("From"),
        copy("Call-ID"),
    );
    phone.solo.hears(&bye);
    assert_eq!(phone.said(), ["200 BYE", "CANCEL"]);
    assert_eq!(phone.solo.told(), ["progress 180", "ended"]);
    // Its answer after all.
    phone.gets("200 OK", ";tag=a", ANSWER);
    assert_eq!(phone.said(), ["ACK", "BYE"]);
    phone.solo.run(Duration::from_secs(70));
    assert_eq!(
        phone.solo.endpoint.transactions() + phone.solo.endpoint.leftovers(),
        0
    );
}

#[test]
fn our_bye_may_be_refused_in_any_way() {
    for status in [
        "200 OK",
        "401 Unauthorized",
        "408 Request Timeout",
        "481 None",
        "500 No",
    ] {
        let mut phone = Ringing::new();
        phone.gets("200 OK", ";tag=a", ANSWER);
        phone.solo.told();
        phone.solo.said.clear();
        phone.solo.act(|it, now| it.hang_up(now, SESSION, None));
        phone.invite = phone.solo.answer();
        let provisional = phone.response("BYE", "100 Trying", "", "");
        let response = phone.response("BYE", status, "", "");
        phone.solo.hears(&provisional);
        assert_eq!(phone.solo.told(), [""; 0]);
        phone.solo.hears(&response);
        assert_eq!(phone.solo.told(), ["terminated"], "{status}");
        assert_eq!(phone.solo.endpoint.sessions(), 0);
    }
}

#[test]
fn hanging_up_on_an_offer_that_waits_for_our_answer_acknowledges_first() {
    let mut phone = Ringing::with("");
    assert!(!phone.invite.contains("Content-Type"));
    phone.gets("200 OK", ";tag=a", ANSWER);
    phone.gets("200 OK", ";tag=a", ANSWER);
    assert_eq!(phone.said(), [""; 0]);
    assert_eq!(phone.solo.told(), ["answered answer"]);
    phone.solo.act(|it, now| it.hang_up(now, SESSION, None));
    assert_eq!(phone.said(), ["ACK", "BYE"]);
}

#[test]
fn responses_that_are_not_for_us_are_dropped() {
    let mut phone = Ringing::new();
    let good = phone.response("INVITE", "180 Ringing", ";tag=a", "");
    let bad = [
        // Two Vias: it was for someone before us.
        good.replace("From:", "Via: SIP/2.0/UDP 203.0.113.9\nFrom:"),
        good.replace("192.0.2.1:5060;rport", "192.0.2.1:5061;rport"),
        good.replace(" INVITE", " BYE"),
    ];
    for text in &bad {
        phone.solo.hears(text);
    }
    assert_eq!(phone.solo.told(), [""; 0]);
    assert_eq!(phone.solo.endpoint.counters().stray_responses, 3);
    phone.solo.hears(&good);
    assert_eq!(phone.solo.told(), ["progress 180"]);
}

#[test]
fn calls_out_are_bounded_too() {
    let mut solo = Solo::with(|config| config.max_sessions = 1);
    for _ in 0..3 {
        solo.act(|it, now| it.invite(now, invite("offer")));
    }
    assert_eq!(solo.said.len(), 2);
    assert_eq!(solo.told(), ["failed 503"]);
}

#[test]
fn an_answer_without_a_tag_or_contact_is_lived_with() {
    let mut phone = Ringing::new();
    phone.gets("200 OK", "", "Content-Type: application/sdp\n\nanswer");
    assert_eq!(phone.solo.told(), ["answered answer"]);
    let ack = phone.solo.answer();
    assert!(ack.starts_with("ACK sip:+447700900001@192.0.2.9:5090;user=phone SIP/2.0\r\n"));
    phone.solo.act(|it, now| it.hang_up(now, SESSION, None));
    assert_eq!(phone.said(), ["BYE"]);
}
