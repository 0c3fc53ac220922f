//! Where nobody listens, packets are sent more rarely.
//!
//! A far end that has not opened its RTP port, or has closed it, answers each packet with an ICMP
//! port unreachable. A leg that is refused so, and from which nothing has been heard for a second,
//! rests for 100 ms at a time, with one packet in between that asks again: once the port is open,
//! the stream flows from that packet on. Sequence numbers and timestamps go on underneath, so that
//! whoever opens late hears an ordinary stream.
//!
//! A leg that is heard never rests, whatever ICMP says: anybody can forge it.

use std::io;
use std::net::UdpSocket;
use std::os::fd::AsRawFd;
use std::time::Duration;

use rotaline_model::Mono;
use rustix::net::RecvFlags;

//= RFC 8085 section 5.2
//# Applications SHOULD appropriately process ICMP messages generated in
//# response to transmitted traffic.

/// How long a refused leg rests before it asks again.
const REST: Duration = Duration::from_millis(100);
/// A leg that was heard so lately is there, and does not rest.
const HEARD_LATELY: Duration = Duration::from_secs(1);
/// Refusals that are taken off a socket's error queue at a time.
const MAX_TAKEN: usize = 16;

/// What is known of one leg's far end.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FarEnd {
    heard_at: Option<Mono>,
    rests_until: Option<Mono>,
}

impl FarEnd {
    /// A packet came from it.
    pub fn heard(&mut self, now: Mono) {
        self.heard_at = Some(now);
        self.rests_until = None;
    }

    /// Its system says that nobody listens.
    pub fn refused(&mut self, now: Mono) {
        let is_there = self
            .heard_at
            .is_some_and(|heard| now.since(heard) < HEARD_LATELY);
        if !is_there {
            self.rests_until = Some(now + REST);
        }
    }

    /// Whether a packet may be left out.
    pub fn rests(&self, now: Mono) -> bool {
        self.rests_until.is_some_and(|until| now < until)
    }
}

/// Lets a socket tell of refusals (ip(7), `IP_RECVERR`): its next call fails, and the refused
/// packet waits in its error queue.
pub(crate) fn report_refusals(socket: &UdpSocket) -> io::Result<()> {
    let (level, name) = if socket.local_addr()?.is_ipv6() {
        (libc::IPPROTO_IPV6, libc::IPV6_RECVERR)
    } else {
        (libc::IPPROTO_IP, libc::IP_RECVERR)
    };
    let on: libc::c_int = 1;
    let bytes = size_of::<libc::c_int>() as libc::socklen_t;
    // SAFETY: the socket is open while it is borrowed; the kernel reads `bytes` bytes of `on`.
    let set = unsafe {
        let value = (&raw const on).cast();
        libc::setsockopt(socket.as_raw_fd(), level, name, value, bytes)
    };
    if set == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Empties the error queue, or waiting for the socket would end at once from now on.
pub(crate) fn forget_refusals(socket: &UdpSocket) {
    for _ in 0..MAX_TAKEN {
        let flags = RecvFlags::ERRQUEUE | RecvFlags::DONTWAIT;
        if rustix::net::recv(socket, &mut [0u8; 0], flags).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_ms(ms: u64) -> Mono {
        Mono::from_nanos(ms * 1_000_000)
    }

    #[test]
    fn who_is_refused_rests_and_asks_again_every_100_ms() {
        let mut far_end = FarEnd::default();
        assert!(!far_end.rests(at_ms(0)));
        far_end.refused(at_ms(0));
        assert!(far_end.rests(at_ms(99)));
        assert!(!far_end.rests(at_ms(100)), "it asks again");
        far_end.refused(at_ms(100));
        assert!(far_end.rests(at_ms(120)));
        assert!(!far_end.rests(at_ms(200)));
        assert!(!far_end.rests(at_ms(220)), "nobody refused, so it flows");
    }

    #[test]
    fn who_is_heard_flows_at_once_and_no_refusal_stops_it() {
        let mut far_end = FarEnd::default();
        far_end.refused(at_ms(0));
        far_end.heard(at_ms(20));
        assert!(!far_end.rests(at_ms(20)));
        far_end.refused(at_ms(1_019));
        assert!(!far_end.rests(at_ms(1_019)));
        far_end.refused(at_ms(1_020));
        assert!(
            far_end.rests(at_ms(1_020)),
            "it has been silent for a second"
        );
    }

    #[test]
    fn a_closed_port_is_reported_once_a_packet_and_the_queue_is_emptied() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let ours = UdpSocket::bind(address).unwrap();
            ours.set_nonblocking(true).unwrap();
            report_refusals(&ours).unwrap();
            let gone = UdpSocket::bind(address).unwrap();
            let to = gone.local_addr().unwrap();
            drop(gone);
            let mut buffer = [0; 8];
            for _ in 0..3 {
                ours.send_to(b"rtp", to).unwrap();
                let refused = ours.recv_from(&mut buffer).unwrap_err();
                assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
                forget_refusals(&ours);
                let quiet = ours.recv_from(&mut buffer).unwrap_err();
                assert_eq!(quiet.kind(), io::ErrorKind::WouldBlock);
            }
            let open = UdpSocket::bind(to).unwrap();
            ours.send_to(b"rtp", to).unwrap();
            assert_eq!(open.recv_from(&mut buffer).unwrap().0, 3);
        }
    }
}
