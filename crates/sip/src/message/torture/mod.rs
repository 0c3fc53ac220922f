//! The torture messages of RFC 4475 and RFC 5118, each with the verdict of this layer.
//!
//! The `.dat` files of RFC 4475 are the RFC's own messages, byte for byte; those of RFC 5118 follow
//! its text, with lengths recomputed. A verdict says what becomes of the
//! datagram before any user agent sees it; what a user agent then makes of an accepted one (405,
//! 415, 416, 420, 483) is the endpoint's. Where RFC 4475 leaves a choice ("reasonable to reject",
//! "could be liberal"), this product rejects; the one exception is a Date that nobody reads.

use super::*;

/// What becomes of a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// A user agent sees it.
    Accept,
    /// It is answered with this status, without a transaction.
    Answer(u16),
    /// It is a response, or no SIP: dropped.
    Drop,
}

use Verdict::{Accept, Answer, Drop};

macro_rules! corpus {
    ($folder:literal: $($name:literal $verdict:expr,)*) => {
        &[$((
            $name,
            include_bytes!(concat!($folder, "/", $name, ".dat")),
            $verdict,
        ),)*]
    };
}

type Corpus = &'static [(&'static str, &'static [u8], Verdict)];

/// In the order of RFC 4475: 3.1.1 valid, 3.1.2 invalid, 3.2 transaction layer, 3.3 application
/// layer, 3.4 backward compatibility.
const RFC_4475: Corpus = corpus! { "rfc4475":
    "wsinv" Accept,
    "intmeth" Accept,
    "esc01" Accept,
    "escnull" Accept,
    "esc02" Accept,
    "lwsdisp" Accept,
    "longreq" Accept,
    "dblreq" Accept,
    "semiuri" Accept,
    "transports" Accept,
    "mpart01" Accept,
    "unreason" Accept,
    "noreason" Accept,
    "badinv01" Answer(400),
    "clerr" Answer(400),
    "ncl" Answer(400),
    "scalar02" Answer(400),
    "scalarlg" Drop,
    "quotbal" Answer(400),
    "ltgtruri" Answer(400),
    "lwsruri" Answer(400),
    "lwsstart" Answer(400),
    "trws" Answer(400),
    "escruri" Answer(400),
    "baddate" Accept,
    "regbadct" Answer(400),
    "badaspec" Answer(400),
    "baddn" Answer(400),
    "badvers" Answer(505),
    "mismatch01" Answer(400),
    "mismatch02" Answer(400),
    "bigcode" Drop,
    "badbranch" Accept,
    "insuf" Answer(400),
    "unkscm" Accept,
    "novelsc" Accept,
    "unksm2" Accept,
    "bext01" Accept,
    "invut" Accept,
    "regaut01" Accept,
    "multi01" Answer(400),
    "mcl01" Answer(400),
    "bcast" Accept,
    "zeromf" Accept,
    "cparam01" Accept,
    "cparam02" Accept,
    "regescrt" Accept,
    "sdp01" Accept,
    "inv2543" Accept,
};

/// In the order of RFC 5118 section 4.
const RFC_5118: Corpus = corpus! { "rfc5118":
    "ipv6-good" Accept,
    "ipv6-bad" Answer(400),
    "port-ambiguous" Accept,
    "port-unambiguous" Accept,
    "via-received-param-with-delim" Accept,
    "via-received-param-no-delim" Accept,
    "ipv6-in-sdp" Accept,
    "mult-ip-in-header" Accept,
    "mult-ip-in-sdp" Accept,
    "ipv4-mapped-ipv6" Accept,
    "ipv6-bug-abnf-3-colons" Accept,
    "ipv6-correct-abnf-2-colons" Accept,
};

fn verdict(datagram: &'static [u8]) -> Verdict {
    let source = "198.51.100.9:40000".parse().unwrap();
    match Message::parse(Bytes::from_static(datagram)) {
        Ok(message) => match message.check() {
            Err(_) if message.is_request() => Answer(400),
            Err(_) | Ok(()) => Accept,
        },
        Err(ParseError { request: None, .. }) => Drop,
        Err(ParseError {
            request: Some(request),
            ..
        }) => {
            let (_, answer) = request.answer(source, "t");
            let status = std::str::from_utf8(answer.get(8..11).unwrap()).unwrap();
            Answer(status.parse().unwrap())
        }
    }
}

