//! URIs: parts, refusals, equality.

use super::*;
use crate::message::host::Host;

fn uri(text: &str) -> Uri<'_> {
    Uri::parse(text).unwrap_or_else(|| panic!("{text} is a URI"))
}

#[test]
fn the_parts_of_a_sip_uri_are_told_apart() {
    let text = "sips:alice:pa%20ss@[2001:db8::1]:5061;transport=tcp;lr?subject=a%20b&to=x";
    let uri = uri(text);
    let sip = uri.as_sip().unwrap();
    assert_eq!(sip.scheme, SipScheme::Sips);
    assert_eq!((sip.user, sip.password), (Some("alice"), Some("pa%20ss")));
    assert_eq!(sip.host, Host::V6("2001:db8::1".parse().unwrap()));
    assert_eq!(sip.port, Some(5061));
    assert_eq!(sip.param("TRANSPORT"), Some("tcp"));
    assert!(sip.is_loose_router());
    assert_eq!(sip.param("maddr"), None);
    assert_eq!(sip.headers(), "subject=a%20b&to=x");
    assert_eq!(uri.to_string(), text);
}

#[test]
fn tel_uris_and_other_schemes_are_uris() {
    let tel = uri("tel:+44-20-7946-0000;phone-context=example.com");
    assert_eq!(tel.user().unwrap(), "+44-20-7946-0000");
    let Uri::Tel(number) = tel else {
        panic!("a tel URI")
    };
    assert_eq!(number.param("phone-context"), Some("example.com"));
    assert_eq!(uri("urn:service:sos").scheme(), "urn");
    assert!(uri("http://www.example.com").user().is_none());
}

#[test]
fn what_the_world_sends_is_tolerated() {
    assert_eq!(uri("sip:*72#@192.0.2.1").user().unwrap(), "*72#");
    assert_eq!(uri("sip:jürgen@example.com").user().unwrap(), "jürgen");
    assert_eq!(uri("sip:@192.0.2.1").user(), None);
    assert_eq!(
        uri("SIP:a_b@my_host").as_sip().unwrap().host,
        Host::Name("my_host")
    );
    assert_eq!(uri("sip:%ff@h").user().unwrap(), "\u{fffd}");
}

#[test]
fn malformed_uris_are_refused() {
    for text in [
        "",
        "sip",
        "sip:",
        ":a",
        "1sip:a",
        "sip:a@",
        "sip:a@:5060",
        "sip:a@h:",
        "sip:a@h:0",
        "sip:a@h:65536",
        "sip:a@h:5o60",
        "sip:2001:db8::10",
        "sip:a@[2001:db8::1",
        "sip:a@[::1]x",
        "sip:a@2001:db8::1]",
        "sip:a@[192.0.2.1]",
        "sip:a b@h",
        "sip:a@h;x y",
        "sip:a@h;;x",
        "sip:a@h;x=",
        "sip:a%4@h",
        "sip:%zz@h",
        "sip:a@h\r\n",
        "<sip:a@h>",
        "sip:a@h?=v",
        "tel:",
        "tel:---",
        "tel:+44x",
        "sip:a@-h",
        "sip:a@h/path",
    ] {
        assert!(Uri::parse(text).is_none(), "{text}");
    }
    let many = format!("sip:h{}", ";a".repeat(MAX_PARTS));
    assert!(Uri::parse(&many).is_some());
    assert!(Uri::parse(&format!("{many};a")).is_none());
}

//= RFC 3261 section 19.1.4
//= type=test
//# The URIs within each of the following sets are equivalent
#[test]
fn equivalent_uris_match() {
    for (a, b) in [
        (
            "sip:%61lice@atlanta.com;transport=TCP",
            "sip:alice@AtlanTa.CoM;Transport=tcp",
        ),
        ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
        (
            "sip:carol@chicago.com;security=on",
            "sip:carol@chicago.com;newparam=5",
        ),
        (
            "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
            "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
        ),
        (
            "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
            "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
        ),
        ("sip:a@[2001:db8::1]", "sip:a@[2001:DB8:0::1]"),
        ("tel:+44-20-7946-0000", "TEL:+442079460000"),
    ] {
        assert!(uri(a).is_equivalent(&uri(b)), "{a} {b}");
        assert!(uri(b).is_equivalent(&uri(a)), "{b} {a}");
    }
}

//= RFC 3261 section 19.1.4
//= type=test
//# The URIs within each of the following sets are not equivalent
#[test]
fn other_uris_do_not_match() {
    for (a, b) in [
        (
            "SIP:ALICE@AtLanTa.CoM;Transport=udp",
            "sip:alice@AtLanTa.CoM;Transport=UDP",
        ),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
        (
            "sip:bob@biloxi.com",
            "sip:bob@biloxi.com:6000;transport=tcp",
        ),
        (
            "sip:carol@chicago.com",
            "sip:carol@chicago.com?Subject=next%20meeting",
        ),
        ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
        (
            "sip:carol@chicago.com;security=on",
            "sip:carol@chicago.com;security=off",
        ),
        ("sip:a@h", "sips:a@h"),
        ("sip:a@h", "sip:h"),
        ("sip:a@h", "sip:a:b@h"),
        ("sip:a%40b@h", "sip:a%41b@h"),
        ("sip:a%3Bb@h", "sip:a;b@h"),
        ("tel:+442079460000", "tel:+442079460001"),
        ("tel:7946;phone-context=a", "tel:7946;phone-context=b"),
    ] {
        assert!(!uri(a).is_equivalent(&uri(b)), "{a} {b}");
        assert!(!uri(b).is_equivalent(&uri(a)), "{b} {a}");
    }
}

#[test]
fn a_written_user_part_is_read_again() {
    for user in [
        "+442079460000",
        "a b@c",
        "100%",
        "\"><;\r\n",
        "jürgen",
        "#31#",
    ] {
        let text = format!("sip:{}@h", EscapedUser(user));
        assert_eq!(uri(&text).user().unwrap(), user, "{text}");
    }
}
