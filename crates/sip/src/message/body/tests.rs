//! Bodies, and what is understood of them.

use bytes::Bytes;

use super::BodyFault;
use crate::message::Message;

/// What is found in a body with these header lines; line ends are LF here.
fn found(head: &str, body: &str) -> Result<Option<String>, BodyFault> {
    let head = head.trim_end().replace('\n', "\r\n");
    let body = body.replace('\n', "\r\n");
    let text = format!(
        "INVITE sip:1@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1\r\n\
         From: <sip:2@192.0.2.9>;tag=1\r\nTo: <sip:1@192.0.2.1>\r\nCall-ID: 1\r\n\
         CSeq: 1 INVITE\r\n{head}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let message = Message::parse(Bytes::from(text)).unwrap();
    let found = message.session_description()?;
    Ok(found.map(|sdp| String::from_utf8(sdp.to_vec()).unwrap()))
}

const MIXED: &str = "Content-Type: multipart/mixed;boundary=b1";

fn sdp(text: &str) -> Result<Option<String>, BodyFault> {
    Ok(Some(text.replace('\n', "\r\n")))
}

#[test]
fn a_description_alone_is_found() {
    assert_eq!(
        found("Content-Type: application/sdp", "v=0\n"),
        sdp("v=0\n")
    );
    let session = "Content-Type: application/sdp\nContent-Disposition: Session;handling=required";
    assert_eq!(found(session, "v=0\n"), sdp("v=0\n"));
    assert_eq!(found("Content-Type: text/plain", ""), Ok(None));
    assert_eq!(found("Subject: x", "v=0\n"), Err(BodyFault::NotUnderstood));
    let early = "Content-Type: application/sdp\nContent-Disposition: early-session";
    assert_eq!(found(early, "v=0\n"), Err(BodyFault::NotUnderstood));
}

#[test]
fn what_need_not_be_understood_is_none() {
    for head in [
        "Content-Type: text/plain\nContent-Disposition: render;handling=optional",
        "Content-Type: text/plain\nContent-Disposition: render; handling = OPTIONAL",
        "Content-Encoding: gzip\nContent-Type: application/sdp\n\
         Content-Disposition: session;handling=optional",
    ] {
        assert_eq!(found(head, "something"), Ok(None), "{head}");
    }
    let required = "Content-Type: text/plain\nContent-Disposition: render;handling=required";
    assert_eq!(found(required, "x"), Err(BodyFault::NotUnderstood));
    let gzip = "Content-Encoding: gzip\nContent-Type: application/sdp";
    assert_eq!(found(gzip, "x"), Err(BodyFault::Encoded));
}

#[test]
fn a_description_is_found_among_optional_parts() {
    let body = "This is for a reader of mail.
--b1
Content-Type: application/isup;version=itu-t92+
content-disposition: signal;
 handling=optional

\u{1}\u{2}--b1 is not at the beginning of a line
--b1
c: application/sdp
Content-Transfer-Encoding: 8BIT

v=0
o=- 1 1 IN IP4 192.0.2.9

--b1--
The rest --b1 too.";
    let expected = sdp("v=0\no=- 1 1 IN IP4 192.0.2.9\n");
    assert_eq!(found(MIXED, body), expected);
    let quoted = "Content-Type: MULTIPART/unheard-of;x=y;boundary=\"b1\"";
    assert_eq!(found(quoted, body), expected);
    let required = body.replace("handling=optional", "handling=required");
    assert_eq!(found(MIXED, &required), Err(BodyFault::NotUnderstood));
    let missing = body.replace("signal;\n handling=optional", "signal");
    assert_eq!(found(MIXED, &missing), Err(BodyFault::NotUnderstood));
    let optional = format!("{MIXED}\nContent-Disposition: session;handling=optional");
    assert_eq!(found(&optional, &missing), Ok(None));
    for (field, fault) in [
        ("Content-Transfer-Encoding: base64", BodyFault::Encoded),
        ("Content-Encoding: gzip", BodyFault::Encoded),
        ("Content-Disposition: icon", BodyFault::NotUnderstood),
    ] {
        let body = body.replace("Content-Transfer-Encoding: 8BIT", field);
        assert_eq!(found(MIXED, &body), Err(fault), "{field}");
    }
}

#[test]
fn a_boundary_that_another_begins_with_and_padding_are_told_apart() {
    let body = "--b1 \t
Content-Type: multipart/mixed; boundary=b12

--b12
Content-Type: application/sdp

v=0
--b12--

--b1--";
    assert_eq!(found(MIXED, body), sdp("v=0"));
}

#[test]
fn of_alternatives_the_last_that_is_understood_counts() {
    let alternative = MIXED.replace("mixed", "alternative");
    let part = |kind: &str, text: &str| format!("--b1\nContent-Type: {kind}\n\n{text}\n");
    let body = |parts: &[String]| format!("{}--b1--", parts.concat());
    let (old, new) = (
        part("application/sdp", "old"),
        part("application/sdp", "new"),
    );
    let other = part("application/sdpng", "x");
    let three = body(&[old.clone(), new.clone(), other.clone()]);
    assert_eq!(found(&alternative, &three), sdp("new"));
    let none = body(&[other]);
    assert_eq!(found(&alternative, &none), Err(BodyFault::NotUnderstood));
    // In a mixed body two descriptions mean two things.
    assert_eq!(found(MIXED, &body(&[old, new])), Err(BodyFault::Malformed));
}

#[test]
fn multiparts_that_cannot_be_read_are_malformed() {
    let body = "--b1\nContent-Type: application/sdp\n\nv=0\n--b1--";
    assert_eq!(found(MIXED, body), sdp("v=0"));
    let long = format!("Content-Type: multipart/mixed;boundary={}", "b".repeat(71));
    for (head, body) in [
        ("Content-Type: multipart/mixed", body),
        (&long, body),
        (MIXED, "v=0"),
        (MIXED, "--b1--"),
        (MIXED, "--b1\n\nv=0\n"),
        (MIXED, "--b1\nContent-Type: application/sdp\n\nv=0\n--b2--"),
    ] {
        assert_eq!(found(head, body), Err(BodyFault::Malformed), "{body}");
    }
}

#[test]
fn parts_and_their_depth_are_bounded() {
    let many = "--b1\n\n\n".repeat(16) + "--b1\nContent-Type: application/sdp\n\nv=0\n--b1--";
    assert_eq!(found(MIXED, &many), Err(BodyFault::NotUnderstood));
    let some = "--b1\n\n\n".repeat(15) + "--b1\nContent-Type: application/sdp\n\nv=0\n--b1--";
    assert_eq!(found(MIXED, &some), sdp("v=0"));
    let nested = |depth: usize| {
        (0..depth).fold(String::from("v=0"), |inner, level| {
            let kind = match level {
                0 => "application/sdp".to_owned(),
                _ => format!("multipart/mixed;boundary=n{}", level - 1),
            };
            format!("--n{level}\nContent-Type: {kind}\n\n{inner}\n--n{level}--")
        })
    };
    let head = |depth: usize| format!("Content-Type: multipart/mixed;boundary=n{}", depth - 1);
    assert_eq!(found(&head(3), &nested(3)), sdp("v=0"));
    assert_eq!(found(&head(4), &nested(4)), Err(BodyFault::NotUnderstood));
}