fn message(corpus: Corpus, name: &str) -> Message {
    let (_, datagram, _) = corpus.iter().find(|(known, _, _)| *known == name).unwrap();
    Message::parse(Bytes::from_static(datagram)).unwrap()
}

fn rfc4475(name: &str) -> Message {
    message(RFC_4475, name)
}

#[test]
fn every_torture_message_gets_its_verdict() {
    assert_eq!((RFC_4475.len(), RFC_5118.len()), (49, 12));
    let wrong: Vec<_> = RFC_4475
        .iter()
        .chain(RFC_5118)
        .map(|(name, datagram, expected)| (*name, verdict(datagram), *expected))
        .filter(|(_, found, expected)| found != expected)
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn every_answer_to_a_faulty_message_keeps_its_vias() {
    for (name, datagram, expected) in RFC_4475.iter().chain(RFC_5118) {
        let parsed = Message::parse(Bytes::from_static(datagram));
        let Err(ParseError {
            request: Some(request),
            ..
        }) = parsed
        else {
            continue;
        };
        let source = "198.51.100.9:40000".parse().unwrap();
        let (_, answer) = request.answer(source, "t");
        let vias = |bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes).into_owned();
            text.lines().filter(|line| line.starts_with("Via:")).count()
        };
        assert_eq!(vias(&answer), vias(datagram), "{name} {expected:?}");
        assert!(answer.ends_with(b"\r\n\r\n"), "{name}");
    }
}

/// RFC 4475 section 3.1.1.1.
#[test]
fn white_space_folding_and_compact_forms_are_read_through() {
    let message = rfc4475("wsinv");
    assert_eq!(
        message
            .request_uri()
            .unwrap()
            .as_sip()
            .unwrap()
            .param("unknownparam"),
        Some("")
    );
    assert_eq!(message.to().tag(), Some("1918181833n"));
    assert_eq!(message.from().tag(), Some("98asjd8"));
    assert_eq!(message.from().display_name().unwrap(), "J Rosenberg \\\"");
    assert_eq!(message.max_forwards(), Ok(Some(68)));
    assert_eq!(
        (message.cseq().number, message.method()),
        (9, &Method::Invite)
    );
    assert_eq!(message.header(HeaderName::Subject), Some(&b""[..]));
    assert_eq!(
        message.extension_header("unknownheaderwithunusualvalue"),
        Some(&b";;,,;;,;"[..])
    );
    let vias: Vec<_> = message.vias().map(Result::unwrap).collect();
    assert_eq!(
        vias.iter().map(|via| via.transport).collect::<Vec<_>>(),
        ["UDP", "TCP", "UDP"]
    );
    assert_eq!(vias[0].branch(), Some("390skdjuw"));
    assert!(!vias[0].has_magic_cookie());
    assert_eq!(vias[1].host, Host::Name("spindle.example.com"));
    assert_eq!(vias[1].branch(), Some("z9hG4bK9ikj8"));
    assert_eq!(vias[2].host.to_string(), "192.168.255.111");
    assert_eq!(vias[2].branch(), Some("z9hG4bK30239"));
    let contact = message.contact().unwrap().unwrap();
    assert_eq!(contact.display_name().unwrap(), "Quoted string \"\"");
    assert_eq!(contact.params.text("newparam"), Some("newvalue"));
    assert_eq!(contact.params.text("q"), Some("0.33"));
    let route = message.routes().next().unwrap().unwrap();
    let route = route.uri.as_sip().unwrap();
    assert!(route.is_loose_router());
    assert_eq!(route.param("unknown-no-value"), Some(""));
    assert_eq!(message.body().len(), 150);
}

