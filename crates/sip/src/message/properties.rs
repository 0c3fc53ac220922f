//! Properties over generated input: what was written is read again, however it was spaced and
//! named, and no bytes at all make a view panic.

use std::net::SocketAddr;

use proptest::prelude::*;

use super::*;

/// A message as its sender means it.
#[derive(Clone, Debug)]
struct Meant {
    start: MeantStart,
    vias: Vec<(String, String, Option<u16>, String)>,
    from: (String, String, String),
    to: (String, String, Option<String>),
    call_id: String,
    cseq: u32,
    contacts: Vec<String>,
    require: Vec<String>,
    max_forwards: u8,
    subject: Vec<u8>,
    body: Vec<u8>,
}

#[derive(Clone, Debug)]
enum MeantStart {
    Request {
        method: String,
        uri: String,
    },
    Response {
        status: u16,
        method: String,
        phrase: String,
    },
}

impl Meant {
    fn method(&self) -> &str {
        match &self.start {
            MeantStart::Request { method, .. } | MeantStart::Response { method, .. } => method,
        }
    }
}

fn token() -> impl Strategy<Value = String> {
    "[A-Za-z0-9.!%*_+`'~-]{1,12}"
}

fn host() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z0-9][a-z0-9-]{0,10}(\\.[a-z][a-z0-9]{0,5}){0,2}",
        any::<std::net::Ipv4Addr>().prop_map(|address| address.to_string()),
        any::<std::net::Ipv6Addr>().prop_map(|address| format!("[{address}]")),
    ]
}

fn uri() -> impl Strategy<Value = String> {
    let sip = (
        "sips?|SIP",
        "\\PC{0,8}",
        host(),
        proptest::option::of(1..=u16::MAX),
        proptest::collection::vec("[a-z]{1,6}(=[a-zA-Z0-9%]{0}[a-z0-9]{1,6})?", 0..3),
    )
        .prop_map(|(scheme, user, host, port, params)| {
            let user = match user.as_str() {
                "" => String::new(),
                user => format!("{}@", EscapedUser(user)),
            };
            let port = port.map_or(String::new(), |port| format!(":{port}"));
            let params: String = params.iter().map(|param| format!(";{param}")).collect();
            format!("{scheme}:{user}{host}{port}{params}")
        });
    prop_oneof![4 => sip, 1 => "tel:\\+[0-9]{6,15}", 1 => "urn:[a-z]{1,5}:[a-z]{1,5}"]
}

fn start() -> impl Strategy<Value = MeantStart> {
    let method = prop_oneof![Just("INVITE".to_owned()), Just("BYE".to_owned()), token()];
    prop_oneof![
        (method.clone(), uri()).prop_map(|(method, uri)| MeantStart::Request { method, uri }),
        (100..700_u16, method, "[ -~]{0,20}").prop_map(|(status, method, phrase)| {
            MeantStart::Response {
                status,
                method,
                phrase: phrase.trim().to_owned(),
            }
        }),
    ]
}

fn meant() -> impl Strategy<Value = Meant> {
    let via = (token(), host(), proptest::option::of(1..=u16::MAX), token());
    (
        start(),
        proptest::collection::vec(via, 1..4),
        ("\\PC{0,12}", uri(), token()),
        ("\\PC{0,12}", uri(), proptest::option::of(token())),
        "[!-~]{1,30}",
        0..(1_u32 << 31),
        proptest::collection::vec(uri(), 0..3),
        proptest::collection::vec(token(), 0..3),
        any::<u8>(),
        proptest::collection::vec(
            any::<u8>().prop_filter("line", |b| *b != 13 && *b != 10),
            0..20,
        ),
        proptest::collection::vec(any::<u8>(), 0..40),
    )
        .prop_map(
            |(start, vias, from, to, call_id, cseq, contacts, require, hops, text, body)| {
                let subject = scan::trim(&text).to_vec();
                let max_forwards = hops;
                Meant {
                    start,
                    vias,
                    from,
                    to,
                    call_id,
                    cseq,
                    contacts,
                    require,
                    max_forwards,
                    subject,
                    body,
                }
            },
        )
}

/// How a sender spells one thing: names, white space, one line or several.
#[derive(Clone, Debug)]
struct Spelling {
    choices: Vec<u8>,
    at: usize,
}

