//! SIP as text, for rogues: just enough to bend what a phone of ours has written.
//!
//! No parser: it knows how our own writer lays a message out, and nothing else.

use std::net::SocketAddr;

/// A header field's value, as it stands.
pub fn header<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines()
        .take_while(|line| !line.is_empty())
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

/// Whether it is a request of this method.
pub fn is_request(text: &str, method: &str) -> bool {
    text.strip_prefix(method)
        .is_some_and(|rest| rest.starts_with(' '))
}

/// Whether it is a response of this status (or, if shorter, class) to an INVITE.
pub fn is_invite_response(text: &str, status: &str) -> bool {
    text.strip_prefix("SIP/2.0 ")
        .is_some_and(|rest| rest.starts_with(status))
        && header(text, "CSeq").is_some_and(|cseq| cseq.ends_with("INVITE"))
}

/// Whether a datagram is a 2xx to an INVITE.
pub fn answers_invite(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| is_invite_response(text, "2"))
}

/// The URI between angle brackets.
pub fn uri(value: &str) -> &str {
    let from = value.find('<').map_or(0, |at| at + 1);
    let to = value.find('>').unwrap_or(value.len());
    value.get(from..to).unwrap_or(value)
}

/// The user part of a request's target.
pub fn user_of_target(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?;
    text.split(' ')
        .nth(1)?
        .strip_prefix("sip:")?
        .split('@')
        .next()
}

/// The tag of To.
pub fn to_tag(text: &str) -> &str {
    header(text, "To")
        .and_then(|to| to.split(";tag=").nth(1))
        .unwrap_or_default()
}

/// The number of a CSeq.
pub fn cseq(text: &str) -> u32 {
    header(text, "CSeq")
        .and_then(|value| value.split(' ').next()?.parse().ok())
        .unwrap_or(1)
}

/// The message without a header field.
pub fn without(text: &str, name: &str) -> String {
    match header(text, name) {
        Some(value) => text.replacen(&format!("{name}: {value}\r\n"), "", 1),
        None => text.to_owned(),
    }
}

/// The message with another value of a header field.
pub fn with(text: &str, name: &str, value: &str) -> String {
    match header(text, name) {
        Some(old) => text.replacen(
            &format!("{name}: {old}\r\n"),
            &format!("{name}: {value}\r\n"),
            1,
        ),
        None => text.replacen("\r\n", &format!("\r\n{name}: {value}\r\n"), 1),
    }
}

/// The message with another status line.
pub fn with_status(text: &str, status: &str) -> String {
    let rest = text.split_once("\r\n").map_or("", |(_, rest)| rest);
    format!("SIP/2.0 {status}\r\n{rest}")
}

/// The message with another body; an empty one has no type.
pub fn with_body(text: &str, body: &str) -> String {
    let text = without(&without(text, "Content-Type"), "Content-Length");
    let head = text
        .split_once("\r\n\r\n")
        .map_or(text.as_str(), |(head, _)| head);
    let kind = if body.is_empty() {
        ""
    } else {
        "Content-Type: application/sdp\r\n"
    };
    let length = body.len();
    format!("{head}\r\n{kind}Content-Length: {length}\r\n\r\n{body}")
}

/// A description of one G.711 stream.
pub fn sdp(rtp: SocketAddr, direction: &str, version: u32) -> String {
    let (ip, port) = (rtp.ip(), rtp.port());
    format!(
        "v=0\r\no=- 7 {version} IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\n\
         m=audio {port} RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\n\
         a=rtpmap:101 telephone-event/8000\r\na={direction}\r\n"
    )
}

/// A dialog, as one side of it sees it.
#[derive(Clone, Debug)]
pub struct Dialog {
    /// Request-URI.
    pub target: String,
    /// From.
    pub local: String,
    /// To.
    pub remote: String,
    /// Call-ID.
    pub call_id: String,
    /// The number of the last request.
    pub cseq: u32,
}

impl Dialog {
    /// A request in it, from `sip`, in a transaction of its own.
    pub fn request(&self, method: &str, sip: SocketAddr, branch: &str, body: &str) -> String {
        let Dialog {
            target,
            local,
            remote,
            call_id,
            cseq,
        } = self;
        let head = format!(
            "{method} {target} SIP/2.0\r\nVia: SIP/2.0/UDP {sip};branch={branch}\r\n\
             Max-Forwards: 70\r\nFrom: {local}\r\nTo: {remote}\r\nCall-ID: {call_id}\r\n\
             CSeq: {cseq} {method}\r\nContact: <sip:{sip}>\r\n\r\n"
        );
        with_body(&head, body)
    }
}
