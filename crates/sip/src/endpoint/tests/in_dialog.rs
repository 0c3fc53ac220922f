//! Requests of a confirmed session, from a peer written by hand.

use std::time::Duration;

use bytes::Bytes;

use super::solo::{INVITE, Solo, header};
use crate::boundary::{Config, SessionId};

/// The session of `INVITE`.
pub(super) const SESSION: SessionId = SessionId(1);

pub(super) fn sdp(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

/// A call that rings.
pub(super) struct Call {
    pub(super) solo: Solo,
    /// Our To, tag included.
    pub(super) to: String,
}

impl Call {
    pub(super) fn ringing(invite: &str) -> Call {
        Call::ringing_at(Solo::new(), invite)
    }

    fn ringing_at(mut solo: Solo, invite: &str) -> Call {
        solo.hears(invite);
        solo.act(|it, now| it.progress(now, SESSION, 180));
        let ringing = solo.said.pop().unwrap().1;
        let to = header(&ringing, "To").unwrap().to_owned();
        solo.said.clear();
        solo.events.clear();
        Call { solo, to }
    }

    pub(super) fn answered(invite: &str) -> Call {
        Call::ringing(invite).answer()
    }

    fn answer(mut self) -> Call {
        self.solo
            .act(|it, now| it.answer(now, SESSION, sdp("answer")));
        self.solo.said.clear();
        self
    }

    fn up() -> Call {
        Call::up_with(|_| {})
    }

    pub(super) fn up_with(change: impl FnOnce(&mut Config)) -> Call {
        let mut call = Call::ringing_at(Solo::with(change), INVITE).answer();
        call.hears("ACK", 1, "");
        assert_eq!(call.solo.told(), ["acknowledged"]);
        call
    }

    /// The peer says something in the dialog.
    pub(super) fn hears(&mut self, method: &str, cseq: u32, more: &str) -> &mut Solo {
        let (to, name) = (&self.to, format!("{method}{cseq}"));
        let more = if more.is_empty() {
            "Allow: INVITE\n\n"
        } else {
            more
        };
        let text = format!(
            "{method} sip:1001@192.0.2.1 SIP/2.0
Via: SIP/2.0/UDP 192.0.2.9:5090;branch=z9hG4bK{name}
Max-Forwards: 70
From: \"Elm Street\" <sip:01632960001@192.0.2.9>;tag=theirs
To: {to}
Call-ID: one@192.0.2.9
CSeq: {cseq} {method}
{more}"
        );
        self.solo.hears(&text)
    }
}

pub(super) const OFFER: &str =
    "Contact: <sip:new@192.0.2.10:5091>\nContent-Type: application/sdp\n\nnew offer";

#[test]
fn info_and_options_are_answered_and_bodies_ignored() {
    let mut call = Call::up();
    let dtmf = "Content-Type: application/dtmf-relay\n\nSignal=5";
    let answer = call.hears("INFO", 2, dtmf).answer();
    assert!(answer.starts_with("SIP/2.0 200 OK\r\n") && answer.ends_with("Length: 0\r\n\r\n"));
    let answer = call.hears("OPTIONS", 3, "").answer();
    assert!(answer.starts_with("SIP/2.0 200 OK\r\n"));
    assert_eq!(header(&answer, "To"), Some(call.to.as_str()));
    let answer = call.hears("REFER", 4, "Refer-To: <sip:2@x>").answer();
    assert!(answer.starts_with("SIP/2.0 405 "));
    assert_eq!(call.solo.told(), [""; 0]);
}

//= RFC 6086 section 4.2.2
//= type=test
//# the UA MUST send a 469 (Bad Info Package) response ..., which contains a Recv-Info header field
#[test]
fn an_info_of_a_package_gets_469() {
    let mut call = Call::up();
    let answer = call.hears("INFO", 2, "info-package: dtmf").answer();
    assert!(answer.starts_with("SIP/2.0 469 Bad Info Package\r\n"));
    assert_eq!(header(&answer, "Recv-Info"), Some(""));
    assert_eq!(call.solo.endpoint.sessions(), 1);
}

#[test]
fn a_reinvite_is_for_the_user_to_decide() {
    let mut call = Call::up();
    call.hears("INVITE", 2, OFFER);
    assert_eq!(call.solo.told(), ["reoffer new offer"]);
    assert_eq!(call.solo.said, []);
    assert!(
        call.solo
            .act(|it, now| it.accept_reoffer(now, SESSION, sdp("same")))
    );
    let answer = call.solo.answer();
    assert!(answer.starts_with("SIP/2.0 200 OK\r\n") && answer.ends_with("\r\n\r\nsame"));
    assert_eq!(
        header(&answer, "Contact"),
        Some("<sip:1001@192.0.2.1:5060>")
    );
    call.solo.run(Duration::from_millis(500));
    assert_eq!(call.solo.answer(), answer, "until its ACK");
    call.hears("ACK", 2, "");
    assert_eq!(call.solo.told(), ["acknowledged"]);
    call.solo.run(Duration::from_secs(5));
    assert_eq!(call.solo.said, []);
    // The new Contact is where requests go to from now on.
    call.solo.act(|it, now| it.hang_up(now, SESSION, None));
    let (to, bye) = call.solo.said.remove(0);
    assert_eq!(to, "192.0.2.10:5091".parse().unwrap());
    assert!(bye.starts_with("BYE sip:new@192.0.2.10:5091 SIP/2.0\r\n"));
}

#[test]
fn a_refused_reinvite_leaves_the_session_as_it_was() {
    let mut call = Call::up();
    call.hears("INVITE", 2, OFFER);
    assert!(
        call.solo
            .act(|it, now| it.reject_reoffer(now, SESSION, 488))
    );
    assert!(
        !call
            .solo
            .act(|it, now| it.reject_reoffer(now, SESSION, 488))
    );
    assert_eq!(call.solo.first_lines(), ["SIP/2.0 488 Not Acceptable Here"]);
    let ack = call.hears("ACK", 2, "");
    ack.run(Duration::from_secs(1));
    call.solo.act(|it, now| it.hang_up(now, SESSION, None));
    let (to, bye) = call.solo.said.pop().unwrap();
    assert_eq!(to, "192.0.2.9:5090".parse().unwrap());
    assert!(bye.starts_with("BYE sip:elm@192.0.2.9:5090 SIP/2.0\r\n"));
}

#[test]
fn a_reinvite_without_an_offer_gets_ours_and_brings_its_answer_in_the_ack() {
    let mut call = Call::up();
    call.hears("INVITE", 2, "Contact: <sip:elm@192.0.2.9:5090>");
    assert_eq!(call.solo.told(), ["reoffer"]);
    call.solo
        .act(|it, now| it.accept_reoffer(now, SESSION, sdp("our offer")));
    assert!(call.solo.answer().ends_with("\r\n\r\nour offer"));
    // RFC 3311 section 5.2: our offer is outstanding.
    assert!(
        call.hears("UPDATE", 3, OFFER)
            .answer()
            .starts_with("SIP/2.0 491 ")
    );
    assert!(
        call.hears("INVITE", 4, OFFER)
            .answer()
            .starts_with("SIP/2.0 491 ")
    );
    call.hears("ACK", 2, "Content-Type: application/sdp\n\ntheir answer");
    assert_eq!(call.solo.told(), ["acknowledged their answer"]);
}

#[test]
fn an_update_is_answered_like_a_reinvite_without_an_ack() {
    let mut call = Call::up();
    call.hears("UPDATE", 2, OFFER);
    assert_eq!(call.solo.told(), ["reoffer new offer"]);
    assert!(
        call.solo
            .act(|it, now| it.accept_reoffer(now, SESSION, sdp("same")))
    );
    let answer = call.solo.answer();
    assert!(answer.starts_with("SIP/2.0 200 OK\r\n") && answer.ends_with("\r\n\r\nsame"));
    call.solo.run(Duration::from_secs(10));
    assert_eq!(call.solo.said, []);
    call.hears("UPDATE", 3, OFFER);
    assert!(
        call.solo
            .act(|it, now| it.reject_reoffer(now, SESSION, 488))
    );
    assert_eq!(call.solo.first_lines(), ["SIP/2.0 488 Not Acceptable Here"]);
}

#[test]
fn an_update_without_an_offer_only_refreshes() {
    let mut call = Call::up();
    let answer = call
        .hears("UPDATE", 2, "Contact: <sip:moved@192.0.2.20>")
        .answer();
    assert!(answer.starts_with("SIP/2.0 200 OK\r\n"));
    assert_eq!(call.solo.told(), [""; 0]);
    call.solo.act(|it, now| it.hang_up(now, SESSION, None));
    assert_eq!(call.solo.said[0].0, "192.0.2.20:5060".parse().unwrap());
}

//= RFC 3261 section 14.2
//= type=test
//# A UAS that receives a second INVITE before it sends the final response to a first INVITE ...
//# MUST return a 500 (Server Internal Error) response to the second INVITE and MUST include a
//# Retry-After header field with a randomly chosen value of between 0 and 10 seconds.
#[test]
fn a_second_offer_before_the_first_is_answered_gets_500_with_retry_after() {
    let is_later = |answer: &str| {
        let seconds: u32 = header(answer, "Retry-After").unwrap().parse().unwrap();
        answer.starts_with("SIP/2.0 500 ") && seconds <= 10
    };
    let mut call = Call::up();
    call.hears("INVITE", 2, OFFER);
    assert!(is_later(&call.hears("INVITE", 3, OFFER).answer()));
    assert!(is_later(&call.hears("UPDATE", 4, OFFER).answer()));
    assert_eq!(call.solo.told(), ["reoffer new offer"]);
    // Before the first INVITE is answered as well.
    let mut call = Call::ringing(INVITE);
    assert!(is_later(&call.hears("INVITE", 2, OFFER).answer()));
    assert!(is_later(&call.hears("UPDATE", 3, OFFER).answer()));
    assert!(
        call.hears("UPDATE", 4, "")
            .answer()
            .starts_with("SIP/2.0 200 ")
    );
}

//= RFC 3261 section 12.2.2
//= type=test
//# If the remote sequence number was not empty, but the sequence number of the request is lower
//# than the remote sequence number, the request is out of order and MUST be rejected with a 500
#[test]
fn requests_out_of_order_get_500() {
    let mut call = Call::up();
    call.hears("INFO", 7, "").answer();
    assert!(
        call.hears("INFO", 6, "")
            .answer()
            .starts_with("SIP/2.0 500 ")
    );
    assert!(
        call.hears("BYE", 7, "")
            .answer()
            .starts_with("SIP/2.0 500 ")
    );
    assert_eq!(call.solo.told(), [""; 0]);
    // A gap is no fault.
    assert!(
        call.hears("INFO", 100, "")
            .answer()
            .starts_with("SIP/2.0 200 ")
    );
}

#[test]
fn a_request_with_another_remote_tag_or_call_id_is_not_of_the_dialog() {
    let mut call = Call::up();
    let bye = |to: &str| {
        format!(
            "BYE sip:1001@192.0.2.1 SIP/2.0
Via: SIP/2.0/UDP 192.0.2.9:5090;branch=z9hG4bKx
From: <sip:01632960001@192.0.2.9>;tag=theirs
To: {to}
Call-ID: one@192.0.2.9
CSeq: 9 BYE"
        )
    };
    let stranger = bye(&call.to).replace("tag=theirs", "tag=mine");
    assert!(
        call.solo
            .hears(&stranger)
            .answer()
            .starts_with("SIP/2.0 481 ")
    );
    let elsewhere = bye(&call.to)
        .replace("Call-ID: one", "Call-ID: two")
        .replace("Kx", "Ky");
    assert!(
        call.solo
            .hears(&elsewhere)
            .answer()
            .starts_with("SIP/2.0 481 ")
    );
    assert_eq!(call.solo.endpoint.sessions(), 1);
}

#[test]
fn a_reinvite_proves_that_our_2xx_arrived() {
    let mut call = Call::answered(INVITE);
    call.hears("INVITE", 2, OFFER);
    assert_eq!(call.solo.told(), ["acknowledged", "reoffer new offer"]);
    call.solo.run(Duration::from_secs(10));
    assert_eq!(call.solo.said, [], "our 2xx is no longer repeated");
    // The lost ACK comes after all.
    call.hears("ACK", 1, "");
    assert_eq!(call.solo.told(), [""; 0]);
}

#[test]
fn an_offer_while_ours_is_unanswered_gets_491() {
    let (head, _) = INVITE.split_once("Content-Type").unwrap();
    let mut call = Call::answered(&format!("{}\n\n", head.trim_end()));
    assert!(
        call.hears("INVITE", 2, OFFER)
            .answer()
            .starts_with("SIP/2.0 491 ")
    );
    call.hears("ACK", 1, "Content-Type: application/sdp\n\ntheir answer");
    assert_eq!(call.solo.told(), ["acknowledged their answer"]);
}

#[test]
fn a_cancelled_reinvite_leaves_the_session_up() {
    let mut call = Call::up();
    call.hears("INVITE", 2, OFFER);
    let to = call.to.clone();
    let cancel = format!(
        "CANCEL sip:1001@192.0.2.1 SIP/2.0
Via: SIP/2.0/UDP 192.0.2.9:5090;branch=z9hG4bKINVITE2
From: <sip:01632960001@192.0.2.9>;tag=theirs
To: {to}
Call-ID: one@192.0.2.9
CSeq: 2 CANCEL"
    );
    call.solo.hears(&cancel);
    assert_eq!(
        call.solo.first_lines(),
        ["SIP/2.0 200 OK", "SIP/2.0 487 Request Terminated"]
    );
    assert_eq!(call.solo.told(), ["reoffer new offer"]);
    assert!(
        !call
            .solo
            .act(|it, now| it.accept_reoffer(now, SESSION, sdp("same")))
    );
    assert_eq!(call.solo.endpoint.sessions(), 1);
}

//= RFC 3261 section 15.1.2
//= type=test
//# The UAS MUST still respond to any pending requests received for that dialog. It is RECOMMENDED
//# that a 487 (Request Terminated) response be generated to those pending requests.
#[test]
fn a_bye_ends_what_is_pending_with_487() {
    for method in ["INVITE", "UPDATE"] {
        let mut call = Call::up();
        call.hears(method, 2, OFFER);
        call.hears("BYE", 3, "");
        assert_eq!(
            call.solo.first_lines(),
            ["SIP/2.0 200 OK", "SIP/2.0 487 Request Terminated"]
        );
        assert_eq!(call.solo.told(), ["reoffer new offer", "ended"]);
        assert_eq!(call.solo.endpoint.sessions(), 0);
        call.solo.run(Duration::from_secs(70));
        assert_eq!(
            call.solo.endpoint.transactions() + call.solo.endpoint.leftovers(),
            0
        );
    }
    let mut call = Call::ringing(INVITE);
    call.hears("BYE", 2, "");
    assert_eq!(
        call.solo.first_lines(),
        ["SIP/2.0 200 OK", "SIP/2.0 487 Request Terminated"]
    );
    assert_eq!(call.solo.told(), ["ended"]);
}

#[test]
fn a_bye_before_our_2xx_is_acknowledged_ends_its_copies() {
    let mut call = Call::answered(INVITE);
    call.hears("BYE", 2, "").answer();
    assert_eq!(call.solo.told(), ["ended"]);
    // The two server transactions, and nothing of the session.
    assert_eq!(call.solo.endpoint.timers.len(), 2);
    call.solo.run(Duration::from_secs(40));
    assert_eq!(call.solo.said, []);
    // A copy of the BYE, late: its transaction is over, and the dialog too.
    assert!(
        call.hears("BYE", 2, "")
            .answer()
            .starts_with("SIP/2.0 481 ")
    );
}

#[test]
fn hanging_up_refuses_what_is_pending() {
    let mut call = Call::up();
    call.hears("INVITE", 2, OFFER);
    call.solo
        .act(|it, now| it.hang_up(now, SESSION, Some("Q.850;cause=16")));
    let said: Vec<String> = call.solo.said.drain(..).map(|(_, text)| text).collect();
    assert!(said[0].starts_with("SIP/2.0 487 "));
    assert!(said[1].starts_with("BYE sip:elm@192.0.2.9:5090 SIP/2.0\r\n"));
    assert_eq!(header(&said[1], "Reason"), Some("Q.850;cause=16"));
    assert_eq!(call.solo.told(), ["reoffer new offer"]);
}

//= RFC 3261 section 15
//= type=test
//# the callee's UA MUST NOT send a BYE on a confirmed dialog until it has received an ACK for its
//# 2xx response
#[test]
fn only_the_first_2xx_holds_our_bye_up_until_its_ack() {
    let mut call = Call::answered(INVITE);
    call.solo.act(|it, now| it.hang_up(now, SESSION, None));
    assert_eq!(call.solo.said, [], "the first ACK is outstanding");

    let mut call = Call::up();
    call.hears("INVITE", 2, OFFER);
    call.solo
        .act(|it, now| it.accept_reoffer(now, SESSION, sdp("same")));
    call.solo.said.clear();
    call.solo.act(|it, now| it.hang_up(now, SESSION, None));
    let bye = call.solo.answer();
    assert!(bye.starts_with("BYE sip:new@192.0.2.10:5091 SIP/2.0\r\n"));
    // The ACK that was late, and no copy of the 2xx, whose session is over.
    call.hears("ACK", 2, "").run(Duration::from_secs(70));
    let said = call.solo.first_lines();
    assert!(said.iter().all(|line| line.starts_with("BYE ")), "{said:?}");
    assert_eq!(call.solo.told(), ["reoffer new offer", "terminated"]);
    assert_eq!(
        call.solo.endpoint.transactions() + call.solo.endpoint.leftovers(),
        0
    );
}

#[test]
fn an_unanswered_call_that_we_hang_up_on_gets_480() {
    let mut call = Call::ringing(INVITE);
    call.solo
        .act(|it, now| it.hang_up(now, SESSION, Some("Q.850;cause=31")));
    let answer = call.solo.answer();
    assert!(answer.starts_with("SIP/2.0 480 "));
    assert_eq!(header(&answer, "Reason"), Some("Q.850;cause=31"));
}

//= RFC 3261 section 12.2.1.1
//= type=test
//# If the route set is not empty, and the first URI in the route set contains the lr parameter ...,
//# the UAC MUST place the remote target URI into the Request-URI and MUST include a Route header
//# field containing the route set values in order, including all parameters.
#[test]
fn a_bye_takes_the_route_set_of_the_invite() {
    let routed = "Record-Route: <sip:192.0.2.30;lr;x=1>,<sip:p2.example;lr>\nMax-Forwards";
    let mut call = Call::answered(&INVITE.replace("Max-Forwards", routed));
    call.hears("ACK", 1, "");
    call.solo.act(|it, now| it.hang_up(now, SESSION, None));
    let (to, bye) = call.solo.said.remove(0);
    assert_eq!(to, "192.0.2.30:5060".parse().unwrap());
    let lines: Vec<&str> = bye.lines().collect();
    assert_eq!(lines[0], "BYE sip:elm@192.0.2.9:5090 SIP/2.0");
    assert!(lines[1].starts_with("Via: SIP/2.0/UDP 192.0.2.1:5060;rport;branch=z9hG4bK"));
    assert_eq!(lines[2], "Max-Forwards: 70");
    assert_eq!(
        lines[3],
        "Route: <sip:192.0.2.30;lr;x=1>, <sip:p2.example;lr>"
    );
    assert_eq!(lines[4], format!("From: {}", call.to));
    assert_eq!(lines[5], "To: <sip:01632960001@192.0.2.9>;tag=theirs");
    assert_eq!(lines[6], "Call-ID: one@192.0.2.9");
    assert_eq!(header(&bye, "User-Agent"), Some("Test"));
}

#[test]
fn a_strict_router_comes_into_the_request_uri() {
    let routed = "Record-Route: <sip:192.0.2.30;method=BYE?x=y>, <sip:p2.example;lr>\nMax-Forwards";
    let mut call = Call::answered(&INVITE.replace("Max-Forwards", routed));
    call.hears("ACK", 1, "");
    call.solo.act(|it, now| it.hang_up(now, SESSION, None));
    let (to, bye) = call.solo.said.remove(0);
    assert_eq!(to, "192.0.2.30:5060".parse().unwrap());
    assert!(bye.starts_with("BYE sip:192.0.2.30 SIP/2.0\r\n"), "{bye}");
    let route = "<sip:p2.example;lr>, <sip:elm@192.0.2.9:5090>";
    assert_eq!(header(&bye, "Route"), Some(route));
}

#[test]
fn requests_to_a_name_go_where_the_far_end_last_spoke_from() {
    let named = INVITE.replace(
        "Contact: <sip:elm@192.0.2.9:5090>",
        "Contact: <sip:elm@pc.elm>",
    );
    let mut call = Call::answered(&named);
    call.hears("ACK", 1, "");
    let info = format!(
        "INFO sip:1001@192.0.2.1 SIP/2.0
Via: SIP/2.0/UDP 192.0.2.9:5090;branch=z9hG4bKi
From: <sip:01632960001@192.0.2.9>;tag=theirs
To: {}
Call-ID: one@192.0.2.9
CSeq: 2 INFO",
        call.to
    );
    call.solo.hears_from("198.51.100.4:1234", &info);
    call.solo.said.clear();
    call.solo.act(|it, now| it.hang_up(now, SESSION, None));
    let (to, bye) = call.solo.said.remove(0);
    assert_eq!(to, "198.51.100.4:1234".parse().unwrap());
    assert!(bye.starts_with("BYE sip:elm@pc.elm SIP/2.0\r\n"));
}