impl Spelling {
    fn choose(&mut self, among: u8) -> u8 {
        self.at += 1;
        self.choices
            .get(self.at % self.choices.len())
            .copied()
            .unwrap_or_default()
            % among
    }

    fn space(&mut self) -> &'static str {
        ["", " ", "\t", "\r\n ", "  \r\n\t "][usize::from(self.choose(5))]
    }

    fn gap(&mut self) -> &'static str {
        [" ", "\t", "\r\n ", "  "][usize::from(self.choose(4))]
    }

    fn name(&mut self, long: &str, compact: &str) -> String {
        match self.choose(4) {
            0 => long.to_ascii_uppercase(),
            1 => compact.to_owned(),
            2 => compact.to_ascii_uppercase(),
            _ => long.to_owned(),
        }
    }

    fn field(&mut self, out: &mut Vec<u8>, name: (&str, &str), value: &[u8]) {
        let name = self.name(name.0, name.1);
        let before = ["", " ", "\t"][usize::from(self.choose(3))];
        let space = self.space();
        out.extend_from_slice(format!("{name}{before}:{space}").as_bytes());
        out.extend_from_slice(value);
        out.extend_from_slice(self.space().trim_end_matches(['\r', '\n']).as_bytes());
        out.extend_from_slice(b"\r\n");
    }

    /// A list on one line or several.
    fn list(&mut self, out: &mut Vec<u8>, name: (&str, &str), values: &[String]) {
        let mut line = String::new();
        for value in values {
            if !line.is_empty() && self.choose(2) == 0 {
                self.field(out, name, line.as_bytes());
                line.clear();
            }
            if !line.is_empty() {
                line += &format!("{},{}", self.space(), self.space());
            }
            line += value;
        }
        if !line.is_empty() {
            self.field(out, name, line.as_bytes());
        }
    }

    fn spell(&mut self, meant: &Meant) -> Vec<u8> {
        let mut out = match &meant.start {
            MeantStart::Request { method, uri } => format!("{method} {uri} SIP/2.0\r\n"),
            MeantStart::Response { status, phrase, .. } => format!("SIP/2.0 {status} {phrase}\r\n"),
        }
        .into_bytes();
        let vias: Vec<_> = meant
            .vias
            .iter()
            .map(|(transport, host, port, branch)| {
                let port = match port {
                    Some(port) => format!("{}:{}{port}", self.space(), self.space()),
                    None => String::new(),
                };
                let (a, b, c) = (self.space(), self.space(), self.gap());
                let (d, e) = (self.space(), self.space());
                format!("SIP{a}/{b}2.0/{transport}{c}{host}{port}{d};{e}branch={branch}")
            })
            .collect();
        self.list(&mut out, ("Via", "v"), &vias);
        let (name, uri, tag) = &meant.from;
        let value = format!(
            "{}{}<{uri}>{};tag={tag}",
            Quoted(name),
            self.space(),
            self.space()
        );
        self.field(&mut out, ("From", "f"), value.as_bytes());
        let (name, uri, tag) = &meant.to;
        let tag = tag
            .as_ref()
            .map_or(String::new(), |tag| format!(";{}tag={tag}", self.space()));
        self.field(
            &mut out,
            ("To", "t"),
            format!("{} <{uri}>{tag}", Quoted(name)).as_bytes(),
        );
        self.field(&mut out, ("Call-ID", "i"), meant.call_id.as_bytes());
        let value = format!("{}{}{}", meant.cseq, self.gap(), meant.method());
        self.field(&mut out, ("CSeq", "cseq"), value.as_bytes());
        let contacts: Vec<_> = meant
            .contacts
            .iter()
            .map(|uri| format!("<{uri}>"))
            .collect();
        self.list(&mut out, ("Contact", "m"), &contacts);
        self.list(&mut out, ("Require", "require"), &meant.require);
        let hops = meant.max_forwards.to_string();
        self.field(&mut out, ("Max-Forwards", "max-forwards"), hops.as_bytes());
        self.field(&mut out, ("Subject", "s"), &meant.subject);
        let len = meant.body.len().to_string();
        self.field(&mut out, ("Content-Length", "l"), len.as_bytes());
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(&meant.body);
        out
    }
}

fn spelling() -> impl Strategy<Value = Spelling> {
    proptest::collection::vec(any::<u8>(), 1..60).prop_map(|choices| Spelling { choices, at: 0 })
}

