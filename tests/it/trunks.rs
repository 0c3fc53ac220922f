//! Who may call, where the settings say so.

use std::net::{Ipv4Addr, UdpSocket};
use std::time::Duration;

use crate::party::{Caller, Manner, Message, Phone};
use crate::server::{Home, Wish, wait_until};

/// Another address of this machine.
const OUTSIDE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
const CALLER_HZ: u16 = 700;
const PHONE_HZ: u16 = 1130;

#[test]
fn a_caller_outside_the_trunks_gets_403_and_is_counted_and_others_are_served() {
    let wish = Wish {
        trunks: "trunks = [\"198.51.100.0/24\", \"127.0.0.1\"]",
        ..Wish::default()
    };
    let home = Home::new("trunks", &wish);
    let server = home.serve();
    let phone = Phone::at(home.phone, PHONE_HZ, Manner::Answers);
    let counted = || server.metric("rotaline_sip_unserved_total{why=\"outsider\"}");
    assert_eq!(counted(), Some(0.0));

    let outsider = UdpSocket::bind((OUTSIDE, 0)).unwrap();
    outsider
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let stranger = Caller::new(home.sip_address(), "1000", CALLER_HZ);
    let invite = stranger.request("INVITE", &stranger.voice.sdp());
    for _ in 0..2 {
        outsider
            .send_to(invite.as_bytes(), home.sip_address())
            .unwrap();
        let mut bytes = [0; 65_535];
        let (length, _) = outsider.recv_from(&mut bytes).unwrap();
        let answer = Message(String::from_utf8_lossy(&bytes[..length]).into_owned());
        assert_eq!(answer.status(), 403, "{}", answer.0);
    }
    wait_until("both are counted", || counted() == Some(2.0));
    assert_eq!(phone.invited(), 0);

    let mut caller = Caller::new(home.sip_address(), "1000", CALLER_HZ);
    assert_eq!(caller.call().status(), 200);
    wait_until("they hear each other", || {
        caller.voice.hears(PHONE_HZ) && phone.voice.hears(CALLER_HZ)
    });
    assert_eq!(caller.hang_up().status(), 200);
    server.close(&[]);
}

#[test]
fn trunks_that_are_no_networks_are_named_and_nothing_is_served() {
    let wish = Wish {
        trunks: "trunks = [\"192.0.2.5/24\", \"provider.example\"]",
        ..Wish::default()
    };
    let said = Home::new("trunks-bad", &wish).fails_to_serve();
    assert!(said.contains("sip.trunks"), "{said}");
    assert!(said.contains("192.0.2.0/24 is the network"), "{said}");
    assert!(
        said.contains("\"provider.example\" is no network"),
        "{said}"
    );
}
