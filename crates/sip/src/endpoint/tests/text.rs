//! A peer written by hand: what it says, and what exactly it is told.

use std::time::Duration;

use super::solo::{Solo, header};

const INVITE: &str = "\
INVITE sip:1001@192.0.2.1 SIP/2.0
Via: SIP/2.0/UDP 192.0.2.9:5090;branch=z9hG4bKone
Max-Forwards: 70
From: \"Elm Street\" <sip:01632960001@192.0.2.9>;tag=theirs
To: <sip:1001@192.0.2.1>
Call-ID: one@192.0.2.9
CSeq: 1 INVITE
Contact: <sip:elm@192.0.2.9:5090>
Content-Type: application/sdp

offer";

#[test]
fn an_invite_is_answered_100_at_once() {
    let mut solo = Solo::new();
    let trying = solo.hears(INVITE).answer();
    assert_eq!(
        trying,
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
    solo.run(Duration::from_secs(1));
    assert!(header(&trying, "Server").is_some());
}
