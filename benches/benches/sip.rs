//! SIP messages: reading and writing, beside rsip 0.4 on the same messages.
//!
//! "Views" are the eight that a call needs: branch of the topmost Via, tags of From and To,
//! Call-ID, CSeq, the Contact's user, Max-Forwards, Content-Type. rsip reads the whole message into
//! owned headers first; ours is indexed and read where it is asked. Ratios are against rsip.
//!
//! `cargo bench -p rotaline-benches --bench sip`

use std::hint::black_box;
use std::net::SocketAddr;

use bytes::Bytes;
use rsip::message::HasHeaders;
use rsip::message::headers_ext::HeadersExt;
use rsip::prelude::*;

use rotaline_benches::{Subject, compare};
use rotaline_sip::message::{HeaderName, Message, Method, Writer};

const INVITE: &str = "INVITE sip:+442079460100@192.0.2.1:5060;user=phone SIP/2.0\r\n\
    Via: SIP/2.0/UDP 192.0.2.4:5060;branch=z9hG4bKPj9a7b5c3d1e;rport\r\n\
    Max-Forwards: 70\r\n\
    From: \"Elm Street Surgery\" <sip:+442079460001@trunk.example.net>;tag=8a7b6c5d4e3f\r\n\
    To: <sip:+442079460100@192.0.2.1;user=phone>\r\n\
    Contact: <sip:+442079460001@192.0.2.4:5060;transport=udp>\r\n\
    Call-ID: 4e3f2a1b-9c8d-7e6f-5a4b-3c2d1e0f9a8b\r\n\
    CSeq: 31415 INVITE\r\n\
    Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE\r\n\
    Supported: replaces, timer\r\n\
    Session-Expires: 1800\r\n\
    User-Agent: Trunk SBC 7.2\r\n\
    P-Asserted-Identity: <sip:+442079460001@trunk.example.net>\r\n\
    Content-Type: application/sdp\r\n\
    Content-Length: 176\r\n\
    \r\n\
    v=0\r\n\
    o=- 3890 3890 IN IP4 192.0.2.4\r\n\
    s=-\r\n\
    c=IN IP4 192.0.2.4\r\n\
    t=0 0\r\n\
    m=audio 40000 RTP/AVP 8 0 101\r\n\
    a=rtpmap:101 telephone-event/8000\r\n\
    a=fmtp:101 0-15\r\n\
    a=ptime:20\r\n\
    a=sendrecv\r\n";

const OK: &str = "SIP/2.0 200 OK\r\n\
    Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK7d6c5b4a39;rport=5060;received=192.0.2.1\r\n\
    From: <sip:+442079460100@192.0.2.1>;tag=1a2b3c4d\r\n\
    To: <sip:+447700900123@192.0.2.4>;tag=9z8y7x6w\r\n\
    Call-ID: 01890a5d-ac96-774b-bcce-b302099a8057\r\n\
    CSeq: 1 BYE\r\n\
    Max-Forwards: 70\r\n\
    Contact: <sip:+447700900123@192.0.2.4:5060>\r\n\
    Content-Type: application/sdp\r\n\
    Content-Length: 0\r\n\
    \r\n";

fn main() {
    for (name, text) in [("INVITE, 15 fields and SDP", INVITE), ("200, 9 fields", OK)] {
        let datagram = Bytes::from_static(text.as_bytes());
        compare(
            &format!("read: {name}, {} bytes", datagram.len()),
            vec![
                Subject::new("rotaline: index", || {
                    black_box(Message::parse(datagram.clone()).expect("a message"));
                }),
                Subject::new("rotaline: index, check", || {
                    let message = Message::parse(datagram.clone()).expect("a message");
                    black_box(message.check()).expect("well-formed");
                }),
                Subject::new("rotaline: index, eight views", || {
                    rotaline_views(&Message::parse(datagram.clone()).expect("a message"));
                }),
                Subject::new("rsip: message", || {
                    let message = rsip::SipMessage::try_from(&datagram[..]).expect("a message");
                    black_box(message);
                }),
                Subject::new("rsip: message, eight views", || {
                    rsip_views(&rsip::SipMessage::try_from(&datagram[..]).expect("a message"));
                }),
            ],
        );
    }
    write();
}

fn rotaline_views(message: &Message) {
    black_box(message.via().branch());
    black_box(message.from().tag());
    black_box(message.to().tag());
    black_box(message.call_id());
    black_box(message.cseq().number);
    black_box(
        message
            .contact()
            .ok()
            .flatten()
            .and_then(|contact| contact.uri.user()),
    );
    black_box(message.max_forwards().ok());
    black_box(message.content_type().ok().flatten());
}

fn rsip_views(message: &rsip::SipMessage) {
    let via = message.via_header().expect("Via").typed().expect("typed");
    black_box(via.branch());
    let from = message.from_header().expect("From").typed().expect("typed");
    black_box(from.tag());
    let to = message.to_header().expect("To").typed().expect("typed");
    black_box(to.tag());
    black_box(message.call_id_header().expect("Call-ID").value());
    let cseq = message.cseq_header().expect("CSeq").typed().expect("typed");
    black_box(cseq.seq);
    let contact = message
        .contact_header()
        .expect("Contact")
        .typed()
        .expect("typed");
    black_box(contact.uri.user());
    black_box(
        message
            .max_forwards_header()
            .expect("Max-Forwards")
            .num()
            .ok(),
    );
    let content_type = message.headers().iter().find_map(|header| match header {
        rsip::Header::ContentType(content_type) => content_type.clone().typed().ok(),
        _ => None,
    });
    black_box(content_type);
}