/// As our own writer spells it.
fn write(meant: &Meant) -> Bytes {
    let holder = Bytes::copy_from_slice(meant.method().as_bytes());
    let method = Method::parse(&holder, &holder).unwrap();
    let mut writer = match &meant.start {
        MeantStart::Request { uri, .. } => Writer::request(&method, uri),
        MeantStart::Response { status, phrase, .. } => Writer::response(*status, phrase),
    };
    for (transport, host, port, branch) in &meant.vias {
        let port = port.map_or(String::new(), |port| format!(":{port}"));
        let value = format_args!("SIP/2.0/{transport} {host}{port};branch={branch}");
        writer.header(HeaderName::Via, value);
    }
    let (name, uri, tag) = &meant.from;
    writer.header(
        HeaderName::From,
        format_args!("{} <{uri}>;tag={tag}", Quoted(name)),
    );
    let (name, uri, tag) = &meant.to;
    let tag = tag
        .as_ref()
        .map_or(String::new(), |tag| format!(";tag={tag}"));
    writer.header(
        HeaderName::To,
        format_args!("{} <{uri}>{tag}", Quoted(name)),
    );
    writer.text(HeaderName::CallId, &meant.call_id);
    writer.header(
        HeaderName::CSeq,
        CSeq {
            number: meant.cseq,
            method,
        },
    );
    for uri in &meant.contacts {
        writer.header(HeaderName::Contact, format_args!("<{uri}>"));
    }
    for option in &meant.require {
        writer.text(HeaderName::Require, option);
    }
    writer.number(HeaderName::MaxForwards, meant.max_forwards.into());
    writer.text(HeaderName::Subject, &meant.subject);
    writer.finish_with("application/sdp", &meant.body)
}

fn assert_read_as_meant(message: &Message, meant: &Meant) {
    match (&meant.start, message.start_line()) {
        (MeantStart::Request { method, uri }, StartLine::Request { method: m, uri: u }) => {
            assert_eq!((m.as_str(), u.as_str()), (method.as_str(), uri.as_str()));
        }
        (
            MeantStart::Response { status, phrase, .. },
            StartLine::Response { status: s, reason },
        ) => {
            assert_eq!((s, scan::trim(reason)), (*status, phrase.as_bytes()));
        }
        (meant, found) => panic!("{meant:?} read as {found:?}"),
    }
    let vias: Vec<_> = message
        .vias()
        .map(|via| {
            let via = via.unwrap();
            let branch = via.branch().unwrap().to_owned();
            (
                via.transport.to_owned(),
                via.host.to_string(),
                via.port,
                branch,
            )
        })
        .collect();
    assert_eq!(vias, meant.vias);
    let (name, uri, tag) = &meant.from;
    assert_eq!(
        message.from().display_name().unwrap_or_default(),
        name.as_str()
    );
    assert_eq!(message.from().uri.as_str(), uri);
    assert_eq!(message.from().tag(), Some(tag.as_str()));
    let (name, uri, tag) = &meant.to;
    assert_eq!(
        message.to().display_name().unwrap_or_default(),
        name.as_str()
    );
    assert_eq!(message.to().uri.as_str(), uri);
    assert_eq!(message.to().tag(), tag.as_deref());
    assert_eq!(message.call_id(), meant.call_id);
    assert_eq!(
        (message.cseq().number, message.method().as_str()),
        (meant.cseq, meant.method())
    );
    let contacts: Vec<_> = message
        .contacts()
        .map(|contact| match contact.unwrap() {
            Contact::Address(address) => address.uri.as_str().to_owned(),
            Contact::Star => panic!("a star"),
        })
        .collect();
    assert_eq!(contacts, meant.contacts);
    let require: Vec<_> = message
        .require()
        .map(|tag| tag.unwrap().to_owned())
        .collect();
    assert_eq!(require, meant.require);
    assert_eq!(message.max_forwards(), Ok(Some(meant.max_forwards)));
    assert_eq!(
        message.header(HeaderName::Subject),
        Some(&meant.subject[..])
    );
    assert_eq!(message.body(), meant.body);
    assert_eq!(message.check(), Ok(()));
}

