//! The four transaction machines of RFC 3261 section 17, with the corrections of RFC 6026, for UDP.
//!
//! Each machine is an enum with its data inside and a method for each event. It is told the time,
//! a status, or the bytes that it must be able to send again, and says what is to be done; it knows
//! no message, no socket and no session. Its one deadline is `deadline()`. What may not happen in
//! a state is an outcome ([`Received::Stray`], [`Sending::TooLate`]), never a panic.
//!
//! Nothing here can be printed outside tests: the bytes hold telephone numbers.
//!
//! The transport errors of section 17 are not events here: a datagram that could not be sent is a
//! datagram lost, and a timer finds out.

mod client;
mod invite_client;
mod invite_server;
mod key;
mod server;
#[cfg(test)]
mod tests;

use std::time::Duration;

use bytes::Bytes;
use rotaline_model::Mono;

use crate::boundary::TimerConfig;

pub(crate) use client::Client;
pub(crate) use invite_client::{Cancel, InviteClient};
pub(crate) use invite_server::InviteServer;
pub(crate) use key::TransactionKey;
pub(crate) use server::Server;

/// What a client transaction makes of a response.
#[cfg_attr(test, derive(Debug, PartialEq, Eq))]
#[must_use]
pub(crate) enum Received {
    /// It is news: for the transaction's user.
    Pass,
    /// It is news, and this ACK goes out at once.
    PassAfter(Bytes),
    /// A copy of what was passed before, or a provisional response that is late: absorbed.
    Copy,
    /// A copy of a final response: this ACK goes out again.
    Again(Bytes),
    /// Nothing that may come in this state.
    Stray,
}

/// What a server transaction makes of another copy of its request, or of an ACK.
#[cfg_attr(test, derive(Debug, PartialEq, Eq))]
#[must_use]
pub(crate) enum Repeated {
    /// Absorbed.
    Absorbed,
    /// This response goes out again.
    Again(Bytes),
    /// It is the transaction user's: an ACK to a 2xx (RFC 6026).
    Pass,
    /// Nothing that may come in this state.
    Stray,
}

/// Whether a response that the transaction user has for a server transaction may go out.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Sending {
    /// Send it.
    Send,
    /// A final response went before: it stays here.
    TooLate,
}

/// What the coming of a deadline brings.
#[cfg_attr(test, derive(Debug, PartialEq, Eq))]
#[must_use]
pub(crate) enum Expired {
    /// Nothing is due yet.
    NotDue,
    /// Send this once more.
    Again(Bytes),
    /// The far end did not answer in time; the transaction is over.
    Failed,
    /// The transaction has done its duty and is over.
    Over,
}

impl TimerConfig {
    /// 64*T1: timers B, F, H, J, L and M, and D, whose 32 s are this with the usual T1.
    pub(crate) fn timeout(&self) -> Duration {
        self.t1 * 64
    }

    /// Twice the interval, at most T2.
    pub(crate) fn doubled(&self, interval: Duration) -> Duration {
        (interval * 2).min(self.t2)
    }
}

/// The earlier of two deadlines.
fn earlier(a: Mono, b: Mono) -> Option<Mono> {
    Some(a.min(b))
}
