//! Peers that lie, send too much, or mean harm.

use std::time::Duration;

use bytes::Bytes;

use super::in_dialog::{Call, OFFER, SESSION, sdp};
use super::refusals::request;
use super::solo::{INVITE, Solo, header};
use crate::boundary::Invite;

//= RFC 3261 section 12.1.2
//= type=test
//# The call identifier component of the dialog ID MUST be set to the value of the Call-ID in the
//# request.
#[test]
fn a_dialog_of_ours_is_not_what_a_response_says_it_is() {
    let mut solo = Solo::new();
    let invite = Invite {
        target: "sip:phone@192.0.2.9:5090".to_owned(),
        destination: "192.0.2.9:5090".parse().unwrap(),
        from_user: "100".to_owned(),
        identity: Default::default(),
        offer: sdp("offer"),
    };
    solo.act(|it, now| it.invite(now, invite));
    let invite = solo.answer();
    let copied = |name: &str| header(&invite, name).unwrap().to_owned();
    let lie = format!(
        "SIP/2.0 200 OK
Via: {}
From: <sip:other@203.0.113.1>;tag=other
To: <sip:another@203.0.113.1>;tag=theirs
Call-ID: other
CSeq: 2147483647 INVITE
Contact: <sip:phone@192.0.2.9:5090?Replaces=x;method=INVITE>

",
        copied("Via")
    );
    solo.hears(&lie);
    let ack = solo.answer();
    solo.act(|it, now| it.hang_up(now, SESSION, None));
    let bye = solo.answer();
    let cseq: u32 = copied("CSeq")
        .strip_suffix(" INVITE")
        .unwrap()
        .parse()
        .unwrap();
    for (text, method, cseq) in [(&ack, "ACK", cseq), (&bye, "BYE", cseq + 1)] {
        let first = format!("{method} sip:phone@192.0.2.9:5090 SIP/2.0\r\n");
        assert!(text.starts_with(&first), "{text}");
        assert_eq!(header(text, "Call-ID"), Some(copied("Call-ID").as_str()));
        assert_eq!(header(text, "From"), Some(copied("From").as_str()));
        let to = "<sip:phone@192.0.2.9:5090>;tag=theirs";
        assert_eq!(header(text, "To"), Some(to));
        assert_eq!(
            header(text, "CSeq"),
            Some(format!("{cseq} {method}").as_str())
        );
    }
}

#[test]
fn a_contact_with_header_components_puts_none_into_our_requests() {
    let contact = "Contact: <sip:elm@192.0.2.9:5090;method=REFER;x=1?Route=%3Csip:v%3E>";
    let invite = INVITE.replace("Contact: <sip:elm@192.0.2.9:5090>", contact);
    let mut call = Call::answered(&invite);
    call.hears("ACK", 1, "");
    call.solo.act(|it, now| it.hang_up(now, SESSION, None));
    let bye = call.solo.answer();
    let first = "BYE sip:elm@192.0.2.9:5090;x=1 SIP/2.0\r\n";
    assert!(bye.starts_with(first), "{bye}");
}

//= RFC 3261 section 21.5.14
//= type=test
//# The server was unable to process the request since the message length exceeded its capabilities.
#[test]
fn a_request_too_large_to_be_kept_gets_513_and_leaves_nothing_behind() {
    let padded = |text: &str, bytes: usize| {
        let line = format!("X-Padding: {}\n", "x".repeat(1000));
        let lines = line.repeat(bytes / line.len());
        text.replace("Max-Forwards", &format!("{lines}Max-Forwards"))
    };
    let mut solo = Solo::new();
    for text in [
        INVITE.to_owned(),
        request("OPTIONS", ""),
        request("CANCEL", ""),
    ] {
        let refused = solo.hears(&padded(&text, 20_000)).answer();
        assert!(
            refused.starts_with("SIP/2.0 513 Message Too Large\r\n"),
            "{refused}"
        );
    }
    assert_eq!(solo.endpoint.transactions() + solo.endpoint.leftovers(), 0);
    assert_eq!(solo.told(), [""; 0]);
    solo.hears(&padded(INVITE, 15_500));
    assert_eq!(solo.told(), ["incoming 1001"]);
    // An ACK is no request that is kept.
    let mut call = Call::answered(INVITE);
    let long = format!("Content-Type: application/sdp\n\n{}", "x".repeat(20_000));
    call.hears("ACK", 1, &long);
    assert_eq!(call.solo.told(), ["acknowledged"]);
}

#[test]
fn a_call_that_sends_without_end_has_no_more_than_its_share_of_the_reserve() {
    let mut call = Call::up_with(|config| {
        config.max_transactions = 20;
        config.max_sessions = 20;
    });
    for cseq in 2..100 {
        call.hears("INFO", cseq, "");
    }
    let answered = call.solo.first_lines().len();
    assert_eq!(answered, 20, "what strangers may have");
    call.hears("BYE", 100, "");
    assert_eq!(call.solo.first_lines(), ["SIP/2.0 200 OK"]);
    assert_eq!(call.solo.told(), ["ended"]);

    // A flood of others, and calls have their shares all the same.
    let mut call = Call::up_with(|config| {
        config.max_transactions = 2;
        config.max_sessions = 20;
    });
    for cseq in 2..100 {
        call.hears("INFO", cseq, "");
    }
    assert_eq!(call.solo.first_lines().len(), 7, "the INVITE is the eighth");
    // What is over is in no share.
    call.solo.run(Duration::from_secs(33));
    call.hears("INFO", 100, "");
    assert_eq!(call.solo.first_lines(), ["SIP/2.0 200 OK"]);
}

