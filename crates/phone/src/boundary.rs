//! What a phone is told, and what it puts out.

use std::net::SocketAddr;

use bytes::Bytes;
use rotaline_model::{Digit, Mono};

/// What a phone is told.
#[derive(Debug)]
pub enum Input {
    /// A SIP datagram arrived.
    Sip {
        /// From where.
        source: SocketAddr,
        /// What.
        bytes: Bytes,
    },
    /// An RTP packet arrived.
    Rtp {
        /// What.
        bytes: Bytes,
    },
    /// What it hears from now on, where no audio flows.
    Hears(Hearing),
    /// The time that [`Output::Timeout`] asked for has come.
    Timeout,
}

/// What a phone puts out; drained until [`Output::Timeout`].
#[derive(Debug)]
pub enum Output {
    /// A SIP datagram to send.
    Sip {
        /// To where.
        to: SocketAddr,
        /// What.
        bytes: Bytes,
    },
    /// An RTP packet to send.
    Rtp {
        /// To where.
        to: SocketAddr,
        /// What.
        bytes: Bytes,
    },
    /// Something to show.
    Event(Event),
    /// Nothing more now. Call again at this time, if any.
    Timeout(Option<Mono>),
}

/// A kind of sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hearing {
    /// Nothing audible.
    Silence,
    /// UK ring tone.
    RingTone,
    /// A steady tone of so many hertz: another phone.
    Tone(u16),
    /// Anything else: somebody speaks.
    Speech,
}

/// What happens to a phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// It dials.
    Dials,
    /// It rings, or hears from the network that the far end rings.
    Rings,
    /// It answered, or was answered.
    Answered,
    /// What it hears has changed.
    Hears(Hearing),
    /// It presses a key.
    Keys(Digit),
    /// It has hung up.
    HangsUp,
    /// The far end has hung up, or has stopped ringing it.
    Ended,
    /// It was refused, with this status.
    Refused(u16),
    /// A step of its script waited too long.
    GaveUpWaiting,
}
