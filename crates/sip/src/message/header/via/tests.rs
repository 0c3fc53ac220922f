//! Via elements: parts, refusals, where the response goes.

use super::*;

fn via(text: &str) -> Via<'_> {
    Via::parse(text.as_bytes()).unwrap_or_else(|| panic!("{text} is a Via"))
}

const SOURCE: SocketAddr =
    SocketAddr::new(IpAddr::V4(std::net::Ipv4Addr::new(198, 51, 100, 9)), 40_000);

#[test]
fn white_space_and_ports_are_read() {
    for text in [
        "SIP/2.0/UDP h.example.com:5070;branch=z9hG4bK1",
        " SIP / 2.0 / UDP\t h.example.com : 5070 ; branch = z9hG4bK1 ",
        "SIP/2.0/UDP h.example.com:\r\n 5070;branch=z9hG4bK1",
        "sip/2.0/UDP\r\n h.example.com:5070\r\n ;branch=z9hG4bK1",
    ] {
        let via = via(text);
        assert_eq!(
            (via.transport, via.host),
            ("UDP", Host::Name("h.example.com")),
            "{text}"
        );
        assert_eq!(
            (via.port, via.branch()),
            (Some(5070), Some("z9hG4bK1")),
            "{text}"
        );
        assert!(via.has_magic_cookie(), "{text}");
    }
}

#[test]
fn malformed_vias_are_refused() {
    for text in [
        "",
        "SIP/2.0/UDP",
        "SIP/2.0/UDP ",
        "SIP/2.0 h",
        "SIP/2.0/UDP h;",
        "SIP/2.0/UDP h;;a",
        "SIP/2.0/UDP h;branch",
        "SIP/2.0/UDP h;branch=",
        "SIP/2.0/UDP h:;a",
        "SIP/2.0/UDP h:0",
        "SIP/2.0/UDP h:99999",
        "SIP/2.0/UDP 2001:db8::1",
        "SIP/2.0/UDP h x",
        "SIP/2.0/UDP h,i",
        "SIP/2.0/UDP h;branch=\"",
        "SIP/2.0/UDPh;branch=é",
    ] {
        assert!(Via::parse(text.as_bytes()).is_none(), "{text}");
    }
}

//= RFC 3581 section 4
//= type=test
//# the response MUST be sent to the IP address listed in the "received" parameter, and the
//# port in the "rport" parameter.
#[test]
fn a_response_goes_where_the_request_came_from_if_asked() {
    assert_eq!(
        via("SIP/2.0/UDP 10.0.0.1:5062;rport").reply_to(SOURCE),
        SOURCE
    );
    assert_eq!(
        via("SIP/2.0/UDP 10.0.0.1:5062;rport=1").reply_to(SOURCE),
        SOURCE
    );
    assert_eq!(
        via("SIP/2.0/UDP 10.0.0.1:5062")
            .reply_to(SOURCE)
            .to_string(),
        "198.51.100.9:5062"
    );
    assert_eq!(
        via("SIP/2.0/UDP h").reply_to(SOURCE).to_string(),
        "198.51.100.9:5060"
    );
    // Not obeyed: see the head of the module.
    let aimed = via("SIP/2.0/UDP h;maddr=192.0.2.66;received=192.0.2.67");
    assert_eq!(aimed.reply_to(SOURCE).ip(), SOURCE.ip());
}

#[test]
fn parameters_that_mean_nothing_are_none() {
    let odd = via("SIP/2.0/UDP h;received=nowhere;rport=x");
    assert_eq!((odd.received(), odd.rport()), (None, Rport::Asked));
    assert!(!via("SIP/2.0/UDP h;branch=z9hG4bK").has_magic_cookie());
    assert!(via("SIP/2.0/UDP h;branch=Z9HG4BKa").has_magic_cookie());
    assert!(!via("SIP/2.0/UDP h;branch=1").has_magic_cookie());
}

#[test]
fn our_own_via_is_recognised() {
    let ours: SocketAddr = "192.0.2.1:5060".parse().unwrap();
    assert!(via("SIP/2.0/UDP 192.0.2.1").is_sent_by(ours));
    assert!(via("SIP/2.0/UDP 192.0.2.1:5060").is_sent_by(ours));
    assert!(!via("SIP/2.0/UDP 192.0.2.1:5061").is_sent_by(ours));
    assert!(!via("SIP/2.0/UDP h").is_sent_by(ours));
}
