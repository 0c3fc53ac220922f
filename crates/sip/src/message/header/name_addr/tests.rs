//! Addresses: both forms, display names, refusals.

use super::*;

fn address(text: &str) -> NameAddr<'_> {
    NameAddr::parse(text.as_bytes()).unwrap_or_else(|| panic!("{text} is an address"))
}

#[test]
fn parameters_belong_to_the_header_without_brackets() {
    let plain = address("sip:a@h;tag=1");
    assert_eq!((plain.uri.as_str(), plain.tag()), ("sip:a@h", Some("1")));
    let bracketed = address("<sip:a@h;user=phone> ; tag = 1");
    assert_eq!(
        (bracketed.uri.as_str(), bracketed.tag()),
        ("sip:a@h;user=phone", Some("1"))
    );
    assert_eq!(address("sip:a@h ; x=\"a;tag=2\" ;tag=1").tag(), Some("1"));
    assert_eq!(
        address("<tel:+442079460000>").uri.user().unwrap(),
        "+442079460000"
    );
}

#[test]
fn display_names_are_read_in_every_form() {
    let name = |text| address(text).display_name().map(Cow::into_owned);
    assert_eq!(name("sip:a@h"), None);
    assert_eq!(name("<sip:a@h>"), None);
    assert_eq!(name("\"\" <sip:a@h>"), None);
    assert_eq!(name("Elm Street <sip:a@h>").unwrap(), "Elm Street");
    assert_eq!(name("Elm<sip:a@h>").unwrap(), "Elm");
    assert_eq!(name("\"Elm, <Street>\"<sip:a@h>").unwrap(), "Elm, <Street>");
    assert_eq!(name("\"a\\\\\\\"b\\c\" <sip:a@h>").unwrap(), "a\\\"bc");
    assert_eq!(
        name("Ward (3) at 5:30 <sip:a@h>").unwrap(),
        "Ward (3) at 5:30"
    );
    let latin1 = NameAddr::parse(b"\"J\xfcrgen\" <sip:a@h>").unwrap();
    assert_eq!(latin1.display_name().unwrap(), "J\u{fffd}rgen");
}

#[test]
fn malformed_addresses_are_refused() {
    for text in [
        "",
        "<>",
        "<sip:a@h",
        "sip:a@h>",
        "\"a <sip:a@h>",
        "\"a\"",
        "\"a\" sip:a@h",
        "a, b <sip:h>",
        "a;b <sip:h>",
        "a \"b\" <sip:h>",
        "sip:a@h?x=y",
        "sip:a,b@h",
        "<sip:a@h>x",
        "<sip:a@h>;",
        "<sip:a@h>;;x",
        "<sip:a@h>;tag=",
        "< sip:a@h>",
        "<sip:a@h >",
        "sip:a@h;x=<y>",
        "*",
    ] {
        assert!(NameAddr::parse(text.as_bytes()).is_none(), "{text}");
    }
}

#[test]
fn a_written_display_name_is_read_again() {
    for text in ["Elm Street", "a \"b\" \\c", "<x>; y, z", "jürgen"] {
        let value = format!("{} <sip:a@h>", Quoted(text));
        assert_eq!(address(&value).display_name().unwrap(), text);
    }
    assert_eq!(Quoted("a\r\nb\0").to_string(), "\"a  b \"");
}
