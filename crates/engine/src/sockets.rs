//! UDP sockets: SIP's, and the pairs that media legs take turns with.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};

use rotaline_switch::MediaSlot;
use socket2::{Domain, Protocol, Socket, Type};

use crate::refusal::report_refusals;

/// SIP's kernel buffer: a burst of calls waits there rather than being lost.
const SIP_BUFFER_BYTES: usize = 8 << 20;

/// A media socket's kernel buffer: half a second of one stream is far more than is ever waiting.
const MEDIA_BUFFER_BYTES: usize = 64 << 10;

/// The RTP and RTCP sockets of one slot.
#[derive(Debug)]
pub(crate) struct SocketPair {
    pub rtp: UdpSocket,
    pub rtcp: UdpSocket,
}

/// The pairs of one media thread, in the order of their slots.
pub(crate) type Pairs = Vec<SocketPair>;

/// Binds SIP's socket.
pub(crate) fn bind_sip(address: SocketAddr) -> io::Result<UdpSocket> {
    bind(address, SIP_BUFFER_BYTES)
}

/// Which addresses a socket takes and gives. One of IPv6 may serve both: to it an IPv4 address is
/// `::ffff:192.0.2.1` (RFC 4291 section 2.5.5.2), in either direction, and to nobody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    V4,
    V6,
}

impl Family {
    /// That of a bound socket.
    pub fn of(socket: &UdpSocket) -> io::Result<Self> {
        let is_v6 = socket.local_addr()?.is_ipv6();
        Ok(if is_v6 { Self::V6 } else { Self::V4 })
    }

    /// How the socket is told where to send to.
    pub fn outward(self, to: SocketAddr) -> SocketAddr {
        match (self, to) {
            (Self::V6, SocketAddr::V4(to)) => (to.ip().to_ipv6_mapped(), to.port()).into(),
            (Self::V4 | Self::V6, to) => to,
        }
    }

    /// What an address that the socket gives is called everywhere else.
    pub fn inward(self, from: SocketAddr) -> SocketAddr {
        match (self, from.ip().to_canonical()) {
            (Self::V6, IpAddr::V4(ip)) => (ip, from.port()).into(),
            (Self::V4 | Self::V6, _) => from,
        }
    }
}

/// Binds a pair for each even port of the range that is free, and deals them to the threads.
pub(crate) fn bind_media(
    address: IpAddr,
    first_port: u16,
    last_port: u16,
    threads: u16,
) -> io::Result<(Vec<Pairs>, Vec<MediaSlot>)> {
    let mut pairs: Vec<Pairs> = (0..threads).map(|_| Vec::new()).collect();
    let mut slots = Vec::new();
    let mut next_thread = 0;
    for rtp_port in (first_port..last_port).filter(|port| port % 2 == 0) {
        let Some(pair) = bind_pair(address, rtp_port)? else {
            continue;
        };
        let thread = next_thread;
        next_thread = (next_thread + 1) % threads;
        let place = &mut pairs[usize::from(thread)];
        let slot = u32::try_from(place.len()).map_err(io::Error::other)?;
        slots.push(MediaSlot {
            thread,
            slot,
            rtp_port,
        });
        place.push(pair);
    }
    Ok((pairs, slots))
}

/// One pair; none if another program holds one of its ports.
fn bind_pair(address: IpAddr, rtp_port: u16) -> io::Result<Option<SocketPair>> {
    let free = |result: io::Result<UdpSocket>| match result {
        Ok(socket) => Ok(Some(socket)),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Ok(None),
        Err(error) => Err(error),
    };
    let Some(rtp) = free(bind(SocketAddr::new(address, rtp_port), MEDIA_BUFFER_BYTES))? else {
        return Ok(None);
    };
    let rtcp = free(bind(
        SocketAddr::new(address, rtp_port + 1),
        MEDIA_BUFFER_BYTES,
    ))?;
    report_refusals(&rtp)?;
    Ok(rtcp.map(|rtcp| SocketPair { rtp, rtcp }))
}

fn bind(address: SocketAddr, buffer_bytes: usize) -> io::Result<UdpSocket> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::DGRAM,
        Some(Protocol::UDP),
    )?;
    socket.set_nonblocking(true)?;
    socket.set_recv_buffer_size(buffer_bytes)?;
    socket.bind(&address.into())?;
    Ok(socket.into())
}

/// Files that are open beside the media sockets, generously.
const OTHER_FILES: u64 = 1024;

/// Lets this process open as many files as `media_ports` take, if the system allows it.
pub(crate) fn raise_file_limit(media_ports: u16) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let wanted = u64::from(media_ports) + OTHER_FILES;
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= wanted) {
        return;
    }
    let allowed = limit.maximum.map_or(wanted, |maximum| maximum.max(wanted));
    let wished = Rlimit {
        current: Some(wanted),
        maximum: Some(allowed),
    };
    let within = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    // Above the hard limit only a privileged process may go.
    if setrlimit(Resource::Nofile, wished).is_err() && setrlimit(Resource::Nofile, within).is_err()
    {
        tracing::warn!(wanted, "the limit of open files stays as it is");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ipv4_addresses_go_through_a_socket_of_ipv6_and_come_back_as_themselves() {
        let plain: SocketAddr = "192.0.2.1:5060".parse().unwrap();
        let mapped: SocketAddr = "[::ffff:192.0.2.1]:5060".parse().unwrap();
        let v6: SocketAddr = "[2001:db8::1]:5060".parse().unwrap();
        assert_eq!(Family::V6.outward(plain), mapped);
        assert_eq!(Family::V6.inward(mapped), plain);
        assert_eq!((Family::V6.outward(v6), Family::V6.inward(v6)), (v6, v6));
        assert_eq!(
            (Family::V4.outward(plain), Family::V4.inward(plain)),
            (plain, plain)
        );
        let socket = bind(SocketAddr::new([127, 0, 0, 1].into(), 0), 4096).unwrap();
        assert_eq!(Family::of(&socket).unwrap(), Family::V4);
    }
}
