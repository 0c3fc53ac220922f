//! Lines, bounds and faults of the index.

use super::*;

fn index(text: &[u8]) -> (Raw, Option<Fault>) {
    Raw::index(Bytes::copy_from_slice(text))
}

fn fields(raw: &Raw) -> Vec<(HeaderName, String, String)> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    raw.all()
        .map(|(name, sent, value)| (name, text(sent), text(value)))
        .collect()
}

fn field(name: HeaderName, sent: &str, value: &str) -> (HeaderName, String, String) {
    (name, sent.to_owned(), value.to_owned())
}

#[test]
fn names_and_values_are_cut_at_their_edges() {
    let (raw, fault) =
        index(b"\r\n\0X\r\nVia \t:\t a \r\nf:b\r\nX-y:\r\nTo: c\r\n\td \r\n \r\n\r\nbody\r\n");
    assert_eq!(fault, None);
    assert_eq!(raw.start(), b"X");
    assert_eq!(
        fields(&raw),
        [
            field(HeaderName::Via, "Via", "a"),
            field(HeaderName::From, "f", "b"),
            field(HeaderName::Other, "X-y", ""),
            field(HeaderName::To, "To", "c\r\n\td"),
        ]
    );
    assert_eq!(raw.body(), b"body\r\n");
}

#[test]
fn keep_alives_are_no_messages() {
    for text in [&b""[..], b"\r\n\r\n", b"\0\0\0\0", b"\n"] {
        assert_eq!(index(text).1, Some(Fault::Empty), "{text:?}");
    }
}

#[test]
fn lines_end_in_crlf_and_in_nothing_else() {
    for (text, fault) in [
        (&b"X"[..], Fault::NotSip),
        (b"X\n\n", Fault::NotSip),
        (b"X\nVia: a\r\n\r\n", Fault::StartLine),
        (b"X\r\nVia: a\nEvil: b\r\n\r\n", Fault::HeaderLine),
        (b"X\r\nVia: a\rb\r\n\r\n", Fault::HeaderLine),
        (b"X\r\nVia: a\r\r\n\r\n", Fault::HeaderLine),
        (b"X\r\nVia: a\r\n b\nc\r\n\r\n", Fault::HeaderLine),
        (b"X\r\nVia: a\r\n", Fault::Unterminated),
        (b"X\r\nVia: a", Fault::Unterminated),
        (b"X\r\nVia: a\r\n \r\n", Fault::Unterminated),
    ] {
        assert_eq!(
            index(text).1,
            Some(fault),
            "{:?}",
            String::from_utf8_lossy(text)
        );
    }
}

#[test]
fn a_line_that_is_no_field_is_a_fault_and_the_rest_is_still_read() {
    for line in [
        "Via", ": a", " a: b", "V ia: a", "Ví: a", "a/b: c", "Via;x: a",
    ] {
        let (raw, fault) = index(format!("X\r\n{line}\r\nTo: a\r\n\r\n").as_bytes());
        assert_eq!(fault, Some(Fault::HeaderLine), "{line}");
        assert_eq!(raw.first(HeaderName::To), Some(&b"a"[..]), "{line}");
    }
}

#[test]
fn every_bound_holds_at_its_value() {
    let many = |count: usize| format!("X\r\n{}\r\n", "a: b\r\n".repeat(count));
    assert_eq!(index(many(MAX_HEADERS).as_bytes()).1, None);
    assert_eq!(
        index(many(MAX_HEADERS + 1).as_bytes()).1,
        Some(Fault::TooManyHeaders)
    );

    let long = |len: usize| format!("X\r\nTo: {}\r\n\r\n", "a".repeat(len));
    assert_eq!(index(long(MAX_HEADER_BYTES).as_bytes()).1, None);
    assert_eq!(
        index(long(MAX_HEADER_BYTES + 1).as_bytes()).1,
        Some(Fault::HeaderTooLong)
    );

    let whole = |len: usize| format!("X\r\n\r\n{}", "a".repeat(len - 5));
    let (raw, fault) = index(whole(MAX_MESSAGE_BYTES).as_bytes());
    assert_eq!((fault, raw.body().len()), (None, MAX_MESSAGE_BYTES - 5));
    assert_eq!(
        index(whole(MAX_MESSAGE_BYTES + 1).as_bytes()).1,
        Some(Fault::TooLarge)
    );
}

#[test]
fn nothing_that_was_said_is_in_its_debug_text() {
    let (raw, _) = index(b"INVITE sip:+442079460000@h SIP/2.0\r\nTo: Secret\r\n\r\nsecret");
    let text = format!("{raw:?}");
    assert!(
        !text.contains("4420") && !text.to_lowercase().contains("secret"),
        "{text}"
    );
}