/// Calls every view; a response to it must be a message with the same ids.
fn touch_everything(message: &Message) {
    let source: SocketAddr = "192.0.2.77:5070".parse().unwrap();
    let _ = message.check();
    let _ = (
        message.start_line(),
        message.status(),
        message.request_uri(),
        message.body(),
    );
    let lists = message
        .routes()
        .chain(message.record_routes())
        .chain(message.p_asserted_identities())
        .chain(message.diversions())
        .chain(message.history_info());
    for address in lists.flatten().chain([message.from(), message.to()]) {
        let _ = (
            address.display_name(),
            address.tag(),
            address.uri.user(),
            address.params.iter(),
        );
        assert!(address.uri.as_sip().is_none() || address.uri.is_equivalent(&address.uri));
    }
    let _ = (
        message.privacy().count(),
        message.reasons().count(),
        message.supports("timer"),
    );
    let _ = (
        message.session_expires(),
        message.retry_after_s(),
        message.event(),
    );
    let _ = (
        message.allow().count(),
        message.extension_header("x"),
        message.contact(),
    );
    let response = Writer::response_to(message, source, 200, Some("t")).finish();
    let response = Message::parse(response).expect("the response to a message is a message");
    assert_eq!(response.call_id(), message.call_id());
    assert_eq!(response.cseq(), message.cseq());
    assert_eq!(response.from().tag(), message.from().tag());
    assert_eq!(response.vias().count(), message.vias().count());
    assert_eq!(response.via().branch(), message.via().branch());
    assert!(response.to().params.get("tag").is_some());
}

fn touch(datagram: Vec<u8>) {
    match Message::parse(Bytes::from(datagram)) {
        Ok(message) => touch_everything(&message),
        Err(ParseError {
            request: Some(request),
            ..
        }) => {
            let (_, answer) = request.answer("192.0.2.77:5070".parse().unwrap(), "t");
            assert!(answer.ends_with(b"\r\nContent-Length: 0\r\n\r\n"));
        }
        Err(ParseError { request: None, .. }) => {}
    }
}

proptest! {
    // A case that fails becomes a test of its own, not a line in a file of seeds.
    #![proptest_config(ProptestConfig {
        cases: 1000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn what_is_written_is_read_again(meant in meant()) {
        let written = write(&meant);
        assert_read_as_meant(&Message::parse(written).unwrap(), &meant);
    }

    #[test]
    fn every_spelling_means_the_same(meant in meant(), mut spelling in spelling()) {
        let spelt = spelling.spell(&meant);
        let message = Message::parse(Bytes::from(spelt)).unwrap();
        assert_read_as_meant(&message, &meant);
        touch_everything(&message);
    }

    #[test]
    fn no_bytes_at_all_are_too_much(datagram in proptest::collection::vec(any::<u8>(), 0..400)) {
        touch(datagram);
    }

    #[test]
    fn no_broken_message_is_too_much(
        meant in meant(),
        mut spelling in spelling(),
        breaks in proptest::collection::vec((any::<prop::sample::Index>(), damage()), 1..6),
    ) {
        let mut datagram = spelling.spell(&meant);
        for (place, damage) in breaks {
            let at = place.index(datagram.len().max(1));
            match damage {
                Damage::Cut => datagram.truncate(at),
                Damage::Set(byte) => datagram.iter_mut().skip(at).take(1).for_each(|b| *b = byte),
                Damage::Insert(bytes) => drop(datagram.splice(at..at, bytes)),
                Damage::Repeat => datagram.extend_from_within(..at),
            }
        }
        touch(datagram);
    }
}

#[derive(Clone, Debug)]
enum Damage {
    Cut,
    Set(u8),
    Insert(Vec<u8>),
    Repeat,
}

fn damage() -> impl Strategy<Value = Damage> {
    const PIECES: [&[u8]; 23] = [
        b"\r\n",
        b"\n",
        b"\r",
        b"\"",
        b"<",
        b">",
        b",",
        b";",
        b";;",
        b"=",
        b"\\",
        b"\0",
        b"\xff",
        b"@",
        b"%",
        b"[::1]",
        b" ",
        b"*",
        b"\r\n\r\n",
        b"4294967296",
        b"?",
        b"&",
        b":",
    ];
    let piece = prop::sample::select(&PIECES[..]);
    prop_oneof![
        1 => Just(Damage::Cut),
        3 => any::<u8>().prop_map(Damage::Set),
        5 => piece.prop_map(|bytes| Damage::Insert(bytes.to_vec())),
        1 => Just(Damage::Repeat),
    ]
}