/// The 200 to the INVITE, with Contact, Allow and SDP, and an INVITE of our own.
fn write() {
    let datagram = Bytes::from_static(INVITE.as_bytes());
    let (_, sdp) = INVITE.split_once("\r\n\r\n").expect("a body");
    let source: SocketAddr = "192.0.2.4:5060".parse().expect("an address");
    let ours = Message::parse(datagram.clone()).expect("a message");
    let theirs = rsip::SipMessage::try_from(&datagram[..]).expect("a message");
    compare(
        "write: 200 with SDP to that INVITE",
        vec![
            Subject::new("rotaline", || {
                let mut writer = Writer::response_to(&ours, source, 200, Some("1a2b3c4d"));
                writer
                    .text(HeaderName::Contact, "<sip:192.0.2.1:5060>")
                    .text(HeaderName::Allow, "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO");
                black_box(writer.finish_with("application/sdp", sdp.as_bytes()));
            }),
            Subject::new("rsip", || {
                black_box(rsip_response(&theirs, sdp));
            }),
        ],
    );
    compare(
        "write: an INVITE with SDP",
        vec![
            Subject::new("rotaline", || {
                let uri = "sip:+447700900123@192.0.2.4";
                let mut writer = Writer::request(&Method::Invite, uri);
                let branch = 0x7d6c_5b4a_3928_u64;
                writer
                    .header(
                        HeaderName::Via,
                        format_args!("SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK{branch:x};rport"),
                    )
                    .number(HeaderName::MaxForwards, 70)
                    .header(
                        HeaderName::From,
                        format_args!("<sip:1@192.0.2.1>;tag={branch:x}"),
                    )
                    .header(HeaderName::To, format_args!("<{uri}>"))
                    .text(HeaderName::CallId, "01890a5d-ac96-774b-bcce-b302099a8057")
                    .text(HeaderName::CSeq, "1 INVITE")
                    .text(HeaderName::Contact, "<sip:1@192.0.2.1:5060>");
                black_box(writer.finish_with("application/sdp", sdp.as_bytes()));
            }),
            Subject::new("rsip", || {
                black_box(rsip_invite(sdp));
            }),
        ],
    );
}

fn rsip_response(request: &rsip::SipMessage, sdp: &str) -> Vec<u8> {
    let mut headers = rsip::Headers::default();
    for header in request.headers().iter() {
        match header {
            rsip::Header::Via(_)
            | rsip::Header::From(_)
            | rsip::Header::CallId(_)
            | rsip::Header::CSeq(_) => headers.push(header.clone()),
            rsip::Header::To(to) => {
                let to = format!("{};tag=1a2b3c4d", to.value());
                headers.push(rsip::Header::To(rsip::headers::To::new(to)));
            }
            _ => {}
        }
    }
    headers.push(rsip::headers::Contact::new("<sip:192.0.2.1:5060>").into());
    headers.push(rsip::headers::Allow::new("INVITE, ACK, BYE, CANCEL, OPTIONS, INFO").into());
    rsip_body(&mut headers, sdp);
    let response = rsip::Response {
        status_code: rsip::StatusCode::OK,
        version: rsip::Version::V2,
        headers,
        body: sdp.as_bytes().to_vec(),
    };
    response.into()
}

fn rsip_invite(sdp: &str) -> Vec<u8> {
    let uri = "sip:+447700900123@192.0.2.4";
    let branch = 0x7d6c_5b4a_3928_u64;
    let mut headers = rsip::Headers::default();
    let via = format!("SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK{branch:x};rport");
    headers.push(rsip::headers::Via::new(via).into());
    headers.push(rsip::headers::MaxForwards::from(70).into());
    let from = format!("<sip:1@192.0.2.1>;tag={branch:x}");
    headers.push(rsip::headers::From::new(from).into());
    headers.push(rsip::headers::To::new(format!("<{uri}>")).into());
    headers.push(rsip::headers::CallId::new("01890a5d-ac96-774b-bcce-b302099a8057").into());
    headers.push(rsip::headers::CSeq::new("1 INVITE").into());
    headers.push(rsip::headers::Contact::new("<sip:1@192.0.2.1:5060>").into());
    rsip_body(&mut headers, sdp);
    let request = rsip::Request {
        method: rsip::Method::Invite,
        uri: rsip::Uri::try_from(uri).expect("a URI"),
        version: rsip::Version::V2,
        headers,
        body: sdp.as_bytes().to_vec(),
    };
    request.into()
}

fn rsip_body(headers: &mut rsip::Headers, sdp: &str) {
    headers.push(rsip::headers::ContentType::new("application/sdp").into());
    let len = u32::try_from(sdp.len()).expect("a short body");
    headers.push(rsip::headers::ContentLength::from(len).into());
}
