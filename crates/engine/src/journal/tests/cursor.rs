//! Tests of cursors.

use super::super::{BadCursor, Cursor};

#[test]
fn a_cursor_is_text_and_back() {
    let cursor = Cursor {
        segment: 12,
        offset: 345,
    };
    assert_eq!(cursor.to_string(), "12:345");
    assert_eq!("12:345".parse(), Ok(cursor));
    for text in [
        "",
        ":",
        "1:",
        ":1",
        "1",
        "1:2:3",
        "-1:2",
        "1:99999999999999999999",
    ] {
        assert_eq!(text.parse::<Cursor>(), Err(BadCursor), "{text}");
    }
}

#[test]
fn cursors_are_in_the_journals_order() {
    let at = |segment, offset| Cursor { segment, offset };
    assert!(Cursor::START < at(1, 0));
    assert!(at(1, 999) < at(2, 0));
    assert!(at(2, 0) < at(2, 1));
}
