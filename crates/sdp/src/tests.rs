//! Tests by behaviour: what is parsed, what is agreed, what holds for any text.

mod negotiation;
mod parsing;
mod properties;

use std::net::{IpAddr, Ipv4Addr};

use crate::Local;

/// Ourselves in these tests.
fn ourselves() -> Local {
    let address = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 10));
    Local {
        address,
        rtp_port: 40_000,
        session_id: 4711,
        version: 1,
    }
}

/// Lines, each ended by CRLF.
fn text(lines: &[&str]) -> String {
    lines.iter().flat_map(|line| [*line, "\r\n"]).collect()
}

/// An offer with this media, from 198.51.100.7.
fn offer_of(media: &[&str]) -> String {
    let session = [
        "v=0",
        "o=phone 1 1 IN IP4 198.51.100.7",
        "s=call",
        "c=IN IP4 198.51.100.7",
    ];
    text(&[&session, ["t=0 0"].as_slice(), media].concat())
}
