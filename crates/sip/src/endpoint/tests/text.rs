//! New calls from a peer written by hand: what it is told, word for word.

use std::time::Duration;

use bytes::Bytes;

use super::solo::{INVITE, Solo, header};
use crate::boundary::{CallerFrom, Event, Incoming, Input, RejectWith};

fn incoming(solo: &Solo) -> &Incoming {
    match solo.events.last() {
        Some(Event::Incoming(_, incoming)) => incoming,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_invite_is_answered_100_at_once() {
    let mut solo = Solo::new();
    assert_eq!(
        solo.hears(INVITE).answer(),
        "SIP/2.0 100 Trying\r\n\
         Via: SIP/2.0/UDP 192.0.2.9:5090;branch=z9hG4bKone\r\n\
         From: \"Elm Street\" <sip:01632960001@192.0.2.9>;tag=theirs\r\n\
         To: <sip:1001@192.0.2.1>\r\n\
         Call-ID: one@192.0.2.9\r\n\
         CSeq: 1 INVITE\r\n\
         Server: Test\r\n\
         Content-Length: 0\r\n\r\n"
    );
    assert_eq!(solo.told(), ["incoming 1001"]);
}

#[test]
fn an_answer_has_what_a_dialog_needs() {
    let mut solo = Solo::new();
    let invite = INVITE.replace(
        "Max-Forwards",
        "Record-Route: <sip:p2;lr>\nRecord-Route: <sip:p1;lr>\nMax-Forwards",
    );
    solo.hears(&invite).answer();
    let session = solo.session();
    assert!(solo.act(|it, now| it.progress(now, session, 180)));
    let ringing = solo.answer();
    let tag = header(&ringing, "To")
        .unwrap()
        .strip_prefix("<sip:1001@192.0.2.1>;tag=")
        .unwrap();
    assert_eq!(tag.len(), 16);
    assert!(solo.act(|it, now| it.answer(now, session, Bytes::from_static(b"v=0\r\n"))));
    assert_eq!(
        solo.answer(),
        format!(
            "SIP/2.0 200 OK\r\n\
             Via: SIP/2.0/UDP 192.0.2.9:5090;branch=z9hG4bKone\r\n\
             From: \"Elm Street\" <sip:01632960001@192.0.2.9>;tag=theirs\r\n\
             To: <sip:1001@192.0.2.1>;tag={tag}\r\n\
             Call-ID: one@192.0.2.9\r\n\
             CSeq: 1 INVITE\r\n\
             Record-Route: <sip:p2;lr>\r\n\
             Record-Route: <sip:p1;lr>\r\n\
             Server: Test\r\n\
             Contact: <sip:1001@192.0.2.1:5060>\r\n\
             Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE\r\n\
             Content-Type: application/sdp\r\n\
             Content-Length: 5\r\n\r\nv=0\r\n"
        )
    );
}

//= RFC 3261 section 8.2.6.2
//= type=test
//# the UAS MUST add a tag to the To header field in the response (with the exception of the 100
//# (Trying) response, in which a tag MAY be present)
#[test]
fn all_responses_above_100_have_the_same_tag() {
    let mut solo = Solo::new();
    let trying = solo.hears(INVITE).answer();
    assert_eq!(header(&trying, "To"), Some("<sip:1001@192.0.2.1>"));
    let session = solo.session();
    let mut tags = Vec::new();
    for status in [180, 183, 199] {
        solo.act(|it, now| it.progress(now, session, status));
        tags.push(header(&solo.answer(), "To").unwrap().to_owned());
    }
    let with = RejectWith {
        status: 486,
        retry_after_s: None,
    };
    solo.act(|it, now| it.reject(now, session, with));
    tags.push(header(&solo.answer(), "To").unwrap().to_owned());
    assert!(tags[0].contains(";tag="));
    assert!(tags.iter().all(|tag| *tag == tags[0]), "{tags:?}");
}

#[test]
fn progress_is_a_provisional_status_and_nothing_else() {
    let mut solo = Solo::new();
    solo.hears(INVITE).answer();
    let session = solo.session();
    for status in [100, 200, 486] {
        assert!(!solo.act(|it, now| it.progress(now, session, status)));
    }
    assert_eq!(solo.said, []);
}

//= RFC 3261 section 13.3.1.1
//= type=test
//# To prevent cancellation, the UAS MUST send a non-100 provisional response at every minute
#[test]
fn a_call_that_rings_for_long_gets_a_provisional_response_each_minute() {
    let (second, minute) = (Duration::from_secs(1), Duration::from_secs(60));
    let mut solo = Solo::new();
    solo.hears(INVITE).answer();
    let session = solo.session();
    assert_eq!(solo.run(minute - second).said, []);
    solo.run(second);
    assert_eq!(solo.first_lines(), ["SIP/2.0 183 Session Progress"]);
    solo.run(second * 10);
    solo.act(|it, now| it.progress(now, session, 180));
    let ringing = solo.answer();
    assert_eq!(solo.run(minute - second).said, [], "counted from the last");
    for _ in 0..5 {
        solo.run(minute);
        assert_eq!(solo.answer(), ringing);
    }
    solo.act(|it, now| it.answer(now, session, Bytes::from_static(b"answer")));
    let ack = INVITE.replace("INVITE", "ACK").replace(
        "To: <sip:1001@192.0.2.1>",
        &format!("To: {}", header(&solo.answer(), "To").unwrap()),
    );
    solo.hears(&ack.replace("Kone", "Kack")).run(minute * 10);
    assert_eq!(solo.said, [], "until the answer");
}

#[test]
fn a_call_that_rang_for_long_and_is_refused_gets_nothing_after_that() {
    let mut solo = Solo::new();
    solo.hears(INVITE).answer();
    let (session, with) = (
        solo.session(),
        RejectWith {
            status: 480,
            retry_after_s: None,
        },
    );
    solo.run(Duration::from_secs(59))
        .act(|it, now| it.reject(now, session, with));
    let refused = solo.answer();
    let to = header(&refused, "To").unwrap();
    let ack = INVITE.replace("INVITE", "ACK");
    solo.hears(&ack.replace("To: <sip:1001@192.0.2.1>", &format!("To: {to}")));
    solo.run(Duration::from_secs(120));
    assert_eq!(solo.said, []);
    assert_eq!(solo.endpoint.transactions() + solo.endpoint.leftovers(), 0);
}

//= RFC 3581 section 4
//= type=test
//# the response MUST be sent to the IP address indicated in the "received" parameter, and the port
//# indicated in the "rport" parameter
#[test]
fn a_response_goes_where_the_request_came_from_if_rport_asks_for_it() {
    let mut solo = Solo::new();
    let invite = INVITE.replace(";branch", ";rport;branch");
    solo.hears_from("198.51.100.7:40000", &invite);
    let (to, trying) = solo.said.remove(0);
    assert_eq!(to, "198.51.100.7:40000".parse().unwrap());
    let via = "SIP/2.0/UDP 192.0.2.9:5090;branch=z9hG4bKone;rport=40000;received=198.51.100.7";
    assert_eq!(header(&trying, "Via"), Some(via));
}

//= RFC 3261 section 18.2.2
//= type=test
//# if the Via header field value has a "received" parameter, ... the response MUST be sent to the
//# address in the "received" parameter, using the port indicated in the "sent-by" value
#[test]
fn a_response_goes_to_the_port_of_sent_by_without_rport() {
    let mut solo = Solo::new();
    solo.hears_from("198.51.100.7:40000", INVITE);
    let (to, trying) = solo.said.remove(0);
    assert_eq!(to, "198.51.100.7:5090".parse().unwrap());
    assert!(
        header(&trying, "Via")
            .unwrap()
            .ends_with(";received=198.51.100.7")
    );
}

#[test]
fn a_response_is_never_aimed_by_maddr() {
    let mut solo = Solo::new();
    let invite = INVITE.replace(";branch", ";maddr=203.0.113.1;branch");
    solo.hears(&invite);
    assert_eq!(solo.said[0].0, "192.0.2.9:5090".parse().unwrap());
}

#[test]
fn a_copy_of_an_invite_gets_the_last_response_again() {
    let mut solo = Solo::new();
    solo.hears(INVITE).hears(INVITE);
    assert_eq!(solo.first_lines(), ["SIP/2.0 100 Trying"; 2]);
    let session = solo.session();
    solo.act(|it, now| it.progress(now, session, 180));
    solo.hears(INVITE);
    assert_eq!(solo.first_lines(), ["SIP/2.0 180 Ringing"; 2]);
    assert_eq!(solo.told(), ["incoming 1001"]);
    solo.act(|it, now| it.answer(now, session, Bytes::from_static(b"answer")));
    // From here on the core repeats the 2xx, at its own times.
    solo.hears(INVITE);
    assert_eq!(solo.first_lines(), ["SIP/2.0 200 OK"]);
}

#[test]
fn a_branch_of_another_sender_or_in_another_method_is_another_transaction() {
    let mut solo = Solo::new();
    solo.hears(INVITE);
    let other = INVITE
        .replace("192.0.2.9:5090;", "192.0.2.9:5091;")
        .replace("one@", "two@");
    solo.hears(&other);
    assert_eq!(solo.told(), ["incoming 1001", "incoming 1001"]);
    let same = INVITE.replace("192.0.2.9:5090;", "192.0.2.9:5090 ;");
    solo.hears(&same);
    assert_eq!(solo.told(), [""; 0]);
}

#[test]
fn a_sender_of_rfc_2543_is_served() {
    let old = |branch: &str| INVITE.replace(";branch=z9hG4bKone", branch);
    for branch in ["", ";branch=1"] {
        let mut solo = Solo::new();
        let invite = old(branch);
        solo.hears(&invite).hears(&invite);
        assert_eq!(solo.first_lines(), ["SIP/2.0 100 Trying"; 2]);
        assert_eq!(solo.told(), ["incoming 1001"]);
        let session = crate::boundary::SessionId(1);
        let with = RejectWith {
            status: 486,
            retry_after_s: None,
        };
        solo.act(|it, now| it.reject(now, session, with));
        let busy = solo.answer();
        let ack = invite.replace("INVITE", "ACK").replace(
            "To: <sip:1001@192.0.2.1>",
            &format!("To: {}", header(&busy, "To").unwrap()),
        );
        solo.hears(&ack);
        assert_eq!(solo.told(), ["terminated"]);
        solo.run(Duration::from_secs(2));
        assert_eq!(solo.said, []);
    }
}

//= RFC 3261 section 8.2.2.2
//= type=test
//# the UAS core SHOULD generate a 482 (Loop Detected) response and pass it to the server
//# transaction
#[test]
fn the_same_request_by_another_way_is_refused_482() {
    let mut solo = Solo::new();
    solo.hears(INVITE)
        .hears(&INVITE.replace("z9hG4bKone", "z9hG4bKtwo"));
    assert_eq!(
        solo.first_lines(),
        ["SIP/2.0 100 Trying", "SIP/2.0 482 Loop Detected"]
    );
    assert_eq!(solo.told(), ["incoming 1001"]);
}

#[test]
fn the_same_request_for_another_number_is_a_new_call_once_the_first_was_refused() {
    let mut solo = Solo::new();
    solo.hears(INVITE);
    let session = solo.session();
    let with = RejectWith {
        status: 486,
        retry_after_s: None,
    };
    solo.act(|it, now| it.reject(now, session, with));
    solo.said.clear();
    let next = INVITE
        .replace("z9hG4bKone", "z9hG4bKtwo")
        .replacen("sip:1001", "sip:1002", 1);
    solo.hears(&next);
    assert_eq!(solo.first_lines(), ["SIP/2.0 100 Trying"]);
    assert_eq!(solo.told(), ["incoming 1001", "incoming 1002"]);
    // While that one is going on, a third is a copy of it.
    solo.hears(&next.replace("z9hG4bKtwo", "z9hG4bKthree"));
    assert_eq!(solo.first_lines(), ["SIP/2.0 482 Loop Detected"]);
    solo.run(Duration::from_secs(33)).said.clear();
    solo.hears(&next.replace("z9hG4bKtwo", "z9hG4bKfour"));
    assert_eq!(
        solo.first_lines(),
        ["SIP/2.0 482 Loop Detected"],
        "the end of the first is not the end of the second"
    );
}

#[test]
fn who_calls_is_asserted_identity_before_from() {
    let asserted =
        "P-Asserted-Identity: \"Elm\" <sip:+441632960002@trunk;user=phone>\nMax-Forwards";
    let mut solo = Solo::new();
    solo.hears(INVITE);
    assert_eq!(incoming(&solo).caller.as_deref(), Some("01632960001"));
    assert_eq!(incoming(&solo).caller_from, CallerFrom::From);
    let mut solo = Solo::new();
    solo.hears(&INVITE.replace("Max-Forwards", asserted));
    assert_eq!(incoming(&solo).caller.as_deref(), Some("+441632960002"));
    assert_eq!(incoming(&solo).caller_from, CallerFrom::AssertedIdentity);
    let mut solo = Solo::new();
    let tel = "P-Asserted-Identity: <tel:+441632960003>\nMax-Forwards";
    solo.hears(&INVITE.replace("Max-Forwards", tel));
    assert_eq!(incoming(&solo).caller.as_deref(), Some("+441632960003"));
}

#[test]
fn a_withheld_caller_stays_withheld() {
    let withheld = [
        INVITE.replace("Max-Forwards", "Privacy: id\nMax-Forwards"),
        INVITE.replace("Max-Forwards", "Privacy: header;id;critical\nMax-Forwards"),
        INVITE.replace(
            "sip:01632960001@192.0.2.9>",
            "sip:anonymous@anonymous.invalid>",
        ),
        INVITE.replace("sip:01632960001@192.0.2.9>", "sip:Anonymous@192.0.2.9>"),
        INVITE.replace("01632960001@192.0.2.9>", "x@Anonymous.Invalid>"),
    ];
    for invite in withheld {
        let asserted = "P-Asserted-Identity: <sip:+441632960002@trunk>\nMax-Forwards";
        let mut solo = Solo::new();
        solo.hears(&invite.replace("Max-Forwards", asserted));
        assert_eq!(incoming(&solo).caller, None, "{invite}");
        assert_eq!(incoming(&solo).caller_from, CallerFrom::Nowhere);
    }
    let mut solo = Solo::new();
    solo.hears(&INVITE.replace("Max-Forwards", "Privacy: none\nMax-Forwards"));
    assert!(incoming(&solo).caller.is_some());
}

#[test]
fn what_was_dialled_is_unescaped_and_without_parameters() {
    for (uri, dialled) in [
        (
            "sip:%2B441632960001;cpc=ordinary@192.0.2.1;user=phone",
            "+441632960001",
        ),
        ("tel:+44-1632;phone-context=x", "+44-1632"),
        ("sip:192.0.2.1", ""),
        ("sip:%23%2A@192.0.2.1", "#*"),
    ] {
        let mut solo = Solo::new();
        solo.hears(&INVITE.replacen("sip:1001@192.0.2.1", uri, 1));
        assert_eq!(incoming(&solo).dialled, dialled);
    }
}

#[test]
fn diverting_parties_are_listed_but_for_ourselves() {
    let mut solo = Solo::new();
    let diversions = "\
Diversion: <sip:07700900001@trunk>;reason=no-answer, <tel:+447700900002>
History-Info: <sip:07700900003@trunk?Reason=x>;index=1, <sip:1001@192.0.2.1>;index=1.1
Max-Forwards";
    solo.hears(&INVITE.replace("Max-Forwards", diversions));
    let expected = ["07700900001", "+447700900002", "07700900003"];
    assert_eq!(incoming(&solo).diverted_by, expected);
}

#[test]
fn an_offer_among_other_parts_is_found_and_an_optional_body_is_none() {
    let parts = "multipart/mixed;boundary=x\n\n\
        --x\r\nContent-Type: application/pidf+xml\r\n\
        Content-Disposition: render;handling=optional\r\n\r\n<presence/>\r\n\
        --x\r\nContent-Type: application/sdp\r\n\r\nthe offer\r\n--x--\r\n";
    let (head, _) = INVITE.split_once("application/sdp").unwrap();
    let mut solo = Solo::new();
    solo.hears_exactly(&format!("{head}{parts}"));
    assert_eq!(incoming(&solo).offer.as_deref(), Some(&b"the offer"[..]));
    let optional = "text/plain\nContent-Disposition: render;handling=optional\n\nhello";
    let mut solo = Solo::new();
    solo.hears(&format!("{head}{optional}"));
    assert_eq!(incoming(&solo).offer, None, "so ours goes into the 2xx");
}

#[test]
fn a_late_offer_has_none() {
    let mut solo = Solo::new();
    let (head, _) = INVITE.split_once("Content-Type").unwrap();
    solo.hears(&format!("{}\n\n", head.trim_end()));
    assert_eq!(incoming(&solo).offer, None);
}

#[test]
fn nothing_of_a_caller_is_in_debug_output() {
    let mut solo = Solo::new();
    solo.hears(INVITE);
    let incoming = Input::Datagram {
        source: "192.0.2.9:5090".parse().unwrap(),
        bytes: Bytes::from(INVITE),
    };
    let shown = format!("{:?} {:?} {incoming:?}", solo.events, solo.endpoint);
    assert!(!shown.contains("0163") && !shown.contains("offer\"") && shown.contains("Incoming"));
}