#[test]
fn a_call_that_we_refused_is_no_dialog() {
    let mut call = Call::ringing(INVITE);
    call.solo.act(|it, now| it.hang_up(now, SESSION, None));
    call.solo.said.clear();
    for (cseq, method) in [(2, "INFO"), (3, "UPDATE"), (4, "BYE")] {
        let answer = call.hears(method, cseq, OFFER).answer();
        assert!(answer.starts_with("SIP/2.0 481 "), "{answer}");
    }
    assert_eq!(call.solo.told(), [""; 0]);
}

//= RFC 3261 section 13.3.1
//= type=test
//# If the invitation expires before the UAS has generated a final response, a 487 (Request
//# Terminated) response SHOULD be generated.
#[test]
fn an_invitation_that_expires_is_refused_487() {
    let expires =
        |seconds: u32| INVITE.replace("Max-Forwards", &format!("Expires: {seconds}\nMax-Forwards"));
    let mut solo = Solo::new();
    solo.hears(&expires(70)).answer();
    solo.run(Duration::from_millis(69_999));
    assert_eq!(solo.first_lines(), ["SIP/2.0 183 Session Progress"]);
    assert_eq!(solo.told(), ["incoming 1001"]);
    solo.run(Duration::from_millis(1));
    assert_eq!(solo.first_lines(), ["SIP/2.0 487 Request Terminated"]);
    assert_eq!(solo.told(), ["ended"]);
    assert_eq!(solo.endpoint.sessions(), 0);
    // Once it is answered it is no invitation.
    let mut call = Call::answered(&expires(30));
    call.hears("ACK", 1, "").run(Duration::from_secs(100));
    assert_eq!(call.solo.said, []);
    assert_eq!(call.solo.endpoint.sessions(), 1);
}

#[test]
fn addresses_of_ipv6_are_called_and_answered() {
    let invite = INVITE
        .replace("192.0.2.9:5090;branch", "[2001:db8::9]:5090;rport;branch")
        .replace("sip:elm@192.0.2.9:5090", "sip:elm@[2001:db8::a]:5091")
        .replacen("sip:1001@192.0.2.1", "sip:1001@[2001:db8::1]", 1);
    let mut solo = Solo::with(|config| config.advertised = "[2001:db8::1]:5060".parse().unwrap());
    solo.hears_from("[2001:db8::9]:6000", &invite);
    let (to, trying) = solo.said.remove(0);
    assert_eq!(to, "[2001:db8::9]:6000".parse().unwrap());
    let via = "SIP/2.0/UDP [2001:db8::9]:5090;branch=z9hG4bKone;rport=6000;received=2001:db8::9";
    assert_eq!(header(&trying, "Via"), Some(via));
    assert_eq!(solo.told(), ["incoming 1001"]);
    solo.act(|it, now| it.answer(now, SESSION, Bytes::from_static(b"answer")));
    let answer = solo.answer();
    let contact = "<sip:1001@[2001:db8::1]:5060>";
    assert_eq!(header(&answer, "Contact"), Some(contact));
    let to = format!("To: {}", header(&answer, "To").unwrap());
    let ack = invite.replace("INVITE", "ACK").replace("Kone", "Ktwo");
    solo.hears_from(
        "[2001:db8::9]:6000",
        &ack.replace("To: <sip:1001@192.0.2.1>", &to),
    );
    assert_eq!(solo.told(), ["acknowledged"]);
    solo.act(|it, now| it.hang_up(now, SESSION, None));
    let (to, bye) = solo.said.remove(0);
    assert_eq!(to, "[2001:db8::a]:5091".parse().unwrap());
    assert!(bye.starts_with("BYE sip:elm@[2001:db8::a]:5091 SIP/2.0\r\n"));
    let via = "SIP/2.0/UDP [2001:db8::1]:5060;rport;branch=z9hG4bK";
    assert!(header(&bye, "Via").unwrap().starts_with(via));
}

#[test]
fn a_tel_uri_as_a_contact_is_lived_with() {
    let invite = INVITE.replace(
        "Contact: <sip:elm@192.0.2.9:5090>",
        "Contact: <tel:+441632960001>",
    );
    let mut call = Call::answered(&invite);
    call.hears("ACK", 1, "");
    call.solo.act(|it, now| it.hang_up(now, SESSION, None));
    let (to, bye) = call.solo.said.remove(0);
    assert_eq!(to, "192.0.2.9:5090".parse().unwrap());
    assert!(
        bye.starts_with("BYE tel:+441632960001 SIP/2.0\r\n"),
        "{bye}"
    );
}
