//! Where a request comes from, as the server that took it knows.

use std::net::{IpAddr, Ipv4Addr};

use axum::extract::Request;

/// The address at the other end of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

/// The source of a request. A proxy on this machine says whom it speaks for, in the last address
/// of X-Forwarded-For, which is the one that it has written itself.
pub(super) fn of(request: &Request) -> IpAddr {
    let peer = request.extensions().get::<Peer>();
    let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0);
    if !peer.is_loopback() {
        return peer;
    }
    let said = request.headers().get("X-Forwarded-For");
    let said = said.and_then(|value| value.to_str().ok());
    let last = said.and_then(|text| text.rsplit(',').next());
    last.and_then(|text| text.trim().parse().ok())
        .unwrap_or(peer)
}