/// RFC 4475 section 3.1.1.2.
#[test]
fn unusual_characters_are_kept_as_they_are() {
    let message = rfc4475("intmeth");
    assert_eq!(
        message.method().as_str(),
        "!interesting-Method0123456789_*+`.%indeed'~"
    );
    let uri = message.request_uri().unwrap();
    let uri = uri.as_sip().unwrap();
    assert_eq!(
        uri.user,
        Some("1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*")
    );
    assert_eq!(
        uri.password,
        Some("&it+has=1,weird!*pas$wo~d_too.(doesn't-it)")
    );
    assert_eq!(uri.host, Host::Name("example.com"));
    assert_eq!(
        message.to().display_name().unwrap(),
        "BEL:\u{7} NUL:\0 DEL:\u{7f}"
    );
    assert_eq!(
        message.from().display_name().unwrap(),
        "token1~` token2'+_ token3*%!.-"
    );
    assert_eq!(message.from().tag(), Some("_token~1'+`*%!-."));
    assert_eq!(
        message.call_id(),
        "intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{"
    );
    assert_eq!(message.via().branch(), Some("z9hG4bK-.!%66*_+`'~"));
    assert_eq!(
        message.extension_header("extensionHeader-!.%*+_`'~"),
        Some("\u{feff}大停電".as_bytes())
    );
}

/// RFC 4475 sections 3.1.1.3 to 3.1.1.5.
#[test]
fn escapes_mean_something_in_uris_only() {
    let message = rfc4475("esc01");
    let uri = message.request_uri().unwrap();
    assert_eq!(uri.user().unwrap(), "sips:user@example.com");
    assert_eq!(uri.as_sip().unwrap().host, Host::Name("example.net"));
    assert_eq!(message.to().uri.user().unwrap(), "user");
    assert_eq!(message.from().uri.user().unwrap(), "I have spaces");
    let contact = message.contact().unwrap().unwrap().uri;
    let contact = contact.as_sip().unwrap();
    assert!(contact.is_loose_router());
    assert_eq!(unescape(contact.param("name").unwrap()), "value%41");

    let message = rfc4475("escnull");
    assert_eq!(message.to().uri.user().unwrap(), "null-\0-null");
    assert_eq!(message.contacts().count(), 2);

    let message = rfc4475("esc02");
    assert_eq!(message.method().as_str(), "RE%47IST%45R");
    assert_ne!(message.method(), &Method::Register);
    assert_eq!(message.to().display_name().unwrap(), "%Z%45");
    assert_eq!(message.contacts().count(), 2);
}

/// RFC 4475 sections 3.1.1.6 to 3.1.1.13.
#[test]
fn the_other_valid_messages_are_read_right() {
    assert_eq!(rfc4475("lwsdisp").from().display_name().unwrap(), "caller");
    let long = rfc4475("longreq");
    assert_eq!(long.vias().count(), 34);
    assert_eq!(
        long.vias().last().unwrap().unwrap().received(),
        Some([192, 0, 2, 5].into())
    );
    assert_eq!(long.max_forwards(), Ok(Some(70)));
    let first_of_two = rfc4475("dblreq");
    assert_eq!(first_of_two.method(), &Method::Register);
    assert!(first_of_two.body().is_empty());
    let uri = rfc4475("semiuri");
    assert_eq!(
        uri.request_uri().unwrap().user().unwrap(),
        "user;par=u@example.net"
    );
    assert_eq!(
        uri.request_uri().unwrap().as_sip().unwrap().param("par"),
        None
    );
    let transports = rfc4475("transports");
    let names: Vec<_> = transports
        .vias()
        .map(|via| via.unwrap().transport)
        .collect();
    assert_eq!(names, ["UDP", "SCTP", "TLS", "UNKNOWN", "TCP"]);
    let parts = rfc4475("mpart01");
    assert_eq!(
        parts
            .content_type()
            .unwrap()
            .unwrap()
            .params
            .text("boundary")
            .unwrap()
            .len(),
        16
    );
    assert_eq!(parts.body().len(), 553);
    let russian = rfc4475("unreason");
    let StartLine::Response {
        status: 200,
        reason,
    } = russian.start_line()
    else {
        panic!("a 200");
    };
    assert!(
        std::str::from_utf8(reason)
            .unwrap()
            .starts_with("= 2**3 * 5**2 но")
    );
    assert_eq!(rfc4475("noreason").status(), Some(100));
}

