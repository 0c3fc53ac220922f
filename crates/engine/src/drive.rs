//! Driving anything sans-IO over real UDP sockets, with the real clock: phones of the demo and of
//! an operator's self-test. (The switch and media have threads of their own.)

use std::convert::Infallible;
use std::future::pending;
use std::net::SocketAddr;

use bytes::Bytes;
use rotaline_model::Mono;
use tokio::net::UdpSocket;

use crate::clock::Clock;

/// The largest datagram that is received.
const DATAGRAM_BYTES: usize = 65_535;

/// Something sans-IO that speaks UDP on two sockets: SIP's and RTP's.
pub trait SansIo {
    /// A datagram arrived.
    fn datagram(&mut self, now: Mono, socket: Channel, source: SocketAddr, bytes: Bytes);
    /// The time that it asked for has come.
    fn timeout(&mut self, now: Mono);
    /// The next thing that it wants done.
    fn poll(&mut self) -> Wish;
}

/// Which of the two sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// Signalling.
    Sip,
    /// Audio.
    Rtp,
}

/// What something sans-IO wants done.
#[derive(Debug)]
pub enum Wish {
    /// A datagram to send.
    Send {
        /// From which socket.
        socket: Channel,
        /// To where.
        to: SocketAddr,
        /// What.
        bytes: Bytes,
    },
    /// Nothing more now. Call again at this time, if any.
    Wait(Option<Mono>),
}

/// Drives it for as long as the future is polled.
pub async fn drive(
    what: &mut impl SansIo,
    sip: &UdpSocket,
    rtp: &UdpSocket,
    clock: Clock,
) -> Infallible {
    let mut sip_datagram = vec![0; DATAGRAM_BYTES];
    let mut rtp_datagram = vec![0; DATAGRAM_BYTES];
    loop {
        let wake = loop {
            match what.poll() {
                // A datagram that cannot be sent is lost, as on any network.
                Wish::Send {
                    socket: Channel::Sip,
                    to,
                    bytes,
                } => {
                    let _ = sip.send_to(&bytes, to).await;
                }
                Wish::Send {
                    socket: Channel::Rtp,
                    to,
                    bytes,
                } => {
                    let _ = rtp.send_to(&bytes, to).await;
                }
                Wish::Wait(at) => break at,
            }
        };
        let timer = async {
            match wake {
                Some(at) => tokio::time::sleep(clock.until(at)).await,
                None => pending().await,
            }
        };
        tokio::select! {
            received = sip.recv_from(&mut sip_datagram) => {
                if let Ok((length, source)) = received {
                    let bytes = Bytes::copy_from_slice(&sip_datagram[..length]);
                    what.datagram(clock.mono(), Channel::Sip, source, bytes);
                }
            }
            received = rtp.recv_from(&mut rtp_datagram) => {
                if let Ok((length, source)) = received {
                    let bytes = Bytes::copy_from_slice(&rtp_datagram[..length]);
                    what.datagram(clock.mono(), Channel::Rtp, source, bytes);
                }
            }
            () = timer => what.timeout(clock.mono()),
        }
    }
}