/// RFC 4475 sections 3.2 to 3.4.
#[test]
fn what_upper_layers_must_see_is_there() {
    assert!(!rfc4475("badbranch").via().has_magic_cookie());
    assert!(matches!(
        rfc4475("unkscm").request_uri(),
        Some(Uri::Other(_))
    ));
    assert_eq!(
        rfc4475("novelsc").request_uri().unwrap().scheme(),
        "soap.beep"
    );
    assert_eq!(rfc4475("unksm2").to().uri.as_str(), "isbn:2983792873");
    let extensions = rfc4475("bext01");
    let required: Vec<_> = extensions.require().map(Result::unwrap).collect();
    assert_eq!(
        required,
        ["nothingSupportsThis", "nothingSupportsThisEither"]
    );
    let unknown = rfc4475("invut");
    assert!(
        unknown
            .content_type()
            .unwrap()
            .unwrap()
            .is("Application", "UnknownFormat")
    );
    assert_eq!(rfc4475("bcast").vias().count(), 2);
    assert_eq!(rfc4475("zeromf").max_forwards(), Ok(Some(0)));
    let outside = rfc4475("cparam01");
    let outside = outside.contact().unwrap().unwrap();
    assert!(outside.params.get("unknownparam").is_some());
    assert_eq!(outside.uri.as_sip().unwrap().param("unknownparam"), None);
    let inside = rfc4475("cparam02");
    let inside = inside.contact().unwrap().unwrap();
    assert!(inside.params.get("unknownparam").is_none());
    assert_eq!(inside.uri.as_sip().unwrap().param("unknownparam"), Some(""));
    let escaped = rfc4475("regescrt");
    let escaped = escaped.contact().unwrap().unwrap();
    assert_eq!(
        escaped.uri.as_sip().unwrap().headers(),
        "Route=%3Csip:sip.example.com%3E"
    );
    let old = rfc4475("inv2543");
    assert_eq!(
        (old.via().branch(), old.from().tag(), old.max_forwards()),
        (None, None, Ok(None))
    );
    assert!(old.body().ends_with(b"RTP/AVP 0\r\n"));
}

/// RFC 5118 section 4.
#[test]
fn ipv6_addresses_are_read_right() {
    let rfc5118 = |name| message(RFC_5118, name);
    let target = |name| {
        let message = rfc5118(name);
        let uri = message.request_uri().unwrap();
        let uri = uri.as_sip().unwrap();
        (uri.host.to_string(), uri.port)
    };
    assert_eq!(target("ipv6-good"), ("[2001:db8::10]".into(), None));
    assert_eq!(
        target("port-ambiguous"),
        ("[2001:db8::10:5070]".into(), None)
    );
    assert_eq!(
        target("port-unambiguous"),
        ("[2001:db8::10]".into(), Some(5070))
    );
    assert_eq!(
        target("ipv6-bug-abnf-3-colons"),
        target("ipv6-correct-abnf-2-colons")
    );
    for name in [
        "via-received-param-with-delim",
        "via-received-param-no-delim",
    ] {
        let received = rfc5118(name).via().received().unwrap();
        assert_eq!(received.to_string(), "2001:db8::9:255", "{name}");
    }
    let many = rfc5118("mult-ip-in-header");
    let first = many.via();
    assert_eq!(
        (first.host.to_string(), first.port),
        ("[2001:db8::9:1]".into(), Some(6050))
    );
    assert_eq!(
        many.vias().last().unwrap().unwrap().received(),
        Some([192, 0, 2, 200].into())
    );
    let mapped = rfc5118("ipv4-mapped-ipv6");
    assert_eq!(
        mapped.via().host.ip(),
        Some("::ffff:192.0.2.10".parse().unwrap())
    );
    for name in ["ipv6-in-sdp", "mult-ip-in-sdp", "ipv4-mapped-ipv6"] {
        assert!(rfc5118(name).body().starts_with(b"v=0\r\n"), "{name}");
    }
}
